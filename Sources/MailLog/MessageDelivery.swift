// The assembler's part for deliveries, refusals and logins, and for the telling.

import MailTypes

extension MessageAssembler {
    /// A delivery attempt.
    mutating func attempted(_ attempt: LoggedAttempt, _ source: LogSource, _ m: Span<UInt8>) {
        let id = QueueID(m, attempt.queueID)
        let found = find(id, source)
        var isKnown = false
        var queueID = id
        let isRemote = hasAddress(attempt.relay, m)
        if let index = found {
            messages[index].touchedAt = now
            if !messages[index].isBorn { bear(index, attempt.delay, m) }
            if let parent = messages[index].suspected { _ = decide(index, parent, isDue: false) }
            if !attempt.relay.isEmpty, attempt.outcome == .delivered || !m.isText("none", attempt.relay) {
                if isRemote { messages[index].hasRemoteAttempt = true } else { messages[index].hasLocalAttempt = true }
            }
            if messages[index].isBorn { accept(index) }
            isKnown = messages[index].isBorn
            queueID = messages[index].root
        }
        let isHandedOver = isRemote ? false : handOver(attempt, found, source, m)
        var place = attempt.recipients.place.lowerBound
        while let one = attempt.recipients.next(m, at: &place) {
            let final = m.unbracketed(one)
            guard let key = keys.key(m.extracting(attempt.original.isEmpty ? final : attempt.original)) else {
                continue
            }
            if let index = found, !messages[index].isTold { learn(index, key, final, m) }
            if isHandedOver {
                counts.handedOver &+= 1
            } else if found.map({ messages[$0].isProbe }) != true {
                tell(attempt, key, queueID, isKnown: isKnown, source, m)
            }
            if let index = found, attempt.outcome != .deferred { messages[index].endedCount &+= 1 }
        }
        if let index = found, !source.logsRemovals, messages[index].recipientCount > 0,
            messages[index].endedCount >= messages[index].recipientCount
        {
            remove(index)
        }
    }

    /// A message whose first lines are missing: Postfix's own count of seconds says whether it came within the log.
    private mutating func bear(_ index: Int, _ delay: Range<Int>, _ m: Span<UInt8>) {
        guard let first, !delay.isEmpty else { return }
        let end = min(m.endOfDigits(from: delay.lowerBound), delay.upperBound)
        guard let seconds = m.number(delay.lowerBound..<end), seconds < 1_000_000_000 else { return }
        if now.advanced(byNanoseconds: -Int64(seconds) * 1_000_000_000) >= first { messages[index].isBorn = true }
    }

    /// Adds a recipient to a message that is not told yet.
    @inline(__always)
    private mutating func learn(_ index: Int, _ key: AddressKey, _ final: Range<Int>, _ m: Span<UInt8>) {
        let hash = m.quickHash(final)
        if messages[index].finals.count < bounds.recipientsMax, !messages[index].finals.contains(hash) {
            messages[index].finals.append(hash)
        }
        if !messages[index].hasAllRecipients { addRecipient(index, Recipient(key)) }
    }

    /// True where a relay is another host: `mx.example.org[192.0.2.25]:25`, with an address that is not loopback.
    @inline(__always)
    private func hasAddress(_ relay: Range<Int>, _ m: Span<UInt8>) -> Bool {
        let open = m.firstIndex(of: UInt8(ascii: "["), from: relay.lowerBound, to: relay.upperBound)
        guard open < relay.upperBound else { return false }
        // The two usual loopback addresses, a Unix socket's path, and everything else.
        if m.has("[127.", at: open) || m.has("[::1]", at: open) || m.has("[IPv6:::1]", at: open) { return false }
        let close = m.firstIndex(of: UInt8(ascii: "]"), from: open, to: relay.upperBound)
        return m.firstIndex(of: UInt8(ascii: "/"), from: open, to: close) == close
    }

    /// True where an attempt only handed the message to a filter or forward of this host, whose message is known.
    private mutating func handOver(
        _ attempt: LoggedAttempt, _ found: Int?, _ source: LogSource, _ m: Span<UInt8>
    ) -> Bool {
        guard attempt.outcome == .delivered, !attempt.nextQueueID.isEmpty else { return false }
        let nextID = QueueID(m, attempt.nextQueueID)
        guard let next = findOnHost(nextID, Int32(truncatingIfNeeded: source.hostNumber)), next != found else {
            return false
        }
        if let index = found, !messages[next].isTold {
            join(next, root: messages[index].root)
        } else if !messages[next].isJoined {
            if found != nil { counts.joinedLate &+= 1 }
            return false
        }
        return true
    }

    /// Tells a delivery.
    @inline(__always)
    private mutating func tell(
        _ attempt: LoggedAttempt, _ key: AddressKey, _ queueID: QueueID, isKnown: Bool, _ source: LogSource,
        _ m: Span<UInt8>
    ) {
        let status = attempt.status ?? EnhancedStatus(MessageAssembler.statusClass(attempt.outcome), 0, 0)
        tell(
            .fact(
                .delivery(
                    LoggedDelivery(
                        at: now, mailHost: source.host, queueID: queueID.description, recipient: key, status: status,
                        outcome: attempt.outcome,
                        relay: m.isText("none", attempt.relay) ? "" : texts.text(m, attempt.relay),
                        reply: attempt.outcome == .delivered
                            ? "" : m.text(attempt.reply.prefix(LoggedDelivery.replyBytesMax)),
                        isMessageKnown: isKnown))))
    }

