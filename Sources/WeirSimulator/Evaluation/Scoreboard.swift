// What one method did to the honest and to the attacks, over any number of seeds.

import MailTypes

/// The outcomes of one method at one setting.
public struct Scoreboard: Sendable, Equatable {
    /// One subscriber of one run.
    public struct SubscriberOutcome: Sendable, Equatable {
        /// The run's seed.
        public var seed: UInt64
        /// The subscriber's index in the run.
        public var subscriber: Int32
        /// The stratum's index.
        public var stratum: Int
        /// Honest time watched, in years.
        public var years: Double
        /// True where there was an alarm while honest; more of them in a run count once.
        public var hasFalseAlarm: Bool
        /// Messages sent while honest.
        public var honestMessages: Int
        /// Of these, those that were held, wrongly.
        public var wronglyHeld: Int

        /// An outcome.
        public init(
            seed: UInt64, subscriber: Int32, stratum: Int, years: Double, hasFalseAlarm: Bool, honestMessages: Int = 0,
            wronglyHeld: Int = 0
        ) {
            precondition(wronglyHeld <= honestMessages)
            self.seed = seed
            self.subscriber = subscriber
            self.stratum = stratum
            self.years = years
            self.hasFalseAlarm = hasFalseAlarm
            self.honestMessages = honestMessages
            self.wronglyHeld = wronglyHeld
        }
    }

    /// One attack of one run.
    public struct EpisodeOutcome: Sendable, Equatable {
        /// The run's seed.
        public var seed: UInt64
        /// The attack.
        public var episode: AttackEpisode
        /// How far it had got at the first alarm; nil where there was none.
        public var alarm: Leak?
        /// How far it had got when nothing more got out; nil where that never came.
        public var containment: Leak?

        /// An outcome.
        public init(seed: UInt64, episode: AttackEpisode, alarm: Leak?, containment: Leak?) {
            self.seed = seed
            self.episode = episode
            self.alarm = alarm
            self.containment = containment
        }

        /// The leak until the alarm: the whole episode where there was none. Never dropped.
        public var leakedUntilAlarm: Leak { alarm ?? episode.whole }
        /// The leak until containment: the whole episode where there was none.
        public var leakedUntilContainment: Leak { containment ?? episode.whole }
    }

    /// The method's name.
    public let method: String
    /// The setting in words: `the paper's`, `quota 1,234`.
    public let setting: String
    /// The strata of the honest.
    public let strata: [StratumShare]
    /// The families of attacks.
    public let families: [String]
    /// True where the setting does not keep to the false alarms that were asked for.
    public var isBeyondTarget = false
    /// Every subscriber.
    public private(set) var subscribers: [SubscriberOutcome] = []
    /// Every attack.
    public private(set) var episodes: [EpisodeOutcome] = []

    /// A scoreboard without an outcome.
    public init(method: String, setting: String, strata: [StratumShare], families: [String]) {
        self.method = method
        self.setting = setting
        self.strata = strata
        self.families = families
    }

    /// Adds one subscriber of one run, once.
    public mutating func add(_ outcome: SubscriberOutcome) {
        precondition(strata.indices.contains(outcome.stratum))
        subscribers.append(outcome)
    }

    /// Adds one attack.
    public mutating func add(_ outcome: EpisodeOutcome) {
        precondition(families.indices.contains(outcome.episode.family))
        episodes.append(outcome)
    }

    /// Joins the outcomes of the same method at the same setting under other seeds.
    public mutating func merge(_ other: Scoreboard) {
        precondition(
            other.method == method && other.setting == setting && other.strata == strata && other.families == families,
            "scoreboards of different methods don't add up")
        subscribers += other.subscribers
        episodes += other.episodes
        isBeyondTarget = isBeyondTarget || other.isBeyondTarget
    }

    /// What a method would have done at a setting, by the record of its one pass.
    ///
    /// These methods only alarm: an alarm is taken to contain at once, in their favour, and nobody's mail is held.
    public init(
        _ record: TuningRecord, at parameter: TunedParameter.Setting, setting: String, strata: [StratumShare],
        families: [String]
    ) {
        self.init(method: record.name, setting: setting, strata: strata, families: families)
        for run in record.honest {
            add(
                SubscriberOutcome(
                    seed: run.seed, subscriber: run.subscriber, stratum: run.stratum, years: run.years,
                    hasFalseAlarm: run.maxima[parameter.arm] > parameter.alarmsAbove))
        }
        for attack in record.attacks {
            let alarm = attack.ladders[parameter.arm].firstAlarm(above: parameter.alarmsAbove)
            add(EpisodeOutcome(seed: attack.seed, episode: attack.episode, alarm: alarm, containment: alarm))
        }
    }
}

