// The messages under way and those of the last hour: what makes two doors and two tries count once.

import MailTypes

/// Where a message stands.
enum MessageState: UInt8, Sendable {
    /// Seen before DATA; nothing counted.
    case noted = 0
    /// Counted in reservations.
    case reserved
    /// Accepted and charged.
    case committed
    /// On its way to the hold queue; charged at its release.
    case held
    /// Refused by Weir.
    case refused
    /// Aborted, or its reservation ran out.
    case over
    /// Accepted without being counted: nobody's.
    case free
}

/// Which questions a message has had answered: a repetition gets the same answer.
struct AnsweredQuestions: OptionSet, Sendable {
    let rawValue: UInt8
    static let policyData = AnsweredQuestions(rawValue: 1)
    static let policyEnd = AnsweredQuestions(rawValue: 2)
    static let milterData = AnsweredQuestions(rawValue: 4)
    static let milterEnd = AnsweredQuestions(rawValue: 8)
}

/// The counts of a message.
struct Amounts: Hashable, Sendable {
    /// Accepted recipients.
    var recipients: Int64 = 0
    /// Bytes, the client's claim until the end of the message.
    var bytes: Int64 = 0
    /// True for the null reverse-path.
    var isNullSender = false

    /// How much of a dimension the message takes.
    func units(_ dimension: Dimension) -> Int64 {
        switch dimension {
        case .messages: 1
        case .recipients: recipients
        case .bytes: bytes
        case .nullSenderMessages: isNullSender ? 1 : 0
        default: 0
        }
    }
}

/// The accepted recipients of a message; nearly always one.
typealias AcceptedRecipients = SmallArray<1, AddressKey>

/// The payers of a message, the subscriber first, then its parents; nearly always one.
typealias Payers = SmallArray<1, Payer>

/// One payer of a message: the subscriber or one of its parents.
struct Payer: Hashable, Sendable {
    /// The subscriber's slot.
    var slot: Int32
    /// The slot's serial when the message came.
    var serial: UInt32
    /// The policy revision and plan whose limits `charged` counts.
    var revision: UInt32
    /// The plan's index in that revision's layout.
    var plan: UInt32
    /// The limits of its plan that the message was counted in, a bit each.
    var charged: UInt32

    /// No payer, for room that is not in use.
    static let none = Payer(slot: -1, serial: 0, revision: 0, plan: 0, charged: 0)
}

/// A key put into a distinct window for an open message.
struct InsertedKey: Hashable, Sendable {
    /// Payer index times 32 plus limit index.
    var place: UInt8
    /// The key.
    var key: UInt64
}

/// One message as the engine remembers it.
struct MessageRecord: Sendable {
    /// Its number on this node; 0 in a slot never used.
    var number: UInt64 = 0
    /// Keys under which the index may hold it; 0 for none.
    var queueKey: UInt64 = 0
    /// Mail host, client address and port, while the message is open.
    var sessionKey: UInt64 = 0
    /// The connection on which its end was answered, or on which it ran out.
    var endedSession: UInt64 = 0
    /// The policy door's instance.
    var instance: UInt64 = 0
    /// The reverse-path's hash; nil for the null reverse-path.
    var reversePath: UInt64?
    /// Engine time at which it was first seen.
    var createdAt: Int64 = 0
    /// Engine time at which it ended: its end was answered, it was withdrawn, or it ran out.
    var endedAt: Int64 = 0
    /// Where it stands.
    var state = MessageState.noted
    /// Which questions were answered.
    var answered: AnsweredQuestions = []
    /// True once the milter door has asked about it: then its end is the milter's.
    var milterAsked = false
    /// True once refused recipients were counted as dead.
    var deadCounted = false
    /// True once distinct keys were checked and put into the windows.
    var distinctCounted = false
    /// True where `recipients` is every accepted recipient.
    var recipientsAreComplete = false
    /// True once an observed limit had no room for it.
    var wouldStop = false
    /// True once a receiver put it off as spam.
    var isRefusedAsAbuse = false
    /// The campaign that it belongs to; 0 for none.
    var campaign: UInt32 = 0
    /// RCPT requests seen at the policy door.
    var recipientRequests: Int32 = 0
    /// The accepted recipients, as far as they are known; dropped when the message ends.
    var recipients = AcceptedRecipients(filler: AddressKey(address: 0, domain: 0))
    /// True where nothing but the connection names it.
    var isAnonymous: Bool { queueKey == 0 && instance == 0 }
    /// The counts.
    var amounts = Amounts()
    /// Subscriber and parents; empty for nobody's message.
    var payers = Payers(filler: .none)
    /// Keys put into distinct windows, to be taken back if it comes to nothing.
    var inserted: [InsertedKey] = []
    /// The answer where it was not a plain accept, kept for repetitions: none or one, out of line to keep records small.
    var kept: [Decision] = []

