// The figures of the followed mail log.

import Synchronization

/// Figures that the following thread writes, and scrape and status read.
final class MailLogFigures: Sendable {
    /// What changes together.
    struct State: Sendable {
        /// The log's name; nil where none is followed.
        var name: String?
        /// Lines read.
        var lines = 0
        /// Lines of a mail program that were understood, those known as not relevant included.
        var understood = 0
        /// Bytes that are yet to be read.
        var bytesBehind: Int64 = 0
        /// Rotations, truncations, new journalctl processes.
        var restarts = 0
        /// What keeps the log from being read; nil where nothing does.
        var trouble: String?
    }

    /// The state.
    private let state = Mutex(State())
    /// Results journalled.
    let results = Metrics.Counter()
    /// Results of messages that the engine does not know.
    let resultsUnknown = Metrics.Counter()

    /// What it stands at.
    var now: State { state.withLock { $0 } }

    /// A log is followed from here on.
    func begin(_ name: String) { state.withLock { $0.name = name } }

    /// A turn is over.
    func update(lines: Int, understood: Int, bytesBehind: Int64, restarts: Int, trouble: String?) {
        state.withLock {
            $0.lines = lines
            $0.understood = understood
            $0.bytesBehind = bytesBehind
            $0.restarts += restarts
            $0.trouble = trouble
        }
    }
}

/// The followed mail log in `weir status`.
public struct MailLogReport: Codable, Sendable {
    /// The path, or `journald`.
    public var log: String
    /// Lines read since the start.
    public var lines: Int
    /// Lines of mail programs that were understood.
    public var understood: Int
    /// Delivery results journalled.
    public var results: Int
    /// Results of messages that Weir does not know.
    public var resultsUnknown: Int
    /// Bytes that are yet to be read.
    public var bytesBehind: Int64
    /// Rotations, truncations, new journalctl processes.
    public var restarts: Int
    /// What keeps the log from being read; nil where nothing does.
    public var trouble: String?

    /// The figures as a report; nil where no log is followed.
    init?(_ figures: MailLogFigures) {
        let now = figures.now
        guard let name = now.name else { return nil }
        (log, lines, understood, results) = (name, now.lines, now.understood, figures.results.now)
        (resultsUnknown, bytesBehind, restarts) = (figures.resultsUnknown.now, now.bytesBehind, now.restarts)
        trouble = now.trouble
    }
}
