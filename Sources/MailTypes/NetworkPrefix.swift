// A CIDR block, as address maps and access lists write it.

/// An address and a prefix length: `192.0.2.0/24`, `2001:db8::/48`.
public struct NetworkPrefix: Hashable, Sendable {
    /// The first address of the block; bits below the length are zero.
    public var address: NetworkAddress
    /// 0 … 32 for IPv4, 0 … 128 for IPv6.
    public var length: Int

    /// A block; bits of the address below `length` are cleared.
    public init(_ address: NetworkAddress, length: Int) {
        self.address = address.masked(to: length)
        self.length = length
    }

    /// Parses `address` or `address/length`; nil for anything else, and where bits below the length are set.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = NetworkAddress(String(parts[0])) else { return nil }
        let longest = address.isIPv4 ? 32 : 128
        guard parts.count == 2 else {
            self.init(address, length: longest)
            return
        }
        guard let length = Int(parts[1]), (0...longest).contains(length),
            parts[1].utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }),
            address.masked(to: length) == address
        else { return nil }
        self.init(address, length: length)
    }

    /// True where the address lies in the block; IPv4 and IPv6 never match each other.
    @inlinable public func contains(_ other: NetworkAddress) -> Bool {
        other.isIPv4 == address.isIPv4 && other.masked(to: length) == address
    }
}

extension NetworkPrefix: CustomStringConvertible {
    /// `192.0.2.0/24`.
    public var description: String { "\(address)/\(length)" }
}
