// An audit's findings as the JSON lines of the events contract: decisions as they come, cases at the end, the summary last.

import MailLog
import MailTypes
import WeirEngine

/// The JSON lines of an audit.
public enum AuditLines {
    /// The line of a decision.
    public static func line(_ audited: AuditedDecision) -> String {
        let decision = audited.decision
        return JSONLine.object { line in
            line.member("type", "decision")
            line.member("at", audited.at.description)
            line.member("id", audited.id)
            switch decision.identity {
            case .subscriber(let name, let proof):
                line.member("subscriber", name)
                line.member("proof", proof.description)
            case .unattributed(let why): line.member("unattributed", why.description)
            }
            line.member("verdict", decision.verdict.kind.description)
            line.member("reason", decision.reason.description)
            if let would = decision.would { line.member("would", would.description) }
            line.member("score", thousandths: decision.evidence.reduce(0) { $0 + Int($1.score) })
            if let rule = decision.rule { line.member("rule", rule) }
        }
    }

    /// The lines that follow the decisions: a case for each account that looks stolen, and the summary.
    public static func closing(
        _ report: AuditReport, lines: [LineCensus.Row] = [], counts: [AssemblerCounts] = []
    ) -> [String] {
        let end = report.span?.upperBound
        return report.stolen.map { caseLine($0, at: end ?? $0.window.lastAt) } + [summary(report, lines, counts)]
    }

    // MARK: - Cases

    /// The line of an account that looks stolen. `at` is the end of what was read: no earlier line knows it.
    private static func caseLine(_ account: AccountFinding, at end: Timestamp) -> String {
        JSONLine.object { line in
            line.member("type", "case")
            line.member("at", end.description)
            line.member("subscriber", account.subscriber)
            line.member("state", "observed")
            line.member("score", thousandths: account.suspicion.score)
            if let first = account.evidence.first { line.member("after", first.queueID) }
            line.member("plan", account.plan)
            line.member("from", (account.episode?.from ?? account.window.firstAt).description)
            line.member("until", (account.episode?.until ?? account.window.lastAt).description)
            line.member("messages", account.episode?.messages ?? account.window.messages)
            line.member("recipients", account.episode?.recipients ?? account.window.recipients)
            line.member("stopped", account.stopped)
            if let caught = account.episode?.caught {
                line.member("caught") { line in
                    line.member("at", caught.at.description)
                    line.member("rule", caught.rule)
                    line.member("recipients_before", caught.recipientsBefore)
                }
            }
            line.array("ledger", account.suspicion.lines) { line, entry in
                line.member("symbol", entry.symbol)
                line.member("llr", thousandths: entry.score)
                line.member("why", entry.why)
            }
            line.array("evidence", account.evidence) { line, message in
                line.member("at", message.at.description)
                line.member("mail_host", message.mailHost)
                line.member("id", message.queueID)
                line.member("rule", message.rule)
                line.member("would", message.would.description)
                line.member("why", message.why)
            }
        }
    }

    // MARK: - The summary

    /// The last line. `received`, `delivered`, `deferrals`, `failed` and `refused` are what other summaries of logs count.
    private static func summary(_ report: AuditReport, _ lines: [LineCensus.Row], _ counts: [AssemblerCounts]) -> String
    {
        let volumes = report.volumes
        return JSONLine.object { line in
            line.member("type", "summary")
            if let span = report.span {
                line.member("at", span.upperBound.description)
                line.member("from", span.lowerBound.description)
                line.member("until", span.upperBound.description)
            }
            for (name, value) in [
                ("received", volumes.received), ("delivered", volumes.delivered), ("deferrals", volumes.deferred),
                ("failed", volumes.failed), ("refused", volumes.refused), ("dead", volumes.dead),
                ("messages", volumes.messages), ("recipients", volumes.recipients), ("bytes", volumes.bytes),
                ("incoming", volumes.incoming), ("incomplete", volumes.incomplete),
                ("logins_failed", volumes.loginsFailed), ("stopped", volumes.stopped), ("abusive", volumes.abusive),
                ("abusive_recipients", volumes.abusiveRecipients), ("subscribers", volumes.subscribers),
                ("subscribers_forgotten", volumes.subscribersForgotten), ("stolen", report.stolen.count),
                ("noted", report.noted.count),
            ] { line.member(name, value) }
            if volumes.unjudged > 0 { line.member("unjudged", volumes.unjudged) }
            line.member("by_verdict") { line in
                for kind in Verdict.Kind.allCases where volumes.verdicts[Int(kind.rawValue)] > 0 {
                    line.member(kind.description, volumes.verdicts[Int(kind.rawValue)])
                }
            }
            write(report.rules, &line)
            write(report.subscribers, &line)
            line.member("subscribers_left_out", max(0, volumes.subscribers - report.subscribers.count))
            write(report.suggestions, &line)
            write(lines, &line)
            write(counts, &line)
        }
    }

