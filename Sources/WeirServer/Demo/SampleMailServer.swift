// A mail server as Weir's doors see one, for the demonstration: it asks as Postfix does, with made-up mail.

import Foundation
import MailTypes
import Milter
import PolicyDelegation

/// Plays messages against both doors in the order in which a real Postfix asks them.
public final class SampleMailServer {
    /// What became of a message.
    public enum Outcome: Sendable {
        /// It was accepted.
        case passed
        /// It was accepted into the hold queue.
        case held
        /// It was refused, with these words.
        case refused(String)
    }

    /// The policy door.
    private let policy: LoopbackConnection
    /// Reads the policy door's answers.
    private var policyClient = PolicyClient()
    /// The milter door's port.
    private let milterPort: UInt16
    /// Counts messages, for queue ids.
    private var messages = 0
    /// Tells this run's queue ids from another's.
    private let run = UInt32(getpid())

    /// A mail server beside the doors on these ports.
    public init(policyPort: UInt16, milterPort: UInt16) throws {
        policy = try LoopbackConnection(port: policyPort)
        self.milterPort = milterPort
    }

    /// Sends one message of a login to so many recipients; both doors are asked as Postfix would ask them.
    public func send(login: String, client: NetworkAddress, port: UInt16, recipients: [String], bytes: Int) throws
        -> Outcome
    {
        messages += 1
        let queueID = String(run, radix: 36, uppercase: true) + "X" + String(messages, radix: 36, uppercase: true)
        let question = PolicyQuestion(
            state: "DATA", clientAddress: client.description, clientPort: port, helo: "pc.example", sender: login,
            recipient: recipients.count == 1 ? recipients[0] : "", recipientCount: recipients.count, queueID: queueID,
            instance: "demo.\(run).\(messages)", size: bytes, login: login)
        let dialogue = try FilterDialogue(port: milterPort)
        defer { dialogue.leave() }
        let macros = [MilterMacro("i", MilterString(queueID)), MilterMacro("{auth_authen}", MilterString(login))]
        try dialogue.tell(.connect) { $0.connect(host: "pc.example", address: client.description, port: port) }
        try dialogue.tell(.helo) { $0.helo("pc.example") }
        try dialogue.tell(.mail) { $0.mail(MilterString("<\(login)>"), macros: macros) }
        for recipient in recipients {
            try dialogue.tell(.recipient) { $0.recipient(MilterString("<\(recipient)>")) }
        }
        var isHeld = false
        if let words = SampleMailServer.refusal(try ask(question, state: "DATA"), &isHeld) { return .refused(words) }
        try dialogue.tell(.data) { $0.data(macros: macros) }
        if let words = dialogue.refusal(&isHeld) { return .refused(words) }
        let end = try ask(question, state: "END-OF-MESSAGE")
        if let words = SampleMailServer.refusal(end, &isHeld) { return .refused(words) }
        try dialogue.tell(.header) { $0.header("Subject", "Demonstration") }
        try dialogue.tell(.body) { $0.body(Array(repeating: 120, count: bytes)) }
        try dialogue.tell(.endOfMessage) { $0.endOfMessage(macros: macros) }
        if let words = dialogue.refusal(&isHeld) { return .refused(words) }
        return isHeld ? .held : .passed
    }

    /// Asks the policy door at one stage.
    private func ask(_ question: PolicyQuestion, state: String) throws -> Verdict {
        var question = question
        question.state = state
        policy.send(question.compose())
        while true {
            if let verdict = try policyClient.next() { return verdict }
            let bytes = try policy.receive()
            try policyClient.receive(bytes.span)
        }
    }

    /// The words of a refusal; nil where the verdict is none.
    private static func refusal(_ verdict: Verdict, _ isHeld: inout Bool) -> String? {
        switch verdict {
        case .defer(let reply), .reject(let reply): return reply.description
        case .hold: isHeld = true
        default: break
        }
        return nil
    }
}

/// One message's conversation with the milter door.
private final class FilterDialogue {
    /// The connection.
    private let connection: LoopbackConnection
    /// The protocol.
    private var client = MilterClient()
    /// The replies to the last command.
    private var replies: [MilterReply] = []

    /// Connects and negotiates.
    init(port: UInt16) throws {
        connection = try LoopbackConnection(port: port)
        connection.send(client.negotiate())
        while client.agreed == nil {
            let bytes = try connection.receive()
            try client.receive(bytes.span)
            _ = try client.next()
        }
    }

    /// Sends a command and waits for what it is answered, if it is.
    func tell(_ letter: MilterCommand.Letter, _ command: (MilterClient) -> [UInt8]) throws {
        connection.send(command(client))
        replies = []
        guard client.awaitsReply(to: letter) else { return }
        while true {
            while let reply = try client.next() {
                replies.append(reply)
                if reply.endsTheWait { return }
            }
            let bytes = try connection.receive()
            try client.receive(bytes.span)
        }
    }

    /// The words of a refusal among the last replies; nil where there is none.
    func refusal(_ isHeld: inout Bool) -> String? {
        for reply in replies {
            switch reply {
            case .replyCode(let text): return text.description
            case .reject: return "550 5.7.1 refused"
            case .temporaryFailure: return "451 4.7.1 refused for now"
            case .quarantine: isHeld = true
            default: break
            }
        }
        return nil
    }

    /// Ends the conversation as Postfix does after every message.
    func leave() { connection.send(client.abort() + client.quit()) }
}
