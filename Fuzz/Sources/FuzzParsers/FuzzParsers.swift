// Every parser that reads bytes from outside, in one fuzz target: the first byte chooses the parser.

import MailLog
import MailTypes
import Milter
import PolicyDelegation
import WeirAudit
import WeirEngine

/// libFuzzer's entry point.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 1 else { return 0 }
    let bytes = Array(UnsafeBufferPointer(start: data + 1, count: count - 1))
    let hash = KeyedHash(key0: 1, key1: 2)
    switch data[0] % 11 {
    case 0: converse(PolicySession(mailHost: "h", addressHash: AddressHash(hash), instanceHash: hash), bytes)
    case 1: converse(MilterSession(mailHost: "h", addressHash: AddressHash(hash), wantedFields: ["X-Login"]), bytes)
    case 2:
        var place = 0
        while let frame = try? MilterFrame.parse(bytes.span, at: &place) {
            if let command = try? MilterCommand(parsing: frame) {
                // What was parsed and composed again parses to the same.
                var again = 0
                let composed = command.frame.bytes
                let second = (try? MilterFrame.parse(composed.span, at: &again)).flatMap { $0 }.flatMap {
                    try? MilterCommand(parsing: $0)
                }
                precondition(second == command, "compose and parse differ")
            }
            _ = try? MilterReply(parsing: frame)
        }
    case 3:
        var reader = ByteReader(bytes)
        if let input = try? Input(&reader) {
            var writer = ByteWriter()
            input.encode(&writer)
            var again = ByteReader(writer.bytes)
            precondition((try? Input(&again)) == input, "encode and decode differ")
        }
    case 4: _ = try? Engine(snapshot: bytes)
    case 5: _ = NetworkAddress(utf8: bytes.span)
    case 6:
        let text = String(decoding: bytes, as: UTF8.self)
        if let address = NetworkAddress(text) { precondition(NetworkAddress(address.description) == address) }
        if let prefix = NetworkPrefix(text) { precondition(NetworkPrefix(prefix.description) == prefix) }
        if let time = Timestamp(rfc3339: text) { _ = time.description }
        _ = EnhancedStatus(text)
        _ = AddressHash(hash).key(text)
    case 7:
        var reader = ByteReader(bytes)
        _ = try? Output(&reader)
    case 8: readMessage(bytes)
    case 9: readLog(bytes)
    default: readEvents(bytes)
    }
    return 0
}

/// Gives bytes to every log parser as a message, in the role that their first names.
private func readMessage(_ bytes: [UInt8]) {
    let message = Array(bytes.dropFirst())
    for parser in MailLogParsers.builtIn {
        guard case .notRelevant(let kind) = parser.read(message.span, role: bytes[0] % 12) else { continue }
        precondition(Int(kind) < parser.kinds.count, "a kind without a name")
    }
}

/// A reader of nothing yet, with bounds so small that they are reached. Its tables of fixed size are made once and copied
/// only where they are written to: making them takes longer than all the rest.
private let freshReader = MailLogReader(
    LogFile(modified: Timestamp(seconds: 1_767_604_402)), keys: AddressHash(KeyedHash(key0: 1, key1: 2)),
    bounds: AssemblerBounds(horizonSeconds: 300, waitingMax: 8, openMessagesMax: 9, recipientsMax: 3))

/// Reads a log in two pieces. What it tells must not go back in time.
private func readLog(_ bytes: [UInt8]) {
    var reader = freshReader
    let cut = Int(bytes[0]) % bytes.count
    var latest = Timestamp(nanoseconds: .min)
    for piece in [bytes[..<cut], bytes[cut...]] {
        let part = Array(piece)
        reader.read(part.span)
        while let fact = reader.next() {
            precondition(fact.at >= latest, "time went back")
            latest = fact.at
        }
    }
    reader.finish()
    while let fact = reader.next() {
        precondition(fact.at >= latest, "time went back")
        latest = fact.at
    }
}

/// Audits events in two pieces. What they tell must not go back in time.
private func readEvents(_ bytes: [UInt8]) {
    var reader = EventReader(hash: AddressHash(KeyedHash(key0: 1, key1: 2)))
    var audit = Audit(
        AuditSettings(
            policy: Policy(networks: AuditSettings.ownNetworks),
            bounds: Engine.Bounds(subscribersMax: 4, messagesMax: 16, heldMax: 4, casesMax: 2)))
    let cut = Int(bytes[0]) % bytes.count
    var latest = Timestamp(nanoseconds: .min)
    for piece in [bytes[..<cut], bytes[cut...]] {
        reader.add(piece)
        if cut % 2 == 0 || piece.endIndex == bytes.endIndex { reader.endFile() }
        while let event = reader.next() {
            precondition(event.at >= latest, "time went back")
            latest = event.at
            audit.take(event)
        }
    }
    _ = Scoring(audit.finish(), reader.labels, subscribers: 3)
}

/// Feeds a door's session in two pieces and answers its questions.
private func converse(_ session: some DoorSession, _ bytes: [UInt8]) {
    var session = session
    let cut = Int(bytes[0]) % bytes.count
    for piece in [bytes[..<cut], bytes[cut...]] {
        let part = Array(piece)
        do {
            try session.receive(part.span)
            var questions = 0
            while let action = try session.next() {
                if case .ask = action {
                    questions += 1
                    session.decided(questions % 3 == 0 ? .hold("held") : .accept)
                }
            }
        } catch {
            break
        }
    }
    _ = session.closed()
}
