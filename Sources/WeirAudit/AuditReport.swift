// What an audit found, as values: terminal, page and JSON are views of it.

import MailTypes
import WeirEngine

/// The findings of an audit.
public struct AuditReport: Hashable, Sendable {
    /// The first and the last moment of what was read; nil where nothing was.
    public var span: ClosedRange<Timestamp>?
    /// What was counted.
    public var volumes = Volumes()
    /// Accounts that look stolen, the most certain first.
    public var stolen: [AccountFinding] = []
    /// Accounts worth a look, in the same order.
    public var noted: [AccountFinding] = []
    /// Honest-looking senders that a limit would have stopped, the most stopped first.
    public var touched: [AccountFinding] = []
    /// Honest-looking senders near a limit, the nearest first.
    public var near: [NearLimit] = []
    /// What each rule of the policy would have done.
    public var rules: [RuleFinding] = []
    /// Limits that the log's own quantiles suggest.
    public var suggestions: [SuggestedLimit] = []
    /// Logins used from most networks in a day.
    public var travellers: [Traveller] = []
    /// Accounts by the share of their results that told of a recipient that does not exist, the highest first.
    public var deadRates: [DeadRate] = []
    /// Totals of single subscribers, those with most recipients first: at most `Volumes.subscribersMax`.
    public var subscribers: [SubscriberTotals] = []
    /// Messages, stopped ones apart, by hour of the log: at most `Volumes.hoursMax` columns.
    public var hours: [HourColumn] = []

    /// A report of nothing.
    public init() {}
}

/// Totals of an audit.
public struct Volumes: Hashable, Sendable {
    /// Messages of subscribers.
    public var messages = 0
    /// Their recipients.
    public var recipients = 0
    /// Their bytes, as far as the log tells.
    public var bytes = 0
    /// Subscribers that sent.
    public var subscribers = 0
    /// Messages that came from outside, and are not judged.
    public var incoming = 0
    /// Messages without any recipient that is known.
    public var incomplete = 0
    /// Messages of accounts that came when the table of accounts was full: in the totals, and not judged.
    public var unjudged = 0
    /// Recipients or messages refused at the door.
    public var refused = 0
    /// Logins that failed.
    public var loginsFailed = 0
    /// Delivery results, by outcome.
    public var delivered = 0
    /// Results that will be tried again.
    public var deferred = 0
    /// Results that are final failures.
    public var failed = 0
    /// Failures that say that the recipient does not exist.
    public var dead = 0
    /// Messages of accounts that look stolen, in their suspicious time.
    public var abusive = 0
    /// Recipients of these.
    public var abusiveRecipients = 0
    /// Messages that the policy would have stopped.
    public var stopped = 0
    /// Decisions by what would have been said had every rule been enforced: a place for each `Verdict.Kind`.
    public var verdicts = [Int](repeating: 0, count: Verdict.Kind.allCases.count)
    /// Subscribers that were not remembered because the table was full.
    public var subscribersForgotten = 0

    /// Columns of the picture over time.
    public static let hoursMax = 24 * 400
    /// Subscribers told one by one.
    public static let subscribersMax = 1000

    /// Totals of nothing.
    public init() {}

    /// Messages that the mail server accepted, its own notifications apart.
    public var received: Int { messages + incoming }

    /// The share of messages that looks like abuse, in thousandths.
    public var abusivePermille: Int { messages == 0 ? 0 : abusive * 1000 / messages }
}

/// What was found about one account.
public struct AccountFinding: Hashable, Sendable {
    /// The subscriber.
    public var subscriber: String
    /// Its plan.
    public var plan: String
    /// The worst that the ladder came to; nil for an account without a case.
    public var worst: AuditedCase?
    /// Messages in all.
    public var messages: Int
    /// Recipients in all.
    public var recipients: Int
    /// Messages that the policy would have stopped, in all.
    public var stopped: Int
    /// The first three of them.
    public var evidence: [StoppedMessage]
    /// The hours around the worst, or the latest ones.
    public var picture: Picture
    /// All its suspicious time; nil where there was none.
    public var episode: Episode?
    /// How it looks.
    public var standing: Standing { Standing(worst) }
    /// The evidence that speaks for a take-over, the strongest first.
    public var ledger: [LedgerLine] { worst?.ledger ?? [] }
    /// The worst score in thousandths of a nat; 0 without a case.
    public var score: Int { worst?.score ?? 0 }
    /// Recipients in those hours of the picture that belong to its suspicious time.
    var marked: [Int] {
        guard let episode else { return picture.recipients.map { _ in 0 } }
        let hours = (episode.from.seconds / 3600)...(episode.until.seconds / 3600)
        return picture.recipients.enumerated().map { hours.contains(picture.firstHour + Int64($0)) ? $1 : 0 }
    }
    /// When it looked worst; nil without a case.
    public var worstAt: Timestamp? { worst?.at }
}

