// An audit of files: reads and parses on one thread, judges on another.

import Foundation
import MailLog
import MailTypes
import Synchronization
import WeirAudit
import WeirEngine

/// What an audit is asked for.
public struct AuditRequest: Sendable {
    /// How the files are written.
    public enum Format: String, Sendable, CaseIterable {
        /// Logs of Postfix, Exim or Sendmail.
        case log
        /// The JSON lines of events.md.
        case events
    }

    /// The files; `-` is standard input.
    public var files: [String]
    /// How they are written.
    public var format: Format
    /// The seconds that stamps without a zone are ahead of UTC.
    public var zoneSeconds: Int
    /// How it judges.
    public var settings: AuditSettings

    /// A request.
    public init(files: [String], format: Format = .log, zoneSeconds: Int = 0, settings: AuditSettings) {
        self.files = files
        self.format = format
        self.zoneSeconds = zoneSeconds
        self.settings = settings
    }
}

/// What an audit came to.
public struct AuditOutcome: Sendable {
    /// The findings.
    public var report: AuditReport
    /// What the lines were, by kind.
    public var lines: [LineCensus.Row] = []
    /// Lines in all.
    public var lineCount = 0
    /// What the assemblers met, a stream each.
    public var counts: [AssemblerCounts] = []
    /// Files that could not be read, or not to their end.
    public var faults: [LogFileError] = []
    /// Bytes of log that were read.
    public var bytes = 0
    /// How long it took, in nanoseconds.
    public var nanoseconds: Int64 = 0
    /// What the labels of the events say of the findings; nil without labels.
    public var scoring: Scoring?
}

extension AuditOutcome {
    /// The same with names of people and machines replaced.
    public func anonymised(_ pseudonyms: Pseudonyms) -> AuditOutcome {
        var outcome = self
        outcome.report = pseudonyms.report(report)
        outcome.lines = pseudonyms.rows(lines)
        return outcome
    }

    /// The report as a page.
    public var html: String { AuditPage.html(report, lines: lines) }

    /// The last line of JSON.
    public var summaryLine: String { AuditLines.summary(report, lines: lines, counts: counts) }

    /// The report for a terminal, and what the labels say of it.
    public func text(width: Int, isColoured: Bool) -> String {
        var text = AuditText.text(report, lines: lines, width: width, isColoured: isColoured)
        if let scoring {
            text += "\nAgainst the labels\n"
            for (scores, word) in [(scoring.families, "taken over"), (scoring.strata, "honest")] {
                for score in scores {
                    text +=
                        "  \(score.kind.isEmpty ? word : "\(word), \(score.kind)"): \(score.named) of \(score.accounts) named\n"
                }
            }
        }
        return text
    }
}

/// Runs audits.
public enum AuditRun {
    /// Facts handed over at once.
    static let batchFacts = 1024
    /// Batches that may wait for the judge.
    static let batchesMax = 16

    /// Runs an audit. `progress` is told the share that was read, from 0 to 1, on the reading thread; `tell` what the
    /// audit tells as it goes, in order, on this one.
    public static func run(
        _ request: AuditRequest, progress: @escaping @Sendable (Double) -> Void = { _ in },
        tell: (AuditedLine) -> Void = { _ in }
    ) -> AuditOutcome {
        let began = WallClock.nanoseconds(CLOCK_MONOTONIC)
        var outcome: AuditOutcome
        switch request.format {
        case .log: outcome = readLogs(request, progress, tell)
        case .events: outcome = EventsRun.read(request, progress, tell)
        }
        outcome.nanoseconds = WallClock.nanoseconds(CLOCK_MONOTONIC) - began
        return outcome
    }

    /// Reads mail logs.
    private static func readLogs(
        _ request: AuditRequest, _ progress: @escaping @Sendable (Double) -> Void, _ tell: (AuditedLine) -> Void
    ) -> AuditOutcome {
        let queue = BatchQueue<MailFact>(batchesMax: batchesMax)
        let reading = Mutex<LogReading?>(nil)
        NamedThread.start("weir-audit-read", stackBytes: 4 << 20) {
            var logs = LogReading(request, progress)
            logs.run(into: queue)
            reading.withLock { $0 = logs }
            queue.end()
        }
        var audit = Audit(request.settings)
        while let batch = queue.take() {
            for fact in batch { for line in audit.take(fact) { tell(line) } }
        }
        var outcome = AuditOutcome(report: audit.finish())
        reading.withLock { logs in
            guard let logs else { return }
            outcome.lines = logs.rows
            outcome.lineCount = logs.lineCount
            outcome.counts = logs.counts
            outcome.faults = logs.faults
            outcome.bytes = logs.bytes
        }
        return outcome
    }
}

/// Hands batches from one thread to another; the giver waits while too many wait.
final class BatchQueue<Element: Sendable>: Sendable {
    /// What waits.
    private let batches = Mutex<[[Element]]>([])
    /// Room for batches.
    private let room: DispatchSemaphore
    /// Batches, or the end.
    private let filled = DispatchSemaphore(value: 0)

    /// A queue for so many batches.
    init(batchesMax: Int) { room = DispatchSemaphore(value: batchesMax) }

    /// Gives a batch.
    func give(_ batch: [Element]) {
        room.wait()
        batches.withLock { $0.append(batch) }
        filled.signal()
    }

    /// Says that there is no more.
    func end() { filled.signal() }

    /// The next batch; nil at the end.
    func take() -> [Element]? {
        filled.wait()
        let batch = batches.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        if batch != nil { room.signal() }
        return batch
    }
}
