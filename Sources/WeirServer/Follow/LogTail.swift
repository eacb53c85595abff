// What is new in a log: by turns, each of bounded work.

/// What one turn brought.
struct LogTurn: Sendable {
    /// A stretch of the log.
    enum Piece: Equatable, Sendable {
        /// Bytes, lines cut anywhere.
        case bytes([UInt8])
        /// What follows is another file: a line begun before is over.
        case newFile
    }

    /// What was read, in order.
    var pieces: [Piece] = []
    /// True where there may be more at once.
    var hasMore = false
    /// Bytes of the log that are yet to be read, as far as that is known.
    var bytesBehind: Int64 = 0
    /// What keeps the log from being read; nil where nothing does.
    var trouble: String?
    /// What the operator should know: a rotation, a lost place.
    var notes: [String] = []
    /// How often the log went on elsewhere: rotations, truncations, new journalctl processes.
    var restarts = 0
}

/// A log that grows.
protocol LogTail {
    /// The log's name for messages, and the key of its remembered place.
    var name: String { get }
    /// The place behind the last whole line that was handed out; nil before there is one.
    var place: LogPlace? { get }
    /// Hands out what is new, some `bytesMax` of it.
    mutating func turn(bytesMax: Int) -> LogTurn
    /// Lets go of files and processes.
    mutating func close()
}
