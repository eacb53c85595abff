// Snapshots and stored inputs and outputs: what is read is what was written, and damage is an error.

import MailTypes
import Testing
import WeirTesting

@testable import WeirEngine

/// An engine in the middle of everything: open messages, held mail, cases, own amounts, old layouts.
private func busyEngine(_ seed: UInt64 = 3) -> Engine {
    var policy = onePlan(
        .mua, Limit(20, .messages, perSeconds: 3600, burst: 5, isEnforced: true),
        Limit(30, .newRecipients, perSeconds: 3600),
        Limit(5, .deadRecipients, perSeconds: 3600), Limit(70, .distinctRecipients, perSeconds: 600))
    policy.headerRule = HeaderRule(field: "X-User", pattern: "{subscriber}")
    policy.subscribers = [
        "ann": SubscriberEntry(parent: "acme", overrides: ["messages-1h": LimitOverride(amount: 9, burst: 4)])
    ]
    policy.addressMap = AddressMap([AddressMap.Entry(prefix: NetworkPrefix("198.51.100.0/24")!, subscriber: "line")])
    policy.trustedRelays = [NetworkPrefix("2001:db8::/48")!]
    policy.networks = [NetworkPrefix("192.0.2.0/24")!, NetworkPrefix("::/0")!]
    let bounds = Engine.Bounds(subscribersMax: 20, messagesMax: 40, heldMax: 5, casesMax: 5)
    var world = World(seed: seed, policy: policy, habits: .all, bounds: bounds)
    world.isForgetful = true
    world.run(steps: 200)
    var engine = world.engine
    var at = world.now
    for number in 0..<30 {
        at = at.advanced(byNanoseconds: second)
        let mail = ScenarioMail(number: 9000 + number, login: ["ann", "bob", "cy"][number % 3])
        _ = engine.step(Input(at: at, .transaction(mail.transaction(.milter, .data))))
        if number % 2 == 0 { _ = engine.step(Input(at: at, .transaction(mail.transaction(.milter, .endOfMessage)))) }
    }
    return engine
}

@Suite("Snapshot")
struct SnapshotTests {
    @Test("is the same when read and written", arguments: UInt64(0)..<10)
    func roundTrip(seed: UInt64) throws {
        let snapshot = busyEngine(seed).snapshot()
        #expect(try Engine(snapshot: snapshot).snapshot() == snapshot)
    }

    @Test("of a fresh engine is small, and its restored twin makes the same case codes")
    func fresh() throws {
        var table = Table(onePlan(.mua, Limit(1, .messages, perSeconds: 3600, isEnforced: true)))
        let snapshot = table.engine.snapshot()
        #expect(snapshot.count < 1000)
        var twin = table
        twin.engine = try Engine(snapshot: snapshot)
        #expect(table.send(2).caseCode == twin.send(2).caseCode)
        #expect(table.engine.snapshot() == twin.engine.snapshot())
    }

