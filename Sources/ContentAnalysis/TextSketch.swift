// The MinHash sketch of a text: how much two texts share, from 128 bytes each.

import MailTypes

/// One-permutation MinHash (Li, Owen and Zhang, "One Permutation Hashing", 2012) of a canonical text, its empty slots filled
/// by optimal densification (Shrivastava, "Optimal Densification for Fast and Accurate Minwise Hashing", 2017).
///
/// The first half of the slots comes from character 5-grams, the other from word 3-grams: a changed word leaves more of the
/// former alone, and unrelated texts of one language share hardly any of the latter. An ideograph counts as a word. Every
/// hash is keyed, so that nobody outside can aim at a slot.
struct TextSketch: Sendable {
    /// Slots of each half.
    static let half = Fingerprint.sketchSlots / 2
    /// Fewest words of a text that has a sketch: what is shorter is alike by chance.
    static let wordsMin = 12

    /// What is mixed into each shingle before it is multiplied.
    private let offset: UInt64
    /// The first multiplier of the mix, odd.
    private let first: UInt64
    /// The second one.
    private let second: UInt64
    /// The multiplier of a word's letters.
    private let letters: UInt64
    /// 0 for a separator, 1 for a byte of a word, 2 for the first byte of an ideograph.
    private let classes: [UInt8]

    /// A sketch under a key.
    init(key: KeyedHash) {
        offset = key.hash(0x7465_7874, 1)
        first = key.hash(0x7465_7874, 2) | 1
        second = key.hash(0x7465_7874, 3) | 1
        letters = key.hash(0x7465_7874, 4) | 1
        classes = (0..<256).map { byte in
            Canonicalizer.isWord(UInt8(byte)) ? (byte >= 0xE3 && byte <= 0xED || byte >= 0xF0 ? 2 : 1) : 0
        }
    }

    /// The sketch of a canonical text; empty where it has too few words.
    func sketch(of text: Span<UInt8>) -> [UInt16] {
        var least = InlineArray<64, UInt32>(repeating: .max)
        let classes = classes.span
        var window: UInt64 = 0
        // The word under way, and the two before it.
        var word: UInt64 = 0
        var before: UInt64 = 0
        var earlier: UInt64 = 0
        var words = 0
        for place in text.indices {
            let byte = text[place]
            window = (window &<< 8 | UInt64(byte)) & 0xFF_FFFF_FFFF
            let hash = mixed(window)
            let slot = Int(truncatingIfNeeded: hash &>> 59)
            let value = UInt32(truncatingIfNeeded: hash &>> 16)
            if value < least[slot] { least[slot] = value }
            let kind = classes[Int(byte)]
            if kind == 1 {
                word = (word &+ UInt64(byte)) &* letters
                continue
            }
            if word != 0 {
                words &+= 1
                if words > 2 { put(word, before, earlier, &least) }
                (earlier, before) = (before, word)
            }
            word = kind == 2 ? UInt64(byte) &* letters : 0
        }
        if word != 0 {
            words &+= 1
            if words > 2 { put(word, before, earlier, &least) }
        }
        guard words >= TextSketch.wordsMin else { return [] }
        return densified(least)
    }

    /// The hash of a shingle.
    @inline(__always)
    private func mixed(_ shingle: UInt64) -> UInt64 {
        var hash = (shingle ^ offset) &* first
        hash ^= hash &>> 29
        return hash &* second
    }

    /// Puts three words in a row into the second half.
    @inline(__always)
    private func put(_ word: UInt64, _ before: UInt64, _ earlier: UInt64, _ least: inout InlineArray<64, UInt32>) {
        let together = word &+ (before &<< 21 | before &>> 43) &* 3 &+ (earlier &<< 42 | earlier &>> 22) &* 5
        let hash = mixed(together ^ together &>> 31)
        let slot = TextSketch.half &+ Int(truncatingIfNeeded: hash &>> 59)
        let value = UInt32(truncatingIfNeeded: hash &>> 16)
        if value < least[slot] { least[slot] = value }
    }

    /// The slots, each empty one filled from a slot of its half that a fixed sequence names first.
    private func densified(_ least: InlineArray<64, UInt32>) -> [UInt16] {
        var sketch = [UInt16](repeating: 0, count: Fingerprint.sketchSlots)
        for slot in 0..<Fingerprint.sketchSlots {
            let base = slot & TextSketch.half
            var source = slot
            var attempt: UInt64 = 0
            while least[source] == .max {
                attempt += 1
                source = base + Int(mixed(UInt64(slot) << 32 | attempt) >> 59)
            }
            sketch[slot] = UInt16(truncatingIfNeeded: least[source])
        }
        return sketch
    }
}
