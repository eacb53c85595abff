// From a score to what is done: none, slowed, held, contained, and down again.

import MailTypes

extension Engine {
    /// Takes in a message at its end: scores it, moves its subscriber on the ladder, and says in the decision what follows.
    /// `decision` is what the limits say; a message that they stopped is evidence all the same.
    mutating func watch(
        _ transaction: Transaction, _ message: Int, _ decision: inout Decision, at time: Int64,
        _ outputs: inout [Output]
    ) {
        guard policy.watch.isOn, let payer = messages.slots[message].payers.first else { return }
        let slot = Int(payer.slot)
        watch.enrol(slot, serial: subscribers.slots[slot].serial)
        var facts = facts(of: transaction, message, slot: slot, decision.identity, at: time)
        facts.origin = transaction.session.origin
        let standing = watch.habits[slot].standing
        facts.isWaiting = standing.rung >= .held && time - standing.since < Engine.waitingNanoseconds
        join(transaction.content, message, slot: slot, &facts)
        let score = watch.take(facts, slot: slot, policy.watch)
        decision.score = score.thousandths
        suspect(score, slot: slot, facts.campaign.loose)
        climb(slot, score, after: transaction.queueID, at: time, &outputs)
        act(on: message, slot: slot, score, facts, &decision, at: time, &outputs)
    }

    /// What the detectors need of a message.
    private func facts(
        of transaction: Transaction, _ message: Int, slot: Int, _ identity: Identity, at time: Int64
    ) -> MessageFacts {
        let session = transaction.session
        var new: Int?
        if messages.slots[message].recipientsAreComplete {
            new = messages.slots[message].recipients.reduce(0) {
                $0 + (subscribers.slots[slot].familiar.contains($1.address) ? 0 : 1)
            }
        }
        var network: UInt32 = 0
        if let client = session.client, !session.isLocalSubmission, !client.isLoopback {
            let prefix = client.masked(to: client.isIPv4 ? 24 : 48)
            network = Engine.short(hash.hash(prefix.high, prefix.low, 3))
        }
        var isLogin = false
        if case .subscriber(_, .login) = identity { isLogin = true }
        // An address literal says what the network says.
        let helo = session.helo.isEmpty || session.helo.hasPrefix("[") ? 0 : Engine.short(hash.hash(session.helo))
        let seconds = now.seconds
        let day = seconds >= 0 ? seconds / 86_400 : 0
        return MessageFacts(
            at: time, day: Int32(clamping: day), part: Int((seconds - day * 86_400) / 10_800) & 7,
            recipients: Int(clamping: messages.slots[message].amounts.recipients), newRecipients: new,
            handling: transaction.content.handling, content: transaction.content.spamScore.map { Float($0) / 1000 },
            style: transaction.content.style.map { Engine.short($0) } ?? 0, network: network, helo: helo,
            reversePath: transaction.envelope.reversePath.map { Engine.short($0.address) } ?? 0, isLogin: isLogin,
            tight: 0, campaign: CampaignFacts())
    }

    /// Puts a message into its near-duplicate group and its campaign.
    private mutating func join(_ content: Content, _ message: Int, slot: Int, _ facts: inout MessageFacts) {
        guard !content.fingerprint.isEmpty else { return }
        let key = subscribers.slots[slot].key
        var table = campaigns.take() ?? CampaignTable()
        let membership = table.note(content.fingerprint, subscriber: key, at: facts.at, handling: content.handling)
        if let new = facts.newRecipients {
            table.noteRecipients(loose: membership.loose, new: new, total: facts.recipients)
        }
        facts.tight = membership.tight
        facts.campaign = table.facts(of: membership, besides: key)
        messages.slots[message].campaign = membership.loose
        campaigns = table
    }

    /// Tells a campaign that one of its senders looks suspicious without it, or is contained.
    private mutating func suspect(_ score: Score, slot: Int, _ loose: UInt32) {
        guard loose != 0, campaigns != nil else { return }
        let key = subscribers.slots[slot].key
        if watch.habits[slot].standing.rung == .contained { campaigns?.noteContained(subscriber: key, loose: loose) }
        if score.nats - score.groups[Int(EvidenceGroup.campaign.rawValue)] >= Engine.suspectNats {
            campaigns?.noteSuspect(subscriber: key, loose: loose)
        }
    }

    /// For how long messages of a held subscriber count as attempts: who has read the notice by then sends honest mail.
    private static let waitingNanoseconds: Int64 = 12 * 3600 * 1_000_000_000

    /// From how many nats of other evidence on a sender makes its campaign suspicious.
    private static let suspectNats: Float = 3

    /// Half of a hash, never 0.
    private static func short(_ hash: UInt64) -> UInt32 {
        let half = UInt32(truncatingIfNeeded: hash)
        return half == 0 ? 1 : half
    }

    // MARK: - Up and down

