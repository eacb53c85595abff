// The digest of header and envelope that the doors make, and encoded words in it.

import MailTypes
import Testing

@testable import ContentAnalysis

@Suite struct HeadDigestTests {
    /// The digest of all tests.
    private static let digest = Fingerprinter(key: KeyedHash(key0: 1, key1: 2)).digest

    /// A head with the bodies that a door keeps.
    private func head(_ fields: [(String, String)], from: String? = "ann@example.net", count: Int = 1) -> MessageHead {
        MessageHead(
            fields: fields.map { name, body in
                let isRead = Self.digest.bodies.contains(Array(name.lowercased().utf8))
                return Content.Field(name: name, body: isRead ? body : "")
            }, reversePath: from, recipientCount: count, bytes: 4000)
    }

    /// A header as a mail program writes it.
    private let plain = [
        ("From", "ann@example.net"), ("To", "bob@example.org"), ("Subject", "The lamp is broken"),
        ("Message-ID", "<1@pc>"), ("User-Agent", "Weft/3.1"),
    ]

    @Test func bodiesThatTheDoorKeepsAreAllThatItReads() {
        let fingerprinter = Fingerprinter(key: KeyedHash(key0: 1, key1: 2))
        for extra in [
            ("X-A", "b"), ("List-Post", "NO"), ("List-Id", "<l.example>"), ("Precedence", "list"),
            ("Auto-Submitted", "no"), ("Auto-Submitted", "auto-replied"), ("Resent-From", "x@example.org"),
            ("Content-Type", "multipart/report"), ("X-Mailer", "Other 2"),
        ] {
            for from in ["ann@example.net", "", "SRS0=a=b=c=d@example.net"] {
                let fields = (plain + [extra]).map { Content.Field(name: $0.0, body: $0.1) }
                let whole = fingerprinter.content(
                    of: MessageParts(
                        subject: "The lamp is broken", fields: fields, reversePath: from, recipientCount: 1,
                        sizeBytes: 4000))
                #expect(Self.digest.make(head(plain + [extra], from: from)) == whole, "\(extra) \(from)")
            }
        }
    }

    @Test func whatItTells() {
        let content = Self.digest.make(head(plain))
        #expect(content.style != nil && content.handling == .own && content.fields.isEmpty)
        #expect(content.fingerprint.keys.map(\.kind) == [.shape, .subject] && content.fingerprint.sketch.isEmpty)
        #expect(Self.digest.make(head(plain + [("List-Id", "<l.example>")])).handling == .list)
        #expect(Self.digest.make(head(plain.reversed())).style != content.style, "the order counts")
        var other = plain
        other[2].1 = "Something else"
        #expect(Self.digest.make(head(other)).fingerprint.keys[1] != content.fingerprint.keys[1])
        other[2].1 = "=?utf-8?Q?The_lamp_is?= =?UTF-8?B?IGJyb2tlbg==?="
        #expect(Self.digest.make(head(other)).fingerprint.keys[1] == content.fingerprint.keys[1])
    }

    @Test func ofAnEnvelopeAloneTheShape() {
        let content = Self.digest.make(MessageHead(reversePath: "ann@example.net", recipientCount: 1, bytes: 4000))
        #expect(content.style == nil && content.fingerprint.keys.map(\.kind) == [.shape])
        #expect(content.fingerprint.keys[0] == Self.digest.make(head(plain)).fingerprint.keys[0])
        let more = Self.digest.make(MessageHead(reversePath: "ann@example.net", recipientCount: 9, bytes: 4000))
        #expect(more.fingerprint.keys != content.fingerprint.keys)
    }

    @Test(arguments: [
        ("plain", "plain"), ("=?utf-8?q?caf=C3=A9_x?=", "café x"), ("=?ISO-8859-1?Q?caf=E9?=", "café"),
        ("=?utf-8?B?aGVsbG8=?=", "hello"), ("=?utf-8?b?aGVsbG8?=", "hello"),
        ("a =?utf-8?q?b?= c", "a b c"), ("=?utf-8?q?a?=  =?utf-8?q?b?=", "ab"),
        ("=?utf-8*en?q?a?=", "a"), ("=?koi8-r?q?a?=", "=?koi8-r?q?a?="), ("=?utf-8?x?a?=", "=?utf-8?x?a?="),
        ("=?utf-8?q?=ZZ?=", "=?utf-8?q?=ZZ?="), ("=?utf-8?q?=C?=", "=?utf-8?q?=C?="),
        ("=?utf-8?b?!?=", "=?utf-8?b?!?="),
        ("=?utf-8?q?a", "=?utf-8?q?a"), ("=?", "=?"), ("1=2", "1=2"), ("=?utf-8?q??=", ""), ("a=", "a="),
    ]) func encodedWords(body: String, expected: String) {
        #expect(EncodedWords.decoded(body) == expected)
    }
}
