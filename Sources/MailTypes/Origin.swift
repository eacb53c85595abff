// Where a client address is used from: its AS, its country and about where, as an operator's databases tell.

/// A country: two letters of ISO 3166-1 alpha-2.
public struct Country: Hashable, Sendable {
    /// Both letters as numbers from 1 to 26, five bits each: never 0.
    public let packed: UInt16

    /// A country by its letters, in upper case or lower; nil for anything but two letters.
    public init?(_ letters: some Sequence<UInt8>) {
        var packed: UInt16 = 0
        var count = 0
        for byte in letters {
            let letter = byte & ~0x20
            guard count < 2, letter >= UInt8(ascii: "A"), letter <= UInt8(ascii: "Z") else { return nil }
            packed = packed << 5 | UInt16(letter - 64)
            count += 1
        }
        guard count == 2 else { return nil }
        self.packed = packed
    }

    /// A country by its packed letters; nil for a number that no two letters have.
    public init?(packed: UInt16) {
        guard packed >> 10 == 0, (1...26).contains(packed >> 5), (1...26).contains(packed & 31) else { return nil }
        self.packed = packed
    }

    /// The letters: `DE`.
    public var code: String {
        String(decoding: [UInt8(packed >> 5) + 64, UInt8(packed & 31) + 64], as: UTF8.self)
    }
}

/// What is known of where an address is. Databases are often a little wrong: none of it proves anything alone.
public struct Origin: Hashable, Sendable {
    /// About where.
    public struct Place: Hashable, Sendable {
        /// Hundredths of a degree, north positive: -9,000 to 9,000.
        public var latitude: Int16
        /// Hundredths of a degree, east positive: -18,000 to 18,000.
        public var longitude: Int16
        /// Kilometres around it within which the database expects the address.
        public var radiusKilometres: UInt16

        /// A place.
        public init(latitude: Int16, longitude: Int16, radiusKilometres: UInt16) {
            self.latitude = latitude
            self.longitude = longitude
            self.radiusKilometres = radiusKilometres
        }
    }

    /// The number of the AS that announces the address (RFC 6793); 0 where it is not known.
    public var system: UInt32
    /// The country; nil where it is not known.
    public var country: Country?
    /// About where; nil where it is not known.
    public var place: Place?

    /// An origin; what is left out is unknown.
    public init(system: UInt32 = 0, country: Country? = nil, place: Place? = nil) {
        self.system = system
        self.country = country
        self.place = place
    }

    /// True where nothing is known.
    public var isEmpty: Bool { system == 0 && country == nil && place == nil }
}
