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

    /// Turns sender and recipient into keys.
    private let addressHash: AddressHash
    /// Turns `instance` into a number.
    private let instanceHash: KeyedHash
    /// Makes the shape of an envelope; nil where none is wanted.
    private let digest: ContentDigest?
    /// Bytes that wait behind `start`: the rest of a request, or what was sent ahead of an answer.
    private var waiting: [UInt8] = []
    /// Where the request that is being read starts in `waiting`.
    private var start = 0
    /// The request that is being read.
    private var request = PolicyRequest()
    /// The transaction last asked about. The next one nearly always has the same HELO name and login, and takes them over.
    private var transaction: Transaction
    /// What comes out of `next`.
    private var turn = Turn.peer

    /// Whose turn it is, and what is to be done first.
    private enum Turn {
        /// The peer's: bytes are missing.
        case peer
        /// A request was read about which the engine is to be asked.
        case ask
        /// The engine was asked.
        case engine
        /// An answer is to be sent.
        case send([UInt8])
        /// Nobody's: the conversation ended in a fault.
        case fault(DoorError)
    }

    /// A session of one connection. With a digest the end of a message tells the shape of its envelope.
    public init(
        mailHost: String, addressHash: AddressHash, instanceHash: KeyedHash, digest: ContentDigest? = nil
    ) {
        self.digest = digest
        self.addressHash = addressHash
        self.instanceHash = instanceHash
        transaction = Transaction(stage: .connect, session: Session(door: .policy, mailHost: mailHost))
    }

    /// Takes in bytes. Throws `tooLarge` where the unread rest would pass `unreadBytesMax`.
    public mutating func receive(_ bytes: Span<UInt8>) throws(DoorError) {
        if case .fault(let fault) = turn { throw fault }
        let unread = waiting.count - start + bytes.count
        guard unread <= PolicySession.unreadBytesMax else {
            let fault = DoorError(
                .tooLarge, found: "\(unread) unread bytes", expected: "at most \(PolicySession.unreadBytesMax)")
            turn = .fault(fault)
            throw fault
        }
        guard waiting.isEmpty, case .peer = turn else { return keep(bytes) }
        // The usual case: a whole request in one piece is read where it lies.
        let used = read(bytes)
        if used < bytes.count { keep(bytes.extracting(used..<bytes.count)) }
    }

    /// The next thing to do: an answer, a question, or nil where bytes or a decision are missing.
    public mutating func next() throws(DoorError) -> DoorAction? {
        if case .peer = turn, !waiting.isEmpty { readWaiting() }
        switch turn {
        case .peer, .engine: return nil
        case .ask:
            turn = .engine
            return .ask(transaction)
        case .send(let answer):
            turn = .peer
            return .send(answer)
        case .fault(let fault): throw fault
        }
    }

    /// Answers the open question.
    public mutating func decided(_ verdict: Verdict) {
        guard case .engine = turn else { preconditionFailure("decided() without a question") }
        turn = .send(PolicyReply.compose(verdict))
    }

    /// True where part of a request is there, and nothing of Weir's is awaited.
    public var hasPartialInput: Bool {
        if case .peer = turn { !waiting.isEmpty } else { false }
    }

    /// Nothing is withdrawn: what becomes of a message is not told at this door.
    public mutating func closed() -> Transaction? { nil }

    /// Keeps bytes for later.
    private mutating func keep(_ bytes: Span<UInt8>) {
        if start > 0 {
            waiting.removeSubrange(0..<start)
            start = 0
        }
        // The buffer outlives the call, and `append` copies it.
        unsafe bytes.withUnsafeBufferPointer { buffer in unsafe waiting.append(contentsOf: buffer) }
    }

    /// Reads on in what was kept.
    private mutating func readWaiting() {
        var bytes: [UInt8] = []
        swap(&bytes, &waiting)
        start += read(bytes.span.extracting(start..<bytes.count))
        if start == bytes.count {
            bytes.removeAll(keepingCapacity: bytes.capacity <= PolicySession.idleBytesMax)
            start = 0
        }
        swap(&bytes, &waiting)
    }

    /// Reads on in the request at the head of some bytes. Once it is complete it is Weir's turn, and the request's length
    /// is returned; else 0.
    private mutating func read(_ bytes: Span<UInt8>) -> Int {
        do {
            guard try request.scan(bytes) else { return 0 }
        } catch {
            turn = .fault(error)
            return 0
        }
        let used = request.byteCount
        if let stage = request.stage, stage >= .rcpt {
            take(bytes, stage)
            turn = .ask
        } else {
            turn = .send(PolicyReply.dunno)
        }
        request = PolicyRequest()
        return used
    }

    /// Takes the request over into the transaction. Recipients are never complete: Postfix asks about each one before it has
    /// decided, and later gives their number alone.
    private mutating func take(_ bytes: Span<UInt8>, _ stage: Stage) {
        transaction.stage = stage
        transaction.session.client = request.client
        transaction.session.clientPort = request.clientPort
        transaction.session.isEncrypted = request.isEncrypted
        renew(&transaction.session.helo, bytes.extracting(request.helo))
        renew(&transaction.session.login, bytes.extracting(request.login))
        transaction.envelope.reversePath = addressHash.key(bytes.extracting(request.sender))
        if let recipient = addressHash.key(bytes.extracting(request.recipient)).map({ Recipient($0) }) {
            // In place as a rule: the last question's array is free by now.
            if transaction.envelope.recipients.isEmpty {
                transaction.envelope.recipients.append(recipient)
            } else {
                transaction.envelope.recipients[0] = recipient
            }
        } else {
            transaction.envelope.recipients.removeAll()
        }
        transaction.envelope.recipientCount = request.recipientCount
        transaction.envelope.bytes = request.size
        if let digest { transaction.content = stage == .endOfMessage ? shape(bytes, digest) : Content() }
        renew(&transaction.queueID, bytes.extracting(request.queueID))
        transaction.instance = request.instance.isEmpty ? 0 : instanceHash.hash(bytes.extracting(request.instance))
    }

    /// What the envelope of the request at the head of some bytes tells.
    private func shape(_ bytes: Span<UInt8>, _ digest: ContentDigest) -> Content {
        var sender = ""
        renew(&sender, bytes.extracting(request.sender))
        return digest.make(
            MessageHead(reversePath: sender, recipientCount: request.recipientCount, bytes: request.size))
    }
}

/// Makes `text` the given bytes, and leaves it alone where it is these already. What is not UTF-8 is repaired.
private func renew(_ text: inout String, _ bytes: Span<UInt8>) {
    guard !isSame(text.utf8Span.span, bytes) else { return }
    text = unsafe bytes.withUnsafeBufferPointer { buffer in unsafe String(decoding: buffer, as: UTF8.self) }
}
