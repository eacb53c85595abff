// What is usual for one subscriber, learned a day late so that an attack does not make itself normal.

import MailTypes

/// A few things seen most lately: networks, mail programs, names. Six bytes each.
///
/// Of a keyed hash 24 bits are kept: one in three million others passes for one of six that are known.
struct Acquaintances<let places: Int>: Sendable {
    /// The upper 24 bits: the hash's, 0 in a free place. The lower 8: how many days before the last sight the first was, at
    /// most 255.
    private var keys = InlineArray<places, UInt32>(repeating: 0)
    /// The day of the last sight, counted from the subscriber's first; 65,535 and later are one.
    private var lasts = InlineArray<places, UInt16>(repeating: 0)

    /// What is kept of a hash, never 0 but for 0.
    private static func key(_ hash: UInt32) -> UInt32 { hash == 0 ? 0 : max(1 << 8, hash << 8) }

    /// The day of the first sight, or one that is long gone.
    private func first(_ place: Int) -> UInt16 { lasts[place] - UInt16(keys[place] & 0xFF) }

    /// How many were ever kept, at most `places`.
    var count: Int {
        var count = 0
        for place in 0..<places where keys[place] != 0 { count += 1 }
        return count
    }

    /// True for something that was first seen on an earlier day.
    func knows(_ hash: UInt32, on day: UInt16) -> Bool {
        let key = Acquaintances.key(hash)
        for place in 0..<places where keys[place] & ~0xFF == key { return key != 0 && first(place) < day }
        return false
    }

    /// True where something of an earlier day is known.
    func knowsAny(on day: UInt16) -> Bool {
        for place in 0..<places where keys[place] != 0 && first(place) < day { return true }
        return false
    }

    /// Notes something seen on a day; the one not seen for longest gives way.
    mutating func note(_ hash: UInt32, on day: UInt16) {
        guard hash != 0 else { return }
        let key = Acquaintances.key(hash)
        var oldest = 0
        for place in 0..<places {
            if keys[place] & ~0xFF == key {
                // What is 255 days old is old enough: `knows` and `forget` ask about days that are no longer ago.
                keys[place] = key | min(255, UInt32(day - min(day, first(place))))
                lasts[place] = max(day, lasts[place])
                return
            }
            if keys[place] == 0 || keys[oldest] != 0 && lasts[place] < lasts[oldest] {
                oldest = place
                if keys[place] == 0 { break }
            }
        }
        keys[oldest] = key
        lasts[oldest] = day
    }

    /// Forgets what was first seen on a day or later.
    mutating func forget(since day: UInt16) {
        for place in 0..<places where keys[place] != 0 && first(place) >= day {
            keys[place] = 0
            lasts[place] = 0
        }
    }
}

/// The counts of one day, before they are learned: 28 bytes.
struct DayCounts: Sendable {
    /// The counts, by the names below; the twelfth is free.
    private var counts = SmallCounts<12>()
    /// Most new recipients in one of the day's hours, as a decaying count.
    var newAnHour: Float = 0

    /// Messages.
    var messages: Float {
        get { counts[0] }
        set { counts[0] = newValue }
    }
    /// Recipients that are known one by one.
    var recipients: Float {
        get { counts[1] }
        set { counts[1] = newValue }
    }
    /// Of these, never written to before.
    var newRecipients: Float {
        get { counts[2] }
        set { counts[2] = newValue }
    }
    /// Messages that had any.
    var withContent: Float {
        get { counts[3] }
        set { counts[3] = newValue }
    }
    /// Of these, above `ContentDetector.oddFrom`.
    var oddContent: Float {
        get { counts[4] }
        set { counts[4] = newValue }
    }
    /// Of these, above `ContentDetector.spamFrom`.
    var spamContent: Float {
        get { counts[5] }
        set { counts[5] = newValue }
    }
    /// Messages to several recipients at once (`RecipientsDetector.wideFrom`).
    var wide: Float {
        get { counts[6] }
        set { counts[6] = newValue }
    }
    /// Networks not known before.
    var newNetworks: Float {
        get { counts[7] }
        set { counts[7] = newValue }
    }
    /// Of these, such as are of another AS or country too.
    var newOrigins: Float {
        get { counts[10] }
        set { counts[10] = newValue }
    }
    /// Delivery results.
    var results: Float {
        get { counts[8] }
        set { counts[8] = newValue }
    }
    /// Of these, that the recipient does not exist.
    var dead: Float {
        get { counts[9] }
        set { counts[9] = newValue }
    }
}

