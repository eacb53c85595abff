// The doors' event loop on real sockets: many connections, slow ones, broken ones, and the end.

import Foundation
import Logging
import MailTypes
import Milter
import PolicyDelegation
import Synchronization
import Testing
import WeirEngine

@testable import WeirServer

/// A loop with both doors on Unix sockets.
private final class Doors {
    /// The engine.
    let live = LiveEngine(freshEngine(messagesPerHour(1)), position: 0)
    /// The figures.
    let metrics = Metrics()
    /// The loop.
    let loop: DoorLoop
    /// The policy door's socket.
    let policy: String
    /// The milter door's socket.
    let milter: String

    /// Opens the doors in a folder.
    init(_ folder: String, everySecond: @escaping @Sendable () -> Void = {}) throws {
        (policy, milter) = (folder + "/policy", folder + "/milter")
        let logger = Logger(label: "doors") { _ in SwiftLogNoOpLogHandler() }
        let recorder = Recorder(
            live: live, store: try Store(directory: folder + "/state"), keepSeconds: 60, logger: logger,
            metrics: metrics)
        let log = try DecisionLog(
            Configuration.DecisionLog(destination: .file(folder + "/log"), format: .logfmt), metrics: metrics)
        loop = try DoorLoop(
            desk: DoorDesk(live: live, log: log, recorder: recorder, metrics: metrics, logger: logger))
        let key = KeyedHash(key0: 1, key1: 2)
        try loop.listen(.policy, at: .unix(path: policy, mode: 0o600)) {
            PolicyDoorConnection(
                PolicySession(mailHost: "mx1", addressHash: AddressHash(key), instanceHash: key), descriptor: $0,
                peer: $1)
        }
        try loop.listen(.milter, at: .unix(path: milter, mode: 0o600)) {
            MilterDoorConnection(
                MilterSession(mailHost: "mx1", addressHash: AddressHash(key), wantedFields: []), descriptor: $0,
                peer: $1)
        }
        loop.start(everySecond: everySecond)
    }
}

/// Runs a body with doors, and stops them.
private func withDoors(_ body: (Doors) throws -> Void) throws {
    try inTemporaryFolder { folder in
        let doors = try Doors(folder)
        defer { doors.loop.stop() }
        try body(doors)
    }
}

/// A mail server's connection.
private final class Peer {
    /// The socket.
    let descriptor: Int32
    /// The policy protocol.
    private var client = PolicyClient()

    /// Connects.
    init(_ path: String) throws {
        descriptor = try UnixSocket.connect(path)
        UnixSocket.setDeadline(descriptor, seconds: 20)
    }

    deinit { close(descriptor) }

    /// Sends all of some bytes.
    func send(_ bytes: [UInt8]) { UnixSocket.write(bytes, to: descriptor) }

    /// Reads what is there, not much at a time; empty at the end.
    func receive() -> [UInt8] {
        var chunk = [UInt8](repeating: 0, count: 1500)
        return Array(chunk[..<max(0, read(descriptor, &chunk, chunk.count))])
    }

    /// Reads verdicts, fewer where the connection ends before.
    func verdicts(_ count: Int) throws -> [Verdict.Kind] {
        var verdicts: [Verdict.Kind] = []
        while verdicts.count < count {
            while verdicts.count < count, let verdict = try client.next() { verdicts.append(verdict.kind) }
            if verdicts.count == count { break }
            let bytes = receive()
            if bytes.isEmpty { break }
            try client.receive(bytes.span)
        }
        return verdicts
    }

    /// True where the door closed the connection, after what it may have sent.
    var isClosed: Bool {
        while true {
            var chunk = [UInt8](repeating: 0, count: 4096)
            let count = read(descriptor, &chunk, chunk.count)
            if count > 0 { continue }
            return count == 0 || errno == ECONNRESET
        }
    }
}

/// A question at DATA.
private func question(_ number: Int, login: String) -> [UInt8] {
    PolicyQuestion(
        state: "DATA", clientAddress: "192.0.2.7", clientPort: UInt16(1024 + number % 60_000), helo: "pc.example",
        sender: "a@example.net", recipientCount: 1, queueID: "Q\(number)", instance: "i.\(number)", login: login
    ).compose()
}

/// Waits for something for ten seconds at most.
private func wait(for isSo: () -> Bool) -> Bool {
    for _ in 0..<1000 {
        if isSo() { return true }
        usleep(10_000)
    }
    return false
}

/// Something that happens once, on another thread.
private final class Flag: Sendable {
    /// True once it has.
    private let value = Atomic<Bool>(false)
    /// It happens.
    func set(_ isSo: Bool = true) { value.store(isSo, ordering: .releasing) }
    /// True once it has.
    var isSet: Bool { value.load(ordering: .acquiring) }
}

