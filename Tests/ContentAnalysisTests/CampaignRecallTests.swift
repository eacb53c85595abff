// From words to campaigns: fingerprints of edited texts in a table of campaigns (bench D1). Prints what it finds.

import MailTypes
import Testing

@testable import ContentAnalysis
@testable import WeirEngine

@Suite("CampaignRecall")
struct CampaignRecallTests {
    /// One way to make copies differ.
    enum Obfuscation: String, CaseIterable {
        case words5, words10, words15, words20, words30, padding50, padding100, padding200, lookalikes, names
    }

    /// A copy of a text.
    private func copy(_ words: [String], _ way: Obfuscation, _ sample: inout SampleText) -> [UInt8] {
        switch way {
        case .words5: return SampleText.text(sample.replacing(words, percent: 5))
        case .words10: return SampleText.text(sample.replacing(words, percent: 10))
        case .words15: return SampleText.text(sample.replacing(words, percent: 15))
        case .words20: return SampleText.text(sample.replacing(words, percent: 20))
        case .words30: return SampleText.text(sample.replacing(words, percent: 30))
        case .padding50: return SampleText.text(words + sample.words(words.count / 2))
        case .padding100: return SampleText.text(words + sample.words(words.count))
        case .padding200: return SampleText.text(words + sample.words(words.count * 2))
        case .lookalikes:
            var letters = words.joined(separator: " ")
            for (from, to) in [("a", "а"), ("e", "е"), ("o", "ο")] where sample.random.next() % 2 == 0 {
                letters = letters.split(separator: from, omittingEmptySubsequences: false).joined(separator: to)
            }
            return Array(letters.utf8)
        case .names:
            let number = String(sample.random.next() % 1_000_000)
            return SampleText.text(["dear", sample.word(), "your", "number", number] + words)
        }
    }

    @Test("recall of one earlier copy, of eight copies, and false links")
    func recall() {
        #if DEBUG
            let (pairs, unrelated) = (60, 300)
        #else
            let (pairs, unrelated) = (1000, 100_000)
        #endif
        let fingerprinter = Fingerprinter(key: testKey)
        var sample = SampleText(seed: 21)
        for way in Obfuscation.allCases {
            var table = CampaignTable()
            var (two, linked) = (0, 0)
            for _ in 0..<pairs {
                let words = sample.words(150)
                // The first is a copy as well: nobody has the original.
                var handles: [UInt32] = []
                for bot in UInt64(0)..<8 {
                    let text = copy(words, way, &sample)
                    let known = table.note(
                        Fingerprint(sketch: fingerprinter.sketch(of: text.span)),
                        subscriber: sample.random.next() ^ bot,
                        at: 1_795_428_000_000_000_000)
                    handles.append(known.loose)
                }
                // Against the original alone: what the published figures mean.
                let original = SampleText.text(words)
                let edited = copy(words, way, &sample)
                var alone = CampaignTable(bounds: .init(textsMax: 16, keysMax: 16, campaignsMax: 16))
                let a = alone.note(
                    Fingerprint(sketch: fingerprinter.sketch(of: original.span)), subscriber: 1, at: 1_000_000_000)
                let b = alone.note(
                    Fingerprint(sketch: fingerprinter.sketch(of: edited.span)), subscriber: 2, at: 1_000_000_000)
                if alone.root(of: a.loose) == alone.root(of: b.loose) { two += 1 }
                let last = table.root(of: handles[7])
                if handles[..<7].contains(where: { table.root(of: $0) == last }) { linked += 1 }
            }
            let (one, eighth) = (Double(two) / Double(pairs), Double(linked) / Double(pairs))
            print("D1 \(way.rawValue): beside the original \(one), the eighth copy beside seven others \(eighth)")
            switch way {
            case .words5, .words10, .words15, .lookalikes, .names: #expect(one >= 0.95, "\(way): \(one)")
            case .padding100: #expect(one >= 0.85 && eighth >= 0.9, "\(way): \(one), \(eighth)")
            default: break
            }
        }
        var table = CampaignTable()
        var falseLinks = 0
        for number in 0..<unrelated {
            let text = SampleText.text(sample.words(150))
            let known = table.note(
                Fingerprint(sketch: fingerprinter.sketch(of: text.span)), subscriber: UInt64(number),
                at: 1_795_428_000_000_000_000)
            if known.statistics.messages > 1 { falseLinks += 1 }
        }
        print("D1 unrelated: \(falseLinks) of \(unrelated) linked, each beside all before it")
        #expect(falseLinks * 1000 <= unrelated)
    }
}
