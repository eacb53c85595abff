// Exim's refusals at the door, and failed logins (Exim spec §53.6, §53.15).
//
//     H=pc.example.net (pc) [192.0.2.7]:4711 F=<ann@example.net> rejected RCPT <x@example.org>: relay not permitted
//     plain_login authenticator failed for pc.example.net (pc) [192.0.2.7]:4711: 535 Incorrect authentication data (set_id=ann)
//
// Exim does not log the reply code of a rejection: it is 550, and 451 where it says `temporarily`.

import MailTypes

extension EximLog {
    /// A refusal; nil where the line is none.
    static func readRefusal(_ m: Span<UInt8>, _ start: Int, id: Range<Int>) -> LoggedRefusalLine? {
        guard let verb = verb(m, start) else { return nil }
        var refusal = LoggedRefusalLine(.reject, stage: nil)
        refusal.queueID = id
        let isTemporary = verb >= start &+ 12 && m.has("temporarily ", at: verb &- 12)
        refusal.code = isTemporary ? 451 : 550
        takeFields(m, &refusal, m.place(start, isTemporary ? verb &- 12 : verb))
        let what = verb &+ 9
        if m.has("RCPT ", at: what) {
            refusal.stage = .rcpt
            let end = recipientEnd(m, from: what &+ 5)
            refusal.recipient = m.unbracketed(m.place(what &+ 5, end))
        } else if m.has("MAIL", at: what) || m.has("from <", at: what) {
            refusal.stage = .mail
        } else if m.has("after DATA", at: what) || m.has("by local_scan", at: what) || m.has("during", at: what)
            || m.has("by non-SMTP", at: what) || m.has("after PRDR", at: what)
        {
            refusal.stage = .endOfMessage
        } else if m.has("DATA", at: what) || m.has("BDAT", at: what) || m.has("\"DATA", at: what) {
            refusal.stage = .data
        } else if m.has("EHLO", at: what) || m.has("HELO", at: what) {
            refusal.stage = .helo
        } else if m.has("connection", at: what) {
            refusal.stage = .connect
        } else if !isCommand(m, what) {
            return nil
        }
        let from = refusal.recipient.map { $0.upperBound } ?? what
        if let colon = m.firstIndex(of: ": ", from: min(from, m.count), to: m.count) {
            refusal.reply = m.place(colon &+ 2, m.count)
            // A text that a rule took from elsewhere may begin with its own codes.
            if let code = m.number(colon &+ 2..<min(colon &+ 5, m.count)), (400..<600).contains(code) {
                refusal.code = UInt16(code)
                refusal.status = m.enhancedStatus(at: colon &+ 6)
            } else {
                refusal.status = m.enhancedStatus(at: colon &+ 2)
            }
        }
        return refusal
    }

    /// The place of `rejected `, outside the client's own words: behind the fields.
    private static func verb(_ m: Span<UInt8>, _ start: Int) -> Int? {
        var place = start
        while place < m.count {
            if m.has("rejected ", at: place), place == start || m[place &- 1] == 32 { return place }
            let end = endOfField(m, from: place)
            // A parenthesised HELO name and a bracketed address are passed over as one.
            if place < end, m[place] == UInt8(ascii: "(") || m.has("H=(", at: place) {
                place = (m.firstIndex(of: ") ", from: place, to: m.count) ?? end) &+ 2
            } else {
                place = end &+ 1
            }
        }
        return nil
    }

    /// A command in upper case: AUTH, VRFY, EXPN, ETRN, STARTTLS, XCLIENT, or one in quotes.
    private static func isCommand(_ m: Span<UInt8>, _ start: Int) -> Bool {
        guard start &+ 2 < m.count else { return false }
        if m[start] == UInt8(ascii: "\"") { return true }
        return m[start] &- 65 <= 25 && m[start &+ 1] &- 65 <= 25 && m[start &+ 2] &- 65 <= 25
    }

    /// Where a recipient ends: behind its bracket, or at the colon or space of one without.
    private static func recipientEnd(_ m: Span<UInt8>, from start: Int) -> Int {
        guard start < m.count else { return m.count }
        if m[start] == UInt8(ascii: "<") {
            return min(m.firstIndex(of: UInt8(ascii: ">"), from: start, to: m.count) &+ 1, m.count)
        }
        var end = endOfAddress(m, from: start)
        if end > start, m[end &- 1] == UInt8(ascii: ":") { end &-= 1 }
        return end
    }

    /// `H=`, `F=`, `A=` in front of the verb.
    private static func takeFields(_ m: Span<UInt8>, _ refusal: inout LoggedRefusalLine, _ range: Range<Int>) {
        var place = range.lowerBound
        while place < range.upperBound {
            if m[place] == 32 {
                place &+= 1
            } else if m.has("H=", at: place) {
                let from = place &+ 2
                place = from
                (refusal.client, refusal.helo) = host(m, at: &place)
                place = max(place, from)
            } else if m.has("F=", at: place) {
                let end = endOfAddress(m, from: place &+ 2)
                refusal.sender = m.unbracketed(m.place(place &+ 2, end))
                place = end
            } else if m.has("A=", at: place) {
                let end = endOfValue(m, from: place &+ 2)
                let colon = m.firstIndex(of: UInt8(ascii: ":"), from: place, to: end)
                if colon < end { refusal.login = m.place(colon &+ 1, end) }
                place = end
            } else {
                place = endOfField(m, from: place)
            }
        }
    }

    /// A failed login; nil where the line is none.
    static func readLoginFailure(_ m: Span<UInt8>, _ start: Int) -> LoggedLoginLine? {
        let space = m.firstIndex(of: 32, from: min(start, m.count), to: m.count)
        guard m.has(" authenticator failed for ", at: space) else { return nil }
        var failure = LoggedLoginLine()
        failure.method = m.place(start, space)
        var place = space &+ 26
        // `for H=host` in newer versions.
        if m.has("H=", at: place) { place &+= 2 }
        failure.client = host(m, at: &place).client
        let reason = m.firstIndex(of: ": ", from: min(place, m.count), to: m.count).map { $0 &+ 2 } ?? m.count
        failure.reason = m.place(reason, m.count)
        if let set = m.firstIndex(of: "(set_id=", from: reason, to: m.count) {
            // The login is the client's word and may hold a parenthesis: the last one closes.
            let close = m.lastIndex(of: UInt8(ascii: ")"), in: m.place(set, m.count)) ?? m.count
            failure.login = m.place(set &+ 8, max(set &+ 8, close))
        }
        return failure
    }
}
