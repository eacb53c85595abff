// From the state directory to an engine that goes on, whatever is found there.

import Foundation
import GRDB
import MailTypes
import WeirEngine

/// Damage of the database that a start met: what was found, what was kept, where the damaged files are.
struct StateDamage: Codable, Sendable, Equatable {
    /// What was found, where.
    var found: String
    /// The position up to which everything is exact; Weir went on from there. 0 where it began anew.
    var exactUpTo: UInt64
    /// The name under which the database was set aside, whole.
    var aside: String

    /// One sentence for log and status.
    var description: String {
        "\(found). Weir went on \(exactUpTo == 0 ? "with empty counters" : "from position \(exactUpTo)"); the database was set aside whole as \(aside): keep it for `sqlite3 .recover`, or move it away once it is not needed"
    }
}

/// A state directory, opened: damage is reported and set aside, and Weir starts with what is good before it.
struct OpenedState {
    /// The files.
    let store: Store
    /// The engine.
    let recovered: Recovered
    /// What was damaged; nil where nothing was.
    let damage: StateDamage?

    /// Opens a state directory and brings back the engine; `fresh` makes one where there is nothing. Throws `StoreError`
    /// where a person has to do something first: rights, a full disk, a database of a newer version.
    init(directory: String, keepSeconds: Int64, at now: Timestamp, fresh: () throws -> Engine) throws {
        let path = directory + "/" + Store.databaseName
        do {
            let (opened, recovered) = try OpenedState.open(directory, fresh)
            self.recovered = recovered
            if let opened, recovered.damage == nil {
                (store, damage) = (opened, nil)
                guard recovered.position == 0 else { return }
            } else {
                let (empty, aside) = try Store.setAside(directory: directory, at: now)
                store = empty
                damage = StateDamage(
                    found: "\(path): \(recovered.damage ?? "")", exactUpTo: recovered.position, aside: aside)
            }
            try Recovery.write(recovered.engine, position: recovered.position, keepSeconds: keepSeconds, to: store)
        } catch let error as DatabaseError {
            throw StoreError(path: path, error)
        } catch let error as CocoaError {
            throw StoreError(
                path: path, found: "the damaged database can't be set aside (\(error.localizedDescription))",
                remedy: "Let the user that runs Weir write to \(directory)")
        }
    }

    /// Opens what there is, and brings back the engine as far as it is good. The store is nil where damage did not let it
    /// open.
    private static func open(_ directory: String, _ fresh: () throws -> Engine) throws -> (Store?, Recovered) {
        let store: Store
        do { store = try Store(directory: directory) } catch let damage as StoreDamage {
            return (nil, Recovered(engine: try fresh(), position: 0, damage: damage.found, differing: 0))
        }
        do {
            return (store, try Recovery.recover(store, fresh: fresh))
        } catch let error as DatabaseError where error.isDamage {
            return (store, Recovered(engine: try fresh(), position: 0, damage: "\(error)", differing: 0))
        }
    }
}

/// Why the database can't be read as Weir's: it is damaged, half-written or another program's.
struct StoreDamage: Error {
    /// What was found, and what was expected.
    var found: String

    /// What a file shows before SQLite is let near it, which would throw away the write-ahead log of an empty one. Nil where
    /// nothing speaks against opening it.
    init?(ofFile path: String, hasRunBefore: Bool) {
        let manager = FileManager.default
        func size(_ path: String) -> Int? { (try? manager.attributesOfItem(atPath: path))?[.size] as? Int }
        let log = size(path + "-wal") ?? 0
        guard let bytes = size(path), bytes > 0 else {
            guard log > 0 || hasRunBefore && size(path) != nil else { return nil }
            found =
                "the file is \(size(path) == nil ? "missing" : "empty")\(log > 0 ? " and \(log) bytes of its write-ahead log are there" : ""), expected a database: Weir has run here before"
            return
        }
        let head = (try? FileHandle(forReadingFrom: URL(fileURLWithPath: path)).read(upToCount: 16)) ?? Data()
        let magic = Data("SQLite format 3\0".utf8)
        // Where the file can't be read at all, opening it says why.
        guard !head.isEmpty, head != magic || bytes < 512 else { return nil }
        let shown = head.map { $0 >= 32 && $0 < 127 ? String(UnicodeScalar($0)) : String(format: "\\x%02x", $0) }
        found =
            head == magic
            ? "the file ends after \(bytes) bytes, expected a whole database"
            : "the file begins with \"\(shown.joined())\", expected \"SQLite format 3\": its header is broken or it is no database"
    }

    /// Damage in words.
    init(found: String) { self.found = found }
}

extension DatabaseError {
    /// True where the file's content is at fault, not the machine around it.
    var isDamage: Bool { resultCode == .SQLITE_CORRUPT || resultCode == .SQLITE_NOTADB }
}

extension StoreError {
    /// What SQLite says no to, with what a person can do about it.
    init(path: String, _ error: DatabaseError) {
        let remedy =
            switch error.resultCode {
            case .SQLITE_FULL: "Make room on the disk"
            case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_READONLY, .SQLITE_AUTH:
                "Let the user that runs Weir read and write the database and its folder"
            case .SQLITE_BUSY, .SQLITE_LOCKED: "Another program has it open: see `weir status` and fuser(1)"
            case .SQLITE_IOERR: "The disk fails: see dmesg(1)"
            case .SQLITE_CORRUPT, .SQLITE_NOTADB:
                "Start `weir serve` once: it sets the damaged database aside and goes on from what is good"
            default: "See https://www.sqlite.org/rescode.html"
            }
        self.init(path: path, found: "the database can't be used (\(error))", remedy: remedy)
    }
}
