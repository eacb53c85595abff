// The simulated world's AS numbers and countries, as a database of it would tell them.

import MailTypes
import Testing

@testable import WeirSimulator

@Suite("Where simulated clients are")
struct SimulatedOriginTests {
    @Test("every login has an origin that follows from its address, no line has one") func follows() {
        var simulation = Simulation(.small, seed: 5, days: 20, subscribers: 200)
        var known: [NetworkAddress: Origin] = [:]
        var (logins, lines) = (0, 0)
        while let event = simulation.next() {
            guard case .message(let message) = event, let client = message.transaction.session.client else { continue }
            let session = message.transaction.session
            if session.login.isEmpty {
                lines += 1
                #expect(session.origin == nil)
                continue
            }
            logins += 1
            guard let origin = session.origin else {
                Issue.record("no origin of \(client)")
                continue
            }
            if let before = known[client] { #expect(before == origin) }
            known[client] = origin
        }
        #expect(logins > 100 && lines > 100)
    }

    @Test("home lines are the provider's, carriers are at home, journeys and hired networks abroad") func places() {
        let home = Networks.origin(of: Networks.line(77))
        #expect(home == Networks.origin(of: Networks.shared(3)))
        var (neighboursAtHome, ownSystem) = (0, 0)
        var systems: [UInt32: Country?] = [:]
        for number in UInt64(0)..<4000 {
            let carrier = Networks.origin(of: Networks.carrier(number, host: number))
            #expect(carrier.country == home.country && carrier.system != home.system)
            for client in [Networks.abroad(number, host: 1), Networks.foreign(number, host: 2)] {
                let origin = Networks.origin(of: client)
                #expect(origin.country != home.country && origin.country != nil)
                if let before = systems[origin.system] { #expect(before == origin.country) }
                systems[origin.system] = origin.country
            }
            let neighbour = Networks.origin(of: Networks.neighbour(number, host: 9))
            if neighbour.country == home.country { neighboursAtHome += 1 }
            if neighbour.system == home.system { ownSystem += 1 }
        }
        #expect((2600...3000).contains(neighboursAtHome) && (300...500).contains(ownSystem))
        #expect(systems.count > 400)
    }
}
