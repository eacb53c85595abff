// From a keyed 64-bit hash to a slot of a table: the one lookup on the path of every message.

/// An open-addressing hash index with linear probing and backward-shift deletion: 16 bytes a place, one cache line a
/// lookup, no tombstones.
///
/// Keys come out of `KeyedHash`, so an attacker can't choose colliding ones, and they are uniform already: the low bits are
/// the place. The capacity is fixed at birth: growth would hold the engine's lock for too long.
struct KeyIndex: Sendable {
    /// One place.
    private struct Place: Sendable {
        /// The key; meaningless where the place is empty.
        var key: UInt64 = 0
        /// Slot plus one; 0 for an empty place.
        var slot: UInt32 = 0
    }

    /// The places.
    private var places: [Place]
    /// Places minus one, a power of two minus one.
    private let mask: Int
    /// How many keys are in.
    private(set) var count = 0

    /// An index for up to `capacity` keys, filled to at most three quarters.
    init(capacity: Int) {
        var size = 16
        while size * 3 < capacity * 4 { size *= 2 }
        places = Array(repeating: Place(), count: size)
        mask = size - 1
    }

    /// The slot of a key, nil where it is not in.
    func slot(of key: UInt64) -> Int? {
        var place = Int(truncatingIfNeeded: key) & mask
        while places[place].slot != 0 {
            if places[place].key == key { return Int(places[place].slot) - 1 }
            place = (place &+ 1) & mask
        }
        return nil
    }

    /// Puts a key in, or points it to another slot.
    mutating func set(_ key: UInt64, to slot: Int) {
        var place = Int(truncatingIfNeeded: key) & mask
        while places[place].slot != 0 {
            if places[place].key == key {
                places[place].slot = UInt32(slot + 1)
                return
            }
            place = (place &+ 1) & mask
        }
        precondition(count < mask, "the index is given more keys than it was made for")
        places[place] = Place(key: key, slot: UInt32(slot + 1))
        count += 1
    }

    /// Takes a key out, if it still points to that slot.
    mutating func remove(_ key: UInt64, of slot: Int) {
        var hole = Int(truncatingIfNeeded: key) & mask
        while places[hole].slot != 0, places[hole].key != key { hole = (hole &+ 1) & mask }
        guard places[hole].slot == UInt32(slot + 1) else { return }
        count -= 1
        var next = (hole &+ 1) & mask
        while places[next].slot != 0 {
            let home = Int(truncatingIfNeeded: places[next].key) & mask
            if (next &- home) & mask >= (next &- hole) & mask {
                places[hole] = places[next]
                hole = next
            }
            next = (next &+ 1) & mask
        }
        places[hole] = Place()
    }
}
