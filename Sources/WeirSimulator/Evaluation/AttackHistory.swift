// Where each subscriber stands at a moment: not yet judged, honest, attacked, or after an attack.

import MailTypes

/// The truth of a run as it unfolds, kept beside the methods that are judged by it.
///
/// The first weeks of a run are not judged with the rest: everybody is new in them at once, as never happens at a real provider.
struct AttackHistory: Sendable {
    /// Where a subscriber stands.
    enum Stand: Hashable, Sendable {
        /// Honest, in the first weeks.
        case warmingUp
        /// Honest so far.
        case honest
        /// From an attack's first message on; the number of the episode.
        case attacked(Int)
        /// After an attack.
        case aftermath
    }

    /// An attack as its messages tell.
    struct Attack: Sendable {
        /// The subscriber; -1 where no message was seen.
        var subscriber: Int32 = -1
        /// The first message.
        var firstAt: Int64 = 0
        /// The latest message.
        var lastAt: Int64 = 0
        /// Messages.
        var messages = 0
        /// Their recipients.
        var recipients = 0
    }

    /// How long after an attack's last message an alarm is still right: results come late.
    static let graceNanoseconds: Int64 = 86_400_000_000_000

    /// The end of the first weeks.
    let judgedFrom: Int64
    /// By subscriber: the latest attack; -1 for none.
    private(set) var latest: [Int32]
    /// By subscriber: the first message of the first attack.
    private(set) var attackedFrom: [Int64]
    /// By episode.
    private(set) var attacks: [Attack] = []

    /// A history of nobody attacked.
    init(subscribers: Int, judgedFrom: Int64) {
        self.judgedFrom = judgedFrom
        latest = Array(repeating: -1, count: subscribers)
        attackedFrom = Array(repeating: .max, count: subscribers)
    }

    /// Notes that a message is about to be sent.
    mutating func begin(_ message: SimulatedMessage) {
        guard let episode = message.truth.episode else { return }
        while attacks.count <= episode { attacks.append(Attack()) }
        let at = message.at.nanoseconds
        let subscriber = message.truth.subscriber
        if attacks[episode].subscriber < 0 {
            attacks[episode].subscriber = Int32(subscriber)
            attacks[episode].firstAt = at
            latest[subscriber] = Int32(episode)
            attackedFrom[subscriber] = min(attackedFrom[subscriber], at)
        }
        attacks[episode].lastAt = at
    }

    /// Counts a message that was sent.
    mutating func finish(_ message: SimulatedMessage) {
        guard let episode = message.truth.episode else { return }
        attacks[episode].messages += 1
        attacks[episode].recipients += message.transaction.envelope.recipientCount
    }

    /// Where a subscriber stands, with the simulation's episodes as they are now.
    func stand(of subscriber: Int, at: Int64, _ episodes: [Episode]) -> Stand {
        let episode = Int(latest[subscriber])
        guard episode >= 0 else { return at < judgedFrom ? .warmingUp : .honest }
        if !episodes[episode].isOver || at - attacks[episode].lastAt <= AttackHistory.graceNanoseconds {
            return .attacked(episode)
        }
        return .aftermath
    }

    /// True for an attack that began in the first weeks.
    func isEarly(_ episode: Int) -> Bool { attacks[episode].firstAt < judgedFrom }

    /// All that an attack sent.
    func whole(_ episode: Int) -> Leak {
        let attack = attacks[episode]
        return Leak(
            messages: attack.messages, recipients: attack.recipients, nanoseconds: attack.lastAt - attack.firstAt)
    }

    /// What an attack would have sent before a moment, had nobody stopped it.
    func sent(_ episode: Int, at: Int64) -> Leak {
        let attack = attacks[episode]
        return Leak(
            messages: attack.messages, recipients: attack.recipients, nanoseconds: max(0, at - attack.firstAt))
    }

    /// Honest time of a subscriber between two moments, in years.
    func years(_ subscriber: Int, from: Int64, until: Int64) -> Double {
        Double(max(0, min(until, attackedFrom[subscriber]) - from)) / Simulation.year
    }
}