    /// Moves a subscriber to the rung that its score asks for.
    mutating func climb(
        _ slot: Int, _ score: Score, after queueID: String, at time: Int64, _ outputs: inout [Output]
    ) {
        guard !subscribers.slots[slot].isExempt else { return }
        var standing = watch.habits[slot].standing
        let before = standing.rung
        let wanted = rung(for: score, slot: slot, standing, at: time)
        if wanted > before {
            if wanted >= .held { watch.habits[slot].taint() }
            standing.rung = wanted
            standing.since = time
        } else if isOver(standing, score, slot: slot, at: time) {
            standing.rung = .none
            standing.since = time
        }
        guard standing.rung != before else { return }
        watch.habits[slot].standing = standing
        if standing.rung == .none {
            if isOfLadder(slot) { closeCase(slot, &outputs) }
            return
        }
        let hasCase = report(slot, score, after: queueID, at: time, &outputs)
        // The breaker is open, or the table of cases full: what is done without a person's eyes is the gentlest.
        if !hasCase { watch.habits[slot].standing.rung = min(.slowed, standing.rung) }
    }

    /// True where a subscriber's open case is the ladder's, and not a limit's.
    func isOfLadder(_ slot: Int) -> Bool {
        let place = Int(subscribers.slots[slot].openCase)
        return place >= 0 && (cases[place]?.rung ?? .none) != .none
    }

    /// True where a rung is more than observed.
    func isEnforced(_ rung: Rung) -> Bool {
        rung > .observed && rung <= policy.watch.enforced && !observesEverything && !policy.observesEverything
    }

    /// Writes a subscriber's new rung into its case, which is opened where there is none. False where there can be none.
    private mutating func report(
        _ slot: Int, _ score: Score, after queueID: String, isByPerson: Bool = false, at time: Int64,
        _ outputs: inout [Output]
    ) -> Bool {
        let rung = watch.habits[slot].standing.rung
        let isEnforced = isEnforced(rung)
        guard
            openCase(slot, rule: "ladder/\(rung)", isObserved: !isEnforced, isByPerson: isByPerson, at: time, &outputs)
                != nil
        else { return false }
        let place = Int(subscribers.slots[slot].openCase)
        guard var open = cases[place] else { return false }
        if isEnforced {
            switch rung {
            case .none, .observed: break
            case .slowed: if open.state == .observed { open.state = .slowed }
            case .held: open.state = .held
            case .contained: open.state = .contained
            }
        }
        open.rung = rung
        open.score = score.thousandths
        open.ledger = watch.ledger(score, of: slot)
        open.after = queueID
        open.lastAt = now
        cases[place] = open
        outputs.append(.case(open))
        return true
    }

    /// Where the rungs begin for a subscriber; one of whom little is known is taken to send five messages a day.
    private func thresholds(of slot: Int) -> Thresholds {
        let messagesADay = watch.habits[slot].days < 3 ? 5 : watch.habits[slot].messagesADay
        return Thresholds(policy.watch, messagesADay: messagesADay)
    }

    /// The rung that a score asks for.
    private func rung(for score: Score, slot: Int, _ standing: Standing, at time: Int64) -> Rung {
        let offset = standing.offset(at: time)
        let thresholds = thresholds(of: slot)
        if score.nats >= thresholds.contained + offset, maySayContained(score, slot: slot) { return .contained }
        if score.nats >= thresholds.held + offset { return .held }
        if score.nats >= thresholds.slowed + offset { return .slowed }
        return score.nats >= thresholds.observed + offset ? .observed : .none
    }

    /// The correlation guard: two groups must speak, one of them from outside; a single text proves nothing by being sent often
    /// (methods.md section 8).
    private func maySayContained(_ score: Score, slot: Int) -> Bool {
        var speaking = 0
        var isFromOutside = false
        for group in EvidenceGroup.allCases where score.groups[Int(group.rawValue)] >= 1 {
            speaking += 1
            if group.isFromOutside { isFromOutside = true }
        }
        return speaking >= 2 && (isFromOutside || (watch.excursion(of: slot)?.groupsOfText ?? 0) >= 2)
    }

    /// True where a rung has done its time: the score has faded to half of where slowing begins.
    private func isOver(_ standing: Standing, _ score: Score, slot: Int, at time: Int64) -> Bool {
        let thresholds = thresholds(of: slot)
        switch standing.rung {
        case .none: return false
        case .observed, .slowed, .held: return score.nats < thresholds.observed / 2
        case .contained:
            return score.nats < thresholds.slowed
                && time - standing.since >= policy.watch.containedSeconds * 1_000_000_000
        }
    }

    // MARK: - Acts

