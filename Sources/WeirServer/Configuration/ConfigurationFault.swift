// What is wrong in a configuration file, said so that the operator can mend it without reading the source.

/// One fault: where, what was found, what was expected, what to do. Equality is on `code` alone, so that wording may
/// improve.
public struct ConfigurationFault: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kinds of fault.
    public enum Code: String, Sendable, CaseIterable {
        /// The file can't be read at all.
        case unreadable
        /// Not YAML, not CSV, not UTF-8.
        case syntax
        /// A key given twice in one mapping.
        case duplicateKey
        /// A key that means nothing here.
        case unknownKey
        /// A key that must be there.
        case missingKey
        /// A list where a number was expected, and the like.
        case wrongType
        /// Text that YAML readers take for different things.
        case ambiguous
        /// A value of the right type that can't be used.
        case badValue
        /// A limit's line that can't be read or used.
        case badLimit
        /// A name given to two things.
        case duplicateName
        /// A name that nothing bears.
        case unknownName
        /// Parents in a circle, or too many above each other.
        case badChain
        /// Two settings that can't both hold.
        case conflict
    }

    /// A place in a file.
    public struct Place: Hashable, Sendable, CustomStringConvertible {
        /// The file as it was named.
        public var file: String
        /// The line from 1; 0 where the whole file is meant.
        public var line: Int
        /// The column from 1, in Unicode scalars; 0 where the whole line is meant.
        public var column: Int

        /// A place.
        public init(file: String, line: Int = 0, column: Int = 0) {
            self.file = file
            self.line = line
            self.column = column
        }

        /// `weir.yaml:12:9`, `subscribers.csv:7`, `weir.yaml`.
        public var description: String {
            line == 0 ? file : column == 0 ? "\(file):\(line)" : "\(file):\(line):\(column)"
        }
    }

    /// What kind of fault. Tests compare this.
    public var code: Code
    /// Where.
    public var place: Place
    /// What stands there: `'foo'`, `a list`, `nothing`.
    public var found: String
    /// What should stand there.
    public var expected: String
    /// What to do: one or two sentences.
    public var remedy: String

    /// A fault.
    public init(_ code: Code, at place: Place, found: String, expected: String, remedy: String) {
        self.code = code
        self.place = place
        self.found = found
        self.expected = expected
        self.remedy = remedy
    }

    /// `weir.yaml:12:9: found 'foo', expected true or false. Remedy sentence.`
    public var description: String { "\(place): found \(found), expected \(expected). \(remedy)" }

    /// Equal where the code is.
    public static func == (a: ConfigurationFault, b: ConfigurationFault) -> Bool { a.code == b.code }
}

/// Every fault of a configuration, in the order of its files and lines. A configuration with faults is refused whole.
public struct ConfigurationFaults: Error, Equatable, Sendable, CustomStringConvertible {
    /// The faults, at least one.
    public var faults: [ConfigurationFault]
    /// How many more there are than are shown.
    public var omittedCount: Int

    /// Most faults kept: beyond it they are counted, so that a wrong export of a million lines fills no memory.
    public static let faultsMax = 100

    /// Faults.
    public init(_ faults: [ConfigurationFault], omittedCount: Int = 0) {
        self.faults = faults
        self.omittedCount = omittedCount
    }

    /// True where a file could not be read at all: `weir check` then leaves with 2.
    public var isUnreadable: Bool { faults.contains { $0.code == .unreadable } }

    /// One line a fault.
    public var description: String {
        let lines = faults.map(\.description)
        return (lines + (omittedCount > 0 ? ["and \(omittedCount) more faults."] : [])).joined(separator: "\n")
    }
}

/// Something that works, but probably not as meant.
public struct ConfigurationWarning: Hashable, Sendable, CustomStringConvertible {
    /// Where.
    public var place: ConfigurationFault.Place
    /// What, and what to do: whole sentences.
    public var text: String

    /// A warning.
    public init(at place: ConfigurationFault.Place, _ text: String) {
        self.place = place
        self.text = text
    }

    /// `weir.yaml:12:9: warning: Text.`
    public var description: String { "\(place): warning: \(text)" }
}

/// Gathers faults and warnings while files are read, so that all of them are shown at once.
final class FaultCollector {
    /// The faults as they were met.
    private var faults: [ConfigurationFault] = []
    /// How many were met beyond `faultsMax`.
    private var omittedCount = 0
    /// The warnings as they were met.
    private(set) var warnings: [ConfigurationWarning] = []
    /// The files in the order in which they were first read.
    private var files: [String: Int] = [:]

    /// Notes that a file is read: faults are shown in this order of files.
    func begin(file: String) { if files[file] == nil { files[file] = files.count } }

    /// Notes a fault, once: an anchor's place turns up again at each alias.
    func add(_ fault: ConfigurationFault) {
        if let last = faults.last, last == fault, last.description == fault.description { return }
        if faults.count < ConfigurationFaults.faultsMax { faults.append(fault) } else { omittedCount += 1 }
    }

    /// Notes a warning; beyond `faultsMax` they are left out.
    func warn(at place: ConfigurationFault.Place, _ text: String) {
        if warnings.count < ConfigurationFaults.faultsMax { warnings.append(ConfigurationWarning(at: place, text)) }
    }

    /// True where nothing is wrong so far.
    var isEmpty: Bool { faults.isEmpty }

    /// The faults in the order of files, lines and columns; nil where there is none.
    var result: ConfigurationFaults? {
        guard !faults.isEmpty else { return nil }
        let ordered = faults.enumerated().sorted {
            sortKey($0.element.place, $0.offset) < sortKey($1.element.place, $1.offset)
        }
        return ConfigurationFaults(ordered.map(\.element), omittedCount: omittedCount)
    }

    /// What faults are ordered by.
    private func sortKey(_ place: ConfigurationFault.Place, _ offset: Int) -> (Int, Int, Int, Int) {
        (files[place.file] ?? files.count, place.line, place.column, offset)
    }
}

/// Text in quotes for a message: shortened, control characters made visible, so that a file can't draw on the terminal.
func quoted(_ text: String) -> String {
    var result = "'"
    for scalar in text.unicodeScalars.prefix(60) {
        switch scalar.value {
        case 9: result += "\\t"
        case 10: result += "\\n"
        case 13: result += "\\r"
        case 0..<32, 127..<160: result += "?"
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result + (text.unicodeScalars.count > 60 ? "…'" : "'")
}
