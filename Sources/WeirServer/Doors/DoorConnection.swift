// A connection's bytes into its session, the session's actions into the connection. Nothing else.

import CLinux
import Foundation
import Logging
import MailTypes

/// Bounds of the doors.
enum DoorLimits {
    /// Connections a door takes; beyond it a new one is closed at once, and the mail server's default action applies.
    static let connectionsMax = 16_384
    /// Seconds that a peer may stand still in the middle of a request or frame.
    static let stallSeconds: Int64 = 300
    /// Bytes of answers that a peer may leave unread; beyond it the connection is closed.
    static let unreadAnswerBytesMax = 1 << 20
}

/// One connection of any door, as the loop sees it. Used on the loop's thread alone.
class DoorConnection {
    /// The socket.
    let descriptor: Int32
    /// The door.
    let door: Door
    /// The peer's address; empty for a Unix socket.
    let peer: String
    /// Monotonic seconds at which the peer began to stand still in the middle of something; 0 while it does not.
    var stalledSince: Int64 = 0
    /// Answers that the socket did not take yet.
    var unsent: [UInt8] = []

    /// A connection.
    init(descriptor: Int32, door: Door, peer: String) {
        self.descriptor = descriptor
        self.door = door
        self.peer = peer
    }

    /// Takes in bytes and appends what is to be sent. False where the connection is to be closed after that.
    func receive(_ bytes: Span<UInt8>, _ answer: inout [UInt8], _ desk: DoorDesk) -> Bool {
        preconditionFailure("a connection has a session")
    }

    /// True where the session waits for the rest of a request or frame.
    var hasPartialInput: Bool { false }

    /// The connection is gone: what was open came to nothing.
    func closed(_ desk: DoorDesk) {}
}

/// One connection with its protocol.
final class DoorConnectionOf<Session: DoorSession>: DoorConnection {
    /// The protocol.
    private var session: Session
    /// Sets TCP_QUICKACK after each read: Postfix's milter client writes in small pieces, and Nagle plus delayed
    /// acknowledgement would cost it 40 ms.
    private let acknowledgesAtOnce: Bool

    /// A connection.
    init(_ session: Session, descriptor: Int32, door: Door, peer: String, acknowledgesAtOnce: Bool) {
        self.session = session
        self.acknowledgesAtOnce = acknowledgesAtOnce
        super.init(descriptor: descriptor, door: door, peer: peer)
    }

    override func receive(_ bytes: Span<UInt8>, _ answer: inout [UInt8], _ desk: DoorDesk) -> Bool {
        if acknowledgesAtOnce {
            var on: Int32 = 1
            setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_QUICKACK, &on, socklen_t(MemoryLayout<Int32>.size))
        }
        do throws(DoorError) {
            try session.receive(bytes)
            while let action = try session.next() {
                switch action {
                case .ask(let transaction): session.decided(desk.ask(transaction))
                case .withdraw(let transaction): desk.withdraw(transaction)
                case .send(let reply): answer += reply
                case .close: return false
                }
            }
            return true
        } catch {
            // On trouble the peer is closed without an answer to what it asked: it has a default action for that.
            desk.metrics.fault(door, error.code)
            desk.logger.info(
                "closed a connection for what its peer sent",
                metadata: ["door": "\(door)", "peer": "\(peer.isEmpty ? "unix socket" : peer)", "fault": "\(error)"])
            return false
        }
    }

    override var hasPartialInput: Bool { session.hasPartialInput }

    override func closed(_ desk: DoorDesk) { if let transaction = session.closed() { desk.withdraw(transaction) } }
}
