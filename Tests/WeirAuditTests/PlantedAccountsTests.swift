// Three stolen accounts and ten honest senders that look like them, in logs of real Postfix lines from many seeds: the
// three are named, and nobody else is.

import Foundation
import MailLog
import MailTypes
import Testing
import WeirTesting

@testable import WeirAudit

@Suite struct PlantedAccountsTests {
    /// The seeds: 1 to 4 by a week each; `WEIR_SEEDS=1001-1060` takes others, by a fortnight each.
    private static let given = ProcessInfo.processInfo.environment["WEIR_SEEDS"]
    /// First and last.
    private static let seeds: ClosedRange<UInt64> = {
        let ends = (given ?? "1-4").split(separator: "-").compactMap { UInt64($0) }
        return ends.count == 2 && ends[0] <= ends[1] ? ends[0]...ends[1] : 1...4
    }()

    @Test(arguments: Array(seeds)) func thievesAreNamedAndNobodyElse(seed: UInt64) {
        let log = SampleMailLog(seed: seed, days: Self.given == nil ? 7 : 14)
        let report = audit(log)
        #expect(report.stolen.map(\.subscriber).sorted() == logins(log) { $0.isStolen }, "seed \(seed)")
        for finding in report.stolen {
            #expect(finding.ledger.count >= 2, "seed \(seed): \(finding.subscriber)")
            #expect(finding.ledger.contains { !$0.ids.isEmpty }, "seed \(seed): \(finding.subscriber)")
            let episode = finding.episode
            #expect(episode.map { $0.from <= finding.worst!.at && $0.ladder!.at >= $0.from } == true)
            #expect(episode?.messages ?? 0 <= finding.messages && episode?.recipients ?? 0 <= finding.recipients)
        }
        expectConsistent(report, "seed \(seed)")
    }

    @Test func theShareOfAbuseIsThatOfTheThieves() {
        let log = SampleMailLog(seed: 2)
        let report = audit(log)
        let stolen = report.stolen.reduce(0) { $0 + ($1.episode?.messages ?? 0) }
        #expect(report.volumes.abusive == stolen)
        #expect(report.hours.reduce(0) { $0 + $1.abusive } == stolen, "hour by hour it is the same")
        // The slow one sends to the end of the log, not on its worst day alone.
        let slow = report.stolen.first { finding in
            log.accounts.contains { $0.login == finding.subscriber && $0.role == .lowAndSlow }
        }
        #expect(slow.map { ($0.episode?.recipients ?? 0) * 10 > $0.recipients * 7 } == true)
    }

    @Test func oneSubscriberAloneIsReported() {
        let log = SampleMailLog(seed: 2, days: 7)
        let thief = logins(log) { $0 == .botnet }[0]
        let report = audit(log, AuditSettings(policy: testPolicy, subscriber: thief))
        #expect(report.stolen.map(\.subscriber) == [thief])
        #expect(report.touched.isEmpty && report.near.isEmpty)
    }
}

/// What holds for each report.
func expectConsistent(_ report: AuditReport, _ name: String) {
    let volumes = report.volumes
    #expect(volumes.abusive <= volumes.messages && volumes.abusiveRecipients <= volumes.recipients, "\(name)")
    #expect(report.hours.reduce(0) { $0 + $1.messages } == volumes.messages, "\(name)")
    #expect(report.hours.reduce(0) { $0 + $1.stopped } == volumes.stopped, "\(name)")
    #expect(report.hours.allSatisfy { $0.abusive <= $0.messages && $0.stopped <= $0.messages }, "\(name)")
    #expect(zip(report.hours, report.hours.dropFirst()).allSatisfy { $0.hour < $1.hour }, "\(name)")
    for list in [report.stolen, report.noted] {
        let ranks = list.map { Int($0.worst?.rung.rawValue ?? 0) * 1_000_000 + $0.score }
        #expect(zip(ranks, ranks.dropFirst()).allSatisfy { $0 >= $1 }, "\(name): the most certain first")
    }
    #expect(Set(report.stolen.map(\.subscriber)).isDisjoint(with: report.touched.map(\.subscriber)), "\(name)")
    for limit in report.suggestions {
        #expect(limit.median <= limit.high && limit.high <= limit.most && limit.touches <= limit.honest, "\(name)")
        #expect(limit.touches <= 1 + limit.honest / 100, "\(name): \(limit.line) touches more than one in a hundred")
    }
}
