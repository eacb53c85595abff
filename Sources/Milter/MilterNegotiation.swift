// The first thing said on a connection: what the mail server can do, and what of it the filter takes.
//
//     MTA     O  00 00 00 06  00 00 01 ff  00 1f ff ff     version 6, all actions, all protocol bits
//     filter  O  00 00 00 06  00 00 01 21  00 1e f9 80     the part of each that it wants …
//                00 00 00 02  69 20 7b … 00                … and the macros it wants at a stage
//
// An answer outside the offer ends the conversation (Postfix: "request mask conflict"). A silence that was promised and not
// kept desynchronises it: the server takes the extra reply for the answer to its next command.

import MailTypes

/// What a filter may do to a message (`SMFIF_…`).
public struct MilterActions: OptionSet, Hashable, Sendable {
    /// The 32 bits on the wire.
    public let rawValue: UInt32
    /// Actions from their bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// Add and insert header fields (`SMFIF_ADDHDRS`).
    public static let addHeaders = MilterActions(rawValue: 0x001)
    /// Replace the body (`SMFIF_CHGBODY`).
    public static let changeBody = MilterActions(rawValue: 0x002)
    /// Add recipients (`SMFIF_ADDRCPT`).
    public static let addRecipients = MilterActions(rawValue: 0x004)
    /// Delete recipients (`SMFIF_DELRCPT`).
    public static let deleteRecipients = MilterActions(rawValue: 0x008)
    /// Change and delete header fields (`SMFIF_CHGHDRS`).
    public static let changeHeaders = MilterActions(rawValue: 0x010)
    /// Put the message on hold (`SMFIF_QUARANTINE`).
    public static let quarantine = MilterActions(rawValue: 0x020)
    /// Change the reverse-path (`SMFIF_CHGFROM`).
    public static let changeSender = MilterActions(rawValue: 0x040)
    /// Add recipients with ESMTP parameters (`SMFIF_ADDRCPT_PAR`).
    public static let addRecipientsWithParameters = MilterActions(rawValue: 0x080)
    /// Name the macros wanted at each stage (`SMFIF_SETSYMLIST`).
    public static let nameMacros = MilterActions(rawValue: 0x100)
    /// The actions of version 2.
    public static let version2 = MilterActions(rawValue: 0x03F)
    /// The actions of version 6.
    public static let version6 = MilterActions(rawValue: 0x1FF)
}

/// Which steps the server leaves out, which it adds, and which the filter leaves unanswered (`SMFIP_…`).
public struct MilterSteps: OptionSet, Hashable, Sendable {
    /// The 32 bits on the wire.
    public let rawValue: UInt32
    /// Steps from their bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// Do not send the connection (`SMFIP_NOCONNECT`).
    public static let noConnect = MilterSteps(rawValue: 0x00_0001)
    /// Do not send HELO (`SMFIP_NOHELO`).
    public static let noHelo = MilterSteps(rawValue: 0x00_0002)
    /// Do not send MAIL (`SMFIP_NOMAIL`).
    public static let noMail = MilterSteps(rawValue: 0x00_0004)
    /// Do not send RCPT (`SMFIP_NORCPT`).
    public static let noRecipient = MilterSteps(rawValue: 0x00_0008)
    /// Do not send the body (`SMFIP_NOBODY`).
    public static let noBody = MilterSteps(rawValue: 0x00_0010)
    /// Do not send header fields (`SMFIP_NOHDRS`).
    public static let noHeaders = MilterSteps(rawValue: 0x00_0020)
    /// Do not send the end of the headers (`SMFIP_NOEOH`).
    public static let noEndOfHeaders = MilterSteps(rawValue: 0x00_0040)
    /// Header fields get no reply (`SMFIP_NR_HDR`).
    public static let silentHeaders = MilterSteps(rawValue: 0x00_0080)
    /// Do not send unknown SMTP commands (`SMFIP_NOUNKNOWN`).
    public static let noUnknown = MilterSteps(rawValue: 0x00_0100)
    /// Do not send DATA (`SMFIP_NODATA`).
    public static let noData = MilterSteps(rawValue: 0x00_0200)
    /// The server understands "skip the rest of the body" (`SMFIP_SKIP`).
    public static let skip = MilterSteps(rawValue: 0x00_0400)
    /// Send recipients that the server refused (`SMFIP_RCPT_REJ`).
    public static let refusedRecipients = MilterSteps(rawValue: 0x00_0800)
    /// The connection gets no reply (`SMFIP_NR_CONN`).
    public static let silentConnect = MilterSteps(rawValue: 0x00_1000)
    /// HELO gets no reply (`SMFIP_NR_HELO`).
    public static let silentHelo = MilterSteps(rawValue: 0x00_2000)
    /// MAIL gets no reply (`SMFIP_NR_MAIL`).
    public static let silentMail = MilterSteps(rawValue: 0x00_4000)
    /// RCPT gets no reply (`SMFIP_NR_RCPT`).
    public static let silentRecipient = MilterSteps(rawValue: 0x00_8000)
    /// DATA gets no reply (`SMFIP_NR_DATA`).
    public static let silentData = MilterSteps(rawValue: 0x01_0000)
    /// Unknown SMTP commands get no reply (`SMFIP_NR_UNKN`).
    public static let silentUnknown = MilterSteps(rawValue: 0x02_0000)
    /// The end of the headers gets no reply (`SMFIP_NR_EOH`).
    public static let silentEndOfHeaders = MilterSteps(rawValue: 0x04_0000)
    /// Body chunks get no reply (`SMFIP_NR_BODY`).
    public static let silentBody = MilterSteps(rawValue: 0x08_0000)
    /// Header bodies keep the space behind the colon, both ways (`SMFIP_HDR_LEADSPC`).
    public static let headerSpace = MilterSteps(rawValue: 0x10_0000)
    /// The steps of version 2.
    public static let version2 = MilterSteps(rawValue: 0x00_007F)
    /// The steps of version 6.
    public static let version6 = MilterSteps(rawValue: 0x1F_FFFF)
}

