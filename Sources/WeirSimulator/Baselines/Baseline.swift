// What every method compared with Weir sees, and what it must answer.

import MailTypes

/// One message, as much of it as any of the compared methods asks for.
public struct BaselineMessage: Sendable, Equatable {
    /// The message's number in its run.
    public var number: Int64
    /// The subscriber's index, from 0.
    public var subscriber: Int32
    /// When it was sent.
    public var at: Timestamp
    /// How many recipients it has, at least 1.
    public var recipients: Int32
    /// What a content filter says that answers yes or no; nil where there was no answer.
    public var isSpamFlagged: Bool?
    /// What a calibrated classifier says, thousandths of a nat for spam against honest mail; nil where there was no answer.
    public var spamScore: Int32?
    /// A hash of the reverse-path.
    public var reversePath: UInt64
    /// A hash of the HELO name.
    public var helo: UInt64

    /// A message.
    public init(
        number: Int64, subscriber: Int32, at: Timestamp, recipients: Int32 = 1, isSpamFlagged: Bool? = nil,
        spamScore: Int32? = nil, reversePath: UInt64 = 0, helo: UInt64 = 0
    ) {
        self.number = number
        self.subscriber = subscriber
        self.at = at
        self.recipients = recipients
        self.isSpamFlagged = isSpamFlagged
        self.spamScore = spamScore
        self.reversePath = reversePath
        self.helo = helo
    }
}

/// What became of a message for one recipient, when it became known.
public struct BaselineResult: Sendable, Equatable {
    /// The message's number.
    public var message: Int64
    /// The subscriber's index.
    public var subscriber: Int32
    /// True where it will never arrive.
    public var isPermanentFailure: Bool
    /// When the result came.
    public var at: Timestamp

    /// A result.
    public init(message: Int64, subscriber: Int32, isPermanentFailure: Bool, at: Timestamp) {
        self.message = message
        self.subscriber = subscriber
        self.isPermanentFailure = isPermanentFailure
        self.at = at
    }
}

/// What of a method is free to be tuned.
public enum BaselineParameters: Sendable, Equatable {
    /// One statistic that doesn't depend on the threshold, so that one pass answers every threshold. It alarms above this one;
    /// no threshold beyond `atMost` has a meaning.
    case threshold(Double, atMost: Double)
    /// Several settings side by side in one pass, from those that alarm soonest to those that alarm least, each with the number
    /// by which it is known. An arm's statistic is 1 when it alarms.
    case arms([Double])

    /// How many statistics there are.
    public var count: Int {
        switch self {
        case .threshold: 1
        case .arms(let arms): arms.count
        }
    }

    /// Above what a statistic alarms.
    public var alarmsAbove: Double {
        switch self {
        case .threshold(let threshold, _): threshold
        case .arms: 0.5
        }
    }
}

/// A published or common method, run on the same events as Weir.
///
/// Time never runs backwards between two events of one subscriber. A method keeps its state in arrays by the subscriber's
/// index, made for a stated number of subscribers. It goes on after an alarm as its source says; the first alarm is what counts.
public protocol Baseline: Sendable {
    /// The name in the tables.
    var name: String { get }
    /// What its parameter is called in the tables.
    var parameterName: String { get }
    /// What of it can be tuned, and what is set.
    var parameters: BaselineParameters { get }
    /// The same method with nothing seen yet and another parameter: a threshold, or one of the arms' numbers.
    func tuned(to parameter: Double) -> Self
    /// Takes in a message and reports each statistic (by its arm, 0 where there is one) that it may have raised.
    mutating func measure(_ message: BaselineMessage, _ report: (Int, Double) -> Void)
    /// Takes in a result and reports each statistic that it may have raised.
    mutating func measure(_ result: BaselineResult, _ report: (Int, Double) -> Void)
}

extension Baseline {
    /// Most methods learn nothing from results.
    public mutating func measure(_ result: BaselineResult, _ report: (Int, Double) -> Void) {}

    /// Takes in a message; true where the method alarms now.
    public mutating func note(_ message: BaselineMessage) -> Bool {
        let bound = parameters.alarmsAbove
        var isAlarm = false
        measure(message) { if $1 > bound { isAlarm = true } }
        return isAlarm
    }

    /// Takes in a result; true where the method alarms now.
    public mutating func note(_ result: BaselineResult) -> Bool {
        let bound = parameters.alarmsAbove
        var isAlarm = false
        measure(result) { if $1 > bound { isAlarm = true } }
        return isAlarm
    }
}
