// A message under way: recipients are added, what becomes of them is sent to the courier, and it is finished.

import MailTypes

/// A message that is being made.
struct Draft {
    /// The subscriber whose account or line it is.
    let subscriber: Int
    /// When.
    let at: Int64
    /// From where.
    var client: NetworkAddress
    /// What the machine says in HELO.
    var helo = ""
    /// The style of header.
    var style: UInt64 = 0
    /// The reverse-path.
    var sender = Mailbox(raw: 0)
    /// Whose words.
    var handling = Content.Handling.own
    /// The words.
    var text = SimulatedText(template: 0)
    /// Bytes.
    var bytes = 0
    /// What a classifier says, in nats.
    var score = 0.0
    /// True where the recipient wrote first.
    var isReply = false
    /// The honest event or kind of mail; -1 for none.
    var honest: Int32 = -1
    /// The family and the episode's place; nil for honest mail.
    var abuse: (family: Int, episode: Int)?
    /// The share of recipients whose server calls it spam.
    var refused = 0.0
    /// The message's number.
    private(set) var number = 0
    /// The mail host.
    private(set) var host = 0
    /// The recipients so far.
    private(set) var recipients: [Recipient] = []

    /// A message of a subscriber.
    init(subscriber: Int, at: Int64, client: NetworkAddress) {
        self.subscriber = subscriber
        self.at = at
        self.client = client
    }

    /// Makes room for recipients.
    mutating func begin(_ number: Int, host: Int, count: Int) {
        self.number = number
        self.host = host
        recipients.reserveCapacity(count)
    }

    /// Adds a recipient, and sends off what becomes of it.
    mutating func add(_ mailbox: Mailbox, isDead: Bool, _ courier: inout Courier) {
        recipients.append(Recipient(mailbox.key))
        let fate = courier.fate(isDead: isDead, refused: refused)
        courier.send(number, to: mailbox.raw, fate, host: host, at: at)
    }

    /// True where a recipient is there already; of long lists the last eight are looked at.
    func has(_ mailbox: Mailbox) -> Bool {
        let key = mailbox.key.address
        for place in max(0, recipients.count - 8)..<recipients.count where recipients[place].key.address == key {
            return true
        }
        return false
    }
}

extension Simulation {
    /// Somebody in a subscriber's address book, by rank.
    @inline(__always) func contact(_ index: Int, _ rank: Int) -> Mailbox {
        let book = population.strata[Int(states[index].stratum)].book
        let hash = Mixing.mix(seed ^ 0x626F_6F6B, UInt64(index), UInt64(rank))
        let u = Chance.unit(hash)
        if u < book.local {
            return Mailbox(.subscriber, Mixing.mix(hash, 1) % UInt64(states.count))
        }
        if u < book.local + book.popular {
            let v = Chance.unit(Mixing.mix(hash, 2))
            return Mailbox(.popular, UInt64(5000 * v * v))
        }
        return Mailbox(.person, hash)
    }

    /// Somebody whom a subscriber never wrote to.
    @inline(__always) mutating func stranger(_ index: Int) -> Mailbox {
        states[index].strangers += 1
        return Mailbox(.person, Mixing.mix(seed ^ 0x7374_7261, UInt64(index), UInt64(states[index].strangers)))
    }

    /// Adds the recipients of a subscriber's own message.
    mutating func address(_ draft: inout Draft, _ index: Int, _ mail: MailKind, _ count: Int, _ chance: inout Chance) {
        let book = population.strata[Int(states[index].stratum)].book
        let people = Int(states[index].book)
        switch mail.audience {
        case .fixed:
            for place in 0..<min(count, 3) {
                let rank = count == 1 ? chance.below(3) : place
                draft.add(
                    Mailbox(.person, Mixing.mix(seed ^ 0x6669_7865, UInt64(index), UInt64(rank))), isDead: false,
                    &courier)
            }
        case .strangers:
            for _ in 0..<count {
                let mailbox = stranger(index)
                draft.add(mailbox, isDead: mailbox.isDead(book.newDead), &courier)
            }
        case .members:
            for rank in 0..<min(count, people) {
                let mailbox = Mailbox(.member, Mixing.mix(seed ^ 0x6D65_6D62, UInt64(index), UInt64(rank)))
                draft.add(mailbox, isDead: mailbox.isDead(book.dead), &courier)
            }
        case .usual:
            // A group is written to together: neighbours in the book.
            let first = favourite(people, book.favourites, &chance)
            for place in 0..<count {
                if chance.happens(states[index].newShare) {
                    addNew(&draft, index, book, &chance)
                    continue
                }
                var rank = count > 4 ? first + place : favourite(people, book.favourites, &chance)
                guard rank < people else {
                    addNew(&draft, index, book, &chance)
                    continue
                }
                var mailbox = contact(index, rank)
                var tries = 0
                while draft.has(mailbox), tries < 8 {
                    rank = (rank + 1) % people
                    mailbox = contact(index, rank)
                    tries += 1
                }
                if draft.has(mailbox) { continue }
                let isDead = !draft.isReply && mailbox.isDead(book.dead)
                draft.add(mailbox, isDead: isDead, &courier)
            }
        }
    }