    @Test("cut anywhere, it is an error that says where")
    func truncated() {
        let snapshot = busyEngine().snapshot()
        for length in 0..<snapshot.count where length < 300 || length % 37 == 0 {
            #expect(throws: CodecError.self, "cut at \(length)") {
                try Engine(snapshot: Array(snapshot.prefix(length)))
            }
        }
        #expect(throws: CodecError.self) { try Engine(snapshot: snapshot + [0]) }
    }

    @Test("with a bit flipped anywhere, it is an error")
    func flipped() {
        let snapshot = busyEngine().snapshot()
        var random = SeededGenerator(seed: 4)
        for _ in 0..<300 {
            var damaged = snapshot
            let place = Int(random.next() % UInt64(snapshot.count))
            damaged[place] ^= 1 << UInt8(random.next() % 8)
            #expect(throws: CodecError.self, "byte \(place)") { try Engine(snapshot: damaged) }
        }
    }

    @Test("of another version is an error that names the version")
    func version() {
        var snapshot = busyEngine().snapshot()
        snapshot[8] = 99
        seal(&snapshot)
        #expect(
            throws: CodecError(place: 9, expected: "a snapshot of version 5, found version 99: another Weir wrote it")
        ) { try Engine(snapshot: snapshot) }
        #expect(throws: CodecError(place: 0, expected: "a snapshot of Weir")) { try Engine(snapshot: []) }
        #expect(throws: CodecError(place: 0, expected: "a snapshot of Weir")) {
            try Engine(snapshot: Array(repeating: 0, count: 100))
        }
    }

    /// Makes the checksum right again.
    private func seal(_ snapshot: inout [UInt8]) {
        var out = ByteWriter()
        out.fixed64(
            KeyedHash(key0: 0x7765_6972_736E_6170, key1: 1).hash(snapshot.span.extracting(0..<snapshot.count - 8)))
        snapshot.replaceSubrange(snapshot.count - 8..<snapshot.count, with: out.bytes)
    }

    @Test("damaged with a right checksum, it is read or refused, never a crash", arguments: UInt64(0)..<12)
    func forged(seed: UInt64) {
        let snapshot = busyEngine(seed).snapshot()
        var random = SeededGenerator(seed: seed)
        for _ in 0..<60 {
            var damaged = snapshot
            // Behind the bounds: a table of another capacity would only cost memory here.
            let place = 24 + Int(random.next() % UInt64(snapshot.count - 32))
            damaged[place] = UInt8(truncatingIfNeeded: random.next())
            seal(&damaged)
            _ = try? Engine(snapshot: damaged)
        }
    }
}

@Suite("Stored inputs, outputs and policies")
struct CodecTests {
    /// Every input and output of a busy world.
    private static func recorded(_ seed: UInt64) -> (inputs: [Input], outputs: [Output]) {
        var world = World(
            seed: seed,
            policy: onePlan(
                .mta, Limit(9, .messages, perSeconds: 3600, action: .defer, isEnforced: true),
                Limit(5, .recipients, perSeconds: 60)),
            habits: .all, bounds: Engine.Bounds(subscribersMax: 3, messagesMax: 20, heldMax: 5, casesMax: 5))
        world.isForgetful = true
        var outputs: [Output] = []
        world.watch = { outputs += $1 }
        world.run(steps: 300)
        let six = NetworkAddress("2001:db8::1")!
        var transaction = ScenarioMail(number: 1, login: "ä@example.net").transaction(.policy, .rcpt)
        transaction.session.client = six
        transaction.session.isEncrypted = true
        transaction.session.helo = ""
        let extra: [Input.Event] = [
            .transaction(transaction), .transaction(Transaction(stage: .connect, session: Session(door: .milter))),
            .gap(.max),
            .act(OperatorAct(who: "op", why: "because", .rearmBreaker)),
            .act(OperatorAct(who: "op", .observeEverything(true))),
            .clockShifted(.min), .withdrawn(transaction), .complaint(mailHost: "mx1", queueID: "4Qä"),
        ]
        return (world.inputs + extra.map { Input(at: morning, $0) }, outputs)
    }

    @Test("inputs survive", arguments: UInt64(0)..<5)
    func inputs(seed: UInt64) throws {
        for input in Self.recorded(seed).inputs {
            var out = ByteWriter()
            input.encode(&out)
            var reader = ByteReader(out.bytes)
            let back = try Input(&reader)
            try reader.finish()
            must(back == input, "seed \(seed): \(input)")
        }
    }

