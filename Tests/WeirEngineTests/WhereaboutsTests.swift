// From where a login is used: what is strange, what only looks so, and how it is told.

import MailTypes
import Testing

@testable import WeirEngine

/// Somebody at home in Germany, with forty days of usual mail by one provider.
private struct Owner {
    var watch = Watch()
    var settings = WatchSettings.defaults
    var time: Int64 = 20_000 * MessageFacts.dayNanoseconds + 36_000 * second

    init(days: Int = 40, at origin: Origin? = home) {
        settings.isOn = true
        watch.enrol(0, serial: 1)
        for _ in 0..<days {
            for _ in 0..<3 {
                _ = take(1, origin)
                wait(minutes: 60)
            }
            wait(minutes: 21 * 60)
        }
    }

    /// One ordinary message to somebody known, from a network somewhere. Returns what identity says of a stolen password.
    @discardableResult
    mutating func take(_ network: UInt32, _ origin: Origin?) -> Float {
        var facts = MessageFacts.nothing(at: time)
        facts.day = Int32(time / MessageFacts.dayNanoseconds)
        (facts.recipients, facts.newRecipients) = (1, 0)
        (facts.network, facts.origin, facts.isLogin) = (network, origin, true)
        _ = watch.take(facts, slot: 0, settings)
        return watch.excursion(of: 0)?.ledger[Int(EvidenceGroup.identity.rawValue)][2] ?? 0
    }

    mutating func wait(minutes: Int64) { time += minutes * 60 * second }

    /// What the desk reads.
    var why: String {
        guard let excursion = watch.excursion(of: 0) else { return "" }
        return IdentityDetector.why(watch.habits[0], excursion)
    }
}

/// A country by its letters.
private func country(_ code: String) -> Country { Country(code.utf8)! }
/// Berlin.
private let berlin = Origin.Place(latitude: 5252, longitude: 1341, radiusKilometres: 20)
/// Hanoi.
private let hanoi = Origin.Place(latitude: 2103, longitude: 10_585, radiusKilometres: 50)
/// The owner's provider.
private let home = Origin(system: 3320, country: country("DE"))
/// A mobile carrier in the owner's country.
private let mobile = Origin(system: 6805, country: country("DE"))
/// Far away.
private let abroad = Origin(system: 131_353, country: country("VN"))

@Suite("From where a login is used")
struct WhereaboutsTests {
    @Test("another country says more than another provider, that more than another network of the own provider")
    func order() {
        func nats(_ origin: Origin?, days: Int = 40) -> Float {
            var ann = Owner(days: days)
            return ann.take(2, origin)
        }
        let (network, unknown) = (nats(home), nats(nil))
        let (system, country) = (nats(mobile), nats(abroad))
        #expect(network > 0 && network + 0.8 < unknown)
        #expect(network + 0.8 < system && system + 0.6 < country)
        #expect(country <= 4.5)
        // Of an account of three days less is unusual.
        #expect(nats(abroad, days: 3) < country)
    }

    @Test(
        "reads as a sentence",
        arguments: [
            (home, "used from 1 network never used before, all of a provider that it is used from"),
            (mobile, "used from AS 6805 in Germany, a provider that this account never used"),
            (Origin(system: 6805), "used from AS 6805, a provider that this account never used"),
            (abroad, "used from Vietnam (AS 131353), where this account was never used"),
            (Origin(country: abroad.country), "used from Vietnam, where this account was never used"),
            (Origin(country: home.country), "used from 1 network never used before"),
            (nil, "used from 1 network never used before"),
        ]) func sentence(origin: Origin?, expected: String)
    {
        var ann = Owner()
        ann.take(2, origin)
        #expect(ann.why == expected)
    }

    @Test("is known the day after, unless the account was suspected") func learned() {
        var ann = Owner()
        ann.take(2, abroad)
        ann.wait(minutes: 24 * 60)
        #expect(ann.watch.habits[0].strangeness(of: abroad) == .country)
        ann.take(1, home)
        #expect(ann.watch.habits[0].strangeness(of: abroad) == .network)
        #expect(ann.watch.habits[0].strangeness(of: Origin(system: 7552, country: abroad.country)) == .system)
        var bob = Owner()
        bob.take(2, abroad)
        bob.watch.habits[0].taint()
        bob.wait(minutes: 48 * 60)
        bob.take(1, home)
        #expect(bob.watch.habits[0].strangeness(of: abroad) == .country)
        #expect(bob.watch.habits[0].strangeness(of: home) == .network)
    }

    @Test("home and telephone are not forgotten on a journey of a fortnight by four providers") func journey() {
        var ann = Owner()
        for day in 0..<20 {
            ann.take(1, day % 2 == 0 ? home : mobile)
            ann.wait(minutes: 24 * 60)
        }
        for day in 0..<14 {
            ann.take(50 + UInt32(day), Origin(system: 5000 + UInt32(day / 4), country: country("VN")))
            ann.wait(minutes: 24 * 60)
        }
        #expect(ann.watch.habits[0].strangeness(of: home) == .network)
        #expect(ann.watch.habits[0].strangeness(of: mobile) == .network)
    }

