// What people and their tools read: the decision log, the figures, the control socket.

import Foundation
import Logging
import MailTypes
import Testing
import WeirEngine

@testable import WeirServer

/// A login that tries to break a line.
private let hostile = "a\"b\\c\nd=e \u{7}\u{e9}@example.net"

/// A decision about it.
private func decision(_ name: String) -> Decision {
    Decision(
        message: 17, queueID: "4QX1", stage: .data, identity: .subscriber(name, .login),
        evidence: [Finding(symbol: "MESSAGES_1H", why: "11 messages, 10 allowed")],
        verdict: .reject(Reply(code: 550, status: EnhancedStatus(5, 7, 1), text: "no")), would: nil, policyRevision: 3,
        reason: .overLimit, rule: "plan/messages-1h", caseCode: "K7Q-2MX")
}

/// The transaction that was decided.
private let transaction = Transaction(
    stage: .data,
    session: Session(door: .policy, mailHost: "mx1", client: NetworkAddress(ipv4: 0xC000_0201), clientPort: 4711),
    envelope: Envelope(recipientCount: 3, bytes: 1234), queueID: "4QX1")

/// The text that the log writes.
private func logged(_ format: WeirServer.Configuration.DecisionLog.Format, _ decisions: [Decision]) throws -> String {
    try inTemporaryFolder { folder in
        let log = try DecisionLog(
            Configuration.DecisionLog(destination: .file(folder + "/log"), format: format), metrics: Metrics())
        log.start()
        let at = try #require(Timestamp(rfc3339: "2026-11-23T18:05:09.007Z"))
        for decision in decisions { log.note(decision, transaction, at: at) }
        log.stop()
        return try String(contentsOfFile: folder + "/log", encoding: .utf8)
    }
}

@Suite struct OperationsTests {
    // MARK: - Decision log

