// VOL: so many recipients in so many hours, as most providers have it.

import MailTypes

/// A quota of recipients.
///
/// *Source.* The rules of providers: 500 recipients a day (Yahoo Business, Gmail) and 100 an hour, a common setting of hosts
/// (methods.md 1.7). The window slides, as the providers that say so count: "daily limits are applied over a rolling 24-hour
/// period" (thexyz.com; Exchange Online the same). `CountWindow` also has fixed windows, for a host that counts by clock hours.
/// Every recipient attempted counts, those over the quota too. Alarm above the quota.
///
/// *Known weaknesses.* It looks at nothing but volume. Month-end invoices (mailcow 176) and forwarders (5168) trip it; whoever
/// stays below the quota is never seen, however bad the mail; and the whole quota leaks before anything happens.
public struct RecipientQuota: Baseline {
    /// VOL-A or VOL-B.
    public let name: String
    /// Most recipients in the window.
    public let quota: Double
    /// The window.
    public let window: CountWindow
    /// By subscriber.
    private var counts: [WindowCount]

    /// A quota.
    public init(name: String, quota: Double, window: CountWindow, subscribers: Int) {
        self.name = name
        self.quota = quota
        self.window = window
        counts = Array(repeating: WindowCount(), count: subscribers)
    }

    /// VOL-A: 500 recipients a day.
    public static func daily(subscribers: Int) -> RecipientQuota {
        RecipientQuota(
            name: "VOL-A", quota: 500, window: CountWindow(hours: 24, isSliding: true), subscribers: subscribers)
    }

    /// VOL-B: 100 recipients an hour.
    public static func hourly(subscribers: Int) -> RecipientQuota {
        RecipientQuota(
            name: "VOL-B", quota: 100, window: CountWindow(hours: 1, isSliding: true), subscribers: subscribers)
    }

    /// `quota`.
    public var parameterName: String { "quota" }

    /// The recipients in the window. No quota is too large to have a meaning.
    public var parameters: BaselineParameters { .threshold(quota, atMost: .infinity) }

    /// The same with another quota.
    public func tuned(to parameter: Double) -> RecipientQuota {
        RecipientQuota(name: name, quota: parameter, window: window, subscribers: counts.count)
    }

    /// Counts the recipients.
    public mutating func measure(_ message: BaselineMessage, _ report: (Int, Double) -> Void) {
        let place = Int(message.subscriber)
        report(0, Double(counts[place].add(message.recipients, at: message.at, in: window)))
    }
}
