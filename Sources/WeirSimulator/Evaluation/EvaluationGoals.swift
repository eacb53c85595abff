// The goals, and how far each method comes to them.

import MailTypes
import WeirEngine

/// The goals of the evaluation, as a table.
public struct EvaluationGoals: Sendable {
    /// The strata that are no traps: ordinary customers.
    private let ordinary: [String]
    /// Honest events that look like a take-over: mail to everybody from a machine and a network never used before.
    private let rare: [Int]

    /// The goals for a population.
    public init(_ population: Population) {
        ordinary = population.strata.filter { !$0.isTrap }.map(\.name)
        let names = population.honestNames
        let events = population.strata.flatMap(\.events).filter {
            $0.burst != nil && $0.change?.machine == true && $0.change?.network == true
        }
        rare = names.indices.filter { name in events.contains { $0.name == names[name] } }
    }

    /// A value and what is known of its other end.
    private struct Measured {
        /// The values in words.
        var text: String
        /// True where the goal is reached.
        var isReached: Bool
        /// True where the unfavourable end of the 95 % interval reaches it too; nil where there is no interval.
        var isShown: Bool?
    }

    /// One goal.
    private struct Goal {
        /// The goal.
        var name: String
        /// In figures.
        var target: String
        /// In figures for the engine without content; nil where there is none.
        var blindTarget: String?
        /// What a method reaches, judged by the goal times a factor; nil where it doesn't apply.
        var measure: (ScoreboardSummary, EngineRecord?, Double) -> Measured?
    }

    /// The table: the engine, the engine without content at twice the figure, and the compared methods as published.
    public func table(
        engine: (ScoreboardSummary, EngineRecord), blind: (ScoreboardSummary, EngineRecord)?,
        baselines: [ScoreboardSummary]
    ) -> String {
        var heads = ["goal", "target", "Weir", "reached"]
        if blind != nil { heads += ["without content (twice the figure)", "reached"] }
        var table = MarkdownTable(heads + baselines.map(\.method))
        for goal in goals {
            let found = goal.measure(engine.0, engine.1, 1)
            var cells = [goal.name, goal.target, found?.text ?? "–", EvaluationGoals.words(found)]
            if let blind {
                let found = goal.measure(blind.0, blind.1, 2)
                cells += [found?.text ?? "–", goal.blindTarget == nil ? "no goal" : EvaluationGoals.words(found)]
            }
            cells += baselines.map { goal.measure($0, nil, 1)?.text ?? "–" }
            table.add(cells)
        }
        return table.text
    }

    /// What to say of a goal.
    private static func words(_ found: Measured?) -> String {
        guard let found else { return "not seen" }
        if !found.isReached { return "**no**" }
        return found.isShown == false ? "yes, not yet shown" : "yes"
    }

    /// All goals, in their order.
    private var goals: [Goal] {
        [
            Goal(
                name: "false containments per 1,000 subscriber-years, strata by their shares", target: "≤ 1",
                blindTarget: "≤ 2",
                measure: { summary, _, factor in
                    summary.falseAlarms.map {
                        Measured(
                            text: EvaluationGoals.rate($0.perThousandYears, $0.interval),
                            isReached: $0.perThousandYears <= factor, isShown: $0.interval.upper <= factor)
                    }
                }),
            Goal(
                name: "the worst ordinary stratum", target: "≤ 5", blindTarget: "≤ 10",
                measure: { summary, _, factor in
                    let rows = summary.strata.filter { ordinary.contains($0.stratum) }
                    return rows.max { $0.perThousandYears < $1.perThousandYears }.map {
                        let upper = rows.map(\.interval.upper).max() ?? 0
                        return Measured(
                            text:
                                "\(DecimalText.short($0.perThousandYears))\($0.alarms == 0 ? "" : " (\($0.stratum))")",
                            isReached: $0.perThousandYears <= 5 * factor, isShown: upper <= 5 * factor)
                    }
                }),
            Goal(
                name: "rare honest events that look like a take-over: contained an event", target: "≤ 5 %",
                blindTarget: "≤ 10 %",
                measure: { _, record, factor in
                    record.flatMap { rareEvents($0, bound: 0.05 * factor) }
                }),
            Goal(
                name: "one answer of the owner ends it", target: "always", blindTarget: "always",
                measure: { _, record, _ in record.flatMap { answered($0) } }),
            leak("fast-bot", "fast bot: messages that got out, median / p95", 5, 15) { $0.messages },
            found("low-and-slow", "low and slow: found", 0.97),
            leak("low-and-slow", "low and slow: messages that got out, median", 6, nil) { $0.messages },
            leak("account-blast", "account blast: recipients that got out, median / p95", 60, 150) {
                $0.recipients
            },
            found("contact-phish", "phishing to the victim's own contacts: found", 0.6, withoutContent: false),
            Goal(
                name: "honest messages wrongly held per million", target: "≤ 1", blindTarget: nil,
                measure: { summary, record, factor in
                    guard record != nil else { return nil }
                    return summary.held.map {
                        Measured(
                            text: EvaluationGoals.rate($0.perMillion, $0.interval), isReached: $0.perMillion <= factor,
                            isShown: $0.interval.upper <= factor)
                    }
                }),
        ]
    }

