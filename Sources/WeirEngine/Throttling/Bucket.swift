// The token bucket of a limit, in integers and exact.

/// A rate in the form that GCRA wants.
struct Rate: Hashable, Sendable {
    /// Emission interval T in nanoseconds, rounded up.
    var interval: Int64
    /// Bucket depth in units.
    var burst: Int64

    /// T times burst: how far ahead of now the bucket may run. Checked against overflow when the policy is made.
    var reach: Int64 { interval * burst }

    /// The longest span that is reckoned with, 126 years: above any `reach`, and two of them fit `Int64`.
    static let spanMax: Int64 = 4_000_000_000_000_000_000

    /// How long some units take to flow in, held at `spanMax`: units that another rate admitted may pass any product.
    func span(_ units: Int64) -> Int64 {
        let (span, overflow) = units.multipliedReportingOverflow(by: interval)
        return overflow ? Rate.spanMax : min(span, Rate.spanMax)
    }
}

/// GCRA (ITU-T I.371 Annex A, virtual scheduling) with reservations: 24 bytes.
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
    /// The moment of the last charge; later than that where nothing charged so far can be given back exactly any more.
    var lastCharge: Int64 = 0

    /// Nanoseconds until `units` fit: 0 where they fit now, `Int64.max` where they never will.
    func wait(for units: Int64, _ rate: Rate, at now: Int64) -> Int64 {
        guard units <= rate.burst else { return .max }
        let debt = max(0, theoreticalArrival - now)
        let over = debt + rate.span(reserved + units) - rate.reach
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
        let start = max(now, theoreticalArrival)
        theoreticalArrival = start + min(rate.span(units), max(0, now + Rate.spanMax - start))
        lastCharge = max(lastCharge, now)
    }

    /// Gives reserved units back.
    mutating func cancel(_ units: Int64) { reserved -= units }

    /// Uses units whether they fit or not: what a person released, or what can't be refused any more. The debt stays
    /// within `reach + extra`, so that nobody is shut out for longer than that.
    mutating func force(_ units: Int64, _ rate: Rate, extra: Int64, at now: Int64) {
        let span = rate.span(units)
        let start = max(now, theoreticalArrival)
        let limit = max(start, now + rate.reach + extra)
        theoreticalArrival = span > limit - start ? limit : start + span
        lastCharge = max(lastCharge, span > limit - start ? now + rate.reach : now)
    }

    /// Forgets what was used. Reservations stay.
    mutating func empty(_ rate: Rate, at now: Int64) {
        theoreticalArrival = 0
        lastCharge = now + rate.reach
    }

    /// Gives back units committed at `then`, as far as that can't let more through than if they had never been there:
    /// what flowed in up to the last charge may have been used by others already, so it is not given again. What was
    /// charged before a change of rate, a reset, or a forced charge that was cut, is not given back at all.
    mutating func refund(_ units: Int64, _ rate: Rate, committedAt then: Int64) {
        let given = min(rate.span(units), rate.reach) - max(0, lastCharge - then)
        if given > 0 { theoreticalArrival -= given }
    }

    /// The same fill under another rate: the debt counts the same units.
    mutating func convert(from old: Rate, to new: Rate, at now: Int64) {
        guard old != new else { return }
        lastCharge = now + new.reach
        let debt = max(0, theoreticalArrival - now)
        guard debt > 0 else { return }
        let units = min((debt + old.interval - 1) / old.interval, new.burst)
        theoreticalArrival = now + units * new.interval
    }
}
