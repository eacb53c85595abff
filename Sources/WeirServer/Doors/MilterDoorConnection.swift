// A connection of the milter door.

import Foundation
import MailTypes
import Milter

/// A connection of a mail server that speaks milter: one SMTP session.
final class MilterDoorConnection: DoorConnection {
    /// The protocol.
    private var session: MilterSession
    /// Sets TCP_QUICKACK after each read: Postfix's milter client writes in small pieces, and Nagle plus delayed
    /// acknowledgement would cost it 40 ms.
    private let acknowledgesAtOnce: Bool

    /// A connection.
    init(_ session: MilterSession, descriptor: Int32, peer: String) {
        self.session = session
        acknowledgesAtOnce = !peer.isEmpty
        super.init(descriptor: descriptor, door: .milter, peer: peer)
    }

    override func receive(_ bytes: Span<UInt8>, _ answer: inout [UInt8], _ desk: DoorDesk) -> Bool {
        if acknowledgesAtOnce {
            var on: Int32 = 1
            setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_QUICKACK, &on, socklen_t(MemoryLayout<Int32>.size))
        }
        return session.converse(bytes, &answer, self, desk)
    }

    override var hasPartialInput: Bool { session.hasPartialInput }

    override func closed(_ desk: DoorDesk) { if let transaction = session.closed() { desk.withdraw(transaction) } }
}
