// The assembler's part for the lines by which a message comes into being.

import MailTypes

extension MessageAssembler {
    /// A message's first line: `client=`, pickup, Exim's `<=`, Sendmail's `from=`.
    mutating func arrive(_ arrival: LoggedArrival, _ line: LogLine, _ source: LogSource, _ m: Span<UInt8>) {
        let id = QueueID(m, arrival.queueID)
        guard !id.isEmpty, arrival.recipientCount != 0 else { return }
        var index: Int
        if let known = findOwn(id, source) {
            if isRepeated(messages[known], arrival, line) {
                counts.repeated &+= 1
                return
            }
            if messages[known].hasArrival || now.since(messages[known].begunAt) > 10_000_000_000 {
                // The queue id went to another message; the line that removed the first is missing.
                counts.reused &+= 1
                remove(known)
                index = open(id, source)
            } else {
                // Lines of one second may be out of order.
                index = known
            }
        } else {
            index = open(id, source)
        }
        fill(index, arrival, line, source, m)
        if arrival.continuesParent, !arrival.parent.isEmpty {
            joinParent(index, arrival, source, m)
        } else if messages[index].messageIDHash != 0 {
            joinByMessageID(index)
        }
        if arrival.isAccepted { accept(index) }
        let place = place(index)
        processes.update(source.hostNumber, line.pid) { $0.message = place }
    }

    /// True where the line of a message's arrival came before: the same process and client within a second.
    private func isRepeated(_ known: OpenMessage, _ arrival: LoggedArrival, _ line: LogLine) -> Bool {
        known.hasArrival && known.pid == line.pid && known.origin == arrival.origin
            && now.since(known.begunAt) <= 1_000_000_000
    }

    /// Takes over what the line tells.
    private mutating func fill(
        _ index: Int, _ arrival: LoggedArrival, _ line: LogLine, _ source: LogSource, _ m: Span<UInt8>
    ) {
        messages[index].hasArrival = true
        messages[index].isBorn = true
        messages[index].origin = arrival.origin
        messages[index].pid = line.pid
        messages[index].client = clientAddress(arrival.client, m)
        messages[index].clientPort = arrival.client.port
        messages[index].clientName = texts.text(m, arrival.client.name)
        messages[index].login = texts.text(m, arrival.login)
        messages[index].method = texts.text(m, arrival.method)
        messages[index].isEncrypted = arrival.isEncrypted
        if !arrival.helo.isEmpty { messages[index].helo = texts.text(m, arrival.helo) }
        if !arrival.user.isEmpty { messages[index].user = texts.text(m, arrival.user) }
        if let session = processes.session(source.hostNumber, line.pid) { inherit(index, session) }
        if let sender = arrival.sender { takeSender(index, sender, m) }
        if arrival.byteCount >= 0 { messages[index].byteCount = arrival.byteCount }
        if arrival.recipientCount >= 0 { messages[index].recipientCount = arrival.recipientCount }
        if !arrival.messageID.isEmpty { takeMessageID(index, arrival.messageID, m) }
        guard let recipients = arrival.recipients else { return }
        var place = recipients.place.lowerBound
        while let one = recipients.next(m, at: &place) {
            guard let key = keys.key(m.extracting(one)) else { continue }
            addRecipient(index, Recipient(key))
        }
        messages[index].recipientCount = max(messages[index].recipientCount, messages[index].recipients.count)
        messages[index].hasAllRecipients = messages[index].recipients.count < bounds.recipientsMax
    }

    /// Takes over what the process's earlier lines told.
    private mutating func inherit(_ index: Int, _ session: ProcessSession) {
        if session.isEncrypted { messages[index].isEncrypted = true }
        if messages[index].login.isEmpty, !session.login.isEmpty, !session.isProxied,
            session.client == messages[index].client
        {
            messages[index].login = session.login
            messages[index].method = session.method
        }
        if session.holdsNext {
            messages[index].isHeld = true
            processes.update(Int(session.host) - 1, session.pid) { $0.holdsNext = false }
        }
    }

    /// Sets the reverse-path.
    mutating func takeSender(_ index: Int, _ place: Range<Int>, _ m: Span<UInt8>) {
        let address = m.unbracketed(place)
        messages[index].sender = texts.text(m, address)
        messages[index].reversePath = keys.key(m.extracting(address))
    }

    /// Sets the Message-ID.
    private mutating func takeMessageID(_ index: Int, _ place: Range<Int>, _ m: Span<UInt8>) {
        guard !place.isEmpty else { return }
        messages[index].messageID = m.text(place)
        // A keyed hash: whoever writes the Message-ID can't make two of them meet.
        let hash = keys.key(m.extracting(place))?.address ?? 0
        messages[index].messageIDHash =
            hash == 0 ? 0 : mixed(hash ^ UInt64(UInt32(bitPattern: messages[index].key.host))) | 1
    }

    /// Appends a recipient that is new, up to the bound.
    mutating func addRecipient(_ index: Int, _ recipient: Recipient) {
        guard messages[index].recipients.count < bounds.recipientsMax else { return }
        for known in messages[index].recipients where known.key == recipient.key {
            return
        }
        messages[index].recipients.append(recipient)
    }

