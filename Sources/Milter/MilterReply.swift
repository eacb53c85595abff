// What the filter says to the mail server.
//
//     c go on           y reply of our own        h add a header field     + add a recipient     q put on hold
//     a accept          s skip the rest of this   i insert one             2 … with parameters   p still working
//     r refuse, 5xx     d accept and drop         m change or delete one   - delete one          b replace the body
//     t refuse, 4xx     f fail the connection     e change the sender      4 close with 421      O answer to an offer
//
// Those that change the message, and `q`, are taken only in answer to `E`, and a verdict must follow them: `q` alone is
// none, and a filter that stops there leaves the server waiting.

import MailTypes

/// One reply of a filter.
public enum MilterReply: Hashable, Sendable {
    /// The answer to an offer.
    case negotiate(MilterNegotiation)
    /// Go on; at the end of the message: it may pass.
    case `continue`
    /// Accept, and send this filter nothing more of the message.
    case accept
    /// Refuse with the server's own 5xx.
    case reject
    /// Refuse with the server's own 4xx.
    case temporaryFailure
    /// Accept and drop.
    case discard
    /// Refuse with this reply: code, enhanced status, text. `%` is doubled, because Sendmail reads it as a format.
    case replyCode(MilterString)
    /// Send no more of what this answers.
    case skip
    /// Still working: start the time-out anew.
    case progress
    /// Put on hold, for this reason.
    case quarantine(MilterString)
    /// Fail the connection.
    case connectionFailure
    /// Close with 421.
    case shutdown
    /// Add a recipient.
    case addRecipient(MilterString)
    /// Add a recipient with ESMTP parameters.
    case addRecipientWithParameters(MilterString, MilterString?)
    /// Delete a recipient.
    case deleteRecipient(MilterString)
    /// Change the reverse-path.
    case changeSender(MilterString, MilterString?)
    /// Add a header field behind the others.
    case addHeader(name: MilterString, body: MilterString)
    /// Insert a header field; index 0 is in front of all.
    case insertHeader(index: UInt32, name: MilterString, body: MilterString)
    /// Change the index-th field of this name, counted from 1; an empty body deletes it.
    case changeHeader(index: UInt32, name: MilterString, body: MilterString)
    /// Replace the body by these bytes, with those of further replies.
    case replaceBody([UInt8])

    /// The letters (mfdef.h `SMFIR_…`).
    public enum Letter: UInt8, Sendable, CaseIterable {
        /// `+`.
        case addRecipient = 0x2B
        /// `-`.
        case deleteRecipient = 0x2D
        /// `2`.
        case addRecipientWithParameters = 0x32
        /// `4`.
        case shutdown = 0x34
        /// `O`.
        case negotiate = 0x4F
        /// `a`.
        case accept = 0x61
        /// `b`.
        case replaceBody = 0x62
        /// `c`.
        case `continue` = 0x63
        /// `d`.
        case discard = 0x64
        /// `e`.
        case changeSender = 0x65
        /// `f`.
        case connectionFailure = 0x66
        /// `h`.
        case addHeader = 0x68
        /// `i`.
        case insertHeader = 0x69
        /// `m`.
        case changeHeader = 0x6D
        /// `p`.
        case progress = 0x70
        /// `q`.
        case quarantine = 0x71
        /// `r`.
        case reject = 0x72
        /// `s`.
        case skip = 0x73
        /// `t`.
        case temporaryFailure = 0x74
        /// `y`.
        case replyCode = 0x79
    }

    /// True where the server waits no longer after it; false for changes, hold and progress, behind which more must come.
    public var endsTheWait: Bool {
        switch self {
        case .negotiate, .continue, .accept, .reject, .temporaryFailure, .discard, .replyCode, .skip,
            .connectionFailure,
            .shutdown:
            true
        case .progress, .quarantine, .addRecipient, .addRecipientWithParameters, .deleteRecipient, .changeSender,
            .addHeader,
            .insertHeader, .changeHeader, .replaceBody:
            false
        }
    }
}

// MARK: - Parse

extension MilterReply {
    /// Parses a frame.
    public init(parsing frame: MilterFrame) throws(DoorError) {
        self = try MilterReply.parse(frame.command, frame.payload.span)
    }

