// The session's behaviour, one sentence of its promise a test.

import MailTypes
import Milter
import Testing

@Suite struct MilterSessionTests {
    @Test func asksAtDataAndAtTheEnd() throws {
        var dialogue = try Dialogue()
        try dialogue.connect()
        try dialogue.envelope()
        try dialogue.say(dialogue.client.refusedRecipient("<dead@there.example>", status: "5.1.1"))
        try dialogue.say(dialogue.client.refusedRecipient("<odd@there.example>", status: "unknown"))
        try dialogue.say(dialogue.client.data(macros: [MilterMacro("i", "4F1A2B")]))
        let asked = try #require(dialogue.asked.first)
        #expect(asked.stage == .data)
        #expect(
            asked.session
                == Session(
                    door: .milter, mailHost: "mx1", client: NetworkAddress("192.0.2.7"), clientPort: 50123,
                    helo: "pc.example", login: "ann", isEncrypted: true))
        #expect(
            asked.envelope
                == Envelope(
                    reversePath: key("ann@isp.example"),
                    recipients: [
                        Recipient(key("bob@there.example")),
                        Recipient(key("dead@there.example"), refusal: EnhancedStatus(5, 1, 1)),
                        Recipient(key("odd@there.example"), refusal: EnhancedStatus(5, 0, 0)),
                    ], recipientsAreComplete: true, recipientCount: 1, bytes: 4000))
        #expect(asked.queueID == "4F1A2B" && asked.content.fields.isEmpty)
        try dialogue.content()
        try dialogue.say(dialogue.client.endOfMessage())
        let ended = try #require(dialogue.asked.last)
        #expect(ended.stage == .endOfMessage && ended.envelope.bytes == 51 && ended.queueID == "4F1A2B")
        #expect(ended.content.fields == [Content.Field(name: "X-Customer", body: "c-17")])
        #expect(dialogue.takeReplies() == [.continue])
    }

    @Test func asksOneQuestionAtATime() throws {
        var dialogue = try Dialogue()
        try dialogue.connect()
        try dialogue.envelope()
        try dialogue.session.receive(
            (dialogue.client.data() + dialogue.client.endOfMessage() + dialogue.client.abort()).span)
        guard case .ask(let first) = try dialogue.session.next() else { Issue.record("no question"); return }
        #expect(first.stage == .data)
        #expect(try dialogue.session.next() == nil)
        dialogue.session.decided(.accept)
        #expect(try dialogue.session.next() == .send([0, 0, 0, 1, 99]))
        guard case .ask(let second) = try dialogue.session.next() else { Issue.record("no question"); return }
        #expect(second.stage == .endOfMessage)
        #expect(try dialogue.session.next() == nil)
        dialogue.session.decided(.hold("budget"))
        #expect(try dialogue.session.next() == .send([0, 0, 0, 8, 113] + Array("budget".utf8) + [0, 0, 0, 0, 1, 99]))
        #expect(try dialogue.session.next() == nil)
    }

    @Test func abortAfterAnAnsweredEndIsSilent() throws {
        var dialogue = try Dialogue()
        try dialogue.connect()
        for _ in 0..<3 {
            try dialogue.envelope()
            try dialogue.say(dialogue.client.data())
            try dialogue.content()
            try dialogue.say(dialogue.client.endOfMessage() + dialogue.client.abort() + dialogue.client.abort())
        }
        try dialogue.say(dialogue.client.quit())
        #expect(dialogue.withdrawn.isEmpty && dialogue.asked.count == 6 && dialogue.isClosed)
        #expect(dialogue.session.closed() == nil)
    }

    @Test func abortOfAnOpenMessageWithdrawsIt() throws {
        var dialogue = try Dialogue()
        try dialogue.connect()
        try dialogue.envelope()
        try dialogue.say(dialogue.client.data(), .defer(overLimit))
        #expect(dialogue.takeReplies() == [.replyCode("451 4.7.1 over 100%% of your limit")])
        try dialogue.say(dialogue.client.abort() + dialogue.client.abort())
        #expect(dialogue.withdrawn == dialogue.asked)
    }

    @Test func deadRecipientsAreToldEvenIfAllWereRefused() throws {
        var dialogue = try Dialogue()
        try dialogue.connect()
        try dialogue.say(dialogue.client.mail("<ann@isp.example>"))
        try dialogue.say(dialogue.client.refusedRecipient("<dead@there.example>", status: "5.1.1"))
        try dialogue.say(dialogue.client.quit())
        let withdrawn = try #require(dialogue.withdrawn.first)
        #expect(withdrawn.stage == .rcpt && withdrawn.envelope.recipientCount == 0 && dialogue.asked.isEmpty)
        #expect(withdrawn.envelope.recipients.map { $0.refusal?.saysRecipientIsDead } == [true])
    }

    @Test(arguments: ["M", "H", "Q", "K"]) func whatBeginsAnewWithdraws(letter: String) throws {
        var dialogue = try Dialogue()
        try dialogue.connect()
        try dialogue.envelope()
        let command: MilterCommand =
            switch letter {
            case "M": .mail(["<next@isp.example>"])
            case "H": .helo("again.example")
            case "Q": .quit
            default: .quitNewConnection
            }
        try dialogue.say(dialogue.client.compose(command))
        #expect(dialogue.withdrawn.map(\.envelope.reversePath) == [key("ann@isp.example")])
        #expect(dialogue.withdrawn.map(\.session.helo) == ["pc.example"])
        #expect(dialogue.withdrawn.map(\.session.login) == ["ann"])
        #expect((dialogue.session.closed() != nil) == (letter == "M"))
    }

    @Test func theNextMessageInheritsNothing() throws {
        var dialogue = try Dialogue()
        try dialogue.connect()
        try dialogue.envelope()
        try dialogue.say(dialogue.client.data(macros: [MilterMacro("i", "AAAA")]))
        try dialogue.content()
        try dialogue.say(dialogue.client.endOfMessage() + dialogue.client.abort())
        try dialogue.say(dialogue.client.mail("<>") + dialogue.client.data() + dialogue.client.endOfMessage())
        let second = try #require(dialogue.asked.last)
        #expect(second.session.login == "" && second.queueID == "" && second.content.fields.isEmpty)
        #expect(second.envelope == Envelope(recipientsAreComplete: true))
    }

    @Test func aNewConnectionOnTheSameSocketInheritsNothing() throws {
        var dialogue = try Dialogue()
        try dialogue.connect()
        try dialogue.say(dialogue.client.compose(.quitNewConnection))
        #expect(throws: DoorError(.outOfOrder, found: "", expected: "")) {
            var copy = dialogue
            try copy.say(copy.client.mail("<a@b.example>"))
        }
        try dialogue.say(dialogue.client.connect(host: "b", address: "2001:db8::7", port: 7))
        try dialogue.say(dialogue.client.mail("<a@b.example>") + dialogue.client.data())
        let session = try #require(dialogue.asked.last?.session)
        #expect(session.client == NetworkAddress("2001:db8::7") && session.clientPort == 7)
        #expect(session.helo == "" && !session.isEncrypted)
    }

    @Test func closedReturnsTheOpenMessageOnce() throws {
        var dialogue = try Dialogue()
        try dialogue.connect()
        #expect(dialogue.session.closed() == nil)
        dialogue = try Dialogue()
        try dialogue.connect()
        try dialogue.envelope()
        try dialogue.session.receive(dialogue.client.data().span)
        _ = try dialogue.session.next()
        #expect(dialogue.session.closed()?.stage == .data)
        #expect(dialogue.session.closed() == nil)
        dialogue.session.decided(.accept)
        #expect(try dialogue.session.next() == nil)
        try dialogue.session.receive(dialogue.client.quit().span)
        #expect(try dialogue.session.next() == nil)
    }

    @Test func dataMayBeTriedAgain() throws {
        var dialogue = try Dialogue()
        try dialogue.connect()
        try dialogue.envelope()
        try dialogue.say(dialogue.client.data(), .defer(overLimit))
        try dialogue.say(dialogue.client.recipient("<carl@there.example>") + dialogue.client.data())
        #expect(dialogue.asked.map(\.envelope.recipientCount) == [1, 2])
        #expect(dialogue.withdrawn.isEmpty)
    }

    @Test func theLoginIsKeptFromWhereverItCame() throws {
        for letter in [MilterCommand.Letter.mail, .data, .endOfMessage] {
            var dialogue = try Dialogue()
            try dialogue.connect()
            func macros(_ at: MilterCommand.Letter) -> [MilterMacro] {
                at == letter ? [MilterMacro("{auth_authen}", "ann")] : [MilterMacro("i", "Q1")]
            }
            try dialogue.say(dialogue.client.mail("<a@b.example>", macros: macros(.mail)))
            try dialogue.say(dialogue.client.recipient("<c@d.example>") + dialogue.client.data(macros: macros(.data)))
            try dialogue.say(dialogue.client.endOfMessage(macros: macros(.endOfMessage)))
            #expect(dialogue.asked.last?.session.login == "ann" && dialogue.asked.last?.queueID == "Q1")
        }
    }

    @Test func textOfThePeerIsMadeSafe() throws {
        var dialogue = try Dialogue()
        try dialogue.say(dialogue.client.connect(host: "a", address: "192.0.2.7", port: 1))
        try dialogue.say(dialogue.client.helo(MilterString("evil\r\n" + String(repeating: "x", count: 5000))))
        try dialogue.say(
            dialogue.client.mail(
                "<a@b.example>", macros: [MilterMacro("{auth_authen}", "a\u{1B}[2Jnn"), MilterMacro("i", "Q\n1")]))
        try dialogue.say(dialogue.client.data())
        let asked = try #require(dialogue.asked.first)
        #expect(asked.session.login == "a?[2Jnn" && asked.queueID == "Q?1")
        #expect(asked.session.helo.hasPrefix("evil??xx") && asked.session.helo.utf8.count == 256)
    }
}

