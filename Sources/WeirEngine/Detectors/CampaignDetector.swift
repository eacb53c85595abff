// The same text or link from others who look taken over.
//
// Abuse: one botnet on many machines. Innocent and alike: customers who forward the same joke, shops with the same program, copies
// of a newsletter that an attacker mails on to make them look bad (they have an innocent founder). Only senders who were
// suspicious by other evidence, or are contained, count.

import MailTypes

/// Evidence of a campaign: a state, recomputed from what the campaign has become.
enum CampaignDetector: Detector {
    static let group = EvidenceGroup.campaign
    static let catches = "botnets that send one template from many accounts"
    static let innocent = "chain letters, shops with the same program"
    static let most: Float = 3.5

    static func examine(_ message: MessageFacts, _ habits: Habits, _ excursion: inout Excursion) -> PerTakeOver {
        let campaign = excursion.campaign
        guard campaign.loose != 0, campaign.suspects + campaign.contained > 0 else { return PerTakeOver() }
        let suspects = Double(campaign.suspects + 2 * campaign.contained)
        var nats = Float(1.4 * NaturalLogarithm.of(1 + suspects)).clipped(0, most)
        if campaign.hasInnocentFounder { nats *= 0.25 }
        // Who passes a sample on writes to somebody he knows, from where he always is.
        let toStrangers =
            excursion.recipients > 0 ? nats * Swift.min(1, 1.25 * excursion.newRecipients / excursion.recipients) : nats
        let isElsewhere = excursion.networkCount > 0 || excursion.hasNewStyle
        return PerTakeOver(toStrangers, toStrangers, isElsewhere ? nats : 0, 0)
    }

    static func why(_ habits: Habits, _ excursion: Excursion) -> String {
        let campaign = excursion.campaign
        let contained = campaign.contained > 0 ? ", \(campaign.contained) of them contained" : ""
        return
            "the same text or link from \(Words.count(Float(campaign.suspects + campaign.contained), "other suspicious customer"))\(contained)"
    }
}
