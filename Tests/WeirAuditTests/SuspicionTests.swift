// The ledger of a day: what speaks, what does not, and what may not count twice.

import Testing

@testable import WeirAudit

/// A day of so many messages to one recipient each.
private func day(_ recipients: Int, new: Int, dead: Int = 0, refused: Int = 0, networks: Int = 1, newNetworks: Int = 0)
    -> WindowTally
{
    var window = WindowTally()
    (window.messages, window.recipients, window.newRecipients, window.results) = (
        recipients, recipients, new, recipients
    )
    (window.dead, window.refused, window.networks, window.newNetworks) = (dead, refused, networks, newNetworks)
    window.newRecipientsAway = newNetworks > 0 ? new : 0
    return window
}

/// A fortnight of a person: three new recipients on the busiest day, a new network every other day.
private let person: Baseline = {
    var usual = Baseline()
    (usual.windows, usual.newRecipientsMax, usual.recipients, usual.newRecipients) = (14, 3, 120, 9)
    (usual.newNetworks, usual.newRecipientsAway) = (6, 1)
    return usual
}()

/// A line's score; 0 where it is missing.
private func score(_ suspicion: Suspicion, _ symbol: String) -> Int {
    suspicion.lines.first { $0.symbol == symbol }?.score ?? 0
}

@Suite struct SuspicionTests {
    @Test func aThiefIsNamed() {
        #expect(Suspicion(day(600, new: 590, dead: 220, refused: 40, networks: 50, newNetworks: 49), person).isNamed)
        // From the owner's own machine.
        #expect(Suspicion(day(600, new: 590, dead: 220, refused: 90), person).isNamed)
    }

    @Test func whatSpeaksForTheSameCountsOnce() {
        let list = Suspicion(day(500, new: 500), person)
        let group = score(list, "NEW_RECIPIENTS") + score(list, "MORE_THAN_EVER")
        #expect(group > 0 && group <= 4000)
        #expect(!list.isNamed)
    }

    @Test func nothingOfOneGroupIsEnough() {
        #expect(!Suspicion(day(40, new: 2, networks: 60, newNetworks: 60), person).isNamed)
        #expect(!Suspicion(day(400, new: 0, dead: 200), person).isNamed)
        #expect(!Suspicion(day(2000, new: 2000), person).isNamed)
    }

    @Test func aStaleListIsNoTheft() {
        for dead in [40, 60, 75] {
            let suspicion = Suspicion(day(600, new: 600, dead: dead, refused: 8), person)
            #expect(!suspicion.isNamed, "\(dead) of 600")
        }
    }

    @Test func fewerNetworksThanUsualSayNothing() {
        // A phone with twenty new networks a day.
        var phone = person
        (phone.newNetworks, phone.newRecipientsAway) = (20 * 14, 9)
        #expect(score(Suspicion(day(12, new: 1, networks: 2, newNetworks: 2), phone), "NEW_NETWORKS") <= 0)
        #expect(score(Suspicion(day(12, new: 1, networks: 24, newNetworks: 22), phone), "NEW_NETWORKS") < 1500)
    }

    @Test func moreDeadRecipientsNeverSpeakForTheOwner() {
        var last = Int.min
        for dead in stride(from: 0, through: 200, by: 10) {
            let now = score(Suspicion(day(400, new: 0, dead: dead), person), "DEAD_RECIPIENTS")
            #expect(now >= last, "\(dead) of 400")
            last = now
        }
    }

    @Test func everyGroupIsBounded() {
        for window in [
            day(100_000, new: 100_000, dead: 100_000, refused: 100_000, networks: 128, newNetworks: 128),
            day(5, new: 0), WindowTally(), day(1, new: 1, dead: 1, refused: 1),
        ] {
            for usual in [Baseline(), person] {
                let suspicion = Suspicion(window, usual, 1_000_000, days: 9)
                #expect(suspicion.lines.allSatisfy { $0.score >= -2000 && $0.score <= 8000 })
                #expect(zip(suspicion.lines, suspicion.lines.dropFirst()).allSatisfy { $0.score >= $1.score })
            }
        }
    }

    @Test func whatIsCarriedHalvesInADayAndNeverNames() {
        var carried = CarriedSuspicion()
        let bad = Suspicion(day(300, new: 300, dead: 30, networks: 5, newNetworks: 4), person)
        carried.add(bad, in: 10)
        #expect(carried.score(in: 11) == bad.score * 513 / 1000)
        #expect(carried.score(in: 12) == bad.score * 513 / 1000 * 513 / 1000)
        #expect(carried.score(in: 10_000) == 0)
        #expect(carried.days == 1)
        // A quiet day after a bad one: nothing of its own speaks.
        #expect(!Suspicion(day(5, new: 0), person, 12_000, days: 3).isNamed)
        carried.add(Suspicion(day(40, new: 0), person), in: 11)
        #expect(carried.score(in: 12) == 0 && carried.days == 0)
    }

    @Test func whatIsToBeNamedIsWorseThanAHigherSumThatIsNot() {
        let named = Suspicion(day(600, new: 590, dead: 220, refused: 90), person)
        var loud = Suspicion(day(2000, new: 2000), person)
        loud.lines.append(LedgerLine(symbol: "DAYS_BEFORE", score: 40_000, why: ""))
        #expect(named.isNamed && !loud.isNamed && loud.score > named.score)
        #expect(named.isWorse(than: loud) && !loud.isWorse(than: named) && named.isWorse(than: nil))
        #expect(!Suspicion(WindowTally(), person).isWorse(than: nil))
    }
}
