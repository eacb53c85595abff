// Where a subscriber stands on the ladder, and what is remembered of earlier times.

import MailTypes

/// A subscriber's place on the ladder.
struct Standing: Sendable {
    /// The rung.
    var rung = Rung.none
    /// The same three as they are kept.
    private var times = InlineArray<3, CoarseTime>(repeating: CoarseTime())
    /// When the slowed subscriber's bucket is full again: nothing of it is ever reserved or given back.
    private var slowedUntil: Int64 = 0

    /// Engine time at which it came there, to a second.
    var since: Int64 {
        get { times[0].nanoseconds }
        set { times[0] = CoarseTime(nanoseconds: newValue) }
    }
    /// Engine time until which somebody's word that all is well is remembered, to a second.
    var vouchedUntil: Int64 {
        get { times[1].nanoseconds }
        set { times[1] = CoarseTime(nanoseconds: newValue) }
    }
    /// Engine time at which it was contained last and then released by a person who confirmed the abuse, to a second.
    var confirmedAt: Int64 {
        get { times[2].nanoseconds }
        set { times[2] = CoarseTime(nanoseconds: newValue) }
    }
    /// Nothing against it.
    init() {}

    /// How long a confirmed abuse makes the next one likelier (relapse memory).
    static let relapseNanoseconds: Int64 = 30 * 86_400 * 1_000_000_000
    /// What a relapse takes off each threshold, and a person's word adds to it, in nats.
    static let relapseNats: Float = 2
    static let vouchedNats: Float = 5

    /// What is added to the thresholds.
    func offset(at time: Int64) -> Float {
        if time < vouchedUntil { return Standing.vouchedNats }
        return confirmedAt != 0 && time - confirmedAt < Standing.relapseNanoseconds ? -Standing.relapseNats : 0
    }

    /// Hours' worth of new recipients above which a message is a mailing, and waits for somebody's word.
    private static let mailingHours: Int64 = 10

    /// True where a slowed subscriber's message passes; its new recipients are charged then.
    ///
    /// A message can't be taken apart: one of more than an hour's worth passes where nothing is owed, and is paid off before the
    /// next does.
    mutating func passes(newRecipients: Int, perHour: Int32, at time: Int64) -> Bool {
        let (units, amount) = (Int64(newRecipients), Int64(max(1, perHour)))
        guard units > 0 else { return true }
        let rate = Rate(interval: 3_600_000_000_000 / amount, burst: amount)
        var bucket = Bucket(theoreticalArrival: slowedUntil)
        guard units <= Standing.mailingHours * amount, bucket.wait(for: min(units, amount), rate, at: time) == 0 else {
            return false
        }
        bucket.force(units, rate, extra: rate.span(max(0, units - amount)), at: time)
        slowedUntil = bucket.theoreticalArrival
        return true
    }

    /// Writes it.
    func encode(_ out: inout ByteWriter) {
        out.byte(rung.rawValue)
        for place in 0..<3 { out.varint(UInt64(times[place].seconds)) }
        out.signed(slowedUntil)
    }

    /// Reads it.
    init(_ input: inout ByteReader) throws(CodecError) {
        rung = try input.enumeration(Rung.self)
        for place in 0..<3 { times[place] = CoarseTime(seconds: try input.integer(UInt32.self)) }
        slowedUntil = try input.signed()
    }
}
