// CT and PT: how many messages of a window the content filter flags, and which share of them.

import MailTypes

/// CT: more than so many flagged messages in a window.
///
/// *Source.* The count threshold with which the paper on SPOT compares itself (TDSC 9(2), 2012): a machine is taken over where a
/// time window holds more than C_s flagged messages; C_s = 30, one hour [from memory of the paper; the reported 81 found, 79 of
/// them rightly, 53 missed, are to be verified]. The paper cuts time into windows of a fixed length, and so does this; the
/// alarm comes with the message that passes the bound, not at the window's end, which favours CT.
///
/// *Known weaknesses.* Whoever sends slower is never seen: 30 an hour is 720 flagged messages a day. A newsletter that the
/// filter dislikes counts once a copy.
public struct SpamCountThreshold: Baseline {
    /// CT.
    public let name = "CT"
    /// C_s: most flagged messages in a window.
    public let flaggedMax: Double
    /// The window.
    public let window: CountWindow
    /// By subscriber.
    private var counts: [WindowCount]

    /// The paper's settings, unless told otherwise.
    public init(
        flaggedMax: Double = 30, window: CountWindow = CountWindow(hours: 1, isSliding: false), subscribers: Int
    ) {
        self.flaggedMax = flaggedMax
        self.window = window
        counts = Array(repeating: WindowCount(), count: subscribers)
    }

    /// `C_s`.
    public var parameterName: String { "C_s" }

    /// The flagged messages in the window.
    public var parameters: BaselineParameters { .threshold(flaggedMax, atMost: .infinity) }

    /// The same with another C_s.
    public func tuned(to parameter: Double) -> SpamCountThreshold {
        SpamCountThreshold(flaggedMax: parameter, window: window, subscribers: counts.count)
    }

    /// Counts flagged messages; one without an answer of the filter counts as not flagged.
    public mutating func measure(_ message: BaselineMessage, _ report: (Int, Double) -> Void) {
        guard message.isSpamFlagged == true else { return }
        report(0, Double(counts[Int(message.subscriber)].add(1, at: message.at, in: window)))
    }
}

/// PT: a window of enough messages, of which more than such a share is flagged.
///
/// *Source.* The percentage threshold of the same paper: at least C_a = 6 messages in the window and a share above P = 50 %
/// [from memory; the reported 84 found, 83 of them rightly, 49 missed, are to be verified]. Fixed windows as for CT, and
/// judged at every message from the sixth on, where the paper judges at the window's end: this finds sooner what the paper
/// finds, and alarms for windows that would have ended below the share.
///
/// *Known weaknesses.* Slow senders have no window of six messages. Copies of one text count as many observations. The share
/// can't be raised above 1: a subscriber whose newsletter is wholly flagged can't be tuned away.
public struct SpamShareThreshold: Baseline {
    /// PT.
    public let name = "PT"
    /// P: the largest share of flagged messages that passes.
    public let shareMax: Double
    /// C_a: the messages that a window must hold to be judged.
    public let messagesMin: Int64
    /// The window.
    public let window: CountWindow
    /// Flagged messages by subscriber.
    private var flagged: [WindowCount]
    /// All messages by subscriber.
    private var all: [WindowCount]

    /// The paper's settings, unless told otherwise.
    public init(
        shareMax: Double = 0.5, messagesMin: Int64 = 6, window: CountWindow = CountWindow(hours: 1, isSliding: false),
        subscribers: Int
    ) {
        self.shareMax = shareMax
        self.messagesMin = messagesMin
        self.window = window
        flagged = Array(repeating: WindowCount(), count: subscribers)
        all = flagged
    }

    /// `P`.
    public var parameterName: String { "P" }

    /// The share of flagged messages. Above 1 there is nothing.
    public var parameters: BaselineParameters { .threshold(shareMax, atMost: 1.0.nextDown) }

    /// The same with another share.
    public func tuned(to parameter: Double) -> SpamShareThreshold {
        SpamShareThreshold(shareMax: parameter, messagesMin: messagesMin, window: window, subscribers: all.count)
    }

    /// Counts messages with an answer of the filter.
    public mutating func measure(_ message: BaselineMessage, _ report: (Int, Double) -> Void) {
        guard let isFlagged = message.isSpamFlagged else { return }
        let place = Int(message.subscriber)
        let spam = flagged[place].add(isFlagged ? 1 : 0, at: message.at, in: window)
        let messages = all[place].add(1, at: message.at, in: window)
        if messages >= messagesMin { report(0, Double(spam) / Double(messages)) }
    }
}
