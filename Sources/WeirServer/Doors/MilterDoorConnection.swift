// A connection of the milter door.

import Foundation
import MailTypes
import Milter

/// A connection of a mail server that speaks milter: one SMTP session.
final class MilterDoorConnection: DoorConnection {
    /// The protocol.
    private var session: MilterSession
    /// True for TCP.
    private let acknowledges: Bool

    /// A connection.
    init(_ session: MilterSession, descriptor: Int32, peer: String) {
        self.session = session
        acknowledges = !peer.isEmpty
        super.init(descriptor: descriptor, door: .milter, peer: peer)
    }

    override func receive(_ bytes: Span<UInt8>, _ answer: inout [UInt8], _ desk: DoorDesk) -> Bool {
        session.converse(bytes, &answer, self, desk)
    }

    /// Sets TCP_QUICKACK: Postfix's milter client writes in small pieces, and where no answer takes the acknowledgement
    /// along, Nagle plus delayed acknowledgement would cost it 40 ms.
    override func acknowledge() {
        guard acknowledges else { return }
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_QUICKACK, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    override var hasPartialInput: Bool { session.hasPartialInput }

    override func closed(_ desk: DoorDesk) { if let transaction = session.closed() { desk.withdraw(transaction) } }
}
