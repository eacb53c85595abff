// weir serve

import ArgumentParser
import Foundation
import Logging
import WeirServer

/// Runs Weir.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run Weir: the doors, the journal, the admin listener.",
        discussion: """
            Without a configuration file it runs in observe mode: policy on 127.0.0.1:10040, milter on 127.0.0.1:10041, admin on \
            127.0.0.1:10080, state in ./var/weir. SIGHUP reads the file again, SIGTERM stops.
            """)

    @Option(name: .shortAndLong, help: "The configuration file, weir.yaml.")
    var config: String?

    @Option(help: "How much to say: trace, debug, info, notice, warning, error.")
    var logLevel: LogLevel = .info

    @Flag(help: "Measure how long the engine's lock is held, and show it in /metrics as weir_lock_hold_nanoseconds.")
    var measureHolds = false

    /// Starts the service.
    func run() async throws {
        umask(0o027)
        let level = logLevel.level
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        do {
            let configuration = try config.map { try WeirServer.Configuration.load(path: $0) } ?? .defaults
            try await Service(configuration, measuresHolds: measureHolds, logger: Logger(label: "weir")).run()
        } catch let faults as ConfigurationFaults {
            throw Failure(description: "\(faults)")
        } catch let error as StoreError {
            throw Failure(description: error.description)
        }
    }
}

/// How much to say.
enum LogLevel: String, ExpressibleByArgument, CaseIterable {
    case trace, debug, info, notice, warning, error

    /// The level in swift-log's words.
    var level: Logger.Level { Logger.Level(rawValue: rawValue) ?? .info }
}

/// An error whose words are for the person at the terminal: printed as they are, exit status 1.
struct Failure: Error, CustomStringConvertible {
    /// The words.
    var description: String
}
