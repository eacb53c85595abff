// Everything that happens, as the engine is told of it. The journal is the list of these.

import MailTypes

/// One thing that happened, with its own time.
public struct Input: Hashable, Sendable {
    /// When: taken inside the engine's lock, never decreasing but for a `clockShifted` that says so.
    public var at: Timestamp
    /// What.
    public var event: Event

    /// An input.
    public init(at: Timestamp, _ event: Event) {
        self.at = at
        self.event = event
    }

    /// The kinds of input.
    public enum Event: Hashable, Sendable {
        /// A door asks.
        case transaction(Transaction)
        /// A transaction came to nothing before its end was answered.
        case withdrawn(Transaction)
        /// The mail log shows what became of a message.
        case delivery(Delivery)
        /// Somebody complained about a message: by a feedback report, or to the abuse desk.
        case complaint(mailHost: String, queueID: String)
        /// A new policy holds from here on.
        case policy(Policy)
        /// A person did something.
        case act(OperatorAct)
        /// The clock of the machine jumped by so many nanoseconds; state moves with it. `at` is what the clock shows after
        /// the jump, so that after a jump back it lies before the input before.
        case clockShifted(Int64)
        /// So many inputs before this one are missing from the journal: replay is exact up to here.
        case gap(UInt64)
        /// Nothing happened, but time passed.
        case tick
    }
}

/// What a person did, and who and why.
public struct OperatorAct: Hashable, Sendable {
    /// Who: the name of the user that called.
    public var who: String
    /// Why, in their words; may be empty.
    public var why: String
    /// What.
    public var verb: Verb

    /// An act.
    public init(who: String, why: String = "", _ verb: Verb) {
        self.who = who
        self.why = why
        self.verb = verb
    }

    /// The kinds of act.
    public enum Verb: Hashable, Sendable {
        /// Empties a subscriber's buckets and windows and closes its case.
        case reset(subscriber: String)
        /// Gives a subscriber its own amount for one limit of its plan; nil takes it away.
        case setLimit(subscriber: String, limit: String, LimitOverride?)
        /// Puts every rule to observe, or back to what the policy says.
        case observeEverything(Bool)
        /// Lets Weir open cases again within this hour.
        case rearmBreaker
        /// A held message was released: it is charged now.
        case released(mailHost: String, queueID: String)
        /// A held message was deleted.
        case purged(mailHost: String, queueID: String)
        /// A subscriber's mail is its own: its case is closed, and it is trusted for a while.
        case release(subscriber: String)
        /// A subscriber is misused: it is contained.
        case confirm(subscriber: String)
    }
}

// MARK: - Storage

extension Input {
    /// Writes a transaction as the input that it is.
    public static func encode(_ transaction: Transaction, at: Timestamp, _ out: inout ByteWriter) {
        out.timestamp(at)
        out.byte(1)
        transaction.encode(&out)
    }

    /// Writes the input.
    public func encode(_ out: inout ByteWriter) {
        if case .transaction(let transaction) = event { return Input.encode(transaction, at: at, &out) }
        out.timestamp(at)
        switch event {
        case .transaction: break
        case .withdrawn(let transaction):
            out.byte(2)
            transaction.encode(&out)
        case .delivery(let delivery):
            out.byte(3)
            out.string(delivery.mailHost)
            out.string(delivery.queueID)
            out.fixed64(delivery.recipient.address)
            out.fixed64(delivery.recipient.domain)
            out.status(delivery.status)
            out.byte(delivery.outcome.rawValue)
            // A bit each; journals of before know the first alone.
            out.byte((delivery.isRefusedBeforeQueue ? 1 : 0) | (delivery.isRefusedAsAbuse ? 2 : 0))
        case .policy(let policy):
            out.byte(4)
            policy.encode(&out)
        case .act(let act):
            out.byte(5)
            out.string(act.who)
            out.string(act.why)
            act.verb.encode(&out)
        case .clockShifted(let nanoseconds):
            out.byte(6)
            out.signed(nanoseconds)
        case .gap(let count):
            out.byte(7)
            out.varint(count)
        case .tick:
            out.byte(8)
        case .complaint(let mailHost, let queueID):
            out.byte(9)
            out.string(mailHost)
            out.string(queueID)
        }
    }

