// What is known of the mail data, and never the data themselves.

/// A digest of the mail data (RFC 5322, 2045). What is nil or empty is unavailable, which is not the same as harmless.
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

    /// Whose words a message carries.
    public enum Handling: UInt8, Sendable, CaseIterable, CustomStringConvertible {
        /// The sender's own, as far as is known.
        case own = 0
        /// Somebody else's, passed on: a rewritten reverse-path (SRS), an unchanged author of another domain, `Resent-` fields.
        case forwarded
        /// A mailing list's: `List-Id` (RFC 2919) and its like.
        case list
        /// A program's answer: `Auto-Submitted` (RFC 3834).
        case automatic

        /// `own`, …
        public var description: String {
            switch self {
            case .own: "own"
            case .forwarded: "forwarded"
            case .list: "list"
            case .automatic: "automatic"
            }
        }
    }

    /// The header fields asked for by the policy, in the message's order.
    public var fields: [Field]
    /// Whose words it carries.
    public var handling: Handling
    /// What a classifier says of the text: thousandths of a nat for spam against honest mail, calibrated.
    public var spamScore: Int32?
    /// A keyed hash of how the mail program writes its header: the order and spelling of the fields, its name.
    public var style: UInt64?
    /// What copies of the message have in common.
    public var fingerprint: Fingerprint

    /// A digest.
    public init(
        fields: [Field] = [], handling: Handling = .own, spamScore: Int32? = nil, style: UInt64? = nil,
        fingerprint: Fingerprint = Fingerprint()
    ) {
        self.fields = fields
        self.handling = handling
        self.spamScore = spamScore
        self.style = style
        self.fingerprint = fingerprint
    }

    /// True where nothing but header fields is known.
    public var isFieldsOnly: Bool {
        handling == .own && spamScore == nil && style == nil && fingerprint.isEmpty
    }
}
