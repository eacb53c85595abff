// One question from a door: attribute, examine, decide, remediate.

import MailTypes

extension Engine {
    /// Answers a door; what else is to be done is added to `outputs`.
    mutating func decide(_ transaction: Transaction, at time: Int64, _ outputs: inout [Output]) -> Decision {
        let message = find(transaction, at: time)
        if transaction.session.door == .policy, transaction.stage < .data {
            return note(transaction, message, at: time)
        }
        let question = Engine.question(transaction)
        if messages.slots[message].answered.contains(question) {
            totals.repeated += 1
            return repeated(transaction, message)
        }
        messages.slots[message].answered.insert(question)
        if transaction.session.door == .milter { messages.slots[message].milterAsked = true }
        let (identity, payers) = payers(of: transaction, at: time)
        // Those of an earlier question may have been compacted, or their slot be another's, by now.
        for payer in messages.slots[message].payers { expand(Int(payer.slot)) }
        countDead(transaction, message, payers, at: time)
        let before = messages.slots[message].amounts
        let wasComplete = messages.slots[message].recipientsAreComplete
        takeFacts(transaction, message)
        let isEnd =
            transaction.stage == .endOfMessage
            && (transaction.session.door == .milter || !messages.slots[message].milterAsked)
        var decision = judge(
            transaction, message, identity, payers, before: before, isNewlyComplete: !wasComplete, at: time, &outputs)
        if isEnd {
            watch(transaction, message, &decision, at: time, &outputs)
            finish(message, decision, at: time)
        }
        messages.indexSession(message)
        return decision
    }

    /// Which of a message's questions a transaction is.
    private static func question(_ transaction: Transaction) -> AnsweredQuestions {
        switch (transaction.session.door, transaction.stage) {
        case (.policy, .endOfMessage): .policyEnd
        case (.policy, _): .policyData
        case (.milter, .endOfMessage): .milterEnd
        case (.milter, _): .milterData
        }
    }

    // MARK: - Which message

    /// The key of a connection: mail host, client address and port.
    func sessionKey(_ session: Session) -> UInt64 {
        hash.hash(
            hash.hash(session.mailHost) ^ UInt64(session.clientPort), session.client?.high ?? 1,
            session.client?.low ?? 0)
    }

    /// The key of a queue id on a mail host.
    func queueKey(_ mailHost: String, _ queueID: String) -> UInt64 {
        hash.hash(hash.hash(mailHost), hash.hash(queueID), 2)
    }

    /// The message that a question is about: by instance, by mail host and queue id within an hour, else by connection.
    /// A new one where none is known.
    private mutating func find(_ transaction: Transaction, at time: Int64) -> Int {
        let queueKey = transaction.queueID.isEmpty ? 0 : queueKey(transaction.session.mailHost, transaction.queueID)
        let sessionKey = sessionKey(transaction.session)
        let found = known(transaction, queueKey: queueKey, sessionKey: sessionKey, at: time)
        let message: Int
        if let found, !mustBeginAnew(found, transaction) {
            message = found
        } else {
            if found == nil { supersede(transaction.session, sessionKey, at: time) }
            message = found.map { goOn(from: $0, at: time) } ?? create(at: time)
            messages.slots[message].sessionKey = sessionKey
            // What has an instance is found by that; its connection matters once something is counted.
            if transaction.instance == 0 { messages.indexSession(message) }
        }
        if queueKey != 0, messages.slots[message].queueKey != queueKey { messages.setQueueKey(queueKey, of: message) }
        if transaction.instance != 0, messages.slots[message].instance != transaction.instance {
            messages.setInstance(transaction.instance, of: message)
        }
        return message
    }

    /// A new record of a message whose old one was given up.
    private mutating func goOn(from old: Int, at time: Int64) -> Int {
        let before = messages.slots[old]
        let message = create(at: time)
        messages.slots[message].milterAsked = before.milterAsked
        messages.slots[message].deadCounted = before.deadCounted
        if before.queueKey != 0 { messages.setQueueKey(before.queueKey, of: message) }
        if before.instance != 0 { messages.setInstance(before.instance, of: message) }
        return message
    }

