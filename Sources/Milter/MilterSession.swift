// The filter's side of one milter connection.
//
//     MTA: O …                                 we: O the part that we want
//     MTA: D C, C, D H, H                      nothing, where silence was negotiated; else c to each but D
//     MTA: D M, M, D R, R, D R, R              nothing: what is known is gathered
//     MTA: D T, T                              we ask, stage data; then c, or y and the refusal
//     MTA: L, L, N, B, B                       nothing: sizes are counted, wanted fields kept, the rest dropped
//     MTA: D E, E                              we ask, stage endOfMessage; then q c, c, y … (MilterVerdict)
//     MTA: A                                   nothing: Postfix says it after every accepted message too
//     MTA: M …                                 the next message
//     MTA: Q                                   close
//
// An `A`, a new MAIL, a HELO or the end of the connection while a message is open, its end not answered, withdraws it. A
// peer below version 4 has no DATA, so there is one question instead of two.

import MailTypes

/// One milter connection: bytes of the mail server in, questions and replies out.
public struct MilterSession: DoorSession {
    /// How far the connection has come.
    private enum Phase: Sendable {
        /// Nothing was said.
        case fresh
        /// The offer was answered; a client comes next.
        case negotiated
        /// A client is connected.
        case connected
        /// The server quit, or the connection was closed.
        case over
    }

    /// The mail host that asks.
    private let mailHost: String
    /// Turns addresses into keys.
    private let addressHash: AddressHash
    /// The wanted header fields, names in lower case.
    private let wantedFields: [[UInt8]]
    /// Makes what is kept of a header beside these; nil where nothing is.
    private let digest: ContentDigest?
    /// The bytes not yet understood.
    private var reader = MilterFrameReader()
    /// How far the connection has come.
    private var phase = Phase.fresh
    /// What was negotiated.
    private var agreed = MilterNegotiation(actions: [], steps: [])
    /// The client.
    private var connection = MilterConnection()
    /// The macros that came last, and the command they belong to.
    private var macros: (letter: UInt8, values: MilterMacroValues) = (0, MilterMacroValues())
    /// The open message: begun by MAIL, its end not yet answered.
    private var message: MilterMessage?
    /// Actions not yet taken; a command yields two at most.
    private var pending: [DoorAction] = []
    /// The stage of the question that was asked and not yet decided.
    private var question: Stage?
    /// What the peer did wrong; nothing happens after it.
    private var failure: DoorError?

    /// A session for one connection of a mail server. `wantedFields` are the header fields that the policy reads; with a digest the end of a message tells more of its header.
    public init(
        mailHost: String, addressHash: AddressHash, wantedFields: [String], digest: ContentDigest? = nil
    ) {
        self.digest = digest
        self.mailHost = mailHost
        self.addressHash = addressHash
        self.wantedFields = wantedFields.map { Array($0.lowercased().utf8) }
    }

    /// Takes in bytes. Throws where too many wait to be read, and after any earlier error.
    public mutating func receive(_ bytes: Span<UInt8>) throws(DoorError) {
        if let failure { throw failure }
        guard phase != .over else { return }
        do throws(DoorError) { try reader.append(bytes) } catch { throw fail(error) }
    }

    /// The next thing to do. Throws what the peer did wrong, each time anew.
    public mutating func next() throws(DoorError) -> DoorAction? {
        if let failure { throw failure }
        while question == nil {
            if !pending.isEmpty {
                let action = pending.removeFirst()
                if case .ask(let transaction) = action { question = transaction.stage }
                return action
            }
            guard phase != .over else { return nil }
            do throws(DoorError) {
                let bytesMax = phase == .fresh ? MilterFrame.firstFrameBytesMax : MilterFrame.frameBytesMax
                guard let found = try reader.next(bytesMax: bytesMax) else { return nil }
                try take(found)
            } catch { throw fail(error) }
        }
        return nil
    }

    /// Answers the open question. A decision that comes after the connection was closed is dropped.
    public mutating func decided(_ verdict: Verdict) {
        guard let stage = question, let message else { return }
        question = nil
        let replies = MilterVerdict.replies(
            to: verdict, at: stage, isLocalSubmission: isLocalSubmission(message), agreed: agreed)
        var bytes: [UInt8] = []
        for reply in replies { reply.frame.compose(into: &bytes) }
        pending.append(.send(bytes))
        if stage == .endOfMessage { self.message = nil }
    }

    /// True where the rest of a frame is missing. Between frames a mail server may be silent for as long as its client is.
    public var hasPartialInput: Bool { question == nil && reader.hasPartialFrame }

    /// The connection was closed: returns the open message, asked about or not, for withdrawal.
    public mutating func closed() -> Transaction? {
        defer {
            message = nil
            question = nil
            pending = []
            reader = MilterFrameReader()
            phase = .over
        }
        return message.map { transaction($0) }
    }

    /// Remembers a fault and returns it.
    private mutating func fail(_ error: DoorError) -> DoorError {
        failure = error
        return error
    }
}

// MARK: - Commands

extension MilterSession {
    /// Takes a frame, or a piece of the body.
    private mutating func take(_ found: MilterFrameReader.Found) throws(DoorError) {
        switch found {
        case .piece(let command, let count, let isLast):
            let letter = try expected(command)
            message?.body(count)
            guard isLast else { return }
            if letter == .body { return answer(unless: .silentBody) }
            message?.end()
            ask()
        case .frame(let command, let range):
            let letter = try expected(command)
            // Holding the array keeps the payload valid beside changes of this value; it is not copied.
            let bytes = reader.bytes
            try take(letter, bytes.span.extracting(range))
        }
    }