extension Scoreboard {
    /// A method at the setting it comes with.
    public static func paper(_ record: TuningRecord, by tuner: BaselineTuner, families: [String]) -> Scoreboard {
        let setting = tuner.paperSetting(record)
        return Scoreboard(
            record, at: setting, setting: text(setting, of: record), strata: tuner.strata, families: families)
    }

    /// A method at the loosest setting with so many false alarms per 1,000 subscriber-years, or at its best where there is none.
    ///
    /// The record to tune on is that of other seeds than the record to judge by.
    public static func tuned(
        _ record: TuningRecord, on tuning: TuningRecord, perThousandYears target: Double, by tuner: BaselineTuner,
        families: [String]
    ) -> Scoreboard {
        let tuned = tuner.tune(tuning, perThousandYears: target)
        var board = Scoreboard(
            record, at: tuned.setting, setting: text(tuned.setting, of: record), strata: tuner.strata,
            families: families)
        if case .cannotReach = tuned { board.isBeyondTarget = true }
        return board
    }

    /// `quota 500`.
    private static func text(_ setting: TunedParameter.Setting, of record: TuningRecord) -> String {
        let number = setting.parameter
        let text =
            if number == 0 || abs(number) >= 0.01 {
                DecimalText.fixed(number, number == number.rounded() ? 0 : 2)
            } else {
                "\(number)"
            }
        return "\(record.parameterName) \(text)"
    }
}

/// Collects one run of one method as it happens.
public struct ScoreboardRun: Sendable {
    /// The subscribers.
    private let population: RunPopulation
    /// By subscriber: an alarm while honest.
    private var falseAlarms: [Bool]
    /// By subscriber: messages sent while honest.
    private var honestMessages: [Int]
    /// By subscriber: those held.
    private var wronglyHeld: [Int]
    /// By episode: the first alarm.
    private var alarms: [Leak?]
    /// By episode: the containment.
    private var containments: [Leak?]

    /// A run with so many attacks.
    public init(population: RunPopulation, episodes: Int) {
        self.population = population
        falseAlarms = Array(repeating: false, count: population.strata.count)
        honestMessages = Array(repeating: 0, count: population.strata.count)
        wronglyHeld = honestMessages
        alarms = Array(repeating: nil, count: episodes)
        containments = alarms
    }

    /// The method alarmed about a subscriber who stood so. The first alarm of an episode counts.
    public mutating func alarm(_ subscriber: Int32, _ phase: SubscriberPhase) {
        switch phase {
        case .honest: falseAlarms[Int(subscriber)] = true
        case .attacked(let episode, let leak): if alarms[episode] == nil { alarms[episode] = leak }
        case .aftermath: break
        }
    }

    /// From here on nothing more of the subscriber's mail gets out. While honest, that is a false alarm too.
    public mutating func contain(_ subscriber: Int32, _ phase: SubscriberPhase) {
        alarm(subscriber, phase)
        if case .attacked(let episode, let leak) = phase, containments[episode] == nil { containments[episode] = leak }
    }

    /// A message of the owner's own, sent while honest.
    public mutating func honestMessage(_ subscriber: Int32, isHeld: Bool) {
        honestMessages[Int(subscriber)] += 1
        if isHeld { wronglyHeld[Int(subscriber)] += 1 }
    }

    /// Adds the run's outcomes to a scoreboard; the episodes in the order of their numbers.
    public func finish(episodes: [AttackEpisode], into scoreboard: inout Scoreboard) {
        precondition(episodes.count == alarms.count, "one entry an episode")
        for subscriber in population.strata.indices {
            scoreboard.add(
                Scoreboard.SubscriberOutcome(
                    seed: population.seed, subscriber: Int32(subscriber), stratum: population.strata[subscriber],
                    years: population.years[subscriber], hasFalseAlarm: falseAlarms[subscriber],
                    honestMessages: honestMessages[subscriber], wronglyHeld: wronglyHeld[subscriber]))
        }
        for (number, episode) in episodes.enumerated() {
            scoreboard.add(
                Scoreboard.EpisodeOutcome(
                    seed: population.seed, episode: episode, alarm: alarms[number], containment: containments[number]))
        }
    }
}
