// How much likelier some counts are under one account of things than under another, in nats.

import MailTypes
import WeirEngine

/// Log-likelihoods of counts.
enum Likelihood {
    /// ln of the probability of `hits` among `tries` where each try hits with a probability that is itself Beta(a, b),
    /// without the binomial coefficient, which cancels in a ratio.
    static func betaBinomial(_ hits: Int, of tries: Int, _ a: Double, _ b: Double) -> Double {
        BetaBinomial(a, b).logMarginal(hits, of: tries)
    }

    /// ln of the probability of a count whose rate is itself Gamma with that mean and shape, without the factor 1 / count!,
    /// which cancels in a ratio. The smaller the shape, the wider the spread.
    static func negativeBinomial(_ count: Int, mean: Double, shape: Double) -> Double {
        NegativeBinomial(mean: mean, shape: shape).logMarginal(count)
    }

    /// ln(share · e^a + (1 - share) · e^b), for a share between 0 and 1.
    static func mixture(_ a: Double, _ share: Double, _ b: Double) -> Double {
        logSum(a + NaturalLogarithm.of(share), b + NaturalLogarithm.of(1 - share))
    }

    /// ln(e^a + e^b).
    static func logSum(_ a: Double, _ b: Double) -> Double {
        let (high, low) = (max(a, b), min(a, b))
        return high - low > 40 ? high : high + NaturalLogarithm.ofOnePlus(Exponential.of(low - high))
    }
}
