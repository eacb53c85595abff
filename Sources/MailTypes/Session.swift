// One connection of a mail client or mail server, as a door knows it.

/// The way by which a question reached Weir.
public enum Door: UInt8, Sendable, CaseIterable, CustomStringConvertible {
    /// Postfix policy delegation.
    case policy = 1
    /// The milter protocol.
    case milter = 2

    /// `policy`, `milter`.
    public var description: String { self == .policy ? "policy" : "milter" }
}

/// One connection: client address and port, HELO name, TLS, SASL login, door (RFC 5321 §3.1).
public struct Session: Hashable, Sendable {
    /// The door that asks.
    public var door: Door
    /// The mail host that asks: its configured name, else the address from which its door connects.
    public var mailHost: String
    /// The client's address; nil where the mail server does not know it.
    public var client: NetworkAddress?
    /// The client's port: tells subscribers behind one CGNAT address apart. 0 where unknown.
    public var clientPort: UInt16
    /// The HELO or EHLO argument, as given.
    public var helo: String
    /// The SASL login name, as given; empty without authentication.
    public var login: String
    /// True where the client's connection is encrypted.
    public var isEncrypted: Bool
    /// True for a message that came in by the sendmail binary: no connection, client data are made up by the mail server.
    public var isLocalSubmission: Bool
    /// Where the client is, as the operator's databases told at the time; nil where they were not asked or know nothing.
    public var origin: Origin?

    /// A session; what is left out is unknown.
    public init(
        door: Door, mailHost: String = "", client: NetworkAddress? = nil, clientPort: UInt16 = 0, helo: String = "",
        login: String = "", isEncrypted: Bool = false, isLocalSubmission: Bool = false, origin: Origin? = nil
    ) {
        self.door = door
        self.mailHost = mailHost
        self.client = client
        self.clientPort = clientPort
        self.helo = helo
        self.login = login
        self.isEncrypted = isEncrypted
        self.isLocalSubmission = isLocalSubmission
        self.origin = origin
    }
}
