// Policies that follow each other faster than subscribers and messages move over to them.

import MailTypes
import Testing
import WeirTesting

@testable import WeirEngine

/// A policy of so many messages an hour, enforced; the contact makes each another one.
private func policy(_ number: Int, _ amount: Int64 = 10) -> Policy {
    var policy = onePlan(.mua, Limit(amount, .messages, perSeconds: 3600, action: .reject, isEnforced: true))
    policy.contact = "revision \(number)"
    return policy
}

extension Table {
    /// Puts a policy into force; false where the engine refused it.
    fileprivate mutating func isTaken(_ policy: Policy) -> Bool { feed(.policy(policy)).isEmpty }

    /// Units used of the only limit.
    fileprivate func used(_ name: String = "ann@example.net") -> Int64 {
        engine.subscriber(named: name)?.limits.first?.used ?? -1
    }
}

@Suite struct ReloadTests {
    @Test func aReservationOutlivesAnyNumberOfReloads() {
        var table = Table(policy(0))
        let open = table.mail()
        _ = table.ask(open, .policy, .data)
        #expect(table.used() == 1)
        for number in 1...200 { _ = table.isTaken(policy(number)) }
        table.feed(.withdrawn(open.transaction(.milter, .data)))
        #expect(table.used() == 0, "the reservation is stranded")
        table.send(10)
        #expect(table.used() == 10)
    }

    @Test func whatWasUsedOutlivesAnyNumberOfReloads() {
        var table = Table(policy(0))
        // Many subscribers, so that the few that each step moves over don't reach everybody.
        for number in 0..<150 { table.send(3, "user\(number)@example.net") }
        for number in 1...200 { _ = table.isTaken(policy(number)) }
        let lost = (0..<150).filter { table.used("user\($0)@example.net") != 3 }.count
        #expect(lost == 0, "so many subscribers lost their counts")
    }

    @Test func beyondTheBoundAPolicyIsRefusedAndTheOldOneStays() {
        var table = Table(policy(0))
        let open = table.mail()
        _ = table.ask(open, .policy, .data)
        var taken = 0
        for number in 1...200 where table.isTaken(policy(number)) { taken += 1 }
        #expect(taken == Layouts.layoutsMax - 1)
        #expect(table.engine.policy.contact == "revision \(taken)")
        let refused = table.feed(.policy(policy(999)))
        #expect(refused == [.acknowledged(.tooManyPolicies)])
        // The message has run out after ten minutes, and everybody has been laid out anew: there is room again.
        for _ in 0..<25 { table.pass(30) }
        let isTaken = table.isTaken(policy(999))
        #expect(isTaken)
        #expect(table.engine.policy.contact == "revision 999" && table.used() == 0)
    }

    @Test func aReloadAMinuteIsNeverRefused() {
        var table = Table(policy(0))
        for number in 1...300 {
            table.send(1, "user\(number % 100)@example.net")
            let isTaken = table.isTaken(policy(number))
            must(isTaken, "reload \(number) was refused")
            for _ in 0..<6 { table.pass(10) }
        }
        #expect(table.engine.layouts.all.count < 30)
    }

    @Test func aSnapshotKeepsThePoliciesThatAreCarriedOver() throws {
        var table = Table(policy(0))
        let open = table.mail()
        _ = table.ask(open, .policy, .data)
        for number in 1...5 { _ = table.isTaken(policy(number)) }
        table.pass(30)
        let bytes = table.engine.snapshot()
        var back = table
        back.engine = try Engine(snapshot: bytes)
        #expect(back.engine.snapshot() == bytes)
        for _ in 0..<40 {
            table.pass(30)
            back.pass(30)
        }
        #expect(back.engine.snapshot() == table.engine.snapshot() && back.engine.layouts.all.count == 1)
    }
}
