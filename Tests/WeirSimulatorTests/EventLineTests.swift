// The JSON lines of a simulation.

import Foundation
import MailTypes
import Testing

@testable import WeirSimulator

/// Lines of events.md.
@Suite struct EventLineTests {
    @Test func everyLineIsAnObjectOfItsType() throws {
        var simulation = Simulation(.small, seed: 51, days: 2, subscribers: 40, attackFactor: 30)
        let composer = SimulationEvents(simulation.population)
        var types: [String: Int] = [:]
        var ids: Set<String> = []
        var before = ""
        while let event = simulation.next() {
            let data = Data(composer.line(event).utf8)
            let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
            let type = try #require(object["type"] as? String)
            types[type, default: 0] += 1
            let at = try #require(object["at"] as? String)
            #expect(at >= before)
            before = at
            if type == "transaction" {
                ids.insert(try #require(object["id"] as? String))
                #expect((object["to"] as? [String])?.isEmpty == false)
                #expect(object["login"] is String || object["client"] is String)
                #expect(object["text"] is String)
                #expect(object["spam_llr"] is Double)
                #expect((object["header"] as? [String: String])?["Subject"] != nil)
            } else if type == "delivery" {
                #expect(ids.contains(object["id"] as? String ?? ""))
            }
        }
        #expect(types["transaction", default: 0] > 100)
        #expect(types["delivery", default: 0] > 100)
        #expect(types["lease", default: 0] > 5)
    }

    /// Only names and addresses that are reserved for examples.
    @Test func namesAreReservedOnes() {
        var simulation = Simulation(.small, seed: 52, days: 1, subscribers: 30, attackFactor: 30)
        let networks = ["10.0.0.0/8", "100.64.0.0/10", "2001:db8::/32"].compactMap { NetworkPrefix($0) }
        while let event = simulation.next() {
            guard case .message(let message) = event else { continue }
            let names = message.transaction.envelope.recipients.map { Mailbox($0.key).text } + [message.sender.text]
            for name in names {
                #expect(
                    [".example", ".test", ".example.com", ".example.net", ".example.org"].contains {
                        name.hasSuffix($0)
                    } || name.hasSuffix("@post.example"))
            }
            if let client = message.transaction.session.client { #expect(networks.contains { $0.contains(client) }) }
        }
    }

    @Test func labelsNameEachTakeOverAndEverybodyElse() throws {
        var simulation = Simulation(.small, seed: 53, days: 5, subscribers: 50, attackFactor: 60)
        while simulation.next() != nil {}
        let labels = SimulationEvents(simulation.population).labels(of: simulation)
        let taken = labels.filter { $0.contains("taken_over_from") }
        #expect(taken.count == simulation.episodes.count { $0.messages > 0 })
        #expect(taken.count > 3)
        #expect(taken.allSatisfy { $0.contains("\"family\":\"fast-bot\"") })
        #expect(labels.count >= 50)
    }
}
