// One simulation, and on its events every compared method and any number of Weir's engines.

import MailTypes
import WeirEngine

/// One run of the evaluation.
///
/// ```swift
/// var run = EvaluationRun(simulation, engines: [EngineRunSettings()])
/// run.go()
/// let result = run.finish()
/// ```
/// The same simulation and settings give the same result on every machine.
public struct EvaluationRun: Sendable {
    /// What a run leaves behind.
    public struct Result: Sendable {
        /// Each engine's record, in the order of its settings.
        public var engines: [EngineRecord]
        /// Each compared method's record, in the order of the tables.
        public var baselines: [TuningRecord]
        /// Scores of the traced subscriber, by engine.
        public var traces: [[TracedScore]]

        /// Joins the results of another run with the same settings.
        public mutating func merge(_ other: Result) {
            if engines.isEmpty { engines = other.engines.map { EngineRecord(name: $0.name) } }
            for place in other.engines.indices { engines[place].merge(other.engines[place]) }
            if baselines.isEmpty {
                baselines = other.baselines
            } else {
                for place in other.baselines.indices { baselines[place].merge(other.baselines[place]) }
            }
        }

        /// A result of nothing.
        public init() { (engines, baselines, traces) = ([], [], []) }
    }

    /// Days at the beginning that are reported apart.
    public static let warmUpDays = 28

    /// The simulation.
    public private(set) var simulation: Simulation
    /// What really happens.
    private var history: AttackHistory
    /// The engines.
    private var engines: [EngineRun]
    /// The compared methods; nil where they are left out.
    private var lineup: BaselineLineup?
    /// By message: its subscriber.
    private var owners: [Int32] = []

    /// A run on a simulation that has not begun.
    public init(
        _ simulation: Simulation, engines: [EngineRunSettings], withBaselines: Bool = true,
        warmUpDays: Int = EvaluationRun.warmUpDays
    ) {
        self.simulation = simulation
        let count = simulation.subscriberCount
        let warmUp = Int64(warmUpDays) * Simulation.dayNanoseconds
        history = AttackHistory(subscribers: count, judgedFrom: simulation.start.nanoseconds + warmUp)
        self.engines = engines.map { EngineRun($0, for: simulation, seed: Mixing.mix(simulation.seed, 0x7765_6972)) }
        if withBaselines {
            let population = RunPopulation(
                seed: simulation.seed, strata: (0..<count).map { simulation.subscriber($0).stratum },
                years: Array(repeating: 0, count: count))
            lineup = BaselineLineup(population: population, episodes: 0)
        }
    }

    /// Runs to the end.
    public mutating func go() {
        while let event = simulation.next() {
            switch event {
            case .message(let message): take(message)
            case .delivery(let result): take(result)
            // The engine takes neither complaints nor leases in.
            case .complaint, .lease: break
            }
        }
    }

    /// A message to all.
    private mutating func take(_ message: SimulatedMessage) {
        precondition(owners.count == message.number, "messages are numbered in their order")
        let subscriber = message.truth.subscriber
        owners.append(Int32(subscriber))
        history.begin(message)
        let isAway = message.at.nanoseconds < simulation.states[subscriber].awayUntil
        let away = isAway ? simulation.honestNames.count : nil
        let episodes = simulation.episodes
        for place in engines.indices { engines[place].take(message, history, episodes, away: away) }
        let phase = phase(of: subscriber, at: message.at)
        lineup?.note(EvaluationRun.baselineMessage(message), phase)
        history.finish(message)
    }

    /// A result to all.
    private mutating func take(_ result: SimulatedDelivery) {
        let subscriber = Int(owners[result.number])
        let episodes = simulation.episodes
        for place in engines.indices { engines[place].take(result, of: subscriber, history, episodes) }
        guard lineup != nil, result.delivery.outcome != .deferred else { return }
        let phase = phase(of: subscriber, at: result.at)
        lineup?.note(
            BaselineResult(
                message: Int64(result.number), subscriber: Int32(subscriber),
                isPermanentFailure: result.delivery.outcome == .failed, at: result.at),
            phase)
    }

    /// Where a subscriber stands for the compared methods: what happens in the first weeks is neither right nor wrong.
    private func phase(of subscriber: Int, at: Timestamp) -> SubscriberPhase {
        switch history.stand(of: subscriber, at: at.nanoseconds, simulation.episodes) {
        case .honest: .honest
        case .warmingUp, .aftermath: .aftermath
        case .attacked(let episode):
            history.isEarly(episode)
                ? .aftermath : .attacked(episode: episode, history.sent(episode, at: at.nanoseconds))
        }
    }

    /// A message as the compared methods see it. Their content filter flags what is likelier spam than honest mail.
    private static func baselineMessage(_ message: SimulatedMessage) -> BaselineMessage {
        let transaction = message.transaction
        var helo: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in transaction.session.helo.utf8 { helo = (helo ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return BaselineMessage(
            number: Int64(message.number), subscriber: Int32(message.truth.subscriber), at: message.at,
            recipients: Int32(clamping: max(1, transaction.envelope.recipientCount)),
            isSpamFlagged: transaction.content.spamScore.map { $0 > 0 }, spamScore: transaction.content.spamScore,
            reversePath: transaction.envelope.reversePath?.address ?? 0, helo: helo)
    }

    /// What everybody did.
    public mutating func finish() -> Result {
        var result = Result()
        let end = simulation.endAt
        for place in engines.indices {
            result.engines.append(engines[place].finish(history, simulation))
            result.traces.append(engines[place].trace)
        }
        guard let lineup else { return result }
        let attacks = history.attacks.enumerated().map { number, attack in
            AttackEpisode(
                subscriber: max(0, attack.subscriber), family: simulation.episodes[number].family,
                whole: history.whole(number))
        }
        result.baselines = lineup.records(episodes: attacks)
        for place in result.baselines.indices {
            for row in result.baselines[place].honest.indices {
                let from = max(history.judgedFrom, simulation.states[row].joined)
                result.baselines[place].honest[row].years = history.years(row, from: from, until: end)
            }
            let all = result.baselines[place].attacks
            result.baselines[place].attacks = all.indices.filter {
                history.attacks[$0].messages > 0 && !history.isEarly($0)
            }.map { all[$0] }
        }
        return result
    }
}
