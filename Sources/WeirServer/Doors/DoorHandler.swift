// A connection's bytes into its session, the session's actions into the connection. Nothing else.

import Logging
import MailTypes
import NIOCore
import NIOPosix

/// The channel handler of any door: it decides synchronously, on the connection's event loop.
final class DoorHandler<Session: DoorSession>: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// The protocol.
    private var session: Session
    /// The door.
    private let door: Door
    /// What connections share.
    private let desk: DoorDesk
    /// True where acknowledgements are not to be delayed (a TCP milter; see protocols).
    private let acknowledgesAtOnce: Bool
    /// True once the connection is being closed.
    private var isClosing = false
    /// True while a request or message is under way, for the watch on peers that stand still.
    private var isWaitingForMore = false
    /// The end of the watch.
    private var watch: Scheduled<Void>?

    /// How long a peer may stand still in the middle of a request or frame.
    private let stallSeconds: Int64

    /// A handler for one connection.
    init(_ session: Session, door: Door, desk: DoorDesk, acknowledgesAtOnce: Bool, stallSeconds: Int64 = DoorLimits.stallSeconds) {
        self.session = session
        self.door = door
        self.desk = desk
        self.acknowledgesAtOnce = acknowledgesAtOnce
        self.stallSeconds = stallSeconds
    }

    /// Counts the connection.
    func channelActive(context: ChannelHandlerContext) {
        desk.metrics.connection(door, 1)
        context.fireChannelActive()
    }

    /// Bytes came: feed them, take every action, answer in one write.
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing else { return }
        let bytes = unwrapInboundIn(data)
        if acknowledgesAtOnce {
            try? context.channel.syncOptions?.setOption(ChannelOptions.Types.SocketOption(level: .tcp, name: quickAcknowledge), value: 1)
        }
        do throws(DoorError) {
            try session.receive(bytes.readableBytesUInt8Span)
            try drain(context)
        } catch {
            // On trouble a policy peer is closed without an answer, and a milter peer without a reply: both have a default.
            isClosing = true
            desk.metrics.fault(door, error.code)
            desk.logger.info(
                "closed a connection for what its peer sent",
                metadata: ["door": "\(door)", "peer": "\(context.remoteAddress?.description ?? "unix socket")", "fault": "\(error)"])
            context.close(promise: nil)
        }
    }

    /// Takes every action that the session has.
    private func drain(_ context: ChannelHandlerContext) throws(DoorError) {
        var answer: ByteBuffer?
        // What was answered before a fault is sent: it was asked for in order.
        defer {
            if let answer { context.writeAndFlush(wrapOutboundOut(answer), promise: nil) }
            if isClosing { context.close(promise: nil) }
        }
        actions: while let action = try session.next() {
            switch action {
            case .ask(let transaction): session.decided(desk.ask(transaction))
            case .withdraw(let transaction): desk.withdraw(transaction)
            case .send(let bytes):
                if answer == nil { answer = context.channel.allocator.buffer(capacity: max(64, bytes.count)) }
                answer?.writeBytes(bytes)
            case .close:
                isClosing = true
                break actions
            }
        }
        watchForStall(context)
    }

    /// Starts or ends the watch on a peer that stands still in the middle of something.
    private func watchForStall(_ context: ChannelHandlerContext) {
        let isPartial = session.hasPartialInput && !isClosing
        guard isPartial != isWaitingForMore else { return }
        isWaitingForMore = isPartial
        watch?.cancel()
        watch = nil
        guard isPartial else { return }
        let channel = context.channel
        let metrics = desk.metrics
        watch = context.eventLoop.scheduleTask(in: .seconds(stallSeconds)) {
            metrics.connectionsStalled.add()
            channel.close(promise: nil)
        }
    }

    /// The connection is gone: what was open came to nothing.
    func channelInactive(context: ChannelHandlerContext) {
        watch?.cancel()
        desk.metrics.connection(door, -1)
        if let transaction = session.closed() { desk.withdraw(transaction) }
        context.fireChannelInactive()
    }

    /// The peer reset the connection: nothing to say about it.
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// TCP_QUICKACK: Postfix's milter client writes in small pieces, and Nagle plus delayed acknowledgement costs it 40 ms.
private let quickAcknowledge = NIOBSDSocket.Option(rawValue: 12)

/// Bounds of the doors.
enum DoorLimits {
    /// Connections a door takes; beyond it a new one is closed at once, and the mail server's default action applies.
    static let connectionsMax = 16_384
    /// Seconds that a peer may stand still in the middle of a request or frame.
    static let stallSeconds: Int64 = 300
}
