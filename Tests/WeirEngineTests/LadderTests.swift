// The ladder inside the engine: up by evidence, down by time or a person's word, and never further than it may.

import MailTypes
import Testing
import WeirTesting

@testable import WeirEngine

/// A policy without limits and with the ladder.
private func ladder(_ enforced: Rung, breaker: Int = 20) -> Policy {
    var policy = onePlan(.mua)
    policy.watch.isOn = true
    policy.watch.enforced = enforced
    policy.breaker = BreakerSettings(newCasesPerHour: breaker, shareOfActivePercent: 1)
    return policy
}

/// Subscribers with a month of usual mail, and a thief for any of them.
private struct Town {
    var engine: Engine
    var now = morning
    var count = 0
    let people: [String]

    init(_ policy: Policy, people: [String] = ["ann"]) {
        engine = Engine(policy: policy, bounds: .small, seed: 1)
        self.people = people
        for _ in 0..<30 {
            for person in people {
                for friend in 0..<3 { send(person, to: UInt64(friend + 1), from: "192.0.2.7", spam: -4000, style: 1) }
            }
            pass(hours: 24)
        }
    }

    mutating func pass(hours: Int64) {
        now = now.advanced(byNanoseconds: hours * 3600 * second)
        _ = engine.step(Input(at: now, .tick))
    }

    @discardableResult
    mutating func send(
        _ login: String, to recipient: UInt64, from client: String, spam: Int32, style: UInt64
    ) -> (decision: Decision, outputs: [Output]) {
        count += 1
        now = now.advanced(byNanoseconds: 10 * second)
        let transaction = Transaction(
            stage: .endOfMessage,
            session: Session(
                door: .milter, mailHost: "mx1", client: NetworkAddress(client),
                clientPort: 4000 + UInt16(count % 50_000),
                login: login),
            envelope: Envelope(
                reversePath: AddressKey(address: UInt64(login.utf8.count), domain: 1),
                recipients: [Recipient(AddressKey(address: recipient, domain: 2))], recipientsAreComplete: true,
                recipientCount: 1, bytes: 3000),
            content: Content(
                spamScore: spam, style: style,
                fingerprint: Fingerprint(keys: [.init(.attachment, UInt64(count % 4))])), queueID: "Q\(count)")
        let outputs = engine.step(Input(at: now, .transaction(transaction)))
        guard case .decision(let decision)? = outputs.first else { preconditionFailure("no decision") }
        return (decision, outputs)
    }

    /// A thief's message to a stranger.
    @discardableResult
    mutating func steal(_ login: String) -> (decision: Decision, outputs: [Output]) {
        send(login, to: UInt64(1_000_000 + count), from: "198.51.100.\(count % 200)", spam: 5000, style: 77)
    }

    /// The same until the account is contained; how many messages passed before.
    mutating func flood(_ login: String, most: Int = 40) -> Int? {
        var passed = 0
        for _ in 0..<most {
            let (decision, outputs) = steal(login)
            if decision.verdict == .accept { passed += 1 }
            if outputs.contains(where: { if case .case(let open) = $0 { open.rung == .contained } else { false } }) {
                return passed
            }
        }
        return nil
    }

    mutating func act(_ verb: OperatorAct.Verb) -> [Output] {
        engine.step(Input(at: now, .act(OperatorAct(who: "eve", verb))))
    }

    /// Subscribers that speak for a campaign.
    var campaignSenders: Int {
        guard let table = engine.campaigns else { return 0 }
        return table.clusters.reduce(0) { $0 + $1.contained.count + $1.suspects.count }
    }

    func state(_ login: String) -> CaseState? { engine.subscriber(named: login)?.openCase?.state }
}

@Suite("The ladder")
struct LadderTests {
    @Test("contains a thief after at most five messages; then all mail waits, under one case with its ledger")
    func contains() throws {
        var town = Town(ladder(.contained))
        let flooded = town.flood("ann")
        let passed = try #require(flooded)
        #expect(passed <= 5)
        let decision = town.steal("ann").decision
        #expect(decision.verdict.kind == .hold && decision.reason == .suspected && decision.rule == "ladder/contained")
        #expect(decision.score > 10_000 && decision.evidence.count >= 3)
        let open = try #require(town.engine.subscriber(named: "ann")?.openCase)
        #expect(open.state == .contained && open.rung == .contained && open.code == decision.caseCode)
        #expect(open.ledger.map(\.score).reduce(0, +) > 10_000 && open.after.hasPrefix("Q"))
        let honest = town.send("ann", to: 1, from: "192.0.2.7", spam: -4000, style: 1).decision
        #expect(honest.verdict.kind == .hold, "whoever has the password, all of it waits")
    }

    @Test("observed, does nothing, says what it would have done, and opens a case that is observed") func observed()
        throws
    {
        var town = Town(ladder(.none))
        _ = town.flood("ann")
        let decision = town.steal("ann").decision
        #expect(decision.verdict == .accept && decision.would == .hold && decision.rule == "ladder/contained")
        #expect(town.state("ann") == .observed)
        #expect(town.engine.breaker.opened.isEmpty, "what does nothing needs no breaker")
    }

    @Test("goes no further than it is told", arguments: [Rung.slowed, .held]) func partly(rung: Rung) {
        var town = Town(ladder(rung))
        for _ in 0..<40 { town.steal("ann") }
        let decision = town.steal("ann").decision
        #expect(decision.verdict == .accept && decision.would == .hold, "contained is observed")
    }

