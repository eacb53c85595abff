// Postfix's access actions and refusals (smtpd(8), cleanup(8), access(5), header_checks(5), postscreen(8)).
//
//     NOQUEUE: reject: RCPT from pc.example.net[192.0.2.7]: 550 5.1.1 <x@example.org>: Recipient address rejected: …;
//       from=<ann@example.net> to=<x@example.org> proto=ESMTP helo=<pc>
//
// Everything in angle brackets is the client's word. Fields are read from the left, behind the first `; from=` or
// `; proto=`, so that a HELO name can't pass for a sender.

import MailTypes

extension PostfixLog {
    /// Reads `reject: RCPT from …` and its kin behind a queue id; `id` is empty for `NOQUEUE`.
    static func readAction(_ m: Span<UInt8>, _ id: Range<Int>, _ rest: Int) -> LineReading {
        let colon = m.firstIndex(of: UInt8(ascii: ":"), from: min(rest, m.count), to: m.count)
        let verb = m.place(rest, max(rest, colon))
        guard colon < m.count else { return readLoss(m, rest) }
        let action: RefusalAction
        if m.isText("reject", verb) || m.isText("milter-reject", verb) || m.isText("proxy-reject", verb) {
            action = .reject
        } else if m.isText("hold", verb) || m.isText("milter-hold", verb) {
            action = .hold
        } else if m.isText("discard", verb) || m.isText("milter-discard", verb) {
            action = .discard
        } else if m.isText("reject_warning", verb) || m.isText("warn", verb) {
            action = .warn
        } else if m.isText("proxy-accept", verb) {
            return proxyAccepted(m, colon)
        } else {
            return otherAction(m, verb, rest)
        }
        return readRefusal(m, id, action, from: colon &+ 2)
    }

    /// Actions that refuse nothing.
    private static func otherAction(_ m: Span<UInt8>, _ verb: Range<Int>, _ rest: Int) -> LineReading {
        if m.has("warning: header", at: rest) || m.has("warning: body", at: rest) || m.has("warning: mime", at: rest)
            || m.has("warning: nested", at: rest) || m.isText("info", verb) || m.isText("replace", verb)
            || m.isText("prepend", verb) || m.isText("ignore", verb) || m.isText("strip", verb)
            || m.isText("pass", verb)
        {
            return .notRelevant(.headerCheck)
        }
        if m.has("milter-", at: rest) || m.has("milter ", at: rest) { return .notRelevant(.milterChange) }
        if m.isText("filter", verb) || m.isText("redirect", verb) || m.isText("bcc", verb) || m.isText("permit", verb)
            || m.isText("permit_auth_destination", verb) || m.isText("delay", verb) || m.isText("reset", verb)
            || m.isText("trace", verb) || m.isText("dunno", verb) || m.isText("status", verb)
        {
            return .notRelevant(.otherAction)
        }
        if m.isText("warning", verb) { return .notRelevant(.warning) }
        if m.isText("fatal", verb) || m.isText("error", verb) { return .notRelevant(.fatal) }
        if m.has("table ", at: rest) || m.has("unreasonable ", at: rest) || m.has("removing ", at: rest)
            || m.has("queue file ", at: rest)
        {
            return .notRelevant(.warning)
        }
        if m.has("lost connection", at: rest) || m.has("timeout ", at: rest) { return readLoss(m, rest) }
        return .notUnderstood
    }

    /// `lost connection after DATA (12 bytes) from …`, `timeout after …`, `too many errors after …`.
    static func readLoss(_ m: Span<UInt8>, _ rest: Int) -> LineReading {
        guard m.has("lost connection", at: rest) || m.has("timeout ", at: rest) || m.has("too many errors", at: rest),
            let after = m.firstIndex(of: " after ", from: rest, to: m.count)
        else { return .notUnderstood }
        let word = after &+ 7
        return .fact(.lost(stage: stage(m, m.place(word, endOfWord(m, from: word)))))
    }

    /// The refusal whose stage stands at `start`.
    private static func readRefusal(
        _ m: Span<UInt8>, _ id: Range<Int>, _ action: RefusalAction, from start: Int
    ) -> LineReading {
        let command = m.place(start, commandEnd(m, from: start))
        var refusal = LoggedRefusalLine(action, stage: stage(m, command))
        refusal.queueID = id
        if m.has("header ", at: start) || m.has("body ", at: start) || m.has("mime", at: start)
            || m.has("nested", at: start) || m.has("milter_header", at: start)
        {
            return readCheck(m, &refusal, from: start)
        }
        var place = command.upperBound
        if m.has(" from ", at: place) {
            place &+= 6
            // postscreen writes `[address]:port`, smtpd `name[address]`; ` from ` in front of either.
            refusal.client = clientPlace(m, at: &place)
        }
        guard place < m.count else { return .fact(.refused(refusal)) }
        if m[place] == UInt8(ascii: ":") { place &+= 1 }
        if place < m.count, m[place] == 32 { place &+= 1 }
        let fields = startOfFields(m, from: place)
        takeReply(m, &refusal, m.place(place, fields))
        takeFields(m, &refusal, fields)
        return .fact(.refused(refusal))
    }

