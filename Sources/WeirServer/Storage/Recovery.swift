// Back to where Weir was: the latest good snapshot, then the journal behind it.

import Foundation
import GRDB
import Logging
import MailTypes
import WeirEngine

/// An engine brought back from disk.
struct Recovered {
    /// The engine.
    var engine: Engine
    /// The position of the next input.
    var position: UInt64
    /// The position of the snapshot that it began from.
    var snapshot: UInt64 = 0
    /// What was damaged; nil where nothing was.
    var damage: String?
    /// Inputs whose outputs came out other than they were recorded; 0 unless a fault of ours or another version.
    var differing: UInt64
}

/// Snapshots, and what is replayed on top of them.
enum Recovery {
    /// Bytes of a snapshot in one row and one transaction: some hundredths of a second in which the journal waits.
    static let chunkBytesMax = 4 << 20
    /// Snapshots kept: should the newest be damaged, the one before it is there.
    private static let snapshotsKept = 2
    /// Beside these, the first one of each stretch of so many seconds is kept as long as the journal is: `weir replay` begins
    /// with it. At most five of them in the 30 days that a journal is kept by default.
    static let landmarkSeconds: Int64 = 7 * 86_400

    /// Brings back the engine; `fresh` makes one where there is nothing.
    static func recover(_ store: Store, fresh: () throws -> Engine) throws -> Recovered {
        // Without a transaction: SQLite would not end one in which it met a broken page.
        try store.pool.unsafeRead { database in
            var damage: [String] = []
            var start: (engine: Engine, position: UInt64)?
            for position in try positions(database) where start == nil {
                do {
                    start = (try Engine(snapshot: try bytes(ofSnapshot: position, database)), position)
                } catch let error as CodecError {
                    damage.append("snapshot at position \(position): \(error)")
                } catch let error as DatabaseError where error.resultCode == .SQLITE_CORRUPT {
                    damage.append("snapshot at position \(position): \(error)")
                }
            }
            var result = Recovered(
                engine: try start?.engine ?? fresh(), position: start?.position ?? 0,
                snapshot: start?.position ?? 0, damage: nil, differing: 0)
            do {
                try Journal.rows(from: result.position, in: database) { row in
                    result.differing += try replay(row, on: &result.engine)
                    result.position = row.first + row.count
                }
            } catch let error as JournalDamage {
                damage.append("journal \(error)")
            } catch let error as CodecError {
                damage.append("journal at position \(result.position): \(error)")
            } catch let error as DatabaseError where error.resultCode == .SQLITE_CORRUPT {
                damage.append("journal at position \(result.position): \(error)")
            }
            result.damage = damage.isEmpty ? nil : damage.joined(separator: "; ")
            return result
        }
    }

    /// Replays a row on an engine; returns how many inputs gave other outputs than recorded. `each` gets every input, what
    /// the engine said to it, and that in the journal's form.
    static func replay(
        _ row: JournalRow, on engine: inout Engine, each: (Input, [Output], [UInt8]) -> Void = { _, _, _ in }
    ) throws -> UInt64 {
        var inputs = ByteReader(row.inputs)
        var differing: UInt64 = 0
        var place = 0
        var writer = ByteWriter(capacity: 256)
        for _ in 0..<row.count {
            let input = try Input(&inputs)
            writer.bytes.removeAll(keepingCapacity: true)
            let outputs = engine.step(input)
            writer.count(outputs.count)
            for output in outputs { output.encode(&writer) }
            each(input, outputs, writer.bytes)
            let end = place + writer.bytes.count
            if end > row.outputs.count || row.outputs[place..<end] != writer.bytes[...] {
                // The recorded bytes may be of another length: find the next record by reading this one.
                differing += 1
                var recorded = ByteReader(row.outputs, place..<row.outputs.count)
                for _ in 0..<(try recorded.count()) { _ = try Output(&recorded) }
                place = recorded.place
            } else {
                place = end
            }
        }
        return differing
    }

