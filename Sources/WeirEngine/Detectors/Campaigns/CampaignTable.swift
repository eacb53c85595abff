// Near-duplicate messages across subscribers: the one memory that sees everybody.

import MailTypes

/// Campaigns, found as messages come.
///
/// Which abuse: one sender of spam behind many taken-over subscribers, each of whom stays under every limit. What looks the
/// same: a newsletter, a chain letter, a company's footer, a link that is in the news. What it costs: 200 bytes a retained
/// message, 40 a key, about 200 to 1,300 a campaign, all of it within `Bounds`.
///
/// Two clusterings. *Tight* groups are near-identical copies and damp repetitions. *Loose* ones, the campaigns, link senders:
/// by texts that resemble each other (an estimated resemblance of a quarter), and by links, attachments and contacts, since two
/// copies that were both rewritten have no text in common.
///
/// Against poisoning:
/// - A key links only while it is new, and in few campaigns: what everybody writes stops to link (`isLinking`).
/// - Two large campaigns are never made one. A key alone makes nothing one with a text that a single sender had to himself for
///   long: who sends the parish's newsletter on, or its link, does not make the parish part of his campaign by its keys, and by
///   its text only as its founder, which the statistics tell (`hasInnocentFounder`).
///
/// Unions can't be taken apart, so each is guarded, and an idle campaign is forgotten in the end.
struct CampaignTable: Sendable {
    /// How much is remembered, and for how long.
    struct Bounds: Sendable, Hashable {
        /// Most retained messages; rounded up to a power of two. Beyond, the oldest is forgotten.
        var textsMax = 1 << 17
        /// Most keys; rounded up to a power of two. Beyond, the least telling of a set.
        var keysMax = 1 << 17
        /// Most campaigns of more than one message. Beyond, the longest idle of a few is forgotten.
        var campaignsMax = 1 << 15
        /// How long a message is compared with after it came last, in seconds.
        var textSeconds: UInt32 = 86_400
        /// How long a new key links texts, in seconds.
        var keySeconds: UInt32 = 86_400
        /// How long a new table learns which keys everybody uses before any links, in seconds.
        var learningSeconds: UInt32 = 6 * 3600
        /// In how many campaigns a key may be seen before it stops to link.
        var spreadMax: UInt16 = 16
        /// The same for a key of a campaign in which somebody is contained.
        var spreadMaxContained: UInt16 = 64

        /// Room for about a hundred thousand different messages a day: 27 MB of messages, 5 MB of keys.
        static let defaults = Bounds()
    }

    /// Equal slots of 64 from which two texts are near-identical.
    static let tightSlots = 32
    /// Equal slots of 64 from which texts are linked.
    static let looseSlots = 16
    /// Of these, slots of word 3-grams: unrelated texts of one language share up to a third of their letters' 5-grams, and
    /// hardly any three words in a row.
    static let looseWordSlots = 4
    /// Campaigns that one text may link.
    static let linkedMax = 8

    /// How much is remembered.
    let bounds: Bounds
    /// Retained messages.
    var texts: CampaignTexts
    /// Keys.
    var keys: CampaignKeys
    /// Campaigns of more than one message.
    var clusters: [CampaignCluster] = []
    /// The slot at which the next search for an idle campaign begins.
    var hand = 0
    /// When the first message came, in seconds; 0 before.
    var born: UInt32 = 0
    /// Campaigns forgotten at the bound.
    var evicted: UInt64 = 0
    /// Unions that were guarded against.
    var refusedUnions: UInt64 = 0

    /// An empty table.
    init(bounds: Bounds = .defaults) {
        self.bounds = bounds
        texts = CampaignTexts(capacity: bounds.textsMax)
        keys = CampaignKeys(capacity: bounds.keysMax)
    }

