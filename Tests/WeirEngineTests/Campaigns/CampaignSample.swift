// Messages for the tests of campaigns: sketches of a chosen resemblance, and short words for a table.

import MailTypes

@testable import WeirEngine

/// Fingerprints from a seed.
struct CampaignSample {
    /// The numbers that everything is drawn from.
    var random: SeededGenerator

    /// Fingerprints from a seed.
    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    /// The sketch of a text unlike any other.
    mutating func sketch() -> [UInt16] { (0..<64).map { _ in UInt16(truncatingIfNeeded: random.next()) } }

    /// A sketch that shares each slot with another with a chance of so many thousandths.
    mutating func like(_ sketch: [UInt16], permille: UInt64) -> [UInt16] {
        sketch.map { random.next() % 1000 < permille ? $0 : UInt16(truncatingIfNeeded: random.next()) }
    }

    /// The fingerprint of a text unlike any other.
    mutating func message(_ keys: Fingerprint.Key...) -> Fingerprint { Fingerprint(sketch: sketch(), keys: keys) }
}

/// 2026-11-23, 10:00, as engine time.
let campaignStart: Int64 = 1_795_428_000_000_000_000

/// A minute and an hour of engine time.
let minute: Int64 = 60_000_000_000
let hour: Int64 = 60 * minute

extension CampaignTable.Bounds {
    /// Room enough for small tests; keys link from the beginning.
    static let small = with { _ in }

    /// Small bounds with a change.
    static func with(_ change: (inout CampaignTable.Bounds) -> Void) -> CampaignTable.Bounds {
        var bounds = CampaignTable.Bounds()
        bounds.textsMax = 1024
        bounds.keysMax = 1024
        bounds.campaignsMax = 256
        bounds.learningSeconds = 0
        change(&bounds)
        return bounds
    }
}

extension CampaignTable {
    /// The table's bytes.
    var bytes: [UInt8] {
        var out = ByteWriter()
        encode(&out)
        return out.bytes
    }

    /// A table from bytes.
    static func decoded(_ bytes: [UInt8]) throws(CodecError) -> CampaignTable {
        var input = ByteReader(bytes)
        let table = try CampaignTable(&input)
        try input.finish()
        return table
    }
}
