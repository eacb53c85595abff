// A simulated provider through two engines, one of which compacts whoever is quiet for some hours: nothing that they say differs.

import MailTypes
import Testing
import WeirEngine

@testable import WeirSimulator

/// Compaction in the long run.
@Suite struct CompactionTests {
    /// An engine as the evaluation has it.
    private func engine(quietSeconds: Int64) -> Engine {
        Engine(
            policy: EngineRunSettings.judgedPolicy,
            bounds: Engine.Bounds(
                subscribersMax: 5000, messagesMax: 1 << 14, heldMax: 1 << 12, casesMax: 1000,
                quietSeconds: quietSeconds),
            seed: 1)
    }

    @Test("changes no decision, score, case or delivery's consequence of two months, a restart included") func alike()
        throws
    {
        var simulation = Simulation(
            EvaluationRunTests.population, seed: 21, days: 60, subscribers: 150, attackFactor: 4)
        var compacting = engine(quietSeconds: 3 * 3600)
        var whole = engine(quietSeconds: .max)
        var (inputs, differing, woken, outputs) = (0, 0, 0, 0)
        var tickedAt: Timestamp?
        /// Tells both.
        func tell(_ event: Input.Event, at: Timestamp) {
            let input = Input(at: max(at, compacting.now), event)
            let before = compacting.view.subscribersCompacted
            let mine = compacting.step(input)
            if compacting.view.subscribersCompacted < before { woken += 1 }
            let theirs = whole.step(input)
            if mine != theirs { differing += 1 }
            outputs += mine.count
            inputs += 1
        }
        while let event = simulation.next() {
            if tickedAt.map({ event.at.since($0) > 600_000_000_000 }) ?? true {
                tickedAt = event.at
                tell(.tick, at: event.at)
            }
            switch event {
            case .message(let message): tell(.transaction(message.transaction), at: message.at)
            case .delivery(let delivery): tell(.delivery(delivery.delivery), at: delivery.at)
            case .complaint(let complaint):
                tell(.complaint(mailHost: complaint.mailHost, queueID: complaint.queueID), at: complaint.at)
            case .lease: break
            }
            guard inputs % 4001 == 0 else { continue }
            let bytes = compacting.snapshot()
            compacting = try Engine(snapshot: bytes)
            #expect(compacting.snapshot() == bytes)
        }
        #expect(differing == 0, "of \(inputs) inputs")
        #expect(compacting.view.subscribersCompacted > 20, "nobody is compacted at the end")
        #expect(woken > 1000 && outputs > 5000 && compacting.view.openCases == whole.view.openCases)
        #expect(compacting.subscribers(in: 0..<5000) == whole.subscribers(in: 0..<5000))
        #expect(compacting.caseViews(in: 0..<1000) == whole.caseViews(in: 0..<1000))
    }
}
