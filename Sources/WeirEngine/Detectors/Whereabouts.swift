// From which AS and country a login is used, and how soon one place comes after another.
//
// A network that was never used before says little by itself: lines are renumbered, and a mobile carrier has hundreds. It says
// less where its AS is the account's own, and more where its country is new. Memory: three origins and the last use in `Habits`
// (36 bytes), what was strange in `Excursion` (30 bytes).

import MailTypes

extension Origin {
    /// AS and country as one number, 0 where neither is known. Of the AS sixteen bits: that two of one account meet is rare and
    /// makes them look known.
    var key: UInt32 { UInt32(systemKey) << 16 | UInt32(country?.packed ?? 0) }

    /// The AS in sixteen bits; 0 where it is not known.
    private var systemKey: UInt16 {
        guard system != 0 else { return 0 }
        return max(1, UInt16(truncatingIfNeeded: (system &* 0x9E37_79B1) >> 16))
    }
}

/// How strange a network is that an account never used before.
enum Strangeness: UInt8, Comparable {
    /// Nothing is known of where it is, or of where the account was.
    case unknown = 0
    /// In an AS that the account is used from.
    case network
    /// In another AS of a country that it is used from.
    case system
    /// In another country.
    case country

    /// By how strange.
    static func < (a: Strangeness, b: Strangeness) -> Bool { a.rawValue < b.rawValue }
}

/// Where a login was used last. Twelve bytes.
struct LastUse: Sendable {
    /// Engine time in seconds; 0 for never.
    var seconds: UInt32 = 0
    /// Hundredths of a degree.
    var latitude: Int16 = 0
    var longitude: Int16 = 0
    /// The packed country; 0 where it is not known.
    var country: UInt16 = 0
    /// Tens of kilometres around it, rounded up; 255 where the place is not known. Two bytes, so that no byte of a use is unused.
    var radius: UInt16 = 255

    /// Never.
    init() {}

    /// A use from somewhere.
    init(_ origin: Origin, at time: Int64) {
        seconds = UInt32(clamping: time / 1_000_000_000)
        country = origin.country?.packed ?? 0
        guard let place = origin.place, place.radiusKilometres <= 2540 else { return }
        latitude = place.latitude
        longitude = place.longitude
        radius = UInt16((Int(place.radiusKilometres) + 9) / 10)
    }

    /// No aeroplane in line service is faster, in kilometres an hour.
    private static let kilometresAnHour = 900.0
    /// Databases are wrong by this much without saying so.
    private static let slackKilometres = 100.0

    /// True where nobody gets from one use to the other in the time between, each put where it suits within its radius.
    func isTooFar(from other: LastUse) -> Bool {
        guard radius != 255, other.radius != 255 else { return false }
        let kilometres = GreatCircle.kilometres((latitude, longitude), (other.latitude, other.longitude))
        let around = Double(radius) * 10 + Double(other.radius) * 10 + LastUse.slackKilometres
        let hours = Double(Swift.max(seconds, other.seconds) - Swift.min(seconds, other.seconds)) / 3600
        return kilometres - around > LastUse.kilometresAnHour * hours
    }
}

/// What an excursion knows of places that its account was never used from. 30 bytes, the widest first.
struct ForeignUse: Sendable {
    /// The latest origins never used before, by their keys.
    var origins = InlineArray<3, UInt32>(repeating: 0)
    /// The AS of the strangest, for people; 0 where it is not known.
    var system: UInt32 = 0
    /// When a network was new last, in seconds of engine time; 0 for never.
    var newestAt: UInt32 = 0
    /// The packed country of the strangest, for people; 0 where it is not known.
    var country: UInt16 = 0
    /// The other country of two uses too soon after each other, and the minutes between: below 0 where that one came after.
    var otherCountry: UInt16 = 0
    var minutes: Int16 = 0
    /// Origins never used before.
    var count: UInt8 = 0
    /// Changes of country within an hour.
    var switches: UInt8 = 0
    /// How strange the strangest is.
    var strangeness = Strangeness.unknown
    /// True once two uses came too soon after each other: that counts once.
    var isTorn = false

    /// None.
    init() {}

    /// Notes an origin never used before. True where it is another than the last ones.
    mutating func note(_ origin: Origin, _ strangeness: Strangeness) -> Bool {
        let key = origin.key
        for place in 0..<3 where origins[place] == key { return false }
        origins[Int(count) % 3] = key
        if count < .max { count += 1 }
        if strangeness > self.strangeness {
            self.strangeness = strangeness
            system = origin.system
            country = origin.country?.packed ?? 0
        }
        return true
    }
}

/// The origins of a login, each by its key: half of it says the AS and half the country. Eight bytes each.
struct Origins: Sendable {
    /// How many are kept.
    static let places = 3
    /// The bits of a key that say the AS, and those that say the country.
    private static let systemBits: UInt32 = 0xFFFF_0000
    private static let countryBits: UInt32 = 0x0000_FFFF

    /// The keys; 0 in a free place.
    private var keys = InlineArray<3, UInt32>(repeating: 0)
    /// The days of the first sight and of the last, counted from the subscriber's first; 65,535 and later are one.
    private var firsts = InlineArray<3, UInt16>(repeating: 0)
    private var lasts = InlineArray<3, UInt16>(repeating: 0)

    /// Notes an origin seen on a day. What was seen over a long time is remembered for longer, up to a month: two weeks abroad do
    /// not make strangers of home and work.
    mutating func note(_ key: UInt32, on day: UInt16) {
        guard key != 0 else { return }
        var least = 0
        var leastUntil = Int.max
        for place in 0..<Origins.places {
            if keys[place] == key {
                lasts[place] = max(day, lasts[place])
                return
            }
            let until =
                keys[place] == 0 ? -1 : Int(lasts[place]) + min(30, Int(lasts[place]) - Int(firsts[place]))
            if until < leastUntil {
                least = place
                leastUntil = until
            }
        }
        keys[least] = key
        firsts[least] = day
        lasts[least] = day
    }

