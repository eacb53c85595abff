// An audit of events: the JSON lines of events.md, from any other system.

import Foundation
import MailLog
import MailTypes
import WeirAudit

/// Reads events.
enum EventsRun {
    /// Longest line.
    static let lineBytesMax = 16 << 20

    /// Reads the files in order and judges what they say.
    static func read(
        _ request: AuditRequest, _ progress: @Sendable (Double) -> Void, _ decided: (AuditedDecision) -> Void
    ) -> AuditOutcome {
        var reader = EventReader(hash: AddressHash(KeyedHash(key0: 0x6175, key1: 0x6469)))
        var audit = Audit(request.settings)
        var faults: [LogFileError] = []
        var bytes = 0
        var piece = [UInt8](repeating: 0, count: LogFileReader.pieceBytes)
        for path in request.files {
            do throws(LogFileError) {
                let file = try LogFileReader(path)
                var rest: [UInt8] = []
                while true {
                    let count = try file.next(&piece)
                    bytes += count
                    if count > 0 { rest += piece[..<count] }
                    var start = 0
                    while let end = rest[start...].firstIndex(of: 10) {
                        take(reader.read(rest[start..<end]), &audit, decided)
                        start = end + 1
                    }
                    rest.removeFirst(start)
                    if rest.count > lineBytesMax {
                        reader.census.tooLong += 1
                        rest = []
                    }
                    if file.size > 0 { progress(min(1, Double(file.bytesRead) / Double(file.size))) }
                    if count == 0 { break }
                }
                if !rest.isEmpty { take(reader.read(rest[...]), &audit, decided) }
            } catch {
                faults.append(error)
            }
        }
        let report = audit.finish()
        var outcome = AuditOutcome(report: report)
        outcome.lines = reader.census.rows
        outcome.lineCount = reader.census.lines
        outcome.faults = faults
        outcome.bytes = bytes
        if !reader.labels.isEmpty {
            outcome.scoring = Scoring(report, reader.labels, subscribers: report.volumes.subscribers)
        }
        return outcome
    }

    /// Hands one event to the audit.
    private static func take(_ event: LoggedEvent?, _ audit: inout Audit, _ decided: (AuditedDecision) -> Void) {
        switch event {
        case .transaction(let transaction, let id, let at):
            if let decision = audit.take(transaction, id: id, at: at) { decided(decision) }
        case .delivery(let delivery, let at): audit.take(delivery, reply: "", at: at)
        case nil: break
        }
    }
}

/// An event that an audit uses.
enum LoggedEvent {
    /// A message, the id by which the source names it, and its time.
    case transaction(Transaction, String, Timestamp)
    /// A delivery result and its time.
    case delivery(Delivery, Timestamp)
}

/// What the lines of events were.
struct EventCensus {
    /// Lines.
    var lines = 0
    /// Lines longer than the bound.
    var tooLong = 0
    /// Counts by type or fault.
    private var kinds: [(category: LineCensus.Category, kind: String, count: Int, example: String)] = []

    /// Counts a line.
    mutating func note(_ category: LineCensus.Category, _ kind: String, _ line: ArraySlice<UInt8>) {
        lines += 1
        if let known = kinds.firstIndex(where: { $0.category == category && $0.kind == kind }) {
            kinds[known].count += 1
        } else if kinds.count < 64 {
            let example = String(decoding: line.prefix(LineCensus.exampleBytesMax), as: UTF8.self)
            kinds.append((category, kind, 1, example))
        }
    }

    /// The counts.
    var rows: [LineCensus.Row] {
        var rows = kinds.map {
            LineCensus.Row(category: $0.category, server: "events", kind: $0.kind, count: $0.count, example: $0.example)
        }
        if tooLong > 0 {
            rows.append(
                LineCensus.Row(
                    category: .notUnderstood, server: "events", kind: "longer than any event", count: tooLong,
                    example: ""))
        }
        return rows.sorted { ($0.count, $1.kind) > ($1.count, $0.kind) }
    }
}

/// Reads lines of events.md.
struct EventReader {
    /// Turns addresses into keys.
    let hash: AddressHash
    /// What the lines were.
    var census = EventCensus()
    /// The labels: the engine never sees them.
    private(set) var labels: [Label] = []

