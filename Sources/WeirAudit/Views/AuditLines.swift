// An audit's findings as the JSON lines of the events contract: decisions and cases as they come, the summary last.

import MailLog
import MailTypes
import WeirEngine

/// The JSON lines of an audit.
public enum AuditLines {
    /// The line of what an audit tells as it goes.
    public static func line(_ audited: AuditedLine) -> String {
        switch audited {
        case .decision(let audited): line(audited)
        case .rung(let audited): line(audited)
        }
    }

    /// The line of a decision.
    static func line(_ audited: AuditedDecision) -> String {
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
            line.member("score", thousandths: Int(decision.score))
            if let rule = decision.rule { line.member("rule", rule) }
        }
    }

    /// The line of a case at a rung.
    static func line(_ audited: AuditedCase) -> String {
        JSONLine.object { line in
            line.member("type", "case")
            line.member("at", audited.at.description)
            line.member("subscriber", audited.subscriber)
            line.member("state", audited.state.description)
            line.member("score", thousandths: audited.score)
            if !audited.after.isEmpty { line.member("after", audited.after) }
            if audited.state != .released { line.member("act", audited.act.word) }
            line.array("ledger", audited.ledger) { line, entry in
                line.member("symbol", entry.symbol)
                line.member("llr", thousandths: entry.score)
                line.member("why", entry.why)
                line.member("ids", entry.ids)
            }
        }
    }

    /// The accounts that look stolen, and those worth a look.
    private static func write(_ accounts: [AccountFinding], _ line: inout JSONLine) {
        line.array("suspects", accounts) { line, account in
            line.member("subscriber", account.subscriber)
            line.member("plan", account.plan)
            line.member("looks", account.standing.description)
            line.member("state", account.worst?.state.description ?? "")
            line.member("score", thousandths: account.score)
            if let episode = account.episode {
                line.member("from", episode.from.description)
                line.member("until", episode.until.description)
                line.member("messages", episode.messages)
                line.member("recipients", episode.recipients)
                for (name, caught) in [("held", episode.ladder), ("caught", episode.limit)] {
                    guard let caught else { continue }
                    line.member(name) { line in
                        line.member("at", caught.at.description)
                        line.member("rule", caught.rule)
                        line.member("messages_before", caught.messagesBefore)
                        line.member("recipients_before", caught.recipientsBefore)
                    }
                }
            }
            line.member("stopped", account.stopped)
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
    public static func summary(
        _ report: AuditReport, lines: [LineCensus.Row] = [], counts: [AssemblerCounts] = []
    ) -> String {
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
            write(report.stolen + report.noted, &line)
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
                if row.line > 0 { line.member("line", row.line) }
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
