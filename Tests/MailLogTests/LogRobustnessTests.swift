// Anything at all as a log: counted, never fatal, and never told in a wrong order.

import MailTypes
import Testing

@testable import MailLog

@Suite struct LogRobustnessTests {
    /// Lines that between them pass through every parser.
    private static let seeds = [
        "Jan  5 09:00:00 mx1 postfix/smtpd[811]: 4ACE1F02B3: client=pc.example.net[192.0.2.7]:4711, sasl_method=PLAIN, sasl_username=ann, orig_queue_id=99ACE1F0, orig_client=x[192.0.2.8]",
        "Jan  5 09:00:00 mx1 postfix/cleanup[811]: 4ACE1F02B3: message-id=<1@example.net>",
        "Jan  5 09:00:00 mx1 postfix/cleanup[811]: 4ACE1F02B3: reject: header Subject: x from pc[192.0.2.7]; from=<a@example.net> to=<b@example.org> proto=ESMTP helo=<pc>: 5.7.1 no",
        "Jan  5 09:00:00 mx1 postfix/qmgr[9]: 4ACE1F02B3: from=<ann@example.net>, size=810, nrcpt=2 (queue active)",
        "Jan  5 09:00:00 mx1 postfix/smtp[813]: 4ACE1F02B3: to=<bob@example.org>, orig_to=<x@example.org>, relay=127.0.0.1[127.0.0.1]:25, delay=2, delays=1/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 5BDF2013C4)",
        "Jan  5 09:00:00 mx1 postfix/bounce[813]: 4ACE1F02B3: sender non-delivery notification: 5BDF2013C4",
        "Jan  5 09:00:00 mx1 postfix/pickup[813]: 5BDF2013C4: uid=0 from=<ann@example.net> orig_id=4ACE1F02B3",
        "Jan  5 09:00:00 mx1 postfix/qmgr[9]: 4ACE1F02B3: removed",
        "Jan  5 09:00:00 mx1 postfix/smtpd[811]: NOQUEUE: reject: RCPT from pc[192.0.2.7]: 550 5.7.1 <x@example.org>: no; from=<a@example.net> to=<x@example.org> proto=ESMTP helo=<pc> sasl_username=<ann>",
        "Jan  5 09:00:00 mx1 postfix/smtpd[811]: proxy-accept: END-OF-MESSAGE: 250 Ok: queued as 5BDF2013C4; from=<a@example.net> to=<x@example.org> proto=ESMTP helo=<pc>",
        "Jan  5 09:00:00 mx1 postfix/smtpd[811]: warning: pc[192.0.2.7]: SASL LOGIN authentication failed: no, sasl_username=ann",
        "2026-01-05 09:00:01 +0100 [811] 1RwtJa-000AFB-07 <= ann@example.net H=pc (pc) [192.0.2.7]:4711 P=esmtpsa A=plain:ann S=810 id=1@example.net T=\"a \\\" b\" for b@example.org \"c d\"@example.org",
        "2026-01-05 09:00:01 1RwtJa-000AFB-07 => bob <bob@example.org> R=r T=t H=mx [192.0.2.25]:25 C=\"250 OK id=1RwtJa-000AFC-07\"",
        "2026-01-05 09:00:01 1RwtJa-000AFB-07 ** bob@example.org R=r T=t H=mx [192.0.2.25]: SMTP error: 550 5.1.1 no",
        "2026-01-05 09:00:01 H=pc (rejected) [192.0.2.7] F=<a@example.net> A=x:y temporarily rejected RCPT <x@example.org>: 450 4.7.1 later",
        "2026-01-05 09:00:01 plain authenticator failed for pc (pc) [192.0.2.7]:4711: 535 no (set_id=ann)",
        "Jan  5 09:00:02 mx1 sm-mta[811]: 65A9DMabd000811: from=<ann@example.net>, size=810, class=0, nrcpts=2, msgid=<1@example.net>, proto=ESMTP, daemon=MSA, relay=pc [192.0.2.7]",
        "Jan  5 09:00:02 mx1 sm-mta[811]: 65A9DMabd000811: to=<b@example.org>,<\"c,d\"@example.org>, delay=00:00:01, mailer=esmtp, relay=[127.0.0.1], dsn=2.0.0, stat=Sent (65A9DMabe000811 Message accepted for delivery)",
        "Jan  5 09:00:02 mx1 sm-mta[811]: 65A9DMabd000811: AUTH failure (LOGIN): no, user=ann, relay=pc [192.0.2.7]",
        "Jan  5 09:00:02 mx1 sm-mta[811]: 65A9DMabd000811: ruleset=check_rcpt, arg1=<x@example.org>, relay=pc [192.0.2.7], reject=550 5.7.1 no",
        "Jan  5 09:00:02 mx1 sm-mta[811]: 65A9DMabd000811: Milter: to=<x@example.org>, reject=451 4.7.1 later",
        "{\"__REALTIME_TIMESTAMP\":\"1767604402000000\",\"_HOSTNAME\":\"mx1\",\"SYSLOG_IDENTIFIER\":\"postfix/qmgr\",\"_PID\":\"811\",\"MESSAGE\":[52,65,67,69]}",
        "<22>1 2026-01-05T09:13:22Z mx1 postfix/qmgr 811 id [x@1 a=\"b\"] 4ACE1F02B3: removed",
    ].map { Array($0.utf8) }

