// Take-overs: when they begin, what the attacker sends beside the owner, and how they spread and end.

import MailTypes

/// A take-over by contagion, or in an outbreak, to come.
struct Contagion: Sendable {
    /// The subscriber.
    let subscriber: Int
    /// The family.
    let family: Int
    /// The victim whose contact it is, as an episode's place; nil in an outbreak.
    let from: Int?
}

/// An attack under way.
struct AttackState: Sendable {
    /// The dice.
    var chance: Chance
    /// The episode's place.
    let episode: Int
    /// The subscriber.
    let subscriber: Int
    /// The family.
    let family: Int
    /// What it writes.
    let campaign: Campaign
    /// Test messages left.
    var probesLeft = 0
    /// Messages left.
    var messagesLeft = 0
    /// Recipients left.
    var recipientsLeft = 0
    /// When it is over at the latest; set when the tests are done.
    var until = Int64.max
    /// Messages in an hour.
    var perHour = 1.0
    /// Networks, the owner's own left out of account.
    var networks = 1
    /// Messages until the next network.
    var networkLeft = 0
    /// The present place.
    var client = NetworkAddress(ipv4: 0)
    /// The machine.
    let machine: UInt64
    /// The style of header.
    let style: UInt64
    /// The sender.
    var sender: Mailbox
    /// The number behind the HELO name.
    var helo: UInt64
    /// The next place in the book.
    var bookPlace = 0
    /// Places of the book that are past.
    var bookDone = 0
    /// Refusals so far.
    var refusals = 0
    /// Silence until then.
    var silentUntil: Int64 = 0
}

extension Simulation {
    /// A take-over by chance; due again after the next exponential time.
    mutating func onset(_ index: Int, at: Int64) -> Int64 {
        let families = plans[Int(states[index].stratum)].families
        guard let total = families.last?.upTo, total > 0 else { return .max }
        let draw = states[index].chance.unit() * total
        let family = families.first { draw < $0.upTo } ?? families[families.count - 1]
        takeOver(index, family: Int(family.family), from: nil, at: at)
        return Simulation.later(at, states[index].chance.exponential() * Simulation.year / total)
    }

    /// A take-over by contagion.
    mutating func infect(_ slot: Int, at: Int64) -> Int64 {
        let contagion = contagions[slot]
        contagions.remove(slot)
        if at >= states[contagion.subscriber].joined {
            takeOver(contagion.subscriber, family: contagion.family, from: contagion.from, at: at)
        }
        return .max
    }

    /// A subscriber is taken over, unless somebody has already.
    private mutating func takeOver(_ index: Int, family number: Int, from victim: Int?, at: Int64) {
        let family = population.families[number]
        let stratum = population.strata[Int(states[index].stratum)]
        guard states[index].episode < 0, StratumPlan.canHit(family, stratum) else { return }
        var chance = Chance(seed: states[index].chance.bits())
        let campaign = poisoned(campaign(of: number, at: at, &chance), family)
        let mimics = chance.happens(family.names.mimicsProgram)
        let machine = Mixing.mix(campaign.number, chance.bits())
        let ownStyle = style(of: self.machine(index, 0), programs: stratum.clients.programs)
        let botStyle = Mixing.mix(
            0x626F_7473, UInt64(number), campaign.number % UInt64(max(1, family.names.programs)))
        let isOwn = chance.happens(family.names.ownSender)
        var state = AttackState(
            chance: chance, episode: episodes.count, subscriber: index, family: number, campaign: campaign,
            machine: machine, style: mimics ? ownStyle : botStyle,
            sender: isOwn ? Mailbox(.subscriber, UInt64(index)) : Mailbox(.madeUp, machine), helo: machine)
        state.probesLeft = family.probe?.messages.draw(&state.chance) ?? 0
        state.messagesLeft = Int(min(1e7, max(1, family.length.messages.draw(&state.chance))))
        state.recipientsLeft = Int(min(1e9, max(1, family.length.recipients.draw(&state.chance))))
        state.perHour = max(0.001, family.rate.perHour.draw(&state.chance))
        state.networks = Int(min(100_000, max(1, family.access.networks.draw(&state.chance))))
        state.bookPlace = state.chance.below(max(1, Int(states[index].book)))
        if state.probesLeft == 0 {
            state.until = Simulation.later(at, family.length.hours.draw(&state.chance) * Simulation.hour)
        }
        let first = state.probesLeft > 0 ? at : nextAttackTime(&state, after: at)
        guard first < endAt, first <= state.until else { return }
        episodes.append(
            Episode(
                subscriber: index, family: number, campaign: campaign.number, from: Timestamp(nanoseconds: first),
                until: Timestamp(nanoseconds: first), messages: 0, recipients: 0, caughtFrom: victim, isOver: false))
        let slot = attacks.insert(state)
        states[index].episode = Int32(slot)
        arrivals.append(SimulationTask(at: first, .attack, UInt32(slot)))
        if family.contagion > 1 { spread(index, number, at: first) }
    }

