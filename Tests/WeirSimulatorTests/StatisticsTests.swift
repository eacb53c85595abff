// Tails, intervals, quantiles and the bootstrap against values of other programs and against what they must obey.

import MailTypes
import Testing
import WeirEngine
import WeirSimulator

@Suite("CountDistributions") struct CountDistributionTests {
    @Test(
        "beta-binomial tails",
        arguments: [
            (1, 5, 1.0, 1.0, 0.833_333_333_333_333_4), (8, 20, 0.3, 20, 0.000_195_834_531_217_957_92),
            (12, 100, 2, 14, 0.468_028_430_365_214_5), (30, 100, 2, 14, 0.047_227_677_805_793_955),
            (50, 400, 0.3, 20, 0.011_325_093_158_427_684), (20, 20, 3, 5, 0.000_260_126_347_082_868_8),
        ]) func betaBinomial(hits: Int, tries: Int, a: Double, b: Double, known: Double)
    {
        #expect(abs(BetaBinomial(a, b).upperTail(hits, of: tries) / known - 1) < 1e-10)
    }

    @Test(
        "negative binomial tails",
        arguments: [
            (1, 2.5, 0.5, 0.591_751_709_536_137), (10, 2.5, 0.5, 0.059_265_535_446_570_476),
            (100, 2.5, 0.5, 1.628_070_910_373_946_3e-09), (3, 10.4, 1, 0.759_251_159_601_064_8),
            (60, 10.4, 1, 0.004_052_371_737_029_398), (40, 20, 5, 0.044_010_207_249_240_25),
            (200, 20, 5, 5.044_494_705_420_838e-15), (5, 1000, 0.3, 0.844_968_688_256_881_7),
        ]) func negativeBinomial(count: Int, mean: Double, shape: Double, known: Double)
    {
        #expect(abs(NegativeBinomial(mean: mean, shape: shape).upperTail(count) / known - 1) < 1e-10)
    }

    @Test("probabilities add up to one") func sums() {
        for tries in [1, 7, 40] {
            let sum = (0...tries).reduce(0.0) {
                $0 + Exponential.of(BetaBinomial(0.3, 20).logProbability($1, of: tries))
            }
            #expect(abs(sum - 1) < 1e-12)
        }
        let rate = NegativeBinomial(mean: 10.4, shape: 1)
        #expect(abs((0..<1000).reduce(0.0) { $0 + Exponential.of(rate.logProbability($1)) } - 1) < 1e-11)
        #expect(BetaBinomial(1, 1).upperTail(0, of: 3) == 1 && BetaBinomial(1, 1).upperTail(4, of: 3) == 0)
        #expect(rate.upperTail(0) == 1)
    }
}

@Suite("BinomialInterval") struct BinomialIntervalTests {
    @Test(
        "Clopper-Pearson and Wilson at 95 %",
        arguments: [
            (0, 10, 0.0, 0.308_497_107_818_760_7, 0.0, 0.277_532_799_862_889_2),
            (
                1, 10, 0.002_528_578_544_461_784_8, 0.445_016_117_028_195_4, 0.017_876_213_095_072_87,
                0.404_150_026_795_238_5
            ),
            (5, 10, 0.187_086_028_447_398_55, 0.812_913_971_552_601_5, 0.236_593_090_512_564, 0.763_406_909_487_436_1),
            (
                3, 986, 0.000_627_896_565_343_731_6, 0.008_865_786_185_591_433, 0.001_035_285_167_557_98,
                0.008_907_174_539_498_22
            ),
            (0, 30_000, 0, 0.000_122_955_088_873_857_58, 0, 0.000_128_032_233_004_777_19),
            (
                30, 30_000, 0.000_674_794_331_691_667_6, 0.001_427_256_965_171_726_4, 0.000_700_589_463_182_839_7,
                0.001_427_186_705_355_928
            ),
            (10, 10, 0.691_502_892_181_239_2, 1, 0.722_467_200_137_110_7, 1),
            (
                110, 132, 0.758_609_086_254_429_9, 0.892_504_216_996_672, 0.760_531_198_823_627_7,
                0.887_282_809_977_300_1
            ),
        ] as [(Int, Int, Double, Double, Double, Double)])
    func interval(hits: Int, tries: Int, low: Double, high: Double, wilsonLow: Double, wilsonHigh: Double) {
        let exact = BinomialInterval.clopperPearson(hits, of: tries)
        #expect(abs(exact.lower - low) < 1e-10 && abs(exact.upper - high) < 1e-10)
        let wilson = BinomialInterval.wilson(hits, of: tries)
        #expect(abs(wilson.lower - wilsonLow) < 1e-12 && abs(wilson.upper - wilsonHigh) < 1e-12)
    }

