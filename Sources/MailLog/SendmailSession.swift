// Sendmail's lines of sessions: logins, refusals by rulesets and milters, and what tells nothing.

import MailTypes

extension SendmailLog {
    /// `AUTH=server, relay=pc.example.net [192.0.2.7], authid=ann, mech=LOGIN, bits=0`.
    static func readLogin(_ m: Span<UInt8>, _ start: Int) -> LineReading {
        var login = LoggedLoginLine()
        var place = start
        while let (name, value) = field(m, at: &place) {
            if m.isText("relay", name) {
                login.client = relay(m, value).client
            } else if m.isText("authid", name) {
                login.login = value
            } else if m.isText("mech", name) {
                login.method = value
            }
        }
        return .fact(.loggedIn(login))
    }

    /// `AUTH failure (LOGIN): authentication failure (-13) SASL(-13): …, user=ann, relay=pc.example.net [192.0.2.7]`.
    static func readLoginFailure(_ m: Span<UInt8>, _ start: Int) -> LineReading {
        var failure = LoggedLoginLine()
        let open = start &+ 14
        failure.method = m.place(open, m.firstIndex(of: UInt8(ascii: ")"), from: min(open, m.count), to: m.count))
        // The client words the login: the last relay is Sendmail's own.
        var end = m.count
        var search = start
        while let found = m.firstIndex(of: ", relay=", from: search, to: m.count) {
            end = found
            search = found &+ 8
        }
        if end < m.count { failure.client = relay(m, m.place(end &+ 8, m.count)).client }
        if let user = m.firstIndex(of: ", user=", from: start, to: end) { failure.login = m.place(user &+ 7, end) }
        failure.reason = m.place(min(open, m.count), max(min(open, m.count), end))
        return .fact(.loginFailed(failure))
    }

    /// `ruleset=check_rcpt, arg1=<x@example.org>, relay=pc.example.net [192.0.2.7], reject=550 5.7.1 …`.
    static func readRuleset(_ m: Span<UInt8>, _ id: Range<Int>, _ start: Int) -> LineReading {
        guard let reject = m.firstIndex(of: "reject=", from: start, to: m.count) else {
            if m.firstIndex(of: "discard", from: start, to: m.count) != nil {
                var refusal = LoggedRefusalLine(.discard, stage: nil)
                refusal.queueID = id
                return .fact(.refused(refusal))
            }
            return .notRelevant(SendmailKind.milterChange.rawValue)
        }
        var refusal = LoggedRefusalLine(.reject, stage: nil)
        refusal.queueID = id
        var argument = 0..<0
        var place = start
        while place <= reject, let (name, value) = field(m, at: &place) {
            if m.isText("ruleset", name) {
                refusal.stage = stage(m, value)
            } else if m.isText("arg1", name) {
                argument = m.unbracketed(value)
            } else if m.isText("relay", name) {
                refusal.client = relay(m, value).client
            }
        }
        if refusal.stage == .rcpt { refusal.recipient = argument }
        if refusal.stage == .mail { refusal.sender = argument }
        takeReply(m, &refusal, m.place(reject &+ 7, m.count))
        return .fact(.refused(refusal))
    }

    /// The stage at which a ruleset is asked.
    private static func stage(_ m: Span<UInt8>, _ ruleset: Range<Int>) -> Stage? {
        if m.isText("check_rcpt", ruleset) || m.isText("check_compat", ruleset) { return .rcpt }
        if m.isText("check_mail", ruleset) { return .mail }
        if m.isText("check_relay", ruleset) { return .connect }
        if m.isText("check_data", ruleset) { return .data }
        if m.isText("check_eoh", ruleset) || m.isText("check_header", ruleset) { return .endOfMessage }
        return nil
    }

    /// `Milter: to=<x@example.org>, reject=550 5.7.1 …`, `Milter: data, reject=…`, `milter=weir, quarantine=…`.
    static func readMilter(_ m: Span<UInt8>, _ id: Range<Int>, _ start: Int) -> LineReading {
        if m.firstIndex(of: "quarantine=", from: start, to: m.count) != nil, !id.isEmpty {
            return .fact(.held(queueID: id))
        }
        let reject = m.firstIndex(of: "reject=", from: start, to: m.count)
        let discards = reject == nil && m.firstIndex(of: ", discard", from: start, to: m.count) != nil
        guard reject != nil || discards else { return .notRelevant(SendmailKind.milterChange.rawValue) }
        var refusal = LoggedRefusalLine(discards ? .discard : .reject, stage: nil)
        refusal.queueID = id
        let limit = reject ?? m.count
        if let to = m.firstIndex(of: "to=", from: start, to: limit) {
            refusal.stage = .rcpt
            refusal.recipient = m.unbracketed(address(m, from: to &+ 3))
        } else if let from = m.firstIndex(of: "from=", from: start, to: limit) {
            refusal.stage = .mail
            refusal.sender = m.unbracketed(address(m, from: from &+ 5))
        } else if m.firstIndex(of: "helo=", from: start, to: limit) != nil {
            refusal.stage = .helo
        } else if m.firstIndex(of: "connect", from: start, to: limit) != nil {
            refusal.stage = .connect
        } else {
            refusal.stage = .endOfMessage
        }
        if let reject { takeReply(m, &refusal, m.place(reject &+ 7, m.count)) }
        return .fact(.refused(refusal))
    }

