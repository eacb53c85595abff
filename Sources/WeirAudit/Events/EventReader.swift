// The events of any other system: JSON lines in, what an audit uses of them out (events.md).
//
//     {"type":"transaction","at":"2026-01-05T09:13:22.120Z","id":"t1","login":"ann","from":"ann@example.net",
//      "to":["x@example.org"],"size":4312,"header":{"Subject":"…"}}
//     {"type":"delivery","at":"2026-01-05T09:13:25.000Z","id":"t1","to":"x@example.org","status":"5.1.1","outcome":"failed"}
//     {"type":"label","subscriber":"ann","taken_over_from":"2026-01-05T09:00:00Z","family":"fast-bot"}
//
// What is missing is unavailable, which is not the same as harmless. What is wrong is unavailable too, and counted with an
// example. Nobody can be named where the login can't be read, so that such a message is left out.

import ContentAnalysis
import MailLog
import MailTypes

/// An event that an audit uses.
public enum LoggedEvent: Hashable, Sendable {
    /// A message, the id by which the source names it, and its time.
    case transaction(Transaction, id: String, at: Timestamp)
    /// A message that the source did not accept, and when.
    case refused(at: Timestamp)
    /// A delivery result and its time.
    case delivery(Delivery, at: Timestamp)
    /// A complaint about a message, and its time.
    case complaint(mailHost: String, id: String, at: Timestamp)

    /// When.
    public var at: Timestamp {
        switch self {
        case .transaction(_, _, let at), .refused(let at), .delivery(_, let at), .complaint(_, _, let at): at
        }
    }
}

/// Reads the files of one stream of events in their order. What it returns does not go back in time.
public struct EventReader: Sendable {
    /// A line may be so much earlier than one before it, and is then read as if it had come at the same moment. What is
    /// earlier still is left out: files in the wrong order would pile a day's mail on one moment, and that looks stolen.
    public static let disorderSecondsMax: Int64 = 300

    /// The labels so far: the engine never sees them.
    public private(set) var labels: [Label] = []
    /// Turns addresses into keys.
    private let hash: AddressHash
    /// Digests header and text; nil where nobody asks for it.
    private let fingerprinter: Fingerprinter?
    /// Types of events.md that an audit does not use: leases, and what Weir itself says. Any other is a slip, and told as one.
    private static let typesUnused: Set = ["lease", "decision", "case", "summary"]
    /// Nats of content evidence, either way, that count: one message proves no more.
    static let spamNatsMax = 100.0
    /// The lines.
    private var text: EventLines
    /// What they were.
    private var census = EventCensus()
    /// The latest time so far.
    private var latest = Timestamp(nanoseconds: .min)

    /// A reader of nothing yet. With a fingerprinter it tells what header and text have in common with others.
    public init(hash: AddressHash, fingerprinter: Fingerprinter? = nil) {
        self.hash = hash
        self.fingerprinter = fingerprinter
        text = EventLines()
    }

    /// The same with another bound on lines.
    init(hash: AddressHash, fingerprinter: Fingerprinter? = nil, lineBytesMax: Int) {
        self.hash = hash
        self.fingerprinter = fingerprinter
        text = EventLines(lineBytesMax: lineBytesMax)
    }

    /// Lines so far.
    public var lineCount: Int { census.lines + text.tooLong }

    /// What the lines were, by kind.
    public var rows: [LineCensus.Row] {
        var census = census
        census.noteTooLong(text.tooLong)
        return census.rows
    }

    /// Adds the next bytes of the present file; lines may be cut anywhere. After each piece, take all.
    public mutating func add(_ piece: ArraySlice<UInt8>) { text.add(piece) }

    /// The present file ends; what follows its last newline is a line.
    public mutating func endFile() { text.end() }

    /// The next event that an audit uses; nil until more is added.
    public mutating func next() -> LoggedEvent? {
        while let line = text.next() {
            if let event = read(line) { return event }
        }
        return nil
    }

