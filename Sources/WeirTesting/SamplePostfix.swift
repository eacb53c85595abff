// A mail server as its log shows it: what Postfix's daemons write for the messages of a sample log, and everything around.

import MailTypes

/// Writes Postfix's lines. They are handed on with their times, in any order.
struct SamplePostfix {
    /// Where a line goes: milliseconds since 1970, and the text behind the host's name.
    typealias Sink = (Int64, String) -> Void

    /// Dice for ids, process numbers and delays.
    var dice: SampleDice
    /// Inodes of queue files, of which the queue ids are made.
    private var inode = 0x60000
    /// Connections so far: each smtpd process serves one at a time.
    private var connections = 0
    /// Process numbers of the daemons that live long.
    private let qmgr = 1204

    /// A mail server from a seed.
    init(seed: UInt64) { dice = SampleDice(seed: seed ^ 0x706f_7374_6669_78) }

    /// A queue id: microseconds and inode in upper-case hexadecimal digits (postconf(5) enable_long_queue_ids).
    private mutating func queueID() -> String {
        inode = inode == 0x9FFFF ? 0x60000 : inode + 1
        let microseconds = String(dice.within(0...999_999), radix: 16, uppercase: true)
        return String(repeating: "0", count: 5 - microseconds.utf8.count) + microseconds
            + String(inode, radix: 16, uppercase: true)
    }

    /// The process that serves a connection.
    private mutating func process() -> Int {
        connections += 1
        return 20_000 + connections % 400
    }

    /// The mail exchanger of an address: its name, address and port.
    private func exchanger(_ address: String) -> String {
        let domain = address.split(separator: "@").last ?? "example.org"
        let number = domain.utf8.reduce(7) { ($0 * 31 + Int($1)) % 65_521 }
        return "mx.\(domain)[203.0.113.\(number % 250 + 1)]:25"
    }

    // MARK: - Submission

    /// A message from a login, from the connection to its removal. Returns what the owner is told: the bounces are mail of
    /// their own.
    mutating func submit(_ mail: SampleMail, login: String, at start: Int64, _ sink: Sink) {
        let process = process()
        let client = "\(mail.client.name)[\(mail.client.address)]"
        let smtpd = "postfix/submission/smtpd[\(process)]: "
        var time = start
        sink(time, "\(smtpd)connect from \(client)")
        time += Int64(dice.within(30...300))
        if dice.chance(930) {
            sink(
                time,
                "\(smtpd)Anonymous TLS connection established from \(client): TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)"
            )
        }
        if dice.chance(4) {
            sink(
                time + 20,
                "\(smtpd)warning: \(client): SASL PLAIN authentication failed: authentication failure, sasl_username=\(login)"
            )
        }
        time += Int64(dice.within(50...900))
        let id = queueID()
        sink(time, "\(smtpd)\(id): client=\(client), sasl_method=PLAIN, sasl_username=\(login)")
        time += Int64(dice.within(20...400))
        carry(mail, id: id, at: time, _: sink)
        time += Int64(dice.within(100...700))
        let count = mail.recipients.count
        sink(
            time,
            "\(smtpd)disconnect from \(client) ehlo=2 starttls=1 auth=1 mail=1 rcpt=\(count) data=1 quit=1 commands=\(count + 6)"
        )
    }

    /// What happens to a message behind the door: cleanup, queue, attempts, bounce, removal.
    private mutating func carry(_ mail: SampleMail, id: String, at start: Int64, _ sink: Sink) {
        let host = mail.sender.split(separator: "@").last ?? "provider.example"
        let messageID = "\(String(dice.random.next(), radix: 16))@\(host)"
        sink(start, "postfix/cleanup[\(30_000 + dice.within(0...9))]: \(id): message-id=<\(messageID)>")
        var active = "\(id): from=<\(mail.sender)>, size=\(mail.bytes), nrcpt=\(mail.recipients.count) (queue active)"
        active = "postfix/qmgr[\(qmgr)]: " + active
        let queued = start + Int64(dice.within(5...60))
        sink(queued, active)
        var last = queued
        var waits = 0
        var hasFailed = false
        for recipient in mail.recipients {
            let smtp = "postfix/smtp[\(31_000 + dice.within(0...60))]: \(id): to=<\(recipient.address)>"
            var at = queued + Int64(dice.within(150...2500))
            if case .deferred(let attempts) = recipient.fate {
                for attempt in 0..<attempts {
                    sink(at, smtp + deferral(recipient, delay: at - start))
                    at += Int64(300 << attempt) * 1000 + Int64(dice.within(0...20_000))
                    if attempt >= waits {
                        waits = attempt + 1
                        sink(at - 400, active)
                    }
                }
            }
            sink(at, smtp + ending(recipient, delay: at - start))
            last = max(last, at)
            switch recipient.fate {
            case .dead, .refused, .full: hasFailed = true
            case .delivered, .deferred: break
            }
        }
        if hasFailed { notify(mail, id: id, at: last + 40, sink) }
        sink(last + 120, "postfix/qmgr[\(qmgr)]: \(id): removed")
    }

