// The house rules, run over `Sources/`, and each shown to turn red on a file that breaches it.

import Foundation
import Testing

@Suite("House rules")
struct TidyTests {
    @Test("hold in Sources", arguments: tidyRules.map(\.name))
    func rule(_ name: String) throws {
        let rule = try #require(tidyRules.first { $0.name == name })
        let files = try SourceFile.sources.get()
        try #require(files.count > 30, "the sources were not found below \(SourceFile.root.lastPathComponent)")
        for finding in files.flatMap(rule.check) { Issue.record("\(finding)") }
    }

    @Test("turn red on a mutant and stay green on its innocent likeness", arguments: tidyRules.map(\.name))
    func mutants(_ name: String) throws {
        let rule = try #require(tidyRules.first { $0.name == name })
        #expect(!rule.check(rule.mutant).isEmpty, "the mutant passed")
        #expect(rule.check(rule.innocent) == [], "the innocent did not pass")
    }

    @Test("every standard that the sources name is in Docs/rfc-index.md")
    func rfcIndex() throws {
        let place = SourceFile.root.appendingPathComponent("Docs/rfc-index.md")
        let index = (try? String(contentsOf: place, encoding: .utf8)) ?? ""
        for finding in standardsMissing(from: index, in: try SourceFile.sources.get()) { Issue.record("\(finding)") }
    }

    @Test("a standard that is missing from the index is found, lists of them included")
    func rfcMutant() {
        let file = SourceFile(
            path: "Sources/weir/Mutant.swift", text: "// RFC 5322, 2045\n// RFC 9999 §1, RFC 5321 §4.2, 12 of them")
        #expect(
            standardsMissing(from: "| RFC 5321 | SMTP |\n| RFC 5322 | format |", in: [file]) == [
                TidyFinding(path: file.path, line: 1, message: "RFC 2045 is not in Docs/rfc-index.md: add a row"),
                TidyFinding(path: file.path, line: 2, message: "RFC 9999 is not in Docs/rfc-index.md: add a row"),
            ])
        #expect(standardsMissing(from: "RFC 5321 RFC 5322, 2045 RFC 9999", in: [file]) == [])
    }

    @Test("every target of Sources stands in the layer table, and nothing else")
    func targets() throws {
        let base = SourceFile.root.appendingPathComponent("Sources")
        let folders = try FileManager.default.contentsOfDirectory(atPath: base.path).filter { !$0.hasPrefix(".") }
        #expect(Set(folders) == Set(importsAllowed.keys))
    }

    @Test("comments and strings are no code, and code around them is")
    func code() {
        let text =
            "let a = \"x // y\" /* no /* nested */ no */ + b // no\nlet c = \"\"\"\n  Date()\n  \"\"\" + d\nlet e = \"\\\"f\" + g"
        let file = SourceFile(path: "Sources/weir/A.swift", text: text)
        #expect(file.code == ["let a = \"\"  + b ", "let c = \"\"", "", " + d", "let e = \"\" + g"])
    }
}
