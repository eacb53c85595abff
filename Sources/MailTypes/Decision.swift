// What the engine decided, and on what grounds.

/// The one reason code of a decision.
public enum Reason: UInt8, Sendable, CaseIterable, CustomStringConvertible {
    /// Every rule has room.
    case withinLimits = 1
    /// A rule has no room left; `rule` names it.
    case overLimit
    /// The message alone is larger than the rule's burst: it can never pass.
    case largerThanBurst
    /// Nobody could be named, so no budget applies.
    case unattributed
    /// The policy exempts the subscriber.
    case exempt
    /// Too early to decide; what was seen is remembered.
    case noted
    /// The same question again: the same answer, nothing counted.
    case repeated
    /// The account looks taken over; `evidence` is the ledger.
    case suspected

    /// `within-limits`, …
    public var description: String {
        switch self {
        case .withinLimits: "within-limits"
        case .overLimit: "over-limit"
        case .largerThanBurst: "larger-than-burst"
        case .unattributed: "unattributed"
        case .exempt: "exempt"
        case .noted: "noted"
        case .repeated: "repeated"
        case .suspected: "suspected"
        }
    }
}

/// Identity, evidence, verdict, policy revision and one reason code.
public struct Decision: Hashable, Sendable {
    /// The message's number on this node, the same at both doors; 0 where nothing was counted.
    public var message: UInt64
    /// The mail server's queue id, where it had one.
    public var queueID: String
    /// The stage that was asked about.
    public var stage: Stage
    /// Whose mail it is.
    public var identity: Identity
    /// What was seen, in evaluation order.
    public var evidence: [Finding]
    /// What the door says.
    public var verdict: Verdict
    /// What would have been said had every rule been enforced; nil where it is the same.
    public var would: Verdict.Kind?
    /// The revision of the policy that decided.
    public var policyRevision: UInt32
    /// The reason code.
    public var reason: Reason
    /// `plan/limit` of the rule that decided, or that would have.
    public var rule: String?
    /// The subscriber's score with this message, in thousandths of a nat.
    public var score: Int32 = 0
    /// The case under which the subscriber can ask; nil where none is open.
    public var caseCode: String?

    /// A decision.
    public init(
        message: UInt64 = 0, queueID: String = "", stage: Stage, identity: Identity, evidence: [Finding] = [],
        verdict: Verdict = .accept, would: Verdict.Kind? = nil, policyRevision: UInt32 = 0, reason: Reason,
        rule: String? = nil, caseCode: String? = nil
    ) {
        self.message = message
        self.queueID = queueID
        self.stage = stage
        self.identity = identity
        self.evidence = evidence
        self.verdict = verdict
        self.would = would
        self.policyRevision = policyRevision
        self.reason = reason
        self.rule = rule
        self.caseCode = caseCode
    }
}
