// Macros: what the mail server knows beyond the SMTP dialogue, sent in a `D` frame before the command it belongs to.
//
//     D  R  {rcpt_mailer}\0 error\0 {rcpt_host}\0 5.1.1\0      the next RCPT was refused as unknown
//
// Which come, and when, is the server's configuration unless the filter names them (`SMFIF_SETSYMLIST`); then Postfix sends
// those and no others. `{auth_authen}` never comes at RCPT, and the queue id `i` exists in Postfix only from DATA on.

import MailTypes

/// One macro: its name as sent, with braces around a long one, and its value.
public struct MilterMacro: Hashable, Sendable {
    /// `i`, `{auth_authen}`.
    public var name: MilterString
    /// The value; may be empty.
    public var value: MilterString

    /// A macro.
    public init(_ name: MilterString, _ value: MilterString) {
        self.name = name
        self.value = value
    }

    /// The stages at which macros come, by their numbers in a negotiation (mfapi.h `SMFIM_…`).
    public enum Stage: UInt32, Sendable, CaseIterable {
        /// The connection.
        case connect = 0
        /// HELO or EHLO.
        case helo = 1
        /// MAIL.
        case mail = 2
        /// RCPT.
        case recipient = 3
        /// DATA.
        case data = 4
        /// The end of the message.
        case endOfMessage = 5
        /// The end of the headers.
        case endOfHeaders = 6
    }

    /// What we ask for. Naming any stage silences the others in Postfix, so the list is whole.
    static let wanted: [MilterNegotiation.MacroList] = [
        list(.connect, "j {daemon_name} {client_addr} {client_port} {daemon_port} v"),
        list(.helo, "{tls_version}"),
        list(.mail, "i {auth_authen} {auth_type} {tls_version} {client_addr} {client_port}"),
        list(.recipient, "{rcpt_mailer} {rcpt_host} {rcpt_addr} i"),
        list(.data, "i {auth_authen}"),
        list(.endOfMessage, "i {auth_authen}"),
    ]

    /// One stage's list.
    private static func list(_ stage: Stage, _ names: MilterString) -> MilterNegotiation.MacroList {
        MilterNegotiation.MacroList(stage: stage.rawValue, names: names)
    }
}

/// The macros of one `D` frame that mean something to us; the rest is passed over without being kept.
struct MilterMacroValues: Sendable {
    /// `{auth_authen}`: the SASL login; nil where the frame has none.
    var login: String?
    /// `i`: the queue id; nil where the frame has none.
    var queueID: String?
    /// `{tls_version}`: true where it has a value.
    var isEncrypted = false
    /// `{client_addr}`.
    var client: NetworkAddress?
    /// `{client_port}`; 0 where unknown.
    var clientPort: UInt16 = 0
    /// True where `{rcpt_mailer}` is `error`: the server refused the recipient.
    var isRefused = false
    /// `{rcpt_host}` where it is an enhanced status: why.
    var refusal: EnhancedStatus?

    /// Longest login kept, in bytes.
    static let loginBytesMax = 256
    /// Longest queue id kept, in bytes; Postfix's long ids have under 20.
    static let queueIDBytesMax = 64

    /// No macros.
    init() {}

    /// Parses the payload of a `D` frame behind its first byte.
    init(parsing payload: Span<UInt8>) throws(DoorError) {
        var place = 1
        while place < payload.count {
            let name = try payload.stringRange(at: &place)
            guard place < payload.count else {
                throw DoorError(.badField, found: "a macro without a value", expected: "names and values in pairs")
            }
            take(payload.extracting(unbraced(payload, name)), payload.extracting(try payload.stringRange(at: &place)))
        }
    }

    /// A name without its braces: some servers leave them out.
    private func unbraced(_ payload: Span<UInt8>, _ name: Range<Int>) -> Range<Int> {
        guard name.count > 2, payload[name.lowerBound] == UInt8(ascii: "{"),
            payload[name.upperBound - 1] == UInt8(ascii: "}")
        else { return name }
        return name.lowerBound + 1..<name.upperBound - 1
    }

    /// Keeps one macro where it is wanted.
    private mutating func take(_ name: Span<UInt8>, _ value: Span<UInt8>) {
        if name.isEqual("i") {
            queueID = plainText(value, bytesMax: MilterMacroValues.queueIDBytesMax)
        } else if name.isEqual("auth_authen") {
            login = plainText(value, bytesMax: MilterMacroValues.loginBytesMax)
        } else if name.isEqual("rcpt_mailer") {
            isRefused = value.isEqual("error")
        } else if name.isEqual("rcpt_host") {
            refusal = EnhancedStatus(plainText(value, bytesMax: 11)).flatMap { $0.class == 2 ? nil : $0 }
        } else if name.isEqual("tls_version") {
            isEncrypted = !value.isEmpty
        } else if name.isEqual("client_addr") {
            client = NetworkAddress(utf8: value)
        } else if name.isEqual("client_port") {
            clientPort = UInt16(plainText(value, bytesMax: 6)) ?? 0
        }
    }
}
