// Sketches: how near they come to the texts' resemblance, and what edits leave of them.

import MailTypes
import Testing

@testable import ContentAnalysis

/// The key of these tests.
let testKey = KeyedHash(key0: 11, key1: 12)

@Suite("Fingerprint")
struct FingerprintTests {
    let fingerprinter = Fingerprinter(key: testKey)

    /// Equal slots of two sketches in each half.
    private func equal(_ a: [UInt16], _ b: [UInt16]) -> (letters: Int, words: Int) {
        let same = (0..<64).map { a[$0] == b[$0] }
        return (same[..<32].count { $0 }, same[32...].count { $0 })
    }

    /// True where one of 20 bands of 3 slots is equal: ten in each half.
    private func shareBand(_ a: [UInt16], _ b: [UInt16]) -> Bool {
        (0..<20).contains { band in
            let first = band < 10 ? 3 * band : 32 + 3 * (band - 10)
            return a[first..<first + 3] == b[first..<first + 3]
        }
    }

    @Test("the share of equal slots is the resemblance, in each half")
    func estimate() {
        var sample = SampleText(seed: 1)
        for percent in [0, 5, 10, 20, 40] {
            var (found, expected) = ((0.0, 0.0), (0.0, 0.0))
            for _ in 0..<60 {
                let words = sample.words(200)
                let a = SampleText.text(words)
                let b = SampleText.text(sample.replacing(words, percent: percent))
                let same = equal(fingerprinter.sketch(of: a.span), fingerprinter.sketch(of: b.span))
                found.0 += Double(same.letters) / 32 / 60
                found.1 += Double(same.words) / 32 / 60
                let canonicalizer = Canonicalizer()
                let one = shingles(canonicalizer.canonical(a.span))
                let other = shingles(canonicalizer.canonical(b.span))
                expected.0 += resemblance(one.letters, other.letters) / 60
                expected.1 += resemblance(one.words, other.words) / 60
            }
            #expect(abs(found.0 - expected.0) < 0.035, "\(percent) %: \(found.0) for \(expected.0)")
            #expect(abs(found.1 - expected.1) < 0.035, "\(percent) %: \(found.1) for \(expected.1)")
        }
    }

    @Test(
        "recall of 20 bands of 3 follows 1-(1-J^3)^20, and is better than by words alone",
        arguments: [5, 10, 15, 20, 30])
    func curve(percent: Int) {
        var sample = SampleText(seed: UInt64(percent))
        var hits = 0
        var expected = 0.0
        var wordsAlone = 0.0
        let pairs = 400
        for _ in 0..<pairs {
            let words = sample.words(150)
            let a = SampleText.text(words)
            let b = SampleText.text(sample.replacing(words, percent: percent))
            if shareBand(fingerprinter.sketch(of: a.span), fingerprinter.sketch(of: b.span)) { hits += 1 }
            let one = shingles(Canonicalizer().canonical(a.span))
            let other = shingles(Canonicalizer().canonical(b.span))
            let letters = resemblance(one.letters, other.letters)
            let triples = resemblance(one.words, other.words)
            func missed(_ j: Double, _ bands: Int) -> Double {
                (0..<bands).reduce(1.0) { miss, _ in miss * (1 - j * j * j) }
            }
            expected += (1 - missed(letters, 10) * missed(triples, 10)) / Double(pairs)
            wordsAlone += (1 - missed(triples, 20)) / Double(pairs)
        }
        let recall = Double(hits) / Double(pairs)
        print("words replaced \(percent) %: recall \(recall), theory \(expected), word 3-grams alone \(wordsAlone)")
        #expect(abs(recall - expected) < 0.06, "\(percent) %: \(recall) for \(expected)")
        if percent <= 15 { #expect(recall >= 0.95, "\(percent) %: \(recall)") }
    }

    @Test("a text as long again behind it leaves half of the slots")
    func padding() {
        var sample = SampleText(seed: 3)
        var total = 0
        var hits = 0
        for _ in 0..<100 {
            let words = sample.words(150)
            let a = fingerprinter.sketch(of: SampleText.text(words).span)
            let b = fingerprinter.sketch(of: SampleText.text(words + sample.words(150)).span)
            total += zip(a, b).count { $0 == $1 }
            if shareBand(a, b) { hits += 1 }
        }
        #expect(total > 64 * 100 * 40 / 100 && total < 64 * 100 * 66 / 100, "\(total)")
        #expect(hits >= 88, "\(hits)")
    }

    @Test("unrelated texts share few slots, and hardly ever a quarter")
    func unrelated() {
        var sample = SampleText(seed: 4)
        let sketches = (0..<300).map { _ in fingerprinter.sketch(of: SampleText.text(sample.words(150)).span) }
        var most = 0
        for a in 0..<300 {
            for b in 0..<a { most = max(most, zip(sketches[a], sketches[b]).count { $0 == $1 }) }
        }
        #expect(most < 22, "\(most)")
    }

    @Test("what spam programs vary leaves the sketch as it was")
    func varied() {
        let plain =
            "Dear customer, your account number 12345 has been locked. Please confirm your password today at our bank page."
        let tricks =
            "DEAR  customer,\r\nyour  acco\u{200B}unt number 987 has be\u{AD}en lоcked. Plеase cоnfirm yоur pаsswоrd tоday at our ｂａｎｋ page."
        #expect(
            fingerprinter.sketch(of: Array(plain.utf8).span) == fingerprinter.sketch(of: Array(tricks.utf8).span))
        let other = Fingerprinter(key: KeyedHash(key0: 1, key1: 2)).sketch(of: Array(plain.utf8).span)
        #expect(zip(other, fingerprinter.sketch(of: Array(plain.utf8).span)).count { $0 == $1 } < 5)
    }

