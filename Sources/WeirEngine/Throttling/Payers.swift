// Who pays for a message: the subscriber and its parents, laid out by the policy in force.

import MailTypes

extension Engine {
    /// Finds or makes the subscriber that a transaction belongs to, and its chain of payers, itself first.
    mutating func payers(of transaction: Transaction, at time: Int64) -> (identity: Identity, payers: Payers) {
        let name: String
        let key: UInt64
        let proof: IdentityProof
        var known: Int?
        switch Attribution.of(transaction, policy) {
        case .nobody(let why): return (.unattributed(why), Payers(filler: .none))
        case .named(let given, let how):
            name = given
            key = hash.hash(given)
            proof = how
            known = subscribers.slot(of: key)
        case .address(let address):
            key = self.key(of: address)
            proof = .address
            known = subscribers.slot(of: key)
            if let known { expand(known) }
            name =
                known.map { subscribers.slots[$0].name }
                ?? Attribution.name(of: address, ipv6PrefixLength: policy.ipv6PrefixLength)
        }
        guard let slot = known ?? subscribers.insert(key: key, name: name) else {
            return (.unattributed(.tableFull), Payers(filler: .none))
        }
        expand(slot)
        breaker.noteActive(lastSeen: subscribers.slots[slot].lastSeen, at: time)
        subscribers.slots[slot].lastSeen = time
        return (.subscriber(name, proof), chain(from: slot, at: time))
    }

    /// Whose a transaction is, without a look at the table: before DATA nothing is counted, so nobody is remembered.
    func identity(of transaction: Transaction) -> Identity {
        switch Attribution.of(transaction, policy) {
        case .nobody(let why): .unattributed(why)
        case .named(let name, let proof): .subscriber(name, proof)
        case .address(let address):
            .subscriber(Attribution.name(of: address, ipv6PrefixLength: policy.ipv6PrefixLength), .address)
        }
    }

    /// The payers from a subscriber up.
    mutating func chain(from slot: Int, at time: Int64) -> Payers {
        subscribers.slots[slot].children += 1  // making room for a parent's parent must not push out the child
        defer { subscribers.slots[slot].children -= 1 }
        layOut(slot, at: time)
        var payers = Payers(filler: .none)
        payers.append(payer(slot))
        var parent = Int(subscribers.slots[slot].parent)
        while parent >= 0, payers.count < Policy.chainMax, !payers.contains(where: { Int($0.slot) == parent }) {
            layOut(parent, at: time)
            subscribers.slots[parent].lastSeen = time
            payers.append(payer(parent))
            parent = Int(subscribers.slots[parent].parent)
        }
        return payers
    }

    /// A slot as a payer of which nothing is charged yet.
    private func payer(_ slot: Int) -> Payer {
        Payer(
            slot: Int32(slot), serial: subscribers.slots[slot].serial, revision: subscribers.slots[slot].revision,
            plan: subscribers.slots[slot].plan, charged: 0)
    }

    /// The plan that a slot is laid out by.
    func plan(of slot: Int) -> CompiledPlan { layouts.currentPlan(Int(subscribers.slots[slot].plan)) }

    /// Lays a subscriber out by the policy in force: plan, parent, a bucket and a window for each limit. What it used is
    /// carried over by limit name.
    mutating func layOut(_ slot: Int, at time: Int64) {
        expand(slot)
        guard subscribers.slots[slot].revision != policy.revision else { return }
        let old = layouts.layout(subscribers.slots[slot].revision)
        layOut(slot, after: old?.plans[Int(subscribers.slots[slot].plan)], at: time)
    }

    /// Lays a subscriber out by the policy in force, carrying over what it used under another plan.
    mutating func layOut(_ slot: Int, after oldPlan: CompiledPlan?, at time: Int64) {
        let name = subscribers.slots[slot].name
        let entry = policy.subscribers[name]
        let planIndex = privatePlan(name, entry) ?? policy.planIndex(entry?.plan)
        subscribers.slots[slot].plan = UInt32(planIndex)
        subscribers.slots[slot].revision = policy.revision
        subscribers.slots[slot].isExempt = entry?.isExempt ?? false
        carryOver(slot, from: oldPlan, to: layouts.current.plans[planIndex], at: time)
        setParent(slot, name: entry?.parent)
    }

