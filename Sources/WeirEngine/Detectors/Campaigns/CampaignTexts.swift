// The messages that later ones are compared with, found by what their texts have in common.

import MailTypes

/// One retained message, and the campaign of it alone as long as nothing is linked to it: 120 bytes, and 80 of bands where it
/// has a text.
struct CampaignText: Sendable {
    /// The sketch, the lower 8 bits of each slot (b-bit minwise hashing, Li and König 2010); zeros where there is no text.
    var sketch = InlineArray<8, UInt64>(repeating: 0)
    /// Who sent it first.
    var subscriber: UInt64 = 0
    /// When it came first, in seconds.
    var first: UInt32 = 0
    /// When it came last.
    var last: UInt32 = 0
    /// How often it came while it was alone, as all counts here; they stop at their types' bounds.
    var messages: UInt32 = 0
    /// Recipients.
    var recipients: UInt32 = 0
    /// Of these, whom the sender had never written to.
    var newRecipients: UInt32 = 0
    /// The sum of content scores.
    var contentSum: Int32 = 0
    /// How many scores that is.
    var contentCount: UInt16 = 0
    /// Messages of mailing lists.
    var listMessages: UInt16 = 0
    /// Results that came back.
    var results: UInt16 = 0
    /// Of these, recipients that don't exist.
    var dead: UInt16 = 0
    /// Of these, refusals as spam.
    var refused: UInt16 = 0
    /// The tight group.
    var tight: UInt32 = 0
    /// The campaign, 0 while it is alone.
    var cluster: UInt32 = 0
    /// Its number, for which its handle stands; 0 in a slot never used.
    var number: UInt32 = 0

    /// True where it has a text.
    var hasText: Bool {
        sketch[0] | sketch[1] | sketch[2] | sketch[3] | sketch[4] | sketch[5] | sketch[6] | sketch[7] != 0
    }

    /// The number of equal slots, of all eight words of the sketch or of some: the upper four are those of word 3-grams.
    @inline(__always)
    func equalSlots(_ other: InlineArray<8, UInt64>, in words: Range<Int> = 0..<8) -> Int {
        var equal = 0
        for word in words {
            let differing = sketch[word] ^ other[word]
            // The highest bit of each byte that is zero, without a carry between bytes.
            let low = (differing & 0x7F7F_7F7F_7F7F_7F7F) &+ 0x7F7F_7F7F_7F7F_7F7F
            equal &+= (~(low | differing) & 0x8080_8080_8080_8080).nonzeroBitCount
        }
        return equal
    }
}

/// Retained messages in a ring, with an index by bands of their sketches (locality-sensitive hashing; Indyk and Motwani 1998,
/// Broder 1997).
///
/// 20 bands of 3 slots, ten in each half of the sketch. A band's place in the index is a set of four entries, the newest
/// first, so a lookup reads one line of memory and the oldest gives way by itself. The ring forgets the oldest message at its
/// bound; one that still comes is put in again before (`CampaignTable`). This is what two tables rotating every half of the
/// time would do, at half of their lookups. 200 bytes a message.
struct CampaignTexts: Sendable {
    /// Bands.
    static let bands = 20
    /// Entries a set.
    static let ways = 4
    /// Equal slots from which a message is a copy that tells nothing new: further candidates are not looked for.
    static let copySlots = 48
    /// Messages of a ring at most: an entry has 24 bits for a slot.
    static let capacityMax = 1 << 23

    /// The ring.
    private(set) var ring: [CampaignText] = []
    /// Sets of entries: 8 bits of a band's hash, then the slot plus one; 0 for none.
    private var entries: [UInt32]
    /// Sets a band minus one.
    private let mask: Int
    /// Messages of the ring; a power of two.
    let capacity: Int
    /// The number of the last message; numbers have 31 bits and are never 0.
    private(set) var last: UInt32 = 0

    /// A ring for so many messages, rounded up to a power of two.
    init(capacity wanted: Int) {
        var size = 16
        while size < min(wanted, CampaignTexts.capacityMax) { size *= 2 }
        capacity = size
        mask = size / CampaignTexts.ways - 1
        entries = Array(repeating: 0, count: CampaignTexts.bands * size)
        ring.reserveCapacity(size)
    }

