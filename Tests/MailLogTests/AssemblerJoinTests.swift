// The same mail under several queue ids, several mails under one, and mail that was none.

import MailTypes
import Testing

@testable import MailLog

@Suite struct AssemblerJoinTests {
    /// The lines of a message from a client; `client` is what stands behind `client=`.
    private func arrival(
        _ id: String, at second: Int, pid: Int = 811, client: String = "pc[192.0.2.7], sasl_username=ann",
        messageID: String = "1@example.net",
        count: Int = 1
    ) -> String {
        syslog(
            "\(second) postfix/smtpd[\(pid)]: \(id): client=\(client)",
            "\(second) postfix/cleanup[812]: \(id): message-id=<\(messageID)>",
            "\(second) postfix/qmgr[9]: \(id): from=<ann@example.net>, size=810, nrcpt=\(count) (queue active)")
    }

    /// A delivery and the removal.
    private func delivery(_ id: String, at second: Int, relay: String, _ reply: String, program: String = "smtp")
        -> String
    {
        syslog(
            "\(second) postfix/\(program)[813]: \(id): to=<bob@example.org>, relay=\(relay), delay=1, dsn=2.0.0, status=sent (\(reply))",
            "\(second) postfix/qmgr[9]: \(id): removed")
    }

    @Test func aQueueIDUsedAgainIsAnotherMessage() {
        var reader = MailLogReader(testFile, keys: testKeys)
        let facts = tell(
            &reader,
            arrival("4ACE1F02B3", at: 0, messageID: "1@example.net")
                + delivery("4ACE1F02B3", at: 1, relay: "mx[192.0.2.25]:25", "ok")
                + arrival("4ACE1F02B3", at: 60, pid: 814, client: "x[192.0.2.8]", messageID: "2@example.net")
                + arrival("4ACE1F02B3", at: 90, pid: 815, client: "y[192.0.2.9]", messageID: "3@example.net"))
        #expect(facts.messages.map(\.messageID) == ["1@example.net", "2@example.net", "3@example.net"])
        #expect(facts.messages.map(\.login) == ["ann", "", ""])
        #expect(reader.assembler.counts.reused == 1)
    }

    @Test func aLineThatCameTwiceIsOneMessage() {
        var reader = MailLogReader(testFile, keys: testKeys)
        let lines = arrival("4ACE1F02B3", at: 0)
        let facts = tell(&reader, lines + lines)
        #expect(facts.messages.count == 1 && reader.assembler.counts.repeated == 1)
    }

    @Test func aRequeuedMessageIsItsFirst() {
        var reader = MailLogReader(testFile, keys: testKeys)
        let facts = tell(
            &reader,
            arrival("4ACE1F02B3", at: 0)
                + syslog(
                    "1 postfix/smtp[813]: 4ACE1F02B3: to=<bob@example.org>, relay=none, delay=1, dsn=4.4.1, status=deferred (no)",
                    "50 postfix/postsuper[814]: 4ACE1F02B3: requeued",
                    "60 postfix/pickup[815]: 5BDF2013C4: uid=0 from=<ann@example.net> orig_id=4ACE1F02B3",
                    "60 postfix/cleanup[812]: 5BDF2013C4: message-id=<1@example.net>",
                    "60 postfix/qmgr[9]: 5BDF2013C4: from=<ann@example.net>, size=910, nrcpt=1 (queue active)")
                + delivery("5BDF2013C4", at: 61, relay: "mx[192.0.2.25]:25", "ok"))
        #expect(facts.messages.map(\.queueID) == ["4ACE1F02B3"])
        #expect(facts.deliveries.map(\.queueID) == ["4ACE1F02B3", "4ACE1F02B3"])
        #expect(facts.deliveries.map(\.outcome) == [.deferred, .delivered])
        #expect(reader.assembler.counts.requeued == 1 && reader.assembler.openCount == 0)
    }

    @Test func aRequeuedMessageFromBeforeTheLogIsNoNewOne() {
        let facts = tell(
            syslog(
                "60 postfix/pickup[815]: 5BDF2013C4: uid=0 from=<ann@example.net> orig_id=4ACE1F02B3",
                "60 postfix/cleanup[812]: 5BDF2013C4: message-id=<1@example.net>",
                "60 postfix/qmgr[9]: 5BDF2013C4: from=<ann@example.net>, size=910, nrcpt=1 (queue active)")
                + delivery("5BDF2013C4", at: 61, relay: "mx[192.0.2.25]:25", "ok"))
        #expect(facts.messages.isEmpty && facts.deliveries.map(\.queueID) == ["4ACE1F02B3"])
    }

