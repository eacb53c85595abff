// Honest events: when they happen, and the burst of mail that they make.

import MailTypes

/// An event of one subscriber.
struct EventState: Sendable {
    /// The subscriber.
    let subscriber: Int
    /// The event, by its place in the stratum.
    let event: Int
    /// True where it comes again.
    let isRepeated: Bool
    /// How often it has happened.
    var count = 0

    /// An event to come.
    init(subscriber: Int, event: Int, isRepeated: Bool) {
        self.subscriber = subscriber
        self.event = event
        self.isRepeated = isRepeated
    }
}

/// A burst under way.
struct BurstState: Sendable {
    /// The subscriber.
    let subscriber: Int
    /// The event, by its place in the stratum.
    let event: Int
    /// Recipients that are still to be written to.
    var left: Int
    /// How many have been.
    var position = 0
    /// The words of all copies.
    let text: SimulatedText
    /// Their score in nats.
    let score: Double
    /// Bytes of each.
    let bytes: Int
    /// The share of dead addresses.
    let dead: Double
    /// From where.
    let client: NetworkAddress
    /// The machine.
    let machine: UInt64
}

extension Simulation {
    // MARK: - When

    /// Random events and replacements of machines a year.
    func randomRate(_ index: Int) -> Double {
        let stratum = population.strata[Int(states[index].stratum)]
        var rate = stratum.clients.renewals
        for (place, event) in stratum.events.enumerated() {
            if case .perYear(let times) = event.schedule, holds(index, place) { rate += times }
        }
        return rate
    }

    /// When something next happens to a subscriber at random.
    mutating func nextRandomEvent(_ index: Int, after at: Int64) -> Int64 {
        let rate = randomRate(index)
        guard rate > 0 else { return .max }
        return Simulation.later(at, states[index].chance.exponential() * Simulation.year / rate)
    }

    /// Something happens at random: which, and when on the day.
    mutating func randomEvent(_ index: Int, at: Int64) -> Int64 {
        let stratum = population.strata[Int(states[index].stratum)]
        var left = states[index].chance.unit() * randomRate(index) - stratum.clients.renewals
        if left < 0 {
            states[index].renewals &+= 1
            return nextRandomEvent(index, after: at)
        }
        for (place, event) in stratum.events.enumerated() {
            guard case .perYear(let times) = event.schedule, holds(index, place) else { continue }
            left -= times
            guard left < 0 else { continue }
            let state = EventState(subscriber: index, event: place, isRepeated: false)
            let moment = occasion(state, after: at)
            if moment < endAt { arrivals.append(SimulationTask(at: moment, .event, UInt32(events.insert(state)))) }
            break
        }
        return nextRandomEvent(index, after: at)
    }

    /// When an event next happens.
    mutating func occasion(_ state: EventState, after at: Int64) -> Int64 {
        let index = state.subscriber
        let event = population.strata[Int(states[index].stratum)].events[state.event]
        let habit = habit(of: state)
        let today = (at - startAt) / Simulation.dayNanoseconds
        switch event.schedule {
        case .perYear:
            guard event.hours != nil else { return usualMoment(index, after: at) }
            let found = moment(of: state, day: today)
            return found > at ? found : moment(of: state, day: today + 1)
        case .weeks(let weeks):
            let period = Int64(7 * max(1, weeks))
            // A working day of the subscriber's own.
            var day = today - today % period + Int64(habit % UInt64(period))
            while weekday(Int(day)) >= 5 { day += 1 }
            var found = moment(of: state, day: day)
            while found <= at + Simulation.dayNanoseconds / 2 {
                day += period
                found = moment(of: state, day: day)
            }
            return found
        case .monthEnd:
            var day = today
            while true {
                let found = isMonthEnd(day) ? moment(of: state, day: day) : .min
                if found > at + (state.count > 0 ? Simulation.dayNanoseconds : 0) { return found }
                day += 1
            }
        case .joining:
            return at + Int64(states[index].chance.unit() * 3 * Double(Simulation.dayNanoseconds))
        }
    }

    /// The moment of an event on a day.
    private mutating func moment(of state: EventState, day: Int64) -> Int64 {
        let index = state.subscriber
        let midnight = startAt + day * Simulation.dayNanoseconds
        guard let hours = population.strata[Int(states[index].stratum)].events[state.event].hours else {
            let peak = states[index].peak + 2 * (states[index].chance.unit() - 0.5)
            return midnight + Int64(peak * Simulation.hour)
        }
        // Its own hour of those, give or take a third of an hour.
        let hour = hours.lowerBound + Int(habit(of: state) >> 32) % hours.count
        return midnight + Int64((Double(hour) + 0.67 * states[index].chance.unit()) * Simulation.hour)
    }

    /// A number that belongs to an event of a subscriber.
    private func habit(of state: EventState) -> UInt64 {
        Mixing.mix(seed ^ 0x6F63_6361, UInt64(state.subscriber), UInt64(state.event))
    }

    /// True on the last working day of a month.
    func isMonthEnd(_ day: Int64) -> Bool {
        guard weekday(Int(day)) < 5 else { return false }
        let step: Int64 = weekday(Int(day)) == 4 ? 3 : 1
        func month(_ day: Int64) -> Int64 {
            Timestamp(nanoseconds: startAt + day * Simulation.dayNanoseconds).civilTime.month
        }
        return month(day) != month(day + step)
    }

    // MARK: - What

