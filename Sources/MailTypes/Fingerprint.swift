// What makes copies of one message recognisable, without its words.

/// The fingerprint of a message: a sketch of its text, and exact keys of what copies keep while their words change.
///
/// It holds whatever a door can see: with the policy door alone nothing but the `shape`.
public struct Fingerprint: Hashable, Sendable {
    /// What an exact key is made from.
    public enum Kind: UInt8, Sendable, CaseIterable, CustomStringConvertible {
        /// Host and path shape of a link.
        case link = 1
        /// The bytes of an attachment.
        case attachment
        /// The subject without names and numbers.
        case subject
        /// A telephone number, bank account or wallet address.
        case contact
        /// Size and envelope pattern: all that the policy door sees.
        case shape

        /// `link`, …
        public var description: String {
            switch self {
            case .link: "link"
            case .attachment: "attachment"
            case .subject: "subject"
            case .contact: "contact"
            case .shape: "shape"
            }
        }
    }

    /// An exact key: equal where the thing is the same.
    public struct Key: Hashable, Sendable {
        /// What it is made from.
        public var kind: Kind
        /// Its keyed hash.
        public var value: UInt64

        /// A key.
        @inlinable public init(_ kind: Kind, _ value: UInt64) {
            self.kind = kind
            self.value = value
        }
    }

    /// Slots of a sketch.
    public static let sketchSlots = 64
    /// Most exact keys.
    public static let keysMax = 16

    /// The MinHash sketch of the text: `sketchSlots` numbers of which two texts share, on average, as large a part as of
    /// their shingles (Broder 1997); empty where no text is known.
    public var sketch: [UInt16]
    /// Exact keys, at most `keysMax`.
    public var keys: [Key]

    /// A fingerprint; keys beyond the bound are left out.
    public init(sketch: [UInt16] = [], keys: [Key] = []) {
        self.sketch = sketch.count == Fingerprint.sketchSlots ? sketch : []
        self.keys = keys.count <= Fingerprint.keysMax ? keys : Array(keys[..<Fingerprint.keysMax])
    }

    /// True where nothing is known.
    public var isEmpty: Bool { sketch.isEmpty && keys.isEmpty }

    /// The share of equal slots, an estimate of the texts' resemblance, in slots of 64; nil where either has no sketch.
    public func equalSlots(_ other: Fingerprint) -> Int? {
        guard !sketch.isEmpty, !other.sketch.isEmpty else { return nil }
        var equal = 0
        for slot in 0..<Fingerprint.sketchSlots where sketch[slot] == other.sketch[slot] { equal += 1 }
        return equal
    }
}
