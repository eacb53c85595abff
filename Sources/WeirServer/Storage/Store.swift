// The state directory: one SQLite file with journal, snapshots, cases and refusals, and the hash key beside it.

import Foundation
import GRDB
import Logging
import MailTypes
import WeirEngine

/// What is wrong with the state directory, and what to do.
public struct StoreError: Error, CustomStringConvertible {
    /// Where.
    public var path: String
    /// What happened.
    public var found: String
    /// What to do.
    public var remedy: String

    /// `path: found. remedy`.
    public var description: String { "\(path): \(found). \(remedy)" }
}

/// The files of one node.
final class Store: Sendable {
    /// The state directory.
    let directory: String
    /// The database: one writer, readers beside it.
    let pool: DatabasePool

    /// The database's name in the state directory.
    static let databaseName = "weir.sqlite"
    /// The name of the file with the hash key.
    static let keyName = "hash.key"
    /// The tables.
    private static let tables = ["cases", "journal", "refusals", "snapshot", "snapshots"]
    /// The version of the tables, in SQLite's user_version.
    static let schemaVersion = 2

    /// Opens the state directory, making it where it is missing. Throws `StoreDamage` where the database is damaged.
    init(directory: String, isNew: Bool = false) throws {
        self.directory = directory
        do {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o750])
        } catch {
            throw StoreError(
                path: directory, found: "can't be made (\(error.localizedDescription))",
                remedy: "Make it and let the user that runs Weir write to it, or name another with `state:`")
        }
        let path = directory + "/" + Store.databaseName
        let hasRunBefore = FileManager.default.fileExists(atPath: directory + "/" + Store.keyName)
        if !isNew, let damage = StoreDamage(ofFile: path, hasRunBefore: hasRunBefore) { throw damage }
        do { pool = try Store.open(path) } catch let error as DatabaseError {
            if error.isDamage { throw StoreDamage(found: "\(error)") }
            throw StoreError(path: path, error)
        }
    }

    /// Opens the database and brings its tables up to date.
    private static func open(_ path: String) throws -> DatabasePool {
        var configuration = GRDB.Configuration()
        configuration.busyMode = .timeout(5)
        configuration.maximumReaderCount = 3
        configuration.prepareDatabase { database in
            // A commit a group, some a second: each can afford to reach the disk.
            // Journal rows are large: fewer, larger pages cost less than half. It holds from the first table on.
            try database.execute(sql: "PRAGMA page_size = 16384")
            try database.execute(sql: "PRAGMA synchronous = FULL")
        }
        let pool = try DatabasePool(path: path, configuration: configuration)
        try pool.write { database in
            let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
            guard version <= schemaVersion else {
                throw StoreError(
                    path: path,
                    found:
                        "it was written by a newer Weir (tables of version \(version), this one knows \(schemaVersion))",
                    remedy: "Start the newer version, or name another state directory")
            }
            let found = try String.fetchAll(
                database, sql: "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
            if version == 1, found.contains("snapshot") {
                try database.execute(sql: snapshotsTable)
                try database.execute(
                    sql: "INSERT INTO snapshots SELECT position, max(at) FROM snapshot GROUP BY position")
                return
            }
            guard version == 0 ? found.isEmpty : tables.allSatisfy(found.contains) else {
                throw StoreDamage(
                    found:
                        "the tables are \(found.isEmpty ? "missing" : found.joined(separator: ", ")), expected \(version == 0 ? "a new database" : tables.joined(separator: ", ")): it is half-written or another program's"
                )
            }
            guard version == 0 else { return }
            try database.execute(
                sql: """
                    CREATE TABLE journal (
                      first INTEGER PRIMARY KEY, count INTEGER NOT NULL, first_at INTEGER NOT NULL, last_at INTEGER NOT NULL,
                      inputs BLOB NOT NULL, outputs BLOB NOT NULL, checksum INTEGER NOT NULL);
                    CREATE INDEX journal_at ON journal (last_at);
                    CREATE TABLE snapshot (
                      position INTEGER NOT NULL, chunk INTEGER NOT NULL, at INTEGER NOT NULL, bytes BLOB NOT NULL,
                      PRIMARY KEY (position, chunk));
                    \(snapshotsTable)
                    CREATE TABLE cases (
                      code TEXT PRIMARY KEY, subscriber TEXT NOT NULL, state TEXT NOT NULL, rule TEXT NOT NULL,
                      opened_at INTEGER NOT NULL, last_at INTEGER NOT NULL, held INTEGER NOT NULL, refused INTEGER NOT NULL);
                    CREATE INDEX cases_subscriber ON cases (subscriber);
                    CREATE TABLE refusals (
                      message INTEGER PRIMARY KEY, at INTEGER NOT NULL, mail_host TEXT NOT NULL,
                      queue_id TEXT NOT NULL, subscriber TEXT NOT NULL, verdict TEXT NOT NULL, would TEXT,
                      reason TEXT NOT NULL, rule TEXT NOT NULL, case_code TEXT, evidence TEXT NOT NULL);
                    CREATE INDEX refusals_subscriber ON refusals (subscriber, at);
                    CREATE INDEX refusals_queue ON refusals (queue_id);
                    """)
        }
        return pool
    }

    /// The snapshots that are written whole: `snapshot` holds the pieces of one under way too.
    private static let snapshotsTable =
        "CREATE TABLE snapshots (position INTEGER PRIMARY KEY, at INTEGER NOT NULL); PRAGMA user_version = 2;"

    /// Sets a damaged database aside under another name, never over another file, so that nothing is lost, and opens an empty
    /// one.
    static func setAside(directory: String, at now: Timestamp) throws -> (store: Store, damaged: String) {
        let path = directory + "/" + databaseName
        let stamp = now.description.filter { $0 != ":" && $0 != "." }
        let damaged = "\(path).damaged-\(stamp)"
        for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: path + suffix) {
            try FileManager.default.moveItem(atPath: path + suffix, toPath: damaged + suffix)
        }
        return (try Store(directory: directory, isNew: true), damaged)
    }

    /// The names of the damaged databases that were set aside in a state directory and lie there still.
    static func setAside(in directory: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return names.filter {
            $0.hasPrefix(databaseName + ".damaged-") && !$0.hasSuffix("-wal") && !$0.hasSuffix("-shm")
        }.sorted()
    }

    // MARK: - The key

    /// The key by which addresses are hashed: 32 hexadecimal digits in `hash.key`, readable by the owner alone; made at
    /// the first start. Several nodes share one by copying the file.
    func addressKey() throws -> KeyedHash {
        let path = directory + "/" + Store.keyName
        if FileManager.default.fileExists(atPath: path) {
            let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
            let digits = text.trimmingCharacters(in: .whitespacesAndNewlines)
            guard digits.utf8.count == 32, digits.allSatisfy(\.isHexDigit),
                let first = UInt64(digits.prefix(16), radix: 16),
                let second = UInt64(digits.suffix(16), radix: 16)
            else {
                throw StoreError(
                    path: path, found: "not 32 hexadecimal digits",
                    remedy: "Restore it from a backup; with a new key, whom subscribers wrote to before is forgotten")
            }
            return KeyedHash(key0: first, key1: second)
        }
        var generator = SystemRandomNumberGenerator()
        let (first, second) = (generator.next(), generator.next())
        let digits = [first, second].map {
            String(repeating: "0", count: 16 - String($0, radix: 16).count) + String($0, radix: 16)
        }
        guard
            FileManager.default.createFile(
                atPath: path, contents: Data((digits.joined() + "\n").utf8), attributes: [.posixPermissions: 0o600])
        else {
            throw StoreError(
                path: path, found: "can't be written",
                remedy: "Let the user that runs Weir write to the state directory")
        }
        return KeyedHash(key0: first, key1: second)
    }
}
