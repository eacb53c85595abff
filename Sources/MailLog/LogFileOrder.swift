// Which files belong to one log, and in which order they are read: rotated files come in any order on a command line.
//
//     mail.log  mail.log.1  mail.log.2.gz        logrotate(8)
//     maillog  maillog-20260105  maillog-20260104.xz     logrotate(8) dateext
//     mainlog  mainlog.01  mainlog.02            exicyclog(8)

import MailTypes

/// A file that is to be read, by what its name and its first line tell.
public struct LogFileEntry: Hashable, Sendable {
    /// The path as given.
    public var path: String
    /// When it was last written.
    public var modified: Timestamp
    /// When its first line was written; nil where it has no stamp.
    public var firstTime: Timestamp?

    /// A file.
    public init(path: String, modified: Timestamp, firstTime: Timestamp?) {
        self.path = path
        self.modified = modified
        self.firstTime = firstTime
    }

    /// The path without what rotation and compression append: equal for the files of one log.
    public var base: String {
        var name = Substring(path)
        for suffix in [".gz", ".bz2", ".xz", ".zst", ".Z", ".lz4"] where name.hasSuffix(suffix) {
            name = name.dropLast(suffix.count)
        }
        let digits = name.reversed().prefix { $0 >= "0" && $0 <= "9" }.count
        guard digits > 0, digits < name.count else { return String(name) }
        let stem = name.dropLast(digits)
        // `.1`; `-20260105`, perhaps with `-1767604402` behind it.
        if stem.last == "." { return String(stem.dropLast()) }
        guard stem.last == "-", digits >= 8 else { return String(name) }
        let first = stem.dropLast()
        let date = first.reversed().prefix { $0 >= "0" && $0 <= "9" }.count
        if digits > 8, date == 8, first.dropLast(8).last == "-" { return String(first.dropLast(9)) }
        return String(first)
    }
}

/// Puts files in order.
public enum LogFileOrder {
    /// One stream for each log, its files in the order of time; the streams in the order of their first files as given.
    /// A file without a stamp comes first in its stream.
    public static func streams(_ files: [LogFileEntry]) -> [[LogFileEntry]] {
        var bases: [String] = []
        var streams: [[LogFileEntry]] = []
        for file in files {
            let base = file.base
            if let index = bases.firstIndex(of: base) {
                streams[index].append(file)
            } else {
                bases.append(base)
                streams.append([file])
            }
        }
        return streams.map { stream in
            stream.enumerated().sorted { a, b in
                let (first, second) = (a.element.firstTime, b.element.firstTime)
                if first != second {
                    return (first ?? Timestamp(nanoseconds: .min)) < (second ?? Timestamp(nanoseconds: .min))
                }
                if a.element.modified != b.element.modified { return a.element.modified < b.element.modified }
                return a.offset < b.offset
            }.map(\.element)
        }
    }

    /// When the first stamped line within a file's first bytes was written; nil where there is none.
    public static func firstTime(_ start: Span<UInt8>, _ file: LogFile) -> Timestamp? {
        var splitter = LineSplitter()
        var lines = LineReader(file)
        var place = 0
        while let line = splitter.next(start, from: &place) {
            if case .piece(let range) = line, let time = lines.time(of: start.extracting(range)) { return time }
        }
        guard splitter.last() != nil else { return nil }
        let rest = splitter.carried
        return lines.time(of: rest.span)
    }
}
