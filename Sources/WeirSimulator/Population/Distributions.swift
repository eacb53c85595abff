// The shapes that numbers of a population have. Docs/simulation.md shows how each is written in a file.

import MailTypes

/// A number above zero whose logarithm is normal: half of all draws lie below the median; `sigma` is the standard deviation
/// of the natural logarithm.
public struct LogNormal: Hashable, Sendable {
    /// The median, above 0.
    public var median: Double
    /// The standard deviation of the logarithm, from 0 on; 0 makes it a fixed number.
    public var sigma: Double
    /// The least that is drawn.
    public var least: Double
    /// The most that is drawn.
    public var most: Double
    /// Above the 99th percentile a Pareto tail of this exponent takes over; nil for none.
    public var paretoTail: Double?

    /// A distribution.
    public init(
        median: Double, sigma: Double = 0, least: Double = 0, most: Double = .infinity, paretoTail: Double? = nil
    ) {
        self.median = median
        self.sigma = sigma
        self.least = least
        self.most = most
        self.paretoTail = paretoTail
    }

    /// The mean, bounds and Pareto tail left out of account.
    public var mean: Double { median * Exponential.of(sigma * sigma / 2) }

    /// One draw.
    func draw(_ chance: inout Chance) -> Double {
        guard sigma > 0 else { return min(most, max(least, median)) }
        let u = chance.unit()
        var value: Double
        if let exponent = paretoTail, u > 0.99 {
            value = median * Exponential.of(sigma * 2.326_347_874 - NaturalLogarithm.of((1 - u) / 0.01) / exponent)
        } else {
            value = median * Exponential.of(sigma * NormalQuantile.of(u))
        }
        return min(most, max(least, value))
    }
}

/// A share that differs from subscriber to subscriber.
public enum Share: Hashable, Sendable {
    /// The same for all.
    case fixed(Double)
    /// A beta distribution.
    case beta(Double, Double)

    /// The mean.
    public var mean: Double {
        switch self {
        case .fixed(let value): value
        case .beta(let alpha, let beta): alpha / (alpha + beta)
        }
    }

    /// One draw.
    func draw(_ chance: inout Chance) -> Double {
        switch self {
        case .fixed(let value): value
        case .beta(let alpha, let beta): chance.beta(alpha, beta)
        }
    }
}

/// A whole number by a table of ranges; within a range small numbers come more often, as 1/n.
public struct CountTable: Hashable, Sendable {
    /// One row.
    public struct Row: Hashable, Sendable {
        /// The numbers, from 1 on.
        public var range: ClosedRange<Int>
        /// The share of draws, by which rows are weighed against each other.
        public var share: Double

        /// A row.
        public init(_ range: ClosedRange<Int>, _ share: Double) {
            self.range = range
            self.share = share
        }
    }

    /// The rows, in the order in which they are tried: the most frequent first is fastest.
    public var rows: [Row]

    /// A table of rows.
    public init(_ rows: [Row]) { self.rows = rows }

    /// Always the same number.
    public init(always count: Int) { rows = [Row(count...count, 1)] }

    /// The sum of the shares.
    public var total: Double { rows.reduce(0) { $0 + $1.share } }

    /// The mean of the draws.
    public var mean: Double {
        let total = total
        return total > 0 ? rows.reduce(0) { $0 + $1.share * CountTable.mean($1.range) } / total : 0
    }

    /// The mean of the draws of one range.
    private static func mean(_ range: ClosedRange<Int>) -> Double {
        guard range.count > 1 else { return Double(range.lowerBound) }
        // A draw n has the probability ln((n+1)/n) / ln((b+1)/a), as `draw` makes it.
        let whole = NaturalLogarithm.of(Double(range.upperBound + 1) / Double(range.lowerBound))
        return range.reduce(0.0) { $0 + Double($1) * NaturalLogarithm.of(Double($1 + 1) / Double($1)) } / whole
    }

    /// One draw.
    func draw(_ chance: inout Chance) -> Int {
        guard rows.count > 1 || rows[0].range.count > 1 else { return rows[0].range.lowerBound }
        var left = chance.unit() * total
        for row in rows {
            left -= row.share
            if left < 0 { return CountTable.draw(row.range, &chance) }
        }
        return CountTable.draw(rows[rows.count - 1].range, &chance)
    }

    /// One draw of a range.
    private static func draw(_ range: ClosedRange<Int>, _ chance: inout Chance) -> Int {
        guard range.count > 1 else { return range.lowerBound }
        let lower = Double(range.lowerBound)
        let value = lower * Exponential.of(chance.unit() * NaturalLogarithm.of(Double(range.upperBound + 1) / lower))
        return min(range.upperBound, max(range.lowerBound, Int(value)))
    }
}

/// What a calibrated classifier says of texts: nats for spam against honest mail, as a mixture of normal distributions.
public struct ScoreMixture: Hashable, Sendable {
    /// One part of the mixture.
    public struct Part: Hashable, Sendable {
        /// The share of texts, by which parts are weighed against each other.
        public var share: Double
        /// The mean in nats.
        public var mean: Double
        /// The standard deviation in nats.
        public var deviation: Double
        /// The mean of an exponential number that is added, for a heavy tail towards spam; below 0 towards honest mail.
        public var tail: Double

        /// A part.
        public init(share: Double = 1, mean: Double, deviation: Double, tail: Double = 0) {
            self.share = share
            self.mean = mean
            self.deviation = deviation
            self.tail = tail
        }
    }

    /// The parts.
    public var parts: [Part]
    /// How far copies of one text lie apart: the standard deviation in nats of what a copy adds.
    public var jitter: Double

    /// The furthest a score goes from 0, in nats.
    public static let nats = 14.0

    /// A mixture.
    public init(_ parts: [Part], jitter: Double = 0.25) {
        self.parts = parts
        self.jitter = jitter
    }

    /// The mean in nats.
    public var mean: Double {
        let total = parts.reduce(0) { $0 + $1.share }
        return total > 0 ? parts.reduce(0) { $0 + $1.share * ($1.mean + $1.tail) } / total : 0
    }

    /// The score of one text, in nats.
    func draw(_ chance: inout Chance) -> Double {
        var left = chance.unit() * parts.reduce(0) { $0 + $1.share }
        var part = parts[parts.count - 1]
        for candidate in parts {
            left -= candidate.share
            if left < 0 {
                part = candidate
                break
            }
        }
        let tail = part.tail == 0 ? 0 : part.tail * chance.exponential()
        return part.mean + part.deviation * chance.normal() + tail
    }

    /// Nats as the thousandths that `Content.spamScore` holds.
    static func thousandths(_ score: Double) -> Int32 { Int32(max(-nats, min(nats, score)) * 1000) }
}

/// When in the day somebody sends: a bell around the person's own busiest hour, over a floor around the clock.
public struct HourProfile: Hashable, Sendable {
    /// The mean of the busiest hours, UTC.
    public var peak: Double
    /// How far they lie apart between subscribers: a standard deviation in hours.
    public var peakDeviation: Double
    /// The width of the bell: a standard deviation in hours.
    public var width: Double
    /// The share of mail that is spread evenly over the 24 hours.
    public var background: Double

    /// A profile.
    public init(peak: Double, peakDeviation: Double, width: Double, background: Double) {
        self.peak = peak
        self.peakDeviation = peakDeviation
        self.width = width
        self.background = background
    }

    /// Around the clock.
    public static let clock = HourProfile(peak: 12, peakDeviation: 6, width: 4, background: 1)
}
