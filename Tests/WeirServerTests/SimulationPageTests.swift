// The page of a simulation, and what is said of mail handed to a server.

import MailTypes
import Testing
import WeirEngine
import WeirSimulator

@testable import WeirServer

@Suite struct SimulationPageTests {
    /// A small provider with loud take-overs.
    private static let population = Population(
        name: "a <b>&c",
        strata: [Stratum(name: "light <i>", share: 1, messagesPerDay: LogNormal(median: 3, sigma: 0.5))],
        families: [
            AttackFamily(
                name: "bot & co", onsetsPer1000Years: 300, access: .init(way: .stolenLogin),
                rate: .init(perHour: LogNormal(median: 300, sigma: 0.5)),
                length: .init(messages: LogNormal(median: 200, sigma: 0.5)), targets: .init(dead: .beta(4, 7)),
                scores: ScoreMixture([.init(mean: 4, deviation: 1)]))
        ])

    @Test func hasTablesAndPicturesAndNothingOfOthers() throws {
        let run = SimulationRun(Self.population, seed: 3, days: 20, subscribers: 60, attackFactor: 30)
        var shares: [Double] = []
        let page = run.page { shares.append($0) }
        #expect(shares == shares.sorted() && shares.allSatisfy { $0 >= 0 && $0 <= 1 })
        #expect(page.report.text == run.judged().text, "the page and the table say the same")
        let html = page.html
        #expect(html == run.page().html, "the same seed, the same page")
        #expect(html.components(of: "<svg") == 4 && html.components(of: "</svg>") == 4)
        for words in ["Population a &lt;b&gt;&amp;c", "light &lt;i&gt;", "bot &amp; co", "</html>"] {
            #expect(html.contains(words), "\(words)")
        }
        for words in ["<b>&c", "<i>", "<script", "http://", "src="] {
            #expect(!html.replacing("http://www.w3.org/2000/svg", with: "").contains(words), "\(words)")
        }
        let example = try #require(page.example)
        let scores = example.scores
        #expect(scores.contains(where: \.isAbuse) && scores.contains { !$0.isAbuse })
        #expect(scores.contains { $0.rung >= .held }, "one that was found")
        #expect(scores.first { $0.isAbuse }.map { $0.rung < .held } ?? false)
        #expect(scores.map(\.at) == scores.map(\.at).sorted() && scores.allSatisfy { $0.at <= example.until })
        // The pictures' figures are the table's.
        let family = try #require(page.report.families.first)
        #expect(page.board.episodes.count == family.episodes)
        #expect(page.board.episodes.count { $0.alarm != nil } == family.found)
        #expect(
            SimulationReport.Quantiles(page.board.episodes.map { Double($0.leakedUntilContainment.messages) })?.median
                == family.messagesOut?.median)
    }

    @Test func withoutTakeOversThatIsSaid() {
        let page = SimulationRun(Self.population, seed: 1, days: 1, subscribers: 3, attackFactor: 0).page()
        #expect(page.example == nil && page.html.contains("none happened") && page.html.components(of: "<svg") == 1)
    }

    @Test func whatBecameOfMailIsCounted() throws {
        var mailing = SimulationMailing()
        for code in [250, 250, 450, 550, 421] { mailing.honest.note(code) }
        mailing.abuse.note(450)
        mailing.refusals = ["450 4.7.1": 2, "550 5.7.1": 1, "421 4.3.2": 1]
        mailing.hasMore = true
        try expectGolden(mailing.text(port: 2525), "simulate-smtp.txt")
    }
}

extension String {
    /// How often a word stands in it.
    fileprivate func components(of word: String) -> Int { ranges(of: word).count }
}
