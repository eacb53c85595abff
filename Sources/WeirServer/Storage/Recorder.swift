// The thread that brings the journal, cases and refusals to disk, a group at a time.

import Foundation
import GRDB
import Logging
import MailTypes
import Synchronization
import WeirEngine

/// A line of the refusals table: a message that was stopped, or would have been.
struct Refusal: Sendable {
    /// When.
    var at: Timestamp
    /// The mail host.
    var mailHost: String
    /// The decision.
    var decision: Decision
}

/// Writes behind the decisions, some times a second, and takes snapshots by replaying the journal on a second engine.
final class Recorder: Sendable {
    /// Between two commits: a crash loses no more of the counters than this and a commit's duration.
    static let commitNanoseconds: Int64 = 250_000_000
    /// Bytes that a commit should have at most: under load commits come more often, so that none of them keeps the
    /// processor from the doors for long.
    static let commitBytes = 256 << 10
    /// The shortest time between two commits.
    static let commitNanosecondsMin: Int64 = 10_000_000
    /// Inputs after which a snapshot is due: four seconds of replay at a restart, and as much again for what comes while it
    /// is made.
    static let snapshotInputs: UInt64 = 750_000
    /// Time after which a snapshot is due, if anything was journalled.
    static let snapshotNanoseconds: Int64 = 600_000_000_000
    /// Refusals that may wait for the disk; beyond it the oldest are dropped and counted.
    static let refusalsMax = 50_000

    /// What waits for the disk beside the journal.
    private struct Waiting {
        /// Refusals.
        var refusals: [Refusal] = []
        /// Cases, the latest of each.
        var cases: [RemediationCase] = []
        /// True while some of it is being written.
        var isWriting = false
        /// True once the thread is to end after a last commit.
        var isStopping = false
        /// True once the thread has ended.
        var hasStopped = false
    }

    /// The engine whose inputs are written.
    private let live: LiveEngine
    /// The disk.
    private let store: Store
    /// Seconds for which journal, cases and refusals are kept.
    private let keepSeconds: Int64
    /// What waits.
    private let waiting = Mutex(Waiting())
    /// Operational messages.
    private let logger: Logger
    /// The figures.
    private let metrics: Metrics

    /// A recorder; `start` begins.
    init(live: LiveEngine, store: Store, keepSeconds: Int64, logger: Logger, metrics: Metrics) {
        self.live = live
        self.store = store
        self.keepSeconds = keepSeconds
        self.logger = logger
        self.metrics = metrics
    }

    /// Notes a stopped message, or one that would have been.
    func note(_ refusal: Refusal) {
        waiting.withLock { waiting in
            if waiting.refusals.count >= Recorder.refusalsMax {
                waiting.refusals.removeFirst(waiting.refusals.count / 2)
                metrics.refusalsDropped.add(Recorder.refusalsMax / 2, ordering: .relaxed)
            }
            waiting.refusals.append(refusal)
        }
    }

    /// Notes how a case stands.
    func note(_ remediation: RemediationCase) { waiting.withLock { $0.cases.append(remediation) } }

    /// Waits until what was noted is on disk, for two seconds at most: a person who asks about a held message knows of it.
    func flush() {
        for _ in 0..<200 {
            if waiting.withLock({ $0.refusals.isEmpty && $0.cases.isEmpty && !$0.isWriting }) { return }
            Thread.sleep(forTimeInterval: 0.01)
        }
    }

    /// Starts the thread. The position is that of the next input; `snapshot` that of the newest snapshot, so that one is due
    /// in time however often Weir is started anew.
    func start(position: UInt64, snapshot: UInt64) {
        NamedThread.start("weir-recorder") { [self] in run(position: position, snapshot: snapshot) }
    }

    /// Writes what is left, then ends the thread. Returns when it has.
    func stop() {
        waiting.withLock { $0.isStopping = true }
        while !waiting.withLock({ $0.hasStopped }) { Thread.sleep(forTimeInterval: 0.005) }
    }

    /// The thread: commit, sleep, and now and then a snapshot.
    private func run(position: UInt64, snapshot: UInt64) {
        var end = position
        var snapshotAt = snapshot
        var snapshotTime = WallClock.nanoseconds(CLOCK_MONOTONIC)
        var pause = Recorder.commitNanoseconds
        while true {
            let isStopping = waiting.withLock { $0.isStopping }
            let began = WallClock.nanoseconds(CLOCK_MONOTONIC)
            var bytes = 0
            while let group = live.takeGroup() {
                bytes += group.byteCount
                commit(group)
                end = group.first + group.count
                let isFull = group.byteCount >= LiveEngine.groupBytesMax
                live.wrote(group)
                if !isStopping, !isFull { break }
            }
            commitWaiting()
            if isStopping {
                waiting.withLock { $0.hasStopped = true }
                return
            }
            let now = WallClock.nanoseconds(CLOCK_MONOTONIC)
            let isDue =
                end - snapshotAt >= Recorder.snapshotInputs
                || end > snapshotAt && now - snapshotTime >= Recorder.snapshotNanoseconds
            if isDue, !snapshotUnderWay.exchange(true, ordering: .acquiring) {
                (snapshotAt, snapshotTime) = (end, now)
                startSnapshot()
            }
            // As long as the last pause would have had to be for a commit of the wanted size.
            pause = bytes == 0 ? Recorder.commitNanoseconds : pause * Int64(Recorder.commitBytes) / Int64(bytes)
            pause = min(max(pause, Recorder.commitNanosecondsMin), Recorder.commitNanoseconds)
            let spent = WallClock.nanoseconds(CLOCK_MONOTONIC) - began
            Thread.sleep(forTimeInterval: Double(max(Recorder.commitNanosecondsMin, pause - spent)) / 1e9)
        }
    }

