// What people complain of (RFC 5965).
//
// Abuse: anything that reached somebody. Innocent and alike: a subscriber to a newsletter who presses "spam" to leave it: one
// complaint is little, and many in proportion to the recipients are much. Complaints come hours late.

import MailTypes

/// Evidence of complaints: a state.
enum ComplaintsDetector: Detector {
    static let group = EvidenceGroup.complaints
    static let catches = "anything that reached somebody who complained"
    static let innocent = "readers who press \"spam\" to leave a newsletter"
    static let most: Float = 6

    static func examine(_ message: MessageFacts, _ habits: Habits, _ excursion: inout Excursion) -> PerTakeOver {
        guard excursion.complaints > 0 else { return PerTakeOver() }
        // One reader in a thousand complains of honest bulk mail.
        let expected = 0.05 + Double(Swift.max(habits.recipients * 0.2, excursion.recipients)) * 0.002
        let nats = 1.5 * NaturalLogarithm.of(1 + Double(excursion.complaints) / expected) - 1
        return .all(Float(nats).clipped(0, most))
    }

    static func why(_ habits: Habits, _ excursion: Excursion) -> String {
        "\(Words.count(excursion.complaints, "complaint")) about its mail"
    }
}
