// A log that is followed through everything that happens to log files, turn by turn.

import Foundation
import Testing

@testable import WeirServer

/// A log file and what follows it.
private struct Log {
    /// The folder.
    let folder: String
    /// The tail.
    var tail: LogFileTail
    /// What was handed out.
    private(set) var text = ""
    /// The last turn.
    private(set) var turn = LogTurn()
    /// Restarts so far.
    private(set) var restarts = 0
    /// Notes so far.
    private(set) var notes: [String] = []

    /// A log in a folder.
    init(_ folder: String, from place: LogPlace? = nil) {
        self.folder = folder
        tail = LogFileTail(folder + "/mail.log", from: place)
    }

    /// Adds to a file of the folder, made where it is missing.
    func write(_ text: String, to name: String = "mail.log") throws {
        let path = folder + "/" + name
        if !FileManager.default.fileExists(atPath: path) { try Data().write(to: URL(fileURLWithPath: path)) }
        let file = try #require(FileHandle(forWritingAtPath: path))
        try file.seekToEnd()
        try file.write(contentsOf: Data(text.utf8))
        try file.close()
    }

    /// Renames a file.
    func rename(_ old: String, _ new: String) throws {
        try FileManager.default.moveItem(atPath: folder + "/" + old, toPath: folder + "/" + new)
    }

    /// Copies the log and cuts it, as logrotate's copytruncate does.
    func copyAndTruncate() throws {
        try FileManager.default.copyItem(atPath: folder + "/mail.log", toPath: folder + "/mail.log.1")
        try #require(FileHandle(forWritingAtPath: folder + "/mail.log")).truncate(atOffset: 0)
    }

    /// Some turns; returns what they handed out.
    @discardableResult
    mutating func read(turns: Int = 3, bytesMax: Int = 1 << 20) -> String {
        var found = ""
        for _ in 0..<turns {
            turn = tail.turn(bytesMax: bytesMax)
            restarts += turn.restarts
            notes += turn.notes
            for piece in turn.pieces {
                switch piece {
                case .bytes(let bytes): found += String(decoding: bytes, as: UTF8.self)
                case .newFile: found += "|"
                }
            }
        }
        text += found
        return found
    }

    /// Another tail that goes on where this one is, as after a restart.
    func restarted() -> Log { Log(folder, from: tail.place) }
}

@Suite struct LogTailTests {
    @Test func itBeginsAtTheEndAndGoesOn() throws {
        try inTemporaryFolder { folder in
            var log = Log(folder)
            try log.write("old\n")
            #expect(log.read() == "")
            try log.write("one\ntw")
            #expect(log.read() == "one\ntw" && log.turn.bytesBehind == 0)
            // The remembered place is behind the last whole line.
            #expect(log.tail.place?.offset == 8)
            try log.write("o\n")
            #expect(log.read() == "o\n" && log.tail.place?.offset == 12)
        }
    }

    @Test func aFileThatIsNotThereYetIsReadFromItsBeginning() throws {
        try inTemporaryFolder { folder in
            var log = Log(folder)
            #expect(log.read() == "" && log.turn.trouble?.contains("no such file") == true)
            try log.write("one\n")
            #expect(log.read() == "one\n" && log.turn.trouble == nil)
        }
    }

    @Test func whatIsNoFileIsSaid() throws {
        try inTemporaryFolder { folder in
            try FileManager.default.createDirectory(atPath: folder + "/mail.log", withIntermediateDirectories: false)
            var log = Log(folder)
            log.read()
            #expect(log.turn.trouble?.contains("not a file") == true)
        }
    }

    @Test func aRenamedFileIsReadToItsEnd() throws {
        try inTemporaryFolder { folder in
            var log = Log(folder)
            try log.write("", to: "mail.log")
            log.read()
            try log.write("one\n")
            log.read()
            try log.rename("mail.log", "mail.log.1")
            #expect(log.read() == "" && log.turn.trouble == nil)
            // Its writer has not turned to the new file yet.
            try log.write("two\n", to: "mail.log.1")
            try log.write("")
            #expect(log.read() == "two\n")
            try log.write("three\n", to: "mail.log.1")
            try log.write("four\n")
            #expect(log.read() == "three\n|four\n" && log.restarts == 1)
            try log.write("five\n")
            #expect(log.read() == "five\n")
        }
    }

    @Test func aCopiedAndTruncatedFileLosesNothing() throws {
        try inTemporaryFolder { folder in
            var log = Log(folder)
            try log.write("")
            log.read()
            try log.write("one\n")
            log.read()
            try log.write("two\n")
            try log.copyAndTruncate()
            try log.write("three\n")
            #expect(log.read() == "|two\n|three\n" && log.restarts == 2)
            // Cut, and grown beyond where it was, between two turns.
            try log.rename("mail.log.1", "mail.log.2")
            try log.copyAndTruncate()
            try log.write("four four four four four\n")
            #expect(log.read() == "||four four four four four\n")
        }
    }

    @Test func aTruncatedFileWithoutACopyIsReadFromItsBeginning() throws {
        try inTemporaryFolder { folder in
            var log = Log(folder)
            try log.write("")
            log.read()
            try log.write("one\ntwo\n")
            log.read()
            try #require(FileHandle(forWritingAtPath: folder + "/mail.log")).truncate(atOffset: 0)
            #expect(log.read() == "|" && log.notes.contains { $0.contains("gone") })
            try log.write("new\n")
            #expect(log.read() == "new\n")
        }
    }

