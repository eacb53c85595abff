// What the policy door sees of a message: its size and its envelope, as a key that copies share.

import MailTypes

/// The pattern of an envelope.
enum EnvelopeShape {
    /// The key of a size, a reverse-path's pattern and a number of recipients; nil where nothing is known.
    ///
    /// Sizes by eighths of a doubling: copies differ by their recipients' names. Recipients by doublings. It says little by
    /// itself and links nobody: it tells repetitions of one subscriber where no text is known.
    static func key(sizeBytes: Int64, reversePath: String?, recipientCount: Int, _ key: KeyedHash) -> UInt64? {
        guard sizeBytes > 0 || reversePath != nil || recipientCount > 0 else { return nil }
        let size = UInt64(max(0, sizeBytes))
        let top = UInt64(64 - size.leadingZeroBitCount)
        let eighth = top > 3 ? size >> (top - 4) & 7 : size
        let recipients = UInt64(64 - UInt64(max(0, recipientCount)).leadingZeroBitCount)
        let pattern = key.hash(reversePath.map(pattern) ?? [0])
        return key.hash(top << 8 | eighth, recipients, pattern)
    }

    /// A reverse-path's pattern: runs of letters as `a`, of digits as `0`, other characters of the local part as they are,
    /// and how many labels the domain has. `ann.lee77@mail.example` becomes `a.a0@2`, SRS0=… becomes `srs`.
    static func pattern(_ path: String) -> [UInt8] {
        if HandlingRules.isRewritten(path) { return Array("srs".utf8) }
        let bytes = Array(path.utf8.prefix(320))
        let at = bytes.lastIndex(of: UInt8(ascii: "@")) ?? bytes.count
        var pattern: [UInt8] = []
        for byte in bytes[..<at] {
            let letter = byte | 0x20
            let kind: UInt8 =
                letter >= 0x61 && letter <= 0x7A || byte >= 0x80 ? 0x61 : byte >= 0x30 && byte <= 0x39 ? 0x30 : byte
            if kind != pattern.last || kind != 0x61 && kind != 0x30 { pattern.append(kind) }
        }
        let labels = at < bytes.count ? bytes[at...].count { $0 == UInt8(ascii: ".") } + 1 : 0
        return pattern.prefix(40) + [UInt8(ascii: "@"), UInt8(min(9, labels)) + 0x30]
    }
}

extension KeyedHash {
    /// The hash of an array's bytes.
    func hash(_ bytes: [UInt8]) -> UInt64 { hash(bytes.span) }
}
