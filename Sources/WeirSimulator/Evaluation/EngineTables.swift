// What only Weir's engine has to show: rungs, honest events, first weeks, and each false alarm with its reasons.

import MailTypes
import WeirEngine

/// Tables from an engine's record.
public struct EngineTables: Sendable {
    /// The population's strata.
    private let strata: [StratumShare]
    /// The families.
    private let families: [String]
    /// Honest events and kinds of mail by number.
    private let names: [String]
    /// Which of them are events.
    private let events: [Bool]

    /// Tables for a population.
    public init(_ population: Population) {
        strata = population.strata.map { StratumShare($0) }
        families = population.families.map(\.name)
        let names = population.honestNames
        let known = population.strata.flatMap(\.events).map(\.name)
        self.names = names + ["in other networks than usual"]
        events = names.map { known.contains($0) } + [true]
    }

    /// How far up the ladder each family's attacks came, and how much got out in all.
    public func rungs(_ records: [EngineRecord]) -> String {
        var table = MarkdownTable([
            "family", "", "episodes", "asked", "slowed", "held", "contained",
            "messages until held: median / p95", "messages that got out in all: median / p95", "of messages sent",
        ])
        for family in families.indices {
            for record in records {
                let found = record.episodes.filter { $0.episode.family == family && !$0.isEarly }
                guard !found.isEmpty else { continue }
                func share(_ rung: Rung) -> String {
                    DecimalText.percent(Double(found.count { $0.leak(at: rung) != nil }) / Double(found.count))
                }
                let held = QuantileRow(found.map { Double(($0.leak(at: .held) ?? $0.episode.whole).messages) })
                let leaked = QuantileRow(found.map { Double($0.leaked.messages) })
                let sent = QuantileRow(found.map { Double($0.episode.whole.messages) })
                table.add([
                    families[family], record.name, "\(found.count)", share(.observed), share(.slowed), share(.held),
                    share(.contained), EngineTables.pair(held), EngineTables.pair(leaked), EngineTables.pair(sent),
                ])
            }
        }
        return table.text
    }

    /// Each honest event: how often it happened, and what followed.
    public func honestEvents(_ record: EngineRecord) -> String {
        var table = MarkdownTable([
            "event", "times", "asked", "held", "contained", "contained [95 %]", "answered",
            "stopped again after the answer",
        ])
        for name in names.indices where events[name] {
            let found = record.events.filter { $0.name == name && !$0.isEarly }
            guard !found.isEmpty else { continue }
            let contained = found.count { $0.rung == .contained }
            let interval = BinomialInterval.wilson(contained, of: found.count)
            table.add([
                names[name], "\(found.count)", "\(found.count { $0.rung >= .observed })",
                "\(found.count { $0.rung >= .held })", "\(contained)",
                "\(DecimalText.percent(Double(contained) / Double(found.count))) [\(DecimalText.percent(interval.lower)), \(DecimalText.percent(interval.upper))]",
                "\(found.count(where: \.isAnswered))", "\(found.count(where: \.isStoppedAgain))",
            ])
        }
        return table.text
    }

    /// What happens to the honest at each rung, in the first weeks and after.
    public func firstWeeks(_ record: EngineRecord, setting: String, _ bootstrap: ClusterBootstrap) -> String {
        var table = MarkdownTable([
            "", "subscriber-years", "asked or more", "slowed or more", "held or more", "contained",
        ])
        for isEarly in [true, false] {
            var cells: [String] = []
            var years = 0.0
            for rung in [Rung.observed, .slowed, .held, .contained] {
                let board = record.scoreboard(
                    falseFrom: rung, setting: setting, strata: strata, families: families, isEarly: isEarly)
                let row = board.falseAlarmsOfAll(bootstrap)
                years = row?.years ?? 0
                cells.append(
                    row.map {
                        "\(DecimalText.short($0.perThousandYears)) [\(DecimalText.short($0.interval.lower)), \(DecimalText.short($0.interval.upper))]"
                    } ?? "–")
            }
            table.add([isEarly ? "first weeks" : "after", DecimalText.whole(years)] + cells)
        }
        let early = record.episodes.filter(\.isEarly)
        let found = early.count { $0.leak(at: .held) != nil }
        return table.text
            + "\nAttacks that began in the first weeks: \(early.count), of which \(found) were held or contained.\n"
    }

    /// The false alarms, worst first, as many as asked for.
    public func falseAlarms(_ record: EngineRecord, most: Int) -> String {
        let judged = record.falseAlarms.filter { !$0.isEarly }
        let found = judged.filter { $0.rung == .contained } + judged.filter { $0.rung != .contained }
        guard !found.isEmpty else { return "None.\n" }
        var table = MarkdownTable(["seed", "subscriber", "stratum", "day", "rung", "during", "nats", "why"])
        for alarm in found.prefix(most) {
            table.add([
                "\(alarm.seed)", "\(alarm.subscriber)", strata[alarm.stratum].name, "\(alarm.day)",
                alarm.rung.description, alarm.name < 0 ? "ordinary mail" : names[alarm.name],
                DecimalText.fixed(Double(alarm.score) / 1000, 1), alarm.groups.joined(separator: ", "),
            ])
        }
        let more = found.count > most ? "\n\(found.count - most) more are left out here.\n" : ""
        return table.text + more
    }

    /// `4 / 8`.
    private static func pair(_ row: QuantileRow?) -> String {
        row.map { "\(DecimalText.whole($0.median)) / \(DecimalText.whole($0.p95))" } ?? "–"
    }
}
