// The engine's whole state as bytes, at a position of the journal.

import MailTypes

extension Engine {
    /// What a snapshot begins with: a name and the version of its form.
    private static let snapshotMagic = Array("WEIRSNAP".utf8)
    /// Counts up when the form changes. Another version's snapshot is not read: the journal is replayed instead.
    private static let snapshotVersion: UInt64 = 5
    /// The key of the checksum: against damage, not against malice.
    private static let checksum = KeyedHash(key0: 0x7765_6972_736E_6170, key1: 1)

    /// Writes the engine. Equal engines give equal bytes.
    public func snapshot() -> [UInt8] {
        var out = ByteWriter(capacity: 4096 + subscribers.slots.count * 256)
        out.bytes.append(contentsOf: Engine.snapshotMagic)
        out.varint(Engine.snapshotVersion)
        out.varint(UInt64(node))
        for bound in [bounds.subscribersMax, bounds.messagesMax, bounds.heldMax, bounds.casesMax] { out.count(bound) }
        out.signed(bounds.quietSeconds)
        policy.encode(&out)
        out.timestamp(now)
        out.signed(clockOffset)
        out.bool(observesEverything)
        encodeOverrides(&out)
        layouts.encode(&out)
        out.fixed64(hash.snapshotKey.0)
        out.fixed64(hash.snapshotKey.1)
        out.fixed64(random.state)
        subscribers.encode(&out)
        messages.encode(&out)
        watch.encode(&out)
        out.optional(campaigns) { $1.encode(&$0) }
        out.array(held.sorted { $0.key < $1.key }) {
            $0.fixed64($1.key)
            $0.signed(Int64($1.value.slot))
            $0.varint(UInt64($1.value.serial))
            $0.signed($1.value.amounts.recipients)
            $0.signed($1.value.amounts.bytes)
            $0.bool($1.value.amounts.isNullSender)
            $0.string($1.value.caseCode)
        }
        out.array(cases) { $0.optional($1) { $1.encode(&$0) } }
        out.array(freeCases) { $0.signed(Int64($1)) }
        for hand in [caseHand, sweepHand, quietHand, migrationLeft] { out.count(hand) }
        breaker.encode(&out)
        out.array(ruleCounts.sorted { $0.key < $1.key }) {
            $0.string($1.key)
            for value in [$1.value.stopped, $1.value.wouldStop, $1.value.subscribers] { $0.varint(value) }
        }
        for value in totals.values { out.varint(value) }
        out.fixed64(Engine.checksum.hash(out.bytes.span))
        return out.bytes
    }

    /// Reads an engine. Damage, a cut end and another version are errors that say where.
    public init(snapshot bytes: [UInt8]) throws(CodecError) {
        guard bytes.count > 16, bytes.starts(with: Engine.snapshotMagic) else {
            throw CodecError(place: 0, expected: "a snapshot of Weir")
        }
        var tail = ByteReader(bytes, bytes.count - 8..<bytes.count)
        guard try tail.fixed64() == Engine.checksum.hash(bytes.span.extracting(0..<bytes.count - 8)) else {
            throw CodecError(place: bytes.count - 8, expected: "the checksum of an undamaged snapshot")
        }
        var input = ByteReader(bytes, Engine.snapshotMagic.count..<bytes.count - 8)
        let version = try input.varint()
        guard version == Engine.snapshotVersion else {
            throw CodecError(
                place: input.place,
                expected:
                    "a snapshot of version \(Engine.snapshotVersion), found version \(version): another Weir wrote it")
        }
        node = try input.integer(UInt16.self)
        bounds = Bounds(
            subscribersMax: try input.integer(Int.self), messagesMax: try input.integer(Int.self),
            heldMax: try input.integer(Int.self), casesMax: try input.integer(Int.self),
            quietSeconds: try input.signed())
        policy = try Policy(&input)
        now = try input.timestamp()
        clockOffset = try input.signed()
        observesEverything = try input.bool()
        overrides = try Engine.readOverrides(&input)
        layouts = try Layouts(&input)
        hash = KeyedHash(key0: try input.fixed64(), key1: try input.fixed64())
        random = SeededGenerator(seed: try input.fixed64())
        var references = References(revision: policy.revision)
        subscribers = try SubscriberTable(&input) { references.note($0) }
        messages = try MessageTable(&input)
        watch = try Watch(&input, capacity: bounds.subscribersMax)
        campaigns = try input.optional { (r) throws(CodecError) in try CampaignTable(&r) }
        let entries = try input.array(minimumBytes: 14) { (r) throws(CodecError) -> (UInt64, HeldMessage) in
            let key = try r.fixed64()
            let slot = try r.int32()
            let serial = try r.integer(UInt32.self)
            let amounts = Amounts(recipients: try r.signed(), bytes: try r.signed(), isNullSender: try r.bool())
            return (key, HeldMessage(slot: slot, serial: serial, amounts: amounts, caseCode: try r.string()))
        }
        held = Dictionary(entries) { $1 }
        cases = try input.array { (r) throws(CodecError) in
            try r.optional { (r) throws(CodecError) in try RemediationCase(&r) }
        }
        freeCases = try input.array { (r) throws(CodecError) in try r.int32() }
        caseHand = try input.integer(Int.self)
        sweepHand = try input.integer(Int.self)
        quietHand = try input.integer(Int.self)
        migrationLeft = try input.integer(Int.self)
        breaker = try Breaker(&input)
        let counts = try input.array(minimumBytes: 4) { (r) throws(CodecError) -> (String, RuleCounts) in
            (
                try r.string(),
                RuleCounts(stopped: try r.varint(), wouldStop: try r.varint(), subscribers: try r.varint())
            )
        }
        ruleCounts = Dictionary(counts) { $1 }
        var values: [UInt64] = []
        for _ in totals.values { values.append(try input.varint()) }
        totals = Totals(values)
        try input.finish()
        try check(references)
    }

