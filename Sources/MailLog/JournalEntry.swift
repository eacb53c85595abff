// One entry of systemd's journal as JSON: `journalctl -o json` writes one object a line (RFC 8259; systemd's
// JOURNAL_EXPORT_FORMATS).
//
//     {"__REALTIME_TIMESTAMP":"1767604402120000","_HOSTNAME":"mx1","SYSLOG_IDENTIFIER":"postfix/smtpd","_PID":"811",
//      "MESSAGE":"connect from pc.example.net[192.0.2.7]"}
//
// A message that is not UTF-8 comes as an array of bytes, one that is too large as null. A field that occurs twice comes as
// an array of strings; the first holds.

import MailTypes

/// The last entry parsed; its texts stand in `bytes`.
struct JournalEntry: Sendable {
    /// Host, a space, program, and the message, one behind the other.
    private(set) var bytes: [UInt8] = []
    /// When the entry was received.
    private(set) var time = Timestamp(nanoseconds: 0)
    /// Where the host's name stands.
    private(set) var host = 0..<0
    /// Where the program's name stands.
    private(set) var program = 0..<0
    /// The process id; 0 where the entry has none.
    private(set) var pid: UInt32 = 0
    /// Where the message stands.
    private(set) var message = 0..<0

    /// The members that matter.
    private enum Member {
        case time, host, program, command, pid, syslogPID, message, other
    }

    /// Texts of the entry before they are put in order.
    private struct Texts {
        /// `_HOSTNAME`.
        var host: [UInt8] = []
        /// `SYSLOG_IDENTIFIER`, else `_COMM`.
        var program: [UInt8] = []
        /// `MESSAGE`.
        var message: [UInt8]?
        /// True where `program` is the identifier.
        var hasIdentifier = false
    }

    /// Parses an entry; false where it is broken, or has no time or message.
    mutating func parse(_ line: Span<UInt8>) -> Bool {
        var texts = Texts()
        var microseconds: Int?
        pid = 0
        var place = 1
        while true {
            skipSpace(line, &place)
            guard place < line.count else { return false }
            if line[place] == UInt8(ascii: "}") { break }
            if line[place] == UInt8(ascii: ",") {
                place += 1
                continue
            }
            var name: [UInt8] = []
            guard string(line, &place, into: &name) else { return false }
            skipSpace(line, &place)
            guard place < line.count, line[place] == UInt8(ascii: ":") else { return false }
            place += 1
            skipSpace(line, &place)
            var value: [UInt8] = []
            let member = JournalEntry.member(name)
            guard let isText = self.value(line, &place, into: &value) else { return false }
            guard isText else { continue }
            switch member {
            case .time: microseconds = value.span.number(0..<value.count)
            case .host: texts.host = value
            case .program: (texts.program, texts.hasIdentifier) = (value, true)
            case .command: if !texts.hasIdentifier { texts.program = value }
            case .pid: pid = UInt32(exactly: value.span.number(0..<value.count) ?? 0) ?? 0
            case .syslogPID: if pid == 0 { pid = UInt32(exactly: value.span.number(0..<value.count) ?? 0) ?? 0 }
            case .message: texts.message = value
            case .other: break
            }
        }
        guard let microseconds, let text = texts.message, !texts.program.isEmpty,
            microseconds <= Timestamp.tellable.upperBound.nanoseconds / 1000
        else { return false }
        time = Timestamp(nanoseconds: Int64(microseconds) * 1000)
        bytes = (texts.host.isEmpty ? Array("localhost".utf8) : texts.host) + [32]
        host = 0..<bytes.count - 1
        program = bytes.count..<bytes.count + texts.program.count
        bytes += texts.program
        message = bytes.count..<bytes.count + text.count
        bytes += text
        return true
    }

