// Postfix: what its daemons write (smtpd(8), cleanup(8), qmgr(8), smtp(8), bounce(8), postlogd(8)).
//
//     smtpd     connect from pc.example.net[192.0.2.7]
//     smtpd     4XkTQ8: client=pc.example.net[192.0.2.7], sasl_method=PLAIN, sasl_username=ann
//     cleanup   4XkTQ8: message-id=<1@example.net>
//     qmgr      4XkTQ8: from=<ann@example.net>, size=810, nrcpt=1 (queue active)
//     smtp      4XkTQ8: to=<bob@example.org>, relay=mx.example.org[192.0.2.25]:25, delay=0.3, …, dsn=2.0.0, status=sent (250 ok)
//     qmgr      4XkTQ8: removed
//
// The first word says whether a queue id leads; the daemon's name says what to expect behind it.

import MailTypes

/// The daemons by what their lines can say.
enum PostfixRole: UInt8 {
    case smtpd, cleanup, qmgr, pickup, delivery, bounce, postscreen, postsuper, verify, other
}

/// Kinds of Postfix lines that tell nothing of sessions, messages and deliveries.
enum PostfixKind: UInt8, CaseIterable {
    case statistics, tls, warning, fatal, connectFailed, attemptDetail, postscreenTest, headerCheck, milterChange
    case protocolError, housekeeping, daemon, queueCommand, otherAction, debug

    /// The kind in words.
    var name: String {
        switch self {
        case .statistics: "statistics"
        case .tls: "TLS detail"
        case .warning: "warning"
        case .fatal: "error, fatal or panic"
        case .connectFailed: "connection to a next hop failed"
        case .attemptDetail: "detail of a delivery attempt"
        case .postscreenTest: "postscreen test"
        case .headerCheck: "header or body check that changes or logs"
        case .milterChange: "milter change"
        case .protocolError: "client's protocol error"
        case .housekeeping: "housekeeping"
        case .daemon: "daemon that handles no message"
        case .queueCommand: "queue command's summary"
        case .otherAction: "access action that refuses nothing"
        case .debug: "session transcript"
        }
    }
}

/// Reads Postfix's lines.
public struct PostfixLog: MailLogParser {
    /// The parser, which has no state.
    public init() {}

    /// The name.
    public var name: String { "Postfix" }
    /// Names of the kinds that are not relevant.
    public var kinds: [String] { PostfixKind.allCases.map(\.name) }
    /// `postfix-out/smtpd` is another instance's than `postfix/smtpd` (MULTI_INSTANCE_README).
    public var namesInstances: Bool { true }
    /// `removed`.
    public var logsRemovals: Bool { true }

    /// The daemon's role: `postfix/smtpd`, `postfix-out/smtpd`, `postfix/submission/smtpd`. The last component names the
    /// daemon; a program that has none is Postfix's where it starts with `postfix`.
    public func role(of program: Span<UInt8>) -> UInt8? {
        guard let slash = program.lastIndex(of: UInt8(ascii: "/"), in: 0..<program.count) else {
            return program.has("postfix", at: 0) ? PostfixRole.other.rawValue : nil
        }
        let daemon = program.text(slash + 1..<program.count)
        let isPostfix = program.has("postfix", at: 0)
        let role: PostfixRole? =
            switch daemon {
            case "smtpd": .smtpd
            case "cleanup": .cleanup
            case "qmgr", "oqmgr", "nqmgr": .qmgr
            case "pickup": .pickup
            case "smtp", "lmtp", "local", "virtual", "pipe", "error", "retry", "discard", "relay": .delivery
            case "bounce", "defer", "trace": .bounce
            case "postscreen": .postscreen
            case "postsuper": .postsuper
            case "verify": .verify
            default: isPostfix ? .other : nil
            }
        return role?.rawValue
    }

    /// Reads a message.
    @inline(__always)
    public func read(_ message: Span<UInt8>, role: UInt8) -> LineReading {
        let role = PostfixRole(rawValue: role) ?? .other
        let idEnd = Self.endOfQueueID(message)
        guard idEnd > 0 else { return Self.readWithoutID(message, role) }
        let id = 0..<idEnd
        let rest = idEnd &+ 2
        switch role {
        case .smtpd: return Self.readSmtpd(message, id, rest)
        case .cleanup: return Self.readCleanup(message, id, rest)
        case .qmgr: return Self.readQmgr(message, id, rest)
        case .delivery, .verify: return Self.readDelivery(message, id, rest)
        case .pickup: return Self.readPickup(message, id, rest)
        case .bounce: return Self.readBounce(message, id, rest)
        case .postsuper: return .notRelevant(.queueCommand)
        case .postscreen, .other: return Self.readWithoutID(message, role)
        }
    }

