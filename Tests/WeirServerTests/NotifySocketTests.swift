// What systemd hears, on a socket of the test's own.

import Foundation
import Testing

@testable import WeirServer

/// A datagram socket in systemd's place.
private final class Listener {
    /// The socket.
    private let descriptor: Int32

    /// Listens at a path, or at `@` and an abstract name.
    init(_ address: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        try #require(UnixSocket.withAddress(address) { bind(descriptor, $0, $1) } == 0)
        UnixSocket.setDeadline(descriptor, seconds: 5)
    }

    deinit { close(descriptor) }

    /// The next datagram.
    func next() -> String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }
}

@Suite struct NotifySocketTests {
    @Test func eachStateIsOneDatagram() throws {
        try inTemporaryFolder { folder in
            let listener = try Listener(folder + "/notify")
            let systemd = try #require(NotifySocket(["NOTIFY_SOCKET": folder + "/notify"]))
            systemd.tell(.ready)
            #expect(listener.next() == "READY=1")
            systemd.tell(.alive)
            #expect(listener.next() == "WATCHDOG=1")
            systemd.tell(.reloading)
            #expect(listener.next().wholeMatch(of: #/RELOADING=1\nMONOTONIC_USEC=\d+/#) != nil)
            systemd.tell(.stopping)
            #expect(listener.next() == "STOPPING=1")
        }
    }

    @Test func anAbstractSocketIsHeard() throws {
        let name = "@weir-notify-test-\(getpid())"
        let listener = try Listener(name)
        try #require(NotifySocket(["NOTIFY_SOCKET": name])).tell(.ready)
        #expect(listener.next() == "READY=1")
    }

    @Test func nobodyIsToldWithoutASocket() throws {
        #expect(NotifySocket([:]) == nil)
        #expect(NotifySocket(["NOTIFY_SOCKET": "notify"]) == nil)
        // One that nobody listens at, or whose name is too long, is no reason to fail.
        try #require(NotifySocket(["NOTIFY_SOCKET": "/nowhere/notify"])).tell(.ready)
        try #require(NotifySocket(["NOTIFY_SOCKET": "/" + String(repeating: "n", count: 200)])).tell(.ready)
    }

    @Test func aSocketThatNobodyEmptiesHoldsNobodyUp() throws {
        try inTemporaryFolder { folder in
            let listener = try Listener(folder + "/notify")
            let systemd = try #require(NotifySocket(["NOTIFY_SOCKET": folder + "/notify"]))
            for _ in 0..<5000 { systemd.tell(.alive) }
            #expect(listener.next() == "WATCHDOG=1")
        }
    }

    @Test func theWatchdogIsOursWhereItSaysSo() throws {
        let socket = ["NOTIFY_SOCKET": "/nowhere/notify"]
        #expect(NotifySocket(socket)?.isWatched == false)
        #expect(NotifySocket(socket.merging(["WATCHDOG_USEC": "30000000"]) { $1 })?.isWatched == true)
        let ours = ["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "\(getpid())"]
        #expect(NotifySocket(socket.merging(ours) { $1 })?.isWatched == true)
        let others = ["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"]
        #expect(NotifySocket(socket.merging(others) { $1 })?.isWatched == false)
    }
}
