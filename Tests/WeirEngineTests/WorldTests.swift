// Properties of the whole engine over many seeds: what must hold however mail servers and clients behave.

import MailTypes
import Testing
import WeirTesting

@testable import WeirEngine

/// The plans of the world: its first limit is never changed by a reload.
func worldPolicy(_ enforced: Bool = true, action: LimitAction = .reject, kind: PlanKind = .mua) -> Policy {
    func limit(_ amount: Int64, _ dimension: Dimension, _ seconds: Int64, _ burst: Int64) -> Limit {
        Limit(amount, dimension, perSeconds: seconds, burst: burst, action: action, isEnforced: enforced)
    }
    return Policy(
        plans: [
            Plan(
                name: "person", kind: kind,
                limits: [
                    limit(60, .messages, 3600, 8), limit(200, .recipients, 3600, 40),
                    limit(900_000, .bytes, 3600, 40_000),
                    limit(20, .nullSenderMessages, 3600, 3), limit(6, .deadRecipients, 3600, 6),
                ]),
            Plan(
                name: "company", kind: .mta,
                limits: [limit(100, .messages, 3600, 12), limit(300, .recipients, 3600, 50)]),
        ],
        subscribers: [
            "cy@acme.example": SubscriberEntry(plan: "person", parent: "acme"),
            "di@acme.example": SubscriberEntry(plan: "person", parent: "acme"),
            "acme": SubscriberEntry(plan: "company"), "eve": SubscriberEntry(plan: "person"),
        ],
        headerRule: HeaderRule(field: "X-User", pattern: "{subscriber}"))
}

/// Checks that hold after every step, on the engine's own state.
private func checkState(_ engine: Engine, _ seed: UInt64, forced: Bool) {
    for state in engine.subscribers.slots.values where !state.name.isEmpty {
        must(state.openCount >= 0, "seed \(seed): \(state.name) has \(state.openCount) open messages")
        must(state.children >= 0, "seed \(seed): \(state.name) has \(state.children) children")
        must(state.buckets.allSatisfy { $0.reserved >= 0 }, "seed \(seed): \(state.name) reserved less than nothing")
        guard !forced, state.revision != 0 else { continue }
        let plan = engine.layouts.current.plans[Int(state.plan)]
        for limit in plan.limits where !limit.limit.dimension.countsDistinct && limit.limit.dimension != .deadRecipients
        {
            let bucket = state.buckets[limit.place]
            let debt = max(0, bucket.theoreticalArrival - engine.engineTime)
            must(
                debt + bucket.reserved * limit.rate.interval <= limit.rate.reach,
                "seed \(seed): \(state.name) is beyond \(limit.rule)")
        }
    }
}

@Suite("The whole engine, from seeds")
struct WorldTests {
    @Test("each message counts once, no window passes its limit, nothing stays reserved", arguments: UInt64(0)..<30)
    func countedOnce(seed: UInt64) {
        let habits: [WorldHabits] = [[], [.log], [.clock, .slow], [.reload, .clock], [.acts, .slow, .reload], .all]
        let action: LimitAction = seed % 3 == 0 ? .hold : seed % 3 == 1 ? .reject : .defer
        let mine = habits[Int(seed) % habits.count]
        var world = World(
            seed: seed, policy: worldPolicy(action: action, kind: seed % 2 == 0 ? .mua : .mta), habits: mine)
        let isForced = !mine.isDisjoint(with: [.reload, .acts, .releases])
        for _ in 0..<6 {
            world.run(steps: 150)
            checkState(world.engine, seed, forced: isForced)
            must(
                world.engine.subscribers.slots.values.allSatisfy {
                    $0.openCount == 0 && $0.buckets.allSatisfy { $0.reserved == 0 }
                },
                "seed \(seed): something stays reserved")
        }
        let totals = world.engine.totals
        must(
            totals.messages == UInt64(world.passedEver),
            "seed \(seed): \(world.passedEver) passed, counted \(totals.messages)")
        must(totals.recipients == UInt64(world.recipientsEver), "seed \(seed): \(world.recipientsEver) recipients")
        must(totals.unattributed == 0, "seed \(seed): \(totals.unattributed) nobody's")
        checkWindows(world, seed)
    }

    /// Looks at every window of every limit that did not change, from outside: what passed, by subscriber and by parent.
    private func checkWindows(_ world: World, _ seed: UInt64) {
        let policy = worldPolicy()
        var lists: [String: [Passed]] = [:]
        for passed in world.passed {
            lists[passed.subscriber, default: []].append(passed)
            if passed.subscriber.hasSuffix("acme.example") { lists["acme", default: []].append(passed) }
        }
        for (name, list) in lists {
            let plan = policy.plans[name == "acme" ? 1 : 0]
            let checked = world.habits.contains(.reload) ? Array(plan.limits.prefix(1)) : plan.limits
            for limit in checked where limit.dimension != .deadRecipients {
                if world.habits.contains(.acts) && name != "acme" || world.changed[name] != nil { continue }
                let amounts = list.map { passed in
                    Amounts(
                        recipients: Int64(passed.mail.recipients.count), bytes: Int64(passed.mail.bytes),
                        isNullSender: passed.mail.reversePath == nil
                    ).units(limit.dimension)
                }
                for first in list.indices {
                    var sum: Int64 = 0
                    for last in first..<list.count {
                        sum += amounts[last]
                        let width = list[last].at - list[first].at
                        must(
                            sum <= limit.burst + width / limit.intervalNanoseconds,
                            "seed \(seed): \(name) passed \(sum) in \(width) ns: \(limit.line)")
                    }
                }
            }
        }
    }

