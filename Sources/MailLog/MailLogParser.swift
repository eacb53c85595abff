// The extension point for mail programs: one file that conforms, and one line in `builtIn`.

import MailTypes

/// What a line of a mail program comes to.
public enum LineReading: Sendable {
    /// It tells something about a session, a message or a delivery.
    case fact(LineFact)
    /// A known line that tells nothing of these, by its kind: an index into the parser's `kinds`.
    case notRelevant(UInt8)
    /// None that the parser knows.
    case notUnderstood
}

/// Reads the lines of one mail program. It has no memory: what lines say together is the assembler's part.
public protocol MailLogParser: Sendable {
    /// The mail program's name, for reports.
    var name: String { get }
    /// Names of the kinds of lines that are known and not relevant, by number.
    var kinds: [String] { get }
    /// True where a first component of the program's name, before `/`, names an instance with queue ids of its own.
    var namesInstances: Bool { get }
    /// True where a line says that a message left the queue; else it is gone when all its recipients are dealt with.
    var logsRemovals: Bool { get }
    /// What part of its mail server a program is, in the parser's own numbers; nil for a program of another.
    func role(of program: Span<UInt8>) -> UInt8?
    /// Reads a message: the line without stamp, host, program and process id. Never fails: any bytes are a reading.
    func read(_ message: Span<UInt8>, role: UInt8) -> LineReading
}

/// All parsers, in the order in which they are asked whose program a name is.
public enum MailLogParsers {
    /// The parsers of this build.
    public static let builtIn: [any MailLogParser] = [
        PostfixLog(),
        EximLog(),
        SendmailLog(),
    ]
}
