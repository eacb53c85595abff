// Finding and comparing bytes eight at a time: the policy door reads every byte of every request, and nothing else here
// costs as much.

/// Eight times the byte 1.
private let ones: UInt64 = 0x0101_0101_0101_0101
/// Eight times the byte's highest bit.
private let highs: UInt64 = 0x8080_8080_8080_8080

/// Eight bytes as a little-endian number. Traps where they are not all there.
@inline(__always)
private func word(_ bytes: Span<UInt8>, at place: Int) -> UInt64 {
    // Any eight bytes are a UInt64, and the load itself checks the bounds.
    unsafe UInt64(littleEndian: bytes.bytes.unsafeLoadUnaligned(fromByteOffset: place, as: UInt64.self))
}

/// The same, for a caller that has just checked that `place` is not negative and eight bytes are there.
@inline(__always)
private func checkedWord(_ bytes: Span<UInt8>, at place: Int) -> UInt64 {
    unsafe UInt64(littleEndian: bytes.bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: place, as: UInt64.self))
}

/// Four bytes as a little-endian number. Traps where they are not all there.
@inline(__always)
private func halfWord(_ bytes: Span<UInt8>, at place: Int) -> UInt32 {
    unsafe UInt32(littleEndian: bytes.bytes.unsafeLoadUnaligned(fromByteOffset: place, as: UInt32.self))
}

/// The highest bit of each byte that ends or may end a line: newline, NUL and what lies between. The exact form, without a
/// borrow from one byte into the next, so that all eight are right.
@inline(__always)
private func lowBytes(_ word: UInt64) -> UInt64 { ~(((word & ~highs) &+ ones &* (0x80 - 11)) | word) & highs }

/// The places of newlines and NULs, in order. Eight bytes are tested at once and the next eight do not wait for what was
/// found in these: that is what makes a request of thirty short lines cheap.
struct LineEnds {
    /// Where the eight bytes of `hits` begin.
    private var place: Int
    /// The places found and not handed out yet, each as its byte's highest bit.
    private var hits: UInt64 = 0
    /// Where the next bytes begin.
    private var following: Int

    /// A search from a place on.
    @inline(__always)
    init(from start: Int) {
        place = start
        following = start
    }

    /// The next newline or NUL; `bytes.count` where there is none, at every call from then on.
    @inline(__always)
    mutating func next(_ bytes: Span<UInt8>) -> Int {
        while true {
            while hits == 0 {
                place = following
                if place &+ 8 <= bytes.count {
                    following = place &+ 8
                    hits = lowBytes(checkedWord(bytes, at: place))
                } else if place < bytes.count {
                    following = place &+ 1
                    hits = bytes[place] <= 10 ? 0x80 : 0
                } else {
                    return bytes.count
                }
            }
            let end = place &+ hits.trailingZeroBitCount &>> 3
            hits &= hits &- 1
            // A tab or another control byte below the newline is part of a value.
            if bytes[end] == UInt8(ascii: "\n") || bytes[end] == 0 { return end }
        }
    }
}

/// The place of the first `=` within a line; its upper bound where there is none.
@inline(__always)
func endOfName(_ bytes: Span<UInt8>, _ line: Range<Int>) -> Int {
    var place = line.lowerBound
    while place < line.upperBound {
        guard place &+ 8 <= bytes.count else {
            if bytes[place] == UInt8(ascii: "=") { return place }
            place &+= 1
            continue
        }
        let other = checkedWord(bytes, at: place) ^ (ones &* UInt64(UInt8(ascii: "=")))
        // The lowest bit of this form is right, and no other is asked for.
        let hits = (other &- ones) & ~other & highs
        if hits != 0 { return min(place &+ hits.trailingZeroBitCount &>> 3, line.upperBound) }
        place &+= 8
    }
    return line.upperBound
}

/// True where the bytes at `place` are `text`, of 4 to 24 bytes. With a literal it comes down to two or three compares.
@inline(__always)
func matches(_ bytes: Span<UInt8>, _ place: Range<Int>, _ text: StaticString) -> Bool {
    let count = text.utf8CodeUnitCount
    guard place.count == count else { return false }
    // The literal lives as long as the program, and `count` bounds every load from it.
    let literal = unsafe Span(_unsafeStart: text.utf8Start, count: count)
    let last = count &- (count >= 8 ? 8 : 4)
    if count < 8 {
        return halfWord(bytes, at: place.lowerBound) == halfWord(literal, at: 0)
            && halfWord(bytes, at: place.lowerBound &+ last) == halfWord(literal, at: last)
    }
    guard word(bytes, at: place.lowerBound) == word(literal, at: 0),
        word(bytes, at: place.lowerBound &+ last) == word(literal, at: last)
    else { return false }
    return count <= 16 || word(bytes, at: place.lowerBound &+ 8) == word(literal, at: 8)
}

/// True where both hold the same bytes.
@inline(__always)
func isSame(_ a: Span<UInt8>, _ b: Span<UInt8>) -> Bool {
    guard a.count == b.count else { return false }
    var place = 0
    while place &+ 8 <= a.count {
        if word(a, at: place) != word(b, at: place) { return false }
        place &+= 8
    }
    while place < a.count {
        if a[place] != b[place] { return false }
        place &+= 1
    }
    return true
}
