// What is known of the mail data, and never the data themselves.

/// A digest of the mail data (RFC 5322, 2045): only the header fields that the policy names for attribution.
public struct Content: Hashable, Sendable {
    /// One header field.
    public struct Field: Hashable, Sendable {
        /// The field name, as given.
        public var name: String
        /// The field body, unfolded, without the space in front.
        public var body: String

        /// A field.
        public init(name: String, body: String) {
            self.name = name
            self.body = body
        }
    }

    /// The header fields asked for by the policy, in the message's order.
    public var fields: [Field]

    /// A digest.
    public init(fields: [Field] = []) { self.fields = fields }
}
