// What the mail server says to the filter.
//
//     O offer                       R RCPT arguments            E the end of the message (may carry body bytes)
//     D macros of the next command  T DATA                      A this message is abandoned, the connection goes on
//     C connection                  L one header field          K the connection ended, another follows on this socket
//     H HELO argument               N the end of the headers    Q the connection ended
//     M MAIL arguments              B a part of the body        U an SMTP command the server does not know
//
// Each but D, A, K and Q is answered, unless silence was negotiated for it.

import MailTypes

/// One command of the mail server, whole. `MilterSession` reads the same frames without building this value.
public enum MilterCommand: Hashable, Sendable {
    /// The server's offer.
    case negotiate(MilterNegotiation)
    /// Macros, and the letter of the command they belong to.
    case macros(UInt8, [MilterMacro])
    /// A connection was opened by this client.
    case connect(MilterClientAddress)
    /// The argument of HELO or EHLO.
    case helo(MilterString)
    /// The reverse-path, then ESMTP parameters.
    case mail([MilterString])
    /// The forward-path, then ESMTP parameters.
    case recipient([MilterString])
    /// DATA, or the first BDAT.
    case data
    /// A header field; lines within its body are parted by LF.
    case header(name: MilterString, body: MilterString)
    /// The empty line behind the header.
    case endOfHeaders
    /// Bytes of the body, lines ended by CRLF.
    case body([UInt8])
    /// The end of the message, and the last bytes of the body if they were not sent before.
    case endOfMessage([UInt8])
    /// The message is abandoned. Postfix sends it after every accepted message too.
    case abort
    /// The connection ended.
    case quit
    /// The connection ended; the next one will use this socket.
    case quitNewConnection
    /// An SMTP command that the server does not know.
    case unknown(MilterString)

    /// The letters (mfdef.h `SMFIC_…`).
    public enum Letter: UInt8, Sendable, CaseIterable {
        /// `A`.
        case abort = 0x41
        /// `B`.
        case body = 0x42
        /// `C`.
        case connect = 0x43
        /// `D`.
        case macros = 0x44
        /// `E`.
        case endOfMessage = 0x45
        /// `H`.
        case helo = 0x48
        /// `K`.
        case quitNewConnection = 0x4B
        /// `L`.
        case header = 0x4C
        /// `M`.
        case mail = 0x4D
        /// `N`.
        case endOfHeaders = 0x4E
        /// `O`.
        case negotiate = 0x4F
        /// `Q`.
        case quit = 0x51
        /// `R`.
        case recipient = 0x52
        /// `T`.
        case data = 0x54
        /// `U`.
        case unknown = 0x55
    }
}

// MARK: - Parse

extension MilterCommand {
    /// Parses a frame.
    public init(parsing frame: MilterFrame) throws(DoorError) {
        self = try MilterCommand.parse(frame.command, frame.payload.span)
    }

    /// The letter of a command byte; throws where there is none.
    static func letter(_ command: UInt8) throws(DoorError) -> Letter {
        guard let letter = Letter(rawValue: command) else {
            throw DoorError(
                .notThisProtocol, found: "command \(printed(command))", expected: "a command of the milter protocol")
        }
        return letter
    }

    /// Parses a letter and its payload.
    private static func parse(_ command: UInt8, _ payload: Span<UInt8>) throws(DoorError) -> MilterCommand {
        var place = 0
        switch try letter(command) {
        case .negotiate: return .negotiate(try MilterNegotiation(parsing: payload))
        case .macros: return try parseMacros(payload)
        case .connect: return .connect(try MilterClientAddress(parsing: payload))
        case .helo:
            let name = try payload.string(at: &place)
            try payload.end(at: place)
            return .helo(name)
        case .mail: return .mail(try arguments(payload))
        case .recipient: return .recipient(try arguments(payload))
        case .data: return try bare(.data, payload)
        case .header:
            let name = try payload.string(at: &place)
            let body = try payload.string(at: &place)
            try payload.end(at: place)
            return .header(name: name, body: body)
        case .endOfHeaders: return try bare(.endOfHeaders, payload)
        case .body: return .body(payload.copy(0..<payload.count))
        case .endOfMessage: return .endOfMessage(payload.copy(0..<payload.count))
        case .abort: return try bare(.abort, payload)
        case .quit: return try bare(.quit, payload)
        case .quitNewConnection: return try bare(.quitNewConnection, payload)
        case .unknown:
            let line = try payload.string(at: &place)
            try payload.end(at: place)
            return .unknown(line)
        }
    }

    /// A command that has no payload.
    private static func bare(_ command: MilterCommand, _ payload: Span<UInt8>) throws(DoorError) -> MilterCommand {
        try payload.end(at: 0)
        return command
    }

    /// The letter and the macros of a `D` frame.
    private static func parseMacros(_ payload: Span<UInt8>) throws(DoorError) -> MilterCommand {
        guard payload.count > 0 else {
            throw DoorError(.badLength, found: "macros of no command", expected: "the letter of a command")
        }
        var place = 1
        var macros: [MilterMacro] = []
        while place < payload.count {
            let name = try payload.string(at: &place)
            guard place < payload.count else {
                throw DoorError(.badField, found: "a macro without a value", expected: "names and values in pairs")
            }
            macros.append(MilterMacro(name, try payload.string(at: &place)))
        }
        return .macros(payload[0], macros)
    }

    /// The arguments of MAIL or RCPT: one at least.
    private static func arguments(_ payload: Span<UInt8>) throws(DoorError) -> [MilterString] {
        var place = 0
        let first = try payload.string(at: &place)
        return [first] + (try payload.strings(at: &place))
    }
}

// MARK: - Compose

extension MilterCommand {
    /// The command's letter.
    public var letter: Letter {
        switch self {
        case .negotiate: .negotiate
        case .macros: .macros
        case .connect: .connect
        case .helo: .helo
        case .mail: .mail
        case .recipient: .recipient
        case .data: .data
        case .header: .header
        case .endOfHeaders: .endOfHeaders
        case .body: .body
        case .endOfMessage: .endOfMessage
        case .abort: .abort
        case .quit: .quit
        case .quitNewConnection: .quitNewConnection
        case .unknown: .unknown
        }
    }

    /// The command as a frame.
    public var frame: MilterFrame {
        var payload: [UInt8] = []
        switch self {
        case .negotiate(let offer): payload = offer.payload
        case .macros(let command, let macros):
            payload.append(command)
            for macro in macros {
                macro.name.compose(into: &payload)
                macro.value.compose(into: &payload)
            }
        case .connect(let client): payload = client.payload
        case .helo(let text), .unknown(let text): text.compose(into: &payload)
        case .mail(let arguments), .recipient(let arguments):
            for argument in arguments { argument.compose(into: &payload) }
        case .header(let name, let body):
            name.compose(into: &payload)
            body.compose(into: &payload)
        case .body(let bytes), .endOfMessage(let bytes): payload = bytes
        case .data, .endOfHeaders, .abort, .quit, .quitNewConnection: break
        }
        return MilterFrame(letter.rawValue, payload)
    }
}
