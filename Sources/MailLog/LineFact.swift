// What one line says. Texts are places in the line's message, so that a line costs no memory; the assembler joins them.

import MailTypes

/// A client as a line names it.
public struct LoggedClient: Hashable, Sendable {
    /// Where its name stands; empty where there is none.
    public var name = 0..<0
    /// Where its address stands; empty where there is none, or `unknown`.
    public var address = 0..<0
    /// Its port; 0 where unknown.
    public var port: UInt16 = 0

    /// A client of which nothing is known.
    public init() {}
}

/// One or several addresses at one place of a line.
public struct LoggedAddresses: Hashable, Sendable {
    /// Where they stand, `<` and `>` around each included where the program writes them.
    public var place: Range<Int>
    /// What separates them; 0 where there is one.
    public var separator: UInt8

    /// One address.
    public init(one place: Range<Int>) {
        self.place = place
        separator = 0
    }

    /// Several addresses.
    public init(_ place: Range<Int>, separatedBy separator: UInt8) {
        self.place = place
        self.separator = separator
    }

    /// The next address at or behind `place`, which moves on; nil behind the last.
    @inline(__always)
    public func next(_ bytes: Span<UInt8>, at start: inout Int) -> Range<Int>? {
        guard start < place.upperBound else { return nil }
        guard separator != 0 else {
            let one = start..<place.upperBound
            start = place.upperBound
            return one
        }
        // A separator within a quoted local part or brackets is part of the address.
        var end = start
        var isQuoted = false
        var depth = 0
        while end < place.upperBound {
            let byte = bytes[end]
            if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
            if !isQuoted, byte == UInt8(ascii: "<") { depth &+= 1 }
            if !isQuoted, byte == UInt8(ascii: ">") { depth &-= 1 }
            if byte == separator, !isQuoted, depth <= 0 { break }
            end &+= 1
        }
        // An unpaired quote or bracket must not swallow the list.
        if end == place.upperBound, isQuoted || depth > 0 {
            end = bytes.firstIndex(of: separator, from: start, to: place.upperBound)
        }
        let one = start..<end
        start = end &+ 1
        return one
    }
}

/// How a message came to the mail server.
public enum MessageOrigin: UInt8, Sendable, CaseIterable, CustomStringConvertible {
    /// By SMTP.
    case session = 1
    /// By the sendmail command, from a user of the host.
    case local
    /// The mail server's own: a bounce, a delay warning, an address probe.
    case notification
    /// Made from another message by the mail server: a forward, an automatic reply.
    case derived
    /// The line that would tell is missing.
    case unknown

    /// `session`, `local`, …
    public var description: String {
        switch self {
        case .session: "session"
        case .local: "local"
        case .notification: "notification"
        case .derived: "derived"
        case .unknown: "unknown"
        }
    }
}

/// A message begins to exist under a queue id. Exim and Sendmail say all at once; Postfix tells the rest in other lines.
public struct LoggedArrival: Hashable, Sendable {
    /// The queue id.
    public var queueID: Range<Int>
    /// How it came.
    public var origin: MessageOrigin
    /// The client, where it came by SMTP.
    public var client = LoggedClient()
    /// Where the HELO name stands.
    public var helo = 0..<0
    /// Where the SASL login stands.
    public var login = 0..<0
    /// Where the SASL mechanism, or Exim's authenticator, stands.
    public var method = 0..<0
    /// True where the line says that the connection is encrypted.
    public var isEncrypted = false
    /// Where the local user or uid stands.
    public var user = 0..<0
    /// Where the reverse-path stands; nil where the line does not tell it.
    public var sender: Range<Int>?
    /// Where the Message-ID stands.
    public var messageID = 0..<0
    /// The recipients, where the line names them all.
    public var recipients: LoggedAddresses?
    /// How many recipients there are; -1 where the line does not tell.
    public var recipientCount = -1
    /// The size in bytes; -1 where the line does not tell.
    public var byteCount = -1
    /// Where the queue id of the message stands that this one continues or comes from: re-queued, re-injected, bounced.
    public var parent = 0..<0
    /// True where the line proves that the message was accepted.
    public var isAccepted = false
    /// True where `parent` is the same message, not the cause of this one.
    public var continuesParent = false

    /// An arrival; the rest is set as it is found.
    public init(queueID: Range<Int>, origin: MessageOrigin) {
        self.queueID = queueID
        self.origin = origin
    }
}

/// Postfix's queue manager took a message: `from=<>, size=, nrcpt= (queue active)`.
public struct LoggedQueueing: Hashable, Sendable {
    /// The queue id.
    public var queueID: Range<Int>
    /// Where the reverse-path stands.
    public var sender: Range<Int>
    /// The size in bytes.
    public var byteCount: Int
    /// How many recipients the queue file has.
    public var recipientCount: Int
}

/// The result of one attempt for one or more recipients.
public struct LoggedAttempt: Hashable, Sendable {
    /// The queue id.
    public var queueID: Range<Int>
    /// The recipients to which it was sent.
    public var recipients: LoggedAddresses
    /// Where the recipient stands as the client gave it; empty where it is the same.
    public var original = 0..<0
    /// Where the next hop stands.
    public var relay = 0..<0
    /// Where the seconds since arrival stand, as Postfix counts them.
    public var delay = 0..<0
    /// The enhanced status code; nil where the line has none.
    public var status: EnhancedStatus?
    /// How it ended.
    public var outcome: DeliveryOutcome
    /// Where the reply or reason stands.
    public var reply = 0..<0
    /// Where the queue id stands under which the next hop took it, if the reply tells it.
    public var nextQueueID = 0..<0