    /// `header Subject: … from name[address]; from=<> to=<> …: text`: a check of cleanup(8), of a whole message.
    private static func readCheck(
        _ m: Span<UInt8>, _ refusal: inout LoggedRefusalLine, from start: Int
    ) -> LineReading {
        refusal.stage = .endOfMessage
        let fields = startOfFields(m, from: start)
        // The header itself may say ` from `; the client's stands last.
        var from = fields
        while from > start, !m.has(" from ", at: from) { from &-= 1 }
        if from > start {
            var place = from &+ 6
            refusal.client = clientPlace(m, at: &place)
        }
        let end = takeFields(m, &refusal, fields)
        if m.has(": ", at: end) { takeReply(m, &refusal, m.place(end &+ 2, m.count)) }
        return .fact(.refused(refusal))
    }

    /// Splits `550 5.7.1 text` into code, status and text.
    private static func takeReply(_ m: Span<UInt8>, _ refusal: inout LoggedRefusalLine, _ given: Range<Int>) {
        var start = given.lowerBound
        if given.count >= 3, let code = m.number(start..<start &+ 3), (200..<600).contains(code),
            given.count == 3 || m[start &+ 3] == 32
        {
            refusal.code = UInt16(code)
            start = min(start &+ 4, given.upperBound)
        }
        if let status = m.enhancedStatus(at: start), start < given.upperBound {
            refusal.status = status
            start = min(m.firstIndex(of: 32, from: start, to: given.upperBound) &+ 1, given.upperBound)
        }
        refusal.reply = m.place(start, max(start, given.upperBound))
    }

    /// Where `; from=<…> to=<…> proto=… helo=<…>` begins; the line's end where it is missing.
    private static func startOfFields(_ m: Span<UInt8>, from start: Int) -> Int {
        var place = start
        while true {
            place = m.firstIndex(of: UInt8(ascii: ";"), from: min(place, m.count), to: m.count)
            guard place < m.count else { return m.count }
            if m.has("; from=", at: place) || m.has("; to=<", at: place) || m.has("; proto=", at: place)
                || m.has("; helo=<", at: place)
            {
                return place
            }
            place &+= 1
        }
    }

    /// Reads the fields that begin at `start`, and returns where they end.
    @discardableResult
    private static func takeFields(_ m: Span<UInt8>, _ refusal: inout LoggedRefusalLine, _ start: Int) -> Int {
        var place = start
        while place < m.count {
            // smtpd separates by spaces, postscreen by commas and spaces.
            while place < m.count, m[place] == 32 || m[place] == UInt8(ascii: ",") || m[place] == UInt8(ascii: ";") {
                place &+= 1
            }
            let equals = m.firstIndex(of: UInt8(ascii: "="), from: place, to: min(place &+ 16, m.count))
            guard equals < m.count, m[equals] == UInt8(ascii: "=") else { return place }
            let name = m.place(place, equals)
            let value = fieldValue(m, from: equals &+ 1)
            let text = m.unbracketed(value)
            // The first holds: the HELO name stands behind sender and recipient, and may look like either.
            if m.isText("from", name), refusal.sender == nil {
                refusal.sender = text
            } else if m.isText("to", name), refusal.recipient == nil {
                refusal.recipient = text
            } else if m.isText("helo", name), refusal.helo.isEmpty {
                refusal.helo = text
            } else if m.isText("sasl_username", name) {
                refusal.login = text
            }
            place = value.upperBound
        }
        return place
    }

    /// A field's value: `<…>` up to the bracket that a field, a colon or the end follows; else a word.
    private static func fieldValue(_ m: Span<UInt8>, from start: Int) -> Range<Int> {
        guard start < m.count, m[start] == UInt8(ascii: "<") else { return m.place(start, endOfWord(m, from: start)) }
        var place = start
        while true {
            place = m.firstIndex(of: UInt8(ascii: ">"), from: place, to: m.count)
            guard place < m.count else { return m.place(start, m.count) }
            place &+= 1
            if place == m.count || m.has(" to=", at: place) || m.has(" proto=", at: place) || m.has(" helo=", at: place)
                || m.has(", ", at: place) || m.has(": ", at: place) || m.has(" sasl_", at: place) || m[place] <= 32
                || m[place] == UInt8(ascii: ",")
            {
                return m.place(start, place)
            }
        }
    }

    /// Where a command's name ends: before ` from `, or at the colon of a line that names no client.
    private static func commandEnd(_ m: Span<UInt8>, from start: Int) -> Int {
        var place = min(start, m.count)
        while place < m.count, m[place] != 32, m[place] != UInt8(ascii: ":") { place &+= 1 }
        return place
    }

    /// The stage that a command's name means.
    static func stage(_ m: Span<UInt8>, _ word: Range<Int>) -> Stage? {
        if m.isText("RCPT", word) { return .rcpt }
        if m.isText("MAIL", word) { return .mail }
        if m.isText("DATA", word) || m.isText("BDAT", word) { return .data }
        if m.isText("END-OF-MESSAGE", word) { return .endOfMessage }
        if m.isText("CONNECT", word) { return .connect }
        if m.isText("EHLO", word) || m.isText("HELO", word) { return .helo }
        return nil
    }

    /// `proxy-accept: END-OF-MESSAGE: 250 2.0.0 from MTA(smtp:[127.0.0.1]:10013): 250 2.0.0 Ok: queued as DF66E940333; …`.
    private static func proxyAccepted(_ m: Span<UInt8>, _ colon: Int) -> LineReading {
        let end = startOfFields(m, from: colon)
        guard let queued = m.firstIndex(of: "queued as ", from: colon, to: end) else {
            return .notRelevant(.otherAction)
        }
        var stop = queued &+ 10
        while stop < end, m[stop] != 32, m[stop] != UInt8(ascii: ")") { stop &+= 1 }
        return .fact(.proxyAccepted(queueID: m.place(queued &+ 10, stop)))
    }
}
