// weir case list|show|release|confirm

import ArgumentParser
import WeirServer

/// The open cases, and what a person says about them.
struct CaseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "case", abstract: "See the open cases; say whose mail it was.",
        subcommands: [List.self, Show.self, Release.self, Confirm.self])

    /// All of them.
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the open cases, the worst first.",
            discussion: "What Weir acts on comes first, then what it only observes, then what limits alone stopped.")
        @OptionGroup var control: ControlOptions

        /// Asks and prints.
        func run() throws {
            let cases = try control.ask(ControlRequest(.caseList)).cases ?? []
            if control.json { return try control.print(json: cases) }
            guard !cases.isEmpty else {
                print("No case is open.")
                return
            }
            print(cases.table)
        }
    }

    /// One of them.
    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show one case: why, line by line, what is held, what to do and how to undo it.")
        @OptionGroup var control: ControlOptions
        @Argument(help: "The case's code, or its subscriber.") var name: String

        /// Asks and prints.
        func run() throws {
            var request = ControlRequest(.caseShow)
            request.subscriber = name
            let response = try control.ask(request)
            guard let open = response.cases?.first else { throw Failure(description: "no case in the answer") }
            if control.json { return try control.print(json: CaseAnswer(case: open, heldMessages: response.held)) }
            print(open.text(held: response.held ?? [], note: response.note))
        }
    }

    /// The account's mail is its own.
    struct Release: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The account is in order: end its case, let its mail pass, trust it for a while.")
        @OptionGroup var control: ControlOptions
        @OptionGroup var reason: WhyOption
        @Argument(help: "The case's code, or its subscriber.") var name: String

        /// Asks and prints.
        func run() throws {
            var request = ControlRequest(.caseRelease)
            request.subscriber = name
            request.why = reason.why
            try control.print(done: try control.ask(request))
        }
    }

    /// The account is misused.
    struct Confirm: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The account is misused: hold all its mail until it is released.")
        @OptionGroup var control: ControlOptions
        @OptionGroup var reason: WhyOption
        @Argument(help: "The case's code, or its subscriber.") var name: String

        /// Asks and prints.
        func run() throws {
            var request = ControlRequest(.caseConfirm)
            request.subscriber = name
            request.why = reason.why
            try control.print(done: try control.ask(request))
        }
    }
}

/// The answer to `weir case show --json`.
private struct CaseAnswer: Encodable {
    /// The case.
    var `case`: CaseReport
    /// What is held under it; nil where the hold queue could not be read.
    var heldMessages: [HeldReport]?
}
