// The token bucket against an exact list of what was committed.

import MailTypes
import Testing

@testable import WeirEngine

/// What a bucket should be: every commit with its moment, nothing rounded.
private struct CommitList {
    /// Moments and units, in order; refunded ones are taken out.
    var commits: [(at: Int64, units: Int64)] = []

    /// Where some window holds more than burst and what flows in during it, at T and at the rate as configured.
    func overrun(_ rate: Rate, amount: Int64, period: Int64) -> String? {
        var sums: [Int64] = [0]
        for commit in commits { sums.append(sums[sums.count - 1] + commit.units) }
        for first in commits.indices {
            for last in first..<commits.count {
                let units = sums[last + 1] - sums[first]
                let width = commits[last].at - commits[first].at
                guard units > rate.burst else { continue }
                if units > rate.burst + width / rate.interval {
                    return "\(units) units in \(width) ns at T = \(rate.interval)"
                }
                let flowed = Int128(width) * Int128(amount) / Int128(period)
                if Int128(units) > Int128(rate.burst) + flowed { return "\(units) units in \(width) ns as configured" }
            }
        }
        return nil
    }

    /// The TAT that GCRA has after exactly these commits: max over j of t(j) + T · units from j on.
    func theoreticalArrival(_ rate: Rate) -> Int64 {
        var arrival: Int64 = 0
        for commit in commits { arrival = max(arrival, commit.at) + commit.units * rate.interval }
        return arrival
    }
}

@Suite("Bucket")
struct BucketTests {
    /// A limit at random: from one a day to thousands a second.
    static func limit(_ random: inout SeededGenerator) -> Limit {
        let period = [1, 60, 900, 3600, 86_400][Int(random.next() % 5)]
        let amount = Int64(1 + random.next() % 500)
        return Limit(amount, .recipients, perSeconds: Int64(period), burst: Int64(1 + random.next() % UInt64(amount)))
    }

