// Attack families: what each declared number does.

import MailTypes
import Testing

@testable import WeirSimulator

/// Attacks.
@Suite struct AttackTests {
    /// The small population with one family, on the light stratum alone.
    private func population(_ change: (inout AttackFamily) -> Void) -> Population {
        var population = Population.small
        population.faults.clockSkewSeconds = 0
        population.families[0].strata = ["light"]
        for place in population.strata.indices {
            population.strata[place].messagesPerDay = LogNormal(median: 0.3, sigma: 0.3)
        }
        change(&population.families[0])
        return population
    }

    /// The messages of abuse of a run, and the simulation after it.
    private func run(
        _ population: Population, seed: UInt64 = 31, days: Int = 20, subscribers: Int = 200, factor: Double = 1,
        react: (SimulatedMessage, inout Simulation) -> Void = { _, _ in }
    ) -> ([SimulatedMessage], Simulation) {
        var simulation = Simulation(population, seed: seed, days: days, subscribers: subscribers, attackFactor: factor)
        var abuse: [SimulatedMessage] = []
        while let event = simulation.next() {
            guard case .message(let message) = event, message.truth.isAbuse else { continue }
            abuse.append(message)
            react(message, &simulation)
        }
        return (abuse, simulation)
    }

    @Test func onsetsComeAsOftenAsDeclared() {
        var quiet = population {
            $0.onsetsPer1000Years = 2000
            $0.length = .init(messages: LogNormal(median: 2), hours: LogNormal(median: 1))
        }
        for place in quiet.strata.indices { quiet.strata[place].messagesPerDay = LogNormal(median: 0.02) }
        let (_, simulation) = run(quiet, days: 100, subscribers: 2000)
        // 1,400 light subscribers, 100 days, 2 a year: 767 expected, give or take three times 28.
        #expect((683...851).contains(simulation.episodes.count))
        #expect(simulation.episodes.allSatisfy { simulation.subscriber($0.subscriber).stratum == 0 })
        #expect(simulation.episodes.allSatisfy { $0.messages <= 2 && $0.isOver })
    }

    @Test func ownMachinesSendFromHome() {
        let (abuse, simulation) = run(population { $0.names.heloChurn = 0 })
        #expect(abuse.count > 500)
        for message in abuse {
            let home = simulation.homeAddress(message.truth.subscriber, at: message.at.nanoseconds)
            #expect(message.transaction.session.client == home)
        }
    }

    @Test func stolenLoginsComeFromManyNetworks() {
        let (abuse, simulation) = run(
            population {
                $0.access = .init(
                    way: .stolenLogin, networks: LogNormal(median: 20), messagesPerNetwork: LogNormal(median: 3))
                $0.names = .init(ownSender: 1)
            })
        let first = abuse.filter { $0.truth.episode == 0 }
        let networks = Set(
            first.compactMap {
                $0.transaction.session.client?.masked(to: $0.transaction.session.client?.isIPv4 == true ? 24 : 48)
            })
        #expect((10...20).contains(networks.count))
        #expect(first.allSatisfy { $0.transaction.session.login == "u\(simulation.episodes[0].subscriber)" })
        #expect(first.allSatisfy { $0.sender == Mailbox(.subscriber, UInt64($0.truth.subscriber)) })
    }

    @Test func testsComeBeforeTheBlastAndAfterThemSilence() {
        let (abuse, _) = run(
            population {
                $0.probe = .init(messages: CountTable(always: 3), waitHours: LogNormal(median: 10))
                $0.recipients = CountTable(always: 5)
            })
        let first = abuse.filter { $0.truth.episode == 0 }
        #expect(first.count > 10)
        #expect(first[..<3].allSatisfy { $0.transaction.envelope.recipients.count == 1 })
        #expect(first[3].at.since(first[2].at) == Int64(10 * 3.6e12))
        #expect(first[3].transaction.envelope.recipients.count > 1)
    }

