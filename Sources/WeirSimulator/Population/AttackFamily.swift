// A way of abusing other people's accounts and machines.

/// A family of attacks. Docs/simulation.md, "families".
public struct AttackFamily: Hashable, Sendable {
    /// The name, unique among families.
    public var name: String
    /// Take-overs a year among a thousand subscribers that it hits.
    public var onsetsPer1000Years: Double
    /// The strata that it hits; empty for all.
    public var strata: [String]
    /// Many at once; nil for none.
    public var outbreak: Outbreak?
    /// How many times likelier the local contacts of a victim are hit in the days after; 1 for no contagion.
    public var contagion: Double
    /// The days after.
    public var contagionDays: Double
    /// How it gets in.
    public var access: Access
    /// How fast it sends, and when.
    public var rate: Rate
    /// Test messages first; nil for none.
    public var probe: Probe?
    /// When it is over: at the first of the three.
    public var length: Length
    /// Recipients of a message.
    public var recipients: CountTable
    /// Where recipients come from.
    public var targets: Targets
    /// Sender and HELO.
    public var names: Names
    /// What it writes.
    public var template: Template
    /// What a calibrated classifier says of a campaign's text, drawn once a campaign.
    public var scores: ScoreMixture
    /// What it does when the server refuses its mail.
    public var onRefusal: Reaction

    /// A family.
    public init(
        name: String, onsetsPer1000Years: Double, strata: [String] = [], outbreak: Outbreak? = nil,
        contagion: Double = 1, contagionDays: Double = 7, access: Access, rate: Rate, probe: Probe? = nil,
        length: Length,
        recipients: CountTable = CountTable(always: 1), targets: Targets, names: Names = Names(),
        template: Template = Template(), scores: ScoreMixture, onRefusal: Reaction = Reaction()
    ) {
        self.name = name
        self.onsetsPer1000Years = onsetsPer1000Years
        self.strata = strata
        self.outbreak = outbreak
        self.contagion = contagion
        self.contagionDays = contagionDays
        self.access = access
        self.rate = rate
        self.probe = probe
        self.length = length
        self.recipients = recipients
        self.targets = targets
        self.names = names
        self.template = template
        self.scores = scores
        self.onRefusal = onRefusal
    }

    /// Many subscribers taken over within minutes of each other, once.
    public struct Outbreak: Hashable, Sendable {
        /// The share of the subscribers whom the family can hit.
        public var share: Double
        /// Days from the start.
        public var day: Double
        /// Minutes within which they are all taken over.
        public var minutes: Double

        /// An outbreak.
        public init(share: Double, day: Double, minutes: Double = 60) {
            self.share = share
            self.day = day
            self.minutes = minutes
        }
    }

    /// How an attacker gets in.
    public struct Access: Hashable, Sendable {
        /// The way.
        public enum Way: String, Hashable, Sendable, CaseIterable, CustomStringConvertible {
            /// The owner's own machine sends, from the owner's network.
            case ownMachine = "own-machine"
            /// The stolen login is used from networks far away.
            case stolenLogin = "stolen-login"
            /// The stolen login is used from other people's lines near the owner.
            case residentialProxy = "residential-proxy"

            /// `own-machine`, …
            public var description: String { rawValue }
        }

        /// The way.
        public var way: Way
        /// Networks used, drawn once an episode; of no meaning for the own machine.
        public var networks: LogNormal
        /// Messages until the next network.
        public var messagesPerNetwork: LogNormal
        /// True where the campaign's bots share their networks.
        public var sharesNetworks: Bool

        /// A way in.
        public init(
            way: Way, networks: LogNormal = LogNormal(median: 1), messagesPerNetwork: LogNormal = LogNormal(median: 1),
            sharesNetworks: Bool = false
        ) {
            self.way = way
            self.networks = networks
            self.messagesPerNetwork = messagesPerNetwork
            self.sharesNetworks = sharesNetworks
        }
    }

    /// How fast and when.
    public struct Rate: Hashable, Sendable {
        /// The hours of the day.
        public enum Hours: String, Hashable, Sendable, CaseIterable, CustomStringConvertible {
            /// Around the clock.
            case clock
            /// The owner's own busy hours.
            case owner

            /// `clock`, `owner`.
            public var description: String { rawValue }
        }

        /// Messages in an hour of sending, drawn once an episode.
        public var perHour: LogNormal
        /// When.
        public var hours: Hours

        /// A rate.
        public init(perHour: LogNormal, hours: Hours = .clock) {
            self.perHour = perHour
            self.hours = hours
        }
    }

    /// Test messages to addresses of the attacker's own, and a wait.
    public struct Probe: Hashable, Sendable {
        /// How many.
        public var messages: CountTable
        /// Hours until the attack itself.
        public var waitHours: LogNormal

        /// A probe.
        public init(messages: CountTable, waitHours: LogNormal) {
            self.messages = messages
            self.waitHours = waitHours
        }
    }

    /// The bounds of an episode, probe left out.
    public struct Length: Hashable, Sendable {
        /// Messages.
        public var messages: LogNormal
        /// Hours.
        public var hours: LogNormal
        /// Recipients.
        public var recipients: LogNormal

