// A start on whatever lies in the state directory: damage is told and set aside whole, and Weir starts.

import Foundation
import GRDB
import Logging
import MailTypes
import Testing
import WeirEngine
import WeirTesting

@testable import WeirServer

/// When the tests start Weir.
private let now = Timestamp(rfc3339: "2026-11-23T10:00:00Z")!

/// Opens a state directory as `weir serve` does.
private func openState(_ directory: String) throws -> OpenedState {
    try OpenedState(directory: directory, keepSeconds: 86_400, at: now) { freshEngine() }
}

/// What is done to a database while Weir is down.
struct Harm: Sendable, CustomTestStringConvertible {
    /// What it is.
    let testDescription: String
    /// A word that the report must have.
    let says: String
    /// Does it to the bytes of the file.
    let change: @Sendable (Data) -> Data

    /// Kinds of harm that leave nothing to read.
    static let all = [
        Harm(
            testDescription: "zeroes for a header", says: "\\x00",
            change: { Data(repeating: 0, count: 100) + $0[100...] }),
        Harm(testDescription: "another text", says: "<html>", change: { _ in Data("<html><body>no database".utf8) }),
        Harm(testDescription: "noise", says: "header is broken", change: { Data($0.map { $0 ^ 0x5A }) }),
        Harm(testDescription: "cut within the header", says: "ends after 50 bytes", change: { $0.prefix(50) }),
        Harm(testDescription: "nothing", says: "the file is empty", change: { _ in Data() }),
        Harm(
            testDescription: "a broken header behind the magic", says: "SQLite error",
            change: {
                $0.prefix(16) + Data(repeating: 0xEE, count: 84) + $0[100...]
            }),
        Harm(
            testDescription: "a broken first page", says: "SQLite error",
            change: {
                $0.prefix(100) + Data(repeating: 0xEE, count: 3996) + $0[4096...]
            }),
    ]
}

@Suite struct OpenedStateTests {
    /// Runs a body with a state directory in which Weir ran and was stopped, and the bytes of its database.
    private func withState(_ body: (_ directory: String, _ file: URL, _ bytes: Data) throws -> Void) throws {
        try inTemporaryFolder { folder in
            do {
                let written = try Written(folder, snapshotsBefore: [0, 3])
                _ = try written.store.addressKey()
                try written.store.pool.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
                try written.store.pool.close()
            }
            let file = URL(fileURLWithPath: folder + "/state/" + Store.databaseName)
            try body(folder + "/state", file, try Data(contentsOf: file))
        }
    }

