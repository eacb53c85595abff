// The time stamp at the start of a line, in the forms that syslog daemons and Exim write.
//
//     Jan  5 09:13:22                        RFC 3164: no year, local time
//     2026-01-05T09:13:22.120+01:00          RFC 3339, as rsyslog and syslog-ng write it
//     2026-01-05 09:13:22.120 +0100          Exim's own (Exim spec ch. 53), fraction and offset only if configured
//
// Lines of one second follow each other, so the last stamp's bytes are kept: an equal one is not parsed again.

import MailTypes

/// A stamp as it stands in a line.
public enum LogStamp: Hashable, Sendable {
    /// Without a year: month, day and seconds into the day. Its year is inferred.
    case yearless(month: UInt8, day: UInt8, secondOfDay: Int32)
    /// A moment.
    case moment(Timestamp)
}

/// Which form a stamp had: it says what may follow.
public enum StampForm: UInt8, Sendable {
    /// RFC 3164.
    case yearless
    /// RFC 3339.
    case internet
    /// Exim's own; neither host nor program follows.
    case exim
}

/// Parses stamps at the start of lines.
struct StampParser: Sendable {
    /// Seconds east of UTC of stamps that name no offset.
    let zoneSeconds: Int
    /// The date and time to the second of the last stamp of the two long forms, as its bytes.
    private var lastWords: (UInt64, UInt64, UInt64) = (0, 0, 0)
    /// The seconds since the epoch that those bytes mean, without an offset.
    private var lastSeconds: Int64 = 0

    /// A parser for logs written in a zone.
    init(zoneSeconds: Int) { self.zoneSeconds = zoneSeconds }

    /// Parses the stamp at `place` and moves `place` behind it and the space that follows; nil where there is none.
    @inline(__always)
    mutating func parse(_ bytes: Span<UInt8>, at place: inout Int) -> (LogStamp, StampForm)? {
        guard place &+ 15 <= bytes.count else { return nil }
        let first = bytes[place]
        if first &- 48 <= 9 { return long(bytes, at: &place) }
        return yearless(bytes, at: &place)
    }

    // MARK: - RFC 3164

    /// `Jan  5 09:13:22`, the day in one or two digits.
    private func yearless(_ bytes: Span<UInt8>, at place: inout Int) -> (LogStamp, StampForm)? {
        guard let month = monthNumber(bytes[place], bytes[place &+ 1], bytes[place &+ 2]), bytes[place &+ 3] == 32
        else {
            return nil
        }
        var next = place &+ 4
        if bytes[next] == 32 { next &+= 1 }
        let dayEnd = bytes.endOfDigits(from: next)
        guard dayEnd &- next <= 2, let day = bytes.number(next..<dayEnd), (1...31).contains(day),
            dayEnd &+ 9 <= bytes.count, bytes[dayEnd] == 32,
            let seconds = clock(bytes, at: dayEnd &+ 1)
        else { return nil }
        next = dayEnd &+ 9
        // Some daemons append a fraction or a colon.
        if next < bytes.count, bytes[next] == UInt8(ascii: ".") { next = bytes.endOfDigits(from: next &+ 1) }
        if next < bytes.count, bytes[next] == UInt8(ascii: ":") { next &+= 1 }
        guard next == bytes.count || bytes[next] == 32 else { return nil }
        place = min(next &+ 1, bytes.count)
        return (.yearless(month: month, day: UInt8(day), secondOfDay: seconds), .yearless)
    }

    /// `09:13:22` as seconds into the day; a leap second counts as the one before.
    private func clock(_ bytes: Span<UInt8>, at place: Int) -> Int32? {
        guard place &+ 8 <= bytes.count, bytes[place &+ 2] == 58, bytes[place &+ 5] == 58,
            let hour = twoDigits(bytes, place), let minute = twoDigits(bytes, place &+ 3),
            let second = twoDigits(bytes, place &+ 6), hour < 24, minute < 60, second <= 60
        else { return nil }
        return Int32(hour &* 3600 &+ minute &* 60 &+ min(second, 59))
    }

    // MARK: - RFC 3339 and Exim

