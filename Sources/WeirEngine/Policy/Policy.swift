// The whole of what an operator decides, as one immutable value.

import MailTypes

/// What is said of one subscriber by name: its plan, its parent, its own amounts.
public struct SubscriberEntry: Hashable, Sendable {
    /// The plan's name; nil for the default plan.
    public var plan: String?
    /// The subscriber whose budget this one shares; nil for none.
    public var parent: String?
    /// True where no limit applies.
    public var isExempt: Bool
    /// Own amounts, by limit name.
    public var overrides: [String: LimitOverride]

    /// An entry.
    public init(
        plan: String? = nil, parent: String? = nil, isExempt: Bool = false, overrides: [String: LimitOverride] = [:]
    ) {
        self.plan = plan
        self.parent = parent
        self.isExempt = isExempt
        self.overrides = overrides
    }
}

/// A subscriber's own amount for one limit of its plan.
public struct LimitOverride: Hashable, Sendable {
    /// Per period.
    public var amount: Int64
    /// At once.
    public var burst: Int64

    /// An override.
    public init(amount: Int64, burst: Int64) {
        self.amount = amount
        self.burst = burst
    }
}

/// Bounds on what Weir does by itself (architecture.md, "What an operator must be able to trust").
public struct BreakerSettings: Hashable, Sendable {
    /// New automatic cases in an hour that need no person.
    public var newCasesPerHour: Int
    /// The same as a share of the subscribers active in an hour, in percent; the larger of the two holds.
    public var shareOfActivePercent: Int

    /// Settings.
    public init(newCasesPerHour: Int, shareOfActivePercent: Int) {
        self.newCasesPerHour = newCasesPerHour
        self.shareOfActivePercent = shareOfActivePercent
    }

    /// 20 cases are a busy day for a small abuse desk; one percent of a large provider's active subscribers is an outbreak
    /// or a mistake in the policy, and both want a person.
    public static let defaults = BreakerSettings(newCasesPerHour: 20, shareOfActivePercent: 1)
}

/// One configuration of the engine. A change is an input; nothing in it changes in place.
public struct Policy: Hashable, Sendable {
    /// Counts up with every change.
    public var revision: UInt32
    /// The one switch: every rule observes, whatever its own line says.
    public var observesEverything: Bool
    /// The plans; the first is the default plan.
    public var plans: [Plan]
    /// What is said of single subscribers, by name in lower case. Assign it whole: each change walks it once.
    public var subscribers: [String: SubscriberEntry] { didSet { subscribers = Policy.normalised(subscribers) } }
    /// Client address to subscriber.
    public var addressMap: AddressMap
    /// The header that names the subscriber of local mail and of mail from trusted relays; nil for none.
    public var headerRule: HeaderRule?
    /// Clients whose header is believed, beside local submission: webmail hosts, web servers.
    public var trustedRelays: [NetworkPrefix]
    /// Our own customers' networks; empty for all. Clients outside without a login are nobody's subscriber.
    public var networks: [NetworkPrefix]
    /// IPv6 clients without a login are counted by this prefix, 1 … 128.
    public var ipv6PrefixLength: Int
    /// What separates a plus-address from the login: `+`; empty for none.
    public var plusSeparator: String
    /// The breaker.
    public var breaker: BreakerSettings
    /// A case without a new stop for so long is over.
    public var caseIdleSeconds: Int64
    /// A link or phone number for the replies; empty for none.
    public var contact: String
    /// The score and the ladder.
    public var watch: WatchSettings

    /// Longest chain from a subscriber to its topmost parent, itself included.
    public static let chainMax = 4

    /// A policy.
    public init(
        revision: UInt32 = 1, observesEverything: Bool = false, plans: [Plan] = [Policy.defaultPlan],
        subscribers: [String: SubscriberEntry] = [:], addressMap: AddressMap = AddressMap(),
        headerRule: HeaderRule? = nil,
        trustedRelays: [NetworkPrefix] = [], networks: [NetworkPrefix] = [], ipv6PrefixLength: Int = 64,
        plusSeparator: String = "+", breaker: BreakerSettings = .defaults, caseIdleSeconds: Int64 = 86_400,
        contact: String = "", watch: WatchSettings = .defaults
    ) {
        precondition(!plans.isEmpty, "a policy has at least the default plan")
        self.revision = revision
        self.observesEverything = observesEverything
        self.plans = plans
        self.subscribers = Policy.normalised(subscribers)
        self.addressMap = addressMap
        self.headerRule = headerRule
        self.trustedRelays = trustedRelays
        self.networks = networks
        self.ipv6PrefixLength = ipv6PrefixLength
        self.plusSeparator = plusSeparator
        self.breaker = breaker
        self.caseIdleSeconds = caseIdleSeconds
        self.contact = contact
        self.watch = watch
    }

