// The function from facts to intentions. Read Input, Output, this file and Snapshot, in this order.

import MailTypes

/// Weir's judgement: `step(Input) -> [Output]`.
///
/// No socket, clock, disk, lock, logger; randomness from a generator in the state. The same inputs give the same outputs,
/// byte for byte, in any process: the live service, the audit of a log, the what-if replay and the simulator are this type.
public struct Engine: Sendable {
    /// Bounds of the engine's tables.
    public struct Bounds: Hashable, Sendable {
        /// Subscribers remembered; beyond it the longest idle of a few candidates gives way.
        public var subscribersMax: Int
        /// Messages remembered, open ones and those of the last hour; beyond it the oldest gives way.
        public var messagesMax: Int
        /// Held messages whose charge at release is remembered; beyond it a release charges nothing.
        public var heldMax: Int
        /// Cases open at a time; beyond it over-limit mail is stopped without a case.
        public var casesMax: Int
        /// Seconds without mail after which a subscriber is compacted (Docs/decisions/0005-quiet-subscribers-as-bytes.md);
        /// `Int64.max` for never. No decision depends on it.
        public var quietSeconds: Int64

        /// Bounds.
        public init(
            subscribersMax: Int, messagesMax: Int, heldMax: Int, casesMax: Int, quietSeconds: Int64 = 86_400
        ) {
            self.subscribersMax = subscribersMax
            self.messagesMax = messagesMax
            self.heldMax = heldMax
            self.casesMax = casesMax
            self.quietSeconds = quietSeconds
        }

        /// A million subscribers at about 500 bytes, half of that once they are quiet (Docs/benchmarks.md); messages for an hour at 70 a second.
        public static let defaults = Bounds(
            subscribersMax: 1_000_000, messagesMax: 262_144, heldMax: 100_000, casesMax: 50_000)
    }

    /// How long a reservation holds: longer than any honest DATA phase on record, RFC 5321 §4.5.3.2.6 gives 10 minutes.
    static let reservationNanoseconds: Int64 = 600_000_000_000
    /// How long a queue id names the same message.
    static let messageMemoryNanoseconds: Int64 = 3_600_000_000_000
    /// Without mail for so long a subscriber is forgotten.
    static let subscriberMemoryNanoseconds: Int64 = 90 * 86_400 * 1_000_000_000

    /// The node on which inputs arise; part of every id.
    public let node: UInt16
    /// The bounds.
    public let bounds: Bounds
    /// The policy in force.
    public internal(set) var policy: Policy
    /// The time of the latest input.
    public internal(set) var now = Timestamp(nanoseconds: 0)
    /// What engine time is behind the clock, by clock jumps: state keeps engine time, so that a jump moves nothing.
    var clockOffset: Int64 = 0
    /// True where a person put every rule to observe.
    public internal(set) var observesEverything = false
    /// Amounts that a person gave single subscribers, by subscriber and limit name.
    var overrides: [String: [String: LimitOverride]] = [:]
    /// The compiled plans of the policies that subscribers may still be laid out by.
    var layouts = Layouts()
    /// The hash by which tables are indexed.
    let hash: KeyedHash
    /// Random numbers for case codes.
    var random: SeededGenerator
    /// The subscribers.
    var subscribers: SubscriberTable
    /// The messages.
    var messages: MessageTable
    /// What the detectors remember.
    var watch: Watch
    /// Campaigns; made when the first fingerprint comes, because its tables are large.
    var campaigns: CampaignTable?
    /// Held messages by queue key; looked up only, never walked.
    var held: [UInt64: HeldMessage] = [:]
    /// Open cases, by slot; nil in a free slot.
    var cases: [RemediationCase?] = []
    /// Free case slots.
    var freeCases: [Int32] = []
    /// The case that is next to be looked at for having gone idle.
    var caseHand = 0
    /// The subscriber that is next to be looked at.
    var sweepHand = 0
    /// The subscriber that is next to be looked at for having gone quiet.
    var quietHand = 0
    /// Subscribers still to be laid out by the current policy.
    var migrationLeft = 0
    /// The breaker.
    var breaker = Breaker()
    /// What each rule did or would have done, by rule name.
    public internal(set) var ruleCounts: [String: RuleCounts] = [:]
    /// Totals.
    public internal(set) var totals = Totals()

    /// An engine without memory. `seed` makes its table key and its case codes.
    public init(policy: Policy, bounds: Bounds = .defaults, node: UInt16 = 0, seed: UInt64) {
        self.node = node
        self.bounds = bounds
        self.policy = policy
        random = SeededGenerator(seed: seed)
        hash = KeyedHash(key0: random.next(), key1: random.next())
        subscribers = SubscriberTable(capacity: bounds.subscribersMax)
        watch = Watch(capacity: bounds.subscribersMax)
        messages = MessageTable(capacity: bounds.messagesMax, first: UInt64(node) << 48)
        layouts.add(policy, observesEverything: false, at: 0)
    }

