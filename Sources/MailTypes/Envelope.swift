// The envelope of a message.

/// One forward-path and what became of it at the mail server.
public struct Recipient: Hashable, Sendable {
    /// The address as keyed hashes.
    public var key: AddressKey
    /// Nil where the mail server accepted the recipient; else the enhanced status of its refusal, 5.0.0 where it gave none.
    public var refusal: EnhancedStatus?

    /// A recipient.
    public init(_ key: AddressKey, refusal: EnhancedStatus? = nil) {
        self.key = key
        self.refusal = refusal
    }
}

/// Reverse-path, forward-paths and what goes with them (RFC 5321 §2.3.1).
public struct Envelope: Hashable, Sendable {
    /// The reverse-path as keyed hashes; nil for the null reverse-path `<>`.
    public var reversePath: AddressKey?
    /// The recipients that the door saw, refused ones included.
    public var recipients: [Recipient]
    /// True where `recipients` holds every recipient: always at the milter door; at the policy door never.
    public var recipientsAreComplete: Bool
    /// Accepted recipients as the mail server counts them; 0 before DATA at the policy door.
    public var recipientCount: Int
    /// Size in bytes: the client's claim before the end of the message, 0 where it made none.
    public var bytes: Int

    /// An envelope.
    public init(
        reversePath: AddressKey? = nil, recipients: [Recipient] = [], recipientsAreComplete: Bool = false,
        recipientCount: Int = 0, bytes: Int = 0
    ) {
        self.reversePath = reversePath
        self.recipients = recipients
        self.recipientsAreComplete = recipientsAreComplete
        self.recipientCount = recipientCount
        self.bytes = bytes
    }
}
