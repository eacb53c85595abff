// The report as a page: whole, self-contained, harmless; and pseudonyms in every view.

import Foundation
import FoundationXML
import MailTypes
import Testing
import WeirTesting

@testable import MailLog
@testable import WeirAudit

/// True for text that an XML parser takes: the page with its three elements that have no end ended.
private func isWellFormed(_ page: String) -> Bool {
    let closed = page.replacing("<!doctype html>\n", with: "").replacing(/<meta [^>]*>/, with: "")
    let parser = XMLParser(data: Data(closed.utf8))
    return parser.parse() && parser.parserError == nil
}

/// All views of a report in one text.
private func views(_ report: AuditReport, _ rows: [LineCensus.Row]) -> String {
    AuditText.text(report, lines: rows) + AuditPage.html(report, lines: rows)
        + AuditLines.summary(report, lines: rows)
}

@Suite struct AuditPageTests {
    @Test func thePageIsWellFormedAndLoadsNothing() {
        for report in [sampleReport.report, hostileReport, AuditReport()] {
            let page = AuditPage.html(report, lines: sampleReport.lines)
            #expect(isWellFormed(page))
            for word in ["src=", "href=", "url(", "@import", "http://", "https://", "<script", "<link", "<iframe"] {
                #expect(!page.contains(word), "\(word)")
            }
            #expect(page.contains("default-src 'none'") || page.contains("default-src &#39;none&#39;"))
        }
        #expect(!isWellFormed("<html><p></html>"), "the check can fail")
    }

    @Test func thePageTellsEachAccountWithItsLedgerAndItsPicture() {
        let report = sampleReport.report
        let page = AuditPage.html(report, lines: sampleReport.lines)
        #expect(report.stolen.count == 3)
        for account in report.stolen {
            #expect(page.contains("<h3>\(account.subscriber)</h3>"))
            for entry in account.ledger { #expect(page.contains(entry.why)) }
        }
        #expect(page.components(separatedBy: "<svg ").count - 1 == 1 + 3 + report.suggestions.count)
        #expect(page.contains("a line of next year&#39;s release"))
        for limit in report.suggestions { #expect(page.contains("      - \(limit.line)\n")) }
    }

    @Test func theScaleHasRoundNumbersAndHoldsTheMost() {
        for most in [1, 2, 7, 9, 10, 11, 99, 100, 101, 776, 4321, 1_000_000] {
            let (top, lines) = PageChart.scale(most)
            #expect(top >= most && top <= most * 3 && lines.last == top && (1...4).contains(lines.count), "\(most)")
        }
    }
}

@Suite struct PseudonymsTests {
    /// Pseudonyms by a key of the test.
    private let pseudonyms = Pseudonyms(KeyedHash(key0: 1, key1: 2))

    @Test func noViewKeepsAName() {
        let report = sampleReport.report
        let before = views(report, sampleReport.lines)
        let names = Set(
            (report.stolen + report.noted + report.touched).map(\.subscriber) + report.near.map(\.subscriber)
                + report.travellers.map(\.subscriber) + report.deadRates.map(\.subscriber)
                + report.subscribers.map(\.subscriber)
                + (report.stolen + report.touched).flatMap { $0.evidence.flatMap { [$0.mailHost, $0.queueID] } }
                + ["next year"]
        ).filter { before.contains($0) }
        #expect(names.count > 50 && names.contains("next year") && names.contains { $0.contains("@") })
        let after = views(pseudonyms.report(report), pseudonyms.rows(sampleReport.lines))
        for name in names {
            #expect(!after.contains(name), "\(name)")
        }
        #expect(after.firstMatch(of: /[a-z0-9]@[a-z0-9]/) == nil, "no address at all")
    }

    @Test func theSameNameAndKeyGiveTheSamePseudonym() {
        let other = Pseudonyms(KeyedHash(key0: 1, key1: 3))
        #expect(pseudonyms.subscriber("ann") == pseudonyms.subscriber("ann"))
        #expect(pseudonyms.subscriber("ann") != pseudonyms.subscriber("anna"))
        #expect(pseudonyms.subscriber("ann") != other.subscriber("ann"))
        #expect(pseudonyms.subscriber("ann").dropFirst(8) != pseudonyms.name("ann", "host").dropFirst(5))
        #expect(pseudonyms.subscriber("ann").wholeMatch(of: /account-[a-z2-7]{10}/) != nil)
        #expect(pseudonyms.name("", "host").isEmpty)
        let many = Set((0..<20_000).map { pseudonyms.subscriber("u\($0)") })
        #expect(many.count == 20_000)
    }

    @Test func whatIsNoNameStays() {
        let report = sampleReport.report
        let after = pseudonyms.report(report)
        #expect(after.volumes == report.volumes && after.hours == report.hours && after.rules == report.rules)
        #expect(after.suggestions == report.suggestions && after.span == report.span)
        #expect(after.stolen.map { $0.ledger.map(\.why) } == report.stolen.map { $0.ledger.map(\.why) })
        #expect(after != report)
    }
}
