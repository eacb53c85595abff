// Docs/evaluation.md: what was run, the goals, the tables, the pictures.

import Foundation
import MailTypes
import WeirEngine
import WeirSimulator

/// What one population showed.
struct Section {
    /// The population.
    var population: Population
    /// Its file's name.
    var file: String
    /// Its file's hash.
    var hash: String
    /// The runs that are judged.
    var judged: JobsResult
    /// The runs on which the compared methods were tuned.
    var tuned: JobsResult
    /// One family at a fixed rate.
    var sweep: JobsResult?
    /// One subscriber's scores.
    var trace: Page.Trace?
}

/// The page under way.
struct Page {
    /// One subscriber's scores, and the part that is shown.
    struct Trace {
        /// All scores.
        var scores: [TracedScore]
        /// From where they are shown.
        var from: Timestamp
        /// Until where.
        var until: Timestamp
    }

    /// What was asked for.
    let arguments: Arguments
    /// Minutes that it took.
    var minutes = 0.0
    /// The parts so far.
    private var parts: [String] = []
    /// Pictures by file name, in the order of the page.
    private var pictures: [(name: String, svg: String)] = []
    /// Sections so far.
    private var sections = 0

    /// An empty page.
    init(arguments: Arguments) { self.arguments = arguments }

    /// The folder of the pictures: the page's name without its ending.
    private var folder: String { (arguments.out as NSString).deletingPathExtension }

    // MARK: - Sections

    /// Adds what a population showed.
    mutating func add(_ section: Section) {
        sections += 1
        let population = section.population
        let strata = population.strata.map { StratumShare($0) }
        let families = population.families.map(\.name)
        let bootstrap = ClusterBootstrap(replicates: arguments.replicates, seed: 1, confidence: 0.95)
        let tuner = BaselineTuner(strata: strata)
        let records = section.judged.result.engines
        let boards = records.map { $0.scoreboard(setting: "as shipped", strata: strata, families: families) }
        let engines = boards.map { $0.summary(bootstrap) }
        let paperBoards = section.judged.result.baselines.map { Scoreboard.paper($0, by: tuner, families: families) }
        let papers = paperBoards.map { $0.summary(bootstrap) }
        parts.append("# The population \(population.name)\n\n\(facts(section, strata))")
        parts.append(
            "## Goals\n\n" + goalsNote
                + EvaluationGoals(population).table(
                    engine: (engines[0], records[0]), blind: engines.count > 1 ? (engines[1], records[1]) : nil,
                    baselines: papers))
        if let sweep = section.sweep, sweep.done > 0, let asked = arguments.sweep {
            parts.append(sweepPart(sweep, asked, population, bootstrap))
        }
        picture(
            "detection", EvaluationPictures.detection(boards + paperBoards),
            "Share of attacks not yet stopped, against messages that had got out")
        picture(
            "false-alarms", EvaluationPictures.falseAlarms(engines + papers, strata: strata),
            "False alarms by stratum, every method as published")
        picture(
            "floor", floor(section, engines, tuner, "fast-bot"),
            "Leaked messages of fast bots against false alarms, every method over all its settings")
        if let trace = section.trace {
            picture(
                "score",
                EvaluationPictures.score(
                    trace.scores, from: trace.from, until: trace.until,
                    title: "One subscriber's score, message by message: taken over low and slow"),
                "The score of one subscriber over time")
        }
        parts.append(EvaluationTables.paperSettings(engines + papers, strata: strata))
        for target in [1.0, 10.0] {
            let summaries = zip(section.judged.result.baselines, section.tuned.result.baselines).map {
                Scoreboard.tuned($0, on: $1, perThousandYears: target, by: tuner, families: families)
                    .summary(bootstrap)
            }
            parts.append(
                EvaluationTables.equalFalseAlarms(
                    [engines[0]] + summaries, perThousandYears: target, strata: strata)
                    + "\nWeir stands as it is, whatever its false alarms; the others were tuned on other seeds.\n")
        }
        parts.append(own(section, bootstrap))
    }

