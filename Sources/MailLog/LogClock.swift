// The time of a log, from stamps that are nearly in order.
//
// Daemons log the lines of one second in any order, hosts' clocks differ, a clock is set back, local time repeats an hour in
// autumn, a line comes out of nowhere with another day's stamp. Three rules keep the time of what is told from going back
// and from running away:
//
// - A line a little behind takes the clock's time.
// - A line far ahead does not move the clock; it is told when the clock gets there. Where many follow each other, the log
//   did jump, and the clock with it.
// - Where many lines of one host stay far behind, that host's stamps were set back: they are moved by the difference, so
//   that an hour of mail does not fall on one second, until they have caught up.

import MailTypes

/// A clock that the lines of a log move.
struct LogClock: Sendable {
    /// A line further ahead than this does not move the clock alone.
    static let aheadNanoseconds: Int64 = 3_600_000_000_000
    /// A line further behind than this may mean that its host's stamps were set back.
    static let behindNanoseconds: Int64 = 600_000_000_000
    /// So many lines in a row mean it.
    static let runMax = 32

    /// What is known of one host's stamps.
    private struct HostStamps: Sendable {
        /// Lines in a row that lay far behind.
        var behindRun = 0
        /// What is added to the host's stamps, in nanoseconds.
        var shift: Int64 = 0
    }

    /// The time that the log has reached.
    private(set) var now = Timestamp(nanoseconds: .min)
    /// Lines whose stamp lay before the clock.
    private(set) var linesBehind = 0
    /// Lines whose stamp lay far ahead.
    private(set) var linesAhead = 0
    /// How often a host's stamps were set back.
    private(set) var setBacks = 0
    /// Lines in a row that lay far ahead.
    private var aheadRun = 0
    /// The earliest of these.
    private var aheadFirst = Timestamp(nanoseconds: .max)
    /// The hosts, by number.
    private var hosts: [HostStamps] = []

    /// The time of a line, never before the clock; more than `aheadNanoseconds` after it where the line lies far ahead.
    @inline(__always)
    mutating func read(_ stamp: Timestamp, host: Int) -> Timestamp {
        while hosts.count <= host { hosts.append(HostStamps()) }
        var time = stamp
        if hosts[host].shift != 0 {
            if stamp >= now { hosts[host].shift = 0 }
            time = stamp.advanced(byNanoseconds: hosts[host].shift)
        }
        if time >= now, time.since(now) <= LogClock.aheadNanoseconds || now.nanoseconds == .min {
            now = time
            aheadRun = 0
            aheadFirst = Timestamp(nanoseconds: .max)
            hosts[host].behindRun = 0
            return time
        }
        return time > now ? ahead(time) : behind(time, host)
    }

    /// A line far ahead.
    private mutating func ahead(_ time: Timestamp) -> Timestamp {
        linesAhead += 1
        aheadRun += 1
        aheadFirst = min(aheadFirst, time)
        if aheadRun >= LogClock.runMax { jump(to: time) }
        return time
    }

    /// The log did jump: to where its lines begin again.
    private mutating func jump(to time: Timestamp) {
        now = aheadFirst
        if time.since(now) <= LogClock.aheadNanoseconds { now = max(now, time) }
        linesAhead -= aheadRun
        aheadRun = 0
        aheadFirst = Timestamp(nanoseconds: .max)
    }

    /// A line behind.
    private mutating func behind(_ time: Timestamp, _ host: Int) -> Timestamp {
        linesBehind += 1
        aheadRun = 0
        aheadFirst = Timestamp(nanoseconds: .max)
        guard now.since(time) > LogClock.behindNanoseconds else {
            hosts[host].behindRun = 0
            return now
        }
        hosts[host].behindRun += 1
        if hosts[host].behindRun >= LogClock.runMax {
            hosts[host].shift = hosts[host].shift.addingReportingOverflow(now.since(time)).partialValue
            hosts[host].behindRun = 0
            setBacks += 1
        }
        return now
    }

    /// Time has come without a line; the end of time where no more lines come.
    mutating func advance(to time: Timestamp) { now = max(now, time) }
}
