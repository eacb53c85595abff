// The time of a log whose stamps are out of order, and the order of its files and streams.

import MailTypes
import Testing

@testable import MailLog

@Suite struct LogClockTests {
    /// Times of lines of one host, in seconds.
    private func read(_ stamps: [Int64]) -> [Int64] {
        var clock = LogClock()
        return stamps.map { clock.read(Timestamp(seconds: $0), host: 0).seconds }
    }

    @Test func aLineALittleBehindTakesTheClocksTime() {
        #expect(read([100, 90, 101, 100, 102]) == [100, 100, 101, 101, 102])
    }

    @Test func aLineFarAheadDoesNotMoveTheClock() {
        #expect(read([100, 300_000, 101, 102]) == [100, 300_000, 101, 102])
    }

    @Test func manyLinesFarAheadDo() {
        var clock = LogClock()
        _ = clock.read(Timestamp(seconds: 100), host: 0)
        for second in 0..<40 { _ = clock.read(Timestamp(seconds: 50_000 + Int64(second)), host: 0) }
        #expect(clock.now.seconds == 50_039 && clock.linesAhead == 0)
    }

    @Test func anHourThatComesTwiceIsNotPressedIntoASecond() {
        // Local time in autumn: 100 lines, an hour back, 3600 lines more, one a second.
        let stamps = Array(Int64(10_000)..<10_100) + Array(Int64(6_500)..<10_000)
        let times = read(stamps)
        #expect(times == times.sorted())
        #expect(times.last.map { $0 > 13_000 } == true)
        var counts: [Int64: Int] = [:]
        for time in times { counts[time, default: 0] += 1 }
        #expect(counts.values.max()! <= LogClock.runMax + 2)
    }

    @Test func timesDoNotGoBackWhateverTheStamps() {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<20 {
            var log = ""
            for number in 0..<300 {
                let day = Int.random(in: 1...28, using: &random)
                let hour = Int.random(in: 10...23, using: &random)
                log +=
                    "Jan \(day) \(hour):10:10 mx\(number % 3) postfix/smtpd[8]: NOQUEUE: reject: RCPT from x[192.0.2.8]: 550 5.7.1 no; from=<> to=<x@example.org>\n"
            }
            let facts = tell(log)
            #expect(facts.count == 300)
            #expect(zip(facts, facts.dropFirst()).allSatisfy { $0.at <= $1.at })
        }
    }

    @Test func whatLiesFarAheadIsToldWhenTheLogGetsThere() {
        let log = (0..<3).map { number in
            "Jan  \(number == 1 ? 8 : 5) 09:00:0\(number) mx1 postfix/smtpd[8]: NOQUEUE: reject: RCPT from x[192.0.2.\(number)]: 550 5.7.1 no; from=<> to=<x@example.org>\n"
        }.joined()
        #expect(
            tell(log).map(\.at.description) == [
                "2026-01-05T09:00:00.000Z", "2026-01-05T09:00:02.000Z", "2026-01-08T09:00:01.000Z",
            ])
    }
}

@Suite struct LogFileOrderTests {
    @Test(arguments: [
        ("/var/log/mail.log", "/var/log/mail.log"), ("/var/log/mail.log.1", "/var/log/mail.log"),
        ("mail.log.12.gz", "mail.log"),
        ("maillog-20260105", "maillog"), ("maillog-20260105.xz", "maillog"),
        ("maillog-20260105-1767604402.zst", "maillog"),
        ("mainlog.01", "mainlog"), ("mx1", "mx1"), ("mail.2", "mail"), ("log-7", "log-7"), ("", ""), ("123", "123"),
    ])
    func rotatedFilesHaveOneBase(_ path: String, _ base: String) {
        #expect(LogFileEntry(path: path, modified: moment("2026-01-15T12:00:00Z"), firstTime: nil).base == base)
    }

    @Test func filesAreReadInTheOrderOfTheirFirstLines() {
        func entry(_ path: String, _ first: String?) -> LogFileEntry {
            LogFileEntry(path: path, modified: moment("2026-01-15T12:00:00Z"), firstTime: first.map { moment($0) })
        }
        let streams = LogFileOrder.streams([
            entry("a/mail.log", "2026-01-10T00:00:00Z"), entry("b/mail.log", "2026-01-09T00:00:00Z"),
            entry("a/mail.log.2.gz", "2026-01-01T00:00:00Z"), entry("a/mail.log.1", "2026-01-05T00:00:00Z"),
            entry("a/mail.log.3.gz", nil),
        ])
        #expect(
            streams.map { $0.map(\.path) } == [
                ["a/mail.log.3.gz", "a/mail.log.2.gz", "a/mail.log.1", "a/mail.log"], ["b/mail.log"],
            ])
    }

    @Test func theFirstStampCounts() {
        let start = "a continued line\nDec 31 23:59:59 mx1 x: y\nJan  1 00:00:00 mx1 x: y\n"
        let file = LogFile(modified: moment("2026-01-02T00:00:00Z"))
        #expect(LogFileOrder.firstTime(start.utf8Span.span, file) == moment("2025-12-31T23:59:59Z"))
        #expect(
            LogFileOrder.firstTime("Jan  1 00:00:00 mx1 x: y".utf8Span.span, file) == moment("2026-01-01T00:00:00Z"))
        #expect(LogFileOrder.firstTime("nothing\n".utf8Span.span, file) == nil)
    }
}

@Suite struct StreamMergeTests {
    @Test func mergesLikeASort() {
        var random = SeededGenerator(seed: 5)
        for _ in 0..<30 {
            let streams = (0..<Int.random(in: 1...9, using: &random)).map { _ in
                (0..<Int.random(in: 0...20, using: &random)).map { _ in Int64.random(in: 0...30, using: &random) }
                    .sorted()
            }
            var merge = StreamMerge()
            var places = [Int](repeating: 0, count: streams.count)
            for (number, stream) in streams.enumerated() where !stream.isEmpty {
                merge.offer(number, at: Timestamp(seconds: stream[0]))
            }
            var merged: [Int64] = []
            while let next = merge.next {
                merge.removeFirst()
                merged.append(streams[next][places[next]])
                places[next] += 1
                if places[next] < streams[next].count {
                    merge.offer(next, at: Timestamp(seconds: streams[next][places[next]]))
                }
            }
            #expect(merged == streams.flatMap { $0 }.sorted())
        }
    }

    @Test func equalTimesComeInTheOrderOfTheStreams() {
        var merge = StreamMerge()
        for number in [3, 1, 2, 0] { merge.offer(number, at: Timestamp(seconds: 1)) }
        var order: [Int] = []
        while let next = merge.next {
            order.append(next)
            merge.removeFirst()
        }
        #expect(order == [0, 1, 2, 3])
    }
}
