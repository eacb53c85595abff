// The stream: the same seed, the same bytes; the order of time; the truth beside; memory that stays.

import MailTypes
import Testing

@testable import WeirSimulator

/// What a stream promises.
@Suite struct StreamTests {
    /// Runs a simulation to its end.
    private func run(seed: UInt64, days: Int = 5, subscribers: Int = 200) -> Tally {
        var simulation = Simulation(.small, seed: seed, days: days, subscribers: subscribers)
        var tally = Tally()
        while let event = simulation.next() { tally.take(event) }
        return tally
    }

    @Test func theSameSeedGivesTheSameBytes() {
        let first = run(seed: 7)
        #expect(first.hash == run(seed: 7).hash)
        #expect(first.hash != run(seed: 8).hash)
        #expect(first.messages > 1000)
        #expect(first.isOrdered)
    }

    /// A number that every machine must come to: if it changes, simulations of before can't be repeated.
    @Test func theBytesAreThoseOfBefore() {
        #expect(String(run(seed: 1, days: 2, subscribers: 50).hash, radix: 16) == "38366f880e4577cf")
    }

    /// A copy taken in the middle goes on as the first does: the whole state is in the value.
    @Test func aCopyGoesOnAlike() {
        var first = Simulation(.small, seed: 3, days: 3, subscribers: 100, attackFactor: 5)
        for _ in 0..<500 { _ = first.next() }
        var second = first
        var tallies = (Tally(), Tally())
        while let event = first.next() { tallies.0.take(event) }
        for _ in 0..<7 { if let event = second.next() { tallies.1.take(event) } }
        while let event = second.next() { tallies.1.take(event) }
        #expect(tallies.0.hash == tallies.1.hash)
        #expect(tallies.0.events == tallies.1.events)
        #expect(first.episodes == second.episodes)
    }

    /// Numbers count up, results belong to messages before them and to their recipients, episodes add up.
    @Test func theTruthIsConsistent() {
        var simulation = Simulation(.small, seed: 11, days: 4, subscribers: 150, attackFactor: 10)
        var recipients: [Int: Set<AddressKey>] = [:]
        var messages: [Int: Int] = [:]
        var abused: [Int: Int] = [:]
        var number = 0
        var sent: [Timestamp] = []
        var wrongLabels = 0
        while let event = simulation.next() {
            switch event {
            case .message(let message):
                #expect(message.number == number)
                #expect(message.transaction.queueID == QueueNumber.text(number))
                number += 1
                sent.append(message.at)
                recipients[message.number] = Set(message.transaction.envelope.recipients.map(\.key))
                #expect(!message.transaction.envelope.recipients.isEmpty)
                #expect(Mailbox(message.sender.key) == message.sender)
                if message.truth.label != message.truth.isAbuse { wrongLabels += 1 }
                guard let episode = message.truth.episode else { continue }
                messages[episode, default: 0] += 1
                abused[episode, default: 0] += message.transaction.envelope.recipients.count
                #expect(simulation.episodes[episode].subscriber == message.truth.subscriber)
                #expect(simulation.episodes[episode].until == message.at)
            case .delivery(let result):
                #expect(result.delivery.queueID == QueueNumber.text(result.number))
                #expect(result.at > sent[result.number])
                #expect(recipients[result.number]?.contains(result.delivery.recipient) == true)
            case .complaint(let complaint): #expect(complaint.at > sent[complaint.number])
            case .lease(let lease): #expect(lease.subscriber < simulation.subscriberCount)
            }
        }
        #expect(number == simulation.messageCount)
        #expect(simulation.episodes.count > 3)
        for (place, episode) in simulation.episodes.enumerated() {
            #expect(episode.messages == messages[place] ?? 0)
            #expect(episode.recipients == abused[place] ?? 0)
            #expect(episode.from <= episode.until)
        }
        // 2 % of labels are wrong.
        #expect(abs(Double(wrongLabels) / Double(number) - 0.02) < 0.01)
    }

    /// What waits after sixty days is no more than after six.
    @Test func memoryStays() {
        var simulation = Simulation(.small, seed: 5, days: 60, subscribers: 40, attackFactor: 3)
        var most = (early: 0, late: 0)
        while let event = simulation.next() {
            let waiting =
                simulation.tasks.count + simulation.events.values.count + simulation.bursts.values.count
                + simulation.attacks.values.count
            let day = event.at.since(simulation.start) / Simulation.dayNanoseconds
            if day < 6 { most.early = max(most.early, waiting) } else { most.late = max(most.late, waiting) }
        }
        #expect(most.late <= most.early + 10)
        #expect(simulation.tasks.count == 0)
        #expect(simulation.courier.pending.count == 0)
        #expect(MemoryLayout<SubscriberState>.stride <= 256)
    }

    /// The engine takes the stream: time, queue ids and results fit.
    @Test func leasesTellWhoseAnAddressIs() {
        var simulation = Simulation(.small, seed: 2, days: 130, subscribers: 60)
        var owners: [NetworkAddress: [ClosedRange<UInt16>: Int]] = [:]
        var right = 0
        var wrong = 0
        while let event = simulation.next() {
            if case .lease(let lease) = event {
                for (address, blocks) in owners {
                    for (ports, owner) in blocks where owner == lease.subscriber { owners[address]?[ports] = nil }
                }
                owners[lease.address, default: [:]][lease.ports] = lease.subscriber
            }
            guard case .message(let message) = event, message.transaction.session.login.isEmpty,
                let client = message.transaction.session.client,
                let owner = owners[client]?.first(where: { $0.key.contains(message.transaction.session.clientPort) })
            else { continue }
            if owner.value == message.truth.subscriber { right += 1 } else { wrong += 1 }
        }
        #expect(right > 1000)
        #expect(Double(wrong) < 0.001 * Double(right))
    }
}
