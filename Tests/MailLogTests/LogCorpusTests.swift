// Logs of real servers, read whole. They are not part of this repository: WEIR_CORPORA names the folder they were unpacked
// to. Where it names one, a log that is missing from it is a failure.

import Foundation
import MailTypes
import Testing

@testable import MailLog

/// The folder of the logs.
private let corpora = ProcessInfo.processInfo.environment["WEIR_CORPORA"]

@Suite(.enabled(if: corpora != nil)) struct LogCorpusTests {
    /// The folder.
    private var folder: String { corpora ?? "" }

    /// All files below a folder, by their paths within the corpora.
    private func files(_ below: String) -> [String] {
        let names = FileManager.default.enumerator(atPath: folder + "/" + below)?.compactMap { $0 as? String } ?? []
        return names.sorted().map { below + "/" + $0 }.filter { path in
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: folder + "/" + path, isDirectory: &isFolder)
                && !isFolder.boolValue
        }
    }

    /// What a file comes to.
    private func read(_ path: String) throws -> (reader: MailLogReader, facts: [MailFact]) {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder + "/" + path)))
        var reader = MailLogReader(LogFile(host: "h", modified: moment("2026-11-01T00:00:00Z")), keys: testKeys)
        reader.read(bytes.span)
        reader.finish()
        let facts = take(&reader)
        #expect(zip(facts, facts.dropFirst()).allSatisfy { $0.at <= $1.at }, "\(path) goes back in time")
        return (reader, facts)
    }

    @Test func nearlyEveryLineIsUnderstood() throws {
        let logs = files("logs").filter { !$0.hasSuffix(".yaml") && !$0.hasSuffix(".rst") }
        try #require(logs.count > 600, "logs are missing below \(folder)")
        var total = (understood: 0, all: 0)
        for path in logs {
            var understood = 0
            var all = 0
            for row in try read(path).reader.lines.rows {
                switch row.category {
                case .fact, .notRelevant: (understood, all) = (understood + row.count, all + row.count)
                // An exporter's own test has lines which say that nobody can read them.
                case .notUnderstood: if !["foo", "Unsupported"].contains(row.example) { all += row.count }
                case .otherProgram, .noLogLine: break
                }
            }
            #expect(Double(understood) >= 0.995 * Double(all), "\(path): \(understood) of \(all) lines")
            total = (total.understood + understood, total.all + all)
        }
        #expect(total.all > 45_000)
    }

    @Test func everySampleMessageOfPostfixIsUnderstood() throws {
        let samples = files("logs/whyscream+postfix-grok-patterns")
        try #require(samples.count > 150)
        var log = ""
        for path in samples {
            let text = try String(contentsOfFile: folder + "/" + path, encoding: .utf8)
            guard let data = text.split(separator: "\n").first(where: { $0.hasPrefix("data: \"") }) else { continue }
            let name = path.split(separator: "/").last?.split(separator: "_0").first ?? ""
            guard PostfixLog().role(of: "postfix/\(name)".utf8Span.span) != PostfixRole.other.rawValue, name != "relay"
            else {
                continue
            }
            log += "Jan  5 09:00:00 mx1 postfix/\(name)[1]: \(data.dropFirst(7).dropLast())\n"
        }
        var reader = MailLogReader(testFile, keys: testKeys)
        _ = tell(&reader, log)
        #expect(reader.lines.rows.filter { $0.category == .notUnderstood }.map(\.example) == [])
        #expect(reader.lines.census.lines > 120)
    }

    @Test func whatIsNoLogIsNoFact() throws {
        let mails = files("bounces-arf") + files("logs").filter { $0.hasSuffix(".rst") }
        try #require(mails.count > 400)
        for path in mails {
            let (reader, facts) = try read(path)
            #expect(facts.isEmpty && reader.lines.rows.allSatisfy { $0.category == .noLogLine }, "\(path)")
        }
    }

    /// Counts that pflogsumm 1.1.5 (Postfix) and eximstats 4.96 (Exim) give; how theirs and ours are the same is told in
    /// the peer script. In the first log the addresses had lost their brackets, which pflogsumm needs: they were put back.
    @Test(arguments: [
        ("logs/louisitvn+pflgviewer/postfix.log", 1548, 2693, 173, 294, 12),
        ("logs/kdent+postfix_log_analysis/mail.log", 489, 504, 91, 7, 606),
        // One of its 856 clients' messages was broken off.
        ("logs/kdent+postfix_log_analysis/mail2.log", 855, 856, 134, 1, 698),
        ("logs/irinata+backend-js-maillog-analyzer/maillog-sample.first5000.txt", 1004, 961, 1502, 244, 0),
    ])
    func countsAgreeWithThePeers(
        _ path: String, _ received: Int, _ delivered: Int, _ deferrals: Int, _ failed: Int, _ refused: Int
    ) throws {
        let facts = try read(path).facts
        let isExim = path.hasSuffix(".txt")
        // pflogsumm counts what a client or a user sent; eximstats counts bounces too.
        #expect(facts.messages.count { isExim || $0.origin == .session || $0.origin == .local } == received)
        #expect(facts.deliveries.count { $0.outcome == .delivered } == delivered)
        #expect(facts.deliveries.count { $0.outcome == .deferred } == deferrals)
        #expect(facts.deliveries.count { $0.outcome == .failed } == failed)
        #expect(facts.refusals.count == refused)
    }
}
