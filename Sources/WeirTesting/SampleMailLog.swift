// A mail log of people, of thieves, and of honest senders that look like thieves: real Postfix lines, from a seed.
//
// It is written hour by hour in the order of time; what is kept is the lines that lie ahead, so that a log of any size needs
// no more memory than a few hours of mail and the accounts themselves. All names and addresses are reserved ones.

import MailTypes

/// A sample mail log: the same seed, the same bytes.
public struct SampleMailLog: Sendable {
    /// The form of the lines' stamps.
    public enum Stamps: Sendable {
        /// `Jan 19 09:13:22`, without a year.
        case traditional
        /// `2026-01-19T09:13:22.120Z`.
        case rfc3339
    }

    /// The seed.
    public let seed: UInt64
    /// Days from the first.
    public let days: Int
    /// The midnight at which it begins.
    public let start: Timestamp
    /// The mail host's name.
    public let host: String
    /// The form of the stamps.
    public let stamps: Stamps
    /// The accounts: the three stolen ones, the ten look-alikes, then people.
    public let accounts: [SampleAccount]

    /// Bytes handed on at a time.
    private static let pieceBytes = 65_536
    /// Monday, 19 January 2026: the month's last working day is the twelfth day.
    public static let defaultStart = Timestamp(seconds: 1_768_780_800)

    /// A log. The start is rounded down to midnight.
    public init(
        seed: UInt64, logins: Int = 50, days: Int = 14, start: Timestamp = SampleMailLog.defaultStart,
        host: String = "mx1", stamps: Stamps = .traditional
    ) {
        precondition(logins >= SampleAccount.roles.count && days >= 1, "a log has at least 13 logins and a day")
        self.seed = seed
        self.days = days
        self.start = Timestamp(seconds: start.seconds / 86_400 * 86_400)
        self.host = host
        self.stamps = stamps
        accounts = SampleAccount.all(
            seed: seed, count: logins, days: days, monthEndDay: SampleMailLog.monthEnd(from: self.start, days: days))
    }

    /// The end: a log file's last change.
    public var end: Timestamp { Timestamp(seconds: start.seconds + Int64(days + 1) * 86_400) }

    /// The day of a month's last working day, counted from the first; in the middle of a log that has none.
    private static func monthEnd(from start: Timestamp, days: Int) -> Int {
        for day in 0..<days where weekday(start, day) < 5 {
            // The last working day: every later day of its month is a day off.
            let month = Timestamp(seconds: start.seconds + Int64(day) * 86_400).civilTime.month
            var next = day + 1
            while weekday(start, next) >= 5 { next += 1 }
            if Timestamp(seconds: start.seconds + Int64(next) * 86_400).civilTime.month != month { return day }
        }
        return days / 2
    }

    /// The weekday of a day, 0 for Monday.
    private static func weekday(_ start: Timestamp, _ day: Int) -> Int {
        Int((start.seconds / 86_400 + Int64(day) + 3) % 7)
    }

    // MARK: - Writing

    /// Writes the whole log, a piece at a time; lines may be cut anywhere.
    public func write(_ piece: (Span<UInt8>) throws -> Void) rethrows {
        var lines = SampleLines()
        var postfix = SamplePostfix(seed: seed)
        var stamper = SampleStamps(stamps, host: host)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(SampleMailLog.pieceBytes + 1024)
        func drain(before limit: Int64) throws {
            while let line = lines.next(before: limit) {
                stamper.write(line, into: &bytes)
                if bytes.count >= SampleMailLog.pieceBytes {
                    try piece(bytes.span)
                    bytes.removeAll(keepingCapacity: true)
                }
            }
        }
        for number in 0..<days * 24 {
            let hour = SampleHour(number: number, weekday: SampleMailLog.weekday(start, number / 24))
            let begin = start.seconds * 1000 + Int64(number) * 3_600_000
            try drain(before: begin)
            write(hour, at: begin, &postfix) { lines.add($0, $1) }
        }
        try drain(before: .max)
        if !bytes.isEmpty { try piece(bytes.span) }
    }

