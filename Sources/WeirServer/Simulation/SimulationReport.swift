// What a simulation came to: a short table for people, a value for programs.

import WeirSimulator

/// The outcome of one simulation.
public struct SimulationReport: Encodable, Sendable {
    /// A rate with its 95 % interval; an end that is not known is left out.
    public struct Rate: Encodable, Sendable {
        /// The rate.
        public var value: Double
        /// The lower end.
        public var low: Double?
        /// The upper end.
        public var high: Double?

        /// A rate, in hundredths.
        init(_ value: Double, _ interval: Interval) {
            func plain(_ value: Double) -> Double? { value.isFinite ? (value * 100).rounded() / 100 : nil }
            self.value = plain(value) ?? 0
            low = plain(interval.lower)
            high = plain(interval.upper)
        }

        /// `3.2 (1.1 to 9.0)`.
        var text: String {
            "\(SimulationReport.decimal(value)) (\(low.map(SimulationReport.decimal) ?? "?") to \(high.map(SimulationReport.decimal) ?? "?"))"
        }
    }

    /// A sample's middle and its bad end.
    public struct Quantiles: Encodable, Sendable {
        /// Half of the sample is at or below it.
        public var median: Double
        /// 95 % of the sample is at or below it.
        public var p95: Double
        /// The largest.
        public var max: Double

        /// The quantiles of a sample; nil where it is empty.
        init?(_ sample: [Double]) {
            guard let row = QuantileRow(sample) else { return nil }
            (median, p95, max) = (row.median, row.p95, row.max)
        }

        /// `3 / 12`.
        var text: String { "\(SimulationReport.decimal(median)) / \(SimulationReport.decimal(p95))" }
    }

    /// One stratum of honest people.
    public struct Stratum: Encodable, Sendable {
        /// Its name.
        public var name: String
        /// Honest subscriber-years.
        public var years: Double
        /// Subscribers about whom the ladder acted.
        public var falseAlarms: Int
        /// The same in 1,000 subscriber-years.
        public var perThousandYears: Rate
        /// Messages of theirs that were stopped while they were honest.
        public var stopped = 0
    }

    /// One family of take-overs.
    public struct Family: Encodable, Sendable {
        /// Its name.
        public var name: String
        /// Take-overs.
        public var episodes: Int
        /// Those that the ladder acted about.
        public var found: Int
        /// Those whose mail was held altogether.
        public var contained: Int
        /// Messages of each that got out, found or not.
        public var messagesOut: Quantiles?
        /// Their recipients.
        public var recipientsOut: Quantiles?
        /// Minutes from the first message until the ladder acted, of those that were found.
        public var minutesUntilFound: Quantiles?
    }

    /// The population's name.
    public var population: String
    /// The seed.
    public var seed: UInt64
    /// Days.
    public var days: Int
    /// Subscribers.
    public var subscribers: Int
    /// How many times likelier take-overs were than the population says.
    public var attackFactor: Double
    /// Messages in all.
    public var messages: Int
    /// Messages of subscribers who were never attacked so far.
    public var honestMessages: Int
    /// Of them, those that were stopped.
    public var honestStopped: Int
    /// The same in a million, each stratum weighed by its share; nil without honest mail.
    public var honestStoppedPerMillion: Rate?
    /// False alarms of all in 1,000 subscriber-years, each stratum weighed by its share; nil where no time was watched.
    public var falseAlarmsPerThousandYears: Rate?
    /// The strata.
    public var strata: [Stratum]
    /// How often Weir's breaker opened.
    public var breakerOpened = 0
    /// The most cases that began to act within an hour.
    public var newCasesMax = 0
    /// How often the engine was restarted from its snapshot.
    public var restarts = 0
    /// How often the clock jumped.
    public var clockJumps = 0
    /// Messages of attackers that a plan's limit stopped.
    public var limitedAbuse = 0
    /// Other messages that a plan's limit stopped.
    public var limitedHonest = 0
    /// A hash of every decision, its score and its reason: two runs that decided alike have the same.
    public var decisionsHash: UInt64 = 0
    /// The families that occurred.
    public var families: [Family] = []

