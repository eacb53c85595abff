// How sure one may be of a share of which only a sample is known.

import MailTypes

/// A range that holds the unknown value with a stated confidence.
public struct Interval: Sendable, Equatable {
    /// The lower end.
    public var lower: Double
    /// The upper end.
    public var upper: Double

    /// A range.
    public init(_ lower: Double, _ upper: Double) {
        self.lower = lower
        self.upper = upper
    }
}

/// Confidence intervals of a share.
public enum BinomialInterval {
    /// The normal distribution's 97.5 % point, for 95 % on two sides.
    public static let normalPoint = 1.959_963_984_540_054

    /// Wilson's score interval at 95 % (JASA 22, 1927): near enough to 95 % at any size; never outside 0 … 1.
    public static func wilson(_ hits: Int, of tries: Int) -> Interval {
        precondition(hits >= 0 && hits <= tries)
        guard tries > 0 else { return Interval(0, 1) }
        let (n, share, square) = (Double(tries), Double(hits) / Double(tries), normalPoint * normalPoint)
        let middle = (share + square / (2 * n)) / (1 + square / n)
        let half = normalPoint / (1 + square / n) * (share * (1 - share) / n + square / (4 * n * n)).squareRoot()
        return Interval(hits == 0 ? 0 : max(0, middle - half), hits == tries ? 1 : min(1, middle + half))
    }

    /// Clopper and Pearson's interval (Biometrika 26, 1934): holds the share with at least this confidence, at the price of width.
    public static func clopperPearson(_ hits: Int, of tries: Int, confidence: Double = 0.95) -> Interval {
        precondition(hits >= 0 && hits <= tries && confidence > 0 && confidence < 1)
        guard tries > 0 else { return Interval(0, 1) }
        let tail = (1 - confidence) / 2
        let (k, n) = (Double(hits), Double(tries))
        return Interval(
            hits == 0 ? 0 : IncompleteBeta.inverse(tail, k, n - k + 1),
            hits == tries ? 1 : IncompleteBeta.inverse(1 - tail, k + 1, n - k))
    }

    /// The rule of three: where nothing was seen in so many trials (or so many years), the rate is below this at 95 %.
    public static func ruleOfThree(_ exposure: Double) -> Double { 3 / exposure }
}

/// The regularised incomplete beta function: the distribution function of Beta(a, b).
public enum IncompleteBeta {
    /// I_x(a, b) by its continued fraction (Lentz's method); good to about 1e-12.
    public static func of(_ x: Double, _ a: Double, _ b: Double) -> Double {
        precondition(a > 0 && b > 0)
        guard x > 0 else { return 0 }
        guard x < 1 else { return 1 }
        // The fraction converges fast below the mean; above it, the other tail is taken.
        if x > (a + 1) / (a + b + 2) { return 1 - of(1 - x, b, a) }
        let front = Exponential.of(
            LogGamma.of(a + b) - LogGamma.of(a) - LogGamma.of(b) + a * NaturalLogarithm.of(x)
                + b * NaturalLogarithm.ofOnePlus(-x))
        let tiny = 1e-300
        var c = 1.0
        var d = 1 - (a + b) * x / (a + 1)
        d = 1 / (abs(d) < tiny ? tiny : d)
        var result = d
        for m in 1...10_000 {
            let n = Double(m)
            for term in [
                n * (b - n) * x / ((a + 2 * n - 1) * (a + 2 * n)),
                -(a + n) * (a + b + n) * x / ((a + 2 * n) * (a + 2 * n + 1)),
            ] {
                d = 1 + term * d
                d = 1 / (abs(d) < tiny ? tiny : d)
                c = 1 + term / c
                if abs(c) < tiny { c = tiny }
                result *= d * c
            }
            if abs(d * c - 1) < 1e-15 { break }
        }
        return front * result / a
    }

    /// The x at which I_x(a, b) is this share, by halving.
    public static func inverse(_ share: Double, _ a: Double, _ b: Double) -> Double {
        var (low, high) = (0.0, 1.0)
        for _ in 0..<200 {
            let middle = (low + high) / 2
            if middle == low || middle == high { break }
            if of(middle, a, b) < share { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }
}
