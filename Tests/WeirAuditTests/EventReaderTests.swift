// Lines of events.md: each member, what may be missing, what is wrong, and their order.

import MailLog
import MailTypes
import Testing

@testable import WeirAudit

/// What a text of events comes to, fed in pieces of some size.
private func read(
    _ text: String, by size: Int = 1 << 20, lineBytesMax: Int = EventLines.lineBytesMaxDefault
) -> (events: [LoggedEvent], reader: EventReader) {
    var reader = EventReader(hash: testKeys, lineBytesMax: lineBytesMax)
    var events: [LoggedEvent] = []
    let bytes = Array(text.utf8)
    for start in stride(from: 0, to: bytes.count, by: size) {
        reader.add(bytes[start..<min(start + size, bytes.count)])
        while let event = reader.next() { events.append(event) }
    }
    reader.endFile()
    while let event = reader.next() { events.append(event) }
    return (events, reader)
}

/// The message that a line comes to.
private func message(_ line: String) -> Transaction? {
    guard case .transaction(let transaction, _, _)? = read(line).events.first else { return nil }
    return transaction
}

/// The first row of what a text came to.
private func row(_ text: String) -> (category: LineCensus.Category, kind: String)? {
    read(text).reader.rows.first.map { ($0.category, $0.kind) }
}

/// A transaction's line, `also` put behind its members.
private func line(_ also: String = "", at: String = "2026-01-05T09:13:22.120Z", id: String = "t1") -> String {
    """
    {"type":"transaction","at":"\(at)","id":"\(id)","login":"u123","from":"ann@example.net",\
    "to":["x@example.org","y@example.com"]\(also.isEmpty ? "" : "," + also)}
    """
}

@Suite struct EventReaderTests {
    // MARK: - Transactions