    /// A rank in the book: favourites come before others.
    @inline(__always) private func favourite(_ people: Int, _ exponent: Double, _ chance: inout Chance) -> Int {
        let u = chance.unit()
        return min(people - 1, Int(Double(people) * Exponential.of(exponent * NaturalLogarithm.of(u))))
    }

    /// Adds somebody new, who may be kept in the book.
    private mutating func addNew(_ draft: inout Draft, _ index: Int, _ book: AddressBook, _ chance: inout Chance) {
        guard chance.happens(book.keeps) else {
            let mailbox = stranger(index)
            draft.add(mailbox, isDead: !draft.isReply && mailbox.isDead(book.newDead), &courier)
            return
        }
        let mailbox = contact(index, Int(states[index].book))
        if draft.has(mailbox) { return }
        draft.add(mailbox, isDead: !draft.isReply && mailbox.isDead(book.newDead), &courier)
        states[index].book += 1
    }

    /// Makes the message of a draft.
    mutating func finish(_ draft: inout Draft) -> SimulatedEvent {
        let index = draft.subscriber
        let number = draft.number
        messageCount += 1
        let stratum = Int(states[index].stratum)
        let isLogin = population.strata[stratum].identification == .login
        let isAbuse = draft.abuse != nil
        // Ports and labels follow from the number, so that they disturb no dice.
        let noise = Mixing.mix(seed ^ 0x6E6F_6973, UInt64(number))
        let isShared = states[index].isShared && draft.client.isIPv4 && draft.client.low >> 22 & 0x3FF == 0x191
        let ports = isShared ? ports(index) : 1024...65_535
        let isMislabelled = Chance.unit(noise) < population.faults.labelNoise
        let session = Session(
            door: .milter, mailHost: courier.hostNames[draft.host], client: draft.client,
            clientPort: ports.lowerBound + UInt16(truncatingIfNeeded: noise % UInt64(ports.count)), helo: draft.helo,
            login: isLogin ? QueueNumber.login(index) : "", isEncrypted: isLogin,
            origin: isLogin ? Networks.origin(of: draft.client) : nil)
        let fingerprint = draft.text.fingerprint(commonWords: population.commonWords)
        let transaction = Transaction(
            stage: .endOfMessage, session: session,
            envelope: Envelope(
                reversePath: draft.sender.key, recipients: draft.recipients, recipientsAreComplete: true,
                recipientCount: draft.recipients.count, bytes: draft.bytes),
            content: Content(
                handling: draft.handling, spamScore: ScoreMixture.thousandths(draft.score), style: draft.style,
                fingerprint: fingerprint),
            queueID: QueueNumber.text(number))
        if isAbuse || draft.honest >= 0 {
            courier.complain(
                number, recipients: draft.recipients.count, isAbuse: isAbuse, host: draft.host, at: draft.at)
        }
        return .message(
            SimulatedMessage(
                at: Timestamp(nanoseconds: draft.at), number: number, transaction: transaction, text: draft.text,
                sender: draft.sender, isReply: draft.isReply,
                truth: Truth(
                    subscriber: index, stratum: stratum, family: draft.abuse?.family, episode: draft.abuse?.episode,
                    honest: draft.honest >= 0 ? Int(draft.honest) : nil, label: isAbuse != isMislabelled)))
    }
}

extension QueueNumber {
    /// The login of a subscriber: `u123`.
    static func login(_ index: Int) -> String {
        var digits = 1
        var bound = 10
        while index >= bound, digits < 14 {
            digits += 1
            bound *= 10
        }
        return unsafe String(unsafeUninitializedCapacity: digits + 1) { buffer in
            unsafe buffer[0] = 117
            var left = index
            var place = digits
            while place > 0 {
                unsafe buffer[place] = 48 + UInt8(truncatingIfNeeded: left % 10)
                left /= 10
                place -= 1
            }
            return digits + 1
        }
    }
}
