// What can be used as it is written and is probably not what was meant.

import MailTypes
import WeirEngine

/// Looks over a configuration that has been read and notes warnings.
struct PolicyReview {
    /// The file's root.
    let root: StrictNode
    /// The plans and their places.
    let plans: PlanSection
    /// The detectors and the ladder.
    let detectors: DetectorSection
    /// Where warnings go.
    let faults: FaultCollector

    /// Reviews everything that needs more than one section to be seen.
    func review(_ configuration: Configuration) {
        // A file with faults is refused; guesses about it would only be noise.
        guard faults.isEmpty else { return }
        let policy = configuration.policyDraft
        for plan in policy.plans where plans.hasOwnPlans { review(plan, configuration) }
        if plans.hasOwnPlans { reviewUse(of: policy) }
        if policy.headerRule != nil, configuration.listeners.milter.isEmpty {
            warn("identity.header needs the milter door, which alone sees header fields; listen.milter is empty.")
        }
        let enforced = policy.plans.flatMap(\.limits).filter(\.isEnforced)
        if policy.observesEverything, !enforced.isEmpty {
            warn("policy.observe_everything is true: lines that say enforce (\(enforced.count)) only observe.")
        }
        if policy.observesEverything, policy.watch.isOn, policy.watch.enforced > .none {
            warn("policy.observe_everything is true: the ladder only observes, whatever ladder.enforce says.")
        }
        if policy.watch.enforced > .none, !policy.watch.isOn, let place = detectors.enforcePlace {
            faults.warn(
                at: place, "ladder.enforce is \(policy.watch.enforced), but detectors.mode is off: no rung is reached.")
        }
        let holds = !policy.observesEverything && enforced.contains { $0.action == .hold }
        if holds || configuration.ladderIsEnforced, configuration.holdHelperPath == nil {
            warn(
                "Mail is held, but hold_helper is not set: `weir hold` can't list or release it, "
                    + "only postqueue and postsuper by hand."
            )
        }
    }

    /// A warning about the file as a whole.
    private func warn(_ text: String) { faults.warn(at: .init(file: root.file), text) }

    /// Reviews one plan.
    private func review(_ plan: Plan, _ configuration: Configuration) {
        guard let place = plans.places[plan.name], let places = plans.limitPlaces[plan.name] else { return }
        if plan.limits.isEmpty { faults.warn(at: place, "The plan '\(plan.name)' has no limits.") }
        for (index, limit) in plan.limits.enumerated() {
            if let other = plan.limits.first(where: { $0.name != limit.name && PolicyReview.shadows($0, limit) }) {
                faults.warn(
                    at: places[index],
                    "'\(LimitLine(limit))' is never reached: '\(LimitLine(other))' always comes first.")
            }
            if let percent = PolicyReview.lossPercent(limit) {
                faults.warn(
                    at: places[index],
                    "'\(LimitLine(limit))' lets \(percent) % less through than it says, "
                        + "as intervals are rounded up to whole nanoseconds."
                )
            }
        }
        if configuration.listeners.milter.isEmpty, plan.limits.contains(where: \.dimension.countsDistinct) {
            faults.warn(
                at: place,
                "Without the milter door the plan '\(plan.name)' knows recipients from RCPT requests alone: "
                    + "distinct and new recipients are unavailable where they differ from recipient_count."
            )
        }
    }

    /// True where one limit is always reached no later than another of the same dimension, and stops what that would.
    static func shadows(_ a: Limit, _ b: Limit) -> Bool {
        guard a.dimension == b.dimension, a.isEnforced || !b.isEnforced else { return false }
        if a.dimension.countsDistinct { return a.amount <= b.amount && a.periodSeconds >= b.periodSeconds }
        return a.burst <= b.burst && a.intervalNanoseconds >= b.intervalNanoseconds
    }

    /// By how many percent the rounded interval makes a limit tighter than its line; nil below one percent.
    static func lossPercent(_ limit: Limit) -> Int64? {
        guard !limit.dimension.countsDistinct else { return nil }
        let real = limit.periodSeconds * 1_000_000_000 / limit.intervalNanoseconds
        let percent = (limit.amount - real) * 100 / limit.amount
        return percent >= 1 ? percent : nil
    }

    /// Warns of plans that nobody has.
    private func reviewUse(of policy: Policy) {
        var used: Set<String> = [policy.plans[0].name]
        for entry in policy.subscribers.values { if let plan = entry.plan { used.insert(plan) } }
        for plan in policy.plans where !used.contains(plan.name) {
            if let place = plans.places[plan.name] {
                faults.warn(at: place, "No subscriber has the plan '\(plan.name)', and it is not the default plan.")
            }
        }
    }
}
