// The event loop of the doors: one thread, epoll, decisions made where the bytes are.
//
// Docs/decisions/0003-an-event-loop-of-our-own.md has the measurement that led to it.

import CLinux
import Foundation
import Logging
import MailTypes
import Synchronization

/// Serves all doors' sockets on one thread until it is stopped.
final class DoorLoop: @unchecked Sendable {
    /// A listening socket and what is made of its connections.
    private struct Listener {
        /// The socket.
        let descriptor: Int32
        /// The door.
        let door: Door
        /// The Unix socket's path, to be removed at the end; nil for TCP.
        let path: String?
        /// Makes a connection of an accepted socket and its peer's address.
        let connection: (Int32, String) -> DoorConnection
    }

    /// What a connection is to be sent.
    private struct Reply {
        /// The connection.
        let connection: DoorConnection
        /// The place in `answers`.
        let range: Range<Int>
        /// True where the connection is closed after it.
        let isLast: Bool
    }

    /// Descriptors served before the answers are sent. Reading and deciding for some, then sending to all of them, keeps
    /// code and tables in the processor's caches, and finds the peer awake; more would make the first one wait.
    private static let batch: Int32 = 16
    /// Bytes read at once.
    private static let readBytes = 64 << 10
    /// Milliseconds between two looks at the time.
    private static let tickMilliseconds: Int32 = 1000
    /// Set in the tokens of listening sockets.
    private static let listenerBit: UInt64 = 1 << 62
    /// The token of the stop signal.
    private static let stopToken: UInt64 = 1 << 63

    // All but `wakeup` and the two flags below belong to the thread once it runs, which is why the class is unchecked.

    /// What connections share.
    private let desk: DoorDesk
    /// epoll.
    private let epoll: Int32
    /// Written to by `stop`.
    private let wakeup: Int32
    /// A descriptor kept for the moment when there is none left.
    private var spare: Int32
    /// The listening sockets.
    private var listeners: [Listener] = []
    /// Connections by descriptor.
    private var connections: [DoorConnection?] = []
    /// The read buffer.
    private var buffer = [UInt8](repeating: 0, count: DoorLoop.readBytes)
    /// The answers to one batch of reads.
    private var answers: [UInt8] = []
    /// To whom they go.
    private var replies: [Reply] = []
    /// True once the thread is to end.
    private let isStopping = Atomic<Bool>(false)
    /// True once it has.
    private let hasStopped = Atomic<Bool>(false)

    /// A loop without sockets.
    init(desk: DoorDesk) throws {
        self.desk = desk
        epoll = weir_epoll_create()
        wakeup = weir_eventfd()
        spare = weir_eventfd()
        guard epoll >= 0, wakeup >= 0 else { throw SystemError(call: "epoll_create1", number: errno) }
        weir_epoll_set(epoll, 1, wakeup, UInt32(WEIR_READABLE), DoorLoop.stopToken)
    }

    /// Opens a listening socket. `connection` makes a connection of an accepted socket and its peer's address, which is
    /// empty for a Unix socket. Call it before `start`.
    func listen(
        _ door: Door, at endpoint: Endpoint,
        connection: @escaping (_ descriptor: Int32, _ peer: String) -> DoorConnection
    ) throws {
        var path: String?
        let descriptor: Int32
        do {
            switch endpoint {
            case .tcp(let address, let port):
                descriptor = weir_listen_tcp(address.description, port)
                guard descriptor >= 0 else { throw SystemError(call: "bind", number: errno) }
            case .unix(let socket, let mode):
                path = socket
                descriptor = try UnixSocket.listen(socket, mode: mode)
                _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
            }
        } catch {
            throw StoreError(
                path: "\(endpoint)", found: "the \(door) door can't listen there (\(error))",
                remedy: "Another program may have it (ss -ltnxp), or name another address in weir.yaml")
        }
        listeners.append(
            Listener(descriptor: descriptor, door: door, path: path, connection: connection))
        weir_epoll_set(epoll, 1, descriptor, UInt32(WEIR_READABLE), DoorLoop.listenerBit | UInt64(listeners.count - 1))
    }