    /// The class of a status by the outcome.
    private static func statusClass(_ outcome: DeliveryOutcome) -> UInt8 {
        switch outcome {
        case .delivered: 2
        case .deferred: 4
        case .failed: 5
        }
    }

    // MARK: - Refusals and logins

    /// Something was refused, discarded or held.
    mutating func refuse(_ refusal: LoggedRefusalLine, _ line: LogLine, _ source: LogSource, _ m: Span<UInt8>) {
        let id = QueueID(m, refusal.queueID)
        let recipient = refusal.recipient.flatMap { keys.key(m.extracting($0)) }
        let index = find(id, source)
        if refusal.holdsNext { processes.update(source.hostNumber, line.pid) { $0.holdsNext = true } }
        if let index {
            switch (refusal.action, refusal.stage) {
            case (.hold, _):
                messages[index].isHeld = true
                // Held mail is not delivered, so this line may be the only one that names a recipient.
                if let recipient, !messages[index].isTold { addRecipient(index, Recipient(recipient)) }
                accept(index)
            case (.discard, _), (.reject, .data), (.reject, .endOfMessage): abandon(index)
            case (.reject, _):
                if let recipient, !messages[index].isTold {
                    let status = refusal.status ?? EnhancedStatus(refusal.code / 100 == 4 ? 4 : 5, 0, 0)
                    addRecipient(index, Recipient(recipient, refusal: status))
                }
            case (.warn, _): break
            }
        }
        tell(
            .fact(
                .refused(
                    LoggedRefusal(
                        at: now, mailHost: source.host, queueID: id.description, action: refusal.action,
                        stage: refusal.stage, client: clientAddress(refusal.client, m), clientPort: refusal.client.port,
                        helo: texts.text(m, refusal.helo),
                        login: refusal.login.isEmpty
                            ? index.map { messages[$0].login } ?? "" : texts.text(m, refusal.login),
                        sender: refusal.sender.map { texts.text(m, $0) } ?? "",
                        reversePath: refusal.sender.flatMap { keys.key(m.extracting($0)) }, recipient: recipient,
                        code: refusal.code, status: refusal.status,
                        reply: m.text(refusal.reply.prefix(LoggedDelivery.replyBytesMax))))))
    }

    /// A message will not be accepted.
    private mutating func abandon(_ index: Int) {
        guard !messages[index].isAccepted else { return }
        messages[index].isAbandoned = true
        remove(index)
    }

    /// A connection ended in the middle: the process's message was not accepted, if it was not complete.
    mutating func lose(_ stage: Stage?, _ line: LogLine, _ source: LogSource) {
        guard stage != .endOfMessage, let session = processes.session(source.hostNumber, line.pid),
            let place = session.message, let index = index(place)
        else { return }
        abandon(index)
    }

    /// A client logged in.
    mutating func logIn(_ login: LoggedLoginLine, _ line: LogLine, _ source: LogSource, _ m: Span<UInt8>) {
        let name = texts.text(m, login.login)
        let method = texts.text(m, login.method)
        let client = clientAddress(login.client, m)
        processes.update(source.hostNumber, line.pid) {
            $0.login = name
            $0.method = method
            $0.client = client
        }
    }

    /// A login failed.
    mutating func tellFailure(_ login: LoggedLoginLine, _ source: LogSource, _ m: Span<UInt8>) {
        tell(
            .fact(
                .loginFailed(
                    LoggedLoginFailure(
                        at: now, mailHost: source.host, client: clientAddress(login.client, m),
                        clientPort: login.client.port, login: texts.text(m, login.login),
                        method: texts.text(m, login.method)))))
    }

    /// A client sends through a proxy filter (SMTPD_PROXY_README): its message will come back from loopback.
    mutating func proxy(_ arrival: LoggedArrival, _ line: LogLine, _ source: LogSource, _ m: Span<UInt8>) {
        let client = clientAddress(arrival.client, m)
        let name = texts.text(m, arrival.client.name)
        let login = texts.text(m, arrival.login)
        let method = texts.text(m, arrival.method)
        processes.update(source.hostNumber, line.pid) {
            ($0.client, $0.clientPort, $0.clientName) = (client, arrival.client.port, name)
            ($0.login, $0.method, $0.isProxied) = (login, method, true)
        }
    }

    /// The proxy filter queued the message: it is the first client's.
    mutating func proxyAccept(_ id: QueueID, _ line: LogLine, _ source: LogSource) {
        guard let session = processes.session(source.hostNumber, line.pid), session.isProxied,
            let index = findOnHost(id, Int32(truncatingIfNeeded: source.hostNumber)), !messages[index].isTold
        else { return }
        messages[index].client = session.client
        messages[index].clientPort = session.clientPort
        messages[index].clientName = session.clientName
        messages[index].login = session.login
        messages[index].method = session.method
        messages[index].isEncrypted = session.isEncrypted
    }
}
