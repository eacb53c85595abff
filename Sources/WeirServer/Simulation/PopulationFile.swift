// A population from a file: the vocabulary of Docs/simulation.md, every slip a fault with line, member, what was found and
// what was expected.

import MailTypes
import WeirEngine
import WeirSimulator

/// Reads populations.
public enum PopulationFile {
    /// Longest file.
    static let bytesMax = 4 << 20

    /// Reads a population file. Throws every fault at once.
    public static func load(path: String) throws(ConfigurationFaults) -> Population {
        let faults = FaultCollector()
        faults.begin(file: path)
        let bytes: [UInt8]
        do {
            bytes = try TextFile.read(path, bytesMax: bytesMax)
        } catch {
            throw ConfigurationFaults([error.fault(file: path)])
        }
        guard let text = TextFile.text(bytes, file: path, faults: faults) else {
            throw faults.result ?? ConfigurationFaults([])
        }
        return try parse(text, file: path)
    }

    /// Reads a population from text.
    public static func parse(_ text: String, file: String) throws(ConfigurationFaults) -> Population {
        let faults = FaultCollector()
        faults.begin(file: file)
        var reader = PopulationReader(faults: faults)
        let population = reader.population(of: text, file: file)
        if let result = faults.result { throw result }
        return population
    }
}

/// Reads one document. Every method notes faults and goes on, so that all of them are shown at once.
struct PopulationReader {
    /// Where faults go.
    let faults: FaultCollector
    /// Mixtures by name.
    var scores: [String: ScoreMixture] = [:]
    /// Events by name.
    var events: [String: HonestEvent] = [:]

    /// A reader.
    init(faults: FaultCollector) { self.faults = faults }

    /// The population of a text. Worth something only if no fault was noted.
    mutating func population(of text: String, file: String) -> Population {
        var result = Population(name: "", strata: [], families: [])
        guard let root = StrictDocument.root(of: text, file: file, faults: faults) else {
            if faults.isEmpty {
                faults.add(
                    ConfigurationFault(
                        .missingKey, at: .init(file: file), found: "an empty file", expected: "a population",
                        remedy: "Begin with Simulation/population.yaml."))
            }
            return result
        }
        var places: [Population.Flaw.Part: StrictNode] = [:]
        let keys = ["name", "start", "common_words", "scores", "faults", "events", "strata", "families"]
        guard let top = root.mapping("the population", keys: keys) else { return result }
        if let node = top.required("name", remedy: "Add name: a word for reports."),
            let name = node.string("'name', a text")
        {
            result.name = name
        }
        if let node = top["start"], let text = node.string("'start', a date in quotes such as \"2026-01-05\"") {
            if let start = Timestamp(rfc3339: text + "T00:00:00Z") {
                result.start = start
            } else {
                node.fault(
                    .badValue, expected: "'start', a date in quotes such as \"2026-01-05\"",
                    remedy: "Write year, month and day.")
            }
        }
        top.set("common_words", &result.commonWords) { $0.number("common_words", in: 0...0.5) }
        if let node = top["scores"] { readScores(node) }
        if let node = top["faults"] { read(node, into: &result.faults) }
        if let node = top["events"] { readEvents(node) }
        if let node = top.required("strata", remedy: "Add strata: a list of kinds of subscriber.") {
            places[.strata] = node
            for item in node.list("'strata', a list") ?? [] {
                places[.stratum(result.strata.count)] = item
                if let stratum = stratum(item, among: result.strata) { result.strata.append(stratum) }
            }
        }
        if let node = top["families"] {
            places[.families] = node
            for item in node.list("'families', a list") ?? [] {
                places[.family(result.families.count)] = item
                if let family = family(item, among: result) { result.families.append(family) }
            }
        }
        if faults.isEmpty {
            for flaw in result.flaws {
                (places[flaw.part] ?? root).fault(
                    .conflict, found: flaw.found, expected: "a sound population", remedy: flaw.remedy)
            }
        }
        return result
    }

    /// `scores:`: mixtures by name.
    private mutating func readScores(_ node: StrictNode) {
        for (key, value) in node.entries("'scores', a mapping of names to mixtures") ?? [] {
            guard let name = key.string("the name of a mixture"),
                let mixture = value.scores("scores.\(name)", named: scores)
            else { continue }
            scores[name] = mixture
        }
    }

    /// `events:`: events by name.
    private mutating func readEvents(_ node: StrictNode) {
        for (key, value) in node.entries("'events', a mapping of names to events") ?? [] {
            guard let name = key.string("the name of an event"), let event = event(value, name: name) else { continue }
            events[name] = event
        }
    }

    /// `faults:`.
    private func read(_ node: StrictNode, into faults: inout Faults) {
        let keys = [
            "mail_hosts", "in_session", "in_session_seconds", "late_seconds", "greylisted", "greylist_minutes",
            "mailbox_full", "outages_per_year", "outage_hours", "clock_skew_seconds", "label_noise",
            "complaints_per_1000_abuse", "complaints_per_1000_bulk", "complaint_hours",
        ]
        guard let map = node.mapping("'faults'", keys: keys) else { return }
        map.set("mail_hosts", &faults.mailHosts) { $0.integer("'faults.mail_hosts', a number", in: 1...100) }
        map.set("in_session", &faults.inSession) { $0.number("faults.in_session", in: 0...1) }
        map.set("in_session_seconds", &faults.inSessionSeconds) {
            $0.logNormal("faults.in_session_seconds", in: 0...86_400)
        }
        map.set("late_seconds", &faults.lateSeconds) { $0.logNormal("faults.late_seconds", in: 0...604_800) }
        map.set("greylisted", &faults.greylisted) { $0.number("faults.greylisted", in: 0...1) }
        map.set("greylist_minutes", &faults.greylistMinutes) { $0.logNormal("faults.greylist_minutes", in: 0...10_080) }
        map.set("mailbox_full", &faults.mailboxFull) { $0.number("faults.mailbox_full", in: 0...1) }
        map.set("outages_per_year", &faults.outagesPerYear) { $0.number("faults.outages_per_year", in: 0...1000) }
        map.set("outage_hours", &faults.outageHours) { $0.logNormal("faults.outage_hours", in: 0...240) }
        map.set("clock_skew_seconds", &faults.clockSkewSeconds) { $0.number("faults.clock_skew_seconds", in: 0...3600) }
        map.set("label_noise", &faults.labelNoise) { $0.number("faults.label_noise", in: 0...0.5) }
        map.set("complaints_per_1000_abuse", &faults.complaintsPer1000Abuse) {
            $0.number("faults.complaints_per_1000_abuse", in: 0...1000)
        }
        map.set("complaints_per_1000_bulk", &faults.complaintsPer1000Bulk) {
            $0.number("faults.complaints_per_1000_bulk", in: 0...1000)
        }
        map.set("complaint_hours", &faults.complaintHours) { $0.logNormal("faults.complaint_hours", in: 0...2000) }
    }
}
