// What the milter door keeps of a header where a digest is made of it, and that it keeps nothing else.

import MailTypes
import Milter
import Testing

/// A digest that only notes what it is given; one test, one thread.
private final class Noted: @unchecked Sendable {
    /// The heads, in order.
    var heads: [MessageHead] = []

    /// The digest.
    var digest: ContentDigest {
        ContentDigest(bodies: ["Subject", "x-mailer"]) { [self] head in
            heads.append(head)
            return Content(handling: .list, style: 7)
        }
    }
}

/// A conversation with a digest or without.
private func dialogue(_ digest: ContentDigest?) throws -> Dialogue {
    var dialogue = try Dialogue()
    dialogue.session = MilterSession(
        mailHost: "mx1", addressHash: testHash, wantedFields: ["X-Customer"], digest: digest)
    dialogue.client = MilterClient(offer: MilterNegotiation())
    try dialogue.say(dialogue.client.negotiate())
    try dialogue.connect()
    return dialogue
}

@Suite struct MilterDigestTests {
    @Test func theHeaderIsDigestedAtTheEnd() throws {
        let noted = Noted()
        var dialogue = try dialogue(noted.digest)
        try dialogue.envelope()
        try dialogue.say(dialogue.client.data())
        #expect(noted.heads.isEmpty, "nothing is known of the header at DATA")
        for (name, body) in [
            ("Received", "from a\r\n by b"), ("FROM", "secret@example.net"), ("suBject", "one\r\n two"),
            ("X-Customer", "c-17"), ("X-Mailer", "Weft 3"),
        ] { try dialogue.say(dialogue.client.header(MilterString(name), body)) }
        try dialogue.say(dialogue.client.body(Array("body".utf8)))
        try dialogue.say(dialogue.client.endOfMessage())
        let head = try #require(noted.heads.first)
        #expect(head.fields.map(\.name) == ["Received", "FROM", "suBject", "X-Customer", "X-Mailer"])
        #expect(head.fields.map(\.body) == ["", "", "one two", "", "Weft 3"])
        #expect(head.reversePath == "ann@isp.example" && head.recipientCount == 1)
        let asked = try #require(dialogue.asked.last)
        #expect(head.bytes == asked.envelope.bytes && head.bytes > 0)
        #expect(asked.content.fields == [Content.Field(name: "X-Customer", body: "c-17")])
        #expect(asked.content.handling == .list && asked.content.style == 7)
        #expect(dialogue.asked.first?.content == Content())
    }

    @Test func aHostileHeaderIsBounded() throws {
        let noted = Noted()
        var dialogue = try dialogue(noted.digest)
        try dialogue.envelope()
        try dialogue.say(dialogue.client.data())
        try dialogue.say(dialogue.client.header(MilterString(String(repeating: "n", count: 79)), "x"))
        for _ in 0..<300 {
            try dialogue.say(dialogue.client.header("Subject", String(repeating: "x", count: 998)))
        }
        try dialogue.say(dialogue.client.endOfMessage())
        let head = try #require(noted.heads.first)
        #expect(head.fields.count == 200 && head.fields.allSatisfy { $0.name == "Subject" })
        #expect(head.fields.reduce(0) { $0 + $1.body.utf8.count } <= 8192 + 998)
    }

    @Test func withoutADigestNothingOfItIsKept() throws {
        var dialogue = try dialogue(nil)
        try dialogue.envelope()
        try dialogue.say(dialogue.client.data())
        try dialogue.content()
        try dialogue.say(dialogue.client.endOfMessage())
        #expect(dialogue.asked.last?.content == Content(fields: [Content.Field(name: "X-Customer", body: "c-17")]))
    }

    @Test func theNullReversePathIsKnown() throws {
        let noted = Noted()
        var dialogue = try dialogue(noted.digest)
        try dialogue.say(dialogue.client.mail("<>"))
        try dialogue.say(dialogue.client.recipient("<bob@there.example>"))
        try dialogue.say(dialogue.client.data())
        try dialogue.say(dialogue.client.endOfMessage())
        #expect(noted.heads.first?.reversePath == "")
    }
}
