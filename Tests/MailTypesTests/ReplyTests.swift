// Replies and status codes: nothing of a peer's words may break a protocol line.

import MailTypes
import Testing

@Suite("Reply and EnhancedStatus")
struct ReplyTests {
    @Test(
        "what is not printable ASCII becomes a question mark",
        arguments: [
            ("plain text", "plain text"), ("a\r\nQUIT", "a??QUIT"), ("tab\there", "tab?here"), ("nul\0", "nul?"),
            ("ä", "??"),
            ("\u{7f}~", "?~"), ("", ""),
        ])
    func sanitised(_ given: String, _ expected: String) {
        #expect(Reply(code: 550, status: EnhancedStatus(5, 7, 1), text: given).text == expected)
    }

    @Test("a long text is cut, and the line stays within RFC 5321 §4.5.3.1.5")
    func cut() {
        let reply = Reply(code: 450, status: EnhancedStatus(4, 999, 999), text: String(repeating: "é", count: 5000))
        #expect(reply.text.utf8.count == Reply.textBytesMax)
        #expect("\(reply)\r\n".utf8.count <= 512)
        #expect(reply.description.hasPrefix("450 4.999.999 ?"))
    }

    @Test("status codes are read and printed", arguments: ["2.0.0", "4.7.1", "5.1.10", "5.999.999"])
    func status(_ text: String) {
        #expect(EnhancedStatus(text)?.description == text)
    }

    @Test(
        "anything else is no status code",
        arguments: [
            "", "5", "5.1", "5.1.1.1", "3.1.1", "5.1000.1", "5.1.1000", "5.-1.1", "+5.1.1", "5.+1.1", "5.1.-0",
            "5.1. 1", "5..1", "a.b.c",
            "5.1.99999999999",
        ])
    func notStatus(_ text: String) {
        #expect(EnhancedStatus(text) == nil)
    }

    @Test("three codes say that a recipient does not exist", arguments: ["5.1.1", "5.1.2", "5.1.10"])
    func dead(_ text: String) throws {
        #expect(try #require(EnhancedStatus(text)).saysRecipientIsDead)
    }

    @Test(
        "Weir's own codes and others do not",
        arguments: ["4.7.1", "5.7.1", "4.1.1", "5.1.0", "5.1.3", "5.2.1", "5.0.0", "2.1.1"])
    func alive(_ text: String) throws {
        #expect(try !#require(EnhancedStatus(text)).saysRecipientIsDead)
    }

    @Test("verdicts are ordered by what they take, stages by the dialogue")
    func orders() {
        #expect(Verdict.Kind.allCases == Verdict.Kind.allCases.sorted())
        #expect(Stage.allCases == Stage.allCases.sorted())
        #expect(Verdict.Kind.hold < .defer && Verdict.Kind.defer < .reject)
    }

    @Test("the generator is SplitMix64")
    func generator() {
        var random = SeededGenerator(seed: 1_234_567)
        let first = (0..<3).map { _ in random.next() }
        #expect(first == [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423])
    }
}
