// A picture as SVG: shapes and words on a white ground, so that it reads the same on light and dark pages.

import MailTypes

/// A picture under way. Lengths are pixels; at most 9,999 wide and high.
struct Picture: Sendable {
    /// The shapes so far.
    private var shapes: [String] = []
    /// Width.
    let width: Double
    /// Height.
    let height: Double

    /// Colours for marks and lines: told apart by people with any colour vision (Okabe and Ito 2008), black for the first.
    static let colours = [
        "#0050b5", "#56a5e8", "#d55e00", "#009e73", "#cc79a7", "#a06a00", "#777777", "#b09b00", "#000000",
    ]

    /// An empty picture with a title for those who can't see it.
    init(width: Double, height: Double) {
        self.width = width
        self.height = height
    }

    /// The file.
    func svg(title: String) -> String {
        let size = "\(Picture.number(width)) \(Picture.number(height))"
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(size)" width="\(Picture.number(width))" height="\(Picture.number(height))" font-family="sans-serif" font-size="12" fill="#222">
            <title>\(Picture.escaped(title))</title>
            <rect width="100%" height="100%" fill="#fff"/>
            \(shapes.joined(separator: "\n"))
            </svg>

            """
    }

    /// Words. `anchor` is `start`, `middle` or `end`.
    mutating func text(
        _ text: String, _ x: Double, _ y: Double, anchor: String = "start", size: Double = 12, bold: Bool = false,
        colour: String = "#222", turned: Bool = false
    ) {
        let place = "x=\"\(Picture.number(x))\" y=\"\(Picture.number(y))\""
        let turn = turned ? " transform=\"rotate(-90 \(Picture.number(x)) \(Picture.number(y)))\"" : ""
        let weight = bold ? " font-weight=\"bold\"" : ""
        shapes.append(
            "<text \(place) text-anchor=\"\(anchor)\" font-size=\"\(Picture.number(size))\" fill=\"\(colour)\"\(weight)\(turn)>\(Picture.escaped(text))</text>"
        )
    }

    /// A line.
    mutating func line(
        _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, colour: String = "#222", width: Double = 1,
        dash: String = ""
    ) {
        path([(x1, y1), (x2, y2)], colour: colour, width: width, dash: dash)
    }

    /// A line through points.
    mutating func path(_ points: [(Double, Double)], colour: String, width: Double = 1.5, dash: String = "") {
        guard !points.isEmpty else { return }
        let text = points.map { "\(Picture.number($0.0)),\(Picture.number($0.1))" }.joined(separator: " ")
        let dashes = dash.isEmpty ? "" : " stroke-dasharray=\"\(dash)\""
        shapes.append(
            "<polyline points=\"\(text)\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"\(Picture.number(width))\"\(dashes)/>"
        )
    }

    /// A disc, or a ring where it is open.
    mutating func dot(_ x: Double, _ y: Double, radius: Double = 4, colour: String, isOpen: Bool = false) {
        let fill = isOpen ? "#fff" : colour
        shapes.append(
            "<circle cx=\"\(Picture.number(x))\" cy=\"\(Picture.number(y))\" r=\"\(Picture.number(radius))\" fill=\"\(fill)\" stroke=\"\(colour)\" stroke-width=\"1.5\"/>"
        )
    }

    /// A filled rectangle.
    mutating func box(_ x: Double, _ y: Double, _ width: Double, _ height: Double, colour: String) {
        shapes.append(
            "<rect x=\"\(Picture.number(x))\" y=\"\(Picture.number(y))\" width=\"\(Picture.number(max(0, width)))\" height=\"\(Picture.number(max(0, height)))\" fill=\"\(colour)\"/>"
        )
    }

    /// A row of names with their colours, in lines that fit the width; returns the height that it took.
    mutating func legend(_ names: [(name: String, colour: String, dash: String)], _ x: Double, _ y: Double) -> Double {
        var (left, top) = (x, y)
        for entry in names {
            let length = 34 + 7 * Double(entry.name.count)
            if left + length > width - 8, left > x { (left, top) = (x, top + 18) }
            line(left, top - 4, left + 18, top - 4, colour: entry.colour, width: 3, dash: entry.dash)
            text(entry.name, left + 23, top)
            left += length
        }
        return top - y + 18
    }

    /// `12.3`, without separators.
    static func number(_ value: Double) -> String {
        let tenths = Int((min(9999, max(-9999, value)) * 10).rounded())
        let (whole, part) = (abs(tenths) / 10, abs(tenths) % 10)
        return (tenths < 0 ? "-" : "") + "\(whole)" + (part == 0 ? "" : ".\(part)")
    }

    /// Text as XML.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for letter in text {
            switch letter {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            default: result.append(letter)
            }
        }
        return result
    }
}

/// One axis: values to pixels.
struct PictureAxis: Sendable {
    /// The least value shown.
    let least: Double
    /// The most.
    let most: Double
    /// The pixel of the least.
    let from: Double
    /// The pixel of the most.
    let to: Double
    /// True where each factor has the same length.
    let isLogarithmic: Bool

    /// The pixel of a value; what lies outside is put at the end.
    func place(_ value: Double) -> Double {
        let value = min(most, max(least, value))
        let share =
            isLogarithmic
            ? (NaturalLogarithm.of(value) - NaturalLogarithm.of(least))
                / (NaturalLogarithm.of(most) - NaturalLogarithm.of(least))
            : (value - least) / (most - least)
        return from + share * (to - from)
    }

    /// Round values to be written beside the axis: powers of ten, or five equal steps.
    var marks: [Double] {
        guard isLogarithmic else { return (0...5).map { least + (most - least) * Double($0) / 5 } }
        var marks: [Double] = []
        var mark = 1e-3
        while mark <= most * 1.000_001 {
            if mark >= least * 0.999_999 { marks.append(mark) }
            mark *= 10
        }
        return marks
    }

    /// The next power of ten, at or above.
    static func roundUp(_ value: Double) -> Double {
        var mark = 1e-3
        while mark < value, mark < 1e12 { mark *= 10 }
        return mark
    }

    /// A value beside the axis: `0.1`, `10`, `1k`, `10k`, `1M`.
    static func text(_ value: Double) -> String {
        if value >= 999_999 { return "\(Picture.number(value / 1e6))M" }
        if value >= 999 { return "\(Picture.number(value / 1e3))k" }
        if value == value.rounded() { return Picture.number(value) }
        return value < 0.1 ? DecimalText.fixed(value, value < 0.01 ? 3 : 2) : Picture.number(value)
    }
}
