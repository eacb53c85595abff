// The conformance suite on our session, and on mutants of it that it must catch.

import MailTypes
import Milter
import Testing
import WeirTesting

/// Conversations of a whole connection, composed by the server's side.
private func transcripts() -> [DoorTranscript] {
    let offers: [(String, MilterNegotiation)] = [
        ("version 6", MilterNegotiation()),
        ("version 6, every step answered", MilterNegotiation(actions: .version2, steps: .version2)),
        ("version 2", MilterNegotiation(version: 2, actions: .version2, steps: .version2)),
    ]
    return offers.flatMap { name, offer in
        let asksData = offer.version >= 4
        return [
            DoorTranscript(
                name: "\(name), three messages",
                bytes: conversation(offer) { message($0) + message($0) + message($0) + $0.quit() },
                verdicts: [
                    .accept, .hold("budget"), .defer(overLimit), .prepend("X-Weir: seen"), .accept, .discard("x"),
                ],
                asks: asksData
                    ? [.data, .endOfMessage, .data, .endOfMessage, .data, .endOfMessage]
                    : [.endOfMessage, .endOfMessage, .endOfMessage]),
            DoorTranscript(
                name: "\(name), aborts and a lost connection",
                bytes: conversation(offer) { client in
                    envelope(client) + client.abort() + envelope(client) + client.data() + client.abort()
                        + client.abort()
                        + envelope(client) + envelope(client) + message(client) + envelope(client) + client.data()
                        + client.header("Subject", "lost")
                },
                verdicts: [.reject(refused), .accept, .accept, .defer(overLimit)],
                asks: asksData ? [.data, .data, .endOfMessage, .data] : [.endOfMessage], withdrawals: 4,
                isOpenAtEnd: true),
            DoorTranscript(
                name: "\(name), a command out of order",
                bytes: conversation(offer) { envelope($0) + $0.data() + $0.compose(.negotiate(offer)) },
                asks: asksData ? [.data] : [], isOpenAtEnd: true, error: .outOfOrder),
        ]
    }
}

/// A negotiated connection of a client, and what follows.
private func conversation(_ offer: MilterNegotiation, _ then: (MilterClient) -> [UInt8]) -> [UInt8] {
    var client = MilterClient(offer: offer)
    var bytes = client.negotiate()
    var session = makeSession()
    try? session.receive(bytes.span)
    guard case .send(let answer) = try? session.next() else { return [] }
    try? client.receive(answer.span)
    _ = try? client.next()
    bytes += client.connect(host: "pc.example", address: "192.0.2.7", port: 50123, macros: [MilterMacro("j", "mx1")])
    return bytes + client.helo("pc.example") + then(client)
}

/// MAIL and RCPT, one of them refused.
private func envelope(_ client: MilterClient) -> [UInt8] {
    client.mail("<ann@isp.example>", macros: [MilterMacro("{auth_authen}", "ann")])
        + client.recipient("<bob@there.example>") + client.refusedRecipient("<dead@there.example>", status: "5.1.1")
}

/// A whole message, and the abort that Postfix says behind it.
private func message(_ client: MilterClient) -> [UInt8] {
    envelope(client) + client.data(macros: [MilterMacro("i", "4F1A2B")])
        + client.header("From", "Ann <ann@isp.example>")
        + client.header("Subject", "hello") + client.body([UInt8](repeating: 120, count: 300))
        + client.endOfMessage(macros: [MilterMacro("i", "4F1A2B")]) + client.abort()
}

@Suite struct MilterConformanceTests {
    @Test func theSessionConforms() {
        let suite = DoorConformance(name: "milter", transcripts: transcripts()) { makeSession() }
        #expect(suite.violations() == [])
    }

    @Test(arguments: [2, 3, 4] as [UInt64]) func andUnderOtherSeeds(seed: UInt64) {
        let suite = DoorConformance(name: "milter", transcripts: transcripts(), seed: seed << 32, rounds: 40) {
            makeSession()
        }
        #expect(suite.violations() == [])
    }

    @Test func catchesLostBytes() {
        let suite = DoorConformance(name: "mutant", transcripts: transcripts(), rounds: 4) {
            LosesSplitFrameHeader(makeSession())
        }
        #expect(suite.violations().contains { $0.contains("byte by byte") })
    }

    @Test func catchesAnEarlyAnswer() {
        let suite = DoorConformance(name: "mutant", transcripts: transcripts(), rounds: 4) {
            AnswersBeforeDecided(makeSession())
        }
        #expect(suite.violations().contains { $0.contains("between a question and its decision") })
    }

    @Test func catchesAWithdrawalTooMany() {
        let suite = DoorConformance(name: "mutant", transcripts: transcripts(), rounds: 4) {
            WithdrawsAfterAnswer(makeSession())
        }
        #expect(suite.violations().contains { $0.contains("withdrew") })
    }
}

@Suite struct MilterHostileBytesTests {
    /// The session and the parser of whole commands agree on what is a frame of this protocol.
    @Test func theSessionRefusesWhatTheParserRefuses() throws {
        var random = SeededGenerator(seed: 7)
        for round in 0..<3000 {
            let letter = MilterCommand.Letter.allCases.randomElement(using: &random)!
            let alphabet: [UInt8] = [0, 0, 52, 54, 76, 85, 60, 62, 97, 105, 10]
            let payload = (0..<Int.random(in: 0...14, using: &random)).map { _ in
                alphabet.randomElement(using: &random)!
            }
            let frame = MilterFrame(letter.rawValue, payload)
            let isFrame = (try? MilterCommand(parsing: frame)) != nil
            var dialogue = try Dialogue()
            if letter != .connect { try dialogue.connect() }
            if ![.connect, .helo, .mail, .unknown, .macros].contains(letter) { try dialogue.envelope() }
            var error: DoorError?
            do { try dialogue.say(frame.bytes) } catch let found as DoorError { error = found }
            guard error?.code != .outOfOrder else { continue }
            #expect((error == nil) == isFrame, "round \(round), \(letter) \(payload)")
        }
    }

    @Test func aRoundTripChangesNothing() throws {
        var random = SeededGenerator(seed: 11)
        for _ in 0..<20_000 {
            let payload = (0..<Int.random(in: 0...20, using: &random)).map { _ in
                [0, 0, 1, 52, 54, 85, 97].randomElement(using: &random)! as UInt8
            }
            let frame = MilterFrame(UInt8.random(in: 40...125, using: &random), payload)
            if let command = try? MilterCommand(parsing: frame) { #expect(command.frame == frame) }
            if let reply = try? MilterReply(parsing: frame) { #expect(reply.frame == frame) }
        }
    }
}
