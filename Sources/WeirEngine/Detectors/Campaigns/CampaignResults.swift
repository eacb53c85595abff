// What becomes known of a campaign after its messages went out, and its state as it stands now.

import MailTypes

extension CampaignText {
    /// The campaign of the message alone.
    var statistics: CampaignStatistics { CampaignCluster(self, generation: 0).statistics }
}

extension CampaignTable {
    /// What is known of a campaign now; nil where it is forgotten.
    func statistics(of loose: UInt32) -> CampaignStatistics? {
        guard let root = root(of: loose) else { return nil }
        if let cluster = clusterSlot(root) { return clusters[cluster].statistics }
        return texts.slot(of: root).map { texts[$0].statistics }
    }

    /// A subscriber of a campaign was contained. False where the campaign is forgotten or its list is full.
    @discardableResult
    mutating func noteContained(subscriber: UInt64, loose: UInt32) -> Bool {
        guard let cluster = promoted(loose) else { return false }
        return clusters[cluster].contain(subscriber)
    }

    /// A subscriber of a campaign looks suspicious by other evidence than the campaign.
    mutating func noteSuspect(subscriber: UInt64, loose: UInt32) {
        guard let cluster = promoted(loose) else { return }
        clusters[cluster].suspect(subscriber)
    }

    /// What detectors need of a message's campaign: its other subscribers.
    func facts(of membership: CampaignMembership, besides subscriber: UInt64) -> CampaignFacts {
        var facts = CampaignFacts(loose: membership.loose)
        guard membership.loose != 0, let cluster = clusterSlot(membership.loose) else { return facts }
        facts.hasInnocentFounder = membership.statistics.hasInnocentFounder
        facts.contained = clusters[cluster].contained.count { $0 != subscriber }
        facts.suspects = clusters[cluster].suspects.count {
            $0 != subscriber && !clusters[cluster].contained.contains($0)
        }
        return facts
    }

    /// A subscriber was released: found innocent, or clean again. It speaks for no campaign any more.
    mutating func noteReleased(subscriber: UInt64) {
        for cluster in clusters.indices
        where !clusters[cluster].suspects.isEmpty || !clusters[cluster].contained.isEmpty {
            clusters[cluster].contained.removeAll { $0 == subscriber }
            clusters[cluster].suspects.removeAll { $0 == subscriber }
        }
    }

    /// A result came back for one recipient of a campaign.
    mutating func noteResult(loose: UInt32, dead: Bool = false, refusedAsSpam: Bool = false) {
        if let cluster = clusterSlot(loose) {
            clusters[cluster].results += 1
            if dead { clusters[cluster].dead += 1 }
            if refusedAsSpam { clusters[cluster].refused += 1 }
        } else if let slot = root(of: loose).flatMap(texts.slot(of:)), texts[slot].results < .max {
            texts[slot].results += 1
            if dead { texts[slot].dead += 1 }
            if refusedAsSpam { texts[slot].refused += 1 }
        }
    }

    /// A message of a campaign went to so many recipients, so many of whom its sender had never written to.
    mutating func noteRecipients(loose: UInt32, new: Int, total: Int) {
        let (new, total) = (UInt32(clamping: new), UInt32(clamping: total))
        if let cluster = clusterSlot(loose) {
            clusters[cluster].recipients += UInt64(total)
            clusters[cluster].newRecipients += UInt64(new)
        } else if let slot = root(of: loose).flatMap(texts.slot(of:)), texts[slot].recipients <= .max - total {
            texts[slot].recipients += total
            texts[slot].newRecipients &+= new
        }
    }

    /// A message of a campaign has a content score, in thousandths of a nat.
    mutating func noteContent(loose: UInt32, score: Int32) {
        // Scores are some nats; an absurd one counts as sixteen.
        let score = max(-16_000, min(16_000, score))
        if let cluster = clusterSlot(loose) {
            clusters[cluster].contentSum += Int64(score)
            clusters[cluster].contentCount += 1
        } else if let slot = root(of: loose).flatMap(texts.slot(of:)), texts[slot].contentCount < .max {
            texts[slot].contentSum += score
            texts[slot].contentCount += 1
        }
    }
}

// MARK: - Views

/// A campaign as an operator sees it.
public struct Campaign: Hashable, Sendable {
    /// Its name: `c` and eight digits. A campaign made one with another is found by both names.
    public var id: String
    /// Messages.
    public var messages: UInt64
    /// Different subscribers, about.
    public var subscribers: Int64
    /// Of them, contained now.
    public var contained: Int
    /// When the first message came, to the second.
    public var firstSeen: Timestamp
    /// When the last one came.
    public var lastSeen: Timestamp
    /// Results that came back.
    public var results: UInt64
    /// Of these, recipients that don't exist.
    public var dead: UInt64
    /// How many keys of each kind came with it for the first time.
    public var keys: [KeyCount]
    /// True where its first sender was alone with it for long.
    public var hasInnocentFounder: Bool