    @Test("a database that is younger than the account makes nothing strange") func youngDatabase() {
        var ann = Owner(at: nil)
        #expect(ann.watch.habits[0].strangeness(of: abroad) == .unknown)
        ann = Owner(at: Origin(system: home.system))
        #expect(ann.watch.habits[0].strangeness(of: home) == .network)
        #expect(ann.watch.habits[0].strangeness(of: abroad) == .system)
        ann = Owner(at: Origin(country: home.country))
        #expect(ann.watch.habits[0].strangeness(of: mobile) == .unknown)
        #expect(ann.watch.habits[0].strangeness(of: abroad) == .country)
    }

    @Test("who is abroad often, or with other providers every few days, is less strange there") func often() {
        var traveller = Owner()
        for trip in 0..<10 {
            for day in 0..<4 {
                traveller.take(
                    day == 0 ? UInt32(100 + trip) : 1,
                    day == 0 ? Origin(system: 900 + UInt32(trip), country: country("FR")) : home)
                traveller.wait(minutes: 24 * 60)
            }
        }
        var ann = Owner(days: 80)
        #expect(traveller.take(99, abroad) + 1.2 < ann.take(99, abroad))
    }

    @Test("two places too far apart for the time between are evidence, a flight is none") func impossibleTravel() {
        let here = Origin(system: 3320, country: country("DE"), place: berlin)
        let there = Origin(system: 131_353, country: country("VN"), place: hanoi)
        var plain = Owner(at: here)
        plain.wait(minutes: 12 * 60)
        plain.take(1, here)
        plain.wait(minutes: 11 * 60)
        let flight = plain.take(2, there)
        #expect(plain.why == "used from Vietnam (AS 131353), where this account was never used")
        var ann = Owner(at: here)
        ann.wait(minutes: 23 * 60)
        ann.take(1, here)
        ann.wait(minutes: 40)
        let nats = ann.take(2, there)
        #expect(nats > flight + 0.8)
        #expect(
            ann.why
                == "used from Vietnam (AS 131353), where this account was never used; 40 minutes after a use from Germany"
        )
    }

    @Test("without places, two countries in turn within an hour are evidence, one change is none") func inTurn() {
        var ann = Owner()
        ann.wait(minutes: 23 * 60)
        ann.take(1, home)
        ann.wait(minutes: 30)
        ann.take(2, abroad)
        #expect(ann.watch.excursion(of: 0)?.foreign.isTorn == false)
        ann.wait(minutes: 10)
        ann.take(1, home)
        #expect(
            ann.why
                == "used from Vietnam (AS 131353), where this account was never used; 10 minutes before a use from Germany"
        )
        // Hours between are a journey, or a day at the border.
        var bob = Owner()
        bob.take(2, abroad)
        bob.wait(minutes: 90)
        bob.take(1, home)
        bob.wait(minutes: 90)
        bob.take(2, abroad)
        #expect(bob.watch.excursion(of: 0)?.foreign.isTorn != true)
    }

    @Test("a household, or a VPN that is on every day, is at home in both countries") func household() {
        var ann = Owner()
        for _ in 0..<5 {
            ann.take(2, abroad)
            ann.take(1, home)
            ann.wait(minutes: 24 * 60)
        }
        // The partner's hotel, another network of the same provider.
        ann.take(3, abroad)
        ann.wait(minutes: 5)
        ann.take(1, home)
        ann.wait(minutes: 5)
        ann.take(3, abroad)
        #expect(ann.watch.excursion(of: 0)?.foreign.isTorn != true)
        #expect(!ann.why.contains("Vietnam"))
    }

    @Test("many providers within hours say more than many networks of one, and more than days apart") func many() {
        func nats(minutes: Int64, _ origin: (UInt32) -> Origin) -> Float {
            var ann = Owner()
            for step in UInt32(0)..<3 {
                ann.take(10 + step, origin(step))
                ann.wait(minutes: minutes)
            }
            return ann.watch.excursion(of: 0)?.ledger[2][2] ?? 0
        }
        let carrier = nats(minutes: 20) { _ in mobile }
        let proxies = nats(minutes: 20) { Origin(system: 7000 + $0, country: country("DE")) }
        let slow = nats(minutes: 600) { Origin(system: 7000 + $0, country: country("DE")) }
        #expect(carrier + 0.5 < proxies && slow < proxies)
    }

    @Test("distances are those of the great circle") func distances() {
        func kilometres(_ a: (Int16, Int16), _ b: (Int16, Int16)) -> Double {
            GreatCircle.kilometres((latitude: a.0, longitude: a.1), (latitude: b.0, longitude: b.1))
        }
        #expect(kilometres((5252, 1341), (5252, 1341)) < 1)
        #expect(abs(kilometres((5252, 1341), (2103, 10_585)) - 8328) < 2)
        // Over the date line, over the pole, to the other side of the earth.
        #expect(abs(kilometres((0, 17_950), (0, -17_950)) - 111.2) < 1.5)
        #expect(abs(kilometres((8900, 0), (8900, 18_000)) - 222.4) < 1.5)
        #expect(abs(kilometres((0, 0), (0, 18_000)) - 20_015) < 2)
    }

    @Test("costs 36 bytes a subscriber, and 30 in an excursion") func memory() {
        #expect(MemoryLayout<LastUse>.stride == 12 && MemoryLayout<Origins>.stride == 24)
        #expect(MemoryLayout<ForeignUse>.size == 30)
        #expect(MemoryLayout<Habits>.stride <= 432 && MemoryLayout<Excursion>.stride <= 336)
    }

    @Test("is in snapshots") func snapshot() throws {
        let here = Origin(system: 3320, country: country("DE"), place: berlin)
        var ann = Owner(at: here)
        ann.take(1, here)
        ann.take(2, Origin(system: 131_353, country: country("VN"), place: hanoi))
        var out = ByteWriter()
        ann.watch.encode(&out)
        var reader = ByteReader(out.bytes)
        let back = try Watch(&reader, capacity: 16)
        try reader.finish()
        var again = ByteWriter()
        back.encode(&again)
        #expect(again.bytes == out.bytes)
        #expect(back.excursion(of: 0)?.foreign.isTorn == true && back.habits[0].lastUse.country == country("VN").packed)
    }
}

