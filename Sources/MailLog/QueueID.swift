// The name of a message in a mail server's queue.

/// A queue id of at most 32 bytes, held in place: Postfix's have 6 to 20, Exim's 16 or 23, Sendmail's 14 to 18.
public struct QueueID: Hashable, Sendable, CustomStringConvertible {
    /// Longest id; what is longer is none.
    public static let bytesMax = 32

    /// The bytes, little-endian, zero behind the last.
    private var word0: UInt64 = 0
    /// The second eight bytes.
    private var word1: UInt64 = 0
    /// The third eight bytes.
    private var word2: UInt64 = 0
    /// The fourth eight bytes.
    private var word3: UInt64 = 0

    /// No id.
    public init() {}

    /// An id from its bytes; empty where there are none or more than 32.
    @inline(__always)
    public init(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        guard range.count <= QueueID.bytesMax else { return }
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count)
        word0 = QueueID.word(bytes, range.lowerBound, range.upperBound)
        if range.count > 8 { word1 = QueueID.word(bytes, range.lowerBound &+ 8, range.upperBound) }
        if range.count > 16 { word2 = QueueID.word(bytes, range.lowerBound &+ 16, range.upperBound) }
        if range.count > 24 { word3 = QueueID.word(bytes, range.lowerBound &+ 24, range.upperBound) }
    }

    /// An id from text.
    public init(_ text: String) { self.init(text.utf8Span.span, 0..<text.utf8.count) }

    /// Up to eight bytes from `start`, none behind `end`.
    @inline(__always)
    private static func word(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> UInt64 {
        if start &+ 8 <= end { return bytes.word(at: start) }
        var word: UInt64 = 0
        var shift: UInt64 = 0
        var place = start
        while place < end {
            word |= UInt64(bytes[place]) &<< shift
            shift &+= 8
            place &+= 1
        }
        return word
    }

    /// True where there is no id.
    public var isEmpty: Bool { word0 == 0 }

    /// Feeds a hasher; most ids fill two words.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(word0)
        hasher.combine(word1)
        if word2 != 0 { hasher.combine(word2) }
        if word3 != 0 { hasher.combine(word3) }
    }

    /// The id as the log writes it.
    public var description: String {
        var bytes: [UInt8] = []
        for word in [word0, word1, word2, word3] {
            for index in 0..<8 {
                let byte = UInt8(truncatingIfNeeded: word &>> UInt64(8 &* index))
                if byte != 0 { bytes.append(byte) }
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
