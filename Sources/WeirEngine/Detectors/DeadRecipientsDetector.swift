// Recipients that do not exist.
//
// Abuse: bought lists are a third dead. Innocent and alike: a club's list of ten years ago, about an eighth dead (8b.5: such a list
// is in the null hypothesis), a typing error. Results come late, and never for mail that was held. Recovery: mail that arrives.

import MailTypes

/// Evidence of dead recipients: a state over the results since the excursion began.
enum DeadRecipientsDetector: Detector {
    static let group = EvidenceGroup.deadRecipients
    static let catches = "bought and guessed lists"
    static let innocent = "old lists of clubs, typing errors"
    static let most: Float = 5

    static func examine(_ message: MessageFacts, _ habits: Habits, _ excursion: inout Excursion) -> PerTakeOver {
        let nats = DeadRecipientsDetector.nats(excursion.dead, of: excursion.results, habits)
        // A thief who writes to the owner's contacts meets no more dead ones than the owner.
        return PerTakeOver(nats, nats, Swift.min(0, nats), 0)
    }

    /// ln of how much likelier so many dead recipients are from a bought list than from an honest one.
    static func nats(_ dead: Float, of results: Float, _ habits: Habits) -> Float {
        guard results >= 0.5 else { return 0 }
        let (d, n) = (Double(Swift.min(dead, results)), Double(results))
        let bought = BetaBinomial(3, 6).logMarginal(d, of: n)
        // The subscriber's own record, a clean list, a stale one (a fifth as likely).
        let own = (Double(habits.dead) + 0.5, Double(habits.results - habits.dead) * 0.25 + 25)
        let clean = BetaBinomial(own.0, own.1).logMarginal(d, of: n)
        let stale = BetaBinomial(3, 21).logMarginal(d, of: n) - 1.6
        return Float(bought - Swift.max(clean, stale)).clipped(-1.5, most)
    }

    static func why(_ habits: Habits, _ excursion: Excursion) -> String {
        "\(Words.count(excursion.dead)) of \(Words.count(excursion.results, "delivery result")) say that the recipient does not exist"
    }
}
