// One connection's conversation without the connection: bytes in, actions out.

/// What a door's session wants its connection to do next.
public enum DoorAction: Hashable, Sendable {
    /// Ask the engine. Until `decided` is called, `next()` returns nil: a session asks one question at a time.
    case ask(Transaction)
    /// Tell the engine that the open transaction came to nothing: aborted, or the connection was lost.
    case withdraw(Transaction)
    /// Send these bytes to the peer.
    case send([UInt8])
    /// Close the connection after what was sent.
    case close
}

/// What a peer did wrong. The connection is closed; other connections are untouched.
public struct DoorError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of fault. Tests compare this alone.
    public var code: Code
    /// What arrived, shortened.
    public var found: String
    /// What should have arrived.
    public var expected: String

    /// The kinds of fault.
    public enum Code: UInt8, Sendable, CaseIterable, CustomStringConvertible {
        /// A frame, line or request longer than its bound.
        case tooLarge = 1
        /// A length field that can't be true.
        case badLength
        /// Bytes that are not of this protocol.
        case notThisProtocol
        /// A command that may not come now.
        case outOfOrder
        /// A field without its ending NUL, or without its `=`.
        case badField
        /// A number that is none, or negative.
        case badNumber
        /// A version that is not spoken.
        case unsupportedVersion

        /// `too-large`, …
        public var description: String {
            switch self {
            case .tooLarge: "too-large"
            case .badLength: "bad-length"
            case .notThisProtocol: "not-this-protocol"
            case .outOfOrder: "out-of-order"
            case .badField: "bad-field"
            case .badNumber: "bad-number"
            case .unsupportedVersion: "unsupported-version"
            }
        }
    }

    /// An error.
    public init(_ code: Code, found: String, expected: String) {
        self.code = code
        self.found = found
        self.expected = expected
    }

    /// Equal where the code is: wording may improve without breaking a test.
    public static func == (a: DoorError, b: DoorError) -> Bool { a.code == b.code }

    /// Hashes the code.
    public func hash(into hasher: inout Hasher) { hasher.combine(code) }

    /// `too-large: found …, expected …`.
    public var description: String { "\(code): found \(found), expected \(expected)" }
}

/// A door's protocol for one connection, without sockets, clock or thread.
///
/// The owner feeds bytes as they come, then takes actions until there is none:
/// ```
/// try session.receive(bytes)
/// while let action = try session.next() {
///     switch action {
///     case .ask(let transaction): session.decided(engine.decide(transaction))   // now, or later
///     case .withdraw(let transaction): engine.withdraw(transaction)
///     case .send(let bytes): connection.write(bytes)
///     case .close: connection.close()
///     }
/// }
/// ```
/// However the bytes are split, the actions are the same; the conformance suite in WeirTesting proves it.
public protocol DoorSession: Sendable {
    /// Takes in bytes. Throws where the unread rest would pass the session's bound.
    mutating func receive(_ bytes: Span<UInt8>) throws(DoorError)
    /// The next thing to do, or nil where more bytes or a decision are needed.
    mutating func next() throws(DoorError) -> DoorAction?
    /// Answers the open question; the reply comes out of `next()`.
    mutating func decided(_ verdict: Verdict)
    /// True where the session waits for the rest of a frame or request: a peer may not stand still there for long.
    var hasPartialInput: Bool { get }
    /// The connection was closed by the peer or because of an error: returns the transaction to withdraw, if one is open.
    mutating func closed() -> Transaction?
}
