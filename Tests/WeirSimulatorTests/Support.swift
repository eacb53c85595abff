// A small population for tests: two strata, one family, so that everything can be counted.

import MailTypes

@testable import WeirSimulator

extension Population {
    /// Light and busy subscribers; a fast bot with a bought list.
    static let small = Population(
        name: "small",
        strata: [
            Stratum(name: "light", share: 0.7, messagesPerDay: LogNormal(median: 2, sigma: 0.5)),
            Stratum(
                name: "busy", plan: "business", share: 0.3, identification: .address,
                messagesPerDay: LogNormal(median: 20, sigma: 0.4), weekend: 0.2,
                recipients: CountTable([.init(1...1, 0.9), .init(2...2, 0.06), .init(3...20, 0.04)])),
        ],
        families: [
            AttackFamily(
                name: "fast-bot", onsetsPer1000Years: 300, access: .init(way: .ownMachine),
                rate: .init(perHour: LogNormal(median: 900, sigma: 0.7)),
                length: .init(messages: LogNormal(median: 400, sigma: 0.5)),
                targets: .init(dead: .beta(4, 7)), names: .init(ownSender: 0.2, senderChurn: 0.5),
                scores: ScoreMixture([.init(mean: 4, deviation: 1.5)]))
        ])
}

/// Everything that a simulation says, counted.
struct Tally {
    /// Events.
    var events = 0
    /// Messages.
    var messages = 0
    /// Messages of abuse.
    var abuse = 0
    /// Results.
    var deliveries = 0
    /// A hash of all that was said.
    var hash: UInt64 = 0
    /// The latest moment.
    var latest = Timestamp(nanoseconds: 0)
    /// True while time never ran backwards.
    var isOrdered = true

    /// Takes one event.
    mutating func take(_ event: SimulatedEvent) {
        events += 1
        isOrdered = isOrdered && event.at >= latest
        latest = event.at
        switch event {
        case .message(let message):
            messages += 1
            if message.truth.isAbuse { abuse += 1 }
            add(message.transaction)
        case .delivery(let result):
            deliveries += 1
            add(UInt64(result.number) &* 8 &+ UInt64(result.delivery.outcome.rawValue))
        case .complaint(let complaint): add(UInt64(complaint.number))
        case .lease(let lease): add(lease.address.low)
        }
        add(UInt64(bitPattern: event.at.nanoseconds))
    }

    /// Mixes a number in.
    private mutating func add(_ number: UInt64) { hash = Mixing.mix(hash ^ number) }

    /// Mixes a transaction in.
    private mutating func add(_ transaction: Transaction) {
        add(transaction.session.client?.low ?? 1)
        add(UInt64(transaction.session.clientPort))
        for text in [transaction.session.helo, transaction.session.login, transaction.queueID] {
            for byte in text.utf8 { add(UInt64(byte)) }
        }
        for recipient in transaction.envelope.recipients { add(recipient.key.address ^ recipient.key.domain) }
        add(transaction.envelope.reversePath?.address ?? 0)
        add(UInt64(transaction.envelope.bytes))
        add(UInt64(bitPattern: Int64(transaction.content.spamScore ?? 0)))
        add(transaction.content.style ?? 0)
        for slot in transaction.content.fingerprint.sketch { add(UInt64(slot)) }
        for key in transaction.content.fingerprint.keys { add(key.value) }
    }
}
