// Hours and spacing.
//
// Abuse: a program that sends at the hour when its owner sleeps, at even distances. Innocent and alike: a cron job that has always
// done so (its hours are its habit), a night shift, a journey to another time zone. Weak on purpose.

import MailTypes

/// Evidence of unusual hours.
enum RegularityDetector: Detector {
    static let group = EvidenceGroup.regularity
    static let catches = "programs that send while the owner sleeps, or like a clock"
    static let innocent = "night shifts, journeys, cron jobs"
    static let most: Float = 2

    /// Messages learned before hours say anything.
    private static let learnedMin: Float = 20

    static func examine(_ message: MessageFacts, _ habits: Habits, _ excursion: inout Excursion) -> PerTakeOver {
        var total: Float = 0
        for part in 0..<8 { total += habits.parts[part] }
        var nats: Float = 0
        if total >= learnedMin {
            let share = (habits.parts[message.part] + 0.5) / (total + 4)
            nats = Float(NaturalLogarithm.of(Double(0.125 / share))).clipped(
                isElsewhereToStrangers(message, habits) ? 0 : -0.3, 1)
        }
        if excursion.isEven { nats += 0.3 }
        return .all(nats)
    }

    /// True for a login used from a network never used before to write to strangers alone: thieves take care to keep the owner's
    /// hours, so that a usual hour excuses nobody there.
    private static func isElsewhereToStrangers(_ message: MessageFacts, _ habits: Habits) -> Bool {
        message.newRecipients == message.recipients && message.isLogin && message.network != 0
            && habits.networks.knowsAny(on: habits.day)
            && !habits.networks.knows(message.network, on: habits.day)
    }

    static func why(_ habits: Habits, _ excursion: Excursion) -> String {
        excursion.isEven
            ? "sent at even distances, like a program" : "sent at hours at which it hardly ever sends"
    }
}