    /// The letter of a command; throws where it may not come now.
    private func expected(_ command: UInt8) throws(DoorError) -> MilterCommand.Letter {
        let letter = try MilterCommand.letter(command)
        let isExpected =
            switch letter {
            case .negotiate: phase == .fresh
            case .connect: phase == .negotiated
            case .helo, .mail: phase == .connected
            case .recipient, .data, .header, .endOfHeaders, .body, .endOfMessage: message != nil
            case .macros, .abort, .quit, .quitNewConnection, .unknown: phase != .fresh
            }
        guard isExpected else {
            throw DoorError(.outOfOrder, found: "command \(printed(command))", expected: expectation)
        }
        return letter
    }

    /// What may come now.
    private var expectation: String {
        switch phase {
        case .fresh: "an offer (O)"
        case .negotiated: "a connection (C)"
        case .connected: message == nil ? "MAIL (M)" : "the message or its end"
        case .over: "nothing"
        }
    }

    /// Takes a whole command.
    private mutating func take(_ letter: MilterCommand.Letter, _ payload: Span<UInt8>) throws(DoorError) {
        switch letter {
        case .negotiate:
            agreed = try MilterNegotiation.answer(to: MilterNegotiation(parsing: payload))
            phase = .negotiated
            pending.append(.send(MilterReply.negotiate(agreed).frame.bytes))
        case .macros: try takeMacros(payload)
        case .connect:
            let values = macros(of: letter)
            try connection.connect(payload, macros: values)
            phase = .connected
            answer(unless: .silentConnect)
        case .helo:
            let values = macros(of: letter)
            var greeted = connection
            try greeted.helo(payload, macros: values)
            withdraw()
            connection = greeted
            answer(unless: .silentHelo)
        case .mail:
            let values = macros(of: letter)
            let opened = try MilterMessage(
                payload, macros: values, hash: addressHash, isDigested: digest != nil)
            withdraw()
            connection.mail(macros: values)
            message = opened
            answer(unless: .silentMail)
        case .recipient:
            let values = macros(of: letter)
            try message?.recipient(payload, macros: values, hash: addressHash)
            answer(unless: .silentRecipient)
        case .data:
            try payload.end(at: 0)
            try message?.data()
            ask()
        case .header:
            try message?.header(
                payload, wanted: wantedFields, digest: digest, keepsSpace: agreed.steps.contains(.headerSpace))
            answer(unless: .silentHeaders)
        case .endOfHeaders:
            try payload.end(at: 0)
            try message?.endOfHeaders()
            answer(unless: .silentEndOfHeaders)
        case .body, .endOfMessage: preconditionFailure("body frames come in pieces")
        case .abort:
            try payload.end(at: 0)
            withdraw()
        case .quitNewConnection:
            try payload.end(at: 0)
            withdraw()
            connection = MilterConnection()
            phase = .negotiated
        case .quit:
            try payload.end(at: 0)
            withdraw()
            phase = .over
            pending.append(.close)
        case .unknown:
            var place = 0
            _ = try payload.stringRange(at: &place)
            try payload.end(at: place)
            answer(unless: .silentUnknown)
        }
    }

    /// Takes macros. Those of C, H, M and R wait for their command; all others belong to the open message at once.
    private mutating func takeMacros(_ payload: Span<UInt8>) throws(DoorError) {
        guard payload.count > 0 else {
            throw DoorError(.badLength, found: "macros of no command", expected: "the letter of a command")
        }
        let values = try MilterMacroValues(parsing: payload)
        switch MilterCommand.Letter(rawValue: payload[0]) {
        case .connect, .helo, .mail, .recipient: macros = (payload[0], values)
        case .data, .header, .endOfHeaders, .body, .endOfMessage: message?.take(values)
        default: break
        }
    }

    /// The macros that came for this command; they are used once.
    private mutating func macros(of letter: MilterCommand.Letter) -> MilterMacroValues {
        defer { macros = (0, MilterMacroValues()) }
        return macros.letter == letter.rawValue ? macros.values : MilterMacroValues()
    }
}

// MARK: - Actions

extension MilterSession {
    /// The frame of `c`.
    private static let continueBytes: [UInt8] = MilterReply.continue.frame.bytes

    /// Answers `c`, unless silence was negotiated for this step.
    private mutating func answer(unless silence: MilterSteps) {
        guard !agreed.steps.contains(silence) else { return }
        pending.append(.send(MilterSession.continueBytes))
    }

    /// Asks about the open message at its present stage.
    private mutating func ask() {
        guard let message else { return }
        pending.append(.ask(transaction(message)))
    }

    /// Withdraws the open message, if there is one.
    private mutating func withdraw() {
        guard let message else { return }
        pending.append(.withdraw(transaction(message)))
        self.message = nil
    }

    /// True for a message of the sendmail binary: made-up client, no login, address without brackets.
    private func isLocalSubmission(_ message: MilterMessage) -> Bool {
        connection.hasNoClient && message.login.isEmpty && message.isUnbracketed
    }

    /// The fact as far as it is known. The digest is made at the end of the message, which alone is judged by it.
    private func transaction(_ message: MilterMessage) -> Transaction {
        let isEnd = message.stage == .endOfMessage
        return Transaction(
            stage: message.stage,
            session: Session(
                door: .milter, mailHost: mailHost, client: connection.client, clientPort: connection.clientPort,
                helo: connection.helo, login: message.login,
                isEncrypted: connection.isEncrypted || message.isEncrypted,
                isLocalSubmission: isLocalSubmission(message)),
            envelope: message.envelope,
            content: isEnd ? digest.map(message.content) ?? message.content : message.content, queueID: message.queueID)
    }
}