    @Test func aRestartGoesOnWhereReadingEnded() throws {
        try inTemporaryFolder { folder in
            var log = Log(folder)
            try log.write("")
            log.read()
            try log.write("one\ntw")
            log.read()
            var next = log.restarted()
            try log.write("o\nthree\n")
            // The line that was cut is read again whole.
            #expect(next.read() == "two\nthree\n" && next.notes.isEmpty)
        }
    }

    @Test func aRestartReadsTheRestOfRotatedFilesFirst() throws {
        try inTemporaryFolder { folder in
            var log = Log(folder)
            try log.write("")
            log.read()
            try log.write("one\n")
            log.read()
            try log.write("two\n")
            try log.rename("mail.log", "mail.log.2")
            let old = Date(timeIntervalSinceNow: -86_400)
            try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: folder + "/mail.log.2")
            try log.write("three\n", to: "mail.log.1")
            try log.write("not of the log\n", to: "mail.log.old")
            try log.write("four\n")
            var next = log.restarted()
            #expect(next.read() == "two\n|three\n|four\n" && next.notes.contains { $0.contains("mail.log.2 first") })
        }
    }

    @Test func aRestartFindsTheCopyOfATruncatedFile() throws {
        try inTemporaryFolder { folder in
            var log = Log(folder)
            try log.write("")
            log.read()
            try log.write("one\n")
            log.read()
            try log.write("two\n")
            try log.copyAndTruncate()
            try log.write("three\n")
            var next = log.restarted()
            #expect(next.read() == "two\n|three\n")
        }
    }

    @Test func aLostPlaceIsSaid() throws {
        try inTemporaryFolder { folder in
            var log = Log(folder)
            try log.write("")
            log.read()
            try log.write("one\n")
            log.read()
            try FileManager.default.removeItem(atPath: folder + "/mail.log")
            try log.write("compressed", to: "mail.log.1.gz")
            try log.write("two\n")
            var next = log.restarted()
            #expect(next.read() == "two\n" && next.notes.contains { $0.contains("is gone") })
        }
    }

    @Test func aTurnIsBounded() throws {
        try inTemporaryFolder { folder in
            var log = Log(folder)
            try log.write("")
            log.read()
            let line = String(repeating: "x", count: 99) + "\n"
            for _ in 0..<100 { try log.write(String(repeating: line, count: 30)) }
            #expect(log.read(turns: 1, bytesMax: 100_000).utf8.count == 100_000)
            #expect(log.turn.hasMore && log.turn.bytesBehind == 200_000)
            #expect(log.read(turns: 4, bytesMax: 100_000).utf8.count == 200_000 && !log.turn.hasMore)
        }
    }
}

/// A program in the place of journalctl.
private func fakeJournalctl(_ folder: String, _ script: String) throws -> String {
    let path = folder + "/journalctl"
    try Data("#!/bin/sh\necho \"$@\" >> \(folder)/arguments\n\(script)\n".utf8).write(to: URL(fileURLWithPath: path))
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    return path
}

@Suite struct JournalTailTests {
    @Test func theCursorOfTheLastWholeLineIsThePlace() throws {
        try inTemporaryFolder { folder in
            let program = try fakeJournalctl(
                folder,
                #"""
                printf '{"__CURSOR":"s=1;i=1","MESSAGE":"a \\"__CURSOR\\" b"}\n{ "__CURSOR" : "s=1;i=2" }\n{"__CURSOR":"s=1;i=3"'
                """#)
            var now: Int64 = 0
            let clock = UnsafeMutablePointer<Int64>.allocate(capacity: 1)
            clock.initialize(to: 0)
            defer { clock.deallocate() }
            var tail = JournalTail(from: nil, program: program, clock: { clock.pointee })
            var text = ""
            for _ in 0..<2000 where !text.hasSuffix("|") {
                for piece in tail.turn(bytesMax: 1 << 20).pieces {
                    if case .bytes(let bytes) = piece {
                        text += String(decoding: bytes, as: UTF8.self)
                    } else {
                        text += "|"
                    }
                }
                usleep(1000)
            }
            #expect(tail.place == LogPlace(cursor: "s=1;i=2") && text.contains("\"s=1;i=3\""))
            // It ended: another one goes on behind the cursor, once a second has passed.
            #expect(tail.turn(bytesMax: 1 << 20).trouble?.contains("started again") == true)
            now += 1_000_000_000
            clock.pointee = now
            let again = tail.turn(bytesMax: 1 << 20)
            #expect(again.restarts == 1)
            var arguments = ""
            for _ in 0..<2000 where arguments.split(separator: "\n").count < 2 {
                arguments = (try? String(contentsOfFile: folder + "/arguments", encoding: .utf8)) ?? ""
                usleep(1000)
            }
            #expect(arguments.hasPrefix("--output=json --follow --quiet --all --lines=0 SYSLOG_FACILITY=2\n"))
            #expect(arguments.contains("--no-tail --after-cursor=s=1;i=2"))
            tail.close()
        }
    }

    @Test func aProgramThatIsNotThereIsSaid() {
        var tail = JournalTail(from: nil, program: "/nonexistent/journalctl")
        #expect(tail.turn(bytesMax: 1000).trouble?.contains("can't be run") == true)
    }
}
