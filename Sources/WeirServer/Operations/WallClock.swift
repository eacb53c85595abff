// The one place where Weir reads a clock.

import Glibc
import MailTypes

/// The machine's clock as the engine may see it: never backwards but by a jump, which is told apart from time passing.
///
/// It lives inside the engine's lock. A step of the real-time clock of more than five seconds against the monotonic one is
/// a jump, by NTP or by a person; smaller ones are smoothed by standing still.
struct WallClock: Sendable {
    /// Smallest difference that counts as a jump, in nanoseconds.
    static let jumpNanoseconds: Int64 = 5_000_000_000

    /// What the real-time clock is ahead of the monotonic one, as last accepted.
    private var offset: Int64
    /// The latest moment given out.
    private(set) var latest: Timestamp

    /// A clock that goes on from a moment, the journal's last one.
    init(continuing latest: Timestamp) {
        offset = WallClock.nanoseconds(CLOCK_REALTIME) - WallClock.nanoseconds(CLOCK_MONOTONIC)
        self.latest = latest
    }

    /// The time now, and by how many nanoseconds it jumped since the last reading, 0 for not at all. After a jump the
    /// moment may be before the last one, by no more than the jump.
    mutating func read() -> (now: Timestamp, jump: Int64) {
        let real = WallClock.nanoseconds(CLOCK_REALTIME)
        return read(real: real, monotonic: WallClock.nanoseconds(CLOCK_MONOTONIC))
    }

    /// The same from two readings, in nanoseconds.
    mutating func read(real: Int64, monotonic: Int64) -> (now: Timestamp, jump: Int64) {
        let difference = real - monotonic - offset
        let behind = real - latest.nanoseconds
        if abs(difference) > WallClock.jumpNanoseconds || behind < -WallClock.jumpNanoseconds {
            offset += difference
            // What engine time can't take back stays: it may stand still, never go back.
            let jump = min(abs(difference) > WallClock.jumpNanoseconds ? difference : behind, behind)
            latest = Timestamp(nanoseconds: real)
            return (latest, jump)
        }
        latest = max(latest, Timestamp(nanoseconds: real))
        return (latest, 0)
    }

    /// A clock of the system in nanoseconds.
    static func nanoseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
