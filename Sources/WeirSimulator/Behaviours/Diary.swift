// A subscriber's own mail: sittings of a few messages, in the person's own hours (Malmgren and others 2008).

import MailTypes

extension Simulation {
    /// The weekday of a day, 0 for Monday.
    func weekday(_ day: Int) -> Int { (firstWeekday + day) % 7 }

    /// When the next sitting begins: the time at which as many sittings were to be expected as an exponential number says.
    mutating func nextSitting(_ index: Int, after now: Int64) -> Int64 {
        let number = Int(states[index].stratum)
        guard states[index].perDay > 0 else { return .max }
        var chance = states[index].chance
        defer { states[index].chance = chance }
        let sigma = population.strata[number].dayToDay
        let weekend = population.strata[number].weekend
        let perSitting = max(1, population.strata[number].sessions.messages)
        let lastDay = Int32((endAt - startAt) / Simulation.dayNanoseconds) + 1
        var left = chance.exponential()
        while true {
            let rest = states[index].dayRate * (1 - states[index].dayDone)
            if left < rest { break }
            left -= max(0, rest)
            states[index].day += 1
            guard states[index].day <= lastDay else { return .max }
            states[index].dayDone = 0
            let isDayOff = weekday(Int(max(0, states[index].day))) >= 5
            let factor = sigma > 0 ? Exponential.of(sigma * chance.normal() - sigma * sigma / 2) : 1
            states[index].dayRate =
                states[index].perDay / perSitting * plans[number].workday * (isDayOff ? weekend : 1) * factor
        }
        states[index].dayDone += left / states[index].dayRate
        let shift = now < states[index].awayUntil ? Double(states[index].awayShift) : 0
        let hours = states[index].peak + shift + plans[number].hour(states[index].dayDone)
        let at = startAt + Int64(states[index].day) * Simulation.dayNanoseconds + Int64(hours * Simulation.hour)
        return max(at, now + 1_000_000_000)
    }

    /// A moment of the owner's usual hours, on the day of `now` or the next.
    mutating func usualMoment(_ index: Int, after now: Int64) -> Int64 {
        let day = (now - startAt) / Simulation.dayNanoseconds
        let hours = states[index].peak + plans[Int(states[index].stratum)].hour(states[index].chance.unit())
        let at = startAt + day * Simulation.dayNanoseconds + Int64(hours * Simulation.hour)
        return at > now ? at : at + Simulation.dayNanoseconds
    }

    /// A subscriber's next own message; at the first of a sitting the place is chosen.
    mutating func sitting(_ index: Int, at: Int64) -> (SimulatedEvent?, Int64) {
        if states[index].sittingLeft <= 0 {
            let sessions = population.strata[Int(states[index].stratum)].sessions.messages
            states[index].sittingLeft = Int32(states[index].chance.geometric(mean: sessions))
            sitDown(index, at: at)
        }
        states[index].sittingLeft -= 1
        let event = ownMessage(index, at: at)
        guard states[index].sittingLeft > 0 else { return (event, nextSitting(index, after: at)) }
        let gap = states[index].chance.exponential() * states[index].gapSeconds
        return (event, at + 1_000_000 + Int64(gap * 1e9))
    }

    /// Chooses machine and network.
    mutating func sitDown(_ index: Int, at: Int64) {
        var chance = states[index].chance
        defer { states[index].chance = chance }
        let clients = population.strata[Int(states[index].stratum)].clients
        let device = states[index].devices > 1 ? chance.below(Int(states[index].devices)) : 0
        states[index].device = UInt8(device)
        if population.strata[Int(states[index].stratum)].identification == .address {
            // Elsewhere nobody would know who it is.
            states[index].client = homeAddress(index, at: at)
        } else if at < states[index].awayUntil {
            let network = UInt64(states[index].awayNetwork)
            states[index].client = Networks.abroad(network, host: chance.bits() % 40)
        } else if chance.happens(clients.newNetwork) {
            states[index].client = Networks.carrier(chance.bits(), host: chance.bits())
        } else if Chance.unit(Mixing.mix(machine(index, device), 1)) < clients.mobile {
            // A carrier's pool: the same few networks, in another order each day.
            let pool = Mixing.mix(seed ^ 0x6361_7272, UInt64(index % 7)) % 7000
            let network = pool + UInt64(chance.below(max(1, clients.carrierNetworks)))
            states[index].client = Networks.carrier(network, host: chance.bits())
        } else {
            states[index].client = homeAddress(index, at: at)
        }
    }

