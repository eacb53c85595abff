// How long the engine's lock is held, and for what: the promise of a millisecond, measured in the running daemon.

import Glibc
import MailTypes
import WeirEngine

/// Lengths of holds by kind, in buckets an eighth of a power of two wide: 8 kB, and two readings of a clock a hold.
///
/// It lives inside the lock that it measures, so it needs none of its own. Off, it costs a comparison.
struct HoldMeter: Sendable {
    /// What the lock is held for.
    enum Kind: Int, CaseIterable, CustomStringConvertible {
        /// A door's question, or its withdrawal.
        case question
        /// Time passes: reservations that ran out, subscribers laid out anew.
        case tick
        /// A new policy.
        case policy
        /// A person's act, a delivery result.
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
            case .act, .delivery: self = .act
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
    /// Counts by kind and bucket; empty where nothing is measured.
    private var counts: [UInt64]
    /// The longest of each kind.
    private var longest = [Int](repeating: 0, count: Kind.allCases.count)

    /// A meter, measuring or not.
    init(isOn: Bool) { counts = isOn ? Array(repeating: 0, count: Kind.allCases.count * HoldMeter.buckets) : [] }

    /// True where lengths are measured.
    var isOn: Bool { !counts.isEmpty }

    /// The moment at which a hold began; 0 where nothing is measured.
    @inline(__always)
    func begin() -> Int64 { counts.isEmpty ? 0 : WallClock.nanoseconds(CLOCK_MONOTONIC) }

    /// Notes the end of a hold.
    @inline(__always)
    mutating func end(_ kind: Kind, since began: Int64) {
        if began != 0 { note(kind, Int(WallClock.nanoseconds(CLOCK_MONOTONIC) - began)) }
    }

    /// Notes a length.
    mutating func note(_ kind: Kind, _ nanoseconds: Int) {
        counts[kind.rawValue * HoldMeter.buckets + HoldMeter.bucket(nanoseconds)] += 1
        longest[kind.rawValue] = max(longest[kind.rawValue], nanoseconds)
    }

    /// What was measured of a kind.
    func figures(of kind: Kind) -> Figures {
        guard isOn else { return Figures() }
        let mine = counts[kind.rawValue * HoldMeter.buckets..<(kind.rawValue + 1) * HoldMeter.buckets]
        var figures = Figures(count: Int(mine.reduce(0, +)), maxNanoseconds: longest[kind.rawValue])
        var rest = figures.count / 10_000
        for (bucket, count) in mine.enumerated().reversed() where count > 0 {
            figures.nanoseconds9999 = min(HoldMeter.end(of: bucket), figures.maxNanoseconds)
            rest -= Int(count)
            if rest < 0 { break }
        }
        return figures
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