    /// The bounce to the reverse-path, a message of its own.
    private mutating func notify(_ mail: SampleMail, id: String, at time: Int64, _ sink: Sink) {
        let bounce = queueID()
        let process = 32_000 + dice.within(0...5)
        sink(
            time,
            "postfix/cleanup[\(30_000 + dice.within(0...9))]: \(bounce): message-id=<\(bounce)@mx1.provider.example>")
        sink(time + 5, "postfix/bounce[\(process)]: \(id): sender non-delivery notification: \(bounce)")
        sink(
            time + 20,
            "postfix/qmgr[\(qmgr)]: \(bounce): from=<>, size=\(dice.within(2500...9000)), nrcpt=1 (queue active)")
        sink(
            time + 90,
            "postfix/lmtp[\(33_000 + dice.within(0...5))]: \(bounce): to=<\(mail.sender)>" + saved(mail.sender))
        sink(time + 100, "postfix/qmgr[\(qmgr)]: \(bounce): removed")
    }

    // MARK: - Attempts

    /// Seconds with two decimals.
    private func seconds(_ milliseconds: Int64) -> String {
        let hundredths = milliseconds / 10 % 100
        return "\(milliseconds / 1000).\(hundredths < 10 ? "0" : "")\(hundredths)"
    }

    /// The fields between recipient and status.
    private mutating func fields(_ relay: String, _ delay: Int64, _ status: String) -> String {
        let connecting = Int64(dice.within(10...400))
        let part = "\(seconds(max(0, delay - connecting)))/0.01/\(seconds(connecting / 2))/\(seconds(connecting / 2))"
        return ", relay=\(relay), delay=\(seconds(max(delay, 50))), delays=\(part), dsn=\(status), status="
    }

    /// A recipient's last attempt.
    private mutating func ending(_ recipient: SampleRecipient, delay: Int64) -> String {
        let mx = exchanger(recipient.address)
        let host = mx.split(separator: ":").first.map(String.init) ?? mx
        switch recipient.fate {
        case .delivered, .deferred:
            return fields(mx, delay, "2.0.0") + "sent (250 2.0.0 Ok: queued as \(queueID()))"
        case .dead:
            let text = dice.one([
                "550 5.1.1 <\(recipient.address)>: Recipient address rejected: User unknown in virtual mailbox table (in reply to RCPT TO command)",
                "550 5.1.1 The email account that you tried to reach does not exist (in reply to RCPT TO command)",
                "550 5.1.1 <\(recipient.address)> recipient unknown (in reply to RCPT TO command)",
            ])
            return fields(mx, delay, "5.1.1") + "bounced (host \(host) said: \(text))"
        case .refused:
            let text = dice.one([
                "550 5.7.1 Message rejected as spam by content filtering (in reply to end of DATA command)",
                "554 5.7.1 This message looks like spam (in reply to end of DATA command)",
                "550 5.7.1 Our system has detected that this message is likely unsolicited mail (in reply to end of DATA command)",
            ])
            return fields(mx, delay, "5.7.1") + "bounced (host \(host) said: \(text))"
        case .full:
            return fields(mx, delay, "5.2.2")
                + "bounced (host \(host) said: 552 5.2.2 Mailbox full (in reply to RCPT TO command))"
        }
    }

    /// An attempt that fails for now.
    private mutating func deferral(_ recipient: SampleRecipient, delay: Int64) -> String {
        let mx = exchanger(recipient.address)
        let host = mx.split(separator: ":").first.map(String.init) ?? mx
        if dice.chance(400) {
            return fields("none", delay, "4.4.1") + "deferred (connect to \(mx): Connection timed out)"
        }
        let text = dice.one([
            "450 4.2.0 <\(recipient.address)>: Recipient address rejected: Greylisted, please try again later (in reply to RCPT TO command)",
            "451 4.3.0 Temporary local problem, try again later (in reply to end of DATA command)",
            "421 4.7.0 Too many connections from this host (in reply to MAIL FROM command)",
        ])
        return fields(mx, delay, "4.2.0") + "deferred (host \(host) said: \(text))"
    }

    /// A delivery into a mailbox of the provider's own.
    private mutating func saved(_ address: String) -> String {
        fields("mail.provider.example[private/dovecot-lmtp]", Int64(dice.within(50...400)), "2.0.0")
            + "sent (250 2.0.0 <\(address)> Saved)"
    }

    // MARK: - Everything else

