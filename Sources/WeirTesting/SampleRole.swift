// Who writes mail in a sample log: people with habits, honest senders that look like abuse, and stolen accounts.

import MailTypes

/// What an account of a sample log does.
public enum SampleRole: String, Sendable, CaseIterable {
    /// A person or a small office.
    case ordinary
    /// The same newsletter list every week, a few addresses of it dead.
    case newsletter
    /// One newsletter to a list that was collected over years and never written to: one address in ten is dead.
    case oldList
    /// On the road: another hotel or airport every few hours, the same friends as ever.
    case traveller
    /// A phone that hops between two carriers' address pools all day.
    case mobile
    /// A web shop: each order is confirmed to a stranger.
    case shop
    /// A school's or club's secretary: every parent or member, some dozens a message.
    case school
    /// A server that passes its users' mail on, the spam among it included, to mailboxes of which some are gone.
    case forwarder
    /// A script that writes hundreds of alarms to one address, by day and by night.
    case monitoring
    /// Invoices or payslips: one burst on the month's last working day.
    case invoices
    /// A customer in the first days, who tells everybody the new address.
    case newCustomer
    /// Stolen: a botnet uses the login from dozens of networks, fast, to lists with many dead addresses.
    case botnet
    /// Stolen: a handful of proxies sends a little all day, under 100 recipients an hour.
    case lowAndSlow
    /// Stolen: the owner's own machine sends at night, from the owner's network.
    case infectedMachine

    /// True for an account that somebody else uses.
    public var isStolen: Bool {
        switch self {
        case .botnet, .lowAndSlow, .infectedMachine: true
        default: false
        }
    }

    /// True for an honest account that a simple rule takes for a stolen one.
    public var isLookAlike: Bool { self != .ordinary && !isStolen }
}

/// An account of a sample log: its role and the habits that it keeps.
public struct SampleAccount: Sendable {
    /// Its place among the accounts.
    public let index: Int
    /// What it does.
    public let role: SampleRole
    /// The SASL login, which is its address too.
    public let login: String
    /// The addresses that it sends from at home and at work.
    let clients: [SampleClient]
    /// People that it writes to again and again.
    let contactCount: Int
    /// Messages on a usual working day.
    let messagesPerDay: Int
    /// The busiest hour, UTC.
    let peakHour: Int
    /// What it does on days off, in percent of a working day.
    let weekendPercent: Int
    /// The share of new people among recipients, in thousandths.
    let newPermille: UInt64
    /// The day on which its role's event happens or begins, counted from 0.
    let eventDay: Int
    /// The hour of the event.
    let eventHour: Int
    /// How large the event is: recipients an hour for thieves, recipients in all for a list or a run.
    let eventSize: Int
    /// Networks that the event or the role uses.
    let eventNetworks: Int
    /// Dead addresses among the event's or role's recipients, in thousandths.
    let deadPermille: UInt64
    /// Recipients that the receivers refuse as spam, in thousandths.
    let refusedPermille: UInt64