    /// Writes a group, and tries again while the disk refuses: until the backlog's bound decisions go on regardless.
    private func commit(_ group: JournalGroup) {
        var attempt = 0
        while true {
            do {
                try store.pool.write { try Journal.append(group, to: $0) }
                if attempt > 0 { logger.notice("the journal can be written again") }
                metrics.journalBytes.add(group.byteCount, ordering: .relaxed)
                metrics.journalFailing.store(false, ordering: .relaxed)
                return
            } catch {
                if attempt % 20 == 0 {
                    logger.error(
                        "the journal can't be written; decisions go on, up to the configured backlog is kept",
                        metadata: ["error": "\(error)", "state": "\(store.directory)"])
                }
                metrics.journalFailing.store(true, ordering: .relaxed)
                attempt += 1
                if waiting.withLock({ $0.isStopping }), attempt > 10 { return }
                Thread.sleep(forTimeInterval: 0.5)
            }
        }
    }

    /// Writes cases and refusals.
    private func commitWaiting() {
        let (refusals, cases) = waiting.withLock { waiting in
            defer {
                waiting.refusals.removeAll(keepingCapacity: true)
                waiting.cases.removeAll(keepingCapacity: true)
                waiting.isWriting = true
            }
            return (waiting.refusals, waiting.cases)
        }
        defer { waiting.withLock { $0.isWriting = false } }
        guard !refusals.isEmpty || !cases.isEmpty else { return }
        do {
            try store.pool.write { database in
                for remediation in cases { try Recorder.write(remediation, database) }
                for refusal in refusals { try Recorder.write(refusal, database) }
            }
        } catch {
            logger.error(
                "cases and refusals can't be written", metadata: ["error": "\(error)", "lost": "\(refusals.count)"])
            metrics.refusalsDropped.add(refusals.count, ordering: .relaxed)
        }
    }

    /// Writes one case.
    private static func write(_ remediation: RemediationCase, _ database: GRDB.Database) throws {
        try database.cachedStatement(
            sql: """
                INSERT INTO cases (code, subscriber, state, rule, opened_at, last_at, held, refused)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (code) DO UPDATE SET state = excluded.state, last_at = excluded.last_at,
                  held = excluded.held, refused = excluded.refused
                """
        ).execute(arguments: [
            remediation.code, remediation.subscriber, remediation.state.description, remediation.rule,
            remediation.openedAt.nanoseconds, remediation.lastAt.nanoseconds, Int64(remediation.held),
            Int64(remediation.refused),
        ])
    }

    /// Writes one refusal: a message has one row, whatever the number of questions in which it was stopped.
    private static func write(_ refusal: Refusal, _ database: GRDB.Database) throws {
        let decision = refusal.decision
        try database.cachedStatement(
            sql: """
                INSERT INTO refusals (at, message, mail_host, queue_id, subscriber, verdict, would, reason, rule, case_code, evidence)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (message) DO UPDATE SET at = excluded.at, verdict = excluded.verdict, would = excluded.would,
                  reason = excluded.reason, rule = excluded.rule, case_code = excluded.case_code,
                  queue_id = excluded.queue_id, evidence = evidence || '; ' || excluded.evidence
                """
        ).execute(arguments: [
            refusal.at.nanoseconds, Int64(decision.message), refusal.mailHost, decision.queueID, decision.identity.name,
            decision.verdict.kind.description, decision.would?.description, decision.reason.description,
            decision.rule ?? "",
            decision.caseCode, decision.evidence.map(\.why).joined(separator: "; "),
        ])
    }

    // MARK: - Snapshots

    /// True while a snapshot is being made.
    private let snapshotUnderWay = Atomic<Bool>(false)

    /// Makes a snapshot on a thread of its own, at low priority: a second engine, brought back from disk as after a crash.
    private func startSnapshot() {
        NamedThread.start("weir-snapshot") { [self] in
            _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10)  // on Linux this thread alone
            defer { snapshotUnderWay.store(false, ordering: .releasing) }
            do {
                let recovered = try Recovery.recover(store) {
                    // The first one is made at start. A damaged disk must not end the decisions.
                    throw JournalDamage(position: 0, found: "there is no good snapshot to begin from")
                }
                if let damage = recovered.damage {
                    logger.error("no snapshot: the journal is damaged", metadata: ["damage": "\(damage)"])
                    return
                }
                if recovered.differing > 0 {
                    metrics.replayDiffering.add(Int(recovered.differing), ordering: .relaxed)
                    logger.error(
                        "replay gave other outputs than were recorded: please report this",
                        metadata: ["inputs": "\(recovered.differing)", "position": "\(recovered.position)"])
                }
                try Recovery.write(recovered.engine, position: recovered.position, keepSeconds: keepSeconds, to: store)
            } catch {
                logger.error("no snapshot", metadata: ["error": "\(error)"])
            }
        }
    }
}

extension Identity {
    /// The subscriber's name, or why there is none, as tables and logs show it.
    var name: String {
        switch self {
        case .subscriber(let name, _): name
        case .unattributed(let why): "(\(why))"
        }
    }
}
