// Sendmail's lines, one by one.

import MailTypes
import Testing

@testable import MailLog

@Suite struct SendmailLogTests {
    @Test(arguments: [
        (
            "65A9DMabc000811: from=<a@example.net>, size=810, class=0, nrcpts=1, msgid=<1@example.net>, proto=ESMTP, daemon=MTA, relay=pc [192.0.2.7]",
            "arrived"
        ),
        (
            "65A9DMabc000811: to=<b@example.org>, delay=00:00:01, mailer=esmtp, relay=mx [192.0.2.25], dsn=2.0.0, stat=Sent (ok)",
            "attempted"
        ),
        ("65A9DMabc000811: to=<b@example.org>, mailer=esmtp, stat=queued", "[still in the queue]"),
        ("65A9DMabc000811: AUTH=server, relay=pc [192.0.2.7], authid=ann, mech=LOGIN, bits=0", "logged in"),
        (
            "65A9DMabc000811: AUTH failure (LOGIN): authentication failure (-13), user=ann, relay=pc [192.0.2.7]",
            "login failed"
        ),
        ("STARTTLS=server, relay=pc [192.0.2.7], version=TLSv1.3, verify=NO, cipher=X, bits=256/256", "encrypted"),
        ("STARTTLS=client, relay=mx.example.org., version=TLSv1.3", "[TLS detail]"),
        (
            "65A9DMabc000811: ruleset=check_rcpt, arg1=<x@example.org>, relay=pc [192.0.2.7], reject=550 5.7.1 no",
            "refused"
        ),
        (
            "ruleset=check_relay, arg1=pc, arg2=192.0.2.7, relay=pc [192.0.2.7], reject=421 4.3.2 Connection rate limit exceeded.",
            "refused"
        ),
        ("65A9DMabc000811: Milter: data, reject=550 5.7.1 Sending limit reached", "refused"),
        ("65A9DMabc000811: Milter: to=<x@example.org>, reject=451 4.7.1 later", "refused"),
        ("65A9DMabc000811: Milter add: header: X: y", "[milter detail]"),
        ("65A9DMabc000811: milter=weir, quarantine=held by Weir", "held"),
        ("65A9DMabc000811: done; delay=00:00:01, ntries=1", "removed"),
        ("65A9DMabc000811: 65A9DMabd000811: DSN: User unknown", "notified"),
        ("65A9DMabc000811: 65A9DMabd000811: clone: owner=x", "continued"),
        ("65A9DMabc000811: <x@example.org>... User unknown", "refused"),
        ("65A9DMabc000811: lost input channel from pc [192.0.2.7] to MTA after data", "lost connection"),
        (
            "65A9DMabc000811: pc [192.0.2.7] did not issue MAIL/EXPN/VRFY/ETRN during connection to MTA",
            "[SMTP connection]"
        ),
        ("65A9DMabc000811: pc [192.0.2.7]: possible SMTP attack: command=AUTH, count=5", "[client's protocol error]"),
        (
            "65A9DMabc000811: rejecting commands from pc [192.0.2.7] due to pre-greeting traffic",
            "[client's protocol error]"
        ),
        ("starting daemon (8.17.1): SMTP+queueing@00:10:00", "[daemon]"),
        ("65A9DMabc000811: SYSERR(root): cannot open file", "[warning or system error]"),
        ("something that nobody wrote before", "?"),
    ])
    func knowsEachKind(_ message: String, _ expected: String) {
        #expect(kind(SendmailLog(), "sm-mta", message) == expected, "\(message)")
    }

    @Test func readsAnArrival() throws {
        let line =
            "65A9DMabc000811: from=<a, nrcpts=9@example.net>, size=810, class=0, nrcpts=2, msgid=<1@example.net>, bodytype=8BITMIME, proto=ESMTPSA, daemon=MSA, relay=pc.example.net [192.0.2.7] (may be forged)"
        guard case .fact(.arrived(let arrival)) = read(SendmailLog(), "sendmail", line) else {
            Issue.record("no arrival")
            return
        }
        #expect(text(line, arrival.sender) == "a, nrcpts=9@example.net")
        #expect(arrival.recipientCount == 2 && arrival.byteCount == 810 && arrival.origin == .session)
        #expect(
            text(line, arrival.client.name) == "pc.example.net" && text(line, arrival.client.address) == "192.0.2.7")
        #expect(text(line, arrival.messageID) == "1@example.net")
    }

    @Test func readsALocalSubmissionAndItsHandOver() throws {
        let line = "65A9DMabc000811: from=ann, size=80, class=0, nrcpts=1, msgid=<1@example.net>, relay=ann@localhost"
        guard case .fact(.arrived(let arrival)) = read(SendmailLog(), "sendmail", line) else {
            Issue.record("no arrival")
            return
        }
        #expect(arrival.origin == .local && text(line, arrival.user) == "ann")
        let next =
            "65A9DMabc000811: to=b@example.org, ctladdr=ann (1000/1000), delay=00:00:00, xdelay=00:00:00, mailer=relay, pri=30080, relay=[127.0.0.1] [127.0.0.1], dsn=2.0.0, stat=Sent (65A9DMxyz000812 Message accepted for delivery)"
        guard case .fact(.attempted(let attempt)) = read(SendmailLog(), "sendmail", next) else {
            Issue.record("no attempt")
            return
        }
        #expect(text(next, attempt.nextQueueID) == "65A9DMxyz000812")
        #expect(attempt.outcome == .delivered && attempt.status == EnhancedStatus(2, 0, 0))
    }

    @Test(arguments: [
        ("dsn=5.1.1, stat=User unknown", DeliveryOutcome.failed),
        ("dsn=4.0.0, stat=Deferred: Connection refused", .deferred),
        ("dsn=2.0.0, stat=Sent", .delivered), ("dsn=4.4.1, stat=host unreachable", .deferred),
        ("stat=Service unavailable", .failed),
    ])
    func knowsOutcomes(_ end: String, _ outcome: DeliveryOutcome) throws {
        let line =
            "65A9DMabc000811: to=<b@example.org>,<\"c,d\"@example.org>, delay=00:00:01, mailer=esmtp, relay=mx [192.0.2.25], \(end)"
        guard case .fact(.attempted(let attempt)) = read(SendmailLog(), "sm-mta", line) else {
            Issue.record("no attempt")
            return
        }
        #expect(attempt.outcome == outcome)
        var place = attempt.recipients.place.lowerBound
        #expect(text(line, attempt.recipients.next(line.utf8Span.span, at: &place)) == "<b@example.org>")
        #expect(text(line, attempt.recipients.next(line.utf8Span.span, at: &place)) == "<\"c,d\"@example.org>")
        #expect(attempt.recipients.next(line.utf8Span.span, at: &place) == nil)
    }

    @Test func aLoginNameIsNoRelay() throws {
        let line =
            "65A9DMabc000811: AUTH failure (LOGIN): authentication failure (-13) SASL(-13): no, user=x, relay=[192.0.2.66], relay=[192.0.2.7] (may be forged)"
        guard case .fact(.loginFailed(let failure)) = read(SendmailLog(), "sendmail", line) else {
            Issue.record("no failure")
            return
        }
        #expect(text(line, failure.client.address) == "192.0.2.7")
        #expect(text(line, failure.login) == "x, relay=[192.0.2.66]" && text(line, failure.method) == "LOGIN")
    }
}