    /// The index of a subscriber's private plan, nil where it has no amounts of its own.
    private mutating func privatePlan(_ name: String, _ entry: SubscriberEntry?) -> Int? {
        let acts = overrides[name]
        guard let own = entry?.overrides.merging(acts ?? [:], uniquingKeysWith: { $1 }) ?? acts, !own.isEmpty else {
            return nil
        }
        let base = policy.plans[policy.planIndex(entry?.plan)]
        var plan = base
        for index in plan.limits.indices {
            guard let override = own[plan.limits[index].name] else { continue }
            var own = plan.limits[index]
            own.amount = override.amount
            own.burst = own.dimension.countsDistinct ? override.amount : override.burst
            // It was usable when it was given; after a reload the limit of that name may have another period.
            if own.fault == nil { plan.limits[index] = own }
        }
        let compiled = CompiledPlan(plan, observesEverything: observesEverything || policy.observesEverything)
        if let index = layouts.current.privatePlans[name] {
            layouts.current.plans[index] = compiled
            return index
        }
        layouts.current.plans.append(compiled)
        layouts.current.privatePlans[name] = layouts.current.plans.count - 1
        return layouts.current.plans.count - 1
    }

    /// Moves buckets and windows from one plan to another, by limit name.
    private mutating func carryOver(_ slot: Int, from old: CompiledPlan?, to new: CompiledPlan, at time: Int64) {
        var buckets = Buckets(repeating: Bucket(), count: new.bucketCount)
        var windows = Windows(
            repeating: DistinctWindow(), count: subscribers.slots[slot].windows.isEmpty ? 0 : new.windowCount)
        var tripped: UInt32 = 0
        var renewed = subscribers.slots[slot].openCount > 0 ? subscribers.slots[slot].renewed : []
        for (index, limit) in new.limits.enumerated() {
            guard
                let oldIndex = old?.limits.firstIndex(where: {
                    $0.limit.name == limit.limit.name && $0.limit.dimension == limit.limit.dimension
                }), let before = old?.limits[oldIndex]
            else {
                guard old != nil, !limit.limit.dimension.countsDistinct else { continue }
                // It may have been there before and gone in between: what messages took of it then is not in this bucket.
                buckets[limit.place].empty(limit.rate, at: time)
                renewed.removeAll { $0.limit == limit.limit.name }
                if subscribers.slots[slot].openCount > 0 {
                    renewed.append(RenewedLimit(limit: limit.limit.name, revision: policy.revision))
                }
                continue
            }
            if subscribers.slots[slot].tripped & (1 << UInt32(oldIndex)) != 0 { tripped |= 1 << UInt32(index) }
            if limit.limit.dimension.countsDistinct {
                if before.limit.periodSeconds == limit.limit.periodSeconds,
                    before.place < subscribers.slots[slot].windows.count
                {
                    windows[limit.place] = subscribers.slots[slot].windows[before.place]
                }
            } else if before.place < subscribers.slots[slot].buckets.count {
                buckets[limit.place] = subscribers.slots[slot].buckets[before.place]
                buckets[limit.place].convert(from: before.rate, to: limit.rate, at: time)
            }
        }
        subscribers.slots[slot].buckets = buckets
        subscribers.slots[slot].windows = windows
        subscribers.slots[slot].tripped = tripped
        subscribers.slots[slot].renewed = renewed
    }

    /// Points a subscriber to its parent, which is made where it has not sent yet. A loop is cut where a chain is walked.
    private mutating func setParent(_ slot: Int, name: String?) {
        let before = Int(subscribers.slots[slot].parent)
        var parent = -1
        if let name, name != subscribers.slots[slot].name {
            let key = Attribution.address(ofLiteral: name).map { self.key(of: $0) } ?? hash.hash(name)
            subscribers.slots[slot].openCount += 1  // a full table must not push out the child for its parent
            parent = self.slot(named: name) ?? subscribers.insert(key: key, name: name) ?? -1
            subscribers.slots[slot].openCount -= 1
        }
        guard parent != before else { return }
        if before >= 0 { subscribers.slots[before].children -= 1 }
        if parent >= 0 { subscribers.slots[parent].children += 1 }
        subscribers.slots[slot].parent = Int32(parent)
    }

    /// The limits that a payer was charged in, by index of the plan in force: translated by name where the policy changed
    /// since. Empty where the slot has changed hands.
    mutating func charged(_ payer: Payer, at time: Int64) -> UInt32 {
        let slot = Int(payer.slot)
        guard subscribers.serial(of: slot) == payer.serial else { return 0 }
        layOut(slot, at: time)
        if payer.revision == subscribers.slots[slot].revision, payer.plan == subscribers.slots[slot].plan {
            return payer.charged
        }
        guard let old = layouts.layout(payer.revision), Int(payer.plan) < old.plans.count else { return 0 }
        var result: UInt32 = 0
        for (index, limit) in plan(of: slot).limits.enumerated() {
            guard
                let before = old.plans[Int(payer.plan)].limits.firstIndex(where: {
                    $0.limit.name == limit.limit.name && $0.limit.dimension == limit.limit.dimension
                }), payer.charged & (1 << UInt32(before)) != 0,
                !subscribers.slots[slot].renewed.contains(where: {
                    $0.limit == limit.limit.name && $0.revision > payer.revision
                })
            else { continue }
            result |= 1 << UInt32(index)
        }
        return result
    }
}
