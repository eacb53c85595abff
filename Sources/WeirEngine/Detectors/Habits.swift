// What is usual for one subscriber, learned a day late so that an attack does not make itself normal.

import MailTypes

/// Something a subscriber was seen with: a network, a mail program, a name. Eight bytes.
struct Acquaintance: Hashable, Sendable {
    /// A keyed hash of it; 0 in a free place.
    var key: UInt32 = 0
    /// The day on which it was first seen, counted from the subscriber's first; 65,535 and later are one.
    var first: UInt16 = 0
    /// The day on which it was seen last.
    var last: UInt16 = 0
}

/// A few things seen most lately.
struct Acquaintances<let places: Int>: Sendable {
    /// The places.
    var entries = InlineArray<places, Acquaintance>(repeating: Acquaintance())

    /// How many were ever kept, at most `places`.
    var count: Int {
        var count = 0
        for place in 0..<places where entries[place].key != 0 { count += 1 }
        return count
    }

    /// True for something that was first seen on an earlier day.
    func knows(_ key: UInt32, on day: UInt16) -> Bool {
        for place in 0..<places where entries[place].key == key { return entries[place].first < day }
        return false
    }

    /// True where something of an earlier day is known.
    func knowsAny(on day: UInt16) -> Bool {
        for place in 0..<places where entries[place].key != 0 && entries[place].first < day { return true }
        return false
    }

    /// Notes something seen on a day; the one not seen for longest gives way.
    mutating func note(_ key: UInt32, on day: UInt16) {
        guard key != 0 else { return }
        var oldest = 0
        for place in 0..<places {
            if entries[place].key == key {
                entries[place].last = day
                return
            }
            if entries[place].key == 0 || entries[oldest].key != 0 && entries[place].last < entries[oldest].last {
                oldest = place
                if entries[place].key == 0 { break }
            }
        }
        entries[oldest] = Acquaintance(key: key, first: day, last: day)
    }

    /// Forgets what was first seen on a day or later.
    mutating func forget(since day: UInt16) {
        for place in 0..<places where entries[place].first >= day && entries[place].key != 0 {
            entries[place] = Acquaintance()
        }
    }
}

/// The counts of one day, before they are learned.
struct DayCounts: Sendable {
    /// Messages.
    var messages: Float = 0
    /// Recipients that are known one by one.
    var recipients: Float = 0
    /// Of these, never written to before.
    var newRecipients: Float = 0
    /// Most new recipients in one of the day's hours, as a decaying count.
    var newAnHour: Float = 0
    /// Messages that had any.
    var withContent: Float = 0
    /// Of these, above `ContentDetector.oddFrom`, and above `ContentDetector.spamFrom`.
    var oddContent: Float = 0
    var spamContent: Float = 0
    /// Messages to several recipients at once (`RecipientsDetector.wideFrom`).
    var wide: Float = 0
    /// Networks not known before.
    var newNetworks: Float = 0
    /// Delivery results.
    var results: Float = 0
    /// Of these, that the recipient does not exist.
    var dead: Float = 0
}

