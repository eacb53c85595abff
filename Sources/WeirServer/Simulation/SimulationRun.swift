// A simulated provider's mail through the engine, every detector on: what it finds, and whom it hurts.

import MailTypes
import WeirEngine
import WeirSimulator

/// One simulation.
public struct SimulationRun: Sendable {
    /// Whom it is about.
    public let population: Population
    /// Its dice.
    public let seed: UInt64
    /// How long it goes on.
    public let days: Int
    /// How many subscribers it has.
    public let subscribers: Int
    /// How many times likelier take-overs are than the population says.
    public let attackFactor: Double

    /// Minutes until a person looks and rearms Weir's breaker each time it opens; nil where nobody does.
    public var rearmMinutes: Double?
    /// Hours between restarts of the engine from its snapshot; nil for none.
    public var restartHours: Double?
    /// Hours between jumps of the clock, in turn so far ahead and back again; nil for none.
    public var clockJumps: ClockJumps?
    /// The policy: no limits, so that all that is stopped is the ladder's doing, and every rung enforced.
    public var policy: Policy = {
        var policy = Policy(plans: [Plan(name: "simulated", kind: .mua, limits: [])])
        policy.watch.isOn = true
        policy.watch.enforced = .contained
        return policy
    }()

    /// A clock that is set wrong and right again.
    public struct ClockJumps: Sendable {
        /// Hours between two jumps.
        public var everyHours: Double
        /// Hours of a jump: ahead the first time, back the next.
        public var hours: Double

        /// Jumps.
        public init(everyHours: Double, hours: Double) {
            self.everyHours = everyHours
            self.hours = hours
        }
    }

    /// A simulation. `days` and `subscribers` are at least 1.
    public init(_ population: Population, seed: UInt64, days: Int, subscribers: Int, attackFactor: Double = 1) {
        self.population = population
        self.seed = seed
        self.days = days
        self.subscribers = subscribers
        self.attackFactor = attackFactor
    }

    /// The simulation at its start.
    var simulation: Simulation {
        Simulation(population, seed: seed, days: days, subscribers: subscribers, attackFactor: attackFactor)
    }

    /// Runs it through the engine. `progress` is told the share of the time that has passed. No person acts: nobody is
    /// released, and no password is changed.
    public func judged(progress: (Double) -> Void = { _ in }) -> SimulationReport { play(progress: progress).report }

    /// What came of a run.
    struct Played {
        /// The figures.
        var report: SimulationReport
        /// What they were made of.
        var board: Scoreboard
        /// The take-overs, in the order of the board's.
        var episodes: [Episode]
        /// The scores of the traced subscriber.
        var trace: [TracedScore]
        /// Its name.
        var traced = ""
    }

    /// Runs it until a moment, or to the end, and traces a subscriber.
    func play(tracing traced: Int? = nil, until: Timestamp? = nil, progress: (Double) -> Void) -> Played {
        var world = simulation
        // Lines move from address to address, and each address is a subscriber to the engine.
        let bounds = Engine.Bounds(
            subscribersMax: max(1000, 4 * subscribers), messagesMax: 262_144, heldMax: 100_000, casesMax: 50_000)
        var operation = SimulationOperation(self, Engine(policy: policy, bounds: bounds, seed: seed))
        var record = SimulationRecord(subscribers: subscribers, traced: traced)
        var clock = ProgressClock(world, until: until)
        while let event = world.next() {
            if let until, event.at > until { break }
            if let share = clock.share(at: event.at) { progress(share) }
            operation.proceed(to: event.at)
            switch event {
            case .message(let message):
                var outputs: [Output] = []
                let decision = operation.step(message.transaction, &outputs)
                if decision.verdict.kind >= .defer { world.refused(message.truth, at: message.at) }
                record.note(message, decision, world)
                record.note(outputs, about: message.truth.subscriber, at: message.at, world)
                record.trace(message, decision)
            case .delivery(let result):
                guard let subscriber = record.sender(of: result.number) else { continue }
                let outputs = operation.step(.delivery(result.delivery))
                record.note(outputs, about: subscriber, at: result.at, world)
            case .complaint(let complaint):
                guard let subscriber = record.sender(of: complaint.number) else { continue }
                let input = Input.Event.complaint(mailHost: complaint.mailHost, queueID: complaint.queueID)
                record.note(operation.step(input), about: subscriber, at: complaint.at, world)
            case .lease: continue
            }
        }
        var played = record.played(self, world)
        played.report.breakerOpened = operation.breakerOpened
        played.report.newCasesMax = operation.newCasesMax
        played.report.restarts = operation.restarts
        played.report.clockJumps = operation.clockJumps
        return played
    }

