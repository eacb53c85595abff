// Golden answers: the one table from verdicts to actions, and back.

import MailTypes
import PolicyDelegation
import Testing

/// A reply of Weir's usual form.
private func reply(_ code: UInt16, _ class: UInt8, _ text: String) -> Reply {
    Reply(code: code, status: EnhancedStatus(`class`, 7, 1), text: text)
}

@Suite struct PolicyReplyTests {
    @Test(
        arguments: [
            (.accept, "action=DUNNO\n\n"),
            (.prepend("X-Weir: seen"), "action=PREPEND X-Weir: seen\n\n"),
            (.prepend("no field"), "action=DUNNO\n\n"),
            (.prepend(": nothing"), "action=DUNNO\n\n"),
            (.prepend(""), "action=DUNNO\n\n"),
            (.hold("over budget, case 7F3K"), "action=HOLD over budget, case 7F3K\n\n"),
            (.hold(""), "action=HOLD\n\n"),
            (
                .defer(reply(450, 4, "300 recipients per hour reached, try again in 12 minutes")),
                "action=450 4.7.1 300 recipients per hour reached, try again in 12 minutes\n\n"
            ),
            (.reject(reply(550, 5, "refused")), "action=550 5.7.1 refused\n\n"),
            (.reject(Reply(code: 554, status: EnhancedStatus(5, 3, 4), text: "")), "action=554 5.3.4\n\n"),
            (.discard("never"), "action=DISCARD never\n\n"),
            // A code or a status that contradicts the verdict.
            (.defer(reply(550, 5, "later")), "action=450 4.7.1 later\n\n"),
            (.reject(reply(250, 2, "no")), "action=550 5.7.1 no\n\n"),
        ] as [(Verdict, String)])
    func saysEachVerdict(verdict: Verdict, answer: String) {
        #expect(String(decoding: PolicyReply.compose(verdict), as: UTF8.self) == answer)
    }

    /// No text can add a line, or end the answer early.
    @Test(
        arguments: [
            .hold("a\n\naction=OK\n\n"), .prepend("X: y\nZ: w"), .discard("\0\r\n"), .hold("Grüße"),
            .reject(Reply(code: 550, status: EnhancedStatus(5, 7, 1), text: "a\r\nb")),
            .hold(String(repeating: "x", count: 100_000)), .prepend("X: " + String(repeating: "\n", count: 100_000)),
        ] as [Verdict])
    func noTextBreaksTheLine(verdict: Verdict) {
        let bytes = PolicyReply.compose(verdict)
        #expect(bytes.count <= PolicyReply.replyBytesMax)
        #expect(bytes.suffix(2) == [10, 10])
        #expect(bytes.dropLast(2).allSatisfy { $0 >= 32 && $0 < 127 })
    }

    @Test func neverSaysOK() {
        for verdict in [Verdict.accept, .prepend("OK"), .prepend("OK: x"), .hold("OK"), .discard("OK")] {
            let action = String(decoding: PolicyReply.compose(verdict), as: UTF8.self).dropFirst("action=".count)
            #expect(!action.uppercased().hasPrefix("OK"))
        }
    }

    @Test(
        arguments: [
            .accept, .prepend("X-Weir: seen"), .hold("case 7F3K"), .hold(""), .defer(reply(450, 4, "later")),
            .defer(Reply(code: 421, status: EnhancedStatus(4, 3, 2), text: "busy")), .reject(reply(550, 5, "refused")),
            .reject(reply(550, 5, "")), .discard("x"),
        ] as [Verdict])
    func readingIsTheInverse(verdict: Verdict) throws {
        var client = PolicyClient()
        var found: [Verdict] = []
        for byte in PolicyReply.compose(verdict) {
            try client.receive([byte].span)
            while let next = try client.next() { found.append(next) }
        }
        #expect(found == [verdict])
    }

    @Test func readsRefusalsWithoutStatus() throws {
        #expect(try PolicyReply.parse("action=450 try later") == .defer(reply(450, 4, "try later")))
        #expect(try PolicyReply.parse("action=dunno") == .accept)
    }

    @Test(arguments: ["action=OK", "action=", "action=FILTER x:y", "action=250 2.0.0 fine", "action=600 x"])
    func refusesOtherActions(answer: String) {
        #expect(throws: DoorError(.badField, found: "", expected: "")) { try PolicyReply.parse(answer) }
    }

    @Test func refusesOtherProtocols() throws {
        #expect(throws: DoorError(.notThisProtocol, found: "", expected: "")) { try PolicyReply.parse("DUNNO") }
        var client = PolicyClient()
        #expect(throws: DoorError(.tooLarge, found: "", expected: "")) {
            for _ in 0...PolicyReply.replyBytesMax { try client.receive([97].span) }
        }
    }
}
