// The known word nearest to a misspelt one, for "Did you mean …?".

/// Guesses what was meant.
enum Spelling {
    /// The known word nearest to a given one; nil where none is near enough to be a likely slip.
    static func nearest(to word: String, among known: some Sequence<String>) -> String? {
        let bound = max(1, word.unicodeScalars.count / 3)
        var best: (word: String, distance: Int)?
        for candidate in known {
            let distance = distance(word, candidate)
            if distance <= bound, distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        return best?.word
    }

    /// `Did you mean 'hold'?`, or another sentence where nothing is near.
    static func remedy(for word: String, among known: some Sequence<String>, otherwise: String) -> String {
        nearest(to: word, among: known).map { "Did you mean '\($0)'?" } ?? otherwise
    }

    /// `a, b or c`.
    static func list(_ words: [String]) -> String {
        guard words.count > 1, let last = words.last else { return words.first ?? "nothing" }
        return words.dropLast().joined(separator: ", ") + " or " + last
    }

    /// Insertions, deletions, replacements and swaps of neighbours from one word to another, letter case ignored.
    private static func distance(_ a: String, _ b: String) -> Int {
        let a = Array(a.lowercased().unicodeScalars.prefix(64))
        let b = Array(b.lowercased().unicodeScalars.prefix(64))
        var before: [Int] = []
        var above = Array(0...b.count)
        for (i, left) in a.enumerated() {
            var row = [i + 1]
            for (j, right) in b.enumerated() {
                var best = min(above[j + 1] + 1, row[j] + 1, above[j] + (left == right ? 0 : 1))
                if i > 0, j > 0, left == b[j - 1], a[i - 1] == right { best = min(best, before[j - 1] + 1) }
                row.append(best)
            }
            before = above
            above = row
        }
        return above[b.count]
    }
}
