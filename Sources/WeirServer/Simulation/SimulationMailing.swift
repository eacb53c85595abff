// A simulation's mail handed to a real mail server on this machine: what Weir beside it does can be watched.

import Foundation
import WeirSimulator

/// What became of a simulation's mail.
public struct SimulationMailing: Encodable, Sendable, Equatable {
    /// Mail of one kind.
    public struct Row: Encodable, Sendable, Equatable {
        /// The server took it.
        public var accepted = 0
        /// It said 4xx: later.
        public var deferred = 0
        /// It said 5xx: no.
        public var refused = 0

        /// All.
        public var all: Int { accepted + deferred + refused }

        /// Counts a reply.
        mutating func note(_ code: Int) {
            switch code / 100 {
            case 2: accepted += 1
            case 4: deferred += 1
            default: refused += 1
            }
        }
    }

    /// Owners' mail.
    public var honest = Row()
    /// Attackers' mail.
    public var abuse = Row()
    /// The first words of a refusal, and how often each code came, by code and enhanced code: `450 4.7.1`.
    public var refusals: [String: Int] = [:]
    /// True where the simulation has more mail than was asked for.
    public var hasMore = false

    /// For a terminal.
    public func text(port: UInt16) -> String {
        func count(_ value: Int) -> String { ConfigurationReport.grouped(Int64(value)) }
        var text = "\(count(honest.all + abuse.all)) messages to 127.0.0.1:\(port)"
        text += hasMore ? "; the simulation has more (--messages).\n\n" : ": all that the simulation has.\n\n"
        let rows = [("owners'", honest), ("attackers'", abuse)].map { name, row in
            [name, count(row.all), count(row.accepted), count(row.deferred), count(row.refused)]
        }
        text += ConfigurationReport.table(
            [["mail", "sent", "accepted", "deferred", "refused"]] + rows, rightAligned: [1, 2, 3, 4])
        for (words, times) in refusals.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
            text += "\n\(count(times)) × \(words)"
        }
        return text + (refusals.isEmpty ? "" : "\n")
    }
}

extension SimulationRun {
    /// Hands the mail to an SMTP server on 127.0.0.1, `messages` at most, so many a second at most. The order is the simulation's;
    /// its times are told in Date alone. An attacker learns what was refused. Throws where the server can't be used.
    public func send(
        toPort port: UInt16, messages: Int, perSecond: Double, progress: (Double) -> Void = { _ in }
    ) throws -> SimulationMailing {
        var world = simulation
        var result = SimulationMailing()
        let began = ContinuousClock.now
        var sent = 0
        while let event = world.next() {
            guard case .message(let message) = event else { continue }
            guard sent < messages else {
                result.hasMore = true
                break
            }
            let due = began + .seconds(Double(sent) / perSecond)
            let wait = ContinuousClock.now.duration(to: due)
            if wait > .zero {
                Thread.sleep(
                    forTimeInterval: Double(wait.components.attoseconds) / 1e18 + Double(wait.components.seconds))
            }
            // A connection each: Postfix asks the address that XCLIENT gave for its right to say XCLIENT again.
            let client = try MailClient(port: port)
            let answer = try client.send(SimulatedMail(message, seed: seed), from: message.transaction.session)
            client.leave()
            sent += 1
            if message.truth.isAbuse { result.abuse.note(answer.code) } else { result.honest.note(answer.code) }
            if answer.code / 100 != 2 {
                world.refused(message.truth, at: message.at)
                let enhanced = answer.lines.first.map { $0.prefix { $0 != " " } } ?? ""
                result.refusals["\(answer.code) \(enhanced)", default: 0] += 1
            }
            progress(min(1, Double(sent) / Double(messages)))
        }
        return result
    }
}
