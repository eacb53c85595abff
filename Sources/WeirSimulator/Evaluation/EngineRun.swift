// One engine on the events of one simulation: what it stops gets out to nobody, and what it does to whom is written down.
//
// The ladder is enforced as an operator would enforce it. A message that the engine does not let through has no results. A
// subscriber who is held or contained while honest is asked, and answers once, after some hours; an attacked one does not,
// because it is the thief who sits there. Attackers and honest people go on as if nothing had been stopped.

import MailTypes
import WeirEngine

/// How an engine is run.
public struct EngineRunSettings: Sendable {
    /// The name in the tables.
    public var name: String
    /// True where the engine is told only what the policy door sees: session and envelope; no header, no text.
    public var isBlind: Bool
    /// Hours until an honest owner answers; nil where nobody does.
    public var answerHours: Double?
    /// The policy.
    public var policy: Policy
    /// A subscriber whose every score is kept; nil for none.
    public var traced: Int?

    /// Settings.
    public init(
        name: String = "Weir", isBlind: Bool = false, answerHours: Double? = 4,
        policy: Policy = EngineRunSettings.judgedPolicy, traced: Int? = nil
    ) {
        self.name = name
        self.isBlind = isBlind
        self.answerHours = answerHours
        self.policy = policy
        self.traced = traced
    }

    /// The detectors alone, the whole ladder enforced: no limit of a plan helps, and the breaker, which waits for a person, is
    /// out of the way.
    public static let judgedPolicy: Policy = {
        var watch = WatchSettings.defaults
        watch.isOn = true
        watch.enforced = .contained
        return Policy(
            plans: [Plan(name: "default", kind: .mua, limits: [])],
            breaker: BreakerSettings(newCasesPerHour: 1_000_000, shareOfActivePercent: 100), watch: watch)
    }()
}

/// A score of the traced subscriber.
public struct TracedScore: Sendable, Equatable {
    /// When.
    public var at: Timestamp
    /// Nats.
    public var nats: Double
    /// True at a message of an attack.
    public var isAbuse: Bool
    /// The rung after it.
    public var rung: Rung

    /// A score.
    public init(at: Timestamp, nats: Double, isAbuse: Bool, rung: Rung) {
        self.at = at
        self.nats = nats
        self.isAbuse = isAbuse
        self.rung = rung
    }
}

/// An engine at work on a simulation.
struct EngineRun: Sendable {
    /// How.
    private let settings: EngineRunSettings
    /// The engine.
    private var engine: Engine
    /// The subscribers' strata.
    private let strata: [Int]
    /// Rows of subscribers, made as the run goes.
    private var rows: [EngineRecord.SubscriberRow]
    /// By subscriber: the rung by the latest output.
    private var rungs: [Rung]
    /// By episode: what got out.
    private var leaked: [Leak] = []
    /// By episode: the first time at each rung.
    private var reached: [[Leak?]] = []
    /// Messages that were not let through.
    private var stopped: Set<Int> = []
    /// Subscribers who are known by an address, by that address: the latest who used it. Looked up only.
    private var byAddress: [String: Int32] = [:]
    /// Answers to come, in the order of time, from `nextAnswer` on.
    private var answers: [Answer] = []
    /// The first answer still to come.
    private var nextAnswer = 0
    /// Honest events under way.
    private var events: HonestEventBook
    /// What is said in the end.
    private var record: EngineRecord
    /// Scores of the traced subscriber.
    private(set) var trace: [TracedScore] = []
    /// Room for outputs.
    private var outputs: [Output] = []
    /// When the run began.
    private let start: Int64

    /// An owner's answer.
    private struct Answer: Sendable {
        /// When.
        var at: Int64
        /// The subscriber.
        var subscriber: Int
        /// The name that the engine knows it by.
        var name: String
    }

    /// What the engine looks at when it changes a rung.
    private struct Moment {
        /// When.
        var at: Int64
        /// The message's subscriber; nil where there is no message.
        var subscriber: Int?
        /// The message's queue id.
        var queueID: String
        /// The honest event or kind of mail of the message.
        var honest: Int?
    }

    /// An engine for a simulation that has not begun. Its tables have room for everybody, renumbered lines included.
    init(_ settings: EngineRunSettings, for simulation: Simulation, seed: UInt64) {
        self.settings = settings
        let count = simulation.subscriberCount
        engine = Engine(
            policy: settings.policy,
            bounds: Engine.Bounds(
                subscribersMax: count * 2 + 1000, messagesMax: 1 << 17, heldMax: 1 << 16, casesMax: count + 1000),
            seed: seed)
        let strata = (0..<count).map { simulation.subscriber($0).stratum }
        self.strata = strata
        rows = (0..<count).map {
            EngineRecord.SubscriberRow(
                seed: simulation.seed, subscriber: Int32($0), stratum: strata[$0], years: 0, earlyYears: 0)
        }
        rungs = Array(repeating: .none, count: count)
        events = HonestEventBook(subscribers: count)
        record = EngineRecord(name: settings.name)
        start = simulation.start.nanoseconds
    }

