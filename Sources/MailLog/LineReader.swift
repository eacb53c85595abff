// From a line to what it says: stamp, host, program and process id, then the program's parser.

import MailTypes

/// Takes what lines say, in their order.
public protocol LineFactSink {
    /// Takes one fact; its places are those of `message`.
    mutating func take(_ fact: LineFact, of line: LogLine, from source: LogSource, _ message: Span<UInt8>)
}

/// What is known about a file besides its bytes.
public struct LogFile: Hashable, Sendable {
    /// The host whose log it is: for lines that name none.
    public var host: String
    /// When it was last written, or now: no line of it is later.
    public var modified: Timestamp
    /// Seconds east of UTC in which stamps without an offset are written.
    public var zoneSeconds: Int

    /// A file.
    public init(host: String = "localhost", modified: Timestamp, zoneSeconds: Int = 0) {
        self.host = host
        self.modified = modified
        self.zoneSeconds = zoneSeconds
    }
}

/// Reads lines one by one. It remembers the running year, the hosts and programs met, and the counts by kind.
public struct LineReader: Sendable {
    /// The counts so far.
    public private(set) var census = LineCensus()
    /// The file that is being read.
    private var file: LogFile
    /// Stamps.
    private var stamps: StampParser
    /// Years of stamps without one.
    private var years: YearInference
    /// Hosts and programs.
    private var table = SourceTable()
    /// Journal entries.
    private var journal = JournalEntry()
    /// The source of Exim's own lines in this file; nil before the first.
    private var eximSource: Int?

    /// A reader for a file.
    public init(_ file: LogFile) {
        self.file = file
        stamps = StampParser(zoneSeconds: file.zoneSeconds)
        years = YearInference(reference: file.modified, zoneSeconds: file.zoneSeconds)
    }

    /// Goes on with another file.
    public mutating func begin(_ file: LogFile) {
        self.file = file
        stamps = StampParser(zoneSeconds: file.zoneSeconds)
        years = YearInference(reference: file.modified, zoneSeconds: file.zoneSeconds)
        eximSource = nil
    }

    /// The hosts and programs met, in the order of their first lines.
    public var sources: [LogSource] { table.sources }

    /// The counts by kind, with examples.
    public var rows: [LineCensus.Row] { census.rows(table.sources) }

    /// Reads a line without its newline; what it says goes to `sink`.
    public mutating func read(_ line: Span<UInt8>, isCut: Bool = false, into sink: inout some LineFactSink) {
        if isCut { census.countCut() }
        if line.count > 1, line[0] == UInt8(ascii: "{") {
            readJournal(line, into: &sink)
            return
        }
        guard let logLine = header(line) else { return }
        read(logLine, line.extracting(logLine.message), into: &sink)
    }

    /// Gives a message to its program's parser.
    @inline(__always)
    private mutating func read(_ line: LogLine, _ message: Span<UInt8>, into sink: inout some LineFactSink) {
        guard let parser = table.sources[line.source].parser else {
            census.countOther(source: line.source, message)
            return
        }
        let source = table.sources[line.source]
        let reading = MailLogParsers.builtIn[parser].read(message, role: source.role)
        census.count(reading, parser: parser, source: line.source, message)
        if case .fact(let fact) = reading { sink.take(fact, of: line, from: source, message) }
    }

    /// When a line was written; nil where it has no stamp.
    mutating func time(of line: Span<UInt8>) -> Timestamp? {
        if line.count > 1, line[0] == UInt8(ascii: "{") { return journal.parse(line) ? journal.time : nil }
        var place = 0
        if line.count > 2, line[0] == UInt8(ascii: "<") { place = priority(line).0 }
        guard let (stamp, _) = stamps.parse(line, at: &place) else { return nil }
        return moment(stamp)
    }

    // MARK: - Headers

    /// The moment that a stamp means.
    @inline(__always)
    private mutating func moment(_ stamp: LogStamp) -> Timestamp {
        switch stamp {
        case .moment(let moment): moment
        case .yearless(let month, let day, let second): years.moment(month: month, day: day, secondOfDay: second)
        }
    }

    /// Divides a line; counts it and returns nil where it is none of a log.
    @inline(__always)
    private mutating func header(_ line: Span<UInt8>) -> LogLine? {
        var place = 0
        var isVersioned = false
        if line.count > 2, line[0] == UInt8(ascii: "<") { (place, isVersioned) = priority(line) }
        guard let (stamp, form) = stamps.parse(line, at: &place) else {
            let isEmpty = line.count == 0 || line.indices.allSatisfy { line[$0] <= 32 }
            census.count(isEmpty ? .empty : .noStamp, line)
            return nil
        }
        let time = moment(stamp)
        if form == .exim, let eximLine = eximLine(line, time, at: place) { return eximLine }
        if isVersioned { return versioned(line, time, at: place) }
        return syslog(line, time, at: place)
    }

