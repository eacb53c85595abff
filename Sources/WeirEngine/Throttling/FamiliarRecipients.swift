// Whom a subscriber has written to before.

import MailTypes

/// A bounded, ageing memory of recipients that errs only toward known: a false match makes a stranger look familiar,
/// never the other way round.
///
/// Up to 64 recipients are listed as 32-bit fingerprints; beyond that two Bloom filters of 1,024 recipients each take over,
/// the older of which is dropped when the newer is full. 16 bits a recipient and 5 hashes: at most 0.4 % of strangers pass
/// for known. So the last 1,024 to 2,048 recipients are remembered in 4 kB.
public struct FamiliarRecipients: Sendable, Equatable {
    /// Fingerprints listed before the filters begin.
    static let listedMax = 64
    /// Recipients a filter takes.
    static let filterKeysMax = 1024
    /// 64-bit words of one filter.
    static let filterWords = 256

    /// Listed fingerprints; empty once filters are in use.
    private(set) var listed = SmallArray<4, UInt32>(filler: 0)
    /// The newer filter's words, then the older one's; empty while fingerprints are listed.
    private(set) var filters: [UInt64] = []
    /// Recipients in the newer filter.
    private(set) var filled: UInt16 = 0

    /// A memory of nobody.
    public init() {}

    /// True where the recipient was written to before, as far as is remembered.
    public func contains(_ key: UInt64) -> Bool {
        if filters.isEmpty { return listed.contains(UInt32(truncatingIfNeeded: key)) }
        let print = UInt64(UInt32(truncatingIfNeeded: key))
        return matches(print, filter: 0) || matches(print, filter: 1)
    }

    /// Remembers a recipient. One that the older filter alone knows is put into the newer one: it was written to now, and
    /// must not be forgotten with the others of its time.
    public mutating func insert(_ key: UInt64) {
        let print = UInt32(truncatingIfNeeded: key)
        guard filters.isEmpty ? !listed.contains(print) : !matches(UInt64(print), filter: 0) else { return }
        if filters.isEmpty {
            if listed.count < FamiliarRecipients.listedMax {
                listed.append(print)
                return
            }
            filters = Array(repeating: 0, count: 2 * FamiliarRecipients.filterWords)
            let known = listed
            listed.removeAll()
            for old in known { set(UInt64(old)) }
            filled = UInt16(known.count)
        }
        if filled >= FamiliarRecipients.filterKeysMax {
            for word in 0..<FamiliarRecipients.filterWords {
                filters[FamiliarRecipients.filterWords + word] = filters[word]
                filters[word] = 0
            }
            filled = 0
        }
        set(UInt64(print))
        filled += 1
    }

    /// The k-th bit of a fingerprint in a filter (Kirsch and Mitzenmacher: two hashes make all).
    private func bit(_ print: UInt64, _ k: UInt64) -> Int {
        let mixed = print &* 0x9E37_79B9_7F4A_7C15
        return Int(((mixed >> 32) &+ k &* (mixed & 0xFFFF_FFFF | 1)) & UInt64(FamiliarRecipients.filterWords * 64 - 1))
    }

    /// True where all five bits are set.
    private func matches(_ print: UInt64, filter: Int) -> Bool {
        for k in 0..<UInt64(5) {
            let place = bit(print, k)
            if filters[filter * FamiliarRecipients.filterWords + place / 64] & (1 << UInt64(place % 64)) == 0 {
                return false
            }
        }
        return true
    }

    /// Sets the five bits in the newer filter.
    private mutating func set(_ print: UInt64) {
        for k in 0..<UInt64(5) {
            let place = bit(print, k)
            filters[place / 64] |= 1 << UInt64(place % 64)
        }
    }
}

// MARK: - Storage

extension FamiliarRecipients {
    /// Writes the memory.
    func encode(_ out: inout ByteWriter) {
        out.count(listed.count)
        for print in listed { out.fixed32(print) }
        // The older filter is empty until the newer one was full once, and a few hundred recipients leave words of it empty.
        out.count(filters.count)
        for start in stride(from: 0, to: filters.count, by: 64) {
            let words = filters[start..<min(start + 64, filters.count)]
            out.fixed64(words.indices.reduce(0) { words[$1] == 0 ? $0 : $0 | 1 << UInt64($1 - start) })
            for word in words where word != 0 { out.fixed64(word) }
        }
        out.varint(UInt64(filled))
    }

    /// Reads a memory.
    init(_ input: inout ByteReader) throws(CodecError) {
        for _ in 0..<(try input.count(minimumBytes: 4)) { listed.append(try input.fixed32()) }
        let wordCount = try input.index(below: 2 * FamiliarRecipients.filterWords + 1)
        filters.reserveCapacity(wordCount)
        while filters.count < wordCount {
            let filledWords = try input.fixed64()
            for word in 0..<min(64, wordCount - filters.count) {
                filters.append(filledWords & 1 << UInt64(word) == 0 ? 0 : try input.fixed64())
            }
        }
        filled = try input.integer(UInt16.self)
        guard filters.isEmpty || filters.count == 2 * FamiliarRecipients.filterWords,
            listed.count <= FamiliarRecipients.listedMax
        else { throw CodecError(place: input.place, expected: "a memory of recipients") }
    }
}
