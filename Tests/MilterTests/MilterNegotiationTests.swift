// What we take of what is offered: versions 2 to 6, Postfix's and Sendmail's offers, and odd ones.

import MailTypes
import Milter
import Testing

/// The steps that each version knows.
private let stepsOfVersion: [UInt32: MilterSteps] = [
    2: .version2, 3: [.version2, .silentHeaders, .noUnknown],
    4: [.version2, .silentHeaders, .noUnknown, .noData], 5: [.version2, .silentHeaders, .noUnknown, .noData],
    6: .version6, 7: MilterSteps(rawValue: 0xFFFF_FFFF),
]

@Suite struct MilterNegotiationTests {
    @Test(
        arguments: [2, 3, 4, 5, 6, 7] as [UInt32],
        [MilterActions.version2, .version6, [], MilterActions(rawValue: 0xFFFF_FFFF)])
    func neverLeavesTheOffer(version: UInt32, actions: MilterActions) throws {
        let offer = MilterNegotiation(version: version, actions: actions, steps: stepsOfVersion[version]!)
        let answer = try MilterNegotiation.answer(to: offer)
        #expect(answer.version == min(version, 6))
        #expect(offer.actions.isSuperset(of: answer.actions))
        #expect(offer.steps.isSuperset(of: answer.steps))
        #expect(answer.steps.isDisjoint(with: [.silentData, .noData, .noBody, .noHeaders, .noRecipient, .skip]))
        #expect(answer.macroLists.isEmpty == !actions.contains(.nameMacros))
    }

    @Test func refusesVersion1() {
        for version: UInt32 in [0, 1] {
            #expect(throws: DoorError(.unsupportedVersion, found: "", expected: "")) {
                try MilterNegotiation.answer(to: MilterNegotiation(version: version))
            }
        }
    }

    @Test func goldenAnswerToVersion6() throws {
        var session = makeSession()
        try session.receive(MilterCommand.negotiate(MilterNegotiation()).frame.bytes.span)
        guard case .send(let bytes) = try session.next() else { Issue.record("no answer"); return }
        var golden: [UInt8] = [79, 0, 0, 0, 6, 0, 0, 1, 0x21, 0, 0x1E, 0xF9, 0x80]
        for (stage, names) in [
            "j {daemon_name} {client_addr} {client_port} {daemon_port} v", "{tls_version}",
            "i {auth_authen} {auth_type} {tls_version} {client_addr} {client_port}",
            "{rcpt_mailer} {rcpt_host} {rcpt_addr} i", "i {auth_authen}", "i {auth_authen}",
        ].enumerated() { golden += [0, 0, 0, UInt8(stage)] + Array(names.utf8) + [0] }
        #expect(bytes == [0, 0, 0, UInt8(golden.count)] + golden)
    }

    @Test func goldenAnswerToPostfixOfVersion2() throws {
        var session = makeSession()
        try session.receive([0, 0, 0, 13, 79, 0, 0, 0, 2, 0, 0, 1, 0x3F, 0, 0, 0, 0x7F].span)
        guard case .send(let bytes) = try session.next() else { Issue.record("no answer"); return }
        #expect(Array(bytes[4..<17]) == [79, 0, 0, 0, 2, 0, 0, 1, 0x21, 0, 0, 0, 0])
    }

    @Test func macroListsComeBack() throws {
        let answer = try MilterNegotiation.answer(to: MilterNegotiation())
        #expect(try MilterNegotiation(parsing: answer.payload.span) == answer)
        #expect(answer.macroLists.map(\.stage) == [0, 1, 2, 3, 4, 5])
    }

    @Test(arguments: 2...6 as ClosedRange<UInt32>) func aMessagePassesInEveryVersion(version: UInt32) throws {
        let offer = MilterNegotiation(
            version: version, actions: version < 6 ? .version2 : .version6, steps: stepsOfVersion[version]!)
        var dialogue = try Dialogue(offer: offer)
        try dialogue.connect()
        try dialogue.envelope()
        #expect(dialogue.takeReplies() == (version < 6 ? [.continue, .continue] : []))
        try dialogue.say(dialogue.client.data())
        #expect(dialogue.takeReplies() == (version < 4 ? [] : [.continue]))
        try dialogue.content()
        try dialogue.say(dialogue.client.endOfMessage(), .defer(overLimit))
        #expect(dialogue.takeReplies() == [.replyCode("451 4.7.1 over 100%% of your limit")])
        #expect(dialogue.asked.map(\.stage) == (version < 4 ? [.endOfMessage] : [.data, .endOfMessage]))
        #expect(dialogue.asked.last?.envelope.bytes == 51)
        #expect(dialogue.asked.last?.session.login == "ann")
        try dialogue.say(dialogue.client.abort() + dialogue.client.quit())
        #expect(dialogue.withdrawn.isEmpty && dialogue.isClosed)
    }

    /// A filter that stays silent where it did not promise to leaves the server waiting; one that speaks, confuses it.
    @Test func repliesExactlyWhereOneIsAwaited() throws {
        let silences: MilterSteps = [
            .silentConnect, .silentHelo, .silentMail, .silentRecipient, .silentHeaders, .silentEndOfHeaders,
            .silentBody,
            .silentUnknown,
        ]
        for bit: UInt32 in 0..<21 {
            let steps = MilterSteps.version6.subtracting([.noUnknown, MilterSteps(rawValue: 1 << bit)])
            var dialogue = try Dialogue(offer: MilterNegotiation(steps: steps))
            #expect(dialogue.client.agreed?.steps.intersection(silences) == steps.intersection(silences))
            let commands: [MilterCommand] = [
                .connect(MilterClientAddress(host: "a", family: .unknown)), .helo("b"), .unknown("XFOO"),
                .mail(["<a@b>"]),
                .recipient(["<c@d>"]), .data, .header(name: "A", body: "b"), .endOfHeaders, .body([1]),
                .endOfMessage([]),
                .abort,
            ]
            for command in commands {
                try dialogue.say(dialogue.client.compose(command))
                let awaited = dialogue.client.awaitsReply(to: command.letter) ? 1 : 0
                #expect(dialogue.takeReplies().count == awaited, "bit \(bit), \(command.letter)")
            }
        }
    }
}
