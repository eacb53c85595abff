// A log file that is followed by its name, through whatever logrotate(8) does to it.
//
// `create`: the file is renamed and a new one takes its name. The old one is read to its end, also what its writer adds until
// it has turned to the new one. `copytruncate`: the file is copied and cut. The rest is read from the copy, which is found by
// the hash of the bytes before the remembered place. The same search finds the rest after a restart. A file that was
// compressed meanwhile is lost to a follower, and that is said.

import Foundation
import MailLog

/// A followed file.
struct LogFileTail: LogTail {
    /// Bytes of one read.
    private static let pieceBytes = 64 << 10
    /// Files beside the log that are looked at, the youngest first.
    private static let siblingsMax = 32
    /// Turns at the end of a renamed file, while the new one is empty, until the new one is taken all the same.
    private static let patienceTurns = 40

    /// A file that is yet to be read from an offset on.
    private struct Rest {
        /// The path.
        var path: String
        /// Where to go on.
        var offset: Int64
    }

    /// The path that is followed.
    let name: String
    /// Rotated files that come before the present one, in order.
    private var rests: [Rest] = []
    /// The file that is being read.
    private var file: OpenLog?
    /// True where the file no longer bears the log's name: it is read to its end.
    private var isRotated = false
    /// Turns at its end since a new file was seen.
    private var turnsAtEnd = 0
    /// True once the beginning is settled.
    private var hasBegun = false
    /// Where reading goes on after a restart.
    private let remembered: LogPlace?
    /// The place behind the last whole line.
    private(set) var place: LogPlace?

    /// Follows a path from a remembered place on, else from the end that the file has at the first turn.
    init(_ path: String, from place: LogPlace?) {
        name = path
        remembered = place
        self.place = place
    }

    /// Reads what is new.
    mutating func turn(bytesMax: Int) -> LogTurn {
        var turn = LogTurn()
        if !hasBegun { begin(&turn) }
        if let file, !isRotated, !file.isAsRead(upTo: place) { resumeAfterTruncation(&turn) }
        var left = bytesMax
        while left > 0 {
            guard openIfNeeded(&turn), let file else { break }
            let bytes = file.read(min(left, LogFileTail.pieceBytes))
            if !bytes.isEmpty {
                left -= bytes.count
                turn.pieces.append(.bytes(bytes))
                continue
            }
            // The end. What was renamed is done with; what bears the name still may have been renamed just now.
            if isRotated {
                note(file)
                turn.pieces.append(.newFile)
                turn.restarts += 1
                self.file = nil
                isRotated = false
            } else if !hasSuccessor(file) {
                break
            }
        }
        if let file { note(file) }
        turn.hasMore = left <= 0
        turn.bytesBehind = bytesBehind
        return turn
    }

    /// Closes the file.
    mutating func close() { file = nil }

    // MARK: - Where to begin

    /// Finds the remembered place, else the end of the file.
    private mutating func begin(_ turn: inout LogTurn) {
        hasBegun = true
        guard let remembered else {
            // The past was counted by nobody: only what comes from now on.
            if let log = OpenLog(name) {
                log.seek(to: log.size)
                file = log
                note(log)
            }
            return
        }
        resume(at: remembered, &turn)
    }

    /// The file under the name was cut or written anew: what is left of the old one is in a copy, if anywhere.
    private mutating func resumeAfterTruncation(_ turn: inout LogTurn) {
        file = nil
        turn.pieces.append(.newFile)
        turn.restarts += 1
        guard let place else { return }
        resume(at: place, &turn)
    }

    /// Goes on at a place: in the file under the name, in a rotated one and all that came after it, or anew.
    private mutating func resume(at place: LogPlace, _ turn: inout LogTurn) {
        rests = []
        if let log = OpenLog(name), log.matches(place) {
            log.seek(to: place.offset)
            file = log
            return
        }
        let siblings = siblings()
        let found =
            siblings.firstIndex { $0.inode == place.inode && OpenLog($0.path)?.matches(place) == true }
            ?? (place.offset > 0 ? siblings.firstIndex { OpenLog($0.path)?.matches(place) == true } : nil)
        guard let found else {
            if place.offset > 0 {
                turn.notes.append(
                    "the place where reading ended is gone (rotated and compressed, or written anew): going on at the beginning of the file"
                )
            }
            return
        }
        rests.append(Rest(path: siblings[found].path, offset: place.offset))
        // The youngest first, so those before it came later.
        for later in siblings[..<found].reversed() { rests.append(Rest(path: later.path, offset: 0)) }
        turn.notes.append("reading the rest of \(siblings[found].path) first")
    }

    /// The log's rotated files that are not compressed, the youngest first.
    private func siblings() -> [(path: String, inode: UInt64, written: Int64)] {
        let folder = name.lastIndex(of: "/").map { String(name[..<$0]) } ?? "."
        let own = name.split(separator: "/").last.map(String.init) ?? name
        var found: [(path: String, inode: UInt64, written: Int64)] = []
        for entry in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        where entry != own && entry.hasPrefix(own) && !LogFileTail.isCompressed(entry) {
            let path = "\(folder.isEmpty ? "" : folder)/\(entry)"
            let base = LogFileEntry(path: entry, modified: .init(nanoseconds: 0), firstTime: nil).base
            guard base == own, let log = OpenLog(path) else { continue }
            found.append((path, log.inode, log.written))
        }
        found.sort { ($0.written, $1.path) > ($1.written, $0.path) }
        return Array(found.prefix(LogFileTail.siblingsMax))
    }

    /// True for a name that a compressor gave.
    private static func isCompressed(_ name: String) -> Bool {
        [".gz", ".bz2", ".xz", ".zst", ".Z", ".lz4"].contains { name.hasSuffix($0) }
    }

    // MARK: - Files

    /// Opens the next file; false where there is none.
    private mutating func openIfNeeded(_ turn: inout LogTurn) -> Bool {
        if file != nil { return true }
        while !rests.isEmpty {
            let rest = rests.removeFirst()
            guard let log = OpenLog(rest.path) else { continue }
            log.seek(to: rest.offset)
            (file, isRotated) = (log, true)
            return true
        }
        guard let log = OpenLog(name) else {
            turn.trouble = OpenLog.trouble(errno, name)
            return false
        }
        (file, isRotated, turnsAtEnd) = (log, false, 0)
        note(log)
        return true
    }

    /// True where another file has taken the name, and the old one has nothing more to come.
    private mutating func hasSuccessor(_ old: OpenLog) -> Bool {
        guard let new = OpenLog(name), new.inode != old.inode else {
            turnsAtEnd = 0
            return false
        }
        turnsAtEnd += 1
        // The writer has turned to the new file once there is something in it. Read on once more before the old one is left.
        guard new.size > 0 || turnsAtEnd > LogFileTail.patienceTurns else { return false }
        isRotated = true
        return true
    }

    /// Takes the place behind the last whole line of a file.
    private mutating func note(_ log: OpenLog) { place = log.place }

    /// Bytes yet to be read.
    private var bytesBehind: Int64 {
        var bytes = file.map { max(0, $0.size - $0.offset) } ?? 0
        for rest in rests { bytes += OpenLog(rest.path).map { max(0, $0.size - rest.offset) } ?? 0 }
        if isRotated, let current = OpenLog(name) { bytes += current.size }
        return bytes
    }
}
