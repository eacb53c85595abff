// How sure one may be of a figure whose observations are not independent: those of one subscriber are drawn together.

import MailTypes

/// The percentile bootstrap over clusters (Efron and Tibshirani 1993, chapter 13), stratum by stratum.
///
/// A subscriber's messages, alarms and episodes hang together; drawing whole subscribers keeps that in the interval's width.
/// Where no cluster shows an event the interval is a point: use the rule of three there.
public struct ClusterBootstrap: Sendable {
    /// How many times the sample is drawn again.
    public var replicates: Int
    /// Where the draws begin.
    public var seed: UInt64
    /// The share of replicates inside the interval.
    public var confidence: Double

    /// 1,000 replicates, 95 %.
    public static let defaults = ClusterBootstrap(replicates: 1000, seed: 1, confidence: 0.95)

    /// A bootstrap; the same seed gives the same interval.
    public init(replicates: Int, seed: UInt64, confidence: Double) {
        precondition(replicates > 0 && confidence > 0 && confidence < 1)
        self.replicates = replicates
        self.seed = seed
        self.confidence = confidence
    }

    /// The interval of a statistic.
    ///
    /// Each stratum has so many clusters. The statistic is asked with the clusters drawn, stratum after stratum, as numbers
    /// from 0 within the stratum, as many as there are; nil where there is no cluster at all.
    public func interval(strata: [Int], _ statistic: ([[Int]]) -> Double) -> Interval? {
        guard strata.contains(where: { $0 > 0 }) else { return nil }
        var random = SeededGenerator(seed: seed)
        var drawn = strata.map { [Int](repeating: 0, count: $0) }
        var values: [Double] = []
        values.reserveCapacity(replicates)
        for _ in 0..<replicates {
            for (stratum, count) in strata.enumerated() {
                // A draw by multiplication: one number a cluster, the bias below count / 2^64.
                for place in 0..<count {
                    drawn[stratum][place] = Int(
                        truncatingIfNeeded: random.next().multipliedFullWidth(by: UInt64(count)).high)
                }
            }
            values.append(statistic(drawn))
        }
        values.sort()
        let tail = (1 - confidence) / 2
        return Interval(Quantile.of(values, tail), Quantile.of(values, 1 - tail))
    }

    /// The interval of a statistic over clusters of one stratum.
    public func interval(clusters: Int, _ statistic: ([Int]) -> Double) -> Interval? {
        interval(strata: [clusters]) { statistic($0[0]) }
    }
}

/// Quantiles of a sample.
public enum Quantile {
    /// The smallest value with at least this share of the sample at or below it (nearest rank); the sample is sorted and not empty.
    public static func of<Value: Comparable>(_ sorted: [Value], _ share: Double) -> Value {
        precondition(!sorted.isEmpty)
        let rank = (share * Double(sorted.count) - 1e-9).rounded(.up)
        return sorted[min(sorted.count - 1, max(0, Int(rank) - 1))]
    }
}

/// The middle, the bad end and the worst of a sample.
public struct QuantileRow: Sendable, Equatable {
    /// Half of the sample is at or below it.
    public var median: Double
    /// 95 % of the sample is at or below it.
    public var p95: Double
    /// The largest.
    public var max: Double

    /// The row of a sample, in any order; nil where it is empty.
    public init?(_ sample: [Double]) {
        let sorted = sample.sorted()
        guard let last = sorted.last else { return nil }
        median = Quantile.of(sorted, 0.5)
        p95 = Quantile.of(sorted, 0.95)
        max = last
    }
}
