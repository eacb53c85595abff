// The state directory: what was decided comes back after a crash, and damage is found, told and never deleted.

import Foundation
import GRDB
import MailTypes
import Synchronization
import Testing
import WeirEngine
import WeirTesting

@testable import WeirServer

/// Runs a body with a folder of its own, which is gone afterwards.
func inTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.path + "/weir-" + UUID().uuidString.prefix(8)
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
}

/// A policy that refuses beyond some messages an hour.
func messagesPerHour(_ amount: Int64, plan: String = "plan") -> Policy {
    Policy(plans: [
        Plan(
            name: plan, kind: .mua,
            limits: [Limit(amount, .messages, perSeconds: 3600, action: .reject, isEnforced: true)])
    ])
}

/// An engine without memory, the same at every call.
func freshEngine(_ policy: Policy = messagesPerHour(5)) -> Engine {
    Engine(
        policy: policy,
        bounds: Engine.Bounds(subscribersMax: 5000, messagesMax: 20_000, heldMax: 100, casesMax: 100), seed: 7)
}

/// Steps some random questions, withdrawals and ticks.
func play(_ count: Int, on live: LiveEngine, _ random: inout SeededGenerator) {
    for _ in 0..<count {
        var mail = ScenarioMail(number: Int(random.next() % 300), login: "user\(random.next() % 12)@example.net")
        mail.recipients = (0..<1 + Int(random.next() % 4)).map { "r\($0)@example.org" }
        let door: Door = random.next() & 1 == 0 ? .policy : .milter
        switch random.next() % 12 {
        case 0: _ = live.step(.tick)
        case 1: _ = live.step(.withdrawn(mail.transaction(.milter, .data)))
        case 2..<7: _ = live.step(.transaction(mail.transaction(door, .data)))
        default: _ = live.step(.transaction(mail.transaction(door, .endOfMessage)))
        }
    }
}

/// Writes what waits, as the recorder does; returns the groups.
@discardableResult
func writeGroups(of live: LiveEngine, to store: Store) throws -> [JournalGroup] {
    var groups: [JournalGroup] = []
    while let group = live.takeGroup() {
        try store.pool.write { try Journal.append(group, to: $0) }
        groups.append(group)
        live.wrote(group)
    }
    return groups
}

/// The bytes of a live engine.
func snapshot(of live: LiveEngine) -> [UInt8] { live.read { $0.snapshot() } }

extension Recovered {
    /// True where the engine is in this state. Not compared in `#expect`, which would print both.
    func isAsBefore(_ state: [UInt8]) -> Bool { engine.snapshot() == state }
}

/// A state directory in which five groups of a hundred inputs were written.
struct Written {
    /// The directory.
    let store: Store
    /// The engine that ran.
    let live = LiveEngine(freshEngine(), position: 0)
    /// The engine's bytes before each group, and after the last.
    private(set) var states: [[UInt8]] = []
    /// The positions of these states.
    private(set) var positions: [UInt64] = []

    /// Plays and writes; snapshots go to disk before the named groups.
    init(_ folder: String, seed: UInt64 = 1, snapshotsBefore: Set<Int> = []) throws {
        store = try Store(directory: folder + "/state")
        var random = SeededGenerator(seed: seed)
        for group in 0..<5 {
            note(UInt64(group) * 100)
            if snapshotsBefore.contains(group) {
                let engine = try Engine(snapshot: states[group])
                try Recovery.write(engine, position: positions[group], keepSeconds: 86_400, to: store)
            }
            play(100, on: live, &random)
            try writeGroups(of: live, to: store)
        }
        note(500)
    }

    /// Notes where the engine stands.
    private mutating func note(_ position: UInt64) {
        states.append(snapshot(of: live))
        positions.append(position)
    }

    /// Changes the database behind Weir's back.
    func tamper(_ sql: String) throws { try store.pool.write { try $0.execute(sql: sql) } }

    /// Brings the engine back.
    func recover() throws -> Recovered { try Recovery.recover(store) { freshEngine() } }
}

/// The words of an error; nil where none was thrown.
func refusal(_ body: () throws -> Void) -> String? {
    do { try body() } catch { return "\(error)" }
    return nil
}