    /// An event happens.
    mutating func happen(_ slot: Int, at: Int64) -> Int64 {
        let index = events[slot].subscriber
        let place = events[slot].event
        let event = population.strata[Int(states[index].stratum)].events[place]
        if let change = event.change { apply(change, index, at: at) }
        if let burst = event.burst {
            let minutes = event.change == nil ? 0 : 5 + 120 * states[index].chance.unit()
            let state = begin(burst, index, place, isNew: event.change != nil, at: at)
            let first = at + Int64(minutes * 60e9) + 1
            if state.left > 0, first < endAt {
                arrivals.append(SimulationTask(at: first, .burst, UInt32(bursts.insert(state))))
            }
        }
        events[slot].count += 1
        guard events[slot].isRepeated else {
            events.remove(slot)
            return .max
        }
        return occasion(events[slot], after: at)
    }

    /// Another machine or network.
    private mutating func apply(_ change: HonestEvent.Change, _ index: Int, at: Int64) {
        if change.machine { states[index].renewals &+= 1 }
        guard change.network, population.strata[Int(states[index].stratum)].identification == .login else { return }
        states[index].awayNetwork = UInt32(truncatingIfNeeded: states[index].chance.bits() % 7000)
        states[index].awayShift = Float(change.shiftHours)
        let days = change.days.draw(&states[index].chance)
        states[index].awayUntil = at + Int64(days * Double(Simulation.dayNanoseconds))
        states[index].sittingLeft = 0
    }

    /// What a burst sends, to how many.
    private mutating func begin(
        _ burst: HonestEvent.Burst, _ index: Int, _ place: Int, isNew: Bool, at: Int64
    ) -> BurstState {
        // A list's length and its dead are the same each time; of all else each burst has its own.
        var habit = Chance(seed: Mixing.mix(seed ^ 0x6275_7273, UInt64(index), UInt64(place)))
        let listed = burst.recipients.draw(&habit)
        let dead = burst.dead.draw(&habit)
        var chance = states[index].chance
        defer { states[index].chance = chance }
        var count = burst.audience == .list ? listed : burst.recipients.draw(&chance)
        if burst.audience == .book { count = min(count, Double(states[index].book)) }
        let template = chance.bits()
        var text = SimulatedText(template: template)
        text.substitution = SimulatedText.substitution(resemblance: burst.resemblance)
        text.subject = template | 1 << 63
        if burst.hasLink { text.link = Mixing.mix(template, 2) }
        // The machine replaced last is the new one.
        let devices = max(1, Int(states[index].devices))
        let device = isNew ? (devices - Int(states[index].renewals) % devices) % devices : 0
        var client = homeAddress(index, at: at)
        if at < states[index].awayUntil {
            client = Networks.abroad(UInt64(states[index].awayNetwork), host: chance.bits() % 40)
        }
        let score = burst.scores.draw(&chance) + states[index].scoreOffset
        let bytes = Int(burst.bytes.draw(&chance))
        let name = population.strata[Int(states[index].stratum)].events[place].name
        letters[name] = Letter(text: text, score: score, bytes: bytes)
        return BurstState(
            subscriber: index, event: place, left: Int(min(200_000, max(1, count + 0.5))), text: text, score: score,
            bytes: bytes, dead: dead, client: client, machine: machine(index, device))
    }

    /// The next message of a burst.
    mutating func burst(_ slot: Int, at: Int64) -> (SimulatedEvent?, Int64) {
        let state = bursts[slot]
        let index = state.subscriber
        let number = Int(states[index].stratum)
        guard let burst = population.strata[number].events[state.event].burst else { return (nil, .max) }
        var chance = states[index].chance
        var draft = Draft(subscriber: index, at: at, client: state.client)
        draft.helo = helo(of: state.machine)
        draft.style = style(of: state.machine, programs: population.strata[number].clients.programs)
        draft.sender = Mailbox(.subscriber, UInt64(index))
        draft.handling = burst.handling
        draft.honest = plans[number].eventNames[state.event]
        draft.bytes = state.bytes
        draft.score = state.score + burst.scores.jitter * chance.normal()
        draft.text = state.text
        draft.text.variant = chance.bits()
        if burst.hasAttachment { draft.text.attachment = chance.bits() | 1 }
        draft.isReply = burst.audience == .correspondents
        let count = min(state.left, max(1, burst.perMessage))
        draft.begin(messageCount, host: courier.host(of: index, at: at), count: count)
        for place in 0..<count {
            let mailbox = recipient(burst.audience, index, state.event, state.position + place, &chance)
            if place > 0, draft.has(mailbox) { continue }
            let isDead = burst.audience != .correspondents && mailbox.isDead(state.dead)
            draft.add(mailbox, isDead: isDead, &courier)
        }
        let gap = burst.gapSeconds.draw(&chance)
        states[index].chance = chance
        let event = finish(&draft)
        bursts[slot].left -= count
        bursts[slot].position += count
        guard bursts[slot].left > 0 else {
            bursts.remove(slot)
            return (event, .max)
        }
        return (event, at + 1_000_000 + Int64(gap * 1e9))
    }

    /// The recipient at a place of a burst.
    private mutating func recipient(
        _ audience: HonestEvent.Burst.Audience, _ index: Int, _ event: Int, _ position: Int, _ chance: inout Chance
    ) -> Mailbox {
        switch audience {
        case .book: contact(index, position)
        case .list:
            Mailbox(.member, Mixing.mix(seed ^ 0x6C69_7374, UInt64(index) << 8 | UInt64(event), UInt64(position)))
        case .strangers: stranger(index)
        case .correspondents:
            chance.happens(0.5) ? contact(index, chance.below(max(1, Int(states[index].book)))) : stranger(index)
        }
    }
}
