// What a classifier says of the text, beside what it says of this subscriber on any day.
//
// Abuse: spam. Innocent and alike: the sales office whose every letter reads like an offer, newsletters, somebody who forwards
// samples to an abuse desk. Their own mean is taken off; forwarded mail counts for little. Recovery: honest mail is negative
// evidence, and all of it fades.

import MailTypes

/// Evidence of the text. The score must be a calibrated log-likelihood ratio (8b.10): it is added as it is.
enum ContentDetector: Detector {
    static let group = EvidenceGroup.content
    static let catches = "spam and phishing that the classifier knows"
    static let innocent = "offers, newsletters, forwarded samples"
    static let most: Float = 6

    /// Bounds of one message. The lower one is near: whoever writes spam chooses its words, and an innocent text excuses nobody.
    private static let bounds: (low: Float, high: Float) = (-0.8, 4)
    /// The lower bound where the recipients are the owner's contacts: there nothing else tells the owner's own mail from a thief's,
    /// whose letters ask for something.
    private static let lowToContacts: Float = -2.5
    /// From here on a text is odd for somebody who writes as most do (A: one honest text in fourteen), and from there on it
    /// reads like spam (A: one in two hundred).
    static let oddFrom: Float = -2
    static let spamFrom: Float = 1
    /// Shares of such texts among a thief's.
    private static let thief = (odd: 0.8, spam: 0.9)
    /// Beta priors of an honest subscriber's.
    private static let prior = (odd: 1.0, spam: 0.1, all: 12.0)

    /// The subscriber's own share of texts of a kind.
    private static func share(_ count: Float, _ prior: Double, _ habits: Habits) -> Double {
        (Double(count) + prior) / (Double(habits.withContent) + ContentDetector.prior.all)
    }

    /// The bound of what one message's text says: anybody answers a spam once, and quotes it.
    private static let mostOfOne: Float = 2.5
    /// What each further message adds to the bound.
    private static let mostOfMore: Float = 1.75

    /// The bound in an excursion: more for a subscriber whose own texts are known and were never like that, less while it is one
    /// message alone that reads like spam.
    static func most(_ habits: Habits, _ excursion: Excursion) -> Float {
        let all =
            share(habits.spamContent, prior.spam, habits) < 0.02
            ? most + 3 * Swift.min(1, habits.withContent / 30) : most
        return Swift.min(all, mostOfOne + mostOfMore * Swift.max(0, excursion.spamLike - 1))
    }

    static func examine(_ message: MessageFacts, _ habits: Habits, _ excursion: inout Excursion) -> PerTakeOver {
        guard let content = message.content else { return PerTakeOver() }
        var nats = content.clipped(bounds.low, bounds.high)
        if content > spamFrom {
            // Not more than it is unusual: a sales office writes offers every day.
            nats = Swift.min(
                nats, Float(NaturalLogarithm.of(thief.spam / share(habits.spamContent, prior.spam, habits))))
            nats = Swift.max(0, nats)
        } else if content > oddFrom {
            // What is mild for a classifier may be unheard of for this subscriber.
            let unusual = Float(NaturalLogarithm.of(thief.odd / share(habits.oddContent, prior.odd, habits))).clipped(
                0, 2)
            nats = Swift.max(nats, unusual * Swift.min(1, habits.withContent / 20))
        }
        if message.handling == .forwarded || message.handling == .list { nats *= 0.25 }
        if nats >= 1 { excursion.spamLike += 1 }
        let toContacts = nats <= bounds.low ? content.clipped(lowToContacts, bounds.low) : nats
        return PerTakeOver(nats, nats, toContacts, 0)
    }

    static func why(_ habits: Habits, _ excursion: Excursion) -> String {
        "the text of \(Words.count(excursion.spamLike, "message")) of \(Words.count(excursion.messages)) reads like spam"
    }
}
