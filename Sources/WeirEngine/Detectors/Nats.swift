// Logarithms and likelihoods as detectors use them: the same on every machine.

import MailTypes

/// Functions of evidence.
enum Nats {
    /// ln x for x > 0.
    static func ln(_ x: Double) -> Double { x < 1 ? -NaturalLogarithm.of(1 / x) : NaturalLogarithm.of(x) }

    /// e^x, for |x| below 40; beyond, the bound.
    static func exp(_ x: Double) -> Double {
        if x > 0 { return 1 / exp(-x) }
        guard x > -40 else { return 4.25e-18 }
        var halvings = 0
        var rest = x
        while rest < -0.5 {
            rest /= 2
            halvings += 1
        }
        var term = 1.0
        var sum = 1.0
        for n in 1..<14 {
            term *= rest / Double(n)
            sum += term
        }
        for _ in 0..<halvings { sum *= sum }
        return sum
    }

    /// ln Γ(x) for x > 0: Stirling's series from 8 up, the recurrence below; good to ten digits.
    static func lnGamma(_ x: Double) -> Double {
        var product = 1.0
        var z = x
        while z < 8 {
            product *= z
            z += 1
        }
        let inverse = 1 / z
        let square = inverse * inverse
        let series = inverse * (1.0 / 12 - square * (1.0 / 360 - square * (1.0 / 1260 - square / 1680)))
        return (z - 0.5) * ln(z) - z + 0.918_938_533_204_672_8 + series - ln(product)
    }

    /// ln of the probability of `hits` among `tries`, both decayed counts, where each try hits with a probability that is
    /// itself Beta(a, b); without the binomial coefficient, which cancels in a ratio.
    static func betaBinomial(_ hits: Double, of tries: Double, _ a: Double, _ b: Double) -> Double {
        lnGamma(hits + a) + lnGamma(tries - hits + b) - lnGamma(tries + a + b)
            - (lnGamma(a) + lnGamma(b) - lnGamma(a + b))
    }
}

extension Float {
    /// The value, or the nearest bound.
    func clipped(_ low: Float, _ high: Float) -> Float { Swift.min(high, Swift.max(low, self)) }
}
