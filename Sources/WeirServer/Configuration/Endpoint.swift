// Where a listener listens: an address and port, or a Unix socket.

import MailTypes

/// `127.0.0.1:10040`, `[::1]:10040` or `unix:/path`.
public enum Endpoint: Hashable, Sendable, CustomStringConvertible {
    /// TCP. Port 0 lets the system choose; a configuration file may not say so.
    case tcp(NetworkAddress, port: UInt16)
    /// A Unix socket with its file mode.
    case unix(path: String, mode: UInt16)

    /// The mode of a Unix socket of which nothing is said: its owner and its group, which the mail server joins.
    public static let modeDefault: UInt16 = 0o660
    /// The longest path of a Unix socket, in bytes (Linux unix(7): 108 with the NUL).
    public static let pathBytesMax = 107

    /// TCP on 127.0.0.1.
    public static func loopback(port: UInt16) -> Endpoint { .tcp(NetworkAddress(ipv4: 0x7F00_0001), port: port) }

    /// As the configuration writes it.
    public var description: String {
        switch self {
        case .tcp(let address, let port): address.isIPv4 ? "\(address):\(port)" : "[\(address)]:\(port)"
        case .unix(let path, _): "unix:\(path)"
        }
    }

    /// As Postfix's main.cf writes it.
    public var postfixName: String {
        switch self {
        case .tcp: "inet:\(description)"
        case .unix: description
        }
    }

    /// True where only this machine can connect.
    public var isLocal: Bool {
        switch self {
        case .tcp(let address, _): address.isLoopback
        case .unix: true
        }
    }

    /// True where both can't be listened on at the same time: the same socket file, or one port on the same address or
    /// on every address.
    public func collides(with other: Endpoint) -> Bool {
        switch (self, other) {
        case (.unix(let a, _), .unix(let b, _)): a == b
        case (.tcp(let a, let portA), .tcp(let b, let portB)):
            portA == portB && portA != 0 && (a == b || a.isUnspecified || b.isUnspecified)
        default: false
        }
    }

    /// Parses `address:port`; nil for anything else.
    init?(tcp text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = Quantity.digits(text[text.index(after: colon)...]),
            (1...65_535).contains(port)
        else { return nil }
        let host = String(text[..<colon])
        // Without brackets, the last group of an IPv6 address would pass for a port.
        guard host.hasPrefix("[") == host.contains(":"), let address = NetworkAddress(host),
            host.hasPrefix("[") != address.isIPv4
        else { return nil }
        self = .tcp(address, port: UInt16(port))
    }
}

extension NetworkAddress {
    /// True for 0.0.0.0 and ::, which stand for every address of the machine.
    var isUnspecified: Bool { self == NetworkAddress(ipv4: 0) || self == NetworkAddress(high: 0, low: 0) }
}
