// Files of events through an audit: several of them, compressed, cut, out of order, and scored.

import Foundation
import MailTypes
import Testing
import WeirAudit

@testable import WeirServer

/// A message at a minute of one day.
private func message(_ minute: Int, _ id: String, login: String = "ann", to: String = "bob@example.org") -> String {
    let clock = String(format: "%02d:%02d", minute / 60, minute % 60)
    return
        #"{"type":"transaction","at":"2026-01-05T\#(clock):00Z","id":"\#(id)","login":"\#(login)","from":"\#(login)@example.net","to":["\#(to)"]}"#
        + "\n"
}

/// The ids of the messages of an audit, in the order in which they were judged.
private func ids(_ files: [String]) -> [String] {
    var ids: [String] = []
    _ = audit(files, .events) { ids.append($0.id) }
    return ids
}

@Suite struct EventsRunTests {
    @Test func everyFormOfAFileTellsTheSame() throws {
        try inTemporaryFolder { folder in
            let text = (0..<600).map { message($0, "t\($0)", login: "u\($0 % 7)", to: "r\($0)@example.org") }.joined()
            let plain = audit([try write(text, folder, "events.jsonl")], .events)
            #expect(plain.report.volumes.messages == 600 && plain.report.volumes.subscribers == 7)
            #expect(plain.faults.isEmpty && plain.bytes == text.utf8.count && plain.lineCount == 600)
            #expect(plain.scoring == nil)
            for compression in Compression.allCases {
                let bytes = compression.compressed(Array(text.utf8))
                let found = audit([try write(bytes, folder, "events.\(compression)")], .events)
                #expect(found.report == plain.report && found.lines == plain.lines)
            }
            #expect(audit([try write("", folder, "empty"), folder + "/empty"], .events).lineCount == 0)
        }
    }

    @Test func severalFilesAreMergedByTime() throws {
        try inTemporaryFolder { folder in
            let first = try write([1, 3, 5, 900].map { message($0, "a\($0)") }.joined(), folder, "a.jsonl")
            let second = try write([2, 3, 4, 901].map { message($0, "b\($0)") }.joined(), folder, "b.jsonl")
            #expect(ids([first, second]) == ["a1", "b2", "a3", "b3", "b4", "a5", "a900", "b901"])
            #expect(ids([second, first]) == ["a1", "b2", "b3", "a3", "b4", "a5", "a900", "b901"])
            #expect(audit([second, first], .events).lines("not understood") == 0)
        }
    }

    @Test func rotatedFilesComeInAnyOrder() throws {
        try inTemporaryFolder { folder in
            let old = try write(
                Compression.zst.compressed(Array((message(1, "t1") + message(700, "t2")).utf8)), folder, "events.1.zst")
            let new = try write(message(701, "t3") + message(800, "t4"), folder, "events")
            for files in [[old, new], [new, old]] {
                #expect(ids(files) == ["t1", "t2", "t3", "t4"])
                #expect(audit(files, .events).lines("not understood") == 0)
            }
        }
    }

    @Test func whatIsOutOfOrderIsCountedAndNeverPiledUp() throws {
        try inTemporaryFolder { folder in
            let path = try write(
                message(600, "t1") + message(596, "t2") + message(10, "t3") + message(601, "t4"), folder, "events")
            let found = audit([path], .events)
            #expect(ids([path]) == ["t1", "t2", "t4"])
            #expect(found.lines(kind: "earlier by minutes") == 1 && found.lineCount == 4)
            #expect(found.text(width: 100, isColoured: false).contains("earlier by minutes"))
        }
    }

    @Test func anyYearIsSurvived() throws {
        try inTemporaryFolder { folder in
            let years = ["1678", "1970", "2026", "2099", "2100", "2262", "9999", "0000"]
            let text = years.map { message(1, $0).replacing("2026-01-05", with: "\($0)-01-05") }.joined()
            let found = audit([try write(text, folder, "events")], .events)
            #expect(found.report.volumes.messages == 3 && found.lines("not understood") == 5)
            #expect(!found.text(width: 80, isColoured: false).isEmpty)
        }
    }

    @Test func faultsOfSomeFilesLeaveTheOthers() throws {
        try inTemporaryFolder { folder in
            let good = try write(message(1, "t1"), folder, "good")
            let cut = try write(
                Compression.gz.compressed(Array(message(2, "t2").utf8)).dropLast(9), folder, "cut.gz")
            let found = audit([folder + "/none", folder, cut, good, "/proc/self/mem"], .events)
            #expect(found.report.volumes.messages == 1 && found.faults.count == 4)
            #expect(found.faults.allSatisfy { $0.bytesRead == 0 })
            let noise = audit([try write(noise(200_000, seed: 8), folder, "noise"), good], .events)
            #expect(noise.report.volumes.messages == 1 && noise.lines("not understood") > 100)
            let half = audit([try write(message(1, "t1") + message(2, "t2").prefix(60), folder, "half")], .events)
            #expect(half.report.volumes.messages == 1 && half.lines("not understood") == 1)
        }
    }

    @Test func leasesAreSaidNotToMatterAndComplaintsAreRead() throws {
        try inTemporaryFolder { folder in
            let text = """
                {"type":"lease","at":"2026-01-05T06:00:00Z","subscriber":"line-77","address":"198.51.100.7","event":"start"}
                {"type":"complaint","at":"2026-01-05T11:00:00Z","id":"t1","kind":"abuse"}

                """
            let found = audit([try write(message(1, "t1") + text, folder, "events")], .events)
            #expect(found.lines("not relevant") == 1 && found.lines(kind: "lease") == 1)
            #expect(found.lines(kind: "complaint") == 1 && found.lines("not understood") == 0)
            #expect(found.report.volumes.messages == 1)
        }
    }

    // MARK: - Labels

    @Test func labelsScoreTheFindings() throws {
        try inTemporaryFolder { folder in
            var text = ""
            // A thief: many strangers, most of them dead, in an hour; a neighbour who writes a letter.
            for number in 0..<300 {
                text += message(600 + number / 10, "t\(number)", login: "thief", to: "r\(number)@example.org")
                if number % 3 != 0 {
                    let minute = String(format: "%02d", number / 10)
                    text +=
                        #"{"type":"delivery","at":"2026-01-05T10:\#(minute):00Z","id":"t\#(number)","to":"r\#(number)@example.org","status":"5.1.1","outcome":"failed"}"#
                        + "\n"
                }
            }
            text += message(640, "n1", login: "neighbour") + message(641, "s1", login: "stranger")
            text += """
                {"type":"label","subscriber":"thief","taken_over_from":"2026-01-05T10:00:00Z","family":"fast-bot"}
                {"type":"label","subscriber":"neighbour","stratum":"residential"}

                """
            let found = audit([try write(text, folder, "events")], .events)
            let scoring = try #require(found.scoring)
            #expect(scoring.families.map(\.kind) == ["fast-bot"] && scoring.families.map(\.accounts) == [1])
            #expect(scoring.strata.map(\.kind) == ["residential", "without a label"])
            #expect(scoring.strata.allSatisfy { $0.accounts == 1 && $0.named == 0 })
            #expect(scoring.families.first?.named == (found.report.stolen.isEmpty ? 0 : 1))
            let words = found.text(width: 100, isColoured: false)
            #expect(words.contains("Against the labels") && words.contains("honest, residential: 0 of 1 named"))
        }
    }
}
