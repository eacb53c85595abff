// From where, with what program and under what names the mail comes.
//
// Abuse: a stolen password used from elsewhere; a bot that changes its HELO name and sender to slip through receivers' filters
// (Clayton, CEAS 2004). Innocent and alike: a new telephone on a journey, a moved line, a household behind one address. What is
// new counts once in an excursion, and is known a day later. Memory: six networks, four programs, three names each.

import MailTypes

/// Evidence of a change of identity.
enum IdentityDetector: Detector {
    static let group = EvidenceGroup.identity
    static let catches = "stolen passwords used from elsewhere, bots with names of their own"
    static let innocent = "a new telephone, a journey, a moved line"
    static let most: Float = 5

    /// How often a thief comes from a network that is new to the account.
    private static let thiefNetwork: Double = 0.9

    /// How often the subscriber's own mail comes from a new network: a Beta prior of one in twenty, and its own days.
    private static func usualNetwork(_ habits: Habits) -> Double {
        (Double(habits.newNetworkDays) + 0.5) / (Double(min(habits.days, 60)) + 10)
    }

    static func examine(_ message: MessageFacts, _ habits: Habits, _ excursion: inout Excursion) -> PerTakeOver {
        var nats = PerTakeOver()
        // Nothing can be unusual in the first messages.
        guard habits.networks.knowsAny(on: habits.day) || habits.styles.knowsAny(on: habits.day) else { return nats }
        if message.isLogin, message.network != 0, habits.networks.knowsAny(on: habits.day) {
            nats += network(message, habits, &excursion)
        }
        if message.style != 0, habits.styles.knowsAny(on: habits.day), message.handling == .own {
            nats += style(message, habits, &excursion)
        }
        nats += names(message, habits, &excursion)
        return nats
    }

    /// The client's network.
    private static func network(_ message: MessageFacts, _ habits: Habits, _ excursion: inout Excursion) -> PerTakeOver
    {
        let usual = min(0.5, usualNetwork(habits))
        guard !habits.networks.knows(message.network, on: habits.day) else {
            let nats = Float(NaturalLogarithm.of((1 - thiefNetwork) / (1 - usual)))
            return PerTakeOver(0, nats, nats, 0)
        }
        guard excursion.noteNetwork(message.network) else { return PerTakeOver() }
        let nats: Float
        switch excursion.networkCount {
        case 1: nats = Float(NaturalLogarithm.of(thiefNetwork / usual)).clipped(0, 3)
        case 2: nats = 1
        case 3...6: nats = 0.75
        default: nats = 0.25
        }
        return PerTakeOver(0, nats, nats, 0)
    }

    /// The mail program, by how it writes a header.
    private static func style(_ message: MessageFacts, _ habits: Habits, _ excursion: inout Excursion) -> PerTakeOver {
        guard !habits.styles.knows(message.style, on: habits.day) else { return PerTakeOver(-0.9, -0.7, -0.7, 0) }
        guard !excursion.hasNewStyle else { return PerTakeOver() }
        excursion.hasNewStyle = true
        return PerTakeOver(1.5, 1.5, 1.5, 0)
    }

    /// HELO names and reverse-paths: one more is little, many are a bot's.
    private static func names(_ message: MessageFacts, _ habits: Habits, _ excursion: inout Excursion) -> PerTakeOver {
        var nats: Float = 0
        if message.helo != 0, message.helo != excursion.lastHelo, !habits.helos.knows(message.helo, on: habits.day) {
            excursion.lastHelo = message.helo
            if excursion.newHelos < .max { excursion.newHelos += 1 }
            if excursion.newHelos == 3 { nats += 1 }
        }
        if message.reversePath != 0, message.reversePath != excursion.lastReversePath, message.handling == .own,
            !habits.reversePaths.knows(message.reversePath, on: habits.day)
        {
            excursion.lastReversePath = message.reversePath
            if excursion.newReversePaths < .max { excursion.newReversePaths += 1 }
            if habits.reversePaths.knowsAny(on: habits.day) {
                if excursion.newReversePaths == 1 { nats += 0.5 }
                if excursion.newReversePaths == 3 { nats += 1 }
            }
        }
        return PerTakeOver(nats, nats, nats, 0)
    }

    static func why(_ habits: Habits, _ excursion: Excursion) -> String {
        var parts: [String] = []
        if excursion.networkCount > 0 {
            parts.append("used from \(Words.count(Float(excursion.networkCount), "network")) never used before")
        }
        if excursion.hasNewStyle { parts.append("written with a mail program never used before") }
        if excursion.newReversePaths >= 3 {
            parts.append("\(excursion.newReversePaths) sender names never used before")
        }
        if excursion.newHelos >= 3 { parts.append("\(excursion.newHelos) HELO names never used before") }
        return parts.isEmpty ? "sender names never used before" : parts.joined(separator: ", ")
    }
}
