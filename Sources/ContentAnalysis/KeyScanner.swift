// What copies keep while their words change: where the reader is to click, to write, to call, to pay.

import MailTypes

/// Finds links, e-mail addresses, telephone numbers, wallets and bank accounts in a text, in one pass.
///
/// Kept are the `linksMax` and `contactsMax` keys with the smallest keyed hashes, not the first: whoever writes many links
/// in front can't choose which of them count. False positives: a long order number that begins with 0 may pass for a
/// telephone number, a tracking code that begins with 1 or 3 for a wallet; both link nothing but copies of themselves.
struct KeyScanner {
    /// Most keys of links.
    static let linksMax = 6
    /// Most keys of contacts.
    static let contactsMax = 4
    /// Longest link, in bytes; the rest of a longer one is left out.
    static let linkBytesMax = 512

    /// The hash of keys.
    private let key: KeyedHash
    /// Keys of links, the smallest first.
    private(set) var links: [UInt64] = []
    /// Keys of contacts, the smallest first.
    private(set) var contacts: [UInt64] = []
    /// Hashes of addresses that are no contacts: sender and recipients.
    private let ignored: [UInt64]
    /// What each byte may mean.
    private let kinds = KeyScanner.byteKinds

    /// A scanner; addresses of the sender and the recipients are no contacts.
    init(key: KeyedHash, ignoring addresses: [String]) {
        self.key = key
        ignored = addresses.map { key.hash($0.lowercased()) }
    }

    /// Looks through a text.
    mutating func scan(_ text: Span<UInt8>) {
        let end = min(text.count, Canonicalizer.bytesMax)
        let table = self.kinds
        let kinds = table.span
        var place = 0
        var isInWord = false
        while place < end {
            let kind = kinds[Int(text[place])]
            // Most bytes end here, without a branch that text makes unpredictable.
            if kind < KeyScanner.mark, kind < KeyScanner.beginner || isInWord {
                isInWord = kind != KeyScanner.separator
                place &+= 1
                continue
            }
            var next: Int?
            switch text[place] {
            case UInt8(ascii: ":"):
                if isInWord, place + 3 < end, text[place + 1] == 0x2F, text[place + 2] == 0x2F {
                    next = link(text, from: place + 3, end)
                }
            case UInt8(ascii: "@"): if isInWord { address(text, at: place, end) }
            case UInt8(ascii: "+"), UInt8(ascii: "("): next = telephone(text, from: place, end)
            default: next = token(text, from: place, end)
            }
            isInWord = next == nil && kind != KeyScanner.mark
            place = next ?? place + 1
        }
    }

    /// A byte between words.
    private static let separator: UInt8 = 0
    /// A letter or digit with which nothing begins.
    private static let plain: UInt8 = 1
    /// A letter or digit with which something may begin.
    private static let beginner: UInt8 = 2
    /// A sign that stands in a link, an address or a telephone number.
    private static let mark: UInt8 = 3

    /// What each byte may mean.
    static let byteKinds: [UInt8] = (0..<256).map { byte in
        switch UInt8(byte) {
        case UInt8(ascii: ":"), UInt8(ascii: "@"), UInt8(ascii: "+"), UInt8(ascii: "("): mark
        case UInt8(ascii: "w"), UInt8(ascii: "b"), 0x30, 0x31, 0x33, 0x41...0x5A: beginner
        case let other: isAlphanumeric(other) ? plain : separator
        }
    }

    /// Takes in a link that stands outside the text.
    mutating func scan(link text: String) {
        let bytes = Array(text.utf8.prefix(KeyScanner.linkBytesMax))
        if text.utf8.starts(with: "mailto:".utf8) || text.utf8.starts(with: "tel:".utf8) {
            scan(bytes.span)
            return
        }
        var start = 0
        for place in bytes.indices.dropLast(2) where bytes[place] == 0x3A {
            if bytes[place + 1] == 0x2F, bytes[place + 2] == 0x2F { start = place + 3 }
            break
        }
        guard start > 0 || !bytes.contains(UInt8(ascii: ":")) else { return }
        _ = link(bytes.span, from: start, bytes.count)
    }

    /// Letters and digits of ASCII.
    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        let letter = byte | 0x20
        return letter >= 0x61 && letter <= 0x7A || byte >= 0x30 && byte <= 0x39
    }

    /// Digits.
    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    /// What begins with a word: `www.`, a wallet, a bank account, a telephone number; the place behind it.
    private mutating func token(_ text: Span<UInt8>, from start: Int, _ end: Int) -> Int? {
        switch text[start] {
        case UInt8(ascii: "w"), UInt8(ascii: "W"):
            guard start + 4 < end, text[start + 1] | 0x20 == 0x77, text[start + 2] | 0x20 == 0x77,
                text[start + 3] == 0x2E
            else { return nil }
            return link(text, from: start, end)
        case UInt8(ascii: "0"): return telephone(text, from: start, end)
        case UInt8(ascii: "1"), UInt8(ascii: "3"), UInt8(ascii: "b"): return wallet(text, from: start, end)
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): return account(text, from: start, end)
        default: return nil
        }
    }

    /// Puts a key among the smallest.
    private static func keep(_ value: UInt64, in keys: inout [UInt64], most: Int) {
        guard keys.count < most || value < keys[most - 1], !keys.contains(value) else { return }
        let place = keys.firstIndex { $0 > value } ?? keys.count
        keys.insert(value, at: place)
        if keys.count > most { keys.removeLast() }
    }
}

