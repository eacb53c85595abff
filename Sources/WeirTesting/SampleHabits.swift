// What the accounts of a sample log send within one hour. Nothing is remembered from hour to hour: an account's contacts, a
// list's addresses and which of them are dead are functions of the seed, so that a log of any length needs no memory.

import MailTypes

/// What becomes of a recipient.
enum SampleFate: Hashable, Sendable {
    /// The next host takes it.
    case delivered
    /// The next host takes it after so many attempts that fail for now.
    case deferred(Int)
    /// The address does not exist.
    case dead
    /// The next host calls it spam.
    case refused
    /// The mailbox is full.
    case full
}

/// A recipient and what becomes of it.
struct SampleRecipient: Sendable {
    /// The address.
    var address: String
    /// Its fate.
    var fate: SampleFate
}

/// A message that an account sends.
struct SampleMail: Sendable {
    /// When, in milliseconds within the hour.
    var millisecond: Int
    /// From where.
    var client: SampleClient
    /// The reverse-path.
    var sender: String
    /// To whom.
    var recipients: [SampleRecipient]
    /// How large.
    var bytes: Int
}

/// An hour of the log.
struct SampleHour: Sendable {
    /// Counted from the log's first.
    var number: Int
    /// The weekday, 0 for Monday.
    var weekday: Int

    /// The day, counted from the log's first.
    var day: Int { number / 24 }
    /// The hour of the day, UTC.
    var hour: Int { number % 24 }
    /// True for Saturday and Sunday.
    var isDayOff: Bool { weekday >= 5 }
}

/// One account's messages of one hour.
struct SampleHabits {
    /// The account.
    let account: SampleAccount
    /// The hour.
    let hour: SampleHour
    /// The log's seed.
    let seed: UInt64
    /// Dice of this account and hour.
    var dice: SampleDice
    /// What was sent so far.
    private(set) var mails: [SampleMail] = []

    /// How busy people are by the distance from their busiest hour, in thousandths of a day's mail.
    private static let profile = [120, 110, 90, 70, 50, 35, 20, 10, 4, 1, 0, 0, 0]

    /// An hour of an account.
    init(_ account: SampleAccount, _ hour: SampleHour, seed: UInt64) {
        self.account = account
        self.hour = hour
        self.seed = seed
        dice = SampleDice(
            seed: KeyedHash(key0: seed, key1: 0x6861_6269).hash(UInt64(account.index), UInt64(hour.number)))
    }

    /// The messages.
    static func mails(of account: SampleAccount, _ hour: SampleHour, seed: UInt64) -> [SampleMail] {
        var habits = SampleHabits(account, hour, seed: seed)
        habits.send()
        return habits.mails
    }

    /// Sends what the role sends, beside the owner's own mail.
    private mutating func send() {
        switch account.role {
        case .ordinary: sendOwn()
        case .newsletter: sendNewsletter()
        case .oldList: sendOldList()
        case .traveller: sendOwn(from: far(account.index * 100 + hour.number / 3 % account.eventNetworks, "hotel"))
        case .mobile: for _ in 0..<2 { sendMobile() }
        case .shop: sendShop()
        case .school: sendSchool()
        case .forwarder: sendForwarded()
        case .monitoring: sendAlarms()
        case .invoices: sendInvoices()
        case .newCustomer: sendNewCustomer()
        case .botnet: sendBotnet()
        case .lowAndSlow: sendSlowly()
        case .infectedMachine: sendAtNight()
        }
    }

    // MARK: - Recipients

    /// A number that belongs to the account and a place in one of its lists.
    private func number(_ list: UInt64, _ place: Int) -> UInt64 {
        KeyedHash(key0: seed, key1: list).hash(UInt64(account.index), UInt64(place))
    }

    /// An address of one of the account's lists; as many in a thousand are dead, always the same ones.
    private mutating func listed(_ list: UInt64, _ place: Int, dead: UInt64, refused: UInt64) -> SampleRecipient {
        let number = number(list, place)
        let isDead = number >> 40 % 1000 < dead
        return SampleRecipient(address: SampleNames.address(number), fate: isDead ? .dead : fate(refused: refused))
    }

    /// What becomes of an address that exists.
    private mutating func fate(refused: UInt64) -> SampleFate {
        if dice.chance(refused) { return .refused }
        if dice.chance(35) { return .deferred(dice.within(1...3)) }
        return dice.chance(3) ? .full : .delivered
    }

    /// Somebody whom the account writes to: mostly one of its contacts, the closest ones most of all.
    private mutating func anybody() -> SampleRecipient {
        if dice.chance(account.newPermille) { return stranger(dead: 26, refused: 4) }
        let place = dice.within(0...account.contactCount - 1) * dice.within(0...1000) / 1000
        return listed(1, place, dead: 5, refused: 2)
    }

