// Postfix's lines, one by one.

import MailTypes
import Testing

@testable import MailLog

@Suite struct PostfixLogTests {
    @Test(arguments: [
        ("postfix/smtpd", "connect from pc.example.net[192.0.2.7]", "connected"),
        ("postfix/smtpd", "disconnect from unknown[192.0.2.7] ehlo=1 auth=0/1 quit=1 commands=2/3", "disconnected"),
        ("postfix-out/smtpd", "4ACE1F02B3: client=pc.example.net[192.0.2.7]", "arrived"),
        ("postfix/submission/smtpd", "NOQUEUE: client=pc.example.net[192.0.2.7], sasl_username=ann", "proxied"),
        (
            "postfix/smtpd",
            "proxy-accept: END-OF-MESSAGE: 250 2.0.0 from MTA(smtp:[127.0.0.1]:10013): 250 2.0.0 Ok: queued as DF66E940333; from=<a@example.net> to=<b@example.org> proto=ESMTP helo=<pc>",
            "proxy accepted"
        ),
        (
            "postfix/smtpd",
            "Anonymous TLS connection established from pc.example.net[192.0.2.7]: TLSv1.3 with cipher X",
            "encrypted"
        ),
        (
            "postfix/smtp", "Trusted TLS connection established to mx.example.org[192.0.2.25]:25: TLSv1.3",
            "[TLS detail]"
        ),
        (
            "postfix/smtpd", "lost connection after DATA (approximately 12 bytes) from pc.example.net[192.0.2.7]",
            "lost connection"
        ),
        ("postfix/smtpd", "timeout after END-OF-MESSAGE from pc.example.net[192.0.2.7]", "lost connection"),
        ("postfix/cleanup", "4ACE1F02B3: message-id=<1@example.net>", "identified"),
        (
            "postfix/cleanup", "4ACE1F02B3: warning: header Subject: x from local; from=<a@example.net>",
            "[header or body check that changes or logs]"
        ),
        ("postfix/cleanup", "4ACE1F02B3: milter-header-add: header X: y from pc[192.0.2.7]", "[milter change]"),
        ("postfix/qmgr", "3mPVKl0Mhjz7sXv: from=<a@example.net>, size=810, nrcpt=2 (queue active)", "queued"),
        ("postfix/qmgr", "4ACE1F02B3: from=<a@example.net>, status=expired, returned to sender", "expired"),
        ("postfix/qmgr", "4ACE1F02B3: removed", "removed"),
        ("postfix/qmgr", "4ACE1F02B3: skipped, still being delivered", "[housekeeping]"),
        (
            "postfix/smtp",
            "4ACE1F02B3: host mx.example.org[192.0.2.25] said: 450 4.2.0 later (in reply to RCPT TO command)",
            "[detail of a delivery attempt]"
        ),
        (
            "postfix/smtp", "connect to mx.example.org[192.0.2.25]:25: Connection timed out",
            "[connection to a next hop failed]"
        ),
        (
            "postfix/smtp",
            "4ACE1F02B3: to=<b@example.org>, relay=none, delay=1, delays=1/0/0/0, dsn=2.1.5, status=deliverable (ok)",
            "probed"
        ),
        ("postfix/bounce", "4ACE1F02B3: sender non-delivery notification: 153053D", "notified"),
        ("postfix/bounce", "4ACE1F02B3: sender delay notification: 153053D", "notified"),
        ("postfix/postsuper", "4ACE1F02B3: requeued", "[queue command's summary]"),
        ("postfix/anvil", "statistics: max cache size 1 at Jan  5 09:00:00", "[statistics]"),
        ("postfix/master", "daemon started -- version 3.7.11, configuration /etc/postfix", "[housekeeping]"),
        ("postfix/postscreen", "PASS OLD [192.0.2.7]:4711", "[postscreen test]"),
        ("postfix/postscreen", "NOQUEUE: reject: CONNECT from [192.0.2.7]:4711: too many connections", "refused"),
        ("postfix/smtpd", "warning: hostname pc.example.net does not resolve to address 192.0.2.7", "[warning]"),
        ("postfix/smtpd", "warning: pc[192.0.2.7]: SASL LOGIN authentication failed: UGFzc3dvcmQ6", "login failed"),
        ("postfix/smtpd", "improper command pipelining after EHLO from pc[192.0.2.7]: x", "[client's protocol error]"),
        ("postfix/smtpd", "something that nobody wrote before", "?"), ("postfix/qmgr", "4ACE1F02B3: whatever", "?"),
        ("postfix/smtp", "4ACE1F02B3: to=<b@example.org>, relay=none, delay=1, dsn=4.4.1", "?"),
    ])
    func knowsEachKind(_ program: String, _ message: String, _ expected: String) {
        #expect(kind(PostfixLog(), program, message) == expected, "\(message)")
    }

