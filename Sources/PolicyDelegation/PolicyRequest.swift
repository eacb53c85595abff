// What Postfix asks: `name=value` lines in any order, a blank line at the end (SMTPD_POLICY_README).
//
//     request=smtpd_access_policy
//     protocol_state=DATA
//     client_address=192.0.2.1
//     recipient_count=3
//     sasl_username=ann
//     …
//
// A name that is not known here is passed over, so that every Postfix version is understood. A value that is empty is
// not known. Where a name comes twice the last one holds, as in Postfix's own example server; and since Postfix writes
// what a client words freely (HELO name, sender, recipient) before the login, nothing smuggled into those can change
// whose mail it is.

import MailTypes

/// One request, read from bytes that may still be growing. Values are kept as places in those bytes: a question needs
/// three of them as text, and no address.
public struct PolicyRequest: Sendable {
    /// Largest request, its blank line included; beyond it `tooLarge`. Postfix sends about 700 bytes.
    public static let requestBytesMax = 65_536
    /// Longest line without its newline; beyond it `tooLarge`. Postfix takes lines of at most 2,048 octets from an SMTP
    /// client; the names in a client certificate may be longer.
    public static let lineBytesMax = 16_384

    /// Where in the dialogue Postfix asks; nil for a state in which Weir has nothing to say (VRFY, ETRN, unknown ones).
    public private(set) var stage: Stage?
    /// True once `request=smtpd_access_policy` was read.
    public private(set) var isAccessPolicy = false
    /// `client_address`; nil where Postfix says `unknown`, or anything else that is no address.
    public private(set) var client: NetworkAddress?
    /// `client_port`; 0 where unknown.
    public private(set) var clientPort: UInt16 = 0
    /// `recipient_count`: accepted recipients; 0 before DATA.
    public private(set) var recipientCount = 0
    /// `size`: the client's claim before END-OF-MESSAGE, the real number of bytes there.
    public private(set) var size = 0
    /// True where `encryption_protocol` is not empty.
    public private(set) var isEncrypted = false
    /// Where `sasl_username` stands.
    public private(set) var login = 0..<0
    /// Where `helo_name` stands.
    public private(set) var helo = 0..<0
    /// Where `sender` stands; empty for the null reverse-path.
    public private(set) var sender = 0..<0
    /// Where `recipient` stands; empty where Postfix names none.
    public private(set) var recipient = 0..<0
    /// Where `queue_id` stands; empty before Postfix has one.
    public private(set) var queueID = 0..<0
    /// Where `instance` stands.
    public private(set) var instance = 0..<0
    /// Bytes of whole lines read, once `scan` returned; the request's length, its blank line included, once that was true.
    public private(set) var byteCount = 0
    /// Bytes known to hold no newline behind `byteCount`, so that a line which comes in crumbs is searched once.
    private var searched = 0

    /// A request of which nothing was read yet.
    public init() {}

    /// Reads on. `bytes` starts with the request's first byte at every call; lines read before are not read again. True
    /// when the request is complete, with its blank line; what follows that is left alone.
    ///
    /// Throws `tooLarge`, `badField` for a line without `=`, `badNumber`, and `notThisProtocol` for a NUL byte or a
    /// request that is not `smtpd_access_policy`. However the bytes are split, the fault found is the same.
    public mutating func scan(_ bytes: Span<UInt8>) throws(DoorError) -> Bool {
        var ends = LineEnds(from: searched)
        var start = byteCount
        while true {
            let end = ends.next(bytes)
            guard end &- start <= PolicyRequest.lineBytesMax, end < PolicyRequest.requestBytesMax else {
                throw DoorError(
                    .tooLarge, found: "\(end - start) bytes in a line, \(end) in a request",
                    expected: "at most \(PolicyRequest.lineBytesMax) and \(PolicyRequest.requestBytesMax)")
            }
            guard end < bytes.count else {
                byteCount = start
                searched = end
                return false
            }
            guard bytes[end] != 0 else {
                throw DoorError(.notThisProtocol, found: "a NUL byte", expected: "name=value lines")
            }
            guard end > start else {
                guard isAccessPolicy else { throw wrongRequest(bytes, start..<end) }
                byteCount = end &+ 1
                return true
            }
            let equals = endOfName(bytes, start..<end)
            guard equals < end, equals > start else {
                throw DoorError(.badField, found: shortened(bytes, start..<end), expected: "name=value")
            }
            try take(bytes, start..<equals, (equals &+ 1)..<end)
            start = end &+ 1
        }
    }

