// Exact keys, the shape of envelopes, mail programs' styles, and whose words a message carries.

import MailTypes
import Testing

@testable import ContentAnalysis

@Suite("Exact keys")
struct KeyTests {
    let fingerprinter = Fingerprinter(key: testKey)

    /// The keys of a kind in a text.
    private func keys(_ kind: Fingerprint.Kind, _ text: String, links: [String] = []) -> [UInt64] {
        fingerprinter.fingerprint(of: MessageParts(text: Array(text.utf8), links: links)).keys
            .filter { $0.kind == kind }.map(\.value)
    }

    @Test(
        "links with one host and path shape have one key",
        arguments: [
            ("see http://www.Evil.example/pay/now?id=7", "see https://evil.example/pay/now#top"),
            ("https://evil.example/a8c1/x", "https://evil.example/zz91/x."),
            ("https://user@evil.example:8080/x", "(www.evil.example/x)"),
            ("http://evil.example", "http://evil.example/"),
        ])
    func sameLink(_ a: String, _ b: String) {
        #expect(keys(.link, a).count == 1)
        #expect(keys(.link, a) == keys(.link, b))
        #expect(keys(.link, "", links: [a.split(separator: " ").last.map(String.init)!]) == keys(.link, a))
    }

    @Test("another host or path has another key; what is no link has none")
    func otherLink() {
        #expect(keys(.link, "http://evil.example/a") != keys(.link, "http://evil.example/b"))
        #expect(keys(.link, "http://a.example") != keys(.link, "http://b.example"))
        #expect(keys(.link, "at 10:00 // http:// and www. alone").isEmpty)
        #expect(keys(.link, "", links: ["javascript:alert(1)", "#top", "cid:1@x"]).isEmpty)
    }

    @Test("of many links those with the smallest hashes are kept, wherever they stand")
    func manyLinks() {
        let hosts = (0..<40).map { "http://host\($0)x.example/" }
        let kept = keys(.link, hosts.joined(separator: " "))
        #expect(kept.count == 6)
        #expect(kept == keys(.link, hosts.reversed().joined(separator: " ")))
    }