    /// Where the queue id that leads a message ends, `: ` behind it; 0 where none leads. Short ids are upper-case
    /// hexadecimal digits, long ones digits and consonants (postconf(5) enable_long_queue_ids).
    @inline(__always)
    static func endOfQueueID(_ message: Span<UInt8>) -> Int {
        let end = min(message.count &- 1, QueueID.bytesMax)
        var place = 0
        var isShort = true
        var isLong = true
        while place < end {
            let byte = message[place]
            if byte == UInt8(ascii: ":") { break }
            if byte &- 48 > 9 {
                guard byte >= 64, byte < 128 else { return 0 }
                let bit: UInt64 = 1 &<< UInt64(byte &- 64)
                // A … F; and every letter but the vowels.
                if bit & 0x7E == 0 { isShort = false }
                if bit & 0x07DF_7DDC_07DF_7DDC == 0 { isLong = false }
                if !isShort && !isLong { return 0 }
            }
            place &+= 1
        }
        guard place >= 5, place < end, message[place &+ 1] == 32, isShort || place >= 10 else { return 0 }
        return place
    }

    // MARK: - Lines with a queue id

    /// `4XkTQ8: from=<>, size=, nrcpt=`, `removed`, `status=expired`.
    private static func readQmgr(_ m: Span<UInt8>, _ id: Range<Int>, _ rest: Int) -> LineReading {
        if m.has("removed", at: rest) { return .fact(.removed(queueID: id)) }
        if m.has("from=", at: rest) {
            let sender = address(m, from: rest &+ 5)
            let next = sender.upperBound
            if m.has(", size=", at: next) {
                let sizeEnd = m.endOfDigits(from: next &+ 7)
                if let size = m.number(next &+ 7..<sizeEnd), m.has(", nrcpt=", at: sizeEnd) {
                    let countEnd = m.endOfDigits(from: sizeEnd &+ 8)
                    if let count = m.number(sizeEnd &+ 8..<countEnd) {
                        return .fact(
                            .queued(
                                LoggedQueueing(queueID: id, sender: sender, byteCount: size, recipientCount: count)))
                    }
                }
            }
            if m.has(", status=expired", at: next) || m.has(", status=force-expired", at: next)
                || m.has(">, status=expired", at: next)
            {
                return .fact(.expired(queueID: id))
            }
        }
        // Before Postfix 2.3 the queue manager logged deferrals of destinations that it had given up for a while.
        if m.has("to=", at: rest) { return readDelivery(m, id, rest) }
        if m.has("skipped, ", at: rest) { return .notRelevant(.housekeeping) }
        return .notUnderstood
    }

    /// `4XkTQ8: message-id=<>`, `hold: header …`, `milter-reject: END-OF-MESSAGE from …`.
    private static func readCleanup(_ m: Span<UInt8>, _ id: Range<Int>, _ rest: Int) -> LineReading {
        if m.has("message-id=", at: rest) {
            return .fact(.identified(queueID: id, messageID: m.unbracketed(trimmed(m, m.place(rest &+ 11, m.count)))))
        }
        if m.has("resent-message-id=", at: rest) { return .notRelevant(.headerCheck) }
        return readAction(m, id, rest)
    }

    /// `4XkTQ8: client=…`, `reject: DATA from …`.
    private static func readSmtpd(_ m: Span<UInt8>, _ id: Range<Int>, _ rest: Int) -> LineReading {
        if m.has("client=", at: rest) { return .fact(.arrived(client(m, id, rest &+ 7))) }
        return readAction(m, id, rest)
    }

    /// `4XkTQ8: uid=0 from=<root>`, also `sender=` before Postfix 2.0; `orig_id=` after `postsuper -r`.
    private static func readPickup(_ m: Span<UInt8>, _ id: Range<Int>, _ rest: Int) -> LineReading {
        guard m.has("uid=", at: rest) || m.has("sender=", at: rest) else { return .notUnderstood }
        var arrival = LoggedArrival(queueID: id, origin: .local)
        if m.has("uid=", at: rest) { arrival.user = m.place(rest &+ 4, m.endOfDigits(from: rest &+ 4)) }
        if let from = m.firstIndex(of: " from=", from: rest, to: m.count) {
            let sender = address(m, from: from &+ 6)
            arrival.sender = m.unbracketed(sender)
            if m.has(" orig_id=", at: sender.upperBound) {
                let start = sender.upperBound &+ 9
                arrival.parent = m.place(start, m.firstIndex(of: 32, from: start, to: m.count))
                arrival.continuesParent = true
            }
        }
        return .fact(.arrived(arrival))
    }

    /// `4XkTQ8: sender non-delivery notification: 5ABCDE`.
    private static func readBounce(_ m: Span<UInt8>, _ id: Range<Int>, _ rest: Int) -> LineReading {
        if m.has("sender ", at: rest) || m.has("postmaster ", at: rest),
            let at = m.firstIndex(of: " notification: ", from: rest, to: m.count)
        {
            let child = at &+ 15
            return .fact(.notified(queueID: id, child: m.place(child, endOfWord(m, from: child))))
        }
        if m.has("to=", at: rest) { return readDelivery(m, id, rest) }
        return .notUnderstood
    }

