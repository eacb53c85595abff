// The rest of the page: whom limits touch, suggested limits, tables, what was read.

import MailLog
import MailTypes
import WeirEngine

extension AuditPage {
    // MARK: - Limits

    /// Honest-looking senders that a limit would have stopped, or nearly.
    mutating func touched() {
        let acting = report.rules.filter { $0.messages > 0 }
        if !acting.isEmpty {
            page.element("h2", "What the limits would have done")
            let stolen = report.stolen.count
            table(
                ["limit", "messages stopped", "senders", "stolen accounts", "recipients before"], numbers: 1...4, acting
            ) {
                page, rule in
                page.element("td", rule.line)
                page.element("td", ["class": "n"], ReportWords.number(rule.messages))
                page.element("td", ["class": "n"], ReportWords.number(rule.subscribers))
                page.element(
                    "td", ["class": "n"], "\(ReportWords.number(rule.stolen)) of \(ReportWords.number(stolen))")
                page.element("td", ["class": "n"], rule.recipientsBefore.map(ReportWords.number) ?? "")
            }
        }
        if !report.touched.isEmpty {
            page.element("h2", "Honest senders that they would have stopped")
            page.element(
                "p", ["class": "soft"],
                "Give senders like these a plan of their own before a limit is put in force.")
            table(["account", "messages stopped", "of", "the first"], numbers: 1...2, report.touched) { page, account in
                page.element("td", account.subscriber)
                page.element("td", ["class": "n"], ReportWords.number(account.stopped))
                page.element("td", ["class": "n"], ReportWords.number(account.messages))
                page.element(
                    "td",
                    account.evidence.first.map { "\(ReportWords.moment($0.at)), \(ReportWords.limit($0.rule))" } ?? "")
            }
        }
        guard !report.near.isEmpty else { return }
        page.element("h2", "Near a limit")
        table(["account", "used", "", "limit"], numbers: 1...1, report.near) { page, entry in
            page.element("td", entry.subscriber)
            page.element("td", ["class": "n"], "\(entry.percent) %")
            AuditPage.meter(entry.percent, isStolen: false, into: &page)
            page.element(
                "td",
                "\(ReportWords.number(entry.most)) of \(ReportWords.number(entry.allowed)), \(ReportWords.limit(entry.rule))"
            )
        }
    }

    /// Limits that the log suggests.
    mutating func suggestions() {
        guard !report.suggestions.isEmpty else { return }
        page.element("h2", "Limits that this log suggests")
        page.element(
            "p", ["class": "soft"],
            "Each is a third above what 99.5 % of the honest accounts ever reached, so that next to nobody notices it. The scale grows by factors."
        )
        let suggestions = report.suggestions
        page.element("div", ["class": "panel"]) { page in
            page.element("p") { page in
                for (kind, words) in [
                    ("half", "half of the honest accounts"), ("most99", "99 of 100"), ("most", "the largest"),
                    ("limit", "the limit"),
                ] {
                    page.element("span", ["class": "key"]) { page in
                        page.own("<i class=\"\(kind)\"></i>")
                        page.text(words)
                    }
                }
            }
            for limit in suggestions {
                page.element("div", ["class": "limit-row"]) { page in
                    page.element(
                        "h3",
                        suggestions.contains { $0.plan != limit.plan } ? "\(limit.plan): \(limit.line)" : limit.line)
                    QuantileBar(limit: limit).write(into: &page)
                    page.element(
                        "p", ["class": "soft"],
                        "Half reached at most \(ReportWords.number(limit.median)), the largest \(ReportWords.number(limit.most)). It \(ReportWords.effect(limit)) accounts."
                    )
                }
            }
        }
        page.element("p", "As lines of weir.yaml:")
        page.element("pre") { page in
            var plan = ""
            page.own("plans:\n")
            for limit in suggestions {
                if limit.plan != plan {
                    plan = limit.plan
                    page.text("  - name: \(plan)")
                    page.own("\n")
                    page.text("    limits:")
                    page.own("\n")
                }
                page.text("      - \(limit.line)")
                page.own("\n")
            }
        }
        page.line()
    }

