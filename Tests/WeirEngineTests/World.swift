// Mail servers and clients at random, from a seed: dialogues interleave, abort, repeat, stall and come back late.

import MailTypes
import Testing
import WeirTesting

@testable import WeirEngine

/// What a world may do beside sending mail.
struct WorldHabits: OptionSet {
    let rawValue: Int
    /// The policy is reloaded in mid-message: limits added, removed, renamed, re-rated.
    static let reload = WorldHabits(rawValue: 1)
    /// A person resets subscribers and gives them own amounts.
    static let acts = WorldHabits(rawValue: 2)
    /// The clock jumps.
    static let clock = WorldHabits(rawValue: 4)
    /// The mail log tells of bounces and of refusals downstream.
    static let log = WorldHabits(rawValue: 8)
    /// Clients stall for longer than a reservation holds.
    static let slow = WorldHabits(rawValue: 16)
    /// Held mail is released or purged.
    static let releases = WorldHabits(rawValue: 32)
    /// All of it.
    static let all: WorldHabits = [.reload, .acts, .clock, .log, .slow, .releases]
}

/// One message that passed, as an outside observer sees it.
struct Passed {
    /// Engine time of the answer to its end.
    var at: Int64
    /// Engine time at which its dialogue began.
    var begunAt: Int64
    /// The message.
    var mail: ScenarioMail
    /// Whose.
    var subscriber: String
}

/// A dialogue under way.
private struct Dialogue {
    /// The message.
    var mail: ScenarioMail
    /// Questions yet to be asked, the next one last.
    var left: [(Door, Stage)]
    /// The last question asked.
    var asked: (Door, Stage)?
    /// How many questions are asked before the client gives up.
    var patience: Int
    /// Engine time at which it began.
    var begunAt: Int64
    /// True where the milter door hears of it.
    var hasMilter: Bool
}

/// The world and the engine that it talks to.
struct World {
    /// The seed, for messages.
    let seed: UInt64
    /// The dice.
    var random: SeededGenerator
    /// The engine whose answers the clients obey.
    var engine: Engine
    /// What the clock shows.
    var now = morning
    /// What it may do.
    let habits: WorldHabits
    /// The inputs so far.
    private(set) var inputs: [Input] = []
    /// Dialogues under way.
    private var open: [Dialogue] = []
    /// Messages that passed and were not given back since.
    private(set) var passed: [Passed] = []
    /// How many passed ever, refunded and released ones included.
    private(set) var passedEver = 0
    /// Their recipients.
    private(set) var recipientsEver = 0
    /// Messages in the hold queue.
    private var held: [ScenarioMail] = []
    /// Messages told so far.
    private var messages = 0
    /// Limits that reloads added so far.
    private var reloads = 0
    /// Engine time of the last change to limits or buckets by a person or a reload, by subscriber; "" for everybody.
    private(set) var changed: [String: Int64] = [:]
    /// True where the engine's tables are so small that it forgets what is under way.
    var isForgetful = false
    /// Called with each input and its outputs.
    var watch: (Input, [Output]) -> Void = { _, _ in }

    /// A world from a seed.
    init(seed: UInt64, policy: Policy, habits: WorldHabits, bounds: Engine.Bounds = .small) {
        self.seed = seed
        self.habits = habits
        random = SeededGenerator(seed: seed)
        engine = Engine(policy: policy, bounds: bounds, seed: seed)
    }

    /// A number below a bound.
    mutating func dice(_ sides: Int) -> Int { Int(random.next() % UInt64(sides)) }

    /// Tells the engine something.
    @discardableResult
    mutating func feed(_ event: Input.Event) -> [Output] {
        let input = Input(at: now, event)
        inputs.append(input)
        let outputs = engine.step(input)
        watch(input, outputs)
        return outputs
    }

    /// Lets some steps happen, then all dialogues end or run out.
    mutating func run(steps: Int) {
        for _ in 0..<steps { step() }
        open = []
        for _ in 0..<30 {
            now = now.advanced(byNanoseconds: 30 * second)
            feed(.tick)
        }
    }

    /// One thing happens.
    private mutating func step() {
        switch dice(40) {
        case 0..<10: begin()
        case 10..<30: advance()
        case 30..<34: now = now.advanced(byNanoseconds: Int64(dice(20_000)) * 1_000_000)
        case 34:
            if habits.contains(.slow), dice(6) == 0 { now = now.advanced(byNanoseconds: Int64(dice(1500)) * second) }
            feed(.tick)
        case 35: if habits.contains(.log) { tellLog() }
        case 36: if habits.contains(.acts), dice(4) == 0 { act() }
        case 37: if habits.contains(.reload), dice(4) == 0 { reload() }
        case 38: if habits.contains(.releases) { leaveHold() }
        default:
            guard habits.contains(.clock), dice(4) == 0 else { return }
            let jump = Int64(dice(200_000) - 100_000) * second
            now = now.advanced(byNanoseconds: jump)
            feed(.clockShifted(jump))
        }
    }

