// Plays a scenario to an engine, as a mail server with both doors would.

import MailTypes
import WeirEngine

/// Runs one scenario. Time is the scenario's own: it begins on a Monday at midnight.
public struct ScenarioRunner {
    /// The scenario.
    private let scenario: Scenario
    /// The engine, made at the first statement that is not about the policy.
    private var engine: Engine?
    /// The policy as it stands.
    private var policy = Policy(plans: [Plan(name: "default", kind: .mua, limits: [])])
    /// True where the policy changed since the engine was told.
    private var hasPolicyChanged = false
    /// What the clock shows.
    private var now = ScenarioRunner.start
    /// Messages told so far: makes queue ids.
    private var messages = 0
    /// The last message.
    private var last: ScenarioMail?
    /// The last request.
    private var lastRequest: Transaction?
    /// The last decision.
    private var lastDecision: Decision?
    /// Messages by subscriber and outcome.
    private var outcomes: [String: [String: Int]] = [:]
    /// Messages in the hold queue, by subscriber.
    private var held: [String: [ScenarioMail]] = [:]

    /// Where scenarios begin: 2026-11-23, a Monday.
    private static let start = Timestamp(rfc3339: "2026-11-23T00:00:00Z")!
    /// A day.
    private static let day: Int64 = 86_400_000_000_000

    /// A runner of one scenario.
    private init(_ scenario: Scenario) { self.scenario = scenario }

    /// Runs a scenario and returns every expectation that failed, in words with file and line.
    public static func run(_ scenario: Scenario) -> [String] {
        var runner = ScenarioRunner(scenario)
        var failures: [String] = []
        for statement in scenario.statements {
            for failure in runner.perform(statement.step) {
                failures.append("\(scenario.file):\(statement.line): \(failure)")
            }
        }
        failures += runner.checkTotals().map { "\(scenario.file): at the end: \($0)" }
        return failures
    }

    /// Does what a statement says; returns what failed.
    private mutating func perform(_ step: Scenario.Step) -> [String] {
        if case .policy(let change) = step {
            apply(change)
            hasPolicyChanged = true
            return []
        }
        settlePolicy()
        switch step {
        case .policy: break
        case .at(let day, let nanoseconds): return moveTo(day: day, nanoseconds)
        case .batch(let batch): for index in 0..<batch.count { tell(batch, index) }
        case .repeated: return repeatLast()
        case .refusedDownstream:
            guard let last, let first = last.recipients.first else { return ["there is no last message"] }
            feed(.delivery(last.delivery(to: first, EnhancedStatus(5, 7, 1), .failed, isRefusedBeforeQueue: true)))
        case .bounced(let status):
            guard let last, let first = last.recipients.first else { return ["there is no last message"] }
            feed(.delivery(last.delivery(to: first, status, .failed)))
        case .leaveHold(let name, let isReleased): return leaveHold(name, isReleased: isReleased)
        case .pass(let nanoseconds): pass(nanoseconds)
        case .jump(let nanoseconds):
            now = now.advanced(byNanoseconds: nanoseconds)
            feed(.clockShifted(nanoseconds))
        case .act(let verb):
            let outputs = feed(.act(OperatorAct(who: "tester", why: "the scenario says so", verb)))
            guard outputs.first == .acknowledged(.done) else { return ["the engine answered \(outputs)"] }
        case .expect(let expectation): return check(expectation)
        }
        return []
    }

    /// Tells the engine one thing.
    @discardableResult
    private mutating func feed(_ event: Input.Event) -> [Output] { engine?.step(Input(at: now, event)) ?? [] }

    // MARK: - Policy and time

    /// Changes the policy.
    private mutating func apply(_ change: Scenario.PolicyChange) {
        let plan = policy.plans.count - 1
        switch change {
        case .plan(let name, let kind):
            let new = Plan(name: name, kind: kind, limits: [])
            let isFirst = engine == nil && policy.plans.count == 1 && policy.plans[0].name == "default"
            policy.plans = isFirst ? [new] : policy.plans + [new]
        case .limit(let limit):
            if let index = policy.plans[plan].limits.firstIndex(where: { $0.name == limit.name }) {
                policy.plans[plan].limits[index] = limit
            } else {
                policy.plans[plan].limits.append(limit)
            }
        case .drop(let name):
            for index in policy.plans.indices { policy.plans[index].limits.removeAll { $0.name == name } }
        case .subscriber(let name, let entry): policy.subscribers[name] = entry
        case .map(let prefix, let name):
            policy.addressMap = AddressMap(
                policy.addressMap.entries + [AddressMap.Entry(prefix: prefix, subscriber: name)])
        case .header(let rule): policy.headerRule = rule
        case .breaker(let count): policy.breaker = BreakerSettings(newCasesPerHour: count, shareOfActivePercent: 0)
        case .caseIdle(let seconds): policy.caseIdleSeconds = seconds
        case .contact(let text): policy.contact = text
        case .observesEverything(let isOn): policy.observesEverything = isOn
        }
    }

