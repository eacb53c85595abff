// From limits without room to a verdict, its words, and the subscriber's case.

import MailTypes

extension Engine {
    /// Turns an outcome into the decision's verdict, evidence and case, and counts it.
    mutating func explain(
        _ outcome: Outcome, _ message: Int, _ decision: inout Decision, at time: Int64, _ outputs: inout [Output]
    ) {
        let payers = messages.slots[message].payers
        for (trips, isEnforced) in [(outcome.enforced, true), (outcome.observed, false)] {
            for trip in trips {
                let slot = Int(payers[trip.payer].slot)
                let limit = plan(of: slot).limits[trip.limit]
                decision.evidence.append(Finding(symbol: limit.symbol, why: why(trip, limit)))
                count(trip, limit, slot: slot, isEnforced: isEnforced)
            }
        }
        let subscriber = Int(payers[0].slot)
        let kind = plan(of: subscriber).plan.kind
        let strongest = strongest(outcome.enforced, payers, kind)
        let wouldBe = strongestKind(outcome.enforced + outcome.observed, payers, kind)
        guard let trip = strongest else {
            messages.slots[message].wouldStop = true
            decision.would = wouldBe
            decision.rule = outcome.observed.first.map { plan(of: Int(payers[$0.payer].slot)).limits[$0.limit].rule }
            return
        }
        let limit = plan(of: Int(payers[trip.payer].slot)).limits[trip.limit]
        let code = openCase(subscriber, rule: limit.rule, at: time, &outputs)
        let wait = outcome.enforced.map(\.wait).filter { $0 != .max }.max() ?? 0
        decision.verdict = verdict(trip, limit, kind, wait: wait, code: code)
        decision.would = wouldBe == decision.verdict.kind ? nil : wouldBe
        decision.reason = trip.wait == .max ? .largerThanBurst : .overLimit
        decision.rule = limit.rule
        decision.caseCode = code
        subscribers.slots[subscriber].counts.stopped &+= 1
        switch decision.verdict {
        case .hold:
            totals.held += 1
            messages.slots[message].state = .held
        case .defer:
            totals.deferred += 1
            messages.slots[message].state = .refused
        default:
            totals.rejected += 1
            messages.slots[message].state = .refused
        }
        messages.slots[message].kept = [decision]
        updateCase(subscriber, decision.verdict.kind, at: time, &outputs)
    }

    // MARK: - Which limit speaks

    /// What a limit does, given what the sender is: people's mail programs never get a 4xx, what can never pass is
    /// refused for good. The kind is that of whoever speaks SMTP, also where a parent's limit has no room.
    private func action(_ trip: Trip, _ limit: CompiledLimit, _ kind: PlanKind) -> LimitAction {
        if trip.wait == .max { return .reject }
        return kind == .mua && limit.limit.action == .defer ? .hold : limit.limit.action
    }

    /// The trip that takes most from the sender; among equals the longest wait, then the first.
    private func strongest(_ trips: [Trip], _ payers: Payers, _ kind: PlanKind) -> Trip? {
        var best: (trip: Trip, action: LimitAction)?
        for trip in trips {
            let plan = plan(of: Int(payers[trip.payer].slot))
            let action = action(trip, plan.limits[trip.limit], kind)
            if let current = best, (action.rawValue, trip.wait) <= (current.action.rawValue, current.trip.wait) {
                continue
            }
            best = (trip, action)
        }
        return best?.trip
    }

    /// The kind of verdict that some trips would make.
    private func strongestKind(_ trips: [Trip], _ payers: Payers, _ kind: PlanKind) -> Verdict.Kind? {
        guard let trip = strongest(trips, payers, kind) else { return nil }
        let plan = plan(of: Int(payers[trip.payer].slot))
        switch action(trip, plan.limits[trip.limit], kind) {
        case .hold: return .hold
        case .defer: return .defer
        case .reject: return .reject
        }
    }

    // MARK: - Words

    /// The verdict with its words.
    private func verdict(_ trip: Trip, _ limit: CompiledLimit, _ kind: PlanKind, wait: Int64, code: String?) -> Verdict
    {
        var action = action(trip, limit, kind)
        if breaker.isOpen, code == nil, trip.wait != .max, action == .reject { action = kind == .mua ? .hold : .defer }
        let reference = [code.map { "Case \($0)" } ?? "", policy.contact].filter { !$0.isEmpty }.joined(separator: " ")
        let tail = reference.isEmpty ? "" : " (\(reference))"
        if trip.wait == .max {
            let text =
                "This message has \(trip.units) \(limit.limit.dimension); at most \(limit.limit.burst) at once may pass\(tail)"
            switch limit.limit.dimension {
            case .recipients: return .reject(Reply(code: 550, status: EnhancedStatus(5, 5, 3), text: text))
            case .bytes: return .reject(Reply(code: 552, status: EnhancedStatus(5, 3, 4), text: text))
            default: return .reject(Reply(code: 550, status: EnhancedStatus(5, 7, 1), text: text))
            }
        }
        let reached = "Sending limit reached: \(limit.limit.line)"
        switch action {
        case .hold: return .hold("Weir: \(reached)\(tail)")
        case .defer:
            return .defer(
                Reply(
                    code: 450, status: EnhancedStatus(4, 7, 1),
                    text: "\(reached); try again in \(Engine.words(wait))\(tail)"))
        case .reject:
            return .reject(
                Reply(
                    code: 550, status: EnhancedStatus(5, 7, 1),
                    text: "\(reached); room again in \(Engine.words(wait))\(tail)"))
        }
    }