    /// Draws which of a victim's local contacts are hit in the days after.
    private mutating func spread(_ index: Int, _ number: Int, at: Int64) {
        let family = population.families[number]
        let rate = family.onsetsPer1000Years / 1000 * attackFactor * (family.contagion - 1)
        let chanceEach = 1 - Exponential.of(-rate * family.contagionDays / 365)
        var reached = 0
        for rank in 0..<min(400, Int(states[index].book)) where reached < 60 {
            let mailbox = contact(index, rank)
            guard mailbox.raw >> 56 == Mailbox.Kind.subscriber.rawValue else { continue }
            reached += 1
            guard states[index].chance.happens(chanceEach) else { continue }
            let wait = states[index].chance.unit() * family.contagionDays * Double(Simulation.dayNanoseconds)
            let other = Int(mailbox.raw & 0xFFFF_FFFF)
            let slot = contagions.insert(Contagion(subscriber: other, family: number, from: episodes.count - 1))
            let task = SimulationTask(at: Simulation.later(at, wait), .contagion, UInt32(slot))
            if task.at < endAt { arrivals.append(task) } else { contagions.remove(slot) }
        }
    }

    /// The time of an attack's next message: at its rate, and within its hours.
    private func nextAttackTime(_ state: inout AttackState, after at: Int64) -> Int64 {
        let gap = Simulation.hour / state.perHour
        var time = max(at, state.silentUntil)
        guard population.families[state.family].rate.hours == .owner else {
            return Simulation.later(time, state.chance.exponential() * gap)
        }
        let peak = states[state.subscriber].peak
        let width = population.strata[Int(states[state.subscriber].stratum)].hours.width
        for _ in 0..<100_000 {
            time = Simulation.later(time, state.chance.exponential() * gap)
            let hours = Double((time - startAt) % Simulation.dayNanoseconds) / Simulation.hour - peak
            let distance = hours > 12 ? hours - 24 : hours < -12 ? hours + 24 : hours
            let isLikely = Exponential.of(-distance * distance / (2 * width * width))
            if state.chance.unit() < isLikely { break }
        }
        return time
    }

    /// The next message of an attack.
    mutating func attack(_ slot: Int, at: Int64) -> (SimulatedEvent?, Int64) {
        var state = attacks[slot]
        let family = population.families[state.family]
        guard !episodes[state.episode].isOver, at <= state.until else {
            endAttack(slot)
            return (nil, .max)
        }
        // Silence that a refusal brought comes into force here.
        if at < state.silentUntil { return (nil, state.silentUntil) }
        let event = abuse(&state, family, at: at)
        var next: Int64
        if state.probesLeft > 0 {
            state.probesLeft -= 1
            next = Simulation.later(at, (20 + 240 * state.chance.unit()) * 1e9)
            if state.probesLeft == 0 {
                let wait = family.probe?.waitHours.draw(&state.chance) ?? 0
                next = Simulation.later(at, wait * Simulation.hour)
                state.until = Simulation.later(next, family.length.hours.draw(&state.chance) * Simulation.hour)
            }
        } else {
            state.messagesLeft -= 1
            next = nextAttackTime(&state, after: at)
        }
        attacks[slot] = state
        if state.probesLeft == 0, state.messagesLeft <= 0 || state.recipientsLeft <= 0 || isBookDone(state, family) {
            endAttack(slot)
            next = .max
        }
        return (event, next)
    }

    /// True where an attacker who writes to the victim's contacts alone has reached them all.
    private func isBookDone(_ state: AttackState, _ family: AttackFamily) -> Bool {
        family.targets.book >= 1 && state.bookDone >= Int(states[state.subscriber].book)
    }

    /// Ends an attack.
    mutating func endAttack(_ slot: Int) {
        let state = attacks[slot]
        episodes[state.episode].isOver = true
        states[state.subscriber].episode = -1
        attacks.remove(slot)
    }

    // MARK: - What the world tells the attacker

    /// Tells an attacker that a message was refused. Honest mail is left as it is.
    public mutating func refused(_ truth: Truth, at: Timestamp) {
        guard truth.isAbuse, let place = truth.episode, !episodes[place].isOver else { return }
        let slot = Int(states[truth.subscriber].episode)
        guard slot >= 0, attacks[slot].episode == place else { return }
        let reaction = population.families[attacks[slot].family].onRefusal
        attacks[slot].refusals += 1
        if reaction.stopsAfter > 0, attacks[slot].refusals >= reaction.stopsAfter { episodes[place].isOver = true }
        attacks[slot].perHour = max(0.01, attacks[slot].perHour * reaction.slows)
        let wait = reaction.waitHours * Simulation.hour
        attacks[slot].silentUntil = max(attacks[slot].silentUntil, Simulation.later(at.nanoseconds, wait))
    }

    /// Ends an episode: the password was changed, the machine cleaned.
    public mutating func cure(_ episode: Int) { episodes[episode].isOver = true }
}
