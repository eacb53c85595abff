// The mail server's side of the protocol, for tests and demonstrations.
//
//     var client = MilterClient()
//     send(client.negotiate()); try client.receive(read()); _ = try client.next()      // the filter's answer
//     send(client.connect(host: "pc.example", address: "192.0.2.7", port: 50123))
//     if client.awaitsReply(to: .connect) { … }

import MailTypes

/// Composes a mail server's commands as the filter wants them, and reads the filter's replies.
public struct MilterClient: Sendable {
    /// What the server offers.
    public let offer: MilterNegotiation
    /// What the filter took of it; nil before its answer was read.
    public private(set) var agreed: MilterNegotiation?
    /// The filter's bytes not yet read.
    private var received: [UInt8] = []

    /// A server with this offer.
    public init(offer: MilterNegotiation = MilterNegotiation()) { self.offer = offer }

    /// The offer as sent.
    public func negotiate() -> [UInt8] { MilterCommand.negotiate(offer).frame.bytes }

    /// Takes in bytes of the filter. Throws where more than two frames' worth wait to be read.
    public mutating func receive(_ bytes: Span<UInt8>) throws(DoorError) {
        guard received.count + bytes.count <= MilterFrameReader.unreadBytesMax else {
            throw DoorError(
                .tooLarge, found: "\(received.count + bytes.count) bytes that wait to be read",
                expected: "at most \(MilterFrameReader.unreadBytesMax)")
        }
        received += bytes.copy(0..<bytes.count)
    }

    /// The filter's next reply; nil where more bytes are needed. The answer to the offer is remembered.
    public mutating func next() throws(DoorError) -> MilterReply? {
        var place = 0
        guard let frame = try MilterFrame.parse(received.span, at: &place) else { return nil }
        received.removeSubrange(0..<place)
        let reply = try MilterReply(parsing: frame)
        if case .negotiate(let answer) = reply { agreed = answer }
        return reply
    }
}

// MARK: - What is sent

extension MilterClient {
    /// The steps that were negotiated; none before the answer.
    private var steps: MilterSteps { agreed?.steps ?? [] }

    /// True where the filter answers this command.
    public func awaitsReply(to letter: MilterCommand.Letter) -> Bool {
        switch letter {
        case .macros, .abort, .quit, .quitNewConnection: false
        case .negotiate, .endOfMessage: true
        case .connect: !steps.contains(.silentConnect)
        case .helo: !steps.contains(.silentHelo)
        case .mail: !steps.contains(.silentMail)
        case .recipient: !steps.contains(.silentRecipient)
        case .data: !steps.contains(.silentData)
        case .header: !steps.contains(.silentHeaders)
        case .endOfHeaders: !steps.contains(.silentEndOfHeaders)
        case .body: !steps.contains(.silentBody)
        case .unknown: !steps.contains(.silentUnknown)
        }
    }

    /// True where the command exists in the version spoken and the filter did not ask to be spared it.
    public func sends(_ letter: MilterCommand.Letter) -> Bool {
        let version = min(offer.version, agreed?.version ?? offer.version)
        switch letter {
        case .connect: return !steps.contains(.noConnect)
        case .helo: return !steps.contains(.noHelo)
        case .mail: return !steps.contains(.noMail)
        case .recipient: return !steps.contains(.noRecipient)
        case .data: return version >= 4 && !steps.contains(.noData)
        case .unknown: return version >= 3 && !steps.contains(.noUnknown)
        case .header: return !steps.contains(.noHeaders)
        case .endOfHeaders: return !steps.contains(.noEndOfHeaders)
        case .body: return !steps.contains(.noBody)
        case .negotiate, .macros, .endOfMessage, .abort, .quit, .quitNewConnection: return true
        }
    }

    /// A command as sent: its macros first, as far as the filter wants them; no bytes where it is not sent.
    public func compose(_ command: MilterCommand, macros: [MilterMacro] = []) -> [UInt8] {
        guard sends(command.letter) else { return [] }
        var bytes: [UInt8] = []
        let wanted = macros.filter { wants($0.name, at: command.letter) }
        if !wanted.isEmpty { MilterCommand.macros(command.letter.rawValue, wanted).frame.compose(into: &bytes) }
        command.frame.compose(into: &bytes)
        return bytes
    }

    /// True where the filter named no macros at all, or this one for this command.
    private func wants(_ name: MilterString, at letter: MilterCommand.Letter) -> Bool {
        guard let lists = agreed?.macroLists, !lists.isEmpty else { return true }
        let stage: MilterMacro.Stage
        switch letter {
        case .connect: stage = .connect
        case .helo: stage = .helo
        case .mail: stage = .mail
        case .recipient: stage = .recipient
        case .data: stage = .data
        case .endOfHeaders: stage = .endOfHeaders
        case .endOfMessage: stage = .endOfMessage
        default: return false
        }
        return lists.contains { list in
            list.stage == stage.rawValue
                && list.names.bytes.split(separator: 32).contains { $0.elementsEqual(name.bytes) }
        }
    }
}

// MARK: - Commands by name

extension MilterClient {
    /// A client's connection; the family follows from the address.
    public func connect(
        host: MilterString, address: String, port: UInt16, macros: [MilterMacro] = []
    ) -> [UInt8] {
        let family: MilterClientAddress.Family =
            address.isEmpty ? .unknown : address.utf8.contains(UInt8(ascii: ":")) ? .ipv6 : .ipv4
        let text = MilterString(family == .ipv6 ? "IPv6:" + address : address)
        return compose(
            .connect(MilterClientAddress(host: host, family: family, port: port, address: text)), macros: macros)
    }

    /// HELO or EHLO.
    public func helo(_ name: MilterString, macros: [MilterMacro] = []) -> [UInt8] {
        compose(.helo(name), macros: macros)
    }

    /// MAIL.
    public func mail(_ arguments: MilterString..., macros: [MilterMacro] = []) -> [UInt8] {
        compose(.mail(arguments), macros: macros)
    }

    /// RCPT that the server accepted.
    public func recipient(_ arguments: MilterString..., macros: [MilterMacro] = []) -> [UInt8] {
        compose(.recipient(arguments), macros: macros)
    }

    /// RCPT that the server refused; nothing where the filter does not want to know.
    public func refusedRecipient(_ address: MilterString, status: MilterString) -> [UInt8] {
        guard steps.contains(.refusedRecipients) else { return [] }
        return compose(
            .recipient([address]), macros: [MilterMacro("{rcpt_mailer}", "error"), MilterMacro("{rcpt_host}", status)])
    }

    /// DATA; nothing below version 4.
    public func data(macros: [MilterMacro] = []) -> [UInt8] { compose(.data, macros: macros) }

    /// One header field; the body begins behind the colon and its space.
    public func header(_ name: MilterString, _ body: String) -> [UInt8] {
        compose(.header(name: name, body: MilterString((steps.contains(.headerSpace) ? " " : "") + body)))
    }

    /// The empty line, then the body in chunks of at most 65,535 bytes.
    public func body(_ bytes: [UInt8]) -> [UInt8] {
        var sent = compose(.endOfHeaders)
        var place = 0
        while place < bytes.count {
            let end = min(place + 65_535, bytes.count)
            sent += compose(.body(Array(bytes[place..<end])))
            place = end
        }
        return sent
    }

    /// The end of the message.
    public func endOfMessage(macros: [MilterMacro] = []) -> [UInt8] { compose(.endOfMessage([]), macros: macros) }

    /// The message is abandoned.
    public func abort() -> [UInt8] { compose(.abort) }

    /// The connection ended.
    public func quit() -> [UInt8] { compose(.quit) }
}
