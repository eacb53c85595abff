// The client of a connection, as the `C` command names it.
//
//     C  localhost\0  4  c3 e1  127.0.0.1\0       name · family · port, 16 bits big-endian · address
//     C  localhost\0  U                           family unknown: neither port nor address
//
// Postfix writes an IPv6 address as `IPv6:2001:db8::1`, libmilter takes it bare too.

import MailTypes

/// Host name, family, port and address of a client.
public struct MilterClientAddress: Hashable, Sendable {
    /// The address family (mfdef.h `SMFIA_…`).
    public enum Family: UInt8, Sendable, CaseIterable {
        /// `U`: unknown.
        case unknown = 0x55
        /// `L`: a Unix socket; the address is its path.
        case local = 0x4C
        /// `4`: IPv4.
        case ipv4 = 0x34
        /// `6`: IPv6.
        case ipv6 = 0x36
    }

    /// The host name, or the address in brackets.
    public var host: MilterString
    /// The family.
    public var family: Family
    /// The port; 0 where unknown.
    public var port: UInt16
    /// The address as text; empty for an unknown family.
    public var address: MilterString

    /// A client.
    public init(host: MilterString, family: Family, port: UInt16 = 0, address: MilterString = "") {
        self.host = host
        self.family = family
        self.port = port
        self.address = address
    }

    /// Parses the payload of a `C` frame.
    init(parsing payload: Span<UInt8>) throws(DoorError) {
        var place = 0
        host = try payload.string(at: &place)
        (family, port) = try MilterClientAddress.familyAndPort(payload, at: &place)
        address = family == .unknown ? "" : try payload.string(at: &place)
        try payload.end(at: place)
    }

    /// The family at `place`, and the port where the family has one.
    static func familyAndPort(_ payload: Span<UInt8>, at place: inout Int) throws(DoorError) -> (Family, UInt16) {
        guard place < payload.count, let family = Family(rawValue: payload[place]) else {
            throw DoorError(
                .badField, found: place < payload.count ? "family \(printed(payload[place]))" : "no family",
                expected: "family U, L, 4 or 6")
        }
        place += 1
        return (family, family == .unknown ? 0 : try payload.number16(at: &place))
    }

    /// The payload of a `C` frame.
    var payload: [UInt8] {
        var payload: [UInt8] = []
        host.compose(into: &payload)
        payload.append(family.rawValue)
        guard family != .unknown else { return payload }
        payload.appendNumber(port)
        address.compose(into: &payload)
        return payload
    }
}
