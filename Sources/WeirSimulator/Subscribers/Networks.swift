// Where connections come from. All networks are private, shared or documentation ones (RFC 1918, RFC 6598, RFC 3849).

import MailTypes

/// The address plan of the simulated world.
enum Networks {
    /// The address of a customer's line: 10.0.0.0/10, in the order of lines.
    static func line(_ number: UInt64) -> NetworkAddress {
        NetworkAddress(ipv4: 0x0A00_0000 + UInt32(truncatingIfNeeded: (number + 512) % (1 << 22)))
    }

    /// An address that several customers share: 100.64.0.0/10.
    static func shared(_ group: Int) -> NetworkAddress {
        NetworkAddress(ipv4: 0x6440_0000 + UInt32(truncatingIfNeeded: (group + 256) % (1 << 22)))
    }

    /// Somebody else's line near by: 10.64.0.0/11.
    static func neighbour(_ network: UInt64, host: UInt64) -> NetworkAddress {
        NetworkAddress(ipv4: 0x0A40_0000 + UInt32(truncatingIfNeeded: ((network % 8192) << 8) + (1 + host % 254)))
    }

    /// A mobile carrier, a hotel, a works' own network: 10.96.0.0/11.
    static func carrier(_ network: UInt64, host: UInt64) -> NetworkAddress {
        NetworkAddress(ipv4: 0x0A60_0000 + UInt32(truncatingIfNeeded: ((network % 8192) << 8) + (1 + host % 254)))
    }

    /// Far away: 10.128.0.0/9 in /24s, and 2001:db8::/32 in /48s.
    static func foreign(_ network: UInt64, host: UInt64) -> NetworkAddress {
        let number = network >> 1
        if network & 1 == 0 {
            return NetworkAddress(
                ipv4: 0x0A80_0000 + UInt32(truncatingIfNeeded: ((number % 32_768) << 8) + (1 + host % 254)))
        }
        return NetworkAddress(high: 0x2001_0DB8_0000_0000 | (number % 65_536) << 16, low: 1 + host % 0xFFFF)
    }
}
