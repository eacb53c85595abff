// What one subscriber did in one window of a day.

import MailTypes

/// Counts of a subscriber within 24 hours, and the marks of its first and worst moments.
public struct WindowTally: Hashable, Sendable {
    /// The length of a window in seconds.
    public static let seconds: Int64 = 86_400
    /// Dead recipients remembered of a window; beyond it one that is written to again counts again.
    static let deadMax = 256
    /// Client networks counted of a window; where there are so many, there may be more.
    public static let networksMax = 128

    /// The window's number: seconds since 1970, less the phase, divided by the length.
    var number: Int64 = .min
    /// The first message.
    public var firstAt = Timestamp(nanoseconds: 0)
    /// The last message.
    public var lastAt = Timestamp(nanoseconds: 0)
    /// Messages.
    public var messages = 0
    /// Their recipients.
    public var recipients = 0
    /// Recipients not written to before, as far as the log goes back.
    public var newRecipients = 0
    /// Deliveries that ended for good, and refusals as spam for now; further ones to a dead recipient left out.
    public var results = 0
    /// Recipients of which a result said that they do not exist (5.1.1, 5.1.2, 5.1.10).
    public var dead = 0
    /// Results in which a receiver said spam, policy or reputation.
    public var refused = 0
    /// Client networks (IPv4 /24, IPv6 /48) from which no earlier message came.
    public var newNetworks = 0
    /// New recipients that were written to from these.
    public var newRecipientsAway = 0
    /// Client networks of this window.
    public var networks = 0
    /// Messages that a limit would have stopped.
    public var stopped = 0
    /// The rule that stopped the first of them.
    public var firstRule = ""
    /// When.
    public var firstStopAt = Timestamp(nanoseconds: 0)
    /// Recipients of this window written to before that.
    public var recipientsBeforeStop = 0
    /// Recipients of the account before the window.
    var recipientsEarlier = 0
    /// The networks seen in this window.
    var seen: [UInt64] = []
    /// Dead recipients seen in this window.
    var deadSeen: [UInt64] = []

    /// The networks' number with one more.
    mutating func note(network: UInt64, isKnown: Bool) {
        guard seen.count < WindowTally.networksMax, !seen.contains(network) else { return }
        seen.append(network)
        networks += 1
        if !isKnown { newNetworks += 1 }
    }
}