    /// `2026-01-05T09:13:22` or `2026-01-05 09:13:22` and what belongs to it.
    private mutating func long(_ bytes: Span<UInt8>, at place: inout Int) -> (LogStamp, StampForm)? {
        guard place &+ 19 <= bytes.count else { return nil }
        let separator = bytes[place &+ 10]
        let words = (bytes.word(at: place), bytes.word(at: place &+ 8), bytes.word(at: place &+ 11))
        if words != lastWords {
            guard bytes[place &+ 4] == 45, bytes[place &+ 7] == 45, separator == 84 || separator == 32,
                let year = bytes.number(place..<place &+ 4), let month = twoDigits(bytes, place &+ 5),
                let day = twoDigits(bytes, place &+ 8), (1...12).contains(month), day >= 1,
                day <= YearInference.daysInMonth(month, ofYear: year), (1969...2100).contains(year),
                let seconds = clock(bytes, at: place &+ 11)
            else { return nil }
            lastWords = words
            lastSeconds =
                Timestamp.daysFromCivil(year: Int64(year), month: Int64(month), day: Int64(day)) * 86_400
                + Int64(seconds)
        }
        var next = place &+ 19
        var nanoseconds: Int64 = 0
        if next < bytes.count, bytes[next] == UInt8(ascii: ".") || bytes[next] == UInt8(ascii: ",") {
            let end = bytes.endOfDigits(from: next &+ 1)
            nanoseconds = fraction(bytes, next &+ 1..<end)
            next = end
        }
        let form: StampForm = separator == 84 ? .internet : .exim
        var offset = zoneSeconds
        if form == .exim {
            // `+0100` stands apart, with log_timezone.
            if next &+ 6 <= bytes.count, bytes[next] == 32, let zone = zone(bytes, at: next &+ 1, width: 5) {
                offset = zone
                next &+= 6
            }
        } else if next < bytes.count, bytes[next] | 0x20 == UInt8(ascii: "z") {
            offset = 0
            next &+= 1
        } else if let zone = zone(bytes, at: next, width: 6) {
            offset = zone
            next &+= 6
        } else if let zone = zone(bytes, at: next, width: 5) {
            offset = zone
            next &+= 5
        }
        guard next == bytes.count || bytes[next] == 32 else { return nil }
        place = min(next &+ 1, bytes.count)
        let moment = Timestamp(seconds: lastSeconds &- Int64(offset)).advanced(byNanoseconds: nanoseconds)
        guard Timestamp.tellable.contains(moment) else { return nil }
        return (.moment(moment), form)
    }

    /// Digits of a fraction as nanoseconds; what is beyond nine digits is cut.
    private func fraction(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int64 {
        var scale: Int64 = 100_000_000
        var value: Int64 = 0
        for place in range {
            value &+= Int64(bytes[place] &- 48) &* scale
            scale /= 10
        }
        return value
    }

    /// `+01:00` (width 6) or `+0100` (width 5) as seconds east of UTC; nil where there is none.
    private func zone(_ bytes: Span<UInt8>, at place: Int, width: Int) -> Int? {
        guard place &+ width <= bytes.count, bytes[place] == 43 || bytes[place] == 45,
            width == 5 || bytes[place &+ 3] == 58, let hours = twoDigits(bytes, place &+ 1),
            let minutes = twoDigits(bytes, place &+ width &- 2), hours < 24, minutes < 60
        else { return nil }
        let seconds = hours &* 3600 &+ minutes &* 60
        return bytes[place] == 43 ? seconds : -seconds
    }
}

/// Two digits as a number.
@inline(__always)
private func twoDigits(_ bytes: Span<UInt8>, _ place: Int) -> Int? {
    let tens = bytes[place] &- 48
    let units = bytes[place &+ 1] &- 48
    return tens <= 9 && units <= 9 ? Int(tens) &* 10 &+ Int(units) : nil
}

/// 1 … 12 for `Jan` … `Dec`.
@inline(__always)
private func monthNumber(_ a: UInt8, _ b: UInt8, _ c: UInt8) -> UInt8? {
    switch (UInt32(a) << 16 | UInt32(b) << 8 | UInt32(c)) | 0x0020_2020 {
    case 0x6A_61_6E: 1
    case 0x66_65_62: 2
    case 0x6D_61_72: 3
    case 0x61_70_72: 4
    case 0x6D_61_79: 5
    case 0x6A_75_6E: 6
    case 0x6A_75_6C: 7
    case 0x61_75_67: 8
    case 0x73_65_70: 9
    case 0x6F_63_74: 10
    case 0x6E_6F_76: 11
    case 0x64_65_63: 12
    default: nil
    }
}
