// What comes out is what was declared: volumes, recipients, dead addresses, the lateness of results.

import MailTypes
import Testing

@testable import WeirSimulator

/// Totals of honest mail and results.
@Suite struct TotalsTests {
    /// The small population without attackers, and with fixed volumes.
    private static func quiet() -> Population {
        var population = Population.small
        population.families = []
        for place in population.strata.indices {
            population.strata[place].messagesPerDay.sigma = 0
            population.strata[place].scoreOffset = Spread(mean: 0, deviation: 0)
        }
        population.faults.clockSkewSeconds = 0
        return population
    }

    @Test func volumesRecipientsAndScoresAreThoseDeclared() {
        let population = Self.quiet()
        let days = 28
        var simulation = Simulation(population, seed: 21, days: days, subscribers: 200)
        var sent = [0, 0]
        var weekend = [0, 0]
        var sizes = [0, 0, 0]
        var score = 0.0
        var fresh: Set<AddressKey> = []
        while let event = simulation.next() {
            guard case .message(let message) = event else { continue }
            sent[message.truth.stratum] += 1
            let day = Int(message.at.since(simulation.start) / Simulation.dayNanoseconds)
            if day % 7 >= 5 { weekend[message.truth.stratum] += 1 }
            score += Double(message.transaction.content.spamScore ?? 0) / 1000
            if message.truth.stratum == 1 {
                let count = message.transaction.envelope.recipients.count
                sizes[count == 1 ? 0 : count == 2 ? 1 : 2] += 1
            } else {
                fresh.formUnion(message.transaction.envelope.recipients.map(\.key))
            }
        }
        let people = (0..<200).reduce(into: [0, 0]) { $0[simulation.subscriber($1).stratum] += 1 }
        #expect((138...142).contains(people[0]))
        #expect(abs(Double(sent[0]) / Double(people[0] * days) / 2 - 1) < 0.06)
        #expect(abs(Double(sent[1]) / Double(people[1] * days) / 20 - 1) < 0.06)
        // A weekend factor of f leaves 2f of 5 + 2f to Saturday and Sunday.
        #expect(abs(Double(weekend[0]) / Double(sent[0]) - 1.0 / 6) < 0.03)
        #expect(abs(Double(weekend[1]) / Double(sent[1]) - 0.4 / 5.4) < 0.03)
        let all = Double(sizes.reduce(0, +))
        #expect(abs(Double(sizes[0]) / all - 0.9) < 0.02)
        #expect(abs(Double(sizes[1]) / all - 0.06) < 0.01)
        #expect(abs(score / Double(sent[0] + sent[1]) + 4) < 0.1)
        #expect(fresh.count > 100)
    }

    /// Seven in ten results come in the session; the others' median is 20 s and one in a hundred of them takes four hours.
    @Test func resultsComeLate() {
        var population = Self.quiet()
        population.faults.outagesPerYear = 0
        population.faults.greylisted = 0
        population.faults.inSessionSeconds = LogNormal(median: 0.5, sigma: 0.2)
        var simulation = Simulation(population, seed: 22, days: 14, subscribers: 200)
        var sent: [Int: Timestamp] = [:]
        var delays: [Double] = []
        while let event = simulation.next() {
            if case .message(let message) = event { sent[message.number] = message.at }
            if case .delivery(let result) = event, let start = sent[result.number] {
                delays.append(Double(result.at.since(start)) / 1e9)
            }
        }
        #expect(delays.count > 10_000)
        let late = delays.sorted()[Int(0.7 * Double(delays.count))...]
        let median = late[late.startIndex + late.count / 2]
        let slow = late[late.startIndex + late.count * 99 / 100]
        // A few of the late ones are quicker than the session: the figures are a little above those declared.
        #expect((17...35).contains(median))
        #expect((9000...24_000).contains(slow))
    }

    /// Dead addresses: few in a book, more among new ones, many on a bought list.
    @Test func deadSharesAreThoseDeclared() {
        var population = Population.small
        population.strata[0].newRecipients = .fixed(1)
        population.strata[0].mail[0].replies = 0
        population.strata[1].mail[0].replies = 0
        population.strata[0].book.keeps = 0
        population.strata[1].newRecipients = .fixed(0)
        population.families[0].targets.dead = .fixed(0.4)
        population.families[0].targets.refusedAsSpam = 0
        var simulation = Simulation(population, seed: 23, days: 20, subscribers: 300, attackFactor: 3)
        var kinds: [Int: Int] = [:]
        var all = [0, 0, 0]
        var dead = [0, 0, 0]
        while let event = simulation.next() {
            if case .message(let message) = event {
                kinds[message.number] = message.truth.isAbuse ? 2 : message.truth.stratum
            }
            guard case .delivery(let result) = event, let kind = kinds[result.number],
                result.delivery.outcome != .deferred
            else { continue }
            all[kind] += 1
            if result.delivery.status == EnhancedStatus(5, 1, 1) { dead[kind] += 1 }
        }
        let shares = zip(dead, all).map { Double($0) / Double($1) }
        #expect(abs(shares[0] - 0.026) < 0.006)
        #expect(abs(shares[1] - 0.006) < 0.005)
        #expect(abs(shares[2] - 0.4) < 0.03)
    }

    @Test func greylistedMailArrivesAtTheSecondAttempt() {
        var population = Self.quiet()
        population.faults.greylisted = 0.5
        population.faults.mailboxFull = 0
        var simulation = Simulation(population, seed: 24, days: 3, subscribers: 60)
        var counts: [DeliveryOutcome: Int] = [:]
        var recipients = 0
        while let event = simulation.next() {
            if case .message(let message) = event { recipients += message.transaction.envelope.recipients.count }
            if case .delivery(let result) = event { counts[result.delivery.outcome, default: 0] += 1 }
        }
        #expect(counts[.delivered, default: 0] + counts[.failed, default: 0] == recipients)
        #expect(abs(Double(counts[.deferred, default: 0]) / Double(recipients) - 0.5) < 0.05)
    }
}