    /// Entries under the names that logins have, in lower case. Of two that differ in case alone the later in order holds.
    private static func normalised(_ given: [String: SubscriberEntry]) -> [String: SubscriberEntry] {
        func isNormal(_ name: String) -> Bool { Attribution.normalised(name, plusSeparator: "") == name }
        if given.allSatisfy({ isNormal($0.key) && $0.value.parent.map(isNormal) ?? true }) { return given }
        var result: [String: SubscriberEntry] = [:]
        result.reserveCapacity(given.count)
        for (name, entry) in given.sorted(by: { $0.key < $1.key }) {
            var entry = entry
            entry.parent = entry.parent.map { Attribution.normalised($0, plusSeparator: "") }
            result[Attribution.normalised(name, plusSeparator: "")] = entry
        }
        return result
    }

    /// The plan of everybody of whom nothing is said, until the operator writes a better one. Amounts follow the quotas in
    /// use (methods.md 1.7): a person's mail program rarely passes them, a bot does within minutes.
    public static let defaultPlan = Plan(
        name: "default", kind: .mua,
        limits: [
            Limit(300, .recipients, perSeconds: 3600, burst: 150),
            Limit(1000, .recipients, perSeconds: 86_400, burst: 500),
            Limit(120, .messages, perSeconds: 3600, burst: 60),
            Limit(100, .newRecipients, perSeconds: 3600),
            Limit(30, .deadRecipients, perSeconds: 3600),
        ])

    /// The header fields that the doors must keep.
    public var wantedFields: [String] { headerRule.map { [$0.field] } ?? [] }

    /// The index of a plan by name; the default plan's where the name is unknown.
    public func planIndex(_ name: String?) -> Int {
        name.flatMap { name in plans.firstIndex { $0.name == name } } ?? 0
    }
}

// MARK: - Storage

extension Policy {
    /// Writes the policy; tables in sorted order, so that equal policies are equal bytes.
    public func encode(_ out: inout ByteWriter) {
        out.varint(UInt64(revision))
        out.bool(observesEverything)
        out.array(plans) { $1.encode(&$0) }
        out.array(subscribers.sorted { $0.key < $1.key }) {
            $0.string($1.key)
            $0.optional($1.value.plan) { $0.string($1) }
            $0.optional($1.value.parent) { $0.string($1) }
            $0.bool($1.value.isExempt)
            $0.array($1.value.overrides.sorted { $0.key < $1.key }) {
                $0.string($1.key)
                $0.signed($1.value.amount)
                $0.signed($1.value.burst)
            }
        }
        addressMap.encode(&out)
        out.optional(headerRule) {
            $0.string($1.field)
            $0.string($1.before)
            $0.string($1.after)
        }
        for list in [trustedRelays, networks] {
            out.array(list) {
                $0.fixed64($1.address.high)
                $0.fixed64($1.address.low)
                $0.count($1.length)
            }
        }
        out.count(ipv6PrefixLength)
        out.string(plusSeparator)
        out.count(breaker.newCasesPerHour)
        out.count(breaker.shareOfActivePercent)
        out.signed(caseIdleSeconds)
        out.string(contact)
        watch.encode(&out)
    }

    /// Reads a policy.
    public init(_ input: inout ByteReader) throws(CodecError) {
        let revision = try input.integer(UInt32.self)
        let observes = try input.bool()
        let plans = try input.array(minimumBytes: 3) { (r) throws(CodecError) in try Plan(&r) }
        guard !plans.isEmpty else { throw CodecError(place: input.place, expected: "at least one plan") }
        let entries = try input.array(minimumBytes: 5) { (r) throws(CodecError) -> (String, SubscriberEntry) in
            let name = try r.string()
            let plan = try r.optional { (r) throws(CodecError) in try r.string() }
            let parent = try r.optional { (r) throws(CodecError) in try r.string() }
            let isExempt = try r.bool()
            let overrides = try r.array(minimumBytes: 3) { (r) throws(CodecError) -> (String, LimitOverride) in
                (try r.string(), LimitOverride(amount: try r.signed(), burst: try r.signed()))
            }
            return (
                name,
                SubscriberEntry(
                    plan: plan, parent: parent, isExempt: isExempt,
                    overrides: Dictionary(overrides) { $1 })
            )
        }
        let map = try AddressMap(&input)
        let header = try input.optional { (r) throws(CodecError) in
            HeaderRule(field: try r.string(), before: try r.string(), after: try r.string())
        }
        var lists: [[NetworkPrefix]] = []
        for _ in 0..<2 {
            lists.append(
                try input.array(minimumBytes: 17) { (r) throws(CodecError) in
                    NetworkPrefix(
                        NetworkAddress(high: try r.fixed64(), low: try r.fixed64()), length: try r.index(below: 129))
                })
        }
        let ipv6 = try input.index(below: 129)
        let plus = try input.string()
        let breaker = BreakerSettings(
            newCasesPerHour: try input.integer(Int.self), shareOfActivePercent: try input.integer(Int.self))
        let idle = try input.signed()
        self.init(
            revision: revision, observesEverything: observes, plans: plans, subscribers: Dictionary(entries) { $1 },
            addressMap: map, headerRule: header, trustedRelays: lists[0], networks: lists[1], ipv6PrefixLength: ipv6,
            plusSeparator: plus, breaker: breaker, caseIdleSeconds: idle, contact: try input.string(),
            watch: try WatchSettings(&input))
    }
}
