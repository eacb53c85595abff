// A journal replayed and compared with itself: the proof that nothing but the inputs decides.

import Foundation
import GRDB
import MailTypes
import WeirEngine

/// What came of a replay.
public struct ReplayReport: Codable, Sendable {
    /// The position from which it was replayed: the oldest snapshot's.
    public var first: UInt64
    /// The position after the last input.
    public var end: UInt64
    /// How many inputs.
    public var inputs: UInt64
    /// How many gave other outputs than recorded.
    public var differing: UInt64
    /// Inputs that the journal lost while the disk was behind.
    public var inputsLost: UInt64
    /// The position up to which the replay is exact.
    public var exactUpTo: UInt64
    /// Messages that passed, since the engine began.
    public var messages: UInt64
    /// Why it ended before the journal's end; nil where it did not.
    public var damage: String?

    /// Replays the journal of a state directory from its oldest snapshot, without changing anything.
    public static func replay(stateDirectory: String, outputs: String?) throws -> ReplayReport {
        let path = stateDirectory + "/" + Store.databaseName
        guard FileManager.default.fileExists(atPath: path) else {
            throw StoreError(
                path: path, found: "there is no journal", remedy: "Name the state directory of a Weir that has run")
        }
        var settings = GRDB.Configuration()
        settings.readonly = true
        do {
            let queue = try DatabaseQueue(path: path, configuration: settings)
            return try queue.read { try replay($0, outputs: outputs) }
        } catch let error as DatabaseError {
            throw StoreError(path: path, error)
        }
    }

    /// Replays the journal of an open database.
    private static func replay(_ database: GRDB.Database, outputs: String?) throws -> ReplayReport {
        var (engine, position) = try Recovery.oldest(database)
        var report = ReplayReport(
            first: position, end: position, inputs: 0, differing: 0, inputsLost: 0, exactUpTo: position,
            messages: 0, damage: nil)
        var file: FileHandle?
        if let outputs {
            guard FileManager.default.createFile(atPath: outputs, contents: nil) else {
                throw StoreError(path: outputs, found: "can't be written", remedy: "Name another file")
            }
            file = FileHandle(forWritingAtPath: outputs)
        }
        do {
            try Journal.rows(from: position, in: database) { row in
                let lost = engine.totals.inputsMissing
                report.differing += try Recovery.replay(row, on: &engine) { file?.write(Data($0)) }
                position = row.first + row.count
                report.inputs += row.count
                report.inputsLost += engine.totals.inputsMissing - lost
                if report.inputsLost == 0 { report.exactUpTo = position }
            }
        } catch let error as JournalDamage {
            report.damage = "\(error)"
        } catch let error as CodecError {
            report.damage = "at position \(position): \(error)"
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CORRUPT {
            report.damage = "at position \(position): \(error)"
        }
        report.end = position
        report.messages = engine.totals.messages
        return report
    }
}