    /// What subscribers point to, gathered while they are read, so that no compacted one is read twice.
    private struct References {
        /// The policy revision in force.
        let revision: UInt32
        /// The highest slot of a parent, of a case, and of a plan in force.
        var parentMax = -1
        var caseMax = -1
        var planMax = -1

        /// For a revision.
        init(revision: UInt32) { self.revision = revision }

        /// Notes a subscriber; false where its parent can be nobody.
        mutating func note(_ state: SubscriberState) -> Bool {
            parentMax = max(parentMax, Int(state.parent))
            caseMax = max(caseMax, Int(state.openCase))
            if state.revision == revision { planMax = max(planMax, Int(state.plan)) }
            return state.parent >= -1
        }
    }

    /// Throws unless every slot that the state points to is there: an undamaged snapshot of a broken engine must not
    /// become a crash later.
    private func check(_ references: References) throws(CodecError) {
        let last = subscribers.slots.count
        let plans = layouts.all.last?.plans.count ?? 0
        func isGood(_ slot: Int32) -> Bool { slot >= -1 && Int(slot) < last }
        guard !layouts.all.isEmpty,
            references.parentMax < last, references.caseMax < cases.count, references.planMax < plans,
            messages.slots.allSatisfy({ $0.payers.allSatisfy { $0.slot >= 0 && isGood($0.slot) } }),
            held.values.allSatisfy({ $0.slot >= 0 && isGood($0.slot) })
        else { throw CodecError(place: 0, expected: "slots that exist") }
    }

    /// Writes what people gave single subscribers.
    private func encodeOverrides(_ out: inout ByteWriter) {
        out.array(overrides.sorted { $0.key < $1.key }) {
            $0.string($1.key)
            $0.array($1.value.sorted { $0.key < $1.key }) {
                $0.string($1.key)
                $0.signed($1.value.amount)
                $0.signed($1.value.burst)
            }
        }
    }

    /// Reads what people gave single subscribers.
    private static func readOverrides(_ input: inout ByteReader) throws(CodecError) -> [String: [String: LimitOverride]]
    {
        let all = try input.array(minimumBytes: 2) { (r) throws(CodecError) -> (String, [String: LimitOverride]) in
            let name = try r.string()
            let own = try r.array(minimumBytes: 3) { (r) throws(CodecError) -> (String, LimitOverride) in
                (try r.string(), LimitOverride(amount: try r.signed(), burst: try r.signed()))
            }
            return (name, Dictionary(own) { $1 })
        }
        return Dictionary(all) { $1 }
    }
}

extension Layouts {
    /// Writes the layouts: their plans as configured, to be compiled again.
    func encode(_ out: inout ByteWriter) {
        out.array(all) {
            $0.varint(UInt64($1.revision))
            $0.signed($1.since)
            $0.varint($1.sweptSince)
            $0.array($1.plans) {
                $1.plan.encode(&$0)
                $0.varint(UInt64($1.enforcedLimits))
            }
            $0.array($1.privatePlans.sorted { $0.key < $1.key }) {
                $0.string($1.key)
                $0.count($1.value)
            }
        }
        out.varint(swept)
    }

    /// Reads layouts.
    init(_ input: inout ByteReader) throws(CodecError) {
        let all = try input.array(minimumBytes: 5) { (r) throws(CodecError) -> Layout in
            let revision = try r.integer(UInt32.self)
            let since = try r.signed()
            let sweptSince = try r.varint()
            let plans = try r.array(minimumBytes: 4) { (r) throws(CodecError) -> CompiledPlan in
                let plan = try Plan(&r)
                return CompiledPlan(plan, enforcedLimits: try r.integer(UInt32.self))
            }
            let own = try r.array(minimumBytes: 2) { (r) throws(CodecError) -> (String, Int) in
                (try r.string(), try r.index(below: plans.count))
            }
            return Layout(
                revision: revision, since: since, sweptSince: sweptSince, plans: plans,
                privatePlans: Dictionary(own) { $1 })
        }
        let swept = try input.varint()
        guard all.allSatisfy({ $0.sweptSince <= swept }) else {
            throw CodecError(place: input.place, expected: "layouts older than the snapshot")
        }
        self.init(all, swept: swept)
    }
}

extension Totals {
    /// The totals in the order of the snapshot.
    var values: [UInt64] {
        [
            messages, recipients, held, deferred, rejected, wouldStop, unattributed, withdrawn, expired, repeated,
            distinctUnavailable, refunded, deadRecipients, inputsMissing,
        ]
    }

    /// Totals from the order of the snapshot.
    init(_ values: [UInt64]) {
        (messages, recipients, held, deferred, rejected) = (values[0], values[1], values[2], values[3], values[4])
        (wouldStop, unattributed, withdrawn, expired) = (values[5], values[6], values[7], values[8])
        (repeated, distinctUnavailable, refunded) = (values[9], values[10], values[11])
        (deadRecipients, inputsMissing) = (values[12], values[13])
    }
}
