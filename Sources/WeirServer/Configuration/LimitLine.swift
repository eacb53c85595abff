// One line of a plan as a person writes it: `300 recipients per hour, burst 60`.

import WeirEngine

/// How much of what in which time, read from a line. `description` writes it back, and so does `Limit.line`.
///
/// ```
/// line   = amount dimension ("per" | "a" | "an" | "each" | "every") [count] unit [[","] "burst" amount]
/// amount = digits [kB | MB | GB | TB | KiB | MiB | GiB | TiB]      for bytes
/// unit   = second | minute | hour | day | week, singular or plural
/// ```
public struct LimitLine: Hashable, Sendable {
    /// How much per period.
    public var amount: Int64
    /// What is counted.
    public var dimension: Dimension
    /// The period in seconds.
    public var periodSeconds: Int64
    /// How much at once; nil for the whole amount.
    public var burst: Int64?

    /// The largest amount: ten terabytes. Beyond it the arithmetic of a day would not fit 64 bits.
    public static let amountMax: Int64 = 10_000_000_000_000

    /// The limit of this line.
    public func limit(name: String? = nil, action: LimitAction = .hold, isEnforced: Bool = false) -> Limit {
        Limit(
            name: name, amount, dimension, perSeconds: periodSeconds, burst: burst, action: action,
            isEnforced: isEnforced)
    }
}

/// What is wrong in a limit's line, and where in it.
public struct LimitLineFault: Error, Equatable, Sendable, CustomStringConvertible {
    /// Unicode scalars before the wrong word.
    public var offset: Int
    /// What stands there.
    public var found: String
    /// What should stand there.
    public var expected: String
    /// What to do.
    public var remedy: String

    /// `column 5: found 'recpients', expected …. Did you mean 'recipients'?`
    public var description: String { "column \(offset + 1): found \(found), expected \(expected). \(remedy)" }
}

// MARK: - Writing

extension LimitLine: CustomStringConvertible {
    /// The line of a limit.
    public init(_ limit: Limit) {
        amount = limit.amount
        dimension = limit.dimension
        periodSeconds = limit.periodSeconds
        burst = limit.burst == limit.amount ? nil : limit.burst
    }

    /// As a person writes it, bytes in the largest unit that fits: `2 GB per day, burst 200 MB`.
    public var description: String {
        func text(_ value: Int64) -> String { dimension == .bytes ? Quantity.byteText(value) : String(value) }
        let noun = dimension == .bytes ? "" : " \(dimension)"
        let start = "\(text(amount))\(noun) per \(Limit.longPeriod(periodSeconds))"
        return burst.map { "\(start), burst \(text($0))" } ?? start
    }
}

// MARK: - Parsing

extension LimitLine {
    /// Reads a line.
    public init(_ text: String) throws(LimitLineFault) {
        var words = LimitWords(text)
        let first = words.next
        var amount = try words.amount()
        let noun = try words.dimension()
        dimension = noun.dimension
        amount = try words.scaled(amount, by: noun.unit, at: first)
        self.amount = amount
        periodSeconds = try words.period()
        burst = try words.burst(of: dimension)
        try words.finish()
        let limit = limit()
        if let fault = limit.fault {
            throw LimitLineFault(
                offset: first.offset, found: quoted(text), expected: "a limit that can be kept",
                remedy: fault.prefix(1).uppercased() + fault.dropFirst() + ".")
        }
    }

    /// The dimensions by their words, singular, without hyphens.
    fileprivate static let dimensions: [(words: String, dimension: Dimension)] = [
        ("message", .messages), ("recipient", .recipients), ("null sender message", .nullSenderMessages),
        ("dead recipient", .deadRecipients), ("distinct recipient", .distinctRecipients),
        ("distinct domain", .distinctDomains), ("distinct recipient domain", .distinctDomains),
        ("new recipient", .newRecipients), ("distinct reverse path", .distinctReversePaths),
    ]
    /// The units of a period.
    fileprivate static let periods: [(word: String, seconds: Int64)] = [
        ("second", 1), ("minute", 60), ("hour", 3600), ("day", 86_400), ("week", 604_800),
    ]
    /// The words between what is counted and the period.
    fileprivate static let pers: Set<String> = ["per", "a", "an", "each", "every"]
}

/// The words of a line, each with its place, and the rules by which they follow each other.
private struct LimitWords {
    /// A word.
    struct Word {
        /// Unicode scalars before it.
        var offset: Int
        /// The word as written; empty at the end of the line.
        var text: String
        /// In lower case.
        var folded: String { text.lowercased() }
    }

    /// The words not yet read, the next one last.
    private var rest: [Word] = []
    /// The place behind the last word.
    private var end: Int

    /// The words of a text; a comma is a word.
    init(_ text: String) {
        var words: [Word] = []
        var current: Word?
        var offset = 0
        for scalar in text.unicodeScalars {
            if scalar == " " || scalar == "\t" || scalar == "," {
                if let word = current { words.append(word) }
                current = nil
                if scalar == "," { words.append(Word(offset: offset, text: ",")) }
            } else {
                if current == nil { current = Word(offset: offset, text: "") }
                current?.text.unicodeScalars.append(scalar)
            }
            offset += 1
        }
        if let word = current { words.append(word) }
        end = words.last.map { $0.offset + $0.text.unicodeScalars.count } ?? 0
        rest = words.reversed()
    }

    /// The next word, not taken.
    var next: Word { rest.last ?? Word(offset: end, text: "") }

