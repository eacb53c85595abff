// A JSON text as a value (RFC 8259). Strict where that costs nothing, so that half a line is never taken for a whole one.
//
// Foundation's reader gives dictionaries, which forget the order of an object's members; the contract of events keeps it.

/// A value of a JSON text.
enum JSONValue: Hashable, Sendable {
    /// Arrays and objects within each other.
    static let nestingMax = 32
    /// Values in one text: beyond it the text is refused. A value takes up to 48 bytes.
    static let valuesMax = 1 << 18
    /// Bytes of a number (RFC 8259 §6 lets a reader set limits).
    static let numberBytesMax = 64

    /// One member of an object.
    struct Member: Hashable, Sendable {
        /// Its name.
        var name: String
        /// Its value.
        var value: JSONValue
    }

    /// `null`.
    case null
    /// `true` or `false`.
    case boolean(Bool)
    /// A whole number, however it is written.
    case integer(Int)
    /// Any other number.
    case number(Double)
    /// A string; what is no UTF-8 or no Unicode scalar in it became U+FFFD.
    case string(String)
    /// An array.
    case array([JSONValue])
    /// An object, its members in the text's order, repeated ones included.
    case object([Member])

    /// Parses a text; nil where it is broken, ends too soon, goes on, or is beyond a bound.
    init?(parsing text: ArraySlice<UInt8>) {
        var reader = JSONReader(text)
        reader.skipSpace()
        guard let value = reader.value(depth: 0) else { return nil }
        reader.skipSpace()
        guard reader.isAtEnd else { return nil }
        self = value
    }
}

/// Where a JSON text is being read.
private struct JSONReader {
    /// The text.
    private let text: ArraySlice<UInt8>
    /// The next byte.
    private var place: Int
    /// Values so far.
    private var values = 0

    /// A reader at the start of a text.
    init(_ text: ArraySlice<UInt8>) {
        self.text = text
        place = text.startIndex
    }

    /// True where nothing is left.
    var isAtEnd: Bool { place == text.endIndex }

    /// The next byte; 0, which begins nothing, at the end.
    private var next: UInt8 { place < text.endIndex ? text[place] : 0 }

    /// Passes over white space.
    mutating func skipSpace() {
        while place < text.endIndex, text[place] == 32 || (9...10).contains(text[place]) || text[place] == 13 {
            place += 1
        }
    }