    /// Starts the thread. `everySecond` is called on it about once a second.
    func start(everySecond: @escaping @Sendable () -> Void) {
        NamedThread.start("weir-doors") { [self] in run(everySecond) }
    }

    /// Closes every socket after answering what was asked, and ends the thread: within `DoorLimits.stopNanoseconds` and a little.
    func stop() {
        isStopping.store(true, ordering: .releasing)
        var one: UInt64 = 1
        _ = write(wakeup, &one, 8)
        while !hasStopped.load(ordering: .acquiring) { Thread.sleep(forTimeInterval: 0.002) }
    }

    /// The thread.
    private func run(_ everySecond: () -> Void) {
        var ready = [weir_ready](repeating: weir_ready(), count: Int(DoorLoop.batch))
        var lastLook: Int64 = 0
        while !isStopping.load(ordering: .acquiring) {
            let count = Int(weir_epoll_wait(epoll, &ready, DoorLoop.batch, DoorLoop.tickMilliseconds))
            for index in 0..<max(0, count) { serve(ready[index]) }
            sendAnswers()
            let now = WallClock.nanoseconds(CLOCK_MONOTONIC_COARSE) / 1_000_000_000
            if now != lastLook {
                lastLook = now
                closeStalled(now)
                everySecond()
            }
        }
        drain(&ready)
        for listener in listeners {
            close(listener.descriptor)
            if let path = listener.path { unlink(path) }
        }
        for connection in connections { if let connection { end(connection) } }
        hasStopped.store(true, ordering: .releasing)
    }

    /// Answers what was asked before `stop`, and goes on for a bounded time for peers that are in the middle of a request or
    /// have not taken their answers. Who asks again after that is closed.
    private func drain(_ ready: inout [weir_ready]) {
        let end = WallClock.nanoseconds(CLOCK_MONOTONIC) + DoorLimits.stopNanoseconds
        for listener in listeners { accept(listener) }
        for case let connection? in connections {
            read(connection)
            sendAnswers()
        }
        while WallClock.nanoseconds(CLOCK_MONOTONIC) < end,
            connections.contains(where: { $0.map { !$0.unsent.isEmpty || $0.hasPartialInput } ?? false })
        {
            let count = Int(weir_epoll_wait(epoll, &ready, Int32(ready.count), 50))
            for index in 0..<max(0, count) { serve(ready[index]) }
            sendAnswers()
        }
    }

    /// Serves one ready descriptor.
    private func serve(_ ready: weir_ready) {
        if ready.token == DoorLoop.stopToken { return }
        if ready.token & DoorLoop.listenerBit != 0 {
            accept(listeners[Int(ready.token & ~DoorLoop.listenerBit)])
            return
        }
        guard let connection = connections[Int(ready.token)] else { return }
        if ready.events & UInt32(WEIR_WRITABLE) != 0, !flush(connection) { return }
        if ready.events & UInt32(WEIR_READABLE) != 0 { read(connection) }
    }

