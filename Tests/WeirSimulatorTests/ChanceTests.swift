// Dice against what is known of them.

import Foundation
import MailTypes
import Testing

@testable import WeirSimulator

/// Functions and distributions.
@Suite struct ChanceTests {
    @Test func quantilesAgreeWithTheTable() {
        for (p, z) in [(0.5, 0.0), (0.975, 1.959_963_985), (0.01, -2.326_347_874), (0.999, 3.090_232_306)] {
            #expect(abs(NormalQuantile.of(p) - z) < 1e-8)
        }
    }

    @Test func mixingGoesBack() {
        var random = SeededGenerator(seed: 9)
        for _ in 0..<1000 {
            let number = random.next()
            #expect(Mixing.unmix(Mixing.mix(number)) == number)
        }
    }

    /// Means within four standard errors, seed 4.
    @Test func meansAreThoseDeclared() {
        var chance = Chance(seed: 4)
        func mean(_ count: Int = 20_000, _ draw: () -> Double) -> Double {
            (0..<count).reduce(0.0) { sum, _ in sum + draw() } / Double(count)
        }
        #expect(abs(mean { chance.exponential() } - 1) < 0.03)
        #expect(abs(mean { chance.normal() }) < 0.03)
        #expect(abs(mean { Double(chance.geometric(mean: 2.5)) } - 2.5) < 0.06)
        #expect(abs(mean { Double(chance.poisson(mean: 3)) } - 3) < 0.05)
        #expect(abs(mean { Double(chance.poisson(mean: 200)) } - 200) < 0.5)
        #expect(abs(mean { chance.beta(1.5, 8) } - 1.5 / 9.5) < 0.004)
        #expect(abs(mean { chance.beta(0.5, 0.5) } - 0.5) < 0.012)
        let sizes = LogNormal(median: 10, sigma: 0.8)
        #expect(abs(mean { sizes.draw(&chance) } / sizes.mean - 1) < 0.03)
        let table = CountTable([.init(1...1, 91.7), .init(2...2, 4.6), .init(3...9, 3), .init(10...266, 0.7)])
        #expect(abs(mean { Double(table.draw(&chance)) } / table.mean - 1) < 0.08)
        let mixture = ScoreMixture([
            .init(share: 0.9, mean: -4, deviation: 1), .init(share: 0.1, mean: 2, deviation: 1, tail: 1),
        ])
        #expect(abs(mean { mixture.draw(&chance) } - mixture.mean) < 0.08)
    }

    @Test func boundsAndTailsHold() {
        var chance = Chance(seed: 5)
        let bounded = LogNormal(median: 10, sigma: 2, least: 3, most: 50)
        let heavy = LogNormal(median: 1, sigma: 0.5, paretoTail: 1.8)
        var above = 0
        for _ in 0..<50_000 {
            #expect((3...50).contains(bounded.draw(&chance)))
            // Twice the 99th percentile: (1/2)^1.8 of a hundredth in a Pareto tail.
            if heavy.draw(&chance) > 2 * 3.2 { above += 1 }
        }
        #expect((100...190).contains(above))
    }

    @Test func theHeapKeepsOrder() {
        var heap = EventHeap<SimulationTask>()
        var random = SeededGenerator(seed: 6)
        for index in 0..<500 { heap.insert(SimulationTask(at: Int64(random.next() % 50), .sitting, UInt32(index))) }
        var before: (Int64, UInt64) = (-1, 0)
        while let next = heap.removeFirst() {
            #expect((next.at, next.order) > before)
            before = (next.at, next.order)
        }
    }
}
