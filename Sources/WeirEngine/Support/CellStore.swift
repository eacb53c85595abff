// The bytes of very many small values, without an allocation for each.

import MailTypes

/// Byte strings in cells of a few sizes, cells in pages of 64 KiB: what is put in comes back padded with zeros to the size of
/// its cell, so its form must say where it ends.
///
/// A page holds cells of one size; one that has none left in use is given back. So memory follows what is stored, but for the
/// cells that stand free among used ones, and those are taken first.
struct CellStore: Sendable {
    /// Bytes of a page.
    static let pageBytes = 1 << 16
    /// Longest byte string taken.
    static let cellBytesMax = 8192
    /// Cells begin at multiples of this, and up to 512 bytes their sizes are multiples of it.
    private static let unitBytes = 8
    /// Pages at most, so that an address has 31 bits: 16 GiB.
    private static let pagesMax = 1 << 18

    /// One page.
    private struct Page: Sendable {
        /// Its bytes; none where it was given back.
        var bytes: [UInt8] = []
        /// The size of its cells.
        var cellBytes: Int32 = 0
        /// Cells in use.
        var used: Int32 = 0
        /// Cells that were in use at least once: those behind are untouched.
        var touched: Int32 = 0
        /// The first free cell that was in use before, plus one; each names the next in its first two bytes.
        var free: UInt16 = 0

        /// True where a cell is left.
        var hasRoom: Bool { free != 0 || (Int(touched) + 1) * Int(cellBytes) <= CellStore.pageBytes }
    }

    /// The pages.
    private var pages: [Page] = []
    /// Pages that were given back.
    private var vacant: [Int32] = []
    /// Pages with room, by size; the last one is filled first.
    private var withRoom: [[Int32]]
    /// Cells in use.
    private(set) var count = 0

    /// An empty store.
    init() { withRoom = Array(repeating: [], count: CellStore.sizeClass(CellStore.cellBytesMax) + 1) }

    /// Bytes of the pages in use.
    var residentBytes: Int { (pages.count - vacant.count) * CellStore.pageBytes }

    /// The size of the cell for so many bytes: steps of 8 up to 512, of 256 above.
    private static func cellBytes(_ length: Int) -> Int {
        length <= 512 ? max(8, (length + 7) & ~7) : (length + 255) & ~255
    }

    /// The number of a cell size.
    private static func sizeClass(_ cellBytes: Int) -> Int {
        cellBytes <= 512 ? cellBytes / 8 - 1 : 63 + (cellBytes - 512) / 256
    }

    /// Stores bytes and returns their address, below 2³¹; nil where they are too long or the store is full.
    mutating func put(_ bytes: [UInt8]) -> UInt32? {
        guard bytes.count <= CellStore.cellBytesMax else { return nil }
        let size = CellStore.cellBytes(bytes.count)
        guard let page = pageWithRoom(size) else { return nil }
        let cell: Int
        if pages[page].free != 0 {
            cell = Int(pages[page].free) - 1
            let first = cell * size
            pages[page].free = UInt16(pages[page].bytes[first]) | UInt16(pages[page].bytes[first + 1]) << 8
        } else {
            cell = Int(pages[page].touched)
            pages[page].touched += 1
        }
        pages[page].used += 1
        count += 1
        let start = cell * size
        var target = pages[page].bytes.mutableSpan
        for index in bytes.indices { target[start + index] = bytes[index] }
        for index in bytes.count..<size { target[start + index] = 0 }
        if !pages[page].hasRoom { withRoom[CellStore.sizeClass(size)].removeLast() }
        return UInt32(page * (CellStore.pageBytes / CellStore.unitBytes) + start / CellStore.unitBytes)
    }

    /// The page that the next cell of a size is in.
    private mutating func pageWithRoom(_ size: Int) -> Int? {
        let sizeClass = CellStore.sizeClass(size)
        if let page = withRoom[sizeClass].last { return Int(page) }
        let page: Int
        if let known = vacant.popLast() {
            page = Int(known)
        } else {
            guard pages.count < CellStore.pagesMax else { return nil }
            pages.append(Page())
            page = pages.count - 1
        }
        pages[page].bytes = Array(repeating: 0, count: CellStore.pageBytes)
        pages[page].cellBytes = Int32(size)
        withRoom[sizeClass].append(Int32(page))
        return page
    }

    /// The page of an address, and where its cell begins.
    @inline(__always)
    private func place(_ address: UInt32) -> (page: Int, start: Int) {
        let units = CellStore.pageBytes / CellStore.unitBytes
        return (Int(address) / units, Int(address) % units * CellStore.unitBytes)
    }

    /// Reads what is stored at an address.
    func reader(at address: UInt32) -> ByteReader {
        let (page, start) = place(address)
        return ByteReader(pages[page].bytes, start..<start + Int(pages[page].cellBytes))
    }

    /// What is stored at an address, zeros at its end included.
    func bytes(at address: UInt32) -> [UInt8] {
        let (page, start) = place(address)
        return Array(pages[page].bytes[start..<start + Int(pages[page].cellBytes)])
    }

    /// Frees a cell.
    mutating func remove(at address: UInt32) {
        let (page, start) = place(address)
        let size = Int(pages[page].cellBytes)
        let sizeClass = CellStore.sizeClass(size)
        let hadRoom = pages[page].hasRoom
        pages[page].used -= 1
        count -= 1
        if pages[page].used == 0 {
            if hadRoom, let listed = withRoom[sizeClass].lastIndex(of: Int32(page)) {
                withRoom[sizeClass].swapAt(listed, withRoom[sizeClass].count - 1)
                withRoom[sizeClass].removeLast()
            }
            pages[page] = Page()
            vacant.append(Int32(page))
            return
        }
        pages[page].bytes[start] = UInt8(truncatingIfNeeded: pages[page].free)
        pages[page].bytes[start + 1] = UInt8(truncatingIfNeeded: pages[page].free >> 8)
        pages[page].free = UInt16(start / size + 1)
        if !hadRoom { withRoom[sizeClass].append(Int32(page)) }
    }
}
