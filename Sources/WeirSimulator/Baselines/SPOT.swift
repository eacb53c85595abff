// SPOT: Wald's sequential test on the flags of a content filter, started again after each end.

import MailTypes

/// The main method of comparison.
///
/// *Source.* Duan, Chen, Sanchez, Dong, Stephenson, Barker, "Detecting spam zombies by monitoring outgoing messages", TDSC 9(2)
/// 2012: algorithm as read in the source, defaults α = β = 0.01, θ₀ = 0.2, θ₁ = 0.9 from memory of it. An alarm starts the
/// test again, acceptance too. Several settings can run side by side, as a bound changes what is forgotten and when.
///
/// *Known weaknesses.* α is the risk per test, and a test ends every three to five messages: a sender flagged at the rate θ₀
/// alarms 2.9 times a year at ten messages a day. The copies of one newsletter count as independent observations, against
/// which no α helps. Where the filter sees half of the spam, three tests of four accept.
public struct SPOT: Baseline {
    /// The values of α for tuning: from the paper's down to where only runs of tens of flagged messages alarm.
    public static let alphas: [Double] = [
        1e-2, 3e-3, 1e-3, 1e-4, 1e-5, 1e-6, 1e-8, 1e-10, 1e-12, 1e-15, 1e-18, 1e-24, 1e-30, 1e-40, 1e-60,
    ]

    /// SPOT, with its setting where it isn't the paper's.
    public let name: String
    /// The settings side by side.
    public let arms: [SequentialTest]
    /// The log-likelihood ratio of each subscriber's running test, arm by arm.
    private var sums: [Double]

    /// One or more settings side by side, known by their α, the one that alarms soonest first.
    public init(name: String = "SPOT", arms: [SequentialTest] = [.paper], subscribers: Int) {
        precondition(!arms.isEmpty)
        self.name = name
        self.arms = arms
        sums = Array(repeating: 0, count: arms.count * subscribers)
    }

    /// The paper's test with each of these α.
    public init(name: String = "SPOT", alphas: [Double], subscribers: Int) {
        self.init(
            name: name,
            arms: alphas.map {
                SequentialTest(flaggedWhenHonest: 0.2, flaggedWhenTaken: 0.9, alpha: $0, beta: 0.01)
            }, subscribers: subscribers)
    }

    /// `α`.
    public var parameterName: String { "α" }

    /// Each arm by its α.
    public var parameters: BaselineParameters { .arms(arms.map(\.alpha)) }

    /// The one setting of that α.
    public func tuned(to parameter: Double) -> SPOT {
        let nearest = arms.min { abs($0.alpha - parameter) < abs($1.alpha - parameter) } ?? .paper
        return SPOT(name: name, arms: [nearest], subscribers: sums.count / arms.count)
    }

    /// One observation for each arm; a message without an answer of the filter is none.
    public mutating func measure(_ message: BaselineMessage, _ report: (Int, Double) -> Void) {
        guard let isFlagged = message.isSpamFlagged else { return }
        for arm in arms.indices {
            let place = Int(message.subscriber) * arms.count + arm
            sums[place] += isFlagged ? arms[arm].flaggedStep : arms[arm].plainStep
            if sums[place] >= arms[arm].alarmBound {
                sums[place] = 0
                report(arm, 1)
            } else if sums[place] <= arms[arm].acceptBound {
                sums[place] = 0
            }
        }
    }
}
