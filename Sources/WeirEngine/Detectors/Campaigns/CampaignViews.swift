// Campaigns as a person sees them, by the clock.

import MailTypes

extension Engine {
    /// Slots to walk for `campaigns(in:)`.
    public var campaignSlots: Int { campaigns?.slotCount ?? 0 }

    /// The campaigns of some slots; those that became part of another are left out. Ask for some hundred slots at a time.
    public func campaigns(in range: Range<Int>) -> [Campaign] {
        campaigns?.campaigns(in: range).map(byTheClock) ?? []
    }

    /// The campaign of a name; nil where it is forgotten. One that became part of another is found as that.
    public func campaign(id: String) -> Campaign? { campaigns?.campaign(id: id).map(byTheClock) }

    /// A campaign with its moments as the clock shows them now.
    private func byTheClock(_ given: Campaign) -> Campaign {
        var campaign = given
        campaign.firstSeen = clockTime(given.firstSeen.nanoseconds)
        campaign.lastSeen = clockTime(given.lastSeen.nanoseconds)
        return campaign
    }
}