// MARK: - Links

extension KeyScanner {
    /// Takes in the link whose host begins at a place; the place behind it.
    ///
    /// Of the host, small letters without `www.`; of the path, the shape: each segment as it is, or `#` where it holds a digit
    /// or is longer than 20 bytes, as what is made for one recipient is; no query, no fragment, at most three segments.
    private mutating func link(_ text: Span<UInt8>, from start: Int, _ end: Int) -> Int {
        let end = min(end, start + KeyScanner.linkBytesMax)
        var place = start
        var shape: [UInt8] = []
        // Between the scheme and the host there may be a user's name.
        while place < end, KeyScanner.isHost(text[place]) || text[place] == UInt8(ascii: "@") {
            if text[place] == UInt8(ascii: "@") { shape = [] } else { shape.append(KeyScanner.small(text[place])) }
            place += 1
        }
        while shape.last == UInt8(ascii: ".") || shape.last == UInt8(ascii: "-") { shape.removeLast() }
        if shape.starts(with: "www.".utf8) { shape.removeFirst(4) }
        guard shape.contains(UInt8(ascii: ".")), shape.count >= 4 else { return place }
        if place < end, text[place] == UInt8(ascii: ":") {
            place += 1
            while place < end, KeyScanner.isDigit(text[place]) { place += 1 }
        }
        var segments = 0
        while place < end, text[place] == UInt8(ascii: "/") {
            place += 1
            let from = place
            var isPlain = true
            while place < end, KeyScanner.isPath(text[place]) {
                if KeyScanner.isDigit(text[place]) || text[place] == UInt8(ascii: "%") { isPlain = false }
                place += 1
            }
            guard segments < 3, place > from else { continue }
            segments += 1
            shape.append(UInt8(ascii: "/"))
            if isPlain, place - from <= 20 {
                for index in from..<place { shape.append(KeyScanner.small(text[index])) }
            } else {
                shape.append(UInt8(ascii: "#"))
            }
        }
        while shape.last == UInt8(ascii: ".") { shape.removeLast() }
        while place < end,
            KeyScanner.isPath(text[place]) || text[place] == 0x3F || text[place] == 0x23 || text[place] == 0x2F
        {
            place += 1
        }
        KeyScanner.keep(key.hash(shape.span), in: &links, most: KeyScanner.linksMax)
        return place
    }

    /// Bytes of a host, those of internationalised ones included.
    private static func isHost(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte) || byte == 0x2D || byte == 0x2E || byte >= 0x80
    }

    /// Bytes of a path's segment (RFC 3986 §3.3, without what usually ends a link in a sentence).
    private static func isPath(_ byte: UInt8) -> Bool {
        isHost(byte) || byte == 0x5F || byte == 0x7E || byte == 0x25 || byte == 0x26 || byte == 0x3D || byte == 0x2B
            || byte == 0x24 || byte == 0x21 || byte == 0x3A || byte == 0x40 || byte == 0x3B
    }

    /// A capital letter of ASCII as a small one.
    private static func small(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte }
}

// MARK: - Contacts

extension KeyScanner {
    /// Takes in the e-mail address around an at sign.
    private mutating func address(_ text: Span<UInt8>, at place: Int, _ end: Int) {
        var first = place
        while first > 0, place - first < 64, KeyScanner.isLocal(text[first - 1]) { first -= 1 }
        var last = place + 1
        while last < end, last - place < 255, KeyScanner.isHost(text[last]) { last += 1 }
        while last > place, text[last - 1] == UInt8(ascii: ".") || text[last - 1] == UInt8(ascii: "-") { last -= 1 }
        guard first < place, last - place >= 4 else { return }
        var address: [UInt8] = []
        var hasDot = false
        for index in first..<last {
            address.append(KeyScanner.small(text[index]))
            if index > place, text[index] == UInt8(ascii: ".") { hasDot = true }
        }
        let value = key.hash(address.span)
        guard hasDot, !ignored.contains(value) else { return }
        KeyScanner.keep(value, in: &contacts, most: KeyScanner.contactsMax)
    }

