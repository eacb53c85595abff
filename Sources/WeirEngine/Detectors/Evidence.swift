// The evidence of a take-over: nine groups, three ways of being taken over, a number of nats for each.

import MailTypes

/// A group of evidence. Within a group observations repeat each other; between groups they come from different causes.
public enum EvidenceGroup: UInt8, Sendable, CaseIterable, CustomStringConvertible {
    /// What a classifier says of the text.
    case content = 0
    /// Recipients never written to before.
    case recipients
    /// From where, with what program, under what names.
    case identity
    /// Hours and spacing.
    case regularity
    /// Recipients that do not exist.
    case deadRecipients
    /// New recipients an hour and a day, beside the subscriber's own.
    case rate
    /// The same text from others who look taken over.
    case campaign
    /// What receivers say of the mail.
    case reputation
    /// What people complain of.
    case complaints

    /// Groups that every message adds to; the others are states, computed anew each time.
    static let accumulated = 4

    /// `content`, …
    public var description: String {
        switch self {
        case .content: "content"
        case .recipients: "recipients"
        case .identity: "identity"
        case .regularity: "regularity"
        case .deadRecipients: "dead-recipients"
        case .rate: "rate"
        case .campaign: "campaign"
        case .reputation: "reputation"
        case .complaints: "complaints"
        }
    }

    /// The symbol of the group's line in a ledger.
    public var symbol: String {
        switch self {
        case .content: "CONTENT"
        case .recipients: "NEW_RECIPIENTS"
        case .identity: "IDENTITY_CHANGE"
        case .regularity: "REGULARITY"
        case .deadRecipients: "DEAD_RECIPIENTS"
        case .rate: "UNUSUAL_RATE"
        case .campaign: "CAMPAIGN"
        case .reputation: "REFUSED_AS_SPAM"
        case .complaints: "COMPLAINTS"
        }
    }

    /// True where the group's word comes from elsewhere than the one message: from receivers, from other subscribers, from
    /// the place of login. Containment needs one of these, or two campaigns.
    var isFromOutside: Bool {
        switch self {
        case .identity, .deadRecipients, .campaign, .reputation, .complaints: true
        case .content, .recipients, .regularity, .rate: false
        }
    }
}

/// How a subscriber may have been taken over. Each way is followed by a score of its own: familiar recipients must not cancel
/// a foreign login, nor a familiar machine a list of strangers (methods.md 8b.6).
public enum TakeOver: UInt8, Sendable, CaseIterable, CustomStringConvertible {
    /// A program on the owner's own machine or line sends.
    case machine = 0
    /// Somebody uses the password from elsewhere and writes to strangers.
    case strangers
    /// Somebody uses the password from elsewhere and writes to the owner's contacts.
    case contacts

    /// `machine`, …
    public var description: String {
        switch self {
        case .machine: "own machine"
        case .strangers: "stolen password, to strangers"
        case .contacts: "stolen password, to the owner's contacts"
        }
    }
}

/// A number for each way of being taken over, in the order of `TakeOver`; the fourth lane is not used.
typealias PerTakeOver = SIMD4<Float>

extension PerTakeOver {
    /// The same for all.
    static func all(_ value: Float) -> PerTakeOver { PerTakeOver(value, value, value, 0) }

    /// The highest of the three.
    var most: Float { Swift.max(self[0], Swift.max(self[1], self[2])) }

    /// The lane of the highest.
    var leading: Int { self[0] >= self[1] && self[0] >= self[2] ? 0 : self[1] >= self[2] ? 1 : 2 }
}

/// What detectors need of a message, gathered once.
struct MessageFacts: Sendable {
    /// Engine time.
    var at: Int64
    /// Days since 1970 by the clock, UTC.
    var day: Int32
    /// Which of the day's eight parts it came in, UTC: 0 to 7.
    var part: Int
    /// Accepted recipients.
    var recipients: Int
    /// Of these, never written to before; nil where recipients are not known one by one.
    var newRecipients: Int?
    /// Whose words it carries.
    var handling: Content.Handling
    /// The classifier's evidence in nats; nil where there is none.
    var content: Float?
    /// The mail program's style; 0 where it is not known.
    var style: UInt32
    /// The client's network; 0 where it is not known.
    var network: UInt32
    /// Where that network is; nil where it is not known.
    var origin: Origin?
    /// The HELO name; 0 where it is not known.
    var helo: UInt32
    /// The reverse-path; 0 for the null reverse-path.
    var reversePath: UInt32
    /// True for a subscriber known by a login.
    var isLogin: Bool
    /// True where the subscriber's mail was held already when it came.
    var isWaiting = false
    /// The tight near-duplicate group; 0 where it is in none.
    var tight: UInt32
    /// What is known of its campaign.
    var campaign: CampaignFacts

    /// How many nanoseconds a day has.
    static let dayNanoseconds: Int64 = 86_400_000_000_000
}

/// What detectors need of a campaign.
struct CampaignFacts: Sendable {
    /// The campaign; 0 for none.
    var loose: UInt32 = 0
    /// Both counts below, at most 65,535 each.
    private var counts = SmallCounts<2>()
    /// Other subscribers in it that looked suspicious by other evidence when they sent it.
    var suspects: Int {
        get { Int(counts[0]) }
        set { counts[0] = Float(newValue) }
    }
    /// Other subscribers in it that are contained.
    var contained: Int {
        get { Int(counts[1]) }
        set { counts[1] = Float(newValue) }
    }
    /// True where its first sender is an innocent one of long standing: copies of a newsletter accuse nobody.
    var hasInnocentFounder = false

    /// A campaign of which nothing else is known yet.
    init(loose: UInt32 = 0) { self.loose = loose }
}
