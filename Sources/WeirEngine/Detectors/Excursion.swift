// What a subscriber did since its mail last looked as usual: the running scores, and the counts behind them.

import MailTypes

/// A near-duplicate group within an excursion. Six bytes; numbers of half precision do for what only damps.
struct Repeats: Hashable, Sendable {
    /// The tight group, 16 bits of it; 0 in a free place.
    var tight: UInt16 = 0
    /// How many of its messages came, as a count that decays with six hours: copies that come days apart are more than one
    /// newsletter. It does not decay between messages that come within seconds.
    private var halfCount: Float16 = 0
    /// What they added to the scores so far, in nats, decaying with twelve hours: capped, because copies of one message that
    /// come together are one observation.
    private var halfAdded: Float16 = 0

    /// The count.
    var count: Float {
        get { Float(halfCount) }
        set { halfCount = Float16(min(2000, newValue)) }
    }
    /// The nats added.
    var added: Float {
        get { Float(halfAdded) }
        set { halfAdded = Float16(min(2000, newValue)) }
    }

    /// No message yet.
    init(tight: UInt16 = 0) { self.tight = tight }

    /// What is kept of a tight group: 0 for none alone.
    static func key(_ tight: UInt32) -> UInt16 { tight == 0 ? 0 : max(1, UInt16(truncatingIfNeeded: tight)) }
}

/// The running scores, by group that every message adds to (`EvidenceGroup.accumulated` lines): 48 bytes, without the lane that
/// `PerTakeOver` does not use.
struct RunningScores: Sendable {
    /// Three numbers a line.
    private var values = InlineArray<12, Float>(repeating: 0)

    /// A group's line.
    subscript(line: Int) -> PerTakeOver {
        get { PerTakeOver(values[line * 3], values[line * 3 + 1], values[line * 3 + 2], 0) }
        set { for lane in 0..<3 { values[line * 3 + lane] = newValue[lane] } }
    }

    /// All groups together.
    var sum: PerTakeOver { self[0] + self[1] + self[2] + self[3] }
}

/// One excursion from what is usual, from the first suspicious message until all scores are back at zero. Bounded, and only
/// for subscribers that have one.
struct Excursion: Sendable {
    /// Near-duplicate groups followed at a time; the least gives way.
    static let repeatsMax = 4
    /// Networks told apart in one excursion.
    static let networksMax = 4
    /// Gaps of which the spacing is judged, at most: of more, the older fade.
    private static let gapsMax: Float = 64

    /// Engine time of the latest message or result.
    var lastAt: Int64 = 0
    /// Engine time of the first message.
    var beganAt = CoarseTime()
    /// The running scores of the groups that every message adds to.
    var ledger = RunningScores()
    /// Messages, a decaying count as all that follow.
    var messages: Float = 0
    /// Recipients that are known one by one.
    var recipients: Float = 0
    /// Of these, never written to before.
    var newRecipients: Float = 0
    /// New recipients as a count that decays with an hour.
    var newAnHour: Float = 0
    /// New recipients as a count that decays with a day.
    var newADay: Float = 0
    /// Final delivery results.
    var results: Float = 0
    /// Of these, that the recipient does not exist.
    var dead: Float = 0
    /// Messages to new recipients while the subscriber's mail was held already.
    var attempts: Float = 0
    /// Messages with much evidence in the text.
    var spamLike: Float = 0
    /// Distinct near-duplicate groups that added something.
    var groupsOfText: UInt8 = 0
    /// Acts of writing to strangers alone, at least a quarter of an hour apart, at most 255, and the minute of the latest.
    var acts: UInt8 = 0
    var lastActMinute: UInt16 = 0
    /// Networks never used before, 16 bits of each hash: two of them are taken for one once in some thousand excursions.
    var networks = InlineArray<4, UInt16>(repeating: 0)
    /// Where the networks are.
    var foreign = ForeignUse()
    /// How many networks.
    var networkCount: UInt8 = 0
    /// True once a new mail program was counted.
    var hasNewStyle = false
    /// Distinct new HELO names and reverse-paths seen, each at most 255.
    var newHelos: UInt8 = 0
    var newReversePaths: UInt8 = 0
    /// The last HELO name and reverse-path counted, 16 bits of each hash.
    var lastHelo: UInt16 = 0
    var lastReversePath: UInt16 = 0
    /// Results refused for policy or reputation (x.7.x), and complaints of abuse: few, so half precision will do.
    private var halfRefused: Float16 = 0
    private var halfComplaints: Float16 = 0
    /// Gaps between messages: how many, the mean and the sum of squared differences of their logarithms (Welford).
    private var halfGaps: Float16 = 0
    private var halfGapMean: Float16 = 0
    private var halfGapSquares: Float16 = 0
    /// The near-duplicate groups.
    var repeats = InlineArray<4, Repeats>(repeating: Repeats())
    /// The latest campaign with other suspects, and how many they were.
    var campaign = CampaignFacts()

