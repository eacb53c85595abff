// weir simulate

import ArgumentParser
import Foundation
import WeirServer

/// Tries the detectors on a provider that does not exist.
struct SimulateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Try the detectors on a simulated provider: what they find, how soon, and whom they hurt.",
        discussion: """
            Reads a population (Docs/simulation.md), runs its mail through the engine with every detector on, and prints a table. \
            The same file, seed and numbers give the same answer on every machine. With --events it writes the mail as the JSON \
            lines that `weir audit --format events` reads, in place of the table; with --smtp it hands the mail to a mail server \
            on this machine, and to none else. With --report it also writes a page with pictures, for a browser.

              weir simulate Simulation/population.yaml --subscribers 5000 --attack-factor 20

            Exit 0, or 2 where the population can't be read or the mail server can't be used.
            """)

    @Argument(help: "The population file.") var population: String
    @Option(help: "The dice: another seed is another provider of the same kind.") var seed: UInt64 = 1
    @Option(help: "How many days.") var days = 30
    @Option(help: "How many subscribers.") var subscribers = 2000
    @Option(help: "How many times as frequent take-overs are as the population says; a short run sees few otherwise.")
    var attackFactor = 1.0
    @Option(help: "Minutes until a person looks and rearms Weir's breaker each time it opens; without, nobody does.")
    var rearmMinutes: Double?
    @Option(help: "Restart the engine from its snapshot every so many hours.") var restartHours: Double?
    @Option(help: "Set the clock so many hours ahead after a day, back after another, and so on.")
    var clockJumpHours: Double?
    @Option(help: ArgumentHelp("Write the events to this file, - for standard output.", valueName: "file"))
    var events: String?
    @Option(help: ArgumentHelp("Also write a page with tables and pictures to this file.", valueName: "file.html"))
    var report: String?
    @Option(
        help: ArgumentHelp(
            "Hand the mail to the SMTP server at this port of 127.0.0.1, which must offer XCLIENT.", valueName: "port"))
    var smtp: UInt16?
    @Option(help: "With --smtp: messages at most, 1 to 100000.") var messages = 1000
    @Option(help: "With --smtp: messages a second at most, 0.1 to 1000.") var perSecond = 20.0
    @Flag(help: "Answer as JSON.") var json = false

    /// Numbers out of range are a slip.
    func validate() throws {
        guard (1...3660).contains(days) else { throw ValidationError("--days takes 1 to 3660, found \(days).") }
        guard (1...5_000_000).contains(subscribers) else {
            throw ValidationError("--subscribers takes 1 to 5000000, found \(subscribers).")
        }
        guard (0...100_000).contains(attackFactor) else {
            throw ValidationError("--attack-factor takes 0 to 100000, found \(attackFactor).")
        }
        for (name, value) in [
            ("rearm-minutes", rearmMinutes), ("restart-hours", restartHours), ("clock-jump-hours", clockJumpHours),
        ] {
            guard let value, !(0.01...100_000).contains(value) else { continue }
            throw ValidationError("--\(name) takes 0.01 to 100000, found \(value).")
        }
        guard [events != nil, smtp != nil, report != nil].count(where: { $0 }) < 2 else {
            throw ValidationError("--events, --smtp and --report exclude each other.")
        }
        if let report, !report.hasSuffix(".html") {
            throw ValidationError("--report takes a file that ends in .html, found \(report).")
        }
        if smtp != nil, rearmMinutes != nil || restartHours != nil || clockJumpHours != nil {
            throw ValidationError(
                "--smtp runs no engine of its own: leave --rearm-minutes, --restart-hours and --clock-jump-hours out.")
        }
        guard smtp != 0 else { throw ValidationError("--smtp takes a port, 1 to 65535, found 0.") }
        guard (1...100_000).contains(messages) else {
            throw ValidationError("--messages takes 1 to 100000, found \(messages).")
        }
        guard (0.1...1000).contains(perSecond) else {
            throw ValidationError("--per-second takes 0.1 to 1000, found \(perSecond).")
        }
        if json, events != nil {
            throw ValidationError("--json and --events exclude each other: events are JSON lines.")
        }
    }

    /// Simulates and prints.
    func run() throws {
        var run: SimulationRun
        do {
            run = SimulationRun(
                try PopulationFile.load(path: population), seed: seed, days: days, subscribers: subscribers,
                attackFactor: attackFactor)
        } catch {
            FileHandle.standardError.write(Data("\(error)\n".utf8))
            throw ExitCode(2)
        }
        run.rearmMinutes = rearmMinutes
        run.restartHours = restartHours
        run.clockJumps = clockJumpHours.map { SimulationRun.ClockJumps(everyHours: 24, hours: $0) }
        let bar = ProgressBar()
        if let events {
            let output = LineOutput(try SimulateCommand.file(events))
            run.write(progress: { bar.show($0) }) { output.write($0) }
            output.end()
            return bar.end()
        }
        if let smtp { return try send(run, toPort: smtp, bar) }
        let outcome: SimulationReport
        if let report {
            let folder = URL(fileURLWithPath: report).deletingLastPathComponent().path
            guard FileManager.default.isWritableFile(atPath: folder) else {
                throw Failure(description: "--report \(report) can't be written. Is the folder there, and yours?")
            }
            let page = run.page { bar.show($0) }
            try Data(page.html.utf8).write(to: URL(fileURLWithPath: report), options: .atomic)
            outcome = page.report
        } else {
            outcome = run.judged { bar.show($0) }
        }
        bar.end()
        if json { try print(json: outcome) } else { Swift.print(outcome.text, terminator: "") }
    }

    /// Hands the mail to a server.
    private func send(_ run: SimulationRun, toPort port: UInt16, _ bar: ProgressBar) throws {
        let mailing: SimulationMailing
        do {
            mailing = try run.send(toPort: port, messages: messages, perSecond: perSecond) { bar.show($0) }
        } catch {
            bar.end()
            FileHandle.standardError.write(Data("\(error)\n".utf8))
            throw ExitCode(2)
        }
        bar.end()
        if json { try print(json: mailing) } else { Swift.print(mailing.text(port: port), terminator: "") }
    }

    /// Where events go.
    private static func file(_ path: String) throws -> FileHandle {
        if path == "-" { return .standardOutput }
        guard FileManager.default.createFile(atPath: path, contents: nil), let file = FileHandle(forWritingAtPath: path)
        else { throw Failure(description: "--events \(path) can't be written. Is the folder there, and yours?") }
        return file
    }

    /// Prints the report as JSON.
    private func print(json report: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        Swift.print(String(decoding: try encoder.encode(report), as: UTF8.self))
    }
}
