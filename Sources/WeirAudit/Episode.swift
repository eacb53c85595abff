// One account's suspicious time: from the first message of a score that came to a rung, to its last message to a stranger.

import MailTypes
import WeirEngine

/// When an account would first have been stopped in its suspicious time.
public struct Catch: Hashable, Sendable {
    /// The rule: a limit's, or the ladder's.
    public var rule: String
    /// When.
    public var at: Timestamp
    /// Messages that it had sent since the episode began.
    public var messagesBefore: Int
    /// Recipients that it had written to since the episode began.
    public var recipientsBefore: Int
}

/// The suspicious time of an account.
public struct Episode: Hashable, Sendable {
    /// Hours told one by one; what comes later counts in the totals alone.
    public static let hoursMax = 24 * 31

    /// Some messages.
    private struct Stretch: Hashable, Sendable {
        /// The hour of each, in hours since 1970, and how many.
        var hours: [(hour: Int64, messages: Int)] { zip(numbers, counts).map { ($0, $1) } }
        /// The hours' numbers.
        var numbers: [Int64] = []
        /// Messages in each.
        var counts: [Int] = []
        /// Messages.
        var messages = 0
        /// Their recipients.
        var recipients = 0

        /// Adds a message.
        mutating func add(_ count: Int, in hour: Int64) {
            messages += 1
            recipients += count
            if numbers.last == hour {
                counts[counts.count - 1] += 1
            } else if numbers.count < Episode.hoursMax {
                numbers.append(hour)
                counts.append(1)
            }
        }
    }

    /// The first message.
    public private(set) var from: Timestamp
    /// The last message.
    public private(set) var until: Timestamp
    /// Messages.
    public private(set) var messages = 0
    /// Their recipients.
    public private(set) var recipients = 0
    /// The first message that a limit would have stopped; nil where none would.
    public private(set) var limit: Catch?
    /// The first message after which the ladder would have held mail; nil where it would not.
    public private(set) var ladder: Catch?
    /// The hour at which `hours` begins, in hours since 1970.
    public private(set) var firstHour: Int64
    /// Messages in each hour.
    public private(set) var hours: [Int] = []
    /// What came after the last message to a stranger: the owner's own mail, if no more strangers follow.
    private var tail = Stretch()

    /// An episode that begins at a moment.
    init(at time: Timestamp) {
        from = time
        until = time
        firstHour = time.seconds / 3600
    }

    /// Adds a message to so many recipients, with a stranger among them or not, and the limit that would have stopped it.
    mutating func add(_ count: Int, hasStranger: Bool, limit rule: String?, at time: Timestamp) {
        if let rule, limit == nil { limit = caught(rule, at: time) }
        tail.add(count, in: time.seconds / 3600)
        // A thief who writes to the owner's contacts has no strangers: until there is one, all counts.
        guard hasStranger || messages == 0 || until == from else { return }
        take(tail, until: time)
        tail = Stretch()
    }

    /// The ladder would hold mail from now on.
    mutating func hold(_ rung: Rung, at time: Timestamp) {
        if ladder == nil { ladder = caught("ladder/\(rung)", at: time) }
    }

    /// Goes on with a later time that is as suspicious.
    mutating func append(_ later: Episode) {
        var stretch = Stretch()
        for (index, count) in later.hours.enumerated() where count > 0 {
            stretch.numbers.append(later.firstHour + Int64(index))
            stretch.counts.append(count)
        }
        stretch.messages = later.messages
        stretch.recipients = later.recipients
        let (messagesBefore, recipientsBefore) = (messages, recipients)
        take(stretch, until: later.until)
        func moved(_ given: Catch?) -> Catch? {
            given.map {
                Catch(
                    rule: $0.rule, at: $0.at, messagesBefore: $0.messagesBefore + messagesBefore,
                    recipientsBefore: $0.recipientsBefore + recipientsBefore)
            }
        }
        limit = limit ?? moved(later.limit)
        ladder = ladder ?? moved(later.ladder)
        tail = later.tail
    }

    /// What it would have been stopped by now.
    private func caught(_ rule: String, at time: Timestamp) -> Catch {
        Catch(
            rule: rule, at: time, messagesBefore: messages + tail.messages,
            recipientsBefore: recipients + tail.recipients)
    }

    /// Takes in messages.
    private mutating func take(_ stretch: Stretch, until time: Timestamp) {
        messages += stretch.messages
        recipients += stretch.recipients
        until = time
        for (hour, count) in stretch.hours {
            let place = Int(hour - firstHour)
            guard place >= 0, place < Episode.hoursMax else { continue }
            while hours.count <= place { hours.append(0) }
            hours[place] += count
        }
    }
}
