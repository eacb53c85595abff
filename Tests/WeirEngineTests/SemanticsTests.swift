// What the engine answers, one readable example a rule.

import MailTypes
import Testing
import WeirTesting

@testable import WeirEngine

@Suite("Answers")
struct AnswerTests {
    @Test("a mail program over its limit is never told to try again", arguments: LimitAction.allCases)
    func mua(action: LimitAction) {
        var table = Table(
            onePlan(.mua, Limit(60, .messages, perSeconds: 3600, burst: 2, action: action, isEnforced: true)))
        let decision = table.send(3)
        #expect(decision.reason == .overLimit)
        #expect(decision.rule == "plan/messages-1h")
        switch (action, decision.verdict) {
        case (.reject, .reject(let reply)):
            #expect(reply.code == 550)
            #expect(reply.status == EnhancedStatus(5, 7, 1))
            #expect(reply.text.contains("room again in 60 seconds"))
        case (.hold, .hold(let text)), (.defer, .hold(let text)):
            #expect(
                text == "Weir: Sending limit reached: 60 messages per hour, burst 2 (Case \(decision.caseCode ?? ""))")
        default: Issue.record("\(action) became \(decision.verdict)")
        }
    }

    @Test("a mail server over its limit is told when to try again, and what was reached")
    func mta() {
        var table = Table(onePlan(.mta, Limit(10, .recipients, perSeconds: 3600, action: .defer, isEnforced: true)))
        let decision = table.send(3, to: (0..<4).map { "r\($0)@example.org" })
        guard case .defer(let reply) = decision.verdict else {
            Issue.record("\(decision.verdict)")
            return
        }
        #expect(reply.code == 450)
        #expect(reply.status == EnhancedStatus(4, 7, 1))
        #expect(
            reply.text.hasPrefix("Sending limit reached: 10 recipients per hour; try again in 12 minutes (Case W-2"))
        #expect(
            decision.evidence == [
                Finding(
                    symbol: "RECIPIENTS_1H",
                    why: "no room for 4 more in 10 recipients per hour (plan/recipients-1h); room in 12 minutes")
            ])
        table.pass(719)
        #expect(table.send(1, to: (0..<4).map { "r\($0)@example.org" }).verdict.kind == .defer)
        table.pass(1)
        #expect(table.send(1, to: (0..<4).map { "r\($0)@example.org" }).verdict == .accept)
    }

    @Test(
        "what is larger than the burst is refused for good, and told the maximum",
        arguments: [
            (
                Dimension.recipients, EnhancedStatus(5, 5, 3), UInt16(550),
                "This message has 61 recipients; at most 60 at once may pass"
            ),
            (.bytes, EnhancedStatus(5, 3, 4), 552, "This message has 61 bytes; at most 60 at once may pass"),
            (
                .distinctRecipients, EnhancedStatus(5, 7, 1), 550,
                "This message has 61 distinct recipients; at most 60 at once may pass"
            ),
        ])
    func tooLarge(_ dimension: Dimension, _ status: EnhancedStatus, _ code: UInt16, _ text: String) {
        var table = Table(
            onePlan(
                .mta,
                Limit(
                    dimension.countsDistinct ? 60 : 300, dimension, perSeconds: 3600, burst: 60, action: .defer,
                    isEnforced: true)))
        var mail = table.mail(to: (0..<61).map { "r\($0)@example.org" })
        mail.bytes = 61
        let decision = table.send(mail)
        #expect(decision.reason == .largerThanBurst)
        guard case .reject(let reply) = decision.verdict else {
            Issue.record("\(decision.verdict)")
            return
        }
        #expect(reply.status == status && reply.code == code)
        #expect(reply.text.hasPrefix(text))
        #expect(table.state().buckets.allSatisfy { $0 == Bucket() })
    }

    @Test("all limits are checked before any is charged")
    func allOrNone() {
        var table = Table(
            onePlan(
                .mua, Limit(10, .messages, perSeconds: 3600, isEnforced: true),
                Limit(3, .recipients, perSeconds: 3600, action: .reject, isEnforced: true)))
        #expect(table.send(4).verdict.kind == .reject)
        #expect(table.state().buckets[0].reserved == 0)
        #expect(table.engine.subscriber(named: "ann@example.net")?.limits[0].used == 3)
    }

    @Test("the strongest limit speaks, with the longest wait of all")
    func strongest() {
        var table = Table(
            onePlan(
                .mta, Limit(60, .messages, perSeconds: 3600, burst: 1, action: .defer, isEnforced: true),
                Limit(name: "slow", 2, .recipients, perSeconds: 3600, burst: 1, action: .defer, isEnforced: true)))
        let decision = table.send(2)
        #expect(decision.rule == "plan/slow")
        #expect(decision.evidence.map(\.symbol) == ["MESSAGES_1H", "SLOW"])
        #expect("\(decision.verdict)".contains("try again in 30 minutes"))
    }

    @Test("a message that grew beyond its limit is stopped at its end, and nothing of it stays")
    func growth() {
        var table = Table(onePlan(.mua, Limit(5000, .bytes, perSeconds: 3600, action: .reject, isEnforced: true)))
        var mail = table.mail()
        (mail.claimedBytes, mail.bytes) = (100, 4000)
        #expect(table.send(mail).verdict == .accept)
        mail = table.mail()
        (mail.claimedBytes, mail.bytes) = (900, 1001)
        #expect(table.ask(mail, .policy, .data).verdict == .accept)
        #expect(table.ask(mail, .milter, .data).verdict == .accept)
        #expect(table.ask(mail, .policy, .endOfMessage).verdict.kind == .reject)
        #expect(table.state().buckets[0].reserved == 0)
        #expect(table.state().openCount == 0)
        mail = table.mail()
        (mail.claimedBytes, mail.bytes) = (900, 300)
        #expect(table.send(mail).verdict == .accept)
        #expect(table.engine.subscriber(named: "ann@example.net")?.limits[0].used == 4300)
    }

    @Test("a parent's limit answers by the kind of whoever speaks SMTP")
    func parentKind() {
        let seats = Plan(name: "seat", kind: .mua, limits: [])
        let servers = Plan(name: "server", kind: .mta, limits: [])
        let company = Plan(
            name: "company", kind: .mta,
            limits: [Limit(1, .messages, perSeconds: 3600, action: .defer, isEnforced: true)])
        var table = Table(
            Policy(
                plans: [seats, servers, company],
                subscribers: [
                    "ann": SubscriberEntry(parent: "acme"), "relay": SubscriberEntry(plan: "server", parent: "acme"),
                    "acme": SubscriberEntry(plan: "company"),
                ]))
        table.send(1, "ann")
        #expect(table.send(1, "ann").verdict.kind == .hold)
        #expect(table.send(1, "relay").verdict.kind == .defer)
    }

    @Test("the null sender has a budget of its own")
    func nullSender() {
        var table = Table(
            onePlan(.mua, Limit(2, .nullSenderMessages, perSeconds: 3600, action: .reject, isEnforced: true)))
        for expected in [Verdict.Kind.accept, .accept, .reject] {
            var mail = table.mail()
            mail.reversePath = nil
            #expect(table.send(mail).verdict.kind == expected)
        }
        #expect(table.send(5).verdict == .accept)
    }

    @Test("an exempt subscriber passes, is counted, and is charged nothing")
    func exempt() {
        var policy = onePlan(.mua, Limit(1, .messages, perSeconds: 3600, isEnforced: true))
        policy.subscribers = ["ann@example.net": SubscriberEntry(isExempt: true)]
        var table = Table(policy)
        let decision = table.send(5)
        #expect(decision.verdict == .accept && decision.reason == .exempt)
        #expect(table.engine.totals.messages == 5)
        #expect(table.state().buckets[0] == Bucket())
    }

    @Test("who becomes exempt while a message is open gives its reservation back whole")
    func exemptInMidMessage() {
        let policy = onePlan(
            .mua, Limit(50_000, .bytes, perSeconds: 3600, isEnforced: true),
            Limit(9, .messages, perSeconds: 3600, isEnforced: true))
        var table = Table(policy)
        var mail = table.mail()
        (mail.claimedBytes, mail.bytes) = (10, 30_000)
        table.ask(mail, .milter, .data)
        var relaxed = policy
        relaxed.subscribers = ["ann@example.net": SubscriberEntry(isExempt: true)]
        table.feed(.policy(relaxed))
        #expect(table.ask(mail, .milter, .endOfMessage).verdict == .accept)
        #expect(table.state().buckets.allSatisfy { $0.reserved == 0 && $0.theoreticalArrival == 0 })
        #expect(table.state().openCount == 0)
    }

    @Test("wishes of a peer that can't be true overflow nothing")
    func absurd() {
        var table = Table(onePlan(.mua, Limit(10, .messages, perSeconds: 3600, isEnforced: true)))
        for _ in 0..<5 {
            var transaction = table.mail().transaction(.policy, .data)
            transaction.envelope.recipientCount = .max
            transaction.envelope.bytes = .max
            transaction.envelope.recipients = []
            table.feed(.transaction(transaction))
            transaction.stage = .endOfMessage
            table.feed(.transaction(transaction))
        }
        #expect(table.engine.totals.messages == 5)
    }
}