    /// The slot of a handle; nil where the message is forgotten.
    @inline(__always)
    func slot(of handle: UInt32) -> Int? {
        let slot = (Int(handle) &- 1) & (capacity &- 1)
        return handle != 0 && slot < ring.count && ring[slot].number == handle ? slot : nil
    }

    /// A message.
    subscript(slot: Int) -> CampaignText {
        @inline(__always) get { ring[slot] }
        @inline(__always) _modify { yield &ring[slot] }
    }

    /// How many messages came after that of a slot.
    func age(_ slot: Int) -> Int { Int((last &- ring[slot].number) & 0x7FFF_FFFF) }

    /// The lower halves of a sketch's slots.
    static func packed(_ sketch: borrowing [UInt16]) -> InlineArray<8, UInt64> {
        var packed = InlineArray<8, UInt64>(repeating: 0)
        guard sketch.count == Fingerprint.sketchSlots else { return packed }
        let slots = sketch.span
        for word in 0..<8 {
            var bits: UInt64 = 0
            for byte in 0..<8 { bits |= UInt64(slots[word * 8 + byte] & 0xFF) << UInt64(byte * 8) }
            packed[word] = bits
        }
        return packed
    }

    /// A band's three slots, and which band it is.
    @inline(__always)
    private static func value(_ sketch: InlineArray<8, UInt64>, _ band: Int) -> UInt64 {
        let first = band < 10 ? 3 &* band : 32 &+ 3 &* (band &- 10)
        var value = UInt64(truncatingIfNeeded: band &+ 1) &<< 24
        for row in 0..<3 {
            let slot = first &+ row
            value |=
                (sketch[slot &>> 3] &>> UInt64(truncatingIfNeeded: (slot & 7) &* 8) & 0xFF)
                &<< UInt64(truncatingIfNeeded: row &* 8)
        }
        return value
    }

    /// The hash of a band (the finaliser of SplitMix64): its slots come of a keyed hash already.
    @inline(__always)
    private static func hash(_ sketch: InlineArray<8, UInt64>, _ band: Int) -> UInt64 {
        var value = value(sketch, band)
        value = (value ^ (value &>> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value &>> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value &>> 31)
    }

    /// Calls for each message that shares a band with a text, once each, up to the first copy: the slot and the number of
    /// equal slots. At most 80 are looked at.
    ///
    /// An entry whose slot was used again since is passed over: the newer message has an entry of its own, in front of it. So
    /// an index made anew from the messages answers in the same way.
    @inline(__always)
    func candidates(_ sketch: InlineArray<8, UInt64>, _ body: (Int, Int) -> Void) {
        // All sets are read before anything is decided, so that the reads from memory overlap: they are what takes the time.
        var bases = InlineArray<20, Int>(repeating: 0)
        var tags = InlineArray<20, UInt32>(repeating: 0)
        var heads = InlineArray<20, UInt32>(repeating: 0)
        let entries = entries.span
        for band in 0..<CampaignTexts.bands {
            let hash = CampaignTexts.hash(sketch, band)
            let base = (band &* (mask &+ 1) &+ Int(truncatingIfNeeded: hash) & mask) &* CampaignTexts.ways
            bases[band] = base
            tags[band] = UInt32(truncatingIfNeeded: hash &>> 56)
            heads[band] = entries[base]
        }
        var found = InlineArray<80, UInt32>(repeating: 0)
        var count = 0
        for band in 0..<CampaignTexts.bands {
            for way in 0..<CampaignTexts.ways {
                let entry = way == 0 ? heads[band] : entries[bases[band] &+ way]
                guard entry &>> 24 == tags[band], entry & 0xFF_FFFF != 0 else { continue }
                found[count] = UInt32(truncatingIfNeeded: band) &<< 24 | entry & 0xFF_FFFF
                count &+= 1
            }
        }
        var seen = InlineArray<80, UInt32>(repeating: 0)
        var seenCount = 0
        next: for place in 0..<count {
            let slot = Int(found[place] & 0xFF_FFFF) &- 1
            let band = Int(found[place] &>> 24)
            for earlier in 0..<seenCount where seen[earlier] == UInt32(truncatingIfNeeded: slot) { continue next }
            guard slot < ring.count,
                CampaignTexts.value(ring[slot].sketch, band) == CampaignTexts.value(sketch, band)
            else { continue }
            seen[seenCount] = UInt32(truncatingIfNeeded: slot)
            seenCount &+= 1
            let equal = ring[slot].equalSlots(sketch)
            body(slot, equal)
            if equal >= CampaignTexts.copySlots { return }
        }
    }

    /// Puts a message in and indexes its text; the slot. The oldest gives way at the bound.
    @discardableResult
    mutating func insert(_ text: CampaignText) -> Int {
        last = last == 0x7FFF_FFFF ? 1 : last + 1
        let slot = (Int(last) - 1) & (capacity - 1)
        var text = text
        text.number = last
        if text.tight == 0 { text.tight = last }
        if slot < ring.count {
            ring[slot] = text
        } else {
            while ring.count < slot { ring.append(CampaignText()) }
            ring.append(text)
        }
        if text.hasText { index(slot) }
        return slot
    }

    /// Puts a message into the sets of its bands.
    private mutating func index(_ slot: Int) {
        let sketch = ring[slot].sketch
        let mask = mask
        var entries = entries.mutableSpan
        for band in 0..<CampaignTexts.bands {
            let hash = CampaignTexts.hash(sketch, band)
            let base = (band &* (mask &+ 1) &+ Int(truncatingIfNeeded: hash) & mask) &* CampaignTexts.ways
            entries[base &+ 3] = entries[base &+ 2]
            entries[base &+ 2] = entries[base &+ 1]
            entries[base &+ 1] = entries[base]
            entries[base] = UInt32(truncatingIfNeeded: hash &>> 56) &<< 24 | UInt32(truncatingIfNeeded: slot &+ 1)
        }
    }
}

// MARK: - Storage

extension CampaignTexts {
    /// Writes the messages, the oldest first: the index follows from them.
    func encode(_ out: inout ByteWriter) {
        out.count(capacity)
        out.varint(UInt64(last))
        out.count(ring.count)
        let oldest = ring.count < capacity ? 0 : Int(last) & (capacity - 1)
        for offset in 0..<ring.count { ring[(oldest + offset) & (capacity - 1)].encode(&out) }
    }