@Suite struct MilterSessionClientTests {
    /// A message from this client, as far as DATA.
    private func asked(
        family: MilterClientAddress.Family, port: UInt16 = 0, address: MilterString = "", macros: [MilterMacro] = [],
        path: MilterString = "root@mx1.example", mailMacros: [MilterMacro] = [], verdict: Verdict = .accept
    ) throws -> (Session, [MilterReply]) {
        var dialogue = try Dialogue()
        try dialogue.say(
            dialogue.client.compose(
                .connect(MilterClientAddress(host: "localhost", family: family, port: port, address: address)),
                macros: macros))
        try dialogue.say(dialogue.client.mail(path, macros: mailMacros))
        try dialogue.say(dialogue.client.recipient("bob@there.example") + dialogue.client.data(), verdict)
        return (try #require(dialogue.asked.first?.session), dialogue.replies)
    }

    @Test func theSendmailBinaryIsLocalSubmission() throws {
        #expect(try asked(family: .ipv4, address: "127.0.0.1").0.isLocalSubmission)
        #expect(try asked(family: .ipv6, address: "IPv6:::1").0.isLocalSubmission)
        #expect(try asked(family: .unknown).0.isLocalSubmission)
        #expect(
            try asked(family: .ipv4, address: "127.0.0.1", macros: [MilterMacro("{client_port}", "0")]).0
                .isLocalSubmission)
    }

