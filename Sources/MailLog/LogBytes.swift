// Finding and comparing bytes of a line eight at a time: every byte of a log passes here.

import MailTypes

/// Eight times the byte 1.
private let ones: UInt64 = 0x0101_0101_0101_0101
/// Eight times the byte's highest bit.
private let highs: UInt64 = 0x8080_8080_8080_8080

extension Span where Element == UInt8 {
    /// Eight bytes as a little-endian number, for a caller that knows that `place` is not negative and eight bytes are there.
    @inline(__always)
    func word(at place: Int) -> UInt64 {
        unsafe UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: place, as: UInt64.self))
    }

    /// The place of the first such byte from `start` on and before `end`; `end` where there is none.
    @inline(__always)
    func firstIndex(of byte: UInt8, from start: Int, to end: Int) -> Int {
        precondition(start >= 0 && end <= count)
        var place = start
        let pattern = ones &* UInt64(byte)
        while place &+ 8 <= end {
            let other = word(at: place) ^ pattern
            // The lowest bit of this form is right, and no other is asked for.
            let hits = (other &- ones) & ~other & highs
            if hits != 0 { return place &+ hits.trailingZeroBitCount &>> 3 }
            place &+= 8
        }
        while place < end {
            if self[place] == byte { return place }
            place &+= 1
        }
        return end
    }

    /// The place of the last such byte within a range; nil where there is none.
    func lastIndex(of byte: UInt8, in range: Range<Int>) -> Int? {
        var place = range.upperBound
        while place > range.lowerBound {
            place &-= 1
            if self[place] == byte { return place }
        }
        return nil
    }

    /// True where `text`, of at least one byte, stands at `place`. With a literal it comes down to a few compares.
    @inline(__always)
    func has(_ text: StaticString, at place: Int) -> Bool {
        let length = text.utf8CodeUnitCount
        guard place >= 0, place &+ length <= count else { return false }
        // The literal lives as long as the program, and `length` bounds every load from it.
        let literal = unsafe Span(_unsafeStart: text.utf8Start, count: length)
        if length < 8 {
            var offset = 0
            while offset < length {
                if self[place &+ offset] != literal[offset] { return false }
                offset &+= 1
            }
            return true
        }
        var offset = 0
        while offset &+ 8 <= length {
            if word(at: place &+ offset) != literal.word(at: offset) { return false }
            offset &+= 8
        }
        return word(at: place &+ length &- 8) == literal.word(at: length &- 8)
    }

    /// True where the range holds exactly `text`.
    @inline(__always)
    func isText(_ text: StaticString, _ range: Range<Int>) -> Bool {
        range.count == text.utf8CodeUnitCount && has(text, at: range.lowerBound)
    }

    /// The place of the first `text` from `start` on that ends at `end` or before; nil where there is none.
    @inline(__always)
    func firstIndex(of text: StaticString, from start: Int, to end: Int) -> Int? {
        let last = end &- text.utf8CodeUnitCount
        let first = unsafe text.utf8Start.pointee
        var place = start
        while place <= last {
            place = firstIndex(of: first, from: place, to: end)
            guard place <= last else { return nil }
            if has(text, at: place) { return place }
            place &+= 1
        }
        return nil
    }

    /// The number in decimal digits that fills a range of 1 to 18; nil for anything else.
    @inline(__always)
    func number(_ range: Range<Int>) -> Int? {
        guard !range.isEmpty, range.count <= 18 else { return nil }
        var value = 0
        for place in range {
            let digit = self[place] &- 48
            guard digit <= 9 else { return nil }
            value = value &* 10 &+ Int(digit)
        }
        return value
    }

    /// Where the decimal digits that start at `start` end.
    @inline(__always)
    func endOfDigits(from start: Int) -> Int {
        var place = start
        while place < count, self[place] &- 48 <= 9 { place &+= 1 }
        return place
    }

    /// True where the range and `other` hold the same bytes.
    @inline(__always)
    func isSame(_ range: Range<Int>, as other: Span<UInt8>) -> Bool {
        guard range.count == other.count else { return false }
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        var place = 0
        while place &+ 8 <= other.count {
            if word(at: range.lowerBound &+ place) != other.word(at: place) { return false }
            place &+= 8
        }
        while place < other.count {
            if self[range.lowerBound &+ place] != other[place] { return false }
            place &+= 1
        }
        return true
    }

    /// A quick hash of some bytes for caches that check what they find; never for tables that an attacker may fill.
    @inline(__always)
    func quickHash(_ range: Range<Int>) -> UInt64 {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        var hash: UInt64 = 0x9E37_79B9_7F4A_7C15 &+ UInt64(truncatingIfNeeded: range.count)
        var place = range.lowerBound
        while place &+ 8 <= range.upperBound {
            hash = mixed(hash ^ word(at: place))
            place &+= 8
        }
        var rest: UInt64 = 0
        while place < range.upperBound {
            rest = rest &<< 8 | UInt64(self[place])
            place &+= 1
        }
        return mixed(hash ^ rest)
    }

    /// The range from one place to another, held within the bytes; empty where the second lies before the first. A line may
    /// end anywhere, and behind its end there is nothing.
    @inline(__always)
    func place(_ start: Int, _ end: Int) -> Range<Int> {
        let low = Swift.min(Swift.max(start, 0), count)
        return low..<Swift.min(Swift.max(end, low), count)
    }

    /// The text of a range; bytes that are not UTF-8 become the replacement character.
    func text(_ range: Range<Int>) -> String {
        guard !range.isEmpty else { return "" }
        let part = extracting(range)
        return unsafe part.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }

    /// The range without `<` and `>` around it.
    @inline(__always)
    func unbracketed(_ range: Range<Int>) -> Range<Int> {
        guard range.count >= 2, self[range.lowerBound] == UInt8(ascii: "<"),
            self[range.upperBound &- 1] == UInt8(ascii: ">")
        else { return range }
        return range.lowerBound &+ 1..<range.upperBound &- 1
    }

    /// The enhanced status code that starts at `place`, such as `5.1.1`; nil where there is none.
    func enhancedStatus(at place: Int) -> EnhancedStatus? {
        guard place >= 0, place &+ 5 <= count, self[place &+ 1] == UInt8(ascii: ".") else { return nil }
        let first = self[place] &- 48
        guard first == 2 || first == 4 || first == 5 else { return nil }
        let dot = endOfDigits(from: place &+ 2)
        guard dot < count, self[dot] == UInt8(ascii: "."), let subject = number(place &+ 2..<dot), subject <= 999 else {
            return nil
        }
        let end = endOfDigits(from: dot &+ 1)
        guard let detail = number(dot &+ 1..<end), detail <= 999 else { return nil }
        return EnhancedStatus(first, UInt16(subject), UInt16(detail))
    }
}

/// One step of a multiply-and-fold mix.
@inline(__always)
func mixed(_ value: UInt64) -> UInt64 {
    let (high, low) = value.multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
    return high ^ low
}
