// Client address to subscriber, from a static file.

import MailTypes

/// A static map from address blocks to subscribers; the longest match wins.
public struct AddressMap: Hashable, Sendable {
    /// One line of the file.
    public struct Entry: Hashable, Sendable {
        /// The block.
        public var prefix: NetworkPrefix
        /// Whose it is.
        public var subscriber: String

        /// An entry.
        public init(prefix: NetworkPrefix, subscriber: String) {
            self.prefix = prefix
            self.subscriber = subscriber
        }
    }

    /// Sorted by address, then by length: a block stands right before the blocks within it.
    public private(set) var entries: [Entry]
    /// For each entry the index of the smallest block that encloses it, -1 where there is none. IPv6 blocks around the
    /// IPv4-mapped addresses count as enclosing: they match no IPv4 address, but the way out to their like leads over them.
    private var parents: [Int32]

    /// A map of some entries; a block given twice keeps the last. Names are lowered like logins, so that a subscriber is
    /// the same one by either proof.
    public init(_ given: [Entry] = []) {
        var last: [NetworkPrefix: Int] = [:]
        for (index, entry) in given.enumerated() { last[entry.prefix] = index }
        let kept = given.enumerated().filter { last[$1.prefix] == $0 }.map {
            Entry(prefix: $1.prefix, subscriber: Attribution.normalised($1.subscriber, plusSeparator: ""))
        }
        let sorted = kept.sorted {
            ($0.prefix.address.high, $0.prefix.address.low, $0.prefix.length)
                < ($1.prefix.address.high, $1.prefix.address.low, $1.prefix.length)
        }
        var parents: [Int32] = []
        parents.reserveCapacity(sorted.count)
        for (index, entry) in sorted.enumerated() {
            var candidate = index - 1
            while candidate >= 0, !sorted[candidate].prefix.encloses(entry.prefix.address) {
                candidate = Int(parents[candidate])
            }
            parents.append(Int32(candidate))
        }
        entries = sorted
        self.parents = parents
    }

    /// The subscriber of an address, nil where no block holds it. Binary search, then outwards: O(log n + depth).
    public func subscriber(of address: NetworkAddress) -> String? {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            let other = entries[middle].prefix.address
            if (other.high, other.low) <= (address.high, address.low) { low = middle + 1 } else { high = middle }
        }
        var candidate = low - 1
        while candidate >= 0 {
            if entries[candidate].prefix.contains(address) { return entries[candidate].subscriber }
            candidate = Int(parents[candidate])
        }
        return nil
    }

    /// Writes the map.
    func encode(_ out: inout ByteWriter) {
        out.array(entries) {
            $0.fixed64($1.prefix.address.high)
            $0.fixed64($1.prefix.address.low)
            $0.count($1.prefix.length)
            $0.string($1.subscriber)
        }
    }

    /// Reads a map.
    init(_ input: inout ByteReader) throws(CodecError) {
        self.init(
            try input.array(minimumBytes: 18) { (r) throws(CodecError) in
                let address = NetworkAddress(high: try r.fixed64(), low: try r.fixed64())
                let length = try r.index(below: 129)
                return Entry(prefix: NetworkPrefix(address, length: length), subscriber: try r.string())
            })
    }
}

extension NetworkPrefix {
    /// True where the 128-bit number lies in the block, whether IPv4 or IPv6.
    fileprivate func encloses(_ other: NetworkAddress) -> Bool {
        let bits = address.isIPv4 ? length + 96 : length
        let high: UInt64 = bits >= 64 ? ~0 : bits <= 0 ? 0 : ~0 << UInt64(64 - bits)
        let low: UInt64 = bits >= 128 ? ~0 : bits <= 64 ? 0 : ~0 << UInt64(128 - bits)
        return other.high & high == address.high && other.low & low == address.low
    }
}
