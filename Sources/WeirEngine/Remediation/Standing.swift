// Where a subscriber stands on the ladder, and what is remembered of earlier times.

import MailTypes

/// A subscriber's place on the ladder.
struct Standing: Sendable {
    /// The rung.
    var rung = Rung.none
    /// Engine time at which it came there.
    var since: Int64 = 0
    /// Engine time until which somebody's word that all is well is remembered.
    var vouchedUntil: Int64 = 0
    /// Engine time at which it was contained last and then released by a person who confirmed the abuse.
    var confirmedAt: Int64 = 0
    /// New recipients while slowed, as a bucket.
    var bucket = Bucket()

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

    /// Writes it.
    func encode(_ out: inout ByteWriter) {
        out.byte(rung.rawValue)
        out.signed(since)
        out.signed(vouchedUntil)
        out.signed(confirmedAt)
        out.signed(bucket.theoreticalArrival)
        out.signed(bucket.lastCharge)
    }

    /// Reads it.
    init(_ input: inout ByteReader) throws(CodecError) {
        rung = try input.enumeration(Rung.self)
        since = try input.signed()
        vouchedUntil = try input.signed()
        confirmedAt = try input.signed()
        bucket = Bucket(theoreticalArrival: try input.signed(), reserved: 0, lastCharge: try input.signed())
    }
}