    /// One sentence about a limit without room.
    private func why(_ trip: Trip, _ limit: CompiledLimit) -> String {
        if trip.wait == .max {
            return
                "\(trip.units) \(limit.limit.dimension) in one message, at most \(limit.limit.burst) at once by \(limit.rule)"
        }
        let asked = limit.limit.dimension == .deadRecipients ? "no room" : "no room for \(trip.units) more"
        return "\(asked) in \(limit.limit.line) (\(limit.rule)); room in \(Engine.words(trip.wait))"
    }

    /// A span of nanoseconds in words, rounded up: `12 minutes`.
    static func words(_ nanoseconds: Int64) -> String {
        let seconds = (nanoseconds + 999_999_999) / 1_000_000_000
        for (unit, word) in [(Int64(86_400), "day"), (3600, "hour"), (60, "minute")] where seconds >= 2 * unit {
            return "\((seconds + unit - 1) / unit) \(word)s"
        }
        return seconds == 1 ? "1 second" : "\(max(1, seconds)) seconds"
    }

    // MARK: - Counts and cases

    /// Counts a message that passed and would have been stopped, once.
    mutating func countWouldStop(_ message: Int) {
        totals.wouldStop += 1
        guard let payer = messages.slots[message].payers.first,
            subscribers.serial(of: Int(payer.slot)) == payer.serial
        else { return }
        subscribers.slots[Int(payer.slot)].counts.wouldStop &+= 1
    }

    /// Counts a trip for its rule.
    private mutating func count(_ trip: Trip, _ limit: CompiledLimit, slot: Int, isEnforced: Bool) {
        var counts = ruleCounts[limit.rule] ?? RuleCounts()
        if isEnforced { counts.stopped += 1 } else { counts.wouldStop += 1 }
        let bit: UInt32 = 1 << UInt32(trip.limit)
        if subscribers.slots[slot].tripped & bit == 0 {
            subscribers.slots[slot].tripped |= bit
            counts.subscribers += 1
        }
        ruleCounts[limit.rule] = counts
    }

    /// The subscriber's open case, or a new one if the breaker and the table allow; its code.
    ///
    /// A case that was only observed and is to act now needs the breaker's leave as a new one does. What a person asks for
    /// needs none.
    mutating func openCase(
        _ slot: Int, rule: String, isObserved: Bool = false, isByPerson: Bool = false, at time: Int64,
        _ outputs: inout [Output]
    ) -> String? {
        let open = Int(subscribers.slots[slot].openCase)
        if open >= 0 {
            guard !isObserved, cases[open]?.state == .observed else { return cases[open]?.code }
            guard isByPerson || admitCase(at: time, &outputs) else { return nil }
            cases[open]?.state = .slowed
            return cases[open]?.code
        }
        guard !freeCases.isEmpty || cases.count < bounds.casesMax else { return nil }
        // A case that is only observed does nothing to anybody.
        guard isObserved || isByPerson || admitCase(at: time, &outputs) else { return nil }
        let place = freeCases.popLast().map(Int.init) ?? cases.count
        let new = RemediationCase(
            code: RemediationCase.code(node: node, &random), subscriber: subscribers.slots[slot].name,
            state: isObserved ? .observed : .slowed, rule: rule, openedAt: now, lastAt: now)
        if place == cases.count { cases.append(new) } else { cases[place] = new }
        subscribers.slots[slot].openCase = Int32(place)
        return new.code
    }

    /// Asks the breaker for leave to act on one more subscriber.
    private mutating func admitCase(at time: Int64, _ outputs: inout [Output]) -> Bool {
        let wasOpen = breaker.isOpen
        if breaker.admit(at: time, policy.breaker) { return true }
        if !wasOpen { outputs.append(.breaker(isOpen: true)) }
        return false
    }

    /// Notes one more stopped message in the subscriber's case; says so when it is the first, when the case changes where
    /// it stands, and then at each doubling.
    mutating func updateCase(_ slot: Int, _ kind: Verdict.Kind, at time: Int64, _ outputs: inout [Output]) {
        let place = Int(subscribers.slots[slot].openCase)
        guard place >= 0, var open = cases[place] else { return }
        // A case that the breaker did not let act stays observed: what stops the message then is gentler, and needs no leave.
        let state: CaseState =
            open.state == .contained || open.state == .observed ? open.state : kind == .hold ? .held : .slowed
        let isNew = open.held + open.refused == 0
        let changes = open.state != state
        open.state = state
        open.lastAt = now
        if kind == .hold { open.held += 1 } else { open.refused += 1 }
        cases[place] = open
        let total = open.held + open.refused
        if isNew || changes || total & (total - 1) == 0 { outputs.append(.case(open)) }
    }

    /// Closes a subscriber's case.
    mutating func closeCase(_ slot: Int, _ outputs: inout [Output]) {
        let place = Int(subscribers.slots[slot].openCase)
        guard place >= 0, var open = cases[place] else { return }
        open.state = .released
        cases[place] = nil
        freeCases.append(Int32(place))
        subscribers.slots[slot].openCase = -1
        outputs.append(.case(open))
    }
}
