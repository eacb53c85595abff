// What happens to honest subscribers now and then: a burst of mail, a journey, a new machine.

import MailTypes

/// Something that makes honest mail look unusual. Docs/simulation.md, "events".
public struct HonestEvent: Hashable, Sendable {
    /// When it happens.
    public enum Schedule: Hashable, Sendable {
        /// At random, so many times a year.
        case perYear(Double)
        /// Each so many weeks, on the subscriber's own weekday and hour.
        case weeks(Int)
        /// On the last working day of each month.
        case monthEnd
        /// Once, within the first three days of a subscriber who joins.
        case joining
    }

    /// The name, which stands in the truth beside each of its messages.
    public var name: String
    /// The share of the stratum's subscribers to whom it happens.
    public var holders: Double
    /// When.
    public var schedule: Schedule
    /// The hours in which it begins, UTC; nil for the owner's own busy hours.
    public var hours: ClosedRange<Int>?
    /// The mail that it makes; nil for none.
    public var burst: Burst?
    /// Another machine or network for a time; nil for none.
    public var change: Change?

    /// An event.
    public init(
        name: String, holders: Double = 1, schedule: Schedule, hours: ClosedRange<Int>? = nil, burst: Burst? = nil,
        change: Change? = nil
    ) {
        self.name = name
        self.holders = holders
        self.schedule = schedule
        self.hours = hours
        self.burst = burst
        self.change = change
    }

    /// Mail to many.
    public struct Burst: Hashable, Sendable {
        /// Whom it goes to.
        public enum Audience: String, Hashable, Sendable, CaseIterable, CustomStringConvertible {
            /// The address book from its front.
            case book
            /// A list of the subscriber's own, the same each time.
            case list
            /// People never written to.
            case strangers
            /// People who wrote first: half of them known.
            case correspondents

            /// `book`, …
            public var description: String { rawValue }
        }

        /// Whom it goes to.
        public var audience: Audience
        /// Recipients in all. A list's length is drawn once a subscriber; of a book it is at most its size.
        public var recipients: LogNormal
        /// Recipients of each message.
        public var perMessage: Int
        /// The share of dead addresses, drawn once a subscriber.
        public var dead: Share
        /// Seconds between messages.
        public var gapSeconds: LogNormal
        /// How alike the messages are.
        public var resemblance: Double
        /// What a calibrated classifier says of the text, drawn once an event.
        public var scores: ScoreMixture
        /// Whose words.
        public var handling: Content.Handling
        /// True where all copies have one link.
        public var hasLink: Bool
        /// True where all have an attachment of their own.
        public var hasAttachment: Bool
        /// Bytes, drawn once an event.
        public var bytes: LogNormal

        /// A burst.
        public init(
            audience: Audience, recipients: LogNormal, perMessage: Int = 1, dead: Share = .fixed(0.01),
            gapSeconds: LogNormal = LogNormal(median: 5, sigma: 0.5), resemblance: Double = 0.9,
            scores: ScoreMixture = ScoreMixture([.init(mean: -2, deviation: 1.5)]), handling: Content.Handling = .own,
            hasLink: Bool = false, hasAttachment: Bool = false,
            bytes: LogNormal = LogNormal(median: 20_000, sigma: 1, least: 1000, most: 10_000_000)
        ) {
            self.audience = audience
            self.recipients = recipients
            self.perMessage = perMessage
            self.dead = dead
            self.gapSeconds = gapSeconds
            self.resemblance = resemblance
            self.scores = scores
            self.handling = handling
            self.hasLink = hasLink
            self.hasAttachment = hasAttachment
            self.bytes = bytes
        }
    }

    /// Another machine or network, before the burst where there is one.
    public struct Change: Hashable, Sendable {
        /// True for a new machine, which then replaces the oldest one.
        public var machine: Bool
        /// True for networks never used before.
        public var network: Bool
        /// How many days the networks last.
        public var days: LogNormal
        /// Hours by which the owner's day is shifted meanwhile.
        public var shiftHours: Double

        /// A change.
        public init(
            machine: Bool = false, network: Bool = false, days: LogNormal = LogNormal(median: 7, sigma: 0.6),
            shiftHours: Double = 0
        ) {
            self.machine = machine
            self.network = network
            self.days = days
            self.shiftHours = shiftHours
        }
    }
}
