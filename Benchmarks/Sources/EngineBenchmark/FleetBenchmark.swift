// Ten million subscribers, a tenth of them active a day: what the quiet ones take, and what it costs to wake and to compact.

import Glibc
import MailTypes
import WeirEngine

/// A fleet over three weeks with everything on: each day another tenth of it sends, two messages each, through the milter door.
struct FleetBenchmark {
    /// Days, the last of which is measured.
    private static let days = 21
    /// Subscribers of which one is active a day.
    private static let activeOf = 10
    /// Engine time between two ticks, as the service makes them.
    private static let tickNanoseconds: Int64 = 10_000_000_000

    /// The engine.
    private var engine: Engine
    /// How many subscribers.
    private let subscribers: Int
    /// Dice.
    private var random = SeededGenerator(seed: 2)
    /// What the clock shows.
    private var at = Timestamp(seconds: 1_800_000_000)
    /// Engine time of the last tick.
    private var tickedAt = Timestamp(seconds: 1_800_000_000)
    /// Messages so far.
    private var number = 0
    /// Times of questions in nanoseconds of this thread: the first about a subscriber that day, and all others; of ticks.
    private var first: [UInt32] = []
    private var others: [UInt32] = []
    private var ticks: [UInt32] = []
    /// True while times are noted.
    private var isMeasuring = false
    /// Room for outputs.
    private var outputs: [Output] = []

    /// Runs and prints.
    static func run(subscribers: Int) {
        let before = EngineBenchmark.residentBytes()
        var fleet = FleetBenchmark(subscribers)
        let began = EngineBenchmark.cpuNanoseconds()
        for day in 0..<days - 1 {
            fleet.day(day)
            fleet.report("day=\(day + 1)", before)
        }
        fleet.isMeasuring = true
        let dayBegan = EngineBenchmark.cpuNanoseconds()
        let messages = fleet.number
        fleet.day(days - 1)
        let steps = 2 * (fleet.number - messages)
        // The clock is read twice a step; without it the engine is as much faster.
        print(
            "last_day steps=\(steps) ns_per_step=\((EngineBenchmark.cpuNanoseconds() - dayBegan) / Int64(max(1, steps)))"
        )
        fleet.report("at_end", before)
        print("all_days cpu_seconds=\((EngineBenchmark.cpuNanoseconds() - began) / 1_000_000_000)")
        show("first_question_of_the_day_ns", &fleet.first)
        show("other_questions_ns", &fleet.others)
        show("ticks_ns", &fleet.ticks)
        fleet.snapshot()
        fleet.compactAll()
    }

    /// A fleet that has not sent yet.
    private init(_ subscribers: Int) {
        self.subscribers = subscribers
        var policy = Policy()
        policy.watch.isOn = true
        var bounds = Engine.Bounds.defaults
        bounds.subscribersMax = subscribers
        engine = Engine(policy: policy, bounds: bounds, seed: 1)
    }

    /// One day: its tenth of the subscribers, spread over 24 hours, each twice.
    private mutating func day(_ day: Int) {
        let active = subscribers / FleetBenchmark.activeOf
        let gap = 86_400_000_000_000 / Int64(2 * max(1, active))
        for turn in 0..<2 {
            for index in 0..<active {
                at = at.advanced(byNanoseconds: gap)
                message(index * FleetBenchmark.activeOf + day % FleetBenchmark.activeOf, isFirst: turn == 0)
                if at.since(tickedAt) >= FleetBenchmark.tickNanoseconds { tick() }
            }
        }
    }

    /// A tick.
    private mutating func tick() {
        tickedAt = at
        let began = EngineBenchmark.cpuNanoseconds()
        _ = engine.step(Input(at: at, .tick))
        if isMeasuring { ticks.append(UInt32(EngineBenchmark.cpuNanoseconds() - began)) }
    }