@Suite struct StorageTests {
    @Test(arguments: [1, 2, 3] as [UInt64])
    func anEngineBroughtBackFromTheJournalIsTheOneThatRan(seed: UInt64) throws {
        try inTemporaryFolder { folder in
            let written = try Written(folder, seed: seed)
            let back = try written.recover()
            #expect(back.damage == nil && back.differing == 0 && back.position == 500)
            #expect(back.isAsBefore(written.states[5]))
            #expect(try written.store.pool.read { try Journal.end(in: $0) } == 500)
        }
    }

    @Test func anEngineBroughtBackFromSnapshotAndTailIsTheOneThatRan() throws {
        try inTemporaryFolder { folder in
            let written = try Written(folder, snapshotsBefore: [0, 3])
            // What lies before the snapshot is not needed.
            try written.tamper("DELETE FROM journal WHERE first < 300")
            let back = try written.recover()
            #expect(back.damage == nil && back.differing == 0 && back.position == 500)
            #expect(back.isAsBefore(written.states[5]))
        }
    }

    @Test func aSnapshotWithinARowIsDamage() throws {
        try inTemporaryFolder { folder in
            let written = try Written(folder, snapshotsBefore: [0, 3])
            for table in ["snapshot", "snapshots"] {
                try written.tamper("UPDATE \(table) SET position = 250 WHERE position = 300")
            }
            let back = try written.recover()
            #expect(back.damage?.contains("at position 250") == true && back.damage?.contains("300") == true)
            #expect(back.position == 250 && back.differing == 0, "half a row was replayed")
        }
    }

    @Test func outputsThatComeOutOtherwiseAreCounted() throws {
        try inTemporaryFolder { folder in
            let store = try Store(directory: folder + "/state")
            let live = LiveEngine(freshEngine(), position: 0)
            for _ in 0..<3 { _ = live.step(.tick) }
            var group = try #require(live.takeGroup())
            // Ticks of a new engine have no outputs; a record of an open breaker is another length than that.
            var writer = ByteWriter()
            writer.count(0)
            writer.count(1)
            Output.breaker(isOpen: true).encode(&writer)
            writer.count(0)
            group.outputs = writer.bytes
            try store.pool.write { try Journal.append(group, to: $0) }
            let back = try Recovery.recover(store) { freshEngine() }
            #expect(back.differing == 1 && back.damage == nil && back.position == 3)
        }
    }

    @Test(arguments: [
        (
            "UPDATE journal SET inputs = CAST(substr(inputs, 1, 40) || x'00' || substr(inputs, 42) AS BLOB) "
                + "WHERE first = 200", "checksum"
        ),
        ("DELETE FROM journal WHERE first = 200", "rows are missing"),
        ("UPDATE journal SET inputs = substr(inputs, 1, length(inputs) - 1) WHERE first = 200", "checksum"),
        ("UPDATE journal SET outputs = x'' WHERE first = 200", "checksum"),
        ("UPDATE journal SET count = 99 WHERE first = 200", "checksum"),
    ])
    func damageIsToldAndTheEngineIsExactUpToThere(sql: String, says: String) throws {
        try inTemporaryFolder { folder in
            let written = try Written(folder)
            try written.tamper(sql)
            let back = try written.recover()
            #expect(back.damage?.contains(says) == true && back.damage?.contains("position 200") == true)
            #expect(back.position == 200 && back.differing == 0)
            #expect(back.isAsBefore(written.states[2]))
        }
    }

