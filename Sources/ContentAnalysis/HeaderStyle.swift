// Which program wrote a message, as its header shows without being asked.

import MailTypes

/// The style of a header: the order and the spelling of the fields that every message of a mail program has, and the
/// program's name without its version.
///
/// A stolen login nearly always writes with another program than its owner. Innocent changes: a new program or a second
/// device; the program's updates change the order once in some years. Left out are fields that servers add (`Received`,
/// `Return-Path`, `DKIM-Signature`, `Authentication-Results`, most of `X-`) and those that come and go with the message
/// (`Cc`, `Reply-To`, `In-Reply-To`).
public enum HeaderStyle {
    /// Fewest known fields of a header that has a style.
    static let fieldsMin = 3
    /// Most fields that are looked at.
    static let fieldsMax = 200

    /// Fields that a mail program writes into every message (RFC 5322 §3.6, RFC 2045, and names in use).
    private static let chosen: Set<String> = [
        "from", "to", "subject", "date", "message-id", "mime-version", "content-type", "content-transfer-encoding",
        "content-language", "accept-language", "user-agent", "x-mailer", "x-mimeole", "x-priority", "x-msmail-priority",
        "thread-index", "thread-topic", "x-universally-unique-identifier", "x-uniform-type-identifier",
        "x-ms-has-attach", "x-php-originating-script",
    ]

    /// The keyed hash of a header's style; nil where fewer than `fieldsMin` of its fields are known.
    public static func style(of fields: [Content.Field], key: KeyedHash) -> UInt64? {
        var text: [UInt8] = []
        var known = 0
        for field in fields.prefix(fieldsMax) {
            let name = field.name.lowercased()
            guard chosen.contains(name) else { continue }
            known += 1
            text += field.name.utf8
            text.append(UInt8(ascii: ":"))
            if name == "user-agent" || name == "x-mailer" { text += product(field.body) }
            text.append(UInt8(ascii: "\n"))
        }
        return known < fieldsMin ? nil : key.hash(text)
    }

    /// A program's name without versions: its words of two letters or more, small, that touch no digit; at most 64 bytes.
    static func product(_ body: String) -> [UInt8] {
        var words: [UInt8] = []
        for token in Array(body.utf8.prefix(256)).split(whereSeparator: { !isLetter($0) && !isDigit($0) }) {
            guard token.count >= 2, token.allSatisfy(isLetter), words.count + token.count < 64 else { continue }
            if !words.isEmpty { words.append(UInt8(ascii: " ")) }
            words += token.map { $0 | 0x20 }
        }
        return words
    }

    /// Letters of ASCII.
    private static func isLetter(_ byte: UInt8) -> Bool { byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A }

    /// Digits.
    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
}
