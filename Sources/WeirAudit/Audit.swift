// A mail log through the engine: what a policy would have done, who looks stolen, which limits the log suggests.
//
// The engine is the one that decides on live mail. A message of the log becomes one question, that of the milter door at the
// end of the message. What a delivery result says of a message that would have been held or refused is not given to the
// engine: it would not have happened. Who looks stolen is what the engine's detectors say, whether the policy has them on or not.

import MailLog
import MailTypes
import WeirEngine

/// How an audit judges.
public struct AuditSettings: Sendable {
    /// The policy that is tried.
    public var policy: Policy
    /// Messages before this moment are passed over.
    public var since: Timestamp?
    /// Messages after this moment are passed over.
    public var until: Timestamp?
    /// Only this subscriber is reported.
    public var subscriber: String?
    /// Tells where a client address is; nil where nobody can.
    public var origin: (@Sendable (NetworkAddress) -> Origin?)?
    /// Bounds of the engine's tables.
    public var bounds: Engine.Bounds

    /// Settings.
    public init(
        policy: Policy, since: Timestamp? = nil, until: Timestamp? = nil, subscriber: String? = nil,
        origin: (@Sendable (NetworkAddress) -> Origin?)? = nil, bounds: Engine.Bounds = .defaults
    ) {
        self.policy = policy
        self.since = since
        self.until = until
        self.subscriber = subscriber
        self.origin = origin
        self.bounds = bounds
    }

    /// Addresses of clients that are a provider's own where no policy names them: private ones (RFC 1918, RFC 4193).
    public static let ownNetworks = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"].compactMap {
        NetworkPrefix($0)
    }
}

/// What an audit tells as it goes, in the order of time.
public enum AuditedLine: Sendable {
    /// The decision on a message.
    case decision(AuditedDecision)
    /// A case came to another rung.
    case rung(AuditedCase)
}

/// A decision of an audit, for the JSON lines.
public struct AuditedDecision: Sendable {
    /// When.
    public var at: Timestamp
    /// The id by which the source names the message.
    public var id: String
    /// What was decided.
    public var decision: Decision
}

/// An audit under way. Times must not go back.
public struct Audit: Sendable {
    /// A message whose delivery results are awaited.
    private struct Sent: Sendable {
        /// The account.
        var account: Int32
        /// True where the policy would have stopped it.
        var isStopped: Bool
        /// The id by which the source names it.
        var id: String
    }

    /// Messages whose results are awaited; beyond it the oldest are forgotten, and their results count in the totals alone.
    static let sentMax = 262_144

    /// Recipients that a message counts at most: a log can say any number, and sums of any numbers overflow.
    static let recipientsMax = 1 << 20
    /// Bytes that a message counts at most.
    static let bytesMax = 1 << 40

    /// How it judges.
    let settings: AuditSettings
    /// The engine.
    private var engine: Engine
    /// The accounts, in the order in which they came: at most `Engine.Bounds.subscribersMax`; what further ones send counts
    /// in the totals alone.
    private(set) var accounts: [AccountRecord] = []
    /// Account by name; looked up, never walked.
    private var names: [String: Int32] = [:]
    /// Totals.
    private(set) var volumes = Volumes()
    /// Messages by hour.
    private(set) var hours: [HourColumn] = []
    /// What was read first and last.
    private(set) var span: ClosedRange<Timestamp>?
    /// Messages whose results are awaited, by mail host and queue id.
    private var sent: [UInt64: Sent] = [:]
    /// Their keys in a ring, the oldest at `sentHand`.
    private var sentKeys: [UInt64] = []
    /// The oldest.
    private var sentHand = 0
    /// What is to be told, and was not handed out yet.
    private var told: [AuditedLine] = []
    /// Turns names and networks into numbers.
    private let hash = KeyedHash(key0: 0x5765_6972, key1: 0x4175_6469)

    /// An audit of nothing yet.
    public init(_ settings: AuditSettings) {
        self.settings = settings
        var policy = settings.policy
        policy.watch.isOn = true
        engine = Engine(policy: policy, bounds: settings.bounds, seed: 1)
    }

    // MARK: - Taking in

