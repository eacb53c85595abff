// How long an account has looked wrong: from the first suspicious window, hour by hour.

import MailTypes

/// When a limit would first have stopped an account in its suspicious windows.
public struct Catch: Hashable, Sendable {
    /// The rule.
    public var rule: String
    /// When.
    public var at: Timestamp
    /// Recipients that it had written to since the episode began.
    public var recipientsBefore: Int
}

/// The hours of an account in its suspicious windows.
public struct Episode: Hashable, Sendable {
    /// Hours told one by one; what comes later counts in the totals alone.
    public static let hoursMax = 24 * 31

    /// The first message.
    public private(set) var from: Timestamp
    /// The last message.
    public private(set) var until: Timestamp
    /// Windows in which it looked wrong.
    public private(set) var windows = 0
    /// Messages in these windows.
    public private(set) var messages = 0
    /// Their recipients.
    public private(set) var recipients = 0
    /// The first message that a limit would have stopped; nil where none would.
    public private(set) var caught: Catch?
    /// The hour at which `hours` begins, in hours since 1970.
    public private(set) var firstHour: Int64
    /// Messages in each hour, 0 between the windows.
    public private(set) var hours: [Int] = []
    /// The last hour that was counted.
    private var lastHour: Int64
    /// Recipients of the account before it began.
    private let recipientsEarlier: Int
    /// The most new recipients that a window had before it began.
    private let newRecipientsMax: Int

    /// An episode begins with a window, whose hours a picture holds.
    init(_ window: WindowTally, _ picture: Picture, _ usual: Baseline) {
        from = window.firstAt
        until = window.lastAt
        firstHour = window.firstAt.seconds / 3600
        lastHour = firstHour - 1
        recipientsEarlier = window.recipientsEarlier
        newRecipientsMax = usual.newRecipientsMax
        add(window, picture)
    }

    /// True where a window goes on like those before: by its ledger, or because it writes to twice as many strangers as the
    /// account ever had before the episode. By then the thief's networks and numbers have become usual, and say nothing.
    func goesOn(with window: WindowTally, _ suspicion: Suspicion) -> Bool {
        suspicion.isNamed || suspicion.isNoted || window.newRecipients >= 2 * max(10, newRecipientsMax)
    }

    /// Adds a window.
    mutating func add(_ window: WindowTally, _ picture: Picture) {
        until = max(until, window.lastAt)
        windows += 1
        if window.stopped > 0, caught == nil {
            caught = Catch(
                rule: window.firstRule, at: window.firstStopAt,
                recipientsBefore: max(0, window.recipientsEarlier + window.recipientsBeforeStop - recipientsEarlier))
        }
        for (index, count) in picture.messages.enumerated() {
            let hour = picture.firstHour + Int64(index)
            guard hour > lastHour, hour >= window.firstAt.seconds / 3600, hour <= window.lastAt.seconds / 3600 else {
                continue
            }
            messages += count
            recipients += picture.recipients[index]
            let place = Int(hour - firstHour)
            if place < Episode.hoursMax {
                while hours.count <= place { hours.append(0) }
                hours[place] = count
            }
            lastHour = hour
        }
    }
}
