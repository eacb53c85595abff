// A case on its way to a person: what the score says, line by line, what is held, what to do.

import MailTypes
import WeirEngine

/// One case.
public struct CaseReport: Codable, Sendable {
    /// One line of the ledger.
    public struct Line: Codable, Sendable {
        /// The group's symbol: `NEW_RECIPIENTS`.
        public var symbol: String
        /// Nats for a take-over.
        public var llr: Double
        /// Why, in words.
        public var why: String
    }

    /// What the subscriber reads in the reply.
    public var code: String
    /// Whose it is.
    public var subscriber: String
    /// `observed`, `slowed`, `held`, `contained` or `released`.
    public var state: String
    /// The rule that opened it.
    public var rule: String
    /// When it was opened, RFC 3339.
    public var openedAt: String
    /// When a message was stopped last, or the case came to another rung.
    public var lastAt: String
    /// Messages held.
    public var held: UInt32
    /// Messages deferred or rejected.
    public var refused: UInt32
    /// The rung that the score asks for; `none` for a case of limits alone.
    public var rung: String
    /// True where Weir acts, false where it only observes.
    public var isEnforced = true
    /// The score in nats when it last came to another rung; 0 for a case of limits alone.
    public var score: Double
    /// The score now; nil where it was not looked at.
    public var scoreNow: Double?
    /// When it came to its rung, RFC 3339.
    public var since: String
    /// Seconds from then until now; nil where that was not looked at.
    public var sinceSeconds: Int64?
    /// How the account was taken over, as far as the score tells; nil for a case of limits alone.
    public var takeOver: String?
    /// The queue id of the message after which it came to its rung; empty where a person put it there.
    public var after: String
    /// The lines of the score, the strongest first.
    public var ledger: [Line]
    /// What to do next in few words; nil where the case stands within another report.
    public var act: String?
    /// The same in sentences.
    public var actSentence: String?

    /// A case as the engine keeps it.
    init(_ remediation: RemediationCase) {
        code = remediation.code
        subscriber = remediation.subscriber
        state = remediation.state.description
        rule = remediation.rule
        openedAt = remediation.openedAt.description
        lastAt = remediation.lastAt.description
        held = remediation.held
        refused = remediation.refused
        rung = remediation.rung.description
        score = Double(remediation.score) / 1000
        since = openedAt
        after = remediation.after
        ledger = remediation.ledger.map { Line(symbol: $0.symbol, llr: Double($0.score) / 1000, why: $0.why) }
    }

    /// A case as it stands at a moment.
    init(_ view: CaseView, at now: Timestamp) {
        self.init(view.remediation)
        isEnforced = view.isEnforced
        scoreNow = Double(view.scoreNow) / 1000
        since = view.since.description
        sinceSeconds = max(0, now.since(view.since) / 1_000_000_000)
        takeOver = view.takeOver?.description
        act = view.act.word
        actSentence = view.act.sentence
    }

    /// The order of a list: what Weir does something about first, then by rung and score.
    static func worstFirst(_ a: CaseView, _ b: CaseView) -> Bool {
        func rank(_ view: CaseView) -> (Int, UInt8, Int32, UInt32) {
            let remediation = view.remediation
            let group = remediation.rung == .none ? 0 : view.isEnforced && remediation.rung > .observed ? 2 : 1
            return (group, remediation.rung.rawValue, view.scoreNow, remediation.held + remediation.refused)
        }
        let (left, right) = (rank(a), rank(b))
        return left == right ? a.remediation.code < b.remediation.code : left > right
    }
}
