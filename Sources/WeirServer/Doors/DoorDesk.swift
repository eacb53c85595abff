// Between a door and the engine: ask, note, answer.

import Logging
import MailTypes
import WeirEngine

/// What every connection of every door shares.
final class DoorDesk: Sendable {
    /// The engine.
    let live: LiveEngine
    /// Where client addresses are.
    let origins: OriginSource
    /// The decision log.
    let log: DecisionLog
    /// Cases and refusals on their way to disk.
    let recorder: Recorder
    /// The figures.
    let metrics: Metrics
    /// Operational messages.
    let logger: Logger

    /// A desk.
    init(
        live: LiveEngine, origins: OriginSource = OriginSource(), log: DecisionLog, recorder: Recorder,
        metrics: Metrics,
        logger: Logger
    ) {
        self.live = live
        self.origins = origins
        self.log = log
        self.recorder = recorder
        self.metrics = metrics
        self.logger = logger
    }

    /// Puts a question to the engine and returns its verdict. Called on the connection's event loop; waits for nothing but
    /// the engine's lock.
    func ask(_ given: Transaction) -> Verdict {
        var transaction = given
        origins.fill(&transaction)
        let (at, decision, others) = live.step(transaction)
        metrics.count(transaction.session.door, decision.verdict.kind)
        log.note(decision, transaction, at: at)
        if decision.reason != .repeated, decision.verdict.kind != .accept || decision.would != nil {
            recorder.note(Refusal(at: at, mailHost: transaction.session.mailHost, decision: decision))
        }
        if !others.isEmpty { perform(others) }
        return decision.verdict
    }

    /// Tells the engine that a transaction came to nothing.
    func withdraw(_ transaction: Transaction) { perform(live.step(.withdrawn(transaction)).outputs) }

    /// Carries out what is no answer to a door.
    func perform(_ outputs: [Output]) { for output in outputs { perform(output) } }

    /// Carries out one output.
    private func perform(_ output: Output) {
        switch output {
        case .decision, .acknowledged: break
        case .case(let remediation):
            recorder.note(remediation)
            logger.notice(
                "case \(remediation.code): \(remediation.subscriber) is \(remediation.state)",
                metadata: [
                    "rule": "\(remediation.rule)", "held": "\(remediation.held)", "refused": "\(remediation.refused)",
                ])
        case .breaker(let isOpen):
            if isOpen {
                logger.warning(
                    "the breaker opened: over-limit mail is still stopped, but no new case is opened until a person looks (weir breaker rearm) or the hour passes"
                )
            } else {
                logger.notice("the breaker closed")
            }
        }
    }
}