    /// Hands out its events as the lines of events.md, the labels last.
    public func write(progress: (Double) -> Void = { _ in }, _ line: (String) -> Void) {
        var world = simulation
        let events = SimulationEvents(population)
        var clock = ProgressClock(world)
        while let event = world.next() {
            if let share = clock.share(at: event.at) { progress(share) }
            line(events.line(event))
        }
        for label in events.labels(of: world) { line(label) }
    }
}

/// How much of a simulation's time has passed.
private struct ProgressClock {
    /// The first moment.
    private let start: Timestamp
    /// The time between the first moment and the last, in nanoseconds.
    private let length: Double
    /// Events since the last answer.
    private var events = 0

    /// A clock of a simulation.
    init(_ simulation: Simulation, until: Timestamp? = nil) {
        start = simulation.start
        length = Double((until ?? simulation.end).since(simulation.start))
    }

    /// The share at an event, every thousand events; nil between.
    mutating func share(at: Timestamp) -> Double? {
        events += 1
        guard events % 1000 == 0 else { return nil }
        return min(1, max(0, Double(at.since(start)) / length))
    }
}

/// What happened so far, beside the truth.
private struct SimulationRecord {
    /// One subscriber.
    private struct Person {
        /// The episode that hits it or hit it last; -1 for none.
        var episode: Int32 = -1
        /// When the first of them began, in nanoseconds.
        var attackedAt = Int64.max
        /// True once the ladder acted while it was honest.
        var hasFalseAlarm = false
        /// Its messages while it was honest.
        var honest = 0
        /// Of them, those that were stopped.
        var stopped = 0
        /// Where it stands.
        var rung = Rung.none
    }

    /// One take-over.
    private struct TakeOverRecord {
        /// Messages that got out.
        var messages = 0
        /// Their recipients.
        var recipients = 0
        /// What had got out when the ladder first acted; nil where it never did.
        var alarm: Leak?
        /// What had got out when all its mail waited; nil where that never came.
        var containment: Leak?
    }

    /// By subscriber.
    private var people: [Person]
    /// By episode.
    private var takeOvers: [TakeOverRecord] = []
    /// The sender of each message; -1 for one that was stopped.
    private var senders: [Int32] = []
    /// A hash of every decision.
    private var decisions: UInt64 = 0xCBF2_9CE4_8422_2325
    /// Messages that a plan's limit stopped, abuse and others.
    private var limited = (abuse: 0, honest: 0)

    /// The subscriber whose scores are kept.
    private let traced: Int?
    /// Its scores.
    private var scores: [TracedScore] = []

    /// A record of nothing yet.
    init(subscribers: Int, traced: Int?) {
        people = Array(repeating: Person(), count: subscribers)
        self.traced = traced
    }

    /// Keeps the score of the traced subscriber after a message.
    mutating func trace(_ message: SimulatedMessage, _ decision: Decision) {
        guard message.truth.subscriber == traced else { return }
        scores.append(
            TracedScore(
                at: message.at, nats: Double(decision.score) / 1000, isAbuse: message.truth.isAbuse,
                rung: people[message.truth.subscriber].rung))
    }

    /// The sender of a message that got out.
    func sender(of number: Int) -> Int? { senders[number] >= 0 ? Int(senders[number]) : nil }

    /// Notes a message.
    mutating func note(_ message: SimulatedMessage, _ decision: Decision, _ world: Simulation) {
        let truth = message.truth
        let isStopped = decision.verdict.kind != .accept
        for part in [Int(decision.verdict.kind.rawValue), Int(decision.score), Int(decision.reason.rawValue)] {
            decisions = (decisions ^ UInt64(bitPattern: Int64(part))) &* 0x100_0000_01B3
        }
        if isStopped, decision.reason != .suspected {
            if truth.isAbuse { limited.abuse += 1 } else { limited.honest += 1 }
        }
        senders.append(isStopped ? -1 : Int32(truth.subscriber))
        guard truth.isAbuse, let episode = truth.episode else {
            guard people[truth.subscriber].episode < 0 else { return }
            people[truth.subscriber].honest += 1
            if isStopped { people[truth.subscriber].stopped += 1 }
            return
        }
        while takeOvers.count <= episode { takeOvers.append(TakeOverRecord()) }
        if people[truth.subscriber].episode < 0 { people[truth.subscriber].attackedAt = message.at.nanoseconds }
        people[truth.subscriber].episode = Int32(episode)
        guard !isStopped else { return }
        takeOvers[episode].messages += 1
        takeOvers[episode].recipients += message.transaction.envelope.recipientCount
    }

