// The pictures of Docs/evaluation.md.

import MailTypes
import WeirEngine

/// Draws what the tables say.
public enum EvaluationPictures {
    /// How much of the attacks is still at large after so much mail: a panel for each family.
    public static func detection(_ boards: [Scoreboard]) -> String {
        let families = boards.first?.families ?? []
        let present = families.indices.filter { family in
            boards.contains { $0.episodes.contains { $0.episode.family == family } }
        }
        let columns = 2.0
        let (panelWidth, panelHeight) = (440.0, 250.0)
        let rows = (Double(present.count) / columns).rounded(.up)
        var picture = Picture(width: columns * panelWidth + 20, height: rows * panelHeight + 80)
        picture.text("Attacks not yet stopped, against what had got out", 16, 22, size: 15, bold: true)
        let names = boards.enumerated().map { ($1.method, colour($0), dash($1.method)) }
        let top = 38 + picture.legend(names, 16, 44)
        for (number, family) in present.enumerated() {
            let left = Double(number % 2) * panelWidth
            let up = top + Double(number / 2) * panelHeight
            var most = 10.0
            for board in boards {
                for outcome in board.episodes where outcome.episode.family == family {
                    most = max(most, Double(outcome.leakedUntilContainment.messages))
                }
            }
            let x = PictureAxis(
                least: 1, most: PictureAxis.roundUp(most), from: left + 58, to: left + panelWidth - 14,
                isLogarithmic: true)
            let y = PictureAxis(least: 0, most: 100, from: up + panelHeight - 48, to: up + 24, isLogarithmic: false)
            frame(&picture, x, y, title: families[family], below: "messages that got out", beside: "% not stopped")
            for (place, board) in boards.enumerated().reversed() {
                let curve = survival(board, family).map { (x.place(max(1, $0.0)), y.place(100 * $0.1)) }
                picture.path(
                    curve, colour: colour(place), width: place < 2 ? 2.5 : 1.3, dash: dash(board.method))
            }
        }
        return picture.svg(title: "Share of attacks not yet stopped against messages that got out")
    }

    /// Steps: after so many messages, the share of episodes not yet stopped.
    private static func survival(_ board: Scoreboard, _ family: Int) -> [(Double, Double)] {
        let found = board.episodes.filter { $0.episode.family == family }
        guard !found.isEmpty else { return [] }
        let contained = found.compactMap { $0.containment?.messages }.sorted()
        var points = [(0.0, 1.0)]
        for (number, leak) in contained.enumerated() {
            let (before, after) = (points[points.count - 1].1, 1 - Double(number + 1) / Double(found.count))
            points.append((Double(leak), before))
            points.append((Double(leak), after))
        }
        points.append((1e12, points[points.count - 1].1))
        return points
    }

    /// How much of each attack got out until containment: a row a family, a mark an attack, their median and where 95 % lie below.
    public static func leak(_ board: Scoreboard) -> String {
        let present = board.families.indices.filter { family in
            board.episodes.contains { $0.episode.family == family }
        }
        var picture = Picture(width: 900, height: 100 + 26 * Double(present.count))
        picture.text("Messages of each attack that got out", 16, 22, size: 15, bold: true)
        picture.text("filled: median; bar: 95 % are below; open: never found", 880, 22, anchor: "end", size: 11)
        let most = board.episodes.map(\.leakedUntilContainment.messages).max() ?? 10
        let x = PictureAxis(
            least: 0.5, most: PictureAxis.roundUp(Double(max(10, most))), from: 170, to: 880, isLogarithmic: true)
        let (top, bottom) = (40.0, 40 + 26 * Double(present.count))
        for mark in [0.5] + x.marks {
            picture.line(x.place(mark), top, x.place(mark), bottom, colour: "#e4e4e4")
            picture.text(mark < 1 ? "0" : PictureAxis.text(mark), x.place(mark), bottom + 16, anchor: "middle")
        }
        picture.text("messages", (x.from + x.to) / 2, bottom + 34, anchor: "middle", size: 11)
        for (row, family) in present.enumerated() {
            let y = top + 26 * Double(row) + 13
            let found = board.episodes.filter { $0.episode.family == family }
            picture.text(board.families[family], 160, y + 4, anchor: "end")
            guard let leaks = QuantileRow(found.map { Double($0.leakedUntilContainment.messages) }) else { continue }
            picture.line(x.place(leaks.p95), y - 9, x.place(leaks.p95), y + 9, colour: colour(0), width: 3)
            for outcome in found {
                picture.dot(
                    x.place(Double(outcome.leakedUntilContainment.messages)), y, radius: 2.5, colour: colour(1),
                    isOpen: outcome.containment == nil)
            }
            picture.dot(x.place(leaks.median), y, radius: 5.5, colour: colour(0))
        }
        return picture.svg(title: "Messages of each attack that got out")
    }

