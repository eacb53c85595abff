// What Postfix is answered: `action=…` and a blank line (SMTPD_POLICY_README, access(5)).
//
// | verdict | action | what Postfix does |
// |---|---|---|
// | accept | `DUNNO` | goes on with the next restriction; never `OK`, which would end the list and may permit relaying |
// | prepend | `PREPEND Name: value` | adds the field, goes on; a text that is no header field becomes `DUNNO` |
// | hold | `HOLD text` | queues all recipients of the message on hold |
// | defer | `450 4.7.1 text` | refuses for now, with the reply's own code and status |
// | reject | `550 5.7.1 text` | refuses |
// | discard | `DISCARD text` | says 250 and drops the message |

import MailTypes

/// The answer to a request, both ways: a verdict as bytes, and bytes as a verdict.
public enum PolicyReply {
    /// Longest answer, its blank line included.
    public static let replyBytesMax = 2048
    /// Longest text behind a verb, in octets; a header field stays below the 998 of RFC 5322 §2.1.1.
    public static let textBytesMax = 900

    /// The answer to nearly every request.
    public static let dunno = Array("action=DUNNO\n\n".utf8)

    /// The answer that says a verdict. No text can break the line: what is not printable ASCII becomes `?`.
    public static func compose(_ verdict: Verdict) -> [UInt8] {
        switch verdict {
        case .accept: dunno
        case .prepend(let field): isField(field) ? line("PREPEND", field) : dunno
        case .hold(let text): line("HOLD", text)
        case .defer(let reply): line(codes(reply, class: 4), reply.text)
        case .reject(let reply): line(codes(reply, class: 5), reply.text)
        case .discard(let text): line("DISCARD", text)
        }
    }

    /// `action=`, a verb, a clean text and the blank line.
    private static func line(_ verb: String, _ text: String) -> [UInt8] {
        var bytes = Array("action=\(verb)".utf8)
        if !text.isEmpty { bytes.append(UInt8(ascii: " ")) }
        for byte in text.utf8.prefix(textBytesMax) { bytes.append(byte >= 32 && byte < 127 ? byte : UInt8(ascii: "?")) }
        bytes.append(contentsOf: [10, 10])
        return bytes
    }

    /// `450 4.7.1`: code and status, put right where they contradict the verdict. A defer that said 550 would lose mail.
    private static func codes(_ reply: Reply, class: UInt8) -> String {
        let code = reply.code / 100 == UInt16(`class`) ? reply.code : UInt16(`class`) * 100 + 50
        return "\(code) \(EnhancedStatus(`class`, min(reply.status.subject, 999), min(reply.status.detail, 999)))"
    }

    /// True for `Name: value` (RFC 5322 §2.2): anything else in a PREPEND makes Postfix log an error for every message.
    private static func isField(_ text: String) -> Bool {
        let name = text.utf8.prefix { $0 > 32 && $0 < 127 && $0 != UInt8(ascii: ":") }
        return !name.isEmpty && text.utf8.dropFirst(name.count).first == UInt8(ascii: ":")
    }
}

// MARK: - The client's side

extension PolicyReply {
    /// The verdict that an answer says, without its blank line. Throws `badField` for an action outside the table.
    public static func parse(_ answer: String) throws(DoorError) -> Verdict {
        let name = "action="
        guard answer.hasPrefix(name) else { throw DoorError(.notThisProtocol, found: answer, expected: "action=…") }
        let action = answer.dropFirst(name.utf8.count)
        let parts = action.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let text = parts.count > 1 ? parts[1] : ""
        switch parts[0].uppercased() {
        case "DUNNO": return .accept
        case "PREPEND": return .prepend(text)
        case "HOLD": return .hold(text)
        case "DISCARD": return .discard(text)
        default:
            guard let code = UInt16(parts[0]), code >= 400, code <= 599 else {
                throw DoorError(.badField, found: String(action), expected: "an action that Weir says")
            }
            return refusal(code, text)
        }
    }

    /// A refusal from its code and the rest of the line; without an enhanced status it is 4.7.1 or 5.7.1.
    private static func refusal(_ code: UInt16, _ rest: String) -> Verdict {
        let parts = rest.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let status = parts.isEmpty ? nil : EnhancedStatus(parts[0])
        let text = status == nil ? rest : parts.count > 1 ? parts[1] : ""
        let reply = Reply(code: code, status: status ?? EnhancedStatus(UInt8(code / 100), 7, 1), text: text)
        return code < 500 ? .defer(reply) : .reject(reply)
    }
}
