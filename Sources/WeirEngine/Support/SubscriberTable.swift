// What is remembered of each subscriber, in a table of fixed size.

import MailTypes

/// The buckets of a subscriber: those of the default plan stand in place.
typealias Buckets = SmallArray<4, Bucket>
/// The windows of a subscriber.
typealias Windows = SmallArray<1, DistinctWindow>

/// One subscriber's memory: about 500 bytes with the default plan while it has few recipients (Docs/benchmarks.md), 4 kB
/// more once `familiar` is a filter, 4.6 kB more for each window that became a sketch.
struct SubscriberState: Sendable {
    /// The name: login, mapped name or `[192.0.2.1]`.
    var name = ""
    /// The key under which the index holds it.
    var key: UInt64 = 0
    /// Counts up each time the slot changes hands, so that an old message can't charge a new subscriber.
    var serial: UInt32 = 0
    /// The policy revision under which plan, parent and buckets were laid out.
    var revision: UInt32 = 0
    /// The plan's index in that revision's layout.
    var plan: UInt32 = 0
    /// True where no limit applies.
    var isExempt = false
    /// How many messages are open: a pinned subscriber is never evicted.
    var openCount: Int32 = 0
    /// The slot of the parent, -1 without one.
    var parent: Int32 = -1
    /// How many subscribers name this one as their parent.
    var children: Int32 = 0
    /// The open case's slot, -1 without one.
    var openCase: Int32 = -1
    /// Limits of the plan that ever had no room, a bit each.
    var tripped: UInt32 = 0
    /// Messages and recipients committed, messages stopped, messages that an observed rule would have stopped.
    var counts = SubscriberCounts()
    /// Engine time of the last transaction.
    var lastSeen: Int64 = 0
    /// Engine time of the last message charged.
    var lastCharge: Int64 = 0
    /// A bucket for each counting limit of the plan.
    var buckets = Buckets(filler: Bucket())
    /// A window for each distinct limit of the plan; empty until the first message whose recipients are known.
    var windows = Windows(filler: DistinctWindow())
    /// Whom it wrote to before.
    var familiar = FamiliarRecipients()
    /// Limits whose bucket began anew while messages were open; nearly always empty.
    var renewed: [RenewedLimit] = []
}

/// A limit that a reload brought (back): messages counted under an older policy hold nothing in its bucket.
struct RenewedLimit: Sendable {
    /// The limit's name.
    var limit: String
    /// The policy revision that brought it.
    var revision: UInt32
}

/// Totals of a subscriber.
public struct SubscriberCounts: Hashable, Sendable {
    /// Messages that passed.
    public var messages: UInt32 = 0
    /// Their recipients.
    public var recipients: UInt32 = 0
    /// Messages held or refused.
    public var stopped: UInt32 = 0
    /// Messages that passed and would have been held or refused had every rule been enforced.
    public var wouldStop: UInt32 = 0
}

/// What a table asks of a subscriber without reading all of it: what its bytes begin with.
struct SubscriberHead: Sendable {
    /// The key under which the index holds it.
    var key: UInt64
    /// Engine time of the last transaction.
    var lastSeen: Int64
    /// Counts up each time the slot changes hands.
    var serial: UInt32
    /// How many subscribers name this one as their parent.
    var children: Int32
    /// The policy revision under which it was laid out.
    var revision: UInt32
}

/// Subscribers by key, at most `capacity`, compacted ones included. At the bound the longest idle of a few candidates gives
/// way, pinned ones never.
struct SubscriberTable: Sendable {
    /// The slots; a free one has an empty name.
    var slots: CompactTable<SubscriberState>
    /// Slot by key.
    private var index: KeyIndex
    /// Freed slots.
    private var free: [Int32] = []
    /// Most slots.
    let capacity: Int
    /// The slot at which the next search for a victim begins.
    private var hand = 0
    /// How many gave way at the bound.
    private(set) var evicted: UInt64 = 0

    /// Slots looked at for a victim.
    private static let candidates = 16

    /// A table for so many subscribers. Memory is touched as it fills.
    init(capacity: Int) {
        self.capacity = capacity
        index = KeyIndex(capacity: capacity)
        slots = CompactTable(capacity: capacity)
    }

    /// How many are in.
    var count: Int { index.count }

    /// The slot of a key; the name, where given, must be the same.
    func slot(of key: UInt64, name: String? = nil) -> Int? {
        guard let slot = index.slot(of: key, where: { SubscriberTable.key(of: $0, in: slots) == key }) else {
            return nil
        }
        if let name, slots.value(slot).name != name { return nil }
        return slot
    }

