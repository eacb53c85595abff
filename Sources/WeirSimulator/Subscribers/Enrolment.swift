// A subscriber's beginnings: what is drawn once, and the first tasks. Then the lines and machines that they use.

import MailTypes

extension Simulation {
    /// Draws a subscriber.
    mutating func addSubscriber(_ index: Int, stratum number: Int) {
        let stratum = population.strata[number]
        var chance = Chance(seed: Mixing.mix(seed, 0x7375_6273, UInt64(index)))
        var state = SubscriberState(chance: chance)
        state.stratum = Int32(number)
        state.perDay = stratum.messagesPerDay.draw(&chance)
        state.scoreOffset = stratum.scoreOffset.draw(&chance)
        state.newShare = min(1, stratum.newRecipients.draw(&chance))
        state.book = Int32(min(2_000_000, max(1, stratum.book.size.draw(&chance))))
        state.senders = UInt16(min(10_000, stratum.senders.draw(&chance)))
        state.devices = UInt8(min(8, stratum.clients.devices.draw(&chance)))
        state.peak = stratum.hours.peak + stratum.hours.peakDeviation * chance.normal()
        state.isShared = chance.happens(stratum.clients.shared)
        let isNew = chance.happens(stratum.joins)
        state.joined = isNew ? startAt + Int64(chance.unit() * 0.95 * Double(endAt - startAt)) : startAt
        // A sitting takes no more of the day than there is, or the diary would run behind its mail.
        let perDay = max(0.01, state.perDay)
        state.gapSeconds = min(stratum.sessions.minutes.draw(&chance) * 60, 14_400 / perDay)
        state.chance = chance
        states.append(state)
        begin(index, stratum, isNew: isNew)
    }

    /// Puts a subscriber's first tasks in place.
    private mutating func begin(_ index: Int, _ stratum: Stratum, isNew: Bool) {
        let task = UInt32(index)
        let joined = states[index].joined
        states[index].day = Int32((joined - startAt) / Simulation.dayNanoseconds) - 1
        states[index].dayDone = 1
        arrivals.append(SimulationTask(at: nextSitting(index, after: joined), .sitting, task))
        if randomRate(index) > 0 {
            arrivals.append(SimulationTask(at: nextRandomEvent(index, after: joined), .chance, task))
        }
        if let rate = plans[Int(states[index].stratum)].families.last?.upTo, rate > 0 {
            let wait = states[index].chance.exponential() * Simulation.year / rate
            arrivals.append(SimulationTask(at: Simulation.later(joined, wait), .onset, task))
        }
        for number in population.families.indices { beginOutbreak(number, of: index, stratum) }
        if stratum.identification == .address { arrivals.append(SimulationTask(at: joined, .lease, task)) }
        for (place, event) in stratum.events.enumerated() where holds(index, place) {
            if case .perYear = event.schedule { continue }
            if case .joining = event.schedule, !isNew { continue }
            let state = EventState(subscriber: index, event: place, isRepeated: event.schedule != .joining)
            let at = occasion(state, after: joined)
            guard at < endAt else { continue }
            arrivals.append(SimulationTask(at: at, .event, UInt32(events.insert(state))))
        }
        // The list of arrivals stays short while a million subscribers are drawn.
        for arrival in arrivals where arrival.at < endAt { tasks.insert(arrival) }
        arrivals.removeAll(keepingCapacity: true)
    }

    /// Puts a take-over in an outbreak in place, where the subscriber is one of those hit.
    private mutating func beginOutbreak(_ number: Int, of index: Int, _ stratum: Stratum) {
        let family = population.families[number]
        guard attackFactor > 0, let outbreak = family.outbreak, StratumPlan.canHit(family, stratum) else { return }
        var chance = Chance(seed: Mixing.mix(seed ^ 0x6F75_7462, UInt64(index), UInt64(number)))
        guard chance.happens(outbreak.share) else { return }
        let wait = outbreak.day * Double(Simulation.dayNanoseconds) + chance.unit() * outbreak.minutes * 60e9
        let task = SimulationTask(
            at: Simulation.later(startAt, wait), .contagion,
            UInt32(contagions.insert(Contagion(subscriber: index, family: number, from: nil))))
        if task.at < endAt { arrivals.append(task) } else { contagions.remove(Int(task.index)) }
    }

