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
    /// What was damaged; nil where nothing was.
    var damage: String?
    /// Inputs whose outputs came out other than they were recorded; 0 unless a fault of ours or another version.
    var differing: UInt64
}

/// Snapshots, and what is replayed on top of them.
enum Recovery {
    /// Bytes of a snapshot in one row.
    private static let chunkBytes = 8 << 20
    /// Snapshots kept: should the newest be damaged, the one before it is there.
    private static let snapshotsKept = 2

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
                engine: try start?.engine ?? fresh(), position: start?.position ?? 0, damage: nil, differing: 0)
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

    /// Replays a row on an engine; returns how many inputs gave other outputs than recorded.
    static func replay(_ row: JournalRow, on engine: inout Engine, each: ([UInt8]) -> Void = { _ in }) throws -> UInt64
    {
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
            each(writer.bytes)
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

    /// Writes a snapshot, and forgets all but the last ones and the journal rows older than `keepSeconds`.
    static func write(_ engine: Engine, position: UInt64, keepSeconds: Int64, to store: Store) throws {
        let bytes = engine.snapshot()
        try store.pool.write { database in
            try database.execute(sql: "DELETE FROM snapshot WHERE position = ?", arguments: [Int64(position)])
            var chunk = 0
            while chunk * chunkBytes < bytes.count {
                let part = bytes[chunk * chunkBytes..<min(bytes.count, (chunk + 1) * chunkBytes)]
                try database.execute(
                    sql: "INSERT INTO snapshot (position, chunk, at, bytes) VALUES (?, ?, ?, ?)",
                    arguments: [Int64(position), chunk, engine.now.nanoseconds, Data(part)])
                chunk += 1
            }
            let kept = try positions(database).prefix(snapshotsKept)
            guard let oldest = kept.last else { return }
            try database.execute(sql: "DELETE FROM snapshot WHERE position < ?", arguments: [Int64(oldest)])
            let horizon = engine.now.advanced(byNanoseconds: -keepSeconds * 1_000_000_000)
            try Journal.forget(before: horizon, position: oldest, in: database)
            try database.execute(sql: "DELETE FROM refusals WHERE at < ?", arguments: [horizon.nanoseconds])
            try database.execute(
                sql: "DELETE FROM cases WHERE last_at < ? AND state = 'released'", arguments: [horizon.nanoseconds])
        }
    }

    /// The oldest snapshot's engine, and its position.
    static func oldest(_ database: GRDB.Database) throws -> (engine: Engine, position: UInt64) {
        guard let position = try positions(database).last else {
            throw JournalDamage(position: 0, found: "there is no snapshot to begin from")
        }
        return (try Engine(snapshot: try bytes(ofSnapshot: position, database)), position)
    }

    /// The positions of the snapshots, the newest first.
    private static func positions(_ database: GRDB.Database) throws -> [UInt64] {
        try Int64.fetchAll(database, sql: "SELECT DISTINCT position FROM snapshot ORDER BY position DESC").map(
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
