// What receivers say: refusals for policy or reputation.
//
// Abuse: spam that large receivers recognise before anybody here does. Innocent and alike: the honest bulk sender whom one receiver
// dislikes, a forwarder that passes spam on (an eighth refused is in the null hypothesis). Weir's own refusals never count.

import MailTypes

/// Evidence of refusals (x.7.x): a state over the results since the excursion began.
enum ReputationDetector: Detector {
    static let group = EvidenceGroup.reputation
    static let catches = "spam that receivers recognise"
    static let innocent = "honest bulk mail that a receiver dislikes, forwarders"
    static let most: Float = 2.5

    static func examine(_ message: MessageFacts, _ habits: Habits, _ excursion: inout Excursion) -> PerTakeOver {
        guard excursion.results >= 0.5, excursion.refused > 0 else { return PerTakeOver() }
        let (r, n) = (Double(Swift.min(excursion.refused, excursion.results)), Double(excursion.results))
        let spam = BetaBinomial(1, 4).logMarginal(r, of: n)
        let clean = BetaBinomial(0.5, 60).logMarginal(r, of: n)
        let disliked = BetaBinomial(1.5, 12).logMarginal(r, of: n) - 1.6
        return .all(Float(spam - Swift.max(clean, disliked)).clipped(0, most))
    }

    static func why(_ habits: Habits, _ excursion: Excursion) -> String {
        "receivers refused \(Words.count(excursion.refused)) of \(Words.count(excursion.results, "delivery", plural: "deliveries")) as spam or for reputation"
    }
}
