// HTML under way: elements and attributes with everything of others escaped.

/// A page or a part of one. Text and attribute values are escaped here and nowhere else.
package struct HTMLText {
    /// The markup so far.
    package private(set) var markup = ""

    /// What a browser may do with the page: nothing but show it.
    static let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

    /// Nothing yet.
    package init() {}

    /// The page up to where its content begins.
    package mutating func begin(title: String) {
        own("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
        void("meta", ["http-equiv": "Content-Security-Policy", "content": HTMLText.policy])
        void("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"])
        void("meta", ["name": "referrer", "content": "no-referrer"])
        line()
        element("title", title)
        own("\n<style>\n\(PageStyle.sheet)</style>\n</head>\n<body>\n<main>\n")
    }

    /// What comes after its content.
    package mutating func end() { own("</main>\n</body>\n</html>\n") }

    /// An element with content.
    package mutating func element(
        _ name: String, _ attributes: KeyValuePairs<String, String> = [:], _ write: (inout HTMLText) -> Void
    ) {
        open(name, attributes)
        write(&self)
        markup += "</\(name)>"
    }

    /// An element with text alone.
    package mutating func element(
        _ name: String, _ attributes: KeyValuePairs<String, String>, _ text: String
    ) {
        element(name, attributes) { $0.text(text) }
    }

    /// An element with text alone and no attributes.
    package mutating func element(_ name: String, _ text: String) { element(name, [:], text) }

    /// An element that has no content and no end.
    package mutating func void(_ name: String, _ attributes: KeyValuePairs<String, String> = [:]) {
        open(name, attributes)
    }

    /// Text.
    package mutating func text(_ text: String) { markup += HTMLText.escaped(text) }

    /// Markup of our own, which holds nothing of others.
    package mutating func own(_ markup: String) { self.markup += markup }

    /// A line end, for those who read the source.
    package mutating func line() { markup += "\n" }

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