        /// Bounds.
        public init(
            messages: LogNormal, hours: LogNormal = LogNormal(median: 72),
            recipients: LogNormal = LogNormal(median: 1e9)
        ) {
            self.messages = messages
            self.hours = hours
            self.recipients = recipients
        }
    }

    /// Where recipients come from.
    public struct Targets: Hashable, Sendable {
        /// The share from the victim's own address book; the rest from a bought list.
        public var book: Double
        /// Addresses of the list.
        public var listSize: Int
        /// The share of dead addresses on the list, drawn once a campaign.
        public var dead: Share
        /// True where all bots of a campaign share one list.
        public var sharesList: Bool
        /// The share of recipients whose server refuses the message as spam.
        public var refusedAsSpam: Double

        /// Targets.
        public init(
            book: Double = 0, listSize: Int = 5_000_000, dead: Share = .fixed(0.3), sharesList: Bool = true,
            refusedAsSpam: Double = 0.1
        ) {
            self.book = book
            self.listSize = listSize
            self.dead = dead
            self.sharesList = sharesList
            self.refusedAsSpam = refusedAsSpam
        }
    }

    /// Sender addresses and HELO names.
    public struct Names: Hashable, Sendable {
        /// The share of episodes that send under the owner's own address.
        public var ownSender: Double
        /// The probability that a message has a sender address never used before.
        public var senderChurn: Double
        /// The probability that a message has a HELO name never used before.
        public var heloChurn: Double
        /// The share of episodes that write a header as the owner's mail program does.
        public var mimicsProgram: Double
        /// Header styles of the family's own mailer.
        public var programs: Int

        /// Names.
        public init(
            ownSender: Double = 1, senderChurn: Double = 0, heloChurn: Double = 0, mimicsProgram: Double = 0,
            programs: Int = 3
        ) {
            self.ownSender = ownSender
            self.senderChurn = senderChurn
            self.heloChurn = heloChurn
            self.mimicsProgram = mimicsProgram
            self.programs = programs
        }
    }

    /// What a campaign writes.
    public struct Template: Hashable, Sendable {
        /// What has a link of its own.
        public enum Link: String, Hashable, Sendable, CaseIterable, CustomStringConvertible {
            /// No message has a link.
            case none
            /// Each message.
            case message
            /// Each bot.
            case bot
            /// The campaign.
            case campaign

            /// `none`, …
            public var description: String { rawValue }
        }

        /// Days for which a campaign runs.
        public var campaignDays: Double
        /// Campaigns of the family at a time; the fewer, the more bots share one.
        public var campaignsAtOnce: Int
        /// The share of campaigns whose text also goes around in the world (`MailKind.Text.wild`).
        public var wild: Double
        /// Substituted words: one of these shares, 0 … 0.9, drawn once a campaign.
        public var substitution: [Double]
        /// Random words added, as a share of the text: one of these, drawn once a campaign.
        public var padding: [Double]
        /// The share of campaigns that are rewritten for each message, with a resemblance of about 0.1.
        public var rewritten: Double
        /// The share of campaigns whose text is a picture: no words to compare.
        public var imageOnly: Double
        /// What has a link of its own.
        public var link: Link
        /// The share of campaigns with a telephone number or wallet address.
        public var contact: Double
        /// The share of campaigns with an attachment, the same in all copies.
        public var attachment: Double
        /// The honest event whose latest letter a new episode copies, score and size with it; empty for words of its own.
        public var copies: String
        /// Bytes, drawn once a campaign.
        public var bytes: LogNormal

        /// A template.
        public init(
            campaignDays: Double = 5, campaignsAtOnce: Int = 4, wild: Double = 0.3, substitution: [Double] = [0],
            padding: [Double] = [0], rewritten: Double = 0, imageOnly: Double = 0, link: Link = .campaign,
            contact: Double = 0, attachment: Double = 0, copies: String = "",
            bytes: LogNormal = LogNormal(median: 3500, sigma: 0.6, least: 600, most: 200_000)
        ) {
            self.campaignDays = campaignDays
            self.campaignsAtOnce = campaignsAtOnce
            self.wild = wild
            self.substitution = substitution
            self.padding = padding
            self.rewritten = rewritten
            self.imageOnly = imageOnly
            self.link = link
            self.contact = contact
            self.attachment = attachment
            self.copies = copies
            self.bytes = bytes
        }
    }

    /// What an attacker does about refusals.
    public struct Reaction: Hashable, Sendable {
        /// Refusals until the episode ends; 0 for never.
        public var stopsAfter: Int
        /// Hours of silence after each refusal.
        public var waitHours: Double
        /// What the rate is multiplied with at each refusal, above 0, at most 1.
        public var slows: Double

        /// A reaction; the plain one is to go on.
        public init(stopsAfter: Int = 0, waitHours: Double = 0, slows: Double = 1) {
            self.stopsAfter = stopsAfter
            self.waitHours = waitHours
            self.slows = slows
        }
    }
}