    // MARK: - Mail

    /// The subscribers of the world.
    static let names = ["ann", "bob", "cy@acme.example", "di@acme.example", "eve"]

    /// A client begins a message.
    private mutating func begin() {
        messages += 1
        var mail = ScenarioMail(number: messages, login: World.names[dice(World.names.count)])
        if dice(10) == 0 { mail.login = mail.login.uppercased() }
        if dice(10) == 0 { mail.login = mail.login.replacing("ann", with: "ann+x") }
        mail.recipients = (0..<1 + dice(dice(8) == 0 ? 30 : 3)).map { _ in "r\(dice(200))@example.org" }
        mail.claimedBytes = dice(2) == 0 ? 0 : dice(30_000)
        mail.bytes = dice(20_000)
        if dice(8) == 0 { mail.reversePath = nil }
        if dice(12) == 0 { mail.refused["gone\(dice(9))@example.org"] = EnhancedStatus(5, 1, 1) }
        if dice(12) == 0 { mail.refused["ours@example.org"] = EnhancedStatus(4, 7, 1) }
        // Connections are reused; a queue id may come again from another one.
        mail.clientPort = UInt16(1000 + dice(6))
        if dice(15) == 0, let other = passed.last?.mail, other.clientPort != mail.clientPort,
            !open.contains(where: { $0.mail.queueID == other.queueID })
        {
            mail.queueID = other.queueID
        }
        // One message a connection at a time: what is there was aborted without a word.
        if let old = open.firstIndex(where: { $0.mail.clientPort == mail.clientPort && !$0.mail.isLocalSubmission }) {
            if open[old].hasMilter, let asked = open[old].asked { abort(old, asked) } else { open.remove(at: old) }
        }
        let doors = dice(6)
        var steps: [(Door, Stage)] = [
            (.policy, .data), (.milter, .data), (.policy, .endOfMessage), (.milter, .endOfMessage),
        ]
        if doors == 0 { steps.removeAll { $0.0 == .milter } }
        if doors == 1 { steps.removeAll { $0.0 == .policy } }
        if doors == 2 {
            steps.removeAll { $0.0 == .policy }
            mail.fields = [Content.Field(name: "X-User", body: mail.login)]
            (mail.isLocalSubmission, mail.client, mail.clientPort, mail.login) = (true, nil, 0, "")
        }
        if doors == 0 { for recipient in mail.recipients { feed(.transaction(mail.recipientRequest(recipient))) } }
        open.append(
            Dialogue(
                mail: mail, left: steps.reversed(), patience: dice(6) == 0 ? dice(4) : 9,
                begunAt: engine.engineTime, hasMilter: doors != 0))
    }

    /// One dialogue goes on.
    private mutating func advance() {
        guard !open.isEmpty else { return }
        let index = dice(open.count)
        if let asked = open[index].asked {
            if dice(8) == 0, asked.0 == .policy {
                repeatQuestion(index, asked)
                return
            }
            if open[index].patience == 0 {
                abort(index, asked)
                return
            }
        }
        open[index].patience -= 1
        guard let question = open[index].left.popLast() else { return }
        open[index].asked = question
        let decision = ask(open[index].mail, question)
        if question.0 == .policy, decision.verdict.kind == .hold { open[index].patience += 1 }
        if decision.verdict.kind >= .defer {
            let isEnd = open[index].left.isEmpty
            if isEnd || question.1 == .endOfMessage && !open[index].hasMilter {
                open.remove(at: index)
            } else {
                abort(index, question)
            }
        } else if open[index].left.isEmpty {
            end(open.remove(at: index), decision)
        }
    }

    /// Asks one question.
    private mutating func ask(_ mail: ScenarioMail, _ question: (Door, Stage)) -> Decision {
        guard case .decision(let decision)? = feed(.transaction(mail.transaction(question.0, question.1))).first else {
            Issue.record("seed \(seed): the decision is not the first output")
            return Decision(stage: question.1, identity: .unattributed(.noClient), reason: .noted)
        }
        must(decision.stage == question.1, "seed \(seed): another stage")
        return decision
    }

    /// Postfix asks again, because it lost the answer: it must get the same one.
    private mutating func repeatQuestion(_ index: Int, _ asked: (Door, Stage)) {
        let before = engine.totals.repeated
        let decision = ask(open[index].mail, asked)
        guard !isForgetful else { return }
        must(decision.reason == .repeated, "seed \(seed): asked again, answered \(decision.reason)")
        must(engine.totals.repeated == before + 1, "seed \(seed): not counted as repeated")
    }

    /// The client gives up: the milter door says so.
    private mutating func abort(_ index: Int, _ asked: (Door, Stage)) {
        let dialogue = open.remove(at: index)
        if dialogue.hasMilter { feed(.withdrawn(dialogue.mail.transaction(.milter, asked.1))) }
    }

