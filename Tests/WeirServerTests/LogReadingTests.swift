// Whole logs through an audit: rotated, compressed, of several hosts, cut, and no logs at all. Counted, never fatal.

import Foundation
import MailLog
import MailTypes
import Testing
import WeirAudit
import WeirTesting

@testable import WeirServer

@Suite struct LogReadingTests {
    /// A small log of a provider.
    private static let sample = SampleMailLog(seed: 5, logins: 13, days: 2, stamps: .rfc3339).text

    @Test func everyFormOfALogTellsTheSame() throws {
        try inTemporaryFolder { folder in
            let bytes = Array(Self.sample.utf8)
            let plain = audit([try write(bytes, folder, "mail.log")])
            #expect(plain.faults.isEmpty && plain.report.volumes.messages > 50 && plain.bytes == bytes.count)
            #expect(plain.lineCount == bytes.count { $0 == 10 } && plain.lines("not understood") == 0)
            for compression in Compression.allCases {
                let members = [bytes[..<70_000], bytes[70_000...]].flatMap { compression.compressed(Array($0)) }
                let found = audit([try write(members, folder, "mail.log.1.\(compression)")])
                #expect(found.report == plain.report && found.lines == plain.lines, "\(compression)")
                #expect(found.bytes == bytes.count && found.faults.isEmpty)
            }
            let ends = audit([try write(Self.sample.replacing("\n", with: "\r\n"), folder, "dos.log")])
            #expect(ends.report == plain.report)
        }
    }