    // MARK: - Lists

    /// Networks, dead recipients, totals.
    mutating func tables() {
        if !report.travellers.isEmpty {
            let most = report.travellers.first?.networks ?? 1
            page.element("h2", "Used from most networks in a day")
            table(["account", "networks", "", "from"], numbers: 1...1, report.travellers) { page, entry in
                AuditPage.account(entry.subscriber, isStolen: entry.isStolen, into: &page)
                page.element(
                    "td", ["class": "n"],
                    "\(entry.networks)\(entry.networks < DayNetworks.most ? "" : " or more")")
                AuditPage.meter(entry.networks * 100 / max(1, most), isStolen: entry.isStolen, into: &page)
                page.element("td", ReportWords.moment(entry.at))
            }
        }
        if !report.deadRates.isEmpty {
            page.element("h2", "Wrote to addresses that do not exist")
            table(["account", "share", "", "deliveries"], numbers: 1...1, report.deadRates) { page, entry in
                AuditPage.account(entry.subscriber, isStolen: entry.isStolen, into: &page)
                page.element("td", ["class": "n"], ReportWords.share(entry.dead, of: entry.results))
                AuditPage.meter(entry.permille / 10, isStolen: entry.isStolen, into: &page)
                page.element("td", "\(ReportWords.number(entry.dead)) of \(ReportWords.number(entry.results))")
            }
        }
        let volumes = report.volumes
        page.element("h2", "Totals")
        table(
            ["", "count"], numbers: 1...1,
            [
                ("messages of accounts", volumes.messages), ("their recipients", volumes.recipients),
                ("messages that look like abuse", volumes.abusive),
                ("messages that the limits tried would have stopped", volumes.stopped),
                ("delivered", volumes.delivered),
                ("failed for good", volumes.failed), ("attempts put off for now", volumes.deferred),
                ("messages from outside, not judged", volumes.incoming), ("refused at the door", volumes.refused),
                ("logins that failed", volumes.loginsFailed),
            ]
        ) { page, entry in
            page.element("td", entry.0)
            page.element("td", ["class": "n"], ReportWords.number(entry.1))
        }
    }

    /// An account in a table, with a word where it looks stolen.
    private static func account(_ subscriber: String, isStolen: Bool, into page: inout HTMLText) {
        page.element("td") { page in
            page.text(subscriber)
            if isStolen {
                page.own(" ")
                page.element("span", ["class": "tag"], "looks stolen")
            }
        }
    }

    /// A share as a bar.
    private static func meter(_ percent: Int, isStolen: Bool, into page: inout HTMLText) {
        page.element("td") { page in
            page.element("span", ["class": "meter", "aria-hidden": "true"]) { page in
                page.element(
                    "i", ["style": "width:\(min(100, max(0, percent)))%", "class": isStolen ? "abuse" : "mail"], "")
            }
        }
    }

    // MARK: - The foot

    /// What was read, and how to read this.
    mutating func foot() {
        let read = lines.reduce(0) { $0 + $1.count }
        let unread = lines.filter { $0.category == .notUnderstood || $0.category == .noLogLine }
        if !unread.isEmpty {
            page.element("h2", "Lines that were not understood")
            table(["kind", "lines", "such as"], numbers: 1...1, unread) { page, row in
                page.element("td", row.server.isEmpty ? row.kind : "\(row.server) \(row.kind)")
                page.element("td", ["class": "n"], ReportWords.number(row.count))
                page.element("td", row.line > 0 ? "line \(row.line): \(row.example)" : row.example)
            }
        }
        page.element("footer") { page in
            page.element(
                "p",
                "Made by weir audit from \(ReportWords.count(read, "line")) of mail log. It was only read: nothing was changed, and nobody was stopped. Times are UTC."
            )
            page.element(
                "p",
                "A log shows who wrote to how many, from where, and what receivers answered. It does not show what the mail said. What looks stolen is a judgement from that alone; honest senders who look the same exist."
            )
        }
        page.line()
    }
}
