// Quiet subscribers as bytes: no decision can tell, whatever wakes them.

import MailTypes
import Testing
import WeirTesting

@testable import WeirEngine

/// Two engines that are told the same, one of which compacts who is quiet for so long.
private struct Twins {
    /// One that compacts, and one that never does.
    var compacting: Table
    var whole: Table

    init(_ policy: Policy, quietSeconds: Int64 = 86_400, subscribersMax: Int = 200) {
        var bounds = Engine.Bounds.small
        bounds.subscribersMax = subscribersMax
        bounds.quietSeconds = quietSeconds
        compacting = Table(policy, bounds: bounds)
        bounds.quietSeconds = .max
        whole = Table(policy, bounds: bounds)
    }

    /// Tells both; what they say must be the same.
    @discardableResult
    mutating func feed(_ event: Input.Event, at place: SourceLocation = #_sourceLocation) -> [Output] {
        let (mine, theirs) = (compacting.feed(event), whole.feed(event))
        must(bytes(mine) == bytes(theirs), "\(event): \(mine) beside \(theirs)", at: place)
        must(Self.strays(compacting.engine) == [], "habits are whole whose subscriber is not", at: place)
        return mine
    }

    /// Lets time pass in ticks of ten minutes.
    mutating func pass(hours: Int64) { pass(minutes: hours * 60) }

    /// Lets time pass in ticks of ten minutes.
    mutating func pass(minutes: Int64) {
        for _ in 0..<minutes / 10 {
            compacting.now = compacting.now.advanced(byNanoseconds: 600 * second)
            whole.now = compacting.now
            feed(.tick)
        }
    }

    /// A new message.
    mutating func mail(_ login: String, to recipients: [String] = ["r@example.org"]) -> ScenarioMail {
        compacting.mail(login, to: recipients)
    }

    /// Takes a message through the milter door.
    @discardableResult
    mutating func send(_ mail: ScenarioMail, at place: SourceLocation = #_sourceLocation) -> Decision? {
        var last: Decision?
        for stage in [Stage.data, .endOfMessage] {
            guard case .decision(let decision)? = feed(.transaction(mail.transaction(.milter, stage)), at: place).first
            else { return nil }
            last = decision
            if decision.verdict.kind >= .defer { break }
        }
        return last
    }

    /// Sends new messages of a login.
    mutating func send(_ count: Int, _ login: String = "ann") {
        for number in 0..<count { send(mail(login, to: ["r\(number)@example.org"])) }
    }

    /// A person acts.
    mutating func act(_ verb: OperatorAct.Verb) { feed(.act(OperatorAct(who: "op", verb))) }

    /// True where a subscriber is kept as bytes.
    func isCompacted(_ login: String = "ann") -> Bool {
        compacting.engine.slot(named: login).map { compacting.engine.subscribers.slots.isCompacted($0) } ?? false
    }

    /// What both show must be the same.
    func compareViews(at place: SourceLocation = #_sourceLocation) {
        let (mine, theirs) = (compacting.engine, whole.engine)
        must(mine.subscribers(in: 0..<1000) == theirs.subscribers(in: 0..<1000), "another list", at: place)
        must(mine.caseViews(in: 0..<100) == theirs.caseViews(in: 0..<100), "other cases", at: place)
        must(mine.totals == theirs.totals && mine.view.rules == theirs.view.rules, "other totals", at: place)
    }

    /// Slots whose habits or excursion are whole while the subscriber is compacted: they would stay so.
    static func strays(_ engine: Engine) -> [Int] {
        engine.subscribers.slots.indices.filter {
            engine.subscribers.slots.isCompacted($0)
                && (engine.watch.habits.isWhole($0) || engine.watch.excursions.isWhole($0))
        }
    }
}

/// Limits of every kind, and the ladder.
private func everything() -> Policy {
    var policy = onePlan(
        .mua, Limit(20, .messages, perSeconds: 3600, burst: 5, isEnforced: true),
        Limit(2_000_000, .bytes, perSeconds: 7 * 86_400), Limit(30, .newRecipients, perSeconds: 7 * 86_400),
        Limit(5, .deadRecipients, perSeconds: 3600, isEnforced: true),
        Limit(70, .distinctRecipients, perSeconds: 600))
    policy.watch.isOn = true
    policy.watch.enforced = .contained
    policy.subscribers = ["cy": SubscriberEntry(parent: "acme"), "di": SubscriberEntry(parent: "acme")]
    return policy
}

