// An audit of events: the JSON lines of events.md, from any other system.

import ContentAnalysis
import Foundation
import MailLog
import MailTypes
import WeirAudit

/// Reads files of events: rotated files in the order of time, several logs merged by it.
struct EventsRun {
    /// One log of events with its rotated files, being read.
    private struct Stream {
        /// The files still to be read.
        var files: [LogFileEntry]
        /// The reader.
        var reader: EventReader
        /// The file that is being read.
        var file: LogFileReader?
        /// The next event.
        var head: LoggedEvent?
    }

    /// Turns addresses into keys. They are this run's own: nothing of them leaves it.
    private let hash = AddressHash(KeyedHash(key0: 0x6175, key1: 0x6469))
    /// Digests header and text.
    private let fingerprinter = Fingerprinter(key: KeyedHash(key0: 0x6576, key1: 0x656E))
    /// Told the share that was read.
    private let progress: @Sendable (Double) -> Void
    /// Bytes on disk of all files.
    private var total = 0
    /// Bytes on disk of the files that were read whole.
    private var read = 0
    /// Bytes of events.
    private var bytes = 0
    /// Files that could not be read, or not to their end.
    private var faults: [LogFileError] = []

    /// A run of nothing yet.
    private init(_ progress: @escaping @Sendable (Double) -> Void) { self.progress = progress }

    /// Reads the files and judges what they say.
    static func read(
        _ request: AuditRequest, _ progress: @escaping @Sendable (Double) -> Void, _ tell: (AuditedLine) -> Void
    ) -> AuditOutcome {
        var run = EventsRun(progress)
        return run.read(request, tell)
    }

    /// Reads the files and judges what they say.
    private mutating func read(_ request: AuditRequest, _ tell: (AuditedLine) -> Void) -> AuditOutcome {
        var audit = Audit(request.settings)
        var piece = [UInt8](repeating: 0, count: LogFileReader.pieceBytes)
        var streams = LogFileOrder.streams(request.files.compactMap { entry($0, &piece) }).map {
            Stream(files: $0, reader: EventReader(hash: hash, fingerprinter: fingerprinter))
        }
        var merge = StreamMerge()
        for index in streams.indices {
            advance(&streams[index], &piece)
            if let head = streams[index].head { merge.offer(index, at: head.at) }
        }
        while let index = merge.next {
            if let event = streams[index].head { for line in audit.take(event) { tell(line) } }
            merge.removeFirst()
            advance(&streams[index], &piece)
            if let head = streams[index].head { merge.offer(index, at: head.at) }
        }
        let report = audit.finish()
        var outcome = AuditOutcome(report: report)
        outcome.lines = LogReading.merged(streams.flatMap(\.reader.rows))
        outcome.lineCount = streams.reduce(0) { $0 + $1.reader.lineCount }
        outcome.faults = faults
        outcome.bytes = bytes
        let labels = streams.flatMap(\.reader.labels)
        if !labels.isEmpty { outcome.scoring = Scoring(report, labels, subscribers: report.volumes.subscribers) }
        return outcome
    }

    /// A file by what its name and its first event tell; nil where it can't be opened.
    private mutating func entry(_ path: String, _ piece: inout [UInt8]) -> LogFileEntry? {
        if LogFileReader.isReadOnce(path) {
            return LogFileEntry(path: path, modified: LogFileReader.now, firstTime: nil)
        }
        do throws(LogFileError) {
            let file = try LogFileReader(path)
            total += file.size
            return LogFileEntry(path: path, modified: file.modified, firstTime: firstTime(file, &piece))
        } catch {
            faults.append(error)
            return nil
        }
    }

    /// When a file's first event was; nil where its first piece tells of none. What is wrong with it is told when it is read.
    private func firstTime(_ file: LogFileReader, _ piece: inout [UInt8]) -> Timestamp? {
        var reader = EventReader(hash: hash)
        var count = 0
        while count < LogFileReader.pieceBytes, let more = try? file.next(&piece), more > 0 {
            reader.add(piece[..<more])
            if let event = reader.next() { return event.at }
            count += more
        }
        reader.endFile()
        return reader.next()?.at
    }

    /// Reads on in a stream until it has its next event.
    private mutating func advance(_ stream: inout Stream, _ piece: inout [UInt8]) {
        while true {
            stream.head = stream.reader.next()
            if stream.head != nil { return }
            if let file = stream.file {
                readPiece(file, &stream, &piece)
            } else if stream.files.isEmpty {
                return
            } else {
                open(stream.files.removeFirst(), &stream)
            }
        }
    }

    /// Opens a stream's next file.
    private mutating func open(_ entry: LogFileEntry, _ stream: inout Stream) {
        do throws(LogFileError) {
            stream.file = try LogFileReader(entry.path)
        } catch {
            faults.append(error)
        }
    }

    /// Reads a piece of a stream's present file.
    private mutating func readPiece(_ file: LogFileReader, _ stream: inout Stream, _ piece: inout [UInt8]) {
        do throws(LogFileError) {
            let count = try file.next(&piece)
            bytes += count
            if count > 0 {
                stream.reader.add(piece[..<count])
                if total > 0 { progress(min(1, Double(read + file.bytesRead) / Double(total))) }
                return
            }
        } catch {
            faults.append(error)
        }
        stream.reader.endFile()
        read += file.size
        stream.file = nil
    }
}
