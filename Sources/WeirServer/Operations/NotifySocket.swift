// What systemd is told about the service: ready, alive, reading its configuration again, stopping (sd_notify(3)).

import Foundation

/// The datagram socket that systemd names in `NOTIFY_SOCKET`. Started by anybody else, Weir tells nobody.
final class NotifySocket: Sendable {
    /// What there is to tell.
    enum State {
        /// The doors are open.
        case ready
        /// The watchdog's sign of life. Only the doors' own thread may give it: a timer's would prove that a timer runs.
        case alive
        /// The configuration is read again; `ready` follows.
        case reloading
        /// No new connections any more.
        case stopping
    }

    /// The socket's address: a path, or `@` and an abstract name.
    private let address: String
    /// The sending socket. It stays open: a sign of life must not fail because all descriptors are in use.
    private let descriptor: Int32
    /// True where systemd waits for signs of life (WatchdogSec). Weir gives one a second.
    let isWatched: Bool

    /// The socket of an environment; nil where it names none that can be used.
    init?(_ environment: [String: String] = ProcessInfo.processInfo.environment) {
        guard let name = environment["NOTIFY_SOCKET"], name.hasPrefix("/") || name.hasPrefix("@") else { return nil }
        let kind = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        descriptor = socket(AF_UNIX, kind, 0)
        guard descriptor >= 0 else { return nil }
        address = name
        let process = environment["WATCHDOG_PID"]
        isWatched = environment["WATCHDOG_USEC"] != nil && (process == nil || process == "\(getpid())")
    }

    deinit { close(descriptor) }

    /// Tells a state. Never waits; what systemd does not take is lost, as it is with sd_notify itself.
    func tell(_ state: State) {
        let text =
            switch state {
            case .ready: "READY=1"
            case .alive: "WATCHDOG=1"
            case .reloading: "RELOADING=1\nMONOTONIC_USEC=\(WallClock.nanoseconds(CLOCK_MONOTONIC) / 1000)"
            case .stopping: "STOPPING=1"
            }
        let bytes = Array(text.utf8)
        _ = UnixSocket.withAddress(address) { name, length in
            Int32(clamping: sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), name, length))
        }
    }
}