    /// Reads one line; nil where it is none that an audit uses.
    private mutating func read(_ given: ArraySlice<UInt8>) -> LoggedEvent? {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]  // a byte order mark, which RFC 8259 §8.1 lets a reader ignore
        let line = given.starts(with: mark) ? given.dropFirst(mark.count) : given
        if line.allSatisfy({ $0 == 32 || (9...13).contains($0) }) { return nil }
        guard case .object(let members)? = JSONValue(parsing: line) else {
            census.note(.notUnderstood, "no JSON object", line, at: text.number)
            return nil
        }
        var event = EventMembers(members)
        switch event.text("type") {
        case "transaction": return transaction(&event, line)
        case "delivery": return delivery(&event, line)
        case "complaint": return complaint(&event, line)
        case "label": label(&event, line)
        case let type? where EventReader.typesUnused.contains(type):
            census.note(.notRelevant, type, line, at: text.number)
        case let type?: census.note(.notUnderstood, "type \(type), which no event has", line, at: text.number)
        case nil: census.note(.notUnderstood, "an object without a type", line, at: text.number)
        }
        return nil
    }

    /// The time that an event counts with, which does not go back; nil, and counted, where it is too early for its place.
    private mutating func inOrder(_ at: Timestamp, _ line: ArraySlice<UInt8>) -> Timestamp? {
        if at >= latest {
            latest = at
        } else if latest.since(at) > EventReader.disorderSecondsMax * 1_000_000_000 {
            census.note(.notUnderstood, "earlier by minutes than a line before it, and left out", line, at: text.number)
            return nil
        }
        return latest
    }

    /// Counts a line that is used, and what of it could not be.
    private mutating func noteUsed(_ kind: String, _ event: EventMembers, _ line: ArraySlice<UInt8>) {
        if let name = event.unreadable {
            census.note(.notUnderstood, "\(kind) whose \(name) can't be read, used without it", line, at: text.number)
        } else {
            census.note(.fact, kind, line, at: text.number)
        }
    }

    /// A message.
    private mutating func transaction(_ event: inout EventMembers, _ line: ArraySlice<UInt8>) -> LoggedEvent? {
        let login = event.text("login") ?? ""
        let isLoginReadable = event.unreadable == nil
        let client = event.address("client")
        guard let time = event.time("at"), let id = event.text("id"), let from = event.text("from"),
            let to = event.texts("to"), isLoginReadable, !login.isEmpty || client != nil
        else {
            let missing = event.lacking(["at", "id", "from", "to"], otherwise: "login or client")
            census.note(.notUnderstood, "a transaction without \(missing)", line, at: text.number)
            return nil
        }
        let session = Session(
            door: .milter, mailHost: event.text("host") ?? "localhost", client: client,
            clientPort: UInt16(event.integer("client_port", 0...65_535) ?? 0), helo: event.text("helo") ?? "",
            login: login)
        let recipients = to.compactMap { hash.key($0) }.map { Recipient($0) }
        let bytes = event.integer("size", 0...Audit.bytesMax) ?? 0
        let transaction = Transaction(
            stage: .endOfMessage, session: session,
            envelope: Envelope(
                reversePath: hash.key(from), recipients: recipients,
                recipientsAreComplete: !recipients.isEmpty && recipients.count == to.count, recipientCount: to.count,
                bytes: bytes),
            content: content(&event, from: from, to: to, bytes: bytes), queueID: id)
        let isAccepted = event.boolean("accepted") ?? true
        guard let at = inOrder(time, line) else { return nil }
        noteUsed(isAccepted ? "transaction" : "transaction that was not accepted", event, line)
        return isAccepted ? .transaction(transaction, id: id, at: at) : .refused(at: at)
    }

    /// What a transaction tells of its content: the fields, the evidence of another classifier, and the digest of header and
    /// text where it is asked for.
    private func content(_ event: inout EventMembers, from: String, to: [String], bytes: Int) -> Content {
        let fields = event.fields("header") ?? []
        let text = event.text("text")
        var content = Content()
        if let fingerprinter {
            content = fingerprinter.content(
                of: MessageParts(
                    subject: fields.first { $0.name.lowercased() == "subject" }?.body, text: Array((text ?? "").utf8),
                    fields: fields, reversePath: from, recipients: to, recipientCount: to.count,
                    sizeBytes: Int64(bytes)))
        }
        content.fields = fields
        if let nats = event.number("spam_llr") {
            let most = EventReader.spamNatsMax
            content.spamScore = Int32((max(-most, min(most, nats)) * 1000).rounded())
        }
        return content
    }

    /// A complaint. One that says that the message was wanted is none.
    private mutating func complaint(_ event: inout EventMembers, _ line: ArraySlice<UInt8>) -> LoggedEvent? {
        guard let time = event.time("at"), let id = event.text("id") else {
            census.note(.notUnderstood, "a complaint without \(event.lacking(["at", "id"]))", line, at: text.number)
            return nil
        }
        let host = event.text("host") ?? "localhost"
        let isWanted = event.text("kind") == "not-spam"
        guard let at = inOrder(time, line) else { return nil }
        noteUsed(isWanted ? "complaint that is none: not-spam" : "complaint", event, line)
        return isWanted ? nil : .complaint(mailHost: host, id: id, at: at)
    }

    /// A delivery result.
    private mutating func delivery(_ event: inout EventMembers, _ line: ArraySlice<UInt8>) -> LoggedEvent? {
        guard let time = event.time("at"), let id = event.text("id"),
            let key = event.text("to").flatMap({ hash.key($0) }),
            let word = event.text("outcome"),
            let outcome = DeliveryOutcome.allCases.first(where: { $0.description == word })
        else {
            let missing = event.lacking(["at", "id", "to", "outcome"])
            census.note(.notUnderstood, "a delivery without \(missing)", line, at: text.number)
            return nil
        }
        let usual = EnhancedStatus(outcome == .delivered ? 2 : outcome == .deferred ? 4 : 5, 0, 0)
        let delivery = Delivery(
            mailHost: event.text("host") ?? "localhost", queueID: id, recipient: key,
            status: event.status("status") ?? usual, outcome: outcome)
        guard let at = inOrder(time, line) else { return nil }
        noteUsed("delivery", event, line)
        return .delivery(delivery, at: at)
    }

    /// A label. One whose times can't be read says neither stolen nor honest.
    private mutating func label(_ event: inout EventMembers, _ line: ArraySlice<UInt8>) {
        let from = event.time("taken_over_from")
        let until = event.time("taken_over_until")
        guard event.unreadable == nil, let subscriber = event.text("subscriber") else {
            census.note(
                .notUnderstood, "a label without a subscriber, or whose times can't be read", line, at: text.number)
            return
        }
        labels.append(
            Label(
                subscriber: subscriber, takenOverFrom: from, takenOverUntil: until,
                stratum: event.text("stratum") ?? "",
                family: event.text("family") ?? ""))
        noteUsed("label", event, line)
    }
}

