// From where, with what program and under what names the mail comes.
//
// Abuse: a stolen password used from elsewhere; a bot that changes its HELO name and sender to slip through receivers' filters
// (Clayton, CEAS 2004). Innocent and alike: a new telephone on a journey, a moved line, a household behind one address. What is
// new counts once in an excursion, and is known a day later. Memory: six networks, three origins (`Whereabouts.swift`), four
// programs, three names each.

import MailTypes

/// Evidence of a change of identity.
enum IdentityDetector: Detector {
    static let group = EvidenceGroup.identity
    static let catches = "stolen passwords used from elsewhere, bots with names of their own"
    static let innocent = "a new telephone, a journey, a moved line"
    static let most: Float = 6.5

    /// The bound in an excursion: a new machine abroad is what a journey is, too, and only uses that nobody makes alone go beyond it.
    static func most(_ excursion: Excursion) -> Float { excursion.foreign.isTorn ? most : 5 }

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

    /// The client's network, and where it is.
    private static func network(_ message: MessageFacts, _ habits: Habits, _ excursion: inout Excursion) -> PerTakeOver
    {
        let usual = min(0.5, usualNetwork(habits))
        let isKnown = habits.networks.knows(message.network, on: habits.day)
        let strangeness = isKnown ? .unknown : message.origin.map { habits.strangeness(of: $0) } ?? .unknown
        var nats = torn(message, habits, strangeness, &excursion)
        if isKnown {
            nats += Float(NaturalLogarithm.of((1 - thiefNetwork) / (1 - usual)))
            return PerTakeOver(0, nats, nats, 0)
        }
        guard excursion.noteNetwork(message.network) else { return PerTakeOver(0, nats, nats, 0) }
        let seconds = UInt32(clamping: message.at / 1_000_000_000)
        let before = excursion.foreign
        var isNewOrigin = false
        if strangeness >= .system, let origin = message.origin {
            isNewOrigin = excursion.foreign.note(origin, strangeness)
        } else if strangeness > excursion.foreign.strangeness {
            excursion.foreign.strangeness = strangeness
        }
        excursion.foreign.newestAt = seconds
        // What is strange counts in full also where a carrier's next pool came before it.
        if isNewOrigin ? before.count == 0 : excursion.networkCount == 1 {
            nats += first(strangeness, habits, usual)
        } else {
            let more = another(excursion, strangeness, isNewOrigin: isNewOrigin)
            let isLater = before.newestAt != 0 && seconds &- before.newestAt > hoursTogether
            nats += strangeness == .unknown ? more : more * (isLater ? 0.5 : 1) * Float(1 - usual)
        }
        return PerTakeOver(0, nats, nats, 0)
    }

    /// Seconds within which another new network counts in full: who travels for days changes places.
    private static let hoursTogether: UInt32 = 6 * 3600

    /// The first new network of an excursion, by what is known of where it is.
    ///
    /// A thief's network is new in nine of ten cases: seldom of an AS of the owner's (0.15), often a proxy in a country of the owner's
    /// (0.35), most often abroad (0.5), because manual hijackers sit in a few countries far away (IMC 2014). Of an owner's new
    /// networks seven of ten are of a known AS (a renumbered line, another pool of the telephone's carrier). A new AS is measured
    /// against the account's own days with one, of which a quarter, or half for who was abroad before, are taken to be abroad:
    /// who is on the move in one carrier's networks all day is no less strange abroad.
    private static func first(_ strangeness: Strangeness, _ habits: Habits, _ usual: Double) -> Float {
        let usualSystem = (Double(habits.newOriginDays) + 1) / (Double(min(habits.days, 60)) + 15)
        // In the first week a telephone or a place of work was only not seen yet.
        switch habits.isNewcomer ? .unknown : strangeness {
        case .unknown: return Float(NaturalLogarithm.of(thiefNetwork / usual)).clipped(0, 3)
        case .network:
            return max(0, Float(NaturalLogarithm.of(thiefNetwork / usual)).clipped(0, 3) + knownSystem)
        case .system: return Float(NaturalLogarithm.of(0.35 * thiefNetwork / usualSystem)).clipped(0, 3.5)
        case .country:
            let abroad = usualSystem * (habits.countries > 1 ? 0.5 : 0.25)
            return Float(NaturalLogarithm.of(0.5 * thiefNetwork / abroad)).clipped(0, 4.5)
        }
    }

    /// ln(0.15 / 0.7): a known AS, given that the network is new.
    private static let knownSystem: Float = -1.54