    /// Forgets what was first seen on a day or later.
    mutating func forget(since day: UInt16) {
        for place in 0..<Origins.places where keys[place] != 0 && firsts[place] >= day {
            keys[place] = 0
            firsts[place] = 0
            lasts[place] = 0
        }
    }

    /// True where some origin of an earlier day agrees with a key in the bits of a mask; false for bits that are all 0.
    private func knows(_ key: UInt32, within mask: UInt32, on day: UInt16) -> Bool {
        guard key & mask != 0 else { return false }
        for place in 0..<Origins.places where keys[place] & mask == key & mask && firsts[place] < day { return true }
        return false
    }

    /// How strange a network is that the account never used before. What was never known of the account's own places, because the
    /// database is younger, makes no place strange.
    func strangeness(of key: UInt32, on day: UInt16) -> Strangeness {
        if key & Origins.countryBits != 0, countries(on: day) > 0, !knows(key, within: Origins.countryBits, on: day) {
            return .country
        }
        guard key & Origins.systemBits != 0, isSystemKnown(on: day) else { return .unknown }
        return knows(key, within: Origins.systemBits, on: day) ? .network : .system
    }

    /// True where the AS of some origin of an earlier day is known.
    private func isSystemKnown(on day: UInt16) -> Bool {
        for place in 0..<Origins.places where keys[place] & Origins.systemBits != 0 && firsts[place] < day {
            return true
        }
        return false
    }

    /// Countries of origins of an earlier day.
    func countries(on day: UInt16) -> Int {
        var count = 0
        for place in 0..<Origins.places {
            let country = keys[place] & Origins.countryBits
            guard country != 0, firsts[place] < day else { continue }
            var isFirst = true
            for other in 0..<place where keys[other] & Origins.countryBits == country && firsts[other] < day {
                isFirst = false
            }
            if isFirst { count += 1 }
        }
        return count
    }

    /// No origins.
    init() {}

    /// Writes the origins.
    func encode(_ out: inout ByteWriter) {
        var count = 0
        for place in 0..<Origins.places where keys[place] != 0 { count += 1 }
        out.count(count)
        for place in 0..<Origins.places where keys[place] != 0 {
            out.byte(UInt8(place))
            out.fixed32(keys[place])
            out.varint(UInt64(firsts[place]))
            out.varint(UInt64(lasts[place]))
        }
    }

    /// Reads origins.
    init(_ input: inout ByteReader) throws(CodecError) {
        self.init()
        for _ in 0..<(try input.index(below: Origins.places + 1)) {
            let place = try input.index(below: Origins.places)
            keys[place] = try input.fixed32()
            firsts[place] = try input.integer(UInt16.self)
            lasts[place] = try input.integer(UInt16.self)
            guard keys[place] != 0, firsts[place] <= lasts[place] else {
                throw CodecError(place: input.place, expected: "an origin that was seen")
            }
        }
    }
}

extension Habits {
    /// Notes from where a login was used.
    mutating func note(_ origin: Origin, at time: Int64) {
        origins.note(origin.key, on: day)
        lastUse = LastUse(origin, at: time)
    }

    /// How strange a network is that the account never used before.
    func strangeness(of origin: Origin) -> Strangeness { origins.strangeness(of: origin.key, on: day) }

    /// Countries of origins of an earlier day.
    var countries: Int { origins.countries(on: day) }
}

// MARK: - Storage

extension LastUse {
    /// Writes the use.
    func encode(_ out: inout ByteWriter) {
        out.varint(UInt64(seconds))
        guard seconds != 0 else { return }
        out.signed(Int64(latitude))
        out.signed(Int64(longitude))
        out.varint(UInt64(country))
        out.byte(UInt8(radius))
    }

    /// Reads a use.
    init(_ input: inout ByteReader) throws(CodecError) {
        self.init()
        seconds = try input.integer(UInt32.self)
        guard seconds != 0 else { return }
        latitude = try input.int16()
        longitude = try input.int16()
        country = try input.integer(UInt16.self)
        radius = UInt16(try input.byte())
    }
}

extension ForeignUse {
    /// Writes it.
    func encode(_ out: inout ByteWriter) {
        out.byte(count)
        out.byte(switches)
        out.byte(strangeness.rawValue)
        out.bool(isTorn)
        for place in 0..<3 { out.varint(UInt64(origins[place])) }
        out.varint(UInt64(system))
        out.varint(UInt64(country))
        out.varint(UInt64(newestAt))
        out.varint(UInt64(otherCountry))
        out.signed(Int64(minutes))
    }

    /// Reads it.
    init(_ input: inout ByteReader) throws(CodecError) {
        self.init()
        count = try input.byte()
        switches = try input.byte()
        strangeness = try input.enumeration(Strangeness.self)
        isTorn = try input.bool()
        for place in 0..<3 { origins[place] = try input.integer(UInt32.self) }
        system = try input.integer(UInt32.self)
        country = try input.integer(UInt16.self)
        newestAt = try input.integer(UInt32.self)
        otherCountry = try input.integer(UInt16.self)
        minutes = try input.int16()
    }
}

extension ByteReader {
    /// A signed number of 16 bits.
    fileprivate mutating func int16() throws(CodecError) -> Int16 {
        guard let value = Int16(exactly: try signed()) else {
            throw CodecError(place: place, expected: "a 16-bit number")
        }
        return value
    }
}
