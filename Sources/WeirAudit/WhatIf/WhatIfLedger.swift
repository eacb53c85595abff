// The settled messages of a comparison, by subscriber and by rule.

import MailTypes

/// One side of a subscriber's tally.
struct SubscriberSideTally: Sendable {
    /// Messages stopped.
    var stopped = 0
    /// The first stop; nil where there was none.
    var firstStop: Timestamp?
    /// Messages that passed before it.
    var passedBefore = 0
    /// The rules that stopped a message, as numbers of the ledger.
    var rules: [Int] = []

    /// Takes in a message of the subscriber.
    mutating func take(_ stop: MessageStop?) {
        guard let stop else {
            if firstStop == nil { passedBefore += 1 }
            return
        }
        stopped += 1
        firstStop = firstStop.map { min($0, stop.at) } ?? stop.at
    }
}

/// A subscriber under both policies.
struct SubscriberTally: Sendable {
    /// Messages that were asked about.
    var messages = 0
    /// On record.
    var recorded = SubscriberSideTally()
    /// Under the tried policy.
    var tried = SubscriberSideTally()
    /// Messages by difference.
    var differences = WhatIfReport.Differences()
    /// The first new stops, at most `WhatIfLedger.evidenceMax`.
    var evidence: [WhatIfReport.Evidence] = []
    /// True where a rule of the tried policy that observes would have stopped a message that passed.
    var isObserved = false
}

/// A rule under both policies.
struct RuleTally: Sendable {
    /// Messages stopped on record.
    var recorded = 0
    /// Their subscribers.
    var recordedSubscribers = 0
    /// Messages stopped under the tried policy.
    var tried = 0
    /// Their subscribers.
    var triedSubscribers = 0
}

/// What came of the messages that are settled.
struct WhatIfLedger: Sendable {
    /// Subscribers remembered by name; messages of more count in the totals alone.
    static let subscribersMax = 1_000_000
    /// Lines of evidence kept of a subscriber.
    static let evidenceMax = 3

    /// The totals.
    private(set) var totals = WhatIfReport.Totals()
    /// The subscribers, by name; sorted before they are shown.
    private(set) var subscribers: [String: SubscriberTally] = [:]
    /// The names of the rules, in the order in which they first stopped something.
    private(set) var ruleNames: [String] = []
    /// The rules, by number.
    private(set) var rules: [RuleTally] = []
    /// Number by name.
    private var ruleNumbers: [String: Int] = [:]

    /// Takes in a message whose dialogue is over.
    mutating func take(_ message: MessageComparison) {
        totals.messages += 1
        if message.recorded.stop != nil { totals.recordedStopped += 1 }
        if message.tried.stop != nil { totals.triedStopped += 1 }
        if message.recorded.subscriber != message.tried.subscriber { totals.otherSubscriber += 1 }
        let isObserved = message.tried.stop == nil && message.tried.wouldStop
        if isObserved { totals.observed += 1 }
        let difference = message.difference
        if let difference { totals.differences.add(difference) }
        let (before, after) = (message.recorded.subscriber, message.tried.subscriber)
        // A message that only the record stopped is the recorded subscriber's, any other the tried one's.
        let owner = message.tried.stop == nil && message.recorded.stop != nil ? before : after
        note(owner) { tally in
            if let difference { tally.differences.add(difference) }
            if isObserved { tally.isObserved = true }
            if difference == .new, let stop = message.tried.stop, tally.evidence.count < WhatIfLedger.evidenceMax {
                tally.evidence.append(WhatIfReport.Evidence(message, stop))
            }
        }
        note(before) { $0.recorded.take(message.recorded.stop) }
        note(after) {
            $0.messages += 1
            $0.tried.take(message.tried.stop)
        }
        if let stop = message.recorded.stop {
            count(stop.rule, of: before, \.recorded, \.recorded, \.recordedSubscribers)
        }
        if let stop = message.tried.stop { count(stop.rule, of: after, \.tried, \.tried, \.triedSubscribers) }
    }

    /// Changes the tally of a subscriber, if it has a name and the table has room.
    private mutating func note(_ name: String, _ body: (inout SubscriberTally) -> Void) {
        guard !name.isEmpty else { return }
        guard subscribers[name] != nil || subscribers.count < WhatIfLedger.subscribersMax else {
            totals.subscribersForgotten += 1
            return
        }
        body(&subscribers[name, default: SubscriberTally()])
    }

    /// Counts a stop for its rule.
    private mutating func count(
        _ rule: String, of name: String, _ side: WritableKeyPath<SubscriberTally, SubscriberSideTally>,
        _ messages: WritableKeyPath<RuleTally, Int>, _ owners: WritableKeyPath<RuleTally, Int>
    ) {
        let number =
            ruleNumbers[rule]
            ?? {
                ruleNumbers[rule] = rules.count
                ruleNames.append(rule)
                rules.append(RuleTally())
                return rules.count - 1
            }()
        rules[number][keyPath: messages] += 1
        guard let known = subscribers[name], !known[keyPath: side].rules.contains(number) else { return }
        subscribers[name]?[keyPath: side].rules.append(number)
        rules[number][keyPath: owners] += 1
    }
}
