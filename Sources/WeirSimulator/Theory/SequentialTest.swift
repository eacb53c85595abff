// Wald's sequential probability ratio test on spam flags, and how long it runs: exactly, and by Wald's approximation.

import MailTypes

/// The test of SPOT (Duan, Chen, Sanchez, Dong, Stephenson, Barker, TDSC 9(2), 2012): is the share of a sender's messages that
/// the content filter flags `flaggedWhenHonest`, or is it `flaggedWhenTaken`?
public struct SequentialTest: Sendable, Equatable {
    /// θ₀: the share of flagged messages of an honest sender, between 0 and 1.
    public let flaggedWhenHonest: Double
    /// θ₁: the share of flagged messages of a taken-over sender, above θ₀ and below 1.
    public let flaggedWhenTaken: Double
    /// α: the probability, per test and not per year, that an honest sender is called taken over.
    public let alpha: Double
    /// β: the probability, per test, that a taken-over sender is called honest.
    public let beta: Double

    /// What a flagged message adds, in nats: ln(θ₁/θ₀).
    public let flaggedStep: Double
    /// What any other message adds, in nats: ln((1-θ₁)/(1-θ₀)), below zero.
    public let plainStep: Double
    /// ln((1-β)/α): at this sum or above, taken over. Wald calls it A, the paper B.
    public let alarmBound: Double
    /// ln(β/(1-α)): at this sum or below, honest. Wald calls it B, the paper A.
    public let acceptBound: Double

    /// A test; 0 < θ₀ < θ₁ < 1, and α + β < 1.
    public init(flaggedWhenHonest: Double, flaggedWhenTaken: Double, alpha: Double, beta: Double) {
        precondition(0 < flaggedWhenHonest && flaggedWhenHonest < flaggedWhenTaken && flaggedWhenTaken < 1)
        precondition(alpha > 0 && beta > 0 && alpha + beta < 1)
        self.flaggedWhenHonest = flaggedWhenHonest
        self.flaggedWhenTaken = flaggedWhenTaken
        self.alpha = alpha
        self.beta = beta
        flaggedStep = NaturalLogarithm.of(flaggedWhenTaken / flaggedWhenHonest)
        plainStep = NaturalLogarithm.of((1 - flaggedWhenTaken) / (1 - flaggedWhenHonest))
        alarmBound = NaturalLogarithm.of((1 - beta) / alpha)
        acceptBound = NaturalLogarithm.of(beta / (1 - alpha))
    }

    /// The paper's: α = β = 0.01, θ₀ = 0.2, θ₁ = 0.9. Four flagged messages in a row alarm.
    public static let paper = SequentialTest(flaggedWhenHonest: 0.2, flaggedWhenTaken: 0.9, alpha: 0.01, beta: 0.01)

    /// Wald's approximation of the mean number of messages until a decision, for a taken-over sender (share θ₁): the sum is
    /// taken to end on a bound, never beyond it, which makes it too small.
    public var waldMeanWhenTaken: Double {
        ((1 - beta) * alarmBound + beta * acceptBound)
            / (flaggedWhenTaken * flaggedStep + (1 - flaggedWhenTaken) * plainStep)
    }

    /// The same for an honest sender (share θ₀).
    public var waldMeanWhenHonest: Double {
        ((1 - alpha) * acceptBound + alpha * alarmBound)
            / (flaggedWhenHonest * flaggedStep + (1 - flaggedWhenHonest) * plainStep)
    }

    /// How the test ends for a sender whose messages are flagged independently with this probability: exactly, but for a
    /// remainder of 1e-17, by carrying forward the probability of each count of flagged messages.
    public func runLength(flagged: Double) -> SequentialRunLength {
        precondition(flagged >= 0 && flagged <= 1)
        var result = SequentialRunLength()
        // After n messages the state is the number of those flagged.
        var running = [1.0]
        var remainder = 1.0
        while remainder > 1e-17, result.alarms.count < SequentialRunLength.messagesMax {
            let messages = result.alarms.count + 1
            var next = [Double](repeating: 0, count: messages + 1)
            for (flags, probability) in running.enumerated() where probability > 0 {
                next[flags] += probability * (1 - flagged)
                next[flags + 1] += probability * flagged
            }
            var (alarm, accept) = (0.0, 0.0)
            remainder = 0
            for flags in 0...messages {
                let sum = Double(flags) * flaggedStep + Double(messages - flags) * plainStep
                if sum >= alarmBound {
                    alarm += next[flags]
                    next[flags] = 0
                } else if sum <= acceptBound {
                    accept += next[flags]
                    next[flags] = 0
                }
                remainder += next[flags]
            }
            result.alarms.append(alarm)
            result.accepts.append(accept)
            running = next
        }
        return result
    }
}

/// How one sequential test ends: the probability of each end after each number of messages.
public struct SequentialRunLength: Sendable, Equatable {
    /// Where the calculation stops whatever is left; the tests of interest end within some hundreds.
    public static let messagesMax = 4000

    /// `alarms[n - 1]`: the probability of an alarm at message n.
    public internal(set) var alarms: [Double] = []
    /// `accepts[n - 1]`: the probability of acceptance at message n.
    public internal(set) var accepts: [Double] = []

    /// The probability that the test ends with an alarm.
    public var alarmProbability: Double { alarms.reduce(0, +) }

    /// The mean number of messages until either end.
    public var mean: Double {
        var sum = 0.0
        for n in alarms.indices { sum += Double(n + 1) * (alarms[n] + accepts[n]) }
        return sum
    }

    /// The number of messages within which this share of the tests that alarm have alarmed.
    public func alarmQuantile(_ share: Double) -> Int {
        let whole = alarmProbability
        var sum = 0.0
        for n in alarms.indices {
            sum += alarms[n]
            if sum >= share * whole * (1 - 1e-12) { return n + 1 }
        }
        return alarms.count
    }

    /// Alarms a year of a sender of that many messages a year, where each end begins a new test.
    public func alarms(messagesPerYear: Double) -> Double { messagesPerYear / mean * alarmProbability }
}