    /// Somebody never written to.
    private mutating func stranger(dead: UInt64, refused: UInt64) -> SampleRecipient {
        let address = SampleNames.address(dice.random.next())
        return SampleRecipient(address: address, fate: dice.chance(dead) ? .dead : fate(refused: refused))
    }

    // MARK: - People

    /// A network away from home.
    private mutating func far(_ network: Int, _ kind: String) -> SampleClient {
        SampleClient.far(network, host: dice.within(0...249), name: "\(kind)-\(network).example.net")
    }

    /// Adds a message at a moment of the hour.
    private mutating func add(
        _ recipients: [SampleRecipient], from client: SampleClient? = nil, sender: String? = nil, at second: Int? = nil,
        bytes: ClosedRange<Int> = 900...60_000
    ) {
        let millisecond = (second ?? dice.within(0...3599)) * 1000 + dice.within(0...999)
        // A mail server writes to nobody twice.
        var seen: Set<String> = []
        let recipients = recipients.filter { seen.insert($0.address).inserted }
        // Small ones are the many.
        let range = bytes.upperBound - bytes.lowerBound
        let size = bytes.lowerBound + range / 1000 * dice.within(0...1000) / 1000 * dice.within(0...1000)
        mails.append(
            SampleMail(
                millisecond: min(3_599_999, millisecond), client: client ?? account.clients[0],
                sender: sender ?? account.login,
                recipients: recipients, bytes: size))
    }

    /// A person's mail of an hour: sittings of a few messages, most to one recipient.
    private mutating func sendOwn(from client: SampleClient? = nil, percent: Int = 100) {
        let distance = min((hour.hour - account.peakHour + 24) % 24, (account.peakHour - hour.hour + 24) % 24)
        var permille = account.messagesPerDay * SampleHabits.profile[distance] * percent / 100
        if hour.isDayOff { permille = permille * account.weekendPercent / 100 }
        let count = dice.about(permille: permille)
        guard count > 0 else { return }
        var second = dice.within(0...3000)
        let place = client ?? dice.one(account.clients)
        for _ in 0..<count {
            let draw = dice.within(0...999)
            let recipients = draw < 917 ? 1 : draw < 963 ? 2 : draw < 990 ? 3 : dice.within(4...12)
            add((0..<recipients).map { _ in anybody() }, from: place, at: min(3599, second))
            second += dice.within(20...600)
        }
    }

    /// A phone's mail: a message at a time, each from another network of two carriers.
    private mutating func sendMobile() {
        let network = 14_000 + account.index % 50 * 40 + dice.within(0...account.eventNetworks - 1)
        sendOwn(from: far(network, "carrier"), percent: 50)
    }

    // MARK: - Honest bulk

    /// The newsletter: each week, on the same day and hour, to the whole list, fifty a message.
    private mutating func sendNewsletter() {
        sendOwn(percent: 30)
        guard hour.day % 7 == account.eventDay, hour.hour == account.eventHour else { return }
        sendList(2, account.eventSize, each: 50, gapSeconds: 20...60)
    }

    /// The first newsletter to an old list: once, a message each or some dozens a message.
    private mutating func sendOldList() {
        sendOwn(percent: 50)
        guard hour.day == account.eventDay, hour.hour == account.eventHour else { return }
        sendList(3, account.eventSize, each: account.contactCount % 2 == 0 ? 1 : 40, gapSeconds: 1...4)
    }

    /// A list, so many recipients a message.
    private mutating func sendList(_ list: UInt64, _ count: Int, each: Int, gapSeconds: ClosedRange<Int>) {
        var second = dice.within(0...300)
        for start in stride(from: 0, to: count, by: each) {
            let recipients = (start..<min(count, start + each)).map {
                listed(list, $0, dead: account.deadPermille, refused: account.refusedPermille)
            }
            add(recipients, at: min(3599, second), bytes: 15_000...90_000)
            second += dice.within(gapSeconds)
        }
    }

    /// Order confirmations: people order by day and in the evening, few by night.
    private mutating func sendShop() {
        let permille = [0: 10, 6: 30, 9: 60, 17: 75, 22: 30][
            hour.hour < 6 ? 0 : hour.hour < 9 ? 6 : hour.hour < 17 ? 9 : hour.hour < 22 ? 17 : 22, default: 0]
        for _ in 0..<dice.about(permille: account.eventSize * permille) {
            add([stranger(dead: account.deadPermille, refused: account.refusedPermille)], bytes: 6000...22_000)
        }
    }