    /// Takes in one fact and says what is to be done. The decision on a transaction comes first.
    ///
    /// `input.at` must not be before that of the input before; the shell takes it inside its lock. A clock jump alone may
    /// set it back: `clockShifted` moves the state by as much, so that engine time goes on.
    public mutating func step(_ input: Input) -> [Output] {
        var outputs: [Output] = []
        if case .transaction(let transaction) = input.event {
            let decision = step(transaction, at: input.at, &outputs)
            outputs.insert(.decision(decision), at: 0)
            return outputs
        }
        let before = engineTime
        if case .clockShifted(let nanoseconds) = input.event { shiftClock(by: nanoseconds) }
        let time = advance(to: input.at, from: before)
        switch input.event {
        case .transaction: break
        case .withdrawn(let transaction): withdraw(transaction, at: time)
        case .delivery(let delivery): note(delivery, at: time, &outputs)
        case .complaint(let mailHost, let queueID): note(complaintAbout: queueID, mailHost, at: time, &outputs)
        case .policy(let policy): replacePolicy(policy, at: time, &outputs)
        case .act(let act): perform(act, at: time, &outputs)
        case .clockShifted: break
        case .gap(let count): totals.inputsMissing &+= count
        case .tick:
            expire(messages: Engine.expiredPerTick, at: time)
            sweep(slots: Engine.sweepSlotsPerTick, at: time)
            compactQuiet(looks: Engine.quietLooksPerTick, at: time)
        }
        housekeep(at: engineTime, &outputs)
        return outputs
    }

    /// The same for a transaction, the input that comes most: returns the decision, and adds the other outputs.
    public mutating func step(_ transaction: Transaction, at: Timestamp, _ outputs: inout [Output]) -> Decision {
        let time = advance(to: at, from: engineTime)
        let decision = decide(transaction, at: time, &outputs)
        housekeep(at: time, &outputs)
        return decision
    }

    /// Sets the clock, and returns engine time, which was `before`.
    private mutating func advance(to at: Timestamp, from before: Int64) -> Int64 {
        now = at
        precondition(engineTime >= before, "time ran backwards: the shell must clamp it inside the lock")
        return engineTime
    }

    /// Keeps engine time where it is when the clock jumps. Cases show clock time, so they move with the clock.
    private mutating func shiftClock(by nanoseconds: Int64) {
        clockOffset += nanoseconds
        for place in cases.indices {
            guard let open = cases[place] else { continue }
            cases[place]?.openedAt = open.openedAt.advanced(byNanoseconds: nanoseconds)
            cases[place]?.lastAt = open.lastAt.advanced(byNanoseconds: nanoseconds)
        }
    }

    /// What is worth knowing before a transaction is decided, asked before the mail data arrive: read-only.
    public func questions(for transaction: Transaction) -> [Question] {
        let fields: [Question] =
            policy.wantedFields.isEmpty || !transaction.session.login.isEmpty ? [] : [.fields(policy.wantedFields)]
        return policy.watch.isOn ? fields + [.digest] : fields
    }

    /// Engine time of the latest input: nanoseconds, clock jumps taken out.
    var engineTime: Int64 { now.nanoseconds - clockOffset }

    /// A moment of engine time as the clock shows it now.
    func clockTime(_ time: Int64) -> Timestamp { Timestamp(nanoseconds: time + clockOffset) }
}

/// Something that the doors or gatherers can find out before a transaction is decided.
public enum Question: Hashable, Sendable {
    /// The header fields of these names.
    case fields([String])
    /// What header and envelope tell the detectors: style, handling, fingerprint.
    case digest
}

/// What a rule did, and what it would have done.
public struct RuleCounts: Hashable, Sendable {
    /// Messages stopped by it.
    public var stopped: UInt64 = 0
    /// Messages that it would have stopped, had it been enforced.
    public var wouldStop: UInt64 = 0
    /// Subscribers it stopped, or would have, at least once.
    public var subscribers: UInt64 = 0

    /// Counts, of nothing unless said.
    public init(stopped: UInt64 = 0, wouldStop: UInt64 = 0, subscribers: UInt64 = 0) {
        self.stopped = stopped
        self.wouldStop = wouldStop
        self.subscribers = subscribers
    }
}

/// Totals since the engine began; they survive a restart.
public struct Totals: Hashable, Sendable {
    /// Messages committed.
    public var messages: UInt64 = 0
    /// Their recipients.
    public var recipients: UInt64 = 0
    /// Messages held.
    public var held: UInt64 = 0
    /// Messages deferred.
    public var deferred: UInt64 = 0
    /// Messages rejected.
    public var rejected: UInt64 = 0
    /// Messages that passed and would have been stopped, had every rule been enforced.
    public var wouldStop: UInt64 = 0
    /// Messages that nobody could be named for.
    public var unattributed: UInt64 = 0
    /// Messages withdrawn before their end was answered.
    public var withdrawn: UInt64 = 0
    /// Reservations that ran out after ten minutes, or were pushed out of a full table.
    public var expired: UInt64 = 0
    /// Questions asked again.
    public var repeated: UInt64 = 0
    /// Messages whose recipients are not known one by one, so that distinct limits could not be checked.
    public var distinctUnavailable: UInt64 = 0
    /// Committed messages given back because they were refused downstream.
    public var refunded: UInt64 = 0
    /// Dead recipients seen.
    public var deadRecipients: UInt64 = 0
    /// Inputs missing from the journal.
    public var inputsMissing: UInt64 = 0
}

/// A message in the hold queue, to be charged at its release.
struct HeldMessage: Hashable, Sendable {
    /// The subscriber's slot.
    var slot: Int32
    /// The slot's serial.
    var serial: UInt32
    /// What it will be charged.
    var amounts: Amounts
    /// The case under which it was held, empty for none.
    var caseCode: String
}
