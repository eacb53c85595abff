// CUSUM run lengths against stored values, against simulation, and the table of budgets in methods.md 1.5.

import MailTypes
import Testing
import WeirSimulator

@Suite("LatticeCUSUM") struct LatticeCUSUMTests {
    /// One chain with its run length by a dense solver of another program.
    struct Known: Sendable {
        /// The increments.
        var increments: [(Int, Double)]
        /// The threshold.
        var threshold: Int
        /// The mean run length.
        var length: Double

        /// The test on those increments.
        var test: LatticeCUSUM { LatticeCUSUM(increments.map { .init($0.0, $0.1) }) }
    }

    /// The stored values.
    static let known = [
        Known(increments: [(1, 0.2), (-1, 0.8)], threshold: 1, length: 5),
        Known(increments: [(1, 0.2), (-1, 0.8)], threshold: 2, length: 30),
        Known(increments: [(1, 0.2), (-1, 0.8)], threshold: 3, length: 135),
        Known(increments: [(1, 0.2), (-1, 0.8)], threshold: 5, length: 2265),
        Known(increments: [(1, 0.2), (-1, 0.8)], threshold: 8, length: 145_620),
        Known(increments: [(3, 0.2), (-1, 0.8)], threshold: 12, length: 124.643_477_944_873_13),
        Known(increments: [(3, 0.2), (-1, 0.8)], threshold: 20, length: 554.865_011_873_270_9),
        Known(increments: [(3, 0.8), (-1, 0.2)], threshold: 20, length: 9.345_803_231_936_788),
        Known(increments: [(5, 0.05), (2, 0.15), (-1, 0.5), (-2, 0.3)], threshold: 20, length: 1994.810_815_556_526_7),
        Known(increments: [(5, 0.05), (2, 0.15), (-1, 0.5), (-2, 0.3)], threshold: 30, length: 27_552.436_527_760_918),
        Known(increments: [(3, 0.2), (-4, 0.8)], threshold: 12, length: 742.695_118_386_460_2),
        Known(increments: [(3, 0.2), (-4, 0.8)], threshold: 20, length: 51_425.981_842_740_74),
    ]

    @Test("run lengths are exact", arguments: known) func exact(case known: Known) {
        let length = known.test.averageRunLength(threshold: known.threshold)
        #expect(abs(length / known.length - 1) < 1e-9)
    }

    @Test("simulated run lengths are within 10 %", arguments: known.filter { $0.length < 2000 })
    func simulated(case known: Known) {
        var random = SeededGenerator(seed: 3)
        let length = known.test.simulatedRunLength(threshold: known.threshold, runs: 1500, using: &random)
        #expect(abs(length / known.length - 1) < 0.1)
    }

    @Test("likelihood ratios obey the bound e^h, at run lengths where subtraction would lose every digit") func bound()
    {
        // Flags at 0.2 against 0.8: each step is ± ln 4, so that e^h = 4^threshold. E[T] has a closed form.
        let test = LatticeCUSUM([.init(1, 0.2), .init(-1, 0.8)])
        var power = 1.0
        for threshold in 1...24 {
            power *= 4
            let length = test.averageRunLength(threshold: threshold)
            #expect(length >= power)
            let closed = (20 * power - 20) / 9 - 5 * Double(threshold) / 3
            #expect(abs(length / closed - 1) < 1e-11)
        }
        #expect(test.threshold(averageRunLength: 2000) == 5)
        #expect(test.threshold(averageRunLength: 1e9, atMost: 10) == nil)
    }

    @Test(
        "the budget of methods.md 1.5",
        arguments: [
            (1.0, 2000.0, 14.5), (1, 3650, 15.1), (1, 10_000, 16.1), (5, 2000, 12.9), (5, 3650, 13.5),
            (5, 10_000, 14.5),
        ]) func budget(perThousandYears: Double, messages: Double, threshold: Double)
    {
        let h = FalseAlarmBudget.threshold(perThousandYears: perThousandYears, messagesPerYear: messages)
        #expect(printed(h, 1) == threshold)
    }
}