/// What is usual for one subscriber. Bounded; Docs/decisions/0004-one-memory-for-all-detectors.md has its size.
///
/// A day is learned when the day after it is over, and not at all while the subscriber looks suspicious.
struct Habits: Sendable {
    /// The day of the first message, since 1970.
    var firstDay: Int32 = 0
    /// The day now being counted, since the first.
    var day: UInt16 = 0
    /// True where today must not be learned.
    var isTodayTainted = false
    /// True where yesterday must not be learned.
    var isYesterdayTainted = false
    /// The serial of the subscriber that these are of.
    var serial: UInt32 = 0
    /// Where the subscriber stands on the ladder.
    var standing = Standing()
    /// Today's counts.
    var today = DayCounts()
    /// Those of the day before.
    var yesterday = DayCounts()
    /// Days with mail that were learned, at most 1,000.
    var days: Float = 0
    /// Messages on a day with mail: a mean that forgets with a memory of 60 such days.
    var messagesADay: Float = 0
    /// Recipients, forgotten in the same way.
    var recipients: Float = 0
    /// Of these, new.
    var newRecipients: Float = 0
    /// The most new recipients of one day, shrinking by a hundredth a day with mail.
    var newADay: Float = 0
    /// The most new recipients of about one hour, in the same way.
    var newAnHour: Float = 0
    /// Messages that had any.
    var withContent: Float = 0
    /// Of these, above `ContentDetector.oddFrom`, and above `ContentDetector.spamFrom`.
    var oddContent: Float = 0
    var spamContent: Float = 0
    /// Messages, forgotten like recipients, and of these to several at once.
    var messages: Float = 0
    var wide: Float = 0
    /// Days on which a network was new.
    var newNetworkDays: Float = 0
    /// Days on which an AS was new.
    var newOriginDays: Float = 0
    /// Delivery results.
    var results: Float = 0
    /// Of these, dead recipients.
    var dead: Float = 0
    /// New recipients as a count that decays with an hour, and when it was last added to.
    var hourNow: Float = 0
    var lastNewAt = CoarseTime()
    /// Messages in each of the day's eight parts.
    var parts = SmallWeights<8>()
    /// Networks (/24, /48).
    var networks = Acquaintances<6>()
    /// Origins (AS and country) of a login, and where it was used last.
    var origins = Origins()
    var lastUse = LastUse()
    /// Styles of mail programs.
    var styles = Acquaintances<4>()
    /// HELO names.
    var helos = Acquaintances<3>()
    /// Reverse-paths.
    var reversePaths = Acquaintances<3>()

    /// Nothing usual yet.
    init() {}

    /// How much of what was learned stays at each day with mail.
    private static let memory: Float = 1 - 1 / 60

    /// Moves on to a day, since 1970. `isSuspicious` keeps the day that begins from being learned; `isHeld` the days that end too,
    /// with whom and what was met on them.
    mutating func advance(to now: Int32, isSuspicious: Bool, isHeld: Bool) {
        if messagesSeen == 0 { firstDay = now }
        let new = UInt16(clamping: now - firstDay)
        guard new > day else { return }
        if isHeld { taint() }
        let isNext = new == day + 1
        if !isYesterdayTainted { learn(yesterday) }
        if isNext {
            yesterday = today
            isYesterdayTainted = isTodayTainted
        } else {
            if !isTodayTainted { learn(today) }
            yesterday = DayCounts()
            isYesterdayTainted = false
        }
        today = DayCounts()
        isTodayTainted = isSuspicious || isHeld
        day = new
    }

    /// Messages that were ever noted, as far as days and pending counts tell.
    private var messagesSeen: Float { days + today.messages + yesterday.messages }

    /// Learns a day's counts.
    private mutating func learn(_ counts: DayCounts) {
        guard counts.messages > 0 else { return }
        let memory = Habits.memory
        days = min(1000, days + 1)
        messagesADay += (counts.messages - messagesADay) / min(days, 60)
        recipients = recipients * memory + counts.recipients
        newRecipients = newRecipients * memory + counts.newRecipients
        newADay = max(newADay * 0.99, counts.newRecipients)
        newAnHour = max(newAnHour * 0.99, counts.newAnHour)
        withContent = withContent * memory + counts.withContent
        oddContent = oddContent * memory + counts.oddContent
        spamContent = spamContent * memory + counts.spamContent
        messages = messages * memory + counts.messages
        wide = wide * memory + counts.wide
        newNetworkDays = newNetworkDays * memory + (counts.newNetworks > 0 ? 1 : 0)
        newOriginDays = newOriginDays * memory + (counts.newOrigins > 0 ? 1 : 0)
        results = results * memory + counts.results
        dead = dead * memory + counts.dead
    }

    /// Takes back what was learned of suspicious days that have not been learned yet, and forgets the strangers of these days.
    mutating func taint() {
        isTodayTainted = true
        isYesterdayTainted = true
        let since = day > 0 ? day - 1 : 0
        networks.forget(since: max(1, since))
        origins.forget(since: max(1, since))
        styles.forget(since: max(1, since))
        helos.forget(since: max(1, since))
        reversePaths.forget(since: max(1, since))
    }

    /// True for a subscriber of whom too little is known to call anything unusual.
    var isNewcomer: Bool { day < 7 || days < 3 }
}

// MARK: - Storage

extension DayCounts {
    /// Writes the counts.
    func encode(_ out: inout ByteWriter) {
        out.floats(
            [
                messages, recipients, newRecipients, newAnHour, withContent, oddContent, spamContent, wide, newNetworks,
                newOrigins, results, dead,
            ] as InlineArray<12, Float>)
    }

