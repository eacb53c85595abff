// A behaviour worth noticing, as the engine asks it.

import MailTypes

/// Tells how much likelier a message, or what became of the messages so far, is from a subscriber who was taken over than from
/// the same subscriber on any other day.
///
/// A detector's memory is its part of `Habits` (what is usual, learned late) and of `Excursion` (what happened since it last
/// was): both are of fixed size, owned by the engine and kept in snapshots, so that all detectors together have one bound a
/// subscriber (Docs/decisions/0004-one-memory-for-all-detectors.md).
protocol Detector: Sendable {
    /// The group that it speaks for.
    static var group: EvidenceGroup { get }
    /// Who is caught by it, and which innocent behaviour looks the same: for the table of Docs/detectors.md.
    static var catches: String { get }
    static var innocent: String { get }
    /// What it can add at most to a score, in nats.
    static var most: Float { get }

    /// What a message adds to each score, in nats; for the groups that are states, what they come to now. `excursion` has the
    /// message counted already.
    static func examine(_ message: MessageFacts, _ habits: Habits, _ excursion: inout Excursion) -> PerTakeOver

    /// The line of the ledger in words, with its counts.
    static func why(_ habits: Habits, _ excursion: Excursion) -> String
}

/// The detectors, in the order of `EvidenceGroup`.
enum Detectors {
    /// All of them.
    static let builtIn: [any Detector.Type] = [
        ContentDetector.self,
        RecipientsDetector.self,
        IdentityDetector.self,
        RegularityDetector.self,
        DeadRecipientsDetector.self,
        RateDetector.self,
        CampaignDetector.self,
        ReputationDetector.self,
        ComplaintsDetector.self,
    ]
}

/// Words for counts that decay.
enum Words {
    /// A decayed count as a whole number, never 0 for what was there.
    static func count(_ value: Float) -> Int { value <= 0 ? 0 : max(1, Int(value.rounded())) }

    /// A count and its noun: `1 message`, `3 messages`.
    static func count(_ value: Float, _ noun: String, plural: String? = nil) -> String {
        let number = count(value)
        return "\(number) \(number == 1 ? noun : plural ?? noun + "s")"
    }
}
