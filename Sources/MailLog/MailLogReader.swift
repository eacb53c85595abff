// A whole log: pieces of files in, what they tell out.

import MailTypes

/// Reads the files of one stream in their order: of one host, or of several whose lines one file holds.
public struct MailLogReader: Sendable {
    /// Splits the files into lines.
    private var splitter = LineSplitter()
    /// Reads the lines.
    public private(set) var lines: LineReader
    /// Joins them.
    public private(set) var assembler: MessageAssembler

    /// A reader that begins with a file.
    public init(_ file: LogFile, keys: AddressHash, bounds: AssemblerBounds = .defaults) {
        lines = LineReader(file)
        assembler = MessageAssembler(keys: keys, bounds: bounds)
    }

    /// Reads the next bytes of the present file; lines may be cut anywhere.
    public mutating func read(_ piece: Span<UInt8>) {
        var start = 0
        while let place = splitter.next(piece, from: &start) {
            switch place {
            case .piece(let range): lines.read(piece.extracting(range), isCut: splitter.isCut, into: &assembler)
            case .carried: readCarried()
            }
        }
    }

    /// The present file ends, and the next begins.
    public mutating func begin(_ file: LogFile) {
        endFile()
        lines.begin(file)
    }

    /// No more bytes come: what waits is told.
    public mutating func finish() {
        endFile()
        assembler.finish()
    }

    /// That time has come, for a log that is followed as it is written.
    public mutating func advance(to time: Timestamp) { assembler.advance(to: time) }

    /// The next thing that the log tells; nil until more is read. After each piece, take all: what waits is bounded only
    /// where it is taken.
    public mutating func next() -> MailFact? { assembler.next() }

    /// Reads what follows the last newline.
    private mutating func endFile() {
        if splitter.last() != nil { readCarried() }
    }

    /// Reads a line that began in an earlier piece.
    private mutating func readCarried() {
        let line = splitter.carried
        lines.read(line.span, isCut: splitter.isCut, into: &assembler)
    }
}
