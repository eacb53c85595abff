// One message under two policies.

import MailTypes
import WeirEngine

/// What counts as stopped when two policies are compared.
public enum WhatIfMeasure: String, Sendable, Codable, CaseIterable {
    /// What the doors say: a rule that observes stops nothing.
    case asWritten = "as-written"
    /// What they would say with every rule enforced.
    case everyRuleEnforced = "every-rule-enforced"

    /// How a decision stops a message by this measure; nil where it lets it pass.
    func stop(_ decision: Decision) -> Verdict.Kind? {
        var kind = decision.verdict.kind
        if self == .everyRuleEnforced, let would = decision.would { kind = max(kind, would) }
        return kind > .prepend ? kind : nil
    }
}

/// A stop of a message, at the first question in which it came.
struct MessageStop: Sendable {
    /// When.
    var at: Timestamp
    /// Which of the message's questions, counted in the order of the dialogue.
    var question: Int
    /// What was said: the strongest of all that was said to the message.
    var kind: Verdict.Kind
    /// `plan/limit`.
    var rule: String
    /// One sentence of why.
    var why: String
}

/// One side of a comparison: what a policy made of a message.
struct MessageOutcome: Sendable {
    /// Whose it is; empty where nobody could be named.
    var subscriber = ""
    /// The stop by the measure; nil where it passed.
    var stop: MessageStop?
    /// True where the doors stopped it, whatever is measured.
    var isStoppedAtDoor = false
    /// True where a rule that observes would have stopped it.
    var wouldStop = false

    /// Takes in a decision on the message.
    mutating func take(_ decision: Decision, question: Int, by measure: WhatIfMeasure, at time: Timestamp) {
        // Local mail is named by its header alone, which comes last.
        if case .subscriber(let name, _) = decision.identity { subscriber = name }
        if decision.verdict.kind > .prepend { isStoppedAtDoor = true }
        if decision.would != nil { wouldStop = true }
        guard let kind = measure.stop(decision) else { return }
        if let known = stop {
            stop?.kind = max(known.kind, kind)
            return
        }
        let rule = decision.rule ?? ""
        let finding = decision.evidence.first { $0.why.hasText(rule) } ?? decision.evidence.first
        stop = MessageStop(at: time, question: question, kind: kind, rule: rule, why: finding?.why ?? "")
    }
}

/// How a message's fate differs.
enum MessageDifference: Sendable {
    /// Stopped under the tried policy alone.
    case new
    /// Stopped under the recorded one alone.
    case gone
    /// Stopped under both, but by another verdict.
    case changed
    /// The same verdict, at an earlier question of the dialogue.
    case earlier
    /// The same verdict, at a later question.
    case later
}

/// A message that is being compared.
struct MessageComparison: Sendable {
    /// When it was first asked about.
    var at: Timestamp
    /// The mail server's queue id, once it has one.
    var queueID = ""
    /// The mail host.
    var mailHost: String
    /// Under the recorded policy.
    var recorded = MessageOutcome()
    /// Under the tried one.
    var tried = MessageOutcome()
    /// True where it was taken to its end although the recorded policy refused it before.
    var isTakenToItsEnd = false

    /// The difference; nil where there is none.
    var difference: MessageDifference? {
        switch (recorded.stop, tried.stop) {
        case (nil, nil): return nil
        case (nil, _?): return .new
        case (_?, nil): return .gone
        case (let before?, let after?):
            if before.kind != after.kind { return .changed }
            if before.question == after.question { return nil }
            return after.question < before.question ? .earlier : .later
        }
    }

    /// The place of a question in the dialogue: at each stage Postfix asks the policy door before the milter.
    static func question(_ transaction: Transaction) -> Int {
        (transaction.stage == .endOfMessage ? 2 : 0) + (transaction.session.door == .milter ? 1 : 0)
    }

    /// A question's name.
    static func questionName(_ question: Int) -> String {
        ["DATA", "DATA (milter)", "end of message", "end of message (milter)"][question]
    }
}

extension String {
    /// True where another text stands in this one. Both are short.
    fileprivate func hasText(_ other: String) -> Bool {
        let (text, part) = (Array(utf8), Array(other.utf8))
        guard !part.isEmpty, text.count >= part.count else { return false }
        return (0...text.count - part.count).contains { text[$0..<$0 + part.count].elementsEqual(part) }
    }
}
