// The name by which a subscriber is found again: a login in lower case, a name from a file, or an address literal.

import MailTypes
import WeirEngine

/// Brings names from files into the form in which the engine looks them up, so that `Ann@Example.net` in a file is the
/// `ann@example.net` who logs in.
struct SubscriberName {
    /// What separates a plus-address from the login; empty for none.
    let plusSeparator: String
    /// IPv6 clients without a login are counted by this prefix.
    let ipv6PrefixLength: Int

    /// Why a name can't be used.
    struct Trouble: Error, Equatable {
        /// What is expected instead.
        var expected: String
        /// What to do.
        var remedy: String
    }

    /// The longest name, in bytes, as the engine cuts longer logins.
    static let bytesMax = 256

    /// A name in the engine's form.
    func normalised(_ text: String) throws(Trouble) -> String {
        guard !text.isEmpty, text.utf8.count <= SubscriberName.bytesMax else {
            throw Trouble(
                expected: "a subscriber's name of 1 to \(SubscriberName.bytesMax) bytes", remedy: "Correct the name.")
        }
        if text.utf8.first == UInt8(ascii: "[") { return try addressLiteral(text) }
        let separator = plusSeparator.utf8.first
        var hasCapitals = false
        var firstSeparator: Int?
        var lastAt: Int?
        for (index, byte) in text.utf8.enumerated() {
            if byte >= 65 && byte <= 90 { hasCapitals = true }
            if byte == separator, firstSeparator == nil { firstSeparator = index }
            if byte == UInt8(ascii: "@") { lastAt = index }
        }
        if let firstSeparator, firstSeparator > 0, firstSeparator < lastAt ?? .max {
            throw Trouble(
                expected: "a name without a '\(plusSeparator)' part: plus-addresses make no second identity",
                remedy: "Remove the part behind '\(plusSeparator)', or set identity.plus_separator to \"\".")
        }
        guard hasCapitals else { return text }
        return String(decoding: text.utf8.map { $0 >= 65 && $0 <= 90 ? $0 | 0x20 : $0 }, as: UTF8.self)
    }

    /// A client address that is its own subscriber: `[192.0.2.1]`, `[IPv6:2001:db8::/64]`.
    private func addressLiteral(_ text: String) throws(Trouble) -> String {
        let suffix = ipv6PrefixLength == 128 ? "" : "/\(ipv6PrefixLength)"
        let trouble = Trouble(
            expected: "an address literal such as [192.0.2.1] or [IPv6:2001:db8::\(suffix)]",
            remedy: "Write the address as `weir subscriber list` shows it; IPv6 is counted by /\(ipv6PrefixLength).")
        guard text.hasSuffix("]") else { throw trouble }
        let parts = text.dropFirst().dropLast().split(separator: "/", omittingEmptySubsequences: false)
        guard let address = parts.first.flatMap({ NetworkAddress(String($0)) }) else { throw trouble }
        if address.isIPv4 {
            guard parts.count == 1 else { throw trouble }
            return "[\(address)]"
        }
        let length = parts.count == 1 ? 128 : parts.count == 2 ? Quantity.digits(parts[1]) : nil
        guard length == Int64(ipv6PrefixLength), address.masked(to: ipv6PrefixLength) == address else { throw trouble }
        return "[IPv6:\(address)\(suffix)]"
    }
}
