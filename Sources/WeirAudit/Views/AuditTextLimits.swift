// The rest of an audit's report for a terminal: limits and whom they touch, lists, totals, what to do next.

import MailLog
import MailTypes
import WeirEngine

extension AuditText {
    // MARK: - Limits

    /// Honest-looking senders that a limit would have stopped.
    mutating func touched() {
        guard !report.touched.isEmpty else { return }
        canvas.heading("Honest-looking, and a limit would have stopped them")
        for account in report.touched.prefix(AuditText.entriesMax) {
            let first = account.evidence.first.map {
                ", the first on \(ReportWords.moment($0.at)) by \(ReportWords.limit($0.rule))"
            }
            canvas.paragraph(
                "\(ReportWords.number(account.stopped)) of \(ReportWords.count(account.messages, "message"))\(first ?? "")",
                lead: [TextPiece("  "), name(account.subscriber), TextPiece(" ")])
        }
        more(report.touched.count, AuditText.entriesMax)
        canvas.paragraph("Give senders like these a plan of their own before a limit is enforced.", .faint)
    }

    /// Honest-looking senders near a limit.
    mutating func near() {
        guard !report.near.isEmpty else { return }
        canvas.heading("Near a limit")
        for entry in report.near.prefix(AuditText.entriesMax) {
            canvas.line([
                TextPiece("  "), name(entry.subscriber), TextPiece(" "),
                TextPiece(BlockChart.bar(entry.percent, 10), entry.percent >= 80 ? .warning : .faint),
                TextPiece(TextCanvas.padded("\(entry.percent) %", 6, atEnd: false)),
                TextPiece(
                    "  \(ReportWords.number(entry.most)) of \(ReportWords.number(entry.allowed)), \(ReportWords.limit(entry.rule))",
                    .faint),
            ])
        }
        more(report.near.count, AuditText.entriesMax)
    }

    /// What each limit would have done.
    mutating func rules() {
        let acting = report.rules.filter { $0.messages > 0 || $0.stolen > 0 }
        guard !acting.isEmpty else { return }
        canvas.heading("What each limit would have done")
        for rule in acting {
            var words =
                "stops \(ReportWords.count(rule.messages, "message")) of \(ReportWords.count(rule.subscribers, "sender"))"
            if !report.stolen.isEmpty {
                words += ", \(ReportWords.number(rule.stolen)) of the \(ReportWords.number(report.stolen.count)) stolen"
            }
            if let before = rule.recipientsBefore {
                words += "; first of all limits, after \(ReportWords.count(before, "recipient"))"
            }
            canvas.paragraph(
                words,
                lead: [TextPiece("  " + TextCanvas.padded(rule.line, min(44, max(34, canvas.width * 2 / 5))) + " ")])
        }
        let idle = report.rules.count - acting.count
        if idle > 0 { canvas.line("  \(ReportWords.count(idle, "other limit")) would have stopped nothing.", .faint) }
    }

    /// Limits that the log suggests, as lines of weir.yaml.
    mutating func suggestions() {
        guard !report.suggestions.isEmpty else { return }
        canvas.heading("Limits that this log suggests")
        canvas.paragraph(
            "A third above what 99.5 % of the honest-looking accounts ever reached. Lines for weir.yaml:", .faint)
        canvas.blank()
        canvas.line("  plans:", .code)
        var plan = ""
        for limit in report.suggestions {
            if limit.plan != plan {
                plan = limit.plan
                canvas.line("    - name: \(ReportWords.shown(plan))", .code)
                canvas.line("      limits:", .code)
            }
            let item = "        - \(limit.line)"
            let effect = "# \(ReportWords.effect(limit))"
            let spread = "usual \(ReportWords.number(limit.median)), most \(ReportWords.number(limit.most))"
            if canvas.width >= 110 {
                canvas.line([TextPiece(TextCanvas.padded(item, 44), .code), TextPiece("\(effect); \(spread)", .faint)])
            } else {
                canvas.line("        \(effect)", .faint)
                canvas.line("        # \(spread)", .faint)
                canvas.line(item, .code)
            }
        }
    }

    // MARK: - Lists

    /// Logins used from many networks.
    mutating func travellers() {
        guard !report.travellers.isEmpty else { return }
        canvas.heading("Used from most networks in a day")
        let most = report.travellers.first?.networks ?? 1
        for entry in report.travellers.prefix(AuditText.entriesMax) {
            canvas.line([
                TextPiece("  "), name(entry.subscriber), TextPiece(" "),
                TextPiece(BlockChart.bar(entry.networks * 100 / max(1, most), 10), entry.isStolen ? .alarm : .faint),
                TextPiece(
                    TextCanvas.padded(
                        "\(entry.networks)\(entry.networks < DayNetworks.most ? "" : "+")", 6, atEnd: false)),
                TextPiece("  from \(ReportWords.moment(entry.at))\(entry.isStolen ? ", looks stolen" : "")", .faint),
            ])
        }
        more(report.travellers.count, AuditText.entriesMax)
    }

    /// Accounts that write to recipients that do not exist.
    mutating func deadRates() {
        guard !report.deadRates.isEmpty else { return }
        canvas.heading("Wrote to recipients that do not exist")
        let most = report.deadRates.first?.permille ?? 1
        for entry in report.deadRates.prefix(AuditText.entriesMax) {
            canvas.line([
                TextPiece("  "), name(entry.subscriber), TextPiece(" "),
                TextPiece(BlockChart.bar(entry.permille * 100 / max(1, most), 10), entry.isStolen ? .alarm : .faint),
                TextPiece(
                    TextCanvas.padded(ReportWords.share(entry.dead, of: entry.results), 8, atEnd: false)),
                TextPiece(
                    "  \(ReportWords.number(entry.dead)) of \(ReportWords.number(entry.results))\(entry.isStolen ? ", looks stolen" : "")",
                    .faint),
            ])
        }
        more(report.deadRates.count, AuditText.entriesMax)
        let volumes = report.volumes
        canvas.line(
            "  All accounts: \(ReportWords.share(volumes.dead, of: volumes.delivered + volumes.failed)) of deliveries.",
            .faint
        )
    }

