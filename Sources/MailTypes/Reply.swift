// What an SMTP client is told.

/// An enhanced mail system status code (RFC 3463 §2): `5.7.1`.
public struct EnhancedStatus: Hashable, Sendable, CustomStringConvertible {
    /// 2, 4 or 5.
    public var `class`: UInt8
    /// 0 … 999.
    public var subject: UInt16
    /// 0 … 999.
    public var detail: UInt16

    /// A code from its three numbers.
    public init(_ class: UInt8, _ subject: UInt16, _ detail: UInt16) {
        self.class = `class`
        self.subject = subject
        self.detail = detail
    }

    /// Parses `5.1.1`; nil for anything else.
    public init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        // `UInt8("+5")` is 5: signs are refused here.
        guard parts.count == 3, parts.allSatisfy({ $0.utf8.allSatisfy { $0 >= 48 && $0 <= 57 } }),
            let first = UInt8(parts[0]), [2, 4, 5].contains(first), let subject = UInt16(parts[1]),
            subject <= 999, let detail = UInt16(parts[2]), detail <= 999
        else { return nil }
        self.init(first, subject, detail)
    }

    /// `5.7.1`.
    public var description: String { "\(self.class).\(subject).\(detail)" }

    /// True for a mailbox or system that does not exist: 5.1.1, 5.1.2, 5.1.10 (RFC 3463 §3.2, RFC 7505 §4.2).
    public var saysRecipientIsDead: Bool {
        self.class == 5 && subject == 1 && (detail == 1 || detail == 2 || detail == 10)
    }
}

/// A reply: code, enhanced status code and text (RFC 5321 §4.2, RFC 3463, RFC 5248).
public struct Reply: Hashable, Sendable, CustomStringConvertible {
    /// Three digits: 4xx or 5xx where Weir refuses.
    public var code: UInt16
    /// The enhanced status code.
    public var status: EnhancedStatus
    /// One line of printable ASCII.
    public var text: String

    /// Longest text, in octets: with code and status it stays under the 512 octets of RFC 5321 §4.5.3.1.5.
    public static let textBytesMax = 400

    /// A reply. Anything in `text` that is not printable ASCII becomes `?`, and it is cut at `textBytesMax`, so that no
    /// peer's words can break a protocol line.
    public init(code: UInt16, status: EnhancedStatus, text: String) {
        self.code = code
        self.status = status
        var clean: [UInt8] = []
        clean.reserveCapacity(min(text.utf8.count, Reply.textBytesMax))
        for byte in text.utf8.prefix(Reply.textBytesMax) {
            clean.append(byte >= 32 && byte < 127 ? byte : UInt8(ascii: "?"))
        }
        self.text = String(decoding: clean, as: UTF8.self)
    }

    /// `451 4.7.1 text`.
    public var description: String { "\(code) \(status) \(text)" }
}