@Suite(.serialized) struct DoorLoopTests {
    @Test func aPolicyRequestIsAnswered() throws {
        try withDoors { doors in
            let peer = try Peer(doors.policy)
            peer.send(question(1, login: "ann"))
            #expect(try peer.verdicts(1) == [.accept])
            peer.send(question(2, login: "ann"))
            #expect(try peer.verdicts(1) == [.reject])
            #expect(doors.metrics.open(.policy) == 1)
        }
    }

    @Test func aMilterDialogueIsAnswered() throws {
        try withDoors { doors in
            let peer = try Peer(doors.milter)
            var client = MilterClient()
            /// Sends a command and waits for its reply, where one is due.
            func tell(_ letter: MilterCommand.Letter, _ command: (MilterClient) -> [UInt8]) throws -> MilterReply? {
                peer.send(command(client))
                guard client.awaitsReply(to: letter) else { return nil }
                while true {
                    if let reply = try client.next() { return reply }
                    let bytes = peer.receive()
                    guard !bytes.isEmpty else { return nil }
                    try client.receive(bytes.span)
                }
            }
            _ = try tell(.negotiate) { $0.negotiate() }
            try #require(client.agreed != nil)
            var ends: [MilterReply?] = []
            for number in 0..<2 {
                let macros = [MilterMacro("i", MilterString("M\(number)")), MilterMacro("{auth_authen}", "bob")]
                if number == 0 {
                    _ = try tell(.connect) { $0.connect(host: "pc.example", address: "192.0.2.7", port: 4711) }
                    _ = try tell(.helo) { $0.helo("pc.example") }
                }
                _ = try tell(.mail) { $0.mail("<bob@example.net>", macros: macros) }
                _ = try tell(.recipient) { $0.recipient("<r@example.org>", macros: macros) }
                let atData = try tell(.data) { $0.data(macros: macros) }
                if number == 1 {
                    ends.append(atData)
                    break
                }
                _ = try tell(.header) { $0.header("Subject", "one") }
                peer.send(client.body(Array("text\r\n".utf8)))
                ends.append(try tell(.endOfMessage) { $0.endOfMessage(macros: macros) })
                peer.send(client.abort())
            }
            #expect(ends.first == .accept || ends.first == .continue)
            guard case .replyCode(let words)? = ends.last ?? nil else {
                Issue.record("the second message of the hour was not refused: \(ends)")
                return
            }
            #expect(words.description.hasPrefix("5"))
        }
    }

    @Test func garbageClosesItsConnectionAlone() throws {
        try withDoors { doors in
            let (good, bad, worse) = (try Peer(doors.policy), try Peer(doors.policy), try Peer(doors.milter))
            good.send(question(1, login: "ann"))
            #expect(try good.verdicts(1) == [.accept])
            bad.send(Array("GET / HTTP/1.1\r\nno question\n\n".utf8))
            worse.send([UInt8](repeating: 0xFF, count: 64))
            #expect(bad.isClosed && worse.isClosed)
            good.send(question(2, login: "ann"))
            #expect(try good.verdicts(1) == [.reject])
            #expect(wait { doors.metrics.open(.policy) == 1 && doors.metrics.open(.milter) == 0 })
        }
    }

    @Test func twoThousandIdleConnectionsDoNotHinderOne() throws {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        try withDoors { doors in
            let idle = try (0..<2000).map { try Peer($0 % 2 == 0 ? doors.policy : doors.milter) }
            let peer = try Peer(doors.policy)
            for number in 0..<100 {
                peer.send(question(number, login: "user\(number)"))
                #expect(try peer.verdicts(1) == [.accept])
            }
            #expect(wait { doors.metrics.open(.policy) == 1001 && doors.metrics.open(.milter) == 1000 })
            // The idle ones are no worse for it.
            idle[1998].send(question(200, login: "late"))
            #expect(try idle[1998].verdicts(1) == [.accept])
        }
    }

    @Test func aPeerThatLeavesInTheMiddleOfARequestIsForgotten() throws {
        try withDoors { doors in
            do {
                let half = try Peer(doors.policy)
                let bytes = question(1, login: "ann")
                half.send(Array(bytes[..<(bytes.count / 2)]))
                #expect(wait { doors.metrics.open(.policy) == 1 })
            }
            #expect(wait { doors.metrics.open(.policy) == 0 })
            let peer = try Peer(doors.policy)
            peer.send(question(2, login: "ann"))
            #expect(try peer.verdicts(1) == [.accept], "half a request was counted")
        }
    }