    /// Totals by rule.
    private static func write(_ rules: [RuleFinding], _ line: inout JSONLine) {
        line.array("by_rule", rules) { line, rule in
            line.member("rule", rule.rule)
            line.member("limit", rule.line)
            line.member("messages", rule.messages)
            line.member("subscribers", rule.subscribers)
            line.member("stolen", rule.stolen)
            if let before = rule.recipientsBefore { line.member("recipients_before", before) }
        }
    }

    /// Totals by subscriber, those with most recipients first, at most `Volumes.subscribersMax`.
    private static func write(_ subscribers: [SubscriberTotals], _ line: inout JSONLine) {
        line.array("by_subscriber", subscribers) { line, entry in
            line.member("subscriber", entry.subscriber)
            line.member("plan", entry.plan)
            line.member("looks", entry.standing.description)
            line.member("messages", entry.messages)
            line.member("recipients", entry.recipients)
            line.member("stopped", entry.stopped)
            line.member("results", entry.results)
            line.member("dead", entry.dead)
        }
    }

    /// The limits that the log suggests.
    private static func write(_ suggestions: [SuggestedLimit], _ line: inout JSONLine) {
        line.array("suggestions", suggestions) { line, limit in
            line.member("plan", limit.plan)
            line.member("limit", limit.line)
            line.member("median", limit.median)
            line.member("most", limit.most)
            line.member("touches", limit.touches)
            line.member("honest", limit.honest)
            line.member("catches", limit.catches)
            line.member("stolen", limit.stolen)
        }
    }

    /// The lines that were read, those not understood with an example each.
    private static func write(_ rows: [LineCensus.Row], _ line: inout JSONLine) {
        line.member("lines") { line in
            line.member("read", rows.reduce(0) { $0 + $1.count })
            for category in LineCensus.Category.allCases {
                let name = category.description.split(separator: " ").joined(separator: "_")
                line.member(name, rows.reduce(0) { $1.category == category ? $0 + $1.count : $0 })
            }
            let unread = rows.filter { $0.category == .notUnderstood || $0.category == .noLogLine }
            line.array("unread", unread) { line, row in
                line.member("server", row.server)
                line.member("kind", row.kind)
                line.member("count", row.count)
                line.member("example", row.example)
            }
        }
    }

    /// What joining the lines met.
    private static func write(_ counts: [AssemblerCounts], _ line: inout JSONLine) {
        line.member("joined") { line in
            let members: [(String, KeyPath<AssemblerCounts, Int> & Sendable)] = [
                ("messages", \.messages), ("incomplete", \.incomplete), ("told_at_bound", \.toldAtBound),
                ("forgotten", \.forgotten), ("begun_before", \.begunBefore), ("reused", \.reused),
                ("repeated", \.repeated), ("requeued", \.requeued), ("reinjected", \.reinjected),
                ("joined_late", \.joinedLate), ("handed_over", \.handedOver), ("abandoned", \.abandoned),
                ("probes", \.probes), ("expired", \.expired),
            ]
            for (name, path) in members { line.member(name, counts.reduce(0) { $0 + $1[keyPath: path] }) }
        }
    }
}
