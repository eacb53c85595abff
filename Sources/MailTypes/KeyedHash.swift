// The keyed hash by which recipients are remembered without being stored, and by which tables are indexed.

/// SipHash-2-4 with a 128-bit key (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012).
///
/// One cluster shares one key, so that several nodes agree on who was written to. Without the key a stored hash can't be
/// tested against a list of addresses.
public struct KeyedHash: Sendable, Equatable {
    /// The first half of the key, secret.
    @usableFromInline let key0: UInt64
    /// The second half of the key, secret.
    @usableFromInline let key1: UInt64

    /// A hash with the given key.
    @inlinable public init(key0: UInt64, key1: UInt64) {
        self.key0 = key0
        self.key1 = key1
    }

    /// The two halves of the key, for a snapshot and nothing else: whoever has them can test addresses.
    @inlinable public var snapshotKey: (UInt64, UInt64) { (key0, key1) }

    /// The 64-bit hash of some bytes.
    @inlinable public func hash(_ bytes: Span<UInt8>) -> UInt64 {
        var state = SipState(key0, key1)
        let raw = unsafe bytes.bytes
        var place = 0
        while place &+ 8 <= bytes.count {
            // Within bounds by the line above, and any eight bytes are a number.
            state.absorb(UInt64(littleEndian: unsafe raw.unsafeLoadUnaligned(fromByteOffset: place, as: UInt64.self)))
            place &+= 8
        }
        var last = UInt64(truncatingIfNeeded: bytes.count) &<< 56
        var shift: UInt64 = 0
        while place < bytes.count {
            last |= UInt64(bytes[place]) &<< shift
            shift &+= 8
            place &+= 1
        }
        state.absorb(last)
        return state.finish()
    }

    /// The 64-bit hash of a string's UTF-8.
    @inlinable public func hash(_ text: String) -> UInt64 { hash(text.utf8Span.span) }

    /// The hash of one number: the key of a table by address or by another hash.
    @inlinable public func hash(_ a: UInt64, _ b: UInt64 = 0, _ c: UInt64 = 0) -> UInt64 {
        var state = SipState(key0, key1)
        state.absorb(a)
        state.absorb(b)
        state.absorb(c)
        state.absorb(24 &<< 56)
        return state.finish()
    }
}

/// The four words of SipHash.
@usableFromInline struct SipState {
    @usableFromInline var v0: UInt64
    @usableFromInline var v1: UInt64
    @usableFromInline var v2: UInt64
    @usableFromInline var v3: UInt64

    /// The initial state of a key.
    @inlinable init(_ key0: UInt64, _ key1: UInt64) {
        v0 = key0 ^ 0x736f_6d65_7073_6575
        v1 = key1 ^ 0x646f_7261_6e64_6f6d
        v2 = key0 ^ 0x6c79_6765_6e65_7261
        v3 = key1 ^ 0x7465_6462_7974_6573
    }

    /// One SipRound.
    @inlinable mutating func round() {
        v0 = v0 &+ v1
        v1 = v1 &<< 13 | v1 &>> 51
        v1 ^= v0
        v0 = v0 &<< 32 | v0 &>> 32
        v2 = v2 &+ v3
        v3 = v3 &<< 16 | v3 &>> 48
        v3 ^= v2
        v0 = v0 &+ v3
        v3 = v3 &<< 21 | v3 &>> 43
        v3 ^= v0
        v2 = v2 &+ v1
        v1 = v1 &<< 17 | v1 &>> 47
        v1 ^= v2
        v2 = v2 &<< 32 | v2 &>> 32
    }

    /// Takes in one word: two rounds.
    @inlinable mutating func absorb(_ word: UInt64) {
        v3 ^= word
        round()
        round()
        v0 ^= word
    }

    /// Four closing rounds.
    @inlinable mutating func finish() -> UInt64 {
        v2 ^= 0xFF
        round()
        round()
        round()
        round()
        return v0 ^ v1 ^ v2 ^ v3
    }
}