    /// One message of a subscriber to one of eight friends, from one of two networks: DATA, then the end.
    private mutating func message(_ subscriber: Int, isFirst: Bool) {
        number += 1
        let friend = UInt64(subscriber) &* 31 &+ random.next() % 8
        let client = NetworkAddress(
            ipv4: UInt32(truncatingIfNeeded: subscriber &* 7919) & 0x3FFF_FFFF | UInt32(random.next() % 2) << 30 | 1
                << 24)
        var transaction = Transaction(
            stage: .data,
            session: Session(
                door: .milter, mailHost: "localhost", client: client,
                clientPort: UInt16(truncatingIfNeeded: number), helo: "pc\(subscriber % 1000)",
                login: "user\(subscriber)@example.net"),
            envelope: Envelope(
                reversePath: AddressKey(address: UInt64(subscriber), domain: 1),
                recipients: [
                    Recipient(AddressKey(address: friend &* 0x9E37_79B9_7F4A_7C15, domain: friend % 100))
                ], recipientsAreComplete: true, recipientCount: 1),
            content: Content(style: UInt64(subscriber % 500 + 1)), queueID: String(number, radix: 36))
        ask(transaction, isFirst: isFirst)
        transaction.stage = .endOfMessage
        transaction.envelope.bytes = 4000
        ask(transaction, isFirst: false)
    }

    /// One question.
    private mutating func ask(_ transaction: Transaction, isFirst: Bool) {
        outputs.removeAll(keepingCapacity: true)
        guard isMeasuring else {
            _ = engine.step(transaction, at: at, &outputs)
            return
        }
        let began = EngineBenchmark.cpuNanoseconds()
        _ = engine.step(transaction, at: at, &outputs)
        let spent = UInt32(EngineBenchmark.cpuNanoseconds() - began)
        if isFirst { first.append(spent) } else { others.append(spent) }
    }

    /// What is resident now.
    private func report(_ what: String, _ before: Int) {
        let view = engine.view
        let resident = EngineBenchmark.residentBytes() - before
        let compacted = max(1, view.subscribersCompacted)
        print(
            "\(what) subscribers=\(view.subscribers) compacted=\(view.subscribersCompacted) resident_MiB=\(resident >> 20) "
                + "bytes_each=\(resident / max(1, view.subscribers)) bytes_each_compacted=\(view.compactedBytes / compacted) "
                + "open_cases=\(view.openCases)")
        fflush(nil)
    }

    /// Middle, tail and the longest of some times.
    private static func show(_ what: String, _ times: inout [UInt32]) {
        guard !times.isEmpty else { return }
        times.sort()
        print(
            "\(what) count=\(times.count) median=\(times[times.count / 2]) p99=\(times[times.count * 99 / 100]) "
                + "p99.9=\(times[times.count * 999 / 1000]) longest=\(times[times.count - 1])")
    }

    /// How long a snapshot takes, and reading it.
    private func snapshot() {
        let began = EngineBenchmark.cpuNanoseconds()
        let bytes = engine.snapshot()
        let made = EngineBenchmark.cpuNanoseconds()
        print("snapshot_MiB=\(bytes.count >> 20) seconds=\(Double((made - began) / 1_000_000) / 1000)")
        let back = try? Engine(snapshot: bytes)
        print(
            "restored_subscribers=\(back?.view.subscribers ?? 0) seconds=\(Double((EngineBenchmark.cpuNanoseconds() - made) / 1_000_000) / 1000)"
        )
    }

    /// Lets two days pass without mail: every tick compacts as much as it may.
    private mutating func compactAll() {
        let whole = engine.view.subscribers - engine.view.subscribersCompacted
        at = at.advanced(byNanoseconds: 2 * 86_400_000_000_000)
        ticks = []
        var spent: Int64 = 0
        while engine.view.subscribersCompacted < subscribers, ticks.count < subscribers {
            let began = EngineBenchmark.cpuNanoseconds()
            for _ in 0..<1000 { tick() }
            spent += EngineBenchmark.cpuNanoseconds() - began
        }
        let compacted = whole - (engine.view.subscribers - engine.view.subscribersCompacted)
        print("compacted=\(compacted) ns_each=\(spent / Int64(max(1, compacted))) (passing over the others included)")
        FleetBenchmark.show("compacting_ticks_ns", &ticks)
    }
}