    @Test("an observed rule changes no verdict and no other rule's bucket", arguments: UInt64(0)..<16)
    func observedBeside(seed: UInt64) {
        var policy = worldPolicy()
        let plain = policy
        for plan in policy.plans.indices {
            for (index, amount) in [(0, Int64(20)), (2, 60), (5, 5)] {
                let dimension = [Dimension.messages, .recipients, .bytes, .distinctRecipients][Int(seed % 4)]
                policy.plans[plan].limits.insert(
                    Limit(name: "watched\(index)", amount, dimension, perSeconds: 3600, burst: 3),
                    at: min(index, policy.plans[plan].limits.count))
            }
        }
        var world = World(seed: seed, policy: policy, habits: [.log, .clock, .slow, .releases])
        var other = Engine(policy: plain, bounds: .small, seed: seed)
        world.watch = { input, outputs in
            let expected = other.step(input)
            if case .decision(var mine)? = outputs.first, case .decision(var theirs)? = expected.first {
                (mine.evidence, mine.would, theirs.evidence, theirs.would) = ([], nil, [], nil)
                if mine.verdict == .accept { mine.rule = nil }
                if mine.reason == .repeated { (mine.rule, theirs.rule) = (nil, nil) }
                must(mine == theirs, "seed \(seed): \(mine) beside \(theirs)")
            }
        }
        world.run(steps: 700)
        for (mine, theirs) in zip(world.engine.subscribers.slots.values, other.subscribers.slots.values)
        where mine.revision != 0 {
            must(mine.name == theirs.name, "seed \(seed): other subscribers")
            for limit in other.layouts.current.plans[Int(theirs.plan)].limits {
                let same = world.engine.layouts.current.plans[Int(mine.plan)].limits.first { $0.rule == limit.rule }
                must(
                    same.map { mine.buckets[$0.place] } == theirs.buckets[limit.place],
                    "seed \(seed): the bucket of \(limit.rule) of \(mine.name) is another")
            }
        }
        must(world.engine.totals.messages == other.totals.messages, "seed \(seed): other totals")
        must(world.engine.totals.wouldStop <= world.engine.totals.messages, "seed \(seed): counted twice")
    }

    @Test("an observed rule's bucket goes as where it is the enforced one", arguments: UInt64(0)..<25)
    func observedAsEnforced(seed: UInt64) {
        let index = Int(seed % 5)
        var enforcing = worldPolicy(false)
        enforcing.plans[0].limits[index].isEnforced = true
        var world = World(seed: seed, policy: worldPolicy(false), habits: [.log, .clock, .slow])
        var other = Engine(policy: enforcing, bounds: .small, seed: seed)
        world.watch = { input, _ in _ = other.step(input) }
        for _ in 0..<30 {
            world.run(steps: 30)
            for (mine, theirs) in zip(world.engine.subscribers.slots.values, other.subscribers.slots.values)
            where mine.revision != 0 {
                guard mine.name != "acme" else { continue }
                let place = other.layouts.current.plans[Int(theirs.plan)].limits[index].place
                must(
                    mine.buckets[place] == theirs.buckets[place],
                    "seed \(seed): \(mine.name) \(mine.buckets[place]) beside \(theirs.buckets[place])")
            }
        }
        let rule = "person/\(enforcing.plans[0].limits[index].name)"
        let would = world.engine.ruleCounts[rule]?.wouldStop
        must(would == other.ruleCounts[rule]?.stopped, "seed \(seed): \(rule) would stop another number")
    }

    @Test(
        "the same inputs give the same bytes, and so does an engine restored in mid-stream", arguments: UInt64(0)..<10)
    func deterministic(seed: UInt64) throws {
        var policy = worldPolicy(seed % 2 == 0, action: .hold)
        policy.plans[0].limits.append(Limit(30, .distinctRecipients, perSeconds: 600, isEnforced: true))
        policy.plans[0].limits.append(Limit(70, .newRecipients, perSeconds: 3600))
        policy.plans[0].limits.append(Limit(9, .distinctReversePaths, perSeconds: 60))
        // Tables so small that everything is evicted all the time.
        let bounds = Engine.Bounds(subscribersMax: 4 + Int(seed % 4), messagesMax: 12, heldMax: 3, casesMax: 2)
        var world = World(seed: seed, policy: policy, habits: .all, bounds: bounds)
        var recorded: [[UInt8]] = []
        world.isForgetful = true
        world.watch = { recorded.append(bytes($1)) }
        for _ in 0..<5 { world.run(steps: 120) }
        var again = Engine(policy: policy, bounds: bounds, seed: seed)
        for (index, input) in world.inputs.enumerated() {
            let outputs = bytes(again.step(input))
            must(outputs == recorded[index], "seed \(seed): input \(index) was answered otherwise")
            if index % 97 == 96 {
                let snapshot = again.snapshot()
                again = try Engine(snapshot: snapshot)
                let second = again.snapshot()
                must(
                    second == snapshot,
                    "seed \(seed): the snapshot at \(index) is another when read and written, from byte "
                        + "\(zip(second, snapshot).enumerated().first { $1.0 != $1.1 }?.offset ?? -1) of \(snapshot.count)"
                )
            }
        }
        #expect(again.snapshot() == world.engine.snapshot())
        checkState(world.engine, seed, forced: true)
        must(
            world.engine.subscribers.slots.values.allSatisfy {
                $0.openCount == 0 && $0.buckets.allSatisfy { $0.reserved == 0 }
            },
            "seed \(seed): something stays reserved")
    }
}
