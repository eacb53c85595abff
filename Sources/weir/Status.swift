// weir status

import ArgumentParser
import WeirServer

/// The daemon at a glance.
struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the running Weir: totals, each rule and what it did or would have done.")

    @OptionGroup var control: ControlOptions

    /// Asks and prints.
    func run() throws {
        guard let status = try control.ask(ControlRequest(.status)).status else {
            throw Failure(description: "no status in the answer")
        }
        if control.json { return try control.print(json: status) }
        print("Weir \(status.version), \(status.at), policy revision \(status.policyRevision), mode: \(status.mode)")
        print(
            "breaker \(status.breaker) (\(status.newCasesThisHour) of \(status.newCasesAllowed) new cases this hour), \(status.openCases) open cases, \(status.held) held messages on record"
        )
        print(
            "messages \(status.messages) passed (\(status.recipients) recipients), \(status.messagesHeld) held, \(status.messagesDeferred) deferred, \(status.messagesRejected) rejected; \(status.messagesWouldStop) more would have been stopped; \(status.messagesUnattributed) nobody's"
        )
        print(
            "subscribers \(status.subscribers); journal \(status.journalBacklogBytes) bytes behind, \(status.journalInputsLost) inputs lost; connections \(status.connections.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", "))"
        )
        if let damage = status.stateDamage { print("DAMAGED: \(damage)") }
        if !status.stateSetAside.isEmpty { print("set aside: \(status.stateSetAside.joined(separator: ", "))") }
        print("")
        var table = TextTable(["RULE", "LIMIT", "MODE", "STOPPED", "WOULD STOP", "SUBSCRIBERS"], numbers: [3, 4, 5])
        for rule in status.rules {
            table.add([rule.rule, rule.line, rule.mode, "\(rule.stopped)", "\(rule.wouldStop)", "\(rule.subscribers)"])
        }
        print(table.text)
    }
}
