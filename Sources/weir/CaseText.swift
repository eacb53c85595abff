// Cases as two tired people read them: 80 columns, the worst first, what to do in the last column.

import WeirServer

extension [CaseReport] {
    /// A line each, in the order given, under a heading for what Weir does about them.
    var table: String {
        let groups: [(String, [CaseReport])] = [
            ("Weir acts on:", filter { $0.group == .acts }),
            ("Weir only observes, and does nothing to the mail of:", filter { $0.group == .observes }),
            ("Limits alone stopped mail; review the limit of:", filter { $0.group == .limits }),
        ]
        return groups.filter { !$0.1.isEmpty }.map {
            "\($0.0)\n\($0.1[0].group == .limits ? Self.limitTable($0.1) : Self.table($0.1))"
        }.joined(separator: "\n\n")
    }

    /// The columns of one group.
    private static func table(_ cases: [CaseReport]) -> String {
        var table = TextTable(
            ["CASE", "SUBSCRIBER", "RUNG", "SCORE", "SINCE", "HELD", "DO NEXT"], numbers: [3, 4, 5])
        for open in cases {
            table.add([
                open.code, CaseReport.cut(open.subscriber, 20), open.rung,
                CaseReport.nats(open.scoreNow ?? open.score),
                open.sinceSeconds?.asWait ?? "-",
                "\(open.held)", open.act ?? "-",
            ])
        }
        return table.text
    }
}

extension [CaseReport] {
    /// The columns of cases of limits alone.
    private static func limitTable(_ cases: [CaseReport]) -> String {
        var table = TextTable(["CASE", "SUBSCRIBER", "LIMIT", "SINCE", "HELD", "REFUSED"], numbers: [3, 4, 5])
        for open in cases {
            table.add([
                open.code, CaseReport.cut(open.subscriber, 20), CaseReport.cut(open.rule, 26),
                open.sinceSeconds?.asWait ?? "-", "\(open.held)", "\(open.refused)",
            ])
        }
        return table.text
    }
}

extension CaseReport {
    /// What Weir does about a case.
    fileprivate enum Group { case acts, observes, limits }

    /// What Weir does about this one.
    fileprivate var group: Group {
        rung == "none" ? .limits : isEnforced && rung != "observed" ? .acts : .observes
    }

    /// Most held messages that are shown.
    private static let heldMax = 10
    /// Columns of the text.
    private static let columns = 80

    /// All of one case.
    func text(held messages: [HeldReport], note: String?) -> String {
        var lines = ["Case \(code) of \(CaseReport.clean(subscriber))"]
        if group == .limits {
            lines.append("\(state) by the limit \(rule) since \(CaseReport.moment(openedAt))")
        } else {
            lines.append("\(rung) since \(CaseReport.moment(since)) (\(sinceSeconds?.asWait ?? "-"))\(mode)")
            lines.append(
                "opened \(CaseReport.moment(openedAt))\(after.isEmpty ? "" : ", latest rung after message \(after)")")
        }
        lines.append(
            "\(held) \(held == 1 ? "message" : "messages") held, \(refused) refused; last stop or change \(CaseReport.moment(lastAt))"
        )
        if group != .limits {
            lines += [
                "", "Why: \(CaseReport.nats(score)) nats for a take-over, \(CaseReport.nats(scoreNow ?? score)) now",
            ]
            if ledger.isEmpty { lines.append("  a person confirmed it, or the evidence is gone") }
            for line in ledger {
                lines += CaseReport.wrap("\(CaseReport.clean(line.why)): \(CaseReport.signed(line.llr))", indent: 2)
            }
            if let takeOver, !ledger.isEmpty { lines.append("  It looks like: \(takeOver)") }
        }
        lines += ["", "Held mail:"] + heldLines(messages, note)
        lines += ["", "Do next: \(act ?? "look")"] + CaseReport.wrap(actSentence ?? "", indent: 2)
        lines += ["", "Then, or if Weir is wrong:"] + commands
        return lines.joined(separator: "\n")
    }

    /// Whether the rung's action is taken.
    private var mode: String {
        group == .acts ? "" : rung == "observed" ? "; nothing is done to the mail" : "; observed, the mail passes"
    }

    /// The held messages, or why there is nothing to see.
    private func heldLines(_ messages: [HeldReport], _ note: String?) -> [String] {
        if let note { return CaseReport.wrap(CaseReport.clean(note), indent: 2) }
        guard !messages.isEmpty else { return ["  none is in a hold queue that Weir can see"] }
        var lines = messages.prefix(CaseReport.heldMax).map { message in
            CaseReport.cut(
                "  \(message.queueID)  \(CaseReport.moment(message.arrivedAt))  to \(message.recipients), \(message.bytes) bytes, from \(CaseReport.clean(message.sender))",
                CaseReport.columns)
        }
        if messages.count > CaseReport.heldMax {
            lines.append("  and \(messages.count - CaseReport.heldMax) more: weir hold list --case \(code)")
        }
        return lines
    }

    /// What a person can type, and what it does.
    private var commands: [String] {
        var rows = [
            (
                "weir case release \(code)",
                group == .limits ? "close the case; its limit stays as full" : "in order: mail passes"
            )
        ]
        if group != .limits, rung != "contained" || group == .observes {
            rows.append(("weir case confirm \(code)", "misused: all its mail waits"))
        }
        if held > 0 {
            rows.append(("weir hold release --case \(code)", "send what is held"))
            rows.append(("weir hold purge --case \(code)", "delete what is held"))
        }
        let width = rows.map(\.0.count).max() ?? 0
        return rows.map { "  \($0.0)\(String(repeating: " ", count: width - $0.0.count))  \($0.1)" }
    }

    // MARK: - Words

    /// Nats with one digit behind the point.
    fileprivate static func nats(_ value: Double) -> String {
        let tenths = Int((abs(value) * 10).rounded())
        return "\(value < 0 && tenths > 0 ? "-" : "")\(tenths / 10).\(tenths % 10)"
    }

    /// The same with its sign.
    private static func signed(_ value: Double) -> String { value < 0 ? nats(value) : "+\(nats(value))" }

    /// `2026-11-23 10:00` of an RFC 3339 moment: UTC, as all of Weir's output.
    private static func moment(_ text: String) -> String {
        text.count >= 16 ? "\(text.prefix(10)) \(text.dropFirst(11).prefix(5))" : text
    }

    /// A text of at most so many characters.
    fileprivate static func cut(_ text: String, _ most: Int) -> String {
        text.count <= most ? text : "\(text.prefix(most - 1))…"
    }

    /// A text without control characters: names come from outside, and a terminal obeys.
    private static func clean(_ text: String) -> String {
        String(
            text.unicodeScalars.map {
                $0.value < 32 || $0.value == 127 || ($0.value >= 128 && $0.value < 160) ? "?" : Character($0)
            })
    }

    /// A text in lines of at most 80 columns.
    private static func wrap(_ text: String, indent: Int) -> [String] {
        let margin = String(repeating: " ", count: indent)
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, indent + line.count + 1 + word.count > columns {
                lines.append(margin + line)
                line = "  " + word
            } else {
                line += (line.isEmpty ? "" : " ") + word
            }
        }
        return line.isEmpty ? lines : lines + [margin + line]
    }
}
