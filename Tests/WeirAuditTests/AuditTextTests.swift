// The report for a terminal: its width, its harmlessness, its sentences.

import MailTypes
import Testing
import WeirEngine
import WeirTesting

@testable import MailLog
@testable import WeirAudit

/// A report with all that a view can show, for the tests of the views.
let sampleReport: (report: AuditReport, lines: [LineCensus.Row]) = {
    let log = SampleMailLog(seed: 2, days: 7)
    var reader = MailLogReader(LogFile(host: log.host, modified: log.end), keys: testKeys)
    var audit = Audit(AuditSettings(policy: testPolicy))
    log.write { piece in
        reader.read(piece)
        while let fact = reader.next() { audit.take(fact) }
    }
    reader.read("Jan 25 23:59:00 mx1 postfix/smtpd[1]: a line of next year's release\nno line of a log\n".utf8Span.span)
    reader.finish()
    while let fact = reader.next() { audit.take(fact) }
    return (audit.finish(), reader.lines.rows)
}()

/// A report whose every name was chosen by an attacker.
let hostileReport: AuditReport = {
    let names = [
        "\u{1B}[2Jann", "<script>alert(1)</script>", "\"'&<>\u{202E}gpj", "漢字漢字漢字漢字漢字@example.org",
        "a\u{0}\u{7F}\u{9B}31m",
    ]
    var audit = Audit(AuditSettings(policy: testPolicy))
    var time = moment("2026-01-05T09:00:00Z")
    for round in 0..<400 {
        for (place, name) in names.enumerated() {
            // Forty rounds of somebody's own mail, then a thief's.
            let recipient = testKeys.key("r\(round < 40 ? round % 3 : round)-\(place)@example.org")!
            let id = "A\(round)-\(place)"
            let transaction = Transaction(
                stage: .endOfMessage,
                session: Session(
                    door: .milter, mailHost: "mx<1>",
                    client: NetworkAddress("100.64.\(round < 40 ? 0 : round % 60).9"), clientPort: 0,
                    helo: "", login: name, isEncrypted: false, isLocalSubmission: false),
                envelope: Envelope(
                    reversePath: nil, recipients: [Recipient(recipient)], recipientsAreComplete: true,
                    recipientCount: 1, bytes: 900), queueID: id)
            audit.take(LoggedEvent.transaction(transaction, id: id, at: time))
            if round > 40 {
                audit.take(
                    LoggedEvent.delivery(
                        Delivery(
                            mailHost: "mx<1>", queueID: id, recipient: recipient, status: EnhancedStatus(5, 1, 1),
                            outcome: round % 2 == 0 ? .failed : .delivered), at: time))
            }
        }
        time = time.advanced(byNanoseconds: round < 40 ? 43_200_000_000_000 : 20_000_000_000)
    }
    return audit.finish()
}()

