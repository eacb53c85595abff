// A header field that names the subscriber, written by a relay that is trusted to do so.

import MailTypes

/// Which header field names the subscriber, and where in it.
///
/// The pattern is literal text around one `{subscriber}`: `X-Auth: id={subscriber};`. No regular expression: hostile header
/// fields meet this on every message, and this search is linear.
public struct HeaderRule: Hashable, Sendable {
    /// The field's name, compared without regard to case.
    public var field: String
    /// What stands before the subscriber's name; empty for the start of the field.
    public var before: String
    /// What ends it; empty for the end of the field.
    public var after: String

    /// The longest name taken from a header, in bytes.
    public static let subscriberBytesMax = 256

    /// A rule from a field name and a pattern with exactly one `{subscriber}`; nil where the pattern is not of that form.
    public init?(field: String, pattern: String) {
        let parts = pattern.components(separatedBy: "{subscriber}")
        guard parts.count == 2, !field.isEmpty else { return nil }
        self.init(field: field, before: parts[0], after: parts[1])
    }

    /// A rule from its parts.
    init(field: String, before: String, after: String) {
        self.field = field
        self.before = before
        self.after = after
    }

    /// The pattern as written in the configuration.
    public var pattern: String { "\(before){subscriber}\(after)" }

    /// The subscriber named by some fields; nil where none is. With several fields of that name the last one alone counts,
    /// matching or not: relays add theirs below what the client sent, and a client can only forge above it.
    public func subscriber(in fields: [Content.Field]) -> String? {
        fields.last { equalIgnoringCase($0.name, field) }.flatMap { extract(from: $0.body) }
    }

    /// The part of a field body between `before` and `after`.
    private func extract(from body: String) -> String? {
        let bytes = Array(body.utf8)
        guard let start = find(Array(before.utf8), in: bytes, from: 0) else { return nil }
        let first = start + before.utf8.count
        let end = after.isEmpty ? bytes.count : find(Array(after.utf8), in: bytes, from: first)
        guard let end, end > first, end - first <= HeaderRule.subscriberBytesMax else { return nil }
        let name = trimmed(bytes[first..<end])
        return name.isEmpty ? nil : String(decoding: name, as: UTF8.self)
    }
}

/// The index at which a needle begins, nil where it is not there. Needles come from the configuration and are short.
private func find(_ needle: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
    guard !needle.isEmpty else { return start }
    guard bytes.count >= start + needle.count else { return nil }
    for candidate in start...(bytes.count - needle.count)
    where bytes[candidate] == needle[0] && bytes[candidate..<candidate + needle.count].elementsEqual(needle) {
        return candidate
    }
    return nil
}

/// The bytes without blanks at either end.
private func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var rest = bytes
    while let first = rest.first, first == 32 || first == 9 { rest = rest.dropFirst() }
    while let last = rest.last, last == 32 || last == 9 || last == 13 || last == 10 { rest = rest.dropLast() }
    return rest
}

/// True where two ASCII strings differ in case alone.
func equalIgnoringCase(_ a: String, _ b: String) -> Bool {
    a.utf8.count == b.utf8.count && zip(a.utf8, b.utf8).allSatisfy { lowered($0) == lowered($1) }
}

/// An ASCII letter in lower case, anything else as it is.
@inline(__always) func lowered(_ byte: UInt8) -> UInt8 { byte >= 65 && byte <= 90 ? byte | 0x20 : byte }

extension String {
    /// The parts between occurrences of a separator.
    fileprivate func components(separatedBy separator: String) -> [String] {
        let bytes = Array(utf8)
        let needle = Array(separator.utf8)
        var parts: [String] = []
        var start = 0
        while let next = find(needle, in: bytes, from: start) {
            parts.append(String(decoding: bytes[start..<next], as: UTF8.self))
            start = next + needle.count
        }
        parts.append(String(decoding: bytes[start...], as: UTF8.self))
        return parts
    }
}