@Suite("Quiet subscribers")
struct CompactionTests {
    /// Somebody who sent three messages a day and a half ago and is compacted, with the last message.
    private func quiet(_ policy: Policy = everything(), login: String = "ann") -> (twins: Twins, last: ScenarioMail) {
        var twins = Twins(policy)
        twins.send(2, login)
        let last = twins.mail(login)
        twins.send(last)
        #expect(!twins.isCompacted(login))
        twins.pass(hours: 23)
        #expect(!twins.isCompacted(login), "not before a day is over")
        twins.pass(hours: 13)
        #expect(twins.isCompacted(login))
        #expect(twins.compacting.engine.view.subscribersCompacted >= 1)
        twins.compareViews()
        #expect(twins.isCompacted(login), "looking wakes nobody")
        return (twins, last)
    }

    @Test("are woken by the first question about their mail, not by one about a recipient") func question() {
        var (twins, _) = quiet()
        twins.feed(.transaction(twins.mail("ann").recipientRequest("r@example.org")))
        #expect(twins.isCompacted(), "before DATA nobody is looked up")
        twins.send(1)
        #expect(!twins.isCompacted())
        twins.compareViews()
    }

    @Test("are woken by a complaint, and it counts") func complaint() {
        var (twins, last) = quiet()
        twins.feed(.complaint(mailHost: last.mailHost, queueID: last.queueID))
        let slot = twins.compacting.engine.slot(named: "ann")!
        #expect(twins.compacting.engine.watch.excursion(of: slot)?.complaints == 1)
    }

    @Test("are woken by a late bounce, and it is charged") func bounce() {
        // An hour is as long as a delivery result counts.
        var twins = Twins(everything(), quietSeconds: 600)
        let mail = twins.mail("ann")
        twins.send(mail)
        twins.pass(minutes: 30)
        #expect(twins.isCompacted())
        let delivery = mail.delivery(to: "r@example.org", EnhancedStatus(5, 1, 1), .failed)
        #expect(twins.compacting.engine.knows(delivery) && twins.isCompacted())
        twins.feed(.delivery(delivery))
        #expect(twins.compacting.engine.totals.deadRecipients == 1)
        twins.compareViews()
        twins.feed(
            .delivery(mail.delivery(to: "r@example.org", EnhancedStatus(5, 7, 1), .failed, isRefusedBeforeQueue: true)))
        twins.compareViews()
    }

    @Test("are woken by a person's word, whichever it is") func acts() {
        for verb in [
            OperatorAct.Verb.release(subscriber: "ann"), .confirm(subscriber: "ann"), .reset(subscriber: "ann"),
            .setLimit(subscriber: "ann", limit: "messages-1h", LimitOverride(amount: 3, burst: 3)),
        ] {
            var (twins, _) = quiet()
            twins.act(verb)
            twins.compareViews()
            twins.send(6)
            twins.pass(hours: 60)
            twins.send(6)
            twins.compareViews()
        }
    }

    @Test("with an open case stay whole until it is over") func openCase() {
        var policy = everything()
        policy.watch.containedSeconds = 10 * 86_400
        var twins = Twins(policy)
        twins.send(30)
        twins.act(.confirm(subscriber: "ann"))
        twins.pass(hours: 40)
        #expect(twins.compacting.engine.subscriber(named: "ann")?.openCase != nil && !twins.isCompacted())
        twins.act(.release(subscriber: "ann"))
        twins.pass(hours: 2)
        #expect(twins.isCompacted())
        let standing = { (t: Table) in t.engine.watch.habits.value(t.engine.slot(named: "ann")!).standing }
        #expect(standing(twins.compacting).vouchedUntil == standing(twins.whole).vouchedUntil)
        twins.send(3)
    }

    @Test("are laid out by a new policy as all others, and stay compacted") func reload() {
        var (twins, _) = quiet()
        var policy = everything()
        policy.plans[0].limits.remove(at: 1)
        policy.plans[0].limits.insert(Limit(9, .recipients, perSeconds: 86_400, isEnforced: true), at: 0)
        policy.subscribers = ["ann": SubscriberEntry(parent: "acme")]
        twins.feed(.policy(policy))
        twins.pass(hours: 1)
        #expect(twins.isCompacted() && !twins.compacting.engine.isCarryingOver)
        twins.compareViews()
        #expect(twins.compacting.engine.subscriber(named: "ann")?.parent == "acme")
        twins.send(12)
        twins.compareViews()
    }

