// The token bucket of a limit, in integers and exact.

/// A rate in the form that GCRA wants.
struct Rate: Hashable, Sendable {
    /// Emission interval T in nanoseconds, rounded up.
    var interval: Int64
    /// Bucket depth in units.
    var burst: Int64

    /// T times burst: how far ahead of now the bucket may run. Checked against overflow when the policy is made.
    var reach: Int64 { interval * burst }
}

/// GCRA (ITU-T I.371 Annex A, virtual scheduling) with reservations: 16 bytes.
///
/// `theoreticalArrival` is the TAT of what was committed, `reserved` what messages under way have asked for. With
/// `debt = max(0, TAT - now)`, the invariant `debt + reserved · T ≤ burst · T` holds after every verb but `force`:
/// time only lowers the debt, `commit` moves units from one side to the other, `cancel` takes them away. So what is
/// committed never passes burst + rate · time, however messages overlap, abort or expire; a reservation merely does not
/// refill while it is open.
struct Bucket: Sendable, Equatable {
    /// The moment at which the bucket is full again, engine nanoseconds.
    var theoreticalArrival: Int64 = 0
    /// Units reserved by open messages.
    var reserved: Int64 = 0

    /// Nanoseconds until `units` fit: 0 where they fit now, `Int64.max` where they never will.
    func wait(for units: Int64, _ rate: Rate, at now: Int64) -> Int64 {
        guard units <= rate.burst else { return .max }
        let debt = max(0, theoreticalArrival - now)
        let over = debt + (reserved + units) * rate.interval - rate.reach
        return max(0, over)
    }

    /// Units that fit now.
    func room(_ rate: Rate, at now: Int64) -> Int64 {
        max(0, (rate.reach - max(0, theoreticalArrival - now)) / rate.interval - reserved)
    }

    /// Sets units aside for an open message. The caller has checked `wait`.
    mutating func reserve(_ units: Int64) { reserved += units }

    /// Turns reserved units into used ones.
    mutating func commit(_ units: Int64, _ rate: Rate, at now: Int64) {
        reserved -= units
        theoreticalArrival = max(now, theoreticalArrival) + units * rate.interval
    }

    /// Gives reserved units back.
    mutating func cancel(_ units: Int64) { reserved -= units }

    /// Uses units whether they fit or not: what a person released, or what can't be refused any more. The debt stays
    /// within `reach + extra`, so that nobody is shut out for longer than that.
    mutating func force(_ units: Int64, _ rate: Rate, extra: Int64, at now: Int64) {
        let (span, overflow) = units.multipliedReportingOverflow(by: rate.interval)
        let start = max(now, theoreticalArrival)
        let limit = max(start, now + rate.reach + extra)
        theoreticalArrival = overflow || span > limit - start ? limit : start + span
    }

    /// Gives back units committed at `then`, as far as that can't let more through than if they had never been there:
    /// what flowed in up to the last charge may have been used by others already, so it is not given again.
    mutating func refund(_ units: Int64, _ rate: Rate, committedAt then: Int64, lastCharge: Int64) {
        let (span, overflow) = units.multipliedReportingOverflow(by: rate.interval)
        let given = (overflow ? rate.reach : min(span, rate.reach)) - max(0, lastCharge - then)
        if given > 0 { theoreticalArrival -= given }
    }

    /// The same fill under another rate: the debt counts the same units.
    mutating func convert(from old: Rate, to new: Rate, at now: Int64) {
        let debt = max(0, theoreticalArrival - now)
        guard debt > 0, old != new else { return }
        let units = min((debt + old.interval - 1) / old.interval, new.burst)
        theoreticalArrival = now + units * new.interval
    }
}
