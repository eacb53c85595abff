// A moment in time, as every input carries it. Nothing in the layers below the shell reads a clock.

/// A moment in UTC: nanoseconds since 1970-01-01T00:00:00Z, leap seconds not counted (POSIX time).
///
/// The range of `Int64` nanoseconds reaches from 1677 to 2262.
public struct Timestamp: Hashable, Comparable, Sendable {
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    public var nanoseconds: Int64

    /// A moment from nanoseconds since the epoch.
    @inlinable public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// A moment from whole seconds since the epoch; the caller keeps within 1677 … 2262.
    @inlinable public init(seconds: Int64) { self.nanoseconds = seconds &* 1_000_000_000 }

    /// The moments that logs and events may tell of: 1970 to 2099. The engine reckons with spans of up to 126 years, which added
    /// to a later moment pass the range; and a bucket that nobody used is full from 1970 on.
    public static let tellable = Timestamp(seconds: 0)...Timestamp(seconds: 4_102_444_799)

    /// Whole seconds since the epoch, rounded down.
    @inlinable public var seconds: Int64 {
        nanoseconds >= 0 ? nanoseconds / 1_000_000_000 : -((-(nanoseconds + 1)) / 1_000_000_000) - 1
    }

    /// Earlier than.
    @inlinable public static func < (a: Timestamp, b: Timestamp) -> Bool { a.nanoseconds < b.nanoseconds }

    /// This moment moved by a number of nanoseconds, held at the ends of the range.
    @inlinable public func advanced(byNanoseconds delta: Int64) -> Timestamp {
        let (sum, overflow) = nanoseconds.addingReportingOverflow(delta)
        return Timestamp(nanoseconds: overflow ? (delta < 0 ? .min : .max) : sum)
    }

    /// Nanoseconds from another moment to this one, held at the ends of the range.
    @inlinable public func since(_ earlier: Timestamp) -> Int64 {
        let (difference, overflow) = nanoseconds.subtractingReportingOverflow(earlier.nanoseconds)
        return overflow ? (nanoseconds < earlier.nanoseconds ? .min : .max) : difference
    }
}

// MARK: - RFC 3339

extension Timestamp: CustomStringConvertible {
    /// RFC 3339 in UTC with milliseconds: `2026-11-23T18:05:09.120Z`.
    public var description: String {
        let civil = civilTime
        var text = ""
        text.reserveCapacity(24)
        func digits(_ value: Int64, _ width: Int) {
            let plain = String(value)
            for _ in 0..<max(0, width - plain.utf8.count) { text.append("0") }
            text += plain
        }
        digits(civil.year, 4)
        text += "-"
        digits(civil.month, 2)
        text += "-"
        digits(civil.day, 2)
        text += "T"
        digits(civil.hour, 2)
        text += ":"
        digits(civil.minute, 2)
        text += ":"
        digits(civil.second, 2)
        text += "."
        digits(civil.millisecond, 3)
        text += "Z"
        return text
    }

    /// The parts of a moment on the proleptic Gregorian calendar, UTC.
    public struct CivilTime: Equatable, Sendable {
        /// Year, may be below 1970.
        public var year: Int64
        /// 1 … 12.
        public var month: Int64
        /// 1 … 31.
        public var day: Int64
        /// 0 … 23.
        public var hour: Int64
        /// 0 … 59.
        public var minute: Int64
        /// 0 … 59.
        public var second: Int64
        /// 0 … 999.
        public var millisecond: Int64
    }

    /// The calendar parts (days-from-civil inverted, in integers; valid for the whole range).
    public var civilTime: CivilTime {
        let milliseconds = floorDivide(nanoseconds, 1_000_000)
        let days = floorDivide(milliseconds, 86_400_000)
        let inDay = milliseconds - days * 86_400_000
        let shifted = days + 719_468
        let era = floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return CivilTime(
            year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month: month,
            day: dayOfYear - (153 * shiftedMonth + 2) / 5 + 1, hour: inDay / 3_600_000,
            minute: inDay / 60_000 % 60, second: inDay / 1000 % 60, millisecond: inDay % 1000)
    }

    /// Parses RFC 3339 (`2026-01-05T09:13:22.120Z`, offsets `+01:00`); nil where it is anything else.
    public init?(rfc3339 text: String) {
        let bytes = Array(text.utf8)
        var place = 0
        func number(_ width: Int) -> Int64? {
            guard place + width <= bytes.count else { return nil }
            var value: Int64 = 0
            for byte in bytes[place..<place + width] {
                guard byte >= 48, byte <= 57 else { return nil }
                value = value * 10 + Int64(byte - 48)
            }
            place += width
            return value
        }
        func literal(_ accepted: String) -> Bool {
            guard place < bytes.count, accepted.utf8.contains(bytes[place]) else { return false }
            place += 1
            return true
        }
        guard let year = number(4), literal("-"), let month = number(2), literal("-"), let day = number(2),
            literal("Tt "), let hour = number(2), literal(":"), let minute = number(2), literal(":"),
            let second = number(2), (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60,
            second <= 60, day <= Timestamp.daysInMonth(month, ofYear: year)
        else { return nil }
        var fraction: Int64 = 0
        if place < bytes.count, bytes[place] == 46 {
            place += 1
            var scale: Int64 = 100_000_000
            let first = place
            while place < bytes.count, bytes[place] >= 48, bytes[place] <= 57 {
                fraction += Int64(bytes[place] - 48) * scale
                scale /= 10
                place += 1
            }
            guard place > first else { return nil }
        }
        var offsetSeconds: Int64 = 0
        if !literal("Zz") {
            guard place < bytes.count, bytes[place] == 43 || bytes[place] == 45 else { return nil }
            let sign: Int64 = bytes[place] == 43 ? 1 : -1
            place += 1
            guard let hours = number(2), literal(":"), let minutes = number(2), hours < 24, minutes < 60 else {
                return nil
            }
            offsetSeconds = sign * (hours * 3600 + minutes * 60)
        }
        guard place == bytes.count else { return nil }
        let days = Timestamp.daysFromCivil(year: year, month: month, day: day)
        let whole = days * 86_400 + hour * 3600 + minute * 60 + second - offsetSeconds
        // Before 1970 the whole seconds alone may lie below the range although the moment does not: count from the next one.
        let (scaled, isTooFar) = (whole < 0 ? whole + 1 : whole).multipliedReportingOverflow(by: 1_000_000_000)
        let (moment, isBeyond) = scaled.addingReportingOverflow(whole < 0 ? fraction - 1_000_000_000 : fraction)
        guard !isTooFar, !isBeyond else { return nil }
        self.init(nanoseconds: moment)
    }

    /// The length of a month on the proleptic Gregorian calendar (RFC 3339 §5.7).
    private static func daysInMonth(_ month: Int64, ofYear year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days since 1970-01-01 of a date on the proleptic Gregorian calendar.
    public static func daysFromCivil(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = floorDivide(shiftedYear, 400)
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

/// Integer division that rounds down, so that times before 1970 come out right.
private func floorDivide(_ a: Int64, _ b: Int64) -> Int64 {
    let quotient = a / b
    return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient
}
