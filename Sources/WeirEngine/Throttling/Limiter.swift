// The limits at work: all of a message's buckets are checked first, then all are charged, or none.

import MailTypes

/// A limit without room for a message.
struct Trip {
    /// Which payer's.
    var payer: Int
    /// Which limit of its plan.
    var limit: Int
    /// Nanoseconds until there may be room; `Int64.max` where the message can never pass.
    var wait: Int64
    /// What the message asked of it.
    var units: Int64
}

/// What a check found.
struct Outcome {
    /// Enforced limits without room, in evaluation order.
    var enforced: [Trip] = []
    /// Observed limits without room.
    var observed: [Trip] = []
}

/// What part of a message is checked.
struct Part {
    /// What is asked of the buckets beyond what the message has reserved already.
    var amounts: Amounts
    /// True for the whole message, false for what it grew by since.
    var isWhole: Bool
    /// True where distinct keys are checked too.
    var withDistinct: Bool
}

extension Engine {
    /// Looks for room in every limit of every payer. Changes nothing but which slice the windows stand at.
    mutating func check(_ message: Int, _ part: Part, at time: Int64) -> Outcome {
        var outcome = Outcome()
        for payer in messages.slots[message].payers.indices {
            let slot = Int(messages.slots[message].payers[payer].slot)
            if subscribers.slots[slot].isExempt { continue }
            let plan = plan(of: slot)
            let charged = part.isWhole ? ~0 : messages.slots[message].payers[payer].charged
            for index in plan.gauges.indices {
                let dimension = plan.gauges[index].dimension
                var wait: Int64 = 0
                var units: Int64 = 0
                if dimension.countsDistinct {
                    guard part.withDistinct, part.isWhole || dimension != .distinctReversePaths else { continue }
                    (units, wait) = checkDistinct(message, slot: slot, plan.gauges[index], plan.windowCount, at: time)
                } else if dimension == .deadRecipients {
                    // Charged by delivery results, not by messages: the next one must fit.
                    guard part.isWhole else { continue }
                    wait = subscribers.slots[slot].buckets[plan.gauges[index].place].wait(
                        for: 1, plan.gauges[index].rate, at: time)
                } else {
                    units =
                        part.isWhole || dimension != .messages && dimension != .nullSenderMessages
                        ? part.amounts.units(dimension) : 0
                    guard units > 0, charged & (1 << UInt32(index)) != 0 else { continue }
                    let whole = messages.slots[message].amounts.units(dimension)
                    if whole > plan.gauges[index].rate.burst {
                        (units, wait) = (whole, .max)  // also where it only grew to that: it can never pass
                    } else {
                        wait = subscribers.slots[slot].buckets[plan.gauges[index].place].wait(
                            for: units, plan.gauges[index].rate, at: time)
                    }
                }
                guard wait > 0 else { continue }
                let trip = Trip(payer: payer, limit: index, wait: wait, units: units)
                if plan.gauges[index].isEnforced {
                    outcome.enforced.append(trip)
                } else {
                    outcome.observed.append(trip)
                }
            }
        }
        return outcome
    }

    /// The keys that a distinct limit counts of a message, for one payer.
    private func distinctKeys(_ message: Int, slot: Int, _ dimension: Dimension) -> DistinctKeys {
        var keys = DistinctKeys()
        switch dimension {
        case .distinctRecipients: for recipient in messages.slots[message].recipients { keys.append(recipient.address) }
        case .distinctDomains: for recipient in messages.slots[message].recipients { keys.append(recipient.domain) }
        case .newRecipients:
            for recipient in messages.slots[message].recipients
            where !subscribers.slots[slot].familiar.contains(recipient.address) { keys.append(recipient.address) }
        default: if let reversePath = messages.slots[message].reversePath { keys.append(reversePath) }
        }
        return keys
    }

    /// How many distinct keys there would be with this message, and how long to wait if that is too many.
    private mutating func checkDistinct(
        _ message: Int, slot: Int, _ limit: Gauge, _ windowCount: Int, at time: Int64
    ) -> (units: Int64, wait: Int64) {
        if limit.dimension != .distinctReversePaths, !messages.slots[message].recipientsAreComplete {
            return (0, 0)
        }
        let keys = distinctKeys(message, slot: slot, limit.dimension)
        guard !keys.isEmpty else { return (0, 0) }
        if subscribers.slots[slot].windows.isEmpty {
            subscribers.slots[slot].windows = Windows(repeating: DistinctWindow(), count: windowCount)
        }
        subscribers.slots[slot].windows[limit.place].advance(to: time, periodSeconds: limit.periodSeconds)
        let count = subscribers.slots[slot].windows[limit.place].count(adding: keys, enough: limit.amount)
        guard count > limit.amount else { return (Int64(keys.count), 0) }
        var alone = DistinctWindow()
        alone.advance(to: time, periodSeconds: limit.periodSeconds)
        guard alone.count(adding: keys, enough: limit.amount) <= limit.amount else {
            return (Int64(keys.count), .max)
        }
        return (
            Int64(keys.count),
            subscribers.slots[slot].windows[limit.place].nextForgetting(
                at: time, periodSeconds: limit.periodSeconds)
        )
    }