    @Test func aDamagedDatabaseIsSetAsideWhole() throws {
        try inTemporaryFolder { folder in
            var written: Written? = try Written(folder)
            try written?.tamper("DELETE FROM journal WHERE first = 200")
            let back = try #require(try written?.recover())
            let (store, aside) = try Store.setAside(
                directory: folder + "/state", at: try #require(Timestamp(rfc3339: "2026-11-23T10:00:00Z")))
            #expect(aside.contains("weir.sqlite.damaged-2026-11-23T100000000Z"))
            try Recovery.write(back.engine, position: back.position, keepSeconds: 86_400, to: store)
            written = nil
            // As after a crash now: the files are copied while they are open.
            try FileManager.default.copyItem(atPath: folder + "/state", toPath: folder + "/crashed")
            let again = try Recovery.recover(try Store(directory: folder + "/crashed")) { freshEngine() }
            #expect(again.damage == nil && again.position == 200)
            #expect(again.isAsBefore(back.engine.snapshot()))
            let old = try DatabaseQueue(path: aside)
            #expect(try old.read { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM journal") } == 4)
        }
    }

    @Test func brokenPagesOfTheDatabaseAreDamageToo() throws {
        try inTemporaryFolder { folder in
            let state = try {
                let written = try Written(folder)
                try written.store.pool.close()
                return written.states[0]
            }()
            let file = folder + "/state/weir.sqlite"
            let page = try DatabaseQueue(path: file).read { try Int.fetchOne($0, sql: "PRAGMA page_size") }
            var bytes = try Data(contentsOf: URL(fileURLWithPath: file))
            let root = try DatabaseQueue(path: file).read {
                try Int.fetchOne($0, sql: "SELECT rootpage FROM sqlite_master WHERE name = 'journal'")
            }
            let begin = (try #require(root) - 1) * (try #require(page))
            bytes.replaceSubrange(begin..<begin + 64, with: [UInt8](repeating: 0xEE, count: 64))
            try bytes.write(to: URL(fileURLWithPath: file))
            let back = try Recovery.recover(try Store(directory: folder + "/state")) { freshEngine() }
            #expect(back.damage?.contains("malformed") == true)
            #expect(back.position == 0 && back.isAsBefore(state))
        }
    }

    @Test func aDamagedSnapshotFallsBackToTheOneBefore() throws {
        try inTemporaryFolder { folder in
            let written = try Written(folder, snapshotsBefore: [1, 3])
            try written.tamper("UPDATE snapshot SET bytes = substr(bytes, 1, length(bytes) - 9) WHERE position = 300")
            let back = try written.recover()
            #expect(back.damage?.contains("snapshot at position 300") == true)
            #expect(back.position == 500 && back.differing == 0)
            #expect(back.isAsBefore(written.states[5]))
        }
    }

    @Test func withoutAGoodSnapshotTheCallerDecides() throws {
        try inTemporaryFolder { folder in
            let written = try Written(folder, snapshotsBefore: [1, 3])
            try written.tamper("UPDATE snapshot SET bytes = x'00'")
            let noneMade = refusal {
                _ = try Recovery.recover(written.store) { throw JournalDamage(position: 0, found: "no snapshot") }
            }
            #expect(noneMade?.contains("no snapshot") == true)
            let back = try written.recover()
            #expect(back.damage?.contains("300") == true && back.damage?.contains("100") == true)
            #expect(back.position == 500 && back.isAsBefore(written.states[5]))
        }
    }

    @Test func aSnapshotUnderWayWhenItCrashedIsNone() throws {
        try inTemporaryFolder { folder in
            let written = try Written(folder, snapshotsBefore: [1, 3])
            // As a crash between its pieces and its end leaves it.
            try written.tamper("UPDATE snapshot SET bytes = substr(bytes, 1, 99) WHERE position = 300")
            try written.tamper("DELETE FROM snapshots WHERE position = 300")
            let back = try written.recover()
            #expect(back.damage == nil && back.snapshot == 100 && back.position == 500)
            #expect(back.isAsBefore(written.states[5]))
            // The next one clears it away.
            try Recovery.write(back.engine, position: 500, keepSeconds: 86_400, to: written.store)
            let pieces = try written.store.pool.read {
                try Int.fetchAll($0, sql: "SELECT DISTINCT position FROM snapshot ORDER BY position")
            }
            #expect(pieces == [100, 500])
        }
    }

    @Test func theJournalIsWrittenWhileASnapshotIs() throws {
        try inTemporaryFolder { folder in
            let store = try Store(directory: folder)
            var engine = Engine(
                policy: messagesPerHour(5),
                bounds: Engine.Bounds(subscribersMax: 10_000, messagesMax: 1000, heldMax: 10, casesMax: 10), seed: 1)
            for number in 0..<3000 {
                let mail = ScenarioMail(number: number, login: "user\(number)@a-long-domain-name.example.net")
                _ = engine.step(
                    Input(at: Timestamp(seconds: 1), .transaction(mail.transaction(.policy, .endOfMessage))))
            }
            let isDone = Mutex(false)
            var longest: Int64 = 0
            let copy = engine
            Thread {
                try? Recovery.write(copy, position: 7, keepSeconds: 60, chunkBytes: 4096, to: store)
                isDone.withLock { $0 = true }
            }.start()
            var commits = 0
            while !isDone.withLock({ $0 }) {
                let began = WallClock.nanoseconds(CLOCK_MONOTONIC)
                try store.pool.write {
                    try $0.execute(
                        sql: "INSERT INTO cases VALUES (?, '', '', '', 0, 0, 0, 0)", arguments: ["\(commits)"])
                }
                longest = max(longest, WallClock.nanoseconds(CLOCK_MONOTONIC) - began)
                commits += 1
            }
            let pieces = try store.pool.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM snapshot") } ?? 0
            #expect(pieces > 20 && commits > 10, "\(pieces) pieces, \(commits) commits, the longest \(longest) ns")
            #expect(try Recovery.recover(store) { freshEngine() }.position == 7)
        }
    }

    @Test func aDatabaseOfTheFirstVersionIsTakenOver() throws {
        try inTemporaryFolder { folder in
            let state = try {
                let written = try Written(folder, snapshotsBefore: [1, 3])
                try written.tamper("DROP TABLE snapshots")
                try written.tamper("PRAGMA user_version = 1")
                try written.store.pool.close()
                return written.states[5]
            }()
            let back = try Recovery.recover(try Store(directory: folder + "/state")) { freshEngine() }
            #expect(back.damage == nil && back.snapshot == 300 && back.isAsBefore(state))
        }
    }

    @Test func theLastTwoSnapshotsAreKeptAndTheFirstOfEachWeek() throws {
        try inTemporaryFolder { folder in
            let written = try Written(folder, snapshotsBefore: [0, 1, 2, 3, 4])
            func kept(_ table: String) throws -> [Int] {
                try written.store.pool.read {
                    try Int.fetchAll($0, sql: "SELECT DISTINCT position FROM \(table) ORDER BY position")
                }
            }
            #expect(try kept("snapshot") == [100, 300, 400] && kept("snapshots") == [100, 300, 400])
            // `weir replay` begins with the first, or with the last up to a moment.
            let at = try written.store.pool.read {
                try Int64.fetchOne($0, sql: "SELECT at FROM snapshots WHERE position = 300")
            }
            for (moment, position) in [(nil, 100), (try #require(at), 300), (0, 100), (.max, 400)] {
                let begin = try written.store.pool.read {
                    try Recovery.begin(at: moment.map(Timestamp.init(nanoseconds:)), $0)
                }
                #expect(begin.position == UInt64(position))
            }
            // Past its time the landmark goes, and the journal before it.
            let engine = try written.recover().engine
            try Recovery.write(engine, position: 500, keepSeconds: 0, to: written.store)
            #expect(try kept("snapshots") == [400, 500])
        }
    }

    @Test func aDatabaseOfANewerVersionIsRefused() throws {
        try inTemporaryFolder { folder in
            do { try Store(directory: folder).pool.write { try $0.execute(sql: "PRAGMA user_version = 99") } }
            let words = refusal { _ = try Store(directory: folder) }
            #expect(words?.contains("newer Weir") == true && words?.contains("99") == true)
        }
    }

    @Test func theAddressKeyIsMadeOnceForItsOwnerAlone() throws {
        try inTemporaryFolder { folder in
            let store = try Store(directory: folder)
            let key = try store.addressKey()
            #expect(try store.addressKey().hash(5) == key.hash(5))
            let file = folder + "/hash.key"
            let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            #expect(try String(contentsOfFile: file, encoding: .utf8).utf8.count == 33)
        }
    }

    @Test(arguments: [
        "", "abc\n", "00112233445566778899aabbccddeeg0\n", "+0112233445566778899aabbccddeeff\n", "\u{e9}",
    ])
    func aBadAddressKeyIsAnErrorAndStays(text: String) throws {
        try inTemporaryFolder { folder in
            let store = try Store(directory: folder)
            // Latin-1 makes one of them no UTF-8.
            let bytes = try #require(text.data(using: .isoLatin1))
            try bytes.write(to: URL(fileURLWithPath: folder + "/hash.key"))
            #expect(refusal { _ = try store.addressKey() }?.contains("hexadecimal") == true)
            #expect(try Data(contentsOf: URL(fileURLWithPath: folder + "/hash.key")) == bytes)
        }
    }
}
