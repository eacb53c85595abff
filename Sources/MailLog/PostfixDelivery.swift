// Postfix's delivery agents: one line for each recipient and attempt (smtp(8), local(8), virtual(8), pipe(8), error(8)).
//
//     4ACE1F02B3: to=<bob@example.org>, orig_to=<sales@example.org>, relay=mx.example.org[192.0.2.25]:25, delay=0.3,
//       delays=0.1/0/0.1/0.1, tls=dane, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 153053D)

import MailTypes

extension PostfixLog {
    /// Reads what a delivery agent says of a message.
    @inline(__always)
    static func readDelivery(_ m: Span<UInt8>, _ id: Range<Int>, _ rest: Int) -> LineReading {
        if m.has("to=", at: rest) { return readAttempt(m, id, rest &+ 3) }
        return readDeliveryDetail(m, id, rest)
    }

    /// What stands between the attempts: replies of single hosts, TLS, retries. The attempt's own line follows.
    private static func readDeliveryDetail(_ m: Span<UInt8>, _ id: Range<Int>, _ rest: Int) -> LineReading {
        if m.has("host ", at: rest) || m.has("lost connection", at: rest) || m.has("conversation with", at: rest)
            || m.has("enabling PIX", at: rest) || m.has("SASL authentication failed", at: rest)
            || m.has("Cannot start TLS", at: rest) || m.has("passing <CR><LF>", at: rest)
            || m.has("deferring delivery", at: rest) || m.has("return mail", at: rest)
            || m.has("breaking line", at: rest) || m.has("timeout", at: rest)
        {
            return .notRelevant(.attemptDetail)
        }
        if m.has("certificate", at: rest) || m.has("Certificate", at: rest) || m.has("server certificate", at: rest)
            || m.has("TLS", at: rest) || m.has("Server certificate", at: rest) || m.has("depth", at: rest)
        {
            return .notRelevant(.tls)
        }
        if m.has("replace: ", at: rest) || m.has("prepend: ", at: rest) || m.has("ignore: ", at: rest)
            || m.has("warning: header", at: rest) || m.has("strip: ", at: rest) || m.has("warn: ", at: rest)
            || m.has("info: ", at: rest)
        {
            return .notRelevant(.headerCheck)
        }
        if m.has("warning: ", at: rest) { return .notRelevant(.warning) }
        if m.has("fatal: ", at: rest) { return .notRelevant(.fatal) }
        // A recipient without `to=`, as some tools cut it: `bob@example.org, relay=…, status=deferred (…)`.
        if m.firstIndex(of: ", status=", from: rest, to: m.count) != nil { return readAttempt(m, id, rest) }
        return .notUnderstood
    }

    /// The fields of an attempt, whose recipient stands at `start`.
    @inline(__always)
    private static func readAttempt(_ m: Span<UInt8>, _ id: Range<Int>, _ start: Int) -> LineReading {
        let recipient = address(m, from: start)
        var attempt = LoggedAttempt(queueID: id, recipients: LoggedAddresses(one: recipient), outcome: .delivered)
        var place = recipient.upperBound
        while place &+ 2 < m.count, m[place] == UInt8(ascii: ",") {
            var name = place &+ 1
            // A space; tools that made a table of the log may have put quotes around it.
            while name < m.count, m[name] == 32 || m[name] == UInt8(ascii: "\"") { name &+= 1 }
            // Field names are short words: `=` comes soon, or the line is no list of fields.
            let equals = m.firstIndex(of: UInt8(ascii: "="), from: min(name, m.count), to: min(name &+ 24, m.count))
            let value = equals &+ 1
            guard value < m.count, m[equals] == UInt8(ascii: "=") else { return .notUnderstood }
            switch (equals &- name, m[name]) {
            case (6, UInt8(ascii: "s")):
                return finish(&attempt, m, value)
            case (7, UInt8(ascii: "o")):
                let original = address(m, from: value)
                attempt.original = m.unbracketed(original)
                place = original.upperBound
            case (5, UInt8(ascii: "r")):
                place = m.firstIndex(of: UInt8(ascii: ","), from: value, to: m.count)
                attempt.relay = m.place(value, place)
            case (5, UInt8(ascii: "d")):
                place = m.firstIndex(of: UInt8(ascii: ","), from: value, to: m.count)
                attempt.delay = m.place(value, place)
            case (3, UInt8(ascii: "d")):
                attempt.status = m.enhancedStatus(at: value)
                place = m.firstIndex(of: UInt8(ascii: ","), from: value, to: m.count)
            default:
                place = m.firstIndex(of: UInt8(ascii: ","), from: value, to: m.count)
            }
        }
        return .notUnderstood
    }

    /// `sent (250 2.0.0 Ok: queued as 153053D)` at `start`.
    @inline(__always)
    private static func finish(_ attempt: inout LoggedAttempt, _ m: Span<UInt8>, _ start: Int) -> LineReading {
        if m.has("sent", at: start) {
            attempt.outcome = .delivered
        } else if m.has("deferred", at: start) || m.has("SOFTBOUNCE", at: start) {
            attempt.outcome = .deferred
        } else if m.has("bounced", at: start) || m.has("expired", at: start) {
            attempt.outcome = .failed
        } else if m.has("deliverable", at: start) || m.has("undeliverable", at: start) {
            return .fact(.probed(queueID: attempt.queueID))
        } else {
            return .notUnderstood
        }
        let open = m.firstIndex(of: UInt8(ascii: "("), from: start, to: min(start &+ 16, m.count))
        if open < m.count, m[open] == UInt8(ascii: "(") {
            let close = m.lastIndex(of: UInt8(ascii: ")"), in: m.place(open, m.count)) ?? m.count
            attempt.reply = m.place(open &+ 1, close)
            if attempt.outcome == .delivered { attempt.nextQueueID = nextQueueID(m, attempt.reply) }
        }
        return .fact(.attempted(attempt))
    }

    /// The queue id in a next hop's reply: `250 2.0.0 Ok: queued as 153053D`, of local(8) `forwarded as 153053D`.
    private static func nextQueueID(_ m: Span<UInt8>, _ reply: Range<Int>) -> Range<Int> {
        // The id is the last word: ` as ` stands before it.
        guard let space = m.lastIndex(of: 32, in: reply), space >= reply.lowerBound &+ 9, m.has("ed as", at: space &- 5)
        else { return 0..<0 }
        return reply.upperBound &- space &- 1 <= QueueID.bytesMax ? m.place(space &+ 1, reply.upperBound) : 0..<0
    }
}
