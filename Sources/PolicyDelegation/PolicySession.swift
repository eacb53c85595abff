// The policy door: one connection of a Postfix smtpd process, which asks about many messages, one after the other.
//
// A transcript, `>` from Postfix:
//
//     > request=smtpd_access_policy
//     > protocol_state=RCPT
//     > …
//     >
//       action=DUNNO
//
// CONNECT, HELO, MAIL and the states that carry no mail are answered DUNNO here: nothing could be counted yet. RCPT, DATA
// and END-OF-MESSAGE are put to the engine. After an error the connection is to be closed *without* an answer: Postfix
// then asks once more, and takes its configured default action (SMTPD_POLICY_README). Requests that were pipelined are
// answered in their order. Postfix never tells this door of an abort, so nothing is ever withdrawn here.

import MailTypes

/// The policy delegation protocol for one connection.
public struct PolicySession: DoorSession {
    /// Most bytes kept while a question is open. Postfix sends one request at a time; a peer that sends more than two of
    /// the largest ahead gets `tooLarge`.
    public static let unreadBytesMax = 2 * PolicyRequest.requestBytesMax
    /// Room that an idle connection keeps, in bytes; what a large request took beyond it is given back.
    private static let idleBytesMax = 4096

    /// The mail host that asks.
    private let mailHost: String
    /// Turns sender and recipient into keys.
    private let addressHash: AddressHash
    /// Turns `instance` into a number.
    private let instanceHash: KeyedHash
    /// Room for bytes; `start..<end` of it wait to be read.
    private var room: [UInt8] = []
    /// Where the request that is being read starts in `room`.
    private var start = 0
    /// Where the bytes received end in `room`.
    private var end = 0
    /// The request that is being read.
    private var request = PolicyRequest()
    /// The HELO name last read: nearly always the next request has the same, and needs no new text then.
    private var helo = ""
    /// The login last read, for the same reason.
    private var login = ""
    /// The answer to be sent next.
    private var answer: [UInt8]?
    /// True from an `ask` to its `decided`.
    private var isAsking = false
    /// The fault that ended the conversation.
    private var fault: DoorError?

    /// A session of one connection.
    public init(mailHost: String, addressHash: AddressHash, instanceHash: KeyedHash) {
        self.mailHost = mailHost
        self.addressHash = addressHash
        self.instanceHash = instanceHash
    }

    /// Takes in bytes. Throws `tooLarge` where the unread rest would pass `unreadBytesMax`.
    public mutating func receive(_ bytes: Span<UInt8>) throws(DoorError) {
        if let fault { throw fault }
        let unread = end - start + bytes.count
        guard unread <= PolicySession.unreadBytesMax else {
            throw fail(
                DoorError(
                    .tooLarge, found: "\(unread) unread bytes", expected: "at most \(PolicySession.unreadBytesMax)"))
        }
        if end + bytes.count > room.count { makeRoom(unread) }
        PolicySession.copy(bytes, to: &room, at: end)
        end += bytes.count
    }

    /// The next thing to do: an answer, a question, or nil where bytes or a decision are missing.
    public mutating func next() throws(DoorError) -> DoorAction? {
        if let answer {
            self.answer = nil
            return .send(answer)
        }
        guard !isAsking, start < end else { return nil }
        if let fault { throw fault }
        do {
            guard try PolicySession.scan(&request, room, start..<end) else { return nil }
        } catch {
            throw fail(error)
        }
        defer { finishRequest() }
        guard let stage = request.stage, stage >= .rcpt else { return .send(PolicyReply.dunno) }
        isAsking = true
        return .ask(transaction(stage))
    }

    /// Answers the open question.
    public mutating func decided(_ verdict: Verdict) {
        precondition(isAsking, "decided() without a question")
        isAsking = false
        answer = PolicyReply.compose(verdict)
    }

    /// True where part of a request is there and nothing of Weir's is awaited.
    public var hasPartialInput: Bool { start < end && !isAsking && answer == nil }

    /// Nothing is withdrawn: what becomes of a message is not told at this door.
    public mutating func closed() -> Transaction? { nil }

    /// Remembers the fault: from here on nothing is answered.
    private mutating func fail(_ error: DoorError) -> DoorError {
        fault = error
        return error
    }

    /// Moves what is unread to the front, and takes more room where `unread` bytes need it.
    private mutating func makeRoom(_ unread: Int) {
        var larger: [UInt8] = []
        larger.reserveCapacity(unread)
        larger.append(contentsOf: room[start..<end])
        larger.append(contentsOf: repeatElement(0, count: max(1024, unread) - larger.count))
        room = larger
        end -= start
        start = 0
    }

    /// Copies bytes to a place where there is room for them; traps where there is not.
    @inline(__always)
    private static func copy(_ bytes: Span<UInt8>, to room: inout [UInt8], at place: Int) {
        precondition(place >= 0 && bytes.count <= room.count - place)
        // Both buffers live through the call, and the line above checked the bounds.
        unsafe bytes.withUnsafeBytes { source in
            unsafe room.withUnsafeMutableBytes { target in
                unsafe UnsafeMutableRawBufferPointer(rebasing: target[place...]).copyMemory(from: source)
            }
        }
    }

    /// Reads on in a request.
    @inline(__always)
    private static func scan(
        _ request: inout PolicyRequest, _ room: [UInt8], _ unread: Range<Int>
    ) throws(DoorError) -> Bool {
        try request.scan(room.span.extracting(unread))
    }

    /// Steps over the request that was read.
    @inline(__always)
    private mutating func finishRequest() {
        start += request.byteCount
        request = PolicyRequest()
        guard start == end else { return }
        start = 0
        end = 0
        if room.count > PolicySession.idleBytesMax { room = [] }
    }

    /// The request as a transaction. Recipients are never complete: Postfix asks about each one before it has decided, and
    /// later gives their number alone.
    @inline(__always)
    private mutating func transaction(_ stage: Stage) -> Transaction {
        renew(&helo, room, start, request.helo)
        renew(&login, room, start, request.login)
        var queueID = ""
        renew(&queueID, room, start, request.queueID)
        let bytes = room.span.extracting(start..<end)
        var recipients: [Recipient] = []
        if !request.recipient.isEmpty, let key = addressHash.key(bytes.extracting(request.recipient)) {
            recipients = [Recipient(key)]
        }
        return Transaction(
            stage: stage,
            session: Session(
                door: .policy, mailHost: mailHost, client: request.client, clientPort: request.clientPort, helo: helo,
                login: login, isEncrypted: request.isEncrypted),
            envelope: Envelope(
                reversePath: addressHash.key(bytes.extracting(request.sender)), recipients: recipients,
                recipientCount: request.recipientCount, bytes: request.size),
            queueID: queueID,
            instance: request.instance.isEmpty ? 0 : instanceHash.hash(bytes.extracting(request.instance)))
    }
}

/// Makes `text` the value at a place of the request that begins at `start`, and leaves it alone where it is that already.
/// What is not UTF-8 is repaired.
private func renew(_ text: inout String, _ room: [UInt8], _ start: Int, _ place: Range<Int>) {
    let value = room.span.extracting(start + place.lowerBound..<start + place.upperBound)
    guard !isSame(text.utf8Span.span, value) else { return }
    text = unsafe value.withUnsafeBufferPointer { buffer in unsafe String(decoding: buffer, as: UTF8.self) }
}
