// How far two places on the earth are apart, from operations on which every machine agrees.

/// Distances along great circles of a sphere; the earth is one within 0.6 %.
enum GreatCircle {
    /// The earth's mean radius in kilometres.
    private static let radius = 6371.0
    /// π / 180, divided by the hundredths in which angles are given.
    private static let radiansPerHundredth = 1.745_329_251_994_329_6e-4
    /// π / 2.
    private static let quarter = 1.570_796_326_794_896_6

    /// Kilometres between two places given in hundredths of a degree; 1 off at most, and the earth's own 0.6 %.
    static func kilometres(_ a: (latitude: Int16, longitude: Int16), _ b: (latitude: Int16, longitude: Int16)) -> Double
    {
        let first = Double(a.latitude) * radiansPerHundredth
        let second = Double(b.latitude) * radiansPerHundredth
        var across = Swift.abs(Double(a.longitude) - Double(b.longitude))
        if across > 18_000 { across = 36_000 - across }
        let up = sine((first - second) / 2)
        let side = sine(across * radiansPerHundredth / 2)
        // The haversine of the angle between them; a rounding may put it above 1.
        let haversine = up * up + sine(quarter - first) * sine(quarter - second) * side * side
        return 2 * radius * arcSine(Swift.min(1, haversine).squareRoot())
    }

    /// sin x for x from -π to π, to 1e-9.
    private static func sine(_ x: Double) -> Double {
        let folded = x > quarter ? 2 * quarter - x : x < -quarter ? -2 * quarter - x : x
        let square = folded * folded
        var series = 1.0
        var n = 13.0
        while n > 1 {
            series = 1 - series * square / (n * (n - 1))
            n -= 2
        }
        return folded * series
    }

    /// The arc whose sine is x, from 0 to 1, to 7e-5 (Abramowitz and Stegun 4.4.45).
    private static func arcSine(_ x: Double) -> Double {
        let polynomial = 1.570_728_8 + x * (-0.212_114_4 + x * (0.074_261_0 - x * 0.018_729_3))
        return Swift.max(0, quarter - (1 - x).squareRoot() * polynomial)
    }
}
