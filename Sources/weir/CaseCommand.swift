// weir case list

import ArgumentParser
import WeirServer

/// The open cases.
struct CaseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "case", abstract: "See the open cases.", subcommands: [List.self])

    /// All of them.
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the open cases, the latest stop first.")
        @OptionGroup var control: ControlOptions

        /// Asks and prints.
        func run() throws {
            let cases = (try control.ask(ControlRequest(.caseList)).cases ?? []).sorted { $0.lastAt > $1.lastAt }
            if control.json { return try control.print(json: cases) }
            guard !cases.isEmpty else {
                print("No case is open.")
                return
            }
            print(cases.table)
        }
    }
}

extension [CaseReport] {
    /// What a person reads: a line each.
    var table: String {
        var table = TextTable(
            ["CASE", "SUBSCRIBER", "STATE", "RULE", "OPENED", "LAST STOP", "HELD", "REFUSED"], numbers: [6, 7])
        for open in self {
            table.add([
                open.code, open.subscriber, open.state, open.rule, open.openedAt, open.lastAt, "\(open.held)",
                "\(open.refused)",
            ])
        }
        return table.text
    }
}