    /// Sets aside what a checked part of a message takes, in every limit but the observed ones that had no room: those
    /// go on as if they had stopped it.
    mutating func reserve(_ message: Int, _ part: Part, observed: [Trip], at time: Int64) {
        for payer in messages.slots[message].payers.indices {
            let slot = Int(messages.slots[message].payers[payer].slot)
            let plan = plan(of: slot)
            if part.isWhole { subscribers.slots[slot].openCount += 1 }
            var charged = messages.slots[message].payers[payer].charged
            if subscribers.slots[slot].isExempt {
                // Exempt since the reservation was made: it is given back, and nothing is charged at the end.
                for index in plan.gauges.indices where !part.isWhole && charged & (1 << UInt32(index)) != 0 {
                    uncharge(message, part, slot: slot, plan.gauges[index])
                }
                messages.slots[message].payers[payer].charged = 0
                continue
            }
            for index in plan.gauges.indices {
                let bit: UInt32 = 1 << UInt32(index)
                if observed.contains(where: { $0.payer == payer && $0.limit == index }) {
                    if charged & bit != 0 { uncharge(message, part, slot: slot, plan.gauges[index]) }
                    charged &= ~bit
                    continue
                }
                let dimension = plan.gauges[index].dimension
                if dimension.countsDistinct {
                    guard part.withDistinct, part.isWhole || dimension != .distinctReversePaths else { continue }
                    insertDistinct(message, payer: payer, slot: slot, index, plan.gauges[index])
                    charged |= bit
                } else if part.isWhole {
                    subscribers.slots[slot].buckets[plan.gauges[index].place].reserve(part.amounts.units(dimension))
                    charged |= bit
                } else if charged & bit != 0, dimension == .recipients || dimension == .bytes {
                    subscribers.slots[slot].buckets[plan.gauges[index].place].reserve(part.amounts.units(dimension))
                }
            }
            messages.slots[message].payers[payer].charged = charged
        }
    }

    /// Takes back what a message had reserved in one limit, what it grew by left out: that was not reserved yet.
    private mutating func uncharge(_ message: Int, _ part: Part, slot: Int, _ limit: Gauge) {
        let dimension = limit.dimension
        guard !dimension.countsDistinct else { return }
        let grows = dimension == .recipients || dimension == .bytes
        subscribers.slots[slot].buckets[limit.place].cancel(
            messages.slots[message].amounts.units(dimension) - (grows ? part.amounts.units(dimension) : 0))
    }

    /// Puts a message's distinct keys into a window, and notes those that it brought.
    private mutating func insertDistinct(_ message: Int, payer: Int, slot: Int, _ index: Int, _ limit: Gauge) {
        if limit.dimension != .distinctReversePaths, !messages.slots[message].recipientsAreComplete { return }
        guard limit.place < subscribers.slots[slot].windows.count else { return }
        for key in distinctKeys(message, slot: slot, limit.dimension) {
            if subscribers.slots[slot].windows[limit.place].insert(key) {
                messages.slots[message].inserted.append(InsertedKey(place: UInt8(payer * 32 + index), key: key))
            }
        }
    }

    /// Turns a message's reservations into charges.
    mutating func commit(_ message: Int, at time: Int64) {
        let amounts = messages.slots[message].amounts
        for payer in messages.slots[message].payers.indices {
            guard let (slot, charged) = openPayer(message, payer, at: time) else { continue }
            let plan = plan(of: slot)
            for index in plan.gauges.indices where charged & (1 << UInt32(index)) != 0 {
                let limit = plan.gauges[index]
                let units = amounts.units(limit.dimension)
                guard !limit.dimension.countsDistinct, units > 0 else { continue }
                subscribers.slots[slot].buckets[limit.place].commit(units, limit.rate, at: time)
            }
            subscribers.slots[slot].openCount -= 1
            subscribers.slots[slot].lastCharge = time
            subscribers.slots[slot].counts.messages &+= 1
            subscribers.slots[slot].counts.recipients &+= UInt32(truncatingIfNeeded: amounts.recipients)
            if messages.slots[message].recipientsAreComplete {
                for recipient in messages.slots[message].recipients {
                    subscribers.slots[slot].familiar.insert(recipient.address)
                }
            }
        }
        totals.messages += 1
        totals.recipients += UInt64(max(0, amounts.recipients))
        if messages.slots[message].wouldStop { countWouldStop(message) }
        end(message, .committed, at: time)
    }

