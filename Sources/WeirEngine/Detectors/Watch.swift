// The score: every message and every result of a subscriber through all detectors.
//
// For each way of being taken over, Page's CUSUM with decay: what a message adds is the log-likelihood ratio of a subscriber whose
// mail is partly a thief's against one whose mail is all its own, so that the owner's honest mail between takes little away.
// States (dead recipients, rate, campaign, refusals, complaints) are computed anew and added. Copies of one message count
// once, half, a third, and at most six nats together; each group has its own bound.

import MailTypes

/// A subscriber's score.
struct Score: Sendable {
    /// The way of being taken over that explains most.
    var leading = TakeOver.machine
    /// Nats of that way, all groups together; never below 0.
    var nats: Float = 0
    /// Nats by group of that way, in the order of `EvidenceGroup`.
    var groups = InlineArray<9, Float>(repeating: 0)

    /// No score.
    init() {}

    /// In thousandths.
    var thousandths: Int32 { Int32((nats * 1000).rounded()) }
}

/// The memory of all detectors, by subscriber's slot.
struct Watch: Sendable {
    /// Excursions at a time of subscribers that are not compacted; beyond it a new one is not followed, and counted.
    static let excursionsMax = 2_000_000
    /// What copies of one message may add together, in nats (methods.md section 8).
    private static let copiesMost: Float = 6
    /// The share of a taken-over subscriber's mail that is the thief's.
    private static let thiefShare: PerTakeOver = PerTakeOver(0.7, 0.7, 0.6, 0)

    /// What is usual, by slot; as long as the table of subscribers.
    var habits: CompactTable<Habits>
    /// Excursions, by slot; most have none.
    private(set) var excursions: CompactTable<Excursion>
    /// Excursions not followed because there were too many.
    private(set) var excursionsLeftOut: UInt64 = 0

    /// Nothing known, of at most so many subscribers.
    init(capacity: Int = 0) {
        habits = CompactTable(capacity: capacity)
        excursions = CompactTable(capacity: min(capacity, Watch.excursionsMax))
    }

    /// Makes room for a slot, and forgets what was there before where another subscriber has it now.
    mutating func enrol(_ slot: Int, serial: UInt32) {
        habits.grow(to: slot + 1)
        guard !habits.holds(slot) || habits[slot].serial != serial else { return }
        drop(slot)
        habits[slot] = Habits()
        habits[slot].serial = serial
    }

    /// The excursion of a slot.
    func excursion(of slot: Int) -> Excursion? { excursions.holds(slot) ? excursions.value(slot) : nil }

    /// The excursion of a slot, unless it is over by now.
    private func excursion(of slot: Int, at time: Int64) -> Excursion? {
        guard let excursion = excursion(of: slot), !excursion.isOver(at: time) else { return nil }
        return excursion
    }

    /// Ends a slot's excursion.
    mutating func drop(_ slot: Int) { excursions.remove(slot) }

    /// Forgets all about a slot.
    mutating func forget(_ slot: Int) {
        habits.remove(slot)
        drop(slot)
    }

    /// Keeps a slot's excursion.
    private mutating func keep(_ excursion: Excursion, _ slot: Int) {
        guard excursions.isWhole(slot) || excursions.wholeCount < Watch.excursionsMax else {
            excursions.remove(slot)
            excursionsLeftOut += 1
            return
        }
        excursions.grow(to: slot + 1)
        excursions[slot] = excursion
    }

    // MARK: - Compaction

    /// Keeps what is known of a quiet subscriber as bytes, and forgets an excursion that is over.
    mutating func compact(_ slot: Int, at time: Int64) {
        habits.compact(slot)
        if let excursion = excursion(of: slot), excursion.isOver(at: time) { drop(slot) }
        excursions.compact(slot)
    }

    /// Makes what is known of a subscriber whole again.
    mutating func expand(_ slot: Int) {
        if habits.isCompacted(slot) { habits.expand(slot) }
        if excursions.isCompacted(slot) { excursions.expand(slot) }
    }

    // MARK: - Messages