    @Test func nobodyElseIs() throws {
        #expect(!(try asked(family: .ipv4, address: "192.0.2.7").0.isLocalSubmission))
        #expect(!(try asked(family: .ipv4, port: 50123, address: "127.0.0.1").0.isLocalSubmission))
        #expect(!(try asked(family: .ipv4, address: "127.0.0.1", path: "<root@mx1.example>").0.isLocalSubmission))
        #expect(
            !(try asked(family: .ipv4, address: "127.0.0.1", macros: [MilterMacro("{client_port}", "17")]).0
                .isLocalSubmission))
        #expect(
            !(try asked(family: .ipv4, address: "127.0.0.1", mailMacros: [MilterMacro("{auth_authen}", "ann")]).0
                .isLocalSubmission))
    }

    @Test func localSubmissionIsNotRefusedAtData() throws {
        #expect(try asked(family: .ipv4, address: "127.0.0.1", verdict: .reject(refused)).1 == [.continue])
        #expect(try asked(family: .ipv4, address: "192.0.2.7", verdict: .reject(refused)).1.first != .continue)
    }

    @Test func macrosFillInWhatTheConnectionLeavesOpen() throws {
        let macros = [MilterMacro("{client_addr}", "198.51.100.9"), MilterMacro("{client_port}", "4711")]
        let unknown = try asked(family: .unknown, macros: macros).0
        #expect(unknown.client == NetworkAddress("198.51.100.9") && unknown.clientPort == 4711)
        #expect(!unknown.isLocalSubmission)
        let late = try asked(family: .unknown, mailMacros: macros).0
        #expect(late.client == NetworkAddress("198.51.100.9") && late.clientPort == 4711)
        let known = try asked(family: .ipv4, port: 5, address: "192.0.2.7", macros: macros).0
        #expect(known.client == NetworkAddress("192.0.2.7") && known.clientPort == 5)
    }

    @Test func addressesOfAllFamilies() throws {
        #expect(
            try asked(family: .ipv6, port: 9, address: "IPv6:2001:db8::1").0.client == NetworkAddress("2001:db8::1"))
        #expect(try asked(family: .ipv6, port: 9, address: "2001:db8::1").0.client == NetworkAddress("2001:db8::1"))
        #expect(try asked(family: .local, address: "/run/sock").0.client == nil)
        #expect(try asked(family: .ipv4, port: 9, address: "not an address").0.client == nil)
    }
}