/// The members of one event. A member that is missing or null is unavailable; so is one that is not what it should be, and the
/// first of these is remembered.
private struct EventMembers {
    /// The members, in the line's order.
    private let members: [JSONValue.Member]
    /// The members that are there and can't be read, in the order in which they were asked for.
    private var unreadableNames: [String] = []
    /// The first member that is there and can't be read.
    var unreadable: String? { unreadableNames.first }

    /// The members of an object.
    init(_ members: [JSONValue.Member]) { self.members = members }

    /// What a member is made into; nil where it is unavailable. Of members of one name the last holds.
    private mutating func member<Value>(_ name: String, _ make: (JSONValue) -> Value?) -> Value? {
        guard let value = members.last(where: { $0.name == name })?.value, value != .null else { return nil }
        let made = make(value)
        if made == nil { unreadableNames.append(name) }
        return made
    }

    /// What an event has to have and has not, for people.
    func lacking(_ names: [String], otherwise: String = "what it needs") -> String {
        for name in names {
            guard let value = members.last(where: { $0.name == name })?.value, value != .null else { return name }
            if unreadableNames.contains(name) { return "\(name) that can be read" }
        }
        return otherwise
    }

    /// A string.
    mutating func text(_ name: String) -> String? { member(name) { $0.text } }

    /// A moment (RFC 3339) that events may tell of.
    mutating func time(_ name: String) -> Timestamp? {
        member(name) {
            guard let time = $0.text.flatMap({ Timestamp(rfc3339: $0) }) else { return nil }
            return Timestamp.tellable.contains(time) ? time : nil
        }
    }

    /// The address of a client.
    mutating func address(_ name: String) -> NetworkAddress? {
        member(name) { $0.text.flatMap { NetworkAddress($0) } }
    }

    /// An enhanced status code.
    mutating func status(_ name: String) -> EnhancedStatus? {
        member(name) { $0.text.flatMap { EnhancedStatus($0) } }
    }

    /// A whole number within a range.
    mutating func integer(_ name: String, _ range: ClosedRange<Int>) -> Int? {
        member(name) {
            guard case .integer(let value) = $0, range.contains(value) else { return nil }
            return value
        }
    }

    /// Any number.
    mutating func number(_ name: String) -> Double? {
        member(name) {
            switch $0 {
            case .integer(let value): Double(value)
            case .number(let value): value.isFinite ? value : nil
            default: nil
            }
        }
    }

    /// True or false.
    mutating func boolean(_ name: String) -> Bool? {
        member(name) {
            guard case .boolean(let value) = $0 else { return nil }
            return value
        }
    }

    /// An array of strings, and of nothing else.
    mutating func texts(_ name: String) -> [String]? {
        member(name) {
            guard case .array(let elements) = $0 else { return nil }
            let texts = elements.compactMap(\.text)
            return texts.count == elements.count ? texts : nil
        }
    }

    /// An object of strings, and of nothing else, in the line's order.
    mutating func fields(_ name: String) -> [Content.Field]? {
        member(name) {
            guard case .object(let members) = $0 else { return nil }
            let fields = members.compactMap { member in
                member.value.text.map { Content.Field(name: member.name, body: $0) }
            }
            return fields.count == members.count ? fields : nil
        }
    }
}

extension JSONValue {
    /// The string; nil for any other value.
    fileprivate var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }
}
