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
    @Test func everyLineIsAnObjectAndTheSummaryIsTheLast() throws {
        for report in [sampleReport.report, hostileReport, AuditReport()] {
            let lines = AuditLines.closing(report, lines: sampleReport.lines, counts: [AssemblerCounts()])
            #expect(lines.count == report.stolen.count + 1)
            for (line, account) in zip(lines, report.stolen) {
                let found = try members(line)
                #expect(found["type"] as? String == "case" && found["state"] as? String == "observed")
                #expect(found["subscriber"] as? String == account.subscriber)
                #expect((found["ledger"] as? [Any])?.count == account.suspicion.lines.count)
                #expect(found["score"] as? Double == Double(account.suspicion.score) / 1000)
            }
            #expect(try members(lines.last ?? "")["type"] as? String == "summary")
        }
    }

    @Test func theSummaryHasWhatTheChecksAskFor() throws {
        let report = sampleReport.report
        let summary = try members(AuditLines.closing(report, lines: sampleReport.lines).last ?? "")
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
                guard let decision = audit.take(fact) else { continue }
                let line = AuditLines.line(decision)
                count += 1
                guard count % 50 == 1, let found = try? members(line) else { continue }
                let at = found["at"] as? String ?? ""
                #expect(at >= last && Timestamp(rfc3339: at) == decision.at)
                last = at
                #expect(found["type"] as? String == "decision" && found["id"] as? String == decision.id)
                #expect(found["verdict"] as? String == "accept" && found["score"] as? Double == 0)
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