    /// The totals.
    mutating func totals() {
        let volumes = report.volumes
        let final = volumes.delivered + volumes.failed
        canvas.heading("Totals")
        for (name, value, remark) in [
            ("messages of accounts", volumes.messages, "to \(ReportWords.count(volumes.recipients, "recipient"))"),
            (
                "look like abuse", volumes.abusive,
                "\(ReportWords.share(volumes.abusive, of: volumes.messages)), on the suspicious days of accounts that look stolen"
            ),
            (
                "would have been stopped", volumes.stopped,
                "\(ReportWords.share(volumes.stopped, of: volumes.messages)), by the policy that was tried"
            ),
            (
                "not judged", volumes.unjudged,
                "of accounts beyond the \(ReportWords.number(volumes.subscribers)) that fit into memory"
            ),
            ("delivered", volumes.delivered, ReportWords.share(volumes.delivered, of: final)),
            ("failed for good", volumes.failed, ReportWords.share(volumes.failed, of: final)),
            ("put off for now", volumes.deferred, "attempts"),
            ("from outside", volumes.incoming, "not judged"),
            ("refused at the door", volumes.refused, ""),
            ("logins that failed", volumes.loginsFailed, ""),
        ] where value > 0 {
            canvas.paragraph(
                remark, .faint,
                lead: [
                    TextPiece("  " + TextCanvas.padded(name, 24)),
                    TextPiece(TextCanvas.padded(ReportWords.number(value), 12, atEnd: false), .bold), TextPiece("  "),
                ])
        }
        if volumes.subscribersForgotten > 0 {
            canvas.paragraph(
                "\(ReportWords.count(volumes.subscribersForgotten, "account")) did not fit into memory and began anew.",
                .warning,
                lead: [TextPiece("  ")])
        }
    }

    /// What could not be read.
    mutating func unread() {
        let read = lines.reduce(0) { $0 + $1.count }
        guard read > 0 else { return }
        func count(_ categories: LineCensus.Category...) -> Int {
            lines.reduce(0) { categories.contains($1.category) ? $0 + $1.count : $0 }
        }
        let rows = lines.filter { $0.category == .notUnderstood || $0.category == .noLogLine }
        canvas.heading("What was read")
        canvas.paragraph(
            "\(ReportWords.count(read, "line")): \(ReportWords.number(count(.fact))) tell of mail, \(ReportWords.number(count(.notRelevant))) of nothing that matters here, \(ReportWords.number(count(.otherProgram))) are other programs'"
                + (rows.isEmpty
                    ? ". All others: none."
                    : ", \(ReportWords.number(count(.notUnderstood, .noLogLine))) were not understood:"),
            lead: [TextPiece("  ")])
        for row in rows.prefix(AuditText.entriesMax) {
            let kind = row.server.isEmpty ? row.kind : "\(row.server) \(row.kind)"
            canvas.paragraph(
                "\(ReportWords.shown(kind)), such as\(row.line > 0 ? " line \(row.line):" : "")",
                lead: [TextPiece("  " + TextCanvas.padded(ReportWords.number(row.count), 9, atEnd: false) + "  ")])
            canvas.line([
                TextPiece(String(repeating: " ", count: 13)), TextPiece(ReportWords.shown(row.example), .faint),
            ])
        }
        more(rows.count, AuditText.entriesMax)
    }

    // MARK: - The end

    /// What to do next.
    mutating func next() {
        canvas.heading("Next")
        var steps: [(String, String)] = []
        if let first = report.stolen.first {
            let one = report.stolen.count == 1
            steps.append(
                (
                    "Change the password of \(one ? "that account" : "those accounts"), and end \(one ? "its" : "their") open sessions. Then look closer:",
                    "weir audit --subscriber \(AuditText.quoted(first.subscriber)) …"
                ))
        }
        if !report.suggestions.isEmpty {
            steps.append(
                ("Put the suggested lines into weir.yaml and try them on this log:", "weir audit --policy weir.yaml …"))
        }
        steps.append(("Let others see it, with names replaced:", "weir audit --anonymise --html report.html …"))
        steps.append(("Let Weir watch live mail. In observe mode it stops nothing:", "weir serve --config weir.yaml"))
        for (number, step) in steps.enumerated() {
            canvas.paragraph(step.0, lead: [TextPiece("  \(number + 1)  ", .faint)])
            canvas.line([TextPiece("     "), TextPiece(step.1, .code)])
        }
        canvas.blank()
        canvas.paragraph("Nothing was changed on this machine.", .faint)
    }

    /// A name as a shell takes it: in quotes where it holds anything but letters, digits and a few marks.
    static func quoted(_ name: String) -> String {
        let plain = name.utf8.allSatisfy {
            $0 >= 97 && $0 <= 122 || $0 >= 65 && $0 <= 90 || $0 >= 48 && $0 <= 57 || "@.-_+:".utf8.contains($0)
        }
        let shown = ReportWords.shown(name)
        return plain && !name.isEmpty && !name.hasPrefix("-")
            ? shown
            : "'" + shown.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
