// JSON texts: what RFC 8259 allows, what it does not, and what is beyond a bound.

import MailTypes
import Testing

@testable import WeirAudit

/// The value of a text.
private func parse(_ text: String) -> JSONValue? { JSONValue(parsing: Array(text.utf8)[...]) }

@Suite struct JSONValueTests {
    @Test func valuesOfEveryKind() {
        for (text, value): (String, JSONValue) in [
            ("null", .null), ("true", .boolean(true)), (" false\t", .boolean(false)), ("0", .integer(0)),
            ("-0", .integer(0)), ("-17", .integer(-17)), ("4312.0", .integer(4312)), ("1e3", .integer(1000)),
            ("2.5", .number(2.5)), ("-2.5E-1", .number(-0.25)), ("9223372036854775807", .integer(.max)),
            ("9223372036854775808", .number(9_223_372_036_854_775_808)), ("\"\"", .string("")), ("[]", .array([])),
            ("{}", .object([])), ("[1, \"a\",null ]", .array([.integer(1), .string("a"), .null])),
        ] {
            #expect(parse(text) == value, "\(text)")
        }
    }

    @Test func membersStayInTheirOrder() {
        let names = ["Received", "Subject", "From", "Received", "A", "", "subject"]
        let text = "{" + names.map { "\"\($0)\" : {\"x\":[]}" }.joined(separator: " ,\r\n") + "}"
        guard case .object(let members)? = parse(text) else {
            Issue.record("no object")
            return
        }
        #expect(members.map(\.name) == names)
    }

    @Test func escapesAreUndone() {
        for (text, value) in [
            (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), (#""\u0041\u00e4\u20AC""#, "Aä€"),
            (#""\ud83d\ude00!""#, "😀!"), (#""\ud83d!""#, "\u{FFFD}!"), (#""\ude00""#, "\u{FFFD}"),
            (#""\ud83d\u0041""#, "\u{FFFD}A"), (#""\ud83d\ud83d\ude00""#, "\u{FFFD}😀"), (#""\u0000""#, "\u{0}"),
            ("\"ä😀\u{7F}\"", "ä😀\u{7F}"),
        ] {
            #expect(parse(text) == .string(value), "\(text)")
        }
        // Bytes that are no UTF-8: the line stays readable.
        #expect(JSONValue(parsing: [34, 0xE4, 34]) == .string("\u{FFFD}"))
        #expect(JSONValue(parsing: [34, 92, 110, 0xE4, 34]) == .string("\n\u{FFFD}"))
    }

    @Test func whatIsBrokenIsNothing() {
        for text in [
            "", " ", "nul", "nulll", "True", "+1", "01", "-", "1.", ".5", "1e", "1e+", "0x1", "NaN", "Infinity", "'a'",
            "\"", "\"a", "\"\n\"", "\"\\\"", #""\x41""#, #""\u12""#, #""\u12g4""#, #""\u-123""#, #""\ud83d\u12""#, "[",
            "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}",
            "{a:1}", "{\"a\" 1}", "{1:2}", "1 2", "{}{}", "[]]", "\u{0}", "{}\u{0}", "\u{FEFF}{}",
        ] {
            #expect(parse(text) == nil, "\(text)")
        }
    }

    @Test func boundsHold() {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(parse(nested(JSONValue.nestingMax)) != nil && parse(nested(JSONValue.nestingMax + 1)) == nil)
        #expect(parse(String(repeating: "{\"a\":", count: 100_000)) == nil)
        func flat(_ count: Int) -> String { "[" + String(repeating: "0,", count: count - 1) + "0]" }
        #expect(parse(flat(JSONValue.valuesMax - 1)) != nil && parse(flat(JSONValue.valuesMax)) == nil)
        let digits = String(repeating: "1", count: JSONValue.numberBytesMax)
        #expect(parse(digits) != nil && parse(digits + "1") == nil)
    }

    @Test func anythingAtAllIsSurvived() {
        var random = SeededGenerator(seed: 21)
        let seed = Array(
            #"{"type":"transaction","to":["a",{"b":[null,true,-1.5e3]}],"header":{"S":"\u00e4\ud83d\ude00\n"}}"#.utf8)
        for _ in 0..<20_000 {
            var text = seed
            for _ in 0..<Int.random(in: 1...4, using: &random) where !text.isEmpty {
                let place = Int.random(in: 0..<text.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: text[place] = UInt8.random(in: 0...255, using: &random)
                case 1: text.remove(at: place)
                default: text.insert(seed.randomElement(using: &random)!, at: place)
                }
            }
            // A slice that does not begin at 0.
            _ = JSONValue(parsing: ([32, 32] + text)[2...])
        }
        for end in 0..<seed.count { #expect(JSONValue(parsing: seed[..<end]) == nil) }
    }
}
