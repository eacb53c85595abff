// Whose mail it is.

/// How a subscriber was recognised, strongest first.
public enum IdentityProof: UInt8, Sendable, CaseIterable, CustomStringConvertible {
    /// The SASL login.
    case login = 1
    /// The static address map.
    case map
    /// A header field that a trusted relay wrote.
    case header
    /// The client address itself.
    case address

    /// `login`, `map`, …
    public var description: String {
        switch self {
        case .login: "login"
        case .map: "map"
        case .header: "header"
        case .address: "address"
        }
    }
}

/// Why nobody could be named.
public enum UnattributedReason: UInt8, Sendable, CaseIterable, CustomStringConvertible {
    /// Local mail, or mail from a trusted relay, without the header that names the subscriber.
    case noHeader = 1
    /// A local client without a login: 127.0.0.1 is everybody.
    case loopback
    /// No login and no client address.
    case noClient
    /// The client address is outside the networks that the policy calls ours.
    case outside
    /// The table of subscribers is full of busy ones.
    case tableFull

    /// `no-header`, …
    public var description: String {
        switch self {
        case .noHeader: "no-header"
        case .loopback: "loopback"
        case .noClient: "no-client"
        case .outside: "outside"
        case .tableFull: "table-full"
        }
    }
}

/// Whose mail a transaction is (RFC 6561 speaks of the subscriber's account).
public enum Identity: Hashable, Sendable {
    /// A subscriber: the login without its plus-address in lower case, the mapped name, or `[192.0.2.1]`.
    case subscriber(String, IdentityProof)
    /// Nobody can be named, and why.
    case unattributed(UnattributedReason)
}