    // MARK: - Messages

    /// Takes in a message. `away` is the name of being in other networks than usual, where its subscriber is.
    mutating func take(
        _ message: SimulatedMessage, _ history: AttackHistory, _ episodes: [Episode], away: Int?
    ) {
        let at = message.at.nanoseconds
        answer(until: at, history, episodes)
        let subscriber = message.truth.subscriber
        let stand = history.stand(of: subscriber, at: at, episodes)
        note(stand, message, history, away: away)
        let transaction = settings.isBlind ? EngineRun.blind(message.transaction) : message.transaction
        outputs.removeAll(keepingCapacity: true)
        let decision = engine.step(transaction, at: max(message.at, engine.now), &outputs)
        record.messages += 1
        if transaction.session.login.isEmpty, case .subscriber(let name, _) = decision.identity {
            byAddress[name] = Int32(subscriber)
        }
        let moment = Moment(
            at: at, subscriber: subscriber, queueID: transaction.queueID, honest: message.truth.honest)
        takeOutputs(moment, history, episodes)
        let isStopped = decision.verdict.kind != .accept && decision.verdict.kind != .prepend
        if isStopped { stopped.insert(message.number) }
        count(message, isStopped, stand, history)
        if settings.traced == subscriber {
            trace.append(
                TracedScore(
                    at: message.at, nats: Double(decision.score) / 1000, isAbuse: message.truth.isAbuse,
                    rung: rungs[subscriber]))
        }
    }

    /// Makes room for an attack, and follows honest events.
    private mutating func note(
        _ stand: AttackHistory.Stand, _ message: SimulatedMessage, _ history: AttackHistory, away: Int?
    ) {
        let subscriber = message.truth.subscriber
        switch stand {
        case .attacked(let episode):
            while leaked.count <= episode {
                leaked.append(Leak(messages: 0, recipients: 0, nanoseconds: 0))
                reached.append(Array(repeating: nil, count: Rung.allCases.count - 1))
            }
            if message.truth.isAbuse, history.attacks[episode].messages == 0 {
                events.endAll(of: subscriber, &record.events)
                // Who stands there already is caught before anything gets out.
                reach(episode, rungs[subscriber], leaked[episode])
            }
        case .warmingUp, .honest:
            for name in [message.truth.honest, away] {
                guard let name else { continue }
                events.note(
                    name, of: subscriber, stratum: strata[subscriber], at: message.at.nanoseconds,
                    isEarly: stand == .warmingUp, &record.events)
            }
        case .aftermath: break
        }
    }

    /// Counts what became of a message.
    private mutating func count(
        _ message: SimulatedMessage, _ isStopped: Bool, _ stand: AttackHistory.Stand, _ history: AttackHistory
    ) {
        let subscriber = message.truth.subscriber
        switch stand {
        case .warmingUp:
            rows[subscriber].earlyMessages += 1
            if isStopped { rows[subscriber].earlyStopped += 1 }
        case .honest:
            rows[subscriber].messages += 1
            if isStopped { rows[subscriber].stopped += 1 }
        case .attacked(let episode):
            guard message.truth.isAbuse, !isStopped else { return }
            leaked[episode].messages += 1
            leaked[episode].recipients += message.transaction.envelope.recipientCount
            leaked[episode].nanoseconds = message.at.nanoseconds - history.attacks[episode].firstAt
        case .aftermath: break
        }
    }

    /// What the policy door sees of a message: no header, no text, no style; the shape of its envelope if somebody made it.
    static func blind(_ transaction: Transaction) -> Transaction {
        var seen = transaction
        seen.content = Content(
            fingerprint: Fingerprint(
                sketch: [], keys: transaction.content.fingerprint.keys.filter { $0.kind == .shape }))
        return seen
    }

    // MARK: - Results

    /// Takes in a delivery result of a subscriber's message.
    mutating func take(
        _ result: SimulatedDelivery, of subscriber: Int, _ history: AttackHistory, _ episodes: [Episode]
    ) {
        answer(until: result.at.nanoseconds, history, episodes)
        guard !stopped.contains(result.number) else { return }
        outputs.removeAll(keepingCapacity: true)
        outputs += engine.step(Input(at: max(result.at, engine.now), .delivery(result.delivery)))
        guard !outputs.isEmpty else { return }
        let moment = Moment(
            at: result.at.nanoseconds, subscriber: subscriber, queueID: result.delivery.queueID, honest: nil)
        takeOutputs(moment, history, episodes)
    }

    // MARK: - Rungs

    /// Reads what the engine says of rungs.
    private mutating func takeOutputs(_ moment: Moment, _ history: AttackHistory, _ episodes: [Episode]) {
        for output in outputs {
            guard case .case(let found) = output else { continue }
            let isOfMessage = !found.after.isEmpty && found.after == moment.queueID
            guard let subscriber = isOfMessage ? moment.subscriber : number(named: found.subscriber) else { continue }
            let rung = found.state == .released ? Rung.none : found.rung
            let before = rungs[subscriber]
            rungs[subscriber] = rung
            if rung > before { rise(subscriber, found, moment, history, episodes) }
        }
    }

