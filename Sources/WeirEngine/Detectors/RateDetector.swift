// New recipients an hour and a day, beside the most that the subscriber ever had.
//
// Abuse: a flood. Innocent and alike: the month's invoices, an invitation to a wedding, a newsletter that grew. A state over new
// recipients (8b.4): mail to people one always writes to is never too much here; the plan's limits count that. Recovery: a
// peak that was not stopped becomes part of what is usual, a day late.

import MailTypes

/// Evidence of an unusual number of new recipients.
enum RateDetector: Detector {
    static let group = EvidenceGroup.rate
    static let catches = "floods to strangers, also slow ones"
    static let innocent = "invoices, invitations, a grown newsletter"
    static let most: Float = 6

    /// New recipients an hour and a day that nobody is asked about.
    private static let free = (hour: Float(5), day: Float(10))
    /// The exponent of the tail of honest peaks (methods.md section 7: Pareto 1.8; smaller is more careful).
    private static let exponent: Double = 1.2

    static func examine(_ message: MessageFacts, _ habits: Habits, _ excursion: inout Excursion) -> PerTakeOver {
        let nats = nats(habits, excursion)
        return PerTakeOver(nats, nats, 0, 0)
    }

    /// How far the counts are above the usual, in nats.
    private static func nats(_ habits: Habits, _ excursion: Excursion) -> Float {
        let hour = excursion.newAnHour / Swift.max(free.hour, 1.5 * habits.newAnHour)
        let day = excursion.newADay / Swift.max(free.day, 1.5 * habits.newADay)
        let most = Swift.max(hour, day)
        // Who goes on while the mail waits does not read the notices (8b.9).
        let attempts = Float(NaturalLogarithm.of(1 + Double(excursion.attempts) / 6)).clipped(0, 4)
        guard most > 1 else { return attempts }
        return Swift.min(
            RateDetector.most, Float(exponent * NaturalLogarithm.of(Double(most))).clipped(0, 3) + attempts)
    }

    static func why(_ habits: Habits, _ excursion: Excursion) -> String {
        let waiting =
            excursion.attempts >= 6 ? ", \(Words.count(excursion.attempts)) messages while its mail waited" : ""
        return
            "\(Words.count(excursion.newADay, "new recipient")) within a day, \(Words.count(excursion.newAnHour)) within an hour; never more than \(Words.count(habits.newADay)) and \(Words.count(habits.newAnHour)) before\(waiting)"
    }
}
