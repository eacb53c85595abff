// A kind of subscriber: who they are, what they send, to whom, from where.

import MailTypes

/// A stratum: subscribers that are drawn from the same distributions. Docs/simulation.md, "strata".
public struct Stratum: Hashable, Sendable {
    /// How a subscriber is recognised.
    public enum Identification: String, Hashable, Sendable, CaseIterable, CustomStringConvertible {
        /// By the SASL login.
        case login
        /// By the client address, and the port block where several share one.
        case address

        /// `login`, `address`.
        public var description: String { rawValue }
    }

    /// The name, unique among strata.
    public var name: String
    /// The operator's plan: a free word.
    public var plan: String
    /// The share of subscribers, by which strata are weighed against each other.
    public var share: Double
    /// How they are recognised.
    public var identification: Identification
    /// True for honest senders whom a simple rule takes for stolen ones.
    public var isTrap: Bool
    /// The share that becomes a customer within the simulated time; the others always were.
    public var joins: Double
    /// Messages a day between subscribers, weekends included.
    public var messagesPerDay: LogNormal
    /// How much a subscriber's days differ: the standard deviation of the logarithm.
    public var dayToDay: Double
    /// What is sent on a Saturday or Sunday, as a share of a working day's mail.
    public var weekend: Double
    /// When in the day.
    public var hours: HourProfile
    /// Messages and pauses of a sitting.
    public var sessions: Sessions
    /// Recipients of a message.
    public var recipients: CountTable
    /// Whom they know.
    public var book: AddressBook
    /// The share of new recipients, drawn once a subscriber.
    public var newRecipients: Share
    /// Bytes of a message.
    public var bytes: LogNormal
    /// How far a subscriber's texts always lie from what their kind says, in nats: mean and standard deviation between
    /// subscribers. A cold-sales user always scores higher.
    public var scoreOffset: Spread
    /// Kinds of mail, weighed by their shares.
    public var mail: [MailKind]
    /// Machines and networks.
    public var clients: Clients
    /// Sender addresses of a subscriber.
    public var senders: CountTable
    /// What happens to them now and then, or on fixed days.
    public var events: [HonestEvent]

    /// A stratum; everything but the name has a plain default: a person with one machine.
    public init(
        name: String, plan: String = "residential", share: Double = 1, identification: Identification = .login,
        isTrap: Bool = false, joins: Double = 0, messagesPerDay: LogNormal = LogNormal(median: 5, sigma: 0.8),
        dayToDay: Double = 0.6, weekend: Double = 0.5,
        hours: HourProfile = HourProfile(peak: 14, peakDeviation: 3, width: 3, background: 0.02),
        sessions: Sessions = Sessions(), recipients: CountTable = CountTable(always: 1),
        book: AddressBook = AddressBook(), newRecipients: Share = .beta(1.5, 8),
        bytes: LogNormal = LogNormal(median: 9000, sigma: 1.6, least: 700, most: 25_000_000),
        scoreOffset: Spread = Spread(mean: 0, deviation: 0.4), mail: [MailKind] = [MailKind()],
        clients: Clients = Clients(), senders: CountTable = CountTable(always: 1), events: [HonestEvent] = []
    ) {
        self.name = name
        self.plan = plan
        self.share = share
        self.identification = identification
        self.isTrap = isTrap
        self.joins = joins
        self.messagesPerDay = messagesPerDay
        self.dayToDay = dayToDay
        self.weekend = weekend
        self.hours = hours
        self.sessions = sessions
        self.recipients = recipients
        self.book = book
        self.newRecipients = newRecipients
        self.bytes = bytes
        self.scoreOffset = scoreOffset
        self.mail = mail
        self.clients = clients
        self.senders = senders
        self.events = events
    }
}

/// A normal distribution between subscribers.
public struct Spread: Hashable, Sendable {
    /// The mean.
    public var mean: Double
    /// The standard deviation, from 0 on.
    public var deviation: Double

    /// A distribution.
    public init(mean: Double, deviation: Double) {
        self.mean = mean
        self.deviation = deviation
    }

    /// One draw.
    func draw(_ chance: inout Chance) -> Double { deviation > 0 ? mean + deviation * chance.normal() : mean }
}

/// Sittings: a cascading Poisson process (Malmgren and others 2008).
public struct Sessions: Hashable, Sendable {
    /// Messages of a sitting: the mean of a geometric distribution, from 1 on.
    public var messages: Double
    /// Minutes between the messages of a sitting, the mean of an exponential: drawn once a subscriber.
    public var minutes: LogNormal

    /// Sittings.
    public init(messages: Double = 2.5, minutes: LogNormal = LogNormal(median: 6, sigma: 0.3)) {
        self.messages = messages
        self.minutes = minutes
    }
}

/// The people whom a subscriber writes to again and again.
public struct AddressBook: Hashable, Sendable {
    /// How many at first.
    public var size: LogNormal
    /// The share of new recipients that are kept and written to again: the growth.
    public var keeps: Double
    /// The share of dead addresses in it.
    public var dead: Double
    /// The share of dead addresses among new recipients.
    public var newDead: Double
    /// The share of subscribers of the same provider in it.
    public var local: Double
    /// The share of addresses that many people write to: authorities, shops, the works' own list.
    public var popular: Double
    /// How much favourites come before others: rank = size × u^favourites; 1 makes all equal.
    public var favourites: Double