    /// One message of the subscriber's own.
    private mutating func ownMessage(_ index: Int, at: Int64) -> SimulatedEvent {
        let number = Int(states[index].stratum)
        var chance = states[index].chance
        let kind = kindOfMail(number, &chance)
        let mail = population.strata[number].mail[kind]
        let isReply = mail.audience == .usual && chance.happens(mail.replies)
        var draft = Draft(subscriber: index, at: at, client: states[index].client)
        draft.isReply = isReply
        draft.handling = mail.handling
        draft.honest = plans[number].kindNames[kind]
        let machine = machine(index, Int(states[index].device))
        draft.helo = helo(of: machine)
        draft.style = style(of: machine, programs: population.strata[number].clients.programs)
        let alias = states[index].senders > 1 ? chance.below(Int(states[index].senders)) : 0
        draft.sender =
            mail.handling == .forwarded
            ? Mailbox(.madeUp, Mixing.mix(seed, UInt64(index), chance.bits() % 4096))
            : Mailbox(.subscriber, UInt64(index) | UInt64(alias) << 40)
        let score = mail.scores.draw(&chance) + states[index].scoreOffset
        draft.text = words(index, kind, mail, at: at, &chance)
        draft.bytes = Int((mail.bytes ?? population.strata[number].bytes).draw(&chance))
        draft.score = score + mail.scores.jitter * chance.normal()
        let count = (mail.recipients ?? population.strata[number].recipients).draw(&chance)
        draft.begin(messageCount, host: courier.host(of: index, at: at), count: count)
        address(&draft, index, mail, count, &chance)
        states[index].chance = chance
        return finish(&draft)
    }

    /// Draws a kind of mail.
    private func kindOfMail(_ stratum: Int, _ chance: inout Chance) -> Int {
        let sums = plans[stratum].kindsUpTo
        guard sums.count > 1 else { return 0 }
        let draw = chance.unit() * sums[sums.count - 1]
        return sums.firstIndex { draw < $0 } ?? sums.count - 1
    }

    /// What a message's words are made from.
    private func words(
        _ index: Int, _ kind: Int, _ mail: MailKind, at: Int64, _ chance: inout Chance
    ) -> SimulatedText {
        var text: SimulatedText
        switch mail.text {
        case .fresh:
            text = SimulatedText(template: chance.bits())
            // A few subjects are everybody's.
            text.subject = chance.happens(0.15) ? 1 + chance.bits() % 60 : chance.bits() | 1 << 63
        case .form:
            let template = Mixing.mix(seed ^ 0x666F_726D, UInt64(index), UInt64(kind))
            text = SimulatedText(template: template, variant: chance.bits())
            text.substitution = SimulatedText.substitution(resemblance: mail.resemblance)
            text.subject = template | 1 << 63
        case .wild:
            text = SimulatedText(template: wildCampaign(at: at, &chance), variant: chance.bits())
            text.substitution = SimulatedText.substitution(resemblance: mail.resemblance)
            text.subject = Mixing.mix(text.template, 1)
        }
        if chance.happens(mail.links) {
            switch mail.text {
            case .wild: text.link = Mixing.mix(text.template, 2)
            case .form: text.link = Mixing.mix(text.template, 3)
            case .fresh:
                // Half of all links lead to pages that many send.
                let u = chance.unit()
                text.link = chance.happens(0.5) ? 1 + UInt64(3000 * u * u * u) : chance.bits() | 1 << 63
            }
        }
        if chance.happens(mail.attachments) { text.attachment = chance.bits() | 1 }
        // Before the first letter there is nothing to pass on.
        if !mail.copies.isEmpty, let letter = letters[mail.copies] {
            text = letter.text
            text.variant = chance.bits()
            text.substitution = max(
                text.substitution, SimulatedText.substitution(resemblance: mail.resemblance))
        }
        return text
    }

    /// The template of a spam that goes around in the world at a moment: a few are everywhere, many are rare.
    func wildCampaign(at: Int64, _ chance: inout Chance) -> UInt64 {
        let u = chance.unit()
        let day = (at - startAt) / Simulation.dayNanoseconds
        return Mixing.mix(seed ^ 0x7769_6C64, UInt64(bitPattern: day / 4), UInt64(40 * u * u))
    }
}
