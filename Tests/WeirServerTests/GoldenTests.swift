// What `weir` prints and what the doors answer, beside the reviewed files of Tests/Golden.

import Foundation
import MailTypes
import Milter
import PolicyDelegation
import Testing
import WeirEngine
import WeirTesting

@testable import WeirServer
@testable import weir

/// The folder of the golden files.
private let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Golden")

/// Compares a text with a golden file; `make golden` writes it instead.
func expectGolden(_ text: String, _ name: String, at place: SourceLocation = #_sourceLocation) throws {
    let file = folder.appendingPathComponent(name)
    if ProcessInfo.processInfo.environment["WEIR_GOLDEN"] == "write" {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
        return
    }
    let expected = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
    if let difference = Golden.difference(text, from: expected, file: "Tests/Golden/\(name)") {
        Issue.record("\(difference)", sourceLocation: place)
    }
}

/// A morning at a small provider: an honest subscriber, a stolen account, a company and its branch, a client without a login.
private func morning() -> Engine {
    var policy = Policy(plans: [
        Plan(
            name: "residential", kind: .mua,
            limits: [
                Limit(10, .messages, perSeconds: 3600, burst: 5, action: .hold, isEnforced: true),
                Limit(1000, .recipients, perSeconds: 86_400, burst: 100),
                Limit(3, .newRecipients, perSeconds: 3600),
            ]),
        Plan(
            name: "business", kind: .mta,
            limits: [Limit(4, .messages, perSeconds: 60, action: .defer, isEnforced: true)]),
    ])
    policy.subscribers = [
        "acme": SubscriberEntry(plan: "business"),
        "branch@acme.example": SubscriberEntry(plan: "business", parent: "acme"),
        "abuse@isp.example": SubscriberEntry(isExempt: true),
    ]
    policy.contact = "https://isp.example/abuse"
    var engine = Engine(
        policy: policy, bounds: Engine.Bounds(subscribersMax: 100, messagesMax: 1000, heldMax: 100, casesMax: 10),
        seed: 7)
    var number = 0
    var at = Timestamp(rfc3339: "2026-11-23T10:00:00Z")!
    for (login, count) in [
        ("ann@example.net", 2), ("thief@example.net", 9), ("branch@acme.example", 6), ("abuse@isp.example", 7), ("", 3),
        ("[192.0.2.7]", 1),
    ] {
        for _ in 0..<count {
            number += 1
            at = at.advanced(byNanoseconds: 1_000_000_000)
            var mail = ScenarioMail(number: number, login: login)
            mail.client = NetworkAddress("192.0.2.7")
            mail.recipients = ["r\(number % 4)@example.org"]
            for (door, stage) in [
                (Door.policy, Stage.data), (.milter, .data), (.policy, .endOfMessage), (.milter, .endOfMessage),
            ] {
                let outputs = engine.step(Input(at: at, .transaction(mail.transaction(door, stage))))
                guard case .decision(let decision)? = outputs.first, decision.verdict.kind < .defer else { break }
            }
        }
    }
    return engine
}

/// The subscribers as `weir subscriber list` orders them.
private func subscribers(_ engine: Engine) -> [SubscriberReport] {
    engine.subscribers(in: 0..<engine.subscriberSlots).sorted { ($1.usedPercent, $0.name) < ($0.usedPercent, $1.name) }
        .map(SubscriberReport.init)
}

@Suite struct GoldenTests {
    @Test func status() throws {
        let engine = morning()
        let metrics = Metrics()
        metrics.connection(.policy, 1)
        try expectGolden(StatusReport(engine.view, metrics, backlog: (0, 512)).text + "\n", "status.txt")
        metrics.noteState(
            StateDamage(
                found: "/var/lib/weir/weir.sqlite: the file is empty, expected a database", exactUpTo: 0,
                aside: "/var/lib/weir/weir.sqlite.damaged-2026-11-23T100000000Z"),
            setAside: ["weir.sqlite.damaged-2026-11-23T100000000Z"])
        try expectGolden(
            StatusReport(engine.view, metrics, backlog: (3, 64 << 20)).text + "\n", "status-after-damage.txt")
    }

    @Test func subscriberList() throws {
        try expectGolden(subscribers(morning()).table + "\n", "subscriber-list.txt")
    }