    /// Passes over a byte if it is the next one.
    private mutating func skip(_ byte: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: byte) else { return false }
        place += 1
        return true
    }

    /// A value; nil where there is none.
    mutating func value(depth: Int) -> JSONValue? {
        values += 1
        guard values <= JSONValue.valuesMax else { return nil }
        switch next {
        case UInt8(ascii: "\""): return string().map { .string($0) }
        case UInt8(ascii: "{"): return depth < JSONValue.nestingMax ? object(depth: depth + 1) : nil
        case UInt8(ascii: "["): return depth < JSONValue.nestingMax ? array(depth: depth + 1) : nil
        case UInt8(ascii: "t"): return word("true", .boolean(true))
        case UInt8(ascii: "f"): return word("false", .boolean(false))
        case UInt8(ascii: "n"): return word("null", .null)
        default: return number()
        }
    }

    /// One of the three words.
    private mutating func word(_ word: StaticString, _ value: JSONValue) -> JSONValue? {
        guard text[place...].starts(with: word.description.utf8) else { return nil }
        place += word.utf8CodeUnitCount
        return value
    }

    /// The members between braces.
    private mutating func object(depth: Int) -> JSONValue? {
        place += 1
        var members: [JSONValue.Member] = []
        skipSpace()
        if skip("}") { return .object(members) }
        while true {
            guard let name = string() else { return nil }
            skipSpace()
            guard skip(":") else { return nil }
            skipSpace()
            guard let value = value(depth: depth) else { return nil }
            members.append(JSONValue.Member(name: name, value: value))
            skipSpace()
            if skip("}") { return .object(members) }
            guard skip(",") else { return nil }
            skipSpace()
        }
    }

    /// The elements between brackets.
    private mutating func array(depth: Int) -> JSONValue? {
        place += 1
        var elements: [JSONValue] = []
        skipSpace()
        if skip("]") { return .array(elements) }
        while true {
            guard let value = value(depth: depth) else { return nil }
            elements.append(value)
            skipSpace()
            if skip("]") { return .array(elements) }
            guard skip(",") else { return nil }
            skipSpace()
        }
    }

    // MARK: - Numbers

    /// A number (RFC 8259 §6).
    private mutating func number() -> JSONValue? {
        let start = place
        _ = skip("-")
        if !skip("0") { guard digits() > 0 else { return nil } }
        var isWhole = true
        if skip(".") {
            isWhole = false
            guard digits() > 0 else { return nil }
        }
        if next | 0x20 == UInt8(ascii: "e") {
            isWhole = false
            place += 1
            if !skip("-") { _ = skip("+") }
            guard digits() > 0 else { return nil }
        }
        guard place - start <= JSONValue.numberBytesMax else { return nil }
        let words = String(decoding: text[start..<place], as: UTF8.self)
        if isWhole, let integer = Int(words) { return .integer(integer) }
        guard let number = Double(words) else { return nil }
        return Int(exactly: number).map { .integer($0) } ?? .number(number)
    }

    /// Passes over digits and returns how many.
    private mutating func digits() -> Int {
        let start = place
        while next >= 48, next <= 57 { place += 1 }
        return place - start
    }

    // MARK: - Strings

    /// A string (RFC 8259 §7).
    private mutating func string() -> String? {
        guard skip("\"") else { return nil }
        let start = place
        while place < text.endIndex, text[place] >= 32, text[place] != UInt8(ascii: "\""),
            text[place] != UInt8(ascii: "\\")
        {
            place += 1
        }
        if next == UInt8(ascii: "\"") {
            place += 1
            return String(decoding: text[start..<place - 1], as: UTF8.self)
        }
        var bytes = Array(text[start..<place])
        while place < text.endIndex {
            let byte = text[place]
            place += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: bytes, as: UTF8.self)
            case UInt8(ascii: "\\"): guard escape(into: &bytes) else { return nil }
            case 0..<32: return nil
            default: bytes.append(byte)
            }
        }
        return nil
    }

    /// What stands behind a backslash.
    private mutating func escape(into bytes: inout [UInt8]) -> Bool {
        let mark = next
        place += 1
        switch mark {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(mark)
        case UInt8(ascii: "b"): bytes.append(8)
        case UInt8(ascii: "f"): bytes.append(12)
        case UInt8(ascii: "n"): bytes.append(10)
        case UInt8(ascii: "r"): bytes.append(13)
        case UInt8(ascii: "t"): bytes.append(9)
        case UInt8(ascii: "u"):
            guard let scalar = scalar() else { return false }
            bytes.append(contentsOf: String(scalar).utf8)
        default: return false
        }
        return true
    }

    /// A scalar of one or two escaped UTF-16 units behind `\u`; half a pair is U+FFFD.
    private mutating func scalar() -> Unicode.Scalar? {
        guard let unit = hexadecimal() else { return nil }
        if (0xD800..<0xDC00).contains(unit), text[place...].starts(with: "\\u".utf8) {
            let behind = place
            place += 2
            guard let low = hexadecimal() else { return nil }
            if (0xDC00..<0xE000).contains(low) {
                return Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
            }
            place = behind
        }
        return Unicode.Scalar(unit) ?? "\u{FFFD}"
    }

    /// Four hexadecimal digits.
    private mutating func hexadecimal() -> UInt32? {
        guard place + 4 <= text.endIndex else { return nil }
        var value: UInt32 = 0
        for byte in text[place..<place + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 128 else { return nil }
            value = value << 4 | UInt32(digit)
        }
        place += 4
        return value
    }
}
