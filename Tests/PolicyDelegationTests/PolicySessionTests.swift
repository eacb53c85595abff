// A connection's conversation: many requests, sent ahead, cut anywhere, and faults in the middle of them.

import MailTypes
import PolicyDelegation
import Testing

@Suite struct PolicySessionTests {
    /// The stages asked about.
    private func asks(_ actions: [DoorAction]) -> [Stage] {
        actions.compactMap { if case .ask(let transaction) = $0 { transaction.stage } else { nil } }
    }

    /// The answers sent.
    private func answers(_ actions: [DoorAction]) -> [String] {
        actions.compactMap { if case .send(let bytes) = $0 { String(decoding: bytes, as: UTF8.self) } else { nil } }
    }

    @Test func aMessageAsPostfixAsksAboutIt() throws {
        var session = makeSession()
        let recipients = ["bob@there.example", "eve@else.example"]
        for recipient in recipients {
            let found = try actions(&session, question("RCPT", recipient: recipient).compose())
            guard case .ask(let transaction) = found.first else {
                Issue.record("RCPT was not asked about")
                return
            }
            #expect(transaction.envelope.recipients == [Recipient(testKeys.key(recipient)!)])
            #expect(transaction.envelope.recipientCount == 0)
            #expect(!transaction.envelope.recipientsAreComplete)
        }
        for state in ["DATA", "END-OF-MESSAGE"] {
            let found = try actions(&session, question(state, recipients: 2, queueID: "4X1").compose())
            guard case .ask(let transaction) = found.first else {
                Issue.record("\(state) was not asked about")
                return
            }
            #expect(transaction.envelope.recipients == [])
            #expect(transaction.envelope.recipientCount == 2)
            #expect(!transaction.envelope.recipientsAreComplete)
            #expect(transaction.queueID == "4X1")
        }
    }

    /// Nothing of one request is left in the next: a policy connection serves many SMTP clients.
    @Test func nothingIsTakenOver() throws {
        var session = makeSession()
        _ = try actions(&session, question("RCPT", recipient: "bob@there.example", queueID: "4X1").compose())
        let found = try actions(&session, request("request=smtpd_access_policy", "protocol_state=RCPT"))
        #expect(
            found.first == .ask(Transaction(stage: .rcpt, session: Session(door: .policy, mailHost: "mx1.example.net")))
        )
    }

    @Test func answersInOrder() throws {
        var session = makeSession()
        let bytes = ["CONNECT", "RCPT", "MAIL", "DATA", "END-OF-MESSAGE", "VRFY"].flatMap { question($0).compose() }
        let found = try actions(&session, bytes, [.accept, .hold("budget"), .discard("x")])
        #expect(asks(found) == [.rcpt, .data, .endOfMessage])
        #expect(
            answers(found)
                == ["DUNNO", "DUNNO", "DUNNO", "HOLD budget", "DISCARD x", "DUNNO"].map { "action=\($0)\n\n" })
        #expect(!session.hasPartialInput)
    }

    @Test func waitsForTheDecision() throws {
        var session = makeSession()
        try session.receive((question("DATA").compose() + question("MAIL").compose()).span)
        guard case .ask = try session.next() else {
            Issue.record("DATA was not asked about")
            return
        }
        #expect(try session.next() == nil)
        #expect(!session.hasPartialInput)
        try session.receive(Array("request=".utf8).span)
        #expect(try session.next() == nil)
        session.decided(.accept)
        #expect(try session.next() == .send(PolicyReply.dunno))
        #expect(try session.next() == .send(PolicyReply.dunno))
        #expect(try session.next() == nil)
        #expect(session.hasPartialInput)
    }

    @Test func everySplitGivesTheSame() throws {
        let bytes = ["RCPT", "MAIL", "DATA"].flatMap { question($0, recipient: "bob@there.example").compose() }
        var whole = makeSession()
        let expected = try actions(&whole, bytes)
        for cut in 1..<bytes.count {
            var session = makeSession()
            let found = try actions(&session, Array(bytes[..<cut])) + actions(&session, Array(bytes[cut...]))
            #expect(found == expected, "cut at \(cut)")
        }
    }

    /// A fault ends the conversation without an answer; what came before it was answered.
    @Test func faultsAreNotAnswered() throws {
        var session = makeSession()
        try session.receive((question("MAIL").compose() + Array("size\n".utf8) + question("MAIL").compose()).span)
        #expect(try session.next() == .send(PolicyReply.dunno))
        for _ in 0..<3 { #expect(throws: DoorError(.badField, found: "", expected: "")) { try session.next() } }
        #expect(throws: DoorError(.badField, found: "", expected: "")) {
            try session.receive(question("MAIL").compose().span)
        }
        #expect(session.closed() == nil)
    }

    @Test func boundsWhatWaits() throws {
        var session = makeSession()
        try session.receive(question("DATA").compose().span)
        guard case .ask = try session.next() else {
            Issue.record("DATA was not asked about")
            return
        }
        let ahead = [UInt8](repeating: 97, count: PolicySession.unreadBytesMax)
        try session.receive(ahead.span)
        #expect(throws: DoorError(.tooLarge, found: "", expected: "")) { try session.receive([97].span) }
    }

    @Test func tellsNothingAtTheEnd() throws {
        var session = makeSession()
        try session.receive(question("DATA").compose().span)
        _ = try session.next()
        #expect(session.closed() == nil)
    }
}
