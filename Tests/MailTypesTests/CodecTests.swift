// Bytes out and in again, and what hostile bytes do: a typed error, never a crash.

import MailTypes
import Testing

@Suite("ByteWriter and ByteReader")
struct CodecTests {
    @Test(
        "numbers survive, at all the edges",
        arguments: [0, 1, 127, 128, 16_383, 16_384, UInt64(Int64.max), UInt64.max - 1, .max])
    func numbers(_ value: UInt64) throws {
        var out = ByteWriter()
        out.varint(value)
        out.fixed64(value)
        out.fixed32(UInt32(truncatingIfNeeded: value))
        for signed in [Int64(bitPattern: value), -Int64(truncatingIfNeeded: value & 0xFFFF), .min, .max] {
            out.signed(signed)
        }
        var input = ByteReader(out.bytes)
        #expect(try input.varint() == value)
        #expect(try input.fixed64() == value)
        #expect(try input.fixed32() == UInt32(truncatingIfNeeded: value))
        #expect(try input.signed() == Int64(bitPattern: value))
        #expect(try input.signed() == -Int64(truncatingIfNeeded: value & 0xFFFF))
        #expect(try input.signed() == .min)
        #expect(try input.signed() == .max)
        try input.finish()
    }

    @Test("random records survive in their order")
    func records() throws {
        for seed in UInt64(0)..<200 {
            var random = SeededGenerator(seed: seed)
            let numbers = (0..<random.next() % 20).map { _ in random.next() >> (random.next() % 64) }
            let words = numbers.map { "ä\u{0}\($0)😀" }
            let moment = Timestamp(nanoseconds: Int64(bitPattern: random.next()))
            var out = ByteWriter(capacity: 10)
            out.array(numbers) { $0.varint($1) }
            out.array(words) { $0.string($1) }
            out.timestamp(moment)
            out.optional(words.first) { $0.string($1) }
            out.bool(seed % 2 == 0)
            out.blob(Array("\(seed)".utf8))
            out.byte(Stage.data.rawValue)
            var input = ByteReader(out.bytes)
            #expect(try input.array { (r) throws(CodecError) in try r.varint() } == numbers, "seed \(seed)")
            #expect(try input.array { (r) throws(CodecError) in try r.string() } == words, "seed \(seed)")
            #expect(try input.timestamp() == moment)
            #expect(try input.optional { (r) throws(CodecError) in try r.string() } == words.first)
            #expect(try input.bool() == (seed % 2 == 0))
            #expect(try input.blob() == Array("\(seed)".utf8))
            #expect(try input.enumeration(Stage.self) == .data)
            #expect(input.isAtEnd)
            try input.finish()
        }
    }

    @Test(
        "what can't be is refused where it stands",
        arguments: [
            ([2], "0 or 1"), ([], "a byte"),
            (Array(repeating: 0xFF, count: 10) + [0x01], "a number of at most 64 bits"),
            ([0x80, 0x80], "a byte"),
        ] as [([UInt8], String)])
    func refused(_ bytes: [UInt8], _ expected: String) {
        var input = ByteReader(bytes)
        do throws(CodecError) {
            if expected == "0 or 1" { _ = try input.bool() } else { _ = try input.varint() }
            Issue.record("nothing was thrown")
        } catch {
            #expect(error.expected == expected)
            #expect(error.place <= bytes.count)
        }
    }

    @Test("a count that promises more than there is asks for no memory")
    func counts() {
        var out = ByteWriter()
        out.varint(.max)
        var input = ByteReader(out.bytes + [1, 2, 3])
        #expect(throws: CodecError.self) {
            try input.array(minimumBytes: 8) { (r) throws(CodecError) in try r.fixed64() }
        }
        var text = ByteReader([5, 65, 66])
        #expect(throws: CodecError.self) { try text.string() }
        var index = ByteReader([5])
        #expect(throws: CodecError.self) { try index.index(below: 5) }
        var small = ByteReader([0x80, 0x02])
        #expect(throws: CodecError.self) { try small.integer(UInt8.self) }
        var stage = ByteReader([99])
        #expect(throws: CodecError.self) { try stage.enumeration(Stage.self) }
        var rest = ByteReader([0, 0])
        #expect(throws: CodecError(place: 1, expected: "the end")) {
            _ = try rest.byte()
            try rest.finish()
        }
    }

    @Test("a reader over a part stays in it, and one over nothing finds nothing")
    func ranges() {
        var part = ByteReader([1, 2, 3, 4], 1..<3)
        #expect(throws: CodecError(place: 3, expected: "a byte")) {
            for _ in 0..<3 { _ = try part.byte() }
        }
        var beyond = ByteReader([1, 2, 3], 5..<9)
        #expect(beyond.isAtEnd)
        #expect(throws: CodecError.self) { try beyond.count() }
        #expect(throws: CodecError.self) { try beyond.fixed64() }
        #expect(throws: CodecError.self) { try beyond.fixed32() }
    }

    @Test("random bytes never crash the reader")
    func hostile() {
        for seed in UInt64(0)..<3000 {
            var random = SeededGenerator(seed: seed)
            let bytes = (0..<random.next() % 40).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            var input = ByteReader(bytes)
            do throws(CodecError) {
                for _ in 0..<50 {
                    switch random.next() % 11 {
                    case 10: _ = try input.fixed32()
                    case 0: _ = try input.varint()
                    case 1: _ = try input.signed()
                    case 2: _ = try input.fixed64()
                    case 3: _ = try input.string()
                    case 4: _ = try input.blob()
                    case 5: _ = try input.optional { (r) throws(CodecError) in try r.string() }
                    case 6: _ = try input.array(minimumBytes: 0) { (r) throws(CodecError) in try r.byte() }
                    case 7: _ = try input.integer(Int32.self)
                    case 8: _ = try input.count(minimumBytes: 3)
                    default: _ = try input.bool()
                    }
                }
            } catch {
                #expect(error.place <= bytes.count, "seed \(seed)")
                #expect(error.description.hasPrefix("at byte \(error.place): expected "))
            }
        }
    }
}
