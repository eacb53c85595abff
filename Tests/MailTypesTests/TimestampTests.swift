// Moments and their RFC 3339 text.

import MailTypes
import Testing

@Suite("Timestamp")
struct TimestampTests {
    @Test(
        "reads and prints RFC 3339",
        arguments: [
            ("1970-01-01T00:00:00.000Z", Int64(0)), ("2000-02-29T12:00:00.000Z", 951_825_600_000),
            ("1900-02-28T23:59:59.999Z", -2_203_891_200_001), ("1969-12-31T23:59:59.999Z", -1),
            ("2024-02-29T00:00:00.000Z", 1_709_164_800_000), ("2024-12-31T23:59:59.500Z", 1_735_689_599_500),
            ("2026-11-23T18:05:09.120Z", 1_795_457_109_120), ("1678-01-01T00:00:00.000Z", -9_214_560_000_000),
            ("2262-04-11T23:47:16.854Z", 9_223_372_036_854),
        ])
    func known(_ text: String, _ milliseconds: Int64) throws {
        let moment = try #require(Timestamp(rfc3339: text))
        #expect(moment.nanoseconds == milliseconds * 1_000_000)
        #expect(moment.description == text)
    }

    @Test(
        "reads other forms of the same moment",
        arguments: [
            "2026-01-05T09:13:22Z", "2026-01-05t09:13:22z", "2026-01-05 09:13:22Z", "2026-01-05T10:13:22+01:00",
            "2026-01-04T21:43:22-11:30", "2026-01-05T09:13:22.0Z", "2026-01-05T09:13:22.0000000001Z",
        ])
    func forms(_ text: String) {
        #expect(Timestamp(rfc3339: text)?.description == "2026-01-05T09:13:22.000Z")
    }

    @Test(
        "refuses anything else",
        arguments: [
            "", "2026", "2026-01-05", "2026-01-05T09:13:22", "2026-13-05T09:13:22Z", "2026-00-05T09:13:22Z",
            "2026-01-32T09:13:22Z",
            "2026-01-00T09:13:22Z", "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-04-31T00:00:00Z",
            "2026-02-30T00:00:00Z",
            "2026-01-05T24:13:22Z", "2026-01-05T09:60:22Z", "2026-01-05T09:13:61Z", "2026-01-05T09:13:22.Z",
            "2026-01-05T09:13:22Zx",
            "2026-01-05T09:13:22+1:00", "2026-01-05T09:13:22+24:00", "2026-1-05T09:13:22Z", "+026-01-05T09:13:22Z",
            "2262-04-11T23:47:16.999999999Z", "9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z",
            "1677-09-21T00:12:43.145224191Z",
            "\u{662}026-01-05T09:13:22Z",
        ])
    func refused(_ text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test("the ends of the range survive")
    func ends() {
        #expect(Timestamp(rfc3339: "2262-04-11T23:47:16.854775807Z")?.nanoseconds == .max)
        #expect(Timestamp(rfc3339: "1677-09-21T00:12:43.145224192Z")?.nanoseconds == .min)
        for moment in [Int64.min, .max] {
            #expect(Timestamp(nanoseconds: moment).description.utf8.count == 24)
            #expect(Timestamp(nanoseconds: moment).advanced(byNanoseconds: moment).nanoseconds == moment)
        }
        #expect(Timestamp(nanoseconds: .max).since(Timestamp(nanoseconds: .min)) == .max)
        #expect(Timestamp(nanoseconds: .min).since(Timestamp(nanoseconds: .max)) == .min)
    }

    @Test("every day of six centuries is one after the day before")
    func calendar() {
        var days = Timestamp.daysFromCivil(year: 1678, month: 1, day: 1)
        for year in Int64(1678)...2261 {
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            for (index, length) in [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31].enumerated() {
                for day in [1, 2, Int64(length)] {
                    let civil = Timestamp(seconds: (days + day - 1) * 86_400 + 43_200).civilTime
                    guard civil.year == year, civil.month == Int64(index + 1), civil.day == day, civil.hour == 12 else {
                        Issue.record("\(year)-\(index + 1)-\(day) came out as \(civil)")
                        return
                    }
                }
                days += Int64(length)
            }
        }
    }

    @Test("random moments survive printing and reading to the millisecond")
    func roundTrip() {
        var random = SeededGenerator(seed: 21)
        for _ in 0..<3000 {
            let moment = Timestamp(nanoseconds: Int64(bitPattern: random.next()))
            let back = Timestamp(rfc3339: moment.description)
            // Printing rounds down: the earliest millisecond of the range begins before the range does.
            guard let back else { continue }
            #expect((0..<1_000_000).contains(moment.since(back)), "\(moment.nanoseconds)")
        }
    }

    @Test("whole seconds round down, before 1970 too")
    func seconds() {
        #expect(Timestamp(nanoseconds: -1).seconds == -1)
        #expect(Timestamp(nanoseconds: -1_000_000_000).seconds == -1)
        #expect(Timestamp(nanoseconds: -1_000_000_001).seconds == -2)
        #expect(Timestamp(nanoseconds: .min).seconds == -9_223_372_037)
        #expect(Timestamp(nanoseconds: 1_999_999_999).seconds == 1)
        #expect(Timestamp(seconds: 5) < Timestamp(nanoseconds: 5_000_000_001))
    }

    @Test("random text never crashes the reader")
    func hostile() {
        var random = SeededGenerator(seed: 22)
        let alphabet = Array("0123456789-:TZ.+ ".utf8)
        let sample = Array("2026-01-05T09:13:22.120+01:00".utf8)
        for _ in 0..<5000 {
            var bytes = sample
            for _ in 0..<1 + random.next() % 4 {
                bytes[Int(random.next() % UInt64(bytes.count))] = alphabet[Int(random.next() % UInt64(alphabet.count))]
            }
            _ = Timestamp(rfc3339: String(decoding: bytes.prefix(Int(random.next() % 31)), as: UTF8.self))
        }
    }
}