    /// The key of a slot.
    @inline(__always)
    private static func key(of slot: Int, in slots: CompactTable<SubscriberState>) -> UInt64 {
        slots.isWhole(slot) ? slots[slot].key : head(slot, in: slots).key
    }

    /// What is asked of a subscriber most, compacted ones included.
    private static func head(_ slot: Int, in slots: CompactTable<SubscriberState>) -> SubscriberHead {
        if var reader = slots.compactedReader(slot), let head = try? SubscriberHead(&reader) { return head }
        return slots[slot].head
    }

    /// The same of one of the table's own.
    func head(_ slot: Int) -> SubscriberHead { SubscriberTable.head(slot, in: slots) }

    /// The serial of a slot: of anybody, also of who is compacted or has taken the slot over since.
    @inline(__always)
    func serial(of slot: Int) -> UInt32 { slots.isWhole(slot) ? slots[slot].serial : head(slot).serial }

    /// A slot for a new subscriber, nil where the table is full of pinned ones.
    mutating func insert(key: UInt64, name: String) -> Int? {
        if let slot = free.popLast().map(Int.init) {
            slots[slot] = SubscriberState(name: name, key: key, serial: serial(of: slot) &+ 1)
            put(key, slot)
            return slot
        }
        if slots.count < capacity {
            slots.append(SubscriberState(name: name, key: key, serial: 0))
            put(key, slots.count - 1)
            return slots.count - 1
        }
        guard let victim = longestIdle() else { return nil }
        evicted += 1
        leaveParent(victim)
        index.remove(SubscriberTable.key(of: victim, in: slots), of: victim)
        slots[victim] = SubscriberState(name: name, key: key, serial: serial(of: victim) &+ 1)
        put(key, victim)
        return victim
    }

    /// Points a key to a slot.
    private mutating func put(_ key: UInt64, _ slot: Int) {
        let slots = slots
        index.set(key, to: slot) { SubscriberTable.key(of: $0, in: slots) == key }
    }

    /// The longest idle of the next candidates that nothing pins.
    private mutating func longestIdle() -> Int? {
        var best: (slot: Int, lastSeen: Int64)?
        var looked = 0
        var passed = 0
        while looked < SubscriberTable.candidates, passed < 64 * SubscriberTable.candidates {
            let slot = hand
            hand = hand + 1 == capacity ? 0 : hand + 1
            passed += 1
            guard isIdle(slot) else { continue }
            looked += 1
            let lastSeen = head(slot).lastSeen
            if best == nil || lastSeen < best!.lastSeen { best = (slot, lastSeen) }
        }
        return best?.slot
    }

    /// True where nothing pins the slot.
    private func isIdle(_ slot: Int) -> Bool {
        guard slots.isWhole(slot) else { return head(slot).children == 0 }  // nothing open, or it would be whole
        return slots[slot].openCount == 0 && slots[slot].openCase < 0 && slots[slot].children == 0
    }

    /// The parent of a slot that is about to be forgotten has one child less.
    private mutating func leaveParent(_ slot: Int) {
        let parent = Int(slots.value(slot).parent)
        if parent >= 0 { slots[parent].children -= 1 }
    }

    /// Forgets a subscriber, unless something pins it.
    mutating func remove(_ slot: Int) -> Bool {
        guard isIdle(slot), !slots.value(slot).name.isEmpty else { return false }
        leaveParent(slot)
        index.remove(SubscriberTable.key(of: slot, in: slots), of: slot)
        let serial = serial(of: slot) &+ 1
        slots[slot] = SubscriberState(name: "", key: 0, serial: serial)
        free.append(Int32(slot))
        return true
    }
}

// MARK: - Storage

extension SubscriberTable {
    /// Writes the table.
    func encode(_ out: inout ByteWriter) {
        out.count(capacity)
        out.count(hand)
        out.varint(evicted)
        out.array(free) { $0.varint(UInt64($1)) }
        slots.encode(&out)
    }

