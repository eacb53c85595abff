// The log of a real server through the audit. It is not part of this repository, and neither is what is found in it:
// WEIR_CORPORA names the folder it was unpacked to.

import Foundation
import MailLog
import MailTypes
import Testing

@testable import WeirAudit

/// The folder of the logs.
private let corpora = ProcessInfo.processInfo.environment["WEIR_CORPORA"]

@Suite(.enabled(if: corpora != nil)) struct AuditCorpusTests {
    @Test func aRealLogWithLoginsIsAudited() throws {
        let path = (corpora ?? "") + "/logs/louisitvn+pflgviewer/postfix.log"
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        var reader = MailLogReader(LogFile(host: "h", modified: moment("2026-11-01T00:00:00Z")), keys: testKeys)
        var audit = Audit(AuditSettings(policy: testPolicy))
        var (logins, results) = (0, 0)
        reader.read(bytes.span)
        reader.finish()
        while let fact = reader.next() {
            switch fact {
            case .message(let message): if !message.login.isEmpty { logins += 1 }
            case .delivery: results += 1
            case .refused, .loginFailed: break
            }
            audit.take(fact)
        }
        let report = audit.finish()
        #expect(reader.lines.census.lines == 16_053)
        #expect(logins > 0 && report.volumes.messages >= logins)
        #expect(report.volumes.delivered + report.volumes.deferred + report.volumes.failed == results)
        expectConsistent(report, "the log")
    }
}