    /// What a population's runs were.
    private func facts(_ section: Section, _ strata: [StratumShare]) -> String {
        let record = section.judged.result.engines[0]
        let years = record.subscribers.reduce(0) { $0 + $1.years }
        var byStratum = [Double](repeating: 0, count: strata.count)
        for row in record.subscribers { byStratum[row.stratum] += row.years }
        let least = byStratum.min() ?? 0
        var text = """
            `\(section.file)` (FNV-1a \(section.hash)). Judged: \(section.judged.done) runs of \(arguments.days) days on the seeds \
            \(arguments.seeds.lowerBound) to \(arguments.seeds.upperBound), \(arguments.subscribers) subscribers each by the \
            strata's shares and \(arguments.even) in equal strata (seed + 1,000,000): **\(Int(years)) honest subscriber-years** \
            after the first four weeks, the least of a stratum \(Int(least)); \(section.judged.messages) messages. Take-overs \
            are \(Int(arguments.attackFactor)) times as frequent as the population says. The compared methods were tuned on the \
            seeds \(arguments.tuneSeeds.lowerBound) to \(arguments.tuneSeeds.upperBound).

            Where a stratum shows no false alarm, the rule of three bounds it: below 3,000 / years per 1,000 subscriber-years \
            with 95 %, \(Page.decimal(3000 / max(0.001, years))) for all years together.

            """
        if section.judged.isCutShort || section.tuned.isCutShort {
            text +=
                "\n**Cut short:** \(section.judged.done) of \(section.judged.asked) runs, and \(section.tuned.done) of \(section.tuned.asked) for tuning, fitted the time.\n"
        }
        return text
    }

    /// What the goals' table means.
    private var goalsNote: String {
        """
        Confidence intervals are 95 %, by bootstrap over subscribers, the upper end of a rate never below the exact one for so few \
        events (Fay and Feuer 1997; a subscriber's held messages are one event). *yes, not yet shown*: the figure is within the goal, and the \
        unfavourable end of its interval is not. Found is who was held or contained. What got out is counted until containment; where \
        an attack's mail was held to its end without containment, in all; where it was never found, as all that was sent. The compared methods stand as published; an alarm of theirs is taken to contain at once.


        """
    }

    /// The family at a fixed rate.
    private func sweepPart(
        _ sweep: JobsResult, _ asked: (family: String, perHour: Double), _ population: Population,
        _ bootstrap: ClusterBootstrap
    ) -> String {
        let strata = population.strata.map { StratumShare($0) }
        var text = "## \(asked.family) at \(String(format: "%g", asked.perHour)) messages an hour\n\n"
        text += "\(sweep.done) runs with this family alone.\n\n"
        text +=
            "| | episodes | found [95 %] | contained | messages until found: median / p95 | messages that got out: median / p95 |\n"
        text += "|---|---|---|---|---|---|\n"
        let engines = sweep.result.engines.map {
            $0.scoreboard(setting: "", strata: strata, families: [asked.family])
        }
        let tuner = BaselineTuner(strata: strata)
        let others = sweep.result.baselines.map { Scoreboard.paper($0, by: tuner, families: [asked.family]) }
        for (place, board) in (engines + others).enumerated() {
            guard let row = board.summary(bootstrap).families.first else { continue }
            let contained =
                place < engines.count
                ? sweep.result.engines[place].episodes.count { !$0.isEarly && $0.leak(at: .contained) != nil }
                : board.episodes.count { $0.containment != nil }
            let interval = row.detectedInterval
            text +=
                "| \(board.method) | \(row.episodes) | \(Page.percent(row.detectedShare)) [\(Page.percent(interval.lower)), \(Page.percent(interval.upper))] | \(Page.percent(Double(contained) / Double(row.episodes))) | \(Int(row.untilAlarm.messages.median)) / \(Int(row.untilAlarm.messages.p95)) | \(Int(row.untilContainment.messages.median)) / \(Int(row.untilContainment.messages.p95)) |\n"
        }
        return text
    }

    /// What only the engine has to show.
    private func own(_ section: Section, _ bootstrap: ClusterBootstrap) -> String {
        let tables = EngineTables(section.population)
        let records = section.judged.result.engines
        var text = "## How far up the ladder\n\n\(tables.rungs(records))\n"
        for record in records {
            text += """
                ## \(record.name): the honest

                Per 1,000 subscriber-years, at each rung; an answer of the owner came \(record.answers) times, four hours after \
                mail was first held.

                \(tables.firstWeeks(record, setting: "", bootstrap))
                ### Honest events

                What came while the event lasted, or in the three days after.

                \(tables.honestEvents(record))
                ### False alarms that stopped mail

                The strongest groups in thousandths of a nat.

                \(tables.falseAlarms(record, most: 40))

                """
        }
        return text
    }

