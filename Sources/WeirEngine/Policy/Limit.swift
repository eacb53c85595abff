// One line of a plan: how much of what in which time, and what happens beyond it.

import MailTypes

/// What a limit counts.
public enum Dimension: UInt8, Sendable, CaseIterable, CustomStringConvertible {
    /// Messages.
    case messages = 1
    /// Recipients, each message counting all of its own.
    case recipients
    /// Bytes of mail data.
    case bytes
    /// Messages with the null reverse-path: bounces and other reports (RFC 5321 §4.5.5).
    case nullSenderMessages
    /// Recipients that do not exist: 5.1.1, 5.1.2, 5.1.10.
    case deadRecipients
    /// Different recipients.
    case distinctRecipients
    /// Different recipient domains.
    case distinctDomains
    /// Recipients never written to before.
    case newRecipients
    /// Different reverse-paths.
    case distinctReversePaths

    /// The words of a limit's line: `300 recipients per hour`, `40 new recipients per day`.
    public var description: String {
        switch self {
        case .messages: "messages"
        case .recipients: "recipients"
        case .bytes: "bytes"
        case .nullSenderMessages: "null-sender messages"
        case .deadRecipients: "dead recipients"
        case .distinctRecipients: "distinct recipients"
        case .distinctDomains: "distinct domains"
        case .newRecipients: "new recipients"
        case .distinctReversePaths: "distinct reverse-paths"
        }
    }

    /// True where a sliding window of distinct keys counts, false where a token bucket does.
    public var countsDistinct: Bool { self >= .distinctRecipients }

    /// Evaluation order.
    static func >= (a: Dimension, b: Dimension) -> Bool { a.rawValue >= b.rawValue }
}

/// What a limit does with a message that it has no room for.
public enum LimitAction: UInt8, Sendable, CaseIterable, CustomStringConvertible {
    /// Keep it in the hold queue.
    case hold = 1
    /// Refuse for now, 4xx: for mail servers, which try again.
    case `defer`
    /// Refuse, 5xx.
    case reject

    /// `hold`, `defer`, `reject`.
    public var description: String {
        switch self {
        case .hold: "hold"
        case .defer: "defer"
        case .reject: "reject"
        }
    }
}

/// One limit of a plan: `300 recipients per hour, burst 60`.
public struct Limit: Hashable, Sendable {
    /// The name within the plan, `recipients-1h`; counters follow it through a change of policy.
    public var name: String
    /// What is counted.
    public var dimension: Dimension
    /// How much per period.
    public var amount: Int64
    /// The period in seconds.
    public var periodSeconds: Int64
    /// How much at once: the depth of the bucket. For distinct dimensions it equals `amount`.
    public var burst: Int64
    /// What happens beyond it.
    public var action: LimitAction
    /// True where the action is taken, false where it is only counted.
    public var isEnforced: Bool

    /// A limit. `burst` nil means the whole amount at once.
    public init(
        name: String? = nil, _ amount: Int64, _ dimension: Dimension, perSeconds: Int64, burst: Int64? = nil,
        action: LimitAction = .hold, isEnforced: Bool = false
    ) {
        self.name = name ?? Limit.defaultName(dimension, perSeconds: perSeconds)
        self.dimension = dimension
        self.amount = amount
        periodSeconds = perSeconds
        self.burst = dimension.countsDistinct ? amount : burst ?? amount
        self.action = action
        self.isEnforced = isEnforced
    }

    /// `recipients-1h`, `new-recipients-1d`.
    public static func defaultName(_ dimension: Dimension, perSeconds: Int64) -> String {
        let words = dimension.description.split(separator: " ").joined(separator: "-")
        return "\(words)-\(shortPeriod(perSeconds))"
    }

    /// `1h`, `15m`, `1d`, `90s`.
    public static func shortPeriod(_ seconds: Int64) -> String {
        if seconds % 86_400 == 0 { return "\(seconds / 86_400)d" }
        if seconds % 3600 == 0 { return "\(seconds / 3600)h" }
        return seconds % 60 == 0 ? "\(seconds / 60)m" : "\(seconds)s"
    }

    /// `hour`, `day`, `15 minutes`: the period as a line of a plan says it.
    public static func longPeriod(_ seconds: Int64) -> String {
        for (unit, word) in [(Int64(86_400), "day"), (3600, "hour"), (60, "minute"), (1, "second")]
        where seconds % unit == 0 {
            return seconds == unit ? word : "\(seconds / unit) \(word)s"
        }
        return "\(seconds) seconds"
    }

    /// The line as a person writes it: `300 recipients per hour, burst 60`.
    public var line: String {
        let start = "\(amount) \(dimension) per \(Limit.longPeriod(periodSeconds))"
        return burst == amount ? start : "\(start), burst \(burst)"
    }

    /// The symbol of a finding by this limit: `RECIPIENTS_1H`.
    public var symbol: String {
        String(
            decoding: name.utf8.map {
                $0 == UInt8(ascii: "-") ? UInt8(ascii: "_") : ($0 >= 97 && $0 <= 122 ? $0 - 32 : $0)
            }, as: UTF8.self)
    }

    /// The emission interval in nanoseconds, rounded up, so that rounding never lets more through than the line says.
    public var intervalNanoseconds: Int64 {
        let period = periodSeconds * 1_000_000_000
        return period / amount + (period % amount == 0 ? 0 : 1)
    }

    /// The most that can pass in any stretch of so many seconds: burst and what flows in meanwhile. For a distinct
    /// dimension, `amount` for each period begun.
    public func maximum(inSeconds seconds: Int64) -> Int64 {
        dimension.countsDistinct
            ? amount * ((seconds + periodSeconds - 1) / periodSeconds)
            : burst + seconds * 1_000_000_000 / intervalNanoseconds
    }

    /// Why the limit can't be used, in words; nil where it can.
    public var fault: String? {
        if amount < 1 { return "the amount must be at least 1" }
        if periodSeconds < 1 || periodSeconds > Limit.periodSecondsMax {
            return "the period must be 1 second to 366 days"
        }
        if burst < 1 { return "a burst below 1 would let no message pass, ever" }
        let (span, overflow) = intervalNanoseconds.multipliedReportingOverflow(by: burst)
        if overflow || span > 100 * 366 * 86_400 * 1_000_000_000 {
            return "burst \(burst) at this rate would take over a hundred years to refill"
        }
        return nil
    }

    /// The longest period.
    public static let periodSecondsMax: Int64 = 366 * 86_400
}

// MARK: - Storage

extension Limit {
    /// Writes the limit.
    func encode(_ out: inout ByteWriter) {
        out.string(name)
        out.byte(dimension.rawValue)
        out.signed(amount)
        out.signed(periodSeconds)
        out.signed(burst)
        out.byte(action.rawValue)
        out.bool(isEnforced)
    }

    /// Reads a limit and checks it.
    init(_ input: inout ByteReader) throws(CodecError) {
        let name = try input.string()
        let dimension = try input.enumeration(Dimension.self)
        let amount = try input.signed()
        let period = try input.signed()
        let burst = try input.signed()
        let action = try input.enumeration(LimitAction.self)
        let isEnforced = try input.bool()
        self.init(
            name: name, amount, dimension, perSeconds: period, burst: burst, action: action, isEnforced: isEnforced)
        if let fault { throw CodecError(place: input.place, expected: "a usable limit: \(fault)") }
    }
}