    /// `host program[pid]: message` at `place`.
    @inline(__always)
    private mutating func syslog(_ line: Span<UInt8>, _ time: Timestamp, at start: Int) -> LogLine? {
        var hostStart = start
        // FreeBSD's syslogd -v writes `<mail.info>` in front of the host.
        if hostStart < line.count, line[hostStart] == UInt8(ascii: "<") {
            hostStart = min(line.firstIndex(of: 32, from: hostStart, to: line.count) &+ 1, line.count)
        }
        let hostEnd = line.firstIndex(of: 32, from: hostStart, to: line.count)
        var place = hostEnd &+ 1
        while place < line.count {
            let byte = line[place]
            if byte == UInt8(ascii: "[") || byte == UInt8(ascii: ":") || byte == 32 { break }
            place &+= 1
        }
        let program = hostEnd &+ 1..<max(place, hostEnd &+ 1)
        guard place < line.count, !program.isEmpty, hostEnd > hostStart, line[place] != 32 else {
            census.count(.noProgram, line)
            return nil
        }
        var pid = 0
        if line[place] == UInt8(ascii: "[") {
            let end = line.endOfDigits(from: place &+ 1)
            pid = line.number(place &+ 1..<end) ?? 0
            let close = line.firstIndex(of: UInt8(ascii: "]"), from: end, to: min(end &+ 32, line.count))
            place = min(close &+ 1, line.count)
        }
        if place < line.count, line[place] == UInt8(ascii: ":") { place &+= 1 }
        if place < line.count, line[place] == 32 { place &+= 1 }
        // Solaris: `[ID 987462 mail.notice] `.
        if line.has("[ID ", at: place) {
            place = min(line.firstIndex(of: UInt8(ascii: "]"), from: place, to: line.count) &+ 2, line.count)
        }
        guard
            let source = table.number(
                line, key: hostStart..<program.upperBound, host: hostStart..<hostEnd, program: program)
        else {
            census.count(.tooManySources, line)
            return nil
        }
        return LogLine(time: time, source: source, pid: UInt32(truncatingIfNeeded: pid), message: place..<line.count)
    }

    /// A line of Exim's own log: neither host nor program, perhaps `[pid] `. Nil where `host program[pid]:` follows.
    private mutating func eximLine(_ line: Span<UInt8>, _ time: Timestamp, at start: Int) -> LogLine? {
        var place = start
        var pid = 0
        if place < line.count, line[place] == UInt8(ascii: "[") {
            let end = line.endOfDigits(from: place &+ 1)
            if end > place &+ 1, line.has("] ", at: end) {
                pid = line.number(place &+ 1..<end) ?? 0
                place = end &+ 2
            }
        } else {
            let host = line.firstIndex(of: 32, from: min(place, line.count), to: line.count)
            let program = line.firstIndex(of: 32, from: min(host &+ 1, line.count), to: line.count)
            if program &- host > 4, line.has("]:", at: program &- 2) { return nil }
        }
        if eximSource == nil { eximSource = table.number(hostName: file.host, program: "exim") }
        guard let source = eximSource else { return nil }
        return LogLine(
            time: time, source: source, pid: UInt32(truncatingIfNeeded: pid),
            message: min(place, line.count)..<line.count)
    }

    /// `<22>`, and whether the version of RFC 5424 §6.2.2 follows it.
    private func priority(_ line: Span<UInt8>) -> (Int, Bool) {
        let end = line.endOfDigits(from: 1)
        guard end > 1, end <= 4, end < line.count, line[end] == UInt8(ascii: ">") else { return (0, false) }
        if line.has("1 ", at: end &+ 1) { return (end &+ 3, true) }
        return (end &+ 1, false)
    }

    /// `host program pid msgid structured-data message` at `place` (RFC 5424 §6).
    private mutating func versioned(_ line: Span<UInt8>, _ time: Timestamp, at start: Int) -> LogLine? {
        var place = start
        var fields: [Range<Int>] = []
        for _ in 0..<4 {
            let end = line.firstIndex(of: 32, from: place, to: line.count)
            fields.append(place..<end)
            place = min(end &+ 1, line.count)
        }
        if place < line.count, line[place] == UInt8(ascii: "[") {
            place = min((line.firstIndex(of: "] ", from: place, to: line.count) ?? line.count) &+ 2, line.count)
        } else {
            place = min(line.firstIndex(of: 32, from: place, to: line.count) &+ 1, line.count)
        }
        if line.has("\u{FEFF}", at: place) { place &+= 3 }
        guard !fields[0].isEmpty, !fields[1].isEmpty else {
            census.count(.noProgram, line)
            return nil
        }
        guard
            let source = table.number(
                line, key: fields[0].lowerBound..<fields[1].upperBound, host: fields[0], program: fields[1])
        else {
            census.count(.tooManySources, line)
            return nil
        }
        let pid = line.number(fields[2]) ?? 0
        return LogLine(time: time, source: source, pid: UInt32(truncatingIfNeeded: pid), message: place..<line.count)
    }

    // MARK: - Journal

    /// Reads a line of `journalctl -o json`.
    private mutating func readJournal(_ line: Span<UInt8>, into sink: inout some LineFactSink) {
        guard journal.parse(line) else {
            census.count(.badJournalEntry, line)
            return
        }
        let bytes = journal.bytes
        guard
            let source = table.number(
                bytes.span, key: journal.host.lowerBound..<journal.program.upperBound, host: journal.host,
                program: journal.program)
        else {
            census.count(.tooManySources, line)
            return
        }
        let logLine = LogLine(time: journal.time, source: source, pid: journal.pid, message: journal.message)
        read(logLine, bytes.span.extracting(journal.message), into: &sink)
    }
}
