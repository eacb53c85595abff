// Values kept as bytes: against arrays and dictionaries, and what is written against what is read.

import MailTypes
import Testing

@testable import WeirEngine

@Suite("CellStore")
struct CellStoreTests {
    @Test("gives back what was put in, padded with zeros, and all of its memory", arguments: UInt64(0)..<6)
    func model(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var store = CellStore()
        var model: [UInt32: [UInt8]] = [:]
        for turn in 0..<6000 {
            let grows = turn < 3000 ? 3 : 1
            if random.next() % 4 < grows {
                let longest: UInt64 = random.next() % 50 == 0 ? 8193 : 300
                let bytes = (0..<random.next() % longest).map { _ in UInt8(truncatingIfNeeded: random.next()) }
                guard let address = store.put(bytes) else {
                    Issue.record("seed \(seed): \(bytes.count) bytes were refused")
                    return
                }
                must(model[address] == nil && address < 1 << 31, "seed \(seed): an address is given twice")
                model[address] = bytes
            } else if let address = model.keys.min(by: { $0 &* 2_654_435_761 < $1 &* 2_654_435_761 }) {
                store.remove(at: address)
                model[address] = nil
            }
            must(store.count == model.count, "seed \(seed)")
            guard turn % 500 == 499 else { continue }
            for (address, bytes) in model {
                let stored = store.bytes(at: address)
                must(stored.starts(with: bytes), "seed \(seed): other bytes")
                must(stored.dropFirst(bytes.count).allSatisfy { $0 == 0 }, "seed \(seed): not padded with zeros")
                must(stored.count - bytes.count < (bytes.count > 512 ? 256 : 9), "seed \(seed): too large a cell")
            }
        }
        #expect(store.residentBytes > 0 || model.isEmpty)
        for address in model.keys { store.remove(at: address) }
        #expect(store.residentBytes == 0 && store.count == 0)
    }

    @Test("takes no more than a cell holds") func tooLong() {
        var store = CellStore()
        #expect(store.put(Array(repeating: 1, count: CellStore.cellBytesMax)) != nil)
        #expect(store.put(Array(repeating: 1, count: CellStore.cellBytesMax + 1)) == nil)
    }
}

/// A value as long as it says.
private struct Text: Compactable, Equatable {
    var bytes: [UInt8] = []
    init() {}
    init(_ bytes: [UInt8]) { self.bytes = bytes }
    func encode(_ out: inout ByteWriter) { out.blob(bytes) }
    init(_ input: inout ByteReader) throws(CodecError) { bytes = try input.blob() }
}

@Suite("CompactTable")
struct CompactTableTests {
    @Test("holds what an array holds, whatever is compacted meanwhile", arguments: UInt64(0)..<6)
    func model(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var table = CompactTable<Text>(capacity: 10)
        var model: [Text?] = Array(repeating: nil, count: 40)
        table.grow(to: 40)
        for turn in 0..<4000 {
            let slot = Int(random.next() % 40)
            switch random.next() % 5 {
            case 0:
                let text = Text((0..<random.next() % 90).map { UInt8(truncatingIfNeeded: $0) })
                table[slot] = text
                model[slot] = text
            case 1:
                table.remove(slot)
                model[slot] = nil
            case 2: table[slot].bytes.append(7); model[slot] = Text((model[slot]?.bytes ?? []) + [7])
            default: table.compact(slot)
            }
            must(table.holds(slot) == (model[slot] != nil), "seed \(seed)")
            guard turn % 100 == 99 else { continue }
            for slot in 0..<40 { must(table.value(slot) == model[slot] ?? Text(), "seed \(seed), slot \(slot)") }
            must(table.population == model.count { $0 != nil }, "seed \(seed)")
            must(table.compactedCount == (0..<40).count { table.isCompacted($0) }, "seed \(seed)")
            var out = ByteWriter()
            table.encode(&out)
            var reader = ByteReader(out.bytes)
            table = try CompactTable(&reader, slotsMax: 40, capacity: 10)
            try reader.finish()
            var again = ByteWriter()
            table.encode(&again)
            must(again.bytes == out.bytes, "seed \(seed): read and written, other bytes")
        }
        #expect(table.compactedCount > 0 && table.wholeCount > 0)
    }

    @Test("what is too long for a cell stays whole") func tooLong() {
        var table = CompactTable<Text>()
        table.append(Text(Array(repeating: 1, count: 9000)))
        #expect(!table.compact(0) && table.isWhole(0) && table[0].bytes.count == 9000)
    }

    @Test("damaged bytes are refused when a table is read") func damaged() {
        for bytes: [UInt8] in [[1, 3], [1, 2, 1, 9], [1, 1, 5], [2, 0], [9, 0]] {
            var reader = ByteReader(bytes)
            #expect(throws: CodecError.self, "\(bytes)") {
                _ = try CompactTable<Text>(&reader, slotsMax: 4, capacity: 4)
            }
        }
    }
}

