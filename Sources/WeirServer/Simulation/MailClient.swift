// The client's side of SMTP (RFC 5321) with XCLIENT, by which a trusted host says for whom it speaks: enough for a simulation to
// hand its mail to a server on this machine.

import MailTypes
import WeirSimulator

/// A conversation with an SMTP server on 127.0.0.1.
final class MailClient {
    /// A server that can't be used.
    struct Refusal: Error, CustomStringConvertible {
        /// What it said, and what to do.
        let description: String
    }

    /// The server's reply.
    struct Answer {
        /// The reply code.
        var code: Int
        /// The text of each line.
        var lines: [String]

        /// The first line as said.
        var text: String { "\(code) \(lines.first ?? "")" }
    }

    /// The connection.
    private let connection: LoopbackConnection
    /// What was received and not read.
    private var received: [UInt8] = []
    /// What the server offers for XCLIENT.
    private var attributes: Set<Substring> = []

    /// Connects, and sees whether the server lets a simulation say for whom it speaks.
    init(port: UInt16) throws {
        connection = try LoopbackConnection(port: port)
        let greeting = try answer()
        guard greeting.code == 220 else { throw Refusal(description: "127.0.0.1:\(port) greets with \(greeting.text)") }
        let hello = try command("EHLO simulator.example")
        let offers = hello.lines.lazy.map { $0.split(separator: " ") }.first { $0.first == "XCLIENT" } ?? []
        attributes = Set(offers.dropFirst())
        guard hello.code == 250, attributes.isSuperset(of: ["ADDR", "LOGIN"]) else {
            throw Refusal(
                description:
                    "127.0.0.1:\(port) offers no XCLIENT with ADDR and LOGIN, without which every message is this machine's own. Set smtpd_authorized_xclient_hosts = 127.0.0.1 in Postfix's main.cf, on a test server alone."
            )
        }
    }

    /// A verb and its answer.
    private func command(_ text: String) throws -> Answer {
        connection.send(Array((text + "\r\n").utf8))
        return try answer()
    }

    /// Waits for one answer of any number of lines.
    private func answer() throws -> Answer {
        var lines: [String] = []
        while true {
            guard let end = received.firstIndex(of: 10) else {
                guard received.count < 64 << 10 else { throw Refusal(description: "a reply without an end") }
                received += try connection.receive()
                continue
            }
            let line = received[..<end].filter { $0 != 13 }
            received.removeFirst(end + 1)
            let text = String(decoding: line, as: UTF8.self)
            guard let code = Int(text.prefix(3)), (200...599).contains(code) else {
                throw Refusal(description: "found \(text.prefix(80).debugDescription), expected a reply code")
            }
            lines.append(String(text.dropFirst(4)))
            if text.dropFirst(3).first != "-" { return Answer(code: code, lines: lines) }
            guard lines.count < 1000 else { throw Refusal(description: "a reply of more than 1,000 lines") }
        }
    }

    /// Sends one message as a client would: who it is, the envelope, the data. Returns the reply that decided; a recipient that is
    /// refused decides only where no other is left.
    func send(_ mail: SimulatedMail, from session: Session) throws -> Answer {
        precondition(mail.isReserved, "a simulation writes to reserved names alone")
        func value(_ text: String) -> String { text.isEmpty ? "[UNAVAILABLE]" : MailClient.xtext(text) }
        var told = ["LOGIN=\(value(session.login))"]
        if let client = session.client {
            told.append("ADDR=\(client.description.contains(":") ? "IPV6:" : "")\(client)")
        }
        if attributes.contains("NAME") { told.append("NAME=[UNAVAILABLE]") }
        if attributes.contains("PORT"), session.clientPort != 0 { told.append("PORT=\(session.clientPort)") }
        let isKnown = try command("XCLIENT " + told.joined(separator: " "))
        guard isKnown.code == 220 else { return isKnown }
        let hello = try command("EHLO \(session.helo.isEmpty ? "unknown.example" : session.helo)")
        guard hello.code == 250 else { return hello }
        let from = try command("MAIL FROM:<\(mail.sender)>")
        guard from.code == 250 else { return from }
        var refusal: Answer?
        var accepted = 0
        for recipient in mail.recipients {
            let reply = try command("RCPT TO:<\(recipient)>")
            if reply.code / 100 == 2 { accepted += 1 } else { refusal = refusal ?? reply }
        }
        if accepted == 0, let refusal {
            _ = try command("RSET")
            return refusal
        }
        let data = try command("DATA")
        guard data.code == 354 else {
            _ = try command("RSET")
            return data
        }
        connection.send(MailClient.stuffed(mail.data) + Array(".\r\n".utf8))
        return try answer()
    }

    /// Takes leave.
    func leave() { _ = try? command("QUIT") }

    /// Lines that begin with a dot get another (RFC 5321 §4.5.2).
    static func stuffed(_ data: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(data.count + 16)
        var previous: UInt8 = 10
        for byte in data {
            if byte == 46, previous == 10 { result.append(46) }
            result.append(byte)
            previous = byte
        }
        return result
    }

    /// xtext (RFC 3461 §4), as XCLIENT wants values.
    static func xtext(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            if (33...126).contains(byte), byte != 43, byte != 61 {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                result += "+" + (digits.count == 1 ? "0" : "") + digits
            }
        }
        return result
    }
}