    /// Writes a snapshot, and forgets all but the last ones and the journal rows older than `keepSeconds`. A piece a
    /// transaction, so that the journal's groups get to the disk in between: a crash meanwhile costs no more than ever.
    static func write(
        _ engine: Engine, position: UInt64, keepSeconds: Int64, chunkBytes: Int = chunkBytesMax, to store: Store
    ) throws {
        let bytes = engine.snapshot()
        try store.pool.write { database in
            // What a crash left of another one, or of this one.
            try database.execute(
                sql: "DELETE FROM snapshot WHERE position NOT IN (SELECT position FROM snapshots) OR position = ?",
                arguments: [Int64(position)])
            try database.execute(sql: "DELETE FROM snapshots WHERE position = ?", arguments: [Int64(position)])
        }
        for (chunk, start) in stride(from: 0, to: bytes.count, by: chunkBytes).enumerated() {
            let part = bytes[start..<min(bytes.count, start + chunkBytes)]
            try store.pool.write { database in
                try database.execute(
                    sql: "INSERT INTO snapshot (position, chunk, at, bytes) VALUES (?, ?, ?, ?)",
                    arguments: [Int64(position), chunk, engine.now.nanoseconds, Data(part)])
            }
        }
        try store.pool.write { database in
            try database.execute(
                sql: "INSERT INTO snapshots (position, at) VALUES (?, ?)",
                arguments: [Int64(position), engine.now.nanoseconds])
        }
        try forget(keepSeconds: keepSeconds, at: engine.now, in: store)
    }

    /// Forgets all snapshots but the last ones, and what is older than `keepSeconds` and not needed behind them.
    private static func forget(keepSeconds: Int64, at now: Timestamp, in store: Store) throws {
        let newest = try store.pool.read { try positions($0) }
        guard let last = newest.prefix(snapshotsKept).last else { return }
        let horizon = now.advanced(byNanoseconds: -keepSeconds * 1_000_000_000)
        let oldest = try store.pool.write { database in
            try database.execute(
                sql: """
                    DELETE FROM snapshots WHERE position < ?1 AND position NOT IN
                      (SELECT MIN(position) FROM snapshots WHERE at >= ?2 GROUP BY at / ?3)
                    """,
                arguments: [Int64(last), horizon.nanoseconds, landmarkSeconds * 1_000_000_000])
            return try positions(database).last ?? last
        }
        // A piece at a time, for the same reason.
        while try store.pool.write({ database in
            try database.execute(
                sql: """
                    DELETE FROM snapshot WHERE rowid IN (SELECT rowid FROM snapshot
                      WHERE position < ? AND position NOT IN (SELECT position FROM snapshots) LIMIT 4)
                    """,
                arguments: [Int64(last)])
            return database.changesCount > 0
        }) {}
        while try store.pool.write({ try Journal.forget(before: horizon, position: oldest, in: $0) }) {}
        try store.pool.write { database in
            try database.execute(sql: "DELETE FROM refusals WHERE at < ?", arguments: [horizon.nanoseconds])
            try database.execute(
                sql: "DELETE FROM cases WHERE last_at < ? AND state = 'released'", arguments: [horizon.nanoseconds])
        }
    }

    /// The engine of the latest good snapshot up to a moment, and its position; without a moment that of the oldest.
    static func begin(at moment: Timestamp?, _ database: GRDB.Database) throws -> (engine: Engine, position: UInt64) {
        let known = try Row.fetchAll(database, sql: "SELECT position, at FROM snapshots ORDER BY position").map {
            (position: UInt64($0[0] as Int64), at: $0[1] as Int64)
        }
        // The oldest where none is early enough. Another version's snapshot can't be read: the next one is tried.
        let isEarly = { (at: Int64) in moment.map { at <= $0.nanoseconds } ?? false }
        let early = known.filter { isEarly($0.at) }.reversed()
        var damage = "there is no snapshot to begin from"
        for candidate in Array(early) + known.filter({ !isEarly($0.at) }) {
            do {
                return (try Engine(snapshot: try bytes(ofSnapshot: candidate.position, database)), candidate.position)
            } catch let error as CodecError {
                damage = "snapshot at position \(candidate.position): \(error)"
            }
        }
        throw JournalDamage(position: 0, found: damage)
    }

    /// The positions of the snapshots, the newest first.
    private static func positions(_ database: GRDB.Database) throws -> [UInt64] {
        try Int64.fetchAll(database, sql: "SELECT position FROM snapshots ORDER BY position DESC").map(
            UInt64.init)
    }

    /// The bytes of a snapshot.
    private static func bytes(ofSnapshot position: UInt64, _ database: GRDB.Database) throws -> [UInt8] {
        var bytes: [UInt8] = []
        let cursor = try Row.fetchCursor(
            database, sql: "SELECT bytes FROM snapshot WHERE position = ? ORDER BY chunk", arguments: [Int64(position)])
        while let row = try cursor.next() { bytes += row.bytes(0) }
        return bytes
    }
}
