// An internet provider from a seed: a stream of facts in the order of time, with the truth beside each.

import MailTypes

/// A simulated provider's mail.
///
/// ```swift
/// var simulation = Simulation(population, seed: 1, days: 30, subscribers: 10_000)
/// while let event = simulation.next() { … }
/// ```
/// The same population, seed and numbers give the same events on every machine. Memory grows with the number of
/// subscribers, and with that of episodes, and not with the number of days.
public struct Simulation: Sendable {
    /// How subscribers are dealt out to strata.
    public enum Allocation: Hashable, Sendable {
        /// By the strata's shares.
        case shares
        /// As many to each: rare strata are then seen as often as frequent ones.
        case even
    }

    /// What the population is.
    public let population: Population
    /// The seed.
    public let seed: UInt64
    /// The first moment.
    public let start: Timestamp
    /// The moment after which nothing begins; results of the last messages come later.
    public let end: Timestamp
    /// Names of honest events and kinds of mail, by number.
    public let honestNames: [String]
    /// The take-overs so far, in the order in which they began.
    public internal(set) var episodes: [Episode] = []
    /// Messages so far.
    public internal(set) var messageCount = 0

    /// The strata, made ready.
    let plans: [StratumPlan]
    /// The first moment in nanoseconds.
    let startAt: Int64
    /// The last moment in nanoseconds.
    let endAt: Int64
    /// The weekday of the first day, 0 for Monday.
    let firstWeekday: Int
    /// How many times likelier take-overs are than the population says.
    let attackFactor: Double
    /// The subscribers.
    var states: [SubscriberState]
    /// What comes next.
    var tasks = EventHeap<SimulationTask>()
    /// Tasks that a step made, to be added after it.
    var arrivals: [SimulationTask] = []
    /// Results under way.
    var courier: Courier
    /// Events of honest subscribers, by slot.
    var events = SlotPool<EventState>()
    /// Bursts under way, by slot.
    var bursts = SlotPool<BurstState>()
    /// Attacks under way, by slot.
    var attacks = SlotPool<AttackState>()
    /// The latest letter of each honest event that writes to many, by its name; looked up only, never walked.
    var letters: [String: Letter] = [:]
    /// Take-overs by contagion or outbreak to come, by slot.
    var contagions = SlotPool<Contagion>()
    /// Dice for what concerns nobody in particular.
    var chance: Chance

    /// A simulation. `attackFactor` multiplies all take-over rates, so that a short run sees enough of them. The population
    /// must be sound (`Population.flaws`), `days` and `subscribers` at least 1.
    public init(
        _ population: Population, seed: UInt64, days: Int, subscribers: Int, allocation: Allocation = .shares,
        attackFactor: Double = 1
    ) {
        precondition(population.flaws.isEmpty, "the population is not sound: \(population.flaws)")
        precondition(days >= 1 && subscribers >= 1, "a simulation has a day and a subscriber at least")
        self.population = population
        self.seed = seed
        self.attackFactor = attackFactor
        start = population.start
        startAt = population.start.nanoseconds
        endAt = startAt + Int64(days) * Simulation.dayNanoseconds
        end = Timestamp(nanoseconds: endAt)
        firstWeekday = Int((population.start.seconds / 86_400 + 3) % 7)
        let names = population.honestNames
        honestNames = names
        plans = population.strata.map {
            StratumPlan($0, families: population.families, names: names, factor: attackFactor)
        }
        courier = Courier(population.faults, seed: Mixing.mix(seed, 0x636F_7572))
        chance = Chance(seed: Mixing.mix(seed, 0x776F_726C))
        states = []
        states.reserveCapacity(subscribers)
        let strata = Simulation.strata(of: population, allocation)
        for index in 0..<subscribers { addSubscriber(index, stratum: strata(index)) }
        if population.faults.outagesPerYear > 0 { scheduleOutage(after: startAt) }
        for task in arrivals { tasks.insert(task) }
        arrivals = []
    }

    /// Nanoseconds of a day.
    static let dayNanoseconds: Int64 = 86_400_000_000_000
    /// Nanoseconds of an hour, for arithmetic with fractions.
    static let hour = 3.6e12
    /// Nanoseconds of a year of 365 days, for arithmetic with fractions.
    static let year = 365.0 * 24 * 3.6e12

    /// Subscribers.
    public var subscriberCount: Int { states.count }

    /// The customer table's row of a subscriber.
    public func subscriber(_ index: Int) -> SimulatedSubscriber {
        let stratum = population.strata[Int(states[index].stratum)]
        return SimulatedSubscriber(
            index: index, name: stratum.identification == .login ? "u\(index)" : "line-\(index)",
            stratum: Int(states[index].stratum), plan: stratum.plan, identification: stratum.identification,
            joined: Timestamp(nanoseconds: states[index].joined))
    }

