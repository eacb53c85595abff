// One line a decision, in logfmt or JSON, for people and their tools.

import Foundation
import MailTypes
import Synchronization
import WeirEngine

/// The decision log: lines are made where the decision is, and written by a thread of its own. A reader that stands still
/// costs lines, which are counted, and never a decision.
final class DecisionLog: Sendable {
    /// Bytes that may wait for the reader.
    static let backlogBytesMax = 16 << 20
    /// Milliseconds between two looks at what waits.
    static let flushMilliseconds = 100
    /// Bytes written at once, and the pause in seconds after each such piece: the thread gives the processor back before
    /// the scheduler would, so that no mail server waits for a log.
    static let pieceBytes = 64 << 10
    static let pieceSeconds = 0.000_2

    /// Lines not yet written.
    private struct Buffer {
        /// The lines.
        var bytes: [UInt8] = []
        /// Written lines, whose memory is taken next.
        var spare: [UInt8] = []
        /// The second of `date`.
        var second: Int64 = .min
        /// `2026-11-23T18:05:09.` of that second.
        var date: [UInt8] = []
        /// True once the thread is to end.
        var isStopping = false
        /// True once it has.
        var hasStopped = false
    }

    /// The lines.
    private let buffer = Mutex(Buffer())
    /// Where it goes.
    private let destination: Configuration.DecisionLog.Destination
    /// The open file.
    private let descriptor: Mutex<Int32>
    /// The form.
    private let format: Configuration.DecisionLog.Format
    /// The figures.
    private let metrics: Metrics

    /// A log as configured. Throws where its file can't be opened.
    init(_ configuration: Configuration.DecisionLog, metrics: Metrics) throws {
        format = configuration.format
        self.metrics = metrics
        destination = configuration.destination
        switch destination {
        case .standardOutput: descriptor = Mutex(1)
        case .standardError: descriptor = Mutex(2)
        case .file(let path): descriptor = Mutex(try DecisionLog.open(path))
        }
    }

    /// Opens the file for appending.
    private static func open(_ path: String) throws -> Int32 {
        let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else {
            throw StoreError(
                path: path, found: "the decision log can't be opened (\(String(cString: strerror(errno))))",
                remedy: "Make its folder writable for the user that runs Weir, or let the log go to standard output")
        }
        return descriptor
    }

    /// Opens the file anew, after logrotate moved it. Where that fails the old one goes on.
    func reopen() throws {
        guard case .file(let path) = destination else { return }
        let new = try DecisionLog.open(path)
        descriptor.withLock { descriptor in
            close(descriptor)
            descriptor = new
        }
    }

    /// Starts the writing thread.
    func start() {
        NamedThread.start("weir-log") { [self] in run() }
    }

    /// Writes what is left and ends the thread.
    func stop() {
        buffer.withLock { $0.isStopping = true }
        while !buffer.withLock({ $0.hasStopped }) { Thread.sleep(forTimeInterval: 0.005) }
    }

    /// The thread.
    private func run() {
        while true {
            let (lines, isStopping) = buffer.withLock { buffer -> ([UInt8], Bool) in
                var taken: [UInt8] = []
                swap(&taken, &buffer.spare)
                swap(&taken, &buffer.bytes)
                return (taken, buffer.isStopping)
            }
            write(lines)
            recycle(lines)
            if isStopping {
                buffer.withLock { $0.hasStopped = true }
                return
            }
            Thread.sleep(forTimeInterval: Double(DecisionLog.flushMilliseconds) / 1000)
        }
    }

    /// Gives written lines' memory back.
    private func recycle(_ lines: consuming [UInt8]) {
        lines.removeAll(keepingCapacity: true)
        buffer.withLock { if $0.spare.capacity < lines.capacity { $0.spare = lines } }
    }

    /// Writes all of some bytes.
    private func write(_ lines: [UInt8]) {
        var place = 0
        while place < lines.count {
            let written = descriptor.withLock { descriptor in
                lines[place..<min(lines.count, place + DecisionLog.pieceBytes)].withUnsafeBytes {
                    Glibc.write(descriptor, $0.baseAddress, $0.count)
                }
            }
            if written < 0 {
                guard errno == EINTR || errno == EAGAIN else {
                    metrics.logLinesDropped.add(lines[place...].reduce(0) { $0 + ($1 == 10 ? 1 : 0) })
                    return
                }
                continue
            }
            place += written
            if place < lines.count { Thread.sleep(forTimeInterval: DecisionLog.pieceSeconds) }
        }
    }

    /// Adds the line of a decision.
    func note(_ decision: Decision, _ transaction: Transaction, at: Timestamp) {
        buffer.withLock { buffer in
            guard buffer.bytes.count < DecisionLog.backlogBytesMax else {
                metrics.logLinesDropped.add()
                return
            }
            if at.seconds != buffer.second {
                buffer.second = at.seconds
                buffer.date = Array(at.description.utf8.prefix(20))
            }
            let line = DecisionLine(
                decision: decision, transaction: transaction, date: buffer.date,
                millisecond: Int((at.nanoseconds - at.seconds * 1_000_000_000) / 1_000_000), isJSON: format == .json)
            buffer.bytes.append(addingCapacity: line.bytesMax) { line.write(&$0) }
        }
    }
}
