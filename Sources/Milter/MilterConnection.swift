// What is known of the client's connection, between its `C` and its `Q` or `K`.

import MailTypes

/// The client of one SMTP connection, as far as it has been told.
struct MilterConnection: Sendable {
    /// The client's address; nil where the server does not know it.
    private(set) var client: NetworkAddress?
    /// The client's port; 0 where unknown.
    private(set) var clientPort: UInt16 = 0
    /// The HELO argument.
    private(set) var helo = ""
    /// True where `{tls_version}` came with HELO.
    private(set) var isEncrypted = false
    /// True for what cleanup(8) makes up for the sendmail binary: a client on this host, or none, without a port.
    private(set) var hasNoClient = false

    /// Longest HELO argument kept; a host name has at most 255 bytes (RFC 5321 §4.5.3.1.2).
    static let heloBytesMax = 256

    /// A connection of which nothing is known.
    init() {}

    /// Takes the payload of `C`, and the macros that came before it: they fill in what `C` leaves open.
    mutating func connect(_ payload: Span<UInt8>, macros: MilterMacroValues) throws(DoorError) {
        var place = 0
        _ = try payload.stringRange(at: &place)
        let (family, port) = try MilterClientAddress.familyAndPort(payload, at: &place)
        var address: NetworkAddress?
        if family != .unknown {
            let text = try payload.stringRange(at: &place)
            if family != .local { address = NetworkAddress(utf8: payload.extracting(text)) }
        }
        try payload.end(at: place)
        hasNoClient = (family == .unknown || address?.isLoopback == true) && port == 0 && macros.clientPort == 0
        client = address ?? macros.client
        clientPort = port == 0 ? macros.clientPort : port
    }

    /// Takes the payload of `H`. Without the macro the session is plain again: STARTTLS is followed by another EHLO.
    mutating func helo(_ payload: Span<UInt8>, macros: MilterMacroValues) throws(DoorError) {
        var place = 0
        let name = try payload.stringRange(at: &place)
        try payload.end(at: place)
        helo = plainText(payload.extracting(name), bytesMax: MilterConnection.heloBytesMax)
        isEncrypted = macros.isEncrypted
    }

    /// Takes the address and port that came with MAIL, where `C` had none.
    mutating func mail(macros: MilterMacroValues) {
        if client == nil { client = macros.client }
        if clientPort == 0 { clientPort = macros.clientPort }
        if macros.clientPort != 0 { hasNoClient = false }
    }
}
