// From lines to messages: what is joined, what is told, and when.

import MailTypes
import Testing

@testable import MailLog

@Suite struct AssemblerTests {
    /// A message with one recipient, from connect to removed.
    static let simple = syslog(
        "0 postfix/smtpd[811]: connect from pc.example.net[192.0.2.7]:4711",
        "0 postfix/smtpd[811]: Anonymous TLS connection established from pc.example.net[192.0.2.7]:4711: TLSv1.3",
        "1 postfix/smtpd[811]: 4ACE1F02B3: client=pc.example.net[192.0.2.7]:4711, sasl_method=PLAIN, sasl_username=ann",
        "1 postfix/cleanup[812]: 4ACE1F02B3: message-id=<1@example.net>",
        "2 postfix/qmgr[9]: 4ACE1F02B3: from=<ann@example.net>, size=810, nrcpt=1 (queue active)",
        "2 postfix/smtpd[811]: disconnect from pc.example.net[192.0.2.7]:4711 ehlo=1 auth=1 mail=1 rcpt=1 data=1 quit=1",
        "3 postfix/smtp[813]: 4ACE1F02B3: to=<bob@example.org>, relay=mx.example.org[192.0.2.25]:25, delay=2, delays=1/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 153053D)",
        "3 postfix/qmgr[9]: 4ACE1F02B3: removed")