    /// False alarms of each stratum, a row each, on a scale of tens.
    public static func falseAlarms(_ summaries: [ScoreboardSummary], strata: [StratumShare]) -> String {
        let present = strata.map(\.name).filter { name in
            summaries.contains { $0.strata.contains { $0.stratum == name } }
        }
        var picture = Picture(width: 900, height: 120 + 22 * Double(present.count))
        picture.text("False alarms per 1,000 subscriber-years, by stratum", 16, 22, size: 15, bold: true)
        let legend = summaries.enumerated().map { ($1.method, colour($0), "") }
        let top = 44 + picture.legend(legend, 16, 44)
        let bottom = top + 22 * Double(present.count)
        let x = PictureAxis(least: 0.1, most: 10_000, from: 170, to: 880, isLogarithmic: true)
        for mark in x.marks {
            picture.line(x.place(mark), top, x.place(mark), bottom, colour: "#ddd")
            picture.text(mark == 0.1 ? "0" : PictureAxis.text(mark), x.place(mark), bottom + 16, anchor: "middle")
        }
        picture.line(x.place(5), top, x.place(5), bottom, colour: "#999", dash: "4 3")
        picture.text("goal 5", x.place(5) + 4, top + 10, size: 10, colour: "#666")
        for (row, name) in present.enumerated() {
            let y = top + 22 * Double(row) + 13
            picture.text(name, 160, y + 4, anchor: "end")
            for (place, summary) in summaries.enumerated().reversed() {
                guard let rate = summary.strata.first(where: { $0.stratum == name })?.perThousandYears else { continue }
                // Side by side, so that equal ones don't hide each other.
                let aside = 1.6 * (Double(place) - Double(summaries.count - 1) / 2)
                picture.dot(
                    x.place(rate), y + aside, radius: place < 2 ? 4 : 3, colour: colour(place), isOpen: place == 1)
            }
        }
        return picture.svg(title: "False alarms by stratum")
    }

    /// A method's settings from one that alarms soon to one that alarms late: false alarms, and what leaks meanwhile.
    public struct OperatingCurve: Sendable {
        /// The method.
        public var name: String
        /// False alarms per 1,000 subscriber-years, and the median of leaked messages.
        public var points: [(falseAlarms: Double, leaked: Double)]
        /// True for one point that is an upper bound, because nothing was seen.
        public var isBound: Bool

        /// A curve.
        public init(name: String, points: [(falseAlarms: Double, leaked: Double)], isBound: Bool = false) {
            self.name = name
            self.points = points
            self.isBound = isBound
        }
    }

    /// What a method can do at all: leaked messages of one family against false alarms, over all its settings.
    public static func floor(_ curves: [OperatingCurve], family: String) -> String {
        var picture = Picture(width: 900, height: 440)
        picture.text(
            "What each method can do: leaked messages of \(family) against false alarms", 16, 22, size: 15, bold: true)
        let legend = curves.enumerated().map { ($1.name, colour($0), "") }
        let top = 44 + picture.legend(legend, 16, 44)
        let leaks = curves.flatMap { $0.points.map(\.leaked) }
        let x = PictureAxis(least: 0.1, most: 10_000, from: 66, to: 880, isLogarithmic: true)
        let y = PictureAxis(
            least: 1, most: PictureAxis.roundUp(max(10, leaks.max() ?? 10)), from: 390, to: top + 6,
            isLogarithmic: true)
        frame(
            &picture, x, y, title: "", below: "false alarms per 1,000 subscriber-years",
            beside: "median of leaked messages")
        for (place, curve) in curves.enumerated().reversed() {
            let points = curve.points.map { (x.place($0.falseAlarms), y.place($0.leaked)) }
            picture.path(points, colour: colour(place), width: 1.5)
            for point in points {
                picture.dot(
                    point.0, point.1, radius: curve.points.count == 1 ? 7 : 3.5, colour: colour(place),
                    isOpen: curve.isBound)
            }
            if curve.isBound, let point = points.first {
                picture.text("at most (none seen)", point.0 + 12, point.1 + 4, size: 11, colour: "#555")
            }
        }
        return picture.svg(title: "Leak against false alarms over all settings")
    }

