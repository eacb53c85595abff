// What status and console show: copies of the state, made a slice at a time so that the lock is held briefly.

import MailTypes

/// One limit of a subscriber as it stands now.
public struct LimitView: Hashable, Sendable {
    /// `plan/limit`.
    public var rule: String
    /// The line as configured, own amounts included: `300 recipients per hour, burst 60`.
    public var line: String
    /// True where it is enforced.
    public var isEnforced: Bool
    /// Units used up now, of `burst`.
    public var used: Int64
    /// Units that may pass at once.
    public var burst: Int64
    /// Seconds until one more unit fits: 0 where it fits now.
    public var roomInSeconds: Int64
    /// What it does with a message that it has no room for.
    public var action: LimitAction

    /// Used share in percent.
    public var usedPercent: Int64 { burst > 0 ? used * 100 / burst : 100 }
}

/// One subscriber as it stands now.
public struct SubscriberView: Hashable, Sendable {
    /// The name.
    public var name: String
    /// The plan's name.
    public var plan: String
    /// The parent's name, nil without one.
    public var parent: String?
    /// True where no limit applies.
    public var isExempt: Bool
    /// When it last sent, as the clock shows it.
    public var lastSeen: Timestamp
    /// Its totals.
    public var counts: SubscriberCounts
    /// Its limits, in evaluation order.
    public var limits: [LimitView]
    /// Its open case, nil without one.
    public var openCase: RemediationCase?

    /// The used share of its fullest limit, in percent.
    public var usedPercent: Int64 { limits.map(\.usedPercent).max() ?? 0 }
}

/// The engine at a glance.
public struct EngineView: Hashable, Sendable {
    /// Subscribers remembered.
    public var subscribers: Int
    /// Of these, quiet ones that are kept as bytes.
    public var subscribersCompacted: Int
    /// The memory that these take, what detectors know of them included.
    public var compactedBytes: Int
    /// Subscribers that gave way at the table's bound.
    public var subscribersEvicted: UInt64
    /// Messages held whose charge is remembered.
    public var held: Int
    /// Open cases.
    public var openCases: Int
    /// True while the breaker is open.
    public var breakerIsOpen: Bool
    /// New cases in the last hour, and how many are allowed.
    public var newCases: Int
    /// New cases allowed an hour now.
    public var newCasesAllowed: Int
    /// True where every rule observes.
    public var observesEverything: Bool
    /// The policy's revision.
    public var policyRevision: UInt32
    /// The totals.
    public var totals: Totals
    /// What each rule did, by rule in order.
    public var rules: [RuleView]
    /// The time of the latest input.
    public var now: Timestamp
}

/// One rule and what it did.
public struct RuleView: Hashable, Sendable {
    /// `plan/limit`.
    public var rule: String
    /// The line as configured.
    public var line: String
    /// True where it is enforced.
    public var isEnforced: Bool
    /// Its counts.
    public var counts: RuleCounts
}

extension Engine {
    /// The engine at a glance.
    public var view: EngineView {
        var rules: [RuleView] = []
        for plan in layouts.current.plans.prefix(policy.plans.count) {
            for limit in plan.limits {
                rules.append(
                    RuleView(
                        rule: limit.rule, line: limit.limit.line, isEnforced: limit.isEnforced,
                        counts: ruleCounts[limit.rule] ?? RuleCounts()))
            }
        }
        return EngineView(
            subscribers: subscribers.count, subscribersCompacted: subscribers.slots.compactedCount,
            compactedBytes: subscribers.slots.compactedBytes + watch.habits.compactedBytes
                + watch.excursions.compactedBytes, subscribersEvicted: subscribers.evicted, held: held.count,
            openCases: cases.count - freeCases.count, breakerIsOpen: breaker.isOpen, newCases: breaker.opened.count,
            newCasesAllowed: breaker.allowance(policy.breaker),
            observesEverything: observesEverything || policy.observesEverything, policyRevision: policy.revision,
            totals: totals, rules: rules, now: now)
    }

    /// Slots to walk for `subscribers(in:)`.
    public var subscriberSlots: Int { subscribers.slots.count }

    /// The subscribers of some slots; free slots are left out. Ask for some hundred slots at a time.
    public func subscribers(in range: Range<Int>) -> [SubscriberView] {
        range.clamped(to: 0..<subscribers.slots.count).compactMap {
            let state = subscribers.slots.value($0)
            return state.name.isEmpty || state.revision == 0 ? nil : view(of: state)
        }
    }

    /// One subscriber by name, nil where it is not known.
    public func subscriber(named name: String) -> SubscriberView? {
        slot(named: name).map { view(of: subscribers.slots.value($0)) }
    }

    /// The open cases of some slots.
    public var openCases: [RemediationCase] { cases.compactMap { $0 } }

    /// The case code of a held message and whose it is; nil where nothing is remembered.
    public func heldMessage(mailHost: String, queueID: String) -> (subscriber: String, caseCode: String)? {
        guard let message = held[queueKey(mailHost, queueID)],
            subscribers.serial(of: Int(message.slot)) == message.serial
        else {
            return nil
        }
        return (subscribers.slots.value(Int(message.slot)).name, message.caseCode)
    }

    /// One subscriber.
    private func view(of state: SubscriberState) -> SubscriberView {
        let plan = layouts.layout(state.revision).flatMap {
            Int(state.plan) < $0.plans.count ? $0.plans[Int(state.plan)] : nil
        }
        return SubscriberView(
            name: state.name, plan: plan?.plan.name ?? "",
            parent: state.parent < 0 ? nil : subscribers.slots.value(Int(state.parent)).name,
            isExempt: state.isExempt, lastSeen: clockTime(state.lastSeen), counts: state.counts,
            limits: plan?.limits.map { view(of: $0, state) } ?? [],
            openCase: state.openCase < 0 ? nil : cases[Int(state.openCase)])
    }

    /// One limit of a subscriber.
    private func view(of limit: CompiledLimit, _ state: SubscriberState) -> LimitView {
        var view = LimitView(
            rule: limit.rule, line: limit.limit.line, isEnforced: limit.isEnforced, used: 0, burst: limit.limit.burst,
            roomInSeconds: 0, action: limit.limit.action)
        if limit.limit.dimension.countsDistinct {
            guard limit.place < state.windows.count else { return view }
            var window = state.windows[limit.place]
            window.advance(to: engineTime, periodSeconds: limit.limit.periodSeconds)
            view.used = window.count(adding: DistinctKeys(), enough: .max)
            if view.used >= limit.limit.amount {
                view.roomInSeconds =
                    (window.nextForgetting(at: engineTime, periodSeconds: limit.limit.periodSeconds) + 999_999_999)
                    / 1_000_000_000
            }
        } else if limit.place < state.buckets.count {
            let bucket = state.buckets[limit.place]
            view.used = limit.rate.burst - bucket.room(limit.rate, at: engineTime)
            view.roomInSeconds = (bucket.wait(for: 1, limit.rate, at: engineTime) + 999_999_999) / 1_000_000_000
        }
        return view
    }
}