    /// Bytes of a local part without quotes (RFC 5321 §4.1.2).
    private static func isLocal(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte) || byte == 0x2E || byte == 0x5F || byte == 0x2D || byte == 0x2B || byte == 0x3D
    }

    /// Takes in a telephone number: 9 to 15 digits (ITU-T E.164) in groups, of which the last 9 count, since one copy may
    /// write the country and another not. The place behind it; nil where there is none.
    private mutating func telephone(_ text: Span<UInt8>, from start: Int, _ end: Int) -> Int? {
        var digits: [UInt8] = []
        var place = start
        var last = start
        var group = 0
        var groups: [Int] = []
        while place < end, place - start < 32 {
            let byte = text[place]
            if KeyScanner.isDigit(byte) {
                digits.append(byte)
                group += 1
                last = place + 1
            } else if byte == 0x20 || byte == 0x2D || byte == 0x28 || byte == 0x29 || byte == 0x2F
                || byte == 0x2E && text[start] == 0x2B || byte == 0x2B && place == start
            {
                if group > 0 { groups.append(group) }
                group = 0
            } else {
                break
            }
            place += 1
        }
        if group > 0 { groups.append(group) }
        // A date in front is none: 01-02-2026 10.
        let isDate = text[start] != 0x2B && groups.count >= 3 && groups[0] == 2 && groups[1] == 2 && groups[2] == 4
        let isEnd = last >= end || !KeyScanner.isAlphanumeric(text[last])
        guard digits.count >= 9, digits.count <= 15, !isDate, isEnd else { return nil }
        KeyScanner.keep(
            key.hash([UInt8(ascii: "t")].span) ^ key.hash(Array(digits.suffix(9)).span), in: &contacts,
            most: KeyScanner.contactsMax)
        return last
    }

    /// Takes in a Bitcoin address by its form: base 58 beginning with 1 or 3, or bech32 beginning with `bc1` (BIP 173). The
    /// check digits are not looked at. The place behind it; nil where there is none.
    private mutating func wallet(_ text: Span<UInt8>, from start: Int, _ end: Int) -> Int? {
        var last = start
        while last < end, last - start <= 72, KeyScanner.isAlphanumeric(text[last]) { last += 1 }
        let length = last - start
        let isBech32 = text[start] == UInt8(ascii: "b")
        guard isBech32 ? length >= 14 && length <= 74 : length >= 26 && length <= 35 else { return nil }
        if isBech32, text[start + 1] != UInt8(ascii: "c") || text[start + 2] != UInt8(ascii: "1") { return nil }
        var bytes: [UInt8] = []
        var letters = 0
        for index in start..<last {
            let byte = text[index]
            bytes.append(byte)
            if !KeyScanner.isDigit(byte) { letters += 1 }
            // 0, O, I and l are not in base 58.
            if !isBech32, byte == 0x30 || byte == 0x4F || byte == 0x49 || byte == 0x6C { return nil }
            if isBech32, byte >= 0x41 && byte <= 0x5A { return nil }
        }
        guard letters >= 8 else { return nil }
        KeyScanner.keep(key.hash(bytes.span), in: &contacts, most: KeyScanner.contactsMax)
        return last
    }

    /// Takes in a bank account (ISO 13616 IBAN), with or without spaces, where its check digits are right. The place behind
    /// it; nil where there is none.
    private mutating func account(_ text: Span<UInt8>, from start: Int, _ end: Int) -> Int? {
        guard start + 15 <= end, text[start + 1] >= 0x41, text[start + 1] <= 0x5A, KeyScanner.isDigit(text[start + 2]),
            KeyScanner.isDigit(text[start + 3])
        else { return nil }
        var digits: [UInt8] = []
        var place = start
        var bestEnd: Int?
        var bestCount = 0
        while place < end, digits.count < 34 {
            let byte = text[place]
            if byte == 0x20, place + 1 < end, KeyScanner.isAlphanumeric(text[place + 1]) {
                place += 1
                continue
            }
            guard KeyScanner.isDigit(byte) || byte >= 0x41 && byte <= 0x5A else { break }
            digits.append(byte)
            place += 1
            let isEnd = place >= end || !KeyScanner.isAlphanumeric(text[place])
            if isEnd, digits.count >= 15, KeyScanner.isChecked(digits) {
                bestEnd = place
                bestCount = digits.count
            }
        }
        guard let bestEnd else { return nil }
        KeyScanner.keep(key.hash(Array(digits[..<bestCount]).span), in: &contacts, most: KeyScanner.contactsMax)
        return bestEnd
    }

    /// True where an account's number, its first four characters put behind, leaves 1 modulo 97 (ISO 7064).
    private static func isChecked(_ digits: [UInt8]) -> Bool {
        var rest = 0
        for byte in digits[4...] + digits[..<4] {
            rest = isDigit(byte) ? (rest * 10 + Int(byte) - 0x30) % 97 : (rest * 100 + Int(byte) - 0x41 + 10) % 97
        }
        return rest == 1
    }
}