    /// True where the index finds it by `sessionKey`.
    var sessionIsIndexed = false

    /// True where the record is under a key.
    @inline(__always)
    func has(_ key: UInt64) -> Bool { queueKey == key || sessionKey == key || instance == key }

    /// True where the message is open on a connection, or was when it ended.
    func isOf(session: UInt64) -> Bool { sessionKey == session || sessionKey == 0 && endedSession == session }
}

/// Messages by queue id, by instance and by connection, in a ring: the oldest gives way at the bound.
struct MessageTable: Sendable {
    /// The ring. The message with number n stands in slot (n - first - 1) mod capacity.
    var slots: [MessageRecord] = []
    /// Slot by each of a message's keys.
    private var index: KeyIndex
    /// Most messages remembered.
    let capacity: Int
    /// The number before that of the first message; its upper 16 bits are the node.
    private let first: UInt64
    /// The number of the latest message.
    private(set) var last: UInt64
    /// The number of the message that is next to be looked at for having run out.
    private var nextToExpire: UInt64

    /// A table for so many messages; numbers begin above `first`, which carries the node.
    init(capacity: Int, first: UInt64) {
        self.capacity = capacity
        self.first = first
        last = first
        nextToExpire = first + 1
        index = KeyIndex(capacity: capacity * 3)
        slots.reserveCapacity(capacity)
    }

    /// The slot of a number.
    private func slot(number: UInt64) -> Int { Int((number - first - 1) % UInt64(capacity)) }

    /// The slot of the message that the next one pushes out; nil while there is room.
    var slotPushedOut: Int? { slots.count < capacity ? nil : slot(number: last + 1) }

    /// Takes the next slot for a new message. The caller has ended what stood there.
    mutating func insert(at now: Int64) -> Int {
        last += 1
        let slot = slot(number: last)
        if slot == slots.count {
            slots.append(MessageRecord())
        } else {
            forgetKeys(slot)
            slots[slot] = MessageRecord()
        }
        slots[slot].number = last
        slots[slot].createdAt = now
        if last - nextToExpire >= UInt64(capacity) { nextToExpire = last - UInt64(capacity) + 1 }
        return slot
    }

    /// The slot of a key.
    func slot(of key: UInt64) -> Int? { index.slot(of: key) { slots[$0].has(key) } }

    /// Lets a queue key find a message. The one that it had is forgotten, so that the index never holds more than three
    /// keys a message; a key that found another message finds this one from now on.
    mutating func setQueueKey(_ key: UInt64, of slot: Int) {
        if slots[slot].queueKey != 0 { index.remove(slots[slot].queueKey, of: slot) }
        put(key, slot)
        slots[slot].queueKey = key
    }

    /// Lets an instance find a message, in the same way.
    mutating func setInstance(_ key: UInt64, of slot: Int) {
        if slots[slot].instance != 0 { index.remove(slots[slot].instance, of: slot) }
        put(key, slot)
        slots[slot].instance = key
    }

    /// Lets the connection of a new message find it.
    mutating func indexSession(_ slot: Int) {
        guard slots[slot].sessionKey != 0, !slots[slot].sessionIsIndexed else { return }
        put(slots[slot].sessionKey, slot)
        slots[slot].sessionIsIndexed = true
    }

    /// Points a key to a slot.
    private mutating func put(_ key: UInt64, _ slot: Int) {
        let slots = slots
        index.set(key, to: slot) { slots[$0].has(key) }
    }

    /// Takes all keys of a message out of the index.
    mutating func forgetKeys(_ slot: Int) {
        if slots[slot].queueKey != 0 { index.remove(slots[slot].queueKey, of: slot) }
        if slots[slot].sessionIsIndexed { index.remove(slots[slot].sessionKey, of: slot) }
        if slots[slot].instance != 0 { index.remove(slots[slot].instance, of: slot) }
    }

    /// Ends the search by connection: the next message there is another one.
    mutating func forgetSession(_ slot: Int) {
        if slots[slot].sessionIsIndexed { index.remove(slots[slot].sessionKey, of: slot) }
        slots[slot].sessionIsIndexed = false
        slots[slot].sessionKey = 0
    }

    /// The slot of the next message that was first seen before a moment; each comes up once. Nil where there is none.
    mutating func nextOlder(than moment: Int64) -> Int? {
        guard nextToExpire <= last else { return nil }
        let slot = slot(number: nextToExpire)
        guard slots[slot].createdAt < moment else { return nil }
        nextToExpire += 1
        return slot
    }

    /// True where `nextOlder` has given the message out: what is reserved for it now would never run out.
    func hasRunOut(_ slot: Int) -> Bool { slots[slot].number < nextToExpire }

