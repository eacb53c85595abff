// Exim: its main log and reject log, and the same lines by syslog (Exim spec ch. 53, "Log files").
//
//     1RwtJa-000AFB-07 <= ann@example.net H=pc.example.net (pc) [192.0.2.7]:4711 P=esmtpsa A=plain_login:ann S=810
//       id=1@example.net for bob@example.org
//     1RwtJa-000AFB-07 => bob@example.org R=dnslookup T=remote_smtp H=mx.example.org [192.0.2.25] C="250 ok"
//     1RwtJa-000AFB-07 Completed
//
// A message's lines carry its id and then a flag; a line with an id and no flag is a remark (spec §53.8 lists them). The
// access lists' `logwrite` and `log_message` put any text there, and into lines without an id.

import MailTypes

/// Kinds of Exim lines that tell nothing of sessions, messages and deliveries.
enum EximKind: UInt8, CaseIterable {
    case remark, queueRun, daemon, connection, protocolError, tls, verification, failure, dns, freeText

    /// The kind in words.
    var name: String {
        switch self {
        case .remark: "remark on a message"
        case .queueRun: "queue run"
        case .daemon: "daemon"
        case .connection: "SMTP connection"
        case .protocolError: "client's protocol error"
        case .tls: "TLS detail"
        case .verification: "sender verification"
        case .failure: "panic, failure or warning"
        case .dns: "host name lookup"
        case .freeText: "text of the configuration's own"
        }
    }
}

/// Reads Exim's lines.
public struct EximLog: MailLogParser {
    /// The parser, which has no state.
    public init() {}

    /// The name.
    public var name: String { "Exim" }
    /// Names of the kinds that are not relevant.
    public var kinds: [String] { EximKind.allCases.map(\.name) }
    /// An id is unique on a host.
    public var namesInstances: Bool { false }
    /// `Completed`.
    public var logsRemovals: Bool { true }

    /// Exim has one part: `exim`, `exim4`.
    public func role(of program: Span<UInt8>) -> UInt8? {
        program.isText("exim", 0..<program.count) || program.isText("exim4", 0..<program.count)
            || program.has("exim-", at: 0) ? 0 : nil
    }

    /// Reads a message.
    public func read(_ message: Span<UInt8>, role: UInt8) -> LineReading {
        var start = 0
        // By syslog, Exim's own stamp comes again, unless `syslog_timestamp` is off; and its process id may.
        var stamps = StampParser(zoneSeconds: 0)
        if message.count > 20, message[0] &- 48 <= 9, message[4] == UInt8(ascii: "-") {
            _ = stamps.parse(message, at: &start)
        }
        if start < message.count, message[start] == UInt8(ascii: "[") {
            let end = message.endOfDigits(from: start &+ 1)
            if end > start &+ 1, message.has("] ", at: end) { start = end &+ 2 }
        }
        let idEnd = Self.endOfID(message, from: start)
        guard idEnd > start else { return Self.readWithoutID(message, start) }
        return Self.readFlag(message, message.place(start, idEnd), idEnd &+ 1)
    }

    /// Where the message id at `start` ends, a space behind it; `start` where none stands there. `XXXXXX-XXXXXX-XX`, and
    /// since Exim 4.97 `XXXXXX-XXXXXXXXXXX-XXXX`.
    static func endOfID(_ m: Span<UInt8>, from start: Int) -> Int {
        for (first, second, third) in [(6, 6, 2), (6, 11, 4)] {
            let end = start &+ first &+ second &+ third &+ 2
            guard end < m.count, m[start &+ first] == UInt8(ascii: "-"),
                m[start &+ first &+ 1 &+ second] == UInt8(ascii: "-"), m[end] == 32
            else { continue }
            for place in start..<end where !isAlphanumeric(m[place]) && m[place] != UInt8(ascii: "-") { return start }
            return end
        }
        return start
    }

    /// A letter or digit.
    private static func isAlphanumeric(_ byte: UInt8) -> Bool { byte &- 48 <= 9 || (byte | 0x20) &- 97 <= 25 }

    /// Reads a line of a message: its flag, and what follows.
    private static func readFlag(_ m: Span<UInt8>, _ id: Range<Int>, _ rest: Int) -> LineReading {
        guard rest &+ 2 < m.count else { return .notRelevant(EximKind.remark.rawValue) }
        switch (m[rest], m[rest &+ 1], m[rest &+ 2]) {
        case (UInt8(ascii: "<"), UInt8(ascii: "="), 32): return readArrival(m, id, rest &+ 3)
        case (UInt8(ascii: "="), UInt8(ascii: ">"), 32), (UInt8(ascii: "-"), UInt8(ascii: ">"), 32),
            (UInt8(ascii: ">"), UInt8(ascii: ">"), 32), (UInt8(ascii: "*"), UInt8(ascii: ">"), 32):
            return readAttempt(m, id, rest &+ 3, .delivered)
        case (UInt8(ascii: "*"), UInt8(ascii: "*"), 32): return readAttempt(m, id, rest &+ 3, .failed)
        case (UInt8(ascii: "="), UInt8(ascii: "="), 32): return readAttempt(m, id, rest &+ 3, .deferred)
        default: break
        }
        if m.has("Completed", at: rest) { return .fact(.removed(queueID: id)) }
        if let refusal = readRefusal(m, rest, id: id) { return .fact(.refused(refusal)) }
        return .notRelevant(EximKind.remark.rawValue)
    }