    /// Takes in what a log tells. Returns what there is to tell of it.
    @discardableResult
    public mutating func take(_ fact: MailFact) -> [AuditedLine] {
        switch fact {
        case .message(let message): take(message)
        case .delivery(let delivery): take(delivery.delivery, at: delivery.at)
        case .refused(let refusal): if isWanted(refusal.at) { volumes.refused += 1 }
        case .loginFailed(let failure): if isWanted(failure.at) { volumes.loginsFailed += 1 }
        }
        return handOut()
    }

    /// Takes in an event. Returns what there is to tell of it.
    @discardableResult
    public mutating func take(_ event: LoggedEvent) -> [AuditedLine] {
        switch event {
        case .transaction(let transaction, let id, let at): take(transaction, id: id, at: at)
        case .refused(let at): if isWanted(at) { volumes.refused += 1 }
        case .delivery(let delivery, let at): take(delivery, at: at)
        case .complaint(let mailHost, let id, let at): take(complaintAbout: id, mailHost, at: at)
        }
        return handOut()
    }

    /// What is to be told.
    private mutating func handOut() -> [AuditedLine] {
        if told.isEmpty { return [] }
        defer { told.removeAll(keepingCapacity: true) }
        return told
    }

    /// Takes in a message of a log.
    private mutating func take(_ message: LoggedMessage) {
        switch message.origin {
        case .notification, .derived: return
        case .session, .local, .unknown: break
        }
        var transaction = Transaction(
            stage: .endOfMessage, session: message.session(door: .milter), envelope: message.envelope,
            queueID: message.queueID)
        if transaction.session.login.isEmpty, !message.user.isEmpty {
            // A program of the host: a web site's script is an account like any other.
            transaction.session.login = "local:" + message.user
        }
        take(transaction, id: message.queueID, at: message.at)
    }

    /// Takes in a message.
    private mutating func take(_ given: Transaction, id: String, at time: Timestamp) {
        guard isWanted(time) else { return }
        var transaction = given
        transaction.envelope.recipientCount = min(given.envelope.recipientCount, Audit.recipientsMax)
        transaction.envelope.bytes = min(given.envelope.bytes, Audit.bytesMax)
        if let origin = settings.origin, let client = given.session.client, !given.session.login.isEmpty,
            !given.session.isLocalSubmission, !client.isLoopback
        {
            transaction.session.origin = origin(client)
        }
        span = (span?.lowerBound ?? time)...max(span?.upperBound ?? time, time)
        var outputs: [Output] = []
        let decision = engine.step(transaction, at: max(time, engine.now), &outputs)
        told.append(.decision(AuditedDecision(at: time, id: id, decision: decision)))
        volumes.verdicts[Int((decision.would ?? decision.verdict.kind).rawValue)] += 1
        guard case .subscriber(let name, _) = decision.identity else {
            volumes.incoming += 1
            return
        }
        if !transaction.envelope.recipientsAreComplete { volumes.incomplete += 1 }
        let stop = stopped(transaction, id, decision, at: time)
        count(transaction, isStopped: stop != nil, at: time)
        guard let account = account(name) else {
            volumes.unjudged += 1
            return
        }
        accounts[account].note(
            transaction, id: id, network: network(transaction.session), stopped: stop, engine.scoreView(named: name),
            at: time)
        tell(outputs, at: time)
        remember(
            Sent(account: Int32(account), isStopped: stop != nil, id: id),
            key(transaction.session.mailHost, transaction.queueID))
    }

    /// Takes in a delivery result.
    private mutating func take(_ delivery: Delivery, at time: Timestamp) {
        guard isWanted(time) else { return }
        let isDead = delivery.outcome == .failed && delivery.status.saysRecipientIsDead
        switch delivery.outcome {
        case .delivered: volumes.delivered += 1
        case .deferred: volumes.deferred += 1
        case .failed: volumes.failed += 1
        }
        if isDead { volumes.dead += 1 }
        guard let message = sent[key(delivery.mailHost, delivery.queueID)] else { return }
        accounts[Int(message.account)].noteResult(isDead: isDead, isFinal: delivery.outcome != .deferred)
        guard !message.isStopped else { return }
        take(late: .delivery(delivery), of: message, at: time)
    }

