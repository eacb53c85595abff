// Requests and sessions for the tests of the policy door.

import MailTypes
import PolicyDelegation

/// The hash of all tests.
let testHash = KeyedHash(key0: 0x0706_0504_0302_0100, key1: 0x0F0E_0D0C_0B0A_0908)

/// The address keys of all tests.
let testKeys = AddressHash(testHash)

/// A session of one connection.
func makeSession() -> PolicySession {
    PolicySession(mailHost: "mx1.example.net", addressHash: testKeys, instanceHash: testHash)
}

/// A question of a logged-in client about one message.
func question(_ state: String, recipients: Int = 0, recipient: String = "", queueID: String = "") -> PolicyQuestion {
    PolicyQuestion(
        state: state, clientAddress: "192.0.2.7", clientPort: 50123, helo: "pc.example", sender: "ann@isp.example",
        recipient: recipient, recipientCount: recipients, queueID: queueID, instance: "1f2e.65a1b2c3.4d5e6.0",
        size: 4711,
        login: "ann", encryption: "TLSv1.3")
}

/// A request from its lines, with the blank line behind them.
func request(_ lines: String...) -> [UInt8] { Array((lines.joined(separator: "\n") + "\n\n").utf8) }

/// Everything that a session does with some bytes, each question answered by the next verdict.
func actions(_ session: inout PolicySession, _ bytes: [UInt8], _ verdicts: [Verdict] = [.accept]) throws -> [DoorAction]
{
    var found: [DoorAction] = []
    var asked = 0
    try session.receive(bytes.span)
    while let action = try session.next() {
        found.append(action)
        if case .ask = action {
            session.decided(verdicts[asked % verdicts.count])
            asked += 1
        }
    }
    return found
}

/// The fault that some bytes end in, on a new session; nil where there is none.
func fault(_ bytes: [UInt8]) -> DoorError.Code? {
    var session = makeSession()
    do {
        _ = try actions(&session, bytes)
        return nil
    } catch { return (error as? DoorError)?.code }
}

/// The only question that some bytes raise.
func transaction(_ bytes: [UInt8]) throws -> Transaction? {
    var session = makeSession()
    try session.receive(bytes.span)
    guard case .ask(let transaction) = try session.next() else { return nil }
    return transaction
}