    /// The secretary: single letters all day, everybody twice a week.
    private mutating func sendSchool() {
        sendOwn(percent: 150)
        guard !hour.isDayOff, hour.hour == account.eventHour,
            hour.weekday == account.eventDay || hour.weekday == (account.eventDay + 3) % 5
        else { return }
        sendList(4, account.eventSize, each: 30, gapSeconds: 30...120)
    }

    /// Mail passed on: senders from everywhere, a dozen mailboxes, of which some are gone or full, and some spam.
    private mutating func sendForwarded() {
        for _ in 0..<dice.about(permille: account.eventSize * (hour.hour < 6 ? 20 : 49)) {
            let place = dice.within(0...23)
            let isGone = number(5, place) >> 40 % 1000 < account.deadPermille
            let recipient = SampleRecipient(
                address: SampleNames.address(number(5, place)),
                fate: isGone ? .dead : fate(refused: account.refusedPermille))
            add([recipient], sender: SampleNames.address(dice.random.next()))
        }
    }

    /// Alarms to one address.
    private mutating func sendAlarms() {
        for _ in 0..<dice.about(permille: account.eventSize * 1000 / 24) {
            add([SampleRecipient(address: "oncall@machines.example", fate: .delivered)], bytes: 700...2500)
        }
    }

    /// The run: a message to each customer, a second or two apart. The customers are the same every month.
    private mutating func sendInvoices() {
        sendOwn(percent: 60)
        guard hour.day == account.eventDay, hour.hour == account.eventHour else { return }
        sendList(6, account.eventSize, each: 1, gapSeconds: 1...3)
    }

    /// The first days: nothing, then letter after letter to new people, then as everybody.
    private mutating func sendNewCustomer() {
        guard hour.day >= account.eventDay else { return }
        let away = far(21_000 + account.index % 500, "office")
        sendOwn(from: dice.chance(300) ? away : nil)
        guard hour.day < account.eventDay + 4, hour.hour >= account.eventHour, hour.hour < account.eventHour + 9 else {
            return
        }
        for _ in 0..<dice.about(permille: account.eventSize * 1000 / 9) {
            let count = dice.chance(100) ? dice.within(2...6) : 1
            add((0..<count).map { _ in stranger(dead: account.deadPermille, refused: account.refusedPermille) })
        }
    }

    // MARK: - Thieves

    /// The botnet: two to four hours, everywhere at once; the owner's mail goes on.
    private mutating func sendBotnet() {
        sendOwn()
        let since = hour.number - account.eventDay * 24 - account.eventHour
        guard since >= 0, since < 2 + account.contactCount % 3 else { return }
        var left = account.eventSize + dice.within(-50...50)
        while left > 0 {
            let count = min(left, dice.within(1...5))
            left -= count
            let network = 3000 + account.index % 20 * 300 + dice.within(0...account.eventNetworks - 1) * 3
            add(
                (0..<count).map { _ in harvested() }, from: far(network, "host"),
                sender: dice.chance(500) ? SampleNames.address(dice.random.next()) : nil, bytes: 1500...6000)
        }
    }

    /// The slow one: a few proxies, sixteen hours a day, to the end of the log.
    private mutating func sendSlowly() {
        sendOwn()
        guard hour.day >= account.eventDay, hour.hour >= account.eventHour, hour.hour < account.eventHour + 14 else {
            return
        }
        var left = min(90, account.eventSize * dice.within(600...1300) / 1000)
        while left > 0 {
            let count = min(left, dice.chance(200) ? 2 : 1)
            left -= count
            let network = 9000 + account.index % 20 * 50 + dice.within(0...account.eventNetworks - 1) * 7
            add((0..<count).map { _ in harvested() }, from: far(network, "proxy"), bytes: 1500...6000)
        }
    }

    /// The owner's own machine: three nights, some dozens a message, in the order of an address list.
    private mutating func sendAtNight() {
        sendOwn()
        let night = (hour.number - account.eventDay * 24) / 24
        guard hour.number >= account.eventDay * 24, night < 3, hour.hour >= account.eventHour,
            hour.hour < account.eventHour + 3 + account.contactCount % 2
        else { return }
        var left = account.eventSize + dice.within(-40...40)
        var place = hour.number * 500
        while left > 0 {
            let count = min(left, dice.within(15...30))
            left -= count
            let recipients = (0..<count).map { offset in
                var recipient = harvested()
                recipient.address = SampleNames.listed(place + offset, dice.random.next())
                return recipient
            }
            place += count
            add(recipients, from: account.clients[0], bytes: 1500...9000)
        }
    }

    /// An address of a thief's list.
    private mutating func harvested() -> SampleRecipient {
        stranger(dead: account.deadPermille, refused: account.refusedPermille)
    }
}
