// What the commands and the running daemon say to each other over the control socket: one JSON object a line each way.

import Foundation
import MailTypes
import WeirEngine

/// A request of a command.
public struct ControlRequest: Codable, Sendable {
    /// What is asked.
    public enum Verb: String, Codable, Sendable {
        case status
        case subscriberList = "subscriber-list"
        case subscriberShow = "subscriber-show"
        case subscriberReset = "subscriber-reset"
        case subscriberSetLimit = "subscriber-set-limit"
        case caseList = "case-list"
        case holdList = "hold-list"
        case holdRelease = "hold-release"
        case holdPurge = "hold-purge"
        case observe
        case breakerRearm = "breaker-rearm"
        case reload
    }

    /// What is asked.
    public var verb: Verb
    /// A subscriber's name.
    public var subscriber: String?
    /// A limit's name within the plan.
    public var limit: String?
    /// A limit's new line, `500 recipients per hour, burst 100`; nil to go back to the plan's.
    public var line: String?
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
    /// The answer to `case-list`.
    public var cases: [CaseReport]?
    /// The answer to `hold-list`.
    public var held: [HeldReport]?

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
        public var rule: String
        public var line: String
        public var mode: String
        public var stopped: UInt64
        public var wouldStop: UInt64
        public var subscribers: UInt64
    }

    public var version: String
    public var at: String
    public var mode: String
    public var policyRevision: UInt32
    public var subscribers: Int
    public var subscribersEvicted: UInt64
    public var openCases: Int
    public var newCasesThisHour: Int
    public var newCasesAllowed: Int
    public var breaker: String
    public var held: Int
    public var messages: UInt64
    public var recipients: UInt64
    public var messagesHeld: UInt64
    public var messagesDeferred: UInt64
    public var messagesRejected: UInt64
    public var messagesWouldStop: UInt64
    public var messagesUnattributed: UInt64
    public var journalBacklogBytes: Int
    public var journalInputsLost: UInt64
    public var connections: [String: Int]
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
        public var rule: String
        public var line: String
        public var mode: String
        public var used: Int64
        public var burst: Int64
        public var usedPercent: Int64
        public var roomInSeconds: Int64
        public var does: String
    }

    public var name: String
    public var plan: String
    public var parent: String?
    public var exempt: Bool
    public var lastSeen: String
    public var messages: UInt32
    public var recipients: UInt32
    public var stopped: UInt32
    public var wouldStop: UInt32
    public var usedPercent: Int64
    public var openCase: CaseReport?
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
                rule: $0.rule, line: $0.line, mode: $0.isEnforced ? "enforce" : "observe", used: $0.used, burst: $0.burst,
                usedPercent: $0.usedPercent, roomInSeconds: $0.roomInSeconds, does: $0.action.description)
        }
    }
}

/// One case.
public struct CaseReport: Codable, Sendable {
    public var code: String
    public var subscriber: String
    public var state: String
    public var rule: String
    public var openedAt: String
    public var lastAt: String
    public var held: UInt32
    public var refused: UInt32

    /// A case as the engine shows it.
    init(_ remediation: RemediationCase) {
        code = remediation.code
        subscriber = remediation.subscriber
        state = remediation.state.description
        rule = remediation.rule
        openedAt = remediation.openedAt.description
        lastAt = remediation.lastAt.description
        held = remediation.held
        refused = remediation.refused
    }
}

/// One message in a hold queue.
public struct HeldReport: Codable, Sendable {
    public var mailHost: String
    public var queueID: String
    public var subscriber: String?
    public var caseCode: String?
    public var rule: String?
    public var arrivedAt: String
    public var bytes: Int
    public var sender: String
    public var recipients: Int
}
