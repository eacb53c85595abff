// How Weir remembers a mail address without storing it.

/// A mail address as two keyed hashes, one of the whole address and one of its domain.
public struct AddressKey: Hashable, Sendable {
    /// The hash of the whole address.
    public var address: UInt64
    /// The hash of the domain; of the empty string where there is none.
    public var domain: UInt64

    /// A key from its hashes.
    @inlinable public init(address: UInt64, domain: UInt64) {
        self.address = address
        self.domain = domain
    }
}

/// Turns addresses into keys. It lives in the doors, so that no clear recipient reaches the engine or the journal.
public struct AddressHash: Sendable {
    /// The hash and its secret key.
    let hash: KeyedHash

    /// Longest address hashed, in octets (RFC 5321 §4.5.3.1.3 allows 256); the rest is left out of the hash.
    public static let addressBytesMax = 512

    /// A hash with the cluster's key.
    public init(_ hash: KeyedHash) { self.hash = hash }

    /// The key of an address, `<` and `>` around it ignored, letter case ignored (RFC 5321 §2.4 lets local parts differ by
    /// case; no provider gives two people names that do). Nil for the null reverse-path.
    public func key(_ given: Span<UInt8>) -> AddressKey? {
        var bytes = given
        if bytes.count >= 2, bytes[0] == UInt8(ascii: "<"), bytes[bytes.count - 1] == UInt8(ascii: ">") {
            bytes = bytes.extracting(1..<bytes.count - 1)
        }
        guard !bytes.isEmpty else { return nil }
        let length = min(bytes.count, AddressHash.addressBytesMax)
        var folded = InlineArray<512, UInt8>(repeating: 0)
        var at = -1
        for index in 0..<length {
            let byte = bytes[index]
            folded[index] = byte &- 65 < 26 ? byte | 0x20 : byte
            if byte == UInt8(ascii: "@") { at = index }
        }
        let span = folded.span
        return AddressKey(
            address: hash.hash(span.extracting(0..<length)),
            domain: hash.hash(span.extracting((at < 0 ? length : at + 1)..<length)))
    }

    /// The key of an address given as text.
    public func key(_ text: String) -> AddressKey? { key(text.utf8Span.span) }
}
