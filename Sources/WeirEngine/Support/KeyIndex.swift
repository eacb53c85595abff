// From a keyed 64-bit hash to a slot of a table: the one lookup on the path of every message.

/// An open-addressing hash index with linear probing and backward-shift deletion: 8 bytes a place, one cache line a
/// lookup, no tombstones.
///
/// Keys come out of `KeyedHash`, so an attacker can't choose colliding ones, and they are uniform already. A place holds the
/// lower half of a key, whose low bits are its home; the table that the slot belongs to knows the whole key and is asked
/// whether it is the right one. The capacity is fixed at birth: growth would hold the engine's lock for too long.
struct KeyIndex: Sendable {
    /// One place.
    private struct Place: Sendable, Equatable {
        /// The lower half of the key; meaningless where the place is empty.
        var tag: UInt32 = 0
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

    /// The slot of a key, nil where it is not in. `isRight` says whether a slot is under that key.
    @inline(__always)
    func slot(of key: UInt64, where isRight: (Int) -> Bool) -> Int? {
        let tag = UInt32(truncatingIfNeeded: key)
        var place = Int(tag) & mask
        while true {
            let found = places[place]
            if found.slot == 0 { return nil }
            if found.tag == tag, isRight(Int(found.slot) - 1) { return Int(found.slot) - 1 }
            place = (place &+ 1) & mask
        }
    }

    /// Puts a key in, or points it to another slot.
    @inline(__always)
    mutating func set(_ key: UInt64, to slot: Int, where isRight: (Int) -> Bool) {
        let tag = UInt32(truncatingIfNeeded: key)
        var place = Int(tag) & mask
        while places[place].slot != 0 {
            if places[place].tag == tag, isRight(Int(places[place].slot) - 1) {
                places[place].slot = UInt32(slot + 1)
                return
            }
            place = (place &+ 1) & mask
        }
        precondition(count < mask, "the index is given more keys than it was made for")
        places[place] = Place(tag: tag, slot: UInt32(slot + 1))
        count += 1
    }

    /// Takes a key out, if it still points to that slot.
    mutating func remove(_ key: UInt64, of slot: Int) {
        let wanted = Place(tag: UInt32(truncatingIfNeeded: key), slot: UInt32(slot + 1))
        var hole = Int(wanted.tag) & mask
        while places[hole] != wanted {
            guard places[hole].slot != 0 else { return }
            hole = (hole &+ 1) & mask
        }
        count -= 1
        var next = (hole &+ 1) & mask
        while places[next].slot != 0 {
            let home = Int(places[next].tag) & mask
            if (next &- home) & mask >= (next &- hole) & mask {
                places[hole] = places[next]
                hole = next
            }
            next = (next &+ 1) & mask
        }
        places[hole] = Place()
    }
}
