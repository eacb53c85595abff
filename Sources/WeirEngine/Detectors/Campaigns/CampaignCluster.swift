// One campaign: who sends it, since when, and with what success.

import MailTypes

/// The state of one campaign. About 200 bytes, 16 more a subscriber up to 32, then 512 of registers.
struct CampaignCluster: Sendable {
    /// Subscribers that are listed; beyond, they are estimated.
    static let membersMax = 32
    /// Contained subscribers that are listed; further ones are not counted.
    static let containedMax = 64
    /// How long a subscriber writes a campaign before it counts as established in it.
    static let establishedSeconds: Int64 = 12 * 3600
    /// How long a founder is alone before its campaign counts as its own.
    static let soleSeconds: Int64 = 6 * 3600
    /// Subscribers of a campaign that is never merged into another such one: what joins two large campaigns is more likely a
    /// message made for that than a copy of both.
    static let grownSubscribers: Int64 = 8

    /// One subscriber of a campaign.
    struct Member: Sendable, Hashable {
        /// Its keyed hash.
        var subscriber: UInt64
        /// When it sent its first message, in seconds.
        var first: UInt32
        /// When it sent its last.
        var last: UInt32
    }

    /// The campaign that this one was merged into; 0 for none.
    var parent: UInt32 = 0
    /// How often the slot was used, so that old handles are told.
    var generation: UInt32 = 0
    /// When the first message came, in seconds.
    var first: UInt32 = 0
    /// When the last one came.
    var last: UInt32 = 0
    /// When a second subscriber's first one came; 0 for never.
    var joined: UInt32 = 0
    /// Who sent the first message.
    var founder: UInt64 = 0
    /// Messages before anybody else joined.
    var founderMessages: UInt64 = 0
    /// Messages.
    var messages: UInt64 = 0
    /// Of these, a mailing list's.
    var listMessages: UInt64 = 0
    /// Results that came back.
    var results: UInt64 = 0
    /// Of these, recipients that don't exist.
    var dead: UInt64 = 0
    /// Of these, refusals as spam.
    var refused: UInt64 = 0
    /// Recipients.
    var recipients: UInt64 = 0
    /// Of these, whom the sender had never written to.
    var newRecipients: UInt64 = 0
    /// The sum of content scores.
    var contentSum: Int64 = 0
    /// How many scores that is.
    var contentCount: UInt64 = 0
    /// How many keys of each kind came with it for the first time.
    var keys = InlineArray<5, UInt32>(repeating: 0)
    /// The first subscribers.
    var members: [Member] = []
    /// Registers of all subscribers, empty while all are listed.
    var registers: [UInt8] = []
    /// The number of subscribers that the registers stand for.
    private var estimated: Int64 = 0
    /// Contained subscribers.
    var contained: [UInt64] = []
    /// Subscribers that looked suspicious by other evidence when they sent it; at most `containedMax`.
    var suspects: [UInt64] = []

    /// A free one.
    init() {}

    /// The campaign of a message that was alone so far.
    init(_ text: CampaignText, generation: UInt32) {
        self.generation = generation
        first = text.first
        last = text.last
        founder = text.subscriber
        founderMessages = UInt64(text.messages)
        messages = UInt64(text.messages)
        listMessages = UInt64(text.listMessages)
        results = UInt64(text.results)
        dead = UInt64(text.dead)
        refused = UInt64(text.refused)
        recipients = UInt64(text.recipients)
        newRecipients = UInt64(text.newRecipients)
        contentSum = Int64(text.contentSum)
        contentCount = UInt64(text.contentCount)
        members = [Member(subscriber: text.subscriber, first: text.first, last: text.last)]
    }

    /// How many subscribers it has.
    var subscribers: Int64 {
        registers.isEmpty ? Int64(members.count) : max(Int64(members.count), estimated)
    }

    /// True where it is large; cheaper than counting.
    var isGrown: Bool { !registers.isEmpty || Int64(members.count) > CampaignCluster.grownSubscribers }

    /// True where one subscriber has been alone with it for long, or had been when others joined.
    var isSole: Bool {
        let until = joined == 0 ? last : joined
        return founderMessages >= 2 && Int64(until) - Int64(first) >= CampaignCluster.soleSeconds
    }

    /// Takes in a message.
    mutating func note(_ subscriber: UInt64, at now: UInt32, isList: Bool) {
        if messages == 0 {
            founder = subscriber
            first = now
        }
        messages += 1
        last = max(last, now)
        if isList { listMessages += 1 }
        if joined == 0 {
            if subscriber == founder { founderMessages += 1 } else { joined = now }
        }
        add(Member(subscriber: subscriber, first: now, last: now))
    }

    /// Puts a subscriber in.
    private mutating func add(_ member: Member) {
        if let place = members.firstIndex(where: { $0.subscriber == member.subscriber }) {
            members[place].first = min(members[place].first, member.first)
            members[place].last = max(members[place].last, member.last)
        } else if members.count < CampaignCluster.membersMax {
            members.append(member)
        } else {
            register(member.subscriber)
            return
        }
        if !registers.isEmpty { register(member.subscriber) }
    }

    /// Puts a subscriber into the registers, and begins them with all that are listed.
    private mutating func register(_ subscriber: UInt64) {
        var isChanged = registers.isEmpty
        if registers.isEmpty {
            registers = Array(repeating: 0, count: DistinctSketch.registers)
            for known in members { DistinctSketch.insert(known.subscriber, into: &registers, slice: 0) }
        }
        let place = Int(subscriber & UInt64(DistinctSketch.registers - 1))
        let before = registers[place]
        DistinctSketch.insert(subscriber, into: &registers, slice: 0)
        isChanged = isChanged || registers[place] != before
        if isChanged { estimated = DistinctSketch.estimate(registers) }
    }

