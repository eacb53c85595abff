// A mail log into the engine: what is learned of it, what is given back, and what does not get into the journal.

import Foundation
import Logging
import MailTypes
import Testing
import WeirEngine
import WeirTesting

@testable import WeirServer

/// A log that is fed by hand.
private struct FedTail: LogTail {
    /// The text that is new.
    final class Feed {
        /// The text.
        var text = ""
        /// What is wrong.
        var trouble: String?
    }

    let name = "fed"
    var place: LogPlace?
    /// Where the text comes from.
    let feed: Feed

    mutating func turn(bytesMax: Int) -> LogTurn {
        defer { feed.text = "" }
        return LogTurn(pieces: feed.text.isEmpty ? [] : [.bytes(Array(feed.text.utf8))], trouble: feed.trouble)
    }
    mutating func close() {}
}

/// An engine, a desk and a followed log.
private struct Desk {
    /// The engine.
    let live: LiveEngine
    /// The figures.
    let metrics = Metrics()
    /// The log's lines.
    let feed = FedTail.Feed()
    /// The log.
    var log: FollowedLog
    /// Messages so far.
    private var sent = 0

    /// A desk in a folder.
    init(_ folder: String, hosts: [String: String] = [:], policy: Policy = messagesPerHour(100)) throws {
        live = LiveEngine(freshEngine(policy), position: 0)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let recorder = Recorder(
            live: live, store: try Store(directory: folder + "/state"), keepSeconds: 60, logger: logger,
            metrics: metrics)
        let decisions = try DecisionLog(
            Configuration.DecisionLog(destination: .file(folder + "/log"), format: .logfmt), metrics: metrics)
        log = FollowedLog(
            FedTail(feed: feed), keys: ScenarioMail.hash, hosts: LogHosts(names: hosts), zoneSeconds: 0,
            desk: DoorDesk(live: live, log: decisions, recorder: recorder, metrics: metrics, logger: logger),
            places: nil, now: Desk.start)
    }

    /// The time of the first line.
    static let start = Timestamp(rfc3339: "2026-11-23T10:00:00Z")!

    /// A message that passed at the policy door.
    mutating func pass(_ queueID: String, host: String = "localhost") {
        sent += 1
        var mail = ScenarioMail(queueID: queueID, instance: UInt64(1000 + sent))
        (mail.login, mail.mailHost, mail.clientPort) = ("ann", host, UInt16(2000 + sent))
        _ = live.step(.transaction(mail.transaction(.policy, .data)))
        _ = live.step(.transaction(mail.transaction(.policy, .endOfMessage)))
    }

    /// The log says something.
    mutating func says(_ lines: String..., host: String = "mx1") {
        feed.text = lines.map { "2026-11-23T10:00:00+00:00 \(host) \($0)\n" }.joined()
        _ = log.turn(at: Desk.start)
        // What waits for the rest of a message is told five seconds later.
        _ = log.turn(at: Desk.start.advanced(byNanoseconds: 6_000_000_000))
    }

    /// Journalled inputs that are delivery results.
    func deliveries() throws -> [Delivery] {
        var found: [Delivery] = []
        while let group = live.takeGroup() {
            var reader = ByteReader(group.inputs)
            for _ in 0..<group.count {
                if case .delivery(let delivery) = try Input(&reader).event { found.append(delivery) }
            }
            live.wrote(group)
        }
        return found
    }

    /// The totals.
    var totals: Totals { live.read { $0.totals } }
}

/// A delivery line.
private func bounced(_ id: String, _ status: String, _ text: String, to: String = "gone@example.org") -> String {
    "postfix/smtp[7]: \(id): to=<\(to)>, relay=mx.example.org[192.0.2.25]:25, delay=0.1, delays=0/0/0/0.1, dsn=\(status), status=bounced (host mx.example.org[192.0.2.25] said: \(text) (in reply to RCPT TO command))"
}

