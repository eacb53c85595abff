// A simulated provider through the engine, its table, and its events through an audit.

import Foundation
import MailTypes
import Testing
import WeirAudit
import WeirEngine
import WeirSimulator

@testable import WeirServer

/// A small population with frequent, loud take-overs.
private let population = Population(
    name: "small",
    strata: [
        Stratum(name: "light", share: 0.8, messagesPerDay: LogNormal(median: 2, sigma: 0.5)),
        Stratum(
            name: "busy", share: 0.2, messagesPerDay: LogNormal(median: 10, sigma: 0.4),
            recipients: CountTable([.init(1...1, 0.9), .init(2...4, 0.1)])),
    ],
    families: [
        AttackFamily(
            name: "fast-bot", onsetsPer1000Years: 300, access: .init(way: .stolenLogin),
            rate: .init(perHour: LogNormal(median: 300, sigma: 0.5)),
            length: .init(messages: LogNormal(median: 200, sigma: 0.5)), targets: .init(dead: .beta(4, 7)),
            scores: ScoreMixture([.init(mean: 4, deviation: 1)]))
    ])

@Suite struct SimulationRunTests {
    /// The run of all tests.
    private static let run = SimulationRun(population, seed: 3, days: 20, subscribers: 60, attackFactor: 30)

    @Test func loudTakeOversAreFound() throws {
        var shares: [Double] = []
        let report = Self.run.judged { shares.append($0) }
        let family = try #require(report.families.first)
        #expect(family.episodes >= 5 && family.found * 10 >= family.episodes * 9, "\(family)")
        #expect(try #require(family.messagesOut).median < 100 && family.minutesUntilFound != nil)
        #expect(
            report.messages > 1000 && report.honestMessages > 1000 && report.honestStopped * 20 < report.honestMessages)
        #expect(report.strata.map(\.name) == ["light", "busy"])
        #expect(!shares.isEmpty && shares == shares.sorted() && shares.allSatisfy { $0 >= 0 && $0 <= 1 })
        #expect(Self.run.judged().text == report.text, "the same seed says the same")
        let other = SimulationRun(population, seed: 4, days: 20, subscribers: 60, attackFactor: 30).judged()
        #expect(other.text != report.text)
        #expect(report.text.split(separator: "\n").allSatisfy { $0.count <= 80 }, "\(report.text)")
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        let json = String(decoding: try encoder.encode(report), as: UTF8.self)
        #expect(json.contains("\"honest_stopped_per_million\"") && json.contains("\"minutes_until_found\""))
    }

    @Test func withoutTakeOversThatIsSaid() {
        let report = SimulationRun(population, seed: 1, days: 1, subscribers: 3, attackFactor: 0).judged()
        #expect(report.families.isEmpty && report.text.contains("none happened"))
    }

    @Test func itsEventsAreWhatAnAuditReads() throws {
        try inTemporaryFolder { folder in
            var lines: [String] = []
            Self.run.write { lines.append($0) }
            let path = folder + "/events.jsonl"
            try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: path))
            let request = AuditRequest(files: [path], format: .events, settings: AuditSettings(policy: Policy()))
            var scored = 0
            let found = AuditRun.run(
                request, tell: { if case .decision(let told) = $0, told.decision.score > 5000 { scored += 1 } })
            #expect(found.lines("not understood") == 0 && found.lineCount == lines.count)
            #expect(found.report.volumes.subscribers > 50 && found.scoring != nil)
            #expect(scored > 0, "the detectors see style, text and scores of events")
        }
    }

    @Test func itsTableStaysAsItIs() throws {
        var report = SimulationRun(population, seed: 1, days: 1, subscribers: 3, attackFactor: 2).judged()
        (report.messages, report.honestMessages, report.honestStopped) = (1_234_567, 1_200_000, 12)
        report.honestStoppedPerMillion = .init(10.04, Interval(2, .infinity))
        report.falseAlarmsPerThousandYears = .init(1234.5, Interval(0, 99_999))
        report.strata = [
            .init(name: "light", years: 164.4, falseAlarms: 0, perThousandYears: .init(0, Interval(0, 18.2))),
            .init(name: "busy", years: 3, falseAlarms: 1, perThousandYears: .init(333, Interval(0, 1000))),
        ]
        report.families = [
            .init(
                name: "fast-bot", episodes: 12, found: 11, contained: 10, messagesOut: .init([3, 4, 800]),
                recipientsOut: .init([3, 40, 80_000]), minutesUntilFound: .init([0.4, 12.3, 500])),
            .init(
                name: "patient", episodes: 1, found: 0, contained: 0, messagesOut: .init([7]),
                recipientsOut: .init([7]), minutesUntilFound: .init([])),
        ]
        #expect(report.text.split(separator: "\n").allSatisfy { $0.count <= 80 })
        try expectGolden(report.text, "simulate.txt")
    }
}

@Suite struct WantedTests {
    @Test func newConnectionsAreAskedForWhatThePolicyWants() {
        for isOn in [false, true] {
            var policy = Policy()
            policy.watch.isOn = isOn
            policy.headerRule = HeaderRule(field: "X-User", pattern: "{subscriber}")
            let live = LiveEngine(Engine(policy: policy, seed: 1), position: 0)
            let milter = Service.wanted(of: .milter, "mx1", live)
            #expect(milter.fields == ["X-User"] && milter.isDigested == isOn)
            #expect(Service.wanted(of: .policy, "mx1", live).isDigested == isOn)
        }
    }
}
