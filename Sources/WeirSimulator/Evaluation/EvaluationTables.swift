// The tables of Docs/evaluation.md, as Markdown.

/// Scoreboards side by side.
public enum EvaluationTables {
    /// Every method at the setting it comes with.
    public static func paperSettings(_ summaries: [ScoreboardSummary], strata: [StratumShare]) -> String {
        "## Every method as published\n\n" + tables(summaries, strata)
    }

    /// Every method tuned to the same false alarms per 1,000 subscriber-years.
    public static func equalFalseAlarms(
        _ summaries: [ScoreboardSummary], perThousandYears target: Double, strata: [StratumShare]
    ) -> String {
        "## Every method at \(DecimalText.fixed(target, target == target.rounded() ? 0 : 2)) false \(target == 1 ? "alarm" : "alarms") per 1,000 subscriber-years\n\n"
            + tables(summaries, strata)
    }

    /// False alarms, false alarms by stratum, and a table for each family of attacks.
    private static func tables(_ summaries: [ScoreboardSummary], _ strata: [StratumShare]) -> String {
        var families: [String] = []
        for summary in summaries {
            for row in summary.families where !families.contains(row.family) { families.append(row.family) }
        }
        var parts = [falseAlarms(summaries), byStratum(summaries, strata)]
        parts += families.map { family($0, summaries) }
        return parts.joined(separator: "\n")
    }

    /// One row a method: what it does to the honest.
    private static func falseAlarms(_ summaries: [ScoreboardSummary]) -> String {
        var table = MarkdownTable([
            "method", "setting", "false alarms per 1,000 subscriber-years [95 %]", "subscriber-years", "worst stratum",
            "honest messages held per million [95 %]",
        ])
        for summary in summaries {
            let all = summary.falseAlarms.map { rate($0.perThousandYears, $0.interval) }
            table.add([
                summary.method, summary.isBeyondTarget ? "cannot reach; best: \(summary.setting)" : summary.setting,
                all ?? "–", summary.falseAlarms.map { DecimalText.whole($0.years) } ?? "–",
                summary.worstStratum.map { "\($0.stratum): \(DecimalText.short($0.perThousandYears))" } ?? "–",
                summary.held.map { rate($0.perMillion, $0.interval) } ?? "–",
            ])
        }
        return
            "### False alarms\n\nThe strata weigh by their shares of the subscribers; a subscriber counts once a run.\n\n"
            + table.text
    }

    /// One row a stratum, one column a method.
    private static func byStratum(_ summaries: [ScoreboardSummary], _ strata: [StratumShare]) -> String {
        var table = MarkdownTable(["stratum", "share", "subscriber-years"] + summaries.map(\.method))
        let whole = strata.reduce(0) { $0 + $1.share }
        for stratum in strata {
            let rows = summaries.map { summary in summary.strata.first { $0.stratum == stratum.name } }
            guard let some = rows.compactMap({ $0 }).first else { continue }
            table.add(
                [
                    stratum.name, DecimalText.percent(whole > 0 ? stratum.share / whole : 0),
                    DecimalText.whole(some.years),
                ] + rows.map { row in row.map { rate($0.perThousandYears, $0.interval) } ?? "–" })
        }
        return "### False alarms by stratum, per 1,000 subscriber-years [95 %]\n\n" + table.text
    }