    /// A reader that hashes addresses so.
    init(hash: AddressHash) { self.hash = hash }

    /// Reads one line; nil where it is none that an audit uses. What is missing is unavailable; what is wrong is counted.
    mutating func read(_ line: ArraySlice<UInt8>) -> LoggedEvent? {
        if line.allSatisfy({ $0 <= 32 }) { return nil }
        guard let object = try? JSONSerialization.jsonObject(with: Data(line)) as? [String: Any],
            let type = object["type"] as? String
        else {
            census.note(.notUnderstood, "no JSON object with a type", line)
            return nil
        }
        switch type {
        case "transaction": return transaction(object, line)
        case "delivery": return delivery(object, line)
        case "label":
            label(object, line)
            return nil
        default:
            census.note(.notRelevant, type, line)
            return nil
        }
    }

    /// A moment; nil where it is missing or none.
    private func time(_ value: Any?) -> Timestamp? { (value as? String).flatMap { Timestamp(rfc3339: $0) } }

    /// A message.
    private mutating func transaction(_ object: [String: Any], _ line: ArraySlice<UInt8>) -> LoggedEvent? {
        let login = object["login"] as? String ?? ""
        let client = object["client"] as? String
        guard let at = time(object["at"]), let id = object["id"] as? String, let from = object["from"] as? String,
            let to = object["to"] as? [String], !login.isEmpty || client != nil
        else {
            census.note(.notUnderstood, "a transaction without at, id, from, to, and login or client", line)
            return nil
        }
        census.note(.fact, "transaction", line)
        guard object["accepted"] as? Bool ?? true else { return nil }
        let port = (object["client_port"] as? Int).flatMap { UInt16(exactly: $0) } ?? 0
        let session = Session(
            door: .milter, mailHost: object["host"] as? String ?? "localhost",
            client: client.flatMap { NetworkAddress($0) },
            clientPort: port, helo: object["helo"] as? String ?? "", login: login)
        let fields = (object["header"] as? [String: String] ?? [:]).sorted { $0.key < $1.key }.map {
            Content.Field(name: $0.key, body: $0.value)
        }
        let recipients = to.compactMap { hash.key($0) }.map { Recipient($0) }
        return .transaction(
            Transaction(
                stage: .endOfMessage, session: session,
                envelope: Envelope(
                    reversePath: hash.key(from), recipients: recipients, recipientsAreComplete: !recipients.isEmpty,
                    recipientCount: recipients.count, bytes: object["size"] as? Int ?? 0),
                content: Content(fields: fields), queueID: id), id, at)
    }

    /// A delivery result.
    private mutating func delivery(_ object: [String: Any], _ line: ArraySlice<UInt8>) -> LoggedEvent? {
        guard let at = time(object["at"]), let id = object["id"] as? String, let to = object["to"] as? String,
            let key = hash.key(to), let word = object["outcome"] as? String,
            let outcome = DeliveryOutcome.allCases.first(where: { $0.description == word })
        else {
            census.note(.notUnderstood, "a delivery without at, id, to and outcome", line)
            return nil
        }
        census.note(.fact, "delivery", line)
        let status = (object["status"] as? String).flatMap { EnhancedStatus($0) }
        let usual = EnhancedStatus(outcome == .delivered ? 2 : outcome == .deferred ? 4 : 5, 0, 0)
        return .delivery(
            Delivery(
                mailHost: object["host"] as? String ?? "localhost", queueID: id, recipient: key,
                status: status ?? usual,
                outcome: outcome), at)
    }

    /// A label.
    private mutating func label(_ object: [String: Any], _ line: ArraySlice<UInt8>) {
        guard let subscriber = object["subscriber"] as? String else {
            census.note(.notUnderstood, "a label without a subscriber", line)
            return
        }
        census.note(.fact, "label", line)
        labels.append(
            Label(
                subscriber: subscriber, takenOverFrom: time(object["taken_over_from"]),
                takenOverUntil: time(object["taken_over_until"]), stratum: object["stratum"] as? String ?? "",
                family: object["family"] as? String ?? ""))
    }
}
