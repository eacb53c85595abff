// Finds the parameter at which a method raises as many false alarms as another: only then their detections compare.

import MailTypes

/// Where tuning ended.
public enum TunedParameter: Sendable, Equatable {
    /// The loosest parameter that keeps to the target, and the false alarms per 1,000 subscriber-years that it raises.
    case reached(Setting, perThousandYears: Double)
    /// No parameter that has a meaning keeps to the target; the best one, and its false alarms per 1,000 subscriber-years.
    case cannotReach(best: Setting, perThousandYears: Double)

    /// A statistic and its bound.
    public struct Setting: Sendable, Equatable {
        /// Which of the statistics.
        public var arm: Int
        /// It alarms above this.
        public var alarmsAbove: Double
        /// The number to say: the threshold, or the arm's.
        public var parameter: Double

        /// A setting.
        public init(arm: Int, alarmsAbove: Double, parameter: Double) {
            self.arm = arm
            self.alarmsAbove = alarmsAbove
            self.parameter = parameter
        }
    }

    /// The setting to judge by, whether it keeps to the target or not.
    public var setting: Setting {
        switch self {
        case .reached(let setting, _), .cannotReach(let setting, _): setting
        }
    }
}

/// Tunes methods to equal false alarms.
public struct BaselineTuner: Sendable {
    /// The strata: their shares weigh the false alarms, whatever the mix of the simulated population.
    public let strata: [StratumShare]

    /// A tuner for those strata.
    public init(strata: [StratumShare]) { self.strata = strata }

    /// False alarms per 1,000 subscriber-years at a setting: of each stratum, weighed by its share. A subscriber counts once a run.
    public func falseAlarms(_ record: TuningRecord, at setting: TunedParameter.Setting) -> Double {
        let weights = weights(record)
        var sum = 0.0
        for run in record.honest where run.maxima[setting.arm] > setting.alarmsAbove { sum += weights[run.stratum] }
        return sum
    }

    /// The loosest parameter that raises at most so many false alarms per 1,000 subscriber-years.
    ///
    /// The false alarms fall in steps as a threshold rises, so that "equal" means: at most, and any lower threshold raises more.
    public func tune(_ record: TuningRecord, perThousandYears target: Double) -> TunedParameter {
        switch record.parameters {
        case .threshold(_, let atMost): threshold(record, target, atMost)
        case .arms(let numbers): arm(record, target, numbers)
        }
    }

    /// The setting that a method comes with.
    public func paperSetting(_ record: TuningRecord) -> TunedParameter.Setting {
        switch record.parameters {
        case .threshold(let threshold, _): .init(arm: 0, alarmsAbove: threshold, parameter: threshold)
        case .arms(let numbers): .init(arm: 0, alarmsAbove: 0.5, parameter: numbers.first ?? 0)
        }
    }

    /// What one false alarm in each stratum adds per 1,000 subscriber-years.
    private func weights(_ record: TuningRecord) -> [Double] {
        var years = [Double](repeating: 0, count: strata.count)
        for run in record.honest { years[run.stratum] += run.years }
        var whole = 0.0
        for (stratum, time) in years.enumerated() where time > 0 { whole += strata[stratum].share }
        return years.enumerated().map { $1 > 0 && whole > 0 ? 1000 * strata[$0].share / whole / $1 : 0 }
    }

    /// Walks down the maxima for as long as the false alarms above stay within the target.
    private func threshold(_ record: TuningRecord, _ target: Double, _ atMost: Double) -> TunedParameter {
        let weights = weights(record)
        let maxima = record.honest.map { ($0.maxima[0], weights[$0.stratum]) }.filter { $0.0 > -.infinity }
            .sorted { $0.0 > $1.0 }
        func setting(_ bound: Double) -> TunedParameter.Setting { .init(arm: 0, alarmsAbove: bound, parameter: bound) }
        guard var found = maxima.first?.0 else {
            let (threshold, rate) = (record.parameters.alarmsAbove, 0.0)
            return .reached(setting(threshold), perThousandYears: rate)
        }
        // Those above `found`; those equal to it alarm only below it.
        var (above, rate, place) = (0.0, 0.0, 0)
        while place < maxima.count {
            let value = maxima[place].0
            guard above <= target * (1 + 1e-12) else { break }
            (found, rate) = (value, above)
            while place < maxima.count, maxima[place].0 == value {
                above += maxima[place].1
                place += 1
            }
        }
        // Nobody is too many: even the lowest maximum may alarm.
        if above <= target * (1 + 1e-12), let lowest = maxima.last?.0 { (found, rate) = (lowest.nextDown, above) }
        guard found > atMost else { return .reached(setting(found), perThousandYears: rate) }
        // The lowest threshold with the target is beyond what has a meaning.
        return .cannotReach(best: setting(atMost), perThousandYears: falseAlarms(record, at: setting(atMost)))
    }

    /// The first arm within the target, or else the one that raises the fewest.
    private func arm(_ record: TuningRecord, _ target: Double, _ numbers: [Double]) -> TunedParameter {
        var best: (setting: TunedParameter.Setting, rate: Double)?
        for (arm, number) in numbers.enumerated() {
            let setting = TunedParameter.Setting(arm: arm, alarmsAbove: 0.5, parameter: number)
            let rate = falseAlarms(record, at: setting)
            if rate <= target * (1 + 1e-12) { return .reached(setting, perThousandYears: rate) }
            if rate < best?.rate ?? .infinity { best = (setting, rate) }
        }
        guard let best else { preconditionFailure("a method has at least one arm") }
        return .cannotReach(best: best.setting, perThousandYears: best.rate)
    }
}