    /// Takes in a message and says what it belongs to. `at` is engine time in nanoseconds.
    mutating func note(
        _ fingerprint: borrowing Fingerprint, subscriber: UInt64, at: Int64, handling: Content.Handling = .own
    ) -> CampaignMembership {
        let now = UInt32(clamping: at / 1_000_000_000)
        if born == 0 { born = max(1, now) }
        let sketch = CampaignTexts.packed(fingerprint.sketch)
        let hasText = !fingerprint.sketch.isEmpty

        // Texts like it.
        var best = -1
        var bestEqual = 0
        var like = InlineArray<8, UInt32>(repeating: 0)
        var likeCount = 0
        if hasText {
            texts.candidates(sketch) { slot, equal in
                guard equal >= CampaignTable.looseSlots, now &- min(now, texts[slot].last) <= bounds.textSeconds,
                    texts[slot].equalSlots(sketch, in: 4..<8) >= CampaignTable.looseWordSlots
                else { return }
                if equal > bestEqual { (best, bestEqual) = (slot, equal) }
                guard likeCount < CampaignTable.linkedMax else { return }
                like[likeCount] = texts[slot].number
                likeCount += 1
            }
        }

        // Keys of its own: those that link, and those of tight groups.
        var places = InlineArray<16, Int32>(repeating: 0)
        var placeCount = 0
        var tight = bestEqual >= CampaignTable.tightSlots ? texts[best].tight : 0
        var copy = bestEqual >= CampaignTexts.copySlots ? best : -1
        var subject: UInt64 = 0
        var shape: UInt64 = 0
        for key in fingerprint.keys {
            switch key.kind {
            case .subject: subject = key.value
            case .shape: shape = key.value
            case .link, .attachment, .contact:
                let place = keys.place(CampaignKeys.value(key.kind, key.value), at: now)
                // The kind beside the place: tables of keys have at most 2^24 of them.
                places[placeCount] = Int32(truncatingIfNeeded: place | Int(key.kind.rawValue) &<< 24)
                placeCount += 1
                if key.kind == .attachment { copyOf(keys[place], hasText, now, &tight, &copy) }
            }
        }
        var envelope = -1
        if !hasText, subject != 0 || shape != 0 {
            // A shape alone says too little to be compared across subscribers.
            let mixed = subject == 0 ? shape ^ subscriber : shape ^ (subject &<< 1 | subject &>> 63)
            envelope = keys.place(CampaignKeys.value(subject == 0 ? .shape : .subject, mixed), at: now)
            copyOf(keys[envelope], hasText, now, &tight, &copy)
        }

        // The message among those retained.
        let isFirst = tight == 0
        let slot: Int
        if copy >= 0, texts.age(copy) <= texts.capacity / 2 {
            slot = copy
        } else {
            var text = CampaignText()
            text.sketch = sketch
            text.subscriber = subscriber
            text.first = now
            text.tight = tight
            slot = texts.insert(text)
        }
        texts[slot].last = now
        tight = texts[slot].tight
        let own = texts[slot].number

        // The campaign.
        for place in 0..<likeCount { link(own, with: like[place], isKey: false, now) }
        for index in 0..<placeCount {
            let place = Int(places[index])
            linkByKey(place & 0xFF_FFFF, own, subscriber, tight, now)
            if keys[place & 0xFF_FFFF].isFresh, let cluster = clusterSlot(own) {
                clusters[cluster].keys[place &>> 24 &- 1] &+= 1
            }
        }
        if envelope >= 0 {
            keys[envelope].text = own
            keys[envelope].tight = tight
            keys[envelope].last = now
        }
        return account(slot, subscriber, now, isList: handling == .list, isFirst: isFirst)
    }

    /// The tight group of a key that makes copies, where it was seen lately, and the message without a text to count on.
    @inline(__always)
    private func copyOf(
        _ key: CampaignKey, _ hasText: Bool, _ now: UInt32, _ tight: inout UInt32, _ copy: inout Int
    ) {
        guard tight == 0, key.tight != 0, now &- min(now, key.last) <= bounds.textSeconds else { return }
        tight = key.tight
        if !hasText, let known = texts.slot(of: key.text), !texts[known].hasText { copy = known }
    }

    /// Counts a message, in its campaign or with the retained message that is alone.
    private mutating func account(
        _ slot: Int, _ subscriber: UInt64, _ now: UInt32, isList: Bool, isFirst: Bool
    ) -> CampaignMembership {
        let number = texts[slot].number
        if texts[slot].subscriber != subscriber, clusterSlot(number) == nil { _ = promoted(number) }
        let statistics: CampaignStatistics
        var handle = number
        if let cluster = clusterSlot(number) {
            clusters[cluster].note(subscriber, at: now, isList: isList)
            statistics = clusters[cluster].statistics
            handle = self.handle(cluster)
        } else {
            texts[slot].messages &+= texts[slot].messages == .max ? 0 : 1
            if isList, texts[slot].listMessages < .max { texts[slot].listMessages += 1 }
            statistics = texts[slot].statistics
        }
        return CampaignMembership(
            tight: texts[slot].tight, loose: handle, isFirstOfTight: isFirst,
            isFounder: statistics.founder == subscriber, statistics: statistics)
    }
}

// MARK: - Links by keys

extension CampaignTable {
    /// Links a message with the campaign in which one of its keys was seen last, where the key links, and remembers it there.
    private mutating func linkByKey(
        _ place: Int, _ own: UInt32, _ subscriber: UInt64, _ tight: UInt32, _ now: UInt32
    ) {
        let key = keys[place]
        let isNew = key.text == 0
        if !isNew, key.subscriber != subscriber, let other = root(of: key.handle), let mine = root(of: own),
            other != mine
        {
            if isLinking(key, other, now) { link(own, with: other, isKey: true, now) }
            keys[place].spread &+= key.spread == .max ? 0 : 1
        }
        keys[place].handle = root(of: own) ?? own
        keys[place].text = own
        keys[place].tight = tight
        keys[place].subscriber = subscriber
        keys[place].last = now
        keys[place].isFresh = isNew
    }

    /// True while a key may link: it was not there from the beginning, is seen in few campaigns, and is new, or belongs to a
    /// campaign as old as itself in which somebody is contained.
    private func isLinking(_ key: CampaignKey, _ handle: UInt32, _ now: UInt32) -> Bool {
        guard UInt64(key.first) >= UInt64(born) + UInt64(bounds.learningSeconds) else { return false }
        let isNew = now &- min(now, key.first) <= bounds.keySeconds
        guard let cluster = clusterSlot(handle), !clusters[cluster].contained.isEmpty else {
            return isNew && key.spread < bounds.spreadMax
        }
        let predates = UInt64(key.first) + 3600 < UInt64(clusters[cluster].first)
        return (isNew || !predates) && key.spread < bounds.spreadMaxContained
    }
}
