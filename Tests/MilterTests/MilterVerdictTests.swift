// The one table from verdicts to replies, cell by cell.

import MailTypes
import Milter
import Testing

/// All that can be negotiated.
private let everything = MilterNegotiation()
/// Nothing of it.
private let nothing = MilterNegotiation(version: 2, actions: [], steps: [])

@Suite struct MilterVerdictTests {
    /// What a verdict looks like.
    private func replies(
        _ verdict: Verdict, _ stage: Stage, local: Bool = false, _ agreed: MilterNegotiation = everything
    ) -> [MilterReply] {
        MilterVerdict.replies(to: verdict, at: stage, isLocalSubmission: local, agreed: agreed)
    }

    @Test func acceptIsContinue() {
        #expect(replies(.accept, .data) == [.continue])
        #expect(replies(.accept, .endOfMessage) == [.continue])
    }

    @Test func holdTakesEffectAtTheEnd() {
        #expect(replies(.hold("budget"), .data) == [.continue])
        #expect(replies(.hold("budget\r\nx"), .endOfMessage) == [.quarantine("budget??x"), .continue])
        #expect(replies(.hold("budget"), .endOfMessage, nothing) == [.continue])
    }

    @Test func refusalsCarryTheirText() {
        #expect(replies(.defer(overLimit), .data) == [.replyCode("451 4.7.1 over 100%% of your limit")])
        #expect(
            replies(.defer(overLimit), .endOfMessage, nothing) == [.replyCode("451 4.7.1 over 100%% of your limit")])
        #expect(replies(.reject(refused), .data) == [.replyCode("554 5.7.1 stopped, case W-17")])
        #expect(replies(.reject(refused), .endOfMessage) == [.replyCode("554 5.7.1 stopped, case W-17")])
    }

    @Test func refusalsOfTheWrongClassAreBare() {
        #expect(replies(.defer(refused), .data) == [.temporaryFailure])
        #expect(replies(.reject(overLimit), .data) == [.reject])
        let mixed = Reply(code: 451, status: EnhancedStatus(5, 7, 1), text: "")
        #expect(replies(.defer(mixed), .endOfMessage) == [.temporaryFailure])
    }

    @Test func localSubmissionIsNeverRefusedEarly() {
        for verdict in [Verdict.defer(overLimit), .reject(refused), .discard("x"), .hold("x"), .accept] {
            #expect(replies(verdict, .data, local: true) == [.continue])
        }
        #expect(replies(.reject(refused), .endOfMessage, local: true) == [.replyCode("554 5.7.1 stopped, case W-17")])
    }

    @Test func prependIsAnInsertion() {
        #expect(replies(.prepend("X-Weir: seen"), .data) == [.continue])
        #expect(
            replies(.prepend("X-Weir: seen"), .endOfMessage) == [
                .insertHeader(index: 0, name: "X-Weir", body: " seen"), .continue,
            ])
        let bare = MilterNegotiation(version: 6, actions: [.addHeaders], steps: [])
        #expect(
            replies(.prepend("X-Weir:a\r\nBcc: b"), .endOfMessage, bare)
                == [.insertHeader(index: 0, name: "X-Weir", body: "a??Bcc: b"), .continue])
        for field in ["no field", ": x", "A b: c", "Ä: c"] {
            #expect(replies(.prepend(field), .endOfMessage) == [.continue])
        }
        #expect(replies(.prepend("X-Weir: seen"), .endOfMessage, nothing) == [.continue])
    }

    @Test func discardTakesEffectAtTheEnd() {
        #expect(replies(.discard("x"), .data) == [.continue])
        #expect(replies(.discard("x"), .endOfMessage) == [.discard])
    }

    @Test func everyAnswerEndsTheWaitOnce() {
        let verdicts: [Verdict] = [
            .accept, .prepend("A: b"), .hold("x"), .defer(overLimit), .reject(refused), .discard("x"), .defer(refused),
        ]
        for verdict in verdicts {
            for stage in [Stage.data, .endOfMessage] {
                for agreed in [everything, nothing] {
                    for local in [true, false] {
                        let said = replies(verdict, stage, local: local, agreed)
                        #expect(said.last?.endsTheWait == true && said.filter(\.endsTheWait).count == 1)
                        if stage == .data { #expect(said.count == 1) }
                    }
                }
            }
        }
    }
}
