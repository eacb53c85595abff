// Texts: the fingerprint made by construction and the one of the written words are alike.

import MailTypes
import Testing

@testable import WeirSimulator

/// Resemblance.
@Suite struct TextTests {
    /// The share of a text's runs of three words that another has (Broder 1997).
    private func resemblance(_ a: String, _ b: String) -> Double {
        func runs(_ text: String) -> Set<String> {
            let words = text.split(separator: " ")
            return Set((0..<max(0, words.count - 2)).map { words[$0...$0 + 2].joined(separator: " ") })
        }
        let (x, y) = (runs(a), runs(b))
        return Double(x.intersection(y).count) / Double(x.union(y).count)
    }

    /// J = a/(2-a+padding), a = (1-e)³: by construction and in words.
    @Test(arguments: [(0.0, 0.0, 1.0), (0.05, 0.0, 0.75), (0.15, 0.0, 0.44), (0.3, 0.0, 0.21), (0.05, 1.0, 0.40)])
    func copiesResembleTheirTemplate(substitution: Double, padding: Double, expected: Double) {
        var slots = 0
        var words = 0.0
        let count = 60
        for copy in 1...count {
            let template = SimulatedText(template: UInt64(copy) * 977)
            var text = template
            text.variant = UInt64(copy)
            text.substitution = substitution
            text.padding = padding
            #expect(abs(text.resemblance - expected) < 0.01)
            slots += template.fingerprint(commonWords: 0).equalSlots(text.fingerprint(commonWords: 0)) ?? 0
            words += resemblance(TextGrammar.body(template), TextGrammar.body(text))
        }
        #expect(abs(Double(slots) / Double(64 * count) - expected) < 0.04)
        #expect(abs(words / Double(count) - expected) < 0.06)
    }

    @Test func strangersShareWhatTheLanguageShares() {
        var slots = 0
        for place in 0..<200 {
            let a = SimulatedText(template: UInt64(place) * 7919).fingerprint(commonWords: 0.2)
            let b = SimulatedText(template: UInt64(place) * 104_729 + 1).fingerprint(commonWords: 0.2)
            slots += a.equalSlots(b) ?? 0
        }
        // Both must have the common slot: 0.2 × 0.2.
        #expect(abs(Double(slots) / (64 * 200) - 0.04) < 0.01)
    }

    @Test func substitutionIsTheInverseOfResemblance() {
        for wanted in [0.05, 0.1, 0.44, 0.75, 0.95] {
            let text = SimulatedText(template: 1, substitution: SimulatedText.substitution(resemblance: wanted))
            #expect(abs(text.resemblance - wanted) < 1e-9)
        }
    }

    @Test func exactKeysAreEqualWhereTheThingIs() {
        let a = SimulatedText(template: 1, link: 5, subject: 6, attachment: 7, contact: 8)
        let b = SimulatedText(template: 2, isImage: true, link: 5, subject: 9)
        let keys = a.fingerprint(commonWords: 0).keys
        #expect(Set(keys.map(\.kind)) == [.link, .subject, .attachment, .contact])
        #expect(b.fingerprint(commonWords: 0).sketch.isEmpty)
        #expect(b.fingerprint(commonWords: 0).keys.contains { $0 == keys[0] })
    }

    @Test func addressesGoToKeysAndBack() {
        for kind in [Mailbox.Kind.subscriber, .person, .popular, .listed, .member, .madeUp, .drop] {
            let mailbox = Mailbox(kind, 123_456_789)
            #expect(Mailbox(mailbox.key) == mailbox)
            #expect(mailbox.text.contains("@"))
        }
        #expect(Mailbox(.subscriber, 12).text == "u12@isp.example")
        #expect(Mailbox(.person, 1).text != Mailbox(.listed, 1).text)
    }
}
