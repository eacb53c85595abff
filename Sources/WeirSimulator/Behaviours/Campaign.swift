// What an attacker writes, and to whom: campaigns that many bots share, and the messages of one of them.

import MailTypes

/// A campaign: everything in it follows from its number, so that bots share it without any memory.
struct Campaign: Sendable {
    /// The number.
    let number: UInt64
    /// The words.
    let text: SimulatedText
    /// The score of the words, in nats.
    let score: Double
    /// Bytes.
    let bytes: Int
    /// The list.
    let list: UInt64
    /// The share of dead addresses on it.
    let dead: Double
}

extension Simulation {
    /// The campaign of a new bot: one of those that the family runs at the time.
    func campaign(of number: Int, at: Int64, _ bot: inout Chance) -> Campaign {
        let family = population.families[number]
        let template = family.template
        let period = max(0.01, template.campaignDays)
        let which = UInt64(bot.below(max(1, template.campaignsAtOnce)))
        let stage = UInt64(Double(at - startAt) / Double(Simulation.dayNanoseconds) / period + Double(which) / 7)
        let seed = Mixing.mix(self.seed ^ 0x6361_6D70, UInt64(number) << 32 | which, stage)
        var chance = Chance(seed: seed)
        var text = SimulatedText(template: Mixing.mix(seed, 1))
        if chance.happens(template.wild) { text.template = wildCampaign(at: at, &chance) }
        if !template.substitution.isEmpty {
            text.substitution = template.substitution[chance.below(template.substitution.count)]
        }
        if !template.padding.isEmpty { text.padding = template.padding[chance.below(template.padding.count)] }
        if chance.happens(template.rewritten) { text.substitution = SimulatedText.substitution(resemblance: 0.1) }
        text.isImage = chance.happens(template.imageOnly)
        if template.link == .campaign { text.link = Mixing.mix(text.template, 2) }
        if chance.happens(template.contact) { text.contact = Mixing.mix(text.template, 4) }
        if chance.happens(template.attachment) { text.attachment = Mixing.mix(text.template, 5) }
        text.subject = Mixing.mix(text.template, 1)
        let score = family.scores.draw(&chance)
        let bytes = Int(template.bytes.draw(&chance))
        let dead = family.targets.dead.draw(&chance)
        return Campaign(
            number: seed, text: text, score: score, bytes: bytes,
            list: family.targets.sharesList ? seed : Mixing.mix(seed, bot.bits()), dead: dead)
    }

    /// The campaign with the words of an honest letter, where the family copies one and one was written.
    func poisoned(_ campaign: Campaign, _ family: AttackFamily) -> Campaign {
        guard !family.template.copies.isEmpty, let letter = letters[family.template.copies] else { return campaign }
        var text = letter.text
        text.substitution = max(text.substitution, campaign.text.substitution)
        text.padding = campaign.text.padding
        return Campaign(
            number: campaign.number, text: text, score: letter.score, bytes: letter.bytes, list: campaign.list,
            dead: campaign.dead)
    }

    /// One message of an attack.
    mutating func abuse(_ state: inout AttackState, _ family: AttackFamily, at: Int64) -> SimulatedEvent {
        let index = state.subscriber
        chooseNetwork(&state, family, at: at)
        if state.chance.happens(family.names.heloChurn) { state.helo = state.chance.bits() }
        if state.chance.happens(family.names.senderChurn) { state.sender = Mailbox(.madeUp, state.chance.bits()) }
        var draft = Draft(subscriber: index, at: at, client: state.client)
        draft.helo = helo(of: state.helo)
        draft.style = state.style
        draft.sender = state.sender
        draft.abuse = (state.family, state.episode)
        let isProbe = state.probesLeft > 0
        draft.refused = isProbe ? 0 : family.targets.refusedAsSpam
        draft.bytes = state.campaign.bytes
        draft.text = words(&state, family, isProbe: isProbe)
        draft.score =
            (isProbe ? -1 : state.campaign.score) + family.scores.jitter * state.chance.normal()
        let wanted = isProbe ? 1 : min(state.recipientsLeft, family.recipients.draw(&state.chance))
        draft.begin(messageCount, host: courier.host(of: index, at: at), count: wanted)
        for place in 0..<wanted {
            if isProbe {
                draft.add(
                    Mailbox(.drop, Mixing.mix(state.campaign.number, UInt64(state.probesLeft) % 2)), isDead: false,
                    &courier)
                continue
            }
            guard let mailbox = target(&state, family) else { break }
            if place > 0, draft.has(mailbox) { continue }
            let isListed = mailbox.raw >> 56 == Mailbox.Kind.listed.rawValue
            let share =
                isListed ? state.campaign.dead : population.strata[Int(states[index].stratum)].book.dead
            draft.add(mailbox, isDead: mailbox.isDead(share), &courier)
        }
        state.recipientsLeft -= draft.recipients.count
        episodes[state.episode].messages += 1
        episodes[state.episode].recipients += draft.recipients.count
        episodes[state.episode].until = Timestamp(nanoseconds: at)
        return finish(&draft)
    }

    /// The words of one copy.
    private func words(_ state: inout AttackState, _ family: AttackFamily, isProbe: Bool) -> SimulatedText {
        if isProbe { return SimulatedText(template: state.chance.bits(), subject: 1 + state.chance.bits() % 60) }
        var text = state.campaign.text
        text.variant = state.chance.bits()
        switch family.template.link {
        case .none, .campaign: break
        case .bot: text.link = Mixing.mix(text.template, state.machine) | 1
        case .message: text.link = text.variant | 1 << 63
        }
        return text
    }

    /// Where the next message comes from.
    private mutating func chooseNetwork(_ state: inout AttackState, _ family: AttackFamily, at: Int64) {
        guard family.access.way != .ownMachine else {
            state.client = homeAddress(state.subscriber, at: at)
            return
        }
        state.networkLeft -= 1
        guard state.networkLeft < 0 else { return }
        state.networkLeft = Int(min(1e6, max(1, family.access.messagesPerNetwork.draw(&state.chance)))) - 1
        let owner = family.access.sharesNetworks ? state.campaign.number : state.machine
        let network = Mixing.mix(owner, 3, UInt64(state.chance.below(state.networks)))
        // A network has a few hosts that are used.
        let host = Mixing.mix(network, state.chance.bits() % 3)
        state.client =
            family.access.way == .residentialProxy
            ? Networks.neighbour(network >> 8, host: host) : Networks.foreign(network >> 8, host: host)
    }

    /// The next recipient of an attack; nil where there is nobody left.
    private mutating func target(_ state: inout AttackState, _ family: AttackFamily) -> Mailbox? {
        let people = Int(states[state.subscriber].book)
        if family.targets.book > 0, state.bookDone < people, state.chance.happens(family.targets.book) {
            let rank = (state.bookPlace + state.bookDone) % people
            state.bookDone += 1
            return contact(state.subscriber, rank)
        }
        guard family.targets.book < 1 else { return nil }
        let place = UInt64(state.chance.below(max(1, family.targets.listSize)))
        return Mailbox(.listed, Mixing.mix(state.campaign.list, place))
    }
}
