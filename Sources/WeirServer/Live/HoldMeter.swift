// How long the engine's lock is held, and for what: the promise of a millisecond, measured in the running daemon.

import Glibc
import MailTypes
import WeirEngine

/// Lengths of holds by kind, in buckets an eighth of a power of two wide: 30 kB, and four readings of a clock a hold.
///
/// It lives inside the lock that it measures, so it needs none of its own. Off, it costs a comparison. A length is taken by two
/// clocks: by the wall's, which is what others wait, and by the thread's own, which leaves out the time in which the machine let
/// another thread run.
struct HoldMeter: Sendable {
    /// A clock.
    enum Clock: Int, CaseIterable, CustomStringConvertible {
        /// What others wait.
        case wall
        /// What the thread itself took.
        case thread

        /// `wall`, `thread`.
        var description: String { self == .wall ? "wall" : "thread" }
    }

    /// The moment at which a hold began, by both clocks; zeroes where nothing is measured.
    struct Moment {
        /// The wall's.
        var wall: Int64 = 0
        /// The thread's.
        var thread: Int64 = 0

        /// Now.
        static var now: Moment {
            Moment(
                wall: WallClock.nanoseconds(CLOCK_MONOTONIC), thread: WallClock.nanoseconds(CLOCK_THREAD_CPUTIME_ID))
        }
    }

    /// What the lock is held for.
    enum Kind: Int, CaseIterable, CustomStringConvertible {
        /// A door's question, or its withdrawal.
        case question
        /// Time passes: reservations that ran out, subscribers laid out anew.
        case tick
        /// A new policy.
        case policy
        /// A person's act, a delivery result, a complaint.
        case act
        /// A look at the engine: status, figures, a slice of the subscribers.
        case look
        /// A group of the journal handed to its writer, or taken back.
        case journal

        /// `question`, `tick` ….
        var description: String { "\(["question", "tick", "policy", "act", "look", "journal"][rawValue])" }

        /// The kind of an input.
        init(_ event: Input.Event) {
            switch event {
            case .transaction, .withdrawn: self = .question
            case .tick, .clockShifted, .gap: self = .tick
            case .policy: self = .policy
            case .act, .delivery, .complaint: self = .act
            }
        }
    }

    /// What was measured of one kind.
    struct Figures: Sendable, Equatable {
        /// Holds.
        var count = 0
        /// The longest.
        var maxNanoseconds = 0
        /// The length that 9,999 of 10,000 holds did not pass, as the upper end of its bucket.
        var nanoseconds9999 = 0
    }

    /// Buckets of one kind: up to 2^40 ns, 18 minutes.
    private static let buckets = 38 * 8
    /// Clocks and kinds.
    private static let rows = Clock.allCases.count * Kind.allCases.count
    /// Counts by clock, kind and bucket; empty where nothing is measured.
    private var counts: [UInt64]
    /// The longest by clock and kind.
    private var longest = [Int](repeating: 0, count: rows)

    /// A meter, measuring or not.
    init(isOn: Bool) { counts = isOn ? Array(repeating: 0, count: HoldMeter.rows * HoldMeter.buckets) : [] }

    /// True where lengths are measured.
    var isOn: Bool { !counts.isEmpty }

    /// The moment at which a hold begins.
    @inline(__always)
    func begin() -> Moment { counts.isEmpty ? Moment() : .now }

    /// Notes the end of a hold.
    @inline(__always)
    mutating func end(_ kind: Kind, since began: Moment) {
        guard !counts.isEmpty else { return }
        let now = Moment.now
        note(kind, .wall, Int(now.wall - began.wall))
        note(kind, .thread, Int(now.thread - began.thread))
    }

    /// Notes a length.
    mutating func note(_ kind: Kind, _ clock: Clock, _ nanoseconds: Int) {
        let row = HoldMeter.row(kind, clock)
        counts[row * HoldMeter.buckets + HoldMeter.bucket(nanoseconds)] += 1
        longest[row] = max(longest[row], nanoseconds)
    }

    /// What was measured of a kind by a clock.
    func figures(of kind: Kind, _ clock: Clock = .wall) -> Figures {
        guard isOn else { return Figures() }
        let row = HoldMeter.row(kind, clock)
        let mine = counts[row * HoldMeter.buckets..<(row + 1) * HoldMeter.buckets]
        var figures = Figures(count: Int(mine.reduce(0, +)), maxNanoseconds: longest[row])
        var rest = figures.count / 10_000
        for (bucket, count) in mine.enumerated().reversed() where count > 0 {
            figures.nanoseconds9999 = min(HoldMeter.end(of: bucket), figures.maxNanoseconds)
            rest -= Int(count)
            if rest < 0 { break }
        }
        return figures
    }

    /// The row of a kind and a clock.
    private static func row(_ kind: Kind, _ clock: Clock) -> Int {
        clock.rawValue * Kind.allCases.count + kind.rawValue
    }

    /// The bucket of a length.
    private static func bucket(_ nanoseconds: Int) -> Int {
        let value = max(8, nanoseconds)
        let power = Int.bitWidth - 1 - value.leadingZeroBitCount
        return min(buckets - 1, (power - 3) * 8 + (value >> (power - 3)) & 7)
    }

    /// The longest length of a bucket.
    private static func end(of bucket: Int) -> Int { ((9 + bucket % 8) << (bucket / 8)) - 1 }
}
