// How sure one may be of a rate of which a few events were seen, weighed events included.

import MailTypes

/// Upper confidence ends of a rate. A bootstrap over few events repeats those few and knows of no other, so that its upper end
/// is too low; an interval of a rate takes the higher of the two.
public enum PoissonInterval {
    /// The upper end for a sum of weighed events, one weight each: 95 % by the rule of three where there was none, else the
    /// upper end of 95 % on two sides by Fay and Feuer's gamma interval (Statistics in Medicine 16, 1997). With equal weights
    /// that is the exact one (Garwood, Biometrika 28, 1936). `heaviest` is the weight that one unseen event may have.
    public static func upper(weights: [Double], heaviest: Double) -> Double {
        guard !weights.isEmpty else { return heaviest * BinomialInterval.ruleOfThree(1) }
        let most = max(heaviest, weights.max() ?? 0)
        let sum = weights.reduce(most, +)
        let variance = weights.reduce(most * most) { $0 + $1 * $1 }
        guard sum > 0 else { return 0 }
        return variance / sum * IncompleteGamma.inverse(0.975, sum * sum / variance)
    }
}

/// The regularised lower incomplete gamma function: the distribution function of a gamma variable of scale 1.
public enum IncompleteGamma {
    /// P(a, x): by its series below the mean, above it by Lentz's continued fraction; good to about 1e-12.
    public static func of(_ x: Double, _ a: Double) -> Double {
        precondition(a > 0)
        guard x > 0 else { return 0 }
        let front = Exponential.of(a * NaturalLogarithm.of(x) - x - LogGamma.of(a))
        if x < a + 1 {
            var (term, sum, n) = (1 / a, 1 / a, a)
            for _ in 0..<100_000 {
                n += 1
                term *= x / n
                sum += term
                if term < sum * 1e-16 { break }
            }
            return front * sum
        }
        var b = x + 1 - a
        var c = 1e300
        var d = 1 / b
        var result = d
        for n in 1...100_000 {
            let factor = -Double(n) * (Double(n) - a)
            b += 2
            d = 1 / (factor * d + b)
            c = b + factor / c
            result *= d * c
            if abs(d * c - 1) < 1e-15 { break }
        }
        return 1 - front * result
    }

    /// The x at which P(a, x) is this share, by halving.
    public static func inverse(_ share: Double, _ a: Double) -> Double {
        var (low, high) = (0.0, a + 10)
        while of(high, a) < share { high *= 2 }
        for _ in 0..<200 {
            let middle = (low + high) / 2
            if middle == low || middle == high { break }
            if of(middle, a) < share { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }
}
