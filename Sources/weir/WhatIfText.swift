// `weir replay --policy` for a terminal.

import WeirAudit
import WeirServer

/// A comparison of two policies as text: the answer first, then whom it would hurt, then the rules, then what it can't know.
struct WhatIfText {
    /// The text, lines ended.
    private(set) var text = ""
    /// The comparison.
    private let report: WhatIfReport
    /// The file's name without its folder.
    private let name: String

    /// The text of a comparison with a configuration file.
    init(_ result: WhatIfReplay, policy path: String, subscribersMax: Int) {
        report = result.whatIf
        name = path.split(separator: "/").last.map(String.init) ?? path
        head(result.replay)
        if report.totals.messages > 0 {
            totals()
            people(
                "Never stopped on record, stopped with \(name)", report.newlyStopped, subscribersMax, withEvidence: true
            )
            people(
                "Stopped on record, no longer with \(name)", report.subscribers.filter(\.isNoLongerStopped),
                subscribersMax)
            people(
                "Stopped both ways, otherwise",
                report.subscribers.filter { !$0.isNewlyStopped && !$0.isNoLongerStopped },
                subscribersMax)
            rules()
        }
        line("What this can't know")
        for limit in report.limits { paragraph("- " + limit, indent: "  ") }
    }

    /// Adds a line. Names and reasons come from outside, and a terminal obeys control characters.
    private mutating func line(_ text: String = "") {
        self.text += String(text.unicodeScalars.map { $0.value < 32 || $0.value == 127 ? "?" : Character($0) }) + "\n"
    }

    /// Adds a paragraph of lines that fit a terminal.
    private mutating func paragraph(_ words: String, indent: String) {
        var current = ""
        for word in words.split(separator: " ") {
            if current.count + word.count > 98 {
                line(current)
                current = indent + word
            } else {
                current += (current.isEmpty || current == indent ? "" : " ") + word
            }
        }
        line(current)
    }

    /// A moment without its fraction: `2026-11-23 10:20:31`.
    private func short(_ time: String?) -> String {
        guard let time else { return "-" }
        return String(time.prefix(19)).replacing("T", with: " ")
    }

    /// A count and its noun.
    private func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

    /// What was compared.
    private mutating func head(_ replay: ReplayReport) {
        let how = report.measure == .asWritten ? "had been in force" : "had been in force with every rule enforced"
        line("What if \(name) \(how) from \(short(report.from)) to \(short(report.until)) UTC?")
        line(
            "\(count(report.totals.messages, "message")) of \(count(report.totals.subscribers, "subscriber")); \(replay.inputs) inputs from position \(replay.first) to \(replay.end)"
        )
        if report.policiesReplaced > 0 {
            line("Policies on record from then on: \(report.policiesReplaced) reloads, which \(name) replaces")
        }
        if replay.inputsLost > 0 {
            line(
                "\(replay.inputsLost) inputs are missing from the journal; what is on record is exact up to position \(replay.exactUpTo)"
            )
        } else if replay.differing > 0 {
            line("\(replay.differing) inputs gave other outputs than were recorded: please report this")
        }
        if let damage = replay.damage { line("The journal is damaged and was compared up to there: \(damage)") }
        line()
    }

    /// The answer in figures.
    private mutating func totals() {
        let totals = report.totals
        var table = TextTable(["", "ON RECORD", "WITH THE FILE"], numbers: [1, 2])
        table.add(["messages stopped", "\(totals.recordedStopped)", "\(totals.triedStopped)"])
        table.add(["subscribers stopped", "\(totals.recordedSubscribers)", "\(totals.triedSubscribers)"])
        text += table.text + "\n\n"
        let found = totals.differences
        if report.isEmpty {
            line("No message fares otherwise.")
        } else {
            line(
                "\(found.new) new, \(found.gone) gone, \(found.changed) by another verdict, \(found.earlier) earlier and \(found.later) later in the dialogue"
            )
        }
        if totals.otherSubscriber > 0 {
            line("\(count(totals.otherSubscriber, "message")) would be another subscriber's, or nobody's")
        }
        if report.measure == .asWritten, totals.observed > 0 {
            line(
                "Its rules that observe would stop \(count(totals.observed, "message")) more, of \(count(totals.observedSubscribers, "subscriber")): --enforce-all shows whose"
            )
        }
        if totals.subscribersForgotten > 0 {
            line("\(count(totals.subscribersForgotten, "message")) are not told by subscriber: there were too many")
        }
        line()
    }

    /// Some subscribers.
    private mutating func people(
        _ title: String, _ all: [WhatIfReport.Subscriber], _ most: Int, withEvidence: Bool = false
    ) {
        guard !all.isEmpty else { return }
        line("\(title): \(count(all.count, "subscriber"))")
        for one in all.prefix(most) {
            line(
                "  \(one.subscriber)  \(one.tried.stopped) of \(count(one.messages, "message")) stopped, \(one.recorded.stopped) on record"
            )
            if withEvidence {
                line("    first at \(short(one.tried.firstStop)), after \(one.tried.passedBefore) that passed")
            } else if one.recorded.firstStop != one.tried.firstStop, one.tried.stopped > 0 {
                line(
                    "    first at \(short(one.tried.firstStop)) after \(one.tried.passedBefore) that passed, on record \(short(one.recorded.firstStop)) after \(one.recorded.passedBefore)"
                )
            }
            for evidence in withEvidence ? one.evidence : [] {
                line(
                    "    \(short(evidence.at)) \(evidence.queueID.isEmpty ? "-" : evidence.queueID) \(evidence.verdict) at \(evidence.question): \(evidence.why)"
                )
            }
        }
        if all.count > most {
            line("  and \(all.count - most) more: --subscribers \(all.count) shows them, --json has all")
        }
        line()
    }

    /// The rules of both policies.
    private mutating func rules() {
        var table = TextTable(
            ["RULE", "LIMIT", "MODE", "STOPPED", "SUBSCRIBERS", "ON RECORD", "SUBSCRIBERS"], numbers: [3, 4, 5, 6])
        for rule in report.rules {
            let side = rule.tried ?? rule.recorded
            let mode =
                switch (rule.recorded?.mode, rule.tried?.mode) {
                case (let before?, let after?): before == after ? after : "\(after), was \(before)"
                case (nil, let after?): "\(after), new"
                case (let before?, nil): "gone, was \(before)"
                case (nil, nil): ""
                }
            table.add([
                rule.rule, side?.line ?? "", mode, rule.tried.map { "\($0.stopped)" } ?? "-",
                rule.tried.map { "\($0.subscribers)" } ?? "-", rule.recorded.map { "\($0.stopped)" } ?? "-",
                rule.recorded.map { "\($0.subscribers)" } ?? "-",
            ])
        }
        text += table.text + "\n\n"
    }
}