    /// Takes in a message and returns the score with it. `isHeld` is true for one that will not be sent: it is evidence, and no
    /// habit.
    mutating func take(_ message: MessageFacts, slot: Int, _ settings: WatchSettings) -> Score {
        let before = excursion(of: slot, at: message.at)
        var excursion = before ?? Excursion()
        let isSuspicious = before != nil && excursion.score.most > 4
        // Who is held goes on being judged by what was usual before, also where nothing is enforced and the mail goes out.
        habits[slot].advance(
            to: message.day, isSuspicious: isSuspicious, isHeld: habits[slot].standing.rung >= .held)
        if before == nil {
            excursion.beganAt = CoarseTime(nanoseconds: message.at)
            excursion.lastAt = message.at
        } else {
            excursion.noteGap(message.at - excursion.lastAt)
            excursion.decay(to: message.at)
        }
        count(message, &excursion)
        accumulate(message, habits[slot], &excursion, settings)
        let score = Watch.score(message, habits[slot], &excursion, settings)
        learn(message, slot)
        if excursion.score.most > 0 || score.nats > 0.5 { keep(excursion, slot) } else { drop(slot) }
        return score
    }

    /// Counts a message in its excursion.
    private func count(_ message: MessageFacts, _ excursion: inout Excursion) {
        excursion.messages += 1
        if message.isWaiting, message.newRecipients != 0 { excursion.attempts += 1 }
        if let new = message.newRecipients {
            excursion.recipients += Float(message.recipients)
            excursion.newRecipients += Float(new)
            excursion.newAnHour += Float(new)
            excursion.newADay += Float(new)
            if new > 0, new == message.recipients { excursion.noteAct(at: message.at) }
        }
        if message.campaign.loose != 0,
            message.campaign.suspects + message.campaign.contained
                >= excursion.campaign.suspects + excursion.campaign.contained
        {
            excursion.campaign = message.campaign
        }
    }

    /// Adds what the message says to the running scores.
    private func accumulate(
        _ message: MessageFacts, _ habits: Habits, _ excursion: inout Excursion, _ settings: WatchSettings
    ) {
        var parts = InlineArray<4, PerTakeOver>(repeating: PerTakeOver())
        parts[0] = ContentDetector.examine(message, habits, &excursion) * settings.weight(.content)
        parts[1] = RecipientsDetector.examine(message, habits, &excursion) * settings.weight(.recipients)
        parts[2] = IdentityDetector.examine(message, habits, &excursion) * settings.weight(.identity)
        parts[3] = RegularityDetector.examine(message, habits, &excursion) * settings.weight(.regularity)
        let sum = parts[0] + parts[1] + parts[2] + parts[3]
        let place = message.tight == 0 ? -1 : excursion.place(of: message.tight)
        let repeats = place < 0 ? 0 : excursion.repeats[place].count
        let left = place < 0 ? Watch.copiesMost : Swift.max(0, Watch.copiesMost - excursion.repeats[place].added)
        var added: Float = 0
        for lane in 0..<3 {
            let share = Double(Watch.thiefShare[lane])
            let nats = Float(NaturalLogarithm.of(1 - share + share * Exponential.of(Double(sum[lane]))))
            if nats <= 0 {
                // In the first hours in which mail waits, an innocent text to strangers excuses nobody (8b.9).
                if message.isWaiting, message.newRecipients != 0 { continue }
                shrink(lane, to: Swift.max(0, excursion.score[lane] + nats), &excursion)
                continue
            }
            var positive: Float = 0
            for line in 0..<4 { positive += Swift.max(0, parts[line][lane]) }
            guard positive > 0 else { continue }
            var ofText: Float = 0
            for line in 0..<4 where parts[line][lane] > 0 {
                var more = nats * parts[line][lane] / positive
                // Copies of one text say the same again; where they come from does not depend on the text.
                if line != Int(EvidenceGroup.identity.rawValue) {
                    more = Swift.min(left - ofText, more / (repeats + 1))
                    ofText += Swift.max(0, more)
                }
                more = Swift.max(0, Swift.min(more, Watch.most(line, habits, excursion) - excursion.ledger[line][lane]))
                excursion.ledger[line][lane] += more
            }
            added = Swift.max(added, ofText)
        }
        guard place >= 0 else { return }
        excursion.repeats[place].count += 1
        excursion.repeats[place].added += added
    }

