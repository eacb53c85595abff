// weir hold-agent

import ArgumentParser
import Logging
import WeirServer

/// Runs the hold agent on a mail host.
struct HoldAgentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hold-agent",
        abstract: "On a mail host: the small helper that lists, releases and deletes in Postfix's hold queue.",
        discussion: """
            It alone calls postqueue and postsuper; `weir serve` never runs as root. Start it with no capability but setuid and \
            setgid, by which postsuper becomes Postfix's owner (Docs/hold.md has the unit file).
            """)

    @Option(help: "The Unix socket to listen at; its group may ask.") var socket: String
    @Option(help: "Postfix's configuration directory, if not the default.") var configDir: String?

    /// Serves until it is ended.
    func run() throws {
        try HoldAgent(path: socket, configurationDirectory: configDir, logger: Logger(label: "weir-hold-agent")).run()
    }
}