    /// The next event, nil after the last.
    public mutating func next() -> SimulatedEvent? {
        while true {
            let taskAt = tasks.firstAt
            if courier.pending.firstAt < taskAt { return courier.next() }
            guard taskAt != .max, let task = tasks.first else { return nil }
            let (event, again) = step(task)
            if again < endAt {
                tasks.replaceFirst(with: SimulationTask(at: max(again, task.at), task.kind, task.index))
            } else {
                _ = tasks.removeFirst()
                if again != .max { release(task) }
            }
            if !arrivals.isEmpty {
                for arrival in arrivals where arrival.at < endAt { tasks.insert(arrival) }
                arrivals.removeAll(keepingCapacity: true)
            }
            if let event { return event }
        }
    }

    /// Does what is due, and says when it is due again: `Int64.max` for never.
    private mutating func step(_ task: SimulationTask) -> (SimulatedEvent?, Int64) {
        let index = Int(task.index)
        switch task.kind {
        case .sitting: return sitting(index, at: task.at)
        case .chance: return (nil, randomEvent(index, at: task.at))
        case .event: return (nil, happen(index, at: task.at))
        case .burst: return burst(index, at: task.at)
        case .onset: return (nil, onset(index, at: task.at))
        case .contagion: return (nil, infect(index, at: task.at))
        case .attack: return attack(index, at: task.at)
        case .lease: return lease(index, at: task.at)
        case .outage:
            courier.beginOutage(at: task.at)
            scheduleOutage(after: task.at)
            return (nil, .max)
        }
    }

    /// Gives back what a task holds that would next come after the end.
    private mutating func release(_ task: SimulationTask) {
        switch task.kind {
        case .burst: bursts.remove(Int(task.index))
        case .event: events.remove(Int(task.index))
        case .attack: endAttack(Int(task.index))
        case .sitting, .chance, .onset, .contagion, .lease, .outage: break
        }
    }

    /// Draws the next outage.
    private mutating func scheduleOutage(after at: Int64) {
        let wait = chance.exponential() * Simulation.year / population.faults.outagesPerYear
        arrivals.append(SimulationTask(at: Simulation.later(at, wait), .outage, 0))
    }

    /// A moment so many nanoseconds later, far within the range of time.
    @inline(__always) static func later(_ at: Int64, _ nanoseconds: Double) -> Int64 {
        at + Int64(min(1e18, max(0, nanoseconds)))
    }

    /// Which stratum the subscriber of a number belongs to: evenly mixed, and in any run of numbers by the shares.
    private static func strata(of population: Population, _ allocation: Allocation) -> (Int) -> Int {
        let shares = population.strata.map { allocation == .even ? 1 : max(0, $0.share) }
        let total = shares.reduce(0, +)
        var sum = 0.0
        let upTo = shares.map { share in
            sum += share / total
            return sum
        }
        return { index in
            if allocation == .even { return index % upTo.count }
            // The golden ratio's multiples are as evenly spread as any.
            let scaled = (Double(index) + 0.5) * 0.618_033_988_749_894_9
            let place = scaled - Double(Int(scaled))
            return upTo.firstIndex { place < $0 } ?? upTo.count - 1
        }
    }
}

/// What was written to many: what others pass on, and what a poisoner copies.
struct Letter: Sendable {
    /// The words.
    let text: SimulatedText
    /// Their score, in nats.
    let score: Double
    /// Bytes.
    let bytes: Int
}

/// Something that is due.
struct SimulationTask: Waiting, Sendable {
    /// What is due.
    enum Kind: UInt8, Sendable {
        /// A subscriber's next own message.
        case sitting
        /// Something happens to a subscriber at random.
        case chance
        /// An event of a subscriber.
        case event
        /// The next message of a burst.
        case burst
        /// A take-over.
        case onset
        /// A take-over by contagion.
        case contagion
        /// The next message of an attack.
        case attack
        /// A line's next address.
        case lease
        /// A host goes down.
        case outage
    }

    /// When.
    let at: Int64
    /// What.
    let kind: Kind
    /// A subscriber's number, or a slot.
    let index: UInt32

    /// A task.
    init(at: Int64, _ kind: Kind, _ index: UInt32) {
        self.at = at
        self.kind = kind
        self.index = index
    }

    /// No two tasks of a kind have one index.
    var order: UInt64 { UInt64(kind.rawValue) << 32 | UInt64(index) }
}

/// Values in numbered slots that are used again.
struct SlotPool<Value: Sendable>: Sendable {
    /// The values; a free slot keeps its last one.
    private(set) var values: [Value] = []
    /// Free slots, the last freed first.
    private var free: [Int] = []

    /// Slots in use.
    var count: Int { values.count - free.count }

    /// The value of a slot in use.
    subscript(slot: Int) -> Value {
        get { values[slot] }
        _modify { yield &values[slot] }
    }

    /// Puts a value into a slot.
    mutating func insert(_ value: Value) -> Int {
        if let slot = free.popLast() {
            values[slot] = value
            return slot
        }
        values.append(value)
        return values.count - 1
    }

    /// Frees a slot.
    mutating func remove(_ slot: Int) { free.append(slot) }
}
