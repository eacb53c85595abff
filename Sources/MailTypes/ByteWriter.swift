// Values to bytes, for the journal and the snapshot. Little-endian, varints for what is usually small.

/// Appends values to a growing buffer. `ByteReader` reads them back in the same order.
public struct ByteWriter: Sendable {
    /// What was written so far.
    public var bytes: [UInt8]

    /// An empty buffer with room for `capacity` bytes.
    public init(capacity: Int = 0) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// One byte.
    @inlinable public mutating func byte(_ value: UInt8) { bytes.append(value) }

    /// True as 1, false as 0.
    @inlinable public mutating func bool(_ value: Bool) { bytes.append(value ? 1 : 0) }

    /// An unsigned number in LEB128: seven bits a byte, 1–10 bytes.
    @inlinable public mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest &>>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// A count or index, not negative.
    @inlinable public mutating func count(_ value: Int) { varint(UInt64(value)) }

    /// A signed number, zigzag and LEB128.
    @inlinable public mutating func signed(_ value: Int64) {
        varint(UInt64(bitPattern: (value &<< 1) ^ (value &>> 63)))
    }

    /// Eight bytes, little-endian: for hashes, which no varint makes shorter.
    @inlinable public mutating func fixed64(_ value: UInt64) {
        bytes.append(addingCapacity: 8) { output in
            var rest = value
            for _ in 0..<8 {
                output.append(UInt8(truncatingIfNeeded: rest))
                rest &>>= 8
            }
        }
    }

    /// Four bytes, little-endian: for shorter hashes.
    @inlinable public mutating func fixed32(_ value: UInt32) {
        for shift in stride(from: UInt32(0), to: 32, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    /// A length and the UTF-8 of a string.
    @inlinable public mutating func string(_ value: String) {
        count(value.utf8.count)
        // The buffer lives through the call, and `append` copies it: one copy in place of a byte at a time.
        let isDone: Void? = unsafe value.utf8.withContiguousStorageIfAvailable { unsafe bytes.append(contentsOf: $0) }
        if isDone == nil { bytes.append(contentsOf: value.utf8) }
    }

    /// A length and some bytes.
    @inlinable public mutating func blob(_ value: [UInt8]) {
        count(value.count)
        bytes.append(contentsOf: value)
    }

    /// A moment.
    @inlinable public mutating func timestamp(_ value: Timestamp) { fixed64(UInt64(bitPattern: value.nanoseconds)) }

    /// A value or its absence.
    @inlinable public mutating func optional<Value>(_ value: Value?, _ write: (inout ByteWriter, Value) -> Void) {
        bool(value != nil)
        if let value { write(&self, value) }
    }

    /// A count and that many values.
    @inlinable public mutating func array<Value>(_ values: [Value], _ write: (inout ByteWriter, Value) -> Void) {
        count(values.count)
        for value in values { write(&self, value) }
    }
}
