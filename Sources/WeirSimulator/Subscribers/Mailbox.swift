// Addresses as numbers: a mailbox is 64 bits, from which its keys, its text and whether it is dead follow.

import MailTypes

/// A mail address of the simulated world. Nothing is stored of it: the number says all.
public struct Mailbox: Hashable, Sendable {
    /// What kind of address.
    enum Kind: UInt64 {
        /// A subscriber's own.
        case subscriber = 1
        /// Somebody in an address book.
        case person
        /// Somebody whom many know.
        case popular
        /// An entry of a bought list.
        case listed
        /// A member of an honest list.
        case member
        /// A made-up sender.
        case madeUp
        /// The attacker's own, for tests.
        case drop
    }

    /// The kind in the upper eight bits, below them its number.
    let raw: UInt64

    /// A mailbox of a kind; of the number the lower 56 bits count.
    @inline(__always) init(_ kind: Kind, _ number: UInt64) { raw = kind.rawValue << 56 | number & 0xFF_FFFF_FFFF_FFFF }

    /// The mailbox of a number.
    @inline(__always) init(raw: UInt64) { self.raw = raw }

    /// The mailbox of a key that `key` made.
    public init(_ key: AddressKey) { raw = Mixing.unmix(key.address) }

    /// The domain: 0 for the provider's own, then large providers, then many small ones.
    @inline(__always) var domain: UInt64 {
        if raw >> 56 == Kind.subscriber.rawValue { return 0 }
        let hash = Mixing.mix(raw ^ 0x646F_6D61_696E)
        return hash & 1 == 0 ? 1 + (hash >> 1) % 6 : 7 + (hash >> 1) % 4096
    }

    /// The keys by which the engine knows it: made without hashing text, and a door that hashes `text` makes others.
    @inline(__always) public var key: AddressKey {
        AddressKey(address: Mixing.mix(raw), domain: Mixing.mix(domain ^ 0x6465_6164_0000_0000))
    }

    /// True where the address does not exist, given the share of such addresses.
    @inline(__always) func isDead(_ share: Double) -> Bool {
        share > 0 && Chance.unit(Mixing.mix(raw ^ 0x6465_6164)) < share
    }

    /// The address as text, in names that are reserved for examples: equal numbers, equal text.
    public var text: String {
        let number = String(raw & 0xFF_FFFF_FFFF_FFFF, radix: 36)
        let domain = domain
        if domain == 0 {
            return "u\(raw & 0xFF_FFFF_FFFF)\(raw >> 40 & 0xFFFF == 0 ? "" : "-\(raw >> 40 & 0xFFFF)")@isp.example"
        }
        let host = domain < 7 ? Mailbox.providers[Int(domain - 1)] : "firm-\(domain - 6).example"
        return "\(Mailbox.letters[Int(raw >> 56) & 7])\(number)@\(host)"
    }

    /// Large mail providers.
    private static let providers = [
        "freemail.example", "post.example", "inbox.example.com", "mail.example.net", "letters.test", "web.example.org",
    ]
    /// A letter for each kind, so that numbers of two kinds never meet.
    private static let letters = ["x", "u", "p", "o", "l", "m", "s", "d"]
}
