// What if another policy had been in force: the inputs of a journal through a second engine, decision beside decision.
//
// The second engine begins with the state that the recorded one had, takes the tried policy, and leaves out the policies on
// record. A comparison can't ask what was not asked; it makes the best of four things that would have gone otherwise:
//
// - What the record rejected (5xx), and the tried policy lets pass, is taken to its end at once, or it would never be
//   charged and a larger limit would look endless. What the record deferred (4xx) is charged when the sender's retry comes.
// - Delivery results of a message that the tried policy alone stopped did not happen.
// - What the tried policy alone holds, nobody releases.
// - A person's acts stay as they are.

import MailTypes
import WeirEngine

/// A comparison under way. Give it each input of the journal with what the recorded engine said to it.
public struct WhatIf: Sendable {
    /// Messages compared at a time; beyond it the oldest is settled as it stands.
    static let messagesMax = 262_144
    /// How long a message's next question is awaited: twice what the engine remembers a queue id.
    static let messageNanoseconds: Int64 = 7_200_000_000_000

    /// A message as the mail log names it.
    private struct QueueName: Hashable {
        /// The mail host.
        var mailHost: String
        /// The queue id.
        var queueID: String
    }

    /// The engine under the tried policy.
    private var tried: Engine
    /// What counts as stopped.
    private let measure: WhatIfMeasure
    /// The messages that are being compared, by their number on record.
    private var open: [UInt64: MessageComparison] = [:]
    /// The lowest number that may be open, and the one after the highest; both 0 before the first.
    private var numbers: (next: UInt64, end: UInt64) = (0, 0)
    /// Messages that the tried policy alone stopped at the door; looked up, never walked.
    private var stoppedHere: Set<QueueName> = []
    /// What came of those that are settled.
    private var ledger = WhatIfLedger()
    /// What the journal held besides.
    private var course = WhatIfCourse()

    /// A comparison that begins with the state of a recorded engine. The policy is put into force at once, unless it is the
    /// one in force.
    public init(from recorded: Engine, policy: Policy, measure: WhatIfMeasure = .asWritten) {
        tried = recorded
        self.measure = measure
        var same = policy
        same.revision = recorded.policy.revision
        if recorded.policy != same { _ = tried.step(Input(at: recorded.now, .policy(policy))) }
        course.distinctUnavailableBefore = tried.totals.distinctUnavailable
        course.hasOtherFields = policy.wantedFields.contains { !recorded.policy.wantedFields.contains($0) }
    }

    /// Takes in one input, and what the recorded engine said to it.
    public mutating func take(_ input: Input, recorded outputs: [Output]) {
        switch input.event {
        case .transaction(let transaction):
            course.span = (course.span?.lowerBound ?? input.at)...max(course.span?.lowerBound ?? input.at, input.at)
            if case .decision(let decision)? = outputs.first { take(transaction, decision, at: input.at) }
        case .policy:
            course.policies += 1
        case .delivery(let delivery):
            course.deliveries += 1
            let name = QueueName(mailHost: delivery.mailHost, queueID: delivery.queueID)
            if !stoppedHere.contains(name) { _ = tried.step(input) }
        case .complaint(let mailHost, let queueID):
            if !stoppedHere.contains(QueueName(mailHost: mailHost, queueID: queueID)) { _ = tried.step(input) }
        case .gap(let count):
            course.inputsMissing += count
            _ = tried.step(input)
        case .tick:
            _ = tried.step(input)
            settle(before: input.at.advanced(byNanoseconds: -WhatIf.messageNanoseconds))
        case .clockShifted(let nanoseconds):
            _ = tried.step(input)
            // What is open moves with the clock, or a jump would settle it all.
            for number in numbers.next..<numbers.end {
                guard let at = open[number]?.at else { continue }
                open[number]?.at = at.advanced(byNanoseconds: nanoseconds)
            }
        case .withdrawn, .act:
            _ = tried.step(input)
        }
    }

    /// Takes in a question.
    private mutating func take(_ transaction: Transaction, _ recorded: Decision, at time: Timestamp) {
        var others: [Output] = []
        let other = tried.step(transaction, at: time, &others)
        guard transaction.stage >= .data, recorded.message != 0 else { return }
        let number = recorded.message
        begin(number)
        var message = open[number] ?? MessageComparison(at: time, mailHost: transaction.session.mailHost)
        if !transaction.queueID.isEmpty { message.queueID = transaction.queueID }
        let question = MessageComparison.question(transaction)
        message.recorded.take(recorded, question: question, by: measure, at: time)
        message.tried.take(other, question: question, by: measure, at: time)
        if recorded.verdict.kind >= .reject, other.verdict.kind <= .prepend, !message.isTakenToItsEnd {
            message.isTakenToItsEnd = true
            let end = takeToItsEnd(transaction, at: time)
            message.tried.take(end, question: 3, by: measure, at: time)
        }
        if tried.observesEverything, !tried.policy.observesEverything { course.observedByPerson += 1 }
        if message.tried.isStoppedAtDoor, !message.recorded.isStoppedAtDoor, !message.queueID.isEmpty {
            stoppedHere.insert(QueueName(mailHost: message.mailHost, queueID: message.queueID))
        }
        open[number] = message
    }

    /// Ends a message as the milter door would, whose answer is the last in every installation.
    private mutating func takeToItsEnd(_ transaction: Transaction, at time: Timestamp) -> Decision {
        var end = transaction
        end.stage = .endOfMessage
        end.session.door = .milter
        var others: [Output] = []
        return tried.step(end, at: time, &others)
    }

    // MARK: - Settling

    /// Makes a number one of those that are compared.
    private mutating func begin(_ number: UInt64) {
        if numbers.end == 0 { numbers = (number, number) }
        // A message that was open when the snapshot was taken.
        if number < numbers.next, numbers.next - number < UInt64(WhatIf.messagesMax) { numbers.next = number }
        numbers.end = max(numbers.end, number + 1)
        while open.count >= WhatIf.messagesMax, open[number] == nil, numbers.next < numbers.end { settleNext() }
    }

    /// Settles the messages that were first asked about before a moment.
    private mutating func settle(before moment: Timestamp) {
        while numbers.next < numbers.end {
            if let message = open[numbers.next], message.at >= moment { return }
            settleNext()
        }
    }

    /// Settles the message of the lowest number.
    private mutating func settleNext() {
        if let message = open.removeValue(forKey: numbers.next) {
            stoppedHere.remove(QueueName(mailHost: message.mailHost, queueID: message.queueID))
            ledger.take(message)
        }
        numbers.next += 1
    }

    /// What was found. `recorded` is the engine on record as the journal left it.
    public consuming func finish(recorded: Engine) -> WhatIfReport {
        while numbers.next < numbers.end { settleNext() }
        for number in open.keys.sorted() { open[number].map { ledger.take($0) } }
        return WhatIfReport(ledger, course, measure, recorded: recorded, tried: tried)
    }
}

/// What a journal held besides messages.
struct WhatIfCourse: Sendable {
    /// The first and the last question.
    var span: ClosedRange<Timestamp>?
    /// Policies on record, which the tried one replaces.
    var policies: UInt64 = 0
    /// Delivery results.
    var deliveries: UInt64 = 0
    /// Inputs that the journal lost.
    var inputsMissing: UInt64 = 0
    /// Questions while a person had put everything to observe.
    var observedByPerson: UInt64 = 0
    /// Messages whose recipients were not known one by one before the journal begins.
    var distinctUnavailableBefore: UInt64 = 0
    /// True where the tried policy reads header fields that the recorded one did not ask the doors for.
    var hasOtherFields = false
}
