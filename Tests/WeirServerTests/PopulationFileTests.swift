// Population files: the one that is shipped, and what the author of a wrong one reads.

import Foundation
import Testing
import WeirSimulator

@testable import WeirServer

/// Reading populations.
@Suite struct PopulationFileTests {
    /// The shipped population's text.
    private static func shipped() throws -> String {
        let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        return try String(contentsOf: root.appendingPathComponent("Simulation/population.yaml"), encoding: .utf8)
    }

    @Test func shippedPopulationIsSound() throws {
        let population = try PopulationFile.parse(Self.shipped(), file: "population.yaml")
        #expect(population.faultsFound == [])
        #expect(population.strata.count >= 18)
        #expect(
            population.families.map(\.name) == [
                "fast-bot", "low-and-slow", "account-blast", "contact-phish", "probe-then-blast",
            ])
    }
}
