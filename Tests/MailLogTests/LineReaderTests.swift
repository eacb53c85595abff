// Headers of lines: syslog in its forms, Exim's own, the journal's JSON; and the census of what was read.

import MailTypes
import Testing

@testable import MailLog

/// Keeps what lines say.
struct LineRecorder: LineFactSink {
    /// The facts' names with time, host, program and process id.
    var lines: [String] = []

    /// Takes one.
    mutating func take(_ fact: LineFact, of line: LogLine, from source: LogSource, _ message: Span<UInt8>) {
        lines.append("\(line.time) \(source.host) \(source.program)[\(line.pid)] \(LineFact.kinds[fact.kind])")
    }
}

@Suite struct LineReaderTests {
    /// What a line comes to, and the census.
    private func read(_ line: String, _ file: LogFile = testFile) -> (lines: [String], rows: [LineCensus.Row]) {
        var reader = LineReader(file)
        var recorder = LineRecorder()
        reader.read(line.utf8Span.span, into: &recorder)
        return (recorder.lines, reader.rows)
    }

    @Test(arguments: [
        "Jan  5 09:13:22 mx1 postfix/qmgr[811]: 4ACE1F02B3: removed",
        "<22>Jan  5 09:13:22 mx1 postfix/qmgr[811]: 4ACE1F02B3: removed",
        "2026-01-05T10:13:22+01:00 mx1 postfix/qmgr[811]: 4ACE1F02B3: removed",
        "<22>1 2026-01-05T09:13:22Z mx1 postfix/qmgr 811 - - 4ACE1F02B3: removed",
        "<22>1 2026-01-05T09:13:22Z mx1 postfix/qmgr 811 id [x@1 a=\"b\"] \u{FEFF}4ACE1F02B3: removed",
        "Jan  5 09:13:22 <mail.info> mx1 postfix/qmgr[811]: 4ACE1F02B3: removed",
        "Jan  5 09:13:22 mx1 postfix/qmgr[811]: [ID 197553 mail.info] 4ACE1F02B3: removed",
        "{\"__REALTIME_TIMESTAMP\":\"1767604402000000\",\"_HOSTNAME\":\"mx1\",\"SYSLOG_IDENTIFIER\":\"postfix/qmgr\",\"_PID\":\"811\",\"MESSAGE\":\"4ACE1F02B3: removed\"}",
        "{ \"MESSAGE\" : [52,65,67,69,49,70,48,50,66,51,58,32,114,101,109,111,118,101,100], \"X\":null, \"Y\":[\"a\",\"b\"], \"SYSLOG_IDENTIFIER\":\"postfix\\/qmgr\", \"SYSLOG_PID\":\"811\", \"_HOSTNAME\":\"\\u006dx1\", \"__REALTIME_TIMESTAMP\":\"1767604402000000\" }",
    ])
    func readsEveryForm(_ line: String) {
        #expect(read(line).lines == ["2026-01-05T09:13:22.000Z mx1 postfix/qmgr[811] removed"], "\(line)")
    }

    @Test(arguments: [
        ("2026-01-05 09:13:22 1RwtJa-000AFB-07 Completed", "2026-01-05T09:13:22.000Z mx1 exim[0] removed"),
        (
            "2026-01-05 09:13:22 +0100 [811] 1RwtJa-000AFB-07 Completed",
            "2026-01-05T08:13:22.000Z mx1 exim[811] removed"
        ),
        (
            "2026-01-05 09:13:22 mx2 exim[811]: 1RwtJa-000AFB-07 Completed",
            "2026-01-05T09:13:22.000Z mx2 exim[811] removed"
        ),
        (
            "Jan  5 09:13:22 mx2 exim[811]: 2026-01-05 09:13:22 1RwtJa-000AFB-07 Completed",
            "2026-01-05T09:13:22.000Z mx2 exim[811] removed"
        ),
    ])
    func readsEximsOwnForm(_ line: String, _ expected: String) { #expect(read(line).lines == [expected]) }

    @Test func aZoneMovesStampsThatNameNone() {
        let file = LogFile(modified: moment("2026-01-15T12:00:00Z"), zoneSeconds: -5 * 3600)
        #expect(
            read("Jan  5 09:13:22 mx1 postfix/qmgr[1]: 4ACE1F02B3: removed", file).lines.first?.hasPrefix(
                "2026-01-05T14:13:22") == true)
        #expect(
            read("2026-01-05 09:13:22 1RwtJa-000AFB-07 Completed", file).lines.first?.hasPrefix("2026-01-05T14:13:22")
                == true)
    }

    @Test(arguments: [
        ("", "empty line"), ("  \t", "empty line"), ("no stamp at all", "no time stamp"),
        ("Jan  5 09:13:22 mx1", "no program name"),
        ("Jan  5 09:13:22 mx1 last message repeated 3 times", "no program name"),
        ("{\"MESSAGE\":\"x\"}", "broken journal entry"),
        ("{\"MESSAGE\":\"x", "broken journal entry"), ("{}", "broken journal entry"),
        ("{\"a\":{\"b\":1}}", "broken journal entry"),
    ])
    func countsWhatIsNoLine(_ line: String, _ kind: String) {
        let (lines, rows) = read(line)
        #expect(lines.isEmpty && rows.map(\.kind) == [kind] && rows.map(\.category) == [.noLogLine])
    }

    @Test func countsByKindWithTheFirstExample() {
        var reader = LineReader(testFile)
        var recorder = LineRecorder()
        for message in ["4ACE1F02B3: removed", "5BDF2013C4: removed", "what is this\u{7}", "warning: x"] {
            reader.read("Jan  5 09:13:22 mx1 postfix/qmgr[811]: \(message)".utf8Span.span, into: &recorder)
        }
        reader.read("Jan  5 09:13:22 mx1 dovecot: imap-login: Login".utf8Span.span, into: &recorder)
        #expect(
            reader.rows == [
                LineCensus.Row(
                    category: .fact, server: "Postfix", kind: "removed", count: 2, example: "4ACE1F02B3: removed"),
                LineCensus.Row(
                    category: .notRelevant, server: "Postfix", kind: "warning", count: 1, example: "warning: x"),
                LineCensus.Row(
                    category: .notUnderstood, server: "Postfix", kind: "postfix/qmgr", count: 1,
                    example: "what is this?"),
                LineCensus.Row(
                    category: .otherProgram, server: "", kind: "dovecot", count: 1, example: "imap-login: Login"),
            ])
        #expect(reader.census.lines == 5)
    }

    @Test func sourcesAreBounded() {
        var reader = LineReader(testFile)
        var recorder = LineRecorder()
        for number in 0..<SourceTable.sourcesMax + 10 {
            reader.read(
                "Jan  5 09:13:22 mx\(number) postfix/qmgr[811]: 4ACE1F02B3: removed".utf8Span.span, into: &recorder)
        }
        #expect(reader.sources.count == SourceTable.sourcesMax && recorder.lines.count == SourceTable.sourcesMax)
        #expect(reader.rows.last?.kind == "too many hosts and programs" && reader.rows.last?.count == 10)
    }

    @Test func everyParserIsListedOnceAndNamesItsKinds() {
        #expect(MailLogParsers.builtIn.map { $0.name } == ["Postfix", "Exim", "Sendmail"])
        for parser in MailLogParsers.builtIn {
            #expect(!parser.kinds.isEmpty && Set(parser.kinds).count == parser.kinds.count && parser.kinds.count < 256)
        }
        #expect(Set(LineFact.kinds).count == LineFact.kinds.count)
    }
}
