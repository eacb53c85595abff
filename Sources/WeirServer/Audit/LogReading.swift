// The reading half of an audit: files in order, streams merged by time.

import Foundation
import MailLog
import MailTypes
import WeirAudit

/// Reads the streams of an audit.
struct LogReading: Sendable {
    /// One log with its rotated files, being read.
    private struct Stream {
        /// The files still to be read.
        var files: [LogFileEntry]
        /// The reader; nil before the first file.
        var reader: MailLogReader?
        /// The file that is being read.
        var file: LogFileReader?
        /// The next fact.
        var head: MailFact?
    }

    /// Bytes at the head of a file in which its first stamp is looked for.
    private static let headBytes = 64 << 10

    /// What is asked for.
    private let request: AuditRequest
    /// Told the share that was read.
    private let progress: @Sendable (Double) -> Void
    /// Bytes on disk of all files.
    private var total = 0
    /// Bytes on disk of the files that were read whole.
    private var read = 0
    /// Bytes of log.
    private(set) var bytes = 0
    /// Files that could not be read, or not to their end.
    private(set) var faults: [LogFileError] = []
    /// What the lines were.
    private(set) var rows: [LineCensus.Row] = []
    /// Lines.
    private(set) var lineCount = 0
    /// What the assemblers met.
    private(set) var counts: [AssemblerCounts] = []

    /// A reading of nothing yet.
    init(_ request: AuditRequest, _ progress: @escaping @Sendable (Double) -> Void) {
        self.request = request
        self.progress = progress
    }

    /// Reads everything and hands over the facts.
    mutating func run(into queue: BatchQueue<MailFact>) {
        var streams = LogFileOrder.streams(request.files.compactMap { entry($0) }).map { Stream(files: $0) }
        var merge = StreamMerge()
        var piece = [UInt8](repeating: 0, count: LogFileReader.pieceBytes)
        var batch: [MailFact] = []
        batch.reserveCapacity(AuditRun.batchFacts)
        for index in streams.indices {
            advance(&streams[index], &piece)
            if let head = streams[index].head { merge.offer(index, at: head.at) }
        }
        while let index = merge.next {
            if let fact = streams[index].head { batch.append(fact) }
            if batch.count == AuditRun.batchFacts {
                queue.give(batch)
                batch = []
                batch.reserveCapacity(AuditRun.batchFacts)
            }
            merge.removeFirst()
            advance(&streams[index], &piece)
            if let head = streams[index].head { merge.offer(index, at: head.at) }
        }
        if !batch.isEmpty { queue.give(batch) }
        for case let reader? in streams.map(\.reader) {
            rows += reader.lines.rows
            lineCount += reader.lines.census.lines
            counts.append(reader.assembler.counts)
        }
        rows = LogReading.merged(rows)
    }

    /// A file by what its name and its first lines tell; nil where it can't be opened.
    private mutating func entry(_ path: String) -> LogFileEntry? {
        if LogFileReader.isReadOnce(path) {
            return LogFileEntry(path: path, modified: LogFileReader.now, firstTime: nil)
        }
        do throws(LogFileError) {
            let file = try LogFileReader(path)
            var head: [UInt8] = []
            var piece = [UInt8](repeating: 0, count: LogReading.headBytes)
            // Where it is damaged is told when it is read: what stands before that counts.
            while head.count < LogReading.headBytes, let count = try? file.next(&piece), count > 0 {
                head += piece[..<count]
            }
            total += file.size
            let log = LogFile(modified: file.modified, zoneSeconds: request.zoneSeconds)
            return LogFileEntry(
                path: path, modified: file.modified, firstTime: LogFileOrder.firstTime(head.span, log))
        } catch {
            faults.append(error)
            return nil
        }
    }

    /// Reads on in a stream until it has its next fact.
    private mutating func advance(_ stream: inout Stream, _ piece: inout [UInt8]) {
        while true {
            stream.head = stream.reader?.next()
            if stream.head != nil { return }
            if stream.file == nil {
                guard !stream.files.isEmpty else {
                    if stream.reader != nil {
                        stream.reader?.finish()
                        stream.head = stream.reader?.next()
                    }
                    return
                }
                open(stream.files.removeFirst(), &stream)
                continue
            }
            readPiece(&stream, &piece)
        }
    }

    /// Opens a stream's next file.
    private mutating func open(_ entry: LogFileEntry, _ stream: inout Stream) {
        do throws(LogFileError) {
            let file = try LogFileReader(entry.path)
            let log = LogFile(modified: file.modified, zoneSeconds: request.zoneSeconds)
            if stream.reader == nil {
                // The keys are this run's own: nothing of them leaves it.
                stream.reader = MailLogReader(log, keys: AddressHash(KeyedHash(key0: 0x6175, key1: 0x6469)))
            } else {
                stream.reader?.begin(log)
            }
            stream.file = file
        } catch {
            faults.append(error)
        }
    }

    /// Reads a piece of a stream's present file.
    private mutating func readPiece(_ stream: inout Stream, _ piece: inout [UInt8]) {
        guard let file = stream.file else { return }
        do throws(LogFileError) {
            let count = try file.next(&piece)
            bytes += count
            if count > 0 {
                stream.reader?.read(piece.span.extracting(0..<count))
                if total > 0 { progress(min(1, Double(read + file.bytesRead) / Double(total))) }
                return
            }
        } catch {
            faults.append(error)
        }
        read += file.size
        stream.file = nil
    }

    /// Rows of the same kind as one.
    static func merged(_ rows: [LineCensus.Row]) -> [LineCensus.Row] {
        var merged: [LineCensus.Row] = []
        for row in rows {
            if let known = merged.firstIndex(where: {
                $0.category == row.category && $0.server == row.server && $0.kind == row.kind
            }) {
                merged[known].count += row.count
            } else {
                merged.append(row)
            }
        }
        return merged.sorted { ($0.count, $1.kind) > ($1.count, $0.kind) }
    }
}
