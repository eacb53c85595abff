// What events tell of content, and complaints: members to inputs of the engine.

import ContentAnalysis
import MailTypes
import Testing
import WeirEngine

@testable import WeirAudit

/// The fingerprinter of these tests.
private let fingerprinter = Fingerprinter(key: KeyedHash(key0: 3, key1: 4))

/// The events of some lines.
private func read(_ text: String, _ fingerprinter: Fingerprinter? = nil) -> (events: [LoggedEvent], reader: EventReader)
{
    var reader = EventReader(hash: testKeys, fingerprinter: fingerprinter)
    var events: [LoggedEvent] = []
    reader.add(Array(text.utf8)[...])
    reader.endFile()
    while let event = reader.next() { events.append(event) }
    return (events, reader)
}

/// A transaction's line, `also` put behind its members.
private func line(_ also: String) -> String {
    #"{"type":"transaction","at":"2026-01-05T09:13:22Z","id":"t1","login":"u1","from":"ann@example.net","to":["x@example.org"],\#(also)}"#
}

/// The content that a line tells.
private func content(_ also: String, _ fingerprinter: Fingerprinter? = nil) -> Content? {
    guard case .transaction(let transaction, _, _)? = read(line(also), fingerprinter).events.first else { return nil }
    return transaction.content
}

@Suite struct EventContentTests {
    @Test(arguments: [
        ("2.1", 2100), ("-0.0004", 0), ("3", 3000), ("-7.25", -7250), ("1e9", 100_000), ("-1e300", -100_000),
    ]) func evidenceFromElsewhereIsThousandths(number: String, expected: Int32) {
        #expect(content("\"spam_llr\":\(number)")?.spamScore == expected)
    }

    @Test func evidenceThatCannotBeReadIsUnavailable() {
        for value in [#""2.1""#, "[2.1]", "true"] {
            let (events, reader) = read(line("\"spam_llr\":\(value)"))
            guard case .transaction(let transaction, _, _)? = events.first else {
                Issue.record("no transaction")
                continue
            }
            #expect(transaction.content.spamScore == nil)
            #expect(reader.rows.map(\.kind) == ["transaction whose spam_llr can't be read, used without it"])
        }
        #expect(content("\"spam_llr\":null")?.spamScore == nil)
    }

    @Test func headerAndTextAreDigestedWhereThatIsAskedFor() throws {
        let words = (0..<40).map { "word\($0 * 7 % 13)" }.joined(separator: " ")
        let also =
            #""size":900,"header":{"From":"ann@example.net","Subject":"The lamp is broken","Message-ID":"<1>","User-Agent":"Weft 3","List-Id":"<l.example>"},"text":"\#(words)""#
        let bare = try #require(content(also))
        #expect(bare.style == nil && bare.fingerprint.isEmpty && bare.handling == .own && bare.fields.count == 5)
        let told = try #require(content(also, fingerprinter))
        #expect(told.fields == bare.fields && told.handling == .list && told.style != nil)
        #expect(told.fingerprint.keys.map(\.kind) == [.shape, .subject] && !told.fingerprint.sketch.isEmpty)
        let whole = fingerprinter.content(
            of: MessageParts(
                subject: "The lamp is broken", text: Array(words.utf8), fields: bare.fields,
                reversePath: "ann@example.net", recipients: ["x@example.org"], recipientCount: 1, sizeBytes: 900))
        #expect(told.fingerprint == whole.fingerprint && told.style == whole.style)
        let unreadable = read(line("\"text\":7"), fingerprinter).reader
        #expect(unreadable.rows.map(\.kind) == ["transaction whose text can't be read, used without it"])
    }

    @Test func complaintsReachTheSubscriberOfTheirMessage() throws {
        let complaint = #"{"type":"complaint","at":"2026-01-05T11:00:00Z","id":"t1","kind":"abuse"}"#
        let (events, reader) = read(line("\"size\":1") + "\n" + complaint)
        #expect(
            events.last
                == .complaint(mailHost: "localhost", id: "t1", at: Timestamp(rfc3339: "2026-01-05T11:00:00Z")!))
        #expect(reader.rows.map(\.kind) == ["transaction", "complaint"])
        #expect(read(complaint.replacing("abuse", with: "not-spam")).events.isEmpty)
        for (broken, name) in [(#""id":"t1","#, "id"), (#""at":"2026-01-05T11:00:00Z","#, "at")] {
            let rows = read(complaint.replacing(broken, with: "")).reader.rows
            #expect(rows.map(\.kind) == ["a complaint without \(name)"] && rows[0].category == .notUnderstood)
        }
    }
}