    /// The bound of an accumulated group.
    private static func most(_ line: Int, _ habits: Habits, _ excursion: Excursion) -> Float {
        switch line {
        case 0: ContentDetector.most(habits, excursion)
        case 1: RecipientsDetector.most(habits, excursion)
        case 2: IdentityDetector.most(excursion)
        default: RegularityDetector.most
        }
    }

    /// Takes evidence away: every line of the ledger loses the same share.
    private func shrink(_ lane: Int, to value: Float, _ excursion: inout Excursion) {
        guard excursion.score[lane] > 0 else { return }
        let factor = value / excursion.score[lane]
        for line in 0..<4 { excursion.ledger[line][lane] *= factor }
    }

    /// The score of an excursion: the running scores and the states.
    static func score(
        _ message: MessageFacts, _ habits: Habits, _ excursion: inout Excursion, _ settings: WatchSettings
    ) -> Score {
        var states = InlineArray<5, PerTakeOver>(repeating: PerTakeOver())
        states[0] = DeadRecipientsDetector.examine(message, habits, &excursion) * settings.weight(.deadRecipients)
        states[1] = RateDetector.examine(message, habits, &excursion) * settings.weight(.rate)
        states[2] = CampaignDetector.examine(message, habits, &excursion) * settings.weight(.campaign)
        states[3] = ReputationDetector.examine(message, habits, &excursion) * settings.weight(.reputation)
        states[4] = ComplaintsDetector.examine(message, habits, &excursion) * settings.weight(.complaints)
        let sum = excursion.score + states[0] + states[1] + states[2] + states[3] + states[4]
        var score = Score()
        let lane = sum.leading
        score.leading = TakeOver.allCases[lane]
        score.nats = Swift.max(0, sum[lane])
        for line in 0..<4 { score.groups[line] = excursion.ledger[line][lane] }
        for line in 0..<5 { score.groups[4 + line] = states[line][lane] }
        return score
    }

    /// Counts a message in the day's habits, to be learned later.
    private mutating func learn(_ message: MessageFacts, _ slot: Int) {
        habits[slot].today.messages += 1
        if message.recipients >= RecipientsDetector.wideFrom { habits[slot].today.wide += 1 }
        if let new = message.newRecipients {
            habits[slot].today.recipients += Float(message.recipients)
            habits[slot].today.newRecipients += Float(new)
        }
        if let content = message.content {
            habits[slot].today.withContent += 1
            if content > ContentDetector.oddFrom { habits[slot].today.oddContent += 1 }
            if content > ContentDetector.spamFrom { habits[slot].today.spamContent += 1 }
        }
        let day = habits[slot].day
        if message.isLogin, message.network != 0, !habits[slot].networks.knows(message.network, on: day) {
            habits[slot].today.newNetworks += 1
            if let origin = message.origin, habits[slot].strangeness(of: origin) >= .system {
                habits[slot].today.newOrigins += 1
            }
        }
        habits[slot].networks.note(message.network, on: day)
        if message.isLogin, let origin = message.origin { habits[slot].note(origin, at: message.at) }
        if message.handling == .own {
            habits[slot].styles.note(message.style, on: day)
            habits[slot].reversePaths.note(message.reversePath, on: day)
        }
        habits[slot].helos.note(message.helo, on: day)
        habits[slot].noteHour(message)
    }

    // MARK: - Results

    /// Takes in a final delivery result of a message sent at a moment. `isNew` tells how far its recipients were strangers, from
    /// 0 to 1. Returns the score with it, nil without an excursion.
    mutating func take(
        result isDead: Bool, isRefused: Bool, sentAt: Int64, slot: Int, at time: Int64, _ settings: WatchSettings
    ) -> Score? {
        guard habits.holds(slot) else { return nil }
        habits[slot].today.results += 1
        if isDead { habits[slot].today.dead += 1 }
        guard var excursion = excursion(of: slot, at: time), sentAt >= excursion.beganAt.nanoseconds else { return nil }
        excursion.decay(to: time)
        excursion.results += 1
        if isDead { excursion.dead += 1 }
        if isRefused { excursion.refused += 1 }
        return keepAndScore(excursion, slot, at: time, settings)
    }

