// One pass answers every parameter, and tuning finds the loosest that keeps to the target.

import MailTypes
import Testing
import WeirSimulator

/// One event of a made-up run.
struct Event {
    /// The message.
    var message: BaselineMessage
    /// Where its subscriber stood.
    var phase: SubscriberPhase
}

/// A run of 40 subscribers in two strata, eight of whom are attacked: small, and made of nothing but chance.
struct MadeUpRun {
    /// The subscribers.
    var population: RunPopulation
    /// In time.
    var events: [Event] = []
    /// The attacks.
    var episodes: [AttackEpisode] = []

    /// A run.
    init(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        population = RunPopulation(
            seed: seed, strata: (0..<40).map { $0 % 4 == 0 ? 1 : 0 }, years: Array(repeating: 0.25, count: 40))
        for subscriber in 0..<40 {
            // The second stratum is flagged more often and writes to more people.
            let isBulk = population.strata[subscriber] == 1
            var minutes = 0.0
            var attack = Leak(messages: 0, recipients: 0, nanoseconds: 0)
            var start: Timestamp?
            for n in 0..<200 {
                minutes += Double(random.next() % 60)
                let isAttack = subscriber < 8 && n >= 150
                let isFlagged = random.next() % 100 < (isAttack ? 85 : isBulk ? 25 : 3)
                let recipients = Int32(1 + random.next() % (isAttack || isBulk ? 30 : 4))
                var event = message(
                    minutes, subscriber: Int32(subscriber), recipients: recipients, spam: isFlagged,
                    score: Int32(isFlagged ? 2500 : -700) + Int32(random.next() % 500))
                event.number = Int64(n)
                var phase = SubscriberPhase.honest
                if isAttack {
                    attack.messages += 1
                    attack.recipients += Int(recipients)
                    start = start ?? event.at
                    attack.nanoseconds = event.at.since(start ?? event.at)
                    phase = .attacked(episode: subscriber, attack)
                }
                events.append(Event(message: event, phase: phase))
            }
            if subscriber < 8 {
                episodes.append(AttackEpisode(subscriber: Int32(subscriber), family: subscriber % 2, whole: attack))
            }
        }
        events.sort { $0.message.at < $1.message.at }
    }

    /// A pass of a method over it.
    func record(_ method: some Baseline) -> TuningRecord {
        var pass = TuningPass(method, population: population, episodes: episodes.count)
        for event in events { pass.note(event.message, event.phase) }
        return pass.record(episodes: episodes)
    }

    /// A method at one setting, event by event.
    func scoreboard(_ method: some Baseline, setting: String) -> Scoreboard {
        var (method, run) = (method, ScoreboardRun(population: population, episodes: episodes.count))
        for event in events where method.note(event.message) { run.contain(event.message.subscriber, event.phase) }
        var board = Scoreboard(
            method: method.name, setting: setting, strata: twoStrata, families: ["fast", "slow"])
        run.finish(episodes: episodes, into: &board)
        return board
    }
}

/// People are three quarters of the subscribers, bulk senders a quarter.
let twoStrata = [StratumShare(name: "person", share: 0.75), StratumShare(name: "bulk", share: 0.25)]

@Suite("BaselineTuner") struct BaselineTunerTests {
    /// The run of these tests.
    static let run = MadeUpRun(seed: 77)
    /// The tuner.
    let tuner = BaselineTuner(strata: twoStrata)

    /// Checks a method: the record's answer at every tuned setting is what the method so tuned does event by event.
    private func agrees(_ method: some Baseline, _ parameters: [Double]) {
        let record = Self.run.record(method)
        for parameter in parameters {
            let setting: TunedParameter.Setting
            switch record.parameters {
            case .threshold: setting = .init(arm: 0, alarmsAbove: parameter, parameter: parameter)
            case .arms(let arms):
                setting = .init(arm: arms.firstIndex(of: parameter) ?? 0, alarmsAbove: 0.5, parameter: parameter)
            }
            let answered = Scoreboard(
                record, at: setting, setting: "tuned", strata: twoStrata, families: ["fast", "slow"])
            #expect(answered == Self.run.scoreboard(method.tuned(to: parameter), setting: "tuned"))
        }
    }

    @Test("one pass answers what each setting does alone") func onePass() {
        agrees(RecipientQuota.daily(subscribers: 40), [0, 20, 60, 100, 150, 200, 350, 500, 5000])
        agrees(SpamCountThreshold(subscribers: 40), [0, 1, 2, 3, 5, 30])
        agrees(SpamShareThreshold(messagesMin: 2, subscribers: 40), [0.1, 0.34, 0.5, 0.9, 1])
        agrees(SPOT(alphas: SPOT.alphas, subscribers: 40), SPOT.alphas)
        agrees(ContentCUSUM(subscribers: 40), [0.5, 3, 5.25, 8, 15.1, 40])
        agrees(ExtrusionDetection(subscribers: 40), [0.1, 0.5, 1])
    }

    @Test(
        "the tuned threshold keeps to the target, and the next lower maximum does not",
        arguments: [0.0, 100, 800, 2000])
    func loosest(target: Double) throws {
        let record = Self.run.record(ContentCUSUM(subscribers: 40))
        guard case .reached(let setting, let rate) = tuner.tune(record, perThousandYears: target) else {
            Issue.record("every threshold has a meaning")
            return
        }
        #expect(rate <= target)
        #expect(abs(tuner.falseAlarms(record, at: setting) - rate) < 1e-9)
        let lower = record.honest.map { $0.maxima[0] }.filter { $0 < setting.alarmsAbove }.max()
        if let lower {
            let next = TunedParameter.Setting(arm: 0, alarmsAbove: lower, parameter: lower)
            #expect(tuner.falseAlarms(record, at: next) > target)
        }
    }

