// An audit's report as one page that can be mailed: no script, no other file, plain words.

import MailLog
import MailTypes
import WeirEngine

/// The report as a page.
public struct AuditPage {
    /// Accounts told at length.
    static let accountsMax = 30
    /// Entries of the tables.
    static let entriesMax = 25

    /// The findings.
    let report: AuditReport
    /// What the lines were, by kind.
    let lines: [LineCensus.Row]
    /// The page so far.
    var page = HTMLText()

    /// A view of a report.
    init(_ report: AuditReport, lines: [LineCensus.Row]) {
        self.report = report
        self.lines = lines
    }

    /// The page; `lines` is the census of what was read.
    public static func html(_ report: AuditReport, lines: [LineCensus.Row]) -> String {
        var view = AuditPage(report, lines: lines)
        view.write()
        return view.page.markup
    }

    /// Writes everything.
    private mutating func write() {
        page.begin(title: "Mail audit: \(ReportWords.headline(report))")
        head()
        if report.span != nil {
            time()
            stolen()
            noted()
            touched()
            suggestions()
            tables()
        }
        foot()
        page.end()
    }

    // MARK: - The head

    /// The sentence and the four figures.
    private mutating func head() {
        let (report, volumes) = (report, report.volumes)
        page.element("header") { page in
            let dates = report.span.map { ": \(ReportWords.dates($0)) UTC" } ?? ""
            page.element("p", ["class": "kicker"], "Audit of a mail log\(dates)")
            page.element("h1", ReportWords.headline(report))
            guard report.span != nil else { return }
            page.element("ul", ["class": "figures"]) { page in
                for (value, words, isBad) in [
                    (
                        ReportWords.number(report.stolen.count),
                        "accounts look stolen, of \(ReportWords.number(volumes.subscribers))",
                        !report.stolen.isEmpty
                    ),
                    (
                        ReportWords.share(volumes.abusive, of: volumes.messages),
                        "of \(ReportWords.number(volumes.messages)) messages look like abuse", volumes.abusive > 0
                    ),
                    (ReportWords.number(volumes.recipients), "recipients in all", false),
                    (
                        ReportWords.share(volumes.dead, of: volumes.delivered + volumes.failed),
                        "of deliveries went to addresses that do not exist", false
                    ),
                ] {
                    page.element("li", isBad ? ["class": "bad"] : [:]) { page in
                        page.element("b", value)
                        page.element("span", words)
                    }
                }
            }
        }
        page.line()
    }

    /// Messages over time.
    private mutating func time() {
        guard let first = report.hours.first, let last = report.hours.last else { return }
        var counts = [Int](repeating: 0, count: Int(last.hour - first.hour) + 1)
        var abusive = counts
        for hour in report.hours {
            counts[Int(hour.hour - first.hour)] = hour.messages
            abusive[Int(hour.hour - first.hour)] = hour.abusive
        }
        let chart = PageChart(
            title: "Messages over time, those that look like abuse apart", noun: "messages", firstHour: first.hour,
            counts: counts, marked: abusive)
        page.element("figure", ["class": "panel"]) { page in
            page.element("figcaption") { page in
                page.element("span", ["class": "key"]) { page in
                    page.own("<i></i>")
                    page.text("messages \(AuditPage.every(chart.step))")
                }
                page.element("span", ["class": "key"]) { page in
                    page.own("<i class=\"abuse\"></i>")
                    page.text("from accounts that look stolen")
                }
            }
            chart.write(into: &page)
        }
        page.line()
    }

    /// `an hour`, `in 3 hours`, `a day`.
    private static func every(_ hours: Int) -> String {
        switch hours {
        case 1: "an hour"
        case 24: "a day"
        default: hours % 24 == 0 ? "in \(hours / 24) days" : "in \(hours) hours"
        }
    }

    // MARK: - Accounts

    /// The accounts that look stolen.
    private mutating func stolen() {
        page.element("h2", "Accounts that look stolen")
        guard !report.stolen.isEmpty else {
            page.element("p", ["class": "well"], "None.")
            return
        }
        page.element(
            "p", ["class": "soft"],
            "Somebody else seems to send mail with these accounts. Each line says what speaks for it, and how strongly. An account stands here where Weir would have held its mail: at 10 together for most, somewhat more for busy senders. Ask the owner before anything else."
        )
        page.line()
        for account in report.stolen.prefix(AuditPage.accountsMax) { card(account) }
        more(report.stolen.count, AuditPage.accountsMax)
    }

    /// One account.
    private mutating func card(_ account: AccountFinding) {
        page.element("article", ["class": "card"]) { page in
            page.element("div", ["class": "top"]) { page in
                page.element("h3", account.subscriber)
                page.element("span", "together \(ReportWords.nats(account.score))")
            }
            page.element("p", ReportWords.when(account))
            page.element("ul", ["class": "why"]) { page in
                for entry in account.ledger {
                    page.element("li") { page in
                        page.element("b", ReportWords.nats(entry.score))
                        page.element("span", entry.why)
                    }
                }
            }
            AuditPage.chart(of: account)?.write(into: &page)
            page.element("p", ["class": "rest"], ReportWords.caught(account))
        }
        page.line()
    }

    /// Recipients an hour around an account's worst day; nil without any.
    private static func chart(of account: AccountFinding) -> PageChart? {
        let picture = account.picture
        guard !picture.recipients.isEmpty else { return nil }
        return PageChart(
            title: "Recipients over time; the suspicious hours stand out", noun: "recipients",
            firstHour: picture.firstHour,
            counts: picture.recipients, marked: account.marked, columns: 96)
    }

    /// Accounts worth a look.
    private mutating func noted() {
        guard !report.noted.isEmpty else { return }
        page.element("h2", "Worth a look")
        page.element("p", ["class": "soft"], "Not certain enough to name. Ask the owner if in doubt.")
        table(["account", "day", "what was seen", "together"], numbers: 3...3, report.noted) { page, account in
            page.element("td", account.subscriber)
            page.element("td", account.worstAt.map { ReportWords.day($0) } ?? "")
            page.element("td", account.ledger.prefix(2).map(\.why).joined(separator: "; "))
            page.element("td", ["class": "n"], ReportWords.nats(account.score))
        }
    }

    // MARK: - Tables

    /// A table of some entries; `numbers` are the columns that hold numbers.
    mutating func table<Entry>(
        _ heads: [String], numbers: ClosedRange<Int>, _ entries: [Entry], _ row: (inout HTMLText, Entry) -> Void
    ) {
        page.element("div", ["class": "panel scroll"]) { page in
            page.element("table") { page in
                page.element("thead") { page in
                    page.element("tr") { page in
                        for (column, head) in heads.enumerated() {
                            page.element(
                                "th", ["scope": "col", "class": numbers.contains(column) ? "n" : "words"], head)
                        }
                    }
                }
                page.element("tbody") { page in
                    for entry in entries.prefix(AuditPage.entriesMax) { page.element("tr") { row(&$0, entry) } }
                }
            }
        }
        page.line()
        more(entries.count, AuditPage.entriesMax)
    }

    /// How many were left out.
    mutating func more(_ count: Int, _ shown: Int) {
        if count > shown { page.element("p", ["class": "soft"], "… and \(ReportWords.number(count - shown)) more.") }
    }
}
