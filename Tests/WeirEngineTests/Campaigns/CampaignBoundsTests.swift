// What a campaign table promises at its bounds and in snapshots, and how fast it is.

import MailTypes
import Testing

@testable import WeirEngine

@Suite("CampaignBounds")
struct CampaignBoundsTests {
    /// A mixed day: campaigns, newsletters, and mail that is like no other.
    static func play(_ table: inout CampaignTable, seed: UInt64, messages: Int) -> UInt64 {
        var sample = CampaignSample(seed: seed)
        // The same texts for every seed: what comes after a snapshot must find what came before.
        var known = CampaignSample(seed: 99)
        let texts = (0..<30).map { _ in known.sketch() }
        var sum: UInt64 = 0
        for step in 0..<messages {
            let drawn = sample.random.next()
            let subscriber = drawn >> 32 & 0xFFF
            let key = Fingerprint.Key(drawn & 1 == 0 ? .link : .contact, drawn >> 8 & 0x1FF)
            let message: Fingerprint =
                switch drawn & 0xF0 {
                case 0..<0x30:
                    Fingerprint(sketch: sample.like(texts[Int(drawn % 30)], permille: 600), keys: [key])
                case 0x30..<0x60: Fingerprint(sketch: texts[Int(drawn % 30)])
                case 0x60..<0x80:
                    Fingerprint(keys: [Fingerprint.Key(.subject, drawn & 0xFF), Fingerprint.Key(.shape, 1)])
                default: sample.message(key)
                }
            let known = table.note(
                message, subscriber: subscriber, at: campaignStart + Int64(step) * 1_000_000_000,
                handling: drawn & 0x1000 == 0 ? .own : .list)
            if drawn & 0x2000 == 0 { table.noteResult(loose: known.loose, dead: drawn & 0x4000 == 0) }
            if drawn & 0x38000 == 0 { table.noteContained(subscriber: subscriber, loose: known.loose) }
            if drawn & 0x38000 == 0x8000 { table.noteReleased(subscriber: subscriber) }
            table.noteRecipients(loose: known.loose, new: Int(drawn & 3), total: 3)
            table.noteContent(loose: known.loose, score: Int32(drawn & 0xFFF) - 1000)
            sum = sum &* 31 &+ UInt64(known.loose) &+ UInt64(known.tight) &+ known.statistics.messages
        }
        return sum
    }

    @Test("a snapshot is byte-equal, and the table goes on as if it had never been written", arguments: UInt64(0)..<8)
    func snapshot(seed: UInt64) throws {
        // Small, so that the ring and the sets of keys and campaigns are used many times over.
        let bounds = CampaignTable.Bounds.with {
            $0.textsMax = 128
            $0.keysMax = 64
            $0.campaignsMax = 20
        }
        var table = CampaignTable(bounds: bounds)
        _ = CampaignBoundsTests.play(&table, seed: seed, messages: 300 + Int(seed) * 300)
        let bytes = table.bytes
        var again = try CampaignTable.decoded(bytes)
        #expect(again.bytes == bytes)
        let (one, other) = (
            CampaignBoundsTests.play(&table, seed: seed + 100, messages: 1500),
            CampaignBoundsTests.play(&again, seed: seed + 100, messages: 1500)
        )
        #expect(one == other)
        #expect(again.bytes == table.bytes)
    }

    @Test("the same inputs give the same table")
    func determinism() {
        var one = CampaignTable(bounds: .small)
        var other = CampaignTable(bounds: .small)
        #expect(
            CampaignBoundsTests.play(&one, seed: 1, messages: 3000)
                == CampaignBoundsTests.play(&other, seed: 1, messages: 3000))
        #expect(one.bytes == other.bytes)
    }

    @Test("a damaged snapshot is an error or a table that still works", arguments: UInt64(0)..<60)
    func damage(seed: UInt64) {
        var table = CampaignTable(
            bounds: .with {
                $0.textsMax = 64; $0.keysMax = 32; $0.campaignsMax = 10
            })
        _ = CampaignBoundsTests.play(&table, seed: seed, messages: 120)
        var bytes = table.bytes
        var random = SeededGenerator(seed: seed)
        for _ in 0..<3 { bytes[16 + Int(random.next() % UInt64(bytes.count - 16))] ^= UInt8(1 << (random.next() % 8)) }
        guard var again = try? CampaignTable.decoded(bytes) else { return }
        _ = CampaignBoundsTests.play(&again, seed: seed, messages: 200)
        _ = again.campaigns(most: 10)
    }

    @Test("a million different messages stay within the bounds")
    func bounds() {
        var table = CampaignTable(
            bounds: .with {
                $0.textsMax = 4096; $0.keysMax = 4096; $0.campaignsMax = 512
            })
        #if DEBUG
            let messages = 60_000
        #else
            let messages = 1_000_000
        #endif
        var sample = CampaignSample(seed: 2)
        for step in 0..<messages {
            let known = table.note(
                sample.message(
                    Fingerprint.Key(.link, sample.random.next()), Fingerprint.Key(.contact, UInt64(step / 2))),
                subscriber: UInt64(step), at: campaignStart + Int64(step) * 100_000_000)
            if step % 5 == 0 { table.noteContained(subscriber: UInt64(step), loose: known.loose) }
        }
        #expect(table.texts.ring.count == 4096)
        #expect(table.clusters.count == 512)
        #expect(table.evicted > 1000)
        #expect(table.keys.evicted > UInt64(messages))
        #expect(MemoryLayout<CampaignText>.stride + CampaignTexts.bands * 4 <= 200)
        #expect(MemoryLayout<CampaignKey>.stride <= 40)
    }

    /// Prints a figure; one worth quoting comes of a release build without other tests beside it:
    /// swift test -c release -Xswiftc -enable-testing --filter CampaignBoundsTests/speed
    #if !DEBUG
        @Test("messages a second")
        func speed() {
            let count = 400_000
            var sample = CampaignSample(seed: 4)
            // Half new, a third variants of 200 campaigns, the rest copies; a link each, of a third of them known ones.
            let texts = (0..<200).map { _ in sample.sketch() }
            let mixed = (0..<count).map { _ in
                let kind = sample.random.next() % 6
                let key = Fingerprint.Key(.link, kind < 2 ? sample.random.next() % 5000 : sample.random.next())
                let text = texts[Int(sample.random.next() % 200)]
                return kind < 3
                    ? sample.message(key)
                    : Fingerprint(sketch: kind < 5 ? sample.like(text, permille: 600) : text, keys: [key])
            }
            let unlike = (0..<count).map { _ in sample.message() }
            for (name, messages) in [("mixed", mixed), ("unlike any other", unlike)] {
                var table = CampaignTable()
                var sum: UInt64 = 0
                let taken = ContinuousClock().measure {
                    for (step, message) in messages.enumerated() {
                        let known = table.note(
                            message, subscriber: UInt64(step % 4000), at: campaignStart + Int64(step) * 10_000_000)
                        sum &+= known.statistics.messages
                    }
                }
                let seconds = Double(taken.components.seconds) + Double(taken.components.attoseconds) / 1e18
                print("campaigns, \(name): \(Int(Double(count) / seconds)) messages/s", sum & 1)
            }
        }
    #endif
}
