// Exim's lines, one by one.

import MailTypes
import Testing

@testable import MailLog

@Suite struct EximLogTests {
    @Test(arguments: [
        ("1RwtJa-000AFB-07 <= ann@example.net H=pc [192.0.2.7] P=esmtp S=810", "arrived"),
        ("10HmaX-000000005vi-0000 => bob@example.org R=dnslookup T=smtp H=mx [192.0.2.25]", "attempted"),
        ("1RwtJa-000AFB-07 -> bob@example.org R=dnslookup T=smtp", "attempted"),
        ("1RwtJa-000AFB-07 ** bob@example.org: retry timeout exceeded", "attempted"),
        ("1RwtJa-000AFB-07 == bob@example.org R=dnslookup T=smtp defer (111): Connection refused", "attempted"),
        ("1RwtJa-000AFB-07 Completed", "removed"), ("1RwtJa-000AFB-07 Completed QT=2s", "removed"),
        ("1RwtJa-000AFB-07 Frozen (delivery error message)", "[remark on a message]"),
        ("1RwtJa-000AFB-07 mx.example.org [192.0.2.25] Operation timed out", "[remark on a message]"),
        ("1RwtJa-000AFB-07 H=pc [192.0.2.7] F=<a@example.net> rejected after DATA: no", "refused"),
        ("2026-01-05 09:13:22 1RwtJa-000AFB-07 Completed", "removed"), ("[811] 1RwtJa-000AFB-07 Completed", "removed"),
        ("H=pc [192.0.2.7] F=<a@example.net> rejected RCPT <x@example.org>: relay not permitted", "refused"),
        ("H=pc [192.0.2.7] temporarily rejected connection in \"connect\" ACL: slow", "refused"),
        ("H=pc [192.0.2.7] sender verify fail for <a@example.net>: Unrouteable address", "[sender verification]"),
        ("plain_login authenticator failed for (pc) [192.0.2.7]: 535 no (set_id=ann)", "login failed"),
        ("no MAIL in SMTP connection from pc [192.0.2.7] D=0s", "[SMTP connection]"),
        (
            "SMTP protocol error in \"AUTH LOGIN\" H=(x) [192.0.2.7] AUTH command used when not advertised",
            "[client's protocol error]"
        ),
        ("Start queue run: pid=811", "[queue run]"), ("exim 4.96 daemon started: pid=811", "[daemon]"),
        ("TLS error on connection from pc [192.0.2.7] (SSL_accept)", "[TLS detail]"),
        ("whatever an access list writes", "[text of the configuration's own]"),
    ])
    func knowsEachKind(_ message: String, _ expected: String) {
        #expect(kind(EximLog(), "exim", message) == expected, "\(message)")
    }

    @Test func readsAnArrival() throws {
        let line =
            "1RwtJa-000AFB-07 <= \"a b\"@example.net H=pc.example.net (my pc) [192.0.2.7]:4711 I=[192.0.2.1]:465 P=esmtpsa X=TLS1.3:X:256 CV=no DN=\"CN=x A=plain:victim\" A=plain_login:ann S=810 id=1@example.net T=\"hello for all H=evil [192.0.2.66] \\\" A=login:eve\" from <a@example.net> for bob@example.org \"c d\"@example.org"
        guard case .fact(.arrived(let arrival)) = read(EximLog(), "exim4", line) else {
            Issue.record("no arrival")
            return
        }
        #expect(text(line, arrival.queueID) == "1RwtJa-000AFB-07")
        #expect(text(line, arrival.sender) == "\"a b\"@example.net")
        #expect(arrival.origin == .session && arrival.isEncrypted && arrival.isAccepted && arrival.byteCount == 810)
        #expect(text(line, arrival.client.name) == "pc.example.net" && text(line, arrival.helo) == "my pc")
        #expect(text(line, arrival.client.address) == "192.0.2.7" && arrival.client.port == 4711)
        #expect(text(line, arrival.login) == "ann" && text(line, arrival.method) == "plain_login")
        #expect(text(line, arrival.messageID) == "1@example.net")
        var place = arrival.recipients?.place.lowerBound ?? 0
        #expect(text(line, arrival.recipients?.next(line.utf8Span.span, at: &place)) == "bob@example.org")
        #expect(text(line, arrival.recipients?.next(line.utf8Span.span, at: &place)) == "\"c d\"@example.org")
        #expect(arrival.recipients?.next(line.utf8Span.span, at: &place) == nil)
    }