    /// Reads an input.
    public init(_ input: inout ByteReader) throws(CodecError) {
        at = try input.timestamp()
        switch try input.byte() {
        case 1: event = .transaction(try Transaction(&input))
        case 2: event = .withdrawn(try Transaction(&input))
        case 3:
            var delivery = Delivery(
                mailHost: try input.string(), queueID: try input.string(),
                recipient: AddressKey(address: try input.fixed64(), domain: try input.fixed64()),
                status: try input.status(), outcome: try input.enumeration(DeliveryOutcome.self))
            let flags = try input.byte()
            guard flags < 4 else { throw CodecError(place: input.place - 1, expected: "two flags of a delivery") }
            delivery.isRefusedBeforeQueue = flags & 1 != 0
            delivery.isRefusedAsAbuse = flags & 2 != 0
            event = .delivery(delivery)
        case 4: event = .policy(try Policy(&input))
        case 5:
            event = .act(OperatorAct(who: try input.string(), why: try input.string(), try OperatorAct.Verb(&input)))
        case 6: event = .clockShifted(try input.signed())
        case 7: event = .gap(try input.varint())
        case 8: event = .tick
        case 9: event = .complaint(mailHost: try input.string(), queueID: try input.string())
        default: throw CodecError(place: input.place - 1, expected: "a kind of input from 1 to 9")
        }
    }
}

extension OperatorAct.Verb {
    /// Writes the verb.
    fileprivate func encode(_ out: inout ByteWriter) {
        switch self {
        case .reset(let subscriber):
            out.byte(1)
            out.string(subscriber)
        case .setLimit(let subscriber, let limit, let override):
            out.byte(2)
            out.string(subscriber)
            out.string(limit)
            out.optional(override) {
                $0.signed($1.amount)
                $0.signed($1.burst)
            }
        case .observeEverything(let isOn):
            out.byte(3)
            out.bool(isOn)
        case .rearmBreaker: out.byte(4)
        case .released(let host, let id):
            out.byte(5)
            out.string(host)
            out.string(id)
        case .purged(let host, let id):
            out.byte(6)
            out.string(host)
            out.string(id)
        case .release(let subscriber):
            out.byte(7)
            out.string(subscriber)
        case .confirm(let subscriber):
            out.byte(8)
            out.string(subscriber)
        }
    }

    /// Reads a verb.
    fileprivate init(_ input: inout ByteReader) throws(CodecError) {
        switch try input.byte() {
        case 1: self = .reset(subscriber: try input.string())
        case 2:
            self = .setLimit(
                subscriber: try input.string(), limit: try input.string(),
                try input.optional { (r) throws(CodecError) in
                    LimitOverride(amount: try r.signed(), burst: try r.signed())
                })
        case 3: self = .observeEverything(try input.bool())
        case 4: self = .rearmBreaker
        case 5: self = .released(mailHost: try input.string(), queueID: try input.string())
        case 6: self = .purged(mailHost: try input.string(), queueID: try input.string())
        case 7: self = .release(subscriber: try input.string())
        case 8: self = .confirm(subscriber: try input.string())
        default: throw CodecError(place: input.place - 1, expected: "a kind of act from 1 to 8")
        }
    }
}

extension ByteWriter {
    /// An enhanced status code.
    mutating func status(_ value: EnhancedStatus) {
        byte(value.class)
        varint(UInt64(value.subject))
        varint(UInt64(value.detail))
    }
}

extension ByteReader {
    /// An enhanced status code.
    mutating func status() throws(CodecError) -> EnhancedStatus {
        EnhancedStatus(try byte(), try integer(UInt16.self), try integer(UInt16.self))
    }
}

extension Transaction {
    /// Set in the byte of the door where an origin follows the login: journals from before there were origins never have it.
    private static let originFlag: UInt8 = 0x80

    /// Writes the transaction: about 100 bytes.
    func encode(_ out: inout ByteWriter) {
        out.byte(stage.rawValue)
        out.byte(session.door.rawValue | (session.origin == nil ? 0 : Transaction.originFlag))
        var flags: UInt8 = session.client == nil ? 0 : 1
        if session.client?.isIPv4 == true { flags |= 2 }
        if session.isEncrypted { flags |= 4 }
        if session.isLocalSubmission { flags |= 8 }
        if envelope.reversePath != nil { flags |= 16 }
        if envelope.recipientsAreComplete { flags |= 32 }
        if instance != 0 { flags |= 64 }
        if !content.isFieldsOnly { flags |= 128 }
        out.byte(flags)
        out.string(session.mailHost)
        if let client = session.client {
            if client.isIPv4 {
                out.varint(client.low & 0xFFFF_FFFF)
            } else {
                out.fixed64(client.high)
                out.fixed64(client.low)
            }
        }
        out.varint(UInt64(session.clientPort))
        out.string(session.helo)
        out.string(session.login)
        session.origin?.encode(&out)
        if let reversePath = envelope.reversePath {
            out.fixed64(reversePath.address)
            out.fixed64(reversePath.domain)
        }
        out.count(envelope.recipients.count)
        for recipient in envelope.recipients {
            out.fixed64(recipient.key.address)
            out.fixed64(recipient.key.domain)
            if let refusal = recipient.refusal {
                out.byte(1)
                out.status(refusal)
            } else {
                out.byte(0)
            }
        }
        out.count(max(0, envelope.recipientCount))
        out.count(max(0, envelope.bytes))
        out.array(content.fields) {
            $0.string($1.name)
            $0.string($1.body)
        }
        out.string(queueID)
        if instance != 0 { out.fixed64(instance) }
        if !content.isFieldsOnly { content.encodeDigest(&out) }
    }

