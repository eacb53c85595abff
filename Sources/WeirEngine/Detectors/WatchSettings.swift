// How readily the detectors speak, and what follows.

import MailTypes

/// One rung of the ladder: what Weir does to a subscriber's mail by itself.
public enum Rung: UInt8, Sendable, CaseIterable, CustomStringConvertible, Comparable {
    /// Nothing.
    case none = 0
    /// Nothing is done to the mail; a case is open, and the owner can be asked.
    case observed
    /// New recipients are few an hour.
    case slowed
    /// Mail to new recipients waits.
    case held
    /// All mail waits; whoever knows the password shall change it.
    case contained

    /// `none`, `observed`, `slowed`, `held`, `contained`.
    public var description: String {
        switch self {
        case .none: "none"
        case .observed: "observed"
        case .slowed: "slowed"
        case .held: "held"
        case .contained: "contained"
        }
    }

    /// By how much is done.
    public static func < (a: Rung, b: Rung) -> Bool { a.rawValue < b.rawValue }
}

/// Settings of the score and the ladder (weir.yaml `detectors`, `ladder`).
public struct WatchSettings: Hashable, Sendable {
    /// False where nothing is scored.
    public var isOn: Bool
    /// False containments that are put up with, a thousand subscriber-years.
    public var budget: Int32
    /// Weight of each group in percent, in the order of `EvidenceGroup`; 0 leaves it out.
    public var weights: [Int32]
    /// The highest rung that is enforced; those above are observed.
    public var enforced: Rung
    /// New recipients an hour for a slowed subscriber.
    public var slowedNewRecipients: Int32
    /// Seconds after which a contained subscriber is looked at anew: its score has faded by then, or it stays.
    public var containedSeconds: Int64
    /// Seconds for which a person's or owner's "it was me" is remembered.
    public var vouchedSeconds: Int64

    /// Settings.
    public init(
        isOn: Bool, budget: Int32, weights: [Int32], enforced: Rung, slowedNewRecipients: Int32,
        containedSeconds: Int64, vouchedSeconds: Int64
    ) {
        self.isOn = isOn
        self.budget = budget
        self.weights = weights
        self.enforced = enforced
        self.slowedNewRecipients = slowedNewRecipients
        self.containedSeconds = containedSeconds
        self.vouchedSeconds = vouchedSeconds
    }

    /// Nothing is scored until the operator says so. Then nothing is enforced; one false containment in a thousand subscriber-years (methods.md section 8);
    /// twenty new recipients an hour while slowed; a day contained at least; a fortnight of trust.
    public static let defaults = WatchSettings(
        isOn: false, budget: 1, weights: [Int32](repeating: 100, count: EvidenceGroup.allCases.count), enforced: .none,
        slowedNewRecipients: 20, containedSeconds: 86_400, vouchedSeconds: 14 * 86_400)

    /// The weight of a group as a factor.
    func weight(_ group: EvidenceGroup) -> Float {
        Int(group.rawValue) < weights.count ? Float(weights[Int(group.rawValue)]) / 100 : 1
    }
}

/// Where each rung begins, in nats.
struct Thresholds: Hashable, Sendable {
    /// Of each rung, by its raw value; nothing has none.
    var observed: Float
    var slowed: Float
    var held: Float
    var contained: Float

    /// Thresholds from the budget at the subscriber's own rate of messages (methods.md 1.5: the mean run to a false alarm is at
    /// least e^h observations). Copies of a message are damped, so that at most thirty a day count as observations.
    init(_ settings: WatchSettings, messagesADay: Float) {
        let observations = Double(Swift.min(30, Swift.max(1, messagesADay))) * 365
        let height = Float(NaturalLogarithm.of(observations * 1000 / Double(Swift.max(1, settings.budget)))).clipped(
            11, 18)
        contained = height
        held = height - 4
        slowed = height - 6.5
        observed = height - 9
    }
}

// MARK: - Storage

extension WatchSettings {
    /// Writes the settings.
    func encode(_ out: inout ByteWriter) {
        out.bool(isOn)
        out.signed(Int64(budget))
        out.array(weights) { $0.signed(Int64($1)) }
        out.byte(enforced.rawValue)
        out.signed(Int64(slowedNewRecipients))
        out.signed(containedSeconds)
        out.signed(vouchedSeconds)
    }

    /// Reads settings.
    init(_ input: inout ByteReader) throws(CodecError) {
        isOn = try input.bool()
        budget = try input.int32()
        weights = try input.array { (r) throws(CodecError) in try r.int32() }
        enforced = try input.enumeration(Rung.self)
        slowedNewRecipients = try input.int32()
        containedSeconds = try input.signed()
        vouchedSeconds = try input.signed()
    }
}