    /// True where every message first seen up to a moment was given out by `nextOlder`.
    func haveRunOut(upTo moment: Int64) -> Bool {
        nextToExpire > last || slots[slot(number: nextToExpire)].createdAt > moment
    }
}

// MARK: - Storage

extension MessageTable {
    /// Writes the table.
    func encode(_ out: inout ByteWriter) {
        out.count(capacity)
        out.fixed64(first)
        out.fixed64(last)
        out.fixed64(nextToExpire)
        out.count(slots.count)
        for slot in slots.indices {
            slots[slot].encode(&out)
            let record = slots[slot]
            for key in [record.queueKey, record.sessionIsIndexed ? record.sessionKey : 0, record.instance] {
                out.bool(key != 0 && self.slot(of: key) == slot)
            }
        }
    }

    /// Reads a table.
    init(_ input: inout ByteReader) throws(CodecError) {
        let capacity = try input.index(below: 1 << 28)
        guard capacity > 0 else { throw CodecError(place: input.place, expected: "a table of messages") }
        self.init(capacity: capacity, first: try input.fixed64())
        last = try input.fixed64()
        nextToExpire = try input.fixed64()
        let total = try input.count(minimumBytes: 13)
        guard total <= capacity, last >= first, nextToExpire > first, UInt64(total) <= last - first else {
            throw CodecError(place: input.place, expected: "at most \(capacity) messages")
        }
        for slot in 0..<total {
            slots.append(try MessageRecord(&input))
            // A key that another message took over is still in the record, and not in the index.
            if try input.bool() { put(slots[slot].queueKey, slot) }
            if try input.bool() { indexSession(slot) }
            if try input.bool() { put(slots[slot].instance, slot) }
        }
    }
}

extension MessageRecord {
    /// Writes the message.
    fileprivate func encode(_ out: inout ByteWriter) {
        out.fixed64(number)
        out.fixed64(queueKey)
        out.fixed64(sessionKey)
        out.fixed64(endedSession)
        out.fixed64(instance)
        out.optional(reversePath) { $0.fixed64($1) }
        out.signed(createdAt)
        out.signed(endedAt)
        out.byte(state.rawValue)
        out.byte(answered.rawValue)
        for flag in [
            milterAsked, deadCounted, distinctCounted, recipientsAreComplete, wouldStop, isRefusedAsAbuse,
            amounts.isNullSender,
        ] { out.bool(flag) }
        out.signed(Int64(recipientRequests))
        out.varint(UInt64(campaign))
        out.array(Array(recipients)) {
            $0.fixed64($1.address)
            $0.fixed64($1.domain)
        }
        out.signed(amounts.recipients)
        out.signed(amounts.bytes)
        out.array(Array(payers)) {
            $0.signed(Int64($1.slot))
            $0.varint(UInt64($1.serial))
            $0.varint(UInt64($1.revision))
            $0.varint(UInt64($1.plan))
            $0.varint(UInt64($1.charged))
        }
        out.array(inserted) {
            $0.byte($1.place)
            $0.fixed64($1.key)
        }
        out.array(kept) { $1.encode(&$0) }
    }

    /// Reads a message.
    fileprivate init(_ input: inout ByteReader) throws(CodecError) {
        number = try input.fixed64()
        queueKey = try input.fixed64()
        sessionKey = try input.fixed64()
        endedSession = try input.fixed64()
        instance = try input.fixed64()
        reversePath = try input.optional { (r) throws(CodecError) in try r.fixed64() }
        createdAt = try input.signed()
        endedAt = try input.signed()
        state = try input.enumeration(MessageState.self)
        answered = AnsweredQuestions(rawValue: try input.byte())
        milterAsked = try input.bool()
        deadCounted = try input.bool()
        distinctCounted = try input.bool()
        recipientsAreComplete = try input.bool()
        wouldStop = try input.bool()
        isRefusedAsAbuse = try input.bool()
        amounts.isNullSender = try input.bool()
        recipientRequests = try input.int32()
        campaign = try input.integer(UInt32.self)
        for _ in 0..<(try input.count(minimumBytes: 16)) {
            recipients.append(AddressKey(address: try input.fixed64(), domain: try input.fixed64()))
        }
        amounts.recipients = try input.signed()
        amounts.bytes = try input.signed()
        for _ in 0..<(try input.index(below: Policy.chainMax + 1)) {
            payers.append(
                Payer(
                    slot: try input.int32(), serial: try input.integer(UInt32.self),
                    revision: try input.integer(UInt32.self), plan: try input.integer(UInt32.self),
                    charged: try input.integer(UInt32.self)))
        }
        inserted = try input.array(minimumBytes: 9) { (r) throws(CodecError) in
            InsertedKey(place: try r.byte(), key: try r.fixed64())
        }
        kept = try input.array { (r) throws(CodecError) in try Decision(&r) }
    }
}
