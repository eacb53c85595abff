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

    /// Bounds of one message.
    private static let bounds: (low: Float, high: Float) = (-2, 4)
    /// Messages without evidence that the own mean is mixed with.
    private static let priorMessages: Float = 5

    /// A message's part of what is learned: clipped, so that one letter does not make a habit.
    static func learned(_ content: Float) -> Float { content.clipped(bounds.low, bounds.high) }

    static func examine(_ message: MessageFacts, _ habits: Habits, _ excursion: inout Excursion) -> PerTakeOver {
        guard let content = message.content else { return PerTakeOver() }
        let usual = max(0, habits.content / (habits.withContent + priorMessages))
        var nats = (content - usual).clipped(bounds.low, bounds.high)
        if message.handling == .forwarded || message.handling == .list { nats *= 0.25 }
        if nats >= 1.5 { excursion.spamLike += 1 }
        return .all(nats)
    }

    static func why(_ habits: Habits, _ excursion: Excursion) -> String {
        "the text of \(Words.count(excursion.spamLike, "message")) of \(Words.count(excursion.messages)) reads like spam"
    }
}
