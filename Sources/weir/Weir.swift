import ArgumentParser
import WeirServer

@main struct Weir: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "weir")
}
