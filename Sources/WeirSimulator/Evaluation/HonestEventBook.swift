// Honest events under way, and how far up the ladder each brought its subscriber.

import MailTypes
import WeirEngine

/// Follows the honest events of one run.
///
/// An event is the messages of one name from one subscriber with no more than three days between two; what happens until three
/// days after the last is put down to it.
struct HonestEventBook: Sendable {
    /// An event under way.
    private struct Open: Sendable {
        /// Its row.
        var row: EngineRecord.EventRow
        /// The latest message.
        var lastAt: Int64
        /// When the owner answered; `Int64.max` for not yet.
        var answeredAt = Int64.max
    }

    /// Days between two messages of an event, and after the last.
    static let gapNanoseconds: Int64 = 3 * 86_400_000_000_000

    /// By subscriber.
    private var open: [[Open]]

    /// A book of nothing.
    init(subscribers: Int) { open = Array(repeating: [], count: subscribers) }

    /// A message of an event.
    mutating func note(
        _ name: Int, of subscriber: Int, stratum: Int, at: Int64, isEarly: Bool, _ ended: inout [EngineRecord.EventRow]
    ) {
        if let place = open[subscriber].firstIndex(where: { $0.row.name == name }) {
            if at - open[subscriber][place].lastAt <= HonestEventBook.gapNanoseconds {
                open[subscriber][place].lastAt = at
                return
            }
            ended.append(open[subscriber][place].row)
            open[subscriber].remove(at: place)
        }
        open[subscriber].append(
            Open(row: EngineRecord.EventRow(name: name, stratum: stratum, isEarly: isEarly), lastAt: at))
    }

    /// A subscriber came to a rung.
    mutating func raise(_ subscriber: Int, to rung: Rung, at: Int64) {
        for place in open[subscriber].indices where isUnderWay(open[subscriber][place], at) {
            open[subscriber][place].row.rung = max(open[subscriber][place].row.rung, rung)
            if rung >= .held, open[subscriber][place].answeredAt <= at {
                open[subscriber][place].row.isStoppedAgain = true
            }
        }
    }

    /// The owner answered.
    mutating func answer(of subscriber: Int, at: Int64) {
        for place in open[subscriber].indices
        where isUnderWay(open[subscriber][place], at) && open[subscriber][place].row.rung >= .held {
            open[subscriber][place].row.isAnswered = true
            open[subscriber][place].answeredAt = min(open[subscriber][place].answeredAt, at)
        }
    }

    /// An event under way, the latest to have begun.
    func name(of subscriber: Int, at: Int64) -> Int? {
        open[subscriber].last { isUnderWay($0, at) }?.row.name
    }

    /// Ends all events of a subscriber.
    mutating func endAll(of subscriber: Int, _ ended: inout [EngineRecord.EventRow]) {
        for event in open[subscriber] { ended.append(event.row) }
        open[subscriber] = []
    }

    /// True while an event lasts, and for three days after.
    private func isUnderWay(_ event: Open, _ at: Int64) -> Bool {
        at - event.lastAt <= HonestEventBook.gapNanoseconds
    }
}
