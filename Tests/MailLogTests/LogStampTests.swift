// Stamps of all forms, and the years of those that have none.

import MailTypes
import Testing

@testable import MailLog

@Suite struct LogStampTests {
    /// The stamp of a line and what follows it.
    private func parse(_ line: String, zone: Int = 0) -> (LogStamp, String)? {
        var parser = StampParser(zoneSeconds: zone)
        var place = 0
        guard let (stamp, _) = parser.parse(line.utf8Span.span, at: &place) else { return nil }
        return (stamp, String(decoding: Array(line.utf8)[place...], as: UTF8.self))
    }

    @Test(arguments: [
        ("2026-01-05T09:13:22Z x", "2026-01-05T09:13:22Z"), ("2026-01-05T09:13:22.5+01:00 x", "2026-01-05T08:13:22.5Z"),
        ("2026-01-05T09:13:22.120456-0330 x", "2026-01-05T12:43:22.120456Z"),
        ("2026-01-05 09:13:22 x", "2026-01-05T08:13:22Z"), ("2026-01-05 09:13:22.345 x", "2026-01-05T08:13:22.345Z"),
        ("1970-01-01T00:00:00Z x", "1970-01-01T00:00:00Z"), ("2099-12-31T23:59:59Z x", "2099-12-31T23:59:59Z"),
        ("2026-01-05 09:13:22 -0500 x", "2026-01-05T14:13:22Z"), ("2024-02-29T23:59:60Z x", "2024-02-29T23:59:59Z"),
    ])
    func readsMoments(_ line: String, _ expected: String) throws {
        let (stamp, rest) = try #require(parse(line, zone: 3600))
        #expect(stamp == .moment(moment(expected)))
        #expect(rest == "x")
    }

    @Test(arguments: ["Jan  5 09:13:22 x", "Jan 5 09:13:22 x", "Jan 05 09:13:22 x", "Jan  5 09:13:22.120 x"])
    func readsStampsWithoutYear(_ line: String) throws {
        let (stamp, rest) = try #require(parse(line))
        #expect(stamp == .yearless(month: 1, day: 5, secondOfDay: 33_202))
        #expect(rest == "x")
    }

    @Test(arguments: [
        "", "Jan", "Foo  5 09:13:22 x", "Jan 32 09:13:22 x", "Jan  5 24:13:22 x", "Jan  5 09:13:2",
        "2026-13-05 09:13:22 x",
        "2025-02-29T09:13:22Z x", "2026-01-05T09:13:22x", "0000-01-05T09:13:22Z x", "9999-01-05T09:13:22Z x",
        "1969-12-31T23:59:59Z x", "1970-01-01T00:59:59+01:00 x", "2100-01-01T00:00:00Z x", "2262-01-01T00:00:00Z x",
        "Jan  5 09:13:222",
    ])
    func refusesWhatIsNone(_ line: String) { #expect(parse(line) == nil) }

    @Test func theSameSecondIsNotParsedTwiceButItsFractionIs() {
        var parser = StampParser(zoneSeconds: 0)
        for (line, expected) in [
            ("2026-01-05T09:13:22.1Z x", "2026-01-05T09:13:22.1Z"),
            ("2026-01-05T09:13:22.2+01:00 x", "2026-01-05T08:13:22.2Z"),
            ("2026-01-05T09:13:23Z x", "2026-01-05T09:13:23Z"),
        ] {
            var place = 0
            #expect(parser.parse(line.utf8Span.span, at: &place)?.0 == .moment(moment(expected)))
        }
    }
}

@Suite struct YearInferenceTests {
    /// The moments of stamps, `month/day` each at noon.
    private func years(_ reference: String, zone: Int = 0, _ stamps: (UInt8, UInt8)...) -> [String] {
        var years = YearInference(reference: moment(reference), zoneSeconds: zone)
        return stamps.map {
            String(years.moment(month: $0.0, day: $0.1, secondOfDay: 43_200).description.prefix(10))
        }
    }

    @Test func goesOnAcrossNewYear() {
        #expect(
            years("2026-01-02T03:00:00Z", (12, 30), (12, 31), (1, 1), (12, 31), (1, 2)) == [
                "2025-12-30", "2025-12-31", "2026-01-01", "2025-12-31", "2026-01-02",
            ])
    }

    @Test func aLeapDayBelongsToALeapYear() {
        #expect(years("2026-11-01T00:00:00Z", (2, 29), (3, 1)) == ["2024-02-29", "2024-03-01"])
        #expect(years("2024-03-01T00:00:00Z", (2, 28), (2, 29)) == ["2024-02-28", "2024-02-29"])
        #expect(years("1904-03-01T00:00:00Z", (2, 29)) == ["1904-02-29"])
    }

    @Test func nothingIsLaterThanTheFile() {
        #expect(years("2026-11-01T00:00:00Z", (11, 1), (11, 2)) == ["2026-11-01", "2026-11-02"])
        #expect(years("2026-11-01T00:00:00Z", (11, 3)) == ["2025-11-03"])
        // A clock that started at New Year by mistake is no new year.
        #expect(
            years("2026-11-06T00:00:00Z", (11, 5), (1, 1), (11, 5)) == ["2026-11-05", "2026-01-01", "2026-11-05"])
    }

    @Test func theRunningOrderCountsWhereTheModificationTimeIsLost() {
        #expect(
            years("2027-07-01T00:00:00Z", (12, 30), (1, 1)) == ["2026-12-30", "2027-01-01"])
        #expect(years("2026-11-01T00:00:00Z", (11, 1), (11, 3), (11, 4)) == ["2026-11-01", "2026-11-03", "2026-11-04"])
    }

    @Test func theZoneCanMoveTheDay() {
        var years = YearInference(reference: moment("2026-01-01T01:00:00Z"), zoneSeconds: 3600)
        #expect(years.moment(month: 1, day: 1, secondOfDay: 0) == moment("2025-12-31T23:00:00Z"))
    }

    @Test func anyMonthAndDayHasAMoment() {
        for month in UInt8(1)...12 {
            for day in UInt8(1)...31 {
                var years = YearInference(reference: moment("2026-01-01T01:00:00Z"))
                #expect(years.moment(month: month, day: day, secondOfDay: 0) < moment("2026-01-03T00:00:00Z"))
            }
        }
    }
}