    @Test("share a parent's budget, whoever of them sleeps") func parents() {
        var (twins, _) = quiet(login: "cy")
        #expect(twins.isCompacted("acme"))
        twins.send(4, "di")
        #expect(!twins.isCompacted("acme") && twins.isCompacted("cy"))
        twins.send(4, "cy")
        twins.compareViews()
    }

    @Test("do not mind a jump of the clock") func clock() {
        var (twins, _) = quiet()
        for jump in [-50 * 86_400 * second, 90 * 86_400 * second] {
            twins.compacting.now = twins.compacting.now.advanced(byNanoseconds: jump)
            twins.whole.now = twins.compacting.now
            twins.feed(.clockShifted(jump))
            twins.pass(hours: 30)
            twins.compareViews()
            twins.send(3)
        }
    }

    @Test("give way at the bound, the longest idle first, and are forgotten after ninety days") func bound() {
        var twins = Twins(everything(), subscribersMax: 12)
        for number in 0..<12 {
            twins.send(1, "user\(number)")
            twins.pass(hours: 1)
        }
        twins.pass(hours: 40)
        #expect(twins.compacting.engine.view.subscribersCompacted == 12)
        for number in 12..<40 {
            twins.send(1, "user\(number)")
            twins.compareViews()
        }
        #expect(twins.compacting.engine.subscribers.evicted == 28)
        #expect(twins.compacting.engine.slot(named: "user0") == nil)
        twins.pass(hours: 24 * 95)
        #expect(twins.compacting.engine.view.subscribers == 0)
        twins.send(1, "user1")
        twins.compareViews()
    }

    @Test("an excursion fades with ten days, compacted or not") func fading() {
        var (twins, last) = quiet()
        twins.feed(.complaint(mailHost: last.mailHost, queueID: last.queueID))
        let slot = twins.compacting.engine.slot(named: "ann")!
        for (hours, isThere) in [(Int64(26), true), (24 * 10, false)] {
            twins.pass(hours: hours)
            #expect(twins.isCompacted())
            let engine = twins.compacting.engine
            let score = engine.watch.score(of: slot, at: engine.engineTime, engine.policy.watch)
            #expect((score.nats > 0) == isThere, "\(score.nats) after \(hours) hours")
            let other = twins.whole.engine
            #expect(score.nats == other.watch.score(of: slot, at: other.engineTime, other.policy.watch).nats)
        }
        twins.send(3)
    }

    @Test(
        "no output differs in a world where everybody is compacted all the time, nor at the tables' bounds",
        arguments: UInt64(0)..<20)
    func world(seed: UInt64) throws {
        var policy = worldPolicy(seed % 2 == 0, action: .hold)
        policy.plans[0].limits += [
            Limit(30, .distinctRecipients, perSeconds: 600, isEnforced: true),
            Limit(70, .newRecipients, perSeconds: 3600), Limit(9, .distinctReversePaths, perSeconds: 60),
        ]
        policy.watch.isOn = true
        policy.watch.enforced = .contained
        var bounds = Engine.Bounds.small
        if seed % 4 == 3 {
            bounds = Engine.Bounds(subscribersMax: 4 + Int(seed % 3), messagesMax: 12, heldMax: 3, casesMax: 2)
        }
        bounds.quietSeconds = .max
        var world = World(seed: seed, policy: policy, habits: .all, bounds: bounds)
        world.isForgetful = true
        bounds.quietSeconds = 0
        var other = Engine(policy: policy, bounds: bounds, seed: seed)
        var compacted = 0
        var steps = 0
        world.watch = { input, outputs in
            let theirs = other.step(input)
            must(bytes(outputs) == bytes(theirs), "seed \(seed): \(input.event): \(outputs) beside \(theirs)")
            compacted += other.view.subscribersCompacted
            must(Twins.strays(other) == [], "seed \(seed): habits are whole whose subscriber is not")
            steps += 1
            // Restored in the middle, compacted ones and all.
            guard steps % 211 == 0, let back = try? Engine(snapshot: other.snapshot()) else { return }
            must(back.snapshot() == other.snapshot(), "seed \(seed): read and written, the snapshot is another")
            must(back.view.subscribersCompacted == other.view.subscribersCompacted, "seed \(seed): woken by a restart")
            other = back
        }
        for _ in 0..<4 { world.run(steps: 150) }
        must(compacted > steps, "seed \(seed): hardly anybody was compacted")
        must(
            world.engine.subscribers(in: 0..<100) == other.subscribers(in: 0..<100), "seed \(seed): another list")
    }
}
