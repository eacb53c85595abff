// A text as the numbers that it is made from. Its fingerprint is made by construction, which is a thousand times faster
// than writing it and taking a fingerprint of it; `TextGrammar` writes it where somebody wants to read it.

import MailTypes

/// A text: a template, and how this copy of it was changed.
public struct SimulatedText: Hashable, Sendable {
    /// The template's number: equal numbers, equal words.
    public var template: UInt64
    /// This copy's number.
    public var variant: UInt64
    /// The share of words that this copy replaced, 0 … 1.
    public var substitution: Double
    /// Words that were added at random, as a share of the text.
    public var padding: Double
    /// True where the words stand in a picture.
    public var isImage: Bool
    /// The link's number; 0 for none.
    public var link: UInt64
    /// The subject's number, names and numbers left out; 0 for none.
    public var subject: UInt64
    /// The attachment's number; 0 for none.
    public var attachment: UInt64
    /// The number of a telephone or wallet; 0 for none.
    public var contact: UInt64

    /// A text; without more than a template it is that template itself.
    public init(
        template: UInt64, variant: UInt64 = 0, substitution: Double = 0, padding: Double = 0, isImage: Bool = false,
        link: UInt64 = 0, subject: UInt64 = 0, attachment: UInt64 = 0, contact: UInt64 = 0
    ) {
        self.template = template
        self.variant = variant
        self.substitution = substitution
        self.padding = padding
        self.isImage = isImage
        self.link = link
        self.subject = subject
        self.attachment = attachment
        self.contact = contact
    }

    /// How alike this copy is to its template, as sets of three words in a row (Broder 1997): a share `a` = (1-e)³ of them
    /// is kept, so that J = a / (2 - a + padding).
    public var resemblance: Double {
        let kept = (1 - substitution) * (1 - substitution) * (1 - substitution)
        return kept / (2 - kept + padding)
    }

    /// The share of words to replace for a copy to be so alike to its template.
    static func substitution(resemblance: Double) -> Double {
        guard resemblance < 1 else { return 0 }
        guard resemblance > 0.001 else { return 0.9 }
        return 1 - Exponential.of(NaturalLogarithm.of(2 * resemblance / (1 + resemblance)) / 3)
    }

    /// The fingerprint: a sketch that keeps each slot of the template's with the probability `resemblance`, and the exact
    /// keys. `commonWords` is what unrelated texts share.
    func fingerprint(commonWords: Double) -> Fingerprint {
        var keys: [Fingerprint.Key] = []
        let count = (link != 0 ? 1 : 0) + (subject != 0 ? 1 : 0) + (attachment != 0 ? 1 : 0) + (contact != 0 ? 1 : 0)
        if count > 0 {
            keys.reserveCapacity(count)
            if link != 0 { keys.append(.init(.link, Mixing.mix(link))) }
            if attachment != 0 { keys.append(.init(.attachment, Mixing.mix(attachment))) }
            if subject != 0 { keys.append(.init(.subject, Mixing.mix(subject))) }
            if contact != 0 { keys.append(.init(.contact, Mixing.mix(contact))) }
        }
        return Fingerprint(sketch: isImage ? [] : sketch(commonWords), keys: keys)
    }

    /// The sketch: 64 slots of 16 bits.
    private func sketch(_ commonWords: Double) -> [UInt16] {
        let resemblance = resemblance
        let keepBelow = UInt64(max(0, min(1, resemblance)) * 65_536)
        let commonBelow = UInt64(max(0, min(1, commonWords)) * 65_536)
        var words = SeededGenerator(seed: template)
        var own = SeededGenerator(seed: Mixing.mix(template, variant))
        var slots = [UInt16](repeating: 0, count: Fingerprint.sketchSlots)
        var slot = 0
        while slot < Fingerprint.sketchSlots {
            let base = words.next()
            let common = words.next()
            var replaced: UInt64 = 0
            var kept: UInt64 = 0
            if keepBelow < 65_536 {
                replaced = own.next()
                kept = own.next()
            }
            var shift: UInt64 = 0
            while shift < 64 {
                if (common &>> shift) & 0xFFFF < commonBelow {
                    // A word that everybody uses: the same slot of the same language.
                    slots[slot] = UInt16(truncatingIfNeeded: UInt64(slot) &* 0x9E37 &+ 0x1234)
                } else if keepBelow >= 65_536 || (kept &>> shift) & 0xFFFF < keepBelow {
                    slots[slot] = UInt16(truncatingIfNeeded: base &>> shift)
                } else {
                    slots[slot] = UInt16(truncatingIfNeeded: replaced &>> shift)
                }
                slot += 1
                shift += 16
            }
        }
        return slots
    }
}