    @Test("lets usual mail of others pass, and never an exempt one's be touched") func others() {
        var policy = ladder(.contained)
        policy.subscribers = ["bob": SubscriberEntry(isExempt: true)]
        var town = Town(policy, people: ["ann", "bob"])
        for _ in 0..<40 {
            #expect(town.steal("bob").decision.verdict == .accept)
            #expect(town.send("ann", to: 2, from: "192.0.2.7", spam: -4000, style: 1).decision.verdict == .accept)
        }
        #expect(town.state("bob") == nil && town.state("ann") == nil)
    }

    @Test("ends by a person's word, who is believed for a while") func release() {
        var town = Town(ladder(.contained))
        let flooded = town.flood("ann")
        #expect(flooded != nil)
        #expect(town.act(.release(subscriber: "ann")).first == .acknowledged(.done))
        #expect(town.state("ann") == nil)
        #expect(town.send("ann", to: 1, from: "192.0.2.7", spam: -4000, style: 1).decision.verdict == .accept)
        #expect(town.steal("ann").decision.verdict == .accept, "more is needed now")
        #expect(town.act(.release(subscriber: "nobody")).first == .acknowledged(.unknownSubscriber))
    }

    @Test("contains at once by a person's word, and needs less the next time") func confirm() {
        var town = Town(ladder(.contained))
        #expect(town.act(.confirm(subscriber: "ann")).contains(.acknowledged(.done)))
        #expect(town.state("ann") == .contained)
        #expect(town.send("ann", to: 1, from: "192.0.2.7", spam: -4000, style: 1).decision.verdict.kind == .hold)
        #expect(town.engine.watch.habits[0].standing.offset(at: town.engine.engineTime) < 0)
    }

    @Test("ends by itself when the score has faded, not before a day has passed") func fades() {
        var town = Town(ladder(.contained))
        let flooded = town.flood("ann")
        #expect(flooded != nil)
        town.pass(hours: 12)
        #expect(town.send("ann", to: 1, from: "192.0.2.7", spam: -4000, style: 1).decision.verdict.kind == .hold)
        town.pass(hours: 200)
        town.send("ann", to: 1, from: "192.0.2.7", spam: -4000, style: 1)
        #expect(town.send("ann", to: 1, from: "192.0.2.7", spam: -4000, style: 1).decision.verdict == .accept)
        #expect(town.state("ann") == nil)
    }

    @Test("does the gentlest alone once the breaker is open") func breaker() {
        let people = (0..<8).map { "user\($0)" }
        var town = Town(ladder(.contained, breaker: 3), people: people)
        for person in people { for _ in 0..<15 { town.steal(person) } }
        #expect(people.count { town.state($0) == .contained } == 3)
        #expect(town.engine.breaker.isOpen)
        let rungs = (0..<8).map { town.engine.watch.habits[$0].standing.rung }
        #expect(rungs.count { $0 == .contained } == 3 && rungs.count { $0 == .slowed } == 5)
    }

    @Test("takes late results as the evidence of their messages") func late() {
        var town = Town(ladder(.contained))
        for _ in 0..<2 {
            town.send("ann", to: UInt64(2_000_000 + town.count), from: "198.51.100.9", spam: -1000, style: 77)
        }
        let before = town.engine.watch.score(of: 0, at: town.engine.engineTime, town.engine.policy.watch).nats
        for number in [town.count - 1, town.count] {
            _ = town.engine.step(
                Input(
                    at: town.now,
                    .delivery(
                        Delivery(
                            mailHost: "mx1", queueID: "Q\(number)", recipient: AddressKey(address: 1, domain: 2),
                            status: EnhancedStatus(5, 1, 1), outcome: .failed))))
        }
        let after = town.engine.watch.score(of: 0, at: town.engine.engineTime, town.engine.policy.watch)
        #expect(after.nats > before + 2 && after.groups[Int(EvidenceGroup.deadRecipients.rawValue)] > 2)
    }

    @Test("goes on the same after a restart in the middle of an attack") func restart() throws {
        var town = Town(ladder(.contained), people: ["ann", "bob"])
        for _ in 0..<2 { town.steal("ann") }
        let snapshot = town.engine.snapshot()
        var twin = town
        twin.engine = try Engine(snapshot: snapshot)
        #expect(twin.engine.snapshot() == snapshot)
        for _ in 0..<20 {
            let (one, two) = (town.steal("ann"), twin.steal("ann"))
            #expect(one.outputs == two.outputs)
        }
        #expect(town.engine.snapshot() == twin.engine.snapshot())
        #expect(town.state("ann") == .contained)
    }

    @Test("lets whom a person released speak for no campaign any more") func releasedFromCampaigns() {
        let people = (0..<4).map { "user\($0)" }
        var town = Town(ladder(.contained), people: people)
        for person in people { for _ in 0..<6 { town.steal(person) } }
        #expect(town.campaignSenders > 0)
        for person in people { _ = town.act(.release(subscriber: person)) }
        #expect(town.campaignSenders == 0)
    }

    @Test("makes senders of one text suspects together") func campaign() throws {
        let people = (0..<6).map { "user\($0)" }
        var town = Town(ladder(.none), people: people)
        for person in people { for _ in 0..<4 { town.steal(person) } }
        let open = try #require(town.engine.subscriber(named: "user5")?.openCase)
        #expect(open.ledger.contains { $0.symbol == "CAMPAIGN" }, "\(open.ledger)")
    }
}