/// What is usual for one subscriber. Bounded; about 280 bytes.
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
    /// The excursion, -1 without one.
    var excursion: Int32 = -1
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
    /// Delivery results.
    var results: Float = 0
    /// Of these, dead recipients.
    var dead: Float = 0
    /// New recipients as a count that decays with an hour, and when it was last added to.
    var hourNow: Float = 0
    var lastNewAt: Int64 = 0
    /// Messages in each of the day's eight parts.
    var parts = InlineArray<8, Float>(repeating: 0)
    /// Networks (/24, /48).
    var networks = Acquaintances<6>()
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

    /// Moves on to a day, since 1970. `isSuspicious` keeps the days that end from being learned.
    mutating func advance(to now: Int32, isSuspicious: Bool) {
        if messagesSeen == 0 { firstDay = now }
        let new = UInt16(clamping: now - firstDay)
        guard new > day else { return }
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
        isTodayTainted = isSuspicious
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
        newNetworkDays = newNetworkDays * memory + min(1, counts.newNetworks)
        results = results * memory + counts.results
        dead = dead * memory + counts.dead
    }

    /// Takes back what was learned of suspicious days that have not been learned yet, and forgets the strangers of these days.
    mutating func taint() {
        isTodayTainted = true
        isYesterdayTainted = true
        let since = day > 0 ? day - 1 : 0
        networks.forget(since: max(1, since))
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
        for value in [
            messages, recipients, newRecipients, newAnHour, withContent, oddContent, spamContent, wide, newNetworks,
            results, dead,
        ] { out.float(value) }
    }

    /// Reads counts.
    init(_ input: inout ByteReader) throws(CodecError) {
        messages = try input.float()
        recipients = try input.float()
        newRecipients = try input.float()
        newAnHour = try input.float()
        withContent = try input.float()
        oddContent = try input.float()
        spamContent = try input.float()
        wide = try input.float()
        newNetworks = try input.float()
        results = try input.float()
        dead = try input.float()
    }
}

extension Acquaintances {
    /// Writes them.
    func encode(_ out: inout ByteWriter) {
        for place in 0..<places {
            out.varint(UInt64(entries[place].key))
            guard entries[place].key != 0 else { continue }
            out.varint(UInt64(entries[place].first))
            out.varint(UInt64(entries[place].last))
        }
    }

    /// Reads them.
    init(_ input: inout ByteReader) throws(CodecError) {
        self.init()
        for place in 0..<places {
            entries[place].key = try input.integer(UInt32.self)
            guard entries[place].key != 0 else { continue }
            entries[place].first = try input.integer(UInt16.self)
            entries[place].last = try input.integer(UInt16.self)
        }
    }
}

extension Habits {
    /// Writes the habits.
    func encode(_ out: inout ByteWriter) {
        out.signed(Int64(firstDay))
        out.varint(UInt64(day))
        out.bool(isTodayTainted)
        out.bool(isYesterdayTainted)
        out.varint(UInt64(serial))
        out.signed(Int64(excursion))
        standing.encode(&out)
        today.encode(&out)
        yesterday.encode(&out)
        for value in [
            days, messagesADay, recipients, newRecipients, newADay, newAnHour, withContent, oddContent, spamContent,
            messages, wide, newNetworkDays, results, dead,
        ] { out.float(value) }
        out.float(hourNow)
        out.signed(lastNewAt)
        for part in 0..<8 { out.float(parts[part]) }
        networks.encode(&out)
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
        excursion = try input.int32()
        standing = try Standing(&input)
        today = try DayCounts(&input)
        yesterday = try DayCounts(&input)
        days = try input.float()
        messagesADay = try input.float()
        recipients = try input.float()
        newRecipients = try input.float()
        newADay = try input.float()
        newAnHour = try input.float()
        withContent = try input.float()
        oddContent = try input.float()
        spamContent = try input.float()
        messages = try input.float()
        wide = try input.float()
        newNetworkDays = try input.float()
        results = try input.float()
        dead = try input.float()
        hourNow = try input.float()
        lastNewAt = try input.signed()
        for part in 0..<8 { parts[part] = try input.float() }
        networks = try Acquaintances(&input)
        styles = try Acquaintances(&input)
        helos = try Acquaintances(&input)
        reversePaths = try Acquaintances(&input)
    }
}

extension ByteWriter {
    /// A number of single precision, by its bits; most are 0.
    mutating func float(_ value: Float) { varint(UInt64(value.bitPattern.byteSwapped)) }
}

extension ByteReader {
    /// A number of single precision; not-a-number and infinity are damage.
    mutating func float() throws(CodecError) -> Float {
        let value = Float(bitPattern: try integer(UInt32.self).byteSwapped)
        guard value.isFinite else { throw CodecError(place: place, expected: "a finite number") }
        return value
    }
}