    /// A book.
    public init(
        size: LogNormal = LogNormal(median: 40, sigma: 0.8, least: 3, most: 5000), keeps: Double = 0.5,
        dead: Double = 0.006, newDead: Double = 0.026, local: Double = 0.08, popular: Double = 0.1,
        favourites: Double = 2.5
    ) {
        self.size = size
        self.keeps = keeps
        self.dead = dead
        self.newDead = newDead
        self.local = local
        self.popular = popular
        self.favourites = favourites
    }
}

/// One kind of mail that a stratum sends.
public struct MailKind: Hashable, Sendable {
    /// Where the words come from.
    public enum Text: String, Hashable, Sendable, CaseIterable, CustomStringConvertible {
        /// Written for this message.
        case fresh
        /// A form of the subscriber's own, filled in.
        case form
        /// Spam that goes around in the world: passed on, quoted, or reported.
        case wild

        /// `fresh`, …
        public var description: String { rawValue }
    }

    /// Whom it goes to.
    public enum Audience: String, Hashable, Sendable, CaseIterable, CustomStringConvertible {
        /// People known and new, by the stratum's share of new recipients.
        case usual
        /// The same few addresses, always: the scanner's owners, an abuse desk.
        case fixed
        /// Always somebody new: the customers of a shop.
        case strangers
        /// The members of a list that the subscriber serves: always the same.
        case members

        /// `usual`, …
        public var description: String { rawValue }
    }

    /// Its name; empty for ordinary mail. A named kind stands in the truth beside each of its messages.
    public var name: String
    /// The share of the stratum's messages, by which kinds are weighed against each other.
    public var share: Double
    /// Whose words it carries, as a door sees it.
    public var handling: Content.Handling
    /// Where the words come from.
    public var text: Text
    /// How alike two copies are: the resemblance of a filled-in form, or of a wild spam's copy, to its template.
    public var resemblance: Double
    /// What a calibrated classifier says of it.
    public var scores: ScoreMixture
    /// The share of answers: the recipient wrote first, and a new one too is then no stranger's address.
    public var replies: Double
    /// The share with a link.
    public var links: Double
    /// The share with an attachment.
    public var attachments: Double
    /// The honest event whose latest letter is passed on in place of words of one's own; empty for none.
    public var copies: String
    /// Whom it goes to.
    public var audience: Audience
    /// Recipients of a message, where they differ from the stratum's.
    public var recipients: CountTable?
    /// Bytes, where they differ from the stratum's.
    public var bytes: LogNormal?

    /// A kind of mail; everything has a default: a person's own words.
    public init(
        name: String = "", share: Double = 1, handling: Content.Handling = .own, text: Text = .fresh,
        resemblance: Double = 0.9,
        scores: ScoreMixture = ScoreMixture([.init(mean: -4, deviation: 1.6)]), replies: Double = 0.4,
        links: Double = 0.2, attachments: Double = 0.15, copies: String = "", audience: Audience = .usual,
        recipients: CountTable? = nil,
        bytes: LogNormal? = nil
    ) {
        self.name = name
        self.share = share
        self.handling = handling
        self.text = text
        self.resemblance = resemblance
        self.scores = scores
        self.replies = replies
        self.links = links
        self.attachments = attachments
        self.copies = copies
        self.audience = audience
        self.recipients = recipients
        self.bytes = bytes
    }
}

/// Machines, mail programs and networks of a stratum's subscribers.
public struct Clients: Hashable, Sendable {
    /// Machines of a subscriber.
    public var devices: CountTable
    /// The share of machines that roam: each of their sittings is in one of a carrier's networks.
    public var mobile: Double
    /// Networks among which a roaming machine moves.
    public var carrierNetworks: Int
    /// The probability that a sitting is in a network never used before.
    public var newNetwork: Double
    /// Replacements of a machine or its program a year.
    public var renewals: Double
    /// Different mail programs in the stratum, the first far more frequent than the last.
    public var programs: Int
    /// The share of subscribers behind an address that several share (CGNAT).
    public var shared: Double
    /// Subscribers to a shared address.
    public var perSharedAddress: Int
    /// Days until a line that is not shared gets another address; 0 for never.
    public var renumberDays: Int

    /// Machines and networks.
    public init(
        devices: CountTable = CountTable([.init(1...1, 0.5), .init(2...2, 0.35), .init(3...3, 0.15)]),
        mobile: Double = 0.4, carrierNetworks: Int = 24, newNetwork: Double = 0.01, renewals: Double = 0.4,
        programs: Int = 40, shared: Double = 0.1, perSharedAddress: Int = 16, renumberDays: Int = 60
    ) {
        self.devices = devices
        self.mobile = mobile
        self.carrierNetworks = carrierNetworks
        self.newNetwork = newNetwork
        self.renewals = renewals
        self.programs = programs
        self.shared = shared
        self.perSharedAddress = perSharedAddress
        self.renumberDays = renumberDays
    }
}