@Suite("Cases and the breaker")
struct CaseTests {
    @Test("a case opens with the first stop, is told at each doubling, and closes when a person resets")
    func life() {
        var table = Table(onePlan(.mua, Limit(2, .messages, perSeconds: 3600, action: .reject, isEnforced: true)))
        table.send(2)
        var told: [RemediationCase] = []
        for _ in 0..<9 {
            let mail = table.mail()
            for case .case(let remediation) in table.feed(.transaction(mail.transaction(.policy, .data))) {
                told.append(remediation)
            }
        }
        #expect(told.map(\.refused) == [1, 2, 4, 8])
        #expect(Set(told.map(\.code)).count == 1)
        #expect(told[0].code.hasPrefix("W-2") && told[0].code.utf8.count == 8)
        #expect(table.act(.reset(subscriber: "Ann@Example.net")) == .done)
        #expect(table.engine.openCases.isEmpty)
        #expect(table.send().verdict == .accept)
    }

    @Test("without a new stop it closes after the idle time, however the name came about")
    func idle() {
        var policy = onePlan(.mua, Limit(1, .messages, perSeconds: 86_400, action: .reject, isEnforced: true))
        policy.caseIdleSeconds = 3600
        policy.addressMap = AddressMap([AddressMap.Entry(prefix: NetworkPrefix("198.51.100.7")!, subscriber: "Line-7")])
        var table = Table(policy)
        let long = String(repeating: "ü", count: 200)
        for login in ["", "ann", long] {
            for _ in 0..<2 {
                var mail = table.mail(login)
                if login.isEmpty { mail.client = NetworkAddress("198.51.100.7") }
                table.send(mail)
            }
        }
        var six = table.mail("")
        six.client = NetworkAddress("2001:db8::7")
        table.send(six)
        var again = table.mail("")
        again.client = NetworkAddress("2001:db8::8")
        table.send(again)
        #expect(table.engine.openCases.count == 4)
        for name in ["line-7", "LINE-7", "ann", long, "[IPv6:2001:db8::/64]"] {
            #expect(table.engine.subscriber(named: name)?.openCase != nil, "\(name)")
        }
        table.pass(3599)
        #expect(table.engine.openCases.count == 4)
        for _ in 0..<5 { table.pass(1) }
        #expect(table.engine.openCases.isEmpty)
    }