    /// Notes what the ladder did about a subscriber.
    mutating func note(_ outputs: [Output], about subscriber: Int, at: Timestamp, _ world: Simulation) {
        for case .case(let open) in outputs { people[subscriber].rung = open.state == .released ? .none : open.rung }
        for case .case(let open) in outputs where open.rung > .observed && open.state != .released {
            let episode = Int(people[subscriber].episode)
            guard episode >= 0 else {
                people[subscriber].hasFalseAlarm = true
                continue
            }
            // What comes after its end is neither right nor wrong: traces remain.
            guard !world.episodes[episode].isOver else { continue }
            let leak = Leak(
                messages: takeOvers[episode].messages, recipients: takeOvers[episode].recipients,
                nanoseconds: max(0, at.since(world.episodes[episode].from)))
            if takeOvers[episode].alarm == nil { takeOvers[episode].alarm = leak }
            if open.rung == .contained, takeOvers[episode].containment == nil { takeOvers[episode].containment = leak }
        }
    }

    /// What it comes to.
    func played(_ run: SimulationRun, _ world: Simulation) -> SimulationRun.Played {
        var board = Scoreboard(
            method: "Weir", setting: "the default", strata: run.population.strata.map { StratumShare($0) },
            families: run.population.families.map(\.name))
        let year = 365.0 * 24 * 3.6e12
        for (index, person) in people.enumerated() {
            let subscriber = world.subscriber(index)
            let from = max(world.start.nanoseconds, subscriber.joined.nanoseconds)
            let until = min(person.attackedAt, world.end.nanoseconds)
            board.add(
                Scoreboard.SubscriberOutcome(
                    seed: run.seed, subscriber: Int32(index), stratum: subscriber.stratum,
                    years: Double(max(0, until - from)) / year, hasFalseAlarm: person.hasFalseAlarm,
                    honestMessages: person.honest, wronglyHeld: person.stopped))
        }
        let episodes = takeOvers.indices.filter { world.episodes[$0].messages > 0 }
        for place in episodes { board.add(outcome(of: place, run.seed, world.episodes[place])) }
        var report = SimulationReport(run, messages: world.messageCount, board.summary())
        report.decisionsHash = decisions
        report.limitedAbuse = limited.abuse
        report.limitedHonest = limited.honest
        for (person, subscriber) in people.indices.map({ (people[$0], world.subscriber($0)) }) {
            report.strata[named: run.population.strata[subscriber.stratum].name]?.stopped += person.stopped
        }
        for (family, description) in run.population.families.enumerated() {
            let found = episodes.filter { world.episodes[$0].family == family }
            guard !found.isEmpty else { continue }
            report.families.append(
                SimulationReport.Family(
                    name: description.name, episodes: found.count,
                    found: found.count { takeOvers[$0].alarm != nil },
                    contained: found.count { takeOvers[$0].containment != nil },
                    messagesOut: .init(found.map { Double(takeOvers[$0].messages) }),
                    recipientsOut: .init(found.map { Double(takeOvers[$0].recipients) }),
                    minutesUntilFound: .init(
                        found.compactMap { takeOvers[$0].alarm }.map { ($0.minutes * 10).rounded() / 10 })))
        }
        return SimulationRun.Played(
            report: report, board: board, episodes: episodes.map { world.episodes[$0] }, trace: scores,
            traced: traced.map { world.subscriber($0).name } ?? "")
    }

    /// What came of a take-over. One whose mail was stopped to its end without all of it waiting is over with what got out.
    private func outcome(of place: Int, _ seed: UInt64, _ episode: Episode) -> Scoreboard.EpisodeOutcome {
        let record = takeOvers[place]
        let time = max(0, episode.until.since(episode.from))
        let out = Leak(messages: record.messages, recipients: record.recipients, nanoseconds: time)
        return Scoreboard.EpisodeOutcome(
            seed: seed,
            episode: AttackEpisode(
                subscriber: Int32(episode.subscriber), family: episode.family,
                whole: Leak(messages: episode.messages, recipients: episode.recipients, nanoseconds: time)),
            alarm: record.alarm, containment: record.containment ?? record.alarm.map { _ in out })
    }
}
