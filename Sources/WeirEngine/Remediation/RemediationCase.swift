// Where a subscriber stands after a rule stopped its mail.

import MailTypes

/// Where a case stands. A notice is an act, not a state (RFC 6561).
public enum CaseState: UInt8, Sendable, CaseIterable, CustomStringConvertible {
    /// Limits refuse what is above them; the rest passes.
    case slowed = 1
    /// Mail above the limits waits in the hold queue.
    case held
    /// Over: idle for long enough, or closed by a person.
    case released
    /// Nothing is done: the rung that the score asks for is observed.
    case observed
    /// All mail waits.
    case contained

    /// `slowed`, `held`, `released`, `observed`, `contained`.
    public var description: String {
        switch self {
        case .slowed: "slowed"
        case .held: "held"
        case .released: "released"
        case .observed: "observed"
        case .contained: "contained"
        }
    }
}

/// One case: who, since when, why, and how much was stopped (RFC 6561 §5).
public struct RemediationCase: Hashable, Sendable {
    /// What the subscriber reads in the reply and says on the phone: `W-7K3F2Q`.
    public var code: String
    /// Whose case it is.
    public var subscriber: String
    /// Where it stands.
    public var state: CaseState
    /// The rule that opened it.
    public var rule: String
    /// When it was opened.
    public var openedAt: Timestamp
    /// When a message was stopped last.
    public var lastAt: Timestamp
    /// Messages held.
    public var held: UInt32
    /// Messages deferred or rejected.
    public var refused: UInt32
    /// The rung that the score asks for, whether it is enforced or not.
    public var rung = Rung.none
    /// The score when it last came to another rung, in thousandths of a nat; 0 for a case of limits alone.
    public var score: Int32 = 0
    /// The ledger of that score.
    public var ledger: [Finding] = []
    /// The queue id of the message, or of the result's message, after which it came there.
    public var after = ""

    /// A case.
    public init(
        code: String, subscriber: String, state: CaseState, rule: String, openedAt: Timestamp, lastAt: Timestamp,
        held: UInt32 = 0, refused: UInt32 = 0
    ) {
        self.code = code
        self.subscriber = subscriber
        self.state = state
        self.rule = rule
        self.openedAt = openedAt
        self.lastAt = lastAt
        self.held = held
        self.refused = refused
    }

    /// The code's letters: no vowels, nothing that looks alike on paper or sounds alike on the phone.
    private static let alphabet = Array("23456789BCDFGHJKLMNPQRSTVWXZ".utf8)

    /// A code from the node and random bits: the node in the first letter, five random ones after it.
    static func code(node: UInt16, _ random: inout SeededGenerator) -> String {
        var letters = Array("W-".utf8)
        letters.append(alphabet[Int(node) % alphabet.count])
        var bits = random.next()
        for _ in 0..<5 {
            letters.append(alphabet[Int(bits % UInt64(alphabet.count))])
            bits /= UInt64(alphabet.count)
        }
        return String(decoding: letters, as: UTF8.self)
    }

    /// Writes the case.
    func encode(_ out: inout ByteWriter) {
        out.string(code)
        out.string(subscriber)
        out.byte(state.rawValue)
        out.string(rule)
        out.timestamp(openedAt)
        out.timestamp(lastAt)
        out.varint(UInt64(held))
        out.varint(UInt64(refused))
        out.byte(rung.rawValue)
        out.signed(Int64(score))
        out.array(ledger) { $1.encode(&$0) }
        out.string(after)
    }

    /// Reads a case.
    init(_ input: inout ByteReader) throws(CodecError) {
        code = try input.string()
        subscriber = try input.string()
        state = try input.enumeration(CaseState.self)
        rule = try input.string()
        openedAt = try input.timestamp()
        lastAt = try input.timestamp()
        held = try input.integer(UInt32.self)
        refused = try input.integer(UInt32.self)
        rung = try input.enumeration(Rung.self)
        score = try input.int32()
        ledger = try input.array(minimumBytes: 3) { (r) throws(CodecError) in try Finding(&r) }
        after = try input.string()
    }
}

extension Engine {
    /// Slots to walk for `openCases(in:)`.
    public var caseSlots: Int { cases.count }

    /// The open cases of some slots. Ask for some hundred slots at a time.
    public func openCases(in range: Range<Int>) -> [RemediationCase] {
        cases[range.clamped(to: 0..<cases.count)].compactMap { $0 }
    }
}