    /// A number of keys of a kind.
    public struct KeyCount: Hashable, Sendable {
        /// What the keys are made from.
        public var kind: Fingerprint.Kind
        /// How many.
        public var count: Int
    }
}

extension CampaignTable {
    /// The campaigns with the most contained subscribers, then subscribers, then messages.
    func campaigns(most: Int) -> [Campaign] {
        let order = clusters.indices.filter { clusters[$0].messages > 0 && clusters[$0].parent == 0 }
            .map {
                (slot: $0, rank: ($0, clusters[$0].contained.count, clusters[$0].subscribers, clusters[$0].messages))
            }
            .sorted { a, b in
                (b.rank.1, b.rank.2, b.rank.3, a.slot) < (a.rank.1, a.rank.2, a.rank.3, b.slot)
            }
        return order.prefix(max(0, most)).map { view($0.slot) }
    }

    /// Slots to walk for `campaigns(in:)`.
    var slotCount: Int { clusters.count }

    /// The campaigns of some slots.
    func campaigns(in range: Range<Int>) -> [Campaign] {
        range.clamped(to: clusters.indices).filter { clusters[$0].messages > 0 && clusters[$0].parent == 0 }.map(view)
    }

    /// The campaign of a name; nil where it is forgotten.
    func campaign(id: String) -> Campaign? {
        guard id.utf8.count == 9, id.utf8.first == UInt8(ascii: "c"), let handle = UInt32(id.dropFirst(), radix: 16)
        else {
            return nil
        }
        return clusterSlot(handle).map(view)
    }

    /// A campaign for an operator.
    private func view(_ slot: Int) -> Campaign {
        let known = clusters[slot].statistics
        let digits = String(handle(slot), radix: 16)
        return Campaign(
            id: "c" + digits, messages: known.messages, subscribers: known.subscribers, contained: known.contained,
            firstSeen: Timestamp(nanoseconds: known.firstSeen), lastSeen: Timestamp(nanoseconds: known.lastSeen),
            results: known.results, dead: known.dead,
            keys: Fingerprint.Kind.allCases.compactMap {
                let count = Int(clusters[slot].keys[Int($0.rawValue) - 1])
                return count == 0 ? nil : Campaign.KeyCount(kind: $0, count: count)
            }, hasInnocentFounder: known.hasInnocentFounder)
    }
}

// MARK: - Storage

extension CampaignTable {
    /// Writes the table, its bounds included.
    func encode(_ out: inout ByteWriter) {
        for value in [bounds.textsMax, bounds.keysMax, bounds.campaignsMax] { out.count(value) }
        for value in [bounds.textSeconds, bounds.keySeconds, bounds.learningSeconds] { out.varint(UInt64(value)) }
        for value in [bounds.spreadMax, bounds.spreadMaxContained] { out.varint(UInt64(value)) }
        out.count(hand)
        out.varint(UInt64(born))
        out.varint(evicted)
        out.varint(refusedUnions)
        texts.encode(&out)
        keys.encode(&out)
        out.array(clusters) { $1.encode(&$0) }
    }

    /// Reads a table.
    init(_ input: inout ByteReader) throws(CodecError) {
        var bounds = Bounds()
        bounds.textsMax = try input.index(below: 1 << 32)
        bounds.keysMax = try input.index(below: 1 << 32)
        bounds.campaignsMax = try input.index(below: 1 << 32)
        bounds.textSeconds = try input.integer(UInt32.self)
        bounds.keySeconds = try input.integer(UInt32.self)
        bounds.learningSeconds = try input.integer(UInt32.self)
        bounds.spreadMax = try input.integer(UInt16.self)
        bounds.spreadMaxContained = try input.integer(UInt16.self)
        self.bounds = bounds
        hand = try input.index(below: 1 << 32)
        born = try input.integer(UInt32.self)
        evicted = try input.varint()
        refusedUnions = try input.varint()
        texts = try CampaignTexts(&input)
        keys = try CampaignKeys(&input)
        clusters = try input.array(minimumBytes: 30) { (r) throws(CodecError) in try CampaignCluster(&r) }
        guard clusters.count <= bounds.campaignsMax, hand < max(1, clusters.count) else {
            throw CodecError(place: input.place, expected: "at most \(bounds.campaignsMax) campaigns")
        }
    }
}
