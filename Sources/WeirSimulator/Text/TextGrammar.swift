// Text that can be read, and from which a fingerprint can be taken: a template of words, changed as the numbers of a
// `SimulatedText` say. The same share of words is replaced as in the fingerprint made by construction.

import MailTypes

/// Writes texts.
enum TextGrammar {
    /// Words of a template: so many and, drawn by the template, up to as many more.
    private static let wordsLeast = 90

    /// Words that stand between others, as in any language; unrelated texts share them.
    private static let small = [
        "the", "and", "of", "to", "a", "in", "for", "is", "on", "that", "with", "you", "it", "we", "are", "this", "as",
        "be", "at", "have", "from", "or", "will", "your", "not", "by", "an", "can", "our", "all",
    ]
    /// First parts of content words.
    private static let heads = [
        "mor", "tel", "gar", "win", "sal", "ber", "con", "dor", "fan", "hel", "jun", "kar", "lam", "nor", "pel", "ras",
        "sen", "tor", "ul", "var", "wes", "yel", "zan", "bra", "cre", "dra", "flo", "gri", "plu", "sta", "tri", "vel",
    ]
    /// Middle parts.
    private static let middles = [
        "a", "e", "i", "o", "u", "an", "en", "il", "or", "us", "as", "el", "im", "on", "ar", "it",
    ]
    /// Last parts.
    private static let tails = [
        "t", "n", "ing", "er", "ed", "ly", "ment", "tion", "s", "ness", "able", "al", "ic", "ous", "y", "ance",
    ]

    /// One word: small ones more often, content words from 8,192.
    private static func word(_ bits: UInt64) -> String {
        if bits & 3 == 0 {
            let u = Chance.unit(Mixing.mix(bits))
            return small[Int(Double(small.count) * u * u)]
        }
        let number = bits >> 2
        return heads[Int(number & 31)] + middles[Int(number >> 5 & 15)] + tails[Int(number >> 9 & 15)]
    }

    /// The subject; the same for all copies, but for a number that differs.
    static func subject(_ text: SimulatedText) -> String {
        guard text.subject != 0 else { return "" }
        var words = SeededGenerator(seed: Mixing.mix(text.subject, 11))
        let count = 2 + Int(words.next() % 4)
        return (0..<count).map { _ in word(words.next()) }.joined(separator: " ")
    }

    /// The body as plain text; of a picture there is nothing to read but the link.
    static func body(_ text: SimulatedText) -> String {
        var result: [String] = []
        if !text.isImage {
            var template = SeededGenerator(seed: Mixing.mix(text.template, 12))
            var own = Chance(seed: Mixing.mix(text.template, text.variant, 13))
            let count = wordsLeast + Int(template.next() % UInt64(wordsLeast))
            let isCopy = text.variant != 0
            for place in 0..<count {
                let given = template.next()
                // A replaced word is a synonym: one of many that no other word has.
                result.append(word(isCopy && own.happens(text.substitution) ? own.bits() : given))
                if place % 12 == 11 { result[result.count - 1] += "." }
            }
            if isCopy {
                let added = Int(Double(count) * text.padding)
                for _ in 0..<added { result.append(word(own.bits())) }
            }
        }
        if text.link != 0 { result.append(link(text.link)) }
        if text.contact != 0 { result.append("+1-555-01\(10 + Mixing.mix(text.contact) % 90)") }
        return result.joined(separator: " ")
    }

    /// A link of a number.
    private static func link(_ number: UInt64) -> String {
        let hash = Mixing.mix(number)
        return "http://www-\(String(hash % 1_000_000_007, radix: 36)).example/\(String(hash >> 40, radix: 36))"
    }
}