    /// A message from the internet to one of the provider's mailboxes.
    mutating func receive(for login: String, at start: Int64, _ sink: Sink) {
        let from = SampleNames.address(dice.random.next())
        let domain = from.split(separator: "@").last.map(String.init) ?? "example.org"
        let outside = SampleClient.outside(dice.within(0...3999), name: "out.\(domain)")
        let client = "\(outside.name)[\(outside.address)]"
        let smtpd = "postfix/smtpd[\(process())]: "
        var time = start
        sink(time, "\(smtpd)connect from \(client)")
        time += Int64(dice.within(50...500))
        let id = queueID()
        sink(time, "\(smtpd)\(id): client=\(client)")
        sink(
            time + 30,
            "postfix/cleanup[\(30_000 + dice.within(0...9))]: \(id): message-id=<\(String(dice.random.next(), radix: 16))@\(domain)>"
        )
        sink(
            time + 60,
            "postfix/qmgr[\(qmgr)]: \(id): from=<\(from)>, size=\(dice.within(1200...90_000)), nrcpt=1 (queue active)")
        sink(time + 200, "postfix/lmtp[\(33_000 + dice.within(0...5))]: \(id): to=<\(login)>" + saved(login))
        sink(time + 210, "postfix/qmgr[\(qmgr)]: \(id): removed")
        sink(time + 350, "\(smtpd)disconnect from \(client) ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5")
    }

    /// A connection from the internet that is refused before the queue, or a guess at a password.
    mutating func refuse(login: String, at start: Int64, _ sink: Sink) {
        let outside = SampleClient.outside(dice.within(0...3999), name: "unknown")
        let client = "unknown[\(outside.address)]"
        let envelope =
            "from=<\(SampleNames.address(dice.random.next()))> to=<\(login)> proto=ESMTP helo=<host-\(dice.within(1...99)).test>"
        if dice.chance(300) {
            let smtpd = "postfix/submission/smtpd[\(process())]: "
            sink(start, "\(smtpd)connect from \(client)")
            sink(
                start + 2100,
                "\(smtpd)warning: \(client): SASL LOGIN authentication failed: authentication failure, sasl_username=\(dice.one(["admin", "test", login]))"
            )
            sink(start + 2300, "\(smtpd)disconnect from \(client) ehlo=1 auth=0/1 rset=1 quit=1 commands=3/4")
            return
        }
        let smtpd = "postfix/smtpd[\(process())]: "
        sink(start, "\(smtpd)connect from \(client)")
        if dice.chance(200) {
            sink(
                start + 10, "\(smtpd)warning: hostname host.example.org does not resolve to address \(outside.address)")
        }
        let refusal = dice.one([
            "554 5.7.1 Service unavailable; Client host [\(outside.address)] blocked using zone.dnsbl.example",
            "550 5.1.1 <nobody@provider.example>: Recipient address rejected: User unknown in virtual mailbox table",
            "454 4.7.1 <x@example.org>: Relay access denied",
            "450 4.7.25 Client host rejected: cannot find your hostname, [\(outside.address)]",
        ])
        sink(start + 300, "\(smtpd)NOQUEUE: reject: RCPT from \(client): \(refusal); \(envelope)")
        if dice.chance(300) {
            sink(start + 500, "\(smtpd)lost connection after RCPT from \(client)")
        }
        sink(start + 600, "\(smtpd)disconnect from \(client) ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4")
    }

    /// What a mail host writes beside: statistics, other programs, the nightly report of cron.
    mutating func murmur(hour: SampleHour, at start: Int64, _ sink: Sink) {
        let second = Int64(1000)
        func moment(_ dice: inout SampleDice) -> Int64 { start + Int64(dice.within(0...3590)) * second }
        for _ in 0..<2 {
            let at = moment(&dice)
            let address = SampleClient.outside(dice.within(0...3999), name: "").address
            sink(
                at,
                "postfix/anvil[4410]: statistics: max connection rate \(dice.within(1...9))/60s for (smtp:\(address)) at Jan  5 09:00:00"
            )
            sink(
                at,
                "postfix/anvil[4410]: statistics: max connection count \(dice.within(1...4)) for (smtp:\(address)) at Jan  5 09:00:00"
            )
            sink(at, "postfix/anvil[4410]: statistics: max cache size \(dice.within(1...20)) at Jan  5 09:00:00")
        }
        sink(moment(&dice), "postfix/scache[4411]: statistics: start interval Jan  5 09:00:00")
        sink(
            moment(&dice),
            "dovecot: imap-login: Login: user=<ann.adler@provider.example>, method=PLAIN, rip=10.0.0.9, TLS")
        sink(moment(&dice), "opendkim[611]: key retrieval failed (s=s1, d=firm-7.example)")
        sink(moment(&dice), "postfix/smtp[31007]: connect to mx.firm-3.example[203.0.113.77]:25: Connection timed out")
        guard hour.hour == 4 else { return }
        let at = moment(&dice)
        let id = queueID()
        sink(at, "postfix/pickup[7001]: \(id): uid=0 from=<root>")
        sink(at + 20, "postfix/cleanup[30001]: \(id): message-id=<\(id)@mx1.provider.example>")
        sink(
            at + 40, "postfix/qmgr[\(qmgr)]: \(id): from=<root@mx1.provider.example>, size=1911, nrcpt=1 (queue active)"
        )
        sink(
            at + 90,
            "postfix/lmtp[33001]: \(id): to=<postmaster@provider.example>" + saved("postmaster@provider.example"))
        sink(at + 95, "postfix/qmgr[\(qmgr)]: \(id): removed")
    }
}
