// Whose words a message carries, as its header and reverse-path say.

import MailTypes

/// Tells forwarded, list and automatic mail from a sender's own.
///
/// All of it can be written by whoever sends the message, so it is a claim: it may explain what is strange about honest mail,
/// and must never excuse by itself. The reverse-path comes first, since it speaks of this hop.
public enum HandlingRules {
    /// Whose words a message carries. `ownDomains` are the domains whose authors are the subscribers', where that is known.
    public static func handling(
        fields: [Content.Field], reversePath: String?, ownDomains: [String] = []
    ) -> Content.Handling {
        if let reversePath, isRewritten(reversePath) { return .forwarded }
        let names = fields.map { $0.name.lowercased() }
        if names.contains(where: { $0.hasPrefix("resent-") }) { return .forwarded }
        if isList(fields, names) { return .list }
        if isAutomatic(fields, names, reversePath) { return .automatic }
        return isPassedOn(fields, names, ownDomains) ? .forwarded : .own
    }

    /// True for a reverse-path rewritten by a forwarder: `SRS0=` or `SRS1=`, in any case, with the separators that the Sender
    /// Rewriting Scheme allows. `prvs=` (BATV) is a sender's own.
    static func isRewritten(_ path: String) -> Bool {
        let first = Array(path.utf8.prefix(5))
        guard first.count == 5 else { return false }
        let isName = first[0] | 0x20 == 0x73 && first[1] | 0x20 == 0x72 && first[2] | 0x20 == 0x73
        return isName && (first[3] == 0x30 || first[3] == 0x31) && [0x3D, 0x2B, 0x2D].contains(first[4])
    }

    /// A mailing list's: `List-Id` (RFC 2919), `List-Post` (RFC 2369) other than NO, `Precedence: list`.
    private static func isList(_ fields: [Content.Field], _ names: [String]) -> Bool {
        for (field, name) in zip(fields, names) {
            switch name {
            case "list-id": return true
            case "list-post": if word(field.body) != "no" { return true }
            case "precedence": if word(field.body) == "list" { return true }
            default: break
            }
        }
        return false
    }

    /// A program's answer: `Auto-Submitted` other than `no` (RFC 3834 §5), or a report (RFC 6522) with the null reverse-path.
    private static func isAutomatic(_ fields: [Content.Field], _ names: [String], _ reversePath: String?) -> Bool {
        for (field, name) in zip(fields, names) {
            switch name {
            case "auto-submitted": if word(field.body) != "no" { return true }
            case "content-type":
                let isNull = reversePath == "" || reversePath == "<>"
                if isNull, word(field.body) == "multipart/report" { return true }
            default: break
            }
        }
        return false
    }

    /// An author of a foreign domain whose message was delivered somewhere before: it carries a field that only a receiving
    /// server adds. A foreign author alone is what a bot writes.
    private static func isPassedOn(_ fields: [Content.Field], _ names: [String], _ ownDomains: [String]) -> Bool {
        guard !ownDomains.isEmpty, let from = names.firstIndex(of: "from"),
            let domain = domain(ofAuthor: fields[from].body)
        else { return false }
        let isOwn = ownDomains.contains {
            let own = $0.lowercased()
            return domain == own || domain.hasSuffix("." + own)
        }
        return !isOwn && names.contains { deliveredNames.contains($0) }
    }

    /// Fields that a receiving server or a forwarder adds: RFC 8601, RFC 8617, and names in use.
    private static let deliveredNames: Set<String> = [
        "delivered-to", "x-forwarded-to", "x-forwarded-for", "authentication-results", "arc-seal",
    ]

    /// The domain of the last address in a `From` field, small letters; nil where there is none.
    static func domain(ofAuthor body: String) -> String? {
        guard let at = body.utf8.lastIndex(of: UInt8(ascii: "@")) else { return nil }
        let rest = body.utf8[body.utf8.index(after: at)...]
        let domain = rest.prefix { $0 > 0x20 && $0 != 0x3E && $0 != 0x2C && $0 != 0x28 && $0 != 0x3B && $0 != 0x29 }
        return domain.isEmpty ? nil : String(decoding: domain, as: UTF8.self).lowercased()
    }

    /// The first word of a body, small letters, up to white space, a semicolon or a comment.
    private static func word(_ body: String) -> String {
        let start = body.utf8.drop { $0 <= 0x20 }
        return String(decoding: start.prefix { $0 > 0x20 && $0 != 0x3B && $0 != 0x28 }, as: UTF8.self).lowercased()
    }
}
