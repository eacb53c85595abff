// What a log tells, a message, a delivery, a refusal at a time: the words of MailTypes, as far as a log knows them.

import MailTypes

/// A message that a mail server accepted, as its lines together tell it.
public struct LoggedMessage: Hashable, Sendable {
    /// When it was accepted: when its header had been read, as far as the log shows.
    public var at: Timestamp
    /// The mail host.
    public var mailHost: String
    /// The queue id: of the first message where it was re-queued or went through a content filter.
    public var queueID: String
    /// How it came.
    public var origin: MessageOrigin
    /// The client's address; nil where the log does not tell it.
    public var client: NetworkAddress?
    /// The client's port; 0 where the log does not tell it.
    public var clientPort: UInt16
    /// The client's name as the mail server found it; empty or `unknown` where it found none.
    public var clientName: String
    /// The HELO name; empty where the log does not tell it, as Postfix's does not for accepted messages.
    public var helo: String
    /// The SASL login; empty without authentication.
    public var login: String
    /// The SASL mechanism or Exim's authenticator; empty without authentication.
    public var method: String
    /// True where the log shows that the connection was encrypted.
    public var isEncrypted: Bool
    /// The local user or uid that submitted it; empty where it came by SMTP.
    public var user: String
    /// The reverse-path in clear; empty for the null reverse-path, and where the log does not tell it.
    public var sender: String
    /// Reverse-path and recipients as keyed hashes, recipient count and size. A recipient is the address that the client
    /// gave, where the log tells it (Postfix `orig_to`). The count is at least 1: a message on hold shows none.
    public var envelope: Envelope
    /// The Message-ID without brackets; empty where the log does not tell it.
    public var messageID: String
    /// True where it was put on hold.
    public var isHeld: Bool

    /// The session, for a door under which the layer above counts it.
    public func session(door: Door) -> Session {
        Session(
            door: door, mailHost: mailHost, client: client, clientPort: clientPort, helo: helo, login: login,
            isEncrypted: isEncrypted, isLocalSubmission: origin == .local)
    }
}

/// What became of a message at one recipient, at one attempt.
public struct LoggedDelivery: Hashable, Sendable {
    /// Longest reply kept, in bytes.
    public static let replyBytesMax = 512

    /// When.
    public var at: Timestamp
    /// The mail host.
    public var mailHost: String
    /// The queue id under which the message was told.
    public var queueID: String
    /// The recipient, as in the message's envelope.
    public var recipient: AddressKey
    /// The enhanced status code; where the line has none, 2.0.0, 4.0.0 or 5.0.0 by the outcome.
    public var status: EnhancedStatus
    /// How it ended.
    public var outcome: DeliveryOutcome
    /// The next hop; empty where there was none.
    public var relay: String
    /// The reply or reason; empty for what was delivered.
    public var reply: String
    /// False where the message itself was accepted before the log begins, or its lines are missing.
    public var isMessageKnown: Bool

    /// The delivery result as the engine takes it.
    public var delivery: Delivery {
        Delivery(
            mailHost: mailHost, queueID: queueID, recipient: recipient, status: status, outcome: outcome,
            isRefusedAsAbuse: outcome != .delivered && ReceiverWords.sayAbuse(status, reply))
    }
}

/// A command, a recipient or a message that was refused at the door.
public struct LoggedRefusal: Hashable, Sendable {
    /// When.
    public var at: Timestamp
    /// The mail host.
    public var mailHost: String
    /// The queue id; empty where the message had none yet.
    public var queueID: String
    /// What was done.
    public var action: RefusalAction
    /// The stage; nil for a command that is none, such as VRFY.
    public var stage: Stage?
    /// The client's address; nil where the log does not tell it.
    public var client: NetworkAddress?
    /// The client's port; 0 where the log does not tell it.
    public var clientPort: UInt16
    /// The HELO name.
    public var helo: String
    /// The SASL login; empty where the log does not tell it. Without a queue id it is a hint and no proof: Postfix writes it
    /// behind the HELO name, which may look like one.
    public var login: String
    /// The reverse-path in clear; empty for the null reverse-path, and where the log does not tell it.
    public var sender: String
    /// The reverse-path as keyed hashes.
    public var reversePath: AddressKey?
    /// The recipient as keyed hashes; nil where the line names none.
    public var recipient: AddressKey?
    /// The reply code; 0 where the log does not tell it.
    public var code: UInt16
    /// The enhanced status code; nil where the log does not tell it.
    public var status: EnhancedStatus?
    /// The reply's text: a refusal by Weir is known by its words.
    public var reply: String
}

/// A login that failed.
public struct LoggedLoginFailure: Hashable, Sendable {
    /// When.
    public var at: Timestamp
    /// The mail host.
    public var mailHost: String
    /// The client's address; nil where the log does not tell it.
    public var client: NetworkAddress?
    /// The client's port; 0 where the log does not tell it.
    public var clientPort: UInt16
    /// The login that was tried; empty where the log does not tell it.
    public var login: String
    /// The SASL mechanism or Exim's authenticator.
    public var method: String
}

/// One thing that a log tells. A stream of them has nondecreasing times.
public enum MailFact: Hashable, Sendable {
    /// A message was accepted.
    case message(LoggedMessage)
    /// A delivery was attempted.
    case delivery(LoggedDelivery)
    /// Something was refused.
    indirect case refused(LoggedRefusal)
    /// A login failed.
    case loginFailed(LoggedLoginFailure)

    /// When it happened.
    public var at: Timestamp {
        switch self {
        case .message(let message): message.at
        case .delivery(let delivery): delivery.at
        case .refused(let refusal): refusal.at
        case .loginFailed(let failure): failure.at
        }
    }
}
