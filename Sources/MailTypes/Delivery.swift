// What became of a message downstream, as the mail log tells it.

/// How a delivery attempt ended (events.md `outcome`).
public enum DeliveryOutcome: UInt8, Sendable, CaseIterable, CustomStringConvertible {
    /// The next host took it.
    case delivered = 1
    /// It will be tried again.
    case deferred
    /// It will never arrive.
    case failed

    /// `delivered`, …
    public var description: String {
        switch self {
        case .delivered: "delivered"
        case .deferred: "deferred"
        case .failed: "failed"
        }
    }
}

/// One delivery result (RFC 3464 speaks of per-recipient fields).
public struct Delivery: Hashable, Sendable {
    /// The mail host whose queue id it is.
    public var mailHost: String
    /// The queue id under which Weir saw the message, or of its first message where it was re-queued.
    public var queueID: String
    /// The recipient as keyed hashes.
    public var recipient: AddressKey
    /// The enhanced status code.
    public var status: EnhancedStatus
    /// How it ended.
    public var outcome: DeliveryOutcome
    /// True where the message never left this mail host: a later restriction or milter refused it after Weir had counted it.
    public var isRefusedBeforeQueue: Bool
    /// True where the receiver's words say spam, reputation or a blocklist, be it for now or for good.
    public var isRefusedAsAbuse: Bool

    /// A delivery result.
    public init(
        mailHost: String, queueID: String, recipient: AddressKey, status: EnhancedStatus, outcome: DeliveryOutcome,
        isRefusedBeforeQueue: Bool = false, isRefusedAsAbuse: Bool = false
    ) {
        self.mailHost = mailHost
        self.queueID = queueID
        self.recipient = recipient
        self.status = status
        self.outcome = outcome
        self.isRefusedBeforeQueue = isRefusedBeforeQueue
        self.isRefusedAsAbuse = isRefusedAsAbuse
    }
}
