// The form of a line of the decision log.
//
//     at=2026-11-23T18:05:09.123Z door=policy stage=data host=mx1 id=4b1 subscriber=ann proof=login verdict=accept …
//     {"type":"decision","at":"2026-11-23T18:05:09.123Z","door":"policy",…}
//
// The JSON form is that of events.md with the door's facts added.

import MailTypes
import WeirEngine

/// One line, about to be written.
struct DecisionLine {
    /// What was decided.
    let decision: Decision
    /// About what.
    let transaction: Transaction
    /// `2026-11-23T18:05:09.`.
    let date: [UInt8]
    /// The millisecond behind it.
    let millisecond: Int
    /// True for JSON, false for logfmt.
    let isJSON: Bool

    /// Bytes of a line without its words: names of members, numbers, fixed words.
    private static let frameBytes = 700
    /// Bytes that one byte of a word takes at most, as `\\u00ff`.
    private static let escapedBytes = 6

    /// What was seen, in words.
    private var evidence: String { decision.evidence.map { "\($0.symbol): \($0.why)" }.joined(separator: "; ") }

    /// More than the line's length.
    var bytesMax: Int {
        var words = transaction.session.mailHost.utf8.count + decision.queueID.utf8.count
        if case .subscriber(let name, _) = decision.identity { words += name.utf8.count }
        words += decision.rule?.utf8.count ?? 0
        words += decision.caseCode?.utf8.count ?? 0
        for finding in decision.evidence { words += finding.symbol.utf8.count + finding.why.utf8.count + 4 }
        return DecisionLine.frameBytes + DecisionLine.escapedBytes * words
    }

    /// Writes the line with its newline.
    func write(_ out: inout OutputSpan<UInt8>) {
        out.append(static: isJSON ? "{\"type\":\"decision\",\"at\":\"" : "at=")
        out.append(copying: date.span)
        out.append(UInt8(48 + millisecond / 100))
        out.append(UInt8(48 + millisecond / 10 % 10))
        out.append(UInt8(48 + millisecond % 10))
        out.append(static: isJSON ? "Z\"" : "Z")
        member(" door=", ",\"door\":", transaction.session.door.description, &out)
        member(" stage=", ",\"stage\":", decision.stage.description, &out)
        member(" host=", ",\"host\":", transaction.session.mailHost, &out)
        if !decision.queueID.isEmpty { member(" id=", ",\"id\":", decision.queueID, &out) }
        switch decision.identity {
        case .subscriber(let name, let proof):
            member(" subscriber=", ",\"subscriber\":", name, &out)
            member(" proof=", ",\"proof\":", proof.description, &out)
        case .unattributed(let why): member(" unattributed=", ",\"unattributed\":", why.description, &out)
        }
        member(" verdict=", ",\"verdict\":", decision.verdict.kind.description, &out)
        if let would = decision.would { member(" would=", ",\"would\":", would.description, &out) }
        member(" reason=", ",\"reason\":", decision.reason.description, &out)
        if let rule = decision.rule { member(" rule=", ",\"rule\":", rule, &out) }
        if let code = decision.caseCode { member(" case=", ",\"case\":", code, &out) }
        if !decision.evidence.isEmpty { member(" evidence=", ",\"evidence\":", evidence, &out) }
        if let client = transaction.session.client {
            out.append(static: isJSON ? ",\"client\":\"" : " client=")
            out.append(client)
            if isJSON { out.append(UInt8(ascii: "\"")) }
        }
        member(" message=", ",\"message\":", Int(decision.message), &out)
        member(" recipients=", ",\"recipients\":", transaction.envelope.recipientCount, &out)
        member(" bytes=", ",\"bytes\":", transaction.envelope.bytes, &out)
        member(" policy=", ",\"policy\":", Int(decision.policyRevision), &out)
        if isJSON { out.append(UInt8(ascii: "}")) }
        out.append(10)
    }

    /// A member that is text: its name with what stands around it in either form, and the value.
    private func member(
        _ plain: StaticString, _ json: StaticString, _ value: String, _ out: inout OutputSpan<UInt8>
    ) {
        if isJSON {
            out.append(static: json)
            out.append(json: value.utf8Span.span)
        } else {
            out.append(static: plain)
            out.append(logfmt: value.utf8Span.span)
        }
    }

    /// A member that is a number.
    private func member(_ plain: StaticString, _ json: StaticString, _ value: Int, _ out: inout OutputSpan<UInt8>) {
        out.append(static: isJSON ? json : plain)
        out.append(decimal: value)
    }
}

// MARK: - Bytes

extension OutputSpan<UInt8> {
    /// Appends literal text.
    mutating func append(static text: StaticString) {
        // The literal lives as long as the program.
        unsafe append(copying: Span(_unsafeStart: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends some bytes. Traps where they do not fit.
    mutating func append(copying bytes: Span<UInt8>) {
        precondition(bytes.count <= freeCapacity, "the line is longer than was reckoned")
        guard !bytes.isEmpty else { return }
        // There is room by the line above, and the source outlives the call.
        unsafe withUnsafeMutableBufferPointer { buffer, count in
            unsafe bytes.withUnsafeBufferPointer { source in
                unsafe (buffer.baseAddress! + count).initialize(from: source.baseAddress!, count: source.count)
            }
            count += bytes.count
        }
    }

    /// Appends a number that is not negative.
    mutating func append(decimal value: Int) {
        if value >= 0, value < 10 { return append(UInt8(48 + value)) }
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var rest = Swift.max(0, value)
        var first = 20
        repeat {
            first -= 1
            digits[first] = UInt8(48 + rest % 10)
            rest /= 10
        } while rest > 0
        append(copying: digits.span.extracting(first..<20))
    }

    /// Appends an address as text.
    mutating func append(_ address: NetworkAddress) {
        guard address.isIPv4 else { return append(copying: address.description.utf8Span.span) }
        for octet in 0..<4 {
            append(decimal: Int(address.low >> UInt64(24 - 8 * octet) & 255))
            if octet < 3 { append(UInt8(ascii: ".")) }
        }
    }

    /// Appends a value of logfmt, in quotes where it holds a blank, a quote, `=` or a control character.
    mutating func append(logfmt value: Span<UInt8>) {
        var isPlain = !value.isEmpty
        for index in value.indices {
            let byte = value[index]
            if byte <= 32 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "=") || byte == 127 { isPlain = false }
        }
        if isPlain { append(copying: value) } else { append(json: value) }
    }

    /// Appends a JSON string (RFC 8259 §7).
    mutating func append(json value: Span<UInt8>) {
        append(UInt8(ascii: "\""))
        for index in value.indices {
            let byte = value[index]
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                append(UInt8(ascii: "\\"))
                append(byte)
            case 0..<32, 127:
                append(static: "\\u00")
                append(hexadecimal(byte >> 4))
                append(hexadecimal(byte & 15))
            default: append(byte)
            }
        }
        append(UInt8(ascii: "\""))
    }
}

/// A digit of base 16.
private func hexadecimal(_ digit: UInt8) -> UInt8 { digit < 10 ? 48 + digit : 87 + digit }