    /// True where a subscriber is one of those to whom an event of the stratum happens.
    func holds(_ index: Int, _ event: Int) -> Bool {
        let holders = population.strata[Int(states[index].stratum)].events[event].holders
        return Chance.unit(Mixing.mix(seed ^ 0x686F_6C64, UInt64(index), UInt64(event))) < holders
    }

    // MARK: - Lines

    /// The line's address at a moment. Two lines next to each other exchange their addresses at each renumbering, so that
    /// an address has an owner before and one after.
    func homeAddress(_ index: Int, at: Int64) -> NetworkAddress {
        let clients = population.strata[Int(states[index].stratum)].clients
        if states[index].isShared, clients.perSharedAddress > 1 {
            return Networks.shared(index / clients.perSharedAddress)
        }
        let pair = UInt64(index >> 1)
        let swapped = UInt64(truncatingIfNeeded: lineGeneration(index, at: at)) & 1
        return Networks.line(pair << 1 | (UInt64(index & 1) ^ swapped))
    }

    /// How often a pair of lines has been renumbered.
    private func lineGeneration(_ index: Int, at: Int64) -> Int64 {
        let period = renumberNanoseconds(index)
        guard period > 0 else { return 0 }
        return (at - startAt + renumberPhase(index, period)) / period
    }

    /// Nanoseconds between two renumberings of a pair of lines; 0 for never. The first of the two decides for both.
    private func renumberNanoseconds(_ index: Int) -> Int64 {
        let first = index & ~1
        let other = min(first + 1, states.count - 1)
        let days = [first, other].map { population.strata[Int(states[$0].stratum)].clients.renumberDays }
        return days.contains(0) || first == other ? 0 : Int64(days[0]) * Simulation.dayNanoseconds
    }

    /// Where in its period a pair of lines begins.
    private func renumberPhase(_ index: Int, _ period: Int64) -> Int64 {
        Int64(Chance.unit(Mixing.mix(seed ^ 0x6C69_6E65, UInt64(index >> 1))) * Double(period))
    }

    /// The ports of a line: all of them, or a block where several share the address.
    func ports(_ index: Int) -> ClosedRange<UInt16> {
        let clients = population.strata[Int(states[index].stratum)].clients
        guard states[index].isShared, clients.perSharedAddress > 1 else { return 1024...65_535 }
        let block = 64_512 / clients.perSharedAddress
        let first = 1024 + index % clients.perSharedAddress * block
        return UInt16(first)...UInt16(first + block - 1)
    }

    /// A line's lease begins; due again when it is renumbered.
    mutating func lease(_ index: Int, at: Int64) -> (SimulatedEvent?, Int64) {
        let period = renumberNanoseconds(index)
        let event = SimulatedEvent.lease(
            SimulatedLease(
                at: Timestamp(nanoseconds: at), subscriber: index, address: homeAddress(index, at: at),
                ports: ports(index)))
        guard period > 0, !states[index].isShared else { return (event, .max) }
        let done = lineGeneration(index, at: at)
        return (event, startAt + (done + 1) * period - renumberPhase(index, period))
    }

    // MARK: - Machines

    /// The number of a machine with the program on it.
    func machine(_ index: Int, _ device: Int) -> UInt64 {
        Mixing.mix(seed ^ 0x6D61_6368, UInt64(index) << 8 | UInt64(device), states[index].generation(device))
    }

    /// The style of header that a machine's mail program writes.
    func style(of machine: UInt64, programs: Int) -> UInt64 {
        let u = Chance.unit(machine)
        let program = UInt64(Double(max(1, programs)) * u * u)
        return Mixing.mix(0x7374_796C, program << 8 | (machine >> 20) % 3)
    }

    /// What a machine says in HELO.
    func helo(of machine: UInt64) -> String {
        switch machine % 4 {
        case 0: QueueNumber.short("[ip", Int(truncatingIfNeeded: machine >> 8 & 0xFFFF), digits: 4) + "]"
        case 1: QueueNumber.short("DESK", Int(truncatingIfNeeded: machine >> 8), digits: 7)
        case 2: QueueNumber.short("pc", Int(truncatingIfNeeded: machine >> 8 & 0xFF), digits: 2)
        default: QueueNumber.short("mob", Int(truncatingIfNeeded: machine >> 8), digits: 6)
        }
    }
}