    @Test(
        "contacts are found in the forms in which people write them",
        arguments: [
            ("write to Refund@Evil.example.", "mail refund@evil.example now"),
            ("call +44 20 7946 0958 now", "call (020) 7946-0958"),
            ("call 0044 20 7946 0958", "call 020 7946 0958"),
            ("pay to DE89 3704 0044 0532 0130 00 today", "DE89370400440532013000"),
            ("send to 1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "x: 1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2."),
            ("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "to bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq!"),
        ])
    func contacts(_ a: String, _ b: String) {
        #expect(keys(.contact, a).count == 1, "\(a)")
        #expect(keys(.contact, a) == keys(.contact, b))
    }

    @Test(
        "dates, prices and wrong check digits are no contacts",
        arguments: [
            "01-02-2026 10:00", "on 01.02.2026 at 10", "DE89370400440532013001", "1234567890123", "0 1 2", "a@b",
            "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNV0O", "100,000,000.00 EUR", "BC1", "Www", "DE12",
        ])
    func noContacts(_ text: String) {
        #expect(keys(.contact, text).isEmpty)
        #expect(keys(.link, text).isEmpty)
    }

    @Test("sender and recipients are no contacts")
    func ownAddresses() {
        let parts = MessageParts(
            text: Array("Ann@mail.example wrote to bob@mail.example: ask carl@mail.example".utf8),
            reversePath: "ann@mail.example", recipients: ["Bob@mail.example"])
        #expect(fingerprinter.fingerprint(of: parts).keys.count { $0.kind == .contact } == 1)
    }

    @Test("subjects lose numbers and marks of answers; short ones have no key")
    func subjects() {
        #expect(fingerprinter.subject("Re: AW: Invoice 1234!") == fingerprinter.subject("invoice 99"))
        #expect(fingerprinter.subject("Invoice 1234") != fingerprinter.subject("Reminder 1234"))
        #expect(fingerprinter.subject("Re: hi") == nil)
        #expect(fingerprinter.subject("") == nil)
    }

    @Test("the shape is the same for copies to other names, and other for another size or path")
    func shapes() {
        func shape(_ size: Int64, _ path: String, _ count: Int) -> Fingerprint.Key? {
            fingerprinter.shape(sizeBytes: size, reversePath: path, recipientCount: count)
        }
        #expect(shape(4100, "ann.lee77@mail.example", 1) == shape(4200, "bo.li3@other.example", 1))
        #expect(shape(4100, "ann@mail.example", 1) != shape(8200, "ann@mail.example", 1))
        #expect(shape(4100, "ann@mail.example", 1) != shape(4100, "a_n@mail.example", 1))
        #expect(shape(4100, "ann@mail.example", 1) != shape(4100, "ann@mail.example", 50))
        #expect(shape(4100, "", 1) != shape(4100, "ann@mail.example", 1))
        #expect(fingerprinter.shape(sizeBytes: 0, reversePath: nil, recipientCount: 0) == nil)
        #expect(EnvelopeShape.pattern("SRS0=ab=cd=x.example=ann@fwd.example") == Array("srs".utf8))
    }
}

@Suite("Header")
struct HeaderTests {
    /// Fields from names and bodies.
    private func fields(_ pairs: (String, String)...) -> [Content.Field] {
        pairs.map { Content.Field(name: $0.0, body: $0.1) }
    }

    @Test("the style is the program's, whatever the message and the servers add")
    func style() {
        let plain = fields(
            ("Message-ID", "<1@x>"), ("Date", "today"), ("MIME-Version", "1.0"),
            ("User-Agent", "Mozilla Thunderbird 115.3"),
            ("From", "a@x"), ("To", "b@x"), ("Subject", "hello"))
        var other = plain
        other.insert(Content.Field(name: "Received", body: "from x"), at: 0)
        other.insert(Content.Field(name: "In-Reply-To", body: "<2@x>"), at: 5)
        other[4] = Content.Field(name: "User-Agent", body: "Mozilla Thunderbird 128.1.0esr")
        other[1].body = "<77@y>"
        let style = HeaderStyle.style(of: plain, key: testKey)
        #expect(style != nil)
        #expect(HeaderStyle.style(of: other, key: testKey) == style)
        var spelled = plain
        spelled[0].name = "Message-Id"
        #expect(HeaderStyle.style(of: spelled, key: testKey) != style)
        #expect(HeaderStyle.style(of: Array(plain.reversed()), key: testKey) != style)
        #expect(HeaderStyle.style(of: fields(("From", "a"), ("To", "b"), ("Received", "c")), key: testKey) == nil)
        #expect(HeaderStyle.product("Apple Mail (2.3731.700.6)") == Array("apple mail".utf8))
    }

    @Test(
        "whose words a message carries",
        arguments: [
            (Content.Handling.forwarded, "SRS0=HHH=TT=x.example=ann@fwd.example", "From", "ann@x.example"),
            (.forwarded, "srs1+x=y==z@fwd.example", "From", "ann@x.example"),
            (.own, "prvs=123=ann@x.example", "From", "ann@x.example"),
            (.forwarded, "a@x.example", "Resent-From", "b@x.example"),
            (.list, "a@x.example", "List-Id", "<l.x.example>"),
            (.list, "a@x.example", "Precedence", "list"),
            (.own, "a@x.example", "Precedence", "bulk"),
            (.own, "a@x.example", "List-Post", "NO (moderated)"),
            (.automatic, "a@x.example", "Auto-Submitted", "auto-replied; x=y"),
            (.own, "a@x.example", "Auto-Submitted", "no"),
            (.automatic, "", "Content-Type", "multipart/report; report-type=delivery-status"),
            (.own, "a@x.example", "Content-Type", "multipart/report; report-type=delivery-status"),
        ])
    func handling(_ expected: Content.Handling, _ path: String, _ name: String, _ body: String) {
        #expect(HandlingRules.handling(fields: fields((name, body)), reversePath: path) == expected)
    }

    @Test("a foreign author is passed on only where somebody received it before")
    func passedOn() {
        let foreign = ("From", "\"Ann, the\" <ann@Far.example>")
        let delivered = ("Delivered-To", "bob@x.example")
        func handling(_ list: [Content.Field], _ own: [String]) -> Content.Handling {
            HandlingRules.handling(fields: list, reversePath: "ann@far.example", ownDomains: own)
        }
        #expect(handling(fields(delivered, foreign), ["x.example"]) == .forwarded)
        #expect(handling(fields(foreign), ["x.example"]) == .own)
        #expect(handling(fields(delivered, foreign), ["far.example"]) == .own)
        #expect(handling(fields(delivered, foreign), []) == .own)
        #expect(handling(fields(delivered, ("From", "a@mail.x.example")), ["x.example"]) == .own)
    }

    @Test("the digest carries all of it")
    func content() {
        let parts = MessageParts(
            subject: "Invoice for March",
            text: Array("one two three four five six seven eight nine ten eleven twelve".utf8),
            fields: fields(("From", "a@x.example"), ("To", "b"), ("Subject", "c"), ("List-Id", "<l>")),
            reversePath: "a@x.example", recipientCount: 1, sizeBytes: 1000)
        let content = Fingerprinter(key: testKey).content(of: parts, keeping: ["list-id"])
        #expect(content.handling == .list)
        #expect(content.style != nil)
        #expect(content.fields.map(\.name) == ["List-Id"])
        #expect(content.fingerprint.sketch.count == 64)
        #expect(content.fingerprint.keys.map(\.kind) == [.shape, .subject])
    }
}
