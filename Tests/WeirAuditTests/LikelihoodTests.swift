// Log-likelihoods against known values, and against probabilities that add up to one.

import Foundation
import MailTypes
import Testing

@testable import WeirAudit

@Suite struct LikelihoodTests {
    @Test(arguments: [(3.0, 5.0), (0.3, 20), (2, 14), (9, 1), (0.5, 0.5)])
    func betaBinomialAddsUpToOne(a: Double, b: Double) {
        for tries in [1, 7, 40] {
            var sum = 0.0
            for hits in 0...tries {
                let choose =
                    LogGamma.of(Double(tries + 1)) - LogGamma.of(Double(hits + 1))
                    - LogGamma.of(Double(tries - hits + 1))
                sum += Foundation.exp(choose + Likelihood.betaBinomial(hits, of: tries, a, b))
            }
            #expect(abs(sum - 1) < 1e-8)
        }
    }

    @Test func aFlatBetaMakesEachCountAsLikely() {
        for hits in 0...9 {
            let choose =
                LogGamma.of(10) - LogGamma.of(Double(hits + 1)) - LogGamma.of(Double(10 - hits))
            #expect(abs(choose + Likelihood.betaBinomial(hits, of: 9, 1, 1) - Foundation.log(0.1)) < 1e-9)
        }
    }

    @Test(arguments: [(0.4, 0.5), (10.4, 1), (3, 2)]) func negativeBinomialHasItsMean(mean: Double, shape: Double) {
        var (sum, first) = (0.0, 0.0)
        for count in 0..<2000 {
            let p = Foundation.exp(
                Likelihood.negativeBinomial(count, mean: mean, shape: shape) - LogGamma.of(Double(count + 1)))
            sum += p
            first += p * Double(count)
        }
        #expect(abs(sum - 1) < 1e-7)
        #expect(abs(first - mean) < 1e-6 * max(1, mean))
    }

    @Test func sumsAndMixturesAreThoseOfProbabilities() {
        for (a, b) in [(-1.0, -2.0), (-300, -301), (-5, -500), (0, 0)] {
            let expected = max(a, b) + Foundation.log1p(Foundation.exp(-abs(a - b)))
            #expect(abs(Likelihood.logSum(a, b) - expected) < 1e-10)
            #expect(Likelihood.logSum(a, b) == Likelihood.logSum(b, a))
        }
        #expect(abs(Likelihood.mixture(-3, 0.25, -3) + 3) < 1e-10)
        #expect(abs(Likelihood.mixture(-500, 0.75, -2) - (-2 + Foundation.log(0.25))) < 1e-10)
    }
}