    /// A report of a scoreboard's figures, the families left open.
    init(_ run: SimulationRun, messages: Int, _ summary: ScoreboardSummary) {
        population = run.population.name
        seed = run.seed
        days = run.days
        subscribers = run.subscribers
        attackFactor = run.attackFactor
        self.messages = messages
        honestMessages = summary.held?.messages ?? 0
        honestStopped = summary.held?.held ?? 0
        honestStoppedPerMillion = summary.held.map { Rate($0.perMillion, $0.interval) }
        falseAlarmsPerThousandYears = summary.falseAlarms.map { Rate($0.perThousandYears, $0.interval) }
        strata = summary.strata.map {
            Stratum(
                name: $0.stratum, years: ($0.years * 10).rounded() / 10, falseAlarms: $0.alarms,
                perThousandYears: Rate($0.perThousandYears, $0.interval))
        }
    }

    /// `1,234`, or `0.5` below a hundred where there is something behind the point.
    static func decimal(_ value: Double) -> String {
        let tenths = (value * 10).rounded()
        guard tenths < 1e15 else { return "\(value)" }
        let number = Int64(tenths)
        let whole = ConfigurationReport.grouped(number / 10)
        return number % 10 == 0 || number >= 1000 ? whole : "\(whole).\(number % 10)"
    }

    /// Digits in groups.
    private static func count(_ value: Int) -> String { ConfigurationReport.grouped(Int64(value)) }

    /// What was simulated, and what happened on the way.
    var sentences: [String] {
        let count = SimulationReport.count
        func times(_ number: Int) -> String { number == 1 ? "once" : "\(count(number)) times" }
        var sentences = [
            "Population \(population), seed \(seed): \(count(subscribers)) subscribers, \(count(days)) \(days == 1 ? "day" : "days"), \(count(messages)) messages"
        ]
        if attackFactor != 1 {
            sentences.append("Take-overs are \(SimulationReport.decimal(attackFactor)) times as frequent as it says.")
        }
        sentences.append("Every rung is enforced; no person acts, so that nobody is released.")
        if breakerOpened > 0 {
            sentences.append(
                "Weir's breaker opened \(times(breakerOpened)); at most \(count(newCasesMax)) new cases in an hour.")
        }
        if restarts > 0 { sentences.append("The engine was restarted \(times(restarts)).") }
        if clockJumps > 0 { sentences.append("The clock jumped \(times(clockJumps)).") }
        return sentences
    }

    /// How much of honest mail was stopped.
    var honestSentence: String {
        let count = SimulationReport.count
        let text = "Honest mail: \(count(honestStopped)) of \(count(honestMessages)) messages stopped"
        return text + (honestStoppedPerMillion.map { ", \($0.text) in a million" } ?? "")
    }

    /// The strata as a table, one row of heads.
    var stratumRows: [[String]] {
        let count = SimulationReport.count
        var rows = [["stratum", "years", "false alarms", "in 1,000 years (95 %)"]]
        for stratum in strata {
            rows.append([
                stratum.name, SimulationReport.decimal(stratum.years), count(stratum.falseAlarms),
                stratum.perThousandYears.text,
            ])
        }
        guard let all = falseAlarmsPerThousandYears else { return rows }
        let years = SimulationReport.decimal(strata.reduce(0) { $0 + $1.years })
        return rows + [["all, by share", years, count(strata.reduce(0) { $0 + $1.falseAlarms }), all.text]]
    }

    /// The families as a table, two rows of heads.
    var familyRows: [[String]] {
        let count = SimulationReport.count
        return [
            ["family", "number", "found", "messages out", "recipients out", "minutes"],
            ["", "", "", "median / p95", "median / p95", "median / p95"],
        ]
            + families.map { family in
                [
                    family.name, count(family.episodes), count(family.found), family.messagesOut?.text ?? "-",
                    family.recipientsOut?.text ?? "-", family.minutesUntilFound?.text ?? "-",
                ]
            }
    }

    /// What is said where there was no take-over.
    static let noTakeOver = "Take-overs: none happened. Take more subscribers, more days or --attack-factor."

    /// For a terminal.
    public var text: String {
        let text =
            sentences.joined(separator: "\n") + "\n\n\(honestSentence)\n\n"
            + ConfigurationReport.table(stratumRows, rightAligned: [1, 2])
        guard !families.isEmpty else { return text + "\n\(SimulationReport.noTakeOver)\n" }
        return text + "\nTake-overs: how much got out, and how long it took until the ladder acted\n\n"
            + ConfigurationReport.table(familyRows, rightAligned: [1, 2, 3, 4, 5])
    }
}

extension [SimulationReport.Stratum] {
    /// The stratum of a name.
    subscript(named name: String) -> SimulationReport.Stratum? {
        get { first { $0.name == name } }
        set {
            guard let newValue, let place = firstIndex(where: { $0.name == name }) else { return }
            self[place] = newValue
        }
    }
}
