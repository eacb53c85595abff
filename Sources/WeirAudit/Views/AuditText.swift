// An audit's report for a terminal: one sentence, a picture, then each account with its evidence, then the limits.

import MailLog
import MailTypes
import WeirEngine

/// The report as lines of text.
public struct AuditText {
    /// Accounts told at length.
    static let accountsMax = 12
    /// Entries of the shorter lists.
    static let entriesMax = 8
    /// Lines of evidence an account.
    static let evidenceMax = 3
    /// Rows of the picture of all mail.
    static let pictureRows = 4

    /// The findings.
    let report: AuditReport
    /// What the lines were, by kind.
    let lines: [LineCensus.Row]
    /// What is written on.
    var canvas: TextCanvas

    /// A view of a report.
    init(_ report: AuditReport, lines: [LineCensus.Row], width: Int, isColoured: Bool) {
        self.report = report
        self.lines = lines
        canvas = TextCanvas(width: width, isColoured: isColoured)
    }

    /// The report of a terminal of 60 to 200 columns; `lines` is the census of what was read.
    public static func text(
        _ report: AuditReport, lines: [LineCensus.Row], width: Int = 100, isColoured: Bool = false
    ) -> String {
        var view = AuditText(report, lines: lines, width: width, isColoured: isColoured)
        view.write()
        return view.canvas.text
    }

    /// Columns that names of accounts take in a table.
    var nameColumns: Int { min(40, max(22, canvas.width * 3 / 8)) }

    /// Writes everything.
    private mutating func write() {
        headline()
        guard report.span != nil else {
            unread()
            return
        }
        picture()
        stolen()
        noted()
        touched()
        near()
        rules()
        suggestions()
        travellers()
        deadRates()
        totals()
        unread()
        next()
    }

    // MARK: - The head

    /// What was found, in one sentence, and what it was found in.
    private mutating func headline() {
        canvas.blank()
        canvas.paragraph(ReportWords.headline(report), report.stolen.isEmpty ? .good : .alarm)
        let read = lines.reduce(0) { $0 + $1.count }
        let volumes = report.volumes
        guard let span = report.span else {
            canvas.paragraph("\(ReportWords.count(read, "line")) read.", .faint)
            return
        }
        canvas.paragraph(
            [
                ReportWords.dates(span) + " UTC", ReportWords.count(volumes.messages, "message"),
                ReportWords.count(volumes.recipients, "recipient"), ReportWords.count(read, "line") + " read",
            ].joined(separator: " · "), .faint)
    }

    /// All messages over time.
    private mutating func picture() {
        guard report.hours.count > 1, let first = report.hours.first, let last = report.hours.last else { return }
        // Hours without mail are columns too.
        var counts = [Int](repeating: 0, count: Int(last.hour - first.hour) + 1)
        var abusive = counts
        for hour in report.hours {
            counts[Int(hour.hour - first.hour)] = hour.messages
            abusive[Int(hour.hour - first.hour)] = hour.abusive
        }
        let chart = BlockChart(counts, marked: abusive, columns: canvas.width - 2)
        canvas.blank()
        for row in chart.rows(AuditText.pictureRows) { canvas.line([TextPiece("  ")] + row) }
        if chart.isMarked.contains(true) { canvas.line([TextPiece("  "), TextPiece(chart.marks, .alarm)]) }
        let ends = (ReportWords.day(ReportWords.hour(first.hour)), ReportWords.day(ReportWords.hour(last.hour)))
        let unit = chart.step == 1 ? "an hour" : "in \(chart.step) hours"
        let scale = "messages \(unit), up to \(ReportWords.number(chart.most))"
        let room = max(0, chart.columns.count - TextCanvas.columns(ends.0 + ends.1))
        let middle = TextCanvas.padded("", max(0, room - TextCanvas.columns(scale)) / 2) + scale
        canvas.line([
            TextPiece("  \(ends.0)", .faint), TextPiece(TextCanvas.padded(middle, room), .faint),
            TextPiece(ends.1, .faint),
        ])
        if chart.isMarked.contains(true) {
            canvas.line([
                TextPiece("  ▲", .alarm), TextPiece(" a third or more of it from accounts that look stolen", .faint),
            ])
        }
    }

    // MARK: - Accounts

    /// The accounts that look stolen.
    private mutating func stolen() {
        guard !report.stolen.isEmpty else { return }
        canvas.heading("Look stolen")
        for (place, account) in report.stolen.prefix(AuditText.accountsMax).enumerated() {
            if place > 0 { canvas.blank() }
            tell(account, place + 1)
        }
        more(report.stolen.count, AuditText.accountsMax)
    }

    /// One account at length.
    private mutating func tell(_ account: AccountFinding, _ number: Int) {
        let indent = TextPiece("    ")
        let name = TextCanvas.fitted(ReportWords.shown(account.subscriber), canvas.width - 30)
        let score = "\(account.worst?.state.description ?? "") \(ReportWords.nats(account.score))"
        let space = canvas.width - 4 - TextCanvas.columns(name) - score.count
        canvas.line([
            TextPiece(TextCanvas.padded("\(number)", 2, atEnd: false) + "  ", .faint), TextPiece(name, .alarm),
            TextPiece(String(repeating: " ", count: max(1, space))), TextPiece(score, .faint),
        ])
        canvas.paragraph(ReportWords.when(account), lead: [indent])
        for entry in account.ledger.prefix(AuditText.evidenceMax) {
            let score = TextCanvas.padded(ReportWords.nats(entry.score), 6)
            canvas.paragraph(ReportWords.shown(entry.why), lead: [indent, TextPiece(score, .warning)])
        }
        strip(account)
        canvas.paragraph(ReportWords.caught(account), lead: [indent])
    }

    /// The hours of an account in one row.
    private mutating func strip(_ account: AccountFinding) {
        let picture = account.picture
        guard !picture.recipients.isEmpty else { return }
        let first = ReportWords.day(ReportWords.hour(picture.firstHour))
        let last = ReportWords.day(ReportWords.hour(picture.firstHour + Int64(picture.recipients.count) - 1))
        let marked = account.marked
        let chart = BlockChart(picture.recipients, marked: marked, columns: min(96, canvas.width - 44))
        let unit = chart.step == 1 ? "an hour" : "in \(chart.step) h"
        for row in chart.rows(1) {
            canvas.line(
                [TextPiece("    \(first) ", .faint)] + row
                    + [TextPiece(" \(last)   up to \(ReportWords.number(chart.most)) \(unit)", .faint)])
        }
    }

    /// Accounts worth a look, in a line or two each.
    private mutating func noted() {
        guard !report.noted.isEmpty else { return }
        canvas.heading("Worth a look")
        canvas.paragraph("Not certain enough to name. Read their lines, or ask the owner.", .faint)
        for account in report.noted.prefix(AuditText.entriesMax) {
            canvas.paragraph(
                ReportWords.noted(account),
                lead: [
                    TextPiece("  "), name(account.subscriber),
                    TextPiece(" " + TextCanvas.padded(ReportWords.nats(account.score), 6), .warning),
                ])
        }
        more(report.noted.count, AuditText.entriesMax)
    }

    // MARK: - Words and columns

    /// An account's name in a table's first column.
    func name(_ subscriber: String) -> TextPiece {
        TextPiece(TextCanvas.padded(ReportWords.shown(subscriber), nameColumns), .bold)
    }

    /// How many were left out.
    mutating func more(_ count: Int, _ shown: Int) {
        if count > shown { canvas.line("  … and \(ReportWords.number(count - shown)) more", .faint) }
    }
}