/// An offer or an answer: version, actions, steps, and in an answer the macros wanted.
public struct MilterNegotiation: Hashable, Sendable {
    /// The macros wanted at one stage.
    public struct MacroList: Hashable, Sendable {
        /// The stage's number on the wire (`MilterMacro.Stage`; others are kept as they came).
        public var stage: UInt32
        /// Names, parted by spaces: `i {auth_authen}`.
        public var names: MilterString

        /// A list.
        public init(stage: UInt32, names: MilterString) {
            self.stage = stage
            self.names = names
        }
    }

    /// The protocol version: 2 … 6.
    public var version: UInt32
    /// What the filter may do.
    public var actions: MilterActions
    /// Which steps are left out or unanswered.
    public var steps: MilterSteps
    /// The macros wanted, in an answer.
    public var macroLists: [MacroList]

    /// The oldest version spoken; libmilter refuses what is older.
    public static let versionMin: UInt32 = 2
    /// The newest version spoken: Sendmail 8.14 and later, Postfix 2.6 and later.
    public static let versionMax: UInt32 = 6

    /// An offer or an answer.
    public init(
        version: UInt32 = versionMax, actions: MilterActions = .version6, steps: MilterSteps = .version6,
        macroLists: [MacroList] = []
    ) {
        self.version = version
        self.actions = actions
        self.steps = steps
        self.macroLists = macroLists
    }

    /// Parses the payload of an `O` frame.
    public init(parsing payload: Span<UInt8>) throws(DoorError) {
        var place = 0
        version = try payload.number32(at: &place)
        actions = MilterActions(rawValue: try payload.number32(at: &place))
        steps = MilterSteps(rawValue: try payload.number32(at: &place))
        macroLists = []
        while place < payload.count {
            let stage = try payload.number32(at: &place)
            macroLists.append(MacroList(stage: stage, names: try payload.string(at: &place)))
        }
    }

    /// The payload of an `O` frame.
    public var payload: [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendNumber(version)
        bytes.appendNumber(actions.rawValue)
        bytes.appendNumber(steps.rawValue)
        for list in macroLists {
            bytes.appendNumber(list.stage)
            list.names.compose(into: &bytes)
        }
        return bytes
    }
}

// MARK: - Our answer

extension MilterNegotiation {
    /// Hold, a header field in front, and the macros by which a client is known.
    static let wantedActions: MilterActions = [.quarantine, .addHeaders, .nameMacros]

    /// Refused recipients, because dead addresses tell a spammer; no reply wherever we have nothing to say, because each
    /// costs the server a wait. DATA is answered, with the verdict. The body is sent and not skipped, because its size must
    /// be exact; for the same reason header bodies keep the space that they came with.
    static let wantedSteps: MilterSteps = [
        .refusedRecipients, .noUnknown, .silentConnect, .silentHelo, .silentMail, .silentRecipient, .silentHeaders,
        .silentEndOfHeaders, .silentBody, .silentUnknown, .headerSpace,
    ]

    /// Answers an offer: the older version, and of all that we want only what is offered. Throws below version 2.
    public static func answer(to offer: MilterNegotiation) throws(DoorError) -> MilterNegotiation {
        guard offer.version >= versionMin else {
            throw DoorError(.unsupportedVersion, found: "version \(offer.version)", expected: "version 2 to 6")
        }
        let actions = offer.actions.intersection(wantedActions)
        return MilterNegotiation(
            version: min(offer.version, versionMax), actions: actions, steps: offer.steps.intersection(wantedSteps),
            macroLists: actions.contains(.nameMacros) ? MilterMacro.wanted : [])
    }
}
