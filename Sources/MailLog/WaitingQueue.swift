// What is to be told, in the order of time, until the first of it is known well enough.

import MailTypes

/// One thing to be told.
enum WaitingFact: Sendable {
    /// A message, which may still learn its recipients.
    case message(MessagePlace)
    /// Anything that is known already.
    case fact(MailFact)
}

/// A queue in a ring that grows, and never shrinks below its first size.
struct WaitingQueue: Sendable {
    /// The ring; its size is a power of two.
    private var ring: [WaitingFact?] = Array(repeating: nil, count: 256)
    /// Where the first one is.
    private var head = 0
    /// How many there are.
    private(set) var count = 0

    /// The first one.
    @inline(__always)
    var first: WaitingFact? { count == 0 ? nil : ring[head] }

    /// True where the first one is a message; its place then.
    @inline(__always)
    var firstMessage: MessagePlace? {
        guard count > 0, case .message(let place)? = ring[head] else { return nil }
        return place
    }

    /// Appends one.
    @inline(__always)
    mutating func append(_ fact: WaitingFact) {
        if count == ring.count { grow() }
        ring[(head &+ count) & (ring.count &- 1)] = fact
        count &+= 1
    }

    /// Takes the first one out.
    @inline(__always)
    mutating func removeFirst() -> WaitingFact? {
        guard count > 0 else { return nil }
        let fact = ring[head].take()
        head = (head &+ 1) & (ring.count &- 1)
        count &-= 1
        return fact
    }

    /// Doubles the ring.
    private mutating func grow() {
        var larger: [WaitingFact?] = []
        larger.reserveCapacity(ring.count * 2)
        for offset in 0..<count { larger.append(ring[(head + offset) & (ring.count - 1)]) }
        while larger.count < ring.count * 2 { larger.append(nil) }
        ring = larger
        head = 0
    }
}

/// What lies far ahead of the clock, in the order of time.
struct AheadQueue: Sendable {
    /// Most things kept; beyond it the first is handed out before its time has come.
    static let countMax = 10_000

    /// The things with their times.
    private var facts: [(at: Timestamp, fact: WaitingFact)] = []

    /// The time of the first; the end of time where there is none.
    @inline(__always)
    var firstTime: Timestamp {
        facts.isEmpty
            ? Timestamp(nanoseconds: .max)
            : facts.count > AheadQueue.countMax ? Timestamp(nanoseconds: .min) : facts[0].at
    }

    /// True where there is none.
    @inline(__always)
    var isEmpty: Bool { facts.isEmpty }

    /// Puts one behind those of its time and before.
    mutating func insert(_ fact: WaitingFact, at time: Timestamp) {
        var low = 0
        var high = facts.count
        while low < high {
            let middle = (low + high) / 2
            if facts[middle].at <= time { low = middle + 1 } else { high = middle }
        }
        facts.insert((time, fact), at: low)
    }

    /// Takes the first out.
    mutating func removeFirst() -> WaitingFact { facts.removeFirst().fact }
}