    /// Reads messages and makes their index.
    init(_ input: inout ByteReader) throws(CodecError) {
        let capacity = try input.index(below: CampaignTexts.capacityMax + 1)
        self.init(capacity: capacity)
        last = try input.integer(UInt32.self)
        let total = try input.count(minimumBytes: 84)
        guard capacity == self.capacity, total <= capacity, last <= 0x7FFF_FFFF else {
            throw CodecError(place: input.place, expected: "a ring of messages")
        }
        ring = Array(repeating: CampaignText(), count: total)
        let oldest = total < capacity ? 0 : Int(last) & (capacity - 1)
        for offset in 0..<total {
            let slot = (oldest + offset) & (capacity - 1)
            ring[slot] = try CampaignText(&input)
            if ring[slot].hasText { index(slot) }
        }
    }
}

extension CampaignText {
    /// Writes the message.
    func encode(_ out: inout ByteWriter) {
        for word in 0..<8 { out.fixed64(sketch[word]) }
        out.fixed64(subscriber)
        for value in [first, last, messages, recipients, newRecipients, tight, cluster, number] {
            out.varint(UInt64(value))
        }
        out.signed(Int64(contentSum))
        for value in [contentCount, listMessages, results, dead, refused] { out.varint(UInt64(value)) }
    }

    /// Reads a message.
    init(_ input: inout ByteReader) throws(CodecError) {
        for word in 0..<8 { sketch[word] = try input.fixed64() }
        subscriber = try input.fixed64()
        first = try input.integer(UInt32.self)
        last = try input.integer(UInt32.self)
        messages = try input.integer(UInt32.self)
        recipients = try input.integer(UInt32.self)
        newRecipients = try input.integer(UInt32.self)
        tight = try input.integer(UInt32.self)
        cluster = try input.integer(UInt32.self)
        number = try input.integer(UInt32.self)
        contentSum = try input.int32()
        contentCount = try input.integer(UInt16.self)
        listMessages = try input.integer(UInt16.self)
        results = try input.integer(UInt16.self)
        dead = try input.integer(UInt16.self)
        refused = try input.integer(UInt16.self)
    }
}