    /// One more new network in an excursion.
    private static func another(_ excursion: Excursion, _ strangeness: Strangeness, isNewOrigin: Bool) -> Float {
        guard strangeness != .unknown else {
            // Prefixes alone: a journey has two or three.
            switch excursion.networkCount {
            case ...2: return 1
            case 3...6: return 0.75
            default: return 0.25
            }
        }
        // A carrier's next pool, a hotel's second line.
        guard isNewOrigin else { return 0.25 }
        // Several providers within hours are a list of proxies, or somebody on a train.
        guard excursion.foreign.count <= 3 else { return 0.5 }
        return strangeness == .country ? 1.5 : 1
    }

    /// Two uses that nobody makes alone: too far apart for the time between, or back and forth between two countries within hours.
    ///
    /// One of the places must be new: a household, a VPN that is always on and a telephone that roams through its home
    /// carrier are at home in both after a day. What is left is the first such day of these, about one in ten of the new
    /// countries of honest accounts, against half of the thieves whose victim goes on writing.
    private static func torn(
        _ message: MessageFacts, _ habits: Habits, _ strangeness: Strangeness, _ excursion: inout Excursion
    ) -> Float {
        let last = habits.lastUse
        guard let origin = message.origin, last.seconds != 0, !excursion.foreign.isTorn,
            strangeness >= .system || excursion.foreign.count > 0
        else { return 0 }
        let now = LastUse(origin, at: message.at)
        let gap = now.seconds - min(now.seconds, last.seconds)
        let isAbroad = now.country != 0 && last.country != 0 && now.country != last.country
        let isTooFar = now.isTooFar(from: last)
        if isAbroad, gap <= 3600, excursion.foreign.switches < .max { excursion.foreign.switches += 1 }
        guard isTooFar || excursion.foreign.switches >= 2 else { return 0 }
        excursion.foreign.isTorn = true
        // Seen from the new place, whichever of the two came first.
        excursion.foreign.otherCountry = strangeness >= .system ? last.country : now.country
        let minutes = Int16(clamping: (gap + 30) / 60)
        excursion.foreign.minutes = strangeness >= .system ? minutes : -minutes
        // Within a country databases put carriers' telephones where the carrier sits.
        return isAbroad ? (isTooFar ? 1.5 : 1) : 0.75
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
        if message.helo != 0, UInt16(truncatingIfNeeded: message.helo) != excursion.lastHelo,
            !habits.helos.knows(message.helo, on: habits.day)
        {
            excursion.lastHelo = UInt16(truncatingIfNeeded: message.helo)
            if excursion.newHelos < .max { excursion.newHelos += 1 }
            if excursion.newHelos == 3 { nats += 1 }
        }
        if message.reversePath != 0, UInt16(truncatingIfNeeded: message.reversePath) != excursion.lastReversePath,
            message.handling == .own,
            !habits.reversePaths.knows(message.reversePath, on: habits.day)
        {
            excursion.lastReversePath = UInt16(truncatingIfNeeded: message.reversePath)
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
        if excursion.networkCount > 0 { parts.append(place(excursion)) }
        if excursion.hasNewStyle { parts.append("written with a mail program never used before") }
        if excursion.newReversePaths >= 3 {
            parts.append("\(excursion.newReversePaths) sender names never used before")
        }
        if excursion.newHelos >= 3 { parts.append("\(excursion.newHelos) HELO names never used before") }
        return parts.isEmpty ? "sender names never used before" : parts.joined(separator: ", ")
    }

    /// From where, for people: `used from Vietnam (AS 131353), where this account was never used`.
    private static func place(_ excursion: Excursion) -> String {
        let foreign = excursion.foreign
        let system = foreign.system == 0 ? nil : "AS \(foreign.system)"
        let country = Country(packed: foreign.country)?.description
        var text: String
        switch (foreign.strangeness, country) {
        case (.country, let country?):
            text = "used from \(country)\(system.map { " (\($0))" } ?? ""), where this account was never used"
        case (.system, _):
            text =
                "used from \(system ?? "an AS")\(country.map { " in \($0)" } ?? ""), a provider that this account never used"
        default:
            text = "used from \(Words.count(Float(excursion.networkCount), "network")) never used before"
            if foreign.strangeness == .network { text += ", all of a provider that it is used from" }
        }
        if foreign.count > 1 { text += ", and from \(Words.count(Float(foreign.count - 1), "other new place"))" }
        guard foreign.isTorn else { return text }
        let minutes = Words.count(Float(abs(Int(foreign.minutes))), "minute")
        let other = Country(packed: foreign.otherCountry).map { " from \($0)" } ?? " far away"
        let isSame = foreign.otherCountry == foreign.country
        return text + "; \(minutes) \(foreign.minutes < 0 ? "before" : "after") a use\(isSame ? " far away" : other)"
    }
}