    /// Reads bytes to their end; what is told must not go back in time.
    private func survive(_ bytes: [UInt8]) -> MailLogReader {
        var reader = MailLogReader(
            testFile, keys: testKeys,
            bounds: AssemblerBounds(horizonSeconds: 300, waitingMax: 50, openMessagesMax: 60, recipientsMax: 5))
        reader.read(bytes.span)
        reader.finish()
        let facts = take(&reader)
        #expect(zip(facts, facts.dropFirst()).allSatisfy { $0.at <= $1.at })
        return reader
    }

    @Test func mutatedLinesAreCounted() {
        var random = SeededGenerator(seed: 11)
        for _ in 0..<400 {
            var log: [UInt8] = []
            for _ in 0..<40 {
                var line = Self.seeds.randomElement(using: &random)!
                for _ in 0..<Int.random(in: 0...3, using: &random) where !line.isEmpty {
                    let place = Int.random(in: 0..<line.count, using: &random)
                    switch Int.random(in: 0..<4, using: &random) {
                    case 0: line[place] = UInt8.random(in: 0...255, using: &random)
                    case 1: line.removeSubrange(place...)
                    case 2: line.remove(at: place)
                    default: line.insert(contentsOf: Self.seeds.randomElement(using: &random)!.suffix(20), at: place)
                    }
                }
                log += line + [10]
            }
            let reader = survive(log)
            // A mutation may itself be a newline.
            #expect(reader.lines.census.lines >= 40)
        }
    }

    @Test func everyPrefixOfEveryLineIsCounted() {
        for seed in Self.seeds {
            var log: [UInt8] = []
            for end in 0...seed.count { log += seed[..<end] + [10] }
            #expect(survive(log).lines.census.lines == seed.count + 1)
        }
    }

    @Test func everyMessageInEveryRoleIsRead() {
        for seed in Self.seeds {
            for parser in MailLogParsers.builtIn {
                for role in UInt8(0)..<12 {
                    for start in stride(from: 0, to: min(seed.count, 60), by: 3) {
                        let message = Array(seed[start...])
                        if case .notRelevant(let kind) = parser.read(message.span, role: role) {
                            #expect(Int(kind) < parser.kinds.count)
                        }
                    }
                }
            }
        }
    }

    @Test func binaryFilesAreNoLog() {
        var random = SeededGenerator(seed: 12)
        for _ in 0..<20 {
            let bytes = (0..<20_000).map { _ in UInt8.random(in: 0...255, using: &random) }
            let reader = survive(bytes)
            #expect(reader.lines.rows.allSatisfy { $0.category == .noLogLine })
        }
        #expect(survive([UInt8](repeating: 0, count: 200_000)).lines.census.linesCut == 1)
    }

    @Test func aLineOfAMegabyteIsCut() {
        for seed in Self.seeds {
            let reader = survive(seed + [UInt8](repeating: 120, count: 1_000_000) + [10] + seed + [10])
            #expect(reader.lines.census.linesCut == 1 && reader.lines.census.lines == 2)
        }
    }
}
