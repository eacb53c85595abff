// The logarithm of the gamma function, from which the probabilities of counts are made.

/// ln Γ(x).
public enum LogGamma {
    /// Stirling's series from 1/z to 1/z¹⁵: B(2k) / (2k (2k - 1)).
    private static let coefficients: [Double] = [
        1.0 / 12, -1.0 / 360, 1.0 / 1260, -1.0 / 1680, 1.0 / 1188, -691.0 / 360_360, 1.0 / 156, -3617.0 / 122_400,
    ]

    /// ln Γ(x) for x > 0, to 1e-13 of the larger of 1 and the value: Stirling's series from 12 up, the recurrence below.
    public static func of(_ x: Double) -> Double {
        precondition(x > 0, "the gamma function is asked for above zero only")
        // Near the two zeros of ln Γ the sum of large terms would cancel: Γ is 1 there.
        if x == 1 || x == 2 { return 0 }
        var product = 1.0
        var z = x
        while z < 12 {
            product *= z
            z += 1
        }
        let inverse = 1 / z
        let square = inverse * inverse
        var series = 0.0
        for coefficient in coefficients.reversed() { series = series * square + coefficient }
        return (z - 0.5) * NaturalLogarithm.of(z) - z + 0.918_938_533_204_672_8 + series * inverse
            - NaturalLogarithm.of(product)
    }
}
