// Recipients that the subscriber never wrote to before.
//
// Abuse: a bought list. Innocent and alike: the parish newsletter's first issue, invitations, a salesman's cold letters (his own
// share of strangers is what is expected of him). Recovery: whom one has written to is no stranger any more.

import MailTypes

/// Evidence of strangers among the recipients (methods.md section 8, group 2).
enum RecipientsDetector: Detector {
    static let group = EvidenceGroup.recipients
    static let catches = "bought and harvested lists"
    static let innocent = "first newsletters, invitations, cold letters"
    static let most: Float = 8
    /// The bound of what one event can say: a bought list, and a newsletter's first issue.
    private static let mostOfEvent: Float = 5

    /// The bound in an excursion. An event is over within hours; who goes on writing to strangers alone, hour after hour, is no
    /// event (low and slow, the owner's hours kept), unless strangers are its trade: a shop, an office that answers enquiries, or
    /// somebody of whom little is known.
    static func most(_ habits: Habits, _ excursion: Excursion) -> Float {
        guard !habits.isNewcomer, usual(habits) < 0.25 else { return mostOfEvent }
        return mostOfEvent + (0.4 * (Float(excursion.acts) - 3)).clipped(0, most - mostOfEvent)
    }

    /// Share of strangers among a thief's recipients.
    private static let thief: Double = 0.97
    /// Beta prior of an honest subscriber's share (A: methods.md section 7), and of a newcomer's (8b.11).
    private static let prior = (new: 1.5, old: 8.0)
    private static let newcomer = (new: 4.0, old: 1.0)

    /// From how many recipients on a message goes to several at once (E: one honest message in sixty).
    static let wideFrom = 5
    /// Share of such messages among those of a thief who has the owner's contacts, and the Beta prior of an honest one's.
    private static let thiefWide = 0.4
    private static let priorWide = (wide: 0.3, all: 15.0)

    /// What a message to several at once says, where the thief has the owner's contacts: few people write to five at a time.
    private static func wide(_ message: MessageFacts, _ habits: Habits) -> Float {
        guard message.recipients >= wideFrom else { return 0 }
        let share = (Double(habits.wide) + priorWide.wide) / (Double(habits.messages) + priorWide.all)
        return Float(NaturalLogarithm.of(thiefWide / share)).clipped(0, 2.5)
    }

    /// The share of strangers to be expected.
    static func usual(_ habits: Habits) -> Double {
        let prior = habits.isNewcomer ? newcomer : prior
        let share = (Double(habits.newRecipients) + prior.new) / (Double(habits.recipients) + prior.new + prior.old)
        return min(0.95, max(0.01, share))
    }

    static func examine(_ message: MessageFacts, _ habits: Habits, _ excursion: inout Excursion) -> PerTakeOver {
        guard let new = message.newRecipients, message.recipients > 0 else { return PerTakeOver() }
        let share = usual(habits)
        let (strangers, known) = (Double(new), Double(message.recipients - new))
        // Recipients of one message are not independent: their sum counts by its root.
        let root = Double(message.recipients).squareRoot()
        var bulk =
            (strangers * NaturalLogarithm.of(thief / share) + known * NaturalLogarithm.of((1 - thief) / (1 - share)))
            / root
        // A thief who writes to the owner's contacts has the owner's book, and few others.
        var contacts =
            (strangers * NaturalLogarithm.of(0.1 / share) + known * NaturalLogarithm.of(0.9 / (1 - share))) / root
        switch message.handling {
        case .own: break
        case .list, .automatic:
            bulk *= 0.5
            contacts *= 0.5
        case .forwarded:
            bulk *= 0.25
            contacts *= 0.25
        }
        let toStrangers = Float(bulk).clipped(-2.2, 2.5)
        return PerTakeOver(
            toStrangers, toStrangers, Float(contacts).clipped(-1.5, 0.5) + wide(message, habits), 0)
    }

    static func why(_ habits: Habits, _ excursion: Excursion) -> String {
        "\(Words.count(excursion.newRecipients)) of \(Words.count(excursion.recipients, "recipient")) were never written to before; usual is \(Int((usual(habits) * 100).rounded())) in 100"
    }
}
