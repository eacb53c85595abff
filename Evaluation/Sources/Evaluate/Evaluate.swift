// `make evaluate`: the protocol of the evaluation, and the page with its tables and pictures.

import Foundation
import MailTypes
import WeirEngine
import WeirServer
import WeirSimulator

/// The program.
@main struct Evaluate {
    /// Seeds of runs with equal strata are those of the others and so much more: a subscriber is named by seed and number.
    static let evenSeeds: UInt64 = 1_000_000

    /// Runs everything, and writes the page.
    static func main() throws {
        let (given, fault) = Arguments.parse(Array(CommandLine.arguments.dropFirst()))
        guard let arguments = given else {
            note("\(fault)\n\(Arguments.usage)")
            exit(64)
        }
        let began = Date()
        let deadline = began.addingTimeInterval(60 * Double(arguments.minutesMax))
        var engines = [EngineRunSettings(name: "Weir")]
        if arguments.withBlind { engines.append(EngineRunSettings(name: "Weir without content", isBlind: true)) }
        var page = Page(arguments: arguments)
        for (number, path) in arguments.populations.enumerated() {
            let population = try PopulationFile.load(path: path)
            let hash = try hash(path)
            let tuned = run(
                jobs(population, arguments.tuneSeeds, arguments, []), named: "\(population.name), tuning",
                threads: arguments.threads, until: deadline)
            // Before the long part, so that running out of time costs seeds and nothing else.
            let swept = number == 0 ? sweep(population, arguments, engines, deadline) : nil
            let judged = run(
                jobs(population, arguments.seeds, arguments, engines), named: population.name,
                threads: arguments.threads, until: deadline)
            guard judged.done > 0, tuned.done > 0 else {
                note("no time was left for \(path)")
                exit(1)
            }
            var section = Section(
                population: population, file: (path as NSString).lastPathComponent, hash: hash, judged: judged,
                tuned: tuned)
            if number == 0 {
                section.sweep = swept
                section.trace = trace(population, arguments)
            }
            note("\(population.name): figures")
            page.add(section)
        }
        page.minutes = Date().timeIntervalSince(began) / 60
        try page.write()
    }

    /// The runs of some seeds: by shares, and with equal strata.
    private static func jobs(
        _ population: Population, _ seeds: ClosedRange<UInt64>, _ arguments: Arguments, _ engines: [EngineRunSettings]
    ) -> [Job] {
        var jobs: [Job] = []
        for seed in seeds {
            for isEven in [true, false] {
                let subscribers = isEven ? arguments.even : arguments.subscribers
                guard subscribers > 0 else { continue }
                jobs.append(
                    Job(
                        population: population, seed: isEven ? seed + evenSeeds : seed, days: arguments.days,
                        subscribers: subscribers, allocation: isEven ? .even : .shares,
                        attackFactor: arguments.attackFactor, engines: engines))
            }
        }
        return jobs
    }

    /// One family alone at a fixed rate, in every fifth seed.
    private static func sweep(
        _ population: Population, _ arguments: Arguments, _ engines: [EngineRunSettings], _ deadline: Date
    ) -> JobsResult? {
        guard let asked = arguments.sweep,
            let place = population.families.firstIndex(where: { $0.name == asked.family })
        else { return nil }
        var changed = population
        changed.families[place].rate.perHour = LogNormal(median: asked.perHour, sigma: 0)
        changed.families = [changed.families[place]]
        let jobs = arguments.seeds.filter { ($0 - arguments.seeds.lowerBound) % 5 == 0 }.map {
            Job(
                population: changed, seed: $0 + 2 * evenSeeds, days: min(arguments.days, 120),
                subscribers: max(100, arguments.subscribers), allocation: .shares,
                attackFactor: 10 * arguments.attackFactor, engines: engines)
        }
        let name = "\(asked.family) at \(asked.perHour) an hour"
        return run(jobs, named: name, threads: arguments.threads, until: deadline)
    }

    /// The scores of one subscriber who is taken over slowly: a small run finds one, a second one writes the scores down.
    private static func trace(_ population: Population, _ arguments: Arguments) -> Page.Trace? {
        let slow = population.families.firstIndex { $0.name == "low-and-slow" } ?? 0
        var job = Job(
            population: population, seed: 0, days: 50, subscribers: 300, allocation: .shares, attackFactor: 80,
            engines: [EngineRunSettings()], withBaselines: false)
        var victim: EngineRecord.EpisodeRow?
        for seed in arguments.seeds.lowerBound..<arguments.seeds.lowerBound + 10 where victim == nil {
            job.seed = seed
            victim = job.run().0.engines[0].episodes.first { row in
                !row.isEarly && row.episode.family == slow && row.episode.whole.messages > 20
                    && row.leak(at: .contained).map { $0.messages > 0 } == true
            }
        }
        guard let row = victim else { return nil }
        job.engines = [EngineRunSettings(traced: Int(row.episode.subscriber))]
        let (again, _) = job.run()
        guard let first = again.traces[0].first(where: \.isAbuse)?.at else { return nil }
        return Page.Trace(
            scores: again.traces[0], from: first.advanced(byNanoseconds: -10 * 86_400_000_000_000),
            until: first.advanced(byNanoseconds: 4 * 86_400_000_000_000))
    }

    /// A file's hash (FNV-1a, 64 bits): enough to tell two populations apart.
    private static func hash(_ path: String) throws -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in try Data(contentsOf: URL(fileURLWithPath: path)) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return String(hash, radix: 16)
    }
}
