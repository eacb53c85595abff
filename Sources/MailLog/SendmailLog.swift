// Sendmail (Installation and Operation Guide §2.1.2, "Logging"): fields `name=value` behind a queue id.
//
//     sm-mta[811]: 65A9DMabc000811: from=<ann@example.net>, size=810, class=0, nrcpts=1, msgid=<1@example.net>, proto=ESMTP,
//       daemon=MTA, relay=pc.example.net [192.0.2.7]
//     sm-mta[812]: 65A9DMabc000811: to=<bob@example.org>, delay=00:00:01, xdelay=00:00:01, mailer=esmtp, pri=30810,
//       relay=mx.example.org. [192.0.2.25], dsn=2.0.0, stat=Sent (250 ok)
//
// A login is told in a line of its own, `AUTH=server, relay=…, authid=ann, mech=LOGIN`, under the connection's first id.

import MailTypes

/// Kinds of Sendmail lines that tell nothing of sessions, messages and deliveries.
enum SendmailKind: UInt8, CaseIterable {
    case connection, tls, milterChange, protocolError, warning, daemon, queued, trace, aliases, database

    /// The kind in words.
    var name: String {
        switch self {
        case .connection: "SMTP connection"
        case .tls: "TLS detail"
        case .milterChange: "milter detail"
        case .protocolError: "client's protocol error"
        case .warning: "warning or system error"
        case .daemon: "daemon"
        case .queued: "still in the queue"
        case .trace: "session transcript"
        case .aliases: "alias expansion"
        case .database: "map or alias database"
        }
    }
}

/// Reads Sendmail's lines.
public struct SendmailLog: MailLogParser {
    /// The parser, which has no state.
    public init() {}

    /// The name.
    public var name: String { "Sendmail" }
    /// Names of the kinds that are not relevant.
    public var kinds: [String] { SendmailKind.allCases.map(\.name) }
    /// An id is unique on a host.
    public var namesInstances: Bool { false }
    /// `done` comes at log levels that few use.
    public var logsRemovals: Bool { false }

    /// `sendmail`, `sm-mta`, `sm-msp-queue`, `sm-acceptingconnections`, …
    public func role(of program: Span<UInt8>) -> UInt8? {
        program.isText("sendmail", 0..<program.count) || program.has("sm-", at: 0) || program.has("sendmail-", at: 0)
            ? 0 : nil
    }

    /// Reads a message.
    public func read(_ message: Span<UInt8>, role: UInt8) -> LineReading {
        let end = Self.endOfID(message)
        let id = 0..<max(end, 0)
        let rest = end > 0 ? end &+ 2 : message.has("NOQUEUE: ", at: 0) ? 9 : 0
        if message.has("from=", at: rest) { return Self.readArrival(message, id, rest) }
        if message.has("to=", at: rest) { return Self.readAttempt(message, id, rest) }
        if message.has("AUTH=server", at: rest) { return Self.readLogin(message, rest) }
        if message.has("AUTH failure", at: rest) { return Self.readLoginFailure(message, rest) }
        if message.has("STARTTLS=server, relay=", at: rest) { return .fact(.encrypted) }
        if message.has("ruleset=", at: rest) { return Self.readRuleset(message, id, rest) }
        if message.has("Milter: ", at: rest) || message.has("milter=", at: rest) || message.has("Milter (", at: rest) {
            return Self.readMilter(message, id, rest)
        }
        if let reading = Self.readMessageLine(message, id, rest) { return reading }
        return Self.readKind(message, rest)
    }

    /// Where the queue id that leads a message ends, `: ` behind it; 0 where none leads. Ids are letters and digits, the
    /// process id at their end, 14 at least.
    private static func endOfID(_ m: Span<UInt8>) -> Int {
        let end = m.firstIndex(of: UInt8(ascii: ":"), from: 0, to: min(m.count, QueueID.bytesMax))
        guard end >= 12, end &+ 1 < m.count, m[end] == UInt8(ascii: ":"), m[end &+ 1] == 32 else { return 0 }
        for place in 0..<end where m[place] &- 48 > 9 && (m[place] | 0x20) &- 97 > 25 { return 0 }
        return end
    }

    /// `from=<…>, size=, class=, nrcpts=, msgid=, proto=, daemon=, relay=`.
    private static func readArrival(_ m: Span<UInt8>, _ id: Range<Int>, _ start: Int) -> LineReading {
        guard !id.isEmpty else { return .notUnderstood }
        var arrival = LoggedArrival(queueID: id, origin: .local)
        arrival.isAccepted = true
        arrival.recipientCount = 0
        var place = start
        while let (name, value) = field(m, at: &place) {
            if m.isText("from", name) {
                arrival.sender = m.unbracketed(value)
            } else if m.isText("size", name) {
                arrival.byteCount = m.number(value) ?? -1
            } else if m.isText("nrcpts", name) {
                arrival.recipientCount = m.number(value) ?? 0
            } else if m.isText("msgid", name) {
                arrival.messageID = m.unbracketed(value)
            } else if m.isText("relay", name) {
                (arrival.client, arrival.user) = relay(m, value)
            } else if m.isText("daemon", name) {
                arrival.origin = .session
            } else if m.isText("reject", name) {
                var refusal = LoggedRefusalLine(.reject, stage: .mail)
                refusal.queueID = id
                refusal.sender = arrival.sender
                takeReply(m, &refusal, m.place(value.lowerBound, m.count))
                return .fact(.refused(refusal))
            }
        }
        if arrival.origin == .session { arrival.user = 0..<0 }
        return .fact(.arrived(arrival))
    }

