// What happens beside questions: withdrawals, delivery results, policies, people's acts, time.

import MailTypes

extension Engine {
    /// Slots looked at by one tick: half a millisecond where each is laid out anew.
    static let sweepSlotsPerTick = 200
    /// Messages given up by one tick whose time has run out.
    static let expiredPerTick = 2000

    /// How long after a message a complaint about it counts, while the message is remembered at all: a queue id that was used
    /// again names the later message.
    static let complaintNanoseconds: Int64 = 7 * 86_400 * 1_000_000_000

    // MARK: - Withdrawals and deliveries

    /// A transaction came to nothing before its end was answered: nothing was sent, nothing is counted, but for
    /// recipients that the mail server refused as not existing.
    mutating func withdraw(_ transaction: Transaction, at time: Int64) {
        totals.withdrawn += 1
        let byQueue =
            transaction.queueID.isEmpty
            ? nil : messages.slot(of: queueKey(transaction.session.mailHost, transaction.queueID))
        let session = sessionKey(transaction.session)
        // A message that the milter never asked about has no queue id yet, and its withdrawal needs no reply: it may be
        // read after the policy door's question about the next message on the connection, which it must not touch.
        let found = byQueue ?? messages.slot(of: session).flatMap { messages.slots[$0].isAnonymous ? $0 : nil }
        if let message = found, messages.slots[message].isOf(session: session) {
            if messages.slots[message].sessionKey != 0 { giveUp(message, at: time) }
            if messages.slots[message].deadCounted { return }
            messages.slots[message].deadCounted = true
        }
        let dead = transaction.envelope.recipients.reduce(0) { $0 + ($1.refusal?.saysRecipientIsDead == true ? 1 : 0) }
        guard dead > 0, let payer = payers(of: transaction, at: time).payers.first else { return }
        chargeDead(dead, slot: Int(payer.slot), at: time)
    }

    /// Ends an open message that came to nothing.
    mutating func giveUp(_ message: Int, at time: Int64) {
        switch messages.slots[message].state {
        case .reserved: cancel(message, .over, at: time)
        case .noted, .held, .free: end(message, .over, at: time)
        case .refused: end(message, .refused, at: time)
        case .committed, .over: break
        }
    }

    /// A delivery result: dead recipients are counted, what was refused before the queue is given back.
    mutating func note(_ delivery: Delivery, at time: Int64, _ outputs: inout [Output]) {
        guard let message = accountable(delivery, at: time), let payer = messages.slots[message].payers.first else {
            return
        }
        expand(Int(payer.slot))
        if delivery.isRefusedBeforeQueue { refund(message, at: time) }
        if delivery.outcome == .failed, delivery.status.saysRecipientIsDead {
            chargeDead(1, slot: Int(payer.slot), at: time)
        }
        if !delivery.isRefusedBeforeQueue {
            watch(result: delivery, of: message, slot: Int(payer.slot), at: time, &outputs)
        }
    }

    /// A complaint about a message: evidence about the subscriber who pays for it, as its delivery results are.
    mutating func note(complaintAbout queueID: String, _ mailHost: String, at time: Int64, _ outputs: inout [Output]) {
        guard policy.watch.isOn, let message = messages.slot(of: queueKey(mailHost, queueID)),
            time - messages.slots[message].createdAt < Engine.complaintNanoseconds,
            let payer = messages.slots[message].payers.first,
            subscribers.serial(of: Int(payer.slot)) == payer.serial
        else { return }
        expand(Int(payer.slot))
        watch.enrol(Int(payer.slot), serial: payer.serial)
        guard let score = watch.take(complaintAt: time, slot: Int(payer.slot), policy.watch) else { return }
        climb(Int(payer.slot), score, after: queueID, at: time, &outputs)
    }

    /// True where a delivery result is of a message that the engine remembers as somebody's: of any other it learns nothing.
    /// Asked of whole batches before they are journalled, so that a log full of other mail does not fill the journal.
    public func knows(_ delivery: Delivery) -> Bool { accountable(delivery, at: engineTime) != nil }

    /// The message of a delivery result, if somebody still known pays for it.
    private func accountable(_ delivery: Delivery, at time: Int64) -> Int? {
        guard let message = messages.slot(of: queueKey(delivery.mailHost, delivery.queueID)),
            time - messages.slots[message].createdAt < Engine.messageMemoryNanoseconds,
            let payer = messages.slots[message].payers.first, subscribers.serial(of: Int(payer.slot)) == payer.serial
        else { return nil }
        return message
    }

