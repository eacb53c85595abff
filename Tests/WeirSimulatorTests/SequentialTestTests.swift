// SPOT's test against the table of methods.md 1.1: every printed number, to its printed digits.
//
// All of the table is reproduced. Two things to know when reading it: the table brackets Wald's value for E[N|H0] in its first
// row only, the others follow here from the same formula; and where the paper writes A and B it means Wald's B and A.

import Testing
import WeirSimulator

/// A number as a table prints it: rounded to so many digits after the point.
func printed(_ value: Double, _ digits: Int) -> Double {
    var scale = 1.0
    for _ in 0..<abs(digits) { scale *= 10 }
    return digits >= 0 ? (value * scale).rounded() / scale : (value / scale).rounded() * scale
}

@Suite("SequentialTest") struct SequentialTestTests {
    /// One row of the table's left half.
    struct MeanRow: Sendable {
        /// θ₀ and θ₁.
        var shares: (Double, Double)
        /// E[N|H1] and E[N|H0], two digits.
        var exact: (Double, Double)
        /// Wald's E[N|H1], printed, and E[N|H0], printed in the first row and computed by the same formula in the others.
        var wald: (Double, Double)
    }

    /// The left half.
    static let means = [
        MeanRow(shares: (0.2, 0.9), exact: (5.00, 4.12), wald: (3.93, 3.30)),
        MeanRow(shares: (0.2, 0.8), exact: (6.61, 6.61), wald: (5.41, 5.41)),
        MeanRow(shares: (0.2, 0.7), exact: (8.89, 9.13), wald: (7.73, 8.43)),
        MeanRow(shares: (0.1, 0.9), exact: (3.74, 3.74), wald: (2.56, 2.56)),
        MeanRow(shares: (0.3, 0.9), exact: (6.49, 5.23), wald: (5.67, 4.36)),
        MeanRow(shares: (0.4, 0.9), exact: (8.79, 7.17), wald: (8.18, 6.00)),
    ]

    @Test("mean run lengths, exact and by Wald's approximation", arguments: means) func mean(row: MeanRow) {
        let test = SequentialTest(
            flaggedWhenHonest: row.shares.0, flaggedWhenTaken: row.shares.1, alpha: 0.01, beta: 0.01)
        #expect(printed(test.runLength(flagged: row.shares.1).mean, 2) == row.exact.0)
        #expect(printed(test.runLength(flagged: row.shares.0).mean, 2) == row.exact.1)
        #expect(printed(test.waldMeanWhenTaken, 2) == row.wald.0)
        #expect(printed(test.waldMeanWhenHonest, 2) == row.wald.1)
    }

    /// One row of the table's right half.
    struct FlagRow: Sendable {
        /// The true probability of a flag.
        var flagged: Double
        /// P(alarm) per test, and to how many digits after the point it is printed.
        var alarm: (Double, Int)
        /// E[N], two digits.
        var mean: Double
        /// Alarms a year at ten messages a day, and the digits.
        var yearly: (Double, Int)
    }

    /// The right half.
    static let flags = [
        FlagRow(flagged: 0.01, alarm: (1.0e-8, 9), mean: 3.03, yearly: (1e-5, 5)),
        FlagRow(flagged: 0.05, alarm: (7.6e-6, 7), mean: 3.17, yearly: (0.009, 3)),
        FlagRow(flagged: 0.10, alarm: (1.5e-4, 5), mean: 3.41, yearly: (0.16, 2)),
        FlagRow(flagged: 0.20, alarm: (3.3e-3, 4), mean: 4.12, yearly: (2.9, 1)),
        FlagRow(flagged: 0.50, alarm: (0.27, 2), mean: 8.68, yearly: (114, 0)),
        FlagRow(flagged: 0.90, alarm: (0.996, 3), mean: 5.00, yearly: (726, 0)),
    ]

    @Test("what a sender of that flag share meets with", arguments: flags) func flagShare(row: FlagRow) {
        let run = SequentialTest.paper.runLength(flagged: row.flagged)
        #expect(abs(printed(run.alarmProbability, row.alarm.1) - row.alarm.0) < 1e-12)
        #expect(printed(run.mean, 2) == row.mean)
        #expect(abs(printed(run.alarms(messagesPerYear: 3650), row.yearly.1) - row.yearly.0) < 1e-12)
    }

    @Test("steps, bounds and quantiles as printed") func paperSettings() {
        let test = SequentialTest.paper
        #expect(printed(test.flaggedStep, 3) == 1.504)
        #expect(printed(test.plainStep, 3) == -2.079)
        #expect(printed(test.alarmBound, 3) == 4.595)
        #expect(printed(test.acceptBound, 3) == -4.595)
        let taken = test.runLength(flagged: 0.9)
        #expect(taken.alarms.firstIndex { $0 > 0 } == 3)
        #expect(taken.alarmQuantile(0.5) == 4)
        #expect(taken.alarmQuantile(0.95) == 8)
        let blind = test.runLength(flagged: 0.5)
        #expect(blind.alarmQuantile(0.95) == 20)
        // "the test re-arms ~900 times a year": 886 tests end in a year at θ₀.
        #expect((3650 / test.runLength(flagged: 0.2).mean).rounded() == 886)
    }

    @Test("every test ends, at every share of flags", arguments: [0.0, 0.01, 0.3, 0.55, 0.99, 1]) func total(
        share: Double
    ) {
        let run = SequentialTest.paper.runLength(flagged: share)
        #expect(abs(run.alarmProbability + run.accepts.reduce(0, +) - 1) < 1e-12)
    }

    @Test("a walk of equal steps is the gambler's ruin") func gambler() {
        // θ₀ = 1 - θ₁ makes a walk of equal steps: P(alarm at θ₀) = 1 / (1 + ratio^k) for k steps to either bound.
        let test = SequentialTest(flaggedWhenHonest: 0.2, flaggedWhenTaken: 0.8, alpha: 0.01, beta: 0.01)
        let run = test.runLength(flagged: 0.2)
        #expect(abs(run.alarmProbability - 1 / (1 + 256.0)) < 1e-14)
    }
}
