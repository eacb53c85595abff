// An audit's report for a terminal.

import MailLog
import MailTypes
import WeirEngine

/// The report as lines of text: what was found in one sentence, then the accounts, then the limits.
public struct AuditText {
    /// Accounts told at length.
    static let accountsMax = 12
    /// Entries of the shorter lists.
    static let entriesMax = 8
    /// Columns of the picture of hours.
    static let pictureColumns = 48

    /// The findings.
    let report: AuditReport
    /// What the lines were, by kind.
    let lines: [LineCensus.Row]
    /// Columns of the terminal.
    let width: Int
    /// True where the terminal shows colours.
    let isColoured: Bool
    /// The text so far.
    private var text = ""

    /// A view of a report.
    public init(_ report: AuditReport, lines: [LineCensus.Row], width: Int, isColoured: Bool) {
        self.report = report
        self.lines = lines
        self.width = min(max(60, width), 160)
        self.isColoured = isColoured
    }

    /// The text.
    public static func text(
        _ report: AuditReport, lines: [LineCensus.Row], width: Int = 100, isColoured: Bool = false
    ) -> String {
        var view = AuditText(report, lines: lines, width: width, isColoured: isColoured)
        view.write()
        return view.text
    }

    /// Writes everything.
    private mutating func write() {
        headline()
        for account in report.stolen.prefix(AuditText.accountsMax) { tell(account) }
        more(report.stolen.count, AuditText.accountsMax)
        list(report.noted, "Worth a look", "not certain enough to name: read the lines and ask the owner")
        touched()
        rules()
        suggestions()
        travellers()
        volumes()
        unread()
        next()
    }

    // MARK: - Parts

    /// What was found, in one sentence.
    private mutating func headline() {
        guard let span = report.span else {
            return line("No message of a subscriber was found in what was read.")
        }
        let stolen = report.stolen.count
        let found =
            stolen == 0
            ? "No account looks stolen" : "\(stolen) \(stolen == 1 ? "account looks" : "accounts look") stolen"
        line(paint("\(found), of \(number(report.volumes.subscribers)) that sent.", stolen == 0 ? "1;32" : "1;31"))
        line(
            "\(AuditText.minute(span.lowerBound)) to \(AuditText.minute(span.upperBound)) UTC: \(number(report.volumes.messages)) messages to \(number(report.volumes.recipients)) recipients"
                + (stolen == 0
                    ? "."
                    : ", \(AuditText.percent(report.volumes.abusivePermille)) of them in stolen accounts' worst days.")
        )
        if !report.hours.isEmpty {
            line("")
            line("  " + AuditText.bars(report.hours.map(\.messages), AuditText.pictureColumns) + "  messages an hour")
        }
    }

    /// One account at length.
    private mutating func tell(_ account: AccountFinding) {
        let window = account.window
        line("")
        line(
            paint(AuditText.shown(account.subscriber), "1") + "  "
                + "\(AuditText.minute(window.firstAt)) to \(AuditText.minute(window.lastAt)), \(number(window.messages)) messages, \(number(window.recipients)) recipients"
        )
        for entry in account.suspicion.lines.filter({ $0.score > 0 }).prefix(3) {
            line("  \(AuditText.nats(entry.score))  \(entry.why)")
        }
        if !account.picture.recipients.isEmpty {
            line("  " + AuditText.bars(account.picture.recipients, AuditText.pictureColumns) + "  recipients an hour")
        }
        if window.stopped > 0 {
            line(
                "  \(window.firstRule) would have stopped it at \(AuditText.minute(window.firstStopAt)), after \(number(window.recipientsBeforeStop)) recipients"
            )
        } else {
            line("  no limit of this policy would have stopped it")
        }
    }

    /// Accounts in a line each.
    private mutating func list(_ accounts: [AccountFinding], _ title: String, _ remark: String) {
        guard !accounts.isEmpty else { return }
        head("\(title) (\(remark))")
        for account in accounts.prefix(AuditText.entriesMax) {
            line(
                "  \(pad(AuditText.shown(account.subscriber), 34)) \(AuditText.nats(account.suspicion.score))  \(account.suspicion.lines.first?.why ?? "")"
            )
        }
        more(accounts.count, AuditText.entriesMax)
    }

    /// Honest-looking senders that a limit would have stopped, or nearly.
    private mutating func touched() {
        if !report.touched.isEmpty {
            head("Honest-looking senders that this policy would have touched")
            for account in report.touched.prefix(AuditText.entriesMax) {
                line(
                    "  \(pad(AuditText.shown(account.subscriber), 34)) \(number(account.stopped)) of \(number(account.messages)) messages, first \(account.evidence.first.map { "\(AuditText.minute($0.at)) by \($0.rule)" } ?? "")"
                )
                for message in account.evidence.prefix(1) { line("    \(message.why)") }
            }
            more(report.touched.count, AuditText.entriesMax)
        }
        guard !report.near.isEmpty else { return }
        head("Near a limit")
        for entry in report.near.prefix(AuditText.entriesMax) {
            line(
                "  \(pad(AuditText.shown(entry.subscriber), 34)) \(entry.percent) % of \(entry.rule): \(number(entry.most)) of \(number(entry.allowed))"
            )
        }
        more(report.near.count, AuditText.entriesMax)
    }

