// A plan as the limiter walks it: rates worked out, places in the subscriber's memory assigned.

import MailTypes

/// The numbers of a limit, without its words: what every message is checked against.
struct Gauge: Sendable {
    /// What is counted.
    let dimension: Dimension
    /// True where the action is taken.
    let isEnforced: Bool
    /// Its index among the plan's buckets or among its windows.
    let place: Int
    /// Its rate; unused for distinct dimensions.
    let rate: Rate
    /// How much per period.
    let amount: Int64
    /// The period in seconds.
    let periodSeconds: Int64
}

/// One limit, ready to be checked and explained.
struct CompiledLimit: Sendable {
    /// The limit as configured.
    let limit: Limit
    /// Its numbers.
    let gauge: Gauge
    /// `plan/limit`, in replies, logs and metrics.
    let rule: String
    /// The finding's symbol.
    let symbol: String

    /// Its rate; unused for distinct dimensions.
    var rate: Rate { gauge.rate }
    /// Its index among the plan's buckets or among its windows.
    var place: Int { gauge.place }
    /// True where the action is taken.
    var isEnforced: Bool { gauge.isEnforced }
}

/// A plan, ready to be walked.
final class CompiledPlan: Sendable {
    /// The plan as configured.
    let plan: Plan
    /// The limits in evaluation order.
    let limits: [CompiledLimit]
    /// Their numbers, in the same order.
    let gauges: [Gauge]
    /// How many of them count by bucket.
    let bucketCount: Int
    /// How many of them count distinct keys.
    let windowCount: Int
    /// True where a limit counts distinct recipients, which must be known one by one for it.
    let needsRecipients: Bool
    /// The place of the dead-recipient buckets, by limit index.
    let deadLimits: [Int]

    /// Works out a plan. With `observesEverything` no limit is enforced, whatever its line says.
    convenience init(_ plan: Plan, observesEverything: Bool) {
        var enforced: UInt32 = 0
        for (index, limit) in plan.limits.enumerated() where limit.isEnforced && !observesEverything {
            enforced |= 1 << UInt32(index)
        }
        self.init(plan, enforcedLimits: enforced)
    }

    /// The limits that are enforced, a bit each.
    var enforcedLimits: UInt32 {
        limits.indices.reduce(0) { limits[$1].isEnforced ? $0 | 1 << UInt32($1) : $0 }
    }

    /// Works out a plan whose limits are enforced as the bits say.
    init(_ plan: Plan, enforcedLimits: UInt32) {
        var buckets = 0
        var windows = 0
        var compiled: [CompiledLimit] = []
        for (index, limit) in plan.limits.enumerated() {
            let distinct = limit.dimension.countsDistinct
            compiled.append(
                CompiledLimit(
                    limit: limit,
                    gauge: Gauge(
                        dimension: limit.dimension, isEnforced: enforcedLimits & (1 << UInt32(index)) != 0,
                        place: distinct ? windows : buckets,
                        rate: Rate(interval: limit.intervalNanoseconds, burst: limit.burst), amount: limit.amount,
                        periodSeconds: limit.periodSeconds),
                    rule: "\(plan.name)/\(limit.name)", symbol: limit.symbol))
            if distinct { windows += 1 } else { buckets += 1 }
        }
        self.plan = plan
        limits = compiled
        gauges = compiled.map(\.gauge)
        bucketCount = buckets
        windowCount = windows
        needsRecipients = plan.limits.contains { $0.dimension.countsDistinct && $0.dimension != .distinctReversePaths }
        deadLimits = compiled.indices.filter { compiled[$0].limit.dimension == .deadRecipients }
    }
}