    /// Takes in one field; names of other lengths are none of ours.
    @inline(__always)
    private mutating func take(_ bytes: Span<UInt8>, _ name: Range<Int>, _ value: Range<Int>) throws(DoorError) {
        switch name.count {
        case 4:
            if matches(bytes, name, "size") { size = try number(bytes, value) }
        case 6:
            if matches(bytes, name, "sender") { sender = value }
        case 7:
            if matches(bytes, name, "request") {
                guard matches(bytes, value, "smtpd_access_policy") else { throw wrongRequest(bytes, value) }
                isAccessPolicy = true
            }
        case 8:
            if matches(bytes, name, "queue_id") {
                queueID = value
            } else if matches(bytes, name, "instance") {
                instance = value
            }
        case 9:
            if matches(bytes, name, "recipient") {
                recipient = value
            } else if matches(bytes, name, "helo_name") {
                helo = value
            }
        case 11:
            if matches(bytes, name, "client_port") { clientPort = try port(bytes, value) }
        case 13:
            if matches(bytes, name, "sasl_username") { login = value }
        case 14:
            if matches(bytes, name, "client_address") {
                client = NetworkAddress(utf8: bytes.extracting(value))
            } else if matches(bytes, name, "protocol_state") {
                stage = PolicyRequest.stage(bytes, value)
            }
        case 15:
            if matches(bytes, name, "recipient_count") { recipientCount = try number(bytes, value) }
        case 19:
            if matches(bytes, name, "encryption_protocol") { isEncrypted = !value.isEmpty }
        default: break
        }
    }

    /// The stage that a `protocol_state` names. BDAT is shown as DATA by Postfix.
    private static func stage(_ bytes: Span<UInt8>, _ value: Range<Int>) -> Stage? {
        if matches(bytes, value, "RCPT") { return .rcpt }
        if matches(bytes, value, "DATA") { return .data }
        if matches(bytes, value, "END-OF-MESSAGE") { return .endOfMessage }
        if matches(bytes, value, "MAIL") { return .mail }
        if matches(bytes, value, "EHLO") || matches(bytes, value, "HELO") { return .helo }
        if matches(bytes, value, "CONNECT") { return .connect }
        return nil
    }
}

// MARK: - Numbers

/// A number in decimal digits, 0 where the value is empty. Throws `badNumber` for a sign, any other byte, or overflow.
@inline(__always)
private func number(_ bytes: Span<UInt8>, _ place: Range<Int>) throws(DoorError) -> Int {
    var value = 0
    for index in place {
        let digit = bytes[index] &- UInt8(ascii: "0")
        let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
        let (sum, carry) = tens.addingReportingOverflow(Int(digit))
        guard digit <= 9, !overflow, !carry else { throw badNumber(bytes, place) }
        value = sum
    }
    return value
}

/// A port, 0 where Postfix says `unknown` or nothing.
private func port(_ bytes: Span<UInt8>, _ place: Range<Int>) throws(DoorError) -> UInt16 {
    if matches(bytes, place, "unknown") { return 0 }
    guard let port = UInt16(exactly: try number(bytes, place)) else { throw badNumber(bytes, place) }
    return port
}

// MARK: - Errors

/// `badNumber`, with what stood there.
@inline(never)
private func badNumber(_ bytes: Span<UInt8>, _ place: Range<Int>) -> DoorError {
    DoorError(.badNumber, found: shortened(bytes, place), expected: "decimal digits within range")
}

/// `notThisProtocol`, with the request's type, or without any.
@inline(never)
private func wrongRequest(_ bytes: Span<UInt8>, _ place: Range<Int>) -> DoorError {
    DoorError(
        .notThisProtocol, found: place.isEmpty ? "no request type" : shortened(bytes, place),
        expected: "request=smtpd_access_policy")
}

/// At most 60 of the peer's bytes for an error's text; what is not printable ASCII becomes `?`.
private func shortened(_ bytes: Span<UInt8>, _ place: Range<Int>) -> String {
    var clean: [UInt8] = []
    for index in place.prefix(60) { clean.append(bytes[index] >= 32 && bytes[index] < 127 ? bytes[index] : 63) }
    return String(decoding: clean, as: UTF8.self)
}