@Suite struct MilterSessionBoundsTests {
    @Test func keepsWantedFieldsOnlyAndBoundsThem() throws {
        var dialogue = try Dialogue()
        try dialogue.connect()
        try dialogue.envelope()
        try dialogue.say(dialogue.client.header("x-cUSTOMER", "a\r\n\tb\n c \u{1}"))
        try dialogue.say(dialogue.client.header("From", String(repeating: "y", count: 5000)))
        for _ in 0..<40 { try dialogue.say(dialogue.client.header("X-Customer", "z")) }
        try dialogue.say(dialogue.client.header("Subject", "secret"))
        try dialogue.say(dialogue.client.body([]) + dialogue.client.endOfMessage())
        let fields = try #require(dialogue.asked.last?.content.fields)
        #expect(fields.count == 16)
        #expect(fields[0] == Content.Field(name: "x-cUSTOMER", body: "a b c ?"))
        #expect(fields[1].body.utf8.count == 998)
        let bytes = (12 + 11 + 2) + (6 + 5000 + 2) + 40 * (12 + 1 + 2) + (9 + 6 + 2) + 2
        #expect(dialogue.asked.last?.envelope.bytes == bytes)
    }

    @Test(arguments: [true, false]) func theSizeIsExact(keepsSpace: Bool) throws {
        let message = "Subject: one\r\n two\r\nTo: b@c.example\r\n\r\nbody\r\n.dot\r\n"
        let steps = keepsSpace ? MilterSteps.version6 : MilterSteps.version6.subtracting(.headerSpace)
        var dialogue = try Dialogue(offer: MilterNegotiation(steps: steps))
        try dialogue.connect()
        try dialogue.envelope()
        try dialogue.say(dialogue.client.header("Subject", "one\n two") + dialogue.client.header("To", "b@c.example"))
        try dialogue.say(dialogue.client.body(Array("body\r\n".utf8)))
        try dialogue.say(dialogue.client.compose(.endOfMessage(Array(".dot\r\n".utf8))))
        #expect(dialogue.asked.last?.envelope.bytes == message.utf8.count)
    }

    @Test func bodiesAreCountedAndNotKept() throws {
        var dialogue = try Dialogue()
        try dialogue.connect()
        try dialogue.envelope()
        let chunk = MilterFrame(66, [UInt8](repeating: 120, count: MilterFrame.frameBytesMax - 1)).bytes
        for _ in 0..<20 {
            var place = 0
            while place < chunk.count {
                let end = min(place + 65_536, chunk.count)
                try dialogue.say(Array(chunk[place..<end]))
                place = end
            }
        }
        try dialogue.say(dialogue.client.endOfMessage())
        #expect(dialogue.asked.last?.envelope.bytes == 20 * (MilterFrame.frameBytesMax - 1))
    }

    @Test func recipientsBeyondTheBoundAreCounted() throws {
        var dialogue = try Dialogue()
        try dialogue.connect()
        try dialogue.envelope()
        var bytes: [UInt8] = []
        for number in 0..<50_010 { bytes += dialogue.client.recipient(MilterString("<u\(number)@there.example>")) }
        var place = 0
        while place < bytes.count {
            let end = min(place + 1 << 16, bytes.count)
            try dialogue.say(Array(bytes[place..<end]))
            place = end
        }
        try dialogue.say(dialogue.client.data())
        let envelope = try #require(dialogue.asked.last?.envelope)
        #expect(envelope.recipientCount == 50_011 && envelope.recipients.count == 50_000)
        #expect(!envelope.recipientsAreComplete)
    }

