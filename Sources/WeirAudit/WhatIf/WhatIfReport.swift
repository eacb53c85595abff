// What a comparison of two policies found, as a value: text and JSON are views of it.

import MailTypes
import WeirEngine

/// The differences between the decisions on record and those under a tried policy.
public struct WhatIfReport: Codable, Hashable, Sendable {
    /// Messages by how their fate differs.
    public struct Differences: Codable, Hashable, Sendable {
        /// Stopped under the tried policy alone.
        public var new = 0
        /// Stopped on record alone.
        public var gone = 0
        /// Stopped both ways, by another verdict.
        public var changed = 0
        /// By the same verdict, earlier in the dialogue.
        public var earlier = 0
        /// By the same verdict, later in the dialogue.
        public var later = 0

        /// All of them.
        public var sum: Int { new + gone + changed + earlier + later }

        /// Counts one.
        mutating func add(_ difference: MessageDifference) {
            switch difference {
            case .new: new += 1
            case .gone: gone += 1
            case .changed: changed += 1
            case .earlier: earlier += 1
            case .later: later += 1
            }
        }
    }

    /// Counts of messages and subscribers.
    public struct Totals: Codable, Hashable, Sendable {
        /// Messages that were asked about at DATA or later.
        public var messages = 0
        /// Stopped on record.
        public var recordedStopped = 0
        /// Stopped under the tried policy.
        public var triedStopped = 0
        /// By difference.
        public var differences = Differences()
        /// Messages that are another subscriber's under the tried policy, or nobody's.
        public var otherSubscriber = 0
        /// Messages that pass, and that a rule of the tried policy which observes would stop.
        public var observed = 0
        /// Subscribers of these.
        public var observedSubscribers = 0
        /// Subscribers that sent.
        public var subscribers = 0
        /// Subscribers stopped on record.
        public var recordedSubscribers = 0
        /// Subscribers stopped under the tried policy.
        public var triedSubscribers = 0
        /// Messages that are not told by subscriber, because there were more than a million of these.
        public var subscribersForgotten = 0
    }

    /// A rule under one of the policies.
    public struct RuleSide: Codable, Hashable, Sendable {
        /// The line as written.
        public var line: String
        /// `enforce` or `observe`.
        public var mode: String
        /// Messages stopped.
        public var stopped: Int
        /// Their subscribers.
        public var subscribers: Int
    }

    /// A rule under both policies.
    public struct Rule: Codable, Hashable, Sendable {
        /// `plan/limit`.
        public var rule: String
        /// On record, as the journal left it; nil where the policy has no such rule.
        public var recorded: RuleSide?
        /// Under the tried policy; nil where that has no such rule.
        public var tried: RuleSide?
    }

    /// A subscriber under one of the policies.
    public struct SubscriberSide: Codable, Hashable, Sendable {
        /// Messages stopped.
        public var stopped: Int
        /// When the first was stopped, in RFC 3339; nil where none was.
        public var firstStop: String?
        /// Messages that passed before the first stop.
        public var passedBefore: Int
    }

    /// A message that the tried policy alone stops.
    public struct Evidence: Codable, Hashable, Sendable {
        /// When, in RFC 3339.
        public var at: String
        /// The queue id; empty where it had none.
        public var queueID: String
        /// The question in which it was stopped.
        public var question: String
        /// `hold`, `defer`, `reject`.
        public var verdict: String
        /// `plan/limit`.
        public var rule: String
        /// One sentence of why.
        public var why: String

        /// A message's stop in words.
        init(_ message: MessageComparison, _ stop: MessageStop) {
            at = stop.at.description
            queueID = message.queueID
            question = MessageComparison.questionName(stop.question)
            verdict = stop.kind.description
            rule = stop.rule
            why = stop.why
        }
    }

    /// A subscriber whose mail fares otherwise.
    public struct Subscriber: Codable, Hashable, Sendable {
        /// The name.
        public var subscriber: String
        /// Messages that were asked about.
        public var messages: Int
        /// On record.
        public var recorded: SubscriberSide
        /// Under the tried policy.
        public var tried: SubscriberSide
        /// Messages by difference.
        public var differences: Differences
        /// The first messages that the tried policy alone stops, at most three.
        public var evidence: [Evidence]

        /// True where it was never stopped on record and would be: whom the policy hurts, or finds.
        public var isNewlyStopped: Bool { recorded.stopped == 0 && tried.stopped > 0 }
        /// True where it was stopped on record and would not be.
        public var isNoLongerStopped: Bool { recorded.stopped > 0 && tried.stopped == 0 }
    }

    /// Subscribers listed; beyond it those with the fewest differences are left out.
    public static let subscribersMax = 10_000

    /// What counts as stopped.
    public var measure: WhatIfMeasure
    /// The first question, in RFC 3339; nil where there is none.
    public var from: String?
    /// The last one.
    public var until: String?
    /// Policies on record that the tried one replaces.
    public var policiesReplaced: UInt64
    /// Inputs that the journal lost: both sides lack them.
    public var inputsLost: UInt64
    /// The totals.
    public var totals: Totals
    /// The rules of both policies: the tried one's in its order, then those that it no longer has.
    public var rules: [Rule]
    /// Subscribers whose mail fares otherwise: those newly stopped first, the most stopped first.
    public var subscribers: [Subscriber]
    /// What the comparison can't know, a sentence each.
    public var limits: [String]

    /// True where no message fares otherwise.
    public var isEmpty: Bool { totals.differences.sum == 0 && totals.otherSubscriber == 0 }

