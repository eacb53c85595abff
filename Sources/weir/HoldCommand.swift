// weir hold list|release|purge

import ArgumentParser
import WeirServer

/// Which held messages.
struct HeldChoice: ParsableArguments {
    @Option(help: "Only this subscriber's.") var subscriber: String?
    @Option(name: .customLong("case"), help: "Only those held under this case.") var caseCode: String?
    @Argument(help: "Only these queue ids.") var queueIDs: [String] = []

    /// A request for them.
    func request(_ verb: ControlRequest.Verb) -> ControlRequest {
        var request = ControlRequest(verb)
        request.subscriber = subscriber
        request.caseCode = caseCode
        request.queueIDs = queueIDs.isEmpty ? nil : queueIDs
        return request
    }
}

/// The hold queues of the mail hosts.
struct HoldCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hold", abstract: "List, release or delete what Weir had the mail servers hold.",
        subcommands: [List.self, Release.self, Purge.self])

    /// Lists.
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List held messages, and whose they are.")
        @OptionGroup var control: ControlOptions
        @OptionGroup var choice: HeldChoice

        /// Asks and prints.
        func run() throws {
            let held = try control.ask(choice.request(.holdList)).held ?? []
            if control.json { return try control.print(json: held) }
            guard !held.isEmpty else {
                print("Nothing is held.")
                return
            }
            var table = TextTable(
                ["QUEUE ID", "HOST", "SUBSCRIBER", "CASE", "ARRIVED", "BYTES", "RECIPIENTS", "SENDER"], numbers: [5, 6])
            for message in held {
                table.add([
                    message.queueID, message.mailHost, message.subscriber ?? "(not Weir's)", message.caseCode ?? "-",
                    message.arrivedAt,
                    "\(message.bytes)", "\(message.recipients)", message.sender,
                ])
            }
            print(table.text)
        }
    }

    /// Releases.
    struct Release: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let held messages go; they are charged to their subscriber now.")
        @OptionGroup var control: ControlOptions
        @OptionGroup var choice: HeldChoice
        @OptionGroup var reason: WhyOption

        /// Asks and prints.
        func run() throws {
            var request = choice.request(.holdRelease)
            request.why = reason.why
            try control.print(done: try control.ask(request))
        }
    }

    /// Deletes.
    struct Purge: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Delete held messages. This can't be undone.")
        @OptionGroup var control: ControlOptions
        @OptionGroup var choice: HeldChoice
        @OptionGroup var reason: WhyOption

        /// Asks and prints.
        func run() throws {
            var request = choice.request(.holdPurge)
            request.why = reason.why
            try control.print(done: try control.ask(request))
        }
    }
}
