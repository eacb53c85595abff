// A line of a mail log as the syslog format divides it: when, where, which program, what.
//
//     <22>Jan  5 09:13:22 mx1 postfix/smtpd[811]: 4XkTQ8: client=pc.example.net[192.0.2.7]
//     ^pri ^stamp         ^host ^program    ^pid ^message

import MailTypes

/// One line, its message as places in the line's bytes.
public struct LogLine: Hashable, Sendable {
    /// When it was logged.
    public var time: Timestamp
    /// Which host and program wrote it: an index into the reader's sources.
    public var source: Int
    /// The process id; 0 where the line has none.
    public var pid: UInt32
    /// Where the message stands.
    public var message: Range<Int>
}

/// One program on one host.
public struct LogSource: Hashable, Sendable {
    /// The host's name as the line gives it, or as the file's owner told it.
    public var host: String
    /// The host's number: equal for all programs of one host.
    public var hostNumber: Int
    /// The program's name, such as `postfix-out/smtpd`.
    public var program: String
    /// The number of the parser in `MailLogParsers.builtIn`; nil for a program that none reads.
    public var parser: Int?
    /// The program's part in its mail server, in the parser's own numbers.
    public var role: UInt8
    /// The number of the mail server's instance on its host: queue ids are unique within one.
    public var instance: Int
    /// True where a line says that a message left the queue.
    public var logsRemovals: Bool
}

/// What keeps a line from being one of a mail log.
public enum LineFault: UInt8, Sendable, CaseIterable, CustomStringConvertible {
    /// Nothing, or white space alone.
    case empty
    /// It does not start with a time stamp.
    case noStamp
    /// No host or program follows the stamp.
    case noProgram
    /// More hosts and programs than are remembered.
    case tooManySources
    /// A journal entry that is no JSON object, or has no time or no message.
    case badJournalEntry

    /// The fault in words.
    public var description: String {
        switch self {
        case .empty: "empty line"
        case .noStamp: "no time stamp"
        case .noProgram: "no program name"
        case .tooManySources: "too many hosts and programs"
        case .badJournalEntry: "broken journal entry"
        }
    }
}
