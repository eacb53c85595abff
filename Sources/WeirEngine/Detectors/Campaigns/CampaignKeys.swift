// Exact keys seen before: what links messages whose texts have nothing in common.

import MailTypes

/// One key: 40 bytes.
struct CampaignKey: Sendable {
    /// Its keyed hash, its kind mixed in; 0 for none.
    var value: UInt64 = 0
    /// Who wrote it last.
    var subscriber: UInt64 = 0
    /// When it was first seen, in seconds.
    var first: UInt32 = 0
    /// When it was last seen.
    var last: UInt32 = 0
    /// The campaign in which it was seen last.
    var handle: UInt32 = 0
    /// The message in which it was seen last.
    var text: UInt32 = 0
    /// The tight group in which it was seen last.
    var tight: UInt32 = 0
    /// How often it stood in a campaign that was not that of the time before.
    var spread: UInt16 = 0
    /// True where the last message was the first with it.
    var isFresh = false

    /// True where the key was seen more than at one moment.
    var isRepeated: Bool { last != first }
}

/// Keys in sets of four; in a full set the one seen at one moment only, and for longest not, gives way. So a flood of invented
/// keys pushes itself out, and what everybody links to stays known as that.
struct CampaignKeys: Sendable {
    /// Entries a set.
    static let ways = 4

    /// The entries.
    private var entries: [CampaignKey]
    /// Sets minus one.
    private let mask: Int
    /// Most keys.
    let capacity: Int
    /// How many gave way.
    private(set) var evicted: UInt64 = 0

    /// A table for so many keys, rounded up to a power of two.
    init(capacity wanted: Int) {
        var size = 16
        while size < min(wanted, 1 << 24) { size *= 2 }
        capacity = size
        mask = size / CampaignKeys.ways - 1
        entries = Array(repeating: CampaignKey(), count: size)
    }

    /// An entry.
    subscript(place: Int) -> CampaignKey {
        @inline(__always) get { entries[place] }
        @inline(__always) _modify { yield &entries[place] }
    }

    /// A key's value with its kind mixed in, never 0.
    @inline(__always)
    static func value(_ kind: Fingerprint.Kind, _ value: UInt64) -> UInt64 {
        max(1, value ^ UInt64(kind.rawValue) &* 0x9E37_79B9_7F4A_7C15)
    }

    /// The place of a key, a new one where it is not known: then its `text` is 0.
    mutating func place(_ value: UInt64, at now: UInt32) -> Int {
        let base = (Int(truncatingIfNeeded: value ^ value &>> 32) & mask) &* CampaignKeys.ways
        var victim = base
        for place in base..<base &+ CampaignKeys.ways {
            if entries[place].value == value { return place }
            let (one, other) = (entries[place], entries[victim])
            guard other.value != 0 else { continue }
            if one.value == 0 || !one.isRepeated && other.isRepeated
                || one.isRepeated == other.isRepeated && one.last < other.last
            {
                victim = place
            }
        }
        if entries[victim].value != 0 { evicted += 1 }
        entries[victim] = CampaignKey()
        entries[victim].value = value
        entries[victim].first = now
        entries[victim].last = now
        return victim
    }
}

// MARK: - Storage

extension CampaignKeys {
    /// Writes the keys with the gaps between them.
    func encode(_ out: inout ByteWriter) {
        out.count(capacity)
        out.varint(evicted)
        out.count(entries.count { $0.value != 0 })
        var next = 0
        for place in entries.indices where entries[place].value != 0 {
            let key = entries[place]
            out.count(place - next)
            next = place + 1
            out.fixed64(key.value)
            out.fixed64(key.subscriber)
            for value in [key.first, key.last, key.handle, key.text, key.tight] { out.varint(UInt64(value)) }
            out.varint(UInt64(key.spread))
            out.bool(key.isFresh)
        }
    }

    /// Reads keys.
    init(_ input: inout ByteReader) throws(CodecError) {
        let capacity = try input.index(below: 1 << 24 | 1)
        self.init(capacity: capacity)
        guard self.capacity == capacity else { throw CodecError(place: input.place, expected: "a table of keys") }
        evicted = try input.varint()
        var next = 0
        for _ in 0..<(try input.count(minimumBytes: 24)) {
            next += try input.index(below: capacity - next)
            entries[next].value = try input.fixed64()
            entries[next].subscriber = try input.fixed64()
            entries[next].first = try input.integer(UInt32.self)
            entries[next].last = try input.integer(UInt32.self)
            entries[next].handle = try input.integer(UInt32.self)
            entries[next].text = try input.integer(UInt32.self)
            entries[next].tight = try input.integer(UInt32.self)
            entries[next].spread = try input.integer(UInt16.self)
            entries[next].isFresh = try input.bool()
            next += 1
        }
    }
}