@Suite struct FollowedLogTests {
    @Test func deadRecipientsAreLearned() throws {
        try inTemporaryFolder { folder in
            var desk = try Desk(folder)
            desk.pass("4AA0A1")
            desk.says(
                bounced("4AA0A1", "5.1.1", "550 5.1.1 no such user"), bounced("4AA0A1", "5.2.2", "552 5.2.2 full"))
            #expect(desk.totals.deadRecipients == 1)
            #expect(try desk.deliveries().map(\.status) == [EnhancedStatus(5, 1, 1), EnhancedStatus(5, 2, 2)])
            #expect(desk.metrics.mailLog.results.now == 2 && desk.metrics.mailLog.now.lines == 2)
            #expect(desk.metrics.mailLog.now.understood == 2)
        }
    }

    @Test func whatWeirDoesNotKnowIsNotJournalled() throws {
        try inTemporaryFolder { folder in
            var desk = try Desk(folder)
            desk.says(bounced("4AA0B1", "5.1.1", "550 5.1.1 no such user"))
            #expect(try desk.deliveries().isEmpty && desk.metrics.mailLog.resultsUnknown.now == 1)
        }
    }

    @Test func whatWeirSaidItselfIsNoNews() throws {
        try inTemporaryFolder { folder in
            var desk = try Desk(folder)
            desk.pass("4AA0C1")
            desk.says(
                bounced(
                    "4AA0C1", "5.7.1", "550 5.7.1 Sending limit reached: 5 messages per hour; room again in 2 minutes"),
                "postfix/cleanup[8]: 4AA0C1: milter-reject: END-OF-MESSAGE from pc[192.0.2.1]: 5.5.3 This message has 90 recipients; at most 60 at once may pass; from=<a@x> to=<b@y> proto=ESMTP helo=<pc>"
            )
            #expect(try desk.deliveries().isEmpty && desk.totals.refunded == 0)
        }
    }

    @Test func aRefusalDownstreamIsGivenBack() throws {
        try inTemporaryFolder { folder in
            var desk = try Desk(folder)
            for id in ["4AA0D1", "4AA0D2", "4AA0D3"] { desk.pass(id) }
            desk.says(
                "postfix/cleanup[8]: 4AA0D1: milter-reject: END-OF-MESSAGE from pc[192.0.2.1]: 5.7.1 Spam; from=<a@x> to=<b@y> proto=ESMTP helo=<pc>",
                "postfix/smtpd[9]: 4AA0D2: reject: END-OF-MESSAGE from pc[192.0.2.1]: 554 5.7.1 <END-OF-MESSAGE>: no; from=<a@x> to=<b@y> proto=ESMTP helo=<pc>",
                // One recipient of several: the message went on.
                "postfix/smtpd[9]: 4AA0D3: reject: RCPT from pc[192.0.2.1]: 550 5.1.1 <c@y>: unknown; from=<a@x> to=<c@y> proto=ESMTP helo=<pc>"
            )
            #expect(desk.totals.refunded == 2 && desk.totals.deadRecipients == 0)
        }
    }

    @Test func whatWaitsForAMessageIsToldSecondsLater() throws {
        try inTemporaryFolder { folder in
            var desk = try Desk(folder)
            desk.pass("4AA0D9")
            // Its recipients are not known yet, and no other line comes.
            desk.says(
                "postfix/smtpd[9]: 4AA0D8: client=pc[192.0.2.1]", "postfix/cleanup[8]: 4AA0D8: message-id=<1@x>",
                bounced("4AA0D9", "5.1.1", "550 5.1.1 no such user"))
            #expect(desk.totals.deadRecipients == 1)
        }
    }

