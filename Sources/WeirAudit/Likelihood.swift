// How much likelier some counts are under one account of things than under another, in nats.

import WeirEngine

/// Log-likelihoods of counts.
enum Likelihood {
    /// ln Γ(x) for x > 0: Stirling's series from 8 up, the recurrence below; good to ten digits.
    static func logGamma(_ x: Double) -> Double {
        var product = 1.0
        var z = x
        while z < 8 {
            product *= z
            z += 1
        }
        let inverse = 1 / z
        let square = inverse * inverse
        let series = inverse * (1.0 / 12 - square * (1.0 / 360 - square * (1.0 / 1260 - square / 1680)))
        return (z - 0.5) * logarithm(z) - z + 0.918_938_533_204_672_8 + series - logarithm(product)
    }

    /// ln x for x > 0.
    static func logarithm(_ x: Double) -> Double { x < 1 ? -NaturalLogarithm.of(1 / x) : NaturalLogarithm.of(x) }

    /// ln of the probability of `hits` among `tries` where each try hits with a probability that is itself Beta(a, b),
    /// without the binomial coefficient, which cancels in a ratio.
    static func betaBinomial(_ hits: Int, of tries: Int, _ a: Double, _ b: Double) -> Double {
        let (k, n) = (Double(hits), Double(tries))
        return logGamma(k + a) + logGamma(n - k + b) - logGamma(n + a + b)
            - (logGamma(a) + logGamma(b) - logGamma(a + b))
    }

    /// ln of the probability of a count whose rate is itself Gamma with that mean and shape, without the factor 1 / count!,
    /// which cancels in a ratio. The smaller the shape, the wider the spread.
    static func negativeBinomial(_ count: Int, mean: Double, shape: Double) -> Double {
        let n = Double(count)
        return logGamma(n + shape) - logGamma(shape) + shape * logarithm(shape / (shape + mean))
            + n * logarithm(mean / (shape + mean))
    }

    /// ln(share · e^a + (1 - share) · e^b), for a share between 0 and 1.
    static func mixture(_ a: Double, _ share: Double, _ b: Double) -> Double {
        logSum(a + logarithm(share), b + logarithm(1 - share))
    }

    /// ln(e^a + e^b).
    static func logSum(_ a: Double, _ b: Double) -> Double {
        let (high, low) = (max(a, b), min(a, b))
        return high - low > 40 ? high : high + logarithm(1 + exponential(low - high))
    }

    /// e^x for x ≤ 0, by halving and the series: the C library's may differ between machines.
    static func exponential(_ x: Double) -> Double {
        guard x > -40 else { return 0 }
        var halvings = 0
        var rest = x
        while rest < -0.5 {
            rest /= 2
            halvings += 1
        }
        var term = 1.0
        var sum = 1.0
        for n in 1..<16 {
            term *= rest / Double(n)
            sum += term
        }
        for _ in 0..<halvings { sum *= sum }
        return sum
    }
}