    /// Parses a letter and its payload.
    private static func parse(_ command: UInt8, _ payload: Span<UInt8>) throws(DoorError) -> MilterReply {
        guard let letter = Letter(rawValue: command) else {
            throw DoorError(
                .notThisProtocol, found: "reply \(printed(command))", expected: "a reply of the milter protocol")
        }
        if letter == .replaceBody { return .replaceBody(payload.copy(0..<payload.count)) }
        if letter == .negotiate { return .negotiate(try MilterNegotiation(parsing: payload)) }
        var place = 0
        let index = letter == .insertHeader || letter == .changeHeader ? try payload.number32(at: &place) : 0
        let strings = try payload.strings(at: &place)
        let fitting = counts(letter)
        guard fitting.contains(strings.count) else {
            throw DoorError(
                .badLength, found: "reply \(printed(command)) with \(strings.count) strings",
                expected: "from \(fitting.lowerBound) to \(fitting.upperBound)")
        }
        switch letter {
        case .continue: return .continue
        case .accept: return .accept
        case .reject: return .reject
        case .temporaryFailure: return .temporaryFailure
        case .discard: return .discard
        case .replyCode: return .replyCode(strings[0])
        case .skip: return .skip
        case .progress: return .progress
        case .quarantine: return .quarantine(strings[0])
        case .connectionFailure: return .connectionFailure
        case .shutdown: return .shutdown
        case .addRecipient: return .addRecipient(strings[0])
        case .addRecipientWithParameters:
            return .addRecipientWithParameters(strings[0], strings.count > 1 ? strings[1] : nil)
        case .deleteRecipient: return .deleteRecipient(strings[0])
        case .changeSender: return .changeSender(strings[0], strings.count > 1 ? strings[1] : nil)
        case .addHeader: return .addHeader(name: strings[0], body: strings[1])
        case .insertHeader: return .insertHeader(index: index, name: strings[0], body: strings[1])
        case .changeHeader: return .changeHeader(index: index, name: strings[0], body: strings[1])
        case .replaceBody, .negotiate: preconditionFailure("parsed above")
        }
    }

    /// How many strings a reply has.
    private static func counts(_ letter: Letter) -> ClosedRange<Int> {
        switch letter {
        case .replyCode, .quarantine, .addRecipient, .deleteRecipient: 1...1
        case .addRecipientWithParameters, .changeSender: 1...2
        case .addHeader, .insertHeader, .changeHeader: 2...2
        default: 0...0
        }
    }
}

// MARK: - Compose

extension MilterReply {
    /// The reply's letter.
    public var letter: Letter {
        switch self {
        case .negotiate: .negotiate
        case .continue: .continue
        case .accept: .accept
        case .reject: .reject
        case .temporaryFailure: .temporaryFailure
        case .discard: .discard
        case .replyCode: .replyCode
        case .skip: .skip
        case .progress: .progress
        case .quarantine: .quarantine
        case .connectionFailure: .connectionFailure
        case .shutdown: .shutdown
        case .addRecipient: .addRecipient
        case .addRecipientWithParameters: .addRecipientWithParameters
        case .deleteRecipient: .deleteRecipient
        case .changeSender: .changeSender
        case .addHeader: .addHeader
        case .insertHeader: .insertHeader
        case .changeHeader: .changeHeader
        case .replaceBody: .replaceBody
        }
    }

    /// The reply as a frame.
    public var frame: MilterFrame {
        var payload: [UInt8] = []
        switch self {
        case .negotiate(let answer): payload = answer.payload
        case .replyCode(let text), .quarantine(let text), .addRecipient(let text), .deleteRecipient(let text):
            text.compose(into: &payload)
        case .addRecipientWithParameters(let address, let parameters), .changeSender(let address, let parameters):
            address.compose(into: &payload)
            parameters?.compose(into: &payload)
        case .addHeader(let name, let body):
            name.compose(into: &payload)
            body.compose(into: &payload)
        case .insertHeader(let index, let name, let body), .changeHeader(let index, let name, let body):
            payload.appendNumber(index)
            name.compose(into: &payload)
            body.compose(into: &payload)
        case .replaceBody(let bytes): payload = bytes
        case .continue, .accept, .reject, .temporaryFailure, .discard, .skip, .progress, .connectionFailure, .shutdown:
            break
        }
        return MilterFrame(letter.rawValue, payload)
    }
}
