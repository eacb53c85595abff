// How far a mail log was read, remembered over restarts.

import Foundation
import GRDB
import MailTypes

/// A place in a log: behind the last whole line that was read.
struct LogPlace: Codable, Equatable, Sendable {
    /// The file's inode; 0 for journald.
    var inode: UInt64 = 0
    /// Bytes before the place.
    var offset: Int64 = 0
    /// A hash of the last of these bytes: it tells the file from another one under its name or inode, and finds a copy.
    var tail: UInt64 = 0
    /// journald's cursor; empty for a file.
    var cursor = ""

    /// Bytes that the hash is of, at most.
    static let tailBytesMax = 512
    /// The key of the hash: against mistakes, not against malice.
    static let hash = KeyedHash(key0: 0x7765_6972_6C6F_6770, key1: 1)
}

/// Remembered places in the state database, one for each log.
struct LogPlaces: Sendable {
    /// The database.
    let store: Store

    /// Makes the table where it is missing. An older Weir passes it over.
    init(_ store: Store) throws {
        self.store = store
        try store.pool.write {
            try $0.execute(sql: "CREATE TABLE IF NOT EXISTS mail_log (log TEXT PRIMARY KEY, place TEXT NOT NULL)")
        }
    }

    /// The place in a log; nil where none is remembered.
    func place(in log: String) throws -> LogPlace? {
        let text = try store.pool.read {
            try String.fetchOne($0, sql: "SELECT place FROM mail_log WHERE log = ?", arguments: [log])
        }
        return text.flatMap { try? JSONDecoder().decode(LogPlace.self, from: Data($0.utf8)) }
    }

    /// Remembers a place.
    func remember(_ place: LogPlace, in log: String) throws {
        let text = String(decoding: try JSONEncoder().encode(place), as: UTF8.self)
        try store.pool.write {
            try $0.cachedStatement(sql: "INSERT OR REPLACE INTO mail_log (log, place) VALUES (?, ?)").execute(
                arguments: [log, text])
        }
    }
}
