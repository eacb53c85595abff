// What the commands and the running daemon say to each other over the control socket: one JSON object a line each way.

import Foundation
import MailTypes
import WeirEngine

/// A request of a command.
public struct ControlRequest: Codable, Sendable {
    /// What is asked.
    public enum Verb: String, Codable, Sendable {
        /// The daemon at a glance.
        case status
        /// Subscribers, the fullest first.
        case subscriberList = "subscriber-list"
        /// One subscriber.
        case subscriberShow = "subscriber-show"
        /// Empty its counters.
        case subscriberReset = "subscriber-reset"
        /// Give it its own amount.
        case subscriberSetLimit = "subscriber-set-limit"
        /// Open cases, the worst first.
        case caseList = "case-list"
        /// One of them.
        case caseShow = "case-show"
        /// An account's mail is its own.
        case caseRelease = "case-release"
        /// An account is misused.
        case caseConfirm = "case-confirm"
        /// Campaigns, those with the most contained subscribers first.
        case campaignList = "campaign-list"
        /// One of them.
        case campaignShow = "campaign-show"
        /// Held messages.
        case holdList = "hold-list"
        /// Let held messages go.
        case holdRelease = "hold-release"
        /// Delete held messages.
        case holdPurge = "hold-purge"
        /// Everything to observe, or back.
        case observe
        /// Let Weir open cases again.
        case breakerRearm = "breaker-rearm"
        /// Read the configuration again.
        case reload
    }

    /// What is asked.
    public var verb: Verb
    /// A subscriber's name; for the verbs about cases a code will do.
    public var subscriber: String?
    /// A limit's name within the plan.
    public var limit: String?
    /// A limit's new line, `500 recipients per hour, burst 100`; nil to go back to the plan's.
    public var line: String?
    /// A campaign's name.
    public var campaign: String?
    /// A case code.
    public var caseCode: String?
    /// Queue ids.
    public var queueIDs: [String]?
    /// On or off.
    public var isOn: Bool?
    /// How many lines.
    public var count: Int?
    /// Used share from which a subscriber is listed, in percent.
    public var percent: Int?
    /// Why, in the person's words.
    public var why: String?

    /// A request.
    public init(_ verb: Verb) { self.verb = verb }
}

/// The daemon's answer.
public struct ControlResponse: Codable, Sendable {
    /// What went wrong; nil where nothing did.
    public var error: String?
    /// What was done, in words.
    public var done: String?
    /// The answer to `status`.
    public var status: StatusReport?
    /// The answer to `subscriber-list` and `subscriber-show`.
    public var subscribers: [SubscriberReport]?
    /// The answer to `case-list` and `case-show`.
    public var cases: [CaseReport]?
    /// The answer to `campaign-list` and `campaign-show`.
    public var campaigns: [CampaignReport]?
    /// The answer to `hold-list`; in the answer to `case-show` what is held under the case.
    public var held: [HeldReport]?
    /// What the answer lacks, and why; nil where it is whole.
    public var note: String?

    /// An answer.
    public init(error: String? = nil, done: String? = nil) {
        self.error = error
        self.done = done
    }
}

/// The daemon at a glance.
public struct StatusReport: Codable, Sendable {
    /// One rule.
    public struct Rule: Codable, Sendable {
        /// `plan/limit`.
        public var rule: String
        /// The line as configured.
        public var line: String
        /// `observe` or `enforce`.
        public var mode: String
        /// Messages stopped.
        public var stopped: UInt64
        /// Messages that it would have stopped, had it been enforced.
        public var wouldStop: UInt64
        /// Subscribers it stopped, or would have, at least once.
        public var subscribers: UInt64
    }

    /// Weir's version.
    public var version: String
    /// The time of the latest input, RFC 3339.
    public var at: String
    /// `observe` where every rule observes, else `as the policy says`.
    public var mode: String
    /// The revision of the policy in force.
    public var policyRevision: UInt32
    /// Subscribers remembered.
    public var subscribers: Int
    /// Subscribers that gave way at the table's bound.
    public var subscribersEvicted: UInt64
    /// Open cases.
    public var openCases: Int
    /// Cases opened in the last hour.
    public var newCasesThisHour: Int
    /// Cases that may be opened in an hour without a person.
    public var newCasesAllowed: Int
    /// `open` or `closed`.
    public var breaker: String
    /// Held messages whose charge at release is remembered.
    public var held: Int
    /// Messages that passed.
    public var messages: UInt64
    /// Their recipients.
    public var recipients: UInt64
    /// Messages held.
    public var messagesHeld: UInt64
    /// Messages deferred.
    public var messagesDeferred: UInt64
    /// Messages rejected.
    public var messagesRejected: UInt64
    /// Messages that passed and would have been stopped with every rule enforced.
    public var messagesWouldStop: UInt64
    /// Messages that nobody could be named for.
    public var messagesUnattributed: UInt64
    /// Bytes that wait for the disk.
    public var journalBacklogBytes: Int
    /// Inputs that the journal lost.
    public var journalInputsLost: UInt64
    /// The followed mail log; nil where none is.
    public var mailLog: MailLogReport?
    /// Damage of the database that the last start met, what was kept and where the damaged file is; nil for none.
    public var stateDamage: String?
    /// Damaged databases that lie beside the state.
    public var stateSetAside: [String]
    /// Open connections by door.
    public var connections: [String: Int]
    /// The rules in evaluation order.
    public var rules: [Rule]

