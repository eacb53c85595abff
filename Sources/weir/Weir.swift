// The program: one file a subcommand.

import ArgumentParser
import WeirServer

/// `weir`.
@main
struct Weir: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "weir",
        abstract: "Outbound mail abuse control at the source.",
        discussion: """
            Weir stands beside your mail servers, knows whose mail it is, throttles each account, and holds or refuses what is \
            above its limits. Start with `weir serve`, put the block from the README into Postfix, and watch `weir status`.
            """,
        version: weirVersion,
        subcommands: [
            Serve.self, Check.self, Status.self, SubscriberCommand.self, CaseCommand.self, CampaignCommand.self,
            HoldCommand.self, Observe.self,
            BreakerCommand.self, Reload.self, Replay.self, AuditCommand.self, SimulateCommand.self,
            HoldAgentCommand.self, Demo.self,
        ])
}
