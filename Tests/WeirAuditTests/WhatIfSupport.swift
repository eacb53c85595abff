// What the tests of comparisons share: small policies, and a mail server whose clients obey the engine on record.

import MailTypes
import Testing
import WeirEngine
import WeirTesting

@testable import WeirAudit

/// 2026-11-23, 10:00.
let morning = Timestamp(rfc3339: "2026-11-23T10:00:00Z")!

/// A policy of one plan.
func onePlan(_ limits: Limit..., kind: PlanKind = .mua) -> Policy {
    Policy(plans: [Plan(name: "plan", kind: kind, limits: limits)])
}

/// So many messages an hour.
func messages(_ amount: Int64, _ action: LimitAction = .reject, isEnforced: Bool = true) -> Limit {
    Limit(amount, .messages, perSeconds: 3600, action: action, isEnforced: isEnforced)
}

/// An engine on record, and comparisons that look on.
struct Record {
    /// The engine on record.
    var engine: Engine
    /// The comparisons.
    private(set) var comparisons: [WhatIf]
    /// What the clock shows.
    var now = morning
    /// Messages told so far.
    private var told = 0

    /// A record under one policy, compared with others.
    init(_ policy: Policy, with others: [Policy], measure: WhatIfMeasure = .asWritten) {
        var engine = Engine(
            policy: policy,
            bounds: Engine.Bounds(subscribersMax: 200, messagesMax: 2000, heldMax: 100, casesMax: 50), seed: 1)
        _ = engine.step(Input(at: morning, .tick))
        self.engine = engine
        comparisons = others.map { WhatIf(from: engine, policy: $0, measure: measure) }
    }

    /// Something happens.
    @discardableResult
    mutating func feed(_ event: Input.Event) -> [Output] {
        let input = Input(at: now, event)
        let outputs = engine.step(input)
        for index in comparisons.indices { comparisons[index].take(input, recorded: outputs) }
        return outputs
    }

    /// Asks about a message.
    mutating func ask(_ mail: ScenarioMail, _ door: Door, _ stage: Stage) -> Verdict.Kind {
        guard case .decision(let decision)? = feed(.transaction(mail.transaction(door, stage))).first else {
            Issue.record("the decision is not the first output")
            return .accept
        }
        return decision.verdict.kind
    }

    /// A message of a login that was not told before.
    mutating func mail(_ login: String) -> ScenarioMail {
        told += 1
        return ScenarioMail(number: told, login: login)
    }

    /// Takes a message through both doors as far as the engine on record lets it; returns what was said last.
    @discardableResult
    mutating func send(_ mail: ScenarioMail) -> Verdict.Kind {
        var said = Verdict.Kind.accept
        for (door, stage) in [
            (Door.policy, Stage.data), (.milter, .data), (.policy, .endOfMessage), (.milter, .endOfMessage),
        ] {
            said = ask(mail, door, stage)
            if said >= .defer {
                if door == .milter || stage == .endOfMessage { feed(.withdrawn(mail.transaction(.milter, .data))) }
                return said
            }
        }
        return said
    }

    /// Sends some new messages of a login.
    mutating func send(_ count: Int, _ login: String) {
        for _ in 0..<count { send(mail(login)) }
    }

    /// Lets time pass.
    mutating func pass(_ seconds: Int64) {
        now = now.advanced(byNanoseconds: seconds * 1_000_000_000)
        feed(.tick)
    }

    /// The reports.
    func reports() -> [WhatIfReport] { comparisons.map { $0.finish(recorded: engine) } }
}
