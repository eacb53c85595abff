// The assembler's part that tells: what waits is handed out in the order of time.

import MailTypes

extension MessageAssembler {
    /// Puts something at the end of what is to be told, or by its time where the present line lies far ahead.
    @inline(__always)
    mutating func tell(_ fact: WaitingFact) {
        if now > clock.now {
            ahead.insert(fact, at: now)
        } else {
            waiting.append(fact)
        }
    }

    /// Moves what the clock has reached into the queue.
    mutating func tellDue() {
        while !ahead.isEmpty, ahead.firstTime <= clock.now { waiting.append(ahead.removeFirst()) }
    }

    /// The next thing that the log tells; nil where the first that waits is not known well enough yet.
    public mutating func next() -> MailFact? {
        while true {
            guard let place = waiting.firstMessage else {
                guard case .fact(let fact)? = waiting.removeFirst() else { return nil }
                return fact
            }
            guard let index = index(place) else {
                _ = waiting.removeFirst()
                continue
            }
            guard isReady(index) else { return nil }
            _ = waiting.removeFirst()
            messages[index].isWaiting = false
            if let message = told(index) { return .message(message) }
        }
    }

    /// True where a message need not wait longer.
    private mutating func isReady(_ index: Int) -> Bool {
        if messages[index].isAbandoned || messages[index].isJoined { return true }
        let isDue =
            isFinished || clock.now.since(messages[index].acceptedAt) >= bounds.horizonSeconds &* 1_000_000_000
        if let parent = messages[index].suspected { return decide(index, parent, isDue: isDue) }
        if messages[index].isComplete || isDue { return true }
        guard waiting.count > bounds.waitingMax else { return false }
        if messages[index].isAccepted { counts.toldAtBound &+= 1 }
        return true
    }

    /// Whether a message is a part of the one it resembles: it is where that one went to this host's own filter. True where
    /// the message need not wait longer.
    mutating func decide(_ index: Int, _ parent: MessagePlace, isDue: Bool) -> Bool {
        if let known = self.index(parent) {
            if messages[known].hasRemoteAttempt {
                separate(index)
            } else if messages[known].hasLocalAttempt {
                join(index, root: messages[known].root)
                return true
            } else if isDue || waiting.count > bounds.waitingMax {
                separate(index)
            } else {
                return false
            }
        } else if let closed = messageIDs.message(messages[index].messageIDHash), closed.wentLocallyOnly {
            join(index, root: messages[index].root)
            return true
        } else {
            separate(index)
        }
        return messages[index].isComplete || isDue || waiting.count > bounds.waitingMax
    }

    /// The message is one of its own.
    private mutating func separate(_ index: Int) {
        messages[index].suspected = nil
        messages[index].root = messages[index].key.id
    }

    /// The message as it is told; nil where it is none to tell. Its place is freed where it left the queue.
    private mutating func told(_ index: Int) -> LoggedMessage? {
        defer { if messages[index].isRemoved { free(index) } }
        let message = messages[index]
        guard message.isAccepted || message.isJoined else { return nil }
        messages[index].isTold = true
        messages[index].shrink()
        guard !message.isJoined, !message.isProbe, !message.isAbandoned else { return nil }
        counts.messages &+= 1
        let refused = message.recipients.count { $0.refusal != nil }
        let accepted = message.recipients.count - refused
        let isComplete =
            (message.isRemoved || message.isComplete) && message.recipients.count < bounds.recipientsMax && accepted > 0
            && (message.hasAllRecipients || message.finals.count >= message.recipientCount)
        if !isComplete { counts.incomplete &+= 1 }
        return LoggedMessage(
            at: message.acceptedAt, mailHost: message.mailHost, queueID: message.root.description,
            origin: message.origin, client: message.client, clientPort: message.clientPort,
            clientName: message.clientName, helo: message.helo, login: message.login, method: message.method,
            isEncrypted: message.isEncrypted, user: message.user, sender: message.sender,
            envelope: Envelope(
                reversePath: message.reversePath, recipients: message.recipients, recipientsAreComplete: isComplete,
                recipientCount: isComplete ? accepted : max(message.recipientCount, accepted, 1),
                bytes: message.byteCount),
            messageID: message.messageID, isHeld: message.isHeld)
    }
}