    /// Makes the engine, or tells it of a changed policy.
    private mutating func settlePolicy() {
        guard hasPolicyChanged || engine == nil else { return }
        hasPolicyChanged = false
        if engine == nil {
            let bounds = Engine.Bounds(subscribersMax: 1000, messagesMax: 20_000, heldMax: 1000, casesMax: 100)
            engine = Engine(policy: policy, bounds: bounds, seed: 1)
        } else {
            feed(.policy(policy))
        }
    }

    /// Moves on to a time of day; day 0 is the day on which the clock stands.
    private mutating func moveTo(day: Int, _ nanoseconds: Int64) -> [String] {
        let today = now.since(ScenarioRunner.start) / ScenarioRunner.day
        let target = (day == 0 ? today : Int64(day - 1)) * ScenarioRunner.day + nanoseconds
        let rest = target - now.since(ScenarioRunner.start)
        guard rest >= 0 else { return ["the clock already shows \(now)"] }
        pass(rest)
        return []
    }

    /// Lets time pass, with a tick a minute, or a thousand where it is much.
    private mutating func pass(_ nanoseconds: Int64) {
        let end = now.advanced(byNanoseconds: nanoseconds)
        let stride = max(60_000_000_000, nanoseconds / 1000)
        while end.since(now) > stride {
            now = now.advanced(byNanoseconds: stride)
            feed(.tick)
        }
        now = end
        feed(.tick)
    }

    // MARK: - Messages

    /// Tells the engine of one message of a batch.
    private mutating func tell(_ batch: Scenario.Batch, _ index: Int) {
        if index > 0 { now = now.advanced(byNanoseconds: batch.every) }
        messages += 1
        var mail = ScenarioMail(number: messages, login: batch.client == nil ? batch.login : "")
        if let client = batch.client { mail.client = client }
        if batch.isOneConnection { mail.clientPort = 999 }
        let unique = batch.areNew ? ".\(messages)" : ""
        let recipients = (0..<batch.recipients).map { "r\($0)\(unique)@example.org" }
        if batch.areDead {
            for recipient in recipients { mail.refused[recipient] = EnhancedStatus(5, 1, 1) }
        } else {
            mail.recipients = recipients
        }
        mail.bytes = batch.bytes
        if batch.isNullSender { mail.reversePath = nil }
        if batch.course == .submits {
            (mail.isLocalSubmission, mail.client, mail.clientPort, mail.login) = (true, nil, 0, "")
            if let rule = policy.headerRule {
                let body = rule.pattern.replacing("{subscriber}", with: batch.login)
                mail.fields = [Content.Field(name: rule.field, body: body)]
            }
        }
        last = mail
        let outcome = play(mail, batch)
        outcomes[batch.name, default: [:]][outcome, default: 0] += 1
        if outcome == "held" { held[batch.name, default: []].append(mail) }
    }

    /// Plays one message as Postfix does, as far as its course and the answers let it go; returns what became of it.
    private mutating func play(_ mail: ScenarioMail, _ batch: Scenario.Batch) -> String {
        let isPolicy = batch.doors != .milter && batch.course != .submits
        let isMilter = batch.doors != .policy
        if isPolicy, !isMilter { for recipient in mail.recipients { _ = ask(mail.recipientRequest(recipient)) } }
        var questions: [(Door, Stage)] = []
        if isPolicy { questions.append((.policy, .data)) }
        if isMilter { questions.append((.milter, .data)) }
        if batch.course == .sends || batch.course == .submits {
            if isPolicy { questions.append((.policy, .endOfMessage)) }
            if isMilter { questions.append((.milter, .endOfMessage)) }
        }
        var isHeld = false
        for (door, stage) in questions {
            switch ask(mail.transaction(door, stage)).kind {
            case .hold: isHeld = true
            case .defer, .reject:
                // The client gives up; at the policy door nobody hears of it, and nothing follows an answered end.
                if isMilter, stage == .data { feed(.withdrawn(mail.transaction(.milter, stage))) }
                return lastDecision?.verdict.kind == .defer ? "deferred" : "rejected"
            case .accept, .prepend, .discard: break
            }
        }
        switch batch.course {
        case .aborts:
            if isMilter { feed(.withdrawn(mail.transaction(.milter, .data))) }
            return "aborted"
        case .stalls: return "aborted"
        case .sends, .submits: return isHeld ? "held" : "passed"
        }
    }

