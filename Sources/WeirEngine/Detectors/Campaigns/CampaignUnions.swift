// From messages to campaigns: handles, unions, and which campaign is forgotten at the bound.

import MailTypes

// A handle below 2^31 is the number of a retained message, one above stands for a campaign: 11 bits of how often its slot was
// used, 20 bits of slot. A handle whose message or campaign is forgotten leads nowhere, and is never an error.
extension CampaignTable {
    /// Slots of campaigns at most, by what a handle holds.
    static let campaignSlotsMax = 1 << 20
    /// Campaigns looked at for one to forget.
    static let victimsMax = 16
    /// Unions that lead from a handle to its campaign at most; more are none, or a damaged snapshot.
    static let unionsMax = 40

    /// The handle of a campaign.
    func handle(_ slot: Int) -> UInt32 {
        0x8000_0000 | (clusters[slot].generation & 0x7FF) &<< 20 | UInt32(truncatingIfNeeded: slot)
    }

    /// The campaign that a handle stands for now: its handle, or the message's own while it is alone; nil where it is forgotten.
    func root(of handle: UInt32) -> UInt32? {
        var next = handle
        if handle < 0x8000_0000 {
            guard let slot = texts.slot(of: handle) else { return nil }
            next = texts[slot].cluster
            if next == 0 { return handle }
        }
        for _ in 0..<CampaignTable.unionsMax {
            let slot = Int(next & 0xF_FFFF)
            guard next >= 0x8000_0000, slot < clusters.count, self.handle(slot) == next else { break }
            if clusters[slot].parent == 0 { return next }
            next = clusters[slot].parent
        }
        // The message outlived its campaign: it is alone again.
        return handle < 0x8000_0000 ? handle : nil
    }

    /// The slot of the campaign that a handle stands for; nil where there is none, or but one message.
    func clusterSlot(_ handle: UInt32) -> Int? {
        guard let root = root(of: handle), root >= 0x8000_0000 else { return nil }
        return Int(root & 0xF_FFFF)
    }

    /// The slot of a handle's campaign, made from the message where it was alone; nil where it is forgotten.
    mutating func promoted(_ handle: UInt32) -> Int? {
        guard let root = root(of: handle) else { return nil }
        if root >= 0x8000_0000 { return Int(root & 0xF_FFFF) }
        guard let text = texts.slot(of: root) else { return nil }
        let slot = freeSlot()
        clusters[slot] = CampaignCluster(texts[text], generation: clusters[slot].generation)
        texts[text].cluster = self.handle(slot)
        return slot
    }

    /// A slot for a new campaign. At the bound the longest idle of the next few is forgotten, one in which nobody is contained
    /// before one in which somebody is.
    private mutating func freeSlot() -> Int {
        if clusters.count < max(1, min(bounds.campaignsMax, CampaignTable.campaignSlotsMax)) {
            clusters.append(CampaignCluster())
            return clusters.count - 1
        }
        var victim = hand
        for _ in 0..<CampaignTable.victimsMax {
            let (one, other) = (clusters[hand], clusters[victim])
            if one.contained.isEmpty != other.contained.isEmpty ? one.contained.isEmpty : one.last < other.last {
                victim = hand
            }
            hand = hand + 1 == clusters.count ? 0 : hand + 1
        }
        evicted += 1
        let generation = clusters[victim].generation &+ 1
        clusters[victim] = CampaignCluster()
        clusters[victim].generation = generation
        return victim
    }

    /// True where a single sender had a campaign to himself for long.
    private func isSole(_ root: UInt32) -> Bool {
        if let cluster = clusterSlot(root) { return clusters[cluster].isSole }
        guard let slot = texts.slot(of: root) else { return false }
        let text = texts[slot]
        return text.messages >= 2 && Int64(text.last) - Int64(text.first) >= CampaignCluster.soleSeconds
    }

    /// True where a campaign is large.
    private func isGrown(_ root: UInt32) -> Bool { clusterSlot(root).map { clusters[$0].isGrown } ?? false }

    /// Makes one campaign of a message's and another, unless that is guarded against.
    mutating func link(_ own: UInt32, with other: UInt32, isKey: Bool, _ now: UInt32) {
        guard let mine = root(of: own), let its = root(of: other), mine != its else { return }
        let isGuarded = isKey && (isSole(its) || isSole(mine)) || isGrown(mine) && isGrown(its)
        guard !isGuarded else {
            refusedUnions += 1
            return
        }
        // A message that is not counted yet brings nothing along.
        if mine < 0x8000_0000, let slot = texts.slot(of: mine), texts[slot].messages == 0 {
            if let cluster = promoted(its), let slot = texts.slot(of: mine) { texts[slot].cluster = handle(cluster) }
            return
        }
        guard promoted(its) != nil, let one = promoted(mine), let two = clusterSlot(its), one != two else { return }
        let (kept, gone) = clusters[one].messages >= clusters[two].messages ? (one, two) : (two, one)
        let other = clusters[gone]
        clusters[kept].absorb(other)
        clusters[gone] = CampaignCluster()
        clusters[gone].generation = other.generation
        clusters[gone].last = other.last
        clusters[gone].parent = handle(kept)
    }
}
