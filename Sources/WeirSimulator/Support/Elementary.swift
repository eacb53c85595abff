// Functions of the C library's mathematics from additions, multiplications and divisions alone, so that every machine
// draws the same numbers.

/// Exponential, logarithm and normal quantile.
enum Elementary {
    /// e^x, relative error below 1e-14; x is held between -700 and 700.
    static func exp(_ given: Double) -> Double {
        let x = max(-700, min(700, given))
        let scaled = x * 1.442_695_040_888_963_4
        let twos = Int(scaled + (scaled < 0 ? -0.5 : 0.5))
        let r = x - Double(twos) * 0.693_147_180_369_123_8 - Double(twos) * 1.908_214_929_270_587_7e-10
        var sum = 1.0 / 479_001_600
        sum = sum * r + 1.0 / 39_916_800
        sum = sum * r + 1.0 / 3_628_800
        sum = sum * r + 1.0 / 362_880
        sum = sum * r + 1.0 / 40_320
        sum = sum * r + 1.0 / 5040
        sum = sum * r + 1.0 / 720
        sum = sum * r + 1.0 / 120
        sum = sum * r + 1.0 / 24
        sum = sum * r + 1.0 / 6
        sum = sum * r + 0.5
        sum = sum * r + 1
        sum = sum * r + 1
        return sum * Double(bitPattern: UInt64(1023 + twos) << 52)
    }

    /// ln x for a positive, normal x; relative error below 1e-14.
    static func ln(_ x: Double) -> Double {
        let bits = x.bitPattern
        var twos = Int((bits >> 52) & 0x7FF) - 1023
        var mantissa = Double(bitPattern: bits & 0x000F_FFFF_FFFF_FFFF | 0x3FF0_0000_0000_0000)
        if mantissa > 1.414_213_562_373_095 {
            mantissa /= 2
            twos += 1
        }
        let t = (mantissa - 1) / (mantissa + 1)
        let s = t * t
        var sum = 1.0 / 19
        sum = sum * s + 1.0 / 17
        sum = sum * s + 1.0 / 15
        sum = sum * s + 1.0 / 13
        sum = sum * s + 1.0 / 11
        sum = sum * s + 1.0 / 9
        sum = sum * s + 1.0 / 7
        sum = sum * s + 1.0 / 5
        sum = sum * s + 1.0 / 3
        sum = sum * s + 1
        return Double(twos) * 0.693_147_180_559_945_3 + 2 * t * sum
    }

    /// The z below which a standard normal number lies with probability `p`, 0 < p < 1 (Acklam 2003, error below 1.2e-9).
    static func normalQuantile(_ p: Double) -> Double {
        if p < 0.02425 { return tail(p) }
        if p > 0.97575 { return -tail(1 - p) }
        let q = p - 0.5
        let r = q * q
        var above = -39.696_830_286_653_76
        above = above * r + 220.946_098_424_520_5
        above = above * r - 275.928_510_446_968_7
        above = above * r + 138.357_751_867_269
        above = above * r - 30.664_798_066_147_16
        above = above * r + 2.506_628_277_459_239
        var below = -54.476_098_798_224_06
        below = below * r + 161.585_836_858_040_9
        below = below * r - 155.698_979_859_886_6
        below = below * r + 66.801_311_887_719_72
        below = below * r - 13.280_681_552_885_72
        below = below * r + 1
        return above * q / below
    }

    /// The lower tail of the normal quantile.
    private static func tail(_ p: Double) -> Double {
        let q = (-2 * ln(max(p, 1e-300))).squareRoot()
        var above = -0.007_784_894_002_430_293
        above = above * q - 0.322_396_458_041_136_5
        above = above * q - 2.400_758_277_161_838
        above = above * q - 2.549_732_539_343_734
        above = above * q + 4.374_664_141_464_968
        above = above * q + 2.938_163_982_698_783
        var below = 0.007_784_695_709_041_462
        below = below * q + 0.322_467_129_070_039_8
        below = below * q + 2.445_134_137_142_996
        below = below * q + 3.754_408_661_907_416
        below = below * q + 1
        return above / below
    }
}
