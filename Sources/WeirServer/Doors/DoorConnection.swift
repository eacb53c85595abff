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
    /// Nanoseconds for which `stop` goes on for peers in the middle of a request, and for answers that are not read yet.
    static let stopNanoseconds: Int64 = 2_000_000_000
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
    /// True once the socket is closed: its descriptor may be another connection's by then.
    var hasEnded = false
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

    /// What was read has no answer yet.
    func acknowledge() {}

    /// True where the session waits for the rest of a request or frame.
    var hasPartialInput: Bool { false }

    /// The connection is gone: what was open came to nothing.
    func closed(_ desk: DoorDesk) {}
}

extension DoorSession {
    /// Takes in bytes, carries out what the session asks for, and appends what is to be sent. False where the connection is
    /// to be closed after that.
    ///
    /// Each door calls it with a session of its own type, so that nothing here is looked up while mail waits.
    @inline(__always)
    mutating func converse(
        _ bytes: Span<UInt8>, _ answer: inout [UInt8], _ connection: DoorConnection, _ desk: DoorDesk
    ) -> Bool {
        do throws(DoorError) {
            try receive(bytes)
            while let action = try next() {
                switch action {
                case .ask(let transaction): decided(desk.ask(transaction))
                case .withdraw(let transaction): desk.withdraw(transaction)
                case .send(let reply): answer += reply
                case .close: return false
                }
            }
            return true
        } catch {
            // On trouble the peer is closed without an answer to what it asked: it has a default action for that.
            let peer = connection.peer.isEmpty ? "unix socket" : connection.peer
            desk.metrics.fault(connection.door, error.code)
            desk.logger.info(
                "closed a connection for what its peer sent",
                metadata: ["door": "\(connection.door)", "peer": "\(peer)", "fault": "\(error)"])
            return false
        }
    }
}
