// One message, from its MAIL to the answer at its end.

import MailTypes

/// What is kept of a message: hashes, counts and the wanted header fields; never its body. Where a digest is made, until then
/// the names of all fields, and the bodies that the digest reads.
struct MilterMessage: Sendable {
    /// How far the message has come.
    enum Part: UInt8, Sendable, Comparable {
        /// MAIL and RCPT; DATA may have been refused.
        case envelope
        /// Header fields.
        case header
        /// The empty line was seen, or body bytes.
        case body

        /// Earlier in the message.
        static func < (a: Part, b: Part) -> Bool { a.rawValue < b.rawValue }
    }

    /// How far the message has come.
    private(set) var part = Part.envelope
    /// The last stage that was passed.
    var stage = Stage.mail
    /// Reverse-path, recipients, and the client's claim of the size.
    private(set) var envelope = Envelope(recipientsAreComplete: true)
    /// The wanted header fields.
    private(set) var content = Content()
    /// The bytes counted so far, as RFC 5322 writes them: lines ended by CRLF.
    private(set) var bytes = 0
    /// The SASL login.
    private(set) var login = ""
    /// The queue id.
    private(set) var queueID = ""
    /// True where `{tls_version}` came with MAIL.
    private(set) var isEncrypted = false
    /// True where the address of MAIL has no angle brackets, as cleanup(8) writes it for the sendmail binary.
    private(set) var isUnbracketed = false

    /// The header for the digest: names in order, bodies where the digest reads them; empty where none is made.
    private var head: [Content.Field] = []
    /// Bytes of the bodies in it.
    private var headBytes = 0
    /// The reverse-path for the digest; nil where none is made.
    private var reversePath: String?

    /// Most fields, and most bytes of bodies, that a digest is made from; further bodies are left out.
    static let headFieldsMax = 200
    static let headBytesMax = 8192
    /// Longest field name in a digest; real ones have at most some forty bytes.
    static let nameBytesMax = 78
    /// Most recipients kept; more are counted, and `recipientsAreComplete` says so. Postfix's own limit is 1,000.
    static let recipientsMax = 50_000
    /// Most header fields kept.
    static let fieldsMax = 16
    /// Longest header body kept, in bytes; the rest is cut off (RFC 5322 §2.1.1).
    static let fieldBytesMax = 998

    /// Opens a message by the payload of `M` and the macros that came before it. `isDigested` keeps what a digest needs.
    init(
        _ payload: Span<UInt8>, macros: MilterMacroValues, hash: AddressHash, isDigested: Bool = false
    ) throws(DoorError) {
        var place = 0
        let path = payload.extracting(try payload.stringRange(at: &place))
        envelope.reversePath = hash.key(path)
        isUnbracketed = path.isEmpty || path[0] != UInt8(ascii: "<")
        if isDigested { reversePath = withoutBrackets(path) }
        while place < payload.count {
            let parameter = payload.extracting(try payload.stringRange(at: &place))
            if let size = claimedSize(parameter) { envelope.bytes = size }
        }
        isEncrypted = macros.isEncrypted
        take(macros)
    }

    /// Takes login and queue id. `{auth_authen}` comes at some stages only, so one without it changes nothing.
    mutating func take(_ macros: MilterMacroValues) {
        if let login = macros.login, !login.isEmpty { self.login = login }
        if let queueID = macros.queueID, !queueID.isEmpty { self.queueID = queueID }
    }

    /// Takes the payload of `R`. A recipient that the server refused is kept with the reason and not counted as accepted.
    mutating func recipient(
        _ payload: Span<UInt8>, macros: MilterMacroValues, hash: AddressHash
    ) throws(DoorError) {
        guard part == .envelope else {
            throw DoorError(.outOfOrder, found: "RCPT after the header began", expected: "the message")
        }
        var place = 0
        let path = try payload.stringRange(at: &place)
        while place < payload.count { _ = try payload.stringRange(at: &place) }
        take(macros)
        if stage < .rcpt { stage = .rcpt }
        if !macros.isRefused { envelope.recipientCount += 1 }
        guard envelope.recipients.count < MilterMessage.recipientsMax, let key = hash.key(payload.extracting(path))
        else {
            envelope.recipientsAreComplete = false
            return
        }
        let refusal = macros.isRefused ? macros.refusal ?? EnhancedStatus(5, 0, 0) : nil
        envelope.recipients.append(Recipient(key, refusal: refusal))
    }

    /// Takes `T`. It may come again: after a refusal the client may add recipients and try DATA anew.
    mutating func data() throws(DoorError) {
        guard part == .envelope else {
            throw DoorError(.outOfOrder, found: "DATA after the header began", expected: "the message")
        }
        stage = .data
    }

