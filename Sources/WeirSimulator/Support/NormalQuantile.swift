// The quantile of the normal distribution from additions, multiplications and divisions alone, so that every machine draws the
// same numbers.

import MailTypes

/// The standard normal distribution's quantile.
enum NormalQuantile {
    /// The z below which a standard normal number lies with probability `p`, 0 < p < 1 (Acklam 2003, error below 1.2e-9).
    static func of(_ p: Double) -> Double {
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
        let q = (-2 * NaturalLogarithm.of(max(p, 1e-300))).squareRoot()
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
