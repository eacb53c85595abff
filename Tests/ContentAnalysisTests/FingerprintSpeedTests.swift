// How fast messages are fingerprinted. Prints a figure; a figure worth quoting comes of a release build:
// swift test -c release -Xswiftc -enable-testing --filter FingerprintSpeed

#if !DEBUG

    import MailTypes
    import Testing

    @testable import ContentAnalysis

    @Suite("FingerprintSpeed")
    struct FingerprintSpeedTests {
        @Test("messages a second with 4 KB of text")
        func speed() {
            let fingerprinter = Fingerprinter(key: testKey)
            var sample = SampleText(seed: 5)
            let texts = (0..<64).map { _ in
                var text: [UInt8] = []
                while text.count < 4000 { text += SampleText.text(sample.words(50)) }
                return Array(text[..<4000])
                    + Array(" Visit https://shop.example/offer/now or call +44 20 7946 0958. Ann".utf8)
            }
            let rounds = 400
            func time(_ what: String, _ body: (Int) -> Int) {
                let clock = ContinuousClock()
                var sum = 0
                // The best of three: neighbours on the machine only ever take time away.
                let best = (0..<3).map { _ in
                    clock.measure {
                        for round in 0..<rounds { for place in texts.indices { sum &+= body(place) &+ round } }
                    }
                }.min()!
                let seconds = Double(best.components.seconds) + Double(best.components.attoseconds) / 1e18
                print("\(what): \(Int(Double(rounds * texts.count) / seconds)) messages/s", sum & 1)
            }
            let canonicalizer = Canonicalizer()
            time("canonical") {
                let text = texts[$0]
                return canonicalizer.canonical(text.span).count
            }
            let canonical = texts.map { text in canonicalizer.canonical(text.span) }
            let textSketch = TextSketch(key: testKey)
            time("sketch") {
                let text = canonical[$0]
                return Int(textSketch.sketch(of: text.span)[0])
            }
            time("keys") {
                var scanner = KeyScanner(key: testKey, ignoring: [])
                let text = texts[$0]
                scanner.scan(text.span)
                return scanner.links.count
            }
            time("text sketch in all") {
                let text = texts[$0]
                return Int(fingerprinter.sketch(of: text.span)[0])
            }
            let parts = texts.map {
                MessageParts(
                    subject: "Your offer 1234 of today", text: $0, reversePath: "ann@mail.example", recipients: [],
                    recipientCount: 1, sizeBytes: 5000)
            }
            time("fingerprint") { fingerprinter.fingerprint(of: parts[$0]).keys.count }
            let named = parts.map {
                var one = $0
                one.recipients = ["Ann Miller", "ann.miller@mail.example"]
                return one
            }
            time("fingerprint, names masked") { fingerprinter.fingerprint(of: named[$0]).keys.count }
        }
    }

#endif
