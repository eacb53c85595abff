// Compiled plans by policy revision: subscribers are laid out anew one by one, so old layouts live on for a while.

import MailTypes

/// One revision's plans, and the private ones of subscribers with their own amounts.
struct Layout: Sendable {
    /// The revision.
    let revision: UInt32
    /// Engine time at which it came into force.
    let since: Int64
    /// The policy's plans in their order, then private ones.
    var plans: [CompiledPlan]
    /// Index of the private plan by subscriber.
    var privatePlans: [String: Int] = [:]
}

/// The layouts in use, the newest last; at most `layoutsMax`.
struct Layouts: Sendable {
    /// Revisions kept; a subscriber laid out by an older one starts with empty buckets.
    static let layoutsMax = 64
    /// The layouts.
    private(set) var all: [Layout] = []

    /// The plans in force.
    var current: Layout {
        get { all[all.count - 1] }
        _modify { yield &all[all.count - 1] }
    }

    /// A plan in force, by its index.
    func currentPlan(_ index: Int) -> CompiledPlan { all[all.count - 1].plans[index] }

    /// The layout of a revision, nil where it is gone.
    func layout(_ revision: UInt32) -> Layout? { all.last { $0.revision == revision } }

    /// Puts a policy into force.
    mutating func add(_ policy: Policy, observesEverything: Bool, at time: Int64) {
        all.append(
            Layout(
                revision: policy.revision, since: time,
                plans: policy.plans.map {
                    CompiledPlan($0, observesEverything: observesEverything || policy.observesEverything)
                }))
        if all.count > Layouts.layoutsMax { all.removeFirst() }
    }

    /// Forgets all but the newest.
    mutating func forgetOld() { if all.count > 1 { all.removeFirst(all.count - 1) } }

    /// Restores a list of layouts.
    init(_ all: [Layout] = []) { self.all = all }
}
