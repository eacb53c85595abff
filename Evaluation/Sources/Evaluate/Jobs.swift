// Runs side by side on threads, joined in the order in which they were asked for, so that threads change no figure.

import Dispatch
import Foundation
import Synchronization
import WeirSimulator

/// One simulation to be run.
struct Job: Sendable {
    /// The population.
    var population: Population
    /// The seed.
    var seed: UInt64
    /// Days.
    var days: Int
    /// Subscribers.
    var subscribers: Int
    /// How strata are dealt out.
    var allocation: Simulation.Allocation
    /// How many times likelier take-overs are.
    var attackFactor: Double
    /// The engines.
    var engines: [EngineRunSettings]
    /// True with the compared methods.
    var withBaselines = true

    /// Runs it.
    func run() -> (EvaluationRun.Result, messages: Int) {
        var run = EvaluationRun(
            Simulation(
                population, seed: seed, days: days, subscribers: subscribers, allocation: allocation,
                attackFactor: attackFactor), engines: engines, withBaselines: withBaselines)
        run.go()
        return (run.finish(), run.simulation.messageCount)
    }
}

/// What came of a list of jobs.
struct JobsResult {
    /// Everything joined.
    var result = EvaluationRun.Result()
    /// Runs that were done.
    var done = 0
    /// Runs that were asked for.
    var asked = 0
    /// Messages simulated.
    var messages = 0
    /// The first runs are done; the time ran out for the others.
    var isCutShort: Bool { done < asked }
}

/// Runs jobs on so many threads until a moment; none begins after it.
func run(_ jobs: [Job], named name: String, threads: Int, until deadline: Date) -> JobsResult {
    struct State {
        var next = 0
        var finished = 0
        var found: [Int: (EvaluationRun.Result, messages: Int)] = [:]
    }
    let state = Mutex(State())
    let began = Date()
    DispatchQueue.concurrentPerform(iterations: min(threads, max(1, jobs.count))) { _ in
        while true {
            let place = state.withLock { state -> Int? in
                guard state.next < jobs.count, Date() < deadline else { return nil }
                state.next += 1
                return state.next - 1
            }
            guard let place else { return }
            let found = jobs[place].run()
            let done = state.withLock { state in
                state.found[place] = found
                state.finished += 1
                return state.finished
            }
            note("\(name): \(done) of \(jobs.count) runs, \(Int(Date().timeIntervalSince(began))) s")
        }
    }
    var result = JobsResult(asked: jobs.count)
    let all = state.withLock { $0.found }
    for place in jobs.indices {
        guard let found = all[place] else { continue }
        result.result.merge(found.0)
        result.messages += found.messages
        result.done += 1
    }
    return result
}

/// Says how far it is.
func note(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