    /// What each rule would have done.
    private mutating func rules() {
        let acting = report.rules.filter { $0.messages > 0 }
        guard !acting.isEmpty else { return }
        head("What each limit would have done")
        for rule in acting {
            let early = rule.recipientsBefore.map { ", after \(number($0)) recipients in the median" } ?? ""
            line(
                "  \(pad(rule.line, 42)) \(number(rule.messages)) messages of \(number(rule.subscribers)) senders; \(rule.stolen) stolen\(early)"
            )
        }
    }

    /// Limits that the log suggests.
    private mutating func suggestions() {
        guard !report.suggestions.isEmpty else { return }
        head("Limits that this log suggests (a third above what 99.5 % of the honest-looking ever reached)")
        for limit in report.suggestions {
            line(
                "  - \(pad(limit.line, 36)) # \(limit.plan): touches \(limit.touches) of \(number(limit.honest)) honest, catches \(limit.catches) of \(limit.stolen) stolen; usual \(number(limit.median)), most \(number(limit.most))"
            )
        }
    }

    /// Logins used from many networks.
    private mutating func travellers() {
        guard !report.travellers.isEmpty else { return }
        head("Used from most networks in a day")
        for entry in report.travellers.prefix(AuditText.entriesMax) {
            line(
                "  \(pad(AuditText.shown(entry.subscriber), 34)) \(entry.networks) on \(AuditText.minute(entry.at).prefix(10))\(entry.isStolen ? ", looks stolen" : "")"
            )
        }
        more(report.travellers.count, AuditText.entriesMax)
    }

    /// The totals.
    private mutating func volumes() {
        let v = report.volumes
        head("Totals")
        line(
            "  delivered \(number(v.delivered)), deferred \(number(v.deferred)), failed \(number(v.failed)), of these to recipients that do not exist \(number(v.dead))"
        )
        line(
            "  from outside, not judged: \(number(v.incoming)); refused at the door: \(number(v.refused)); failed logins: \(number(v.loginsFailed))"
        )
    }

    /// What could not be read.
    private mutating func unread() {
        let rows = lines.filter { $0.category == .notUnderstood || $0.category == .noLogLine }
        guard !rows.isEmpty else { return }
        head("Not understood")
        for row in rows.prefix(AuditText.entriesMax) {
            line(
                "  \(number(row.count)) \(row.server.isEmpty ? "" : row.server + ": ")\(row.kind), such as: \(AuditText.shown(row.example))"
            )
        }
        more(rows.count, AuditText.entriesMax)
    }

    /// What to do next.
    private mutating func next() {
        guard report.span != nil else { return }
        head("Next")
        if let first = report.stolen.first {
            line(
                "  Change the passwords of the accounts above, then: weir audit --subscriber \(AuditText.shown(first.subscriber)) …"
            )
        }
        line("  Put the suggested lines into weir.yaml and try them on this log: weir audit --policy weir.yaml …")
    }

    // MARK: - Words and columns

    /// A line, cut at the terminal's width.
    private mutating func line(_ given: String) {
        var shown = 0
        var isEscape = false
        for character in given {
            if character == "\u{1B}" { isEscape = true }
            if !isEscape { shown += 1 }
            if isEscape, character == "m" { isEscape = false }
            if shown >= width, !isEscape, shown > 0, given.count > width, !isColoured {
                text += "…"
                break
            }
            text.append(character)
        }
        text += "\n"
    }

    /// A heading with a blank line before it.
    private mutating func head(_ title: String) {
        line("")
        line(paint(title, "1"))
    }

    /// How many were left out.
    private mutating func more(_ count: Int, _ shown: Int) {
        if count > shown { line("  … and \(number(count - shown)) more") }
    }

    /// Text in a colour, where there are any.
    private func paint(_ text: String, _ code: String) -> String {
        isColoured ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }

    /// A number with its thousands apart.
    private func number(_ value: Int) -> String {
        let digits = String(value)
        var result = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { result += "," }
            result.append(digit)
        }
        return result
    }

    /// Text filled up to some columns.
    private func pad(_ text: String, _ columns: Int) -> String {
        text + String(repeating: " ", count: max(0, columns - text.count))
    }

    /// Hostile text made harmless: no control character reaches the terminal.
    static func shown(_ text: String) -> String {
        String(
            text.unicodeScalars.map { $0.value < 32 || $0.value >= 127 && $0.value < 160 ? "?" : Character($0) })
    }

    /// `+6.1`.
    static func nats(_ score: Int) -> String {
        let tenths = (abs(score) + 50) / 100
        return "\(score < 0 ? "-" : "+")\(tenths / 10).\(tenths % 10)"
    }

    /// `2026-11-23 18:05`.
    static func minute(_ time: Timestamp) -> String {
        String(time.description.prefix(16)).split(separator: "T").joined(separator: " ")
    }

    /// `12.5 %`.
    static func percent(_ permille: Int) -> String { "\(permille / 10).\(permille % 10) %" }

    /// Counts as a row of eighths, gathered to at most so many columns.
    static func bars(_ counts: [Int], _ columns: Int) -> String {
        let step = max(1, (counts.count + columns - 1) / columns)
        let sums = stride(from: 0, to: counts.count, by: step).map { start in
            counts[start..<min(counts.count, start + step)].reduce(0, +)
        }
        let most = max(1, sums.max() ?? 1)
        let marks = Array(" ▁▂▃▄▅▆▇█")
        return String(sums.map { $0 == 0 ? marks[0] : marks[max(1, $0 * 8 / most)] })
    }
}
