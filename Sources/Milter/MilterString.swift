// A string of the milter protocol: bytes ended by a NUL, in no stated character set.

import MailTypes

/// The bytes of one string, its NUL left out.
public struct MilterString: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// The bytes; never a NUL among them, because it would end the string on the wire.
    public let bytes: [UInt8]

    /// A string of some bytes; NULs are left out.
    public init(bytes: [UInt8]) { self.bytes = bytes.contains(0) ? bytes.filter { $0 != 0 } : bytes }

    /// A string of some text; NULs are left out.
    public init(_ text: String) { self.init(bytes: Array(text.utf8)) }

    /// A string literal.
    public init(stringLiteral text: String) { self.init(text) }

    /// The text, made safe to print.
    public var description: String { plainText(bytes.span, bytesMax: 512) }

    /// Appends the bytes and the NUL.
    func compose(into payload: inout [UInt8]) {
        payload.append(contentsOf: bytes)
        payload.append(0)
    }
}

// MARK: - Reading

extension Span where Element == UInt8 {
    /// Where the string at `place` stands, without its NUL; `place` moves behind the NUL.
    func stringRange(at place: inout Int) throws(DoorError) -> Range<Int> {
        let first = place
        var end = first
        while end < count, self[end] != 0 { end += 1 }
        guard end < count else {
            throw DoorError(.badField, found: "a string without its NUL", expected: "a NUL before the frame ends")
        }
        place = end + 1
        return first..<end
    }

    /// The string at `place`, which moves behind its NUL.
    func string(at place: inout Int) throws(DoorError) -> MilterString {
        MilterString(bytes: copy(try stringRange(at: &place)))
    }

    /// All strings from `place` to the end.
    func strings(at place: inout Int) throws(DoorError) -> [MilterString] {
        var strings: [MilterString] = []
        while place < count { strings.append(try string(at: &place)) }
        return strings
    }

    /// 32 bits, big-endian.
    func number32(at place: inout Int) throws(DoorError) -> UInt32 {
        guard count - place >= 4 else {
            throw DoorError(.badLength, found: "\(count - place) bytes", expected: "a number of 4 bytes")
        }
        defer { place += 4 }
        return UInt32(self[place]) << 24 | UInt32(self[place + 1]) << 16 | UInt32(self[place + 2]) << 8
            | UInt32(self[place + 3])
    }

    /// 16 bits, big-endian.
    func number16(at place: inout Int) throws(DoorError) -> UInt16 {
        guard count - place >= 2 else {
            throw DoorError(.badLength, found: "\(count - place) bytes", expected: "a number of 2 bytes")
        }
        defer { place += 2 }
        return UInt16(self[place]) << 8 | UInt16(self[place + 1])
    }

    /// Throws unless `place` is at the end of the payload.
    func end(at place: Int) throws(DoorError) {
        guard place == count else {
            throw DoorError(.badLength, found: "\(count - place) bytes too many", expected: "the end of the frame")
        }
    }

    /// The bytes of a range.
    func copy(_ range: Range<Int>) -> [UInt8] {
        [UInt8](capacity: range.count) { output in
            for index in range { output.append(self[index]) }
        }
    }

    /// True for exactly these bytes.
    func isEqual(_ text: String) -> Bool { matches(text.utf8Span.span) { $0 } }

    /// True for this text, which is in lower case, in any ASCII letter case.
    func isEqualIgnoringCase(_ text: Span<UInt8>) -> Bool { matches(text) { $0 >= 65 && $0 <= 90 ? $0 | 0x20 : $0 } }

    /// True where each byte, folded, is the text's.
    private func matches(_ text: Span<UInt8>, _ fold: (UInt8) -> UInt8) -> Bool {
        guard count == text.count else { return false }
        for index in 0..<count where fold(self[index]) != text[index] { return false }
        return true
    }
}

extension [UInt8] {
    /// Appends 32 bits, big-endian.
    mutating func appendNumber(_ number: UInt32) {
        for shift: UInt32 in [24, 16, 8, 0] { append(UInt8(truncatingIfNeeded: number >> shift)) }
    }

    /// Appends 16 bits, big-endian.
    mutating func appendNumber(_ number: UInt16) {
        append(UInt8(truncatingIfNeeded: number >> 8))
        append(UInt8(truncatingIfNeeded: number))
    }
}

// MARK: - Text of a peer is hostile

/// Bytes of a peer as text that can't break a log line, a page or a protocol line: at most `bytesMax` of them, control
/// characters (C0, DEL, C1) as `?`, what is not UTF-8 repaired.
func plainText(_ bytes: Span<UInt8>, bytesMax: Int) -> String {
    let count = min(bytes.count, bytesMax)
    var clean: [UInt8] = []
    clean.reserveCapacity(count)
    var place = 0
    while place < count {
        let byte = bytes[place]
        let isC1 = byte == 0xC2 && place + 1 < count && (0x80...0x9F).contains(bytes[place + 1])
        clean.append(byte < 32 || byte == 127 || isC1 ? UInt8(ascii: "?") : byte)
        place += isC1 ? 2 : 1
    }
    return String(decoding: clean, as: UTF8.self)
}

/// A command or reply byte for a message: `'R'`, or `0x07`.
func printed(_ letter: UInt8) -> String {
    letter > 32 && letter < 127 ? "'\(Character(UnicodeScalar(letter)))'" : "0x\(String(letter, radix: 16))"
}
