// What the tests share: reading lines and logs, and looking at what they come to.

import MailTypes

@testable import MailLog

/// The key of the tests.
let testKeys = AddressHash(KeyedHash(key0: 1, key1: 2))

/// A moment.
func moment(_ text: String) -> Timestamp { Timestamp(rfc3339: text)! }

/// A file last written in the middle of January 2026.
let testFile = LogFile(host: "mx1", modified: moment("2026-01-15T12:00:00Z"))

/// A recipient's key.
func recipient(_ address: String) -> Recipient { Recipient(testKeys.key(address)!) }

/// What a log tells, to its end.
func tell(_ text: String, _ file: LogFile = testFile, bounds: AssemblerBounds = .defaults) -> [MailFact] {
    var reader = MailLogReader(file, keys: testKeys, bounds: bounds)
    return tell(&reader, text)
}

/// The same with a reader to look at afterwards.
func tell(_ reader: inout MailLogReader, _ text: String) -> [MailFact] {
    reader.read(text.utf8Span.span)
    reader.finish()
    return take(&reader)
}

/// Everything that a reader has to tell now.
func take(_ reader: inout MailLogReader) -> [MailFact] {
    var facts: [MailFact] = []
    while let fact = reader.next() { facts.append(fact) }
    return facts
}

extension [MailFact] {
    /// The messages among them.
    var messages: [LoggedMessage] {
        compactMap { if case .message(let message) = $0 { message } else { nil } }
    }

    /// The deliveries among them.
    var deliveries: [LoggedDelivery] {
        compactMap { if case .delivery(let delivery) = $0 { delivery } else { nil } }
    }

    /// The refusals among them.
    var refusals: [LoggedRefusal] {
        compactMap { if case .refused(let refusal) = $0 { refusal } else { nil } }
    }

    /// The failed logins among them.
    var failures: [LoggedLoginFailure] {
        compactMap { if case .loginFailed(let failure) = $0 { failure } else { nil } }
    }
}

/// Syslog lines of one host, `seconds program[pid]: message` each, from 09:00:00 on 5 January.
func syslog(_ lines: String...) -> String {
    lines.map { line in
        let space = line.firstIndex(of: " ")!
        let second = Int(line[..<space])!
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let clock = "\(two(9 + second / 3600)):\(two(second / 60 % 60)):\(two(second % 60))"
        return "Jan  5 \(clock) mx1\(line[space...])\n"
    }.joined()
}

/// The reading of a program's message.
func read(_ parser: any MailLogParser, _ program: String, _ message: String) -> LineReading {
    guard let role = parser.role(of: program.utf8Span.span) else { return .notUnderstood }
    return parser.read(message.utf8Span.span, role: role)
}

/// The name of what a line comes to: a fact's, or a kind in brackets.
func kind(_ parser: any MailLogParser, _ program: String, _ message: String) -> String {
    switch read(parser, program, message) {
    case .fact(let fact): LineFact.kinds[fact.kind]
    case .notRelevant(let kind): "[\(parser.kinds[Int(kind)])]"
    case .notUnderstood: "?"
    }
}

/// The text of a place.
func text(_ message: String, _ place: Range<Int>?) -> String? {
    place.map { message.utf8Span.span.text($0) }
}