@Suite("The journal and where a client is")
struct OriginJournalTests {
    /// An input as it is stored.
    private func stored(_ transaction: Transaction) -> [UInt8] {
        var out = ByteWriter()
        Input(at: Timestamp(seconds: 1), .transaction(transaction)).encode(&out)
        return out.bytes
    }

    /// A message of one recipient.
    private var message: Transaction {
        Transaction(
            stage: .endOfMessage,
            session: Session(door: .milter, mailHost: "mx", client: NetworkAddress("192.0.2.7"), login: "ann"),
            queueID: "4Q")
    }

    @Test("an input from before there were origins reads as ever, and is still written so") func old() throws {
        // Time, kind, stage, door, flags, `mx`, client, port, HELO, `ann`, recipients, count, bytes, fields, `4Q`.
        let bytes: [UInt8] = [
            0, 202, 154, 59, 0, 0, 0, 0, 1, Stage.endOfMessage.rawValue, 2, 3, 2, 109, 120, 135, 132, 128, 128, 12, 0,
            0, 3, 97,
            110, 110, 0, 0, 0, 0, 2, 52, 81,
        ]
        var reader = ByteReader(bytes)
        let input = try Input(&reader)
        try reader.finish()
        #expect(input == Input(at: Timestamp(seconds: 1), .transaction(message)))
        #expect(stored(message) == bytes)
    }

    @Test(
        "an origin survives, whole or in part",
        arguments: [
            Origin(system: 64_496, country: Country("VN".utf8), place: hanoi),
            Origin(system: .max, place: Origin.Place(latitude: -9000, longitude: -18_000, radiusKilometres: .max)),
            Origin(country: Country("ZZ".utf8)), Origin(),
        ]) func new(origin: Origin) throws
    {
        var transaction = message
        transaction.session.origin = origin
        let bytes = stored(transaction)
        var reader = ByteReader(bytes)
        let back = try Input(&reader)
        try reader.finish()
        #expect(back.event == .transaction(transaction))
        for length in 9..<bytes.count {
            #expect(throws: CodecError.self) {
                var reader = ByteReader(bytes, 0..<length)
                _ = try Input(&reader)
            }
        }
    }

    @Test("an origin that no database tells is damage") func damaged() throws {
        var transaction = message
        transaction.session.origin = Origin(system: 1, country: Country("VN".utf8), place: hanoi)
        let good = stored(transaction)
        let login = try #require(good.indices.first { good[$0...].starts(with: [3, 97, 110, 110]) }) + 4
        // The country's letters, then a latitude of 200 degrees.
        var bytes = good
        bytes.replaceSubrange(login + 1..<login + 3, with: [0xFF, 0x7F])
        #expect(throws: CodecError.self) {
            var reader = ByteReader(bytes)
            _ = try Input(&reader)
        }
        bytes = good
        bytes.replaceSubrange(login + 4..<login + 6, with: [0xC0, 0xB8, 0x02])
        #expect(throws: CodecError.self) {
            var reader = ByteReader(bytes)
            _ = try Input(&reader)
        }
    }

    @Test("the engine uses it: two engines differ by what they were told") func engine() {
        var policy = Policy()
        policy.watch.isOn = true
        var told = Engine(policy: policy, seed: 1)
        var untold = Engine(policy: policy, seed: 1)
        var scores: (Int32, Int32) = (0, 0)
        for day in 0..<30 {
            var mail = message
            mail.queueID = "q\(day)"
            mail.session.origin = day == 29 ? abroad : home
            if day == 29 { mail.session.client = NetworkAddress("203.0.113.1") }
            let at = Timestamp(seconds: 1_700_000_000 + Int64(day) * 86_400)
            var outputs: [Output] = []
            scores.0 = told.step(mail, at: at, &outputs).score
            mail.session.origin = nil
            scores.1 = untold.step(mail, at: at, &outputs).score
        }
        #expect(scores.0 > scores.1 && scores.1 > 0)
    }
}