    @Test func joinsAMessage() throws {
        var reader = MailLogReader(testFile, keys: testKeys)
        let facts = tell(&reader, Self.simple)
        #expect(facts.count == 2)
        #expect(
            facts.messages == [
                LoggedMessage(
                    at: moment("2026-01-05T09:00:01Z"), mailHost: "mx1", queueID: "4ACE1F02B3", origin: .session,
                    client: NetworkAddress("192.0.2.7"), clientPort: 4711, clientName: "pc.example.net", helo: "",
                    login: "ann", method: "PLAIN", isEncrypted: true, user: "", sender: "ann@example.net",
                    envelope: Envelope(
                        reversePath: testKeys.key("ann@example.net"), recipients: [recipient("bob@example.org")],
                        recipientsAreComplete: true, recipientCount: 1, bytes: 810),
                    messageID: "1@example.net", isHeld: false)
            ])
        #expect(
            facts.deliveries == [
                LoggedDelivery(
                    at: moment("2026-01-05T09:00:03Z"), mailHost: "mx1", queueID: "4ACE1F02B3",
                    recipient: recipient("bob@example.org").key, status: EnhancedStatus(2, 0, 0), outcome: .delivered,
                    relay: "mx.example.org[192.0.2.25]:25", reply: "", isMessageKnown: true)
            ])
        #expect(reader.assembler.openCount == 0)
        let session = facts.messages[0].session(door: .policy)
        #expect(
            session.login == "ann" && session.isEncrypted && !session.isLocalSubmission && session.mailHost == "mx1")
    }

    @Test func aMessageIsToldBeforeItsDeliveriesAndOnlyWhenItsRecipientsAreKnown() {
        var reader = MailLogReader(testFile, keys: testKeys)
        let lines = syslog(
            "0 postfix/smtpd[811]: 4ACE1F02B3: client=pc[192.0.2.7]",
            "0 postfix/cleanup[812]: 4ACE1F02B3: message-id=<1@example.net>",
            "0 postfix/qmgr[9]: 4ACE1F02B3: from=<a@example.net>, size=810, nrcpt=2 (queue active)",
            "1 postfix/smtp[813]: 4ACE1F02B3: to=<b@example.org>, relay=none, delay=1, dsn=4.4.1, status=deferred (no)")
        reader.read(lines.utf8Span.span)
        #expect(take(&reader).isEmpty)
        reader.read(
            syslog(
                "2 postfix/smtp[813]: 4ACE1F02B3: to=<c@example.org>, relay=none, delay=1, dsn=5.1.1, status=bounced (no)"
            )
            .utf8Span.span)
        let facts = take(&reader)
        #expect(facts.messages.first?.envelope.recipients == [recipient("b@example.org"), recipient("c@example.org")])
        #expect(facts.deliveries.map(\.outcome) == [.deferred, .failed])
        #expect(facts.map(\.at) == facts.map(\.at).sorted())
    }

    @Test func atTheHorizonAMessageIsToldWithWhatIsKnown() throws {
        var reader = MailLogReader(testFile, keys: testKeys)
        let lines = syslog(
            "0 postfix/smtpd[811]: 4ACE1F02B3: client=pc[192.0.2.7]",
            "0 postfix/cleanup[812]: 4ACE1F02B3: message-id=<1@example.net>",
            "0 postfix/qmgr[9]: 4ACE1F02B3: from=<a@example.net>, size=810, nrcpt=3 (queue active)",
            "1 postfix/smtp[813]: 4ACE1F02B3: to=<b@example.org>, relay=mx[192.0.2.25]:25, delay=1, dsn=2.0.0, status=sent (ok)",
            "299 postfix/anvil[1]: statistics: x", "299 postfix/smtpd[7]: connect from x[192.0.2.8]")
        reader.read(lines.utf8Span.span)
        #expect(take(&reader).isEmpty)
        reader.read(syslog("300 postfix/smtpd[7]: connect from x[192.0.2.8]").utf8Span.span)
        let facts = take(&reader)
        let message = try #require(facts.messages.first)
        #expect(!message.envelope.recipientsAreComplete && message.envelope.recipientCount == 3)
        #expect(message.envelope.recipients == [recipient("b@example.org")])
        #expect(reader.assembler.counts.incomplete == 1)
        // What comes later is told nevertheless.
        reader.read(
            syslog(
                "400 postfix/smtp[813]: 4ACE1F02B3: to=<c@example.org>, relay=none, delay=400, dsn=5.1.1, status=bounced (no)"
            )
            .utf8Span.span)
        let later = take(&reader)
        #expect(later.deliveries.map(\.isMessageKnown) == [true] && later.messages.isEmpty)
    }

    @Test func anOriginalRecipientIsWhoTheClientNamed() throws {
        let facts = tell(
            syslog(
                "0 postfix/smtpd[811]: 4ACE1F02B3: client=pc[192.0.2.7]",
                "0 postfix/cleanup[812]: 4ACE1F02B3: message-id=<1@example.net>",
                "0 postfix/qmgr[9]: 4ACE1F02B3: from=<a@example.net>, size=810, nrcpt=2 (queue active)",
                "1 postfix/smtp[813]: 4ACE1F02B3: to=<b@example.org>, orig_to=<all@example.net>, relay=mx[192.0.2.25]:25, delay=1, dsn=2.0.0, status=sent (ok)",
                "1 postfix/smtp[813]: 4ACE1F02B3: to=<c@example.org>, orig_to=<all@example.net>, relay=mx[192.0.2.25]:25, delay=1, dsn=2.0.0, status=sent (ok)",
                "1 postfix/qmgr[9]: 4ACE1F02B3: removed"))
        let message = try #require(facts.messages.first)
        #expect(message.envelope.recipients == [recipient("all@example.net")] && message.envelope.recipientCount == 1)
        #expect(message.envelope.recipientsAreComplete && facts.deliveries.count == 2)
    }

    @Test func aLocalSubmissionIsOne() throws {
        let facts = tell(
            syslog(
                "0 postfix/pickup[811]: 4ACE1F02B3: uid=1000 from=<ann>",
                "0 postfix/cleanup[812]: 4ACE1F02B3: message-id=<1@example.net>",
                "0 postfix/qmgr[9]: 4ACE1F02B3: from=<ann@example.net>, size=810, nrcpt=1 (queue active)",
                "1 postfix/local[813]: 4ACE1F02B3: to=<bob@example.net>, relay=local, delay=1, dsn=2.0.0, status=sent (delivered to mailbox)",
                "1 postfix/qmgr[9]: 4ACE1F02B3: removed"))
        #expect(facts.messages.first?.origin == .local && facts.messages.first?.user == "1000")
        #expect(facts.messages.first?.session(door: .milter).isLocalSubmission == true)
    }

    @Test func anEximMessageIsToldWhenItIsCompletedOrNamesItsRecipients() throws {
        let log = """
            2026-01-05 09:13:22 1RwtJa-000AFB-07 <= ann@example.net H=pc (pc) [192.0.2.7]:4711 P=esmtpsa A=plain:ann S=810 id=1@example.net for b@example.org c@example.org
            2026-01-05 09:13:23 1RwtJa-000AFB-07 => b@example.org R=dnslookup T=smtp H=mx [192.0.2.25] C="250 ok"
            2026-01-05 09:13:24 1RwtJa-000AFC-08 <= eve@example.net H=pc [192.0.2.8] P=esmtp S=81
            2026-01-05 09:13:25 1RwtJa-000AFC-08 ** x@example.org: Unrouteable address
            2026-01-05 09:13:25 1RwtJa-000AFC-08 Completed

            """
        let facts = tell(log)
        #expect(facts.messages.map(\.login) == ["ann", ""] && facts.messages.map(\.mailHost) == ["mx1", "mx1"])
        #expect(facts.messages.map(\.envelope.recipientCount) == [2, 1])
        #expect(facts.messages.map(\.envelope.recipientsAreComplete) == [true, true])
        #expect(facts.messages[0].isEncrypted && facts.messages[0].helo == "pc")
        #expect(facts.deliveries.map(\.outcome) == [.delivered, .failed])
        #expect(facts.deliveries.map(\.status) == [EnhancedStatus(2, 0, 0), EnhancedStatus(5, 0, 0)])
    }

    @Test func aSendmailMessageHasTheLoginOfItsConnection() throws {
        let facts = tell(
            syslog(
                "0 sm-mta[811]: STARTTLS=server, relay=pc [192.0.2.7], version=TLSv1.3",
                "0 sm-mta[811]: 65A9DMabc000811: AUTH=server, relay=pc [192.0.2.7], authid=ann, mech=LOGIN, bits=0",
                "1 sm-mta[811]: 65A9DMabd000811: from=<ann@example.net>, size=810, class=0, nrcpts=2, msgid=<1@example.net>, proto=ESMTP, daemon=MSA, relay=pc [192.0.2.7]",
                "2 sm-mta[812]: 65A9DMabd000811: to=<b@example.org>,<c@example.org>, delay=00:00:01, mailer=esmtp, relay=mx [192.0.2.25], dsn=2.0.0, stat=Sent (ok)",
                "3 sm-mta[811]: 65A9DMabe000811: from=<eve@example.net>, size=810, class=0, nrcpts=1, msgid=<2@example.net>, proto=ESMTP, daemon=MSA, relay=pc [192.0.2.8]"
            ))
        #expect(facts.messages.map(\.login) == ["ann", ""])
        #expect(facts.messages[0].isEncrypted && facts.messages[0].envelope.recipientsAreComplete)
        #expect(facts.deliveries.count == 2)
    }

    @Test func loginsThatFailAreTold() {
        let facts = tell(
            syslog(
                "0 postfix/smtpd[811]: warning: x[192.0.2.7]: SASL LOGIN authentication failed: no, sasl_username=ann"))
        #expect(
            facts == [
                .loginFailed(
                    LoggedLoginFailure(
                        at: moment("2026-01-05T09:00:00Z"), mailHost: "mx1", client: NetworkAddress("192.0.2.7"),
                        clientPort: 0, login: "ann", method: "LOGIN"))
            ])
    }

    @Test func timeThatComesWithoutALineTellsWhatWaits() {
        var reader = MailLogReader(testFile, keys: testKeys)
        reader.read(
            syslog(
                "0 postfix/smtpd[811]: 4ACE1F02B3: client=pc[192.0.2.7]",
                "0 postfix/qmgr[9]: 4ACE1F02B3: from=<a@example.net>, size=810, nrcpt=1 (queue active)"
            ).utf8Span.span)
        #expect(take(&reader).isEmpty)
        reader.advance(to: moment("2026-01-05T09:06:00Z"))
        #expect(take(&reader).messages.count == 1)
    }
}
