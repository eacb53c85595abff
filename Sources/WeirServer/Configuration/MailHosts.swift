// The mail servers that share one Weir, told apart by the address from which their doors connect.

import MailTypes

/// Peer address to mail host name. The name is half of a message's key, so both doors of one host must yield the same.
public struct MailHosts: Hashable, Sendable {
    /// The configured names.
    public var names: [NetworkAddress: String]

    /// The name of whoever connects by loopback or a Unix socket.
    public static let localName = "localhost"

    /// Names by address.
    public init(names: [NetworkAddress: String] = [:]) { self.names = names }

    /// The name of a peer, nil standing for a Unix socket: as configured, else `localhost` for loopback, else its
    /// address.
    public func name(of peer: NetworkAddress?) -> String {
        guard let peer else { return MailHosts.localName }
        return names[peer] ?? (peer.isLoopback ? MailHosts.localName : peer.description)
    }
}