    @Test func rotatedFilesComeInAnyOrder() throws {
        try inTemporaryFolder { folder in
            let lines = Self.sample.split(separator: "\n", omittingEmptySubsequences: false)
            let (a, b) = (lines.count / 3, lines.count * 2 / 3)
            let parts = [lines[..<a], lines[a..<b], lines[b...]].map { $0.joined(separator: "\n") }
            let whole = audit([try write(Self.sample, folder, "whole.log")])
            let files = [
                try write(Compression.gz.compressed(Array((parts[0] + "\n").utf8)), folder, "mail.log.2.gz"),
                try write(parts[1] + "\n", folder, "mail.log.1"),
                try write(parts[2], folder, "mail.log"),
            ]
            for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]] {
                let found = audit(order.map { files[$0] })
                #expect(found.report == whole.report, "\(order)")
            }
        }
    }

    @Test func theLogsOfSeveralHostsAreMergedByTime() throws {
        try inTemporaryFolder { folder in
            var (first, second) = ("", "")
            for number in 10..<60 {
                let host = number % 2 == 0 ? "mx1" : "mx2"
                let text = postfixMessage("2026-01-05T09:\(number):00Z", host: host, id: "4ACE1F02\(number)")
                if number % 2 == 0 { first += text } else { second += text }
            }
            var times: [Timestamp] = []
            let files = [try write(first, folder, "mx1.log"), try write(second, folder, "mx2.log")]
            let found = audit(files) { times.append($0.at) }
            #expect(found.report.volumes.messages == 50 && found.report.volumes.delivered == 50)
            #expect(times.count == 50 && times == times.sorted() && Set(times).count == 50)
        }
    }

    // MARK: - Stamps

    @Test func yearsAreInferredAcrossNewYearInAnyOrder() throws {
        try inTemporaryFolder { folder in
            let old = try write(
                postfixMessage("Dec 30 09:00:00", id: "4ACE1F0210")
                    + postfixMessage("Dec 31 23:59:58", id: "4ACE1F0211"),
                folder, "mail.log.1", modified: "2026-01-01T00:00:10Z")
            let new = try write(
                postfixMessage("Dec 31 23:59:59", id: "4ACE1F0212")
                    + postfixMessage("Jan  1 00:00:05", id: "4ACE1F0213"),
                folder, "mail.log", modified: "2026-01-01T00:00:20Z")
            for files in [[old, new], [new, old]] {
                var times: [String] = []
                let found = audit(files) { times.append("\($0.at)".prefix(19).description) }
                #expect(
                    times == [
                        "2025-12-30T09:00:00", "2025-12-31T23:59:58", "2025-12-31T23:59:59", "2026-01-01T00:00:05",
                    ])
                #expect(found.report.volumes.delivered == 4)
            }
        }
    }

    @Test func stampsOutOfOrderStayInTheirYear() throws {
        try inTemporaryFolder { folder in
            // A clock that is set back by an hour does not begin a new year.
            let text =
                postfixMessage("Jan  5 10:00:00", id: "4ACE1F0210")
                + postfixMessage("Jan  5 09:00:00", id: "4ACE1F0211")
                + postfixMessage("Jan  5 10:30:00", id: "4ACE1F0212")
            let found = audit([try write(text, folder, "mail.log", modified: "2026-01-05T11:00:00Z")])
            #expect(found.report.volumes.messages == 3 && found.report.volumes.delivered == 3)
            let span = try #require(found.report.span)
            #expect("\(span.lowerBound)".hasPrefix("2026-01-05") && "\(span.upperBound)".hasPrefix("2026-01-05"))
        }
    }

    @Test func aZoneMovesStampsWithoutOne() throws {
        try inTemporaryFolder { folder in
            let path = try write(
                postfixMessage("Jan  5 10:00:00", id: "4ACE1F0210"), folder, "mail.log",
                modified: "2026-01-05T12:00:00Z")
            func first(_ zoneSeconds: Int) throws -> String {
                "\(try #require(audit([path], zoneSeconds: zoneSeconds).report.span).lowerBound)".prefix(19).description
            }
            #expect(try first(0) == "2026-01-05T10:00:00" && first(3600) == "2026-01-05T09:00:00")
            // A wrong zone moves the log; it must not be lost, nor be put a year back.
            #expect(try first(-3 * 3600) == "2026-01-05T13:00:00" && first(14 * 3600) == "2026-01-04T20:00:00")
        }
    }

    // MARK: - What is no whole log

    @Test func emptyFilesAreNoFault() throws {
        try inTemporaryFolder { folder in
            for bytes in [[], Compression.gz.compressed([]), [10], [UInt8](repeating: 10, count: 100)] {
                let found = audit([try write(bytes, folder, "mail.log")])
                #expect(found.faults.isEmpty && found.report.volumes == Volumes() && found.report.span == nil)
            }
            #expect(audit([]).report.volumes == Volumes())
        }
    }

    @Test func whatACutFileHoldsCounts() throws {
        try inTemporaryFolder { folder in
            // Logs compress by ten; a decompressor hands out blocks of 64 kB.
            let whole = Compression.gz.compressed(Array(Self.sample.utf8))
            let path = try write(Array(whole[..<(whole.count / 2)]), folder, "mail.log.gz")
            let found = audit([path])
            #expect(found.faults.count == 1 && found.faults.first?.bytesRead == found.bytes)
            #expect(found.bytes > 65_536 && found.report.volumes.messages > 5)
            #expect(found.faults.first.map { "\($0)" }?.contains("truncated") == true)
            // So short that all of it lies within what tells the files' order.
            let short = Compression.gz.compressed(Array(postfixMessage("2026-01-05T09:00:00Z", id: "4ACE1F0210").utf8))
            let cut = audit([try write(short.dropLast(), folder, "short.gz"), path])
            #expect(cut.faults.count == 2 && cut.report.volumes.messages == found.report.volumes.messages)
        }
    }

    @Test func aLogCutWithinALineIsReadToThere() throws {
        try inTemporaryFolder { folder in
            let message = postfixMessage("2026-01-05T09:00:00Z", id: "4ACE1F0210")
            for length in stride(from: 0, through: message.utf8.count, by: 7) {
                let found = audit([try write(Array(message.utf8.prefix(length)), folder, "mail.log")])
                #expect(found.faults.isEmpty && found.lineCount <= 4)
            }
        }
    }

    @Test func faultsOfSomeFilesLeaveTheOthers() throws {
        try inTemporaryFolder { folder in
            let good = try write(postfixMessage("2026-01-05T09:00:00Z", id: "4ACE1F0210"), folder, "mail.log")
            let found = audit([folder + "/none", folder, good, "/proc/self/mem"])
            #expect(found.report.volumes.messages == 1)
            #expect(found.faults.map(\.path).sorted() == ["/proc/self/mem", folder, folder + "/none"].sorted())
            #expect(found.faults.allSatisfy { $0.bytesRead == 0 })
        }
    }

    @Test func whatIsNoLogIsCounted() throws {
        try inTemporaryFolder { folder in
            let good = postfixMessage("2026-01-05T09:00:00Z", id: "4ACE1F0210")
            let binary = audit([try write(noise(300_000, seed: 3), folder, "binary")])
            #expect(binary.faults.isEmpty && binary.lines("no log line") == binary.lineCount && binary.lineCount > 500)
            let magic = audit([try write([0x1F, 0x8B] + noise(300_000, seed: 4), folder, "magic.gz")])
            #expect(magic.report.volumes.messages == 0 && magic.faults.count + magic.lineCount > 0)
            let zeros = [UInt8](repeating: 0, count: 100_000)
            let holed = audit([try write(Array(good.utf8) + zeros + [10] + Array(good.utf8), folder, "holed.log")])
            #expect(holed.report.volumes.messages >= 1 && holed.lines("no log line") == 1)
            let long =
                good + String(repeating: "x", count: 1 << 20) + "\n" + good.replacing("4ACE1F0210", with: "4ACE1F0211")
            #expect(audit([try write(long, folder, "long.log")]).report.volumes.messages == 2)
        }
    }

    @Test func numbersBeyondReasonOverflowNothing() throws {
        try inTemporaryFolder { folder in
            var text = ""
            for number in 10..<60 {
                text += postfixMessage("2026-01-05T09:\(number):00Z", id: "4ACE1F02\(number)")
                    .replacing("size=810", with: "size=999999999999999999")
                    .replacing("nrcpt=1", with: "nrcpt=999999999999999999")
            }
            let found = audit([try write(text, folder, "mail.log")])
            #expect(found.report.volumes.messages == 50)
        }
    }

    @Test func anyYearIsSurvived() throws {
        try inTemporaryFolder { folder in
            var text = ""
            for (number, year) in [1678, 1969, 1970, 2026, 2261, 2026, 1700].enumerated() {
                text += postfixMessage("\(year)-01-05T09:00:00Z", id: "4ACE1F02\(10 + number)")
            }
            let found = audit([try write(text, folder, "mail.log")])
            #expect(found.lineCount == 28 && found.text(width: 80, isColoured: false).count > 100)
        }
    }

    // MARK: - Pipes

    @Test func aPipeLosesNothing() throws {
        try inTemporaryFolder { folder in
            let path = folder + "/pipe"
            let file = try write(Self.sample, folder, "mail.log")
            #expect(mkfifo(path, 0o600) == 0)
            let thread = Thread {
                let pipe = FileHandle(forWritingAtPath: path)
                try? pipe?.write(contentsOf: Data(Self.sample.utf8))
                try? pipe?.close()
            }
            thread.start()
            #expect(audit([path]).report == audit([file]).report)
        }
    }
}
