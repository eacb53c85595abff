// Bytes back to values. A damaged or half-written record is a typed error with its place, never a crash.

/// Reads what `ByteWriter` wrote, in the same order, and checks every length against what is there.
public struct ByteReader: Sendable {
    /// The bytes read from.
    public let bytes: [UInt8]
    /// The next byte's index.
    @usableFromInline var next: Int
    /// The next byte's index.
    @inlinable public var place: Int { next }
    /// One past the last byte that may be read.
    public let end: Int

    /// A reader over the whole of some bytes.
    public init(_ bytes: [UInt8]) { self.init(bytes, 0..<bytes.count) }

    /// A reader over a part of some bytes.
    public init(_ bytes: [UInt8], _ range: Range<Int>) {
        self.bytes = bytes
        next = range.lowerBound
        end = min(range.upperBound, bytes.count)
    }

    /// True when nothing is left.
    @inlinable public var isAtEnd: Bool { place >= end }

    /// Throws `CodecError` at the current place.
    @usableFromInline func fail(_ expected: String) -> CodecError { CodecError(place: place, expected: expected) }

    /// One byte.
    @inlinable public mutating func byte() throws(CodecError) -> UInt8 {
        guard place < end else { throw fail("a byte") }
        defer { next += 1 }
        return bytes[place]
    }

    /// A byte that is 0 or 1.
    @inlinable public mutating func bool() throws(CodecError) -> Bool {
        switch try byte() {
        case 0: return false
        case 1: return true
        default: throw fail("0 or 1")
        }
    }

    /// An unsigned LEB128 number.
    @inlinable public mutating func varint() throws(CodecError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let digit = try byte()
            guard shift < 63 || digit <= 1 else { throw fail("a number of at most 64 bits") }
            value |= UInt64(digit & 0x7F) << shift
            if digit < 0x80 { return value }
            shift += 7
        }
    }

    /// A count of things that take at least `minimumBytes` each, so that a wrong count can't ask for memory.
    @inlinable public mutating func count(minimumBytes: Int = 1) throws(CodecError) -> Int {
        let value = try varint()
        guard value <= UInt64((end - place) / max(1, minimumBytes)) else { throw fail("a count that fits the rest") }
        return Int(value)
    }

    /// A number below a bound.
    @inlinable public mutating func index(below bound: Int) throws(CodecError) -> Int {
        let value = try varint()
        guard value < UInt64(bound) else { throw fail("a number below \(bound)") }
        return Int(value)
    }

    /// A number that fits the type.
    @inlinable public mutating func integer<Value: FixedWidthInteger>(_ type: Value.Type) throws(CodecError) -> Value {
        let value = try varint()
        guard let exact = Value(exactly: value) else { throw fail("a number that fits \(type)") }
        return exact
    }

    /// A signed zigzag number.
    @inlinable public mutating func signed() throws(CodecError) -> Int64 {
        let value = try varint()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    /// Eight bytes, little-endian.
    @inlinable public mutating func fixed64() throws(CodecError) -> UInt64 {
        guard end - place >= 8 else { throw fail("eight bytes") }
        var value: UInt64 = 0
        for offset in 0..<8 { value |= UInt64(bytes[next + offset]) << UInt64(offset * 8) }
        next += 8
        return value
    }

    /// Four bytes, little-endian.
    @inlinable public mutating func fixed32() throws(CodecError) -> UInt32 {
        guard end - place >= 4 else { throw fail("four bytes") }
        var value: UInt32 = 0
        for offset in 0..<4 { value |= UInt32(bytes[next + offset]) << UInt32(offset * 8) }
        next += 4
        return value
    }

    /// A length and that many bytes of UTF-8; what is not UTF-8 is repaired, as a peer may have sent it.
    @inlinable public mutating func string() throws(CodecError) -> String {
        let length = try count()
        defer { next += length }
        return String(decoding: bytes[place..<place + length], as: UTF8.self)
    }

    /// A length and that many bytes.
    @inlinable public mutating func blob() throws(CodecError) -> [UInt8] {
        let length = try count()
        defer { next += length }
        return Array(bytes[place..<place + length])
    }

    /// A moment.
    @inlinable public mutating func timestamp() throws(CodecError) -> Timestamp {
        Timestamp(nanoseconds: Int64(bitPattern: try fixed64()))
    }

    /// A value or its absence.
    @inlinable public mutating func optional<Value>(
        _ read: (inout ByteReader) throws(CodecError) -> Value
    ) throws(CodecError) -> Value? {
        try bool() ? try read(&self) : nil
    }

    /// A count and that many values.
    @inlinable public mutating func array<Value>(
        minimumBytes: Int = 1, _ read: (inout ByteReader) throws(CodecError) -> Value
    ) throws(CodecError) -> [Value] {
        let total = try count(minimumBytes: minimumBytes)
        var values: [Value] = []
        values.reserveCapacity(total)
        for _ in 0..<total { values.append(try read(&self)) }
        return values
    }

    /// The case of an enumeration with integer raw values.
    @inlinable public mutating func enumeration<Value: RawRepresentable>(
        _ type: Value.Type
    ) throws(CodecError) -> Value where Value.RawValue == UInt8 {
        guard let value = Value(rawValue: try byte()) else { throw fail("a known \(type)") }
        return value
    }

    /// Throws unless everything was read.
    @inlinable public func finish() throws(CodecError) {
        guard isAtEnd else { throw fail("the end") }
    }
}

/// Stored bytes that are not what was written: damaged, cut short, or of another version.
public struct CodecError: Error, Equatable, CustomStringConvertible {
    /// The byte offset at which reading stopped.
    public var place: Int
    /// What should have stood there.
    public var expected: String

    /// An error at a place.
    public init(place: Int, expected: String) {
        self.place = place
        self.expected = expected
    }

    /// `at byte 17: expected a count that fits the rest`.
    public var description: String { "at byte \(place): expected \(expected)" }
}