    @Test(arguments: [
        "localhost[127.0.0.1]", "localhost[127.0.0.1], orig_queue_id=4ACE1F02B3, orig_client=pc[192.0.2.7]",
    ])
    func aMessageBackFromAContentFilterIsItsFirst(_ client: String) {
        var reader = MailLogReader(testFile, keys: testKeys)
        let facts = tell(
            &reader,
            arrival("4ACE1F02B3", at: 0) + arrival("5BDF2013C4", at: 2, pid: 820, client: client)
                + delivery(
                    "4ACE1F02B3", at: 2, relay: "127.0.0.1[127.0.0.1]:10024",
                    "250 2.0.0 from MTA: 250 2.0.0 Ok: queued as 5BDF2013C4")
                + delivery("5BDF2013C4", at: 3, relay: "mx[192.0.2.25]:25", "250 ok: queued as 99"))
        #expect(facts.messages.map(\.queueID) == ["4ACE1F02B3"] && facts.messages.map(\.login) == ["ann"])
        #expect(
            facts.deliveries.map(\.queueID) == ["4ACE1F02B3"] && facts.deliveries.map(\.relay) == ["mx[192.0.2.25]:25"])
        #expect(reader.assembler.counts.reinjected == 1 && reader.assembler.counts.handedOver == 1)
    }

    @Test func twoMessagesWithOneMessageIDAreTwo() {
        // A script that sends the same Message-ID again and again must not hide behind it.
        var log = ""
        for number in 0..<5 {
            log += arrival("4ACE1F02B\(number)", at: number, client: "localhost[127.0.0.1]")
        }
        for number in 0..<5 { log += delivery("4ACE1F02B\(number)", at: 10 + number, relay: "mx[192.0.2.25]:25", "ok") }
        let facts = tell(log)
        #expect(facts.messages.count == 5 && Set(facts.deliveries.map(\.queueID)).count == 5)
    }

    @Test func aPipedFilterThatCallsSendmailIsJoined() {
        var reader = MailLogReader(testFile, keys: testKeys)
        let facts = tell(
            &reader,
            arrival("4ACE1F02B3", at: 0)
                + delivery("4ACE1F02B3", at: 1, relay: "filter", "delivered via filter service", program: "pipe")
                + syslog(
                    "2 postfix/pickup[815]: 5BDF2013C4: uid=110 from=<ann@example.net>",
                    "2 postfix/cleanup[812]: 5BDF2013C4: message-id=<1@example.net>",
                    "2 postfix/qmgr[9]: 5BDF2013C4: from=<ann@example.net>, size=910, nrcpt=1 (queue active)")
                + delivery("5BDF2013C4", at: 3, relay: "mx[192.0.2.25]:25", "ok"))
        #expect(facts.messages.count == 1 && facts.deliveries.map(\.queueID) == ["4ACE1F02B3", "4ACE1F02B3"])
        #expect(reader.assembler.counts.reinjected == 1)
    }

    @Test func aForwardGoesOnUnderItsFirst() {
        var reader = MailLogReader(testFile, keys: testKeys)
        let facts = tell(
            &reader,
            arrival("4ACE1F02B3", at: 0)
                + syslog(
                    "1 postfix/cleanup[812]: 5BDF2013C4: message-id=<1@example.net>",
                    "1 postfix/qmgr[9]: 5BDF2013C4: from=<ann@example.net>, size=910, nrcpt=1 (queue active)")
                + delivery("4ACE1F02B3", at: 1, relay: "local", "forwarded as 5BDF2013C4", program: "local")
                + delivery("5BDF2013C4", at: 2, relay: "mx[192.0.2.25]:25", "ok"))
        #expect(facts.messages.map(\.queueID) == ["4ACE1F02B3"])
        #expect(facts.deliveries.map(\.relay) == ["mx[192.0.2.25]:25"])
    }

    @Test func aBounceIsTheMailServersOwn() {
        let facts = tell(
            arrival("4ACE1F02B3", at: 0)
                + syslog(
                    "1 postfix/smtp[813]: 4ACE1F02B3: to=<bob@example.org>, relay=mx[192.0.2.25]:25, delay=1, dsn=5.1.1, status=bounced (no)",
                    "1 postfix/cleanup[812]: 5BDF2013C4: message-id=<2@mx1.example.net>",
                    "1 postfix/bounce[816]: 4ACE1F02B3: sender non-delivery notification: 5BDF2013C4",
                    "1 postfix/qmgr[9]: 5BDF2013C4: from=<>, size=2900, nrcpt=1 (queue active)",
                    "1 postfix/qmgr[9]: 4ACE1F02B3: removed")
                + delivery("5BDF2013C4", at: 2, relay: "mx[192.0.2.26]:25", "ok"))
        #expect(facts.messages.map(\.origin) == [.session, .notification])
        #expect(facts.messages[1].envelope.reversePath == nil)
    }

    @Test func aProxyFiltersMessageIsTheFirstClients() throws {
        let facts = tell(
            syslog(
                "0 postfix/smtpd[811]: NOQUEUE: client=pc[192.0.2.7], sasl_method=PLAIN, sasl_username=ann",
                "0 postfix/smtpd[820]: 5BDF2013C4: client=localhost[127.0.0.1]",
                "0 postfix/cleanup[812]: 5BDF2013C4: message-id=<1@example.net>",
                "0 postfix/qmgr[9]: 5BDF2013C4: from=<ann@example.net>, size=810, nrcpt=1 (queue active)",
                "1 postfix/smtpd[811]: proxy-accept: END-OF-MESSAGE: 250 2.0.0 Ok: queued as 5BDF2013C4; from=<ann@example.net> to=<bob@example.org> proto=ESMTP helo=<pc>"
            )
                + delivery("5BDF2013C4", at: 2, relay: "mx[192.0.2.25]:25", "ok"))
        let message = try #require(facts.messages.first)
        #expect(message.login == "ann" && message.client == NetworkAddress("192.0.2.7"))
    }

    @Test func sendmailsSubmissionQueueIsJoinedToTheDaemons() {
        let facts = tell(
            syslog(
                "0 sendmail[810]: 65A9DMabc000810: from=ann, size=80, class=0, nrcpts=1, msgid=<1@example.net>, relay=ann@localhost",
                "0 sm-mta[811]: 65A9DMxyz000811: from=<ann@example.net>, size=90, class=0, nrcpts=1, msgid=<1@example.net>, proto=ESMTP, daemon=MTA, relay=localhost [127.0.0.1]",
                "0 sendmail[810]: 65A9DMabc000810: to=b@example.org, ctladdr=ann (1000/1000), delay=00:00:00, mailer=relay, relay=[127.0.0.1] [127.0.0.1], dsn=2.0.0, stat=Sent (65A9DMxyz000811 Message accepted for delivery)",
                "1 sm-mta[812]: 65A9DMxyz000811: to=<b@example.org>, delay=00:00:01, mailer=esmtp, relay=mx [192.0.2.25], dsn=2.0.0, stat=Sent (ok)"
            ))
        #expect(facts.messages.map(\.queueID) == ["65A9DMabc000810"] && facts.messages.first?.origin == .local)
        #expect(facts.deliveries.map(\.queueID) == ["65A9DMabc000810"])
    }

    @Test func whatWasNotAcceptedIsNoMessage() {
        for end in [
            "lost connection after DATA (12 bytes) from pc[192.0.2.7]", "timeout after DATA from pc[192.0.2.7]",
            "4ACE1F02B3: reject: END-OF-MESSAGE from pc[192.0.2.7]: 450 4.7.1 Sending limit reached; from=<a@example.net> proto=ESMTP helo=<pc>",
        ] {
            var reader = MailLogReader(testFile, keys: testKeys)
            let facts = tell(
                &reader,
                syslog(
                    "0 postfix/smtpd[811]: 4ACE1F02B3: client=pc[192.0.2.7]",
                    "0 postfix/cleanup[812]: 4ACE1F02B3: message-id=<1@example.net>", "1 postfix/smtpd[811]: \(end)"))
            #expect(facts.messages.isEmpty && reader.assembler.counts.abandoned == 1, "\(end)")
        }
    }

    @Test func aRefusedRecipientIsOneOfTheMessage() throws {
        let facts = tell(
            syslog(
                "0 postfix/smtpd[811]: 4ACE1F02B3: client=pc[192.0.2.7], sasl_username=ann",
                "0 postfix/smtpd[811]: 4ACE1F02B3: reject: RCPT from pc[192.0.2.7]: 550 5.1.1 <x@example.net>: User unknown; from=<a@example.net> to=<x@example.net> proto=ESMTP helo=<pc>",
                "0 postfix/cleanup[812]: 4ACE1F02B3: message-id=<1@example.net>",
                "0 postfix/qmgr[9]: 4ACE1F02B3: from=<a@example.net>, size=810, nrcpt=1 (queue active)")
                + delivery("4ACE1F02B3", at: 1, relay: "mx[192.0.2.25]:25", "ok"))
        let message = try #require(facts.messages.first)
        #expect(
            message.envelope.recipients == [
                Recipient(testKeys.key("x@example.net")!, refusal: EnhancedStatus(5, 1, 1)),
                recipient("bob@example.org"),
            ])
        #expect(message.envelope.recipientCount == 1)
        #expect(facts.refusals.first?.login == "ann" && facts.refusals.first?.status == EnhancedStatus(5, 1, 1))
    }

    @Test func aHeldMessageIsAccepted() {
        for hold in [
            "0 postfix/smtpd[811]: 4ACE1F02B3: hold: END-OF-MESSAGE from pc[192.0.2.7]: <pc>: End-of-data Weir: Sending limit reached; from=<a@example.net> to=<b@example.org> proto=ESMTP helo=<pc>",
            "0 postfix/cleanup[812]: 4ACE1F02B3: milter-hold: END-OF-MESSAGE from pc[192.0.2.7]: milter triggers HOLD action; from=<a@example.net> to=<b@example.org> proto=ESMTP helo=<pc>",
        ] {
            let facts = tell(
                syslog(
                    "0 postfix/smtpd[811]: 4ACE1F02B3: client=pc[192.0.2.7]",
                    "0 postfix/cleanup[812]: 4ACE1F02B3: message-id=<1@example.net>", hold))
            #expect(facts.messages.map(\.isHeld) == [true] && facts.refusals.map(\.action) == [.hold])
        }
    }

    @Test func linesMayBeMissing() {
        // Deliveries of a message from before the log; a message whose client is missing; one that was not removed.
        let old = tell(
            syslog(
                "0 postfix/smtpd[1]: connect from x[192.0.2.9]",
                "1 postfix/qmgr[9]: 4ACE1F02B3: from=<a@example.net>, size=810, nrcpt=1 (queue active)",
                "2 postfix/smtp[813]: 4ACE1F02B3: to=<b@example.org>, relay=none, delay=90000, dsn=4.4.1, status=deferred (no)",
                "3 postfix/smtp[813]: 5BDF2013C4: to=<b@example.org>, relay=none, delay=90000, dsn=4.4.1, status=deferred (no)"
            ))
        #expect(old.messages.isEmpty && old.deliveries.map(\.isMessageKnown) == [false, false])
        let recent = tell(
            syslog(
                "0 postfix/smtpd[1]: connect from x[192.0.2.9]",
                "11 postfix/qmgr[9]: 4ACE1F02B3: from=<a@example.net>, size=810, nrcpt=1 (queue active)",
                "12 postfix/smtp[813]: 4ACE1F02B3: to=<b@example.org>, relay=none, delay=2, dsn=4.4.1, status=deferred (no)"
            ))
        #expect(recent.messages.map(\.origin) == [.unknown])
    }

    @Test func linesOfASecondMayBeOutOfOrder() {
        let facts = tell(
            syslog(
                "0 postfix/qmgr[9]: 4ACE1F02B3: from=<ann@example.net>, size=810, nrcpt=1 (queue active)",
                "0 postfix/cleanup[812]: 4ACE1F02B3: message-id=<1@example.net>",
                "0 postfix/smtpd[811]: 4ACE1F02B3: client=pc[192.0.2.7], sasl_username=ann")
                + delivery("4ACE1F02B3", at: 1, relay: "mx[192.0.2.25]:25", "ok"))
        #expect(facts.messages.map(\.login) == ["ann"] && facts.messages.map(\.origin) == [.session])
    }

    @Test func instancesAndHostsHaveQueueIDsOfTheirOwn() {
        let log = ["mx1 postfix", "mx1 postfix-out", "mx2 postfix"].enumerated().map { number, place in
            """
            Jan  5 09:00:00 \(place)/smtpd[811]: 4ACE1F02B3: client=pc[192.0.2.\(number)]
            Jan  5 09:00:00 \(place)/cleanup[812]: 4ACE1F02B3: message-id=<\(number)@example.net>
            Jan  5 09:00:00 \(place)/qmgr[9]: 4ACE1F02B3: from=<a@example.net>, size=810, nrcpt=1 (queue active)

            """
        }.joined()
        #expect(tell(log).messages.map(\.messageID) == ["0@example.net", "1@example.net", "2@example.net"])
    }

    @Test func aServiceWithANameOfItsOwnIsNoInstance() {
        let log = """
            Jan  5 09:00:00 mx1 postfix/qmgr[9]: 99: removed
            Jan  5 09:00:00 mx1 postfix-submission/smtpd[811]: 4ACE1F02B3: client=pc[192.0.2.7], sasl_username=ann
            Jan  5 09:00:00 mx1 postfix/cleanup[812]: 4ACE1F02B3: message-id=<1@example.net>
            Jan  5 09:00:00 mx1 postfix/qmgr[9]: 4ACE1F02B3: from=<a@example.net>, size=810, nrcpt=1 (queue active)

            """
        #expect(tell(log).messages.map(\.login) == ["ann"])
    }
}
