// Where in the SMTP dialogue a question is asked.

/// The stage of an SMTP transaction, in its order (RFC 5321 §4.1.4; Postfix `protocol_state`).
public enum Stage: UInt8, Sendable, Comparable, CaseIterable, CustomStringConvertible {
    /// The connection was opened.
    case connect = 0
    /// HELO or EHLO.
    case helo
    /// MAIL.
    case mail
    /// RCPT.
    case rcpt
    /// DATA, or the first BDAT.
    case data
    /// The end of the mail data, before it is accepted.
    case endOfMessage

    /// Earlier in the dialogue.
    public static func < (a: Stage, b: Stage) -> Bool { a.rawValue < b.rawValue }

    /// The name as logs print it.
    public var description: String {
        switch self {
        case .connect: "connect"
        case .helo: "helo"
        case .mail: "mail"
        case .rcpt: "rcpt"
        case .data: "data"
        case .endOfMessage: "end-of-message"
        }
    }
}
