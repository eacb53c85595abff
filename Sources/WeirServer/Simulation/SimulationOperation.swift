// An engine in a simulation with what an operator's machine does to it: restarts, a clock set wrong, a person who looks.

import MailTypes
import WeirEngine
import WeirSimulator

/// The engine of one simulation, at work.
struct SimulationOperation {
    /// What is done to it.
    private let run: SimulationRun
    /// The engine.
    private var engine: Engine
    /// What the machine's clock is ahead of the world's, in nanoseconds.
    private var clockAhead: Int64 = 0
    /// When the clock next jumps, by the world's time.
    private var jumpsAt: Int64?
    /// When the engine next restarts.
    private var restartsAt: Int64?
    /// When a person next rearms the breaker.
    private var rearmsAt: Int64?
    /// The world's time of the latest event.
    private var now = Timestamp(nanoseconds: 0)
    /// When the engine was last told the time.
    private var tickedAt = Timestamp(nanoseconds: 0)
    /// Times that the breaker opened.
    private(set) var breakerOpened = 0
    /// When each case of the last hour began to act, in the world's nanoseconds.
    private var opened: [Int64] = []
    /// Codes of the cases that acted so far; looked up only.
    private var codes: Set<String> = []
    /// The most cases that began to act within an hour.
    private(set) var newCasesMax = 0
    /// Restarts.
    private(set) var restarts = 0
    /// Jumps of the clock.
    private(set) var clockJumps = 0

    /// Seconds between two ticks; a live service ticks each second, which changes no decision.
    private static let tickSeconds: Int64 = 60

    /// An engine at work.
    init(_ run: SimulationRun, _ engine: Engine) {
        self.run = run
        self.engine = engine
        let start = run.population.start.nanoseconds
        jumpsAt = run.clockJumps.map { start + SimulationOperation.nanoseconds(hours: $0.everyHours) }
        restartsAt = run.restartHours.map { start + SimulationOperation.nanoseconds(hours: $0) }
    }

    /// Hours as nanoseconds.
    private static func nanoseconds(hours: Double) -> Int64 { Int64(hours * 3.6e12) }

    /// Lets time pass in the world until an event: what came due on the way is done.
    mutating func proceed(to at: Timestamp) {
        now = max(at, now)
        if let due = restartsAt, due <= at.nanoseconds, let hours = run.restartHours {
            do {
                engine = try Engine(snapshot: engine.snapshot())
            } catch {
                preconditionFailure("an engine can't read its own snapshot: \(error)")
            }
            restarts += 1
            restartsAt = max(due, at.nanoseconds) + SimulationOperation.nanoseconds(hours: hours)
        }
        if let due = jumpsAt, due <= at.nanoseconds, let jumps = run.clockJumps {
            let length = SimulationOperation.nanoseconds(hours: jumps.hours)
            let jump = clockAhead == 0 ? length : -length
            clockAhead += jump
            clockJumps += 1
            jumpsAt = max(due, at.nanoseconds) + SimulationOperation.nanoseconds(hours: jumps.everyHours)
            // As the live service does it: it sees the clock and its own count of seconds part, and says by how much.
            _ = engine.step(Input(at: engine.now.advanced(byNanoseconds: jump), .clockShifted(jump)))
        }
        if let due = rearmsAt, due <= at.nanoseconds {
            rearmsAt = nil
            _ = step(.act(OperatorAct(who: "person", why: "looked at the cases", .rearmBreaker)))
        }
        if now.since(tickedAt) >= SimulationOperation.tickSeconds * 1_000_000_000 {
            tickedAt = now
            _ = step(.tick)
        }
    }

    /// The clock of the engine's machine.
    private var clock: Timestamp { max(now.advanced(byNanoseconds: clockAhead), engine.now) }

    /// Takes in a fact.
    mutating func step(_ event: Input.Event) -> [Output] {
        let outputs = engine.step(Input(at: clock, event))
        watch(outputs)
        return outputs
    }

    /// Takes in a message.
    mutating func step(_ transaction: Transaction, _ outputs: inout [Output]) -> Decision {
        let decision = engine.step(transaction, at: clock, &outputs)
        watch(outputs)
        return decision
    }

    /// Counts cases that begin to act, and calls a person where the breaker opens.
    private mutating func watch(_ outputs: [Output]) {
        for case .case(let open) in outputs
        where open.state != .observed && open.state != .released && codes.insert(open.code).inserted {
            opened.removeAll { $0 <= now.nanoseconds - SimulationOperation.nanoseconds(hours: 1) }
            opened.append(now.nanoseconds)
            newCasesMax = max(newCasesMax, opened.count)
        }
        for case .breaker(isOpen: true) in outputs {
            breakerOpened += 1
            if let minutes = run.rearmMinutes {
                rearmsAt = now.nanoseconds + SimulationOperation.nanoseconds(hours: minutes / 60)
            }
        }
    }
}
