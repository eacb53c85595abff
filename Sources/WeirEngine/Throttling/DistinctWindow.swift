// How many different keys a subscriber used in the last hour or day.

import MailTypes

/// Some keys; those of a usual message stand in place.
typealias DistinctKeys = SmallArray<4, UInt64>

/// A sliding window over distinct keys, in slices of an eighth of the period.
///
/// Up to 64 keys are listed, exactly, each with the slice of its last use; a key is forgotten when its slice is older than
/// the eight before the current one. So the window covers the period and up to an eighth more, and never less. Beyond 64
/// keys it becomes a sketch a slice, whose lower bound decides. 64 bytes with
/// up to four keys, 8 more a key beyond, 4.6 kB as a sketch.
struct DistinctWindow: Sendable, Equatable {
    /// Slices that the window spans beside the current one.
    static let slicesBack: Int64 = 8
    /// Slices kept, the current one included.
    static let slicesKept = 9
    /// Keys listed before the sketch begins.
    static let exactKeysMax = 64

    /// The number of the latest slice, engine time divided by the slice's length.
    private(set) var slice: Int64 = 0
    /// Listed keys: the upper 56 bits of the hash, the lower 8 the slice of last use, modulo 256.
    private(set) var listed = DistinctKeys()
    /// Registers of `slicesKept` slices, by slice number modulo `slicesKept`; empty while keys are listed.
    private(set) var sketch: [UInt8] = []

    /// The length of a slice in nanoseconds.
    static func sliceNanoseconds(periodSeconds: Int64) -> Int64 { periodSeconds * 1_000_000_000 / slicesBack }

    /// Moves on to the slice of `now` and forgets what is too old.
    mutating func advance(to now: Int64, periodSeconds: Int64) {
        let current = now / DistinctWindow.sliceNanoseconds(periodSeconds: periodSeconds)
        let steps = current - slice
        guard steps > 0 else { return }
        slice = current
        if !sketch.isEmpty {
            if steps >= DistinctWindow.slicesKept {
                sketch = []
            } else {
                for back in 0..<steps { clearSketch(slice: current - back) }
                if sketch.allSatisfy({ $0 == 0 }) { sketch = [] }
            }
        } else if !listed.isEmpty {
            if steps > DistinctWindow.slicesBack {
                listed.removeAll()
            } else {
                let latest = slice
                listed.removeAll { DistinctWindow.age(of: $0, in: latest) > DistinctWindow.slicesBack }
            }
        }
    }

    /// Slices since a listed key was last used.
    private func age(of entry: UInt64) -> Int64 { DistinctWindow.age(of: entry, in: slice) }

    /// Slices from a listed key's last use to a slice.
    private static func age(of entry: UInt64, in slice: Int64) -> Int64 {
        Int64((UInt64(truncatingIfNeeded: slice) &- entry) & 0xFF)
    }

    /// Zeroes one slice's registers.
    private mutating func clearSketch(slice: Int64) {
        let start = Int(slice % Int64(DistinctWindow.slicesKept)) * DistinctSketch.registers
        for register in start..<start + DistinctSketch.registers { sketch[register] = 0 }
    }

    /// True where the key is listed. A sketch can't tell.
    func lists(_ key: UInt64) -> Bool { listed.contains { $0 >> 8 == key >> 8 } }

    /// How many different keys there would be with these added; stops counting where it passes `enough`. A sketch gives
    /// its lower bound.
    func count(adding keys: DistinctKeys, enough: Int64) -> Int64 {
        guard sketch.isEmpty else {
            var union = DistinctSketch.union(of: sketch, slices: DistinctWindow.slicesKept)
            for key in keys { DistinctSketch.insert(spread(key), into: &union, slice: 0) }
            return DistinctSketch.lowerBound(DistinctSketch.estimate(union))
        }
        if keys.count == 1 { return Int64(listed.count) + (lists(keys[0]) ? 0 : 1) }
        if keys.count > 4 * DistinctWindow.exactKeysMax {
            var all = listed.map { $0 >> 8 } + keys.map { $0 >> 8 }
            all.sort()
            return all.indices.reduce(0) { $1 > 0 && all[$1] == all[$1 - 1] ? $0 : $0 + 1 }
        }
        var added: [UInt64] = []
        for key in keys where !lists(key) && !added.contains(where: { $0 >> 8 == key >> 8 }) {
            added.append(key)
            if Int64(listed.count + added.count) > enough { break }
        }
        return Int64(listed.count + added.count)
    }

    /// A key as the sketch takes it: of a listed key only the upper 56 bits are left, so the lower ones are made from them.
    private func spread(_ key: UInt64) -> UInt64 { key & ~0xFF | key >> 56 }

    /// Counts a key as used now; true where it was not listed before.
    mutating func insert(_ key: UInt64) -> Bool {
        if sketch.isEmpty {
            let stamped = key & ~0xFF | UInt64(truncatingIfNeeded: slice) & 0xFF
            if let place = listed.firstIndex(where: { $0 >> 8 == key >> 8 }) {
                listed[place] = stamped
                return false
            }
            if listed.count < DistinctWindow.exactKeysMax {
                listed.append(stamped)
                return true
            }
            becomeSketch()
        }
        DistinctSketch.insert(
            spread(key), into: &sketch, slice: Int(slice % Int64(DistinctWindow.slicesKept)))
        return false
    }

    /// Takes back a key that was listed by a message which came to nothing.
    mutating func remove(_ key: UInt64) { listed.removeAll { $0 >> 8 == key >> 8 } }

    /// Moves the listed keys into a sketch.
    private mutating func becomeSketch() {
        sketch = Array(repeating: 0, count: DistinctSketch.registers * DistinctWindow.slicesKept)
        for entry in listed {
            let used = slice - age(of: entry)
            DistinctSketch.insert(spread(entry), into: &sketch, slice: Int(used % Int64(DistinctWindow.slicesKept)))
        }
        listed.removeAll()
    }

    /// Nanoseconds until the oldest listed keys are forgotten: when room may come. A sketch answers with one slice.
    func nextForgetting(at now: Int64, periodSeconds: Int64) -> Int64 {
        let length = DistinctWindow.sliceNanoseconds(periodSeconds: periodSeconds)
        let oldest = listed.map { age(of: $0) }.max() ?? DistinctWindow.slicesBack
        return max(1, (slice - oldest + DistinctWindow.slicesBack + 1) * length - now)
    }
}

// MARK: - Storage

extension DistinctWindow {
    /// Writes the window.
    func encode(_ out: inout ByteWriter) {
        out.signed(slice)
        out.count(listed.count)
        for key in listed { out.fixed64(key) }
        out.blob(sketch)
    }

    /// Reads a window.
    init(_ input: inout ByteReader) throws(CodecError) {
        slice = try input.signed()
        for _ in 0..<(try input.count(minimumBytes: 8)) { listed.append(try input.fixed64()) }
        sketch = try input.blob()
        guard sketch.isEmpty || sketch.count == DistinctSketch.registers * DistinctWindow.slicesKept, slice >= 0,
            listed.count <= DistinctWindow.exactKeysMax
        else { throw CodecError(place: input.place, expected: "a window of distinct keys") }
    }
}