    @Test(
        "the incomplete beta function",
        arguments: [
            (0.1, 2.0, 3.0, 0.0523), (0.5, 0.5, 0.5, 0.5), (0.9, 2, 14, 0.999_999_999_999_864),
            (0.3, 100, 200, 0.108_843_065_644_909_75), (1e-05, 0.3, 20, 0.086_095_853_602_911_14),
        ]) func incompleteBeta(x: Double, a: Double, b: Double, known: Double)
    {
        #expect(abs(IncompleteBeta.of(x, a, b) - known) < 1e-11)
        #expect(abs(IncompleteBeta.inverse(known, a, b) / x - 1) < 1e-6 || known > 0.999)
    }

    @Test("nothing seen, nothing known") func empty() {
        #expect(BinomialInterval.wilson(0, of: 0) == Interval(0, 1))
        #expect(BinomialInterval.clopperPearson(0, of: 0) == Interval(0, 1))
        // 0 in 1,726 subscriber-years: below 1.7 per 1,000 (methods.md 8).
        #expect(printed(1000 * BinomialInterval.ruleOfThree(986 + 740), 1) == 1.7)
    }
}

@Suite("ClusterBootstrap") struct ClusterBootstrapTests {
    @Test("quantiles by nearest rank") func quantiles() throws {
        let row = try #require(QuantileRow([5, 1, 4, 2, 3]))
        #expect(row.median == 3 && row.p95 == 5 && row.max == 5)
        let hundred = try #require(QuantileRow((1...100).map(Double.init)))
        #expect(hundred.median == 50 && hundred.p95 == 95 && hundred.max == 100)
        #expect(QuantileRow([]) == nil)
        #expect(Quantile.of([7], 0.01) == 7 && Quantile.of([1, 2], 0) == 1 && Quantile.of([1, 2], 1) == 2)
    }

    @Test("the same seed, the same interval") func seeded() {
        let sample = (0..<50).map { Double($0 * $0 % 17) }
        func mean(_ bootstrap: ClusterBootstrap) -> Interval? {
            bootstrap.interval(clusters: 50) { drawn in drawn.reduce(0) { $0 + sample[$1] } / 50 }
        }
        let bootstrap = ClusterBootstrap(replicates: 200, seed: 5, confidence: 0.95)
        #expect(mean(bootstrap) == mean(bootstrap))
        #expect(mean(bootstrap) != mean(ClusterBootstrap(replicates: 200, seed: 6, confidence: 0.95)))
        #expect(bootstrap.interval(clusters: 0) { _ in 0 } == nil)
    }

    @Test("of independent observations it is the normal interval") func width() throws {
        var random = SeededGenerator(seed: 9)
        let sample = (0..<400).map { _ in Double.random(in: 0..<1, using: &random) }
        let interval = try #require(
            ClusterBootstrap(replicates: 600, seed: 2, confidence: 0.95).interval(clusters: 400) { drawn in
                drawn.reduce(0) { $0 + sample[$1] } / 400
            })
        // 2 · 1.96 · √(1/12 / 400) = 0.0566.
        #expect(abs((interval.upper - interval.lower) / 0.0566 - 1) < 0.15)
        #expect(interval.lower < 0.53 && interval.upper > 0.47)
    }

    @Test("observations that hang together widen it") func clusters() throws {
        // 40 subscribers with ten equal observations each: as wide as 40 observations, not 400.
        var random = SeededGenerator(seed: 10)
        let each = (0..<40).map { _ in Double.random(in: 0..<1, using: &random) }
        let bootstrap = ClusterBootstrap(replicates: 400, seed: 2, confidence: 0.95)
        let together = try #require(
            bootstrap.interval(clusters: 40) { drawn in drawn.reduce(0) { $0 + each[$1] } / 40 })
        let apart = try #require(
            bootstrap.interval(clusters: 400) { drawn in drawn.reduce(0) { $0 + each[$1 / 10] } / 400 })
        let ratio = (together.upper - together.lower) / (apart.upper - apart.lower)
        #expect(ratio > 2.4 && ratio < 4)
    }

    @Test("95 % of the intervals hold the truth") func coverage() {
        var random = SeededGenerator(seed: 21)
        var held = 0
        for round in UInt64(0)..<150 {
            let sample = (0..<120).map { _ in Double.random(in: 0..<1, using: &random) }
            let interval = ClusterBootstrap(replicates: 200, seed: round, confidence: 0.95)
                .interval(clusters: 120) { drawn in drawn.reduce(0) { $0 + sample[$1] } / 120 }
            if let interval, interval.lower <= 0.5, interval.upper >= 0.5 { held += 1 }
        }
        #expect(held >= 132 && held <= 149)
    }
}
