// weir replay

import ArgumentParser
import Foundation
import MailTypes
import WeirAudit
import WeirServer

/// Replays the journal of a state directory.
struct Replay: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Replay the journal and compare: with what was recorded, or with --policy with what another policy does.",
        discussion: """
            Works beside a running Weir: it only reads. Without --policy each output is compared with what was recorded, byte for \
            byte: exit 0 where every output is the same, 1 where one differs, 2 where the journal can't be read.

            With --policy the same inputs run under the policy of that file as well, from the journal's first snapshot on: which \
            messages are stopped earlier, later, newly, no longer, and whom it would hurt. Exit 0 where no message fares \
            otherwise, 1 where one does, 2 where journal or file can't be read. Docs/whatif.md says what it can't know.
            """)

    @Argument(help: "The state directory.") var state: String
    @Option(help: ArgumentHelp("What if this configuration file had been in force?", valueName: "file"))
    var policy: String?
    @Flag(help: "With --policy: compare as if every rule were enforced, those that observe included, on both sides.")
    var enforceAll = false
    @Option(help: "With --policy: how many subscribers to show; --json has all.") var subscribers = 10
    @Option(help: "Begin with the last snapshot before this moment, as 2026-11-23T18:05:00Z; else with the oldest one.")
    var since: String?
    @Flag(help: "Answer as JSON.") var json = false
    @Option(help: "Also write the outputs as they come out of the replay to this file, in the journal's form.")
    var outputs: String?

    /// Options that do not go together are a slip.
    func validate() throws {
        if policy == nil, enforceAll { throw ValidationError("--enforce-all belongs to --policy.") }
        if policy != nil, outputs != nil { throw ValidationError("--outputs and --policy exclude each other.") }
        if let since, Timestamp(rfc3339: since) == nil {
            throw ValidationError("--since takes a moment such as 2026-11-23T18:05:00Z, found '\(since)'.")
        }
        if subscribers < 0 { throw ValidationError("--subscribers takes a number from 0 on.") }
    }

    /// The moment of `--since`.
    private var moment: Timestamp? { since.flatMap { Timestamp(rfc3339: $0) } }

    /// Replays and says what came of it.
    func run() throws {
        if let policy { return try compare(policy) }
        let report: ReplayReport
        do { report = try ReplayReport.replay(stateDirectory: state, outputs: outputs, since: moment) } catch {
            FileHandle.standardError.write(Data("weir replay: \(error)\n".utf8))
            throw ExitCode(2)
        }
        if json {
            try print(json: report)
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

    /// Replays under two policies and says what differs.
    private func compare(_ path: String) throws {
        let result: WhatIfReplay
        do {
            result = try WhatIfReplay.run(
                stateDirectory: state, policyOf: try WeirServer.Configuration.load(path: path),
                measure: enforceAll ? .everyRuleEnforced : .asWritten, since: moment)
        } catch {
            FileHandle.standardError.write(Data("weir replay: \(error)\n".utf8))
            throw ExitCode(2)
        }
        if json {
            try print(json: result)
        } else {
            print(WhatIfText(result, policy: path, subscribersMax: subscribers).text, terminator: "")
        }
        if !result.whatIf.isEmpty || result.replay.damage != nil { throw ExitCode(1) }
    }

    /// Prints a value as JSON.
    private func print(json value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        Swift.print(String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    /// Prints a line.
    private func print(_ text: String, terminator: String = "\n") { Swift.print(text, terminator: terminator) }
}
