// Values by slot, of which those that nobody asks about are kept as bytes.

import MailTypes

/// A value that can be kept as bytes: what is read is what was written.
protocol Compactable: Sendable {
    /// What stands where there is no value.
    init()
    /// Writes the value; the bytes say by themselves where they end.
    func encode(_ out: inout ByteWriter)
    /// Reads a value.
    init(_ input: inout ByteReader) throws(CodecError)
}

/// What tells a place in a cell from one among whole values.
private enum PlaceBit {
    /// Set where the place is a cell.
    static let compacted: UInt32 = 1 << 31
}

/// A value a slot: absent, whole (in an array, a load away), or compacted (encoded, in a `CellStore`).
///
/// Who looks at a compacted value (`value`) decodes it and leaves it as it is; who changes it makes it whole first. Which slots
/// are compacted changes nothing that can be read.
struct CompactTable<Element: Compactable>: Sendable {
    /// Where each slot's value is: 0 nowhere, below `compacted` its place among the whole ones plus one, above it its cell.
    private var places: [UInt32] = []
    /// Whole values, and free places among them.
    private var whole: [Element] = []
    /// Free places.
    private var free: [UInt32] = []
    /// The compacted values.
    private var cells = CellStore()
    /// Room to encode in.
    private var scratch = ByteWriter()
    /// Room for so many whole values is set aside with the first, and touched as it fills: growing an array of a million would
    /// hold the engine's lock for too long.
    private let capacity: Int

    /// A table without slots.
    init(capacity: Int = 0) {
        self.capacity = capacity
        places.reserveCapacity(capacity)
    }

    /// Slots with a value.
    var population: Int { wholeCount + cells.count }
    /// Whole values.
    var wholeCount: Int { whole.count - free.count }
    /// Compacted values.
    var compactedCount: Int { cells.count }
    /// Memory of the compacted values.
    var compactedBytes: Int { cells.residentBytes }

    /// Makes room for slots without a value.
    mutating func grow(to count: Int) {
        while places.count < count { places.append(0) }
    }

    /// True where a slot has a value.
    @inline(__always)
    func holds(_ slot: Int) -> Bool { slot < places.count && places[slot] != 0 }

    /// True where a slot's value is whole.
    @inline(__always)
    func isWhole(_ slot: Int) -> Bool { slot < places.count && places[slot] &- 1 < PlaceBit.compacted - 1 }

    /// True where a slot's value is compacted.
    @inline(__always)
    func isCompacted(_ slot: Int) -> Bool { slot < places.count && places[slot] >= PlaceBit.compacted }

    /// The beginning of a compacted value, nil where it is whole.
    @inline(__always)
    func compactedReader(_ slot: Int) -> ByteReader? {
        let place = places[slot]
        return place >= PlaceBit.compacted ? cells.reader(at: place & ~PlaceBit.compacted) : nil
    }

    /// Reads a value that is not whole; the empty one where there is none.
    @inline(never)
    private func decoded(_ slot: Int) -> Element {
        guard var reader = compactedReader(slot) else { return Element() }
        do {
            return try Element(&reader)
        } catch {
            // Written by `compact`, or read once when a snapshot was restored.
            preconditionFailure("slot \(slot) can't be read back: \(error)")
        }
    }

    /// Makes a slot's value whole.
    @inline(never)
    mutating func expand(_ slot: Int) {
        guard !isWhole(slot) else { return }
        let value = decoded(slot)
        let before = places[slot]
        place(value, slot)
        if before >= PlaceBit.compacted { cells.remove(at: before & ~PlaceBit.compacted) }
    }

    /// Puts a whole value in.
    private mutating func place(_ value: Element, _ slot: Int) {
        if let known = free.popLast() {
            whole[Int(known)] = value
            places[slot] = known + 1
        } else {
            if whole.isEmpty { whole.reserveCapacity(capacity) }
            whole.append(value)
            places[slot] = UInt32(whole.count)
        }
    }

    /// Keeps a slot's value as bytes from now on. False where it is none that is whole, or too long for a cell: it stays.
    @discardableResult
    mutating func compact(_ slot: Int) -> Bool {
        guard isWhole(slot) else { return false }
        let place = places[slot] - 1
        scratch.bytes.removeAll(keepingCapacity: true)
        whole[Int(place)].encode(&scratch)
        guard let address = cells.put(scratch.bytes) else { return false }
        whole[Int(place)] = Element()
        if free.isEmpty { free.reserveCapacity(capacity) }
        free.append(place)
        places[slot] = address | PlaceBit.compacted
        return true
    }

    /// Takes a slot's value out.
    mutating func remove(_ slot: Int) {
        guard holds(slot) else { return }
        let place = places[slot]
        places[slot] = 0
        if place >= PlaceBit.compacted { return cells.remove(at: place & ~PlaceBit.compacted) }
        whole[Int(place) - 1] = Element()
        free.append(place - 1)
    }

    /// Adds a slot with a value.
    mutating func append(_ value: Element) {
        places.append(0)
        place(value, places.count - 1)
    }
}

extension CompactTable {
    /// How many slots there are.
    var count: Int { places.count }
    /// The slots.
    var indices: Range<Int> { 0..<places.count }
    /// True where there are no slots.
    var isEmpty: Bool { places.isEmpty }

    /// A slot's value. To be read it must be whole; to be changed it is made whole. One way to the array and no branch around
    /// it: that the compiler can see through, so that reading a field copies a field.
    subscript(slot: Int) -> Element {
        @inline(__always)
        get {
            let place = places[slot] &- 1
            precondition(place < PlaceBit.compacted - 1, "a value must be made whole before it is asked")
            return whole[Int(place)]
        }
        @inline(__always)
        _modify {
            if !isWhole(slot) { expand(slot) }
            yield &whole[Int(places[slot] &- 1)]
        }
    }

    /// A slot's value, whole or compacted, and the empty one where there is none: for who looks and leaves all as it is.
    func value(_ slot: Int) -> Element { isWhole(slot) ? self[slot] : decoded(slot) }
}

// MARK: - Storage

extension CompactTable {
    /// Writes the table; compacted values as they are.
    func encode(_ out: inout ByteWriter) {
        out.count(places.count)
        for slot in indices {
            if places[slot] == 0 {
                out.byte(0)
            } else if isWhole(slot) {
                out.byte(1)
                self[slot].encode(&out)
            } else {
                out.byte(2)
                out.blob(cells.bytes(at: places[slot] & ~PlaceBit.compacted))
            }
        }
    }

    /// Reads a table of at most so many slots. Each value is shown to `check`, which may refuse it; compacted ones are read
    /// once and stay compacted.
    init(
        _ input: inout ByteReader, slotsMax: Int, capacity: Int,
        _ check: (_ slot: Int, _ value: Element, _ isCompacted: Bool) -> Bool = { _, _, _ in true }
    ) throws(CodecError) {
        self.init(capacity: capacity)
        let total = try input.count()
        guard total <= slotsMax else { throw CodecError(place: input.place, expected: "at most \(slotsMax) slots") }
        for slot in 0..<total {
            places.append(0)
            switch try input.byte() {
            case 0: continue
            case 1:
                let value = try Element(&input)
                guard check(slot, value, false) else { break }
                place(value, slot)
                continue
            case 2:
                let bytes = try input.blob()
                var reader = ByteReader(bytes)
                let value = try Element(&reader)
                guard check(slot, value, true), let address = cells.put(bytes) else { break }
                places[slot] = address | PlaceBit.compacted
                continue
            default: break
            }
            throw CodecError(place: input.place, expected: "a value of slot \(slot) that its table can keep")
        }
    }
}
