// What Weir's engine did in any number of runs: the facts from which every table and picture is made.

import MailTypes
import WeirEngine

/// What one way of running the engine did to everybody.
public struct EngineRecord: Sendable, Equatable {
    /// One subscriber of one run, while honest.
    public struct SubscriberRow: Sendable, Equatable {
        /// The run's seed.
        public var seed: UInt64
        /// The number in the run.
        public var subscriber: Int32
        /// The stratum.
        public var stratum: Int
        /// Honest time judged, in years.
        public var years: Double
        /// Honest time in the first weeks, in years.
        public var earlyYears: Double
        /// The highest rung while judged.
        public var rung = Rung.none
        /// The highest rung in the first weeks.
        public var earlyRung = Rung.none
        /// Messages while judged.
        public var messages = 0
        /// Of these, those that were not let through.
        public var stopped = 0
        /// Messages in the first weeks.
        public var earlyMessages = 0
        /// Of these, those that were not let through.
        public var earlyStopped = 0
    }

    /// One attack of one run.
    public struct EpisodeRow: Sendable, Equatable {
        /// The run's seed.
        public var seed: UInt64
        /// The subscriber, the family, and all that was sent.
        public var episode: AttackEpisode
        /// The victim's stratum.
        public var stratum: Int
        /// True where it began in the first weeks.
        public var isEarly: Bool
        /// By rung from observed on: what had got out when the subscriber first stood there or higher; nil for never.
        public var reached: [Leak?]
        /// All that got out, before and after; its time is that of the last message that did.
        public var leaked: Leak

        /// What had got out at the first of this rung or a higher one.
        public func leak(at rung: Rung) -> Leak? { reached[Int(rung.rawValue) - 1] }
    }

    /// One honest event of one subscriber: its messages lie no more than three days apart.
    public struct EventRow: Sendable, Equatable {
        /// The event or kind of mail, by its place in `Population.honestNames`; one beyond the last for other networks.
        public var name: Int
        /// The stratum.
        public var stratum: Int
        /// True where it began in the first weeks.
        public var isEarly: Bool
        /// The highest rung while it lasted and for three days after.
        public var rung = Rung.none
        /// True where the owner answered.
        public var isAnswered = false
        /// True where the subscriber was held or contained again after the answer, while the event lasted or in three days after.
        public var isStoppedAgain = false
    }

    /// An honest subscriber who came to a rung that stops mail.
    public struct FalseAlarm: Sendable, Equatable {
        /// The run's seed.
        public var seed: UInt64
        /// The number in the run.
        public var subscriber: Int32
        /// The stratum.
        public var stratum: Int
        /// The rung.
        public var rung: Rung
        /// The honest event or kind of mail of the message or under way; -1 for ordinary mail.
        public var name: Int
        /// Days since the run's beginning.
        public var day: Int
        /// The case's score in thousandths of a nat.
        public var score: Int32
        /// The case's strongest groups with their thousandths of a nat.
        public var groups: [String]
        /// True in the first weeks.
        public var isEarly: Bool
    }

    /// The name in the tables.
    public let name: String
    /// Every subscriber.
    public internal(set) var subscribers: [SubscriberRow] = []
    /// Every attack.
    public internal(set) var episodes: [EpisodeRow] = []
    /// Every honest event.
    public internal(set) var events: [EventRow] = []
    /// False alarms, the first of each run up to `falseAlarmsMax`.
    public internal(set) var falseAlarms: [FalseAlarm] = []
    /// Answers of owners.
    public internal(set) var answers = 0
    /// Messages that the engine decided.
    public internal(set) var messages = 0

    /// Most false alarms kept of one run.
    public static let falseAlarmsMax = 2000

    /// A record of nothing.
    public init(name: String) { self.name = name }

    /// Joins the record of other seeds.
    public mutating func merge(_ other: EngineRecord) {
        precondition(other.name == name, "records of different runs don't add up")
        subscribers += other.subscribers
        episodes += other.episodes
        events += other.events
        falseAlarms += other.falseAlarms
        answers += other.answers
        messages += other.messages
    }
}

extension EngineRecord {
    /// The scoreboard: a false alarm is an honest subscriber at this rung or a higher one; found is who was held or contained.
    /// Of the first weeks where so said. An attack whose mail was held to its end, and so gave no ground for containment, counts
    /// with all that got out; one that was never found with all that was sent.
    public func scoreboard(
        falseFrom: Rung = .contained, foundFrom: Rung = .held, setting: String, strata: [StratumShare],
        families: [String], isEarly: Bool = false
    ) -> Scoreboard {
        var board = Scoreboard(method: name, setting: setting, strata: strata, families: families)
        for row in subscribers {
            board.add(
                Scoreboard.SubscriberOutcome(
                    seed: row.seed, subscriber: row.subscriber, stratum: row.stratum,
                    years: isEarly ? row.earlyYears : row.years,
                    hasFalseAlarm: (isEarly ? row.earlyRung : row.rung) >= falseFrom,
                    honestMessages: isEarly ? row.earlyMessages : row.messages,
                    wronglyHeld: isEarly ? row.earlyStopped : row.stopped))
        }
        for row in episodes where row.isEarly == isEarly {
            let found = row.leak(at: foundFrom)
            board.add(
                Scoreboard.EpisodeOutcome(
                    seed: row.seed, episode: row.episode, alarm: found,
                    containment: row.leak(at: .contained) ?? found.map { _ in row.leaked }))
        }
        return board
    }
}