    /// The daemon as the engine and the figures show it.
    init(_ view: EngineView, _ metrics: Metrics, backlog: (lost: UInt64, bytes: Int)) {
        version = weirVersion
        at = view.now.description
        mode = view.observesEverything ? "observe" : "as the policy says"
        policyRevision = view.policyRevision
        subscribers = view.subscribers
        subscribersEvicted = view.subscribersEvicted
        openCases = view.openCases
        newCasesThisHour = view.newCases
        newCasesAllowed = view.newCasesAllowed
        breaker = view.breakerIsOpen ? "open" : "closed"
        held = view.held
        messages = view.totals.messages
        recipients = view.totals.recipients
        messagesHeld = view.totals.held
        messagesDeferred = view.totals.deferred
        messagesRejected = view.totals.rejected
        messagesWouldStop = view.totals.wouldStop
        messagesUnattributed = view.totals.unattributed
        journalBacklogBytes = backlog.bytes
        journalInputsLost = backlog.lost + view.totals.inputsMissing
        mailLog = MailLogReport(metrics.mailLog)
        stateDamage = metrics.state.damage?.description
        stateSetAside = metrics.state.setAside
        connections = Dictionary(uniqueKeysWithValues: Door.allCases.map { ($0.description, metrics.open($0)) })
        rules = view.rules.map {
            Rule(
                rule: $0.rule, line: $0.line, mode: $0.isEnforced ? "enforce" : "observe", stopped: $0.counts.stopped,
                wouldStop: $0.counts.wouldStop, subscribers: $0.counts.subscribers)
        }
    }
}

/// One subscriber.
public struct SubscriberReport: Codable, Sendable {
    /// One limit.
    public struct LimitReport: Codable, Sendable {
        /// `plan/limit`.
        public var rule: String
        /// The line as configured, own amounts included.
        public var line: String
        /// `observe` or `enforce`.
        public var mode: String
        /// Units used up now.
        public var used: Int64
        /// Units that may pass at once.
        public var burst: Int64
        /// The used share.
        public var usedPercent: Int64
        /// Seconds until one more unit fits.
        public var roomInSeconds: Int64
        /// What happens beyond it: `hold`, `defer`, `reject`.
        public var does: String
    }

    /// The name.
    public var name: String
    /// The plan's name.
    public var plan: String
    /// Whose budget it shares; nil for nobody's.
    public var parent: String?
    /// True where no limit applies.
    public var exempt: Bool
    /// When it last sent, RFC 3339.
    public var lastSeen: String
    /// Messages that passed.
    public var messages: UInt32
    /// Their recipients.
    public var recipients: UInt32
    /// Messages held or refused.
    public var stopped: UInt32
    /// Messages that would have been.
    public var wouldStop: UInt32
    /// The used share of its fullest limit.
    public var usedPercent: Int64
    /// Its open case; nil for none.
    public var openCase: CaseReport?
    /// Its limits in evaluation order.
    public var limits: [LimitReport]

    /// A subscriber as the engine shows it.
    init(_ view: SubscriberView) {
        name = view.name
        plan = view.plan
        parent = view.parent
        exempt = view.isExempt
        lastSeen = view.lastSeen.description
        messages = view.counts.messages
        recipients = view.counts.recipients
        stopped = view.counts.stopped
        wouldStop = view.counts.wouldStop
        usedPercent = view.usedPercent
        openCase = view.openCase.map(CaseReport.init)
        limits = view.limits.map {
            LimitReport(
                rule: $0.rule, line: $0.line, mode: $0.isEnforced ? "enforce" : "observe", used: $0.used,
                burst: $0.burst,
                usedPercent: $0.usedPercent, roomInSeconds: $0.roomInSeconds, does: $0.action.description)
        }
    }
}

/// One message in a hold queue.
public struct HeldReport: Codable, Sendable {
    /// The mail host.
    public var mailHost: String
    /// Its queue id.
    public var queueID: String
    /// Whose it is; nil where Weir did not hold it.
    public var subscriber: String?
    /// The case under which it was held.
    public var caseCode: String?
    /// The rule that had it held.
    public var rule: String?
    /// When it arrived, RFC 3339.
    public var arrivedAt: String
    /// Its size.
    public var bytes: Int
    /// The reverse-path.
    public var sender: String
    /// How many recipients.
    public var recipients: Int
}
