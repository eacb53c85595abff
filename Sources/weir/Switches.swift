// weir observe, weir breaker, weir reload: the switches.

import ArgumentParser
import WeirServer

/// The one switch.
struct Observe: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Put every rule to observe at once (on), or back to what the policy says (off).")
    @OptionGroup var control: ControlOptions
    @OptionGroup var reason: WhyOption
    @Argument(help: "on or off.") var state: OnOff

    /// Asks and prints.
    func run() throws {
        var request = ControlRequest(.observe)
        request.isOn = state == .on
        request.why = reason.why
        try control.print(done: try control.ask(request))
    }
}

/// On or off.
enum OnOff: String, ExpressibleByArgument, CaseIterable {
    case on, off
}

/// Weir's own breaker.
struct BreakerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "breaker", abstract: "Weir's breaker on itself.", subcommands: [Rearm.self])

    /// Lets Weir open cases again.
    struct Rearm: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "You looked, and it is right: let Weir open new cases again within this hour.")
        @OptionGroup var control: ControlOptions
        @OptionGroup var reason: WhyOption

        /// Asks and prints.
        func run() throws {
            var request = ControlRequest(.breakerRearm)
            request.why = reason.why
            try control.print(done: try control.ask(request))
        }
    }
}

/// The configuration again.
struct Reload: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Have the running Weir read its configuration again; the same as SIGHUP, but with the faults shown here.")
    @OptionGroup var control: ControlOptions

    /// Asks and prints.
    func run() throws { try control.print(done: try control.ask(ControlRequest(.reload))) }
}
