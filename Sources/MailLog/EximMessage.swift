// Exim's lines of messages: arrival, delivery, failure, deferral (Exim spec §53.7 to §53.11).

import MailTypes

extension EximLog {
    /// `<= sender H=… U=… P=… A=… S=… id=… T="…" from <…> for a b c`.
    ///
    /// Fields are read one by one, since a quoted one (the subject) may hold any words. `for` stands last.
    static func readArrival(_ m: Span<UInt8>, _ id: Range<Int>, _ start: Int) -> LineReading {
        var arrival = LoggedArrival(queueID: id, origin: .local)
        arrival.isAccepted = true
        let senderEnd = endOfAddress(m, from: start)
        arrival.sender = m.unbracketed(m.place(start, senderEnd))
        var place = senderEnd
        while place < m.count {
            if m[place] == 32 {
                place &+= 1
                continue
            }
            if m.has("for ", at: place) {
                arrival.recipients = LoggedAddresses(m.place(place &+ 4, m.count), separatedBy: 32)
                break
            }
            guard place &+ 1 < m.count else { break }
            if m[place &+ 1] == UInt8(ascii: "=") {
                place = take(&arrival, m, m[place], place &+ 2)
            } else if m.has("id=", at: place) {
                let end = endOfValue(m, from: place &+ 3)
                arrival.messageID = m.unbracketed(m.place(place &+ 3, end))
                place = end
            } else {
                place = endOfField(m, from: place)
            }
        }
        if arrival.sender?.isEmpty == true || m.isText("<>", m.place(start, senderEnd)) {
            arrival.sender = 0..<0
            if !arrival.parent.isEmpty { arrival.origin = .notification }
        } else if !arrival.parent.isEmpty {
            arrival.origin = .derived
        }
        return .fact(.arrived(arrival))
    }

    /// Takes a field whose name is one letter and whose value stands at `start`; returns where it ends.
    private static func take(_ arrival: inout LoggedArrival, _ m: Span<UInt8>, _ letter: UInt8, _ start: Int) -> Int {
        let end = endOfValue(m, from: start)
        switch letter {
        case UInt8(ascii: "H"):
            var place = start
            (arrival.client, arrival.helo) = host(m, at: &place)
            arrival.origin = .session
            return max(place, start)
        case UInt8(ascii: "U"):
            arrival.user = m.place(start, end)
        case UInt8(ascii: "P"):
            // `esmtpsa`: `s` for TLS, `a` for authentication.
            if m.firstIndex(of: "smtps", from: start, to: end) != nil { arrival.isEncrypted = true }
            if m.has("local", at: start) { arrival.origin = .local }
        case UInt8(ascii: "X"):
            arrival.isEncrypted = true
        case UInt8(ascii: "A"):
            let colon = m.firstIndex(of: UInt8(ascii: ":"), from: start, to: end)
            arrival.method = m.place(start, colon)
            if colon < end { arrival.login = m.place(colon &+ 1, end) }
        case UInt8(ascii: "S"):
            arrival.byteCount = m.number(start..<end) ?? -1
        case UInt8(ascii: "R"):
            arrival.parent = m.place(start, end)
        default: break
        }
        return end
    }

    /// `=> address <original> R=… T=… H=… C="…"`, `** address …: reason`, `== address … defer (-44): reason`.
    static func readAttempt(
        _ m: Span<UInt8>, _ id: Range<Int>, _ start: Int, _ outcome: DeliveryOutcome
    ) -> LineReading {
        // A pipe's or file's name may hold spaces; the original address stands in brackets behind it.
        var end = endOfAddress(m, from: start)
        if end > start, m[end &- 1] == UInt8(ascii: ":"), outcome == .failed { end &-= 1 }
        var attempt = LoggedAttempt(
            queueID: id, recipients: LoggedAddresses(one: m.place(start, end)), outcome: outcome)
        var place = end
        let limit = startOfReason(m, from: end)
        while place < limit {
            if m[place] == 32 {
                place &+= 1
            } else if m[place] == UInt8(ascii: "<"), attempt.original.isEmpty, attempt.relay.isEmpty {
                let close = m.firstIndex(of: UInt8(ascii: ">"), from: place, to: limit)
                attempt.original = m.place(place &+ 1, close)
                place = close &+ 1
            } else if m.has("H=", at: place) {
                let relay = place &+ 2
                var next = relay
                _ = host(m, at: &next)
                place = min(max(next, relay), limit)
                attempt.relay = m.place(relay, place)
            } else {
                place = endOfField(m, from: place)
            }
        }
        if let confirmation = m.firstIndex(of: " C=\"", from: end, to: m.count), outcome == .delivered {
            let close = endOfValue(m, from: confirmation &+ 3)
            attempt.reply = m.place(confirmation &+ 4, max(confirmation &+ 4, close &- 1))
            attempt.status = status(m, attempt.reply, outcome)
            attempt.nextQueueID = nextQueueID(m, attempt.reply)
        } else if outcome != .delivered {
            attempt.reply = m.place(min(limit, m.count), m.count)
            attempt.status = status(m, attempt.reply, outcome)
        }
        return .fact(.attempted(attempt))
    }

    /// Where the reason of a failure or deferral begins: behind `: ` after the fields.
    private static func startOfReason(_ m: Span<UInt8>, from start: Int) -> Int {
        var place = start
        while place < m.count {
            place = m.firstIndex(of: UInt8(ascii: ":"), from: place, to: m.count)
            if place &+ 1 < m.count, m[place &+ 1] == 32 { return place &+ 2 }
            if place < m.count { place &+= 1 }
        }
        return m.count
    }

    /// The enhanced status in a reason: behind the reply code that speaks for the outcome, `: 550 5.1.1 …`.
    private static func status(_ m: Span<UInt8>, _ reply: Range<Int>, _ outcome: DeliveryOutcome) -> EnhancedStatus? {
        let wanted: UInt8
        switch outcome {
        case .delivered: wanted = 50
        case .deferred: wanted = 52
        case .failed: wanted = 53
        }
        var place = reply.lowerBound
        while place &+ 8 < reply.upperBound {
            if m[place] == wanted,
                place == reply.lowerBound || m[place &- 1] == 32 || m[place &- 1] == UInt8(ascii: "n"),
                m[place &+ 1] &- 48 <= 9, m[place &+ 2] &- 48 <= 9, m[place &+ 3] == 32 || m[place &+ 3] == 45,
                let status = m.enhancedStatus(at: place &+ 4), status.class == wanted &- 48
            {
                return status
            }
            place &+= 1
        }
        return nil
    }

    /// The queue id in the next hop's reply: `250 OK id=1RwtJa-000AFB-07`, or Postfix's `queued as 153053D`.
    private static func nextQueueID(_ m: Span<UInt8>, _ reply: Range<Int>) -> Range<Int> {
        var start: Int?
        if let place = m.firstIndex(of: " id=", from: reply.lowerBound, to: reply.upperBound) { start = place &+ 4 }
        if let place = m.firstIndex(of: "queued as ", from: reply.lowerBound, to: reply.upperBound) {
            start = place &+ 10
        }
        guard let start else { return 0..<0 }
        var end = start
        while end < reply.upperBound, m[end] != 32, m[end] != UInt8(ascii: ")") { end &+= 1 }
        return end &- start <= QueueID.bytesMax ? m.place(start, end) : 0..<0
    }
}
