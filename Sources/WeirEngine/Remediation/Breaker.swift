// The breaker on Weir itself: it bounds what Weir does without a person.

import MailTypes

/// Counts new automatic cases over the last hour, and the subscribers active in it.
///
/// Open, it never lifts a limit, or an attacker would trip it on purpose: over-limit mail is still stopped, but more gently
/// (reject becomes defer, or hold for people's mail programs) and without a new case.
struct Breaker: Sendable {
    /// An hour in nanoseconds.
    static let hour: Int64 = 3_600_000_000_000
    /// Times of cases remembered; a policy that allows more an hour is capped here.
    static let casesMax = 10_000

    /// Engine times of the cases opened in the last hour, in order.
    private(set) var opened: [Int64] = []
    /// True while it is open.
    private(set) var isOpen = false
    /// The hour now being counted.
    private var hourNumber: Int64 = 0
    /// Subscribers first seen in this hour.
    private(set) var activeThisHour = 0
    /// Subscribers seen in the hour before.
    private(set) var activeLastHour = 0

    /// Notes that a subscriber, last seen at `lastSeen`, is active at `now`.
    mutating func noteActive(lastSeen: Int64, at now: Int64) {
        let current = now / Breaker.hour
        if current != hourNumber {
            activeLastHour = current == hourNumber + 1 ? activeThisHour : 0
            activeThisHour = 0
            hourNumber = current
        }
        if lastSeen == 0 || lastSeen / Breaker.hour != current { activeThisHour += 1 }
    }

    /// New cases allowed an hour.
    func allowance(_ settings: BreakerSettings) -> Int {
        let share = max(activeThisHour, activeLastHour) * settings.shareOfActivePercent / 100
        return min(Breaker.casesMax, max(settings.newCasesPerHour, share))
    }

    /// Forgets cases older than an hour. True where the breaker closed by that.
    mutating func advance(to now: Int64, _ settings: BreakerSettings) -> Bool {
        if let first = opened.first, first <= now - Breaker.hour {
            opened.removeAll { $0 <= now - Breaker.hour }
        }
        guard isOpen, opened.count < allowance(settings) else { return false }
        isOpen = false
        return true
    }

    /// Asks to open one more case. False where the allowance is used up; the breaker is open then.
    mutating func admit(at now: Int64, _ settings: BreakerSettings) -> Bool {
        guard opened.count < allowance(settings) else {
            isOpen = true
            return false
        }
        opened.append(now)
        return true
    }

    /// A person looked: the count begins anew.
    mutating func rearm() {
        opened = []
        isOpen = false
    }

    /// Writes the breaker.
    func encode(_ out: inout ByteWriter) {
        out.array(opened) { $0.signed($1) }
        out.bool(isOpen)
        out.signed(hourNumber)
        out.count(activeThisHour)
        out.count(activeLastHour)
    }

    /// A closed breaker.
    init() {}

    /// Reads a breaker.
    init(_ input: inout ByteReader) throws(CodecError) {
        opened = try input.array { (r) throws(CodecError) in try r.signed() }
        isOpen = try input.bool()
        hourNumber = try input.signed()
        activeThisHour = try input.integer(Int.self)
        activeLastHour = try input.integer(Int.self)
    }
}