    @Test func aDecisionIsOneLineOfLogfmt() throws {
        let tail =
            "proof=login verdict=reject reason=over-limit rule=plan/messages-1h case=K7Q-2MX "
            + #"evidence="MESSAGES_1H: 11 messages, 10 allowed" client=192.0.2.1 message=17 recipients=3 bytes=1234 "#
            + "policy=3\n"
        let head = "at=2026-11-23T18:05:09.007Z door=policy stage=data host=mx1 id=4QX1 subscriber="
        #expect(
            try logged(.logfmt, [decision("ann"), decision(hostile), decision("\u{e9}")])
                == head + "ann " + tail
                + head + #""a\"b\\c\u000ad=e \u0007"# + "\u{e9}@example.net\" " + tail
                + head + "\u{e9} " + tail)
    }

    @Test func aDecisionIsOneObjectOfJSON() throws {
        let text = try logged(.json, [decision(hostile)])
        #expect(
            text == #"{"type":"decision","at":"2026-11-23T18:05:09.007Z","door":"policy","stage":"data","host":"mx1","#
                + #""id":"4QX1","subscriber":"a\"b\\c\u000ad=e \u0007"# + "\u{e9}"
                + #"@example.net","proof":"login","verdict":"reject","reason":"over-limit","rule":"plan/messages-1h","#
                + #""case":"K7Q-2MX","evidence":"MESSAGES_1H: 11 messages, 10 allowed","client":"192.0.2.1","#
                + #""message":17,"recipients":3,"bytes":1234,"policy":3}"# + "\n")
        let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        #expect(object?["subscriber"] as? String == hostile)
    }

    @Test func everyControlCharacterIsEscapedInBothForms() throws {
        for value in 0..<160 {
            let name = "x" + String(UnicodeScalar(UInt8(value))) + "y"
            var line: [UInt8] = []
            line.append(addingCapacity: 40) { $0.append(json: name.utf8Span.span) }
            #expect(try JSONDecoder().decode(String.self, from: Data(line)) == name)
            var plain: [UInt8] = []
            plain.append(addingCapacity: 40) { $0.append(logfmt: name.utf8Span.span) }
            #expect(plain.allSatisfy { $0 >= 32 && $0 != 127 })
            let needsQuotes = value <= 32 || value == 127 || value == 34 || value == 61
            #expect((plain.first == UInt8(ascii: "\"")) == needsQuotes)
        }
        var empty: [UInt8] = []
        empty.append(addingCapacity: 40) { $0.append(logfmt: "".utf8Span.span) }
        #expect(empty == Array("\"\"".utf8))
    }

    @Test(arguments: [Configuration.DecisionLog.Format.logfmt, .json])
    func theLongestWordsFit(format: Configuration.DecisionLog.Format) throws {
        var long = decision(String(repeating: "\u{1}", count: 2000))
        long.queueID = String(repeating: "\"", count: 300)
        long.rule = String(repeating: "\u{7f}", count: 300)
        long.caseCode = String(repeating: "\\", count: 100)
        long.message = .max >> 1
        long.policyRevision = .max
        long.evidence = (0..<40).map { Finding(symbol: "S\($0)", why: String(repeating: "\n", count: 200)) }
        let text = try logged(format, [long])
        #expect(text.hasSuffix("\n") && text.utf8.count > 6 * (2000 + 40 * 200))
    }

    @Test func aMovedLogIsOpenedAnew() throws {
        try inTemporaryFolder { folder in
            let file = folder + "/log"
            let log = try DecisionLog(
                Configuration.DecisionLog(destination: .file(file), format: .logfmt), metrics: Metrics())
            try FileManager.default.moveItem(atPath: file, toPath: file + ".1")
            try log.reopen()
            log.start()
            log.note(decision("ann"), transaction, at: Timestamp(seconds: 0))
            log.stop()
            #expect(try String(contentsOfFile: file, encoding: .utf8).contains("at=1970-01-01T00:00:00.000Z"))
            #expect(try String(contentsOfFile: file + ".1", encoding: .utf8).isEmpty)
        }
    }

    // MARK: - Figures

    @Test func theMetricsPageIsPrometheusText() throws {
        let live = LiveEngine(freshEngine(messagesPerHour(5, plan: "pl\"a\\n\nx")), position: 0)
        let metrics = Metrics()
        metrics.count(.milter, .reject)
        metrics.connection(.policy, 1)
        metrics.fault(.policy, .badField)
        let page = metrics.page(live.read { $0.view }, backlog: (lost: 3, bytes: 99))
        #expect(page.hasSuffix("\n"))
        var helped: Set<String> = []
        var types: [String: String] = [:]
        var samples: [String: Int] = [:]
        for line in page.split(separator: "\n") {
            if let match = line.wholeMatch(of: /# HELP ([a-z_]+) .+/) {
                #expect(helped.insert(String(match.1)).inserted, "\(line) twice")
            } else if let match = line.wholeMatch(of: /# TYPE ([a-z_]+) (counter|gauge)/) {
                types[String(match.1)] = String(match.2)
            } else if let match = line.wholeMatch(
                of: /([a-z_]+)(\{[a-z_]+="(?:[^"\\]|\\["\\n])*"(?:,[a-z_]+="(?:[^"\\]|\\["\\n])*")*\})? (-?[0-9]+)/)
            {
                let name = String(match.1)
                #expect(helped.contains(name) && types[name] != nil, "\(name) lacks HELP or TYPE")
                #expect(name.hasSuffix("_total") == (types[name] == "counter"), "\(name) is a \(types[name] ?? "-")")
                #expect(samples.updateValue(Int(match.3)!, forKey: name + (match.2 ?? "")) == nil, "\(line) twice")
            } else {
                Issue.record("not a line of Prometheus text: \(line)")
            }
        }
        #expect(samples[#"weir_decisions_total{door="milter",verdict="reject"}"#] == 1)
        #expect(samples[#"weir_connections_open{door="policy"}"#] == 1)
        #expect(samples[#"weir_peer_faults_total{door="policy",fault="bad-field"}"#] == 1)
        #expect(samples["weir_journal_inputs_lost_total"] == 3 && samples["weir_journal_backlog_bytes"] == 99)
        #expect(samples.keys.contains { $0.hasPrefix(#"weir_rule_enforced{rule="pl\"a\\n\nx/"#) })
    }

    // MARK: - Hold agent

    @Test func onlyLettersAndDigitsAreAQueueID() {
        for good in ["4QX1", "A", "3F2B1C", "4bXyZ00z", String(repeating: "a", count: 40)] {
            #expect(HoldAgent.isQueueID(good), "\(good)")
        }
        for bad in [
            "", "ALL", "all", "-d", "-", "a b", "a\n", "../a", "a/b", "4QX1!", "4QX1*", "\u{e9}", "\u{ff11}", "a\0",
            String(repeating: "a", count: 41),
        ] {
            #expect(!HoldAgent.isQueueID(bad), "\(bad)")
        }
    }
}
