// How a door has a message's header digested, without knowing what the digest is made from.

/// What a door knows of a message in clear, for as long as it takes to make the digest. Nothing of it is kept.
public struct MessageHead: Sendable {
    /// The header fields in the message's order, names as given; bodies of those alone that the digest reads, of others empty.
    public var fields: [Content.Field]
    /// The reverse-path without angle brackets, empty for the null one; nil where it is not known.
    public var reversePath: String?
    /// How many recipients were accepted.
    public var recipientCount: Int
    /// The size in bytes; 0 where it is not known.
    public var bytes: Int

    /// A head.
    public init(fields: [Content.Field] = [], reversePath: String?, recipientCount: Int, bytes: Int) {
        self.fields = fields
        self.reversePath = reversePath
        self.recipientCount = recipientCount
        self.bytes = bytes
    }
}

/// Makes what is kept of a message's header. A door that has none keeps no field that the policy does not ask for.
public struct ContentDigest: Sendable {
    /// The fields whose bodies it reads, names in small letters; of others it reads the name alone.
    public let bodies: [[UInt8]]
    /// Makes the digest, without fields.
    public let make: @Sendable (MessageHead) -> Content

    /// A digest that reads the bodies of some fields.
    public init(bodies: [String], make: @escaping @Sendable (MessageHead) -> Content) {
        self.bodies = bodies.map { Array($0.lowercased().utf8) }
        self.make = make
    }
}
