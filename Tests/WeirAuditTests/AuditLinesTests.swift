// The JSON lines of an audit: valid, ordered, complete, and safe whatever an attacker chose as a name.

import Foundation
import MailTypes
import Testing
import WeirTesting

@testable import MailLog
@testable import WeirAudit

/// A line's members.
private func members(_ line: String) throws -> [String: Any] {
    #expect(!line.contains("\n"))
    return try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
}

@Suite struct AuditLinesTests {
    @Test func theSummaryTellsWhoLooksStolen() throws {
        for report in [sampleReport.report, hostileReport, AuditReport()] {
            let line = AuditLines.summary(report, lines: sampleReport.lines, counts: [AssemblerCounts()])
            let summary = try members(line)
            #expect(summary["type"] as? String == "summary")
            let suspects = try #require(summary["suspects"] as? [[String: Any]])
            #expect(suspects.count == report.stolen.count + report.noted.count)
            for (found, account) in zip(suspects, report.stolen + report.noted) {
                #expect(found["subscriber"] as? String == account.subscriber)
                #expect(found["looks"] as? String == account.standing.description)
                #expect(found["score"] as? Double == Double(account.score) / 1000)
                #expect(found["messages"] as? Int == account.episode?.messages)
            }
        }
    }

    @Test func casesStandWhereTheyCameToTheirRung() throws {
        let log = SampleMailLog(seed: 2, days: 7)
        var reader = MailLogReader(LogFile(host: log.host, modified: log.end), keys: testKeys)
        var audit = Audit(AuditSettings(policy: testPolicy))
        var last: [String: String] = [:]
        var known: Set<String> = []
        var thieves: [String: [String]] = [:]
        let stolen = Set(logins(log) { $0.isStolen })
        var lines: [String] = []
        log.write { piece in
            reader.read(piece)
            while let fact = reader.next() { lines += audit.take(fact).map(AuditLines.line) }
        }
        for text in lines {
            let line = try members(text)
            if line["type"] as? String == "decision" {
                known.insert(line["id"] as? String ?? "")
                continue
            }
            let subscriber = line["subscriber"] as? String ?? ""
            let state = line["state"] as? String ?? ""
            #expect(line["type"] as? String == "case" && last[subscriber] != state, "\(line)")
            last[subscriber] = state
            let ledger = line["ledger"] as? [[String: Any]] ?? []
            let sum = ledger.reduce(0) { $0 + ($1["llr"] as? Double ?? 0) }
            if state == "released" { continue }
            #expect(known.contains(line["after"] as? String ?? ""), "its message was told before")
            // Groups that speak for the owner stand in the score alone.
            #expect(sum >= (line["score"] as? Double ?? .infinity) - 0.01, "\(line)")
            #expect(line["act"] as? String != "")
            for entry in ledger {
                let ids = entry["ids"] as? [String] ?? []
                #expect(ids.allSatisfy(known.contains) && ids.count <= CaseRecord.idsMax)
            }
            if stolen.contains(subscriber) { thieves[subscriber, default: []].append(state) }
        }
        #expect(thieves.count == 3 && thieves.values.allSatisfy { $0.contains("held") || $0.contains("contained") })
    }

    @Test func theSummaryHasWhatTheChecksAskFor() throws {
        let report = sampleReport.report
        let summary = try members(AuditLines.summary(report, lines: sampleReport.lines))
        let expected = [
            ("received", report.volumes.received), ("delivered", report.volumes.delivered),
            ("deferrals", report.volumes.deferred), ("failed", report.volumes.failed),
            ("refused", report.volumes.refused),
        ]
        for (name, value) in expected { #expect(summary[name] as? Int == value && value > 0, "\(name)") }
        let bySubscriber = try #require(summary["by_subscriber"] as? [[String: Any]])
        #expect(bySubscriber.reduce(0) { $0 + ($1["messages"] as? Int ?? 0) } == report.volumes.messages)
        #expect(bySubscriber.count { $0["looks"] as? String == "stolen" } == 3)
        let byVerdict = try #require(summary["by_verdict"] as? [String: Int])
        #expect(byVerdict.values.reduce(0, +) == report.volumes.received)
        #expect(byVerdict.reduce(0) { $1.key == "accept" ? $0 : $0 + $1.value } == report.volumes.stopped)
        let lines = try #require(summary["lines"] as? [String: Any])
        #expect(lines["not_understood"] as? Int == 1 && lines["no_log_line"] as? Int == 1)
        #expect((lines["unread"] as? [Any])?.count == 2)
    }

    @Test func decisionsAreLinesInTheOrderOfTime() throws {
        let log = SampleMailLog(seed: 2, days: 2)
        var reader = MailLogReader(LogFile(host: log.host, modified: log.end), keys: testKeys)
        var audit = Audit(AuditSettings(policy: testPolicy))
        var last = ""
        var count = 0
        log.write { piece in
            reader.read(piece)
            while let fact = reader.next() {
                guard case .decision(let decision)? = audit.take(fact).first else { continue }
                let line = AuditLines.line(decision)
                count += 1
                guard count % 50 == 1, let found = try? members(line) else { continue }
                let at = found["at"] as? String ?? ""
                #expect(at >= last && Timestamp(rfc3339: at) == decision.at)
                last = at
                #expect(found["type"] as? String == "decision" && found["id"] as? String == decision.id)
                #expect(found["verdict"] as? String == "accept" && found["score"] is Double)
                #expect((found["subscriber"] == nil) != (found["unattributed"] == nil))
            }
        }
        #expect(count > 500)
    }

    @Test func everyCharacterComesBack() throws {
        var text = ""
        for value in UInt32(0)...0x2FFF { if let scalar = Unicode.Scalar(value) { text.unicodeScalars.append(scalar) } }
        let line = JSONLine.object { $0.member("text", text) }
        #expect(try members(line)["text"] as? String == text)
        #expect(line.unicodeScalars.allSatisfy { $0.value >= 32 && !(0x7F...0x9F).contains($0.value) })
    }

    @Test func thousandthsAreExact() {
        for (value, expected) in [(0, "0.000"), (6051, "6.051"), (-1349, "-1.349"), (-7, "-0.007"), (40, "0.040")] {
            #expect(JSONLine.object { $0.member("x", thousandths: value) } == "{\"x\":\(expected)}")
        }
    }
}