    /// Takes in a complaint about a message; nil where nothing follows.
    mutating func take(complaintAt time: Int64, slot: Int, _ settings: WatchSettings) -> Score? {
        guard habits.holds(slot) else { return nil }
        let before = excursion(of: slot, at: time)
        var excursion = before ?? Excursion()
        if before == nil {
            excursion.beganAt = CoarseTime(nanoseconds: time)
            excursion.lastAt = time
        }
        excursion.decay(to: time)
        excursion.complaints += 1
        return keepAndScore(excursion, slot, at: time, settings)
    }

    /// Keeps an excursion and returns its score.
    private mutating func keepAndScore(
        _ excursion: Excursion, _ slot: Int, at time: Int64, _ settings: WatchSettings
    ) -> Score {
        var excursion = excursion
        let score = Watch.score(.nothing(at: time), habits[slot], &excursion, settings)
        keep(excursion, slot)
        return score
    }

    /// The score as it is now, without a message.
    func score(of slot: Int, at time: Int64, _ settings: WatchSettings) -> Score {
        guard var excursion = excursion(of: slot, at: time) else { return Score() }
        excursion.decay(to: time)
        return Watch.score(.nothing(at: time), habits.value(slot), &excursion, settings)
    }

    // MARK: - Words

    /// The ledger of a score: a finding for each group that speaks for a take-over, the strongest first.
    func ledger(_ score: Score, of slot: Int) -> [Finding] {
        guard let excursion = excursion(of: slot) else { return [] }
        var lines: [Finding] = []
        for (index, detector) in Detectors.builtIn.enumerated() {
            let value = Int32((score.groups[index] * 1000).rounded())
            // Small lines too: a ledger that does not add up to its score is not believed.
            guard value > 0 else { continue }
            lines.append(
                Finding(symbol: detector.group.symbol, score: value, why: detector.why(habits[slot], excursion)))
        }
        return lines.sorted { $0.score > $1.score }
    }
}

extension MessageFacts {
    /// No message: for scores between messages.
    static func nothing(at time: Int64) -> MessageFacts {
        MessageFacts(
            at: time, day: 0, part: 0, recipients: 0, newRecipients: nil, handling: .own, content: nil, style: 0,
            network: 0, helo: 0, reversePath: 0, isLogin: false, tight: 0, campaign: CampaignFacts())
    }
}

extension Habits {
    /// Notes the hour of a message, and the new recipients of about an hour.
    mutating func noteHour(_ message: MessageFacts) {
        // Learned at once, because it is weak: a bound of 200 messages lets old hours fade.
        var total: Float = 0
        for part in 0..<8 { total += parts[part] }
        if total >= 200 { for part in 0..<8 { parts[part] *= 0.5 } }
        parts[message.part] += 1
        guard let new = message.newRecipients, new > 0 else { return }
        let passed = Double(message.at - lastNewAt.nanoseconds) / 3.6e12
        hourNow =
            lastNewAt.seconds == 0 ? Float(new) : hourNow * Float(Exponential.of(-Swift.max(0, passed))) + Float(new)
        lastNewAt = CoarseTime(nanoseconds: message.at)
        today.newAnHour = Swift.max(today.newAnHour, hourNow)
    }
}

// MARK: - Storage

extension Watch {
    /// Writes the memory.
    func encode(_ out: inout ByteWriter) {
        habits.encode(&out)
        excursions.encode(&out)
        out.varint(excursionsLeftOut)
    }

    /// Reads a memory of at most so many subscribers.
    init(_ input: inout ByteReader, capacity: Int) throws(CodecError) {
        habits = try CompactTable(&input, slotsMax: capacity, capacity: capacity)
        excursions = try CompactTable(&input, slotsMax: capacity, capacity: min(capacity, Watch.excursionsMax))
        excursionsLeftOut = try input.varint()
    }
}