    /// A client's address.
    @inline(__always)
    func clientAddress(_ client: LoggedClient, _ m: Span<UInt8>) -> NetworkAddress? {
        client.address.isEmpty ? nil : NetworkAddress(utf8: m.extracting(client.address))
    }

    /// `cleanup`: the message's header was read.
    mutating func identify(
        _ id: Range<Int>, _ messageID: Range<Int>, _ line: LogLine, _ source: LogSource, _ m: Span<UInt8>
    ) {
        let id = QueueID(m, id)
        guard !id.isEmpty else { return }
        var index = find(id, source) ?? -1
        if index >= 0, messages[index].isTold, now.since(messages[index].begunAt) > 10_000_000_000,
            messages[index].messageIDHash != 0
        {
            // A told message gets no second header: the queue id is another message's.
            counts.reused &+= 1
            remove(index)
            index = -1
        }
        if index < 0 {
            index = open(id, source)
            messages[index].origin = .derived
        }
        guard messages[index].messageIDHash == 0 else { return }
        messages[index].isBorn = true
        takeMessageID(index, messageID, m)
        if messages[index].messageIDHash != 0, !messages[index].isJoined { joinByMessageID(index) }
        wait(index)
    }

    /// `qmgr`: the message is in the active queue.
    mutating func queue(_ queueing: LoggedQueueing, _ source: LogSource, _ m: Span<UInt8>) {
        noteQueueManager(source)
        let id = QueueID(m, queueing.queueID)
        guard !id.isEmpty else { return }
        let index = find(id, source) ?? open(id, source)
        messages[index].touchedAt = now
        if !messages[index].isTold {
            takeSender(index, queueing.sender, m)
            messages[index].byteCount = queueing.byteCount
            messages[index].recipientCount = queueing.recipientCount
            if messages[index].reversePath == nil, messages[index].origin == .derived {
                messages[index].origin = .notification
            }
        }
        if messages[index].isBorn { accept(index) }
    }

    /// A line proves that a message was accepted.
    mutating func accept(_ index: Int) {
        messages[index].isAccepted = true
        messages[index].isAbandoned = false
        wait(index)
    }

    /// Puts a message into the queue of what is to be told, once.
    @inline(__always)
    mutating func wait(_ index: Int) {
        guard !messages[index].isWaiting, !messages[index].isTold else { return }
        messages[index].isWaiting = true
        messages[index].acceptedAt = now
        tell(.message(place(index)))
    }

    // MARK: - The same mail again

    /// Makes a message a part of another: re-queued (`orig_id=`), or back from a filter that says whose it is
    /// (`orig_queue_id=`).
    private mutating func joinParent(_ index: Int, _ arrival: LoggedArrival, _ source: LogSource, _ m: Span<UInt8>) {
        let parentID = QueueID(m, arrival.parent)
        if arrival.origin == .local { counts.requeued &+= 1 } else { counts.reinjected &+= 1 }
        messages[index].isJoined = true
        if let parent = find(parentID, source), parent != index {
            messages[index].root = messages[parent].root
            // A message that is re-queued under a new id leaves the queue under the old one without a line.
            if arrival.origin == .local { remove(parent) }
        } else {
            messages[index].root = parentID
        }
    }

    /// Finds the message of which this one may be a part: it comes from this host itself and bears the same Message-ID.
    private mutating func joinByMessageID(_ index: Int) {
        let hash = messages[index].messageIDHash
        let isFromHere =
            messages[index].origin == .derived || messages[index].origin == .local
            || messages[index].client?.isLoopback == true
        if isFromHere, !messages[index].isJoined, let known = messageIDs.message(hash) {
            if let parent = self.index(known.message), parent != index, !messages[parent].isRemoved,
                messages[parent].key.host == messages[index].key.host, !messages[parent].hasRemoteAttempt
            {
                messages[index].suspected = place(parent)
                messages[index].root = messages[parent].root
            } else if let closedAt = known.closedAt, known.wentLocallyOnly, messages[index].origin != .session,
                now.since(closedAt) < 60_000_000_000
            {
                // A filter behind pipe(8) calls sendmail(1); the first message is gone before pickup(8) sees the second.
                join(index, root: known.root)
            }
        }
        messageIDs.remember(
            KnownMessageID(hash: hash, message: place(index), root: messages[index].root))
    }

    /// Makes a message a part of another.
    mutating func join(_ index: Int, root: QueueID) {
        messages[index].suspected = nil
        messages[index].root = root
        guard !messages[index].isJoined else { return }
        messages[index].isJoined = true
        counts.reinjected &+= 1
    }

    /// `clone`: the same message goes on under another queue id.
    mutating func continued(_ id: Range<Int>, _ child: Range<Int>, _ source: LogSource, _ m: Span<UInt8>) {
        let childID = QueueID(m, child)
        guard !childID.isEmpty else { return }
        let index = find(childID, source) ?? open(childID, source)
        messages[index].isBorn = true
        let parentID = QueueID(m, id)
        join(index, root: find(parentID, source).map { messages[$0].root } ?? parentID)
    }
}
