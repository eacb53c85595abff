// Distinct recipients, reverse-paths and dead recipients as the engine counts them, and the clock.

import MailTypes
import Testing
import WeirTesting

@testable import WeirEngine

@Suite("Distinct limits and dead recipients in the engine")
struct EvidenceTests {
    /// Ten distinct recipients an hour.
    private static let distinct = onePlan(
        .mua, Limit(10, .distinctRecipients, perSeconds: 3600, action: .reject, isEnforced: true))

    /// Some addresses.
    private func addresses(_ range: Range<Int>) -> [String] { range.map { "r\($0)@example.org" } }

    @Test("what an aborted message brought is taken back, but not where another has counted on it")
    func takenBack() {
        var table = Table(Self.distinct)
        let aborted = table.mail(to: addresses(0..<8))
        table.ask(aborted, .milter, .data)
        table.feed(.withdrawn(aborted.transaction(.milter, .data)))
        #expect(table.send(1, to: addresses(100..<110)).verdict == .accept)
        #expect(table.send(1, to: addresses(0..<1)).verdict.kind == .reject)
        table = Table(Self.distinct)
        // Open a message, send the same recipients on another connection, then abort the first: nothing may vanish.
        let opener = table.mail(to: addresses(0..<8))
        table.ask(opener, .milter, .data)
        table.now = table.now.advanced(byNanoseconds: second)
        #expect(table.send(1, to: addresses(0..<8)).verdict == .accept)
        table.feed(.withdrawn(opener.transaction(.milter, .data)))
        #expect(table.send(1, to: addresses(50..<58)).verdict.kind == .reject)
    }

    @Test("at the policy door alone the RCPT requests count, where their number is the recipient count")
    func policyDoor() {
        var table = Table(Self.distinct)
        for (count, isKnown) in [(10, true), (3, false)] {
            let mail = table.mail(to: addresses(0..<10))
            for recipient in mail.recipients { table.feed(.transaction(mail.recipientRequest(recipient))) }
            var data = mail.transaction(.policy, .data)
            data.envelope.recipientCount = count
            table.feed(.transaction(data))
            var end = mail.transaction(.policy, .endOfMessage)
            end.envelope.recipientCount = count
            table.feed(.transaction(end))
            #expect(table.engine.totals.distinctUnavailable == (isKnown ? 0 : 1))
        }
        #expect(table.engine.subscriber(named: "ann@example.net")?.limits[0].used == 10)
        #expect(table.send(1, to: addresses(9..<11)).verdict.kind == .reject)
        #expect(table.engine.totals.distinctUnavailable == 1)
    }

    @Test("a message to a thousand is seen by a limit of 300 distinct recipients")
    func thousand() {
        var table = Table(onePlan(.mua, Limit(300, .distinctRecipients, perSeconds: 3600, isEnforced: true)))
        #expect(table.send(1, to: addresses(0..<1000)).reason == .largerThanBurst)
        #expect(table.send(1, to: addresses(0..<300)).verdict == .accept)
    }

    @Test("new is who was never written to, and a message to known ones takes nothing")
    func newRecipients() {
        var table = Table(onePlan(.mua, Limit(10, .newRecipients, perSeconds: 60, action: .reject, isEnforced: true)))
        table.send(1, to: addresses(0..<10))
        #expect(table.send(1, to: addresses(10..<11)).verdict.kind == .reject)
        table.pass(70)
        #expect(table.send(30, to: addresses(0..<10)).verdict == .accept)
        #expect(table.send(1, to: addresses(10..<20)).verdict == .accept)
        #expect(table.send(1, to: addresses(20..<21)).verdict.kind == .reject)
    }

    @Test("an observed reverse-path limit counts a message of both doors once")
    func reversePaths() {
        var table = Table(onePlan(.mua, Limit(2, .distinctReversePaths, perSeconds: 3600)))
        for number in 0..<5 {
            // Two recipients: the policy door alone can't name them, so distinct keys are looked at again with the milter's.
            var mail = table.mail(to: addresses(0..<2))
            mail.reversePath = "s\(number)@example.net"
            #expect(table.send(mail).verdict == .accept)
        }
        #expect(table.engine.ruleCounts["plan/distinct-reverse-paths-1h"]?.wouldStop == 3)
        #expect(table.engine.totals.wouldStop == 3)
        #expect(table.state().counts.wouldStop == 3)
        #expect(table.engine.subscriber(named: "ann@example.net")?.limits[0].used == 2)
    }

    @Test("a message that trips two observed limits at two stages would have been stopped once")
    func wouldStop() {
        var table = Table(onePlan(.mua, Limit(1, .messages, perSeconds: 3600), Limit(500, .bytes, perSeconds: 3600)))
        table.send(3)
        #expect(table.engine.totals.wouldStop == 3)
        let aborted = table.mail()
        table.ask(aborted, .milter, .data)
        table.feed(.withdrawn(aborted.transaction(.milter, .data)))
        #expect(table.engine.totals.wouldStop == 3, "only what passed would have been stopped")
    }

    @Test("dead recipients count once a message: refused at the door, by the log, never Weir's own refusals")
    func dead() {
        var table = Table(onePlan(.mua, Limit(30, .deadRecipients, perSeconds: 3600)))
        var mail = table.mail()
        mail.refused = [
            "a@example.org": EnhancedStatus(5, 1, 1), "b@example.org": EnhancedStatus(5, 1, 2),
            "c@example.org": EnhancedStatus(5, 7, 1),
            "d@example.org": EnhancedStatus(4, 7, 1), "e@example.org": EnhancedStatus(5, 0, 0),
            "f@example.org": EnhancedStatus(5, 1, 10),
        ]
        table.send(mail)
        table.feed(.withdrawn(mail.transaction(.milter, .endOfMessage)))
        #expect(table.engine.totals.deadRecipients == 3)
        table.feed(.delivery(mail.delivery(to: "rcpt@example.org", EnhancedStatus(5, 1, 1), .failed)))
        table.feed(.delivery(mail.delivery(to: "rcpt@example.org", EnhancedStatus(5, 1, 1), .deferred)))
        table.feed(.delivery(mail.delivery(to: "rcpt@example.org", EnhancedStatus(5, 2, 2), .failed)))
        #expect(table.engine.totals.deadRecipients == 4)
        #expect(table.engine.subscriber(named: "ann@example.net")?.limits[0].used == 4)
        // Nobody accepted: the client goes away, and what it tried is remembered all the same.
        var guess = table.mail()
        (guess.recipients, guess.refused) = ([], ["x@example.org": EnhancedStatus(5, 1, 1)])
        table.feed(.withdrawn(guess.transaction(.milter, .rcpt)))
        #expect(table.engine.totals.deadRecipients == 5)
        // Late: the reservation ran out before the client went.
        var slow = table.mail()
        slow.refused = ["y@example.org": EnhancedStatus(5, 1, 1)]
        table.ask(slow, .milter, .data)
        table.pass(700)
        table.feed(.withdrawn(slow.transaction(.milter, .data)))
        #expect(table.engine.totals.deadRecipients == 6)
    }

    @Test("a clock set back or forward refills nothing and ends no reservation")
    func clock() {
        var table = Table(ten)
        table.send(10)
        for jump in [Int64(86_400), -500_000, 30] {
            table.now = table.now.advanced(byNanoseconds: jump * second)
            table.feed(.clockShifted(jump * second))
            #expect(table.engine.now == table.now)
            #expect(table.send().verdict.kind == .reject)
        }
        table.pass(360)
        #expect(table.send().verdict == .accept)
    }
}