    @Test func sizesThatAreNoneAreLeftOut() throws {
        for parameter in ["SIZE=", "SIZE=-1", "SIZE=1x", "SIZE=9999999999999999999", "XSIZE=5", "SIZE"] {
            var dialogue = try Dialogue()
            try dialogue.connect()
            try dialogue.say(dialogue.client.mail("<a@b.example>", MilterString(parameter)) + dialogue.client.data())
            #expect(dialogue.asked.last?.envelope.bytes == 0)
        }
        var dialogue = try Dialogue()
        try dialogue.connect()
        try dialogue.say(dialogue.client.mail("<a@b.example>", "size=12345") + dialogue.client.data())
        #expect(dialogue.asked.last?.envelope.bytes == 12345)
    }

    @Test func theFirstFrameIsSmall() throws {
        var session = makeSession()
        try session.receive([0, 0, 2, 1].span)
        #expect(throws: DoorError(.tooLarge, found: "", expected: "")) { try session.next() }
        #expect(throws: DoorError(.tooLarge, found: "", expected: "")) { try session.next() }
        #expect(throws: DoorError(.tooLarge, found: "", expected: "")) { try session.receive([0].span) }
        #expect(session.closed() == nil)
    }

    /// Commands, each of which may not come at that place.
    @Test(arguments: [
        ("", "C"), ("", "D"), ("", "A"), ("", "Q"), ("", "K"), ("O", "O"), ("O", "H"), ("O", "M"), ("O", "B"),
        ("O", "R"),
        ("OC", "O"), ("OC", "C"), ("OC", "R"), ("OC", "T"), ("OC", "L"), ("OC", "N"), ("OC", "B"), ("OC", "E"),
        ("OCML", "R"),
        ("OCML", "T"), ("OCMLN", "L"), ("OCMLN", "N"), ("OCMLNB", "R"), ("OCMA", "R"), ("OCMQ", ""), ("OCME", "E"),
        ("OCMTE", "B"), ("OK", "M"),
    ])
    func commandsOutOfOrder(before: String, letter: String) throws {
        let samples: [Character: MilterCommand] = [
            "O": .negotiate(MilterNegotiation()), "C": .connect(MilterClientAddress(host: "a", family: .unknown)),
            "D": .macros(67, []), "H": .helo("a"), "M": .mail(["<a@b>"]), "R": .recipient(["<c@d>"]), "T": .data,
            "L": .header(name: "A", body: "b"), "N": .endOfHeaders, "B": .body([1]), "E": .endOfMessage([]),
            "A": .abort,
            "K": .quitNewConnection, "Q": .quit,
        ]
        var session = makeSession()
        func take() throws {
            while let action = try session.next() { if case .ask = action { session.decided(.accept) } }
        }
        for character in before {
            try session.receive(samples[character]!.frame.bytes.span)
            try take()
        }
        guard let last = letter.first else { return }
        try session.receive(samples[last]!.frame.bytes.span)
        #expect(throws: DoorError(.outOfOrder, found: "", expected: "")) { try take() }
    }

    @Test func abortsInOrderAreSilent() throws {
        var dialogue = try Dialogue()
        try dialogue.say(dialogue.client.abort())
        try dialogue.connect()
        try dialogue.say(dialogue.client.abort() + dialogue.client.abort())
        #expect(dialogue.withdrawn.isEmpty && dialogue.takeReplies().isEmpty)
    }

    @Test func aFaultLeavesTheMessageToBeWithdrawn() throws {
        for frame in [
            MilterFrame(72, [97]), MilterFrame(77, [97]), MilterFrame(7), MilterFrame(81, [1]), MilterFrame(65, [1]),
        ] {
            var dialogue = try Dialogue()
            try dialogue.connect()
            try dialogue.envelope()
            #expect(throws: DoorError.self) { try dialogue.say(frame.bytes) }
            #expect(dialogue.withdrawn.isEmpty && dialogue.session.closed() != nil)
        }
    }
}