    /// Takes the payload of `L`; `wanted` are names in lower case. `keepsSpace` tells whether the space behind the colon is
    /// part of the body; else one is taken for granted, because the server left it out.
    mutating func header(
        _ payload: Span<UInt8>, wanted: [[UInt8]], digest: ContentDigest? = nil, keepsSpace: Bool
    ) throws(DoorError) {
        guard part <= .header else {
            throw DoorError(.outOfOrder, found: "a header field after the header's end", expected: "the body")
        }
        var place = 0
        let name = payload.extracting(try payload.stringRange(at: &place))
        let body = payload.extracting(try payload.stringRange(at: &place))
        try payload.end(at: place)
        part = .header
        bytes += name.count + 1 + (keepsSpace ? 0 : 1) + bytesOnTheWire(body) + 2
        if let digest { note(name, body, for: digest) }
        guard content.fields.count < MilterMessage.fieldsMax,
            wanted.contains(where: { name.isEqualIgnoringCase($0.span) })
        else { return }
        content.fields.append(Content.Field(name: plainText(name, bytesMax: name.count), body: unfolded(body)))
    }

    /// Keeps a field for the digest.
    private mutating func note(_ name: Span<UInt8>, _ body: Span<UInt8>, for digest: ContentDigest) {
        guard head.count < MilterMessage.headFieldsMax, name.count <= MilterMessage.nameBytesMax else { return }
        var text = ""
        if headBytes < MilterMessage.headBytesMax, digest.bodies.contains(where: { name.isEqualIgnoringCase($0.span) })
        {
            text = unfolded(body)
            headBytes += text.utf8.count
        }
        head.append(Content.Field(name: plainText(name, bytesMax: name.count), body: text))
    }

    /// The content with the digest of the header. What was kept for it is not needed any more.
    func content(_ digest: ContentDigest) -> Content {
        var made = digest.make(
            MessageHead(
                fields: head, reversePath: reversePath, recipientCount: envelope.recipientCount, bytes: bytes))
        made.fields = content.fields
        return made
    }

    /// Takes `N`: the empty line.
    mutating func endOfHeaders() throws(DoorError) {
        guard part <= .header else {
            throw DoorError(.outOfOrder, found: "a second end of the header", expected: "the body")
        }
        part = .body
        bytes += 2
    }

    /// Counts bytes of the body.
    mutating func body(_ count: Int) {
        part = .body
        bytes += count
    }

    /// Takes `E`: from here on the size is what was counted.
    mutating func end() {
        stage = .endOfMessage
        envelope.bytes = bytes
    }
}

// MARK: - Parts

/// The number in `SIZE=12345` (RFC 1870); nil for another parameter, or a number of more than 18 digits.
private func claimedSize(_ parameter: Span<UInt8>) -> Int? {
    guard parameter.count > 5, parameter.count <= 23,
        parameter.extracting(0..<5).isEqualIgnoringCase("size=".utf8Span.span)
    else { return nil }
    var size = 0
    for index in 5..<parameter.count {
        guard parameter[index] >= 48, parameter[index] <= 57 else { return nil }
        size = size * 10 + Int(parameter[index] - 48)
    }
    return size
}

/// An address without the angle brackets around it.
private func withoutBrackets(_ path: Span<UInt8>) -> String {
    let isBracketed = path.count >= 2 && path[0] == UInt8(ascii: "<") && path[path.count - 1] == UInt8(ascii: ">")
    let bare = isBracketed ? path.extracting(1..<path.count - 1) : path
    return plainText(bare, bytesMax: AddressHash.addressBytesMax)
}

/// The length of a header body with its lines ended by CRLF; the server sends LF alone.
private func bytesOnTheWire(_ body: Span<UInt8>) -> Int {
    var count = body.count
    for index in body.indices where body[index] == 10 && (index == 0 || body[index - 1] != 13) { count += 1 }
    return count
}

/// A header body without its folding (RFC 5322 §2.2.3) and the space around it, cut at `fieldBytesMax`.
private func unfolded(_ body: Span<UInt8>) -> String {
    var clean: [UInt8] = []
    for index in body.indices where clean.count < MilterMessage.fieldBytesMax {
        let byte = body[index] == 9 ? 32 : body[index]
        if byte == 13 || byte == 10 || (byte == 32 && clean.isEmpty) { continue }
        clean.append(byte)
    }
    while clean.last == 32 { clean.removeLast() }
    return plainText(clean.span, bytesMax: clean.count)
}
