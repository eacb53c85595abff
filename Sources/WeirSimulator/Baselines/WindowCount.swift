// How much there was within a window of time, for one subscriber.

import MailTypes

/// A window of time.
public struct CountWindow: Sendable, Equatable {
    /// How long it is, in nanoseconds, above zero.
    public var nanoseconds: Int64
    /// True: whatever lies less than the length back. False: the clock is cut into windows of the length from the epoch on, and
    /// each starts empty; twice the limit passes around a cut.
    public var isSliding: Bool

    /// A window of so many hours.
    public init(hours: Int64, isSliding: Bool) {
        precondition(hours > 0)
        nanoseconds = hours * 3_600_000_000_000
        self.isSliding = isSliding
    }
}

/// A sum over a window.
struct WindowCount: Sendable {
    /// Most entries of a sliding window: 768 KiB for a subscriber who fills it. The oldest leave early then, and the sum is too
    /// small, at a height far above every limit.
    static let entriesMax = 49_152

    /// What was added and is not yet over, oldest first, from `first` on.
    private var entries: [(at: Timestamp, amount: Int32)] = []
    /// The first entry that still counts.
    private var first = 0
    /// The number of the fixed window.
    private var number = Int64.min
    /// The sum.
    private(set) var total: Int64 = 0

    /// Adds an amount and answers with the sum, that amount included.
    mutating func add(_ amount: Int32, at: Timestamp, in window: CountWindow) -> Int64 {
        settle(at: at, in: window)
        total += Int64(amount)
        if window.isSliding, amount != 0 {
            if entries.count - first >= Self.entriesMax { leave() }
            entries.append((at, amount))
        }
        return total
    }

    /// Lets go of what lies outside the window.
    private mutating func settle(at: Timestamp, in window: CountWindow) {
        guard window.isSliding else {
            let present = at.nanoseconds / window.nanoseconds - (at.nanoseconds % window.nanoseconds < 0 ? 1 : 0)
            if present != number {
                number = present
                total = 0
            }
            return
        }
        while first < entries.count, at.since(entries[first].at) >= window.nanoseconds { leave() }
        if first > 32, first > entries.count / 2 {
            entries.removeFirst(first)
            first = 0
        }
    }

    /// Lets go of the oldest entry.
    private mutating func leave() {
        total -= Int64(entries[first].amount)
        first += 1
    }
}

/// How many different keys were seen within a sliding window, up to a bound.
struct DistinctCount: Sendable {
    /// Most keys: 1 KiB for a subscriber who has as many. Those seen longest ago leave first, so that every count below is exact.
    static let keysMax = 64

    /// The keys, the one seen longest ago first.
    private var keys: [(key: UInt64, at: Timestamp)] = []

    /// Adds a key and answers with the number of different keys, that one included.
    mutating func add(_ key: UInt64, at: Timestamp, in window: CountWindow) -> Int {
        keys.removeAll { $0.key == key || at.since($0.at) >= window.nanoseconds }
        if keys.count == Self.keysMax { keys.removeFirst() }
        keys.append((key, at))
        return keys.count
    }

    /// The number of different keys, with nothing added.
    mutating func count(at: Timestamp, in window: CountWindow) -> Int {
        keys.removeAll { at.since($0.at) >= window.nanoseconds }
        return keys.count
    }
}