    /// Reads counts.
    init(_ input: inout ByteReader) throws(CodecError) {
        let values: InlineArray<12, Float> = try input.floats()
        (messages, recipients, newRecipients, newAnHour) = (values[0], values[1], values[2], values[3])
        (withContent, oddContent, spamContent, wide) = (values[4], values[5], values[6], values[7])
        (newNetworks, newOrigins, results, dead) = (values[8], values[9], values[10], values[11])
    }
}

extension Acquaintances {
    /// Writes them.
    func encode(_ out: inout ByteWriter) {
        out.count(count)
        for place in 0..<places where keys[place] != 0 {
            out.byte(UInt8(place))
            out.fixed32(keys[place])
            out.varint(UInt64(lasts[place]))
        }
    }

    /// Reads them.
    init(_ input: inout ByteReader) throws(CodecError) {
        self.init()
        for _ in 0..<(try input.index(below: places + 1)) {
            let place = try input.index(below: places)
            keys[place] = try input.fixed32()
            lasts[place] = try input.integer(UInt16.self)
            guard keys[place] >> 8 != 0, keys[place] & 0xFF <= UInt32(lasts[place]) else {
                throw CodecError(place: input.place, expected: "something that was seen")
            }
        }
    }
}

extension Habits: Compactable {
    /// Writes the habits.
    func encode(_ out: inout ByteWriter) {
        out.signed(Int64(firstDay))
        out.varint(UInt64(day))
        out.bool(isTodayTainted)
        out.bool(isYesterdayTainted)
        out.varint(UInt64(serial))
        standing.encode(&out)
        today.encode(&out)
        yesterday.encode(&out)
        out.floats(
            [
                days, messagesADay, recipients, newRecipients, newADay, newAnHour, withContent, oddContent, spamContent,
                messages, wide, newNetworkDays, newOriginDays, results, dead, hourNow,
            ] as InlineArray<16, Float>)
        out.varint(UInt64(lastNewAt.seconds))
        var hours = InlineArray<8, Float>(repeating: 0)
        for part in 0..<8 { hours[part] = parts[part] }
        out.floats(hours)
        networks.encode(&out)
        origins.encode(&out)
        lastUse.encode(&out)
        styles.encode(&out)
        helos.encode(&out)
        reversePaths.encode(&out)
    }

    /// Reads habits.
    init(_ input: inout ByteReader) throws(CodecError) {
        firstDay = try input.int32()
        day = try input.integer(UInt16.self)
        isTodayTainted = try input.bool()
        isYesterdayTainted = try input.bool()
        serial = try input.integer(UInt32.self)
        standing = try Standing(&input)
        today = try DayCounts(&input)
        yesterday = try DayCounts(&input)
        let learned: InlineArray<16, Float> = try input.floats()
        (days, messagesADay, recipients, newRecipients) = (learned[0], learned[1], learned[2], learned[3])
        (newADay, newAnHour, withContent, oddContent) = (learned[4], learned[5], learned[6], learned[7])
        (spamContent, messages, wide, newNetworkDays) = (learned[8], learned[9], learned[10], learned[11])
        (newOriginDays, results, dead, hourNow) = (learned[12], learned[13], learned[14], learned[15])
        lastNewAt = CoarseTime(seconds: try input.integer(UInt32.self))
        let hours: InlineArray<8, Float> = try input.floats()
        for part in 0..<8 { parts[part] = hours[part] }
        networks = try Acquaintances(&input)
        origins = try Origins(&input)
        lastUse = try LastUse(&input)
        styles = try Acquaintances(&input)
        helos = try Acquaintances(&input)
        reversePaths = try Acquaintances(&input)
    }
}

extension ByteWriter {
    /// A number of single precision, by its bits: small whole ones take three bytes.
    mutating func float(_ value: Float) { varint(UInt64(value.bitPattern.byteSwapped)) }

    /// At most 64 numbers of single precision, of which many are 0: which are not, a bit each, then these.
    mutating func floats<let total: Int>(_ values: InlineArray<total, Float>) {
        var isThere: UInt64 = 0
        for place in 0..<total where values[place] != 0 { isThere |= 1 << UInt64(place) }
        varint(isThere)
        for place in 0..<total where values[place] != 0 { float(values[place]) }
    }
}

extension ByteReader {
    /// At most 64 numbers of single precision.
    mutating func floats<let total: Int>() throws(CodecError) -> InlineArray<total, Float> {
        let isThere = try varint()
        var values = InlineArray<total, Float>(repeating: 0)
        for place in 0..<total where isThere & 1 << UInt64(place) != 0 { values[place] = try float() }
        return values
    }

    /// A number of single precision; not-a-number and infinity are damage.
    mutating func float() throws(CodecError) -> Float {
        let value = Float(bitPattern: try integer(UInt32.self).byteSwapped)
        guard value.isFinite else { throw CodecError(place: place, expected: "a finite number") }
        return value
    }
}
