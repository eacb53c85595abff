// CUSUM on content alone: what a calibrated classifier and the right test reach without any behaviour.

import MailTypes

/// Page's test on the calibrated score of each message.
///
/// *Source.* Page, Biometrika 41 (1954); methods.md 1.5: S = max(0, S + l), alarm at S ≥ h, with l the classifier's
/// log-likelihood ratio clipped to -2 … +4 nats. h = 15.1 is one false alarm per 1,000 subscriber-years at 3,650 honest messages
/// a year if the scores were independent and true likelihood ratios. S isn't set back by an alarm: honest mail brings it down.
///
/// *Known weaknesses.* Scores of copies are not independent, and honest senders of disliked mail exist (Mei 2007: with a mixed
/// population the mean run length says little). Whatever the classifier doesn't see is not seen.
public struct ContentCUSUM: Baseline {
    /// CUSUM.
    public let name = "CUSUM content"
    /// h, in nats.
    public let threshold: Double
    /// The least that a message adds, in nats.
    public let lowest: Double
    /// The most that a message adds, in nats.
    public let highest: Double
    /// S by subscriber.
    private var sums: [Double]

    /// The threshold of the budget, and the clip of methods.md, unless told otherwise.
    public init(threshold: Double = 15.1, lowest: Double = -2, highest: Double = 4, subscribers: Int) {
        precondition(lowest < 0 && highest > 0)
        self.threshold = threshold
        self.lowest = lowest
        self.highest = highest
        sums = Array(repeating: 0, count: subscribers)
    }

    /// `h`.
    public var parameterName: String { "h" }

    /// S; reached it alarms, hence the number just below.
    public var parameters: BaselineParameters { .threshold(threshold.nextDown, atMost: .infinity) }

    /// The same with another threshold, to alarm above this S.
    public func tuned(to parameter: Double) -> ContentCUSUM {
        ContentCUSUM(threshold: parameter.nextUp, lowest: lowest, highest: highest, subscribers: sums.count)
    }

    /// Adds the score; a message without one adds nothing.
    public mutating func measure(_ message: BaselineMessage, _ report: (Int, Double) -> Void) {
        guard let score = message.spamScore else { return }
        let place = Int(message.subscriber)
        sums[place] = max(0, sums[place] + min(highest, max(lowest, Double(score) / 1000)))
        report(0, sums[place])
    }
}