    /// Which member a name is.
    private static func member(_ name: [UInt8]) -> Member {
        let span = name.span
        if span.isText("__REALTIME_TIMESTAMP", 0..<name.count) { return .time }
        if span.isText("_HOSTNAME", 0..<name.count) { return .host }
        if span.isText("SYSLOG_IDENTIFIER", 0..<name.count) { return .program }
        if span.isText("_COMM", 0..<name.count) { return .command }
        if span.isText("_PID", 0..<name.count) { return .pid }
        if span.isText("SYSLOG_PID", 0..<name.count) { return .syslogPID }
        if span.isText("MESSAGE", 0..<name.count) { return .message }
        return .other
    }

    // MARK: - JSON

    /// Passes over white space.
    private func skipSpace(_ line: Span<UInt8>, _ place: inout Int) {
        while place < line.count, line[place] <= 32 { place += 1 }
    }

    /// A value: a string or an array of bytes as text; false for any other, nil where it is broken.
    private func value(_ line: Span<UInt8>, _ place: inout Int, into text: inout [UInt8]) -> Bool? {
        guard place < line.count else { return nil }
        switch line[place] {
        case UInt8(ascii: "\""):
            return string(line, &place, into: &text) ? true : nil
        case UInt8(ascii: "["):
            return array(line, &place, into: &text)
        case UInt8(ascii: "{"):
            return nil
        default:
            while place < line.count, line[place] != UInt8(ascii: ","), line[place] != UInt8(ascii: "}") { place += 1 }
            return false
        }
    }

    /// An array: of numbers, each a byte, or of strings, of which the first counts.
    private func array(_ line: Span<UInt8>, _ place: inout Int, into text: inout [UInt8]) -> Bool? {
        place += 1
        var strings = 0
        while true {
            skipSpace(line, &place)
            guard place < line.count else { return nil }
            switch line[place] {
            case UInt8(ascii: "]"):
                place += 1
                return true
            case UInt8(ascii: ","):
                place += 1
            case UInt8(ascii: "\""):
                var one: [UInt8] = []
                guard string(line, &place, into: &one) else { return nil }
                if strings == 0 { text = one }
                strings += 1
            default:
                let end = line.endOfDigits(from: place)
                guard let byte = line.number(place..<end), byte <= 255 else { return nil }
                text.append(UInt8(byte))
                place = end
            }
        }
    }

    /// A string (RFC 8259 §7); false where it is broken.
    private func string(_ line: Span<UInt8>, _ place: inout Int, into text: inout [UInt8]) -> Bool {
        guard place < line.count, line[place] == UInt8(ascii: "\"") else { return false }
        place += 1
        while place < line.count {
            let byte = line[place]
            place += 1
            if byte == UInt8(ascii: "\"") { return true }
            guard byte == UInt8(ascii: "\\") else {
                text.append(byte)
                continue
            }
            guard place < line.count else { return false }
            let escape = line[place]
            place += 1
            switch escape {
            case UInt8(ascii: "n"): text.append(10)
            case UInt8(ascii: "t"): text.append(9)
            case UInt8(ascii: "r"): text.append(13)
            case UInt8(ascii: "b"): text.append(8)
            case UInt8(ascii: "f"): text.append(12)
            case UInt8(ascii: "u"):
                guard var unit = hexadecimal(line, &place) else { return false }
                if unit >= 0xD800, unit < 0xDC00, line.has("\\u", at: place) {
                    place += 2
                    guard let low = hexadecimal(line, &place) else { return false }
                    unit = 0x10000 &+ (unit &- 0xD800) << 10 &+ (low &- 0xDC00) & 0x3FF
                }
                let scalar = Unicode.Scalar(unit) ?? "\u{FFFD}"
                text.append(contentsOf: String(Character(scalar)).utf8)
            default: text.append(escape)
            }
        }
        return false
    }

    /// Four hexadecimal digits.
    private func hexadecimal(_ line: Span<UInt8>, _ place: inout Int) -> UInt32? {
        guard place + 4 <= line.count else { return nil }
        var value: UInt32 = 0
        for _ in 0..<4 {
            let byte = line[place]
            place += 1
            switch byte {
            case 48...57: value = value << 4 | UInt32(byte - 48)
            case 65...70: value = value << 4 | UInt32(byte - 55)
            case 97...102: value = value << 4 | UInt32(byte - 87)
            default: return nil
            }
        }
        return value
    }
}