    /// Every method over all its settings.
    private func floor(
        _ section: Section, _ engines: [ScoreboardSummary], _ tuner: BaselineTuner, _ name: String
    ) -> String {
        let family = section.population.families.firstIndex { $0.name == name } ?? 0
        var curves: [EvaluationPictures.OperatingCurve] = []
        for engine in engines {
            guard let row = engine.families.first(where: { $0.family == name }), let alarms = engine.falseAlarms else {
                continue
            }
            let isBound = alarms.alarms == 0
            let rate = isBound ? alarms.interval.upper : alarms.perThousandYears
            curves.append(
                .init(
                    name: engine.method, points: [(rate, row.untilContainment.messages.median)], isBound: isBound))
        }
        for record in section.judged.result.baselines {
            var settings: [TunedParameter.Setting] = []
            if case .arms(let numbers) = record.parameters {
                for (arm, number) in numbers.enumerated() {
                    settings.append(.init(arm: arm, alarmsAbove: 0.5, parameter: number))
                }
            } else {
                settings = [10_000, 3000, 1000, 300, 100, 30, 10, 3, 1].map {
                    tuner.tune(record, perThousandYears: $0).setting
                }
            }
            let points = settings.compactMap { setting -> (falseAlarms: Double, leaked: Double)? in
                let leaks = record.attacks.filter { $0.episode.family == family }.map {
                    ($0.ladders[setting.arm].firstAlarm(above: setting.alarmsAbove) ?? $0.episode.whole).messages
                }
                guard !leaks.isEmpty else { return nil }
                return (tuner.falseAlarms(record, at: setting), Double(Quantile.of(leaks.sorted(), 0.5)))
            }
            curves.append(.init(name: record.name, points: points))
        }
        return EvaluationPictures.floor(curves, family: name)
    }

    /// Adds a picture.
    private mutating func picture(_ name: String, _ svg: String, _ caption: String) {
        let file = sections == 1 ? "\(name).svg" : "\(name)-\(sections).svg"
        pictures.append((file, svg))
        parts.append("![\(caption)](\((folder as NSString).lastPathComponent)/\(file))\n")
    }

    // MARK: - The file

    /// Writes page and pictures.
    func write() throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for picture in pictures {
            try Data(picture.svg.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(picture.name)"))
        }
        let text = head + parts.joined(separator: "\n")
        try Data(text.utf8).write(to: URL(fileURLWithPath: arguments.out))
        note("written: \(arguments.out), \(pictures.count) pictures, \(Page.decimal(minutes)) minutes")
    }

    /// The top of the page.
    private var head: String {
        let date = ISO8601DateFormatter.string(from: Date(), timeZone: .gmt, formatOptions: [.withFullDate])
        return """
            # How well does Weir find subscribers who were taken over?

            Every figure here comes from a provider that does not exist: [simulation.md](simulation.md) says what it is made of, \
            and what it leaves out. A figure says how a method fares against what the population declares, and nothing about \
            real mail beyond that.

            Measured \(date) by `make evaluate` in \(Page.decimal(minutes)) minutes.\(arguments.remark.isEmpty ? "" : " **\(arguments.remark)**")

            How it is done:

            - The ladder is enforced up to containment; no limit of a plan helps. What Weir stops gets out to nobody and has no \
            results. Thieves and owners go on as if nothing had been stopped.
            - Every compared method sees the same messages and results in the same run. Its content filter flags what is likelier \
            spam than honest mail by the same score that Weir is given.
            - The first four weeks of a run, in which Weir knows nobody, are reported apart. Customers who join later count \
            from their first day.
            - A subscriber's honest time ends with its first attack. An alarm counts as right from the attack's first message until a \
            day after its last.
            - An honest owner whose mail is held answers once, four hours later.
            - *Without content*: Weir is told session and envelope alone, as the policy door sees them.
            - Subscribers known by an address are known to Weir by that address, renumbering included; leases are not used.

            """ + "\n"
    }

    /// One digit after the point.
    private static func decimal(_ value: Double) -> String { String(format: "%.1f", value) }

    /// A share in percent.
    private static func percent(_ share: Double) -> String { String(format: "%.0f %%", 100 * share) }
}