    @Test("in any window, what is committed stays within burst + width / T", arguments: UInt64(0)..<120)
    func windows(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let limit = Self.limit(&random)
        let rate = Rate(interval: limit.intervalNanoseconds, burst: limit.burst)
        var bucket = Bucket()
        var model = CommitList()
        var open: [Int64] = []
        var now: Int64 = 1_700_000_000_000_000_000
        let refunds = seed % 2 == 1
        for _ in 0..<400 {
            switch random.next() % 12 {
            case 0..<4: now += Int64(random.next() % UInt64(rate.interval * 3))
            case 4..<8:
                let units = Int64(random.next() % UInt64(rate.burst + 2))
                let wait = bucket.wait(for: units, rate, at: now)
                must((wait == .max) == (units > rate.burst), "seed \(seed)")
                must((wait == 0) == (units <= bucket.room(rate, at: now)), "seed \(seed)")
                guard wait == 0 else { continue }
                bucket.reserve(units)
                open.append(units)
            case 8, 9:
                guard !open.isEmpty else { continue }
                let units = open.remove(at: Int(random.next() % UInt64(open.count)))
                bucket.commit(units, rate, at: now)
                if units > 0 { model.commits.append((now, units)) }
            case 10:
                guard !open.isEmpty else { continue }
                bucket.cancel(open.remove(at: Int(random.next() % UInt64(open.count))))
            default:
                guard refunds, !model.commits.isEmpty else { continue }
                let given = model.commits.remove(
                    at: model.commits.count - 1 - Int(random.next() % UInt64(min(5, model.commits.count))))
                bucket.refund(given.units, rate, committedAt: given.at)
                let debt = max(0, bucket.theoreticalArrival - now)
                must(debt >= max(0, model.theoreticalArrival(rate) - now), "seed \(seed): a refund gave too much")
            }
            must(bucket.reserved == open.reduce(0, +), "seed \(seed)")
            let debt = max(0, bucket.theoreticalArrival - now)
            must(debt + bucket.reserved * rate.interval <= rate.reach, "seed \(seed)")
            if !refunds { #expect(debt == max(0, model.theoreticalArrival(rate) - now), "seed \(seed)") }
        }
        let overrun = model.overrun(rate, amount: limit.amount, period: limit.periodSeconds * 1_000_000_000)
        must(overrun == nil, "seed \(seed)")
    }

    @Test("admits exactly what a token bucket admits", arguments: UInt64(0)..<60)
    func tokenBucket(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let limit = Self.limit(&random)
        let rate = Rate(interval: limit.intervalNanoseconds, burst: limit.burst)
        var bucket = Bucket()
        var now: Int64 = 1_700_000_000_000_000_000
        // A token is T nanoseconds of waiting; the bucket holds `burst` tokens and begins full.
        var level = rate.reach
        for _ in 0..<500 {
            let passed = Int64(random.next() % UInt64(rate.interval * 2))
            now += passed
            level = min(rate.reach, level + passed)
            let units = Int64(1 + random.next() % UInt64(rate.burst))
            let wait = bucket.wait(for: units, rate, at: now)
            must(wait == max(0, units * rate.interval - level), "seed \(seed)")
            must(bucket.room(rate, at: now) == level / rate.interval, "seed \(seed)")
            guard wait == 0 else { continue }
            bucket.reserve(units)
            bucket.commit(units, rate, at: now)
            level -= units * rate.interval
        }
    }

    @Test("after the wait it told, the units fit, and not a nanosecond before")
    func waits() {
        let rate = Rate(interval: 7, burst: 10)
        var bucket = Bucket()
        bucket.reserve(10)
        bucket.commit(10, rate, at: 1000)
        let wait = bucket.wait(for: 3, rate, at: 1000)
        #expect(wait == 21)
        #expect(bucket.wait(for: 3, rate, at: 1020) == 1)
        #expect(bucket.wait(for: 3, rate, at: 1021) == 0)
        #expect(bucket.wait(for: 11, rate, at: 9999) == .max)
    }

    @Test("a change of rate keeps the units used, and a refund across it gives nothing back")
    func conversion() {
        let slow = Rate(interval: 1000, burst: 10)
        let fast = Rate(interval: 10, burst: 20)
        var bucket = Bucket()
        for at in [0, 0, 7] as [Int64] {
            bucket.reserve(3)
            bucket.commit(3, fast, at: at)
        }
        #expect(bucket.room(fast, at: 7) == 20 - 9)
        bucket.convert(from: fast, to: slow, at: 7)
        #expect(bucket.room(slow, at: 7) == 1)
        bucket.refund(3, slow, committedAt: 0)
        #expect(bucket.room(slow, at: 7) == 1)
        bucket.convert(from: slow, to: Rate(interval: 1000, burst: 4), at: 7)
        #expect(bucket.room(Rate(interval: 1000, burst: 4), at: 7) == 0)
    }

    @Test("a refund after a conversion of an empty bucket gives nothing back either")
    func conversionWhenEmpty() {
        let slow = Rate(interval: 1000, burst: 10)
        let fast = Rate(interval: 1, burst: 10)
        var bucket = Bucket()
        bucket.reserve(1)
        bucket.commit(1, fast, at: 0)
        bucket.convert(from: fast, to: slow, at: 5)
        bucket.reserve(1)
        bucket.commit(1, slow, at: 6)
        bucket.refund(1, slow, committedAt: 0)
        #expect(bucket.room(slow, at: 6) == 9)
    }

    @Test("a forced charge stays within the reach, and what was cut is not given back twice")
    func force() {
        let rate = Rate(interval: 10, burst: 10)
        var bucket = Bucket()
        bucket.reserve(10)
        bucket.commit(10, rate, at: 0)
        bucket.force(10, rate, extra: 0, at: 0)
        #expect(bucket.theoreticalArrival == rate.reach)
        bucket.refund(10, rate, committedAt: 0)
        #expect(bucket.room(rate, at: 0) == 0)
        bucket.force(.max, rate, extra: 50, at: 20)
        #expect(bucket.theoreticalArrival == 20 + rate.reach + 50)
    }

    @Test("a reset forgets what was used but not what is reserved, and nothing old is given back after it")
    func reset() {
        let rate = Rate(interval: 10, burst: 10)
        var bucket = Bucket()
        bucket.reserve(8)
        bucket.commit(8, rate, at: 0)
        bucket.reserve(2)
        bucket.empty(rate, at: 1)
        #expect(bucket.room(rate, at: 1) == 8)
        bucket.reserve(8)
        bucket.commit(8, rate, at: 2)
        bucket.refund(8, rate, committedAt: 0)
        #expect(bucket.room(rate, at: 2) == 0)
    }

    @Test("units admitted under one rate never overflow another's arithmetic")
    func overflow() {
        let bytes = Rate(interval: 1, burst: 10_000_000_000)
        let perDay = Rate(interval: 86_400_000_000_000, burst: 10)
        var bucket = Bucket()
        let now: Int64 = 1_800_000_000_000_000_000
        bucket.reserve(9_000_000_000)
        bucket.convert(from: bytes, to: perDay, at: now)
        #expect(bucket.wait(for: 1, perDay, at: now) > 0)
        #expect(bucket.room(perDay, at: now) == 0)
        bucket.commit(9_000_000_000, perDay, at: now)
        #expect(bucket.wait(for: 10, perDay, at: now) > 0)
        bucket.commit(9_000_000_000, perDay, at: now)
        #expect(bucket.wait(for: 10, perDay, at: now) < .max)
    }

    @Test("intervals round up, so that rounding never lets more through than the line says")
    func rounding() {
        for (amount, period) in [(7, 1), (300, 3600), (1_000_000_007, 86_400), (3, 10)] as [(Int64, Int64)] {
            let limit = Limit(amount, .bytes, perSeconds: period)
            #expect(Int128(limit.intervalNanoseconds) * Int128(amount) >= Int128(period) * 1_000_000_000)
            #expect(limit.fault == nil)
            #expect(limit.maximum(inSeconds: period) <= limit.burst + amount)
        }
    }
}