    /// The subscriber by the name that the engine uses: `u123`, or an address.
    private func number(named name: String) -> Int? {
        if name.hasPrefix("u"), let number = Int(name.dropFirst()) { return number }
        return byAddress[name].map { Int($0) }
    }

    /// A subscriber came to a higher rung.
    private mutating func rise(
        _ subscriber: Int, _ found: RemediationCase, _ moment: Moment, _ history: AttackHistory,
        _ episodes: [Episode]
    ) {
        switch history.stand(of: subscriber, at: moment.at, episodes) {
        case .attacked(let episode):
            guard episode < leaked.count else { return }
            var leak = leaked[episode]
            leak.nanoseconds = max(0, moment.at - history.attacks[episode].firstAt)
            reach(episode, found.rung, leak)
        case .aftermath: break
        case .honest:
            rows[subscriber].rung = max(rows[subscriber].rung, found.rung)
            raise(subscriber, found, moment, isEarly: false)
        case .warmingUp:
            rows[subscriber].earlyRung = max(rows[subscriber].earlyRung, found.rung)
            raise(subscriber, found, moment, isEarly: true)
        }
    }

    /// Notes the first time at a rung, and at all below it.
    private mutating func reach(_ episode: Int, _ rung: Rung, _ leak: Leak) {
        for place in 0..<Int(rung.rawValue) where reached[episode][place] == nil { reached[episode][place] = leak }
    }

    /// An honest subscriber came to a higher rung.
    private mutating func raise(_ subscriber: Int, _ found: RemediationCase, _ moment: Moment, isEarly: Bool) {
        events.raise(subscriber, to: found.rung, at: moment.at)
        guard found.rung >= .held else { return }
        if record.falseAlarms.count < EngineRecord.falseAlarmsMax {
            record.falseAlarms.append(
                EngineRecord.FalseAlarm(
                    seed: rows[subscriber].seed, subscriber: Int32(subscriber), stratum: strata[subscriber],
                    rung: found.rung,
                    name: (moment.subscriber == subscriber ? moment.honest : nil)
                        ?? events.name(of: subscriber, at: moment.at) ?? -1,
                    day: Int((moment.at - start) / Simulation.dayNanoseconds), score: found.score,
                    groups: found.ledger.prefix(4).map { "\($0.symbol) \($0.score)" }, isEarly: isEarly))
        }
        guard let hours = settings.answerHours else { return }
        // Asked once: one answer is on its way for whoever waits.
        guard !answers[nextAnswer...].contains(where: { $0.subscriber == subscriber }) else { return }
        answers.append(
            Answer(
                at: Simulation.later(moment.at, hours * Simulation.hour), subscriber: subscriber,
                name: found.subscriber))
    }

    /// Gives the engine the answers that have come until a moment.
    private mutating func answer(until at: Int64, _ history: AttackHistory, _ episodes: [Episode]) {
        while nextAnswer < answers.count, answers[nextAnswer].at <= at {
            let answer = answers[nextAnswer]
            nextAnswer += 1
            switch history.stand(of: answer.subscriber, at: answer.at, episodes) {
            case .honest, .warmingUp: break
            case .attacked, .aftermath: continue
            }
            record.answers += 1
            events.answer(of: answer.subscriber, at: answer.at)
            outputs.removeAll(keepingCapacity: true)
            outputs += engine.step(
                Input(
                    at: max(Timestamp(nanoseconds: answer.at), engine.now),
                    .act(OperatorAct(who: "owner", why: "it was me", .release(subscriber: answer.name)))))
            takeOutputs(
                Moment(at: answer.at, subscriber: nil, queueID: "", honest: nil), history, episodes)
            rungs[answer.subscriber] = .none
        }
    }

    // MARK: - The end

    /// What the engine did in a simulation that has ended.
    mutating func finish(_ history: AttackHistory, _ simulation: Simulation) -> EngineRecord {
        for subscriber in rows.indices {
            events.endAll(of: subscriber, &record.events)
            let from = max(start, simulation.states[subscriber].joined)
            rows[subscriber].years = history.years(
                subscriber, from: max(from, history.judgedFrom), until: simulation.endAt)
            rows[subscriber].earlyYears = history.years(
                subscriber, from: from, until: min(simulation.endAt, history.judgedFrom))
        }
        record.subscribers = rows
        let none = [Leak?](repeating: nil, count: Rung.allCases.count - 1)
        for (number, attack) in history.attacks.enumerated() where attack.messages > 0 {
            record.episodes.append(
                EngineRecord.EpisodeRow(
                    seed: rows[0].seed,
                    episode: AttackEpisode(
                        subscriber: attack.subscriber, family: simulation.episodes[number].family,
                        whole: history.whole(number)),
                    stratum: strata[Int(attack.subscriber)], isEarly: history.isEarly(number),
                    reached: number < reached.count ? reached[number] : none,
                    leaked: number < leaked.count ? leaked[number] : history.whole(number)))
        }
        return record
    }
}
