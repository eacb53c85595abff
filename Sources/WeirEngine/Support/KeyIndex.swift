// From a keyed 64-bit hash to a slot of a table: the one lookup on the path of every message.

/// An open-addressing hash index with linear probing and backward-shift deletion: 12 bytes a place, no tombstones.
///
/// Keys come out of `KeyedHash`, so an attacker can't choose colliding ones, and they are uniform already: the low bits are
/// the place. The capacity is fixed at birth: growth would hold the engine's lock for too long.
struct KeyIndex: Sendable {
    /// Keys by place; meaningless where the slot is empty.
    private var keys: [UInt64]
    /// Slot plus one by place; 0 for an empty place.
    private var slots: [UInt32]
    /// Places minus one, a power of two minus one.
    private let mask: Int
    /// How many keys are in.
    private(set) var count = 0

    /// An index for up to `capacity` keys, filled to at most two thirds.
    init(capacity: Int) {
        var places = 16
        while places * 2 < capacity * 3 { places *= 2 }
        keys = Array(repeating: 0, count: places)
        slots = Array(repeating: 0, count: places)
        mask = places - 1
    }

    /// The slot of a key, nil where it is not in.
    func slot(of key: UInt64) -> Int? {
        var place = Int(truncatingIfNeeded: key) & mask
        while slots[place] != 0 {
            if keys[place] == key { return Int(slots[place]) - 1 }
            place = (place + 1) & mask
        }
        return nil
    }

    /// Puts a key in, or points it to another slot.
    mutating func set(_ key: UInt64, to slot: Int) {
        var place = Int(truncatingIfNeeded: key) & mask
        while slots[place] != 0 {
            if keys[place] == key {
                slots[place] = UInt32(slot + 1)
                return
            }
            place = (place + 1) & mask
        }
        precondition(count < mask, "the index is given more keys than it was made for")
        keys[place] = key
        slots[place] = UInt32(slot + 1)
        count += 1
    }

    /// Takes a key out, if it still points to that slot.
    mutating func remove(_ key: UInt64, of slot: Int) {
        var place = Int(truncatingIfNeeded: key) & mask
        while slots[place] != 0, keys[place] != key { place = (place + 1) & mask }
        guard slots[place] == UInt32(slot + 1) else { return }
        count -= 1
        var hole = place
        var next = (hole + 1) & mask
        while slots[next] != 0 {
            let home = Int(truncatingIfNeeded: keys[next]) & mask
            if (next - home) & mask >= (next - hole) & mask {
                keys[hole] = keys[next]
                slots[hole] = slots[next]
                hole = next
            }
            next = (next + 1) & mask
        }
        slots[hole] = 0
    }
}
