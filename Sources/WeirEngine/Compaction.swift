// Quiet subscribers take little room: their memory is kept as bytes until somebody asks about them.
//
// No decision depends on it: what is read back is what was written, but for what no decision can tell apart (a bucket that is
// full again, a window whose keys are too old). Docs/decisions/0005-quiet-subscribers-as-bytes.md has why and what it costs.

import MailTypes

extension Engine {
    /// Subscribers looked at by one tick for having gone quiet: a fifth of a millisecond where each is compacted.
    static let quietLooksPerTick = 64
    /// Slots passed over for each one looked at: compacted ones are told by four bytes that lie side by side.
    private static let slotsPerLook = 16

    /// Compacts subscribers that were quiet for long enough, a few slots at a time.
    mutating func compactQuiet(looks: Int, at time: Int64) {
        var left = looks
        for _ in 0..<min(looks * Engine.slotsPerLook, subscribers.slots.count) {
            quietHand = quietHand + 1 < subscribers.slots.count ? quietHand + 1 : 0
            guard subscribers.slots.isWhole(quietHand) else { continue }
            if isQuiet(quietHand, at: time) { compact(quietHand, at: time) }
            left -= 1
            if left == 0 { return }
        }
    }

    /// True for a subscriber of whom nothing is open, nothing was heard for long enough and nothing is to be laid out anew.
    private func isQuiet(_ slot: Int, at time: Int64) -> Bool {
        guard subscribers.slots[slot].isAtRest else { return false }
        let revision = subscribers.slots[slot].revision
        return (time - subscribers.slots[slot].lastSeen) / 1_000_000_000 >= bounds.quietSeconds
            && (revision == policy.revision || revision == 0)
    }

    /// Keeps a subscriber and what is usual for it as bytes.
    mutating func compact(_ slot: Int, at time: Int64) {
        guard subscribers.slots.isWhole(slot), subscribers.slots[slot].isAtRest else { return }
        if subscribers.slots[slot].revision == policy.revision { settle(slot, at: time) }
        if subscribers.slots.compact(slot) { watch.compact(slot, at: time) }
    }

    /// Forgets what no decision can tell from nothing: buckets that are full again, keys that windows no longer count.
    private mutating func settle(_ slot: Int, at time: Int64) {
        let gauges = plan(of: slot).gauges
        for gauge in gauges {
            if !gauge.dimension.countsDistinct {
                let bucket = subscribers.slots[slot].buckets[gauge.place]
                // A later `lastCharge` bounds what may be given back of messages to come.
                if bucket.reserved == 0, bucket.theoreticalArrival <= time, bucket.lastCharge <= time {
                    subscribers.slots[slot].buckets[gauge.place] = Bucket()
                }
            } else if gauge.place < subscribers.slots[slot].windows.count {
                subscribers.slots[slot].windows[gauge.place].advance(to: time, periodSeconds: gauge.periodSeconds)
            }
        }
    }

    /// Makes a subscriber, and what is usual for it, whole again: a few microseconds, before anything is asked about it.
    mutating func expand(_ slot: Int) {
        if subscribers.slots.isCompacted(slot) { subscribers.slots.expand(slot) }
        watch.expand(slot)
    }

    /// The slot of a subscriber by its name, whole.
    mutating func expandedSlot(named name: String) -> Int? {
        guard let slot = slot(named: name) else { return nil }
        expand(slot)
        return slot
    }
}