    /// Lines without a message.
    private static func readWithoutID(_ m: Span<UInt8>, _ start: Int) -> LineReading {
        if let failure = readLoginFailure(m, start) { return .fact(.loginFailed(failure)) }
        if m.has("SMTP ", at: start) || m.has("no MAIL in SMTP", at: start) || m.has("unexpected ", at: start)
            || m.has("synchronization error", at: start) || m.has("host in ", at: start)
        {
            let isError =
                m.has("SMTP protocol", at: start) || m.has("SMTP syntax", at: start) || m.has("SMTP call", at: start)
            return .notRelevant(isError ? EximKind.protocolError.rawValue : EximKind.connection.rawValue)
        }
        if m.has("refused connection", at: start) || m.has("no IP address found", at: start)
            || m.has("no host name found", at: start)
        {
            return .notRelevant(m.has("refused", at: start) ? EximKind.connection.rawValue : EximKind.dns.rawValue)
        }
        if m.firstIndex(of: "] dropped by ", from: start, to: m.count) != nil {
            return .notRelevant(EximKind.connection.rawValue)
        }
        if m.has("Start queue run", at: start) || m.has("End queue run", at: start) {
            return .notRelevant(EximKind.queueRun.rawValue)
        }
        if m.has("TLS ", at: start) || m.firstIndex(of: "SSL verify", from: start, to: m.count) != nil {
            return .notRelevant(EximKind.tls.rawValue)
        }
        if m.firstIndex(of: "sender verify ", from: start, to: m.count) != nil,
            m.firstIndex(of: "rejected ", from: start, to: m.count) == nil
        {
            return .notRelevant(EximKind.verification.rawValue)
        }
        if let refusal = readRefusal(m, start, id: 0..<0) { return .fact(.refused(refusal)) }
        if m.has("exim ", at: start) || m.has("pid ", at: start) || m.has("daemon", at: start) {
            return .notRelevant(EximKind.daemon.rawValue)
        }
        if m.has("Warning:", at: start) || m.has("Failed ", at: start) || m.has("failed ", at: start)
            || m.firstIndex(of: "panic", from: start, to: m.count) != nil
            || m.firstIndex(of: "ailed ", from: start, to: m.count) != nil
        {
            return .notRelevant(EximKind.failure.rawValue)
        }
        return .notRelevant(EximKind.freeText.rawValue)
    }
}

// MARK: - Places

extension EximLog {
    /// Where an address at `start` ends: at a space outside quotes.
    static func endOfAddress(_ m: Span<UInt8>, from start: Int) -> Int {
        var place = start
        var isQuoted = false
        while place < m.count {
            if m[place] == UInt8(ascii: "\"") { isQuoted.toggle() }
            if m[place] == 32, !isQuoted { return place }
            place &+= 1
        }
        // An unpaired quote: the next space ends it.
        return isQuoted ? m.firstIndex(of: 32, from: start, to: m.count) : place
    }

    /// `name (helo) [address]:port` at `place`, which moves behind it; every part but the address may be missing. Name and
    /// HELO name are the client's words, so the address is the bracket that no parenthesis encloses.
    static func host(_ m: Span<UInt8>, at place: inout Int) -> (client: LoggedClient, helo: Range<Int>) {
        var client = LoggedClient()
        var helo = 0..<0
        var start = place
        while start < m.count {
            if m[start] == UInt8(ascii: "(") {
                let end = m.firstIndex(of: ") ", from: start, to: m.count) ?? m.count
                helo = m.place(start &+ 1, end)
                start = end &+ 2
            } else if m[start] == UInt8(ascii: "[") {
                let end = m.firstIndex(of: UInt8(ascii: "]"), from: start, to: m.count)
                guard end < m.count else { break }
                client.address = m.place(start &+ 1, end)
                place = end &+ 1
                if place < m.count, m[place] == UInt8(ascii: ":") {
                    let digits = m.endOfDigits(from: place &+ 1)
                    client.port = m.number(place &+ 1..<digits).flatMap { UInt16(exactly: $0) } ?? 0
                    place = max(digits, m.firstIndex(of: 32, from: place, to: m.count))
                }
                break
            } else {
                let end = m.firstIndex(of: 32, from: start, to: m.count)
                // `H=name` without an address: a field with `=` or the end follows.
                if client.name.isEmpty, m.firstIndex(of: UInt8(ascii: "="), from: start, to: end) == end {
                    client.name = m.place(start, end)
                } else {
                    place = start
                    break
                }
                start = end &+ 1
                place = min(start, m.count)
            }
        }
        return (client, helo)
    }

    /// Where the value at `start` ends: behind its closing quote, or at a space.
    static func endOfValue(_ m: Span<UInt8>, from start: Int) -> Int {
        guard start < m.count, m[start] == UInt8(ascii: "\"") else {
            return m.firstIndex(of: 32, from: min(start, m.count), to: m.count)
        }
        var place = start &+ 1
        while place < m.count {
            if m[place] == UInt8(ascii: "\\") {
                place &+= 2
                continue
            }
            if m[place] == UInt8(ascii: "\"") { return place &+ 1 }
            place &+= 1
        }
        return m.count
    }

    /// Where the field or word at `start` ends: `name=value` behind the value, which may be quoted, or at a space.
    static func endOfField(_ m: Span<UInt8>, from start: Int) -> Int {
        var place = start
        while place < m.count, m[place] != 32 {
            place &+= 1
            if m[place &- 1] == UInt8(ascii: "=") { return endOfValue(m, from: place) }
        }
        return place
    }
}
