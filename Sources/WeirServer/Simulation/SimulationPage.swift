// What a simulation came to as one page for a browser: the tables and four pictures; no script, no other file.

import MailTypes
import WeirAudit
import WeirSimulator

/// The page of a simulation.
public struct SimulationPage: Sendable {
    /// One take-over, message by message.
    struct Example: Sendable {
        /// Whose.
        var subscriber: String
        /// By what.
        var family: String
        /// The scores of all messages around it.
        var scores: [TracedScore]
        /// The first moment shown.
        var from: Timestamp
        /// The last.
        var until: Timestamp
    }

    /// The figures.
    public let report: SimulationReport
    /// What the pictures are drawn from.
    let board: Scoreboard
    /// A take-over whose leak is its family's median; nil where none was found.
    let example: Example?

    /// The page.
    public var html: String {
        var page = HTMLText()
        page.begin(title: "Simulation: \(report.population), seed \(report.seed)")
        page.element("header") { page in
            page.element("p", ["class": "kicker"], "A provider that does not exist")
            page.element("h1", "Population \(report.population), seed \(report.seed)")
            for sentence in report.sentences { page.element("p", sentence) }
        }
        page.element("h2", "Honest people")
        page.element("p", report.honestSentence)
        SimulationPage.table(report.stratumRows, heads: 1, &page)
        picture(EvaluationPictures.falseAlarms([board.summary()], strata: board.strata), &page)
        page.element("h2", "Take-overs")
        guard !report.families.isEmpty else {
            page.element("p", SimulationReport.noTakeOver)
            page.end()
            return page.markup
        }
        page.element("p", "How much got out, and how long it took until the ladder acted.")
        SimulationPage.table(report.familyRows, heads: 2, &page)
        picture(EvaluationPictures.detection([board]), &page)
        picture(EvaluationPictures.leak(board), &page)
        if let example {
            let days = Int((Double(example.until.since(example.from)) / 8.64e13).rounded())
            page.element("h2", "One of them: \(example.subscriber), \(example.family)")
            page.element("p", "The score after each message of \(days) days, and the rung that it led to.")
            picture(
                EvaluationPictures.score(
                    example.scores, from: example.from, until: example.until,
                    title: "The score of \(example.subscriber)"), &page)
        }
        page.element("footer") { page in
            page.element(
                "p",
                "A figure from a simulation says how Weir fares against what the population declares, and nothing about real mail beyond that. The same file, seed and numbers give the same page."
            )
        }
        page.end()
        return page.markup
    }

    /// A picture in its frame.
    private func picture(_ svg: String, _ page: inout HTMLText) {
        page.element("div", ["class": "panel scroll"]) { $0.own(svg) }
        page.line()
    }

    /// A table whose first rows are heads.
    private static func table(_ rows: [[String]], heads: Int, _ page: inout HTMLText) {
        page.element("div", ["class": "panel scroll"]) { page in
            page.element("table") { page in
                for (number, row) in rows.enumerated() {
                    page.element("tr") { page in
                        for (column, cell) in row.enumerated() {
                            page.element(
                                number < heads ? "th" : "td", ["class": column == 0 ? "words" : "n"], cell)
                        }
                    }
                    page.line()
                }
            }
        }
        page.line()
    }
}

extension SimulationRun {
    /// As `judged`, with what a page shows. Where a take-over was found, the simulation is run a second time up to its end, to
    /// trace one.
    public func page(progress: (Double) -> Void = { _ in }) -> SimulationPage {
        let first = play { progress($0 / 2) }
        guard let episode = SimulationRun.typical(of: first.board).map({ first.episodes[$0] }) else {
            progress(1)
            return SimulationPage(report: first.report, board: first.board, example: nil)
        }
        let day: Int64 = 86_400_000_000_000
        let from = max(population.start, episode.from.advanced(byNanoseconds: -7 * day))
        let until = episode.until.advanced(byNanoseconds: 2 * day)
        let second = play(tracing: episode.subscriber, until: until) { progress(0.5 + $0 / 2) }
        let name = population.families[episode.family].name
        return SimulationPage(
            report: first.report, board: first.board,
            example: SimulationPage.Example(
                subscriber: second.traced, family: name, scores: second.trace, from: from,
                until: until))
    }

    /// Of the family with the most take-overs that were found, the place of the one with the median leak; nil where none was.
    static func typical(of board: Scoreboard) -> Int? {
        let found = board.episodes.indices.filter { board.episodes[$0].alarm != nil }
        var counts = Array(repeating: 0, count: board.families.count)
        for place in found { counts[board.episodes[place].episode.family] += 1 }
        let family = counts.firstIndex(of: counts.max() ?? 0)
        let sorted = found.filter { board.episodes[$0].episode.family == family }
            .sorted { (leak($0, board), $0) < (leak($1, board), $1) }
        return sorted.isEmpty ? nil : sorted[sorted.count / 2]
    }

    /// Messages that got out of a take-over.
    private static func leak(_ place: Int, _ board: Scoreboard) -> Int {
        board.episodes[place].leakedUntilContainment.messages
    }
}