    /// No excursion.
    init() {}

    /// The running scores of all groups together.
    var score: PerTakeOver { ledger.sum }

    /// Of the results, refused for policy or reputation (x.7.x).
    var refused: Float {
        get { Float(halfRefused) }
        set { halfRefused = Float16(min(2000, newValue)) }
    }
    /// Complaints of abuse.
    var complaints: Float {
        get { Float(halfComplaints) }
        set { halfComplaints = Float16(min(2000, newValue)) }
    }

    /// The time constant of scores and counts: a day and a half.
    static let memoryNanoseconds: Double = 36 * 3600 * 1e9

    /// After how long without a message or a result an excursion is over: a score of fifty nats has faded to a fifteenth of a
    /// nat by then. What is left is nothing, so that a quiet subscriber needs no memory for it.
    static let overNanoseconds: Int64 = 10 * 86_400 * 1_000_000_000

    /// True for an excursion that has faded.
    func isOver(at time: Int64) -> Bool { time - lastAt >= Excursion.overNanoseconds }

    /// Lets scores and counts decay up to a moment.
    mutating func decay(to time: Int64) {
        let passed = Double(max(0, time - lastAt))
        lastAt = max(lastAt, time)
        guard passed > 1e9 else { return }
        let factor = Float(Exponential.of(-passed / Excursion.memoryNanoseconds))
        for line in 0..<EvidenceGroup.accumulated { ledger[line] *= PerTakeOver.all(factor) }
        messages *= factor
        recipients *= factor
        newRecipients *= factor
        results *= factor
        dead *= factor
        refused *= factor
        complaints *= factor
        attempts *= factor
        spamLike *= factor
        let short = Float(Exponential.of(-passed / 2.16e13))
        for place in 0..<Excursion.repeatsMax {
            repeats[place].count *= short
            repeats[place].added *= short.squareRoot()
        }
        newAnHour *= Float(Exponential.of(-passed / 3.6e12))
        newADay *= Float(Exponential.of(-passed / 8.64e13))
    }

    /// The place of a near-duplicate group; a new one takes a free place or that of the group that added least.
    mutating func place(of tight: UInt32) -> Int {
        let tight = Repeats.key(tight)
        var least = 0
        for place in 0..<Excursion.repeatsMax {
            if repeats[place].tight == tight { return place }
            if repeats[place].tight == 0 {
                least = place
                break
            }
            if repeats[place].added < repeats[least].added { least = place }
        }
        repeats[least] = Repeats(tight: tight)
        if groupsOfText < .max { groupsOfText += 1 }
        return least
    }

    /// Notes a network never used before. True where it is one more.
    mutating func noteNetwork(_ network: UInt32) -> Bool {
        let network = UInt16(truncatingIfNeeded: network)
        for place in 0..<min(Int(networkCount), Excursion.networksMax) where networks[place] == network { return false }
        if Int(networkCount) < Excursion.networksMax { networks[Int(networkCount)] = network }
        if networkCount < .max { networkCount += 1 }
        return true
    }

    /// Notes the time since the message before.
    mutating func noteGap(_ nanoseconds: Int64) {
        let value = Float(NaturalLogarithm.of(max(1, Double(nanoseconds) / 1e9)))
        var (count, mean, squares) = (Float(halfGaps), Float(halfGapMean), Float(halfGapSquares))
        if count >= Excursion.gapsMax { (count, squares) = (count / 2, squares / 2) }
        count += 1
        let difference = value - mean
        mean += difference / count
        squares += difference * (value - mean)
        halfGaps = Float16(count)
        halfGapMean = Float16(mean)
        halfGapSquares = Float16(squares)
    }