    /// Takes the next word.
    private mutating func take() -> Word { rest.popLast() ?? Word(offset: end, text: "") }

    /// A fault at a word.
    private func fault(_ word: Word, expected: String, remedy: String) -> LimitLineFault {
        LimitLineFault(
            offset: word.offset, found: word.text.isEmpty ? "the end of the line" : quoted(word.text),
            expected: expected,
            remedy: remedy)
    }

    /// A number; a unit that sticks to it, as in `2GB`, is left as the next word.
    mutating func amount() throws(LimitLineFault) -> Int64 {
        let word = take()
        let digits = word.text.prefix { $0.isASCII && $0.isNumber }
        let unit = word.text.dropFirst(digits.count)
        if !unit.isEmpty, !digits.isEmpty {
            guard Quantity.bytesPerUnit(unit) != nil else {
                throw fault(
                    word, expected: "a whole number", remedy: "Write plain digits: 10000, not 10k, 10.000 or 10_000.")
            }
            rest.append(Word(offset: word.offset + digits.count, text: String(unit)))
        }
        guard let value = Quantity.digits(digits) else {
            throw fault(
                word, expected: "a whole number",
                remedy: "Begin with how much, in plain digits, as in: 300 recipients per hour, burst 60.")
        }
        return value
    }

    /// An amount times its unit, within the bound.
    func scaled(_ amount: Int64, by unit: Int64, at word: Word) throws(LimitLineFault) -> Int64 {
        guard let value = Quantity.product(amount, unit), value <= LimitLine.amountMax else {
            throw fault(
                word, expected: "at most \(LimitLine.amountMax)", remedy: "Leave the limit out if there is to be none.")
        }
        guard value > 0 else {
            throw fault(word, expected: "at least 1", remedy: "A limit of 0 would let no message pass, ever.")
        }
        return value
    }

    /// What is counted, and how many of it one unit is.
    mutating func dimension() throws(LimitLineFault) -> (dimension: Dimension, unit: Int64) {
        if let bytes = Quantity.bytesPerUnit(next.text) {
            _ = take()
            return (.bytes, bytes)
        }
        let first = next
        var words: [String] = []
        while !rest.isEmpty, !LimitLine.pers.contains(next.folded), next.text != "," {
            words += take().folded.split(separator: "-").map(String.init)
        }
        let plural = words.joined(separator: " ")
        let singular = plural.hasSuffix("s") ? String(plural.dropLast()) : plural
        if let match = LimitLine.dimensions.first(where: { $0.words == singular }) { return (match.dimension, 1) }
        let known = Dimension.allCases.map(\.description)
        throw LimitLineFault(
            offset: first.offset, found: plural.isEmpty ? fault(next, expected: "", remedy: "").found : quoted(plural),
            expected: Spelling.list(known.map { $0 == "bytes" ? "MB" : $0 }),
            remedy: Spelling.remedy(
                for: plural, among: known, otherwise: "Say what is counted, as in: 300 recipients per hour, burst 60."))
    }

    /// `per hour`, `a day`, `per 15 minutes`, in seconds.
    mutating func period() throws(LimitLineFault) -> Int64 {
        let per = take()
        guard LimitLine.pers.contains(per.folded) else {
            throw fault(per, expected: "'per' and a time", remedy: "Write, for example, per hour or per 15 minutes.")
        }
        var count: Int64 = 1
        let first = next
        if next.text.utf8.first.map({ $0 >= 48 && $0 <= 57 }) == true { count = try amount() }
        let word = take()
        let name = word.folded.hasSuffix("s") ? String(word.folded.dropLast()) : word.folded
        guard let unit = LimitLine.periods.first(where: { $0.word == name }) else {
            let known = LimitLine.periods.map(\.word)
            throw fault(
                word, expected: Spelling.list(known),
                remedy: name == "month"
                    ? "Months differ in length: write 30 days."
                    : Spelling.remedy(
                        for: name, among: known, otherwise: "Write, for example, per hour or per 15 minutes."))
        }
        guard let seconds = Quantity.product(count, unit.seconds), seconds >= 1, seconds <= Limit.periodSecondsMax
        else {
            throw fault(first, expected: "a time from 1 second to 366 days", remedy: "Choose a time within the range.")
        }
        return seconds
    }

    /// `, burst 60`; nil where the line ends before it.
    mutating func burst(of dimension: Dimension) throws(LimitLineFault) -> Int64? {
        let comma = next.text == "," ? take() : nil
        let word = next
        guard word.folded == "burst" else {
            guard comma == nil else {
                throw fault(
                    word, expected: "'burst' and a number", remedy: "Remove the comma, or write, for example, burst 60."
                )
            }
            return nil
        }
        _ = take()
        if dimension.countsDistinct {
            throw fault(
                word, expected: "no burst: \(dimension) are counted in a sliding window",
                remedy: "Remove it; the whole amount may come at once.")
        }
        let first = next
        let number = try amount()
        var unit: Int64 = 1
        if dimension == .bytes, let bytes = Quantity.bytesPerUnit(next.text) {
            unit = bytes
            _ = take()
        }
        return try scaled(number, by: unit, at: first)
    }

    /// Nothing may follow.
    func finish() throws(LimitLineFault) {
        let word = next
        guard word.text.isEmpty else {
            throw fault(
                word, expected: "the end of the line", remedy: "A line is: amount, what, per time, burst amount.")
        }
    }
}
