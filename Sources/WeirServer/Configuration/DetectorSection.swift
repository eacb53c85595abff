// `detectors:` and `ladder:` — whether take-overs are looked for, how readily, and what follows by itself.

import MailTypes
import WeirEngine

/// What both sections say.
struct DetectorSection {
    /// The settings of the score and the ladder.
    private(set) var settings = WatchSettings.defaults
    /// Where `ladder.enforce` stands; nil where it is not said.
    private(set) var enforcePlace: ConfigurationFault.Place?

    /// The range of a weight in percent: at three times its weight a group alone reaches any rung that it may.
    static let weightRange = 0...300

    /// Reads both sections; without them the defaults hold.
    init(_ detectors: StrictNode?, _ ladder: StrictNode?) {
        let keys = ["mode", "false_containments_per_1000_years", "weights"]
        if let section = detectors?.mapping("detectors", keys: keys) {
            if let isOn = section["mode"]?.offOrOn() { settings.isOn = isOn }
            if let value = section["false_containments_per_1000_years"]?.integer("a number", in: 1...1000) {
                settings.budget = Int32(value)
            }
            if let node = section["weights"] { readWeights(node) }
        }
        if let ladder { readLadder(ladder) }
    }

    /// `detectors.weights:`, in percent by group.
    private mutating func readWeights(_ node: StrictNode) {
        let names = EvidenceGroup.allCases.map(\.description)
        guard let section = node.mapping("detectors.weights", keys: names) else { return }
        for group in EvidenceGroup.allCases {
            guard
                let value = section[group.description]?.integer("a weight in percent", in: DetectorSection.weightRange)
            else { continue }
            settings.weights[Int(group.rawValue)] = Int32(value)
        }
    }

    /// `ladder:`.
    private mutating func readLadder(_ node: StrictNode) {
        let keys = ["enforce", "slowed_new_recipients_per_hour", "contained_at_least", "trusted_after_release"]
        guard let section = node.mapping("ladder", keys: keys) else { return }
        if let enforce = section["enforce"] {
            enforcePlace = enforce.place
            // An observed rung does nothing to mail, so that there is nothing to enforce.
            if let rung = enforce.choice(among: Rung.allCases.filter { $0 != .observed }) { settings.enforced = rung }
        }
        if let value = section["slowed_new_recipients_per_hour"]?.integer("a number", in: 1...100_000) {
            settings.slowedNewRecipients = Int32(value)
        }
        if let value = section["contained_at_least"]?.seconds("a time", in: 60...366 * 86_400) {
            settings.containedSeconds = value
        }
        if let value = section["trusted_after_release"]?.seconds("a time", in: 60...366 * 86_400) {
            settings.vouchedSeconds = value
        }
    }
}

extension StrictNode {
    /// `off` or `on`, with quotes or without: every YAML reader takes these two for what they say, as text or as a boolean.
    func offOrOn() -> Bool? {
        if let scalar = node.scalar, scalar.string == "off" || scalar.string == "on" { return scalar.string == "on" }
        fault(
            node.scalar == nil || isNull ? .wrongType : .badValue, expected: "off or on",
            remedy: Spelling.remedy(
                for: node.scalar?.string ?? "", among: ["off", "on"], otherwise: "Write one of these words."))
        return nil
    }
}

extension ConfigurationReport {
    /// What the detectors and the ladder do, as `weir check` shows it below the plans.
    static func text(_ watch: WatchSettings, observesEverything: Bool) -> String {
        guard watch.isOn else { return "\ndetectors off: nobody is looked at for a take-over\n" }
        var text = "\ndetectors on: \(watch.budget) false "
        text += "\(watch.budget == 1 ? "containment" : "containments") in 1000 subscriber-years put up with\n"
        let highest = observesEverything ? Rung.none : watch.enforced
        var rows = [["rung", "what it does", "mode"]]
        for (rung, what) in [
            (Rung.observed, "a case is opened, for a person to look at"),
            (.slowed, "\(watch.slowedNewRecipients) new recipients an hour pass, mail to more waits"),
            (.held, "mail to new recipients waits"),
            (.contained, "all mail waits, for \(Limit.shortPeriod(watch.containedSeconds)) at least"),
        ] {
            rows.append(["\(rung)", what, rung == .observed ? "always" : rung <= highest ? "enforce" : "observe"])
        }
        text += table(rows)
        text += "  Who is released is trusted for \(Limit.shortPeriod(watch.vouchedSeconds)).\n"
        let changed = EvidenceGroup.allCases.filter { watch.weights[Int($0.rawValue)] != 100 }
        guard !changed.isEmpty else { return text }
        let words = changed.map { "\($0) \(watch.weights[Int($0.rawValue)]) %" }
        return text + "  Weights: \(words.joined(separator: ", ")); the others 100 %.\n"
    }
}
