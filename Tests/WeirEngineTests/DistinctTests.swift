// Distinct keys: exact while they are few, a bounded error when they are many; and whom a subscriber wrote to before.

import MailTypes
import Testing

@testable import WeirEngine

@Suite("DistinctWindow")
struct DistinctWindowTests {
    @Test(
        "up to 64 keys it equals a naive list, and no key is forgotten before the period is over",
        arguments: UInt64(0)..<24)
    func exact(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let period = Int64([8, 60, 3600, 86_400][Int(seed % 4)])
        let slice = DistinctWindow.sliceNanoseconds(periodSeconds: period)
        var window = DistinctWindow()
        var lastUse: [UInt64: Int64] = [:]
        var now: Int64 = 1_700_000_000_000_000_000 + Int64(random.next() % 1_000_000_000_000)
        let keys = (0..<60).map { _ in random.next() }
        for _ in 0..<500 {
            now +=
                random.next() % 30 == 0
                ? Int64(random.next() % UInt64(slice * 12)) : Int64(random.next() % UInt64(slice))
            window.advance(to: now, periodSeconds: period)
            let current = now / slice
            let alive = Set(lastUse.filter { current - $0.value / slice <= DistinctWindow.slicesBack }.keys)
            let young = lastUse.filter { now - $0.value <= period * 1_000_000_000 }.keys
            must(alive.isSuperset(of: young), "seed \(seed): the window is shorter than its period")
            let asked = (0..<1 + random.next() % 5).map { _ in keys[Int(random.next() % 60)] }
            must(
                window.count(adding: DistinctKeys(asked), enough: .max) == Int64(alive.union(asked).count),
                "seed \(seed)")
            must(asked.allSatisfy { window.lists($0) == alive.contains($0) }, "seed \(seed)")
            for key in asked {
                let isNew = window.insert(key)
                must(isNew == !alive.contains(key) || lastUse[key] == now, "seed \(seed)")
                lastUse[key] = now
            }
            must(window.sketch.isEmpty, "seed \(seed)")
            if random.next() % 10 == 0 {
                window.remove(asked[0])
                lastUse[asked[0]] = nil
            }
        }
    }

    @Test("one message with very many recipients is counted exactly while the window lists its keys")
    func manyAtOnce() {
        var random = SeededGenerator(seed: 5)
        var window = DistinctWindow()
        window.advance(to: 1_700_000_000_000_000_000, periodSeconds: 3600)
        let known = (0..<50).map { _ in random.next() }
        for key in known { _ = window.insert(key) }
        let many = (0..<2000).map { _ in random.next() }
        #expect(window.count(adding: DistinctKeys(many + many + known), enough: 1000) == 2050)
        #expect(window.count(adding: DistinctKeys(many), enough: .max) == 2050)
        #expect(window.count(adding: DistinctKeys(Array(many.prefix(256))), enough: .max) == 306)
        #expect(window.count(adding: DistinctKeys(known), enough: .max) == 50)
    }

    @Test("as a sketch it forgets by slices, and lists again when it is empty")
    func ageing() {
        var random = SeededGenerator(seed: 6)
        var window = DistinctWindow()
        let hour: Int64 = 3_600_000_000_000
        var now = 400_000 * hour
        for turn in 0..<9 {
            window.advance(to: now, periodSeconds: 3600)
            for _ in 0..<100 { _ = window.insert(random.next()) }
            #expect(window.count(adding: DistinctKeys([]), enough: .max) > Int64(turn) * 80)
            if turn < 8 { now += hour / 8 }
        }
        #expect(!window.sketch.isEmpty)
        window.advance(to: now + hour, periodSeconds: 3600)
        let left = window.count(adding: DistinctKeys([]), enough: .max)
        #expect(left > 70 && left < 110, "the slice of the last 100 keys is still there: \(left)")
        window.advance(to: now + hour + hour / 8, periodSeconds: 3600)
        #expect(window.sketch.isEmpty)
        #expect(window.count(adding: DistinctKeys([1]), enough: .max) == 1)
    }

    @Test("room comes when it says, not before")
    func forgetting() {
        var window = DistinctWindow()
        let now: Int64 = 1_700_000_000_123_456_789
        window.advance(to: now, periodSeconds: 60)
        _ = window.insert(77 << 8)
        let wait = window.nextForgetting(at: now, periodSeconds: 60)
        #expect(wait >= 60_000_000_000)
        #expect(wait <= 60_000_000_000 + DistinctWindow.sliceNanoseconds(periodSeconds: 60))
        window.advance(to: now + wait - 1, periodSeconds: 60)
        #expect(window.lists(77 << 8))
        window.advance(to: now + wait, periodSeconds: 60)
        #expect(!window.lists(77 << 8))
    }

    @Test("survives storage, listed and sketched", arguments: [0, 10, 64, 65, 500])
    func storage(count: Int) throws {
        var random = SeededGenerator(seed: UInt64(count))
        var window = DistinctWindow()
        window.advance(to: 1_700_000_000_000_000_000, periodSeconds: 3600)
        for _ in 0..<count { _ = window.insert(random.next()) }
        var out = ByteWriter()
        window.encode(&out)
        var input = ByteReader(out.bytes)
        #expect(try DistinctWindow(&input) == window)
        try input.finish()
    }
}

