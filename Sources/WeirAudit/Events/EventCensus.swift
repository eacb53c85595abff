// What the lines of events were: counted by kind, with one example each, as those of a log are.

import MailLog

/// Counts of lines. What came from outside names kinds, so that their number is bounded.
struct EventCensus: Sendable {
    /// Kinds told apart; further ones are counted as one.
    static let kindsMax = 64
    /// The name of a kind, in characters.
    private static let kindLength = 64

    /// Lines.
    private(set) var lines = 0
    /// Counts by kind.
    private(set) var rows: [LineCensus.Row] = []

    /// Counts a line; `number` is its place in its file.
    mutating func note(_ category: LineCensus.Category, _ kind: String, _ line: ArraySlice<UInt8>, at number: Int) {
        lines += 1
        let name = String(kind.prefix(EventCensus.kindLength))
        if let known = rows.firstIndex(where: { $0.category == category && $0.kind == name }) {
            rows[known].count += 1
        } else if rows.count < EventCensus.kindsMax {
            add(
                LineCensus.Row(
                    category: category, server: "events", kind: name, count: 1, example: example(line), line: number))
        } else {
            let rest = "any other kind"
            guard let known = rows.firstIndex(where: { $0.category == category && $0.kind == rest }) else {
                add(
                    LineCensus.Row(
                        category: category, server: "events", kind: rest, count: 1, example: example(line), line: number
                    ))
                return
            }
            rows[known].count += 1
        }
    }

    /// Counts lines that were too long to be kept.
    mutating func noteTooLong(_ count: Int) {
        guard count > 0 else { return }
        lines += count
        add(
            LineCensus.Row(
                category: .notUnderstood, server: "events", kind: "longer than any event", count: count, example: ""))
    }

    /// Adds a kind.
    private mutating func add(_ row: LineCensus.Row) { rows.append(row) }

    /// A line's start as printable text.
    private func example(_ line: ArraySlice<UInt8>) -> String {
        let start = Array(line.prefix(LineCensus.exampleBytesMax))
        return LineCensus.example(start.span)
    }
}