    /// Gives up what is still open on a connection that goes on to the next message: it was refused by somebody else after
    /// Weir had counted it. Local submissions, and clients without a port, share one key and prove nothing.
    private mutating func supersede(_ session: Session, _ sessionKey: UInt64, at time: Int64) {
        guard session.clientPort != 0, !session.isLocalSubmission, let older = messages.slot(of: sessionKey),
            messages.slots[older].sessionKey == sessionKey
        else { return }
        giveUp(older, at: time)
    }

    /// True where a message that was given up asks on: its reservation ran out while the client took its time. It is
    /// counted in a new record, which can run out in its turn.
    private func mustBeginAnew(_ message: Int, _ transaction: Transaction) -> Bool {
        let state = messages.slots[message].state
        guard state == .over || state != .committed && messages.hasRunOut(message) else { return false }
        return !messages.slots[message].answered.contains(Engine.question(transaction))
    }

    /// A message known by one of its keys. The queue id comes first: at the milter door it may name a message that the
    /// policy door knows by instance from its recipients on.
    private func known(_ transaction: Transaction, queueKey: UInt64, sessionKey: UInt64, at time: Int64) -> Int? {
        let question = Engine.question(transaction)
        if queueKey != 0, let slot = messages.slot(of: queueKey),
            time - messages.slots[slot].createdAt < Engine.messageMemoryNanoseconds
        {
            if transaction.instance != 0, messages.slots[slot].instance == transaction.instance { return slot }
            // A queue id used again within the hour has another instance or comes from another connection.
            // Local submissions all look like one connection, but no message begins its data when it has ended.
            let hasBegunAgain =
                messages.slots[slot].sessionKey == 0 && question == .milterData
                && messages.slots[slot].answered.contains(.milterData)
            if transaction.instance == 0 || messages.slots[slot].instance == 0,
                messages.slots[slot].isOf(session: sessionKey), !hasBegunAgain
            {
                return slot
            }
        }
        if transaction.instance != 0, let slot = messages.slot(of: transaction.instance) { return slot }
        guard let slot = messages.slot(of: sessionKey), messages.slots[slot].sessionKey == sessionKey else {
            return nil
        }
        // Another instance or another queue id on the same connection is the next message.
        if transaction.instance != 0, messages.slots[slot].instance != 0 { return nil }
        if queueKey != 0, messages.slots[slot].queueKey != 0 {
            return messages.slots[slot].queueKey == queueKey ? slot : nil
        }
        if messages.slots[slot].answered.contains(question) { return nil }
        return slot
    }

    /// A new message; the oldest is ended if the table is full.
    private mutating func create(at time: Int64) -> Int {
        if let oldest = messages.slotPushedOut, messages.slots[oldest].state == .reserved {
            totals.expired += 1
            cancel(oldest, .over, at: time)
        }
        return messages.insert(at: time)
    }

    // MARK: - Facts

    /// Remembers a recipient that the policy door asks about before DATA. Nothing is counted: the recipient may yet be
    /// refused, and Weir's answer is always to go on.
    private mutating func note(_ transaction: Transaction, _ message: Int, at time: Int64) -> Decision {
        if let recipient = transaction.envelope.recipients.first?.key {
            if !messages.slots[message].recipients.contains(recipient),
                messages.slots[message].recipients.count < Engine.recipientsKeptMax
            {
                messages.slots[message].recipients.append(recipient)
                messages.slots[message].recipientRequests += 1
            }
        }
        return Decision(
            message: messages.slots[message].number, queueID: transaction.queueID, stage: transaction.stage,
            identity: identity(of: transaction), policyRevision: policy.revision, reason: .noted)
    }

    /// Most recipients remembered of one message; beyond it they are unavailable one by one.
    static let recipientsKeptMax = 10_000

    /// Most bytes or recipients that a message can have: a peer's word for it must not make a total overflow.
    static let amountMax = 1 << 40

