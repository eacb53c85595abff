// The conformance suite on our session, and on mutants of it that it must catch.

import MailTypes
import PolicyDelegation
import Testing
import WeirTesting

/// Conversations of a whole connection.
private let transcripts = [
    DoorTranscript(
        name: "three messages",
        bytes: (1...3).flatMap { number in
            ["RCPT", "RCPT", "DATA", "END-OF-MESSAGE"].flatMap {
                question($0, recipients: $0 == "RCPT" ? 0 : 2, queueID: $0 == "RCPT" ? "" : "4X\(number)").compose()
            }
        },
        verdicts: [.accept, .hold("budget"), .prepend("X-Weir: seen"), .discard("x")],
        asks: (1...3).flatMap { _ in [Stage.rcpt, .rcpt, .data, .endOfMessage] }),
    DoorTranscript(
        name: "states without a question, and one that breaks off",
        bytes: ["CONNECT", "EHLO", "MAIL", "DATA", "VRFY", "ETRN"].flatMap { question($0).compose() }
            + question("DATA").compose().dropLast(),
        verdicts: [.defer(Reply(code: 450, status: EnhancedStatus(4, 7, 1), text: "later"))], asks: [.data]),
    DoorTranscript(
        name: "a number that is none",
        bytes: question("DATA").compose() + request("request=smtpd_access_policy", "size=-1", "protocol_state=DATA"),
        asks: [.data], error: .badNumber),
    DoorTranscript(
        name: "another protocol", bytes: question("RCPT").compose() + [0, 0, 0, 13, 79, 0, 0, 0, 6], asks: [.rcpt],
        error: .notThisProtocol),
    DoorTranscript(
        name: "a line without end",
        bytes: question("MAIL").compose() + [UInt8](repeating: 97, count: PolicyRequest.lineBytesMax + 10), asks: [],
        error: .tooLarge),
]

/// The suite for a kind of session.
private func suite<Session: DoorSession>(
    seed: UInt64 = 1, rounds: Int = 40, _ makeSession: @escaping @Sendable () -> Session
) -> DoorConformance<Session> {
    DoorConformance(
        name: "policy", transcripts: transcripts, withdraws: false, unreadBytesMax: PolicySession.unreadBytesMax,
        seed: seed, rounds: rounds, makeSession: makeSession)
}

@Suite struct PolicyConformanceTests {
    @Test(arguments: [1, 2, 3] as [UInt64]) func theSessionConforms(seed: UInt64) {
        #expect(suite(seed: seed << 32) { makeSession() }.violations() == [])
    }

    @Test func catchesLostRequests() {
        let violations = suite(rounds: 4) { LosesPipelinedRequests(makeSession()) }.violations()
        #expect(violations.contains { $0.contains("asked") })
    }

    @Test func catchesAnAnswerAfterAFault() {
        let violations = suite(rounds: 4) { AnswersAfterFault(makeSession()) }.violations()
        #expect(violations.contains { $0.contains("after an error") })
    }

    @Test func catchesBytesWithoutBound() {
        let violations = suite(rounds: 4) { KeepsWithoutBound(makeSession()) }.violations()
        #expect(violations.contains { $0.contains("kept more than") })
    }

    @Test func catchesAnEarlyAnswer() {
        let violations = suite(rounds: 4) { AnswersBeforeDecided(makeSession()) }.violations()
        #expect(violations.contains { $0.contains("between a question and its decision") })
    }
}
