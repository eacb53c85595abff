// What a person can ask about cases, and what they say about an account: released, or confirmed.

import Foundation
import MailTypes
import WeirEngine

extension Operator {
    /// The open cases, the worst first.
    func caseList() -> ControlResponse {
        var response = ControlResponse()
        let (cases, now) = caseViews()
        response.cases = cases.map { CaseReport($0, at: now) }
        return response
    }

    /// One open case, by its code or its subscriber, and the mail that is held under it.
    func caseShow(_ request: ControlRequest) throws -> ControlResponse {
        let name = try required(request.subscriber, "a case code or a subscriber")
        let (cases, now) = caseViews()
        guard let found = Operator.find(name, cases) else {
            guard let known = live.read({ $0.subscriber(named: name) }) else { return unknownCase(name) }
            return ControlResponse(error: "\(known.name) has no open case; see weir subscriber show \(known.name)")
        }
        var response = ControlResponse()
        response.cases = [CaseReport(found, at: now)]
        var held = ControlRequest(.holdList)
        held.caseCode = found.remediation.code
        do {
            response.held = try self.held(held)
        } catch {
            response.note = "The hold queue could not be read: \(error)"
        }
        return response
    }

    /// A person says that an account's mail is its own.
    func caseRelease(_ request: ControlRequest, _ who: String) throws -> ControlResponse {
        let given = try required(request.subscriber, "a case code or a subscriber")
        let found = Operator.find(given, caseViews().cases)
        let name = found?.remediation.subscriber ?? given
        guard let known = live.read({ $0.subscriber(named: name) }) else { return unknownCase(given) }
        let days = Limit.shortPeriod(live.read { $0.policy.watch.vouchedSeconds })
        var done = "\(known.name): released"
        if let found {
            done += ", case \(found.remediation.code) is closed"
            if found.remediation.rung != .none { done += ", more is needed for another in the next \(days)" }
            if found.remediation.held > 0 {
                done += ". What is held stays so until: weir hold release --case \(found.remediation.code)"
            }
        }
        return act(.release(subscriber: known.name), request, who, done: done)
    }

    /// A person says that an account is misused.
    func caseConfirm(_ request: ControlRequest, _ who: String) throws -> ControlResponse {
        let given = try required(request.subscriber, "a case code or a subscriber")
        let name = Operator.find(given, caseViews().cases)?.remediation.subscriber ?? given
        guard let known = live.read({ $0.subscriber(named: name) }) else { return unknownCase(given) }
        let (watch, observes) = live.read { ($0.policy.watch, $0.view.observesEverything) }
        guard watch.isOn else {
            return ControlResponse(
                error:
                    "detectors.mode is off, so that confirming would stop nothing; set it to on, or a limit of your own"
            )
        }
        let isEnforced = watch.enforced == .contained && !observes
        let why =
            observes ? "everything only observes" : "ladder.enforce is \(watch.enforced)"
        return act(
            .confirm(subscriber: known.name), request, who,
            done: isEnforced
                ? "\(known.name): contained, all its mail waits until: weir case release \(known.name)"
                : "\(known.name): confirmed, but \(why), so that its mail still passes")
    }

    /// Says that neither a case nor a subscriber has this name.
    private func unknownCase(_ name: String) -> ControlResponse {
        ControlResponse(
            error: "'\(name)' is no open case and no known subscriber; weir case list shows the open ones")
    }

    /// The case of a code, else of a subscriber.
    private static func find(_ name: String, _ cases: [CaseView]) -> CaseView? {
        cases.first { $0.remediation.code.lowercased() == name.lowercased() }
            ?? cases.first { $0.remediation.subscriber == name }
            ?? cases.first { $0.remediation.subscriber == name.lowercased() }
    }

    /// The open cases, a slice at a time, the worst first, and the time of the latest input.
    private func caseViews() -> (cases: [CaseView], now: Timestamp) {
        var found: [CaseView] = []
        var slot = 0
        while true {
            let range = slot..<slot + Operator.slotsAtATime
            let (cases, slots, now) = live.read { ($0.caseViews(in: range), $0.caseSlots, $0.now) }
            found += cases
            slot = range.upperBound
            if slot >= slots { return (found.sorted(by: CaseReport.worstFirst), now) }
        }
    }
}
