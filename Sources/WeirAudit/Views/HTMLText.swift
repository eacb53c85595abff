// HTML under way: elements and attributes with everything of others escaped.

/// A page or a part of one. Text and attribute values are escaped here and nowhere else.
struct HTMLText {
    /// The markup so far.
    private(set) var markup = ""

    /// An element with content.
    mutating func element(
        _ name: String, _ attributes: KeyValuePairs<String, String> = [:], _ write: (inout HTMLText) -> Void
    ) {
        open(name, attributes)
        write(&self)
        markup += "</\(name)>"
    }

    /// An element with text alone.
    mutating func element(_ name: String, _ attributes: KeyValuePairs<String, String>, _ text: String) {
        element(name, attributes) { $0.text(text) }
    }

    /// An element with text alone and no attributes.
    mutating func element(_ name: String, _ text: String) { element(name, [:], text) }

    /// An element that has no content and no end.
    mutating func void(_ name: String, _ attributes: KeyValuePairs<String, String> = [:]) { open(name, attributes) }

    /// Text.
    mutating func text(_ text: String) { markup += HTMLText.escaped(text) }

    /// Markup of our own, which holds nothing of others.
    mutating func own(_ markup: String) { self.markup += markup }

    /// A line end, for those who read the source.
    mutating func line() { markup += "\n" }

    /// An element's beginning.
    private mutating func open(_ name: String, _ attributes: KeyValuePairs<String, String>) {
        markup += "<\(name)"
        for (name, value) in attributes { markup += " \(name)=\"\(HTMLText.escaped(value))\"" }
        markup += ">"
    }

    /// Text of others as markup takes it: harmless characters, and the five that mean something replaced.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in ReportWords.shown(text).unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