    @Test(arguments: Harm.all)
    func aDatabaseThatCannotBeReadIsSetAsideWhole(harm: Harm) throws {
        try withState { directory, file, bytes in
            let harmed = harm.change(bytes)
            try harmed.write(to: file)
            let opened = try openState(directory)
            let damage = try #require(opened.damage)
            #expect(damage.found.contains(harm.says) && damage.found.contains(file.path), "\(damage.found)")
            #expect(damage.exactUpTo == 0 && opened.recovered.position == 0)
            #expect(
                try Data(contentsOf: URL(fileURLWithPath: damage.aside)) == harmed, "what was set aside was changed")
            #expect(Store.setAside(in: directory) == [URL(fileURLWithPath: damage.aside).lastPathComponent])
            try opened.store.pool.close()
            // The next start finds a good one, and the damaged one still there.
            let again = try openState(directory)
            #expect(again.damage == nil && Store.setAside(in: directory).count == 1)
        }
    }

    @Test func theLogOfALostDatabaseIsSetAsideToo() throws {
        try inTemporaryFolder { folder in
            let written = try Written(folder, snapshotsBefore: [0])
            // As after a crash: the write-ahead log is there, and the file itself is empty.
            let crashed = folder + "/crashed"
            try FileManager.default.copyItem(atPath: folder + "/state", toPath: crashed)
            let file = crashed + "/" + Store.databaseName
            let log = try Data(contentsOf: URL(fileURLWithPath: file + "-wal"))
            try #require(log.count > 4096)
            for isThere in [true, false] {
                if isThere {
                    try Data().write(to: URL(fileURLWithPath: file))
                } else {
                    for suffix in ["", "-wal", "-shm"] {
                        try? FileManager.default.removeItem(atPath: file + suffix)
                    }
                    try log.write(to: URL(fileURLWithPath: file + "-wal"))
                }
                let opened = try OpenedState(
                    directory: crashed, keepSeconds: 86_400, at: Timestamp(seconds: isThere ? 1 : 2)
                ) { freshEngine() }
                let damage = try #require(opened.damage)
                #expect(damage.found.contains("write-ahead log"))
                #expect(try Data(contentsOf: URL(fileURLWithPath: damage.aside + "-wal")) == log)
                try opened.store.pool.close()
            }
            withExtendedLifetime(written) {}
        }
    }

    @Test func aCutWriteAheadLogCostsItsEndAlone() throws {
        try inTemporaryFolder { folder in
            let written = try Written(folder, snapshotsBefore: [0])
            let whole = try Data(contentsOf: URL(fileURLWithPath: folder + "/state/weir.sqlite-wal"))
            for part in [whole.count - 1, whole.count / 2, whole.count / 10, 33, 10, 0] {
                let crashed = folder + "/crashed\(part)"
                try FileManager.default.copyItem(atPath: folder + "/state", toPath: crashed)
                try? FileManager.default.removeItem(atPath: crashed + "/weir.sqlite-shm")
                try whole.prefix(part).write(to: URL(fileURLWithPath: crashed + "/weir.sqlite-wal"))
                let opened = try openState(crashed)
                let place = try #require(written.positions.firstIndex(of: opened.recovered.position))
                #expect(
                    opened.recovered.isAsBefore(written.states[place]) || opened.damage != nil,
                    "\(part) bytes: neither exact nor told")
                try opened.store.pool.close()
            }
        }
    }

    @Test(arguments: [4096, 8192, 12_288, 5000])
    func aDatabaseCutInTheMiddleIsToldAndWeirStarts(bytesLeft: Int) throws {
        try withState { directory, file, bytes in
            try bytes.prefix(bytesLeft).write(to: file)
            let opened = try openState(directory)
            let damage = try #require(opened.damage)
            #expect(FileManager.default.fileExists(atPath: damage.aside))
            #expect(opened.recovered.position == damage.exactUpTo)
        }
    }

    @Test func aDatabaseOfAnotherProgramIsLeftAsItIs() throws {
        try inTemporaryFolder { folder in
            let path = folder + "/" + Store.databaseName
            do {
                let other = try DatabaseQueue(path: path)
                try other.write { try $0.execute(sql: "CREATE TABLE recipes (name TEXT)") }
                try other.close()
            }
            let damage = try #require(try openState(folder).damage)
            #expect(damage.found.contains("recipes") && damage.found.contains("another program's"))
            let aside = try DatabaseQueue(path: damage.aside)
            #expect(try aside.read { try String.fetchAll($0, sql: "SELECT name FROM sqlite_master") } == ["recipes"])
        }
    }

    @Test func aMissingTableIsDamage() throws {
        try withState { directory, file, _ in
            do {
                let queue = try DatabaseQueue(path: file.path)
                try queue.write { try $0.execute(sql: "DROP TABLE journal") }
                try queue.close()
            }
            #expect(try openState(directory).damage?.found.contains("expected cases, journal") == true)
        }
    }

    @Test func aNewStateDirectoryIsNoDamage() throws {
        try inTemporaryFolder { folder in
            let opened = try openState(folder + "/new")
            #expect(opened.damage == nil && opened.recovered.position == 0 && Store.setAside(in: folder).isEmpty)
        }
    }

    @Test func damageIsShownInFiguresAndStatus() throws {
        let live = LiveEngine(freshEngine(), position: 0)
        let metrics = Metrics()
        let view = live.read { $0.view }
        #expect(metrics.page(view, backlog: (0, 0)).contains("\nweir_state_damaged 0\n"))
        #expect(StatusReport(view, metrics, backlog: (0, 0)).stateDamage == nil)
        metrics.noteState(
            StateDamage(found: "weir.sqlite: no database", exactUpTo: 17, aside: "weir.sqlite.damaged-1"),
            setAside: ["weir.sqlite.damaged-0", "weir.sqlite.damaged-1"])
        let page = metrics.page(view, backlog: (0, 0))
        #expect(page.contains("\nweir_state_damaged 1\n") && page.contains("\nweir_state_set_aside 2\n"))
        let status = StatusReport(view, metrics, backlog: (0, 0))
        #expect(status.stateDamage?.contains("from position 17") == true && status.stateSetAside.count == 2)
    }
}