    /// Reads a table. Each subscriber is shown to `check`, which may refuse it.
    init(_ input: inout ByteReader, _ check: (SubscriberState) -> Bool = { _ in true }) throws(CodecError) {
        let capacity = try input.index(below: 1 << 28)
        self.init(capacity: capacity)
        hand = try input.index(below: max(1, capacity))
        evicted = try input.varint()
        free = try input.array { (r) throws(CodecError) in Int32(try r.index(below: capacity)) }
        var isNamed: [Bool] = []
        slots = try CompactTable(&input, slotsMax: capacity, capacity: capacity) { slot, state, isCompacted in
            isNamed.append(!state.name.isEmpty)
            return slot == isNamed.count - 1 && check(state) && (!isCompacted || state.isAtRest)
        }
        guard isNamed.count == slots.count else {
            throw CodecError(place: input.place, expected: "a subscriber in each slot")
        }
        for slot in slots.indices where isNamed[slot] { put(SubscriberTable.key(of: slot, in: slots), slot) }
    }
}

extension SubscriberHead {
    /// Writes it.
    fileprivate func encode(_ out: inout ByteWriter) {
        out.fixed64(key)
        out.fixed64(UInt64(bitPattern: lastSeen))
        out.varint(UInt64(serial))
        out.signed(Int64(children))
        out.varint(UInt64(revision))
    }

    /// Reads it.
    fileprivate init(_ input: inout ByteReader) throws(CodecError) {
        key = try input.fixed64()
        lastSeen = Int64(bitPattern: try input.fixed64())
        serial = try input.integer(UInt32.self)
        children = try input.int32()
        revision = try input.integer(UInt32.self)
    }
}

extension SubscriberState: Compactable {
    /// What a table asks of it most.
    fileprivate var head: SubscriberHead {
        SubscriberHead(key: key, lastSeen: lastSeen, serial: serial, children: children, revision: revision)
    }

    /// True where no message and no case of it is open: only then it may be compacted.
    var isAtRest: Bool { openCount == 0 && openCase < 0 }

    /// Writes the subscriber.
    func encode(_ out: inout ByteWriter) {
        head.encode(&out)
        out.string(name)
        out.varint(UInt64(plan))
        out.bool(isExempt)
        for value in [openCount, parent, openCase] { out.signed(Int64(value)) }
        out.varint(UInt64(tripped))
        for value in [counts.messages, counts.recipients, counts.stopped, counts.wouldStop] {
            out.varint(UInt64(value))
        }
        out.signed(lastSeen &- lastCharge)
        out.count(buckets.count)
        let blank = Bucket()
        out.varint(buckets.indices.reduce(0) { buckets[$1] == blank ? $0 : $0 | 1 << UInt64($1) })
        for bucket in buckets where bucket != blank {
            out.signed(bucket.theoreticalArrival)
            out.signed(bucket.reserved)
            out.signed(bucket.lastCharge)
        }
        out.count(windows.count)
        for window in windows { window.encode(&out) }
        familiar.encode(&out)
        out.array(renewed) {
            $0.string($1.limit)
            $0.varint(UInt64($1.revision))
        }
    }

    /// Reads a subscriber.
    init(_ input: inout ByteReader) throws(CodecError) {
        let head = try SubscriberHead(&input)
        (key, lastSeen, serial) = (head.key, head.lastSeen, head.serial)
        (children, revision) = (head.children, head.revision)
        name = try input.string()
        plan = try input.integer(UInt32.self)
        isExempt = try input.bool()
        openCount = try input.int32()
        parent = try input.int32()
        openCase = try input.int32()
        tripped = try input.integer(UInt32.self)
        counts.messages = try input.integer(UInt32.self)
        counts.recipients = try input.integer(UInt32.self)
        counts.stopped = try input.integer(UInt32.self)
        counts.wouldStop = try input.integer(UInt32.self)
        lastCharge = lastSeen &- (try input.signed())
        let bucketCount = try input.index(below: Plan.limitsMax + 1)
        let filled = try input.varint()
        for place in 0..<bucketCount {
            guard filled & 1 << UInt64(place) != 0 else {
                buckets.append(Bucket())
                continue
            }
            buckets.append(
                Bucket(
                    theoreticalArrival: try input.signed(), reserved: try input.signed(),
                    lastCharge: try input.signed()))
        }
        for _ in 0..<(try input.index(below: Plan.limitsMax + 1)) { windows.append(try DistinctWindow(&input)) }
        familiar = try FamiliarRecipients(&input)
        renewed = try input.array(minimumBytes: 2) { (r) throws(CodecError) in
            RenewedLimit(limit: try r.string(), revision: try r.integer(UInt32.self))
        }
    }
}

extension ByteReader {
    /// A signed number of 32 bits.
    mutating func int32() throws(CodecError) -> Int32 {
        guard let value = Int32(exactly: try signed()) else {
            throw CodecError(place: place, expected: "a 32-bit number")
        }
        return value
    }
}