    @Test func theExampleOfTheContractIsReadWhole() throws {
        let text = """
            {"type":"transaction","at":"2026-01-05T09:13:22.120Z","id":"t1","login":"u123","client":"198.51.100.7",\
            "client_port":40112,"helo":"pc","from":"ann@example.net","to":["x@example.org","y@example.com"],"size":4312,\
            "accepted":true,"header":{"Subject":"…","User-Agent":"…","Message-ID":"<…>"},"text":"subject and body",\
            "spam_llr":2.1}
            """
        let (events, reader) = read(text + "\n")
        guard case .transaction(let transaction, let id, let at)? = events.first else {
            Issue.record("no transaction")
            return
        }
        #expect(id == "t1" && at == moment("2026-01-05T09:13:22.120Z") && events.count == 1)
        #expect(
            transaction.session
                == Session(
                    door: .milter, mailHost: "localhost", client: NetworkAddress("198.51.100.7"), clientPort: 40112,
                    helo: "pc", login: "u123"))
        let keys = ["x@example.org", "y@example.com"].compactMap { testKeys.key($0) }
        #expect(transaction.envelope.recipients == keys.map { Recipient($0) })
        #expect(transaction.envelope.reversePath == testKeys.key("ann@example.net"))
        #expect(transaction.envelope.bytes == 4312 && transaction.envelope.recipientsAreComplete)
        #expect(transaction.envelope.recipientCount == 2 && transaction.queueID == "t1")
        #expect(transaction.content.fields.map(\.name) == ["Subject", "User-Agent", "Message-ID"])
        #expect(reader.lineCount == 1 && reader.rows.map(\.kind) == ["transaction"])
        #expect(reader.rows.first?.category == .fact)
    }

    @Test func headerFieldsStayInTheMessagesOrder() throws {
        let fields = try #require(message(line(#""header":{"Z":"1","A":"2","M":"3","A":"4"}"#))).content.fields
        #expect(fields.map(\.name) == ["Z", "A", "M", "A"] && fields.map(\.body) == ["1", "2", "3", "4"])
    }

    @Test func whatIsMissingIsUnavailable() throws {
        let bare = try #require(message(line()))
        #expect(bare.session.client == nil && bare.session.clientPort == 0 && bare.session.helo.isEmpty)
        #expect(bare.envelope.bytes == 0 && bare.content.fields.isEmpty)
        // null is missing, too.
        let null = line(
            #""client":null,"client_port":null,"helo":null,"size":null,"accepted":null,"header":null,"text":null"#)
        #expect(message(null) == bare && read(null).reader.rows.map(\.kind) == ["transaction"])
        let withoutLogin = line(#""client":"2001:db8::1""#).replacing(#""login":"u123","#, with: "")
        #expect(try #require(message(withoutLogin)).session.client == NetworkAddress("2001:db8::1"))
        // The null reverse-path is somebody's all the same.
        #expect(message(line().replacing("ann@example.net", with: "<>"))?.envelope.reversePath == nil)
    }

    @Test(arguments: [
        #""type":"transaction","#, #""at":"2026-01-05T09:13:22.120Z","#, #""id":"t1","#, #""login":"u123","#,
        #""from":"ann@example.net","#, #","to":["x@example.org","y@example.com"]"#,
    ]) func withoutARequiredMemberItIsNotUnderstood(_ member: String) throws {
        let broken = line().replacing(member, with: "")
        #expect(broken != line() && read(broken).events.isEmpty)
        #expect(try #require(row(broken)).category == .notUnderstood)
    }

    @Test(arguments: [
        (#""t1""#, "7"), (#""t1""#, "null"), (#""u123""#, "123"), (#""u123""#, "[\"u123\"]"), (#""u123""#, "\"\""),
        (#""2026-01-05T09:13:22.120Z""#, "1767604402"), (#""2026-01-05T09:13:22.120Z""#, #""yesterday""#),
        (#""2026-01-05T09:13:22.120Z""#, #""2026-02-30T00:00:00Z""#),
        (#""2026-01-05T09:13:22.120Z""#, #""1969-12-31T23:59:59Z""#),
        (#""2026-01-05T09:13:22.120Z""#, #""2100-01-01T00:00:00Z""#), (#""ann@example.net""#, "{}"),
        (#"["x@example.org","y@example.com"]"#, #""x@example.org""#),
        (#"["x@example.org","y@example.com"]"#, #"["x@example.org",7]"#),
        (#"["x@example.org","y@example.com"]"#, #"["x@example.org",null]"#), (#""transaction""#, "7"),
        (#""transaction""#, "null"),
    ]) func aRequiredMemberOfAnotherTypeIsNotUnderstood(_ right: String, _ wrong: String) throws {
        let broken = line().replacing(right, with: wrong)
        #expect(broken != line() && read(broken).events.isEmpty, "\(wrong)")
        #expect(try #require(row(broken)).category == .notUnderstood, "\(wrong)")
    }

    @Test(arguments: [
        ("client", "7"), ("client", #""no address""#), ("client_port", #""25""#), ("client_port", "65536"),
        ("client_port", "-1"), ("client_port", "25.5"), ("helo", "[]"), ("size", #""4312""#), ("size", "-1"),
        ("size", "1e300"), ("size", "9223372036854775807"), ("accepted", #""yes""#), ("accepted", "1"),
        ("header", #"["Subject: x"]"#), ("header", #"{"Subject":null}"#), ("header", #"{"Subject":["a","b"]}"#),
        ("header", #""x""#), ("host", "7"),
    ]) func anOptionalMemberOfAnotherTypeIsLeftOutAndCounted(_ name: String, _ value: String) throws {
        let (events, reader) = read(line("\"\(name)\":\(value)"))
        guard case .transaction(let transaction, _, _)? = events.first else {
            Issue.record("no transaction")
            return
        }
        #expect(transaction == message(line()))
        #expect(reader.rows.map(\.kind) == ["transaction whose \(name) can't be read, used without it"])
        #expect(reader.rows.first?.category == .notUnderstood && reader.lineCount == 1)
    }

    @Test func aClientThatCannotBeReadNamesNobody() throws {
        let text = line(#""client":"pc.example.net""#).replacing(#""login":"u123","#, with: "")
        #expect(read(text).events.isEmpty && row(text)?.category == .notUnderstood)
    }

    @Test func unknownMembersAreIgnored() {
        let text = line(#""subject":"x","nested":{"to":[1,[2,{"login":null}]]},"":0"#)
        #expect(message(text) == message(line()) && read(text).reader.rows.map(\.kind) == ["transaction"])
    }

    @Test func ofAMemberGivenTwiceTheLastHolds() throws {
        #expect(try #require(message(line(#""login":"bob""#))).session.login == "bob")
    }

    @Test func aRecipientWithoutAddressIsCounted() throws {
        let envelope = try #require(message(line(#""to":["<>","a@example.org",""]"#))).envelope
        #expect(envelope.recipientCount == 3 && envelope.recipients.count == 1 && !envelope.recipientsAreComplete)
    }

    @Test func whatWasNotAcceptedIsNoMessage() {
        let (events, reader) = read(line(#""accepted":false"#))
        #expect(events == [.refused(at: moment("2026-01-05T09:13:22.120Z"))])
        #expect(reader.rows.map(\.kind) == ["transaction that was not accepted"])
        var audit = Audit(AuditSettings(policy: testPolicy))
        for event in events { audit.take(event) }
        let volumes = audit.finish().volumes
        #expect(volumes.refused == 1 && volumes.messages == 0 && volumes.subscribers == 0)
    }

    // MARK: - Deliveries

    @Test func deliveriesOfEveryOutcome() {
        for (outcome, status, expected) in [
            ("delivered", #","status":"2.1.5""#, EnhancedStatus(2, 1, 5)), ("delivered", "", EnhancedStatus(2, 0, 0)),
            ("deferred", #","status":"4.7.1""#, EnhancedStatus(4, 7, 1)), ("deferred", "", EnhancedStatus(4, 0, 0)),
            ("failed", #","status":"5.1.1""#, EnhancedStatus(5, 1, 1)), ("failed", "", EnhancedStatus(5, 0, 0)),
            ("failed", #","status":null"#, EnhancedStatus(5, 0, 0)),
            ("failed", #","status":"five""#, EnhancedStatus(5, 0, 0)),
            ("failed", #","status":5"#, EnhancedStatus(5, 0, 0)),
        ] {
            let text =
                #"{"type":"delivery","at":"2026-01-05T09:13:25Z","id":"t1","to":"x@example.org","outcome":"\#(outcome)"\#(status)}"#
            guard case .delivery(let delivery, let at)? = read(text).events.first else {
                Issue.record("no delivery: \(text)")
                continue
            }
            #expect(delivery.outcome.description == outcome && delivery.status == expected)
            #expect(delivery.queueID == "t1" && at == moment("2026-01-05T09:13:25Z"))
            #expect(delivery.recipient == testKeys.key("x@example.org"))
            let isReadable = !status.contains("five") && !status.contains(":5")
            #expect((row(text)?.category == .fact) == isReadable)
        }
        for wrong in ["bounced", "", "Delivered"] {
            let text =
                #"{"type":"delivery","at":"2026-01-05T09:13:25Z","id":"t1","to":"x@example.org","outcome":"\#(wrong)"}"#
            #expect(read(text).events.isEmpty && row(text)?.category == .notUnderstood)
        }
    }

    @Test func deadRecipientsCountAgainstTheirSender() {
        let delivery = #"{"type":"delivery","at":"2026-01-05T09:13:25Z","id":"t1","to":"x@example.org","#
        let text = line() + "\n" + delivery + #""status":"5.1.1","outcome":"failed"}"#
        var audit = Audit(AuditSettings(policy: testPolicy))
        for event in read(text).events { audit.take(event) }
        let report = audit.finish()
        #expect(report.volumes.dead == 1 && report.volumes.failed == 1 && report.subscribers.first?.dead == 1)
    }

    // MARK: - Labels, and what is not used

    @Test func labelsAreKept() {
        let (events, reader) = read(
            """
            {"type":"label","subscriber":"u1","taken_over_from":"2026-01-05T09:00:00Z","taken_over_until":"2026-01-07T00:00:00Z","stratum":"residential","family":"fast-bot"}
            {"type":"label","subscriber":"u2","stratum":"business"}
            {"type":"label","subscriber":"u3","taken_over_from":null}
            """)
        #expect(events.isEmpty)
        #expect(
            reader.labels == [
                Label(
                    subscriber: "u1", takenOverFrom: moment("2026-01-05T09:00:00Z"),
                    takenOverUntil: moment("2026-01-07T00:00:00Z"), stratum: "residential", family: "fast-bot"),
                Label(subscriber: "u2", stratum: "business"), Label(subscriber: "u3"),
            ])
        #expect(reader.rows.map(\.kind) == ["label"] && reader.lineCount == 3)
    }

    @Test(arguments: [
        #""stratum":"x""#, #""subscriber":7"#, #""subscriber":"u","taken_over_from":"monday""#,
        #""subscriber":"u","taken_over_from":1767604402"#,
        #""subscriber":"u","taken_over_from":"2026-01-05T09:00:00Z","taken_over_until":false"#,
    ]) func aLabelThatCannotBeReadSaysNothing(_ members: String) {
        // Least of all that the account is honest.
        let text = #"{"type":"label",\#(members)}"#
        #expect(read(text).reader.labels.isEmpty && row(text)?.category == .notUnderstood)
    }

    @Test func otherTypesAreNamed() {
        let (events, reader) = read(
            """
            {"type":"lease","at":"2026-01-05T06:00:00Z","subscriber":"line-77","address":"198.51.100.7","event":"start"}
            {"type":"verdict","at":"2026-01-05T11:00:00Z","id":"t1","kind":"abuse"}
            {"type":"verdict"}
            {"type":"new\\u001b[31m kind"}
            """)
        #expect(events.isEmpty)
        #expect(reader.rows.map(\.category) == [.notRelevant, .notUnderstood, .notUnderstood])
        #expect(
            reader.rows.map(\.kind) == [
                "lease", "type verdict, which no event has", "type new\u{1B}[31m kind, which no event has",
            ])
        #expect(reader.rows.map(\.count) == [1, 2, 1] && reader.rows.map(\.line) == [1, 2, 4])
    }

    @Test("says which line of which file it did not understand, and what it lacks") func whereAndWhat() {
        let text = line() + "\n\n" + line().replacing(#""id":"t1","#, with: "") + "\nnot JSON"
        let (events, reader) = read(text)
        #expect(events.count == 1)
        #expect(reader.rows.map(\.kind) == ["transaction", "a transaction without id", "no JSON object"])
        #expect(reader.rows.map(\.line) == [1, 3, 4])
        #expect(row(line().replacing("2026-", with: "once "))?.kind == "a transaction without at that can be read")
        var two = EventReader(hash: testKeys)
        for piece in ["{}\n{", "}\n{}", "x\n"] {
            two.add(ArraySlice(piece.utf8))
            while two.next() != nil {}
            if piece.hasPrefix("}") { two.endFile() }
            while two.next() != nil {}
        }
        #expect(two.rows.map(\.line) == [1, 1], "the second file's lines are counted anew")
    }

    @Test func kindsFromOutsideAreBounded() {
        var text = ""
        for number in 0..<500 { text += #"{"type":"kind \#(number)"}"# + "\n" }
        text += #"{"type":"\#(String(repeating: "x", count: 100_000))"}"#
        let reader = read(text).reader
        #expect(reader.lineCount == 501 && reader.rows.reduce(0) { $0 + $1.count } == 501)
        #expect(reader.rows.count == EventCensus.kindsMax + 1 && reader.rows.last?.kind == "any other kind")
        let long = read(#"{"type":"\#(String(repeating: "x", count: 100_000))"}"#).reader.rows
        #expect(long.first?.kind.count == 64 && long.first?.example.count == LineCensus.exampleBytesMax)
    }

    // MARK: - Lines

    @Test func linesCutAnywhereAreTheSame() {
        let text =
            "\u{FEFF}" + line("\"helo\":\"ä€😀\"") + "\r\n\n \n" + line(id: "t2") + "\nnonsense\n" + line(id: "t3")
        let whole = read(text)
        #expect(whole.events.count == 3 && whole.reader.lineCount == 4)
        for size in [1, 2, 3, 7, 64, 300] {
            let cut = read(text, by: size)
            #expect(cut.events == whole.events && cut.reader.rows == whole.reader.rows)
        }
    }

    @Test func halfALastLineIsCounted() {
        let text = line() + "\n" + line(id: "t2")
        for length in line().utf8.count + 2..<text.utf8.count {
            let (events, reader) = read(String(text.prefix(length)))
            #expect(events.count == 1 && reader.rows.map(\.category) == [.fact, .notUnderstood])
        }
    }

    @Test func aLineOverTheBoundIsPassedOverWhole() {
        let long = #"{"type":"label","x":""# + String(repeating: "y", count: 1000) + #""}"#
        for (text, count) in [
            (long + "\n" + line(), 2), (line() + "\n" + long, 2), (long + "\n" + long + "\n" + line() + "\n", 3),
        ] {
            for size in [1 << 20, 999, 10] {
                let (events, reader) = read(text, by: size, lineBytesMax: 1000)
                #expect(events.count == 1 && reader.lineCount == count)
                #expect(reader.rows.first { $0.kind == "longer than any event" }?.count == count - 1)
                #expect(reader.rows.reduce(0) { $0 + $1.count } == count)
            }
        }
    }

    @Test func timesDoNotGoBack() {
        let (events, reader) = read(
            [
                line(at: "2026-01-05T09:10:00Z", id: "a"), line(at: "2026-01-05T09:05:00Z", id: "b"),
                line(at: "2026-01-05T09:04:59Z", id: "c"), line(at: "2026-01-05T10:20:00+01:00", id: "d"),
            ].joined(separator: "\n"))
        #expect(
            events.map(\.at)
                == ["2026-01-05T09:10:00Z", "2026-01-05T09:10:00Z", "2026-01-05T09:20:00Z"].map { moment($0) })
        #expect(reader.lineCount == 4 && reader.rows.map(\.count) == [3, 1])
        #expect(reader.rows.last?.kind.contains("earlier by minutes") == true)
    }

    @Test func anythingAtAllIsCounted() {
        var random = SeededGenerator(seed: 31)
        let seeds = [
            line(#""client":"198.51.100.7","client_port":40112,"size":4312,"header":{"S":"\u00e4"}"#),
            #"{"type":"delivery","at":"2026-01-05T09:13:25Z","id":"t1","to":"x@example.org","status":"5.1.1","outcome":"failed"}"#,
            #"{"type":"label","subscriber":"u123","taken_over_from":"2026-01-05T09:00:00Z","family":"bot"}"#,
            #"{"type":"lease","at":"2026-01-05T06:00:00Z","subscriber":"line-77","address":"198.51.100.7"}"#,
        ].map { Array($0.utf8) }
        for _ in 0..<200 {
            var text: [UInt8] = []
            for _ in 0..<30 {
                var line = seeds.randomElement(using: &random)!
                for _ in 0..<Int.random(in: 0...3, using: &random) where !line.isEmpty {
                    let place = Int.random(in: 0..<line.count, using: &random)
                    switch Int.random(in: 0..<4, using: &random) {
                    case 0: line[place] = UInt8.random(in: 0...255, using: &random)
                    case 1: line[place] = UInt8.random(in: 48...57, using: &random)
                    case 2: line.remove(at: place)
                    default: line.insert(contentsOf: seeds.randomElement(using: &random)!.suffix(20), at: place)
                    }
                }
                text += line + [10]
            }
            var reader = EventReader(hash: testKeys)
            var audit = Audit(AuditSettings(policy: testPolicy))
            var latest = Timestamp(nanoseconds: .min)
            reader.add(text[...])
            reader.endFile()
            while let event = reader.next() {
                #expect(event.at >= latest)
                latest = event.at
                audit.take(event)
            }
            #expect(reader.rows.reduce(0) { $0 + $1.count } == reader.lineCount && reader.lineCount >= 28)
            _ = Scoring(audit.finish(), reader.labels, subscribers: 3)
        }
    }
}
