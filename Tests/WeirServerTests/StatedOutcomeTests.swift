// Scenarios with stated outcomes (Docs/scenarios.md): the population files that an operator can run, through the engine.

import Foundation
import MailTypes
import Testing
import WeirEngine
import WeirSimulator

@testable import WeirServer

@Suite struct StatedOutcomeTests {
    /// A run of a file in Simulation/.
    private static func run(_ file: String, days: Int, subscribers: Int) throws -> SimulationRun {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let path = folder.appendingPathComponent("../../Simulation/" + file).standardized.path
        return SimulationRun(try PopulationFile.load(path: path), seed: 1, days: days, subscribers: subscribers)
    }

    @Test func aFifthOfTheFleetAtOnceTripsTheBreakerAndGetsLittleOut() throws {
        var run = try Self.run("fleet-infected.yaml", days: 8, subscribers: 200)
        let alone = run.judged()
        let worm = try #require(alone.families.first)
        #expect(worm.episodes > 30)
        // Twenty cases an hour and no more without a person; the rest is slowed without a case, and honest mail passes.
        #expect(alone.breakerOpened > 0 && alone.newCasesMax == 20, "\(alone.text)")
        let out = try #require(worm.messagesOut)
        #expect(out.median <= 40 && out.p95 <= 80, "\(alone.text)")
        #expect(alone.honestStopped == 0 && alone.strata.allSatisfy { $0.falseAlarms == 0 }, "\(alone.text)")
        // A person who rearms lets the ladder go on.
        run.rearmMinutes = 5
        let attended = run.judged()
        let found = try #require(attended.families.first)
        #expect(attended.newCasesMax > 25 && found.found == found.episodes, "\(attended.text)")
        #expect(try #require(found.messagesOut).p95 <= out.p95 && attended.honestStopped == 0, "\(attended.text)")
        // Detectors off: a plan's limit goes on when the breaker is open, and hurts nobody else.
        run.rearmMinutes = nil
        run.policy.watch.isOn = false
        run.policy.plans[0].limits = [Limit(30, .messages, perSeconds: 3600, isEnforced: true)]
        let limited = run.judged()
        #expect(limited.breakerOpened > 0 && limited.newCasesMax == 20, "\(limited.text)")
        #expect(
            limited.limitedAbuse > 5000 && limited.limitedHonest < 100,
            "\(limited.limitedAbuse) \(limited.limitedHonest)")
    }

    @Test func aPoisonedNewsletterAccusesThePoisonerAlone() throws {
        let report = try Self.run("poisoned-newsletter.yaml", days: 28, subscribers: 250).judged()
        let poisoner = try #require(report.families.first)
        #expect(poisoner.episodes >= 8 && poisoner.found >= poisoner.episodes - 1, "\(report.text)")
        #expect(try #require(poisoner.messagesOut).median <= 60, "\(report.text)")
        for name in ["parish", "reader", "light"] {
            let stratum = try #require(report.strata[named: name])
            #expect(stratum.falseAlarms == 0 && stratum.stopped == 0, "\(report.text)")
        }
    }

    @Test func aRestartInTheMiddleOfAttacksChangesNoDecision() throws {
        var run = try Self.run("poisoned-newsletter.yaml", days: 15, subscribers: 80)
        let plain = run.judged()
        run.restartHours = 1
        let restarted = run.judged()
        #expect(restarted.restarts > 100 && !plain.families.isEmpty)
        #expect(restarted.decisionsHash == plain.decisionsHash && restarted.newCasesMax == plain.newCasesMax)
    }

    @Test(arguments: [5.0, -7.0]) func aClockThatIsWrongAccusesNobody(hours: Double) throws {
        var run = try Self.run("poisoned-newsletter.yaml", days: 15, subscribers: 80)
        let plain = run.judged()
        run.clockJumps = .init(everyHours: 31, hours: hours)
        let skewed = run.judged()
        #expect(skewed.clockJumps > 8 && skewed.messages == plain.messages)
        #expect(skewed.honestStopped == 0 && skewed.strata.allSatisfy { $0.falseAlarms == 0 }, "\(skewed.text)")
        let (before, after) = (try #require(plain.families.first), try #require(skewed.families.first))
        #expect(after.found == before.found && after.episodes == before.episodes, "\(skewed.text)")
        #expect(
            try #require(after.messagesOut).median <= 2 * (try #require(before.messagesOut)).median, "\(skewed.text)")
    }
}
