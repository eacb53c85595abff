// What the simulation remembers of a subscriber: the same number of bytes however long it runs.

import MailTypes

/// One subscriber's memory.
struct SubscriberState: Sendable {
    /// The dice.
    var chance: Chance
    /// The stratum.
    var stratum: Int32 = 0
    /// The slot of a running episode; -1 for none.
    var episode: Int32 = -1
    /// Messages a day, weekends included.
    var perDay = 0.0
    /// Mean seconds between the messages of a sitting.
    var gapSeconds = 0.0
    /// The share of new recipients.
    var newShare = 0.0
    /// What is added to each text's score, in nats.
    var scoreOffset = 0.0
    /// The busiest hour.
    var peak = 0.0
    /// People in the address book.
    var book: Int32 = 0
    /// Strangers written to so far.
    var strangers: UInt32 = 0
    /// Sender addresses.
    var senders: UInt16 = 1
    /// Machines.
    var devices: UInt8 = 1
    /// The machine of the present sitting.
    var device: UInt8 = 0
    /// Replacements of machines so far.
    var renewals: UInt16 = 0
    /// True behind an address that several share.
    var isShared = false
    /// When they became a customer; the simulation's start for those who always were.
    var joined: Int64 = 0
    /// The day of the diary, counted from the simulation's first.
    var day: Int32 = 0
    /// Messages left in the present sitting.
    var sittingLeft: Int32 = 0
    /// Sittings to be expected on that day.
    var dayRate = 0.0
    /// The part of that day's sittings that is past, from 0 to 1.
    var dayDone = 0.0
    /// Where the present sitting comes from.
    var client = NetworkAddress(ipv4: 0)
    /// Until when they are away from home.
    var awayUntil: Int64 = 0
    /// The network there.
    var awayNetwork: UInt32 = 0
    /// Hours by which their day is shifted there.
    var awayShift: Float = 0

    /// Memory of nothing but the dice.
    init(chance: Chance) { self.chance = chance }

    /// How often a machine has been replaced: replacements go round.
    func generation(_ device: Int) -> UInt64 {
        let count = max(1, Int(devices))
        return UInt64((Int(renewals) + count - 1 - device) / count)
    }
}

/// A stratum made ready for drawing.
struct StratumPlan: Sendable {
    /// Sums of the shares of kinds of mail.
    var kindsUpTo: [Double] = []
    /// The honest name of each kind of mail; -1 for none.
    var kindNames: [Int32] = []
    /// The honest name of each event.
    var eventNames: [Int32] = []
    /// Hours from the peak at which so many 256ths of a day's sittings are past.
    var hoursByShare: [Double] = []
    /// Families that hit it, with take-overs a year up to each.
    var families: [(family: Int32, upTo: Double)] = []
    /// What a working day has of a week's mail: 7 / (5 + 2 × weekend).
    var workday = 1.0

    /// A plan.
    init(_ stratum: Stratum, families all: [AttackFamily], names: [String], factor: Double) {
        var sum = 0.0
        for kind in stratum.mail {
            sum += kind.share
            kindsUpTo.append(sum)
            kindNames.append(Int32(names.firstIndex(of: kind.name) ?? -1))
        }
        eventNames = stratum.events.map { event in Int32(names.firstIndex(of: event.name) ?? -1) }
        hoursByShare = StratumPlan.hoursByShare(stratum.hours)
        workday = 7 / (5 + 2 * stratum.weekend)
        var rate = 0.0
        for (index, family) in all.enumerated() where StratumPlan.canHit(family, stratum) {
            rate += family.onsetsPer1000Years / 1000 * factor
            families.append((Int32(index), rate))
        }
    }

    /// True where a family hits a stratum: nobody can steal the login of those who have none.
    static func canHit(_ family: AttackFamily, _ stratum: Stratum) -> Bool {
        (family.strata.isEmpty || family.strata.contains(stratum.name))
            && (family.access.way == .ownMachine || stratum.identification == .login)
    }

    /// The inverse of a day's distribution, from twelve hours before the peak to twelve after.
    private static func hoursByShare(_ profile: HourProfile) -> [Double] {
        let steps = 24 * 20
        var sums = [0.0]
        var bell = 0.0
        for step in 0..<steps {
            let hour = -12 + (Double(step) + 0.5) / 20
            bell += Exponential.of(-hour * hour / (2 * profile.width * profile.width))
            sums.append(bell)
        }
        let even = profile.background
        for step in 0...steps { sums[step] = (1 - even) * sums[step] / bell + even * Double(step) / Double(steps) }
        var result: [Double] = []
        var step = 0
        for part in 0...256 {
            let wanted = Double(part) / 256
            while step < steps - 1, sums[step + 1] < wanted { step += 1 }
            let width = sums[step + 1] - sums[step]
            let within = width > 0 ? min(1, max(0, (wanted - sums[step]) / width)) : 0
            result.append(-12 + (Double(step) + within) / 20)
        }
        return result
    }

    /// Hours from the peak at which a share of a day's sittings is past.
    func hour(_ share: Double) -> Double {
        let scaled = max(0, min(255.999_999, share * 256))
        let place = Int(scaled)
        return hoursByShare[place] + (hoursByShare[place + 1] - hoursByShare[place]) * (scaled - Double(place))
    }
}
