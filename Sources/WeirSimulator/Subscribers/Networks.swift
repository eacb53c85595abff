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

    /// A hotel's or a carrier's network on a journey: among those far away, so that thieves and travellers meet there.
    static func abroad(_ network: UInt64, host: UInt64) -> NetworkAddress { foreign(network << 1, host: host) }
}

// MARK: - Origins

extension Networks {
    /// AS numbers: the provider's own and the other providers' at home are those for examples (RFC 5398), the rest of the world's
    /// are private ones (RFC 6996).
    private static let ownSystem: UInt32 = 64_496
    private static let carrierSystems = (first: UInt32(64_497), count: UInt64(3))
    private static let neighbourSystems = (first: UInt32(64_500), count: UInt64(12))
    private static let foreignSystems = (first: UInt32(4_200_000_000), count: UInt64(480))

    /// Countries have letters that ISO 3166-1 leaves to its users, but for Kosovo's: XA is home, XB to XZ are abroad.
    private static func country(_ number: UInt64) -> Country? {
        Country([UInt8(ascii: "X"), UInt8(ascii: "A") + UInt8(number % 25) + (number % 25 < 10 ? 0 : 1)])
    }

    /// Where an address is, as a database of this world has it: AS and country; no place, as a database of countries.
    ///
    /// Of the neighbours' lines, which proxies are on, a tenth are of the provider's own AS, six tenths of others at home, the
    /// rest abroad (A).
    static func origin(of client: NetworkAddress) -> Origin {
        guard client.isIPv4 else { return foreignOrigin((client.high >> 16) & 0xFFFF) }
        let number = client.low & 0xFF_FFFF
        let home = country(0)
        switch client.low >> 20 & 0xFFF {
        case 0x0A4, 0x0A5:
            let network = number >> 8 & 0x1FFF
            let kind = Mixing.mix(network ^ 0x6E65_6967)
            if kind % 10 >= 7 { return foreignOrigin(network) }
            let system =
                kind % 10 == 0 ? ownSystem : neighbourSystems.first + UInt32((kind >> 32) % neighbourSystems.count)
            return Origin(system: system, country: home)
        case 0x0A6, 0x0A7:
            let network = number >> 8 & 0x1FFF
            return Origin(system: carrierSystems.first + UInt32((network >> 9) % carrierSystems.count), country: home)
        case 0x0A8...0x0AF: return foreignOrigin(number >> 8 & 0x7FFF)
        default: return Origin(system: ownSystem, country: home)
        }
    }

    /// The origin of a network far away: an AS is of one country.
    private static func foreignOrigin(_ network: UInt64) -> Origin {
        let system = Mixing.mix(network ^ 0x666F_7265) % foreignSystems.count
        return Origin(system: foreignSystems.first + UInt32(system), country: country(1 + system % 24))
    }
}