    /// Reads a transaction.
    init(_ input: inout ByteReader) throws(CodecError) {
        let stage = try input.enumeration(Stage.self)
        let door = try input.byte()
        guard let known = Door(rawValue: door & ~Transaction.originFlag) else {
            throw CodecError(place: input.place - 1, expected: "a door")
        }
        var session = Session(door: known)
        let flags = try input.byte()
        session.mailHost = try input.string()
        if flags & 1 != 0 {
            session.client =
                flags & 2 != 0
                ? NetworkAddress(ipv4: try input.integer(UInt32.self))
                : NetworkAddress(high: try input.fixed64(), low: try input.fixed64())
        }
        session.clientPort = try input.integer(UInt16.self)
        session.helo = try input.string()
        session.login = try input.string()
        if door & Transaction.originFlag != 0 { session.origin = try Origin(&input) }
        session.isEncrypted = flags & 4 != 0
        session.isLocalSubmission = flags & 8 != 0
        var envelope = Envelope()
        if flags & 16 != 0 {
            envelope.reversePath = AddressKey(address: try input.fixed64(), domain: try input.fixed64())
        }
        envelope.recipientsAreComplete = flags & 32 != 0
        envelope.recipients = try input.array(minimumBytes: 17) { (r) throws(CodecError) in
            let key = AddressKey(address: try r.fixed64(), domain: try r.fixed64())
            return Recipient(key, refusal: try r.bool() ? try r.status() : nil)
        }
        envelope.recipientCount = try input.integer(Int.self)
        envelope.bytes = try input.integer(Int.self)
        let fields = try input.array(minimumBytes: 2) { (r) throws(CodecError) in
            Content.Field(name: try r.string(), body: try r.string())
        }
        let queueID = try input.string()
        let instance = flags & 64 != 0 ? try input.fixed64() : 0
        var content = Content(fields: fields)
        if flags & 128 != 0 { try content.readDigest(&input) }
        self.init(
            stage: stage, session: session, envelope: envelope, content: content, queueID: queueID, instance: instance)
    }
}

extension Origin {
    /// Writes the origin: 4 to 12 bytes.
    fileprivate func encode(_ out: inout ByteWriter) {
        out.varint(UInt64(system))
        out.varint(UInt64(country?.packed ?? 0))
        out.optional(place) {
            $0.signed(Int64($1.latitude))
            $0.signed(Int64($1.longitude))
            $0.varint(UInt64($1.radiusKilometres))
        }
    }

    /// Reads an origin.
    fileprivate init(_ input: inout ByteReader) throws(CodecError) {
        self.init(system: try input.integer(UInt32.self))
        let packed = try input.integer(UInt16.self)
        country = Country(packed: packed)
        guard packed == 0 || country != nil else {
            throw CodecError(place: input.place, expected: "the two letters of a country")
        }
        place = try input.optional { (r) throws(CodecError) in
            guard let latitude = Int16(exactly: try r.signed()), let longitude = Int16(exactly: try r.signed()),
                abs(Int(latitude)) <= 9000, abs(Int(longitude)) <= 18_000
            else { throw CodecError(place: r.place, expected: "a latitude and a longitude") }
            return Place(
                latitude: latitude, longitude: longitude, radiusKilometres: try r.integer(UInt16.self))
        }
    }
}

extension Content {
    /// Writes all but the fields.
    fileprivate func encodeDigest(_ out: inout ByteWriter) {
        out.byte(handling.rawValue)
        out.optional(spamScore) { $0.signed(Int64($1)) }
        out.optional(style) { $0.fixed64($1) }
        out.bool(!fingerprint.sketch.isEmpty)
        for slot in fingerprint.sketch {
            out.byte(UInt8(truncatingIfNeeded: slot))
            out.byte(UInt8(truncatingIfNeeded: slot >> 8))
        }
        out.array(fingerprint.keys) {
            $0.byte($1.kind.rawValue)
            $0.fixed64($1.value)
        }
    }

    /// Reads all but the fields.
    fileprivate mutating func readDigest(_ input: inout ByteReader) throws(CodecError) {
        handling = try input.enumeration(Handling.self)
        spamScore = try input.optional { (r) throws(CodecError) in try r.int32() }
        style = try input.optional { (r) throws(CodecError) in try r.fixed64() }
        var sketch: [UInt16] = []
        if try input.bool() {
            for _ in 0..<Fingerprint.sketchSlots {
                sketch.append(UInt16(try input.byte()) | UInt16(try input.byte()) << 8)
            }
        }
        let keys = try input.array(minimumBytes: 9) { (r) throws(CodecError) in
            Fingerprint.Key(try r.enumeration(Fingerprint.Kind.self), try r.fixed64())
        }
        fingerprint = Fingerprint(sketch: sketch, keys: keys)
    }
}