    /// Takes over what a question says of the message.
    private mutating func takeFacts(_ transaction: Transaction, _ message: Int) {
        let envelope = transaction.envelope
        if messages.slots[message].state != .reserved {
            // What was reserved is what is charged, so the reverse-path stays what it was then.
            messages.slots[message].reversePath = envelope.reversePath?.address
            messages.slots[message].amounts.isNullSender = envelope.reversePath == nil
        }
        messages.slots[message].amounts.bytes = Int64(min(max(0, envelope.bytes), Engine.amountMax))
        messages.slots[message].amounts.recipients = Int64(min(max(0, envelope.recipientCount), Engine.amountMax))
        if envelope.recipientsAreComplete {
            takeRecipients(envelope.recipients, message)
            messages.slots[message].recipientsAreComplete = true
        } else if !messages.slots[message].recipientsAreComplete {
            if messages.slots[message].recipients.isEmpty, envelope.recipientCount == 1,
                let only = envelope.recipients.first
            {
                messages.slots[message].recipients.append(only.key)
            }
            messages.slots[message].recipientsAreComplete =
                !messages.slots[message].recipients.isEmpty
                && messages.slots[message].recipients.count == envelope.recipientCount
        }
    }

    /// Takes over the accepted recipients; at the end of the message they are as a rule those of DATA.
    private mutating func takeRecipients(_ all: [Recipient], _ message: Int) {
        if messages.slots[message].recipients.count == all.count,
            all.indices.allSatisfy({
                all[$0].refusal == nil && all[$0].key == messages.slots[message].recipients[$0]
            })
        {
            return
        }
        messages.slots[message].recipients.removeAll()
        for recipient in all where recipient.refusal == nil {
            messages.slots[message].recipients.append(recipient.key)
        }
    }

    /// Counts recipients that the mail server refused as not existing, once a message.
    private mutating func countDead(_ transaction: Transaction, _ message: Int, _ payers: Payers, at time: Int64) {
        guard !messages.slots[message].deadCounted, let slot = payers.first?.slot else { return }
        var dead = 0
        for recipient in transaction.envelope.recipients where recipient.refusal?.saysRecipientIsDead == true {
            dead += 1
        }
        guard dead > 0 else { return }
        messages.slots[message].deadCounted = true
        chargeDead(dead, slot: Int(slot), at: time)
    }

    // MARK: - Judgement

    /// Decides about the message as it is known now.
    private mutating func judge(
        _ transaction: Transaction, _ message: Int, _ identity: Identity, _ payers: Payers, before: Amounts,
        isNewlyComplete: Bool, at time: Int64, _ outputs: inout [Output]
    ) -> Decision {
        var decision = Decision(
            message: messages.slots[message].number, queueID: transaction.queueID, stage: transaction.stage,
            identity: identity, policyRevision: policy.revision, reason: .withinLimits)
        let isSameSubscriber = messages.slots[message].payers.first?.slot == payers.first?.slot
        let state = messages.slots[message].state
        if isSameSubscriber, state == .held || state == .refused, let kept = messages.slots[message].kept.first {
            decision.verdict = kept.verdict
            (decision.reason, decision.rule, decision.caseCode) = (kept.reason, kept.rule, kept.caseCode)
            decision.evidence = kept.evidence
            return decision
        }
        if state == .committed { return decision }
        var part = Part(amounts: messages.slots[message].amounts, isWhole: true, withDistinct: true)
        var settled = before
        if state == .reserved {
            refreshPayers(message, at: time)
            if isSameSubscriber {
                part = growth(message, before: before, isNewlyComplete: isNewlyComplete)
                settled.recipients = min(before.recipients, messages.slots[message].amounts.recipients)
                settled.bytes = min(before.bytes, messages.slots[message].amounts.bytes)
            } else {
                let amounts = messages.slots[message].amounts
                messages.slots[message].amounts = before
                unreserve(message, at: time)
                messages.slots[message].amounts = amounts
                messages.slots[message].state = .noted
            }
        }
        if part.isWhole { messages.slots[message].payers = payers }
        guard let payer = payers.first else {
            messages.slots[message].state = .free
            decision.reason = .unattributed
            return decision
        }
        if subscribers.slots[Int(payer.slot)].isExempt { decision.reason = .exempt }
        let outcome = check(message, part, at: time)
        if outcome.enforced.isEmpty {
            reserve(message, part, observed: outcome.observed, at: time)
            messages.slots[message].state = .reserved
            messages.slots[message].kept = []
            if part.withDistinct, messages.slots[message].recipientsAreComplete {
                messages.slots[message].distinctCounted = true
            }
        } else if !part.isWhole {
            let amounts = messages.slots[message].amounts
            messages.slots[message].amounts = settled
            unreserve(message, at: time)
            messages.slots[message].amounts = amounts
        }
        if !outcome.enforced.isEmpty || !outcome.observed.isEmpty {
            explain(outcome, message, &decision, at: time, &outputs)
        }
        return decision
    }

