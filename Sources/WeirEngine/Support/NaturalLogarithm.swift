// The logarithm on which every machine agrees.

/// ln x.
public enum NaturalLogarithm {
    /// ln x for x ≥ 1 from additions, multiplications and divisions alone: the C library's may differ between machines.
    public static func of(_ x: Double) -> Double {
        var mantissa = x
        var twos = 0.0
        while mantissa >= 1.5 {
            mantissa /= 2
            twos += 1
        }
        let ratio = (mantissa - 1) / (mantissa + 1)
        let square = ratio * ratio
        var term = ratio
        var sum = 0.0
        for odd in 0..<16 {
            sum += term / Double(2 * odd + 1)
            term *= square
        }
        return twos * 0.693_147_180_559_945_3 + 2 * sum
    }
}
