// The audit's log and its reading alone, for audit_benchmark.py.
//
//     AuditBenchmark write BYTES LOGINS SEED STAMPS    a sample log to standard output; STAMPS: traditional, rfc3339
//     AuditBenchmark read FILE                         MB/s on one core: lines alone, and with joining

import Glibc
import MailLog
import MailTypes
import WeirTesting

/// Writes sample logs, and measures how fast one in memory is read.
@main
enum AuditBenchmark {
    /// The output is gone, or has what it wants.
    private enum Stop: Error {
        /// So many bytes were asked for.
        case full
        /// Nobody reads.
        case closed
    }

    /// Bytes that a login adds to a day of a log, measured; a little less than the least, so that no log ends too soon.
    private static let loginDayBytes = 40_000
    /// Bytes read at a time, as LogFileReader does.
    private static let pieceBytes = 1 << 20

    /// Does what the command line says.
    static func main() {
        let words = Array(CommandLine.arguments.dropFirst())
        if words.count == 5, words[0] == "write", let bytes = Int(words[1]), let logins = Int(words[2]),
            let seed = UInt64(words[3])
        {
            write(bytes: bytes, logins: logins, seed: seed, stamps: words[4] == "rfc3339" ? .rfc3339 : .traditional)
        } else if words.count == 2, words[0] == "read", let log = contents(of: words[1]) {
            read(log)
        } else {
            let usage = "usage: AuditBenchmark write BYTES LOGINS SEED traditional|rfc3339 | read FILE\n"
            _ = Glibc.write(2, usage, usage.utf8.count)
            exit(64)
        }
    }

    // MARK: - Writing

    /// Writes the first so many bytes of a log that is at least as long, up to the last whole line.
    private static func write(bytes: Int, logins: Int, seed: UInt64, stamps: SampleMailLog.Stamps) {
        signal(SIGPIPE, SIG_IGN)
        let days = max(14, bytes / (logins * loginDayBytes) + 1)
        let log = SampleMailLog(seed: seed, logins: logins, days: days, stamps: stamps)
        var left = bytes
        do {
            try log.write { piece in
                try put(piece, piece.count < left ? piece.count : lastLine(piece, before: left))
                left -= piece.count
                if left <= 0 { throw Stop.full }
            }
        } catch Stop.full {
        } catch { exit(1) }
    }

    /// Where the last whole line of a piece's first bytes ends.
    private static func lastLine(_ piece: Span<UInt8>, before limit: Int) -> Int {
        var end = limit
        while end > 0, piece[end - 1] != 10 { end -= 1 }
        return end
    }

    /// Puts the first bytes of a piece on standard output.
    private static func put(_ piece: Span<UInt8>, _ count: Int) throws {
        try piece.withUnsafeBytes { bytes in
            var place = 0
            while place < count {
                let written = Glibc.write(1, bytes.baseAddress! + place, count - place)
                guard written > 0 else { throw Stop.closed }
                place += written
            }
        }
    }

    // MARK: - Reading

    /// Counts what lines say.
    private struct Counter: LineFactSink {
        /// Facts.
        var facts = 0

        mutating func take(_ fact: LineFact, of line: LogLine, from source: LogSource, _ message: Span<UInt8>) {
            facts += 1
        }
    }

    /// Measures both ways of reading, once to warm up and once for the record.
    private static func read(_ log: [UInt8]) {
        var line = ""
        for _ in 0..<2 {
            let file = LogFile(modified: Timestamp(seconds: Int64(time(nil))))
            let (facts, alone) = timed { lines(of: log, file) }
            let (told, joined) = timed { messages(of: log, file) }
            line =
                "bytes=\(log.count) facts=\(facts) lines_mb_s=\(rate(log, alone)) told=\(told) joined_mb_s=\(rate(log, joined))"
        }
        print(line)
    }

    /// Megabytes a second.
    private static func rate(_ log: [UInt8], _ nanoseconds: Int64) -> Double {
        Double(log.count * 10_000 / Int(max(1, nanoseconds))) / 10
    }

    /// Reads the lines alone; how many said something.
    private static func lines(of log: [UInt8], _ file: LogFile) -> Int {
        var splitter = LineSplitter()
        var reader = LineReader(file)
        var counter = Counter()
        forEachPiece(of: log) { piece in
            var start = 0
            while let place = splitter.next(piece, from: &start) {
                switch place {
                case .piece(let range): reader.read(piece.extracting(range), into: &counter)
                case .carried:
                    let line = splitter.carried
                    reader.read(line.span, into: &counter)
                }
            }
        }
        return counter.facts
    }

    /// Reads the lines and joins them; how many messages, deliveries and refusals are told.
    private static func messages(of log: [UInt8], _ file: LogFile) -> Int {
        var reader = MailLogReader(file, keys: AddressHash(KeyedHash(key0: 1, key1: 2)))
        var told = 0
        forEachPiece(of: log) { piece in
            reader.read(piece)
            while reader.next() != nil { told += 1 }
        }
        reader.finish()
        while reader.next() != nil { told += 1 }
        return told
    }

    /// Hands on a log piece by piece.
    private static func forEachPiece(of log: [UInt8], _ body: (Span<UInt8>) -> Void) {
        for start in stride(from: 0, to: log.count, by: pieceBytes) {
            body(log.span.extracting(start..<min(log.count, start + pieceBytes)))
        }
    }

    /// What a body returns, and this thread's processor time for it.
    private static func timed(_ body: () -> Int) -> (Int, Int64) {
        let began = processorNanoseconds()
        let result = body()
        return (result, processorNanoseconds() - began)
    }

    /// Processor time of this thread.
    private static func processorNanoseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// A whole file; nil where it can't be read.
    private static func contents(of path: String) -> [UInt8]? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        fseek(file, 0, SEEK_END)
        let size = ftell(file)
        rewind(file)
        var bytes = [UInt8](repeating: 0, count: size)
        return fread(&bytes, 1, size, file) == size ? bytes : nil
    }
}