    // MARK: - Policy

    /// Puts a policy into force. Subscribers move over as they are met, the rest a few at a time. While too many before it
    /// are still being carried over, it is refused: dropping one of those would lose counts and strand reservations.
    mutating func replacePolicy(_ new: Policy, at time: Int64, _ outputs: inout [Output]) {
        forgetOldLayouts(at: time)
        guard !layouts.isFull else { return outputs.append(.acknowledged(.tooManyPolicies)) }
        let revision = policy.revision &+ 1
        policy = new
        policy.revision = revision
        layouts.add(policy, observesEverything: observesEverything, at: time)
        migrationLeft = subscribers.slots.count
    }

    // MARK: - Acts

    /// Does what a person asked.
    mutating func perform(_ act: OperatorAct, at time: Int64, _ outputs: inout [Output]) {
        switch act.verb {
        case .reset(let name):
            guard let slot = expandedSlot(named: name) else {
                return outputs.append(.acknowledged(.unknownSubscriber))
            }
            layOut(slot, at: time)
            for limit in plan(of: slot).limits where !limit.limit.dimension.countsDistinct {
                subscribers.slots[slot].buckets[limit.place].empty(limit.rate, at: time)
            }
            subscribers.slots[slot].windows = Windows(filler: DistinctWindow())
            outputs.append(.acknowledged(.done))
            release(slot, at: time, &outputs)
            closeCase(slot, &outputs)
        case .release(let name):
            guard let slot = expandedSlot(named: name) else {
                return outputs.append(.acknowledged(.unknownSubscriber))
            }
            outputs.append(.acknowledged(.done))
            release(slot, at: time, &outputs)
            closeCase(slot, &outputs)
        case .confirm(let name):
            guard let slot = expandedSlot(named: name) else {
                return outputs.append(.acknowledged(.unknownSubscriber))
            }
            outputs.append(.acknowledged(.done))
            confirm(slot, at: time, &outputs)
        case .setLimit(let name, let limit, let override):
            outputs.append(.acknowledged(setLimit(name, limit, override, at: time)))
        case .observeEverything(let isOn):
            observesEverything = isOn
            for index in layouts.current.plans.indices {
                layouts.current.plans[index] = CompiledPlan(
                    layouts.current.plans[index].plan, observesEverything: isOn || policy.observesEverything)
            }
            outputs.append(.acknowledged(.done))
        case .rearmBreaker:
            let wasOpen = breaker.isOpen
            breaker.rearm()
            outputs.append(.acknowledged(.done))
            if wasOpen { outputs.append(.breaker(isOpen: false)) }
        case .released(let host, let id):
            outputs.append(.acknowledged(release(queueKey(host, id), at: time) ? .done : .unknownMessage))
        case .purged(let host, let id):
            outputs.append(.acknowledged(held.removeValue(forKey: queueKey(host, id)) == nil ? .unknownMessage : .done))
        }
    }

    /// The slot of a subscriber by its name, address literals included.
    public func slot(named name: String) -> Int? {
        if let address = Attribution.address(ofLiteral: name) { return subscribers.slot(of: key(of: address)) }
        let normal = Attribution.normalised(name, plusSeparator: "")
        return subscribers.slot(of: hash.hash(normal), name: normal)
    }

    /// The key of a subscriber known by address alone.
    func key(of address: NetworkAddress) -> UInt64 { hash.hash(address.high, address.low, 1) }

    /// Gives a subscriber its own amount for one limit, or takes it away.
    private mutating func setLimit(_ name: String, _ limit: String, _ override: LimitOverride?, at time: Int64)
        -> Acknowledgement
    {
        guard let slot = expandedSlot(named: name) else { return .unknownSubscriber }
        layOut(slot, at: time)
        let old = plan(of: slot)
        guard let found = old.plan.limits.first(where: { $0.name == limit }) else {
            return .unknownLimit(old.plan.limits.map(\.name))
        }
        if let override {
            var changed = found
            changed.amount = override.amount
            changed.burst = found.dimension.countsDistinct ? override.amount : override.burst
            if let fault = changed.fault { return .badAmount(fault) }
        }
        let owner = subscribers.slots[slot].name
        overrides[owner, default: [:]][limit] = override
        if overrides[owner]?.isEmpty == true { overrides[owner] = nil }
        layOut(slot, after: old, at: time)
        return .done
    }