    /// Asks the engine; returns the verdict.
    private mutating func ask(_ request: Transaction) -> Verdict {
        lastRequest = request
        for case .decision(let decision) in feed(.transaction(request)) { lastDecision = decision }
        return lastDecision?.verdict ?? .accept
    }

    /// Asks the last request again; the answer must be the same.
    private mutating func repeatLast() -> [String] {
        guard let lastRequest, let before = lastDecision?.verdict else { return ["there is no last request"] }
        let again = ask(lastRequest)
        return again == before ? [] : ["the answer was \(before), and \(again) when asked again"]
    }

    /// Releases or deletes all held messages of a subscriber.
    private mutating func leaveHold(_ name: String, isReleased: Bool) -> [String] {
        guard let mails = held.removeValue(forKey: name) else { return ["no message of \(name) is held"] }
        for mail in mails {
            let outputs = feed(
                .act(
                    OperatorAct(
                        who: "tester",
                        isReleased
                            ? .released(mailHost: mail.mailHost, queueID: mail.queueID)
                            : .purged(mailHost: mail.mailHost, queueID: mail.queueID))))
            guard outputs.first == .acknowledged(.done) else {
                return ["the engine knows nothing of held \(mail.queueID)"]
            }
            if isReleased {
                outcomes[name, default: [:]]["passed", default: 0] += 1
                outcomes[name, default: [:]]["held", default: 0] -= 1
            }
        }
        return []
    }

    // MARK: - Expectations

    /// Checks one expectation; returns what failed.
    private func check(_ expectation: Scenario.Expectation) -> [String] {
        guard let engine else { return ["nothing happened yet"] }
        func equal<Value: Equatable>(_ found: Value, _ expected: Value) -> [String] {
            found == expected ? [] : ["expected \(expected), found \(found)"]
        }
        switch expectation {
        case .outcome(let name, let outcome, let count): return equal(outcomes[name]?[outcome] ?? 0, count)
        case .noCase(let name):
            return engine.subscriber(named: name)?.openCase.map { ["expected no case, found \($0.state) \($0.code)"] }
                ?? []
        case .hasCase(let name, let state):
            guard let open = engine.subscriber(named: name)?.openCase else { return ["expected a case, found none"] }
            return state.map { equal(open.state, $0) } ?? []
        case .used(let name, let limit, let units):
            guard let view = engine.subscriber(named: name)?.limits.first(where: { $0.rule.hasSuffix("/\(limit)") })
            else {
                return ["\(name) has no limit \(limit)"]
            }
            return equal(view.used, units)
        case .rule(let rule, let isStopped, let count):
            guard let view = engine.view.rules.first(where: { $0.rule == rule }) else {
                return ["there is no rule \(rule)"]
            }
            return equal(isStopped ? view.counts.stopped : view.counts.wouldStop, count)
        case .answer(let kind, let text):
            guard let verdict = lastDecision?.verdict else { return ["nothing was answered yet"] }
            guard verdict.kind == kind, text.isEmpty || "\(verdict)".contains(text) else {
                return ["the answer was \(verdict)"]
            }
            return []
        case .breaker(let isOpen): return equal(engine.view.breakerIsOpen, isOpen)
        case .total(let name, let count):
            guard let found = ScenarioRunner.total(name, engine.totals) else { return ["there is no total \(name)"] }
            return equal(found, count)
        }
    }

    /// A total by its name in scenarios.
    private static func total(_ name: String, _ totals: Totals) -> UInt64? {
        switch name {
        case "messages": totals.messages
        case "recipients": totals.recipients
        case "held": totals.held
        case "deferred": totals.deferred
        case "rejected": totals.rejected
        case "expired": totals.expired
        case "refunded": totals.refunded
        case "repeated": totals.repeated
        case "withdrawn": totals.withdrawn
        case "dead": totals.deadRecipients
        case "unattributed": totals.unattributed
        default: nil
        }
    }

    /// What must be so at the end of every scenario: each message that passed was counted once, or nobody's.
    private func checkTotals() -> [String] {
        guard let engine else { return [] }
        let passed = outcomes.values.reduce(0) { $0 + ($1["passed"] ?? 0) }
        let counted = Int(engine.totals.messages + engine.totals.unattributed)
        return passed == counted ? [] : ["\(passed) messages passed, the engine counted \(counted)"]
    }
}
