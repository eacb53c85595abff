// What comes out of a simulation: facts as the engine is told of them, and the truth beside.

import MailTypes

/// One event, in the order of time.
public enum SimulatedEvent: Hashable, Sendable {
    /// A message at its end, before the mail server accepts it.
    case message(SimulatedMessage)
    /// A delivery result of a message, told by the mail host's log.
    case delivery(SimulatedDelivery)
    /// A complaint about a message.
    case complaint(SimulatedComplaint)
    /// A subscriber who is known by the address has that address from now on.
    case lease(SimulatedLease)

    /// When it reaches Weir.
    public var at: Timestamp {
        switch self {
        case .message(let message): message.at
        case .delivery(let delivery): delivery.at
        case .complaint(let complaint): complaint.at
        case .lease(let lease): lease.at
        }
    }
}

/// A message.
public struct SimulatedMessage: Hashable, Sendable {
    /// When.
    public var at: Timestamp
    /// Counted from 0 in the order of the stream; the queue id follows from it.
    public var number: Int
    /// What the milter door tells the engine.
    public var transaction: Transaction
    /// What the words are made from.
    public var text: SimulatedText
    /// The reverse-path.
    public var sender: Mailbox
    /// True where the recipient wrote first.
    public var isReply: Bool
    /// What is behind it. No detector may look.
    public var truth: Truth
}

/// What is behind a message.
public struct Truth: Hashable, Sendable {
    /// The subscriber, by number.
    public var subscriber: Int
    /// The stratum, by its place in the population.
    public var stratum: Int
    /// The attack family by its place in the population; nil for honest mail.
    public var family: Int?
    /// The episode, by its place in `Simulation.episodes`; nil for honest mail.
    public var episode: Int?
    /// The honest event or named kind of mail, by its place in `Population.honestNames`; nil for ordinary mail and abuse.
    public var honest: Int?
    /// What a label says of it: true for abuse, and wrong as often as `Faults.labelNoise` says.
    public var label: Bool

    /// True for mail that the subscriber did not send.
    public var isAbuse: Bool { family != nil }
}

/// A delivery result.
public struct SimulatedDelivery: Hashable, Sendable {
    /// When the log tells of it.
    public var at: Timestamp
    /// The message. What never left because it was held has no results: whoever holds messages drops them by this.
    public var number: Int
    /// The result as the engine is told of it.
    public var delivery: Delivery
}

/// A complaint.
public struct SimulatedComplaint: Hashable, Sendable {
    /// What kind (RFC 5965 §7.3).
    public enum Kind: String, Hashable, Sendable, CaseIterable, CustomStringConvertible {
        /// Unsolicited mail.
        case abuse
        /// Fraud or phishing.
        case fraud

        /// `abuse`, `fraud`.
        public var description: String { rawValue }
    }

    /// When.
    public var at: Timestamp
    /// The message.
    public var number: Int
    /// The mail host whose queue id it has.
    public var mailHost: String
    /// The queue id.
    public var queueID: String
    /// What kind.
    public var kind: Kind
}

/// A lease of an address.
public struct SimulatedLease: Hashable, Sendable {
    /// From when.
    public var at: Timestamp
    /// The subscriber, by number.
    public var subscriber: Int
    /// The address.
    public var address: NetworkAddress
    /// The ports, where several share the address.
    public var ports: ClosedRange<UInt16>
}

/// A take-over: what really happened to a subscriber.
public struct Episode: Hashable, Sendable {
    /// The subscriber, by number.
    public var subscriber: Int
    /// The family, by its place in the population.
    public var family: Int
    /// The campaign: episodes with one number send copies of one text.
    public var campaign: UInt64
    /// The first message, test messages included.
    public var from: Timestamp
    /// The latest message so far.
    public var until: Timestamp
    /// Messages so far, test messages included.
    public var messages: Int
    /// Recipients so far.
    public var recipients: Int
    /// The victim whose contact this subscriber is, where it came by contagion, as an episode's place.
    public var caughtFrom: Int?
    /// True once it is over.
    public var isOver: Bool
}

/// A subscriber as the provider's customer table has it.
public struct SimulatedSubscriber: Hashable, Sendable {
    /// The number.
    public var index: Int
    /// The name: the login, or the line's name.
    public var name: String
    /// The stratum, by its place in the population.
    public var stratum: Int
    /// The plan.
    public var plan: String
    /// How they are recognised.
    public var identification: Stratum.Identification
    /// Since when.
    public var joined: Timestamp
}