    /// Translates what a reserved message was charged in to the policy in force.
    private mutating func refreshPayers(_ message: Int, at time: Int64) {
        for index in messages.slots[message].payers.indices {
            let payer = messages.slots[message].payers[index]
            let charged = charged(payer, at: time)
            let slot = Int(payer.slot)
            messages.slots[message].payers[index].charged = charged
            messages.slots[message].payers[index].revision = subscribers.slots[slot].revision
            messages.slots[message].payers[index].plan = subscribers.slots[slot].plan
        }
    }

    /// What a reserved message takes beyond its reservation; what it takes less is given back at once.
    private mutating func growth(_ message: Int, before: Amounts, isNewlyComplete: Bool) -> Part {
        let now = messages.slots[message].amounts
        var part = Part(
            amounts: Amounts(
                recipients: max(0, now.recipients - before.recipients), bytes: max(0, now.bytes - before.bytes)),
            isWhole: false,
            withDistinct: isNewlyComplete && messages.slots[message].recipientsAreComplete
                && !messages.slots[message].distinctCounted)
        part.amounts.isNullSender = now.isNullSender
        let less = Amounts(
            recipients: max(0, before.recipients - now.recipients), bytes: max(0, before.bytes - now.bytes))
        guard less.recipients > 0 || less.bytes > 0 else { return part }
        for payer in messages.slots[message].payers {
            let slot = Int(payer.slot)
            let plan = plan(of: slot)
            for index in plan.gauges.indices where payer.charged & (1 << UInt32(index)) != 0 {
                let dimension = plan.gauges[index].dimension
                guard dimension == .recipients || dimension == .bytes else { continue }
                subscribers.slots[slot].buckets[plan.gauges[index].place].cancel(less.units(dimension))
            }
        }
        return part
    }

    /// Ends a message by the answer to its end.
    private mutating func finish(_ message: Int, _ decision: Decision, at time: Int64) {
        let session = messages.slots[message].sessionKey
        if session != 0 {
            messages.slots[message].endedSession = session
            countEnd(message)
        }
        switch messages.slots[message].state {
        case .reserved: commit(message, at: time)
        case .held:
            remember(held: message, decision)
            end(message, .held, at: time)
        case .committed: break  // by the other door, at another time
        case let state: end(message, state, at: time)
        }
    }

    /// Counts what is told of a message once, at its first end.
    private mutating func countEnd(_ message: Int) {
        if messages.slots[message].state == .free { totals.unattributed += 1 }
        guard !messages.slots[message].recipientsAreComplete else { return }
        for payer in messages.slots[message].payers where subscribers.serial(of: Int(payer.slot)) == payer.serial {
            guard plan(of: Int(payer.slot)).needsRecipients else { continue }
            totals.distinctUnavailable += 1
            return
        }
    }

    /// Keeps what a held message will be charged at its release.
    private mutating func remember(held message: Int, _ decision: Decision) {
        let record = messages.slots[message]
        guard record.queueKey != 0, let payer = record.payers.first, held.count < bounds.heldMax else { return }
        held[record.queueKey] = HeldMessage(
            slot: payer.slot, serial: payer.serial, amounts: record.amounts, caseCode: decision.caseCode ?? "")
    }

    /// The same answer once more.
    private func repeated(_ transaction: Transaction, _ message: Int) -> Decision {
        var decision =
            messages.slots[message].kept.first
            ?? Decision(stage: transaction.stage, identity: .unattributed(.noHeader), reason: .repeated)
        if messages.slots[message].kept.isEmpty, let payer = messages.slots[message].payers.first,
            subscribers.serial(of: Int(payer.slot)) == payer.serial
        {
            decision.identity = .subscriber(
                subscribers.slots.value(Int(payer.slot)).name, transaction.session.login.isEmpty ? .address : .login)
        }
        decision.message = messages.slots[message].number
        decision.queueID = transaction.queueID
        decision.stage = transaction.stage
        decision.reason = .repeated
        decision.policyRevision = policy.revision
        decision.would = nil
        return decision
    }
}