    @Test(arguments: [
        ("4ACE1F02B3: x", 10), ("3mPVKl0Mhjz7sXv: x", 15), ("NOQUEUE: x", 0), ("warning: x", 0), ("statistics: x", 0),
        ("ABC: x", 0), ("4ACE1F02B3 x", 0), ("4ACE1F02B3:x", 0), ("", 0), ("FACADE: x", 6), ("4ace1f02b3: x", 0),
    ])
    func tellsAQueueIDFromAWord(_ message: String, _ end: Int) {
        #expect(PostfixLog.endOfQueueID(message.utf8Span.span) == end)
    }

    @Test func knowsItsPrograms() {
        for program in ["postfix/smtpd", "postfix-out/qmgr", "postfix/submission/smtpd", "postfix", "out/cleanup"] {
            #expect(PostfixLog().role(of: program.utf8Span.span) != nil)
        }
        for program in ["dovecot", "cyrus/imap", "exim", "sshd", "", "/", "opendkim"] {
            #expect(PostfixLog().role(of: program.utf8Span.span) == nil)
        }
    }

    @Test func readsAClientWithItsLogin() throws {
        let line =
            "4ACE1F02B3: client=pc.example.net[2001:db8::7]:4711, sasl_method=PLAIN, sasl_username=ann,b@example.net, sasl_sender=x@example.net"
        guard case .fact(.arrived(let arrival)) = read(PostfixLog(), "postfix/smtpd", line) else {
            Issue.record("no arrival")
            return
        }
        #expect(text(line, arrival.queueID) == "4ACE1F02B3")
        #expect(text(line, arrival.client.name) == "pc.example.net")
        #expect(text(line, arrival.client.address) == "2001:db8::7")
        #expect(arrival.client.port == 4711)
        #expect(text(line, arrival.login) == "ann,b@example.net")
        #expect(text(line, arrival.method) == "PLAIN")
    }

    @Test(arguments: [
        (
            "sent (250 2.0.0 Ok: queued as 153053D)", DeliveryOutcome.delivered, "250 2.0.0 Ok: queued as 153053D",
            "153053D"
        ),
        ("sent (forwarded as 153053D)", .delivered, "forwarded as 153053D", "153053D"),
        ("sent (delivered to mailbox)", .delivered, "delivered to mailbox", ""),
        (
            "deferred (host mx[192.0.2.25] said: 450 4.2.0 (x) later)", .deferred,
            "host mx[192.0.2.25] said: 450 4.2.0 (x) later", ""
        ),
        ("bounced (no),,,,,", .failed, "no", ""), ("expired (too old)", .failed, "too old", ""),
        ("SOFTBOUNCE (host said: 550)", .deferred, "host said: 550", ""),
    ])
    func readsAnAttempt(_ end: String, _ outcome: DeliveryOutcome, _ reply: String, _ next: String) throws {
        let line =
            "4ACE1F02B3: to=<\"a, b>\"@example.org>, orig_to=<sales@example.org>, relay=mx.example.org[192.0.2.25]:25, conn_use=2, delay=0.3, delays=0.1/0/0.1/0.1, tls=dane, dsn=2.0.0, status=\(end)"
        guard case .fact(.attempted(let attempt)) = read(PostfixLog(), "postfix/smtp", line) else {
            Issue.record("no attempt")
            return
        }
        #expect(text(line, attempt.recipients.place) == "<\"a, b>\"@example.org>")
        #expect(text(line, attempt.original) == "sales@example.org")
        #expect(text(line, attempt.relay) == "mx.example.org[192.0.2.25]:25")
        #expect(text(line, attempt.delay) == "0.3")
        #expect(attempt.status == EnhancedStatus(2, 0, 0))
        #expect(attempt.outcome == outcome)
        #expect(text(line, attempt.reply) == reply)
        #expect(text(line, attempt.nextQueueID) == next)
    }

