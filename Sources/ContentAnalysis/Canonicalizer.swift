// Text as copies of it are compared: what spam programs vary from copy to copy is taken out.

/// Turns text into its canonical form: small letters without accents, look-alikes folded, a run of digits as one `0`, white
/// space as one space, characters without width dropped, words of the recipients' names as `*`.
///
/// Any bytes are taken: what is not UTF-8 (RFC 3629) stays as it is. Linear in the input. At most `bytesMax` bytes of the
/// input are looked at; what comes later is left out, so that a message padded to that length in front of its text is told
/// by its padding alone. The result is never longer than the input.
public struct Canonicalizer: Sendable {
    /// Most bytes of a text that are looked at.
    public static let bytesMax = 65_536
    /// Most words that are masked.
    public static let maskedWordsMax = 64
    /// Shortest word of a name that is masked, in bytes.
    static let maskedWordMin = 3

    /// What characters become.
    private let fold = FoldTable()
    /// What each byte below 0x80 becomes; 0 for those that are dropped and for bytes of longer characters.
    private let ascii: [UInt8]
    /// True for the bytes of words.
    private let isWord: [Bool]

    /// A canonicalizer; it holds no state but its tables.
    public init() {
        let fold = fold
        isWord = (0..<256).map { Canonicalizer.isWord(UInt8($0)) }
        ascii = (0..<256).map { $0 < 0x80 ? fold.ascii(UInt8($0)) : 0 }
    }

    /// The canonical form of a text.
    public func canonical(_ text: Span<UInt8>, masking names: [String] = []) -> [UInt8] {
        let plain = folded(text)
        return names.isEmpty ? plain : masked(plain, words: words(of: names))
    }

    /// The canonical form of a string.
    public func canonical(_ text: String, masking names: [String] = []) -> [UInt8] {
        let bytes = Array(text.utf8.prefix(Canonicalizer.bytesMax))
        return canonical(bytes.span, masking: names)
    }

    /// The text with every character folded, runs of spaces and of zeros made one.
    private func folded(_ text: Span<UInt8>) -> [UInt8] {
        let length = min(text.count, Canonicalizer.bytesMax)
        var result = [UInt8](repeating: 0, count: length)
        var written = 0
        var output = result.mutableSpan
        let ascii = ascii.span
        var last = UInt8(ascii: " ")
        var place = 0
        while place < length {
            let byte = text[place]
            if byte < 0x80 {
                place &+= 1
                let folded = ascii[Int(byte)]
                // Written in any case and kept where it counts: no branch that text makes unpredictable.
                output[written] = folded
                let isRun = folded == last && (folded == 0x20 || folded == 0x30)
                let isKept = folded != 0 && !isRun
                written &+= isKept ? 1 : 0
                last = isKept ? folded : last
                continue
            }
            let (code, width) = Canonicalizer.scalar(text, at: place, end: length)
            let start = place
            place &+= width
            guard code >= 0x80 else {
                // Not UTF-8: the byte stays.
                output[written] = byte
                written &+= 1
                last = byte
                continue
            }
            let folded = fold.folded(code)
            if folded == FoldTable.dropped { continue }
            if folded < 0x80 {
                let letter = UInt8(truncatingIfNeeded: folded)
                if letter == last, letter == 0x20 || letter == 0x30 { continue }
                output[written] = letter
                written &+= 1
                last = letter
            } else if folded < 0x800 {
                output[written] = UInt8(truncatingIfNeeded: 0xC0 | folded >> 6)
                output[written &+ 1] = UInt8(truncatingIfNeeded: 0x80 | folded & 0x3F)
                written &+= 2
                last = 0x80
            } else {
                for offset in 0..<width { output[written &+ offset] = text[start &+ offset] }
                written &+= width
                last = 0x80
            }
        }
        if written > 0, output[written - 1] == 0x20 { written -= 1 }
        result.removeSubrange(written...)
        return result
    }

    /// The character at a place and its bytes; 0 and one byte where there is none.
    private static func scalar(_ text: Span<UInt8>, at place: Int, end: Int) -> (UInt32, Int) {
        let first = UInt32(text[place])
        let width = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
        guard first >= 0xC2, first < 0xF5, place + width <= end else { return (0, 1) }
        var code = first & (0xFF >> UInt32(width + 1))
        for offset in 1..<width {
            let next = UInt32(text[place + offset])
            guard next & 0xC0 == 0x80 else { return (0, 1) }
            code = code << 6 | next & 0x3F
        }
        let isShortest = code >= (width == 2 ? 0x80 : width == 3 ? 0x800 : 0x10000)
        return isShortest && code < 0x110000 ? (code, width) : (0, 1)
    }
}

// MARK: - Names of recipients

extension Canonicalizer {
    /// True for bytes of words: letters, digits, and everything that is not ASCII.
    static func isWord(_ byte: UInt8) -> Bool {
        byte >= 0x80 || byte >= 0x61 && byte <= 0x7A || byte == 0x30
    }

    /// The words of names and addresses, folded; of a domain all labels but the last.
    func words(of names: [String]) -> [ArraySlice<UInt8>] {
        var words: [ArraySlice<UInt8>] = []
        for name in names {
            guard words.count < Canonicalizer.maskedWordsMax else { break }
            let bytes = Array(name.utf8.prefix(320))
            var plain = folded(bytes.span)[...]
            if let at = plain.lastIndex(of: UInt8(ascii: "@")), let dot = plain.lastIndex(of: UInt8(ascii: ".")),
                dot > at
            {
                plain = plain[..<dot]
            }
            words += plain.split { !Canonicalizer.isWord($0) }.filter { $0.count >= Canonicalizer.maskedWordMin }
        }
        return Array(words.prefix(Canonicalizer.maskedWordsMax))
    }

    /// The text with those words as `*`.
    private func masked(_ text: [UInt8], words: [ArraySlice<UInt8>]) -> [UInt8] {
        guard !words.isEmpty else { return text }
        var firsts = [UInt8](repeating: 0, count: 256)
        for word in words { firsts[Int(word.first!)] = 1 }
        var result: [UInt8] = []
        var copied = 0
        let table = isWord.map { $0 ? UInt8(1) : 0 }
        let (bytes, beginnings, kinds) = (text.span, firsts.span, table.span)
        var wasWord: UInt8 = 0
        for place in bytes.indices {
            let byte = Int(bytes[place])
            // In numbers, without a branch at the beginning of every word.
            let isStart = beginnings[byte] & (1 ^ wasWord)
            wasWord = kinds[byte]
            // Hardly any word of a text gets this far.
            guard isStart == 1, let end = end(of: words, in: bytes, from: place) else { continue }
            result += text[copied..<place]
            result.append(UInt8(ascii: "*"))
            copied = end
        }
        return copied == 0 ? text : result + text[copied...]
    }

    /// Where the one of the words ends that stands at a place; nil where none does, or a longer word.
    private func end(of words: [ArraySlice<UInt8>], in text: Span<UInt8>, from place: Int) -> Int? {
        for word in words {
            let end = place + word.count
            guard end <= text.count, end == text.count || !isWord[Int(text[end])] else { continue }
            var offset = 0
            while offset < word.count, text[place + offset] == word[word.startIndex + offset] { offset += 1 }
            if offset == word.count { return end }
        }
        return nil
    }
}
