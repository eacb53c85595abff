// The client's side of SMTP against servers that say what a test wants.

import Foundation
import MailTypes
import Testing
import WeirSimulator

@testable import WeirServer

/// A server on a port of its own that answers each line by its verb, and keeps what it was told. It serves one connection.
private final class ScriptedServer: @unchecked Sendable {
    /// What it was told, a line each; the data of a message as one. Read once the client has left.
    private(set) var told: [String] = []
    /// The port.
    let port: UInt16
    /// Ends with the connection.
    private let isDone = DispatchSemaphore(value: 0)

    /// A server. `answers` by verb override `250 ok`; a verb may have several, for its occurrences in turn.
    init(greeting: String = "220 ready", _ answers: [String: [String]] = [:]) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, length) == 0 && listen(listener, 1) == 0
                    && getsockname(listener, address, &length) == 0
            }
        }
        guard bound else { throw SystemError(call: "bind", number: errno) }
        port = UInt16(bigEndian: address.sin_port)
        Thread { [self] in
            defer { isDone.signal() }
            let connection = accept(listener, nil, nil)
            close(listener)
            defer { close(connection) }
            serve(connection, greeting, answers)
        }.start()
    }

    /// Waits for the end of the connection.
    func wait() { _ = isDone.wait(timeout: .now() + 10) }

    /// Answers until the client leaves.
    private func serve(_ connection: Int32, _ greeting: String, _ answers: [String: [String]]) {
        var answers = answers
        var received = ""
        var chunk = [UInt8](repeating: 0, count: 4096)
        UnixSocket.write(Array((greeting + "\r\n").utf8), to: connection)
        var isData = false
        while true {
            while let end = received.range(of: isData ? "\r\n.\r\n" : "\r\n") {
                let line = String(received[..<end.lowerBound])
                received = String(received[end.upperBound...])
                told.append(line)
                let verb = isData ? "." : String(line.prefix { $0 != " " && $0 != ":" })
                var answer = verb == "DATA" ? "354 go on" : verb == "XCLIENT" ? "220 ready" : "250 ok"
                if let next = answers[verb]?.first {
                    answer = next
                    answers[verb]?.removeFirst()
                }
                isData = verb == "DATA" && answer.hasPrefix("354")
                UnixSocket.write(Array((answer + "\r\n").utf8), to: connection)
            }
            let count = read(connection, &chunk, chunk.count)
            guard count > 0 else { return }
            received += String(decoding: chunk[..<count], as: UTF8.self)
        }
    }
}

/// What Postfix says to EHLO.
private let offers = ["EHLO": ["250-mx\r\n250-PIPELINING\r\n250 XCLIENT NAME ADDR PORT LOGIN HELO"]]

@Suite struct MailClientTests {
    /// A message to two.
    private static let mail: SimulatedMail = {
        var world = Simulation(
            Population(name: "one", strata: [Stratum(name: "light", share: 1)], families: []), seed: 1, days: 30,
            subscribers: 3)
        while let event = world.next() {
            guard case .message(let message) = event else { continue }
            var mail = SimulatedMail(message, seed: 1)
            mail.sender = "u1@isp.example"
            mail.recipients = ["a@one.example", "b@two.example"]
            mail.data = Array("Subject: x\r\n\r\n.first\r\nsecond\r\n..\r\n".utf8)
            return mail
        }
        preconditionFailure("nobody wrote")
    }()

    /// A session.
    private static let session = Session(
        door: .milter, mailHost: "mx", client: NetworkAddress("192.0.2.7"), clientPort: 4711, helo: "pc.example",
        login: "ann+b=c d")

    @Test func aMessageIsSaidAsTheRFCWantsIt() throws {
        let server = try ScriptedServer(offers)
        let client = try MailClient(port: server.port)
        let answer = try client.send(Self.mail, from: Self.session)
        #expect(answer.code == 250)
        client.leave()
        server.wait()
        #expect(
            server.told == [
                "EHLO simulator.example",
                "XCLIENT LOGIN=ann+2Bb+3Dc+20d ADDR=192.0.2.7 NAME=[UNAVAILABLE] PORT=4711",
                "EHLO pc.example", "MAIL FROM:<u1@isp.example>", "RCPT TO:<a@one.example>",
                "RCPT TO:<b@two.example>", "DATA", "Subject: x\r\n\r\n..first\r\nsecond\r\n...", "QUIT",
            ])
    }

    @Test func theReplyThatDecidedIsTold() throws {
        for (answers, code, last) in [
            (["XCLIENT": ["421 4.3.2 busy"]], 421, "XCLIENT"), (["MAIL": ["550 5.7.1 no"]], 550, "MAIL"),
            (["RCPT": ["450 4.1.1 later", "250 ok"]], 250, "."),
            (["RCPT": ["450 4.1.1 a", "550 5.1.1 b"]], 450, "RSET"),
            (["DATA": ["450 4.7.1 slow"]], 450, "RSET"), ([".": ["550-5.7.1 one\r\n550 5.7.1 two"]], 550, "."),
        ] {
            let server = try ScriptedServer(offers.merging(answers) { $1 })
            let client = try MailClient(port: server.port)
            let answer = try client.send(Self.mail, from: Self.session)
            #expect(answer.code == code, "\(answers): \(answer)")
            client.leave()
            server.wait()
            let line = try #require(server.told.dropLast().last)
            #expect(last == "." ? line.hasPrefix("Subject") : line.hasPrefix(last), "\(answers): \(line)")
        }
    }

    @Test func aServerThatCannotBeUsedIsToldSo() throws {
        for (greeting, answers, words) in [
            ("554 no", offers, "greets with 554 no"), ("220 ready", [:], "smtpd_authorized_xclient_hosts"),
            ("220 ready", ["EHLO": ["250-mx\r\n250 XCLIENT NAME"]], "smtpd_authorized_xclient_hosts"),
            ("hello", offers, "found \"hello\", expected a reply code"),
        ] {
            let server = try ScriptedServer(greeting: greeting, answers)
            #expect {
                _ = try MailClient(port: server.port)
            } throws: {
                "\($0)".contains(words)
            }
            server.wait()
        }
    }
}
