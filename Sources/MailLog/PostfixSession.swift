// Postfix lines that no queue id leads: connections, logins, refusals before the queue, and the daemons' own business.

import MailTypes

extension PostfixLog {
    /// Reads a line without a queue id.
    static func readWithoutID(_ m: Span<UInt8>, _ role: PostfixRole) -> LineReading {
        if role == .smtpd || role == .cleanup {
            if m.has("connect from ", at: 0) {
                var place = 13
                return .fact(.connected(clientPlace(m, at: &place)))
            }
            if m.has("disconnect from ", at: 0) {
                var place = 16
                return .fact(.disconnected(clientPlace(m, at: &place)))
            }
            if m.has("warning: ", at: 0) { return readWarning(m) }
            if m.has("NOQUEUE: ", at: 0) {
                if m.has("client=", at: 9) { return .fact(.proxied(client(m, 0..<0, 16))) }
                return readAction(m, 0..<0, 9)
            }
            if m.has("proxy-", at: 0) { return readAction(m, 0..<0, 0) }
            if m.has("lost connection", at: 0) || m.has("timeout ", at: 0) || m.has("too many errors", at: 0) {
                return readLoss(m, 0)
            }
            if isTLSEstablished(m) { return .fact(.encrypted) }
        }
        if role == .postscreen { return readPostscreen(m) }
        return readCommon(m, role)
    }

    /// Lines that any daemon may write.
    private static func readCommon(_ m: Span<UInt8>, _ role: PostfixRole) -> LineReading {
        if m.has("warning: ", at: 0) { return .notRelevant(.warning) }
        if m.has("fatal: ", at: 0) || m.has("error: ", at: 0) || m.has("panic: ", at: 0) { return .notRelevant(.fatal) }
        if m.has("statistics: ", at: 0) { return .notRelevant(.statistics) }
        if m.has("info: ", at: 0) || m.has("reload", at: 0) || m.has("terminating", at: 0) || m.has("daemon ", at: 0) {
            return .notRelevant(.housekeeping)
        }
        if role == .postsuper { return .notRelevant(.queueCommand) }
        if role == .other { return .notRelevant(.daemon) }
        if m.has("connect to ", at: 0) { return .notRelevant(.connectFailed) }
        if isTLSEstablished(m) || m.has("setting up TLS", at: 0) || m.has("SSL_", at: 0)
            || m.has("certificate ", at: 0) || m.has("Certificate", at: 0) || m.has("TLS ", at: 0)
            || m.has("initializing the ", at: 0) || m.has("verify error", at: 0) || m.has("looking for session", at: 0)
            || m.has("CA certificate ", at: 0) || m.has("server certificate", at: 0) || m.has("cert", at: 0)
            || m.has("subject_CN=", at: 0) || m.has("Server certificate", at: 0) || m.has("Client certificate", at: 0)
            || m.has("client certificate", at: 0) || m.has("fingerprint", at: 0) || m.has("DNSSEC", at: 0)
        {
            return .notRelevant(.tls)
        }
        if m.has("improper command", at: 0) || m.has("bare <LF>", at: 0) || m.has("discarding EHLO", at: 0)
            || m.has("concatenated ", at: 0) || m.has("unexpected ", at: 0) || m.has("SASL authentication", at: 0)
        {
            return .notRelevant(.protocolError)
        }
        if m.has("cache ", at: 0) || m.has("table ", at: 0) || m.has("hash:", at: 0) || m.has("close database", at: 0)
            || m.has("dict_", at: 0) || m.has("mapping ", at: 0) || m.has("using ", at: 0)
        {
            return .notRelevant(.housekeeping)
        }
        if m.has("> ", at: 0) || m.has("< ", at: 0) || m.has(">>> ", at: 0) || m.has("<<< ", at: 0)
            || m.has("=", at: 0) || m.has("send attr", at: 0) || m.has("input attribute", at: 0)
            || m.has("watchdog", at: 0) || m.has("match_", at: 0) || m.has("smtpd_", at: 0) || m.has("auto_clnt", at: 0)
        {
            return .notRelevant(.debug)
        }
        return .notUnderstood
    }

    /// `warning: name[address]: SASL LOGIN authentication failed: reason, sasl_username=ann`; other warnings tell nothing.
    private static func readWarning(_ m: Span<UInt8>) -> LineReading {
        guard let sasl = m.firstIndex(of: ": SASL ", from: 9, to: m.count),
            let failed = m.firstIndex(of: " authentication ", from: sasl &+ 6, to: m.count),
            m.has("failed", at: failed &+ 16) || m.has("aborted", at: failed &+ 16)
        else { return .notRelevant(.warning) }
        var failure = LoggedLoginLine()
        var place = 9
        failure.client = clientPlace(m, at: &place)
        failure.method = m.place(sasl &+ 7, max(sasl &+ 7, failed))
        let reason = min(m.firstIndex(of: UInt8(ascii: ":"), from: failed, to: m.count) &+ 2, m.count)
        // The login comes last; the reason before it may quote the client.
        var end = m.count
        var search = reason
        while let found = m.firstIndex(of: ", sasl_username=", from: search, to: m.count) {
            end = found
            search = found &+ 1
        }
        failure.reason = m.place(reason, max(reason, end))
        if end < m.count { failure.login = m.unbracketed(trimmed(m, m.place(end &+ 16, m.count))) }
        return .fact(.loginFailed(failure))
    }

    /// postscreen(8): `CONNECT from …`, `PASS NEW …`, `NOQUEUE: reject: …`, `PREGREET …`.
    private static func readPostscreen(_ m: Span<UInt8>) -> LineReading {
        if m.has("NOQUEUE: ", at: 0) { return readAction(m, 0..<0, 9) }
        if m.has("warning: ", at: 0) { return .notRelevant(.warning) }
        if m.has("fatal: ", at: 0) || m.has("error: ", at: 0) || m.has("panic: ", at: 0) { return .notRelevant(.fatal) }
        if m.has("cache ", at: 0) || m.has("close database", at: 0) { return .notRelevant(.housekeeping) }
        if m.has("Allowlist", at: 0) || m.has("addr ", at: 0) { return .notRelevant(.postscreenTest) }
        // A test's name is in upper case: PASS, DNSBL, HANGUP, COMMAND TIME LIMIT, WHITELISTED, BARE NEWLINE, …
        var upper = 0
        while upper < m.count, m[upper] >= 65, m[upper] <= 90 { upper &+= 1 }
        return upper >= 3 ? .notRelevant(.postscreenTest) : .notUnderstood
    }

    /// `Anonymous TLS connection established from …`, `Trusted …`, `TLS connection established from …`.
    private static func isTLSEstablished(_ m: Span<UInt8>) -> Bool {
        guard m.count > 30 else { return false }
        if m.has("TLS connection established", at: 0) { return true }
        let space = m.firstIndex(of: 32, from: 0, to: 12)
        return space < 12 && m.has(" TLS connection ", at: space)
    }
}
