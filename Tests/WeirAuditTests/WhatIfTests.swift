// Two policies beside each other: what differs is told, and nothing else.

import MailTypes
import Testing
import WeirEngine
import WeirTesting

@testable import WeirAudit

/// What a record of twelve messages of ann comes to.
private func twelve(
    _ recorded: Limit, _ tried: Limit, _ measure: WhatIfMeasure = .asWritten, kind: PlanKind = .mua
) -> WhatIfReport {
    var record = Record(onePlan(recorded, kind: kind), with: [onePlan(tried, kind: kind)], measure: measure)
    record.send(12, "ann")
    return record.reports()[0]
}

/// Differences in the order new, gone, changed, earlier, later.
private func counts(_ found: WhatIfReport.Differences) -> [Int] {
    [found.new, found.gone, found.changed, found.earlier, found.later]
}

@Suite struct WhatIfTests {
    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func theSamePolicyDiffersInNothing(seed: UInt64) {
        let policy = onePlan(
            messages(6), Limit(20, .recipients, perSeconds: 600, action: .hold, isEnforced: true),
            Limit(12, .distinctRecipients, perSeconds: 3600), Limit(2, .deadRecipients, perSeconds: 3600))
        // Another contact makes another policy, which is put into force, and decides nothing.
        var contact = policy
        contact.contact = "https://help.example.net"
        for measure in WhatIfMeasure.allCases {
            var record = Record(policy, with: [policy, contact], measure: measure)
            var random = SeededGenerator(seed: seed)
            for _ in 0..<400 { record.goOn(&random) }
            for report in record.reports() {
                #expect(report.isEmpty && report.subscribers.isEmpty, "seed \(seed): \(report.totals)")
                #expect(report.totals.messages > 50 && report.totals.recordedStopped > 5)
                #expect(report.totals.recordedStopped == report.totals.triedStopped)
            }
        }
    }