    /// Takes in a complaint. What would have been stopped would not have been complained about.
    private mutating func take(complaintAbout id: String, _ mailHost: String, at time: Timestamp) {
        guard isWanted(time), let message = sent[key(mailHost, id)], !message.isStopped else { return }
        take(late: .complaint(mailHost: mailHost, queueID: id), of: message, at: time)
    }

    /// Takes in what became known of a message later.
    private mutating func take(late event: Input.Event, of message: Sent, at time: Timestamp) {
        let outputs = engine.step(Input(at: max(time, engine.now), event))
        let account = Int(message.account)
        if accounts[account].cases.rise != nil || !outputs.isEmpty {
            accounts[account].cases.note(
                engine.scoreView(named: accounts[account].name), result: message.id, at: time)
        }
        tell(outputs, at: time)
    }

    /// Tells what became of cases.
    private mutating func tell(_ outputs: [Output], at time: Timestamp) {
        for case .case(let open) in outputs {
            guard let account = names[open.subscriber].map(Int.init) else { continue }
            let picture = accounts[account].picture
            guard let found = accounts[account].cases.take(engine.view(of: open), picture, at: time) else { continue }
            told.append(.rung(found))
        }
    }

    /// True where a moment lies in what is asked for.
    private func isWanted(_ time: Timestamp) -> Bool {
        settings.since.map { time >= $0 } ?? true && settings.until.map { time <= $0 } ?? true
    }

    /// The place of an account; nil for a new one where as many are kept as the engine keeps subscribers.
    private mutating func account(_ name: String) -> Int? {
        if let known = names[name] { return Int(known) }
        guard accounts.count < settings.bounds.subscribersMax else { return nil }
        names[name] = Int32(accounts.count)
        accounts.append(AccountRecord(name: name))
        return accounts.count - 1
    }

    /// What the policy would have stopped, in words; nil where it would not.
    private func stopped(_ transaction: Transaction, _ id: String, _ decision: Decision, at time: Timestamp)
        -> StoppedMessage?
    {
        let would = decision.verdict.kind != .accept ? decision.verdict.kind : decision.would
        guard let would, would != .prepend else { return nil }
        return StoppedMessage(
            at: time, mailHost: transaction.session.mailHost, queueID: id, rule: decision.rule ?? "", would: would,
            why: decision.evidence.first?.why ?? "")
    }

    /// A hash of the client's network; nil without a client.
    private func network(_ session: Session) -> UInt64? {
        guard let client = session.client, !session.isLocalSubmission, !client.isLoopback else { return nil }
        let network = client.masked(to: client.isIPv4 ? 24 : 48)
        return hash.hash(network.high, network.low)
    }

    /// The key of a message.
    private func key(_ mailHost: String, _ queueID: String) -> UInt64 {
        hash.hash(hash.hash(mailHost), hash.hash(queueID))
    }

    /// Waits for a message's results.
    private mutating func remember(_ message: Sent, _ key: UInt64) {
        if sentKeys.count < Audit.sentMax {
            sentKeys.append(key)
        } else {
            sent[sentKeys[sentHand]] = nil
            sentKeys[sentHand] = key
            sentHand = sentHand + 1 == Audit.sentMax ? 0 : sentHand + 1
        }
        sent[key] = message
    }

    /// Counts a message in the totals.
    private mutating func count(_ transaction: Transaction, isStopped: Bool, at time: Timestamp) {
        volumes.messages += 1
        volumes.recipients += max(1, transaction.envelope.recipientCount)
        volumes.bytes += max(0, transaction.envelope.bytes)
        if isStopped { volumes.stopped += 1 }
        let hour = time.seconds / 3600
        if hours.last?.hour != hour {
            if hours.count == Volumes.hoursMax { hours.removeFirst(24) }
            hours.append(HourColumn(hour: hour, messages: 0, stopped: 0, abusive: 0))
        }
        hours[hours.count - 1].messages += 1
        if isStopped { hours[hours.count - 1].stopped += 1 }
    }

    // MARK: - The end

    /// What was found. The audit is over after that.
    public consuming func finish() -> AuditReport {
        for index in accounts.indices { accounts[index].cases.finish() }
        return Findings(accounts, volumes, hours, span, engine, settings).report
    }
}
