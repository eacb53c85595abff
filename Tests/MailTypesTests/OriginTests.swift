// Countries by their letters and names.

import MailTypes
import Testing

@Suite("A country")
struct OriginTests {
    @Test("is two letters, in upper case or lower", arguments: ["DE", "vn", "Zz", "AA"]) func letters(text: String)
        throws
    {
        let country = try #require(Country(text.utf8))
        #expect(country.code == text.uppercased())
        #expect(Country(packed: country.packed) == country)
    }

    @Test("is nothing else", arguments: ["", "D", "DEU", "D1", "@@", "ÄÖ", "[["]) func notLetters(text: String) {
        #expect(Country(text.utf8) == nil)
    }

    @Test(
        "has no packed number but those of letters", arguments: [0, 1, 31 << 5 | 1, 27, 1 << 5, 0xFFFF, 1 << 10 | 33])
    func packed(number: Int) { #expect(Country(packed: UInt16(number)) == nil) }

    @Test(
        "has a name for people, with its article",
        arguments: [
            ("AD", "Andorra"), ("VN", "Vietnam"), ("DE", "Germany"), ("NL", "the Netherlands"), ("ZW", "Zimbabwe"),
            ("AX", "the Åland Islands"), ("XA", "XA"),
        ]) func name(code: String, name: String) throws
    { #expect(try #require(Country(code.utf8)).description == name) }

    @Test("has one name each, all of ISO 3166-1 and Kosovo") func names() {
        var names: Set<String> = []
        for first in UInt8(ascii: "A")...UInt8(ascii: "Z") {
            for second in UInt8(ascii: "A")...UInt8(ascii: "Z") {
                guard let country = Country([first, second]), country.description != country.code else { continue }
                names.insert(country.description)
            }
        }
        #expect(names.count == 250)
    }
}