    /// Charges a held message that a person released. It passes whether there is room or not, but leaves no more than an
    /// empty bucket: the person has decided about it, and about no message after it.
    private mutating func release(_ key: UInt64, at time: Int64) -> Bool {
        guard let message = held.removeValue(forKey: key) else { return false }
        let slot = Int(message.slot)
        guard subscribers.serial(of: slot) == message.serial else { return true }
        for payer in chain(from: slot, at: time) {
            let plan = plan(of: Int(payer.slot))
            for limit in plan.limits
            where !limit.limit.dimension.countsDistinct && limit.limit.dimension != .deadRecipients {
                let units = message.amounts.units(limit.limit.dimension)
                guard units > 0 else { continue }
                subscribers.slots[Int(payer.slot)].buckets[limit.place].force(units, limit.rate, extra: 0, at: time)
            }
            subscribers.slots[Int(payer.slot)].lastCharge = time
            subscribers.slots[Int(payer.slot)].counts.messages &+= 1
            subscribers.slots[Int(payer.slot)].counts.recipients &+= UInt32(
                truncatingIfNeeded: message.amounts.recipients)
        }
        totals.messages += 1
        totals.recipients += UInt64(max(0, message.amounts.recipients))
        return true
    }

    // MARK: - Time

    /// What is due at every step: reservations that ran out, a case gone idle, a few subscribers to lay out anew, one to be
    /// looked at for having gone quiet.
    mutating func housekeep(at time: Int64, _ outputs: inout [Output]) {
        expire(messages: 8, at: time)
        if !cases.isEmpty {
            caseHand = caseHand + 1 < cases.count ? caseHand + 1 : 0
            if let open = cases[caseHand], now.since(open.lastAt) / 1_000_000_000 >= policy.caseIdleSeconds,
                let slot = expandedSlot(named: open.subscriber), letsGo(of: slot, at: time)
            {
                closeCase(slot, &outputs)
            }
        }
        if breaker.advance(to: time, policy.breaker) { outputs.append(.breaker(isOpen: false)) }
        if migrationLeft > 0 { sweep(slots: 2, at: time) }
        compactQuiet(looks: 1, at: time)
    }

    /// Gives up messages first seen ten minutes ago whose end was not answered, some at a time.
    mutating func expire(messages count: Int, at time: Int64) {
        for _ in 0..<count {
            guard let message = messages.nextOlder(than: time - Engine.reservationNanoseconds) else { break }
            // Where it asks on after all, it is known by its queue id and its connection.
            let session = messages.slots[message].sessionKey
            if session != 0 { messages.slots[message].endedSession = session }
            switch messages.slots[message].state {
            case .reserved:
                totals.expired += 1
                cancel(message, .over, at: time)
            case .noted, .free, .held: if session != 0 { end(message, .over, at: time) }
            case .committed, .refused, .over: break
            }
        }
    }

    /// What laying out a compacted subscriber takes, in the time of laying out a whole one.
    private static let compactedSweepCost = 4

    /// Lays subscribers out anew and forgets those without mail for 90 days. Fewer slots where compacted ones are to be laid out.
    mutating func sweep(slots: Int, at time: Int64) {
        var left = min(slots, subscribers.slots.count)
        while left > 0 {
            left -= 1
            sweepHand = sweepHand + 1 < subscribers.slots.count ? sweepHand + 1 : 0
            layouts.swept += 1
            if migrationLeft > 0 { migrationLeft -= 1 }
            let head = subscribers.head(sweepHand)
            if time - head.lastSeen > Engine.subscriberMemoryNanoseconds, subscribers.remove(sweepHand) {
                watch.forget(sweepHand)
                continue
            }
            if head.revision != 0, head.revision != policy.revision {
                let wasCompacted = subscribers.slots.isCompacted(sweepHand)
                layOut(sweepHand, at: time)
                if wasCompacted {
                    compact(sweepHand, at: time)
                    left -= Engine.compactedSweepCost - 1
                }
            }
        }
        forgetOldLayouts(at: time)
    }

    /// True while subscribers or messages may be counted by an older policy: a tick a second then brings them over soon.
    public var isCarryingOver: Bool { layouts.all.count > 1 }

    /// Forgets the plans of policies that nothing is counted by any more. A refund comes within minutes of its message; one
    /// that comes later than its message's plans are kept gives nothing back.
    private mutating func forgetOldLayouts(at time: Int64) {
        layouts.forgetOld(slots: subscribers.slots.count) { since in
            time - since > Engine.reservationNanoseconds && messages.haveRunOut(upTo: since)
        }
    }
}