    @Test("short texts have no sketch; ideographs count as words")
    func short() {
        #expect(fingerprinter.sketch(of: Array("see you on Monday then".utf8).span).isEmpty)
        #expect(fingerprinter.sketch(of: Array("您的账户已被锁定请立即确认您的密码".utf8).span).count == 64)
        #expect(fingerprinter.sketch(of: [UInt8]().span).isEmpty)
    }

    @Test("the names of recipients are masked")
    func masked() {
        let a = MessageParts(
            subject: "Ann, your invoice is late",
            text: Array(
                "Hello Ann Miller, we wrote to ann.miller@mail.example on your invoice and have no answer yet.".utf8),
            recipients: ["Ann Miller", "ann.miller@mail.example"])
        var b = a
        b.subject = "Re: Bertram, your invoice is late"
        b.text = Array(
            "Hello Bertram Oslo, we wrote to bertram.oslo@mail.example on your invoice and have no answer yet.".utf8)
        b.recipients = ["Bertram Oslo", "bertram.oslo@mail.example"]
        #expect(fingerprinter.fingerprint(of: a) == fingerprinter.fingerprint(of: b))
        #expect(!fingerprinter.fingerprint(of: a).isEmpty)
    }

    @Test("any bytes are taken, and no text gets longer", arguments: UInt64(0)..<50)
    func anyBytes(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let length = Int(random.next() % 3000)
        let bytes = (0..<length).map { _ in
            let drawn = random.next()
            return drawn & 0x300 == 0
                ? UInt8(truncatingIfNeeded: drawn) : UInt8(truncatingIfNeeded: drawn) & 0x3F | 0x40
        }
        let canonical = Canonicalizer().canonical(bytes.span)
        #expect(canonical.count <= bytes.count)
        // Dropping one character may bring bytes together that were apart, and no more than that changes in a second pass.
        #expect(Canonicalizer().canonical(canonical.span).count <= canonical.count)
        _ = fingerprinter.fingerprint(of: MessageParts(text: bytes))
    }

    @Test("beyond 64 KiB nothing is looked at")
    func bound() {
        var sample = SampleText(seed: 9)
        var text: [UInt8] = []
        while text.count < Canonicalizer.bytesMax { text += SampleText.text(sample.words(1000)) }
        let start = Array(text[..<Canonicalizer.bytesMax])
        #expect(fingerprinter.sketch(of: text.span) == fingerprinter.sketch(of: start.span))
        #expect(
            fingerprinter.fingerprint(of: MessageParts(text: text + Array("https://evil.example/x".utf8))).keys.isEmpty)
    }
}
