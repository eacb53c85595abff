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

    /// Replays the journal of a state directory from its oldest snapshot, or from the last one up to a moment, without
    /// changing anything.
    public static func replay(
        stateDirectory: String, outputs: String?, since moment: Timestamp? = nil
    ) throws -> ReplayReport {
        var file: FileHandle?
        return try replay(stateDirectory: stateDirectory, since: moment) { _ in
            guard let outputs else { return }
            guard FileManager.default.createFile(atPath: outputs, contents: nil) else {
                throw StoreError(path: outputs, found: "can't be written", remedy: "Name another file")
            }
            file = FileHandle(forWritingAtPath: outputs)
        } each: { _, _, bytes in
            file?.write(Data(bytes))
        }.report
    }

    /// The same for whoever looks on: `begin` gets the engine of the snapshot, `each` every input, what the engine said to
    /// it, and that in the journal's form. Returns the engine at the end too.
    static func replay(
        stateDirectory: String, since moment: Timestamp? = nil, begin: (Engine) throws -> Void,
        each: (Input, [Output], [UInt8]) -> Void
    ) throws -> (report: ReplayReport, engine: Engine) {
        let path = stateDirectory + "/" + Store.databaseName
        guard FileManager.default.fileExists(atPath: path) else {
            throw StoreError(
                path: path, found: "there is no journal", remedy: "Name the state directory of a Weir that has run")
        }
        var settings = GRDB.Configuration()
        settings.readonly = true
        do {
            let queue = try DatabaseQueue(path: path, configuration: settings)
            return try queue.read { database in
                let start = try Recovery.begin(at: moment, database)
                try begin(start.engine)
                return try replay(database, from: start, each: each)
            }
        } catch let error as DatabaseError {
            throw StoreError(path: path, error)
        }
    }

    /// Replays the journal of an open database.
    private static func replay(
        _ database: GRDB.Database, from start: (engine: Engine, position: UInt64),
        each: (Input, [Output], [UInt8]) -> Void
    ) throws -> (report: ReplayReport, engine: Engine) {
        var (engine, position) = start
        var report = ReplayReport(
            first: position, end: position, inputs: 0, differing: 0, inputsLost: 0, exactUpTo: position,
            messages: 0, damage: nil)
        do {
            try Journal.rows(from: position, in: database) { row in
                let lost = engine.totals.inputsMissing
                report.differing += try Recovery.replay(row, on: &engine, each: each)
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
        return (report, engine)
    }
}