    /// The whole log as text, for small ones.
    public var text: String {
        var bytes: [UInt8] = []
        write { piece in for index in piece.indices { bytes.append(piece[index]) } }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Everything that begins in an hour.
    private func write(_ hour: SampleHour, at begin: Int64, _ postfix: inout SamplePostfix, _ sink: SamplePostfix.Sink)
    {
        for account in accounts {
            for mail in SampleHabits.mails(of: account, hour, seed: seed) {
                postfix.submit(mail, login: account.login, at: begin + Int64(mail.millisecond), sink)
            }
        }
        // Mail from the internet, and what never becomes mail, by the hour of the day.
        let busy = hour.hour < 6 ? 200 : hour.hour < 20 ? 600 : 350
        for _ in 0..<postfix.dice.about(permille: accounts.count * busy) {
            let account = postfix.dice.one(accounts)
            postfix.receive(for: account.login, at: begin + Int64(postfix.dice.within(0...3_599_999)), sink)
        }
        for _ in 0..<postfix.dice.about(permille: 6000 + accounts.count * 100) {
            let account = postfix.dice.one(accounts)
            postfix.refuse(login: account.login, at: begin + Int64(postfix.dice.within(0...3_599_999)), sink)
        }
        postfix.murmur(hour: hour, at: begin, sink)
    }
}

/// Lines that lie ahead, the earliest first; of equal times, the one that was added first.
private struct SampleLines {
    /// A line and when it is written.
    struct Line {
        /// Milliseconds since 1970.
        var millisecond: Int64
        /// Its number.
        var number: Int
        /// The text behind the host's name.
        var text: String

        /// Comes earlier.
        static func < (a: Line, b: Line) -> Bool {
            a.millisecond == b.millisecond ? a.number < b.number : a.millisecond < b.millisecond
        }
    }

    /// A binary heap.
    private var heap: [Line] = []
    /// Lines so far.
    private var count = 0

    /// Adds a line.
    mutating func add(_ millisecond: Int64, _ text: String) {
        heap.append(Line(millisecond: millisecond, number: count, text: text))
        count += 1
        var place = heap.count - 1
        while place > 0, heap[place] < heap[(place - 1) / 2] {
            heap.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    /// The earliest line, where it comes before a moment.
    mutating func next(before limit: Int64) -> Line? {
        guard let first = heap.first, first.millisecond < limit else { return nil }
        let last = heap.removeLast()
        guard !heap.isEmpty else { return last }
        heap[0] = last
        var place = 0
        while true {
            var child = 2 * place + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
            guard heap[child] < heap[place] else { break }
            heap.swapAt(child, place)
            place = child
        }
        return first
    }
}

/// Writes stamp, host and line.
private struct SampleStamps {
    /// The form.
    let form: SampleMailLog.Stamps
    /// The host.
    let host: String
    /// The second of `prefix`.
    private var second = Int64.min
    /// Stamp and host of that second.
    private var prefix: [UInt8] = []

    /// Stamps of a host.
    init(_ form: SampleMailLog.Stamps, host: String) {
        self.form = form
        self.host = host
    }

    /// Writes a line.
    mutating func write(_ line: SampleLines.Line, into bytes: inout [UInt8]) {
        switch form {
        case .traditional:
            if line.millisecond / 1000 != second {
                second = line.millisecond / 1000
                prefix = Array(traditional(Timestamp(seconds: second)).utf8)
            }
            bytes += prefix
        case .rfc3339:
            bytes += "\(Timestamp(nanoseconds: line.millisecond * 1_000_000)) \(host) ".utf8
        }
        bytes += line.text.utf8
        bytes.append(UInt8(ascii: "\n"))
    }

    /// `Jan 19 09:13:22 mx1 `.
    private func traditional(_ time: Timestamp) -> String {
        let civil = time.civilTime
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func two(_ number: Int64, _ pad: String = "0") -> String { number < 10 ? "\(pad)\(number)" : "\(number)" }
        let clock = "\(two(civil.hour)):\(two(civil.minute)):\(two(civil.second))"
        return "\(months[Int(civil.month) - 1]) \(two(civil.day, " ")) \(clock) \(host) "
    }
}
