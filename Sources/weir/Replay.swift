// weir replay

import ArgumentParser
import Foundation
import WeirServer

/// Replays the journal of a state directory.
struct Replay: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Replay the journal on a fresh engine and compare each output with what was recorded, byte for byte.",
        discussion:
            "Works beside a running Weir: it only reads. Exit 0 where every output is the same, 1 where one differs, 2 where the journal can't be read."
    )

    @Argument(help: "The state directory.") var state: String
    @Flag(help: "Answer as JSON.") var json = false
    @Option(help: "Also write the outputs as they come out of the replay to this file, in the journal's form.")
    var outputs: String?

    /// Replays and says what came of it.
    func run() throws {
        let report: ReplayReport
        do { report = try ReplayReport.replay(stateDirectory: state, outputs: outputs) } catch {
            FileHandle.standardError.write(Data("weir replay: \(error)\n".utf8))
            throw ExitCode(2)
        }
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
            encoder.keyEncodingStrategy = .convertToSnakeCase
            print(String(decoding: try encoder.encode(report), as: UTF8.self))
        } else {
            print(
                "\(report.inputs) inputs from position \(report.first) to \(report.end), \(report.messages) messages passed"
            )
            if report.inputsLost > 0 {
                print(
                    "\(report.inputsLost) inputs are missing from the journal: exact up to position \(report.exactUpTo)"
                )
            }
            print(
                report.differing == 0
                    ? "every output is the same, byte for byte" : "\(report.differing) inputs gave other outputs")
            if let damage = report.damage { print("damage: \(damage)") }
        }
        if report.differing > 0 || report.damage != nil { throw ExitCode(1) }
    }
}