    /// A goal on what leaks: median, and the bad end.
    private func leak(
        _ family: String, _ name: String, _ median: Double, _ p95: Double?,
        _ value: @escaping (LeakRow) -> QuantileRow
    ) -> Goal {
        func target(_ factor: Double) -> String {
            "≤ \(DecimalText.whole(median * factor))"
                + (p95.map { " / ≤ \(DecimalText.whole($0 * factor))" } ?? "")
        }
        return Goal(
            name: name, target: target(1), blindTarget: target(2),
            measure: { summary, _, factor in
                summary.families.first { $0.family == family }.map {
                    let row = value($0.untilContainment)
                    return Measured(
                        text: DecimalText.whole(row.median) + (p95 == nil ? "" : " / \(DecimalText.whole(row.p95))"),
                        isReached: row.median <= median * factor && (p95.map { row.p95 <= $0 * factor } ?? true))
                }
            })
    }

    /// A goal on how many are found.
    private func found(_ family: String, _ name: String, _ share: Double, withoutContent: Bool = true) -> Goal {
        func text(_ share: Double) -> String { "≥ \(DecimalText.whole(100 * share)) %" }
        return Goal(
            name: name, target: text(share), blindTarget: withoutContent ? text(1 - 2 * (1 - share)) : nil,
            measure: { summary, _, factor in
                summary.families.first { $0.family == family }.map {
                    let least = 1 - factor * (1 - share)
                    let interval = $0.detectedInterval
                    return Measured(
                        text:
                            "\(DecimalText.percent($0.detectedShare)) [\(DecimalText.percent(interval.lower)), \(DecimalText.percent(interval.upper))] of \($0.episodes)",
                        isReached: $0.detectedShare >= least, isShown: interval.lower >= least)
                }
            })
    }

    /// Containments by rare events.
    private func rareEvents(_ record: EngineRecord, bound: Double) -> Measured? {
        let events = record.events.filter { rare.contains($0.name) && !$0.isEarly }
        guard !events.isEmpty else { return nil }
        let hits = events.count { $0.rung == .contained }
        let interval = BinomialInterval.wilson(hits, of: events.count)
        return Measured(
            text:
                "\(DecimalText.percent(Double(hits) / Double(events.count))) [\(DecimalText.percent(interval.lower)), \(DecimalText.percent(interval.upper))] of \(events.count)",
            isReached: Double(hits) <= bound * Double(events.count), isShown: interval.upper <= bound)
    }

    /// Rare events that were stopped, answered, and not stopped again.
    private func answered(_ record: EngineRecord) -> Measured? {
        let events = record.events.filter { rare.contains($0.name) && $0.isAnswered }
        guard !events.isEmpty else { return nil }
        let ended = events.count { !$0.isStoppedAgain }
        return Measured(text: "\(ended) of \(events.count)", isReached: ended == events.count)
    }

    /// `3.2 [2.1, 4.4]`.
    private static func rate(_ value: Double, _ interval: Interval) -> String {
        "\(DecimalText.short(value)) [\(DecimalText.short(interval.lower)), \(DecimalText.short(interval.upper))]"
    }
}
