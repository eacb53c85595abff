// Lines of text of a bounded width, for a terminal with colours or without.

/// How a piece of text looks where colours are shown.
enum TextStyle: String {
    /// As everything else.
    case plain = ""
    /// Headings and names.
    case bold = "1"
    /// What is said beside.
    case faint = "2"
    /// What looks stolen.
    case alarm = "1;31"
    /// What is worth a look.
    case warning = "33"
    /// What is well.
    case good = "1;32"
    /// What can be typed or pasted.
    case code = "36"
}

/// Text and its look.
struct TextPiece {
    /// The text.
    var text: String
    /// The look.
    var style: TextStyle

    /// A piece.
    init(_ text: String, _ style: TextStyle = .plain) {
        self.text = text
        self.style = style
    }
}

/// Text that grows a line at a time and never gets wider than the terminal.
struct TextCanvas {
    /// Columns.
    let width: Int
    /// True where colours are shown.
    let isColoured: Bool
    /// The text so far.
    private(set) var text = ""

    /// An empty canvas of 60 to 200 columns.
    init(width: Int, isColoured: Bool) {
        self.width = min(max(60, width), 200)
        self.isColoured = isColoured
    }

    // MARK: - Widths

    /// The columns of a text: wide characters of East Asian scripts take two, marks over a character none.
    static func columns(_ text: String) -> Int { text.unicodeScalars.reduce(0) { $0 + columns($1) } }

    /// The columns of a character.
    private static func columns(_ scalar: Unicode.Scalar) -> Int {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return 0
        default: break
        }
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
            0x1F300...0x1FAFF, 0x20000...0x3FFFD:
            return 2
        default: return 1
        }
    }

    /// A text of at most so many columns: what is too long loses its middle, where names of hosts and people differ least.
    static func fitted(_ text: String, _ most: Int) -> String {
        guard columns(text) > most else { return text }
        var (head, tail) = ("", "")
        var left = max(1, most - 1)
        var (front, back) = (text[...], text[...])
        while left > 0, let first = front.first, let last = back.last {
            let takesHead = columns(head) <= columns(tail)
            let next = takesHead ? first : last
            left -= columns(String(next))
            guard left >= 0 else { break }
            if takesHead {
                head.append(next)
                front.removeFirst()
            } else {
                tail = String(next) + tail
                back.removeLast()
            }
        }
        return head + "…" + tail
    }

    /// A text filled up to so many columns, and cut to them.
    static func padded(_ text: String, _ count: Int, atEnd: Bool = true) -> String {
        let text = fitted(text, count)
        let space = String(repeating: " ", count: max(0, count - columns(text)))
        return atEnd ? text + space : space + text
    }

    // MARK: - Lines

    /// An empty line.
    mutating func blank() { text += "\n" }

    /// A line of pieces, which fit.
    mutating func line(_ pieces: [TextPiece]) {
        var left = width
        var line = ""
        for piece in pieces {
            let shown = TextCanvas.columns(piece.text) <= left ? piece.text : TextCanvas.fitted(piece.text, left)
            left -= TextCanvas.columns(shown)
            line += painted(shown, piece.style)
            if left <= 0 { break }
        }
        while line.hasSuffix(" ") { line.removeLast() }
        text += line + "\n"
    }

    /// A line of one piece.
    mutating func line(_ text: String, _ style: TextStyle = .plain) { line([TextPiece(text, style)]) }

    /// A heading with an empty line before it and a rule to the edge.
    mutating func heading(_ title: String) {
        blank()
        let rule = String(repeating: "─", count: max(0, width - TextCanvas.columns(title) - 1))
        line([TextPiece(title, .bold), TextPiece(" \(rule)", .faint)])
    }

    /// A paragraph, broken between words. What leads it stands in its first line, and the others hang under the text.
    mutating func paragraph(_ given: String, _ style: TextStyle = .plain, lead: [TextPiece] = []) {
        let hang = lead.reduce(0) { $0 + TextCanvas.columns($1.text) }
        let room = max(20, width - hang)
        var lead = lead
        for row in TextCanvas.rows(given, room) {
            line(lead + [TextPiece(row, style)])
            lead = [TextPiece(String(repeating: " ", count: hang))]
        }
    }

    /// A text in rows of at most so many columns. A word that is longer is cut.
    static func rows(_ text: String, _ room: Int) -> [String] {
        var rows: [String] = []
        var row = ""
        for word in text.split(separator: " ") {
            let word = fitted(String(word), room)
            if row.isEmpty {
                row = word
            } else if columns(row) + 1 + columns(word) <= room {
                row += " " + word
            } else {
                rows.append(row)
                row = word
            }
        }
        return row.isEmpty && !rows.isEmpty ? rows : rows + [row]
    }

    /// Text in its look.
    private func painted(_ text: String, _ style: TextStyle) -> String {
        isColoured && style != .plain && !text.isEmpty ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }
}