    @Test func pipelinedRequestsOfASlowReaderAreAnsweredInOrder() throws {
        try withDoors { doors in
            let peer = try Peer(doors.policy)
            let count = 6000
            var bytes: [UInt8] = []
            for number in 0..<count { bytes += question(number, login: number % 3 == 0 ? "user\(number)" : "spent") }
            // The door reads on while nobody reads its answers, which come to more than the socket takes.
            peer.send(bytes)
            usleep(200_000)
            let expected = (0..<count).map { $0 % 3 == 0 || $0 == 1 ? Verdict.Kind.accept : .reject }
            #expect(try peer.verdicts(count) == expected)
            #expect(doors.metrics.open(.policy) == 1)
        }
    }

    @Test func aPeerThatNeverReadsIsClosed() throws {
        try withDoors { doors in
            let peer = try Peer(doors.policy)
            peer.send((0..<20_000).flatMap { question($0, login: "spent") })
            #expect(wait { doors.metrics.open(.policy) == 0 })
            let other = try Peer(doors.policy)
            other.send(question(30_000, login: "ann"))
            #expect(try other.verdicts(1) == [.accept])
        }
    }

    @Test func stopClosesEveryConnectionAndRemovesTheSockets() throws {
        try inTemporaryFolder { folder in
            let doors = try Doors(folder)
            let (peer, idle) = (try Peer(doors.policy), try Peer(doors.milter))
            peer.send(question(1, login: "ann"))
            #expect(try peer.verdicts(1) == [.accept])
            doors.loop.stop()
            #expect(peer.isClosed && idle.isClosed)
            #expect(!FileManager.default.fileExists(atPath: doors.policy))
            #expect(!FileManager.default.fileExists(atPath: doors.milter))
            #expect(doors.metrics.open(.policy) == 0)
        }
    }

    @Test func whatWasAskedBeforeStopIsAnswered() throws {
        try stopWhileBusy { doors, brake, stop in
            // More peers than one look at the sockets finds, each with a question, one with many.
            let peers = try (0..<600).map { _ in try Peer(doors.policy) }
            let many = try Peer(doors.policy)
            brake()
            for (number, peer) in peers.enumerated() { peer.send(question(number, login: "user\(number)")) }
            many.send((1000..<1100).flatMap { question($0, login: "user\($0)") })
            stop()
            for peer in peers { #expect(try peer.verdicts(1) == [.accept]) }
            #expect(try many.verdicts(100).count == 100)
            #expect(peers.allSatisfy(\.isClosed) && many.isClosed)
        }
    }

    @Test func stopSendsWhatAPeerHasNotReadYet() throws {
        try inTemporaryFolder { folder in
            let doors = try Doors(folder)
            let peer = try Peer(doors.policy)
            let count = 5000
            peer.send((0..<count).flatMap { question($0, login: "spent") })
            usleep(200_000)
            // More answers than the socket takes at once; the peer reads them a while after the stop.
            let loop = doors.loop
            let hasStopped = Flag()
            Thread {
                loop.stop()
                hasStopped.set()
            }.start()
            usleep(300_000)
            #expect(try peer.verdicts(count).count == count)
            #expect(peer.isClosed)
            #expect(wait { hasStopped.isSet })
        }
    }

    @Test func stopWaitsForTheRestOfARequestAndNotForEver() throws {
        try stopWhileBusy { doors, brake, stop in
            let (slow, stuck) = (try Peer(doors.policy), try Peer(doors.policy))
            brake()
            let bytes = question(1, login: "ann")
            slow.send(Array(bytes[..<100]))
            stuck.send(Array(bytes[..<100]))
            let began = WallClock.nanoseconds(CLOCK_MONOTONIC)
            stop()
            usleep(200_000)
            slow.send(Array(bytes[100...]))
            #expect(try slow.verdicts(1) == [.accept])
            #expect(slow.isClosed && stuck.isClosed)
            let spent = WallClock.nanoseconds(CLOCK_MONOTONIC) - began
            #expect(spent < 2 * DoorLimits.stopNanoseconds, "stop took \(spent) ns")
        }
    }

    /// Runs a body beside a loop whose thread is kept busy from `brake` until `stop` has been called.
    private func stopWhileBusy(_ body: (Doors, _ brake: () -> Void, _ stop: () -> Void) throws -> Void) throws {
        try inTemporaryFolder { folder in
            let (isBraked, isHeld, hasStopped) = (Flag(), Flag(), Flag())
            let doors = try Doors(folder) {
                while isBraked.isSet {
                    isHeld.set()
                    usleep(5000)
                }
            }
            let loop = doors.loop
            let brake = {
                isBraked.set()
                #expect(wait { isHeld.isSet })
            }
            try body(doors, brake) {
                Thread {
                    loop.stop()
                    hasStopped.set()
                }.start()
                usleep(100_000)
                isBraked.set(false)
            }
            #expect(wait { hasStopped.isSet })
        }
    }
}
