// Addresses and prefixes: what is read, what is refused, how it is printed.

import MailTypes
import Testing

@Suite("NetworkAddress")
struct NetworkAddressTests {
    @Test(
        "prints the canonical text of RFC 5952",
        arguments: [
            ("2001:0db8:0000:0000:0000:0000:0002:0001", "2001:db8::2:1"),
            ("2001:DB8::2:1", "2001:db8::2:1"),
            ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
            ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
            ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
            ("0:0:0:0:0:0:0:0", "::"), ("::1", "::1"), ("1::", "1::"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
            ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"), ("fe80::", "fe80::"), ("::1.2.3.4", "::102:304"),
            ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"), ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
            ("::ffff:192.0.2.1", "192.0.2.1"), ("::FFFF:C000:0201", "192.0.2.1"), ("192.0.2.1", "192.0.2.1"),
            ("0000:0000:0000:0000:0000:ffff:255.255.255.255", "255.255.255.255"), ("0.0.0.0", "0.0.0.0"),
            ("[192.0.2.1]", "192.0.2.1"), ("[IPv6:2001:db8::1]", "2001:db8::1"), ("IPv6:::1", "::1"),
            ("ipv6:2001:db8::1", "2001:db8::1"), ("[2001:db8::1]", "2001:db8::1"), ("IPv6:::ffff:1.2.3.4", "1.2.3.4"),
        ])
    func canonical(_ text: String, _ expected: String) throws {
        let address = try #require(NetworkAddress(text))
        #expect(address.description == expected)
        #expect(NetworkAddress(address.description) == address)
    }

    @Test(
        "refuses anything else",
        arguments: [
            "", " ", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.04", "1..2.3", ".1.2.3.4", "1.2.3.4.",
            "1.2.3.4 ",
            "+1.2.3.4", "-1.2.3.4", "1.2.3.0x4", "1.2.3.1000", ":", ":::", "::1::", "1:", ":1", "1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7:8:9",
            "1:2:3:4:5:6:7:8:", "1:2:3:4::5:6:7:8", "12345::", "g::", "1::2::3", "::1.2.3", "::1.2.3.4.5", "1.2.3.4::",
            "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3.4:5", "fe80::1%eth0", "[192.0.2.1", "192.0.2.1]", "[]", "IPv6:",
            "[IPv6:]",
            "IPv6:192.0.2.1", "unknown", "1.2.3.4\0", "\u{661}.2.3.4", "2001:db8::1/64",
        ])
    func refused(_ text: String) {
        #expect(NetworkAddress(text) == nil)
    }

    @Test("random numbers survive printing and reading")
    func roundTrip() {
        var random = SeededGenerator(seed: 11)
        for turn in 0..<2000 {
            // Sparse bits make runs of zero groups, which is where printing can go wrong.
            let mask = (0..<8).reduce(UInt64(0)) { $0 << 8 | (random.next() % UInt64(2 + $1 % 3) == 0 ? 0xFF : 0) }
            let address = NetworkAddress(high: turn % 5 == 0 ? 0 : random.next() & mask, low: random.next() & mask)
            #expect(NetworkAddress(address.description) == address, "\(address.high) \(address.low)")
        }
    }

    @Test("random text never crashes the reader")
    func hostile() {
        var random = SeededGenerator(seed: 12)
        let alphabet = Array("0123456789abcdefABF:.:.[]IPv6: %/xg".utf8)
        for _ in 0..<5000 {
            let bytes = (0..<random.next() % 50).map { _ in alphabet[Int(random.next() % UInt64(alphabet.count))] }
            guard let address = NetworkAddress(utf8: bytes.span) else { continue }
            #expect(NetworkAddress(address.description) == address)
        }
    }

    @Test("knows the loopback", arguments: ["127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1"])
    func loopback(_ text: String) throws {
        #expect(try #require(NetworkAddress(text)).isLoopback)
    }

    @Test("does not take others for the loopback", arguments: ["126.0.0.1", "128.0.0.1", "::2", "::7f00:1", "1::1"])
    func notLoopback(_ text: String) throws {
        #expect(try !#require(NetworkAddress(text)).isLoopback)
    }
}

@Suite("NetworkPrefix")
struct NetworkPrefixTests {
    @Test(
        "holds what it should and nothing else",
        arguments: [
            ("192.0.2.0/24", "192.0.2.255", true), ("192.0.2.0/24", "192.0.3.0", false),
            ("0.0.0.0/0", "255.1.2.3", true),
            ("0.0.0.0/0", "::1", false), ("::/0", "2001:db8::1", true), ("::/0", "192.0.2.1", false),
            ("192.0.2.1", "192.0.2.1", true), ("192.0.2.1/32", "192.0.2.2", false),
            ("2001:db8::/48", "2001:db8:0:ffff::1", true),
            ("2001:db8::/48", "2001:db8:1::", false), ("2001:db8::/63", "2001:db8:0:1::", true),
            ("2001:db8::/65", "2001:db8::8000:0:0:0", false), ("2001:db8::/64", "2001:db8::8000:0:0:0", true),
            ("2001:db8::1/128", "2001:db8::1", true), ("2001:db8::/127", "2001:db8::1", true),
            ("2001:db8::/127", "2001:db8::2", false),
        ])
    func contains(_ block: String, _ address: String, _ expected: Bool) throws {
        let prefix = try #require(NetworkPrefix(block))
        #expect(prefix.contains(try #require(NetworkAddress(address))) == expected)
    }

    @Test(
        "refuses anything else",
        arguments: [
            "", "/", "/24", "192.0.2.0/", "192.0.2.0/33", "192.0.2.1/24", "192.0.2.0/-1", "192.0.2.0/+24",
            "192.0.2.0/24/1",
            "192.0.2.0/ 24", "2001:db8::/129", "2001:db8::1/64", "::ffff:192.0.2.0/120",
            "192.0.2.0/99999999999999999999",
            "192.0.2.0/0x18",
        ])
    func refused(_ text: String) {
        #expect(NetworkPrefix(text) == nil)
    }

    @Test("masks as a loop over bits would, at every length")
    func masks() throws {
        for text in ["255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"] {
            let full = try #require(NetworkAddress(text))
            for length in 0...(full.isIPv4 ? 32 : 128) {
                let kept = full.isIPv4 ? length + 96 : length
                var high: UInt64 = 0
                var low: UInt64 = 0
                for bit in 0..<kept {
                    if bit < 64 {
                        high |= full.high & (1 << UInt64(63 - bit))
                    } else {
                        low |= full.low & (1 << UInt64(127 - bit))
                    }
                }
                #expect(full.masked(to: length) == NetworkAddress(high: high, low: low), "\(text)/\(length)")
            }
        }
    }

    @Test("clears what lies below the length, and prints it")
    func clears() throws {
        let prefix = NetworkPrefix(try #require(NetworkAddress("192.0.2.77")), length: 24)
        #expect(prefix.description == "192.0.2.0/24")
        #expect(NetworkPrefix("192.0.2.0/24") == prefix)
    }
}
