// The one table from our verdicts to the milter protocol.
//
//                 at DATA             at the end of the message
//     accept      c                   c
//     prepend     c                   i, c       where header fields may be added, else c
//     hold        c                   q, c       where the server can quarantine, else c: it passes, never refused
//     defer       y 4xx, else t       y 4xx, else t
//     reject      y 5xx, else r       y 5xx, else r
//     discard     c                   d
//
// - Local submission (the sendmail binary): DATA is always answered `c`. Postfix's cleanup leaves a message that is refused
//   earlier than its end in the queue, where it is tried again and again.
// - `c` and never `a` means accept. At DATA an `a` would end the message for us, and its end, with its size, would never be
//   seen; at the end both say the same, and one letter for one meaning is easier to read in a trace.
// - What changes a message (`i`, `q`) is taken only at its end, and a verdict must follow it. The engine answers the
//   question at the end as it answered the one at DATA, so a hold or discard said at DATA takes effect there.
// - Discard at DATA would end the message without an end too, and could not be told from an abort.

import MailTypes

/// Verdict × stage → replies. Nothing else in the module decides what a verdict looks like.
public enum MilterVerdict {
    /// Longest body of a header field put in front, in bytes: with its name it stays under the 998 of RFC 5322 §2.1.1.
    public static let headerBytesMax = 900

    /// The replies that say a verdict at a stage, the deciding one last. `agreed` is what was negotiated.
    public static func replies(
        to verdict: Verdict, at stage: Stage, isLocalSubmission: Bool, agreed: MilterNegotiation
    ) -> [MilterReply] {
        guard stage == .endOfMessage || !isLocalSubmission else { return [.continue] }
        switch verdict {
        case .accept: return [.continue]
        case .prepend(let field):
            guard stage == .endOfMessage, let insertion = insertion(of: field, agreed: agreed) else {
                return [.continue]
            }
            return [insertion, .continue]
        case .hold(let reason):
            guard stage == .endOfMessage, agreed.actions.contains(.quarantine) else { return [.continue] }
            return [.quarantine(MilterString(line(reason, bytesMax: Reply.textBytesMax))), .continue]
        case .defer(let reply): return [refusal(reply, class: 4) ?? .temporaryFailure]
        case .reject(let reply): return [refusal(reply, class: 5) ?? .reject]
        case .discard: return [stage == .endOfMessage ? .discard : .continue]
        }
    }

    /// A reply of our own; nil where its codes are not of the class, because a server closes on a malformed one.
    private static func refusal(_ reply: Reply, class: UInt8) -> MilterReply? {
        guard reply.code / 100 == UInt16(`class`), reply.status.class == `class` else { return nil }
        var text: [UInt8] = []
        for byte in reply.description.utf8 {
            text.append(byte)
            if byte == UInt8(ascii: "%") { text.append(byte) }
        }
        return .replyCode(MilterString(bytes: text))
    }

    /// `Name: value` as an insertion in front of all fields; nil where it is no field or may not be added.
    private static func insertion(of field: String, agreed: MilterNegotiation) -> MilterReply? {
        guard agreed.actions.contains(.addHeaders), let colon = field.utf8.firstIndex(of: UInt8(ascii: ":")) else {
            return nil
        }
        let name = Array(field.utf8[..<colon])
        guard !name.isEmpty, name.count <= 64, name.allSatisfy({ $0 > 32 && $0 < 127 }) else { return nil }
        let body = field.utf8[colon...].dropFirst().drop { $0 == UInt8(ascii: " ") }
        let space = agreed.steps.contains(.headerSpace) ? " " : ""
        return .insertHeader(
            index: 0, name: MilterString(bytes: name),
            body: MilterString(space + plainText(Array(body).span, bytesMax: headerBytesMax)))
    }

    /// One line of text for the server's log.
    private static func line(_ text: String, bytesMax: Int) -> String {
        plainText(text.utf8Span.span, bytesMax: bytesMax)
    }
}
