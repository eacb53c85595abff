// Names and addresses for sample logs, from the ranges reserved for examples, private networks and shared address space.

import MailTypes

/// Dice with memory of nothing but a seed.
struct SampleDice: Sendable {
    /// The generator.
    var random: SeededGenerator

    /// Dice from a seed.
    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    /// A number of a range.
    mutating func within(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(random.next() % UInt64(range.upperBound - range.lowerBound + 1))
    }

    /// True so many times in a thousand.
    mutating func chance(_ permille: UInt64) -> Bool { random.next() % 1000 < permille }

    /// One of several.
    mutating func one<Element>(_ elements: [Element]) -> Element { elements[within(0...elements.count - 1)] }

    /// A whole number whose mean is given in thousandths.
    mutating func about(permille: Int) -> Int {
        // Two draws from nothing to twice the mean: irregular, bounded, and without a logarithm.
        let mean = permille * (within(0...1000) + within(0...1000)) / 1000
        return mean / 1000 + (chance(UInt64(mean % 1000)) ? 1 : 0)
    }
}

/// Where a connection comes from.
struct SampleClient: Hashable, Sendable {
    /// The name that the address resolves to; `unknown` where it has none.
    var name: String
    /// The address.
    var address: String

    /// A customer's line at home or at work: one of a few networks of the provider.
    static func home(account: Int, line: Int, _ host: Int) -> SampleClient {
        let number = account * 3 + line
        let address = "10.\(number / 60_000 % 4).\(number / 240 % 250).\((number + host) % 250 + 2)"
        return SampleClient(name: "line-\(number).access.provider.example", address: address)
    }

    /// An address of a numbered network far away, as a botnet, a hotel or a carrier has it: a /24 each.
    static func far(_ network: Int, host: Int, name: String) -> SampleClient {
        SampleClient(name: name, address: "100.\(64 + network / 250 % 64).\(network % 250).\(host % 250 + 2)")
    }

    /// A host of the internet that sends mail to the provider.
    static func outside(_ number: Int, name: String) -> SampleClient {
        switch number % 8 {
        case 0: return SampleClient(name: name, address: "2001:db8:\(String(number % 4000, radix: 16))::25")
        case 1, 2: return SampleClient(name: name, address: "192.0.2.\(number % 250 + 1)")
        case 3, 4, 5: return SampleClient(name: name, address: "198.51.100.\(number % 250 + 1)")
        default: return SampleClient(name: name, address: "203.0.113.\(number % 250 + 1)")
        }
    }
}

/// People and hosts.
enum SampleNames {
    /// Given names.
    static let given = [
        "ann", "bob", "carla", "dieter", "eva", "farid", "gina", "hugo", "ines", "jan", "karin", "leo", "mia", "nils",
        "olga", "paul", "rosa", "sami", "tina", "uwe", "vera", "willi", "yara", "zoe", "anton", "britta", "chris",
        "dora", "emil", "fritz", "greta", "hans", "ida", "jonas", "klara", "lars", "maria", "noah", "otto", "petra",
    ]
    /// Family names.
    static let family = [
        "adler", "berg", "conrad", "dahl", "engel", "fuchs", "graf", "haas", "immel", "jung", "kern", "lang", "maurer",
        "nolte", "ott", "pohl", "quandt", "roth", "seidel", "thoma", "ulrich", "vogel", "weiss", "zander", "arndt",
        "beyer", "claus", "dietz", "ernst", "frank", "gross", "horn", "janke", "koch", "linde", "merz", "nagel",
    ]
    /// Large mail providers, reserved names all.
    static let providers = [
        "freemail.example", "post.example", "inbox.example.com", "mail.example.net", "letters.test", "web.example.org",
    ]

    /// An account's login.
    static func login(_ index: Int, _ role: SampleRole) -> String {
        let block = index / 50
        let suffix = block == 0 ? "" : "\(block)"
        switch role {
        case .newsletter: return "news\(suffix)@garden-club.example"
        case .oldList: return "info\(suffix)@old-mill.example"
        case .shop: return "orders\(suffix)@tea-shop.example"
        case .school: return "office\(suffix)@north-school.example"
        case .forwarder: return "relay\(suffix)@alumni.example"
        case .monitoring: return "alarm\(suffix)@machines.example"
        case .invoices: return "billing\(suffix)@plumber.example"
        default:
            let first = given[index % given.count]
            let last = family[(index / given.count + index * 7) % family.count]
            return "\(first).\(last)\(index < given.count ? "" : "\(index)")@provider.example"
        }
    }

    /// A domain that somebody writes to: a large provider half of the time, else one of many small ones.
    static func domain(_ number: UInt64) -> String {
        number % 2 == 0 ? providers[Int(number / 2 % 6)] : "firm-\(number / 2 % 900).example"
    }

    /// An address of a number: the same number, the same address.
    static func address(_ number: UInt64) -> String {
        let name = given[Int(number / 7 % UInt64(given.count))]
        let last = family[Int(number / 331 % UInt64(family.count))]
        return "\(name).\(last)\(number / 13_007 % 1000)@\(domain(number / 17))"
    }

    /// An address of a list that was harvested long ago: in the order of the alphabet.
    static func listed(_ place: Int, _ number: UInt64) -> String {
        let letters = Array("abcdefghijklmnopqrstuvwxyz")
        let first = letters[place / 60 % 26]
        let second = letters[place / 3 % 26]
        return "\(first)\(second)\(given[Int(number % 40)])\(number / 64 % 100)@\(domain(number / 8192))"
    }
}
