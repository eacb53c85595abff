// EXTR: what a sender must vary to get past other people's filters is itself strange, and so are its failures.

import MailTypes

/// Detection at an internet provider's smarthost from its logs alone, without content.
///
/// *Source.* Clayton, "Stopping spam by extrusion detection" (CEAS 2004) and "Stopping outgoing spam by examining incoming
/// server logs" (CEAS 2005), as written down in methods.md 1.2: score = w₁ · [distinct reverse-paths in 24 h > k] +
/// w₂ · [permanent failures ≥ f] + w₃ · [distinct HELO names > h]. The papers' own bounds aren't in what could be read: the
/// defaults here (k = 5, f = 10, h = 3; failures alone suffice, the two others only together) are ours, which the tables must
/// say. All windows slide over 24 hours: his report is made once a day, this one at each message.
///
/// *Tuning.* All three bounds are scaled by one factor. The statistic is the largest factor at which the score would still
/// reach its bound, so that one pass answers every factor; distinct counts end at 64.
///
/// *Known weaknesses.* Failures come when the mail is gone. A stolen login with one reverse-path and a good list shows
/// nothing. Forwarders and list servers vary the reverse-path honestly, stale newsletters fail honestly.
public struct ExtrusionDetection: Baseline {
    /// The weights and bounds.
    public struct Settings: Sendable, Equatable {
        /// w₁, of the reverse-paths.
        public var reversePathWeight: Double
        /// w₂, of the failures.
        public var failureWeight: Double
        /// w₃, of the HELO names.
        public var heloWeight: Double
        /// k: more distinct reverse-paths than this count.
        public var reversePathsMax: Int
        /// f: as many permanent failures as this count, or more.
        public var failuresMin: Int
        /// h: more distinct HELO names than this count.
        public var helosMax: Int
        /// The score that alarms.
        public var alarmScore: Double
        /// The factor by which all three bounds are scaled; 1 untuned.
        public var scale: Double

        /// Ours, see above.
        public static let defaults = Settings(
            reversePathWeight: 1, failureWeight: 2, heloWeight: 1, reversePathsMax: 5, failuresMin: 10, helosMax: 3,
            alarmScore: 2, scale: 1)

        /// Settings.
        public init(
            reversePathWeight: Double, failureWeight: Double, heloWeight: Double, reversePathsMax: Int,
            failuresMin: Int,
            helosMax: Int, alarmScore: Double, scale: Double
        ) {
            self.reversePathWeight = reversePathWeight
            self.failureWeight = failureWeight
            self.heloWeight = heloWeight
            self.reversePathsMax = reversePathsMax
            self.failuresMin = failuresMin
            self.helosMax = helosMax
            self.alarmScore = alarmScore
            self.scale = scale
        }
    }

    /// What is remembered of one subscriber.
    private struct Memory: Sendable {
        /// Reverse-paths of the last day.
        var reversePaths = DistinctCount()
        /// HELO names of the last day.
        var helos = DistinctCount()
        /// Permanent failures of the last day.
        var failures = WindowCount()
    }

    /// EXTR.
    public let name = "EXTR"
    /// The weights and bounds.
    public let settings: Settings
    /// A day, sliding.
    private let window = CountWindow(hours: 24, isSliding: true)
    /// By subscriber.
    private var memories: [Memory]

    /// The method.
    public init(settings: Settings = .defaults, subscribers: Int) {
        self.settings = settings
        memories = Array(repeating: Memory(), count: subscribers)
    }

    /// `scale`.
    public var parameterName: String { "scale" }

    /// The scale of the bounds; reached counts alarm, hence the number just below.
    public var parameters: BaselineParameters { .threshold(settings.scale.nextDown, atMost: .infinity) }

    /// The same with all bounds scaled, to alarm above this statistic.
    public func tuned(to parameter: Double) -> ExtrusionDetection {
        var settings = settings
        settings.scale = parameter.nextUp
        return ExtrusionDetection(settings: settings, subscribers: memories.count)
    }

    /// Counts reverse-paths and HELO names.
    public mutating func measure(_ message: BaselineMessage, _ report: (Int, Double) -> Void) {
        let place = Int(message.subscriber)
        let reversePaths = memories[place].reversePaths.add(message.reversePath, at: message.at, in: window)
        let helos = memories[place].helos.add(message.helo, at: message.at, in: window)
        let failures = memories[place].failures.add(0, at: message.at, in: window)
        report(0, statistic(reversePaths, failures, helos))
    }

    /// Counts a permanent failure.
    public mutating func measure(_ result: BaselineResult, _ report: (Int, Double) -> Void) {
        guard result.isPermanentFailure else { return }
        let place = Int(result.subscriber)
        let failures = memories[place].failures.add(1, at: result.at, in: window)
        let reversePaths = memories[place].reversePaths.count(at: result.at, in: window)
        let helos = memories[place].helos.count(at: result.at, in: window)
        report(0, statistic(reversePaths, failures, helos))
    }

    /// The largest scale at which the score still alarms; zero where none does.
    private func statistic(_ reversePaths: Int, _ failures: Int64, _ helos: Int) -> Double {
        // More than k of whole numbers is k + 1 or more.
        let ratios = [
            (Double(reversePaths) / Double(settings.reversePathsMax + 1), settings.reversePathWeight),
            (Double(failures) / Double(settings.failuresMin), settings.failureWeight),
            (Double(helos) / Double(settings.helosMax + 1), settings.heloWeight),
        ].sorted { $0.0 > $1.0 }
        var score = 0.0
        for (ratio, weight) in ratios {
            score += weight
            if score >= settings.alarmScore { return ratio }
        }
        return 0
    }
}
