// A simulated message as mail: well-formed, and in reserved names alone.

import MailTypes
import Testing

@testable import WeirSimulator

@Suite struct SimulatedMailTests {
    /// The mail of some days.
    private static let mail: [(message: SimulatedMessage, mail: SimulatedMail)] = {
        var world = Simulation(.small, seed: 5, days: 6, subscribers: 80, attackFactor: 100)
        var found: [(SimulatedMessage, SimulatedMail)] = []
        while let event = world.next() {
            if case .message(let message) = event { found.append((message, SimulatedMail(message, seed: 5))) }
        }
        return found
    }()

    @Test func isWellFormed() throws {
        #expect(Self.mail.count > 500)
        for (message, mail) in Self.mail {
            let text = String(decoding: mail.data, as: UTF8.self)
            let lines = text.components(ending: "\r\n")
            #expect(lines.allSatisfy { $0.utf8.count <= 998 && !$0.utf8.contains(10) && !$0.utf8.contains(13) })
            #expect(text.hasSuffix("\r\n") && mail.data.allSatisfy { $0 < 128 })
            let end = try #require(lines.firstIndex(of: ""))
            let names = lines[..<end].filter { !$0.hasPrefix(" ") }.map { $0.prefix { $0 != ":" } }
            #expect(Set(names).count == names.count, "no field twice")
            #expect(names.contains("Date") && names.contains("From") && names.contains("X-Weir-Simulation"))
            #expect(lines.count > end + 1 && lines[(end + 1)...].contains { !$0.isEmpty }, "a body")
            #expect(mail.recipients.count == message.transaction.envelope.recipientCount)
            #expect(mail.sender == message.sender.text && mail.isReserved)
        }
    }

    @Test(arguments: [
        ("a@isp.example", true), ("a@x.test", true), ("a@no.invalid", true), ("a@example.com", true),
        ("a@b.example.org", true), ("", true), ("a@notexample.com", false), ("a@example.com.real.net", false),
        ("a@provider.com", false), ("a", false), ("a@example.info", false), ("a@example@provider.com", false),
    ])
    func leavesNoOtherName(address: String, isReserved: Bool) throws {
        var mail = try #require(Self.mail.first).mail
        mail.sender = address
        #expect(mail.isReserved == isReserved)
        mail.sender = "a@isp.example"
        mail.recipients.append(address)
        #expect(mail.isReserved == (isReserved && !address.isEmpty))
    }

    @Test(arguments: [
        ("2026-01-05T09:13:22Z", "Mon, 05 Jan 2026 09:13:22 +0000"),
        ("2024-02-29T00:00:00Z", "Thu, 29 Feb 2024 00:00:00 +0000"),
        ("1999-12-31T23:59:59.9Z", "Fri, 31 Dec 1999 23:59:59 +0000"),
    ])
    func tellsTheTime(at: String, date: String) throws {
        #expect(SimulatedMail.date(try #require(Timestamp(rfc3339: at))) == date)
    }
}

extension String {
    /// What stands before each end, and what is left.
    fileprivate func components(ending end: String) -> [String] {
        split(separator: end, omittingEmptySubsequences: false).map(String.init)
    }
}