    /// An account drawn from a seed.
    init(index: Int, role: SampleRole, seed: UInt64, days: Int, monthEndDay: Int) {
        var dice = SampleDice(seed: KeyedHash(key0: seed, key1: 0x6163_636f).hash(UInt64(index)))
        self.index = index
        self.role = role
        login = SampleNames.login(index, role)
        clients = (0..<(role == .ordinary ? dice.within(1...3) : 1)).map {
            SampleClient.home(account: index, line: $0, dice.within(2...250))
        }
        contactCount = dice.within(12...70)
        // Most write a few messages a day, some a few dozen.
        let isBusy = dice.chance(150) || role == .mobile || role == .traveller
        messagesPerDay = isBusy ? dice.within(25...60) : dice.within(1...14)
        peakHour = dice.within(8...17)
        weekendPercent = dice.within(5...60)
        newPermille = UInt64(dice.within(30...180))
        let last = max(0, days - 1)
        switch role {
        case .ordinary, .monitoring, .mobile, .traveller:
            (eventDay, eventHour, eventSize) = (0, 0, dice.within(200...450))
            eventNetworks = role == .traveller ? dice.within(15...30) : dice.within(10...40)
            (deadPermille, refusedPermille) = (5, 2)
        case .newsletter:
            (eventDay, eventHour) = (dice.within(0...4), dice.within(8...16))
            (eventSize, eventNetworks) = (dice.within(300...1200), 1)
            (deadPermille, refusedPermille) = (UInt64(dice.within(5...20)), UInt64(dice.within(2...8)))
        case .oldList:
            (eventDay, eventHour) = (min(last, dice.within(1...max(1, days * 3 / 4))), dice.within(8...16))
            (eventSize, eventNetworks) = (dice.within(250...800), 1)
            (deadPermille, refusedPermille) = (UInt64(dice.within(80...120)), UInt64(dice.within(5...20)))
        case .shop:
            (eventDay, eventHour, eventSize, eventNetworks) = (0, 0, dice.within(90...300), 1)
            (deadPermille, refusedPermille) = (UInt64(dice.within(12...30)), UInt64(dice.within(1...6)))
        case .school:
            (eventDay, eventHour) = (dice.within(0...4), dice.within(8...14))
            (eventSize, eventNetworks) = (dice.within(120...400), 1)
            (deadPermille, refusedPermille) = (UInt64(dice.within(5...25)), 3)
        case .forwarder:
            (eventDay, eventHour, eventSize, eventNetworks) = (0, 0, dice.within(80...250), 1)
            (deadPermille, refusedPermille) = (UInt64(dice.within(40...120)), UInt64(dice.within(20...70)))
        case .invoices:
            (eventDay, eventHour) = (monthEndDay, dice.within(8...17))
            (eventSize, eventNetworks) = (dice.within(80...300), 1)
            (deadPermille, refusedPermille) = (UInt64(dice.within(5...35)), UInt64(dice.within(0...8)))
        case .newCustomer:
            (eventDay, eventHour) = (min(last, dice.within(2...max(2, days / 2))), dice.within(8...12))
            (eventSize, eventNetworks) = (dice.within(30...80), 2)
            (deadPermille, refusedPermille) = (UInt64(dice.within(10...40)), 3)
        case .botnet:
            (eventDay, eventHour) = (min(last, dice.within(3...max(3, days - 3))), dice.within(0...20))
            (eventSize, eventNetworks) = (dice.within(250...700), dice.within(36...90))
            (deadPermille, refusedPermille) = (UInt64(dice.within(200...450)), UInt64(dice.within(30...150)))
        case .lowAndSlow:
            (eventDay, eventHour) = (min(last, dice.within(3...max(3, days / 2))), dice.within(6...9))
            (eventSize, eventNetworks) = (dice.within(12...70), dice.within(3...6))
            (deadPermille, refusedPermille) = (UInt64(dice.within(90...220)), UInt64(dice.within(20...80)))
        case .infectedMachine:
            (eventDay, eventHour) = (min(last, dice.within(3...max(3, days - 4))), dice.within(0...2))
            (eventSize, eventNetworks) = (dice.within(150...500), 1)
            (deadPermille, refusedPermille) = (UInt64(dice.within(200...400)), UInt64(dice.within(80...250)))
        }
    }

    /// The roles of the first accounts of a log: three thieves' and the ten that look like them.
    static let roles: [SampleRole] = SampleRole.allCases.filter { $0.isStolen } + lookAlikes

    /// The ten.
    static let lookAlikes = SampleRole.allCases.filter { $0.isLookAlike }

    /// The accounts of a log. In a large log each further fifty have the ten look-alikes among them, and no more thieves.
    static func all(seed: UInt64, count: Int, days: Int, monthEndDay: Int) -> [SampleAccount] {
        (0..<count).map { index in
            var role = SampleRole.ordinary
            if index < roles.count {
                role = roles[index]
            } else if index >= 50, index % 50 < lookAlikes.count {
                role = lookAlikes[index % 50]
            }
            return SampleAccount(index: index, role: role, seed: seed, days: days, monthEndDay: monthEndDay)
        }
    }
}
