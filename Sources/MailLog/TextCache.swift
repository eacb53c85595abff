// Names that occur again and again, such as hosts, logins and relays: one String each instead of one a line.

/// A cache of texts by their bytes. A new text takes the place of an older one whose hash falls on the same place, so its
/// size is fixed, and what it returns does not depend on what it holds.
struct TextCache: Sendable {
    /// Places, a power of two.
    static let placesMax = 8192
    /// Longest text kept; a longer one is made anew each time.
    static let textBytesMax = 128

    /// The texts.
    private var texts = [String](repeating: "", count: placesMax)
    /// Their hashes.
    private var hashes = [UInt64](repeating: 0, count: placesMax)

    /// The text of some bytes.
    mutating func text(_ bytes: Span<UInt8>, _ range: Range<Int>) -> String {
        guard range.count > 15, range.count <= TextCache.textBytesMax else { return bytes.text(range) }
        let hash = bytes.quickHash(range)
        let place = Int(truncatingIfNeeded: hash) & (TextCache.placesMax - 1)
        if hashes[place] == hash {
            let known = texts[place]
            if bytes.isSame(range, as: known.utf8Span.span) { return known }
        }
        let text = bytes.text(range)
        hashes[place] = hash
        texts[place] = text
        return text
    }
}
