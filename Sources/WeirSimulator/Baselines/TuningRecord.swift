// What one pass over the events leaves behind, from which every parameter of a method can be judged.

import MailTypes

/// A stratum as far as figures need it: its name, and how common it is.
public struct StratumShare: Sendable, Equatable {
    /// The name in the tables.
    public var name: String
    /// Its share of all subscribers in the world; the shares need not add up to one.
    public var share: Double

    /// A stratum of that name and share.
    public init(name: String, share: Double) {
        self.name = name
        self.share = share
    }

    /// A stratum of the simulated population.
    public init(_ stratum: Stratum) { self.init(name: stratum.name, share: stratum.share) }
}

/// How far an attack got. A method that says at a message that it is abuse may count the message in hand or not, as long as all do.
public struct Leak: Sendable, Equatable {
    /// Messages of the attack that got out.
    public var messages: Int
    /// Their recipients.
    public var recipients: Int
    /// Time since the attack's first message, in nanoseconds.
    public var nanoseconds: Int64

    /// A leak.
    public init(messages: Int, recipients: Int, nanoseconds: Int64) {
        self.messages = messages
        self.recipients = recipients
        self.nanoseconds = nanoseconds
    }

    /// The time in minutes.
    public var minutes: Double { Double(nanoseconds) / 60e9 }
}

/// Where a subscriber stands at an event.
public enum SubscriberPhase: Sendable, Equatable {
    /// Honest so far: an alarm is false.
    case honest
    /// From the first message of an attack until its end, the owner's own messages in between included: an alarm is right. The
    /// number of the episode, and how far it has got.
    case attacked(episode: Int, Leak)
    /// An attack is over, its traces are not: alarms are neither false nor right.
    case aftermath
}

/// An attack, before any method has looked at it.
public struct AttackEpisode: Sendable, Equatable {
    /// The subscriber's index.
    public var subscriber: Int32
    /// The family's index in the list of families.
    public var family: Int
    /// All of it: what leaks if nobody alarms.
    public var whole: Leak

    /// An episode.
    public init(subscriber: Int32, family: Int, whole: Leak) {
        self.subscriber = subscriber
        self.family = family
        self.whole = whole
    }
}

/// The subscribers of one run of the simulator.
public struct RunPopulation: Sendable, Equatable {
    /// The run's seed: with the subscriber's index it names a subscriber of the whole evaluation.
    public var seed: UInt64
    /// By subscriber: the stratum's index.
    public var strata: [Int]
    /// By subscriber: the honest time watched, in years.
    public var years: [Double]

    /// A population.
    public init(seed: UInt64, strata: [Int], years: [Double]) {
        precondition(strata.count == years.count)
        self.seed = seed
        self.strata = strata
        self.years = years
    }
}

/// The rungs by which a statistic climbed during one episode: each new maximum, and how far the attack had got.
public struct AlarmLadder: Sendable, Equatable {
    /// A new maximum.
    public struct Rung: Sendable, Equatable {
        /// The statistic.
        public var statistic: Double
        /// How far the attack had got.
        public var leak: Leak
    }

    /// The rungs, rising.
    public private(set) var rungs: [Rung] = []

    /// A statistic that nothing has raised.
    public init() {}

    /// Takes in a value of the statistic.
    mutating func note(_ statistic: Double, _ leak: Leak) {
        if let last = rungs.last, last.statistic >= statistic { return }
        rungs.append(Rung(statistic: statistic, leak: leak))
    }

    /// How far the attack had got when the statistic first exceeded a bound; nil where it never did.
    public func firstAlarm(above bound: Double) -> Leak? { rungs.first { $0.statistic > bound }?.leak }
}

/// All that tuning needs of one method, over any number of runs.
public struct TuningRecord: Sendable {
    /// One subscriber in one run.
    public struct HonestRun: Sendable, Equatable {
        /// The seed and the index, which together name the subscriber.
        public var seed: UInt64
        /// The subscriber's index in the run.
        public var subscriber: Int32
        /// The stratum's index.
        public var stratum: Int
        /// Honest time, in years.
        public var years: Double
        /// By arm: the largest value of the statistic while honest; minus infinity where there was none.
        public var maxima: [Double]
    }

