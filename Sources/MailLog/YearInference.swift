// The year of a stamp that has none (RFC 3164 §4.1.2 leaves it out).
//
// A file was last written at its modification time, so no line of it is later than that (a day of tolerance for zones and
// clocks). The first stamp gets the latest year which that allows; each further one the year that brings it nearest to the
// latest time so far, so that a log runs on across New Year, and a line which comes late stays in the old one. A stamp of
// 29 February belongs to a leap year. Where the modification time was lost, the running order alone goes on by days.

import MailTypes

/// Infers the years of one file's stamps, in their order.
public struct YearInference: Sendable {
    /// How far a stamp may lie behind the reference, in seconds: zones reach 14 hours, clocks err.
    public static let toleranceSeconds: Int64 = 86_400
    /// How far one stamp may lie behind the one before it, whatever the reference says, in seconds.
    public static let stepSeconds: Int64 = 7 * 86_400

    /// The latest time that a line of this file can have: when it was last written, or now.
    public let reference: Timestamp
    /// Seconds east of UTC in which the stamps are written.
    public let zoneSeconds: Int
    /// The latest moment so far, in seconds since the epoch; nil before the first stamp.
    private var latest: Int64?
    /// The last stamp's month and day, whose year is known.
    private var lastDay: (month: UInt8, day: UInt8) = (0, 0)
    /// Days since the epoch of that day.
    private var lastDays: Int64 = 0

    /// An inference for a file last written at `reference`.
    public init(reference: Timestamp, zoneSeconds: Int = 0) {
        self.reference = reference
        self.zoneSeconds = zoneSeconds
    }

    /// The moment that a stamp means.
    public mutating func moment(month: UInt8, day: UInt8, secondOfDay: Int32) -> Timestamp {
        let inDay = Int64(secondOfDay) - Int64(zoneSeconds)
        if lastDay == (month, day), let latest {
            let seconds = lastDays * 86_400 + inDay
            self.latest = max(latest, seconds)
            return Timestamp(seconds: seconds)
        }
        let days = days(month: Int64(month), day: Int64(day), inDay: inDay)
        let seconds = days * 86_400 + inDay
        lastDay = (month, day)
        lastDays = days
        latest = max(latest ?? seconds, seconds)
        return Timestamp(seconds: seconds)
    }

    /// Days since the epoch of a month and day, in the year that fits best.
    private func days(month: Int64, day given: Int64, inDay: Int64) -> Int64 {
        // A day that no year has, such as 30 February, is the last of its month.
        let day = min(given, Int64(YearInference.daysInMonth(Int(month), ofYear: 2024)))
        let limit = reference.seconds + YearInference.toleranceSeconds
        let around = Timestamp(seconds: latest ?? limit).civilTime.year
        var best: (days: Int64, distance: Int64)?
        // Eight years back hold a leap year even around 1900 and 2100.
        for year in (around - 8...around + 1).reversed() {
            guard day <= YearInference.daysInMonth(Int(month), ofYear: Int(year)) else { continue }
            let days = Timestamp.daysFromCivil(year: year, month: month, day: day)
            let seconds = days * 86_400 + inDay
            guard seconds <= max(limit, latest.map { $0 + YearInference.stepSeconds } ?? limit) else { continue }
            guard let latest else { return days }
            let distance = abs(seconds - latest)
            if best == nil || distance < best!.distance { best = (days, distance) }
        }
        return best?.days ?? Timestamp.daysFromCivil(year: around, month: month, day: min(day, 28))
    }

    /// The length of a month on the proleptic Gregorian calendar.
    public static func daysInMonth(_ month: Int, ofYear year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}
