// An internet provider as a value: who its subscribers are, who attacks them, what goes wrong between hosts.

import MailTypes

/// Everything that a simulation is drawn from, but the seed. Read from a file by WeirServer's `PopulationFile`.
public struct Population: Hashable, Sendable {
    /// The name, for reports.
    public var name: String
    /// The first midnight, UTC; its weekday decides when weekends are.
    public var start: Timestamp
    /// Honest senders.
    public var strata: [Stratum]
    /// Attackers.
    public var families: [AttackFamily]
    /// What goes wrong between hosts.
    public var faults: Faults
    /// What unrelated texts of one language have in common: the share of a sketch.
    public var commonWords: Double

    /// A population.
    public init(
        name: String, start: Timestamp = Timestamp(seconds: 1_767_571_200), strata: [Stratum],
        families: [AttackFamily],
        faults: Faults = Faults(), commonWords: Double = 0.02
    ) {
        self.name = name
        self.start = start
        self.strata = strata
        self.families = families
        self.faults = faults
        self.commonWords = commonWords
    }

    /// What is wrong with the parts taken together; a simulation takes none but a sound one.
    public var flaws: [Flaw] {
        var flaws: [Flaw] = []
        func add(_ part: Flaw.Part, _ found: String, _ remedy: String) {
            flaws.append(Flaw(part: part, found: found, remedy: remedy))
        }
        if strata.isEmpty { add(.strata, "no stratum", "Add one kind of subscriber at least, with its mail.") }
        if strata.count > Population.strataMax {
            add(.strata, "\(strata.count) strata", "Leave \(Population.strataMax) at most.")
        }
        if families.count > Population.familiesMax {
            add(.families, "\(families.count) families", "Leave \(Population.familiesMax) at most.")
        }
        for (index, stratum) in strata.enumerated() {
            if strata[..<index].contains(where: { $0.name == stratum.name }) {
                add(.stratum(index), "two strata named \(stratum.name)", "Give each a name of its own.")
            }
            if stratum.mail.isEmpty {
                add(
                    .stratum(index), "the stratum \(stratum.name) without a kind of mail",
                    "Add mail: with one at least.")
            }
        }
        for (index, family) in families.enumerated() {
            if families[..<index].contains(where: { $0.name == family.name }) {
                add(.family(index), "two families named \(family.name)", "Give each a name of its own.")
            }
            for name in family.strata where !strata.contains(where: { $0.name == name }) {
                add(
                    .family(index), "the family \(family.name) hits the stratum \(name), which is none",
                    "Name one of `strata`.")
            }
        }
        if !strata.isEmpty, !strata.contains(where: { $0.share > 0 }) {
            add(.strata, "no stratum with a share", "Set share: above 0 for one at least.")
        }
        return flaws
    }

    /// What is wrong with a population, where, and what to do.
    public struct Flaw: Hashable, Sendable {
        /// A part of a population.
        public enum Part: Hashable, Sendable {
            /// All strata, or all families.
            case strata, families
            /// One of them, by its place.
            case stratum(Int), family(Int)
        }

        /// Where.
        public let part: Part
        /// What is there.
        public let found: String
        /// What to do.
        public let remedy: String
    }

    /// Most strata.
    public static let strataMax = 200
    /// Most families.
    public static let familiesMax = 200

    /// The names of honest events and named kinds of mail, in the order of the strata, each once.
    public var honestNames: [String] {
        var names: [String] = []
        for stratum in strata {
            for name in stratum.events.map(\.name) + stratum.mail.map(\.name)
            where !name.isEmpty && !names.contains(name) {
                names.append(name)
            }
        }
        return names
    }
}

/// What goes wrong between hosts, and how late results come.
public struct Faults: Hashable, Sendable {
    /// Mail hosts of the provider.
    public var mailHosts: Int
    /// The share of delivery results that come while the next host is still connected.
    public var inSession: Double
    /// Seconds until those.
    public var inSessionSeconds: LogNormal
    /// Seconds until the others.
    public var lateSeconds: LogNormal
    /// The share of recipients whose server defers the first attempt.
    public var greylisted: Double
    /// Minutes until the second attempt, which succeeds.
    public var greylistMinutes: LogNormal
    /// The share of recipients whose mailbox is full.
    public var mailboxFull: Double
    /// Outages of a mail host a year, over all hosts.
    public var outagesPerYear: Double
    /// Their hours.
    public var outageHours: LogNormal
    /// How far the hosts' clocks lie apart: a standard deviation in seconds.
    public var clockSkewSeconds: Double
    /// The share of labels that say the opposite.
    public var labelNoise: Double
    /// Complaints to a thousand delivered recipients of abuse.
    public var complaintsPer1000Abuse: Double
    /// Complaints to a thousand delivered recipients of honest bulk mail.
    public var complaintsPer1000Bulk: Double
    /// Hours until a complaint.
    public var complaintHours: LogNormal

    /// Faults.
    public init(
        mailHosts: Int = 2, inSession: Double = 0.7,
        inSessionSeconds: LogNormal = LogNormal(median: 1.2, sigma: 0.7, least: 0.05, most: 60),
        lateSeconds: LogNormal = LogNormal(median: 20, sigma: 2.828, least: 0.1, most: 432_000),
        greylisted: Double = 0.03,
        greylistMinutes: LogNormal = LogNormal(median: 15, sigma: 0.6, least: 1, most: 720),
        mailboxFull: Double = 0.002, outagesPerYear: Double = 4,
        outageHours: LogNormal = LogNormal(median: 0.7, sigma: 0.9, most: 24), clockSkewSeconds: Double = 0.5,
        labelNoise: Double = 0.02, complaintsPer1000Abuse: Double = 2, complaintsPer1000Bulk: Double = 0.05,
        complaintHours: LogNormal = LogNormal(median: 5, sigma: 1.2, least: 0.02, most: 240)
    ) {
        self.mailHosts = mailHosts
        self.inSession = inSession
        self.inSessionSeconds = inSessionSeconds
        self.lateSeconds = lateSeconds
        self.greylisted = greylisted
        self.greylistMinutes = greylistMinutes
        self.mailboxFull = mailboxFull
        self.outagesPerYear = outagesPerYear
        self.outageHours = outageHours
        self.clockSkewSeconds = clockSkewSeconds
        self.labelNoise = labelNoise
        self.complaintsPer1000Abuse = complaintsPer1000Abuse
        self.complaintsPer1000Bulk = complaintsPer1000Bulk
        self.complaintHours = complaintHours
    }
}