    @Test(arguments: [
        ("1RwtJa-000AFB-07 <= root@mx1.example.net U=root P=local S=810", MessageOrigin.local),
        ("1RwtJa-000AFB-07 <= <> R=1RwtJa-000AFA-07 U=Debian-exim P=local S=810", .notification),
        ("1RwtJa-000AFB-07 <= x@example.net R=1RwtJa-000AFA-07 U=ann P=local S=810", .derived),
        ("1RwtJa-000AFB-07 <= <> H=pc [192.0.2.7] P=esmtp S=810", .session),
    ])
    func knowsHowAMessageCame(_ line: String, _ origin: MessageOrigin) throws {
        guard case .fact(.arrived(let arrival)) = read(EximLog(), "exim", line) else {
            Issue.record("no arrival")
            return
        }
        #expect(arrival.origin == origin)
    }

    @Test func readsAttempts() throws {
        for (line, outcome, status, original, reply) in [
            (
                "1RwtJa-000AFB-07 => bob@example.org <sales@example.org> R=dnslookup T=smtp H=mx.example.org [192.0.2.25] X=TLS1.3:X:256 C=\"250 2.1.5 Ok: queued as 153053D\"",
                DeliveryOutcome.delivered, EnhancedStatus?.some(EnhancedStatus(2, 1, 5)), "sales@example.org",
                "250 2.1.5 Ok: queued as 153053D"
            ),
            (
                "1RwtJa-000AFB-07 ** bob@example.org R=dnslookup T=smtp H=mx.example.org [192.0.2.25]: SMTP error from remote mail server after RCPT TO:<bob@example.org>: 550 5.1.1 <bob@example.org>: unknown",
                .failed, EnhancedStatus(5, 1, 1), "",
                "SMTP error from remote mail server after RCPT TO:<bob@example.org>: 550 5.1.1 <bob@example.org>: unknown"
            ),
            (
                "1RwtJa-000AFB-07 == bob@example.org R=dnslookup T=smtp defer (-44): SMTP error: 450 4.7.1 later",
                .deferred, EnhancedStatus(4, 7, 1), "", "SMTP error: 450 4.7.1 later"
            ),
            ("1RwtJa-000AFB-07 ** bob@example.org: retry timeout exceeded", .failed, nil, "", "retry timeout exceeded"),
            ("1RwtJa-000AFB-07 => :blackhole: <bob@example.org> R=hole", .delivered, nil, "bob@example.org", ""),
        ] {
            guard case .fact(.attempted(let attempt)) = read(EximLog(), "exim", line) else {
                Issue.record("no attempt")
                continue
            }
            #expect(attempt.outcome == outcome && attempt.status == status, "\(line)")
            #expect(text(line, attempt.original) == original, "\(line)")
            #expect(text(line, attempt.reply) == reply, "\(line)")
        }
    }

    @Test func readsARefusal() throws {
        let line =
            "H=pc.example.net (rejected me) [192.0.2.7]:4711 X=TLS1.2 F=<a@example.net> A=login:ann temporarily rejected RCPT <x@example.org>: 450 4.7.1 Sending limit reached"
        guard case .fact(.refused(let refusal)) = read(EximLog(), "exim", line) else {
            Issue.record("no refusal")
            return
        }
        #expect(refusal.stage == .rcpt && refusal.code == 450 && refusal.status == EnhancedStatus(4, 7, 1))
        #expect(text(line, refusal.client.address) == "192.0.2.7" && text(line, refusal.helo) == "rejected me")
        #expect(text(line, refusal.sender) == "a@example.net" && text(line, refusal.recipient) == "x@example.org")
        #expect(text(line, refusal.login) == "ann")
    }

    @Test func readsALoginFailure() throws {
        let line =
            "dovecot_login authenticator failed for pc.example.net ([192.0.2.66]) [192.0.2.7]:4711 I=[192.0.2.1]:465: 535 Incorrect authentication data (set_id=ann)x)"
        guard case .fact(.loginFailed(let failure)) = read(EximLog(), "exim", line) else {
            Issue.record("no failure")
            return
        }
        #expect(text(line, failure.client.address) == "192.0.2.7" && failure.client.port == 4711)
        #expect(text(line, failure.login) == "ann)x" && text(line, failure.method) == "dovecot_login")
    }
}