@Suite("DistinctSketch")
struct DistinctSketchTests {
    @Test("the error stays within the stated bound and the lower bound below the truth in 97 of 100 seeds")
    func errors() {
        let seeds = 300
        var squares: [Int64: Double] = [:]
        var below: [Int64: Int] = [:]
        for seed in 0..<seeds {
            var random = SeededGenerator(seed: UInt64(seed) &* 7919)
            var sketch = [UInt8](repeating: 0, count: DistinctSketch.registers)
            for count in Int64(1)...1300 {
                DistinctSketch.insert(random.next(), into: &sketch, slice: 0)
                guard [70, 300, 600, 1000, 1200, 1300].contains(count) else { continue }
                let estimate = DistinctSketch.estimate(sketch)
                let error = Double(estimate - count) / Double(count)
                squares[count, default: 0] += error * error
                if DistinctSketch.lowerBound(estimate) <= count { below[count, default: 0] += 1 }
            }
        }
        for (count, sum) in squares {
            let standard = (sum / Double(seeds)).squareRoot()
            #expect(standard * 1000 <= Double(DistinctSketch.standardErrorPermille) * 1.1, "\(standard) at \(count)")
            #expect((below[count] ?? 0) * 100 >= seeds * 97, "\(below[count] ?? 0) of \(seeds) at \(count)")
        }
    }

    @Test("large numbers stay within three standard errors", arguments: [5000, 20_000])
    func large(truth: Int) {
        for seed in UInt64(0)..<5 {
            var random = SeededGenerator(seed: seed)
            var sketch = [UInt8](repeating: 0, count: DistinctSketch.registers)
            for _ in 0..<truth { DistinctSketch.insert(random.next(), into: &sketch, slice: 0) }
            let error = DistinctSketch.estimate(sketch) - Int64(truth)
            #expect(abs(error) * 1000 <= 3 * DistinctSketch.standardErrorPermille * Int64(truth), "seed \(seed)")
        }
    }

    @Test("an empty sketch counts nothing, and the union of slices counts each key once")
    func unions() {
        var sketch = [UInt8](repeating: 0, count: 9 * DistinctSketch.registers)
        #expect(DistinctSketch.estimate(DistinctSketch.union(of: sketch, slices: 9)) == 0)
        var random = SeededGenerator(seed: 3)
        let keys = (0..<200).map { _ in random.next() }
        var single = [UInt8](repeating: 0, count: DistinctSketch.registers)
        for (index, key) in keys.enumerated() {
            DistinctSketch.insert(key, into: &single, slice: 0)
            DistinctSketch.insert(key, into: &sketch, slice: index % 9)
            DistinctSketch.insert(key, into: &sketch, slice: (index + 1) % 9)
        }
        #expect(DistinctSketch.union(of: sketch, slices: 9) == single)
    }
}

@Suite("FamiliarRecipients")
struct FamiliarRecipientsTests {
    @Test("the last 1,024 recipients written to are always known", arguments: UInt64(0)..<2)
    func memory(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var familiar = FamiliarRecipients()
        var recent: [UInt64] = []
        for turn in 0..<4000 {
            // Some are written to again and again, others once.
            let key =
                turn % 3 == 0 && !recent.isEmpty ? recent[Int(random.next() % UInt64(recent.count))] : random.next()
            familiar.insert(key)
            recent.removeAll { $0 == key }
            recent.append(key)
            if recent.count > FamiliarRecipients.filterKeysMax { recent.removeFirst() }
            guard turn % 50 == 0 || turn < 200 else { continue }
            must(recent.allSatisfy { familiar.contains($0) }, "seed \(seed), turn \(turn)")
        }
    }

    @Test("who is written to every day stays known however many others there are")
    func regulars() {
        var random = SeededGenerator(seed: 9)
        var familiar = FamiliarRecipients()
        for turn in 0..<10_000 {
            if turn % 500 == 0 {
                must(turn == 0 || familiar.contains(42), "turn \(turn)")
                familiar.insert(42)
            }
            familiar.insert(random.next())
        }
    }

    @Test("at most 0.4 % of strangers pass for known, and none while recipients are listed")
    func strangers() {
        var random = SeededGenerator(seed: 10)
        var familiar = FamiliarRecipients()
        for _ in 0..<FamiliarRecipients.listedMax { familiar.insert(random.next()) }
        #expect(!(0..<10_000).contains { _ in familiar.contains(random.next()) })
        for _ in 0..<1984 { familiar.insert(random.next()) }
        let known = (0..<20_000).count { _ in familiar.contains(random.next()) }
        #expect(known <= 80, "\(known) of 20,000")
    }

    @Test("survives storage", arguments: [0, 64, 65, 3000])
    func storage(count: Int) throws {
        var random = SeededGenerator(seed: UInt64(count))
        var familiar = FamiliarRecipients()
        for _ in 0..<count { familiar.insert(random.next()) }
        var out = ByteWriter()
        familiar.encode(&out)
        var input = ByteReader(out.bytes)
        #expect(try FamiliarRecipients(&input) == familiar)
    }
}