    @Test func aSmallerLimitStopsNewMessagesAndSaysWhose() {
        var record = Record(onePlan(messages(10)), with: [onePlan(messages(5, .hold))])
        record.send(12, "ann")
        record.send(3, "bob")
        record.send(8, "eve")
        let report = record.reports()[0]
        #expect(counts(report.totals.differences) == [8, 0, 2, 0, 0])
        #expect(report.totals.recordedStopped == 2 && report.totals.triedStopped == 10)
        #expect(report.newlyStopped.map(\.subscriber) == ["eve"])
        let eve = report.newlyStopped[0]
        #expect(eve.tried.stopped == 3 && eve.tried.passedBefore == 5 && eve.recorded.firstStop == nil)
        #expect(
            eve.evidence.count == 3 && eve.evidence.allSatisfy { $0.verdict == "hold" && $0.rule == "plan/messages-1h" }
        )
        #expect(eve.evidence[0].why.contains("5 messages per hour"))
        #expect(report.rules[0].recorded?.stopped == 2 && report.rules[0].tried?.stopped == 10)
        #expect(report.rules[0].recorded?.subscribers == 1 && report.rules[0].tried?.subscribers == 2)
    }

    @Test func aLargerLimitIsNotEndless() {
        let report = twelve(messages(5), messages(8))
        #expect(counts(report.totals.differences) == [0, 3, 0, 0, 0])
        #expect(report.subscribers[0].tried.stopped == 4 && report.subscribers[0].tried.passedBefore == 8)
    }

    @Test func whatWasDeferredIsChargedAtItsRetry() {
        let record = onePlan(messages(1, .defer), kind: .mta)
        var two = Record(record, with: [onePlan(messages(2, .defer), kind: .mta)])
        two.send(1, "acme")
        // The same message ten times: under either policy it is one.
        for _ in 0..<10 { two.send(ScenarioMail(number: 99, login: "acme")) }
        two.pass(3600)
        two.send(1, "acme")
        let report = two.reports()[0]
        #expect(report.totals.triedStopped == 0 && report.totals.recordedStopped >= 1)
    }

    @Test func oneSwitchTellsWhatEnforcingWouldDo() {
        let observed = messages(5, .hold, isEnforced: false)
        let asWritten = twelve(observed, messages(3, .hold, isEnforced: false))
        #expect(asWritten.isEmpty && asWritten.totals.observed > 0 && asWritten.totals.observedSubscribers == 1)
        let all = twelve(observed, messages(3, .hold, isEnforced: false), .everyRuleEnforced)
        #expect(all.totals.differences.new == 2 && all.totals.differences.gone == 0)
        let enforced = twelve(observed, messages(5, .hold))
        #expect(counts(enforced.totals.differences) == [7, 0, 0, 0, 0] && enforced.newlyStopped.count == 1)
    }

    @Test func earlierAndLaterInTheDialogue() {
        // The size is known at the end alone.
        let bytes = Limit(10_000, .bytes, perSeconds: 3600, action: .reject, isEnforced: true)
        let early = twelve(bytes, messages(10))
        #expect(counts(early.totals.differences) == [0, 0, 0, 2, 0])
        var held = bytes
        held.action = .hold
        let late = twelve(messages(10, .hold), held)
        #expect(counts(late.totals.differences) == [0, 0, 0, 0, 2])
        // What was refused at DATA never told its size.
        #expect(counts(twelve(messages(10), bytes).totals.differences) == [0, 2, 0, 0, 0])
    }

    @Test func aReloadOnRecordIsReplaced() {
        var record = Record(onePlan(messages(4)), with: [onePlan(messages(4))])
        record.send(5, "ann")
        record.feed(.policy(onePlan(messages(2))))
        record.send(5, "bob")
        let report = record.reports()[0]
        #expect(report.policiesReplaced == 1)
        #expect(counts(report.totals.differences) == [0, 2, 0, 0, 0])
        #expect(report.subscribers.map(\.subscriber) == ["bob"])
    }

    @Test func aGapIsToldAndBothSidesLackIt() {
        let policy = onePlan(messages(4))
        var record = Record(policy, with: [policy])
        record.send(5, "ann")
        record.feed(.gap(17))
        record.send(5, "ann")
        let report = record.reports()[0]
        #expect(report.isEmpty && report.inputsLost == 17)
        #expect(report.limits.contains { $0.contains("17 inputs are missing") })
    }

    @Test func theLimitsAreSaid() {
        var tried = onePlan(messages(4), Limit(3, .distinctRecipients, perSeconds: 3600, isEnforced: true))
        tried.headerRule = HeaderRule(field: "X-User", pattern: "{subscriber}")
        tried.plans[0].limits.append(Limit(3, .deadRecipients, perSeconds: 3600))
        var record = Record(onePlan(messages(4)), with: [tried])
        var mail = record.mail("ann")
        mail.recipients = ["a@example.org", "b@example.org"]
        _ = record.ask(mail, .policy, .data)
        _ = record.ask(mail, .policy, .endOfMessage)
        let limits = record.reports()[0].limits
        for words in [
            "was not asked is unavailable", "reactions are not modelled", "header field", "one by one", "no delivery",
        ] { #expect(limits.contains { $0.contains(words) }, "\(words)") }
    }

    @Test func deliveriesOfWhatIsStoppedDidNotHappen() {
        let dead = Limit(2, .deadRecipients, perSeconds: 3600, action: .reject, isEnforced: true)
        var record = Record(onePlan(messages(10)), with: [onePlan(messages(1), dead)])
        for _ in 0..<4 {
            let mail = record.mail("ann")
            record.send(mail)
            record.feed(.delivery(mail.delivery(to: mail.recipients[0], EnhancedStatus(5, 1, 1), .failed)))
        }
        record.pass(3500)
        record.send(1, "ann")
        let report = record.reports()[0]
        // One message passed, so one recipient is known to be dead: there is room for more.
        #expect(report.rules.first { $0.rule == "plan/dead-recipients-1h" }?.tried?.stopped == 0)
    }
}

extension Record {
    /// One random thing happens.
    fileprivate mutating func goOn(_ random: inout SeededGenerator) {
        func dice(_ sides: UInt64) -> Int { Int(random.next() % sides) }
        var mail = mail(["ann", "bob", "cy", "di"][dice(4)])
        mail.recipients = (0..<1 + dice(4)).map { _ in "r\(dice(60))@example.org" }
        mail.clientPort = UInt16(1000 + dice(8))
        switch dice(20) {
        case 0: pass(Int64(dice(400)))
        case 1: feed(.withdrawn(mail.transaction(.milter, .data)))
        case 2: _ = ask(mail, .policy, .data)
        case 3:
            _ = ask(mail, .milter, .data)
            feed(.withdrawn(mail.transaction(.milter, .data)))
        case 4:
            send(mail)
            feed(.delivery(mail.delivery(to: mail.recipients[0], EnhancedStatus(5, 1, 1), .failed)))
        case 5:
            send(mail)
            let refused = mail.delivery(
                to: mail.recipients[0], EnhancedStatus(5, 7, 1), .failed, isRefusedBeforeQueue: true)
            feed(.delivery(refused))
        case 6: feed(.act(OperatorAct(who: "op", .released(mailHost: "mx1", queueID: "4Q\(dice(300))"))))
        case 7: feed(.act(OperatorAct(who: "op", .reset(subscriber: "ann"))))
        case 8:
            let jump = Int64(dice(20_000) - 10_000) * 1_000_000_000
            now = now.advanced(byNanoseconds: jump)
            feed(.clockShifted(jump))
        case 9: feed(.gap(UInt64(1 + dice(5))))
        default: send(mail)
        }
    }
}
