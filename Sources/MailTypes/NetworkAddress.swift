// IPv4 and IPv6 addresses and prefixes, one 128-bit number each.

/// A client address. IPv4 is kept as IPv4-mapped IPv6 (RFC 4291 §2.5.5.2), so `::ffff:192.0.2.1` and `192.0.2.1` are equal.
public struct NetworkAddress: Hashable, Sendable {
    /// The upper 64 bits.
    public var high: UInt64
    /// The lower 64 bits.
    public var low: UInt64

    /// An address from its two halves.
    @inlinable public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// An IPv4 address from its 32 bits.
    @inlinable public init(ipv4: UInt32) { self.init(high: 0, low: 0xFFFF_0000_0000 | UInt64(ipv4)) }

    /// True for an IPv4 address, IPv4-mapped IPv6 included.
    @inlinable public var isIPv4: Bool { high == 0 && low >> 32 == 0xFFFF }

    /// True within 127.0.0.0/8 and for ::1.
    @inlinable public var isLoopback: Bool { isIPv4 ? (low >> 24) & 0xFF == 127 : high == 0 && low == 1 }

    /// The first `length` bits of the address, the rest zero. `length` counts from 0 to 32 for IPv4, to 128 for IPv6.
    @inlinable public func masked(to length: Int) -> NetworkAddress {
        let bits = isIPv4 ? length + 96 : length
        if bits >= 128 { return self }
        if bits >= 64 { return NetworkAddress(high: high, low: bits == 64 ? 0 : low & (~0 << UInt64(128 - bits))) }
        return NetworkAddress(high: bits <= 0 ? 0 : high & (~0 << UInt64(64 - bits)), low: 0)
    }
}

// MARK: - Text

extension NetworkAddress {
    /// Parses `192.0.2.1`, `2001:db8::1`, `IPv6:2001:db8::1` (RFC 5321 §4.1.3) and either in brackets; nil for anything else.
    public init?(_ text: String) {
        self.init(utf8: text.utf8Span.span)
    }

    /// Parses the same forms from bytes.
    public init?(utf8 given: Span<UInt8>) {
        var bytes = given
        if bytes.count >= 2, bytes[0] == UInt8(ascii: "["), bytes[bytes.count - 1] == UInt8(ascii: "]") {
            bytes = bytes.extracting(1..<bytes.count - 1)
        }
        var isTagged = false
        if bytes.count > 5, bytes[0] | 0x20 == UInt8(ascii: "i"), bytes[1] | 0x20 == UInt8(ascii: "p"),
            bytes[2] | 0x20 == UInt8(ascii: "v"), bytes[3] == UInt8(ascii: "6"), bytes[4] == UInt8(ascii: ":")
        {
            bytes = bytes.extracting(5..<bytes.count)
            isTagged = true
        }
        if !isTagged, let ipv4 = parseIPv4(bytes) {
            self.init(ipv4: ipv4)
        } else if let (high, low) = parseIPv6(bytes) {
            self.init(high: high, low: low)
        } else {
            return nil
        }
    }
}

extension NetworkAddress: CustomStringConvertible {
    /// Dotted quad, or RFC 5952 text.
    public var description: String {
        if isIPv4 { return "\((low >> 24) & 255).\((low >> 16) & 255).\((low >> 8) & 255).\(low & 255)" }
        let groups = (0..<8).map { UInt16(truncatingIfNeeded: ($0 < 4 ? high : low) >> UInt64(48 - 16 * ($0 & 3))) }
        var best = (start: 0, count: 0)
        var start = 0
        while start < 8 {
            var end = start
            while end < 8, groups[end] == 0 { end += 1 }
            if end - start > best.count { best = (start, end - start) }
            start = end + 1
        }
        func join(_ part: ArraySlice<UInt16>) -> String { part.map { String($0, radix: 16) }.joined(separator: ":") }
        guard best.count >= 2 else { return join(groups[...]) }
        return join(groups[..<best.start]) + "::" + join(groups[(best.start + best.count)...])
    }
}

/// Four decimal octets without leading zeros; nil for anything else.
private func parseIPv4(_ bytes: Span<UInt8>) -> UInt32? {
    guard bytes.count >= 7, bytes.count <= 15 else { return nil }
    var result: UInt32 = 0
    var octet: UInt32 = 0
    var digits = 0
    var dots = 0
    for index in bytes.indices {
        let byte = bytes[index]
        if byte == UInt8(ascii: ".") {
            guard digits > 0, dots < 3 else { return nil }
            result = result << 8 | octet
            octet = 0
            digits = 0
            dots += 1
        } else {
            guard byte >= 48, byte <= 57, digits < 3, !(digits > 0 && octet == 0) else { return nil }
            octet = octet * 10 + UInt32(byte - 48)
            digits += 1
            guard octet <= 255 else { return nil }
        }
    }
    guard dots == 3, digits > 0 else { return nil }
    return result << 8 | octet
}

/// RFC 4291 §2.2 text, one `::` at most, a dotted quad at the end allowed; nil for anything else.
private func parseIPv6(_ bytes: Span<UInt8>) -> (UInt64, UInt64)? {
    guard bytes.count >= 2, bytes.count <= 45 else { return nil }
    var groups = InlineArray<8, UInt16>(repeating: 0)
    var count = 0
    var gap = -1
    var place = 0
    if bytes[0] == UInt8(ascii: ":") {
        guard bytes[1] == UInt8(ascii: ":") else { return nil }
        gap = 0
        place = 2
    }
    while place < bytes.count {
        guard count < 8 else { return nil }
        var end = place
        var value: UInt32 = 0
        while end < bytes.count, let digit = hexDigit(bytes[end]), end - place < 5 {
            value = value << 4 | UInt32(digit)
            end += 1
        }
        if end < bytes.count, bytes[end] == UInt8(ascii: ".") {
            guard count <= 6, let tail = parseIPv4(bytes.extracting(place..<bytes.count)) else { return nil }
            groups[count] = UInt16(tail >> 16)
            groups[count + 1] = UInt16(tail & 0xFFFF)
            count += 2
            place = bytes.count
            break
        }
        guard end > place, end - place <= 4 else { return nil }
        groups[count] = UInt16(value)
        count += 1
        place = end
        if place == bytes.count { break }
        guard bytes[place] == UInt8(ascii: ":") else { return nil }
        place += 1
        guard place < bytes.count else { return nil }
        if bytes[place] == UInt8(ascii: ":") {
            guard gap < 0 else { return nil }
            gap = count
            place += 1
        }
    }
    guard gap >= 0 ? count <= 7 : count == 8 else { return nil }
    var full = InlineArray<8, UInt16>(repeating: 0)
    for index in 0..<count { full[gap >= 0 && index >= gap ? 8 - count + index : index] = groups[index] }
    var high: UInt64 = 0
    var low: UInt64 = 0
    for index in 0..<4 {
        high = high << 16 | UInt64(full[index])
        low = low << 16 | UInt64(full[index + 4])
    }
    return (high, low)
}

/// The value of a hexadecimal digit.
private func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 48...57: byte - 48
    case 65...70: byte - 55
    case 97...102: byte - 87
    default: nil
    }
}
