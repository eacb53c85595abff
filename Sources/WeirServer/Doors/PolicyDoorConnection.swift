// A connection of the policy door.

import MailTypes
import PolicyDelegation

/// A connection of a Postfix smtpd process that asks for policy.
final class PolicyDoorConnection: DoorConnection {
    /// The protocol.
    private var session: PolicySession

    /// A connection.
    init(_ session: PolicySession, descriptor: Int32, peer: String) {
        self.session = session
        super.init(descriptor: descriptor, door: .policy, peer: peer)
    }

    override func receive(_ bytes: Span<UInt8>, _ answer: inout [UInt8], _ desk: DoorDesk) -> Bool {
        session.converse(bytes, &answer, self, desk)
    }

    override var hasPartialInput: Bool { session.hasPartialInput }

    override func closed(_ desk: DoorDesk) { if let transaction = session.closed() { desk.withdraw(transaction) } }
}