    /// Gives a message's reservations back.
    mutating func cancel(_ message: Int, _ state: MessageState, at time: Int64) {
        unreserve(message, at: time)
        end(message, state, at: time)
    }

    /// Gives a message's reservations back, without ending it.
    mutating func unreserve(_ message: Int, at time: Int64) {
        let amounts = messages.slots[message].amounts
        for payer in messages.slots[message].payers.indices {
            guard let (slot, charged) = openPayer(message, payer, at: time) else { continue }
            let plan = plan(of: slot)
            for index in plan.gauges.indices where charged & (1 << UInt32(index)) != 0 {
                let limit = plan.gauges[index]
                if limit.dimension.countsDistinct {
                    takeBack(message, payer: payer, slot: slot, index, limit)
                } else {
                    subscribers.slots[slot].buckets[limit.place].cancel(amounts.units(limit.dimension))
                }
            }
            subscribers.slots[slot].openCount -= 1
            messages.slots[message].payers[payer].charged = 0
        }
        messages.slots[message].inserted = []
        messages.slots[message].distinctCounted = false
    }

    /// Takes a message's own keys out of a window again. With another message of the subscriber open, or committed since,
    /// they stay: it may count on them, and an over-count that ages is better than a hole.
    private mutating func takeBack(_ message: Int, payer: Int, slot: Int, _ index: Int, _ limit: Gauge) {
        guard subscribers.slots[slot].openCount == 1,
            subscribers.slots[slot].lastCharge < messages.slots[message].createdAt,
            limit.place < subscribers.slots[slot].windows.count,
            messages.slots[message].payers[payer].revision == subscribers.slots[slot].revision
        else { return }
        for entry in messages.slots[message].inserted where Int(entry.place) == payer * 32 + index {
            subscribers.slots[slot].windows[limit.place].remove(entry.key)
        }
    }

    /// The slot of a payer that still holds the message open, and the limits it was charged in.
    private mutating func openPayer(_ message: Int, _ payer: Int, at time: Int64) -> (slot: Int, charged: UInt32)? {
        let entry = messages.slots[message].payers[payer]
        let slot = Int(entry.slot)
        guard messages.slots[message].state == .reserved, subscribers.serial(of: slot) == entry.serial else {
            return nil
        }
        return (slot, charged(entry, at: time))
    }

    /// Closes a message's record: it stays to answer repetitions and delivery results.
    mutating func end(_ message: Int, _ state: MessageState, at time: Int64) {
        messages.slots[message].state = state
        messages.slots[message].endedAt = time
        messages.slots[message].inserted = []
        messages.slots[message].recipients.removeAll()
        messages.forgetSession(message)
    }

    /// Gives back what a committed message was charged, as far as it can't have been used by others since.
    mutating func refund(_ message: Int, at time: Int64) {
        guard messages.slots[message].state == .committed else { return }
        let amounts = messages.slots[message].amounts
        let then = messages.slots[message].endedAt
        for payer in messages.slots[message].payers {
            let slot = Int(payer.slot)
            let charged = charged(payer, at: time)
            guard charged != 0 else { continue }
            let plan = plan(of: slot)
            for index in plan.gauges.indices where charged & (1 << UInt32(index)) != 0 {
                let limit = plan.gauges[index]
                guard !limit.dimension.countsDistinct, limit.dimension != .deadRecipients else { continue }
                subscribers.slots[slot].buckets[limit.place].refund(
                    amounts.units(limit.dimension), limit.rate, committedAt: then)
            }
        }
        totals.refunded += 1
        messages.slots[message].state = .over
    }

    /// Charges dead recipients, whether there is room or not: they are facts.
    mutating func chargeDead(_ count: Int, slot: Int, at time: Int64) {
        totals.deadRecipients += UInt64(count)
        for payer in chain(from: slot, at: time) {
            let plan = plan(of: Int(payer.slot))
            for index in plan.deadLimits {
                let limit = plan.gauges[index]
                subscribers.slots[Int(payer.slot)].buckets[limit.place].force(
                    Int64(count), limit.rate, extra: limit.periodSeconds * 1_000_000_000, at: time)
            }
        }
    }
}