    @Test("strata weigh by their shares, not by how many were simulated") func weights() {
        var record = Self.run.record(RecipientQuota.daily(subscribers: 40))
        let all = TunedParameter.Setting(arm: 0, alarmsAbove: 0, parameter: 0)
        // Everybody alarms once in a quarter of a year.
        #expect(abs(tuner.falseAlarms(record, at: all) - 4000) < 1e-6)
        let bulkOnly = BaselineTuner(strata: [
            StratumShare(name: "person", share: 0), StratumShare(name: "bulk", share: 1),
        ])
        let maxima = record.honest.filter { $0.stratum == 1 }.map { $0.maxima[0] }.sorted()
        let half = TunedParameter.Setting(arm: 0, alarmsAbove: maxima[4], parameter: maxima[4])
        #expect(abs(bulkOnly.falseAlarms(record, at: half) - 2000) < 1e-6)
        // Twice the same run: the same rate.
        let before = tuner.falseAlarms(record, at: half)
        record.merge(record)
        #expect(abs(tuner.falseAlarms(record, at: half) - before) < 1e-9)
    }

    @Test("what can't be reached is said") func cannotReach() {
        // Five subscribers whose mail is wholly flagged: no share above 1 exists.
        let population = RunPopulation(seed: 1, strata: [0, 0, 0, 0, 0], years: [1, 1, 1, 1, 1])
        let strata = [StratumShare(name: "newsletter", share: 1)]
        var share = TuningPass(SpamShareThreshold(subscribers: 5), population: population, episodes: 0)
        var spot = TuningPass(SPOT(alphas: [1e-2, 1e-6], subscribers: 5), population: population, episodes: 0)
        for subscriber in 0..<5 {
            for n in 0..<50 {
                let event = message(Double(n), subscriber: Int32(subscriber), spam: true)
                share.note(event, .honest)
                spot.note(event, .honest)
            }
        }
        let tuner = BaselineTuner(strata: strata)
        guard case .cannotReach(_, let rate) = tuner.tune(share.record(episodes: []), perThousandYears: 10) else {
            Issue.record("no share keeps to ten")
            return
        }
        #expect(rate == 1000)
        guard case .cannotReach(let best, _) = tuner.tune(spot.record(episodes: []), perThousandYears: 10) else {
            Issue.record("neither α keeps to ten")
            return
        }
        #expect(best.parameter == 1e-2)
        if case .cannotReach = tuner.tune(share.record(episodes: []), perThousandYears: 1000) {
            Issue.record("a thousand is reached")
        }
    }

    @Test("an aftermath counts for nothing, and a method that saw nothing is tuned to anything") func silence() {
        let population = RunPopulation(seed: 1, strata: [0], years: [1])
        var pass = TuningPass(ContentCUSUM(subscribers: 1), population: population, episodes: 0)
        for _ in 0..<50 { pass.note(message(0, score: 4000), .aftermath) }
        let record = pass.record(episodes: [])
        let strata = [StratumShare(name: "person", share: 1)]
        guard case .reached(_, let rate) = BaselineTuner(strata: strata).tune(record, perThousandYears: 1) else {
            Issue.record("nothing alarmed")
            return
        }
        #expect(rate == 0)
        #expect(BaselineTuner(strata: strata).paperSetting(record).alarmsAbove == 15.1.nextDown)
    }
}

@Suite("BaselineLineup") struct BaselineLineupTests {
    /// All methods over a made-up run.
    private func records(seed: UInt64) -> [TuningRecord] {
        let run = MadeUpRun(seed: seed)
        var lineup = BaselineLineup(population: run.population, episodes: run.episodes.count)
        for event in run.events {
            lineup.note(event.message, event.phase)
            lineup.note(
                BaselineResult(
                    message: event.message.number, subscriber: event.message.subscriber, isPermanentFailure: false,
                    at: event.message.at), event.phase)
        }
        return lineup.records(episodes: run.episodes)
    }

    @Test("published settings are those of each method alone, and tuned ones keep to their seeds' target") func lineup()
    {
        let (tuning, held) = (records(seed: 30), records(seed: 31))
        let run = MadeUpRun(seed: 31)
        let tuner = BaselineTuner(strata: twoStrata)
        let families = ["fast", "slow"]
        #expect(held.map(\.name) == ["VOL-A", "VOL-B", "CT", "PT", "SPOT", "EXTR", "CUSUM content"])
        let paper = held.map { Scoreboard.paper($0, by: tuner, families: families) }
        #expect(
            paper.map(\.setting) == ["quota 500", "quota 100", "C_s 30", "P 0.50", "α 0.01", "scale 1.00", "h 15.10"])
        #expect(paper[0] == run.scoreboard(RecipientQuota.daily(subscribers: 40), setting: "quota 500"))
        #expect(paper[3] == run.scoreboard(SpamShareThreshold(subscribers: 40), setting: "P 0.50"))
        #expect(paper[4] == run.scoreboard(SPOT(subscribers: 40), setting: "α 0.01"))
        #expect(paper[6] == run.scoreboard(ContentCUSUM(subscribers: 40), setting: "h 15.10"))
        for (method, record) in tuning.enumerated() {
            let board = Scoreboard.tuned(
                record, on: tuning[method], perThousandYears: 500, by: tuner, families: families)
            let rate = board.summary(ClusterBootstrap(replicates: 20, seed: 1, confidence: 0.95)).falseAlarms
            #expect((rate?.perThousandYears ?? 0) <= 500 || board.isBeyondTarget)
        }
    }
}
