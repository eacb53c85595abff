// From pieces of a file of events to lines. A line may be long: it can hold a message's text.

/// Splits bytes into lines. A line longer than `lineBytesMax` is passed over whole and counted.
struct EventLines: Sendable {
    /// Longest line: a message of usual size as text.
    static let lineBytesMaxDefault = 16 << 20

    /// Longest line of this one.
    let lineBytesMax: Int
    /// The number of the line that was handed out last, in its file, from 1.
    private(set) var number = 0
    /// Lines that were too long.
    private(set) var tooLong = 0
    /// What was read and not handed out.
    private var bytes: [UInt8] = []
    /// Where the next line begins.
    private var start = 0
    /// Where the search for its end goes on.
    private var searched = 0
    /// True within a line that is too long.
    private var isPassingOver = false
    /// True where the next piece is the beginning of another file.
    private var isNew = false
    /// True where no more bytes come.
    private var hasEnded = false

    /// No lines yet.
    init(lineBytesMax: Int = EventLines.lineBytesMaxDefault) { self.lineBytesMax = lineBytesMax }

    /// Adds the next bytes of a file.
    mutating func add(_ piece: ArraySlice<UInt8>) {
        if isNew { (number, isNew) = (0, false) }
        bytes.removeFirst(start)
        searched -= start
        start = 0
        bytes += piece
        hasEnded = false
    }

    /// The file ends: what follows the last newline is a line.
    mutating func end() { hasEnded = true }

    /// The next line without its newline; nil until more is added.
    mutating func next() -> ArraySlice<UInt8>? {
        while let end = bytes[searched...].firstIndex(of: 10) {
            let line = start..<end
            number += 1
            start = end + 1
            searched = start
            if isPassingOver {
                isPassingOver = false
            } else if line.count > lineBytesMax {
                tooLong += 1
            } else {
                return bytes[line]
            }
        }
        searched = bytes.count
        if !isPassingOver, searched - start > lineBytesMax {
            isPassingOver = true
            tooLong += 1
        }
        defer {
            if isPassingOver || hasEnded { start = searched }
            if hasEnded { (isPassingOver, isNew) = (false, true) }
        }
        guard hasEnded, !isPassingOver, start < searched else { return nil }
        number += 1
        return bytes[start..<searched]
    }
}
