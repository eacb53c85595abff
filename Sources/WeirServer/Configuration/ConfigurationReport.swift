// What `weir check` prints of a configuration without faults: each line with what it really lets through.

import MailTypes
import WeirEngine

/// A configuration in words and tables.
public struct ConfigurationReport: CustomStringConvertible {
    /// The configuration.
    private let configuration: Configuration

    /// A report.
    public init(_ configuration: Configuration) { self.configuration = configuration }

    /// The whole report, ending with a newline.
    public var description: String {
        let policy = configuration.policy(revision: 1)
        var text = "\(configuration.file ?? "the defaults"): \(count(policy.plans.count, "plan")), "
        text +=
            "\(count(policy.subscribers.count, "subscriber")), "
        text += "\(count(policy.addressMap.entries.count, "address block")). "
        text += configuration.enforcesAnything ? "" : "Nothing is enforced: Weir observes.\n"
        if configuration.enforcesAnything {
            let limits = policy.plans.flatMap(\.limits)
            text += "\(limits.filter(\.isEnforced).count) of \(count(limits.count, "limit")) enforced.\n"
        }
        if let mailLog = configuration.mailLog { text += "\(mailLog)\n" }
        if let origins = configuration.origins { text += "\(origins)\n" }
        for (index, plan) in policy.plans.enumerated() {
            let kind = plan.kind == .mua ? "people's mail programs" : "mail servers"
            text += "\nplan \(plan.name) (\(plan.kind), \(kind)\(index == 0 ? "; the default plan" : ""))\n"
            text += plan.limits.isEmpty ? "  no limits\n" : table(plan, observesEverything: policy.observesEverything)
        }
        text += ConfigurationReport.text(policy.watch, observesEverything: policy.observesEverything)
        for warning in configuration.warnings { text += "\n\(warning)" }
        return configuration.warnings.isEmpty ? text : text + "\n"
    }

    /// The limits of a plan. The maximum holds for any stretch of an hour or a day, wherever it begins.
    private func table(_ plan: Plan, observesEverything: Bool) -> String {
        var rows = [["limit", "line", "beyond it", "most in an hour", "most in a day"]]
        for limit in plan.limits {
            let isEnforced = limit.isEnforced && !observesEverything
            rows.append([
                limit.name, LimitLine(limit).description,
                isEnforced ? limit.action.description : "\(limit.action), observed",
                ConfigurationReport.grouped(limit.maximum(inSeconds: 3600)),
                ConfigurationReport.grouped(limit.maximum(inSeconds: 86_400)),
            ])
        }
        return ConfigurationReport.table(rows, rightAligned: [3, 4])
    }

    /// Rows in columns, two blanks in front and between.
    static func table(_ rows: [[String]], rightAligned: Set<Int> = []) -> String {
        var widths: [Int] = []
        for row in rows {
            for (index, cell) in row.enumerated() {
                if index == widths.count { widths.append(0) }
                widths[index] = max(widths[index], cell.count)
            }
        }
        var text = ""
        for row in rows {
            var line = ""
            for (index, cell) in row.enumerated() {
                let padding = String(repeating: " ", count: widths[index] - cell.count)
                line += "  " + (rightAligned.contains(index) ? padding + cell : cell + padding)
            }
            while line.last == " " { line.removeLast() }
            text += line + "\n"
        }
        return text
    }

    /// Digits in groups of three: `1,234,567`.
    static func grouped(_ value: Int64) -> String {
        var result = ""
        for (index, digit) in String(value).reversed().enumerated() {
            if index > 0, index % 3 == 0 { result.append(",") }
            result.append(digit)
        }
        return String(result.reversed())
    }

    /// `1 plan`, `2 plans`.
    private func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}