    /// One attack in one run.
    public struct Attack: Sendable, Equatable {
        /// The run's seed.
        public var seed: UInt64
        /// What the attack was.
        public var episode: AttackEpisode
        /// By arm: how the statistic climbed.
        public var ladders: [AlarmLadder]
    }

    /// The method's name.
    public var name: String
    /// What its parameter is called.
    public var parameterName: String
    /// What can be tuned.
    public var parameters: BaselineParameters
    /// Every subscriber of every run.
    public internal(set) var honest: [HonestRun] = []
    /// Every attack of every run.
    public internal(set) var attacks: [Attack] = []

    /// Joins the record of another run of the same method with the same parameters.
    public mutating func merge(_ other: TuningRecord) {
        precondition(other.name == name && other.parameters == parameters, "records of different methods don't add up")
        honest += other.honest
        attacks += other.attacks
    }
}

/// A method on its one pass over the events of a run.
public struct TuningPass<Method: Baseline>: Sendable {
    /// The method.
    private var method: Method
    /// How many statistics it has.
    private let arms: Int
    /// The subscribers.
    private let population: RunPopulation
    /// By subscriber and arm: the largest value while honest.
    private var maxima: [Double]
    /// By episode and arm.
    private var ladders: [AlarmLadder]
    /// Room for what one event raises, kept so that no event allocates.
    private var room: [(Int, Double)] = []

    /// A pass of a method that has seen nothing yet, over a run with so many attacks; more may come.
    public init(_ method: Method, population: RunPopulation, episodes: Int) {
        self.method = method
        self.population = population
        arms = method.parameters.count
        maxima = Array(repeating: -.infinity, count: population.strata.count * arms)
        ladders = Array(repeating: AlarmLadder(), count: episodes * arms)
    }

    /// Takes in a message, sent where its subscriber stood so.
    public mutating func note(_ message: BaselineMessage, _ phase: SubscriberPhase) {
        var raised: [(Int, Double)] = []
        swap(&raised, &room)
        method.measure(message) { raised.append(($0, $1)) }
        keep(raised, subscriber: message.subscriber, phase)
        raised.removeAll(keepingCapacity: true)
        swap(&raised, &room)
    }

    /// Takes in a result, come where its subscriber stood so.
    public mutating func note(_ result: BaselineResult, _ phase: SubscriberPhase) {
        var raised: [(Int, Double)] = []
        swap(&raised, &room)
        method.measure(result) { raised.append(($0, $1)) }
        keep(raised, subscriber: result.subscriber, phase)
        raised.removeAll(keepingCapacity: true)
        swap(&raised, &room)
    }

    /// Keeps what is larger than before.
    private mutating func keep(_ raised: [(Int, Double)], subscriber: Int32, _ phase: SubscriberPhase) {
        for (arm, statistic) in raised {
            switch phase {
            case .honest:
                let place = Int(subscriber) * arms + arm
                if statistic > maxima[place] { maxima[place] = statistic }
            case .attacked(let episode, let leak):
                while ladders.count < (episode + 1) * arms { ladders.append(AlarmLadder()) }
                ladders[episode * arms + arm].note(statistic, leak)
            case .aftermath: break
            }
        }
    }

    /// What the pass found; the episodes in the order of their numbers.
    public func record(episodes: [AttackEpisode]) -> TuningRecord {
        precondition(episodes.count * arms >= ladders.count, "one entry an episode")
        let none = AlarmLadder()
        var record = TuningRecord(name: method.name, parameterName: method.parameterName, parameters: method.parameters)
        for subscriber in population.strata.indices {
            record.honest.append(
                .init(
                    seed: population.seed, subscriber: Int32(subscriber), stratum: population.strata[subscriber],
                    years: population.years[subscriber],
                    maxima: Array(maxima[subscriber * arms..<(subscriber + 1) * arms])))
        }
        for (number, episode) in episodes.enumerated() {
            record.attacks.append(
                .init(
                    seed: population.seed, episode: episode,
                    ladders: (number * arms..<(number + 1) * arms).map { $0 < ladders.count ? ladders[$0] : none }))
        }
        return record
    }
}