    /// Takes in all of another campaign: sums, the earlier founder, all subscribers.
    mutating func absorb(_ other: CampaignCluster) {
        let mine = self
        let older = mine.first <= other.first ? mine : other
        let younger = mine.first <= other.first ? other : mine
        founder = older.founder
        founderMessages = older.founderMessages
        first = older.first
        joined = older.joined
        // The founder was alone until the other campaign began, unless that is its own as well.
        let stranger = younger.founder == older.founder ? younger.joined : younger.first
        if stranger != 0 { joined = joined == 0 ? stranger : min(joined, stranger) }
        last = max(last, other.last)
        messages += other.messages
        listMessages += other.listMessages
        results += other.results
        dead += other.dead
        refused += other.refused
        recipients += other.recipients
        newRecipients += other.newRecipients
        contentSum += other.contentSum
        contentCount += other.contentCount
        for kind in 0..<5 { keys[kind] &+= other.keys[kind] }
        for member in other.members { add(member) }
        if !other.registers.isEmpty {
            if registers.isEmpty { registers = Array(repeating: 0, count: DistinctSketch.registers) }
            for place in registers.indices { registers[place] = max(registers[place], other.registers[place]) }
            for known in members { DistinctSketch.insert(known.subscriber, into: &registers, slice: 0) }
            estimated = DistinctSketch.estimate(registers)
        }
        for subscriber in other.contained { contain(subscriber) }
        for subscriber in other.suspects { suspect(subscriber) }
    }

    /// Counts a subscriber as contained, once; false where the list is full.
    @discardableResult
    mutating func contain(_ subscriber: UInt64) -> Bool {
        if contained.contains(subscriber) { return true }
        guard contained.count < CampaignCluster.containedMax else { return false }
        contained.append(subscriber)
        return true
    }

    /// Counts a subscriber as suspicious, once; beyond the bound it is not counted.
    mutating func suspect(_ subscriber: UInt64) {
        if suspects.count < CampaignCluster.containedMax, !suspects.contains(subscriber) { suspects.append(subscriber) }
    }

    /// What is known of it.
    var statistics: CampaignStatistics {
        var result = CampaignStatistics()
        result.messages = messages
        result.subscribers = subscribers
        result.contained = contained.count
        result.established = members.count {
            Int64($0.last) - Int64($0.first) >= CampaignCluster.establishedSeconds
        }
        result.firstSeen = Int64(first) * 1_000_000_000
        result.lastSeen = Int64(last) * 1_000_000_000
        result.founder = founder
        result.founderMessages = founderMessages
        result.aloneNanoseconds = (Int64(joined == 0 ? last : joined) - Int64(first)) * 1_000_000_000
        result.listPermille = messages == 0 ? 0 : Int(listMessages * 1000 / messages)
        result.results = results
        result.dead = dead
        result.refusedAsSpam = refused
        result.recipients = recipients
        result.newRecipients = newRecipients
        result.contentScore = contentCount == 0 ? nil : Int32(clamping: contentSum / Int64(clamping: contentCount))
        return result
    }
}

// MARK: - Storage

extension CampaignCluster {
    /// Writes the campaign.
    func encode(_ out: inout ByteWriter) {
        for value in [parent, generation, first, last, joined] { out.varint(UInt64(value)) }
        out.fixed64(founder)
        for value in [
            founderMessages, messages, listMessages, results, dead, refused, recipients, newRecipients, contentCount,
        ] { out.varint(value) }
        out.signed(contentSum)
        for kind in 0..<5 { out.varint(UInt64(keys[kind])) }
        out.array(members) {
            $0.fixed64($1.subscriber)
            $0.varint(UInt64($1.first))
            $0.varint(UInt64($1.last))
        }
        out.blob(registers)
        out.array(contained) { $0.fixed64($1) }
        out.array(suspects) { $0.fixed64($1) }
    }

    /// Reads a campaign.
    init(_ input: inout ByteReader) throws(CodecError) {
        parent = try input.integer(UInt32.self)
        generation = try input.integer(UInt32.self)
        first = try input.integer(UInt32.self)
        last = try input.integer(UInt32.self)
        joined = try input.integer(UInt32.self)
        founder = try input.fixed64()
        founderMessages = try input.varint()
        messages = try input.varint()
        listMessages = try input.varint()
        results = try input.varint()
        dead = try input.varint()
        refused = try input.varint()
        recipients = try input.varint()
        newRecipients = try input.varint()
        contentCount = try input.varint()
        contentSum = try input.signed()
        for kind in 0..<5 { keys[kind] = try input.integer(UInt32.self) }
        members = try input.array(minimumBytes: 10) { (r) throws(CodecError) in
            Member(
                subscriber: try r.fixed64(), first: try r.integer(UInt32.self), last: try r.integer(UInt32.self))
        }
        registers = try input.blob()
        contained = try input.array(minimumBytes: 8) { (r) throws(CodecError) in try r.fixed64() }
        suspects = try input.array(minimumBytes: 8) { (r) throws(CodecError) in try r.fixed64() }
        // Counters are sums of what went in one by one: a number that large was never written.
        let most = [messages, listMessages, results, dead, refused, recipients, newRecipients, contentCount].max() ?? 0
        guard registers.isEmpty || registers.count == DistinctSketch.registers, most < 1 << 53,
            members.count <= CampaignCluster.membersMax,
            max(contained.count, suspects.count) <= CampaignCluster.containedMax
        else { throw CodecError(place: input.place, expected: "a campaign") }
        if !registers.isEmpty { estimated = DistinctSketch.estimate(registers) }
    }
}
