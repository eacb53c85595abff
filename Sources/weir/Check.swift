// `weir check`: is the configuration sound, and does Postfix ask Weir about everything?

import ArgumentParser
import Foundation
import WeirServer

/// Reads a configuration, or Postfix's settings, and says what is wrong. Changes nothing.
struct Check: AsyncParsableCommand {
    /// Name and help.
    static let configuration = CommandConfiguration(
        abstract: "Check weir.yaml, or with --postfix whether Postfix asks Weir about every message.",
        discussion: """
            Prints each plan's limits with what they let through at most in any hour and in any day.
            Leaves with 0 where all is well, 1 where something must change, 2 where a file can't be read.
            """)

    /// The configuration file.
    @Argument(help: "The configuration file; without it the defaults are shown.") var file: String?
    /// Checks Postfix instead.
    @Flag(help: "Read postconf and name each service that would not ask Weir, or would refuse mail without it.")
    var postfix = false
    /// Postfix's configuration directory.
    @Option(help: "Postfix's configuration directory, as for postconf -c.") var configDir: String?
    /// Saved output in place of `postconf -n`.
    @Option(name: .customLong("postconf-n"), help: "A file with the output of postconf -n.") var postconfN: String?
    /// Saved output in place of `postconf -P`.
    @Option(name: .customLong("postconf-p"), help: "A file with the output of postconf -P.") var postconfP: String?
    /// Saved output in place of `postconf -M`.
    @Option(name: .customLong("postconf-m"), help: "A file with the output of postconf -M.") var postconfM: String?

    /// Options of `--postfix` without it are a slip.
    func validate() throws {
        if !postfix, configDir ?? postconfN ?? postconfP ?? postconfM != nil {
            throw ValidationError("--config-dir and --postconf-… belong to --postfix.")
        }
    }

    /// Checks and prints.
    func run() async throws {
        let configuration: Configuration
        do {
            configuration =
                try file.map { (path) throws(ConfigurationFaults) in try Configuration.load(path: path) } ?? .defaults
        } catch {
            print(error)
            throw ExitCode(error.isUnreadable ? 2 : 1)
        }
        guard postfix else {
            print(ConfigurationReport(configuration), terminator: "")
            return
        }
        let check = PostfixCheck(
            PostfixSettings(
                n: try text("-n", savedIn: postconfN), p: try text("-P", savedIn: postconfP),
                m: try text("-M", savedIn: postconfM)),
            listeners: configuration.listeners)
        print(check, terminator: "")
        if !check.isGood { throw ExitCode(1) }
    }

    /// What postconf says, from a file or from postconf itself.
    private func text(_ option: String, savedIn path: String?) throws -> String {
        do {
            if let path {
                // By handle, so that pipes and /dev/null can be given.
                let data = try FileHandle(forReadingFrom: URL(fileURLWithPath: path)).readToEnd()
                return String(decoding: data ?? Data(), as: UTF8.self)
            }
            return try postconf(option)
        } catch {
            print("\(path ?? "postconf \(option)"): can't be read. \(error.localizedDescription)")
            throw ExitCode(2)
        }
    }

    /// Runs postconf; its warnings go to our standard error.
    private func postconf(_ option: String) throws -> String {
        let process = Process()
        // /usr/sbin is not on everybody's path.
        let isInSbin = FileManager.default.isExecutableFile(atPath: "/usr/sbin/postconf")
        process.executableURL = URL(fileURLWithPath: isInSbin ? "/usr/sbin/postconf" : "/usr/bin/env")
        process.arguments = (isInSbin ? [] : ["postconf"]) + (configDir.map { ["-c", $0] } ?? []) + [option]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw ExitCode(2) }
        return String(decoding: data, as: UTF8.self)
    }
}
