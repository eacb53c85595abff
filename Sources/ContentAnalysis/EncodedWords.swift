// Header bodies as people read them: encoded words (RFC 2047) as text.

/// Decodes encoded words in UTF-8, US-ASCII and ISO-8859-1, in which nearly all are. Others stay as they are: copies of one
/// message are alike either way.
enum EncodedWords {
    /// A header body with its encoded words decoded. White space between two of them goes (RFC 2047 section 6.2).
    static func decoded(_ body: String) -> String {
        guard body.utf8.contains(0x3D) else { return body }
        var text: [UInt8] = []
        var rest = Array(body.utf8)[...]
        var space: ArraySlice<UInt8> = []
        var isBehindWord = false
        while !rest.isEmpty {
            if let (word, after) = word(rest) {
                if !isBehindWord { text += space }
                text += word
                rest = after
                (isBehindWord, space) = (true, [])
            } else if rest[rest.startIndex] == 0x20 || rest[rest.startIndex] == 0x09 {
                let end = rest.firstIndex { $0 != 0x20 && $0 != 0x09 } ?? rest.endIndex
                space = rest[..<end]
                rest = rest[end...]
            } else {
                text += space
                (isBehindWord, space) = (false, [])
                text.append(rest.removeFirst())
            }
        }
        return String(decoding: text + space, as: UTF8.self)
    }

    /// The encoded word at the start of some bytes, and what follows it: `=?charset?B?text?=`.
    private static func word(_ bytes: ArraySlice<UInt8>) -> ([UInt8], ArraySlice<UInt8>)? {
        guard bytes.starts(with: [0x3D, 0x3F]) else { return nil }
        let parts = bytes.dropFirst(2).split(separator: 0x3F, maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4, parts[3].first == 0x3D, parts[1].count == 1, let kind = parts[1].first else {
            return nil
        }
        // A language may stand behind the charset (RFC 2231 section 5).
        let charset = String(decoding: parts[0].prefix { $0 != 0x2A }, as: UTF8.self).lowercased()
        guard ["utf-8", "us-ascii", "iso-8859-1"].contains(charset) else { return nil }
        var decoded: [UInt8]?
        if kind | 0x20 == 0x62 { decoded = base64(parts[2]) }
        if kind | 0x20 == 0x71 { decoded = quoted(parts[2]) }
        guard let decoded else { return nil }
        let text = charset == "iso-8859-1" ? decoded.flatMap { Array(String(UnicodeScalar($0)).utf8) } : decoded
        return (text, parts[3].dropFirst())
    }

    /// Base64 (RFC 4648) with or without padding; nil for other bytes.
    private static func base64(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        var (bits, count): (UInt32, Int) = (0, 0)
        for byte in text {
            let value: UInt8
            switch byte {
            case 0x41...0x5A: value = byte - 0x41
            case 0x61...0x7A: value = byte - 0x61 + 26
            case 0x30...0x39: value = byte - 0x30 + 52
            case 0x2B: value = 62
            case 0x2F: value = 63
            case 0x3D: continue
            default: return nil
            }
            bits = bits << 6 | UInt32(value)
            count += 6
            guard count >= 8 else { continue }
            count -= 8
            bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
        }
        return bytes
    }

    /// The Q encoding (RFC 2047 section 4.2); nil for a broken escape.
    private static func quoted(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        var rest = text
        while let byte = rest.popFirst() {
            guard byte == 0x3D else {
                bytes.append(byte == 0x5F ? 0x20 : byte)
                continue
            }
            guard let high = rest.popFirst(), let low = rest.popFirst(),
                let value = UInt8(String(decoding: [high, low], as: UTF8.self), radix: 16)
            else { return nil }
            bytes.append(value)
        }
        return bytes
    }
}
