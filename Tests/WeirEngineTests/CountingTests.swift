// Each message once: two doors, retries, aborts, late ends, reused connections and queue ids; and what else is counted.

import MailTypes
import Testing
import WeirTesting

@testable import WeirEngine

@Suite("Counted once")
struct CountingTests {
    /// Units used of the first limit by ann.
    private func used(_ table: Table, _ limit: Int = 0) -> Int64? {
        table.engine.subscriber(named: "ann@example.net")?.limits[limit].used
    }

    @Test("both doors, one door, any order of the first two questions")
    func doors() {
        let orders: [[(Door, Stage)]] = [
            [(.policy, .data), (.milter, .data), (.policy, .endOfMessage), (.milter, .endOfMessage)],
            [(.milter, .data), (.policy, .data), (.policy, .endOfMessage), (.milter, .endOfMessage)],
            [(.policy, .data), (.policy, .endOfMessage)], [(.milter, .data), (.milter, .endOfMessage)],
            [(.milter, .endOfMessage)],
            [(.policy, .endOfMessage)], [(.policy, .data), (.milter, .data), (.milter, .endOfMessage)],
            [(.policy, .data), (.policy, .endOfMessage), (.milter, .endOfMessage)],
        ]
        for (index, order) in orders.enumerated() {
            var table = Table(ten)
            let mail = table.mail()
            for (place, (door, stage)) in order.enumerated() {
                #expect(table.ask(mail, door, stage).verdict == .accept)
                #expect(
                    table.engine.totals.messages == (place + 1 == order.count || index == 7 && place == 1 ? 1 : 0),
                    "order \(index)")
            }
            #expect(used(table) == 1, "order \(index)")
            #expect(table.state().openCount == 0 && table.state().buckets[0].reserved == 0)
        }
    }

    @Test("without a queue id the connection joins the doors, and the next message on it is another")
    func noQueueID() {
        var table = Table(ten)
        for instance in UInt64(1)...3 {
            var mail = table.mail()
            (mail.queueID, mail.instance, mail.clientPort) = ("", instance, 999)
            #expect(table.send(mail).verdict == .accept)
        }
        #expect(table.engine.totals.messages == 3)
        #expect(used(table) == 3)
    }

    @Test("`A` after the end changes nothing, `A` before it gives everything back")
    func aborts() {
        var table = Table(ten)
        let mail = table.mail()
        table.send(mail)
        table.feed(.withdrawn(mail.transaction(.milter, .endOfMessage)))
        #expect(used(table) == 1)
        let other = table.mail()
        table.ask(other, .policy, .data)
        table.ask(other, .milter, .data)
        #expect(used(table) == 2)
        table.feed(.withdrawn(other.transaction(.milter, .data)))
        #expect(used(table) == 1)
        table.feed(.withdrawn(other.transaction(.milter, .data)))
        #expect(used(table) == 1)
    }

    @Test("a queue id used again within the hour is another message, from another connection or locally")
    func reusedQueueID() {
        var table = Table(ten)
        for port in [UInt16(1), 2] {
            var mail = table.mail()
            (mail.queueID, mail.clientPort) = ("4QSAME", port)
            table.send(mail)
        }
        #expect(used(table) == 2)
        var policy = ten
        policy.headerRule = HeaderRule(field: "X", pattern: "{subscriber}")
        table.feed(.policy(policy))
        for _ in 0..<2 {
            var mail = table.mail("")
            (mail.queueID, mail.isLocalSubmission, mail.client, mail.clientPort) = ("4QLOCAL", true, nil, 0)
            mail.fields = [Content.Field(name: "X", body: "ann@example.net")]
            table.ask(mail, .milter, .data)
            table.ask(mail, .milter, .endOfMessage)
        }
        #expect(used(table) == 4)
    }

    @Test("two local submissions at a time, all on one `connection`, are two messages")
    func concurrentLocal() {
        var policy = ten
        policy.headerRule = HeaderRule(field: "X", pattern: "{subscriber}")
        var table = Table(policy)
        var mails: [ScenarioMail] = []
        for _ in 0..<3 {
            var mail = table.mail("")
            (mail.isLocalSubmission, mail.client, mail.clientPort) = (true, nil, 0)
            mail.fields = [Content.Field(name: "X", body: "ann@example.net")]
            mails.append(mail)
            table.ask(mail, .milter, .data)
        }
        table.feed(.withdrawn(mails[1].transaction(.milter, .data)))
        table.ask(mails[0], .milter, .endOfMessage)
        table.ask(mails[2], .milter, .endOfMessage)
        #expect(used(table) == 2)
        #expect(table.engine.totals.unattributed == 0)
    }

    @Test(
        "a message whose reservation ran out is counted at its late end, once, and nothing stays",
        arguments: [0, 1, 2, 3])
    func lateEnd(asked: Int) {
        let questions: [(Door, Stage)] = [
            (.policy, .data), (.milter, .data), (.policy, .endOfMessage), (.milter, .endOfMessage),
        ]
        for abortsAfter in [2, 3, 4] {
            var table = Table(ten)
            let mail = table.mail()
            for (place, question) in questions.enumerated() {
                if place == abortsAfter {
                    table.feed(.withdrawn(mail.transaction(.milter, .data)))
                    break
                }
                #expect(table.ask(mail, question.0, question.1).verdict == .accept)
                if place == asked { table.pass(700) }
            }
            let expected: UInt64 = abortsAfter == 4 ? 1 : 0
            #expect(
                table.engine.totals.messages == expected, "late after question \(asked), aborted after \(abortsAfter)")
            table.pass(700)
            #expect(table.state().openCount == 0 && table.state().buckets[0].reserved == 0)
            #expect(table.engine.totals.messages == expected)
        }
    }

    @Test("ten thousand reservations run out together, on time, with nothing but ticks")
    func expiry() {
        var table = Table(
            onePlan(.mua, Limit(100_000, .messages, perSeconds: 3600)),
            bounds: Engine.Bounds(subscribersMax: 10, messagesMax: 20_000, heldMax: 1, casesMax: 1))
        for _ in 0..<10_000 { table.ask(table.mail(), .policy, .data) }
        table.pass(590)
        #expect(table.state().openCount == 10_000)
        for _ in 0..<17 { table.pass(1) }
        #expect(table.state().openCount == 0 && table.state().buckets[0].reserved == 0)
        #expect(table.engine.totals.expired == 10_000)
    }

    @Test("a reload followed by silence leaves no reservation behind", arguments: [1, 2500])
    func silence(count: Int) {
        let policy = onePlan(.mua, Limit(10_000, .messages, perSeconds: 3600))
        var table = Table(
            policy, bounds: Engine.Bounds(subscribersMax: 10, messagesMax: 5000, heldMax: 1, casesMax: 1))
        for _ in 0..<count { table.ask(table.mail(), .policy, .data) }
        table.feed(.policy(policy))
        table.pass(5)
        table.now = table.now.advanced(byNanoseconds: 5000 * second)
        for _ in 0..<5 { table.pass(1) }
        #expect(table.state().openCount == 0 && table.state().buckets[0].reserved == 0)
        #expect(table.engine.layouts.all.count == 1)
    }

    @Test("a limit taken away and brought back while a message is open holds nothing of it")
    func broughtBack() {
        let other = Limit(20, .messages, perSeconds: 60, isEnforced: true)
        var table = Table(onePlan(.mua, ten.plans[0].limits[0], other))
        let mail = table.mail()
        table.ask(mail, .milter, .data)
        table.feed(.policy(onePlan(.mua, other)))
        table.send()
        table.feed(.policy(onePlan(.mua, ten.plans[0].limits[0], other)))
        table.send()
        #expect(table.state().buckets.map(\.reserved) == [0, 1])
        table.ask(mail, .milter, .endOfMessage)
        #expect(table.state().buckets.map(\.reserved) == [0, 0])
        #expect(used(table) == 1 && used(table, 1) == 3)
    }

    @Test("what was charged to a limit before it went and came back is not given back to its new bucket")
    func refundAfterReturn() {
        let other = Limit(20, .messages, perSeconds: 60, isEnforced: true)
        var table = Table(onePlan(.mua, ten.plans[0].limits[0], other))
        let mail = table.mail()
        table.send(mail)
        table.feed(.policy(onePlan(.mua, other)))
        table.send()
        table.feed(.policy(onePlan(.mua, ten.plans[0].limits[0], other)))
        table.send()
        let refusal = mail.delivery(
            to: "r@example.org", EnhancedStatus(5, 7, 1), .failed, isRefusedBeforeQueue: true)
        table.feed(.delivery(refusal))
        #expect(used(table) == 1 && used(table, 1) == 2)
    }

    @Test("a reverse-path that the doors tell differently leaves the null-sender budget whole")
    func changingSender() {
        var table = Table(onePlan(.mua, Limit(5, .nullSenderMessages, perSeconds: 3600, isEnforced: true)))
        var mail = table.mail()
        table.ask(mail, .policy, .data)
        mail.reversePath = nil
        table.ask(mail, .milter, .data)
        table.ask(mail, .milter, .endOfMessage)
        #expect(table.state().buckets[0] == Bucket())
    }

    @Test("a peer that gives one instance ten thousand queue ids, or one queue id as many instances, fills nothing")
    func changingKeys() {
        var table = Table(ten, bounds: Engine.Bounds(subscribersMax: 5, messagesMax: 20, heldMax: 5, casesMax: 5))
        var mail = table.mail()
        for number in 0..<10_000 {
            mail.queueID = "Q\(number)"
            table.ask(mail, .policy, .data)
        }
        for number in UInt64(1)...10_000 {
            mail.instance = number
            table.ask(mail, .policy, .rcpt)
        }
        #expect(table.state().openCount >= 0)
    }

    @Test("ended at the policy door and then at the milter's, it was charged at the first")
    func twoEnds() {
        var table = Table(onePlan(.mua, Limit(60, .messages, perSeconds: 3600, burst: 10, isEnforced: true)))
        let mail = table.mail()
        table.ask(mail, .policy, .data)
        table.ask(mail, .policy, .endOfMessage)
        table.pass(60)
        table.send()
        table.ask(mail, .milter, .endOfMessage)
        // What it took has flowed in again before the second message was charged: nothing is left to give back.
        let refusal = mail.delivery(
            to: "r@example.org", EnhancedStatus(5, 7, 1), .failed, isRefusedBeforeQueue: true)
        table.feed(.delivery(refusal))
        #expect(table.engine.totals.refunded == 1)
        #expect(used(table) == 1)
    }

    @Test("an observed limit that has no room for what a message grew by gives its reservation back")
    func observedGrowth() {
        var table = Table(
            onePlan(.mua, Limit(5000, .bytes, perSeconds: 3600), Limit(9, .messages, perSeconds: 3600)))
        var mail = table.mail()
        (mail.claimedBytes, mail.bytes) = (4000, 6000)
        let told = [(Door.policy, Stage.data), (.milter, .data), (.policy, .endOfMessage), (.milter, .endOfMessage)].map
        {
            table.ask(mail, $0, $1).would
        }
        #expect(told == [nil, nil, .reject, nil])
        #expect(used(table) == 0 && used(table, 1) == 1)
        #expect(table.state().buckets.allSatisfy { $0.reserved == 0 })
    }

    @Test("stopped for what it grew by where it shrank elsewhere, a message takes back exactly what it holds")
    func grownAndShrunk() {
        var table = Table(
            onePlan(
                .mua, Limit(5000, .bytes, perSeconds: 3600, action: .reject, isEnforced: true),
                Limit(20, .recipients, perSeconds: 3600, isEnforced: true)))
        var mail = table.mail(to: ["a@example.org", "b@example.org", "c@example.org"])
        table.ask(mail, .milter, .data)
        mail.recipients.removeLast()
        mail.bytes = 6000
        #expect(table.ask(mail, .milter, .endOfMessage).verdict.kind == .reject)
        #expect(table.state().buckets.allSatisfy { $0.reserved == 0 })
    }

    @Test("a refusal downstream is given back within the hour, long after reservations run out")
    func lateRefund() {
        var table = Table(onePlan(.mua, Limit(1, .messages, perSeconds: 86_400, burst: 2, isEnforced: true)))
        let mail = table.mail()
        table.send(mail)
        table.pass(3000)
        table.send()
        #expect(table.send().verdict.kind == .hold)
        let refusal = mail.delivery(
            to: "r@example.org", EnhancedStatus(5, 7, 1), .failed, isRefusedBeforeQueue: true)
        table.feed(.delivery(refusal))
        #expect(table.engine.totals.refunded == 1)
        table.pass(3000)
        #expect(table.send().verdict == .accept)
    }

    @Test("a full message table gives the oldest reservation back")
    func fullTable() {
        var table = Table(ten, bounds: Engine.Bounds(subscribersMax: 5, messagesMax: 4, heldMax: 5, casesMax: 5))
        for _ in 0..<20 { table.ask(table.mail(), .policy, .data) }
        #expect(table.state().openCount == 4 && table.state().buckets[0].reserved == 4)
        #expect(table.engine.totals.expired == 16)
    }

    @Test("another subscriber at the end takes the message over")
    func changedHands() {
        var table = Table(ten)
        var mail = table.mail("first")
        table.ask(mail, .milter, .data)
        mail.login = "second"
        table.ask(mail, .milter, .endOfMessage)
        #expect(table.state("first").buckets[0] == Bucket() && table.state("first").openCount == 0)
        #expect(table.engine.subscriber(named: "second")?.limits[0].used == 1)
        #expect(table.engine.totals.messages == 1)
    }

    @Test("accepted for another subscriber after it was held for the first, it stays accepted when asked again")
    func keptAnswer() {
        var table = Table(onePlan(.mua, Limit(1, .messages, perSeconds: 3600, isEnforced: true)))
        table.send(1, "first")
        var mail = table.mail("first")
        #expect(table.ask(mail, .milter, .data).verdict.kind == .hold)
        mail.login = "second"
        #expect(table.ask(mail, .policy, .endOfMessage).verdict == .accept)
        #expect(table.ask(mail, .policy, .endOfMessage).verdict == .accept)
        #expect(table.ask(mail, .milter, .endOfMessage).verdict == .accept)
        #expect(table.engine.subscriber(named: "second")?.limits[0].used == 1)
    }

    @Test("parents that name each other charge nobody twice")
    func loop() {
        var policy = ten
        policy.subscribers = [
            "ann@example.net": SubscriberEntry(parent: "b"), "b": SubscriberEntry(parent: "ann@example.net"),
        ]
        var table = Table(policy)
        table.send(3)
        #expect(used(table) == 3)
        #expect(table.engine.subscriber(named: "b")?.limits[0].used == 3)
        policy.subscribers = ["ann@example.net": SubscriberEntry(parent: "ann@example.net")]
        table.feed(.policy(policy))
        table.send(3)
        #expect(used(table) == 6)
    }

    @Test("in a full table, making room for a parent's parent never pushes out the child")
    func fullOfParents() {
        var policy = ten
        policy.subscribers = ["child": SubscriberEntry(parent: "middle"), "middle": SubscriberEntry(parent: "top")]
        for capacity in 1...3 {
            var table = Table(
                policy, bounds: Engine.Bounds(subscribersMax: capacity, messagesMax: 50, heldMax: 5, casesMax: 5))
            for _ in 0..<3 {
                table.send(1, "stranger")
                table.send(1, "child")
            }
            let slots = table.engine.subscribers.slots.values
            #expect(
                slots.allSatisfy { $0.openCount == 0 && $0.children >= 0 && $0.buckets.allSatisfy { $0.reserved == 0 } }
            )
            #expect(table.engine.slot(named: "child") != nil, "\(capacity) slots")
            if capacity == 3 { #expect(table.engine.subscriber(named: "top")?.counts.messages ?? 0 >= 1) }
        }
    }

    @Test("own amounts that no longer fit a reloaded limit are left aside, not a crash")
    func overrideAfterReload() {
        var table = Table(onePlan(.mua, Limit(name: "n", 10, .bytes, perSeconds: 1, isEnforced: true)))
        table.send()
        #expect(
            table.act(
                .setLimit(subscriber: "ann@example.net", limit: "n", LimitOverride(amount: 1, burst: 3_000_000_000)))
                == .done)
        #expect(
            table.act(.setLimit(subscriber: "ann@example.net", limit: "n", LimitOverride(amount: 0, burst: 1)))
                == .badAmount("the amount must be at least 1"))
        #expect(table.act(.setLimit(subscriber: "ann@example.net", limit: "m", nil)) == .unknownLimit(["n"]))
        table.feed(.policy(onePlan(.mua, Limit(name: "n", 2000, .bytes, perSeconds: 86_400, isEnforced: true))))
        table.send()
        #expect(table.engine.subscriber(named: "ann@example.net")?.limits[0].line == "2000 bytes per day")
    }

    @Test("set-limit holds at once, and its end gives the plan's amount back")
    func setLimit() {
        var table = Table(ten)
        table.send(8)
        #expect(
            table.act(
                .setLimit(subscriber: "ann@example.net", limit: "messages-1h", LimitOverride(amount: 20, burst: 20)))
                == .done)
        #expect(used(table) == 8)
        #expect(table.send(13).verdict.kind == .reject)
        #expect(used(table) == 20)
        #expect(table.act(.setLimit(subscriber: "ann@example.net", limit: "messages-1h", nil)) == .done)
        #expect(used(table) == 10)
        #expect(table.send(10, "bob").verdict == .accept)
    }
}