    @Test func subscriberShow() throws {
        let texts = subscribers(morning()).map(\.text)
        try expectGolden(texts.joined(separator: "\n\n--\n\n") + "\n", "subscriber-show.txt")
    }

    @Test func caseList() throws {
        let engine = morning()
        let cases = engine.caseViews(in: 0..<engine.caseSlots).map { CaseReport($0, at: engine.now) }
        try expectGolden(cases.table + "\n", "case-list.txt")
    }

    @Test func check() throws {
        try expectGolden("\(ConfigurationReport(.defaults))", "check-defaults.txt")
        let example = folder.appendingPathComponent("../../Docs/weir.example.yaml").standardizedFileURL.path
        let report = try "\(ConfigurationReport(Configuration.load(path: example)))"
        try expectGolden(report.replacingOccurrences(of: example, with: "Docs/weir.example.yaml"), "check-example.txt")
    }

    // MARK: - The doors' tables

    /// Every verdict that the engine can give, and some that would break a line.
    private static let verdicts: [(String, Verdict)] = [
        ("accept", .accept), ("prepend", .prepend("X-Weir: W-27K3Q4")),
        ("hold", .hold("over the limit, case W-27K3Q4")),
        ("hold, two lines", .hold("over\r\nQUIT")), ("discard", .discard("case W-27K3Q4")),
        ("defer", .defer(Reply(code: 451, status: EnhancedStatus(4, 7, 1), text: "100 % used, again in 12 min"))),
        ("defer with a code of 5", .defer(Reply(code: 550, status: EnhancedStatus(5, 7, 1), text: "no"))),
        ("reject", .reject(Reply(code: 554, status: EnhancedStatus(5, 7, 1), text: "stopped, case W-27K3Q4"))),
        ("reject, two lines", .reject(Reply(code: 554, status: EnhancedStatus(5, 7, 1), text: "a\n\naction=OK"))),
        ("reject with a code of 4", .reject(Reply(code: 451, status: EnhancedStatus(4, 7, 1), text: "no"))),
        ("reject without words", .reject(Reply(code: 554, status: EnhancedStatus(5, 7, 1), text: ""))),
    ]

    @Test func policyVerdicts() throws {
        let rows = Self.verdicts.map { name, verdict in
            [name, visible(PolicyReply.compose(verdict))]
        }
        try expectGolden(ConfigurationReport.table([["verdict", "answer"]] + rows), "policy-verdicts.txt")
    }

    @Test func milterVerdicts() throws {
        var rows = [["verdict", "at", "agreed", "replies"]]
        for (name, verdict) in Self.verdicts {
            for stage in [Stage.data, .endOfMessage] {
                for (words, agreed) in [
                    ("all", MilterNegotiation()), ("nothing", MilterNegotiation(version: 2, actions: [], steps: [])),
                ] {
                    let replies = MilterVerdict.replies(
                        to: verdict, at: stage, isLocalSubmission: false, agreed: agreed)
                    rows.append([name, "\(stage)", words, replies.map { visible(frame($0)) }.joined(separator: " ")])
                }
            }
        }
        try expectGolden(ConfigurationReport.table(rows), "milter-verdicts.txt")
    }

    /// A reply's frame without its length.
    private func frame(_ reply: MilterReply) -> [UInt8] {
        var bytes: [UInt8] = []
        reply.frame.compose(into: &bytes)
        return Array(bytes.dropFirst(4))
    }

    /// Bytes as text, with those that are not shown as `\n` or `\x00`.
    private func visible(_ bytes: [UInt8]) -> String {
        bytes.map { byte in
            switch byte {
            case 10: "\\n"
            case 92: "\\\\"
            case 32..<127: String(UnicodeScalar(byte))
            default: String(format: "\\x%02x", byte)
            }
        }.joined()
    }

    @Test func aDifferenceIsNamedWithItsLine() {
        #expect(Golden.difference("a\nb\n", from: "a\nb\n", file: "f") == nil)
        #expect(
            Golden.difference("a\nc\n", from: "a\nb\n", file: "f")?.hasPrefix("f:2: expected \"b\", found \"c\"")
                == true)
        #expect(Golden.difference("a", from: "a\nb", file: "f")?.contains("f:2: expected \"b\", found the end") == true)
    }
}
