// A message between its first line and its last.

import MailTypes

/// Where an open message is kept, and which of those that were kept there it is.
struct MessagePlace: Hashable, Sendable {
    /// The index.
    var index: Int32
    /// How many messages had that index before.
    var generation: UInt32
}

/// A message's name: queue ids are unique within an instance of a mail server on a host.
struct MessageKey: Hashable, Sendable {
    /// The queue id.
    var id: QueueID
    /// The host's number.
    var host: Int32
    /// The instance's number.
    var instance: Int32

    /// Feeds a hasher.
    @inline(__always)
    func hash(into hasher: inout Hasher) {
        id.hash(into: &hasher)
        hasher.combine(UInt64(UInt32(bitPattern: host)) &<< 32 | UInt64(UInt32(bitPattern: instance)))
    }
}

/// What is known about a message so far.
struct OpenMessage: Sendable {
    /// Its name.
    var key: MessageKey
    /// How many messages were kept at this place before.
    var generation: UInt32 = 0
    /// The host's name.
    var mailHost = ""
    /// The queue id under which it is told: the first one's, where it was re-queued or re-injected.
    var root: QueueID
    /// When its first line was written.
    var begunAt = Timestamp(nanoseconds: 0)
    /// When its last line was written.
    var touchedAt = Timestamp(nanoseconds: 0)
    /// When it is told.
    var acceptedAt = Timestamp(nanoseconds: 0)
    /// How it came.
    var origin = MessageOrigin.unknown
    /// The process that took it.
    var pid: UInt32 = 0
    /// The client's address.
    var client: NetworkAddress?
    /// The client's port.
    var clientPort: UInt16 = 0
    /// The client's name.
    var clientName = ""
    /// The HELO name.
    var helo = ""
    /// The SASL login.
    var login = ""
    /// The SASL mechanism.
    var method = ""
    /// The local user or uid.
    var user = ""
    /// The reverse-path in clear.
    var sender = ""
    /// The Message-ID.
    var messageID = ""
    /// The Message-ID's hash; 0 where there is none.
    var messageIDHash: UInt64 = 0
    /// The reverse-path.
    var reversePath: AddressKey?
    /// The recipients so far.
    var recipients: [Recipient] = []
    /// Final addresses seen so far, by hash: their number is compared with the recipient count.
    var finals: [UInt64] = []
    /// Recipients as the mail server counts them; 0 where unknown.
    var recipientCount = 0
    /// Attempts that ended with delivery or failure.
    var endedCount = 0
    /// The size.
    var byteCount = 0
    /// True where the connection is encrypted.
    var isEncrypted = false
    /// True where the line of its arrival was read.
    var hasArrival = false
    /// True where a line shows that it came into being within the log.
    var isBorn = false
    /// True where a line proves that it was accepted.
    var isAccepted = false
    /// True where it stands in the queue of what is to be told.
    var isWaiting = false
    /// True where it was told.
    var isTold = false
    /// True where it is a part of another message and not told.
    var isJoined = false
    /// The message of which it seems to be a part, by its Message-ID; decided when that one's attempts are known.
    var suspected: MessagePlace?
    /// True where the client broke off, or the message was refused as a whole.
    var isAbandoned = false
    /// True where it is no mail but an address probe.
    var isProbe = false
    /// True where it is on hold.
    var isHeld = false
    /// True where it left the queue.
    var isRemoved = false
    /// True where all recipients are known by name.
    var hasAllRecipients = false
    /// True where an attempt went to another host.
    var hasRemoteAttempt = false
    /// True where an attempt went to a filter or an agent of this host.
    var hasLocalAttempt = false

    /// A message of which nothing is known.
    init(key: MessageKey) {
        self.key = key
        root = key.id
    }

    /// True where nothing more is to be learned for its telling.
    @inline(__always)
    var isComplete: Bool {
        isAccepted && (isRemoved || hasAllRecipients || (recipientCount > 0 && finals.count >= recipientCount))
    }

    /// Lets go of what only its telling needed.
    mutating func shrink() {
        recipients = []
        finals = []
        messageID = ""
        sender = ""
        clientName = ""
        helo = ""
        login = ""
        method = ""
        user = ""
    }
}
