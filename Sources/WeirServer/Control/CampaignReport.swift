// Campaigns on their way to a person: the same mail from one or many subscribers.

import MailTypes
import WeirEngine

/// One campaign.
public struct CampaignReport: Codable, Sendable {
    /// How many keys of a kind came with it.
    public struct Keys: Codable, Sendable {
        /// `link`, `attachment`, `subject`, `contact` or `shape`.
        public var kind: String
        /// How many.
        public var count: Int
    }

    /// Its name: `c` and eight digits.
    public var id: String
    /// Messages.
    public var messages: UInt64
    /// Different subscribers, about.
    public var subscribers: Int64
    /// Of them, contained now.
    public var contained: Int
    /// The first message, RFC 3339.
    public var firstSeen: String
    /// The last message.
    public var lastSeen: String
    /// Seconds since the first message.
    public var firstSeconds: Int64
    /// Seconds since the last message.
    public var lastSeconds: Int64
    /// Delivery results that came back.
    public var results: UInt64
    /// Of them, those that said that the recipient doesn't exist.
    public var dead: UInt64
    /// Their share, from 0 to 1; nil without results.
    public var deadShare: Double?
    /// The keys by kind, each counted when it came for the first time.
    public var keys: [Keys]
    /// True where its first sender was alone with it for long, as that of a newsletter is: it accuses nobody.
    public var hasInnocentFounder: Bool

    /// A campaign as it stands at a moment.
    init(_ campaign: Campaign, at now: Timestamp) {
        id = campaign.id
        messages = campaign.messages
        subscribers = campaign.subscribers
        contained = campaign.contained
        firstSeen = campaign.firstSeen.description
        lastSeen = campaign.lastSeen.description
        firstSeconds = max(0, now.since(campaign.firstSeen) / 1_000_000_000)
        lastSeconds = max(0, now.since(campaign.lastSeen) / 1_000_000_000)
        results = campaign.results
        dead = campaign.dead
        // Thousandths are enough, and print shortly.
        deadShare =
            campaign.results == 0 ? nil : (Double(campaign.dead) * 1000 / Double(campaign.results)).rounded() / 1000
        keys = campaign.keys.map { Keys(kind: $0.kind.description, count: $0.count) }
        hasInnocentFounder = campaign.hasInnocentFounder
    }
}

extension Operator {
    /// The campaigns with the most contained subscribers, then subscribers, then messages; read a slice at a time.
    func campaignList(_ request: ControlRequest) -> ControlResponse {
        let count = min(max(1, request.count ?? 20), Operator.listMax)
        var found: [Campaign] = []
        var slot = 0
        while true {
            let range = slot..<slot + Operator.slotsAtATime
            let (campaigns, slots, now) = live.read { ($0.campaigns(in: range), $0.campaignSlots, $0.now) }
            found += campaigns
            slot = range.upperBound
            if slot >= slots || found.count > 4 * count {
                found.sort(by: Operator.mostContainedFirst)
                found.removeLast(max(0, found.count - count))
            }
            guard slot >= slots else { continue }
            var response = ControlResponse()
            response.campaigns = found.map { CampaignReport($0, at: now) }
            return response
        }
    }

    /// One campaign.
    func campaignShow(_ request: ControlRequest) throws -> ControlResponse {
        let id = try required(request.campaign, "a campaign's name")
        let (campaign, now) = live.read { ($0.campaign(id: id), $0.now) }
        guard let campaign else {
            return ControlResponse(
                error: "no campaign '\(id)' is remembered; names are c and eight digits, see weir campaign list")
        }
        var response = ControlResponse()
        response.campaigns = [CampaignReport(campaign, at: now)]
        return response
    }

    /// The order of the list.
    private static func mostContainedFirst(_ a: Campaign, _ b: Campaign) -> Bool {
        (b.contained, b.subscribers, b.messages, a.id) < (a.contained, a.subscribers, a.messages, b.id)
    }
}
