// What all engine tests share: cheap checks for hot loops, small policies, and an engine on a table.

import MailTypes
import Testing
import WeirTesting

@testable import WeirEngine

/// Records an issue where something is not so. Cheaper than `#expect` by far, for loops that check a million times.
func must(_ isSo: Bool, _ what: @autoclosure () -> String, at place: SourceLocation = #_sourceLocation) {
    if !isSo { Issue.record("\(what())", sourceLocation: place) }
}

/// 2026-11-23, 10:00.
let morning = Timestamp(rfc3339: "2026-11-23T10:00:00Z")!

/// A second in nanoseconds.
let second: Int64 = 1_000_000_000

/// A policy of one plan.
func onePlan(_ kind: PlanKind = .mua, _ limits: Limit...) -> Policy {
    Policy(plans: [Plan(name: "plan", kind: kind, limits: limits)])
}

/// Ten messages an hour, enforced.
let ten = onePlan(.mua, Limit(10, .messages, perSeconds: 3600, action: .reject, isEnforced: true))

extension Engine.Bounds {
    /// Room enough for a test that does not test the bounds.
    static let small = Engine.Bounds(subscribersMax: 200, messagesMax: 2000, heldMax: 100, casesMax: 50)
}

/// An engine, its clock, and short words for what tests do with it.
struct Table {
    /// The engine.
    var engine: Engine
    /// What the clock shows.
    var now = morning
    /// Messages so far.
    var messages = 0

    /// An engine of a policy.
    init(_ policy: Policy, bounds: Engine.Bounds = .small) { engine = Engine(policy: policy, bounds: bounds, seed: 1) }

    /// Tells the engine something.
    @discardableResult
    mutating func feed(_ event: Input.Event) -> [Output] { engine.step(Input(at: now, event)) }

    /// Lets time pass and tells the engine so.
    mutating func pass(_ seconds: Int64) {
        now = now.advanced(byNanoseconds: seconds * second)
        feed(.tick)
    }

    /// A new message of a login.
    mutating func mail(_ login: String = "ann@example.net", to recipients: [String] = ["r@example.org"]) -> ScenarioMail
    {
        messages += 1
        var mail = ScenarioMail(number: messages, login: login)
        mail.recipients = recipients
        return mail
    }

    /// Asks about a message at a door.
    @discardableResult
    mutating func ask(_ mail: ScenarioMail, _ door: Door, _ stage: Stage) -> Decision {
        guard case .decision(let decision)? = feed(.transaction(mail.transaction(door, stage))).first else {
            Issue.record("the decision is not the first output")
            return Decision(stage: stage, identity: .unattributed(.noClient), reason: .noted)
        }
        return decision
    }

    /// Takes a message through both doors as far as it gets; returns the last decision.
    @discardableResult
    mutating func send(_ mail: ScenarioMail) -> Decision {
        for (door, stage) in [(Door.policy, Stage.data), (.milter, .data), (.policy, .endOfMessage)] {
            let decision = ask(mail, door, stage)
            if decision.verdict.kind >= .defer { return decision }
        }
        return ask(mail, .milter, .endOfMessage)
    }

    /// Sends some new messages of a login; returns the last decision.
    @discardableResult
    mutating func send(
        _ count: Int = 1, _ login: String = "ann@example.net", to recipients: [String] = ["r@example.org"]
    ) -> Decision {
        var last: Decision?
        for _ in 0..<count { last = send(mail(login, to: recipients)) }
        return last!
    }

    /// A person acts; returns what the engine acknowledged.
    mutating func act(_ verb: OperatorAct.Verb) -> Acknowledgement? {
        guard case .acknowledged(let what)? = feed(.act(OperatorAct(who: "op", verb))).first else { return nil }
        return what
    }

    /// The state of a subscriber.
    func state(_ name: String = "ann@example.net") -> SubscriberState {
        engine.subscribers.slots.value(engine.slot(named: name)!)
    }
}

extension CompactTable {
    /// The values of all slots, whole and compacted.
    var values: [Element] { indices.map { value($0) } }
}

/// The bytes of some outputs.
func bytes(_ outputs: [Output]) -> [UInt8] {
    var out = ByteWriter()
    for output in outputs { output.encode(&out) }
    return out.bytes
}
