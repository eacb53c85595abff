// The journal on disk: one row a group, each with a checksum of its own.

import Foundation
import GRDB
import MailTypes
import WeirEngine

/// Why replay of the journal ended before its end.
struct JournalDamage: Error, CustomStringConvertible {
    /// The position up to which everything is exact.
    var position: UInt64
    /// What was found there.
    var found: String

    /// `at position 17: found`.
    var description: String { "at position \(position): \(found)" }
}

/// One row of the journal, checked.
struct JournalRow: Sendable {
    /// The position of the first input.
    var first: UInt64
    /// How many inputs.
    var count: UInt64
    /// The inputs' bytes.
    var inputs: [UInt8]
    /// The outputs' bytes.
    var outputs: [UInt8]
}

/// Reading and writing of the journal's rows.
enum Journal {
    /// The key of the rows' checksums: against damage, not against malice.
    private static let checksumKey = KeyedHash(key0: 0x7765_6972_6A6F_7572, key1: 1)

    /// The checksum of a row.
    private static func checksum(_ inputs: [UInt8], _ outputs: [UInt8], first: UInt64, count: UInt64) -> Int64 {
        let parts = checksumKey.hash(
            checksumKey.hash(inputs.span), checksumKey.hash(outputs.span), first &* 31 &+ count)
        return Int64(bitPattern: parts)
    }

    /// Writes a group as one row.
    static func append(_ group: JournalGroup, to database: GRDB.Database) throws {
        try database.cachedStatement(
            sql:
                "INSERT INTO journal (first, count, first_at, last_at, inputs, outputs, checksum) VALUES (?, ?, ?, ?, ?, ?, ?)"
        ).execute(arguments: [
            Int64(group.first), Int64(group.count), group.firstAt.nanoseconds, group.lastAt.nanoseconds,
            group.inputs.asData, group.outputs.asData,
            checksum(group.inputs, group.outputs, first: group.first, count: group.count),
        ])
    }

    /// Walks the rows from a position on, at which a row begins: snapshots are made between rows. Throws `JournalDamage` at
    /// a row that is missing, cut or changed.
    static func rows(
        from position: UInt64, in database: GRDB.Database, _ body: (JournalRow) throws -> Void
    ) throws {
        var expected = position
        let cursor = try Row.fetchCursor(
            database,
            sql: "SELECT first, count, inputs, outputs, checksum FROM journal WHERE first >= ? ORDER BY first",
            arguments: [Int64(position)])
        while let row = try cursor.next() {
            let found = JournalRow(
                first: UInt64(row[0] as Int64), count: UInt64(row[1] as Int64), inputs: row.bytes(2),
                outputs: row.bytes(3))
            guard found.first == expected else {
                throw JournalDamage(
                    position: expected, found: "the next row begins at \(found.first): rows are missing")
            }
            let sum = checksum(found.inputs, found.outputs, first: found.first, count: found.count)
            guard sum == row[4] as Int64 else {
                throw JournalDamage(position: expected, found: "the row's checksum is wrong: it was cut or changed")
            }
            try body(found)
            expected = found.first + found.count
        }
    }

    /// The position after the last row.
    static func end(in database: GRDB.Database) throws -> UInt64 {
        UInt64(try Int64.fetchOne(database, sql: "SELECT first + count FROM journal ORDER BY first DESC LIMIT 1") ?? 0)
    }

    /// Forgets some rows whose last input is before a moment, and that a snapshot makes unnecessary. False where none is left.
    static func forget(before moment: Timestamp, position: UInt64, in database: GRDB.Database) throws -> Bool {
        try database.execute(
            sql:
                "DELETE FROM journal WHERE first IN (SELECT first FROM journal WHERE last_at < ? AND first + count <= ? LIMIT 1000)",
            arguments: [moment.nanoseconds, Int64(position)])
        return database.changesCount > 0
    }
}

extension [UInt8] {
    /// The bytes as SQLite takes them.
    var asData: Data { Data(self) }
}

extension Row {
    /// A BLOB column as bytes.
    func bytes(_ index: Int) -> [UInt8] { [UInt8](self[index] as Data) }
}
