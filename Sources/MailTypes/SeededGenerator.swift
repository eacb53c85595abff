// The only source of randomness in layers 0–3: held in state, so that a replay draws the same numbers.

/// SplitMix64 (Steele, Lea and Flood, 2014): 64 bits of state, every seed is good.
public struct SeededGenerator: RandomNumberGenerator, Sendable, Equatable {
    /// The whole state.
    public var state: UInt64

    /// A generator that always yields the same numbers for the same seed.
    public init(seed: UInt64) { state = seed }

    /// The next 64 bits.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z &>> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z &>> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z &>> 31)
    }
}
