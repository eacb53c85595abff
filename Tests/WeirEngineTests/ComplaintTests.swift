// Complaints as inputs: whose they are, how long they count, and that a replay knows them.

import MailTypes
import Testing
import WeirTesting

@testable import WeirEngine

@Suite("Complaints")
struct ComplaintTests {
    /// A table whose engine looks for take-overs.
    private func table(isOn: Bool = true) -> Table {
        var policy = onePlan(.mua)
        policy.watch.isOn = isOn
        return Table(policy)
    }

    /// The complaints that count against a subscriber now.
    private func complaints(_ table: Table, _ name: String = "ann@example.net") -> Float {
        guard let slot = table.engine.slot(named: name) else { return 0 }
        return table.engine.watch.excursion(of: slot)?.complaints ?? 0
    }

    @Test("a complaint counts against the sender of its message, and nobody else")
    func whose() {
        var table = table()
        let mine = table.mail("ann@example.net")
        table.send(mine)
        table.send(1, "bob@example.net")
        table.feed(.complaint(mailHost: mine.mailHost, queueID: mine.queueID))
        #expect(complaints(table) == 1 && complaints(table, "bob@example.net") == 0)
        table.feed(.complaint(mailHost: "another", queueID: mine.queueID))
        table.feed(.complaint(mailHost: mine.mailHost, queueID: "4Qnone"))
        #expect(complaints(table) == 1)
    }

    @Test("many of them are evidence")
    func many() {
        var table = table()
        for _ in 0..<40 {
            let mail = table.mail("ann@example.net")
            table.send(mail)
            table.pass(60)
            table.feed(.complaint(mailHost: mail.mailHost, queueID: mail.queueID))
        }
        let slot = table.engine.slot(named: "ann@example.net")!
        let score = table.engine.watch.score(of: slot, at: table.engine.engineTime, table.engine.policy.watch)
        #expect(score.groups[Int(EvidenceGroup.complaints.rawValue)] > 0)
    }

    @Test("it counts for a week, and not at all where nobody looks")
    func howLong() {
        for (days, isOn, expected) in [(6, true, Float(1)), (8, true, 0), (1, false, 0)] {
            var table = table(isOn: isOn)
            let mail = table.mail("ann@example.net")
            table.send(mail)
            table.pass(Int64(days) * 86_400)
            table.feed(.complaint(mailHost: mail.mailHost, queueID: mail.queueID))
            #expect((complaints(table) > 0.5) == (expected > 0), "\(days) days, \(isOn)")
        }
    }

    @Test("a snapshot between a message and its complaint changes nothing")
    func snapshot() throws {
        var table = table()
        let mail = table.mail("ann@example.net")
        table.send(mail)
        var other = try Engine(snapshot: table.engine.snapshot())
        let input = Input(at: table.now, .complaint(mailHost: mail.mailHost, queueID: mail.queueID))
        _ = table.engine.step(input)
        _ = other.step(input)
        #expect(table.engine.snapshot() == other.snapshot() && complaints(table) == 1)
        #expect(try Engine(snapshot: other.snapshot()).snapshot() == other.snapshot())
    }

    @Test("the digest is asked for where somebody looks")
    func questions() {
        let probe = ScenarioMail(number: 1, login: "ann").transaction(.milter, .mail)
        #expect(table().engine.questions(for: probe) == [.digest])
        #expect(table(isOn: false).engine.questions(for: probe).isEmpty)
    }
}
