// What an audit prints, beside the reviewed files of Tests/Golden.

import Foundation
import Testing
import WeirTesting

@testable import WeirAudit

/// The folder of the golden files.
private let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Golden")

/// Compares a text with a golden file; `make golden` writes it instead.
private func expectGolden(_ text: String, _ name: String, at place: SourceLocation = #_sourceLocation) throws {
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

@Suite struct AuditGoldenTests {
    @Test func theReportForATerminal() throws {
        try expectGolden(AuditText.text(sampleReport.report, lines: sampleReport.lines, width: 80), "audit-80.txt")
        try expectGolden(AuditText.text(sampleReport.report, lines: sampleReport.lines, width: 120), "audit-120.txt")
    }

    @Test func theSummaryAsJSON() throws {
        // A member a line is what a reviewer can read.
        let summary = AuditLines.summary(sampleReport.report, lines: sampleReport.lines)
        try expectGolden(summary.replacing(",\"", with: ",\n\"") + "\n", "audit.jsonl.txt")
    }

    @Test func theReportOfNothing() throws {
        try expectGolden(AuditText.text(AuditReport(), lines: [], width: 80), "audit-empty.txt")
    }
}