    /// The end was answered.
    private mutating func end(_ dialogue: Dialogue, _ decision: Decision) {
        if decision.verdict.kind == .hold {
            held.append(dialogue.mail)
            return
        }
        must(decision.verdict == .accept, "seed \(seed): \(decision.verdict) passed")
        guard case .subscriber(let name, _) = decision.identity else {
            if isForgetful { return }
            Issue.record("seed \(seed): nobody's message: \(decision)")
            return
        }
        passed.append(Passed(at: engine.engineTime, begunAt: dialogue.begunAt, mail: dialogue.mail, subscriber: name))
        passedEver += 1
        recipientsEver += dialogue.mail.recipients.count
        must(
            isForgetful || engine.totals.messages == UInt64(passedEver),
            "seed \(seed): \(dialogue.mail.queueID) made \(passedEver) passed and \(engine.totals.messages) counted: \(decision)"
        )
        // Postfix tells the milter `A` after every accepted message; the door keeps it to itself, and even if not:
        if dice(5) == 0, dialogue.hasMilter, dialogue.mail.refused.isEmpty {
            feed(.withdrawn(dialogue.mail.transaction(.milter, .endOfMessage)))
        }
    }

    // MARK: - Beside mail

    /// The mail log tells of a message.
    private mutating func tellLog() {
        guard !passed.isEmpty else { return }
        let mail = passed[passed.count - 1 - dice(min(10, passed.count))].mail
        let index = passed.lastIndex { $0.mail.queueID == mail.queueID }!
        if dice(2) == 0 {
            feed(.delivery(mail.delivery(to: mail.recipients[0], EnhancedStatus(5, 1, 1), .failed)))
        } else if habits.contains(.reload) || habits.contains(.acts) {
            return
        } else {
            let before = engine.totals.refunded
            feed(
                .delivery(
                    mail.delivery(to: mail.recipients[0], EnhancedStatus(5, 7, 1), .failed, isRefusedBeforeQueue: true))
            )
            if engine.totals.refunded > before { passed.remove(at: index) }
        }
    }

    /// A person acts.
    private mutating func act() {
        let name = World.names[dice(World.names.count)]
        let verb: OperatorAct.Verb =
            switch dice(4) {
            case 0: .reset(subscriber: name)
            case 1: .setLimit(subscriber: name, limit: "messages-1h", nil)
            default:
                .setLimit(
                    subscriber: name, limit: "messages-1h",
                    LimitOverride(amount: Int64(1 + dice(90)), burst: Int64(1 + dice(20))))
            }
        feed(.act(OperatorAct(who: "op", verb)))
        changed[name] = engine.engineTime
    }

    /// The policy is changed. The plan's first limit stays as it is.
    private mutating func reload() {
        var policy = engine.policy
        for plan in policy.plans.indices {
            var limits = Array(policy.plans[plan].limits.prefix(1))
            for limit in policy.plans[plan].limits.dropFirst() {
                var limit = limit
                switch dice(6) {
                case 0: continue
                case 1: limit.name += "x"
                case 2:
                    limit.amount = Int64(5 + dice(500))
                    limit.burst = limit.dimension.countsDistinct ? limit.amount : Int64(5 + dice(50))
                case 3: limit.isEnforced.toggle()
                default: break
                }
                limits.append(limit)
            }
            if dice(2) == 0, limits.count < 8 {
                let dimension = [
                    Dimension.recipients, .bytes, .distinctRecipients, .nullSenderMessages, .newRecipients,
                ][dice(5)]
                let amount: Int64 = dimension == .bytes ? 500_000 : 40
                reloads += 1
                limits.append(
                    Limit(
                        name: "n\(dice(8) == 0 ? 0 : reloads)-\(dimension.rawValue)", amount, dimension,
                        perSeconds: 600, isEnforced: dice(2) == 0))
            }
            // Names are unique within a plan; `weir check` sees to it.
            var seen: Set<String> = []
            limits.removeAll { !seen.insert($0.name).inserted }
            if dice(3) == 0 { limits[1...].reverse() }
            policy.plans[plan].limits = limits
        }
        policy.subscribers["eve"]?.isExempt.toggle()
        feed(.policy(policy))
        changed["eve"] = engine.engineTime
    }

    /// A held message is released or purged.
    private mutating func leaveHold() {
        guard !held.isEmpty else { return }
        let mail = held.remove(at: dice(held.count))
        if dice(3) == 0 {
            feed(.act(OperatorAct(who: "op", .purged(mailHost: mail.mailHost, queueID: mail.queueID))))
        } else if feed(.act(OperatorAct(who: "op", .released(mailHost: mail.mailHost, queueID: mail.queueID)))).first
            == .acknowledged(.done)
        {
            passedEver += 1
            recipientsEver += mail.recipients.count
        }
    }
}
