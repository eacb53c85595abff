// Honest events: each schedule, audience and change.

import MailTypes
import Testing

@testable import WeirSimulator

/// Events.
@Suite struct OccasionTests {
    /// The messages of one event, in a population of light subscribers who all have it.
    private func run(_ event: HonestEvent, days: Int = 70, joins: Double = 0) -> ([SimulatedMessage], Simulation) {
        var population = Population.small
        population.families = []
        population.faults.clockSkewSeconds = 0
        population.strata = [
            Stratum(
                name: "people", joins: joins, messagesPerDay: LogNormal(median: 1),
                book: AddressBook(size: LogNormal(median: 50), keeps: 0), events: [event])
        ]
        var simulation = Simulation(population, seed: 41, days: days, subscribers: 40)
        var messages: [SimulatedMessage] = []
        while let event = simulation.next() {
            if case .message(let message) = event, message.truth.honest == 0 { messages.append(message) }
        }
        return (messages, simulation)
    }

    @Test func newslettersComeEachSoManyWeeksToTheSameList() {
        let (messages, simulation) = run(
            HonestEvent(
                name: "news", schedule: .weeks(2), hours: 9...16,
                burst: .init(audience: .list, recipients: LogNormal(median: 100), perMessage: 50, resemblance: 1)))
        #expect(simulation.honestNames == ["news"])
        let first = messages.filter { $0.truth.subscriber == 0 }
        // Ten weeks: four or five issues of two messages.
        #expect((8...10).contains(first.count))
        #expect(first.allSatisfy { $0.transaction.envelope.recipients.count == 50 })
        #expect(first[0].transaction.envelope.recipients == first[2].transaction.envelope.recipients)
        #expect(first[2].at.since(first[0].at) / Simulation.dayNanoseconds >= 13)
        #expect(first[0].transaction.content.fingerprint.sketch == first[1].transaction.content.fingerprint.sketch)
        #expect(messages.allSatisfy { (8...17).contains($0.at.civilTime.hour) })
    }

    @Test func invoicesComeOnTheLastWorkingDay() {
        let (messages, _) = run(
            HonestEvent(
                name: "invoices", schedule: .monthEnd, hours: 9...9,
                burst: .init(audience: .list, recipients: LogNormal(median: 80))), days: 90)
        // From 5 January 2026: 30 January, 27 February and 31 March are such days.
        let days = Set(messages.map { "\($0.at.civilTime.month)-\($0.at.civilTime.day)" })
        #expect(days == ["1-30", "2-27", "3-31"])
        #expect(messages.filter { $0.truth.subscriber == 3 }.count == 240)
    }

    @Test func randomEventsComeAsOftenAsDeclared() {
        let (messages, _) = run(
            HonestEvent(
                name: "wedding", schedule: .perYear(6),
                burst: .init(audience: .book, recipients: LogNormal(median: 40), perMessage: 40, resemblance: 0.9)))
        // 40 subscribers × 70 days × 6 a year: 46.
        #expect((28...64).contains(messages.count))
        let familiar = messages.flatMap(\.transaction.envelope.recipients).map { Mailbox($0.key).raw >> 56 }
        #expect(familiar.allSatisfy { $0 <= Mailbox.Kind.popular.rawValue })
    }

    @Test func newMachinesAndNetworksShow() {
        let (messages, simulation) = run(
            HonestEvent(
                name: "unlucky", schedule: .perYear(6),
                burst: .init(audience: .book, recipients: LogNormal(median: 40), perMessage: 20),
                change: .init(machine: true, network: true, days: LogNormal(median: 5))))
        #expect(!messages.isEmpty)
        for message in messages {
            #expect(
                message.transaction.session.client
                    != simulation.homeAddress(message.truth.subscriber, at: message.at.nanoseconds))
        }
        let replaced = (0..<simulation.subscriberCount).filter { simulation.states[$0].renewals > 0 }
        #expect(replaced.count > 10)
    }

    @Test func newCustomersTellEverybodyOnce() {
        let (messages, simulation) = run(
            HonestEvent(
                name: "new-line", schedule: .joining,
                burst: .init(audience: .book, recipients: LogNormal(median: 30), perMessage: 30)), joins: 0.5)
        let joined = (0..<40).filter { simulation.subscriber($0).joined > simulation.start }
        #expect((10...30).contains(joined.count))
        #expect(Set(messages.map(\.truth.subscriber)).isSubset(of: Set(joined)))
        #expect(messages.count >= joined.count - 3)
        for message in messages {
            let age = message.at.since(simulation.subscriber(message.truth.subscriber).joined)
            #expect(age >= 0 && age <= 4 * Simulation.dayNanoseconds)
        }
    }

    @Test func outOfOfficeAnswersThoseWhoWrote() {
        let (messages, _) = run(
            HonestEvent(
                name: "storm", schedule: .perYear(20), hours: 0...23,
                burst: .init(
                    audience: .correspondents, recipients: LogNormal(median: 60), dead: .fixed(0.5),
                    handling: .automatic)))
        #expect(messages.count > 500)
        #expect(messages.allSatisfy { $0.isReply && $0.transaction.content.handling == .automatic })
    }

    @Test func kindsOfMailCarryWhatTheyDeclare() {
        var population = Population.small
        population.families = []
        population.strata = [
            Stratum(
                name: "forwarder", messagesPerDay: LogNormal(median: 40),
                mail: [
                    MailKind(share: 0.85, handling: .forwarded),
                    MailKind(
                        name: "forwarded-spam", share: 0.15, handling: .forwarded, text: .wild,
                        scores: ScoreMixture([.init(mean: 5, deviation: 1)])),
                ])
        ]
        var simulation = Simulation(population, seed: 43, days: 10, subscribers: 20)
        var counts = [0, 0]
        var subjects: [Fingerprint.Key: Set<Int>] = [:]
        while let event = simulation.next() {
            guard case .message(let message) = event else { continue }
            counts[message.truth.honest == nil ? 0 : 1] += 1
            #expect(message.transaction.content.handling == .forwarded)
            guard message.truth.honest != nil,
                let key = message.transaction.content.fingerprint.keys.first(where: { $0.kind == .subject })
            else { continue }
            #expect((message.transaction.content.spamScore ?? 0) > 0)
            subjects[key, default: []].insert(message.truth.subscriber)
        }
        #expect(abs(Double(counts[1]) / Double(counts[0] + counts[1]) - 0.15) < 0.02)
        // The same spam goes around at several forwarders.
        #expect(subjects.values.contains { $0.count > 3 })
    }
}
