// The charts of the page: SVG that stretches to any width, with its words in HTML so that they keep their size.

import MailTypes

/// Counts over time as columns, a part of each marked.
struct PageChart {
    /// Most columns.
    static let columnsMax = 168

    /// What it shows, for those who do not see it.
    let title: String
    /// What a column counts: `messages`.
    let noun: String
    /// The first hour, in hours since 1970.
    let firstHour: Int64
    /// Hours a column gathers.
    let step: Int
    /// The count of each column.
    let counts: [Int]
    /// Of these, marked.
    let marked: [Int]

    /// A chart of hourly counts. Hours are gathered to whole parts of a day, or to days.
    init(title: String, noun: String, firstHour: Int64, counts: [Int], marked: [Int], columns: Int = columnsMax) {
        self.title = title
        self.noun = noun
        self.firstHour = firstHour
        let steps = [1, 2, 3, 4, 6, 12, 24]
        let days = max(1, (counts.count / 24 + columns - 1) / columns)
        let step = steps.first { (counts.count + $0 - 1) / $0 <= columns } ?? 24 * days
        self.step = step
        func gathered(_ values: [Int]) -> [Int] {
            stride(from: 0, to: values.count, by: step).map { values[$0..<min(values.count, $0 + step)].reduce(0, +) }
        }
        self.counts = gathered(counts)
        self.marked = gathered(marked)
    }

    /// The top of the scale and its lines: at most four, at numbers that people use.
    static func scale(_ most: Int) -> (top: Int, lines: [Int]) {
        var size = 1
        while size * 50 < most { size *= 10 }
        let step = [1, 2, 5, 10, 20].map { $0 * size }.first { $0 * 4 >= most } ?? most
        let top = max(step, (most + step - 1) / step * step)
        return (top, Array(stride(from: step, through: top, by: step)))
    }

    /// Writes the chart.
    func write(into page: inout HTMLText) {
        let (top, lines) = PageChart.scale(max(1, counts.max() ?? 1))
        page.element("div", ["class": "chart"]) { page in
            page.element("div", ["class": "scale", "aria-hidden": "true"]) { page in
                for line in lines {
                    page.element("span", ["style": "bottom:\(PageChart.percent(line, top))"], ReportWords.number(line))
                }
            }
            page.element(
                "svg",
                [
                    "viewBox": "0 0 \(counts.count * 10) 100", "preserveAspectRatio": "none", "role": "img",
                    "aria-label": title,
                ]
            ) { page in
                page.element("title", title)
                for line in lines {
                    page.own("<path class=\"grid\" d=\"M0 \(100 - line * 100 / top)H\(counts.count * 10)\"/>")
                }
                for index in counts.indices where counts[index] > 0 { column(index, top, into: &page) }
            }
            page.element("div", ["class": "days", "aria-hidden": "true"]) { page in
                for (share, day) in dayMarks { page.element("span", ["style": "left:\(share)"], day) }
            }
        }
        page.line()
    }

    /// A column: the marked part below, the rest on it. What is there is seen, be it a thousandth.
    private func column(_ index: Int, _ top: Int, into page: inout HTMLText) {
        var floor = 0
        page.element("g") { page in
            let time = ReportWords.moment(ReportWords.hour(firstHour + Int64(index * step)))
            let part = marked[index] > 0 ? ", \(ReportWords.number(marked[index])) look like abuse" : ""
            page.element("title", "\(time): \(ReportWords.number(counts[index])) \(noun)\(part)")
            for (kind, count) in [("abuse", marked[index]), ("mail", counts[index] - marked[index])] where count > 0 {
                let height = max(1, count * 1000 / top)
                floor += height
                page.own(
                    "<rect class=\"\(kind)\" x=\"\(index * 10 + 1)\" width=\"8\" y=\"\(PageChart.tenths(max(0, 1000 - floor)))\" height=\"\(PageChart.tenths(height))\"/>"
                )
            }
        }
    }

    /// Days as marks under the columns: at most seven, each at its midnight.
    private var dayMarks: [(share: String, day: String)] {
        let hours = counts.count * step
        let first = (firstHour + 23) / 24
        let last = (firstHour + Int64(hours) - 1) / 24
        guard last >= first else { return [("0%", ReportWords.day(ReportWords.hour(firstHour)))] }
        let every = max(1, (last - first + 7) / 7)
        return stride(from: first, through: last, by: Int(every)).map { day in
            (PageChart.percent(Int(day * 24 - firstHour), hours), ReportWords.day(ReportWords.hour(day * 24)))
        }
    }

    // MARK: - Numbers of CSS and SVG

    /// A number in tenths.
    static func tenths(_ value: Int) -> String { "\(value / 10).\(value % 10)" }

    /// A share of a whole: `12.5%`.
    static func percent(_ part: Int, _ whole: Int) -> String { tenths(part * 1000 / max(1, whole)) + "%" }
}

/// What honest accounts reached and what a limit would be, on one scale that grows by factors.
struct QuantileBar {
    /// The limit.
    let limit: SuggestedLimit

    /// The place of a number on the scale.
    func place(_ value: Int) -> Int {
        let top = max(limit.most, limit.amount) * 3 / 2
        let share = NaturalLogarithm.of(Double(max(0, value)) + 1) / NaturalLogarithm.of(Double(max(1, top)) + 1)
        return Int((share * 1000).rounded())
    }

    /// Writes the bar.
    func write(into page: inout HTMLText) {
        let title =
            "Half of the honest accounts reached at most \(ReportWords.number(limit.median)), 99 of 100 at most \(ReportWords.number(limit.high)), the largest \(ReportWords.number(limit.most)); the limit is \(ReportWords.number(limit.amount))"
        page.element(
            "svg",
            [
                "viewBox": "0 0 1000 28", "preserveAspectRatio": "none", "role": "img", "aria-label": title,
                "class": "quantile",
            ]
        ) { page in
            page.element("title", title)
            func bar(_ kind: String, _ from: Int, _ to: Int, _ y: Int, _ height: Int) {
                page.own(
                    "<rect class=\"\(kind)\" x=\"\(from)\" width=\"\(max(4, to - from))\" y=\"\(y)\" height=\"\(height)\"/>"
                )
            }
            bar("track", 0, 1000, 11, 6)
            bar("half", 0, place(limit.median), 6, 16)
            bar("most99", place(limit.median), place(limit.high), 8, 12)
            bar("mail", place(limit.most) - 3, place(limit.most) + 3, 6, 16)
            bar("limit", place(limit.amount) - 2, place(limit.amount) + 2, 0, 28)
        }
    }
}
