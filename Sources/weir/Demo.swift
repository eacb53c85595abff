// weir demo

import ArgumentParser
import Foundation
import MailTypes
import WeirServer

/// Plays a stolen account among honest ones against a running Weir on this machine.
struct Demo: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Play a stolen account among honest ones against a running Weir, and watch.",
        discussion:
            "Speaks to the doors on 127.0.0.1 alone, as Postfix would; no mail is sent anywhere. Takes about half a minute."
    )

    @OptionGroup var control: ControlOptions
    @Option(help: "The policy door's port.") var policyPort: UInt16 = 10_040
    @Option(help: "The milter door's port.") var milterPort: UInt16 = 10_041
    @Option(help: "Seconds to play, at most 300.") var seconds = 30

    /// One account of the play.
    private struct Account {
        /// The login.
        var login: String
        /// Where it sends from.
        var client: NetworkAddress
        /// Seconds between two messages.
        var interval: Double
        /// Recipients a message.
        var recipients: ClosedRange<Int>
        /// True where each message goes to people never written to before.
        var writesToStrangers: Bool
        /// When the next message is due, in seconds of the play.
        var due: Double
        /// Messages sent, passed, held, refused.
        var sent = 0, passed = 0, held = 0, refused = 0
        /// The last refusal.
        var words = ""
    }

    /// Plays.
    func run() throws {
        guard (1...300).contains(seconds) else { throw ValidationError("--seconds is 1 to 300") }
        let server: SampleMailServer
        do { server = try SampleMailServer(policyPort: policyPort, milterPort: milterPort) } catch {
            throw Failure(
                description:
                    "no Weir answers at the policy door (\(error)). Start it with `make run` in another terminal, then call `make demo` again."
            )
        }
        var accounts = cast()
        var generator = SeededGenerator(seed: UInt64(getpid()))
        let isTerminal = isatty(1) != 0
        let began = Date()
        var drawn = 0
        if !isTerminal { print("playing for \(seconds) seconds …") }
        while true {
            let now = Date().timeIntervalSince(began)
            guard now < Double(seconds) else { break }
            if let index = accounts.indices.min(by: { accounts[$0].due < accounts[$1].due }), accounts[index].due <= now
            {
                try play(&accounts[index], server, &generator)
            } else {
                Thread.sleep(forTimeInterval: 0.01)
            }
            if isTerminal, Int(now * 2) > drawn {
                drawn = Int(now * 2)
                print("\u{1B}[H\u{1B}[2J" + page(accounts, second: Int(now)))
            }
        }
        print(isTerminal ? "\u{1B}[H\u{1B}[2J" + page(accounts, second: seconds) : page(accounts, second: seconds))
        print(ending(accounts))
    }

    /// The accounts: one stolen, seven honest of different kinds.
    private func cast() -> [Account] {
        func honest(_ name: String, _ last: UInt32, every interval: Double, to recipients: ClosedRange<Int>) -> Account
        {
            Account(
                login: "\(name)@customer.example", client: NetworkAddress(ipv4: 0xC633_6400 | last), interval: interval,
                recipients: recipients, writesToStrangers: false, due: interval * 0.3)
        }
        return [
            Account(
                login: "mallory@customer.example", client: NetworkAddress(ipv4: 0xCB00_7142), interval: 0.12,
                recipients: 3...12, writesToStrangers: true, due: 3),
            honest("ann", 10, every: 4, to: 1...1), honest("bob", 11, every: 6, to: 1...2),
            honest("carla", 12, every: 9, to: 1...1),
            honest("dan", 13, every: 5, to: 1...3), honest("shop", 14, every: 2, to: 1...1),
            honest("club", 15, every: 20, to: 15...30),
            honest("scanner", 16, every: 7, to: 1...1),
        ]
    }

    /// Sends one message of an account.
    private func play(_ account: inout Account, _ server: SampleMailServer, _ generator: inout SeededGenerator) throws {
        account.due += account.interval
        account.sent += 1
        let count = Int.random(in: account.recipients, using: &generator)
        let recipients = (0..<count).map { index in
            account.writesToStrangers
                ? "victim\(account.sent)x\(index)@far\(index).example" : "friend\(index)@near.example"
        }
        let outcome = try server.send(
            login: account.login, client: account.client, port: UInt16(40_000 + account.sent % 20_000),
            recipients: recipients,
            bytes: 2000 + count * 10)
        switch outcome {
        case .passed: account.passed += 1
        case .held: account.held += 1
        case .refused(let words):
            account.refused += 1
            account.words = words
        }
    }

    /// The table as it stands, joined with what Weir would have done.
    private func page(_ accounts: [Account], second: Int) -> String {
        var table = TextTable(
            ["ACCOUNT", "SENT", "PASSED", "HELD", "REFUSED", "WOULD HAVE BEEN STOPPED", "FULLEST LIMIT", "USED"],
            numbers: [1, 2, 3, 4, 5, 7])
        for account in accounts {
            var request = ControlRequest(.subscriberShow)
            request.subscriber = account.login
            let known = try? control.ask(request).subscribers?.first
            let fullest = known?.limits.max { $0.usedPercent < $1.usedPercent }
            table.add([
                account.login, "\(account.sent)", "\(account.passed)", "\(account.held)", "\(account.refused)",
                known.map { "\($0.wouldStop)" } ?? "-", fullest?.line ?? "-",
                fullest.map { "\($0.usedPercent) %" } ?? "-",
            ])
        }
        return
            "second \(second) of \(seconds): mallory's password was stolen at second 3; the others are honest\n\n\(table.text)\n"
    }

    /// What it showed.
    private func ending(_ accounts: [Account]) -> String {
        let stolen = accounts[0]
        var lines: [String] = []
        if stolen.held + stolen.refused > 0 {
            lines.append(
                "\(stolen.passed) of the thief's \(stolen.sent) messages left; \(stolen.held) are held, \(stolen.refused) were refused."
            )
            if !stolen.words.isEmpty { lines.append("The thief's client was told: \(stolen.words)") }
        } else {
            lines.append(
                "Every rule observes, so all of the thief's \(stolen.sent) messages left. The column on the right shows what Weir would have stopped."
            )
            lines.append(
                "Write `mode: enforce` to the limits that earned it in weir.yaml (Docs/weir.example.yaml), then play again."
            )
        }
        let hurt = accounts.dropFirst().filter { $0.held + $0.refused > 0 }
        lines.append(
            hurt.isEmpty
                ? "No honest message was touched."
                : "Honest accounts that were touched: \(hurt.map(\.login).joined(separator: ", ")).")
        lines.append("Look closer: weir subscriber list, weir subscriber show \(stolen.login), weir status")
        return lines.joined(separator: "\n")
    }
}