    @Test("the breaker makes refusals gentler, opens no case, and lifts no limit")
    func breaker() {
        var policy = onePlan(.mua, Limit(1, .messages, perSeconds: 86_400, action: .reject, isEnforced: true))
        policy.breaker = BreakerSettings(newCasesPerHour: 1, shareOfActivePercent: 0)
        var table = Table(policy)
        #expect(table.send(2, "one").verdict.kind == .reject)
        let gentle = table.send(2, "two")
        #expect(gentle.verdict.kind == .hold && gentle.caseCode == nil)
        #expect(table.engine.view.breakerIsOpen && table.engine.openCases.count == 1)
        #expect(table.send(5, "two").verdict.kind == .hold)
        #expect(table.engine.totals.messages == 2)
        let large = table.mail("three", to: ["a@example.org", "b@example.org"])
        #expect(table.send(large).verdict == .accept)
        table.pass(3600)
        #expect(!table.engine.view.breakerIsOpen)
        #expect(table.send(1, "two").verdict.kind == .reject)
    }

    @Test("cases that find no room in the table count for no breaker")
    func fullTable() {
        var policy = onePlan(.mua, Limit(1, .messages, perSeconds: 86_400, action: .reject, isEnforced: true))
        policy.breaker = BreakerSettings(newCasesPerHour: 5, shareOfActivePercent: 0)
        var table = Table(policy, bounds: Engine.Bounds(subscribersMax: 50, messagesMax: 100, heldMax: 5, casesMax: 1))
        for name in ["one", "two", "three"] { #expect(table.send(4, name).verdict.kind == .reject) }
        #expect(table.engine.openCases.count == 1)
        #expect(!table.engine.view.breakerIsOpen && table.engine.view.newCases == 1)
    }
}

@Suite("Held mail")
struct HoldTests {
    @Test("is charged at its release, once, to everybody it belongs to")
    func release() {
        var policy = onePlan(.mua, Limit(60, .messages, perSeconds: 3600, burst: 2, isEnforced: true))
        policy.subscribers = ["ann@example.net": SubscriberEntry(parent: "acme")]
        var table = Table(policy)
        table.send(2)
        let mail = table.mail()
        #expect(table.send(mail).verdict.kind == .hold)
        #expect(table.engine.totals.messages == 2)
        #expect(table.engine.heldMessage(mailHost: "mx1", queueID: mail.queueID)?.subscriber == "ann@example.net")
        table.pass(3600)
        #expect(table.act(.released(mailHost: "mx1", queueID: mail.queueID)) == .done)
        #expect(table.act(.released(mailHost: "mx1", queueID: mail.queueID)) == .unknownMessage)
        #expect(table.engine.totals.messages == 3)
        for name in ["ann@example.net", "acme"] {
            let view = table.engine.subscriber(named: name)
            #expect(view?.limits[0].used == 1 && view?.counts.messages == 3, "\(name)")
        }
        #expect(table.act(.purged(mailHost: "mx1", queueID: "nothing")) == .unknownMessage)
    }

    @Test("held at DATA, it stays held at every later question")
    func stays() {
        var table = Table(onePlan(.mua, Limit(1, .messages, perSeconds: 3600, isEnforced: true)))
        table.send()
        let mail = table.mail()
        for (door, stage) in [
            (Door.policy, Stage.data), (.milter, .data), (.policy, .endOfMessage), (.milter, .endOfMessage),
        ] {
            #expect(table.ask(mail, door, stage).verdict.kind == .hold)
        }
        #expect(table.engine.totals.held == 1)
    }
}
