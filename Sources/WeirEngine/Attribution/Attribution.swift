// Whose mail it is: login, static map, header, address, in this order.

import MailTypes

/// What attribution found, before it is looked up in the table of subscribers.
enum Attribution: Equatable {
    /// A name, from login, map or header.
    case named(String, IdentityProof)
    /// The client address itself, IPv6 cut to the policy's prefix.
    case address(NetworkAddress)
    /// Nobody.
    case nobody(UnattributedReason)

    /// Longest login or name, in bytes; what is beyond is cut off.
    static let nameBytesMax = 256

    /// Whose transaction it is under a policy.
    static func of(_ transaction: Transaction, _ policy: Policy) -> Attribution {
        let session = transaction.session
        if !session.login.isEmpty {
            return .named(Attribution.name(ofLogin: session.login, plusSeparator: policy.plusSeparator), .login)
        }
        if !session.isLocalSubmission, let client = session.client, let name = policy.addressMap.subscriber(of: client)
        {
            return Attribution.address(ofLiteral: name).map { .address($0) } ?? .named(name, .map)
        }
        let isLocal = session.isLocalSubmission || session.client?.isLoopback == true
        let isRelay =
            isLocal || session.client.map { client in policy.trustedRelays.contains { $0.contains(client) } } == true
        if isRelay, let rule = policy.headerRule {
            guard let name = rule.subscriber(in: transaction.content.fields) else { return .nobody(.noHeader) }
            return .named(Attribution.name(ofLogin: name, plusSeparator: policy.plusSeparator), .header)
        }
        guard !isLocal else { return .nobody(.loopback) }
        guard let client = session.client else { return .nobody(.noClient) }
        guard policy.networks.isEmpty || policy.networks.contains(where: { $0.contains(client) }) else {
            return .nobody(.outside)
        }
        return .address(client.isIPv4 ? client : client.masked(to: policy.ipv6PrefixLength))
    }

    /// The subscriber's name of a login, or of what a header says: in its normal form, and where it begins with `[` or `\`, with
    /// a `\` before it. So no login is spelled like the name of an address.
    static func name(ofLogin login: String, plusSeparator: String) -> String {
        let first = login.utf8.first
        guard first == UInt8(ascii: "[") || first == UInt8(ascii: "\\") else {
            return normalised(login, plusSeparator: plusSeparator)
        }
        return normalised("\\" + login, plusSeparator: plusSeparator)
    }

    /// A login in lower case and without its plus-address, so that neither makes a second identity:
    /// `Ann+list@Example.net` is `ann@example.net`. A login that needs no change is returned as it is, and so is the name
    /// of an IPv6 client, which holds `IPv6:` as RFC 5321 §4.1.3 writes it.
    static func normalised(_ login: String, plusSeparator: String) -> String {
        let separator = plusSeparator.utf8.first
        let given = login.utf8Span.span
        var needsWork = given.count > nameBytesMax
        for index in given.indices {
            let byte = given[index]
            if byte >= 65 && byte <= 90 || byte == separator { needsWork = true }
        }
        guard needsWork, !(login.hasPrefix("[IPv6:") && given.count <= nameBytesMax) else { return login }
        var bytes = login.utf8.prefix(nameBytesMax).map(lowered)
        if login.utf8.count > nameBytesMax {
            // A character that the cut goes through is left out whole, so that the name's name is the name.
            while let last = bytes.last, last & 0xC0 == 0x80 { bytes.removeLast() }
            if let last = bytes.last, last >= 0xC0 { bytes.removeLast() }
        }
        let at = bytes.lastIndex(of: UInt8(ascii: "@")) ?? bytes.count
        guard let separator, let plus = bytes[..<at].firstIndex(of: separator), plus > 0 else {
            return String(decoding: bytes, as: UTF8.self)
        }
        return String(decoding: bytes[..<plus] + bytes[at...], as: UTF8.self)
    }

    /// The address of a subscriber's name that is an address literal; nil for every other name.
    static func address(ofLiteral name: String) -> NetworkAddress? {
        guard name.utf8.first == UInt8(ascii: "["), name.utf8.last == UInt8(ascii: "]") else { return nil }
        return NetworkAddress(String(name.dropFirst().dropLast().prefix { $0 != "/" }))
    }

    /// The name of a subscriber known by address alone, as an address literal: `[192.0.2.1]`, `[IPv6:2001:db8::/64]`.
    static func name(of address: NetworkAddress, ipv6PrefixLength: Int) -> String {
        if address.isIPv4 { return "[\(address)]" }
        return ipv6PrefixLength == 128 ? "[IPv6:\(address)]" : "[IPv6:\(address)/\(ipv6PrefixLength)]"
    }
}