    /// The score of one subscriber, message by message.
    public static func score(_ trace: [TracedScore], from: Timestamp, until: Timestamp, title: String) -> String {
        var picture = Picture(width: 900, height: 360)
        picture.text(title, 16, 22, size: 15, bold: true)
        let rungs: [(Rung, String)] = [
            (.none, "#999999"), (.observed, "#56a5e8"), (.slowed, "#b09b00"), (.held, "#d55e00"),
            (.contained, "#b00020"),
        ]
        _ = picture.legend(rungs.map { ($0.0 == .none ? "no rung" : $0.0.description, $0.1, "") }, 16, 44)
        let shown = trace.filter { $0.at >= from && $0.at <= until }
        let days = max(0.01, Double(until.since(from)) / 8.64e13)
        let most = max(10, shown.map(\.nats).max() ?? 10)
        let x = PictureAxis(least: 0, most: days, from: 56, to: 880, isLogarithmic: false)
        let y = PictureAxis(
            least: 0, most: (most / 5).rounded(.up) * 5, from: 310, to: 64, isLogarithmic: false)
        if let first = shown.first(where: \.isAbuse), let last = shown.last(where: \.isAbuse) {
            let left = x.place(Double(first.at.since(from)) / 8.64e13)
            let right = x.place(Double(last.at.since(from)) / 8.64e13)
            picture.box(left - 2, 64, max(4, right - left + 4), 246, colour: "#fbe3dd")
            picture.text("attack", left + 4, 78, size: 11, colour: "#803020")
        }
        frame(&picture, x, y, title: "", below: "days", beside: "nats")
        for score in shown {
            let colour = rungs.first { $0.0 == score.rung }?.1 ?? "#999999"
            picture.dot(
                x.place(Double(score.at.since(from)) / 8.64e13), y.place(score.nats), radius: 3, colour: colour,
                isOpen: !score.isAbuse)
        }
        picture.text(
            "filled: the thief's messages; open: the owner's", 880, 22, anchor: "end", size: 11, colour: "#555")
        return picture.svg(title: title)
    }

    /// Axes with their marks and words.
    private static func frame(
        _ picture: inout Picture, _ x: PictureAxis, _ y: PictureAxis, title: String, below: String, beside: String
    ) {
        for mark in x.marks {
            picture.line(x.place(mark), y.from, x.place(mark), y.to, colour: "#e4e4e4")
            picture.text(PictureAxis.text(mark), x.place(mark), y.from + 15, anchor: "middle", size: 11)
        }
        for mark in y.marks {
            picture.line(x.from, y.place(mark), x.to, y.place(mark), colour: "#e4e4e4")
            picture.text(PictureAxis.text(mark), x.from - 6, y.place(mark) + 4, anchor: "end", size: 11)
        }
        picture.line(x.from, y.from, x.to, y.from)
        picture.line(x.from, y.from, x.from, y.to)
        if !title.isEmpty { picture.text(title, (x.from + x.to) / 2, y.to - 8, anchor: "middle", bold: true) }
        picture.text(below, (x.from + x.to) / 2, y.from + 31, anchor: "middle", size: 11)
        picture.text(beside, x.from - 38, (y.from + y.to) / 2, anchor: "middle", size: 11, turned: true)
    }

    /// The colour of a method by its place in the tables.
    private static func colour(_ place: Int) -> String { Picture.colours[place % Picture.colours.count] }

    /// Dashes for what is run without content.
    private static func dash(_ method: String) -> String { method.contains("without") ? "6 3" : "" }
}
