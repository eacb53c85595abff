// Numbers, moments and names as the views of a report say them.

import MailTypes

/// Words that all views share.
enum ReportWords {
    /// A number with its thousands apart: `16,632`.
    static func number(_ value: Int) -> String {
        let digits = String(value.magnitude)
        var result = value < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { result += "," }
            result.append(digit)
        }
        return result
    }

    /// A number with its noun, which takes an s but for one: `1 message`, `2 messages`.
    static func count(_ value: Int, _ noun: String) -> String { "\(number(value)) \(noun)\(value == 1 ? "" : "s")" }

    /// A share in percent, from thousandths: `11.4 %`; what is there but less than that is `under 0.1 %`.
    static func share(_ part: Int, of whole: Int) -> String {
        guard whole > 0, part > 0 else { return "0 %" }
        let permille = Int((Double(part) * 1000 / Double(whole)).rounded(.down))
        if permille == 0 { return "under 0.1 %" }
        return permille >= 1000 ? "100 %" : "\(permille / 10).\(permille % 10) %"
    }

    /// Evidence in nats: `+6.1`.
    static func nats(_ score: Int) -> String {
        let tenths = (abs(score) + 50) / 100
        return "\(score < 0 ? "-" : "+")\(tenths / 10).\(tenths % 10)"
    }

    /// Months, as a date says them.
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// `28 Jan`.
    static func day(_ time: Timestamp) -> String {
        let civil = time.civilTime
        return "\(civil.day) \(months[Int(civil.month) - 1])"
    }

    /// `28 Jan 2026`.
    static func date(_ time: Timestamp) -> String { "\(day(time)) \(time.civilTime.year)" }

    /// `07:09`.
    static func clock(_ time: Timestamp) -> String { String(time.description.dropFirst(11).prefix(5)) }

    /// `28 Jan 07:09`.
    static func moment(_ time: Timestamp) -> String { "\(day(time)) \(clock(time))" }

    /// A stretch: `28 Jan 07:02 to 10:58`, `28 Jan 22:00 to 29 Jan 04:10`.
    static func stretch(_ from: Timestamp, _ until: Timestamp) -> String {
        if moment(from) == moment(until) { return moment(from) }
        return "\(moment(from)) to \(day(from) == day(until) ? clock(until) : moment(until))"
    }

    /// Dates of a span: `19 Jan to 2 Feb 2026`, `19 Jan 2026, 07:02 to 10:58`.
    static func dates(_ span: ClosedRange<Timestamp>) -> String {
        let (first, last) = (span.lowerBound, span.upperBound)
        if date(first) == date(last) { return "\(date(first)), \(clock(first)) to \(clock(last))" }
        return "\(first.civilTime.year == last.civilTime.year ? day(first) : date(first)) to \(date(last))"
    }

    /// An hour counted since 1970.
    static func hour(_ number: Int64) -> Timestamp { Timestamp(seconds: number * 3600) }

    /// The name of a limit without its plan: `recipients-1h` of `default/recipients-1h`.
    static func limit(_ rule: String) -> String { rule.split(separator: "/").last.map(String.init) ?? rule }

    // MARK: - What others wrote

    /// Text of others made harmless: control characters, and those that turn the direction of writing or take no room,
    /// become `?`.
    static func shown(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { isHarmless($0) ? $0 : "?" }))
    }

    /// True for what may reach a terminal or a page.
    private static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
        default: true
        }
    }

    // MARK: - Sentences

    /// What was found, in one sentence.
    static func headline(_ report: AuditReport) -> String {
        let volumes = report.volumes
        guard report.span != nil, volumes.subscribers > 0 else {
            return "No mail of a subscriber was found in what was read."
        }
        let stolen = report.stolen.count
        if stolen == 0 { return "No account looks stolen, of \(count(volumes.subscribers, "account")) that sent mail." }
        return
            "\(number(stolen)) of \(count(volumes.subscribers, "account")) \(stolen == 1 ? "looks" : "look") stolen and sent \(share(volumes.abusive, of: volumes.messages)) of all messages, to \(share(volumes.abusiveRecipients, of: volumes.recipients)) of all recipients."
    }

    /// How early Weir would have held an account's mail, and a limit would have stopped it.
    static func caught(_ account: AccountFinding) -> String {
        guard let episode = account.episode else { return "" }
        var sentences: [String] = []
        if let ladder = episode.ladder {
            let later = max(0, episode.messages - ladder.messagesBefore)
            sentences.append(
                "Weir would have held its mail from \(moment(ladder.at)) on, after \(count(ladder.messagesBefore, "message")) to \(count(ladder.recipientsBefore, "recipient")); \(count(later, "message")) came later."
            )
        }
        if let limit = episode.limit {
            sentences.append(
                "The first limit to stop it: \(ReportWords.limit(limit.rule)), \(moment(limit.at)), after \(count(limit.recipientsBefore, "recipient"))."
            )
        } else {
            sentences.append("No limit of the policy that was tried would have stopped it.")
        }
        return sentences.joined(separator: " ")
    }

    /// When an account looked somewhat wrong, and why, in a line or two.
    static func noted(_ account: AccountFinding) -> String {
        var text = account.worstAt.map { day($0) + ": " } ?? ""
        for (index, entry) in account.ledger.prefix(2).enumerated() { text += (index > 0 ? "; " : "") + entry.why }
        return shown(text)
    }

    /// When an account looked wrong, in a sentence.
    static func when(_ account: AccountFinding) -> String {
        guard let episode = account.episode else { return "" }
        return
            "\(stretch(episode.from, episode.until)): \(count(episode.messages, "message")) to \(count(episode.recipients, "recipient"))."
    }

    /// How many honest accounts a suggested limit would touch, and how many stolen ones it would catch.
    static func effect(_ limit: SuggestedLimit) -> String {
        let touched = "touches \(number(limit.touches)) of \(number(limit.honest)) honest"
        return limit.stolen == 0
            ? touched : "\(touched), catches \(number(limit.catches)) of \(number(limit.stolen)) stolen"
    }
}
