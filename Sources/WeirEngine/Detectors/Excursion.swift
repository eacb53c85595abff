// What a subscriber did since its mail last looked as usual: the running scores, and the counts behind them.

import MailTypes

/// A near-duplicate group within an excursion.
struct Repeats: Hashable, Sendable {
    /// The tight group; 0 in a free place.
    var tight: UInt32 = 0
    /// How many of its messages came, as a count that decays with six hours: copies that come days apart are more than one
    /// newsletter.
    var count: Float = 0
    /// What they added to the scores so far, in nats, decaying with twelve hours: capped, because copies of one message that
    /// come together are one observation.
    var added: Float = 0
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
    static let networksMax = 8

    /// Engine time of the first message.
    var beganAt: Int64 = 0
    /// Engine time of the latest message or result.
    var lastAt: Int64 = 0
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
    /// Of these, refused for policy or reputation (x.7.x).
    var refused: Float = 0
    /// Complaints of abuse.
    var complaints: Float = 0
    /// Messages to new recipients while the subscriber's mail was held already.
    var attempts: Float = 0
    /// Messages with much evidence in the text.
    var spamLike: Float = 0
    /// Distinct near-duplicate groups that added something.
    var groupsOfText: UInt16 = 0
    /// Networks never used before, 16 bits of each hash: two of them are taken for one once in some thousand excursions.
    var networks = InlineArray<8, UInt16>(repeating: 0)
    /// How many of them.
    var networkCount: UInt8 = 0
    /// True once a new mail program was counted.
    var hasNewStyle = false
    /// Where the networks are.
    var foreign = ForeignUse()
    /// Distinct new HELO names and reverse-paths seen, each at most 255.
    var newHelos: UInt8 = 0
    var newReversePaths: UInt8 = 0
    /// The last HELO name and reverse-path counted.
    var lastHelo: UInt32 = 0
    var lastReversePath: UInt32 = 0
    /// Gaps between messages: how many, the mean and the sum of squared differences of their logarithms (Welford).
    var gaps: Float = 0
    var gapMean: Float = 0
    var gapSquares: Float = 0
    /// The near-duplicate groups.
    var repeats = InlineArray<4, Repeats>(repeating: Repeats())
    /// The latest campaign with other suspects, and how many they were.
    var campaign = CampaignFacts()

    /// No excursion.
    init() {}

    /// The running scores of all groups together.
    var score: PerTakeOver { ledger.sum }

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
        gaps += 1
        let difference = value - gapMean
        gapMean += difference / gaps
        gapSquares += difference * (value - gapMean)
    }
}

// MARK: - Storage

extension Excursion: Compactable {
    /// Writes the excursion.
    func encode(_ out: inout ByteWriter) {
        out.fixed64(UInt64(bitPattern: beganAt))
        out.signed(lastAt &- beganAt)
        var scores = InlineArray<12, Float>(repeating: 0)
        for place in 0..<12 { scores[place] = ledger[place / 3][place % 3] }
        out.floats(scores)
        out.floats(
            [
                messages, recipients, newRecipients, newAnHour, newADay, results, dead, refused, complaints, attempts,
                spamLike, gaps, gapMean, gapSquares,
            ] as InlineArray<14, Float>)
        out.varint(UInt64(groupsOfText))
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
        beganAt = Int64(bitPattern: try input.fixed64())
        lastAt = beganAt &+ (try input.signed())
        let scores: InlineArray<12, Float> = try input.floats()
        for place in 0..<12 { ledger[place / 3][place % 3] = scores[place] }
        let counts: InlineArray<14, Float> = try input.floats()
        (messages, recipients, newRecipients, newAnHour) = (counts[0], counts[1], counts[2], counts[3])
        (newADay, results, dead, refused) = (counts[4], counts[5], counts[6], counts[7])
        (complaints, attempts, spamLike) = (counts[8], counts[9], counts[10])
        (gaps, gapMean, gapSquares) = (counts[11], counts[12], counts[13])
        groupsOfText = try input.integer(UInt16.self)
        networkCount = try input.byte()
        for place in 0..<min(Int(networkCount), Excursion.networksMax) {
            networks[place] = UInt16(try input.byte())
            networks[place] |= UInt16(try input.byte()) << 8
        }
        foreign = try ForeignUse(&input)
        hasNewStyle = try input.bool()
        newHelos = try input.byte()
        newReversePaths = try input.byte()
        lastHelo = try input.integer(UInt32.self)
        lastReversePath = try input.integer(UInt32.self)
        for place in 0..<Excursion.repeatsMax {
            repeats[place].tight = try input.integer(UInt32.self)
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
