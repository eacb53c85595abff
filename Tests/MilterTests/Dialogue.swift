// A mail server and our session on one table, for the tests of this folder.

import MailTypes
import Milter

/// The hash of all tests.
let testHash = AddressHash(KeyedHash(key0: 1, key1: 2))

/// The key of an address.
func key(_ address: String) -> AddressKey { testHash.key(address)! }

/// A session as the tests configure it.
func makeSession() -> MilterSession {
    MilterSession(mailHost: "mx1", addressHash: testHash, wantedFields: ["X-Customer", "From"])
}

/// A reply that refuses for now, with a `%` in it.
let overLimit = Reply(code: 451, status: EnhancedStatus(4, 7, 1), text: "over 100% of your limit")
/// A reply that refuses for good.
let refused = Reply(code: 554, status: EnhancedStatus(5, 7, 1), text: "stopped, case W-17")

/// A running conversation: what the server says, and what came of it.
struct Dialogue {
    /// Our side.
    var session = makeSession()
    /// The server's side.
    var client: MilterClient
    /// The questions asked.
    var asked: [Transaction] = []
    /// The transactions withdrawn.
    var withdrawn: [Transaction] = []
    /// The replies read since the last time they were taken.
    var replies: [MilterReply] = []
    /// True once the session closed the connection.
    var isClosed = false

    /// A conversation that has been negotiated.
    init(offer: MilterNegotiation = MilterNegotiation()) throws {
        client = MilterClient(offer: offer)
        try say(client.negotiate())
        replies = []
    }

    /// Says some bytes, answers the questions that arise with a verdict, and reads the replies.
    mutating func say(_ bytes: [UInt8], _ verdict: Verdict = .accept) throws {
        try session.receive(bytes.span)
        while let action = try session.next() {
            switch action {
            case .ask(let transaction):
                asked.append(transaction)
                session.decided(verdict)
            case .withdraw(let transaction): withdrawn.append(transaction)
            case .send(let bytes):
                try client.receive(bytes.span)
                while let reply = try client.next() { replies.append(reply) }
            case .close: isClosed = true
            }
        }
    }

    /// The replies read since the last call.
    mutating func takeReplies() -> [MilterReply] {
        defer { replies = [] }
        return replies
    }

    /// A client with a login connects.
    mutating func connect() throws {
        try say(client.connect(host: "pc.example", address: "192.0.2.7", port: 50123))
        try say(client.helo("pc.example", macros: [MilterMacro("{tls_version}", "TLSv1.3")]))
        replies = []
    }

    /// MAIL of a subscriber, and one accepted recipient.
    mutating func envelope() throws {
        try say(
            client.mail(
                "<ann@isp.example>", "SIZE=4000",
                macros: [MilterMacro("{auth_authen}", "ann"), MilterMacro("{auth_type}", "PLAIN")]))
        try say(client.recipient("<bob@there.example>"))
    }

    /// A small message: 51 bytes.
    mutating func content() throws {
        try say(client.header("Subject", "hello"))  // 16
        try say(client.header("X-Customer", "c-17"))  // 18
        try say(client.body(Array("one\r\ntwo and\r\n".utf8) + [46]))  // 2 + 15
        replies = []
    }
}
