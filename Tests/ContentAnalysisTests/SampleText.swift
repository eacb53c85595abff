// Texts from a seed, for curves and timings: words of a vocabulary by Zipf's law, and what spam programs do to them.

import MailTypes

@testable import ContentAnalysis

/// Text from a seed.
struct SampleText {
    /// The numbers that everything is drawn from.
    var random: SeededGenerator
    /// The words, the most frequent first.
    let vocabulary: [String]

    /// Texts from a seed, of a vocabulary of so many words.
    init(seed: UInt64, vocabulary size: Int = 4000) {
        random = SeededGenerator(seed: seed)
        var language = SeededGenerator(seed: 77)
        let syllables = [
            "ka", "ri", "to", "ne", "lo", "mu", "sa", "pe", "vin", "dor", "bel", "ash", "tri", "gon", "ex", "um",
        ]
        vocabulary = (0..<size).map { rank in
            let count = 1 + (rank > 30 ? 1 : 0) + (rank > 400 ? 1 : 0) + Int(language.next() % 2)
            return (0..<count).map { _ in syllables[Int(language.next() % UInt64(syllables.count))] }.joined()
        }
    }

    /// One word: rank r with a probability of about 1/r.
    mutating func word() -> String {
        let unit = Double(random.next() >> 11) / 9_007_199_254_740_992
        var rank = 1.0
        // size^unit without the C library: halving the interval twelve times is near enough for text.
        var low = 1.0
        var high = Double(vocabulary.count)
        var part = 0.5
        var share = unit
        for _ in 0..<12 {
            rank = (low * high).squareRoot()
            if share >= part {
                low = rank
                share -= part
            } else {
                high = rank
            }
            part /= 2
        }
        return vocabulary[min(vocabulary.count - 1, Int(rank) - 1)]
    }

    /// So many words.
    mutating func words(_ count: Int) -> [String] { (0..<count).map { _ in word() } }

    /// The words, each replaced with a chance of so many percent.
    mutating func replacing(_ words: [String], percent: Int) -> [String] {
        words.map { random.next() % 100 < UInt64(percent) ? word() : $0 }
    }

    /// Words as the bytes of a text with a full stop now and then.
    static func text(_ words: [String]) -> [UInt8] {
        var bytes: [UInt8] = []
        for (place, word) in words.enumerated() {
            bytes += word.utf8
            bytes += (place % 12 == 11 ? ". " : " ").utf8
        }
        return bytes
    }
}

/// The resemblance of two sets (Jaccard).
func resemblance<Element: Hashable>(_ a: Set<Element>, _ b: Set<Element>) -> Double {
    a.isEmpty && b.isEmpty ? 0 : Double(a.intersection(b).count) / Double(a.union(b).count)
}

/// The character 5-grams and the word 3-grams of a canonical text, without any hash.
func shingles(_ text: [UInt8]) -> (letters: Set<[UInt8]>, words: Set<[[UInt8]]>) {
    let letters = Set((0..<max(0, text.count - 4)).map { Array(text[$0..<$0 + 5]) })
    let words = text.split { !Canonicalizer.isWord($0) }.map(Array.init)
    return (letters, Set((0..<max(0, words.count - 2)).map { Array(words[$0..<$0 + 3]) }))
}