    /// `client=name[address]:port, sasl_method=, sasl_username=, sasl_sender=, orig_queue_id=, orig_client=`.
    static func client(_ m: Span<UInt8>, _ id: Range<Int>, _ start: Int) -> LoggedArrival {
        var arrival = LoggedArrival(queueID: id, origin: .session)
        var place = start
        arrival.client = clientPlace(m, at: &place)
        while m.has(", ", at: place) {
            let name = place &+ 2
            let equals = m.firstIndex(of: UInt8(ascii: "="), from: name, to: m.count)
            guard equals < m.count else { break }
            var end = m.firstIndex(of: UInt8(ascii: ","), from: equals, to: m.count)
            if m.isText("sasl_username", m.place(name, equals)) {
                // The login is the client's word and may hold a comma: it ends where a field of Postfix's own begins.
                end = endOfLogin(m, from: equals &+ 1)
                arrival.login = m.unbracketed(m.place(equals &+ 1, end))
            } else if m.isText("sasl_method", m.place(name, equals)) {
                arrival.method = m.place(equals &+ 1, end)
            } else if m.isText("orig_queue_id", m.place(name, equals)) {
                arrival.parent = m.place(equals &+ 1, end)
                arrival.continuesParent = true
            }
            place = end
        }
        return arrival
    }

    /// Where a login that starts at `start` ends.
    private static func endOfLogin(_ m: Span<UInt8>, from start: Int) -> Int {
        var end = m.firstIndex(of: UInt8(ascii: ","), from: start, to: m.count)
        while end < m.count {
            if m.has(", sasl_sender=", at: end) || m.has(", orig_queue_id=", at: end)
                || m.has(", orig_client=", at: end)
                || m.has(",,", at: end)
            {
                return end
            }
            end = m.firstIndex(of: UInt8(ascii: ","), from: end &+ 1, to: m.count)
        }
        return trimmed(m, m.place(start, m.count)).upperBound
    }
}

extension LineReading {
    /// A Postfix line that is not relevant.
    @inline(__always)
    static func notRelevant(_ kind: PostfixKind) -> LineReading { .notRelevant(kind.rawValue) }
}

// MARK: - Places

/// `name[address]:port` at `place`, which moves behind it. Name, address and port are missing in places.
@inline(__always)
func clientPlace(_ m: Span<UInt8>, at place: inout Int) -> LoggedClient {
    var client = LoggedClient()
    let open = m.firstIndex(of: UInt8(ascii: "["), from: min(place, m.count), to: m.count)
    let close = m.firstIndex(of: UInt8(ascii: "]"), from: open, to: m.count)
    guard close < m.count else { return client }
    client.name = m.place(place, open)
    if !m.isText("unknown", m.place(open &+ 1, close)) { client.address = m.place(open &+ 1, close) }
    place = close &+ 1
    if place < m.count, m[place] == UInt8(ascii: ":") {
        let end = m.endOfDigits(from: place &+ 1)
        if let port = m.number(place &+ 1..<end) {
            client.port = UInt16(exactly: port) ?? 0
            place = end
        }
    }
    return client
}

/// `<address>` at `start`, brackets included; up to the comma where there are none.
@inline(__always)
func address(_ m: Span<UInt8>, from start: Int) -> Range<Int> {
    guard start < m.count, m[start] == UInt8(ascii: "<") else {
        return m.place(start, m.firstIndex(of: UInt8(ascii: ","), from: min(start, m.count), to: m.count))
    }
    var place = start &+ 1
    while true {
        place = m.firstIndex(of: UInt8(ascii: ">"), from: place, to: m.count)
        guard place < m.count else { return m.place(start, m.count) }
        place &+= 1
        // `>` may stand in a quoted local part: the address ends before a comma, a space or the end.
        if place == m.count || m[place] == UInt8(ascii: ",") || m[place] == 32 || m[place] == UInt8(ascii: ")") {
            return m.place(start, place)
        }
    }
}

/// Where the word at `start` ends: at a space, a comma or the end.
@inline(__always)
func endOfWord(_ m: Span<UInt8>, from start: Int) -> Int {
    var place = start
    while place < m.count, m[place] != 32, m[place] != UInt8(ascii: ",") { place &+= 1 }
    return place
}

/// A range without commas, quotes and white space at its end, which some tools append to every line.
@inline(__always)
func trimmed(_ m: Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
    var end = range.upperBound
    while end > range.lowerBound {
        let byte = m[end &- 1]
        guard byte == UInt8(ascii: ",") || byte <= 32 else { break }
        end &-= 1
    }
    return m.place(range.lowerBound, end)
}