    @Test func readsARefusal() throws {
        let line =
            "NOQUEUE: reject: RCPT from pc.example.net[192.0.2.7]: 450 4.7.1 <x@example.org>: Sending limit reached: 60 per hour; try again in 3 min; from=<ann@example.net> to=<x@example.org> proto=ESMTP helo=<pc> sasl_username=<ann>"
        guard case .fact(.refused(let refusal)) = read(PostfixLog(), "postfix/smtpd", line) else {
            Issue.record("no refusal")
            return
        }
        #expect(refusal.action == .reject && refusal.stage == .rcpt && refusal.queueID.isEmpty)
        #expect(text(line, refusal.client.address) == "192.0.2.7")
        #expect(refusal.code == 450 && refusal.status == EnhancedStatus(4, 7, 1))
        #expect(text(line, refusal.reply) == "<x@example.org>: Sending limit reached: 60 per hour; try again in 3 min")
        #expect(text(line, refusal.sender) == "ann@example.net")
        #expect(text(line, refusal.recipient) == "x@example.org")
        #expect(text(line, refusal.helo) == "pc")
        #expect(text(line, refusal.login) == "ann")
    }

    @Test func aHeloNameIsNoSender() throws {
        let line =
            "NOQUEUE: reject: RCPT from pc[192.0.2.7]: 550 5.7.1 no; from=<a@example.net> to=<x@example.org> proto=ESMTP helo=<; from=<victim@example.net> to=<y@example.org>"
        guard case .fact(.refused(let refusal)) = read(PostfixLog(), "postfix/smtpd", line) else {
            Issue.record("no refusal")
            return
        }
        #expect(text(line, refusal.sender) == "a@example.net")
        #expect(text(line, refusal.recipient) == "x@example.org")
    }

    @Test(arguments: [
        (
            "NOQUEUE: milter-reject: CONNECT from pc[192.0.2.7]: 451 4.7.1 later; proto=SMTP", RefusalAction.reject,
            Stage?.some(.connect)
        ),
        (
            "4ACE1F02B3: reject: BDAT from pc[192.0.2.7]: 550 5.5.3 <DATA>: no; from=<> to=<x@example.org> proto=ESMTP helo=<pc>",
            .reject, .data
        ),
        ("NOQUEUE: reject: VRFY from pc[192.0.2.7]: 454 4.7.1 <x>: no; to=<x> proto=SMTP helo=<pc>", .reject, nil),
        (
            "NOQUEUE: reject_warning: RCPT from pc[192.0.2.7]: 553 5.7.1 no; from=<a@example.net> to=<x@example.org>",
            .warn, .rcpt
        ),
        (
            "NOQUEUE: hold: RCPT from pc[192.0.2.7]: <x@example.org>: Recipient address Weir: limit; from=<a@example.net> to=<x@example.org>",
            .hold, .rcpt
        ),
        (
            "NOQUEUE: discard: MAIL from pc[192.0.2.7]: <a@example.net>: Sender address; from=<a@example.net> proto=ESMTP helo=<pc>",
            .discard, .mail
        ),
        (
            "proxy-reject: END-OF-MESSAGE: 554 5.7.0 no; from=<> to=<x@example.org> proto=SMTP helo=<pc>", .reject,
            .endOfMessage
        ),
    ])
    func readsActions(_ line: String, _ action: RefusalAction, _ stage: Stage?) throws {
        guard case .fact(.refused(let refusal)) = read(PostfixLog(), "postfix/smtpd", line) else {
            Issue.record("no refusal: \(line)")
            return
        }
        #expect(refusal.action == action && refusal.stage == stage)
    }

    @Test func readsALoginFailure() throws {
        let line =
            "warning: unknown[192.0.2.7]:4711: SASL PLAIN authentication failed: (reason unavailable), sasl_username=x, sasl_username=ann@example.net"
        guard case .fact(.loginFailed(let failure)) = read(PostfixLog(), "postfix/smtpd", line) else {
            Issue.record("no failure")
            return
        }
        #expect(text(line, failure.client.address) == "192.0.2.7" && failure.client.port == 4711)
        #expect(text(line, failure.login) == "ann@example.net")
        #expect(text(line, failure.method) == "PLAIN")
    }

    @Test func aHeaderCheckNamesItsClient() throws {
        let line =
            "4ACE1F02B3: reject: header Subject: mail from nobody[192.0.2.99] from pc.example.net[192.0.2.7]; from=<a@example.net> to=<x@example.org> proto=ESMTP helo=<pc>: 5.7.1 no such mail"
        guard case .fact(.refused(let refusal)) = read(PostfixLog(), "postfix/cleanup", line) else {
            Issue.record("no refusal")
            return
        }
        #expect(text(line, refusal.client.address) == "192.0.2.7")
        #expect(refusal.stage == .endOfMessage && refusal.status == EnhancedStatus(5, 7, 1))
        #expect(text(line, refusal.reply) == "no such mail")
    }
}
