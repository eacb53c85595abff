// One line of JSON, written member by member (RFC 8259).

/// A JSON text under way. Members come in the order in which they are written.
public struct JSONLine: Sendable {
    /// The text so far.
    public private(set) var text = ""
    /// True where the next member or element needs a comma before it.
    private var needsComma = false

    /// An object of members.
    public static func object(_ write: (inout JSONLine) -> Void) -> String {
        var line = JSONLine()
        line.open("{", "}", write)
        return line.text
    }

    // MARK: - Members

    /// A text.
    public mutating func member(_ name: String, _ value: String) {
        begin(name)
        text += JSONLine.quoted(value)
    }

    /// A number.
    public mutating func member(_ name: String, _ value: Int) {
        begin(name)
        text += String(value)
    }

    /// A number in thousandths: `3.412`.
    public mutating func member(_ name: String, thousandths value: Int) {
        begin(name)
        let digits = String(value.magnitude % 1000)
        text += "\(value < 0 ? "-" : "")\(value.magnitude / 1000)."
        text += String(repeating: "0", count: 3 - digits.utf8.count) + digits
    }

    /// True or false.
    public mutating func member(_ name: String, _ value: Bool) {
        begin(name)
        text += value ? "true" : "false"
    }

    /// A list of texts.
    public mutating func member(_ name: String, _ values: [String]) {
        begin(name)
        text += "[" + values.map(JSONLine.quoted).joined(separator: ",") + "]"
    }

    /// An object.
    public mutating func member(_ name: String, _ write: (inout JSONLine) -> Void) {
        begin(name)
        open("{", "}", write)
    }

    /// An array of objects.
    public mutating func array<Element>(
        _ name: String, _ elements: some Sequence<Element>, _ write: (inout JSONLine, Element) -> Void
    ) {
        begin(name)
        open("[", "]") { line in
            for element in elements {
                line.comma()
                line.open("{", "}") { write(&$0, element) }
            }
        }
    }

    // MARK: - Marks

    /// The name of a member.
    private mutating func begin(_ name: String) {
        comma()
        text += JSONLine.quoted(name) + ":"
    }

    /// A comma between two.
    private mutating func comma() {
        if needsComma { text += "," }
        needsComma = true
    }

    /// Something between two marks.
    private mutating func open(_ mark: String, _ end: String, _ write: (inout JSONLine) -> Void) {
        text += mark
        needsComma = false
        write(&self)
        text += end
        needsComma = true
    }

    /// A text in quotes; quotes, backslashes and control characters escaped, as are the two line ends that are none in JSON.
    public static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
