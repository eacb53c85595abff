// How long Page's CUSUM runs until it alarms: exactly where its increments are whole numbers, and by simulation.

import MailTypes

/// Page's test (Biometrika 41, 1954) on whole increments: S = max(0, S + l), alarm at S ≥ the threshold, S = 0 at first.
public struct LatticeCUSUM: Sendable, Equatable {
    /// One value that an increment takes.
    public struct Increment: Sendable, Equatable {
        /// What is added.
        public var step: Int
        /// How probable it is.
        public var probability: Double

        /// An increment.
        public init(_ step: Int, _ probability: Double) {
            self.step = step
            self.probability = probability
        }
    }

    /// The values an increment takes; their probabilities add up to one.
    public let increments: [Increment]

    /// A test on such increments.
    public init(_ increments: [Increment]) {
        precondition(increments.allSatisfy { $0.probability >= 0 })
        precondition(abs(increments.reduce(0) { $0 + $1.probability } - 1) < 1e-9)
        self.increments = increments
    }

    /// The exact mean number of observations until the alarm: the absorption time of a Markov chain on 0 ..< threshold.
    ///
    /// States are eliminated without a subtraction (Grassmann, Taksar and Heyman, Operations Research 33, 1985), so that run
    /// lengths of 10^15 keep their digits. The work grows with the cube of the threshold.
    public func averageRunLength(threshold: Int) -> Double {
        precondition(threshold > 0)
        let count = threshold
        // Row after row: the probability of each next state; apart, that of the alarm, and the time spent.
        var moves = [Double](repeating: 0, count: count * count)
        var exits = [Double](repeating: 0, count: count)
        var times = [Double](repeating: 1, count: count)
        for state in 0..<count {
            for increment in increments {
                let next = max(0, state + increment.step)
                if next >= count {
                    exits[state] += increment.probability
                } else {
                    moves[state * count + next] += increment.probability
                }
            }
        }
        for last in stride(from: count - 1, to: 0, by: -1) {
            var leaves = exits[last]
            for next in 0..<last { leaves += moves[last * count + next] }
            guard leaves > 0 else { continue }
            for state in 0..<last where moves[state * count + last] > 0 {
                let passes = moves[state * count + last] / leaves
                for next in 0..<last where moves[last * count + next] > 0 {
                    moves[state * count + next] += passes * moves[last * count + next]
                }
                exits[state] += passes * exits[last]
                times[state] += passes * times[last]
            }
        }
        return exits[0] > 0 ? times[0] / exits[0] : .infinity
    }

    /// The smallest threshold, up to a bound, whose mean run length is at least this; nil where none is.
    public func threshold(averageRunLength wanted: Double, atMost bound: Int = 256) -> Int? {
        (1...bound).first { averageRunLength(threshold: $0) >= wanted }
    }

    /// The mean number of observations until the alarm over a number of simulated runs.
    public func simulatedRunLength(threshold: Int, runs: Int, using random: inout SeededGenerator) -> Double {
        precondition(threshold > 0 && runs > 0)
        var observations = 0
        for _ in 0..<runs {
            var sum = 0
            while sum < threshold {
                observations += 1
                var draw = Double.random(in: 0..<1, using: &random)
                var step = increments[increments.count - 1].step
                for increment in increments {
                    draw -= increment.probability
                    if draw < 0 {
                        step = increment.step
                        break
                    }
                }
                sum = max(0, sum + step)
            }
        }
        return Double(observations) / Double(runs)
    }
}

/// The threshold that a budget of false alarms buys.
public enum FalseAlarmBudget {
    /// h in nats from the bound E[T] ≥ e^h (Lorden 1971): ln of the honest messages in the time that one false alarm may take.
    ///
    /// The bound holds for increments that are true log-likelihood ratios; for others it is a starting point.
    public static func threshold(perThousandYears: Double, messagesPerYear: Double) -> Double {
        NaturalLogarithm.of(1000 / perThousandYears * messagesPerYear)
    }
}
