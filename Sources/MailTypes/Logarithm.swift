// Logarithm and exponential on which every machine agrees: the C library's may differ in the last digit, and pure targets
// have no C library.

/// ln x from additions, multiplications and divisions alone, each of which IEEE 754 defines to the last bit.
///
/// The error stays below one unit in the last place (measured: 0.8 at most).
public enum NaturalLogarithm {
    /// The upper 32 bits of ln 2: its product with any exponent is exact.
    static let twoHigh = Double(bitPattern: 0x3FE6_2E42_FEE0_0000)
    /// What `twoHigh` leaves out.
    static let twoLow = 1.908_214_929_270_587_7e-10

    /// ln x; minus infinity at zero, not a number below.
    public static func of(_ x: Double) -> Double {
        guard x > 0, x < .infinity else { return x == 0 ? -.infinity : x == .infinity ? x : .nan }
        var exponent = x.exponent
        var mantissa = x.significand
        if mantissa > 1.414_213_562_373_095_1 {
            mantissa *= 0.5
            exponent += 1
        }
        return sum(mantissa - 1, 0, Double(exponent))
    }

    /// ln(1 + x), exact also where 1 + x would lose the digits of x.
    public static func ofOnePlus(_ x: Double) -> Double {
        if x > -0.29, x < 0.41 { return sum(x, 0, 0) }
        return of(1 + x)
    }

    /// exponent · ln 2 + ln(1 + f) for 1 + f from √½ to √2: with s = f / (2 + f), ln(1 + f) is twice the inverse hyperbolic
    /// tangent of s, arranged so that only a small part of the sum is rounded.
    private static func sum(_ f: Double, _ rest: Double, _ exponent: Double) -> Double {
        let s = f / (2 + f)
        let square = s * s
        // 2/3 + 2/5 s² + 2/7 s⁴ + …; s² is at most 0.0295, so that the eleventh term is below 1e-17.
        var series = 2.0 / 23
        var odd = 21.0
        while odd >= 3 {
            series = 2 / odd + square * series
            odd -= 2
        }
        let half = 0.5 * f * f
        let small = s * (half + square * series) + (rest + exponent * twoLow)
        return exponent * twoHigh - ((half - small) - f)
    }
}

/// e^x from additions, multiplications and divisions alone.
///
/// The error stays below one unit in the last place (measured: 0.8 at most); results below 2^-1022 are rounded twice.
public enum Exponential {
    /// e^x: infinity above 709.78, zero below -745.13.
    public static func of(_ x: Double) -> Double {
        guard x == x else { return x }
        guard x <= 709.782_712_893_384 else { return .infinity }
        guard x >= -745.2 else { return 0 }
        // x = twos · ln 2 + r, |r| ≤ 0.347, r in two parts.
        let twos = (x * 1.442_695_040_888_963_4).rounded()
        let high = x - twos * NaturalLogarithm.twoHigh
        let low = twos * NaturalLogarithm.twoLow
        let r = high - low
        let lost = (high - r) - low
        // 1/2 + r/6 + r²/24 + …: the fourteenth power is below 1e-17.
        var series = 1.0 / 15
        var n = 14.0
        while n >= 3 {
            series = (1 + r * series) / n
            n -= 1
        }
        let power = 1 + (r + (r * r * (0.5 * (1 + r * series)) + lost * (1 + r)))
        // In two steps, as 2^1024 is no number although the product may be one.
        let first = Int(twos) / 2
        return power * Double(sign: .plus, exponent: first, significand: 1)
            * Double(sign: .plus, exponent: Int(twos) - first, significand: 1)
    }
}