    /// An attempt; the rest is set as it is found.
    public init(queueID: Range<Int>, recipients: LoggedAddresses, outcome: DeliveryOutcome) {
        self.queueID = queueID
        self.recipients = recipients
        self.outcome = outcome
    }
}

/// What a mail server did instead of accepting.
public enum RefusalAction: UInt8, Sendable, CaseIterable, CustomStringConvertible {
    /// It answered 4xx or 5xx.
    case reject = 1
    /// It said 250 and dropped the message.
    case discard
    /// It accepted, on hold.
    case hold
    /// It accepted, and logged that it might not have (`reject_warning`, `warn_if_reject`).
    case warn

    /// `reject`, `discard`, …
    public var description: String {
        switch self {
        case .reject: "reject"
        case .discard: "discard"
        case .hold: "hold"
        case .warn: "warn"
        }
    }
}

/// A command, recipient or message refused at the door: `NOQUEUE: reject: RCPT from …`.
public struct LoggedRefusalLine: Hashable, Sendable {
    /// The queue id; empty where the message had none yet.
    public var queueID = 0..<0
    /// What was done.
    public var action: RefusalAction
    /// The command; nil for one that is no stage of a transaction, such as VRFY.
    public var stage: Stage?
    /// The client.
    public var client = LoggedClient()
    /// The reply code; 0 where the line has none.
    public var code: UInt16 = 0
    /// The enhanced status code; nil where the line has none.
    public var status: EnhancedStatus?
    /// Where the reply's text stands, codes not included.
    public var reply = 0..<0
    /// Where the reverse-path stands; nil where the line does not tell it.
    public var sender: Range<Int>?
    /// Where the recipient stands; nil where the line does not tell it.
    public var recipient: Range<Int>?
    /// Where the HELO name stands.
    public var helo = 0..<0
    /// Where the SASL login stands. It proves nothing: Postfix writes it behind the HELO name, which may look like one.
    public var login = 0..<0
    /// True where the next queue id of this process is on hold (Postfix `NOQUEUE: hold`).
    public var holdsNext: Bool { action == .hold && queueID.isEmpty }

    /// A refusal; the rest is set as it is found.
    public init(_ action: RefusalAction, stage: Stage?) {
        self.action = action
        self.stage = stage
    }
}

/// A login, granted or refused.
public struct LoggedLoginLine: Hashable, Sendable {
    /// The client.
    public var client = LoggedClient()
    /// Where the SASL login stands; empty where the line does not tell it.
    public var login = 0..<0
    /// Where the SASL mechanism or the authenticator's name stands.
    public var method = 0..<0
    /// Where the reason stands.
    public var reason = 0..<0

    /// A login; the rest is set as it is found.
    public init() {}
}

/// What one line says.
public enum LineFact: Sendable {
    /// A client connected.
    case connected(LoggedClient)
    /// A client disconnected.
    case disconnected(LoggedClient)
    /// The process's connection is encrypted from here on.
    case encrypted
    /// A connection ended in the middle: the message that it was about to send was not accepted, unless it was complete.
    case lost(stage: Stage?)
    /// A client logged in (Sendmail tells it in a line of its own).
    case loggedIn(LoggedLoginLine)
    /// A client could not log in.
    case loginFailed(LoggedLoginLine)
    /// A message begins.
    case arrived(LoggedArrival)
    /// A client whose message goes through a proxy filter before it has a queue id here (Postfix `NOQUEUE: client=`).
    case proxied(LoggedArrival)
    /// A proxy filter queued the process's message under a queue id (Postfix `proxy-accept`).
    case proxyAccepted(queueID: Range<Int>)
    /// A message's Message-ID.
    case identified(queueID: Range<Int>, messageID: Range<Int>)
    /// The queue manager took a message.
    case queued(LoggedQueueing)
    /// A message is on hold.
    case held(queueID: Range<Int>)
    /// A delivery attempt.
    case attempted(LoggedAttempt)
    /// An address probe, no mail (Postfix `status=deliverable`).
    case probed(queueID: Range<Int>)
    /// The sender of a message gets a notification, which is a message itself; `child` is empty where it isn't told.
    case notified(queueID: Range<Int>, child: Range<Int>)
    /// The same message goes on under another queue id (Sendmail `clone`).
    case continued(queueID: Range<Int>, child: Range<Int>)
    /// A message was given up.
    case expired(queueID: Range<Int>)
    /// A message left the queue.
    case removed(queueID: Range<Int>)
    /// Something was refused.
    case refused(LoggedRefusalLine)

    /// The fact's number, for counting: an index into `kinds`.
    @inline(__always)
    var kind: Int {
        switch self {
        case .connected: 0
        case .disconnected: 1
        case .encrypted: 2
        case .lost: 3
        case .loggedIn: 4
        case .loginFailed: 5
        case .arrived: 6
        case .proxied: 7
        case .proxyAccepted: 8
        case .identified: 9
        case .queued: 10
        case .held: 11
        case .attempted: 12
        case .probed: 13
        case .notified: 14
        case .continued: 15
        case .expired: 16
        case .removed: 17
        case .refused: 18
        }
    }

    /// The facts' names, by number.
    static let kinds = [
        "connected", "disconnected", "encrypted", "lost connection", "logged in", "login failed", "arrived", "proxied",
        "proxy accepted", "identified", "queued", "held", "attempted", "probed", "notified", "continued", "expired",
        "removed", "refused",
    ]
}