    @Test("outputs survive", arguments: UInt64(0)..<5)
    func outputs(seed: UInt64) throws {
        let extra: [Output] = [
            .breaker(isOpen: true), .acknowledged(.unknownLimit(["a", "b"])), .acknowledged(.badAmount("why")),
            .acknowledged(.unknownMessage), .acknowledged(.tooManyPolicies),
            .decision(
                Decision(
                    message: .max, stage: .data, identity: .unattributed(.tableFull),
                    evidence: [Finding(symbol: "S", score: -7, why: "w")],
                    verdict: .prepend("X-A: b"), would: .discard, reason: .noted, rule: "", caseCode: "W-2")),
            .decision(
                Decision(
                    stage: .rcpt, identity: .subscriber("", .map), verdict: .discard("x"), would: .accept,
                    reason: .exempt)),
        ]
        for output in Self.recorded(seed).outputs + extra {
            let stored = bytes([output])
            var reader = ByteReader(stored)
            let back = try Output(&reader)
            try reader.finish()
            must(back == output, "seed \(seed): \(output)")
        }
    }

    @Test("a negative count is stored as none, not as a crash")
    func negative() throws {
        var transaction = ScenarioMail(number: 1, login: "ann").transaction(.policy, .data)
        transaction.envelope.recipientCount = -5
        transaction.envelope.bytes = .min
        var out = ByteWriter()
        Input(at: morning, .transaction(transaction)).encode(&out)
        var reader = ByteReader(out.bytes)
        guard case .transaction(let back) = try Input(&reader).event else { return }
        #expect(back.envelope.recipientCount == 0 && back.envelope.bytes == 0)
    }

    @Test("random and damaged bytes are errors or values, never a crash")
    func hostile() throws {
        let recorded = Self.recorded(1)
        var stored = recorded.inputs.suffix(60).map { input in
            var out = ByteWriter()
            input.encode(&out)
            return out.bytes
        }
        stored += recorded.inputs.filter { if case .policy = $0.event { true } else { false } }.prefix(2).map { input in
            var out = ByteWriter()
            input.encode(&out)
            return out.bytes
        }
        stored += recorded.outputs.suffix(40).map { bytes([$0]) }
        var random = SeededGenerator(seed: 6)
        for turn in 0..<6000 {
            var damaged = stored[turn % stored.count]
            if turn % 3 == 0 {
                damaged = (0..<random.next() % 60).map { _ in UInt8(truncatingIfNeeded: random.next()) }
                if damaged.count > 8 { damaged[8] = UInt8(1 + turn % 8) }
            } else {
                for _ in 0..<1 + random.next() % 4 {
                    damaged[Int(random.next() % UInt64(damaged.count))] = UInt8(truncatingIfNeeded: random.next())
                }
                damaged.removeLast(Int(random.next() % UInt64(damaged.count)) / 4)
            }
            var reader = ByteReader(damaged)
            if let input = try? Input(&reader) {
                var out = ByteWriter()
                input.encode(&out)
            }
            reader = ByteReader(damaged)
            if let output = try? Output(&reader) { _ = bytes([output]) }
            reader = ByteReader(damaged)
            _ = try? Policy(&reader)
        }
    }

    @Test("a stored limit that can't be used is refused")
    func unusable() {
        for limit in [
            Limit(0, .messages, perSeconds: 60), Limit(5, .messages, perSeconds: 0),
            Limit(5, .messages, perSeconds: 60, burst: 0),
        ] {
            var out = ByteWriter()
            limit.encode(&out)
            var reader = ByteReader(out.bytes)
            #expect(throws: CodecError.self) { try Limit(&reader) }
        }
    }

    @Test("a policy with blocks of every length reads back as it was", arguments: [0, 1, 32, 64, 127, 128])
    func blocksOfEveryLength(length: Int) throws {
        let address = NetworkAddress(high: 0x2001_0DB8_0000_0000, low: 5)
        let prefix = NetworkPrefix(address, length: length)
        let policy = Policy(
            addressMap: AddressMap([AddressMap.Entry(prefix: prefix, subscriber: "line-7")]), trustedRelays: [prefix],
            networks: [prefix])
        var out = ByteWriter()
        policy.encode(&out)
        var reader = ByteReader(out.bytes)
        #expect(try Policy(&reader) == policy)
        try reader.finish()
    }
}
