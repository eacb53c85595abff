// Compiled plans by policy revision: subscribers are laid out anew one by one, so old layouts live on for a while.

import MailTypes

/// One revision's plans, and the private ones of subscribers with their own amounts.
struct Layout: Sendable {
    /// The revision.
    let revision: UInt32
    /// Engine time at which it came into force.
    let since: Int64
    /// What `Layouts.swept` was then: once as many slots as there are have been swept, nobody is laid out by an older one.
    let sweptSince: UInt64
    /// The policy's plans in their order, then private ones.
    var plans: [CompiledPlan]
    /// Index of the private plan by subscriber.
    var privatePlans: [String: Int] = [:]
}

/// The layouts in use, the newest last; at most `layoutsMax`. One is kept for as long as a subscriber may be laid out by it
/// or a message may hold a reservation that it names, so that no reload, however soon, costs anybody a count.
struct Layouts: Sendable {
    /// Policies carried over at a time. Each is gone after the time of a reservation and a sweep of all subscribers: some
    /// ten minutes, so a reload a minute never comes near. Beyond it a new policy is refused, and the one in force stays.
    static let layoutsMax = 64
    /// The layouts.
    private(set) var all: [Layout] = []
    /// Slots swept since the engine began; each sweep lays its slots out by the newest.
    var swept: UInt64 = 0

    /// The plans in force.
    var current: Layout {
        get { all[all.count - 1] }
        _modify { yield &all[all.count - 1] }
    }

    /// A plan in force, by its index.
    func currentPlan(_ index: Int) -> CompiledPlan { all[all.count - 1].plans[index] }

    /// The layout of a revision, nil where it is gone.
    func layout(_ revision: UInt32) -> Layout? { all.last { $0.revision == revision } }

    /// True where there is no room for another policy.
    var isFull: Bool { all.count >= Layouts.layoutsMax }

    /// Puts a policy into force. The caller has looked for room.
    mutating func add(_ policy: Policy, observesEverything: Bool, at time: Int64) {
        all.append(
            Layout(
                revision: policy.revision, since: time, sweptSince: swept,
                plans: policy.plans.map {
                    CompiledPlan($0, observesEverything: observesEverything || policy.observesEverything)
                }))
    }

    /// Forgets the layouts that nobody is laid out by and no reservation names: those followed by one since which every
    /// slot was swept, and since which `isOver` says that every message of before has run out.
    mutating func forgetOld(slots: Int, _ isOver: (_ since: Int64) -> Bool) {
        while all.count > 1, swept - all[1].sweptSince >= UInt64(slots), isOver(all[1].since) { all.removeFirst() }
    }

    /// Restores a list of layouts.
    init(_ all: [Layout] = [], swept: UInt64 = 0) {
        self.all = all
        self.swept = swept
    }
}
