// From pieces of a file to lines.

/// Splits bytes into lines. A line that a piece cuts is kept until its end comes; a line longer than `lineBytesMax` is cut.
public struct LineSplitter: Sendable {
    /// Longest line; the rest of a longer one is passed over. rsyslog cuts at 8 KiB, journald at 48 KiB by default.
    public static let lineBytesMax = 65_536

    /// Where a line stands.
    public enum Place: Hashable, Sendable {
        /// Within the piece.
        case piece(Range<Int>)
        /// In `carried`: it began in an earlier piece.
        case carried
    }

    /// The line that began in an earlier piece.
    public private(set) var carried: [UInt8] = []
    /// True where the last line that `next` returned was cut.
    public private(set) var isCut = false
    /// True where `carried` was handed out and is to be cleared.
    private var isHandedOut = false
    /// True where what `carried` holds lost its end.
    private var carriedIsCut = false

    /// A splitter at the start of a file.
    public init() {}

    /// The next whole line of a piece, from `start` on, which moves behind it; nil where the rest is no whole line: it is
    /// kept. The newline and a carriage return before it are left out.
    @inline(__always)
    public mutating func next(_ piece: Span<UInt8>, from start: inout Int) -> Place? {
        if isHandedOut { clear() }
        guard start < piece.count else { return nil }
        let end = piece.firstIndex(of: 10, from: start, to: piece.count)
        guard end < piece.count else {
            carry(piece, start..<end)
            start = end
            return nil
        }
        let line = start..<end
        start = end &+ 1
        guard carried.isEmpty else {
            carry(piece, line)
            return handOut()
        }
        isCut = line.count > LineSplitter.lineBytesMax
        if isCut { return .piece(line.lowerBound..<line.lowerBound &+ LineSplitter.lineBytesMax) }
        if line.count > 0, piece[end &- 1] == 13 { return .piece(line.lowerBound..<end &- 1) }
        return .piece(line)
    }

    /// The last line of a file that does not end with a newline, in `carried`; nil where there is none.
    public mutating func last() -> Place? {
        if isHandedOut { clear() }
        return carried.isEmpty ? nil : handOut()
    }

    /// Hands out `carried`.
    private mutating func handOut() -> Place {
        isCut = carriedIsCut
        if !isCut, carried.last == 13 { carried.removeLast() }
        isHandedOut = true
        return .carried
    }

    /// Keeps a part of a line.
    private mutating func carry(_ piece: Span<UInt8>, _ range: Range<Int>) {
        let room = LineSplitter.lineBytesMax - carried.count
        if range.count > room { carriedIsCut = true }
        for place in range.prefix(room) { carried.append(piece[place]) }
    }

    /// Forgets the line that was handed out.
    private mutating func clear() {
        carried.removeAll(keepingCapacity: true)
        isHandedOut = false
        carriedIsCut = false
    }
}
