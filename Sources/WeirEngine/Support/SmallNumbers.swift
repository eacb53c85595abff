// Numbers in few bytes, for what is kept of every subscriber.

/// Engine time in whole seconds: four bytes, until 2106. For what lasts hours or days.
struct CoarseTime: Hashable, Sendable {
    /// Seconds.
    private(set) var seconds: UInt32 = 0

    /// Engine time 0.
    init() {}

    /// Engine time rounded down to a second, 0 at least.
    init(nanoseconds: Int64) { seconds = UInt32(clamping: nanoseconds / 1_000_000_000) }

    /// So many seconds.
    init(seconds: UInt32) { self.seconds = seconds }

    /// The moment in nanoseconds.
    var nanoseconds: Int64 { Int64(seconds) * 1_000_000_000 }
}

/// Whole counts in two bytes each; one that comes to 65,535 stays there.
struct SmallCounts<let places: Int>: Sendable {
    /// The counts.
    private var values = InlineArray<places, UInt16>(repeating: 0)

    /// A count, as detectors reckon with it.
    subscript(place: Int) -> Float {
        get { Float(values[place]) }
        set { values[place] = UInt16(max(0, min(65_535, newValue))) }
    }
}

/// Weights up to 255 in two bytes each, to 1/256: halves of halves stay exact for long.
struct SmallWeights<let places: Int>: Sendable {
    /// The weights in 1/256.
    private var values = InlineArray<places, UInt16>(repeating: 0)

    /// A weight.
    subscript(place: Int) -> Float {
        get { Float(values[place]) / 256 }
        set { values[place] = UInt16(max(0, min(65_535, newValue * 256))) }
    }
}