    /// `to=<a>,<b>, ctladdr=, delay=, xdelay=, mailer=, pri=, relay=, dsn=, stat=`.
    private static func readAttempt(_ m: Span<UInt8>, _ id: Range<Int>, _ start: Int) -> LineReading {
        guard !id.isEmpty else { return .notUnderstood }
        var place = start &+ 3
        let recipients = m.place(place, endOfList(m, from: place))
        place = recipients.upperBound &+ 2
        var attempt = LoggedAttempt(
            queueID: id, recipients: LoggedAddresses(recipients, separatedBy: UInt8(ascii: ",")), outcome: .deferred)
        var status: Range<Int>?
        while let (name, value) = field(m, at: &place) {
            if m.isText("relay", name) {
                attempt.relay = value
            } else if m.isText("dsn", name) {
                attempt.status = m.enhancedStatus(at: value.lowerBound)
            } else if m.isText("stat", name) {
                status = m.place(value.lowerBound, m.count)
                break
            } else if m.isText("reject", name) {
                var refusal = LoggedRefusalLine(.reject, stage: .rcpt)
                refusal.queueID = id
                refusal.recipient = m.unbracketed(recipients)
                takeReply(m, &refusal, m.place(value.lowerBound, m.count))
                return .fact(.refused(refusal))
            }
        }
        guard let status else { return .notUnderstood }
        return finish(&attempt, m, status)
    }

    /// `Sent (250 ok)`, `Deferred: …`, `User unknown`, `queued`.
    private static func finish(_ attempt: inout LoggedAttempt, _ m: Span<UInt8>, _ status: Range<Int>) -> LineReading {
        if m.isText("queued", status) { return .notRelevant(SendmailKind.queued.rawValue) }
        attempt.reply = status
        if m.has("Sent", at: status.lowerBound) || m.has("sent", at: status.lowerBound) {
            attempt.outcome = .delivered
            let open = m.firstIndex(of: UInt8(ascii: "("), from: status.lowerBound, to: status.upperBound)
            // `Sent (65A9DMabc000811 Message accepted for delivery)`: the daemon took it under that id.
            let word = open &+ 1
            if open < m.count {
                let end = m.firstIndex(of: 32, from: word, to: m.count)
                if m.has(" Message accepted for delivery", at: end), end &- word <= QueueID.bytesMax {
                    attempt.nextQueueID = m.place(word, end)
                } else if let queued = m.firstIndex(of: "queued as ", from: word, to: m.count) {
                    let id = queued &+ 10
                    attempt.nextQueueID = m.place(id, endOfIDWord(m, from: id))
                }
            }
        } else if m.has("Deferred", at: status.lowerBound) || m.has("deferred", at: status.lowerBound) {
            attempt.outcome = .deferred
        } else if let enhanced = attempt.status {
            attempt.outcome = enhanced.class == 4 ? .deferred : enhanced.class == 2 ? .delivered : .failed
        } else {
            attempt.outcome = .failed
        }
        return .fact(.attempted(attempt))
    }

    /// Where the id at `start` ends.
    private static func endOfIDWord(_ m: Span<UInt8>, from start: Int) -> Int {
        var end = start
        while end < m.count, m[end] != 32, m[end] != UInt8(ascii: ")"), end &- start < QueueID.bytesMax { end &+= 1 }
        return end
    }

    // MARK: - Fields

    /// The field `name=value` at `place`, which moves behind it and its comma; nil where there is none.
    static func field(_ m: Span<UInt8>, at place: inout Int) -> (name: Range<Int>, value: Range<Int>)? {
        guard place < m.count else { return nil }
        let equals = m.firstIndex(of: UInt8(ascii: "="), from: place, to: min(place &+ 24, m.count))
        guard equals < m.count, m[equals] == UInt8(ascii: "=") else { return nil }
        let name = m.place(place, equals)
        let start = equals &+ 1
        // The client words these two: brackets hold them together.
        let end: Int
        if start < m.count, m[start] == UInt8(ascii: "<"), !m.isText("stat", name) {
            end = address(m, from: start).upperBound
        } else {
            end = m.firstIndex(of: ", ", from: start, to: m.count) ?? m.count
        }
        place = m.has(", ", at: end) ? end &+ 2 : m.count
        return (name, m.place(start, end))
    }

    /// Where the list of recipients at `start` ends: at the `, ` that a field follows.
    private static func endOfList(_ m: Span<UInt8>, from start: Int) -> Int {
        var place = start
        while let comma = m.firstIndex(of: ", ", from: place, to: m.count) {
            if m.has("ctladdr=", at: comma &+ 2) || m.has("delay=", at: comma &+ 2) || m.has("xdelay=", at: comma &+ 2)
                || m.has("stat=", at: comma &+ 2) || m.has("reject=", at: comma &+ 2)
                || m.has("[more]", at: comma &+ 2) || m.has("mailer=", at: comma &+ 2)
            {
                return comma
            }
            place = comma &+ 2
        }
        return m.count
    }

    /// `name [address] (may be forged)`, or `user@localhost` for one who called the command.
    static func relay(_ m: Span<UInt8>, _ value: Range<Int>) -> (client: LoggedClient, user: Range<Int>) {
        var client = LoggedClient()
        let open = m.firstIndex(of: UInt8(ascii: "["), from: value.lowerBound, to: value.upperBound)
        let close = m.firstIndex(of: UInt8(ascii: "]"), from: open, to: value.upperBound)
        let nameEnd = m.firstIndex(of: 32, from: value.lowerBound, to: open)
        if close < value.upperBound {
            client.address = m.place(open &+ 1, close)
            client.name = m.place(value.lowerBound, nameEnd)
        }
        let at = m.firstIndex(of: UInt8(ascii: "@"), from: value.lowerBound, to: nameEnd)
        return (client, at < nameEnd ? m.place(value.lowerBound, at) : 0..<0)
    }
}