    /// Takes new connections.
    private func accept(_ listener: Listener) {
        var peer = [CChar](repeating: 0, count: 46)
        for _ in 0..<64 {
            let descriptor = weir_accept(listener.descriptor, &peer)
            guard descriptor >= 0 else {
                if errno == EMFILE || errno == ENFILE { refuseOne(listener) }
                return
            }
            guard desk.metrics.open(listener.door) < DoorLimits.connectionsMax else {
                desk.metrics.connectionsRefused.add()
                close(descriptor)
                continue
            }
            let text = String(decoding: peer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            while connections.count <= Int(descriptor) { connections.append(nil) }
            connections[Int(descriptor)] = listener.connection(descriptor, text)
            desk.metrics.connection(listener.door, 1)
            weir_epoll_set(epoll, 1, descriptor, UInt32(WEIR_READABLE), UInt64(descriptor))
        }
    }

    /// Out of descriptors: gives up the spare one to take a connection and close it, or it would be ready for ever.
    private func refuseOne(_ listener: Listener) {
        desk.metrics.connectionsRefused.add()
        close(spare)
        var peer = [CChar](repeating: 0, count: 46)
        let descriptor = weir_accept(listener.descriptor, &peer)
        if descriptor >= 0 { close(descriptor) }
        spare = weir_eventfd()
    }

    /// Reads once and decides. The answer waits for `sendAnswers`.
    private func read(_ connection: DoorConnection) {
        let count = buffer.withUnsafeMutableBytes { Glibc.read(connection.descriptor, $0.baseAddress, $0.count) }
        guard count > 0 else {
            if count < 0, errno == EAGAIN || errno == EINTR { return }
            return end(connection)
        }
        let before = answers.count
        let goesOn = connection.receive(buffer.span.extracting(0..<count), &answers, desk)
        guard answers.count > before else {
            guard goesOn else { return end(connection) }
            connection.acknowledge()
            return note(connection)
        }
        replies.append(Reply(connection: connection, range: before..<answers.count, isLast: !goesOn))
        note(connection)
    }

    /// Notes whether the peer stands still in the middle of something.
    private func note(_ connection: DoorConnection) {
        if !connection.hasPartialInput {
            connection.stalledSince = 0
        } else if connection.stalledSince == 0 {
            connection.stalledSince = WallClock.nanoseconds(CLOCK_MONOTONIC_COARSE) / 1_000_000_000
        }
    }

    /// Sends the answers to a batch of reads, each in one write.
    private func sendAnswers() {
        for reply in replies where !reply.connection.hasEnded {
            guard send(reply.range, to: reply.connection) else { continue }
            if reply.isLast { end(reply.connection) }
        }
        replies.removeAll(keepingCapacity: true)
        answers.removeAll(keepingCapacity: true)
    }

    /// Sends some answers; what the socket does not take waits. False where the connection ended.
    private func send(_ range: Range<Int>, to connection: DoorConnection) -> Bool {
        var sent = 0
        if connection.unsent.isEmpty {
            sent = answers.withUnsafeBytes {
                Glibc.send(
                    connection.descriptor, $0.baseAddress! + range.lowerBound, range.count, Int32(MSG_NOSIGNAL))
            }
            if sent == range.count { return true }
            guard sent >= 0 || errno == EAGAIN || errno == EINTR else {
                end(connection)
                return false
            }
            sent = max(0, sent)
        }
        connection.unsent += answers[(range.lowerBound + sent)..<range.upperBound]
        guard connection.unsent.count <= DoorLimits.unreadAnswerBytesMax else {
            end(connection)
            return false
        }
        weir_epoll_set(
            epoll, 0, connection.descriptor, UInt32(WEIR_READABLE | WEIR_WRITABLE), UInt64(connection.descriptor))
        return true
    }

    /// Sends what waited. False where the connection ended.
    private func flush(_ connection: DoorConnection) -> Bool {
        let count = connection.unsent.withUnsafeBytes {
            Glibc.send(connection.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        guard count >= 0 || errno == EAGAIN || errno == EINTR else {
            end(connection)
            return false
        }
        connection.unsent.removeSubrange(0..<max(0, count))
        if connection.unsent.isEmpty {
            weir_epoll_set(epoll, 0, connection.descriptor, UInt32(WEIR_READABLE), UInt64(connection.descriptor))
        }
        return true
    }

    /// Closes peers that stand still in the middle of a request: one that sends a byte now and then stands still too.
    private func closeStalled(_ now: Int64) {
        for case let connection? in connections
        where connection.stalledSince != 0 && now - connection.stalledSince > DoorLimits.stallSeconds {
            desk.metrics.connectionsStalled.add()
            end(connection)
        }
    }

    /// Ends a connection.
    private func end(_ connection: DoorConnection) {
        connections[Int(connection.descriptor)] = nil
        connection.hasEnded = true
        close(connection.descriptor)
        desk.metrics.connection(connection.door, -1)
        connection.closed(desk)
    }
}
