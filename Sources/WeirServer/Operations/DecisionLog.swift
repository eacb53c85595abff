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
    /// Milliseconds between two writes.
    static let flushMilliseconds = 100

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
        let thread = Thread { [self] in run() }
        thread.name = "weir-log"
        thread.start()
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
                lines[place...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            }
            if written < 0 {
                guard errno == EINTR || errno == EAGAIN else {
                    metrics.logLinesDropped.add(lines[place...].reduce(0) { $0 + ($1 == 10 ? 1 : 0) })
                    return
                }
                continue
            }
            place += written
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
            let millisecond = Int((at.nanoseconds - at.seconds * 1_000_000_000) / 1_000_000)
            switch format {
            case .logfmt: DecisionLog.logfmt(decision, transaction, buffer.date, millisecond, &buffer.bytes)
            case .json: DecisionLog.json(decision, transaction, buffer.date, millisecond, &buffer.bytes)
            }
        }
    }

    // MARK: - Forms

    /// The members of a line in order: name, value, and whether it is a number.
    private static func each(
        _ decision: Decision, _ transaction: Transaction, _ member: (StaticString, String) -> Void
    ) {
        member("door", transaction.session.door.description)
        member("stage", decision.stage.description)
        member("host", transaction.session.mailHost)
        if !decision.queueID.isEmpty { member("id", decision.queueID) }
        switch decision.identity {
        case .subscriber(let name, let proof):
            member("subscriber", name)
            member("proof", proof.description)
        case .unattributed(let why): member("unattributed", why.description)
        }
        member("verdict", decision.verdict.kind.description)
        if let would = decision.would { member("would", would.description) }
        member("reason", decision.reason.description)
        if let rule = decision.rule { member("rule", rule) }
        if let code = decision.caseCode { member("case", code) }
        if !decision.evidence.isEmpty {
            member("evidence", decision.evidence.map { "\($0.symbol): \($0.why)" }.joined(separator: "; "))
        }
    }

    /// `at=… door=policy … message=17 recipients=3`
    private static func logfmt(
        _ decision: Decision, _ transaction: Transaction, _ date: [UInt8], _ millisecond: Int, _ out: inout [UInt8]
    ) {
        var line = out
        out = []
        line.append(static: "at=")
        line.append(date, millisecond)
        each(decision, transaction) { name, value in
            line.append(UInt8(ascii: " "))
            line.append(static: name)
            line.append(UInt8(ascii: "="))
            line.append(logfmt: value)
        }
        if let client = transaction.session.client {
            line.append(static: " client=")
            line.append(client)
        }
        line.append(static: " message=")
        line.append(decimal: Int(decision.message))
        line.append(static: " recipients=")
        line.append(decimal: transaction.envelope.recipientCount)
        line.append(static: " bytes=")
        line.append(decimal: transaction.envelope.bytes)
        line.append(static: " policy=")
        line.append(decimal: Int(decision.policyRevision))
        line.append(10)
        out = line
    }

    /// `{"type":"decision","at":"…",…}`, the form of events.md with the door's facts added.
    private static func json(
        _ decision: Decision, _ transaction: Transaction, _ date: [UInt8], _ millisecond: Int, _ out: inout [UInt8]
    ) {
        var line = out
        out = []
        line.append(static: "{\"type\":\"decision\",\"at\":\"")
        line.append(date, millisecond)
        line.append(UInt8(ascii: "\""))
        each(decision, transaction) { name, value in
            line.append(static: ",\"")
            line.append(static: name)
            line.append(static: "\":")
            line.append(json: value)
        }
        if let client = transaction.session.client {
            line.append(static: ",\"client\":\"")
            line.append(client)
            line.append(UInt8(ascii: "\""))
        }
        line.append(static: ",\"message\":")
        line.append(decimal: Int(decision.message))
        line.append(static: ",\"recipients\":")
        line.append(decimal: transaction.envelope.recipientCount)
        line.append(static: ",\"bytes\":")
        line.append(decimal: transaction.envelope.bytes)
        line.append(static: ",\"policy\":")
        line.append(decimal: Int(decision.policyRevision))
        line.append(static: "}\n")
        out = line
    }
}

// MARK: - Bytes

extension [UInt8] {
    /// Appends literal text.
    mutating func append(static text: StaticString) {
        text.withUTF8Buffer { append(contentsOf: $0) }
    }

    /// Appends a number that is not negative.
    mutating func append(decimal value: Int) {
        if value >= 0, value < 10 { return append(UInt8(48 + value)) }
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var rest = Swift.max(0, value)
        var first = 20
        repeat {
            first -= 1
            digits[first] = UInt8(48 + rest % 10)
            rest /= 10
        } while rest > 0
        for index in first..<20 { append(digits[index]) }
    }

    /// Appends an address as text.
    mutating func append(_ address: NetworkAddress) {
        guard address.isIPv4 else { return append(contentsOf: address.description.utf8) }
        for octet in 0..<4 {
            append(decimal: Int(address.low >> UInt64(24 - 8 * octet) & 255))
            if octet < 3 { append(UInt8(ascii: ".")) }
        }
    }

    /// Appends a moment from its date up to the seconds' point, and its milliseconds.
    mutating func append(_ date: [UInt8], _ millisecond: Int) {
        append(contentsOf: date)
        append(UInt8(48 + millisecond / 100))
        append(UInt8(48 + millisecond / 10 % 10))
        append(UInt8(48 + millisecond % 10))
        append(UInt8(ascii: "Z"))
    }

    /// Appends a value of logfmt, in quotes where it holds a blank, a quote, `=` or a control character.
    mutating func append(logfmt value: String) {
        var isPlain = !value.isEmpty
        for byte in value.utf8
        where byte <= 32 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "=") || byte == 127 { isPlain = false }
        guard isPlain else { return append(json: value) }
        if value.utf8.withContiguousStorageIfAvailable({ append(contentsOf: $0) }) == nil {
            append(contentsOf: value.utf8)
        }
    }

    /// Appends a JSON string (RFC 8259 §7).
    mutating func append(json value: String) {
        append(UInt8(ascii: "\""))
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                append(UInt8(ascii: "\\"))
                append(byte)
            case 0..<32, 127:
                append(static: "\\u00")
                append(Array("0123456789abcdef".utf8)[Int(byte >> 4)])
                append(Array("0123456789abcdef".utf8)[Int(byte & 15)])
            default: append(byte)
            }
        }
        append(UInt8(ascii: "\""))
    }
}
