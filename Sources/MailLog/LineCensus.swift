// What a log's lines were: counted by kind, with one example each, so that nothing is passed over in silence.

import MailTypes

/// Counts of lines. Its size is bounded by the parsers' kinds and by `SourceTable.sourcesMax`.
public struct LineCensus: Sendable {
    /// Longest example, in bytes.
    public static let exampleBytesMax = 300

    /// What a row counts.
    public enum Category: UInt8, Sendable, CaseIterable, CustomStringConvertible {
        /// Lines that became facts.
        case fact = 1
        /// Known lines that tell nothing of sessions, messages and deliveries.
        case notRelevant
        /// Lines of a mail program that its parser does not know.
        case notUnderstood
        /// Lines of programs that no parser reads.
        case otherProgram
        /// Lines that are none of a log.
        case noLogLine

        /// The category in words.
        public var description: String {
            switch self {
            case .fact: "fact"
            case .notRelevant: "not relevant"
            case .notUnderstood: "not understood"
            case .otherProgram: "other program"
            case .noLogLine: "no log line"
            }
        }
    }

    /// One kind of line.
    public struct Row: Hashable, Sendable {
        /// What it counts.
        public var category: Category
        /// The mail program; empty for lines of none.
        public var server: String
        /// The kind: a fact's name, a parser's kind, a program's name, a fault.
        public var kind: String
        /// How many.
        public var count: Int
        /// The first one's message, cut and made printable.
        public var example: String
        /// The number of that line in its file, from 1; 0 where it is not told.
        public var line: Int

        /// A row.
        public init(category: Category, server: String, kind: String, count: Int, example: String, line: Int = 0) {
            self.category = category
            self.server = server
            self.kind = kind
            self.count = count
            self.example = example
            self.line = line
        }
    }

    /// A count and its first line.
    private struct Tally: Sendable {
        /// How many.
        var count = 0
        /// The first one.
        var example = ""
    }

    /// Lines read, of any kind.
    public private(set) var lines = 0
    /// Lines of a mail program that were understood, those known as not relevant included.
    public var understood: Int { known.reduce(0) { $0 + $1.count } }
    /// Lines that were cut at `LineSplitter.lineBytesMax`, and counted by kind as well.
    public private(set) var linesCut = 0
    /// Facts and kinds of all parsers, one behind the other.
    private var known: [Tally]
    /// Where each parser's tallies begin.
    private let bases: [Int]
    /// What was not understood, by source.
    private var notUnderstood: [Tally] = []
    /// Lines of other programs, by source.
    private var otherPrograms: [Tally] = []
    /// Faults, by number.
    private var faults = [Tally](repeating: Tally(), count: LineFault.allCases.count)

    /// A census of nothing yet.
    public init() {
        var bases: [Int] = []
        var count = 0
        for parser in MailLogParsers.builtIn {
            bases.append(count)
            count += LineFact.kinds.count + parser.kinds.count
        }
        self.bases = bases
        known = [Tally](repeating: Tally(), count: count)
    }

    /// Counts a line that was cut.
    mutating func countCut() { linesCut += 1 }

    /// Counts a line that is none of a log.
    mutating func count(_ fault: LineFault, _ line: Span<UInt8>) {
        lines += 1
        LineCensus.add(&faults[Int(fault.rawValue)], line)
    }

    /// Counts a line of a program that no parser reads.
    mutating func countOther(source: Int, _ message: Span<UInt8>) {
        lines += 1
        LineCensus.grow(&otherPrograms, to: source)
        LineCensus.add(&otherPrograms[source], message)
    }

    /// Counts a mail program's line.
    @inline(__always)
    mutating func count(_ reading: borrowing LineReading, parser: Int, source: Int, _ message: Span<UInt8>) {
        lines &+= 1
        let index: Int
        switch reading {
        case .fact(let fact): index = bases[parser] &+ fact.kind
        case .notRelevant(let kind): index = bases[parser] &+ LineFact.kinds.count &+ Int(kind)
        case .notUnderstood:
            LineCensus.grow(&notUnderstood, to: source)
            LineCensus.add(&notUnderstood[source], message)
            return
        }
        if known[index].count == 0 { known[index].example = LineCensus.example(message) }
        known[index].count &+= 1
    }

    /// Makes room for a source.
    private static func grow(_ tallies: inout [Tally], to source: Int) {
        while tallies.count <= source { tallies.append(Tally()) }
    }

    /// Adds one.
    private static func add(_ tally: inout Tally, _ line: Span<UInt8>) {
        if tally.count == 0 { tally.example = example(line) }
        tally.count += 1
    }

    /// A line's start as printable text.
    public static func example(_ line: Span<UInt8>) -> String {
        var clean: [UInt8] = []
        for place in 0..<min(line.count, exampleBytesMax) {
            clean.append(line[place] >= 32 && line[place] != 127 ? line[place] : UInt8(ascii: "?"))
        }
        return String(decoding: clean, as: UTF8.self)
    }

    /// All kinds that occurred, in a fixed order: facts, not relevant, not understood, other programs, faults.
    func rows(_ sources: [LogSource]) -> [Row] {
        var rows: [Row] = []
        for (category, offset) in [(Category.fact, 0), (.notRelevant, LineFact.kinds.count)] {
            for (number, parser) in MailLogParsers.builtIn.enumerated() {
                for (index, name) in (offset == 0 ? LineFact.kinds : parser.kinds).enumerated() {
                    let tally = known[bases[number] + offset + index]
                    guard tally.count > 0 else { continue }
                    rows.append(
                        Row(
                            category: category, server: parser.name, kind: name, count: tally.count,
                            example: tally.example))
                }
            }
        }
        for (category, tallies) in [(Category.notUnderstood, notUnderstood), (.otherProgram, otherPrograms)] {
            for (source, tally) in tallies.enumerated() where tally.count > 0 {
                rows.append(
                    Row(
                        category: category,
                        server: sources[source].parser.map { MailLogParsers.builtIn[$0].name } ?? "",
                        kind: sources[source].program, count: tally.count, example: tally.example))
            }
        }
        for (fault, tally) in zip(LineFault.allCases, faults) where tally.count > 0 {
            rows.append(
                Row(
                    category: .noLogLine, server: "", kind: fault.description, count: tally.count,
                    example: tally.example))
        }
        return rows
    }
}
