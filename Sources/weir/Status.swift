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
        print(status.text)
    }
}

extension StatusReport {
    /// What a person reads.
    var text: String {
        var lines = [
            "Weir \(version), \(at), policy revision \(policyRevision), mode: \(mode)",
            "breaker \(breaker) (\(newCasesThisHour) of \(newCasesAllowed) new cases this hour), \(openCases) open cases, \(held) held messages on record",
            "messages \(messages) passed (\(recipients) recipients), \(messagesHeld) held, \(messagesDeferred) deferred, \(messagesRejected) rejected; \(messagesWouldStop) more would have been stopped; \(messagesUnattributed) nobody's",
            "subscribers \(subscribers); journal \(journalBacklogBytes) bytes behind, \(journalInputsLost) inputs lost; connections \(connections.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", "))",
        ]
        if let log = mailLog {
            lines.append(
                "mail log \(log.log): \(log.lines) lines, \(log.results) delivery results, \(log.bytesBehind) bytes behind, \(log.restarts) restarts"
            )
            if let trouble = log.trouble { lines.append("MAIL LOG NOT READ: \(trouble)") }
        }
        if let stateDamage { lines.append("DAMAGED: \(stateDamage)") }
        if !stateSetAside.isEmpty { lines.append("set aside: \(stateSetAside.joined(separator: ", "))") }
        var table = TextTable(["RULE", "LIMIT", "MODE", "STOPPED", "WOULD STOP", "SUBSCRIBERS"], numbers: [3, 4, 5])
        for rule in rules {
            table.add([rule.rule, rule.line, rule.mode, "\(rule.stopped)", "\(rule.wouldStop)", "\(rule.subscribers)"])
        }
        return (lines + ["", table.text]).joined(separator: "\n")
    }
}
