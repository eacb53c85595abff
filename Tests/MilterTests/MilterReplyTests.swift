// Every reply of a filter: to bytes and back, and what is refused.

import MailTypes
import Milter
import Testing

/// One of each reply, and its frame behind the length.
private let replies: [(MilterReply, String)] = [
    (
        .negotiate(MilterNegotiation(version: 2, actions: [], steps: [])),
        "O\u{0}\u{0}\u{0}\u{2}" + String(repeating: "\u{0}", count: 8)
    ),
    (.continue, "c"), (.accept, "a"), (.reject, "r"), (.temporaryFailure, "t"), (.discard, "d"), (.skip, "s"),
    (.progress, "p"), (.connectionFailure, "f"), (.shutdown, "4"),
    (.replyCode("451 4.7.1 50%% more"), "y451 4.7.1 50%% more\u{0}"),
    (.quarantine("budget"), "qbudget\u{0}"),
    (.addRecipient("<a@b>"), "+<a@b>\u{0}"), (.deleteRecipient("<a@b>"), "-<a@b>\u{0}"),
    (.addRecipientWithParameters("<a@b>", nil), "2<a@b>\u{0}"),
    (.addRecipientWithParameters("<a@b>", "NOTIFY=NEVER"), "2<a@b>\u{0}NOTIFY=NEVER\u{0}"),
    (.changeSender("<a@b>", nil), "e<a@b>\u{0}"), (.changeSender("<a@b>", ""), "e<a@b>\u{0}\u{0}"),
    (.addHeader(name: "X-A", body: " b"), "hX-A\u{0} b\u{0}"),
    (.insertHeader(index: 1, name: "X-A", body: "b"), "i\u{0}\u{0}\u{0}\u{1}X-A\u{0}b\u{0}"),
    (.changeHeader(index: 2, name: "X-A", body: ""), "m\u{0}\u{0}\u{0}\u{2}X-A\u{0}\u{0}"),
    (.replaceBody(Array("new\u{0}".utf8)), "bnew\u{0}"), (.replaceBody([]), "b"),
]

@Suite struct MilterReplyTests {
    @Test(arguments: replies.indices) func composesAndParses(index: Int) throws {
        let (reply, text) = replies[index]
        let bytes = Array(text.utf8)
        #expect(reply.frame.bytes == [0, 0, 0, UInt8(bytes.count)] + bytes)
        #expect(try MilterReply(parsing: MilterFrame(bytes[0], Array(bytes.dropFirst()))) == reply)
        #expect(reply.letter.rawValue == bytes[0])
    }

    @Test func everyLetterHasAReply() {
        #expect(Set(replies.map { $0.0.letter }) == Set(MilterReply.Letter.allCases))
    }

    @Test func changesAreNoVerdicts() {
        #expect(!MilterReply.quarantine("x").endsTheWait)
        #expect(!MilterReply.progress.endsTheWait)
        #expect(MilterReply.replyCode("x").endsTheWait)
    }

    @Test(arguments: [
        ("C", "", DoorError.Code.notThisProtocol), ("c", "x\u{0}", .badLength), ("c", "x", .badField),
        ("y", "", .badLength),
        ("y", "451", .badField), ("q", "a\u{0}b\u{0}", .badLength), ("h", "X\u{0}", .badLength),
        ("i", "\u{0}", .badLength),
        ("e", "a\u{0}b\u{0}c\u{0}", .badLength), ("O", "", .badLength),
    ])
    func refuses(letter: String, payload: String, code: DoorError.Code) {
        #expect(throws: DoorError(code, found: "", expected: "")) {
            try MilterReply(parsing: MilterFrame(letter.utf8.first!, Array(payload.utf8)))
        }
    }
}