    /// Does to a message what the subscriber's rung says, or notes what it would do.
    private mutating func act(
        on message: Int, slot: Int, _ score: Score, _ facts: MessageFacts, _ decision: inout Decision, at time: Int64,
        _ outputs: inout [Output]
    ) {
        let rung = watch.habits[slot].standing.rung
        guard rung != .none else { return }
        decision.evidence += watch.ledger(score, of: slot)
        guard let kind = verdict(of: rung, slot: slot, score, facts, at: time) else { return }
        guard isEnforced(rung) else {
            if decision.verdict == .accept {
                decision.would = decision.would ?? kind
                decision.rule = decision.rule ?? "ladder/\(rung)"
                messages.slots[message].wouldStop = true
            }
            return
        }
        guard messages.slots[message].state == .reserved, decision.verdict == .accept else { return }
        let code =
            cases.indices.contains(Int(subscribers.slots[slot].openCase))
            ? cases[Int(subscribers.slots[slot].openCase)]?.code : nil
        unreserve(message, at: time)
        decision.reason = .suspected
        decision.rule = "ladder/\(rung)"
        decision.caseCode = code
        decision.would = nil
        let reference = [code.map { "Case \($0)" } ?? "", policy.contact].filter { !$0.isEmpty }.joined(separator: " ")
        let tail = reference.isEmpty ? "" : " (\(reference))"
        if kind == .hold {
            decision.verdict = .hold("Weir: this account looks misused\(tail)")
            messages.slots[message].state = .held
            totals.held += 1
        } else {
            decision.verdict = .defer(
                Reply(
                    code: 450, status: EnhancedStatus(4, 7, 1),
                    text: "Too many new recipients for an account that looks misused; try again later\(tail)"))
            messages.slots[message].state = .refused
            totals.deferred += 1
        }
        subscribers.slots[slot].counts.stopped &+= 1
        messages.slots[message].kept = [decision]
        if code != nil { updateCase(slot, kind, at: time, &outputs) }
    }

    /// What a rung does with a message; nil where it passes.
    private mutating func verdict(
        of rung: Rung, slot: Int, _ score: Score, _ facts: MessageFacts, at time: Int64
    ) -> Verdict.Kind? {
        switch rung {
        case .none, .observed: return nil
        case .contained: return .hold
        case .held:
            // A thief who writes to the owner's contacts writes to nobody new.
            return facts.newRecipients == 0 && score.leading != .contacts ? nil : .hold
        case .slowed:
            let passes = watch.habits[slot].standing.passes(
                newRecipients: facts.newRecipients ?? facts.recipients, perHour: policy.watch.slowedNewRecipients,
                at: time)
            if passes { return nil }
            return plan(of: slot).plan.kind == .mua ? .hold : .defer
        }
    }

    // MARK: - People

    /// A person, or the owner, says that all is well: the score begins anew, and more is needed for a while.
    mutating func release(_ slot: Int, at time: Int64, _ outputs: inout [Output]) {
        guard watch.habits.holds(slot) else { return }
        watch.drop(slot)
        campaigns?.noteReleased(subscriber: subscribers.slots[slot].key)
        watch.habits[slot].standing.rung = .none
        watch.habits[slot].standing.since = time
        watch.habits[slot].standing.vouchedUntil = time + policy.watch.vouchedSeconds * 1_000_000_000
    }

    /// A person says that the account is misused: it is contained now, and less is needed the next time.
    mutating func confirm(_ slot: Int, at time: Int64, _ outputs: inout [Output]) {
        watch.enrol(slot, serial: subscribers.slots[slot].serial)
        watch.habits[slot].taint()
        watch.habits[slot].standing.rung = .contained
        watch.habits[slot].standing.since = time
        watch.habits[slot].standing.vouchedUntil = 0
        watch.habits[slot].standing.confirmedAt = time
        _ = report(
            slot, watch.score(of: slot, at: time, policy.watch), after: "", isByPerson: true, at: time, &outputs)
    }

    /// True where the ladder has let go of a subscriber whose case has been idle: its score has faded.
    mutating func letsGo(of slot: Int, at time: Int64) -> Bool {
        guard watch.habits.holds(slot), watch.habits[slot].standing.rung != .none else { return true }
        let standing = watch.habits[slot].standing
        guard isOver(standing, watch.score(of: slot, at: time, policy.watch), slot: slot, at: time) else {
            return false
        }
        watch.habits[slot].standing.rung = .none
        watch.habits[slot].standing.since = time
        return true
    }

    // MARK: - Late evidence

    /// Takes in a delivery result of a message that was sent: evidence that comes late is that message's.
    mutating func watch(
        result delivery: Delivery, of message: Int, slot: Int, at time: Int64, _ outputs: inout [Output]
    ) {
        guard policy.watch.isOn, messages.slots[message].state == .committed, watch.habits.holds(slot) else { return }
        if delivery.outcome == .deferred {
            // Of what will be tried again, a receiver's word for spam counts, once a message.
            guard delivery.isRefusedAsAbuse, !messages.slots[message].isRefusedAsAbuse else { return }
            messages.slots[message].isRefusedAsAbuse = true
        }
        let isDead = delivery.outcome == .failed && delivery.status.saysRecipientIsDead
        let isRefused =
            !isDead && (delivery.isRefusedAsAbuse || delivery.outcome == .failed && delivery.status.subject == 7)
        if messages.slots[message].campaign != 0 {
            campaigns?.noteResult(loose: messages.slots[message].campaign, dead: isDead, refusedAsSpam: isRefused)
        }
        guard
            let score = watch.take(
                result: isDead, isRefused: isRefused, sentAt: messages.slots[message].endedAt, slot: slot, at: time,
                policy.watch)
        else { return }
        climb(slot, score, after: delivery.queueID, at: time, &outputs)
    }
}