    @Test func aRequeuedMessageIsItsFirst() throws {
        try inTemporaryFolder { folder in
            var desk = try Desk(folder)
            desk.pass("4AA0E1")
            desk.says(
                "postfix/smtpd[9]: 4AA0E1: client=pc[192.0.2.1], sasl_username=ann",
                "postfix/cleanup[8]: 4AA0E1: message-id=<1@x>",
                "postfix/qmgr[3]: 4AA0E1: from=<a@x>, size=9, nrcpt=1 (queue active)",
                "postfix/pickup[4]: 4AA0E2: uid=1 from=<a@x> orig_id=4AA0E1",
                "postfix/cleanup[8]: 4AA0E2: message-id=<1@x>",
                "postfix/qmgr[3]: 4AA0E2: from=<a@x>, size=9, nrcpt=1 (queue active)",
                bounced("4AA0E2", "5.1.1", "550 5.1.1 no such user"))
            #expect(desk.totals.deadRecipients == 1)
            #expect(try desk.deliveries().map(\.queueID) == ["4AA0E1"])
        }
    }

    @Test func hostsAreMappedAndOthersLeftOut() throws {
        try inTemporaryFolder { folder in
            var desk = try Desk(folder, hosts: ["mx1": "mx1.example.net"])
            desk.pass("4AA0F1", host: "mx1.example.net")
            desk.says(bounced("4AA0F1", "5.1.1", "550 5.1.1 no such user"), host: "mx9")
            #expect(desk.totals.deadRecipients == 0)
            desk.says(bounced("4AA0F1", "5.1.1", "550 5.1.1 no such user"))
            #expect(desk.totals.deadRecipients == 1)
        }
    }

    @Test func aLogThatCanNotBeReadShowsInTheFigures() throws {
        try inTemporaryFolder { folder in
            var desk = try Desk(folder)
            desk.feed.trouble = "mail.log: no such file"
            desk.says()
            #expect(MailLogReport(desk.metrics.mailLog)?.trouble == "mail.log: no such file")
            let page = desk.metrics.page(desk.live.read { $0.view }, backlog: desk.live.backlog)
            #expect(page.contains("weir_mail_log_readable 0"))
            desk.feed.trouble = nil
            desk.says()
            #expect(MailLogReport(desk.metrics.mailLog)?.trouble == nil)
        }
    }

    @Test func thePlaceIsKeptInTheState() throws {
        try inTemporaryFolder { folder in
            let store = try Store(directory: folder)
            let places = try LogPlaces(store)
            #expect(try places.place(in: "/var/log/mail.log") == nil)
            let place = LogPlace(inode: .max, offset: 7, tail: .max - 1)
            try places.remember(LogPlace(cursor: "s=1"), in: "journald")
            try places.remember(place, in: "/var/log/mail.log")
            #expect(try LogPlaces(store).place(in: "/var/log/mail.log") == place)
            #expect(try places.place(in: "journald")?.cursor == "s=1")
        }
    }

    @Test(
        arguments: [
            ("mail_log: {follow: /var/log/mail.log}", nil),
            ("mail_log: {journald: true, zone: \"-05:30\", hosts: {mx1: localhost}}", nil),
            ("mail_log: {}", "mail_log without a log"),
            ("mail_log: {follow: /a, journald: true}", "not both"),
            ("mail_log: {folow: /a}", "Did you mean 'follow'?"),
            ("mail_log: {follow: /a, zone: \"+1:00\"}", "an offset in quotes"),
            ("mail_log: {follow: /a, hosts: [mx1]}", "names in the log"),
            ("mail_log: /var/log/mail.log", "mail_log: a mapping"),
        ] as [(String, String?)])
    func theKeyIsReadStrictly(text: String, fault: String?) {
        do throws(ConfigurationFaults) {
            let configuration = try ConfigurationFixture(yaml: text + "\n").configuration()
            #expect(fault == nil && configuration.mailLog != nil)
            #expect(ConfigurationReport(configuration).description.contains("delivery results: "))
        } catch {
            #expect(fault.map { "\(error)".contains($0) } == true, "\(error)")
        }
    }
}
