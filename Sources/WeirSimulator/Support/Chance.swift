// Dice with a seed: the numbers that people, thieves and networks are drawn from.

import MailTypes

/// Draws from the usual distributions. Its whole state is the generator's 64 bits.
struct Chance: Sendable {
    /// The generator.
    var random: SeededGenerator

    /// Dice from a seed.
    @inline(__always) init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    /// Sixty-four bits.
    @inline(__always) mutating func bits() -> UInt64 { random.next() }

    /// A number above 0 and below 1.
    @inline(__always) mutating func unit() -> Double { Chance.unit(random.next()) }

    /// A number above 0 and below 1 from 64 bits.
    @inline(__always) static func unit(_ bits: UInt64) -> Double { (Double(bits >> 12) + 0.5) * 0x1p-52 }

    /// True with a probability.
    @inline(__always) mutating func happens(_ probability: Double) -> Bool {
        probability > 0 && unit() < probability
    }

    /// A whole number from 0 to below `count`, which is at least 1.
    @inline(__always) mutating func below(_ count: Int) -> Int {
        Int(truncatingIfNeeded: random.next().multipliedFullWidth(by: UInt64(count)).high)
    }

    /// A standard normal number.
    mutating func normal() -> Double { NormalQuantile.of(unit()) }

    /// An exponential number of mean 1.
    mutating func exponential() -> Double { -NaturalLogarithm.of(unit()) }

    /// A whole number of messages from 1 on, with a geometric distribution of a mean from 1 on.
    mutating func geometric(mean: Double) -> Int {
        guard mean > 1 else { return 1 }
        return 1 + Int(min(1e6, NaturalLogarithm.of(unit()) / NaturalLogarithm.of(1 - 1 / mean)))
    }

    /// A Poisson number; above a mean of 50 the rounded normal one.
    mutating func poisson(mean: Double) -> Int {
        guard mean > 0 else { return 0 }
        guard mean <= 50 else { return max(0, Int(mean + mean.squareRoot() * normal() + 0.5)) }
        let floor = Exponential.of(-mean)
        var product = unit()
        var count = 0
        while product > floor {
            product *= unit()
            count += 1
        }
        return count
    }

    /// A gamma number of the given shape and scale 1 (Marsaglia and Tsang 2000).
    mutating func gamma(shape: Double) -> Double {
        if shape < 1 {
            // The power of a uniform number brings the shape down by one.
            return gamma(shape: shape + 1) * Exponential.of(NaturalLogarithm.of(unit()) / shape)
        }
        let d = shape - 1.0 / 3
        let c = 1 / (9 * d).squareRoot()
        while true {
            let x = normal()
            let root = 1 + c * x
            guard root > 0 else { continue }
            let v = root * root * root
            if NaturalLogarithm.of(unit()) < 0.5 * x * x + d - d * v + d * NaturalLogarithm.of(v) { return d * v }
        }
    }

    /// A beta number.
    mutating func beta(_ alpha: Double, _ beta: Double) -> Double {
        let x = gamma(shape: alpha)
        let y = gamma(shape: beta)
        return x / (x + y)
    }
}

/// Numbers from numbers, without state.
enum Mixing {
    /// The finaliser of SplitMix64: a bijection of 64 bits.
    @inline(__always) static func mix(_ number: UInt64) -> UInt64 {
        var z = number
        z = (z ^ (z &>> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z &>> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z &>> 31)
    }

    /// What `mix` was given.
    @inline(__always) static func unmix(_ number: UInt64) -> UInt64 {
        var z = number
        z = (z ^ (z &>> 31) ^ (z &>> 62)) &* 0x3196_42B2_D24D_8EC3
        z = (z ^ (z &>> 27) ^ (z &>> 54)) &* 0x96DE_1B17_3F11_9089
        return z ^ (z &>> 30) ^ (z &>> 60)
    }

    /// One number from several.
    @inline(__always) static func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
        mix(mix(a &+ 0x9E37_79B9_7F4A_7C15) ^ (b &* 0xD6E8_FEB8_6659_FD93 &+ 0x2545_F491_4F6C_DD1D))
    }

    /// One number from several.
    @inline(__always) static func mix(_ a: UInt64, _ b: UInt64, _ c: UInt64) -> UInt64 { mix(mix(a, b), c) }
}