    /// One row a method: what it does to one family of attacks.
    private static func family(_ name: String, _ summaries: [ScoreboardSummary]) -> String {
        var table = MarkdownTable([
            "method", "detected [95 %]", "messages until alarm: median [95 %] / p95 / max",
            "recipients until alarm: median [95 %] / p95 / max", "minutes: median / p95",
            "messages until containment: median / p95 / max", "recipients until containment: median / p95 / max",
        ])
        var episodes = 0
        for summary in summaries {
            guard let row = summary.families.first(where: { $0.family == name }) else {
                table.add([summary.method] + Array(repeating: "–", count: 6))
                continue
            }
            episodes = max(episodes, row.episodes)
            let (alarm, contained) = (row.untilAlarm, row.untilContainment)
            let share = DecimalText.percent(row.detectedShare)
            table.add([
                summary.isBeyondTarget ? "\(summary.method) (cannot reach)" : summary.method,
                "\(share) [\(DecimalText.percent(row.detectedInterval.lower)), \(DecimalText.percent(row.detectedInterval.upper))]",
                leak(alarm.messages, alarm.messagesMedian), leak(alarm.recipients, alarm.recipientsMedian),
                "\(DecimalText.short(alarm.minutes.median)) / \(DecimalText.short(alarm.minutes.p95))",
                leak(contained.messages, nil), leak(contained.recipients, nil),
            ])
        }
        let count = "\(DecimalText.whole(Double(episodes))) \(episodes == 1 ? "episode" : "episodes")"
        return "### \(name)\n\n\(count); one that is never detected counts with all its mail.\n\n" + table.text
    }

    /// `3.2 [2.1, 4.4]`.
    private static func rate(_ value: Double, _ interval: Interval) -> String {
        "\(DecimalText.short(value)) [\(DecimalText.short(interval.lower)), \(DecimalText.short(interval.upper))]"
    }

    /// `4 [4, 5] / 8 / 400`.
    private static func leak(_ row: QuantileRow, _ median: Interval?) -> String {
        let interval = median.map { " [\(DecimalText.whole($0.lower)), \(DecimalText.whole($0.upper))]" } ?? ""
        return
            "\(DecimalText.whole(row.median))\(interval) / \(DecimalText.whole(row.p95)) / \(DecimalText.whole(row.max))"
    }
}

/// A table in Markdown.
struct MarkdownTable {
    /// The lines so far.
    private var lines: [String]

    /// A table with these heads.
    init(_ heads: [String]) {
        lines = [Self.line(heads), "|" + String(repeating: "---|", count: heads.count)]
    }

    /// Adds a row.
    mutating func add(_ cells: [String]) { lines.append(Self.line(cells)) }

    /// The table, a line feed at its end.
    var text: String { lines.joined(separator: "\n") + "\n" }

    /// One line; a bar inside a cell is escaped.
    private static func line(_ cells: [String]) -> String {
        "| "
            + cells.map { cell in
                cell.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
            }.joined(separator: " | ") + " |"
    }
}

/// Numbers for people.
enum DecimalText {
    /// `12,345.67`, rounded half away from zero; `∞` and `–` for what is no number.
    static func fixed(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite else { return value.isNaN ? "–" : value < 0 ? "-∞" : "∞" }
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let scaled = (abs(value) * scale).rounded()
        guard scaled < 9e15 else { return "\(value)" }
        let number = Int64(scaled)
        let (whole, part) = (number / Int64(scale), number % Int64(scale))
        var text = ""
        for (place, digit) in String(whole).reversed().enumerated() {
            if place > 0, place % 3 == 0 { text = "," + text }
            text = String(digit) + text
        }
        if digits > 0 {
            let fraction = String(part)
            text += "." + String(repeating: "0", count: digits - fraction.count) + fraction
        }
        return value < 0 && number != 0 ? "-" + text : text
    }

    /// Without a fraction.
    static func whole(_ value: Double) -> String { fixed(value, 0) }

    /// Three digits that matter, as far as two after the point: `0`, `0.34`, `5.67`, `12.3`, `1,234`.
    static func short(_ value: Double) -> String {
        if value == 0 { return "0" }
        let size = abs(value)
        return fixed(value, size < 9.995 ? 2 : size < 99.95 ? 1 : 0)
    }

    /// `97.3 %`; `100 %` and `0 %` only for all and none.
    static func percent(_ share: Double) -> String {
        if share == 0 || share == 1 { return "\(whole(100 * share)) %" }
        return fixed(min(99.9, max(0.1, 100 * share)), 1) + " %"
    }
}