@Suite("What is written of a subscriber")
struct SubscriberBytesTests {
    /// A value through bytes.
    private func copied<Value: Compactable>(_ value: Value) throws -> Value {
        var out = ByteWriter()
        value.encode(&out)
        // As in a cell: with zeros behind.
        var reader = ByteReader(out.bytes + [0, 0, 0, 0, 0, 0, 0])
        return try Value(&reader)
    }

    /// All that is stored in a value, arrays in place included.
    private func bytes<Value>(of value: Value) -> [UInt8] { withUnsafeBytes(of: value) { Array($0) } }

    @Test("state: every field of states in the middle of everything reads back", arguments: UInt64(0)..<8)
    func states(seed: UInt64) throws {
        var policy = worldPolicy()
        policy.plans[0].limits += [
            Limit(30, .distinctRecipients, perSeconds: 600), Limit(70, .newRecipients, perSeconds: 3600),
        ]
        var world = World(seed: seed, policy: policy, habits: [.log, .reload, .acts, .slow])
        world.run(steps: 200)
        for step in 0..<300 {
            world.run(steps: 1)
            guard step % 20 == 0 else { continue }
            for state in world.engine.subscribers.slots.values {
                let back = try copied(state)
                must("\(back)" == "\(state)", "seed \(seed): \(back) beside \(state)")
                must(Array(back.buckets) == Array(state.buckets), "seed \(seed): other buckets")
                must(Array(back.windows) == Array(state.windows), "seed \(seed): other windows")
                must(back.familiar == state.familiar, "seed \(seed): other recipients")
            }
        }
    }

    @Test("recipients: lists, and filters of every fill", arguments: [0, 3, 64, 65, 200, 1024, 1025, 2000, 5000])
    func recipients(count: Int) throws {
        var familiar = FamiliarRecipients()
        var random = SeededGenerator(seed: 5)
        for _ in 0..<count { familiar.insert(random.next()) }
        var out = ByteWriter()
        familiar.encode(&out)
        var reader = ByteReader(out.bytes)
        #expect(try FamiliarRecipients(&reader) == familiar)
        try reader.finish()
    }

    @Test("habits and excursions: every byte of those of busy subscribers reads back", arguments: UInt64(1)..<9)
    func habits(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var settings = WatchSettings.defaults
        settings.isOn = true
        var watch = Watch()
        watch.enrol(0, serial: UInt32(seed))
        var time = 20_000 * MessageFacts.dayNanoseconds
        for _ in 0..<400 {
            time += Int64(random.next() % 40_000) * second
            var facts = MessageFacts.nothing(at: time)
            facts.day = Int32(time / MessageFacts.dayNanoseconds)
            facts.part = Int(random.next() % 8)
            facts.recipients = 1 + Int(random.next() % 9)
            facts.newRecipients = Int(random.next() % 3)
            facts.content = Float(random.next() % 10) - 5
            facts.style = UInt32(1 + random.next() % 6)
            facts.network = UInt32(truncatingIfNeeded: random.next() % 12 &* 0x9E37_79B9)
            facts.helo = UInt32(1 + random.next() % 5) << 9
            facts.reversePath = UInt32(1 + random.next() % 5) << 20
            facts.isLogin = true
            if random.next() % 3 != 0 {
                let place = Origin.Place(
                    latitude: Int16(random.next() % 9000), longitude: Int16(random.next() % 18_000),
                    radiusKilometres: UInt16(random.next() % 900))
                facts.origin = Origin(
                    system: UInt32(random.next() % 5), country: Country(random.next() % 2 == 0 ? "DE".utf8 : "VN".utf8),
                    place: random.next() % 2 == 0 ? place : nil)
            }
            facts.isWaiting = random.next() % 4 == 0
            facts.tight = UInt32(random.next() % 7)
            facts.campaign = CampaignFacts(loose: UInt32(random.next() % 9))
            facts.campaign.suspects = Int(random.next() % 5)
            facts.campaign.contained = Int(random.next() % 3)
            facts.campaign.hasInnocentFounder = random.next() % 5 == 0
            _ = watch.take(facts, slot: 0, settings)
            _ = watch.take(
                result: random.next() % 3 == 0, isRefused: random.next() % 4 == 0, sentAt: time, slot: 0,
                at: time + second, settings)
            if random.next() % 20 == 0 { _ = watch.take(complaintAt: time + second, slot: 0, settings) }
            if random.next() % 30 == 0 { watch.habits[0].taint() }
            if random.next() % 30 == 0 { watch.drop(0) }
            watch.habits[0].standing.rung = Rung.allCases[Int(random.next() % UInt64(Rung.allCases.count))]
            watch.habits[0].standing.since = time
            watch.habits[0].standing.vouchedUntil = time + Int64(random.next() % 99) * second
            watch.habits[0].standing.confirmedAt = time - Int64(random.next() % 99) * second
            _ = watch.habits[0].standing.passes(newRecipients: Int(random.next() % 9), perHour: 20, at: time)
            let habits = watch.habits[0]
            must(try bytes(of: copied(habits)) == bytes(of: habits), "seed \(seed): other habits")
            guard let excursion = watch.excursion(of: 0) else { continue }
            must(try bytes(of: copied(excursion)) == bytes(of: excursion), "seed \(seed): another excursion")
        }
    }
}