/// Text without colours.
private func plain(_ text: String) -> String { text.replacing(/\u{1B}\[[0-9;]*m/, with: "") }

@Suite struct AuditTextTests {
    @Test(arguments: [1, 60, 61, 80, 100, 119, 120, 200, 1000]) func noLineIsWiderThanTheTerminal(width: Int) {
        let bound = min(200, max(60, width))
        for report in [sampleReport.report, hostileReport, AuditReport()] {
            let text = AuditText.text(report, lines: sampleReport.lines, width: width)
            for line in text.split(separator: "\n") {
                #expect(TextCanvas.columns(String(line)) <= bound, "\(line)")
            }
            #expect(!text.contains("\u{1B}"), "plain text has no escape")
            let controls = text.unicodeScalars.filter { $0 != "\n" && $0.properties.generalCategory == .control }
            #expect(controls.isEmpty)
            #expect(!text.contains(" \n"), "no blanks at the end of a line")
        }
    }

    @Test func coloursChangeNothingButColours() {
        for report in [sampleReport.report, hostileReport] {
            let coloured = AuditText.text(report, lines: sampleReport.lines, width: 90, isColoured: true)
            #expect(coloured.contains("\u{1B}[1;31m"))
            let bare = plain(coloured).split(separator: "\n").map { $0.reversed().drop { $0 == " " }.reversed() }
            let expected = AuditText.text(report, lines: sampleReport.lines, width: 90).split(separator: "\n")
            #expect(bare.map { String($0) } == expected.map(String.init))
        }
    }

    @Test func theHeadlineSaysWhatWasFound() {
        #expect(ReportWords.headline(AuditReport()) == "No mail of a subscriber was found in what was read.")
        var quiet = AuditReport()
        quiet.span = moment("2026-01-05T09:00:00Z")...moment("2026-01-06T09:00:00Z")
        quiet.volumes.subscribers = 1
        #expect(ReportWords.headline(quiet) == "No account looks stolen, of 1 account that sent mail.")
        #expect(ReportWords.headline(sampleReport.report).hasPrefix("3 of 51 accounts look stolen and sent "))
    }

    @Test func numbersAndMomentsReadWell() {
        #expect(
            [0, 7, 999, 1000, 1_234_567, -1000].map(ReportWords.number) == [
                "0", "7", "999", "1,000", "1,234,567", "-1,000",
            ])
        #expect(ReportWords.share(0, of: 0) == "0 %" && ReportWords.share(1, of: 5000) == "under 0.1 %")
        #expect(ReportWords.share(114, of: 1000) == "11.4 %" && ReportWords.share(9, of: 9) == "100 %")
        #expect(ReportWords.nats(6051) == "+6.1" && ReportWords.nats(-1349) == "-1.3" && ReportWords.nats(0) == "+0.0")
        let (from, until) = (moment("2026-01-28T22:05:00Z"), moment("2026-01-29T04:10:00Z"))
        #expect(ReportWords.stretch(from, until) == "28 Jan 22:05 to 29 Jan 04:10")
        #expect(ReportWords.stretch(from, from) == "28 Jan 22:05")
        #expect(ReportWords.dates(from...until) == "28 Jan to 29 Jan 2026")
        #expect(ReportWords.dates(moment("2025-12-30T00:00:00Z")...until) == "30 Dec 2025 to 29 Jan 2026")
    }

    @Test func namesAreCutInTheMiddle() {
        #expect(TextCanvas.fitted("ann@example.org", 15) == "ann@example.org")
        #expect(TextCanvas.fitted("a.very.long.name@example.org", 11) == "a.ver…e.org")
        #expect(TextCanvas.columns(TextCanvas.fitted("漢字漢字漢字", 6)) <= 6)
        #expect(TextCanvas.columns("e\u{301}") == 1 && TextCanvas.columns("漢") == 2)
        #expect(TextCanvas.rows("one two three", 7) == ["one two", "three"])
        #expect(TextCanvas.rows("", 7) == [""])
    }

    @Test func aShellTakesTheNameThatIsShown() {
        #expect(AuditText.quoted("ann@example.org") == "ann@example.org")
        #expect(AuditText.quoted("ann; rm -rf x") == "'ann; rm -rf x'")
        #expect(AuditText.quoted("o'brien") == "'o'\\''brien'")
        #expect(AuditText.quoted("-rf") == "'-rf'" && AuditText.quoted("") == "''")
    }

    @Test func chartsShowWhatIsThere() {
        let chart = BlockChart([0, 1, 1000, 500], columns: 10)
        #expect(chart.rows(1).flatMap { $0 }.map(\.text).joined() == " ▁█▄")
        let gathered = BlockChart(Array(repeating: 3, count: 100), marked: Array(repeating: 1, count: 50), columns: 20)
        #expect(gathered.columns == Array(repeating: 15, count: 20) && gathered.most == 15)
        #expect(gathered.marks == String(repeating: "▲", count: 10) + String(repeating: " ", count: 10))
        #expect(BlockChart([], columns: 10).rows(2).joined().isEmpty)
        #expect(
            BlockChart.bar(50, 10) == "█████░░░░░" && BlockChart.bar(900, 4) == "████" && BlockChart.bar(0, 4) == "░░░░"
        )
    }
}
