// How probable a count is where its rate is itself uncertain: failures among results, recipients in an hour.

import MailTypes

/// Hits among tries where each subscriber's probability of a hit is itself drawn from Beta(a, b).
///
/// The honest null of failures: most lists are clean and some are stale, so that ten failures of one sender are far less
/// surprising than ten failures of ten senders (methods.md 8b.5).
public struct BetaBinomial: Sendable, Equatable {
    /// Hits of the prior, above zero.
    public var a: Double
    /// Misses of the prior, above zero.
    public var b: Double

    /// The distribution of that prior.
    public init(_ a: Double, _ b: Double) {
        precondition(a > 0 && b > 0)
        self.a = a
        self.b = b
    }

    /// ln of the marginal likelihood of one given order of hits and misses: without the binomial coefficient, which cancels in
    /// a ratio.
    public func logMarginal(_ hits: Int, of tries: Int) -> Double { logMarginal(Double(hits), of: Double(tries)) }

    /// The same for counts that decay, and are no whole numbers.
    public func logMarginal(_ k: Double, of n: Double) -> Double {
        precondition(k >= 0 && k <= n)
        return LogGamma.of(k + a) + LogGamma.of(n - k + b) - LogGamma.of(n + a + b)
            - (LogGamma.of(a) + LogGamma.of(b) - LogGamma.of(a + b))
    }

    /// ln of the probability of so many hits, in any order.
    public func logProbability(_ hits: Int, of tries: Int) -> Double {
        let (k, n) = (Double(hits), Double(tries))
        return LogGamma.of(n + 1) - LogGamma.of(k + 1) - LogGamma.of(n - k + 1) + logMarginal(hits, of: tries)
    }

    /// The probability of at least so many hits; the work grows with the tries.
    public func upperTail(_ hits: Int, of tries: Int) -> Double {
        guard hits > 0 else { return 1 }
        guard hits <= tries else { return 0 }
        let n = Double(tries)
        var term = Exponential.of(logProbability(hits, of: tries))
        var sum = term
        for hit in hits..<tries {
            let k = Double(hit)
            term *= (n - k) / (k + 1) * ((k + a) / (n - k - 1 + b))
            sum += term
        }
        return min(1, sum)
    }
}

/// A count whose rate is itself drawn from a gamma distribution with this mean and shape; the smaller the shape, the wider.
public struct NegativeBinomial: Sendable, Equatable {
    /// The mean, above zero.
    public var mean: Double
    /// The shape of the rate's distribution, above zero; the variance is mean + mean² / shape.
    public var shape: Double

    /// The distribution of that mean and shape.
    public init(mean: Double, shape: Double) {
        precondition(mean > 0 && shape > 0)
        self.mean = mean
        self.shape = shape
    }

    /// ln of the probability of a count without the factor 1 / count!, which cancels in a ratio.
    public func logMarginal(_ count: Int) -> Double {
        precondition(count >= 0)
        let n = Double(count)
        return LogGamma.of(n + shape) - LogGamma.of(shape) + shape * NaturalLogarithm.of(shape / (shape + mean))
            + n * NaturalLogarithm.of(mean / (shape + mean))
    }

    /// ln of the probability of a count.
    public func logProbability(_ count: Int) -> Double { logMarginal(count) - LogGamma.of(Double(count) + 1) }

    /// The probability of at least so many. Below the mean it is one minus the rest, above it a sum of its own that keeps the
    /// digits of small tails and ends where nothing is added any more, at the latest after a million terms.
    public func upperTail(_ count: Int) -> Double {
        guard count > 0 else { return 1 }
        let odds = mean / (shape + mean)
        if Double(count) <= mean {
            var term = Exponential.of(logProbability(0))
            var sum = 0.0
            for k in 0..<count {
                sum += term
                term *= (Double(k) + shape) / Double(k + 1) * odds
            }
            return max(0, 1 - sum)
        }
        var term = Exponential.of(logProbability(count))
        var sum = 0.0
        for k in count..<(count + 1_000_000) {
            sum += term
            term *= (Double(k) + shape) / Double(k + 1) * odds
            if term < sum * 1e-17 { break }
        }
        return min(1, sum)
    }
}
