// The evaluation in small: one seed through Weir's engine and the compared methods, with bounds that a broken detector breaks.

import MailTypes
import Testing
import WeirEngine

@testable import WeirSimulator

/// The evaluation.
@Suite struct EvaluationRunTests {
    /// Subscribers who write a message a day, some with a machine taken over by a fast bot.
    static let population: Population = {
        var population = Population.small
        for place in population.strata.indices {
            population.strata[place].messagesPerDay = LogNormal(median: 1, sigma: 0.5, most: 10)
        }
        population.families[0].length.messages = LogNormal(median: 150, sigma: 0.3)
        return population
    }()

    /// One seed, with everything as shipped.
    static let shipped = run(withBaselines: true)

    /// One seed.
    static func run(
        _ change: (inout EngineRunSettings) -> Void = { _ in }, withBaselines: Bool = false
    ) -> EvaluationRun.Result {
        var settings = EngineRunSettings()
        change(&settings)
        var run = EvaluationRun(
            Simulation(population, seed: 7, days: 45, subscribers: 200, attackFactor: 3), engines: [settings],
            withBaselines: withBaselines)
        run.go()
        return run.finish()
    }

    /// What is wrong with a record, by weak bounds: one containment of an honest subscriber, most bots found and stopped early.
    static func faults(_ record: EngineRecord) -> [String] {
        var found: [String] = []
        let judged = record.episodes.filter { !$0.isEarly }
        if record.subscribers.count(where: { $0.rung == .contained }) > 1 {
            found.append("honest subscribers contained")
        }
        if judged.count < 4 { found.append("too few attacks to judge") }
        if judged.count(where: { $0.leak(at: .held) != nil }) * 10 < judged.count * 8 { found.append("bots missed") }
        let leaks = judged.map { ($0.leak(at: .held) ?? $0.episode.whole).messages }.sorted()
        if !leaks.isEmpty, Quantile.of(leaks, 0.5) > 20 { found.append("bots leak") }
        let (all, stopped) = record.subscribers.reduce((0, 0)) { ($0.0 + $1.messages, $0.1 + $1.stopped) }
        if all < 2000 { found.append("too few honest messages") }
        if stopped * 1000 > all { found.append("honest messages held") }
        return found
    }

    @Test("one seed keeps to weak bounds, and twice the same seed is twice the same record") func small() {
        let result = Self.shipped
        #expect(Self.faults(result.engines[0]) == [])
        let again = Self.run(withBaselines: true)
        #expect(result.engines == again.engines)
        let tuner = BaselineTuner(strata: Self.population.strata.map { StratumShare($0) })
        let boards = [result, again].map { result in
            result.baselines.map { Scoreboard.paper($0, by: tuner, families: ["fast-bot"]) }
        }
        #expect(boards[0] == boards[1])
        // The compared methods are judged by the same attacks and the same honest time.
        let judged = result.engines[0].episodes.filter { !$0.isEarly }
        for board in boards[0] {
            #expect(board.episodes.map(\.episode) == judged.map(\.episode))
            #expect(board.subscribers.map(\.years) == result.engines[0].subscribers.map(\.years))
        }
    }

    @Test("without detectors, or with the ladder not enforced, the bounds break") func mutants() {
        let off = Self.run { $0.policy.watch.isOn = false }.engines[0]
        #expect(Self.faults(off).contains("bots missed"))
        let observing = Self.run { $0.policy.watch.enforced = .none }.engines[0]
        for row in observing.episodes { #expect(row.leaked.messages == row.episode.whole.messages) }
        #expect(observing.subscribers.allSatisfy { $0.stopped == 0 })
        let enforced = Self.shipped.engines[0]
        let (sent, leaked) = enforced.episodes.reduce((0, 0)) {
            ($0.0 + $1.episode.whole.messages, $0.1 + $1.leaked.messages)
        }
        #expect(leaked * 3 < sent)
    }

    @Test("what is never found counts with all its mail, what is held to its end with what got out") func leaks() {
        var record = EngineRecord(name: "Weir")
        let whole = Leak(messages: 100, recipients: 200, nanoseconds: 60)
        let at = Leak(messages: 3, recipients: 6, nanoseconds: 2)
        let held: [Leak?] = [at, at, at, nil]
        for reached in [[nil, nil, nil, nil], held] {
            record.episodes.append(
                EngineRecord.EpisodeRow(
                    seed: 1, episode: AttackEpisode(subscriber: 0, family: 0, whole: whole), stratum: 0,
                    isEarly: false, reached: reached, leaked: Leak(messages: 5, recipients: 9, nanoseconds: 4)))
        }
        let board = record.scoreboard(
            setting: "", strata: [StratumShare(name: "light", share: 1)], families: ["fast-bot"])
        #expect(board.episodes.map(\.leakedUntilContainment.messages) == [100, 5])
        #expect(board.episodes.map(\.leakedUntilAlarm.messages) == [100, 3])
    }

    @Test("the engine without content is told nothing that a header or text says") func blind() throws {
        var simulation = Simulation(Self.population, seed: 3, days: 3, subscribers: 50)
        var messages = 0
        while let event = simulation.next() {
            guard case .message(let message) = event else { continue }
            messages += 1
            let seen = EngineRun.blind(message.transaction)
            #expect(seen.content == Content())
            #expect(seen.session == message.transaction.session && seen.envelope == message.transaction.envelope)
        }
        #expect(messages > 50)
    }

    @Test("an answer ends an event, or is followed by another stop") func answers() {
        let hour: Int64 = 3_600_000_000_000
        var book = HonestEventBook(subscribers: 2)
        var ended: [EngineRecord.EventRow] = []
        for subscriber in 0..<2 {
            book.note(4, of: subscriber, stratum: 1, at: 0, isEarly: false, &ended)
            book.raise(subscriber, to: .held, at: hour)
            book.answer(of: subscriber, at: 5 * hour)
        }
        book.raise(1, to: .contained, at: 6 * hour)
        // Later than three days after its last message nothing is put down to an event.
        book.raise(0, to: .contained, at: 80 * hour)
        book.endAll(of: 0, &ended)
        book.endAll(of: 1, &ended)
        #expect(ended.map(\.rung) == [.held, .contained])
        #expect(ended.allSatisfy { $0.isAnswered && $0.name == 4 })
        #expect(ended.map(\.isStoppedAgain) == [false, true])
    }

    @Test("pictures are drawn of nothing and of something") func pictures() {
        let empty = EvaluationPictures.score(
            [], from: Timestamp(seconds: 0), until: Timestamp(seconds: 9), title: "a < b")
        #expect(empty.hasPrefix("<svg") && empty.contains("a &lt; b") && empty.hasSuffix("</svg>\n"))
        #expect(Picture.number(-1.25) == "-1.3" && Picture.number(0.04) == "0" && Picture.number(12) == "12")
        let axis = PictureAxis(least: 1, most: 1000, from: 0, to: 300, isLogarithmic: true)
        #expect([10.0, 0, 1e9].map { axis.place($0).rounded() } == [100, 0, 300])
        #expect(axis.marks.map { $0.rounded() } == [1, 10, 100, 1000])
    }
}