    /// True where messages come at even distances, once it can be told: eight gaps of at least five seconds within a quarter of
    /// each other.
    var isEven: Bool {
        halfGaps >= 8 && halfGapMean > 1.6 && Float(halfGapSquares) / Float(halfGaps) < 0.06
    }

    /// Notes a message to strangers alone. What comes within a quarter of an hour of the last one counted is one act with it: an
    /// honest newsletter is one, whatever its length, and a bot that goes on for days comes to dozens.
    mutating func noteAct(at time: Int64) {
        let minute = UInt16(truncatingIfNeeded: time / 60_000_000_000)
        guard acts == 0 || minute &- lastActMinute >= 15 else { return }
        lastActMinute = minute
        if acts < .max { acts += 1 }
    }
}

// MARK: - Storage

extension Excursion: Compactable {
    /// Writes the excursion.
    func encode(_ out: inout ByteWriter) {
        out.varint(UInt64(beganAt.seconds))
        out.signed(lastAt &- beganAt.nanoseconds)
        var scores = InlineArray<12, Float>(repeating: 0)
        for place in 0..<12 { scores[place] = ledger[place / 3][place % 3] }
        out.floats(scores)
        out.floats(
            [
                messages, recipients, newRecipients, newAnHour, newADay, results, dead, refused, complaints, attempts,
                spamLike, Float(halfGaps), Float(halfGapMean), Float(halfGapSquares),
            ] as InlineArray<14, Float>)
        out.byte(groupsOfText)
        out.byte(acts)
        out.varint(UInt64(lastActMinute))
        out.byte(networkCount)
        for place in 0..<min(Int(networkCount), Excursion.networksMax) {
            out.byte(UInt8(truncatingIfNeeded: networks[place]))
            out.byte(UInt8(truncatingIfNeeded: networks[place] >> 8))
        }
        foreign.encode(&out)
        out.bool(hasNewStyle)
        out.byte(newHelos)
        out.byte(newReversePaths)
        out.varint(UInt64(lastHelo))
        out.varint(UInt64(lastReversePath))
        for place in 0..<Excursion.repeatsMax {
            out.varint(UInt64(repeats[place].tight))
            guard repeats[place].tight != 0 else { continue }
            out.float(repeats[place].count)
            out.float(repeats[place].added)
        }
        out.varint(UInt64(campaign.loose))
        out.count(campaign.suspects)
        out.count(campaign.contained)
        out.bool(campaign.hasInnocentFounder)
    }

    /// Reads an excursion.
    init(_ input: inout ByteReader) throws(CodecError) {
        self.init()
        beganAt = CoarseTime(seconds: try input.integer(UInt32.self))
        lastAt = beganAt.nanoseconds &+ (try input.signed())
        let scores: InlineArray<12, Float> = try input.floats()
        for place in 0..<12 { ledger[place / 3][place % 3] = scores[place] }
        let counts: InlineArray<14, Float> = try input.floats()
        (messages, recipients, newRecipients, newAnHour) = (counts[0], counts[1], counts[2], counts[3])
        (newADay, results, dead, refused) = (counts[4], counts[5], counts[6], counts[7])
        (complaints, attempts, spamLike) = (counts[8], counts[9], counts[10])
        (halfGaps, halfGapMean, halfGapSquares) = (Float16(counts[11]), Float16(counts[12]), Float16(counts[13]))
        groupsOfText = try input.byte()
        acts = try input.byte()
        lastActMinute = try input.integer(UInt16.self)
        networkCount = try input.byte()
        for place in 0..<min(Int(networkCount), Excursion.networksMax) {
            networks[place] = UInt16(try input.byte())
            networks[place] |= UInt16(try input.byte()) << 8
        }
        foreign = try ForeignUse(&input)
        hasNewStyle = try input.bool()
        newHelos = try input.byte()
        newReversePaths = try input.byte()
        lastHelo = try input.integer(UInt16.self)
        lastReversePath = try input.integer(UInt16.self)
        for place in 0..<Excursion.repeatsMax {
            repeats[place].tight = try input.integer(UInt16.self)
            guard repeats[place].tight != 0 else { continue }
            repeats[place].count = try input.float()
            repeats[place].added = try input.float()
        }
        campaign.loose = try input.integer(UInt32.self)
        campaign.suspects = try input.integer(Int.self)
        campaign.contained = try input.integer(Int.self)
        campaign.hasInnocentFounder = try input.bool()
    }
}
