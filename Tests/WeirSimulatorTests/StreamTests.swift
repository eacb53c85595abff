// The stream: the same seed, the same bytes; the order of time; the truth beside.

import MailTypes
import Testing

@testable import WeirSimulator

/// What a stream promises.
@Suite struct StreamTests {
    /// Runs a simulation to its end.
    private func run(seed: UInt64, days: Int = 5, subscribers: Int = 200) -> (Tally, Simulation) {
        var simulation = Simulation(.small, seed: seed, days: days, subscribers: subscribers)
        var tally = Tally()
        while let event = simulation.next() { tally.take(event) }
        return (tally, simulation)
    }

    @Test func sameSeedSameBytes() {
        let (first, _) = run(seed: 7)
        let (second, _) = run(seed: 7)
        let (other, _) = run(seed: 8)
        #expect(first.hash == second.hash)
        #expect(first.hash != other.hash)
        #expect(first.messages > 1000)
        #expect(first.isOrdered)
    }
}