    @Test func contactPhishReachesContactsAlone() {
        let (abuse, simulation) = run(
            population {
                $0.targets = .init(book: 1)
                $0.length = .init(messages: LogNormal(median: 6), hours: LogNormal(median: 24))
                $0.recipients = CountTable(always: 3)
                $0.names = .init(ownSender: 1, mimicsProgram: 1)
                $0.contagion = 3000
            })
        #expect(!abuse.isEmpty)
        for message in abuse {
            let kinds = message.transaction.envelope.recipients.map { Mailbox($0.key).raw >> 56 }
            #expect(kinds.allSatisfy { $0 <= Mailbox.Kind.popular.rawValue })
        }
        #expect(simulation.episodes.allSatisfy { $0.messages <= 6 })
        // The victims' own contacts were hit after them.
        let caught = simulation.episodes.filter { $0.caughtFrom != nil }
        #expect(!caught.isEmpty)
        #expect(caught.allSatisfy { simulation.episodes[$0.caughtFrom ?? 0].from <= $0.from })
    }

    @Test func ownersHoursAreKept() {
        var hours = [0, 0]
        var quiet = population {
            $0.rate = .init(perHour: LogNormal(median: 20), hours: .owner)
            $0.length = .init(messages: LogNormal(median: 200), hours: LogNormal(median: 200))
        }
        quiet.strata[0].hours = HourProfile(peak: 14, peakDeviation: 0, width: 2, background: 0)
        let (abuse, _) = run(quiet)
        for message in abuse { hours[(8..<20).contains(Int(message.at.civilTime.hour)) ? 0 : 1] += 1 }
        #expect(hours[0] > 300)
        #expect(Double(hours[1]) < 0.02 * Double(hours[0]))
    }

    @Test func botsOfACampaignShareTextLinkAndList() {
        let (abuse, simulation) = run(
            population {
                $0.onsetsPer1000Years = 3000
                $0.template.campaignDays = 30
                $0.template.campaignsAtOnce = 1
                $0.template.substitution = [0.05]
                $0.template.wild = 0
            })
        let bots = Set(abuse.map { $0.truth.subscriber })
        #expect(bots.count > 10)
        let sketches = abuse.prefix(300).map(\.transaction.content.fingerprint)
        let links = Set(sketches.flatMap { $0.keys.filter { $0.kind == .link } })
        #expect(links.count == 1)
        // Two copies share about J² of their slots.
        let shared = sketches.dropFirst().reduce(0) { $0 + (sketches[0].equalSlots($1) ?? 0) }
        #expect(abs(Double(shared) / Double(64 * (sketches.count - 1)) - 0.56) < 0.1)
        #expect(Set(simulation.episodes.map(\.campaign)).count == 1)
    }

    @Test func ownersGoOnMeanwhile() {
        var busy = population {
            $0.strata = ["busy"]
            $0.rate = .init(perHour: LogNormal(median: 60))
        }
        busy.strata[1].messagesPerDay = LogNormal(median: 60)
        var simulation = Simulation(busy, seed: 33, days: 10, subscribers: 40, attackFactor: 40)
        var own = 0
        while let event = simulation.next() {
            guard case .message(let message) = event, !message.truth.isAbuse else { continue }
            if simulation.states[message.truth.subscriber].episode >= 0 { own += 1 }
        }
        #expect(own > 0)
    }

    @Test func refusalsAndCuresEndAnEpisode() {
        let stubborn = population { _ in }
        let timid = population { $0.onRefusal = .init(stopsAfter: 5) }
        let (_, unhurt) = run(stubborn) { message, simulation in simulation.refused(message.truth, at: message.at) }
        let (_, stopped) = run(timid) { message, simulation in simulation.refused(message.truth, at: message.at) }
        #expect(unhurt.episodes[0].messages > 50)
        #expect(stopped.episodes.allSatisfy { $0.messages <= 5 })
        let (_, cured) = run(stubborn) { message, simulation in
            if let episode = message.truth.episode { simulation.cure(episode) }
        }
        #expect(cured.episodes.allSatisfy { $0.messages == 1 })
        let slow = population { $0.onRefusal = .init(waitHours: 1) }
        let (abuse, _) = run(slow) { message, simulation in simulation.refused(message.truth, at: message.at) }
        let first = abuse.filter { $0.truth.episode == 0 }
        #expect(zip(first, first.dropFirst()).allSatisfy { $1.at.since($0.at) >= Int64(3.6e12) })
    }
}