    /// Splits `550 5.7.1 text` into code, status and text.
    static func takeReply(_ m: Span<UInt8>, _ refusal: inout LoggedRefusalLine, _ given: Range<Int>) {
        var start = min(given.lowerBound, m.count)
        if start &+ 4 <= m.count, let code = m.number(start..<start &+ 3), (400..<600).contains(code) {
            refusal.code = UInt16(code)
            start &+= 4
        }
        if let status = m.enhancedStatus(at: start) {
            refusal.status = status
            start = min(m.firstIndex(of: 32, from: start, to: m.count) &+ 1, m.count)
        }
        refusal.reply = m.place(start, m.count)
    }

    /// Other lines of a message: its end, its bounce, its clone, a refused recipient; nil for none of these.
    static func readMessageLine(_ m: Span<UInt8>, _ id: Range<Int>, _ start: Int) -> LineReading? {
        guard !id.isEmpty else { return nil }
        if m.has("done; delay=", at: start) { return .fact(.removed(queueID: id)) }
        if m.has("quarantine=", at: start) { return .fact(.held(queueID: id)) }
        if m.has("lost input channel", at: start) || m.has("timeout waiting for input", at: start)
            || m.has("collect: ", at: start)
        {
            return .fact(.lost(stage: .data))
        }
        if m.has("<", at: start), let text = m.firstIndex(of: ">... ", from: start, to: m.count) {
            var refusal = LoggedRefusalLine(.reject, stage: .rcpt)
            refusal.queueID = id
            refusal.recipient = m.place(start &+ 1, text)
            takeReply(m, &refusal, m.place(text &+ 5, m.count))
            if m.has("User unknown", at: text &+ 5) { refusal.status = EnhancedStatus(5, 1, 1) }
            return .fact(.refused(refusal))
        }
        let colon = m.firstIndex(of: UInt8(ascii: ":"), from: min(start, m.count), to: m.count)
        let word = m.place(start, max(start, colon))
        guard m.has(": ", at: colon), word.count >= 12, word.count <= QueueID.bytesMax else { return nil }
        for place in word where m[place] &- 48 > 9 && (m[place] | 0x20) &- 97 > 25 { return nil }
        if m.has("clone", at: colon &+ 2) { return .fact(.continued(queueID: id, child: word)) }
        return .fact(.notified(queueID: id, child: word))
    }

    /// What tells nothing, by kind.
    static func readKind(_ m: Span<UInt8>, _ start: Int) -> LineReading {
        let kind: SendmailKind
        if m.has("---", at: start) || m.has("<-- ", at: start) || m.has("--> ", at: start) {
            kind = .trace
        } else if m.has("STARTTLS", at: start) || m.has("TLS", at: start) || m.has("AUTH=client", at: start) {
            kind = .tls
        } else if m.has("Milter", at: start) || m.has("milter", at: start) {
            kind = .milterChange
        } else if m.has("rejecting commands", at: start) || found(m, start, "possible SMTP attack")
            || found(m, start, "[rejected]") || found(m, start, "vrfy ") || found(m, start, "VRFY ")
            || found(m, start, "too many ") || m.has("probable open proxy", at: start)
        {
            kind = .protocolError
        } else if found(m, start, "did not issue") || m.has("connect from", at: start)
            || found(m, start, "lost input channel") || m.has("Connection", at: start) || m.has("[", at: start)
        {
            kind = .connection
        } else if m.has("SYSERR", at: start) || m.has("Authentication-Warning", at: start)
            || m.has("Losing ", at: start) || m.has("Warning", at: start) || m.has("savemail", at: start)
            || m.has("error", at: start) || m.has("timeout", at: start) || m.has("cannot ", at: start)
            || m.has("NOQUEUE: SYSERR", at: 0) || m.has("locked", at: start) || m.has("discarded", at: start)
            || m.has("Truncated", at: start) || m.has("truncated", at: start)
        {
            kind = .warning
        } else if m.has("starting daemon", at: start) || m.has("started as", at: start)
            || m.has("restarting", at: start)
            || m.has("stopping daemon", at: start) || m.has("runqueue", at: start) || m.has("rejecting new", at: start)
            || m.has("accepting new", at: start) || m.has("grew WorkList", at: start)
            || m.has("rejecting conn", at: start)
            || m.has("accepting conn", at: start)
        {
            kind = .daemon
        } else if m.has("alias", at: start) || m.has("forward", at: start) || m.has("expanded", at: start) {
            kind = m.has("alias database", at: start) ? .database : .aliases
        } else if found(m, start, " aliases, longest") || found(m, start, "database") || found(m, start, "newaliases") {
            kind = .database
        } else {
            return .notUnderstood
        }
        return .notRelevant(kind.rawValue)
    }

    /// True where the line holds a text.
    private static func found(_ m: Span<UInt8>, _ start: Int, _ text: StaticString) -> Bool {
        m.firstIndex(of: text, from: start, to: m.count) != nil
    }
}