    /// The subscribers that were never stopped on record and would be.
    public var newlyStopped: [Subscriber] { subscribers.filter(\.isNewlyStopped) }
}

extension WhatIfReport {
    /// A report of what a ledger holds.
    init(
        _ ledger: WhatIfLedger, _ course: WhatIfCourse, _ measure: WhatIfMeasure, recorded: Engine, tried: Engine
    ) {
        self.measure = measure
        from = course.span?.lowerBound.description
        until = course.span?.upperBound.description
        policiesReplaced = course.policies
        inputsLost = course.inputsMissing
        totals = ledger.totals
        totals.subscribers = ledger.subscribers.values.count { $0.messages > 0 }
        totals.recordedSubscribers = ledger.subscribers.values.count { $0.recorded.stopped > 0 }
        totals.triedSubscribers = ledger.subscribers.values.count { $0.tried.stopped > 0 }
        totals.observedSubscribers = ledger.subscribers.values.count { $0.isObserved }
        rules = WhatIfReport.rules(ledger, recorded.view.rules, tried.view.rules)
        subscribers = ledger.subscribers.compactMap { name, tally in
            tally.differences.sum == 0 ? nil : Subscriber(name, tally)
        }.sorted(by: WhatIfReport.comesFirst)
        if subscribers.count > WhatIfReport.subscribersMax {
            subscribers.removeLast(subscribers.count - WhatIfReport.subscribersMax)
        }
        limits = WhatIfReport.limits(course, measure, tried)
    }

    /// Newly stopped before others, then by how many messages fare otherwise, then by name.
    private static func comesFirst(_ a: Subscriber, _ b: Subscriber) -> Bool {
        if a.isNewlyStopped != b.isNewlyStopped { return a.isNewlyStopped }
        if a.differences.sum != b.differences.sum { return a.differences.sum > b.differences.sum }
        return a.subscriber < b.subscriber
    }

    /// The rules of both policies.
    private static func rules(_ ledger: WhatIfLedger, _ recorded: [RuleView], _ tried: [RuleView]) -> [Rule] {
        var rows: [Rule] = []
        let counted = Dictionary(zip(ledger.ruleNames, ledger.rules)) { first, _ in first }
        func side(_ view: RuleView?, _ stopped: Int, _ subscribers: Int) -> RuleSide? {
            guard let view else {
                // A rule of a policy that the journal has replaced since.
                return stopped == 0
                    ? nil : RuleSide(line: "", mode: "replaced", stopped: stopped, subscribers: subscribers)
            }
            return RuleSide(
                line: view.line, mode: view.isEnforced ? "enforce" : "observe", stopped: stopped,
                subscribers: subscribers)
        }
        var names: [String] = []
        var seen: Set<String> = []
        for name in tried.map(\.rule) + recorded.map(\.rule) + ledger.ruleNames where seen.insert(name).inserted {
            names.append(name)
        }
        for name in names {
            let tally = counted[name] ?? RuleTally()
            rows.append(
                Rule(
                    rule: name,
                    recorded: side(recorded.first { $0.rule == name }, tally.recorded, tally.recordedSubscribers),
                    tried: side(tried.first { $0.rule == name }, tally.tried, tally.triedSubscribers)))
        }
        return rows
    }

    /// What the comparison can't know: the two limits of every replay, and those of this one.
    private static func limits(_ course: WhatIfCourse, _ measure: WhatIfMeasure, _ tried: Engine) -> [String] {
        var limits = [
            "What was not asked is unavailable: a message refused on record shows no more than it had shown by then, and header fields, recipients and sizes are known as far as the doors of that time asked for them.",
            "Senders' reactions are not modelled: nobody tries again after another 4xx, gives up after another 5xx, or complains; nobody releases what the tried policy alone holds. What was rejected on record and would pass is charged as if it had been sent; what was deferred is charged at its retry.",
        ]
        if course.hasOtherFields {
            limits.append(
                "The tried policy names subscribers by a header field that the doors did not ask for: mail that needs it is nobody's here."
            )
        }
        let dimensions = tried.policy.plans.flatMap { $0.limits.map(\.dimension) }
        let unavailable = tried.totals.distinctUnavailable - course.distinctUnavailableBefore
        if unavailable > 0 {
            limits.append(
                "Of \(unavailable) messages the recipients are not known one by one: limits on distinct or new recipients and domains could not be checked for them."
            )
        }
        if course.deliveries == 0, dimensions.contains(.deadRecipients) {
            limits.append(
                "The journal has no delivery results: limits on dead recipients see those alone that were refused at the door."
            )
        }
        if course.observedByPerson > 0, measure == .asWritten {
            limits.append(
                "During \(course.observedByPerson) questions a person had put every rule to observe, which holds for the tried policy too."
            )
        }
        if course.inputsMissing > 0 {
            limits.append("\(course.inputsMissing) inputs are missing from the journal: both sides lack them.")
        }
        return limits
    }
}

extension WhatIfReport.Subscriber {
    /// A subscriber from its tally.
    init(_ name: String, _ tally: SubscriberTally) {
        self.init(
            subscriber: name, messages: tally.messages, recorded: WhatIfReport.SubscriberSide(tally.recorded),
            tried: WhatIfReport.SubscriberSide(tally.tried), differences: tally.differences, evidence: tally.evidence)
    }
}

extension WhatIfReport.SubscriberSide {
    /// A side from its tally.
    init(_ tally: SubscriberSideTally) {
        self.init(
            stopped: tally.stopped, firstStop: tally.firstStop?.description, passedBefore: tally.passedBefore)
    }
}