/// A message that the policy would have stopped.
public struct StoppedMessage: Hashable, Sendable {
    /// When.
    public var at: Timestamp
    /// The mail host and its queue id.
    public var mailHost: String
    /// The queue id.
    public var queueID: String
    /// The rule.
    public var rule: String
    /// What would have been said.
    public var would: Verdict.Kind
    /// One sentence of why.
    public var why: String
}

/// The latest hours of one account.
public struct Picture: Hashable, Sendable {
    /// Hours kept.
    public static let hoursMax = 96

    /// The first hour, in hours since 1970.
    public var firstHour: Int64 = 0
    /// Messages in each hour.
    public var messages: [Int] = []
    /// Their recipients.
    public var recipients: [Int] = []
    /// Of these, in messages that would have been stopped.
    public var stopped: [Int] = []

    /// An empty picture.
    public init() {}
}

/// An honest-looking sender near a limit.
public struct NearLimit: Hashable, Sendable {
    /// The subscriber.
    public var subscriber: String
    /// The rule.
    public var rule: String
    /// The most that it used within the rule's period.
    public var most: Int
    /// What the rule allows.
    public var allowed: Int

    /// The share used, in percent.
    public var percent: Int { allowed > 0 ? most * 100 / allowed : 100 }
}

/// What a rule would have done.
public struct RuleFinding: Hashable, Sendable {
    /// `plan/limit`.
    public var rule: String
    /// The line as configured.
    public var line: String
    /// Messages that it would have stopped.
    public var messages: Int
    /// Subscribers it would have stopped at least once.
    public var subscribers: Int
    /// Of these, accounts that look stolen.
    public var stolen: Int
    /// Of the accounts that look stolen and that it would have stopped first, the median number of recipients written to
    /// before; nil where there is none.
    public var recipientsBefore: Int?
}

/// A limit that the log's own quantiles suggest.
public struct SuggestedLimit: Hashable, Sendable {
    /// The plan.
    public var plan: String
    /// What is counted.
    public var dimension: Dimension
    /// The period in seconds.
    public var periodSeconds: Int64
    /// How much.
    public var amount: Int
    /// Half of the honest-looking subscribers had at most this as their most.
    public var median: Int
    /// 99 % had at most this.
    public var high: Int
    /// The most of any of them.
    public var most: Int
    /// Honest-looking subscribers above the suggestion.
    public var touches: Int
    /// Honest-looking subscribers in all.
    public var honest: Int
    /// Accounts that look stolen above the suggestion.
    public var catches: Int
    /// Accounts that look stolen in all.
    public var stolen: Int

    /// As a line of weir.yaml: `120 recipients per hour`.
    public var line: String { "\(amount) \(dimension) per \(Limit.longPeriod(periodSeconds))" }
}

/// A login used from many networks.
public struct Traveller: Hashable, Sendable {
    /// The subscriber.
    public var subscriber: String
    /// The most networks of one day.
    public var networks: Int
    /// When that day began.
    public var at: Timestamp
    /// True where it looks stolen.
    public var isStolen: Bool
}

/// How an account looks: stolen from the rung on at which the ladder holds mail, worth a look on a lower one.
public enum Standing: UInt8, Sendable, CaseIterable, CustomStringConvertible {
    /// As most do.
    case honest = 1
    /// Worth a look.
    case noted
    /// Stolen.
    case stolen

    /// What the worst case of an account says.
    init(_ worst: AuditedCase?) {
        switch worst?.rung ?? .none {
        case .none: self = .honest
        case .observed, .slowed: self = .noted
        case .held, .contained: self = .stolen
        }
    }

    /// `honest`, `noted`, `stolen`.
    public var description: String {
        switch self {
        case .honest: "honest"
        case .noted: "noted"
        case .stolen: "stolen"
        }
    }
}

/// What one subscriber sent in all.
public struct SubscriberTotals: Hashable, Sendable {
    /// The subscriber.
    public var subscriber: String
    /// Its plan.
    public var plan: String
    /// How it looks.
    public var standing: Standing
    /// Messages.
    public var messages: Int
    /// Recipients.
    public var recipients: Int
    /// Messages that the policy would have stopped.
    public var stopped: Int
    /// Delivery results that were final.
    public var results: Int
    /// Of these, that the recipient does not exist.
    public var dead: Int
}

/// How much of an account's mail went to recipients that do not exist.
public struct DeadRate: Hashable, Sendable {
    /// The subscriber.
    public var subscriber: String
    /// Results that said so.
    public var dead: Int
    /// Results that were final.
    public var results: Int
    /// True where it looks stolen.
    public var isStolen: Bool

    /// The share, in thousandths.
    public var permille: Int { results > 0 ? dead * 1000 / results : 0 }
}

/// One hour of the log.
public struct HourColumn: Hashable, Sendable {
    /// Hours since 1970.
    public var hour: Int64
    /// Messages.
    public var messages: Int
    /// Of these, the policy would have stopped.
    public var stopped: Int
    /// Of these, messages of accounts that look stolen in their suspicious time; the stopped ones included.
    public var abusive: Int
}
