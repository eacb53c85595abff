// The shapes of Docs/simulation.md as YAML: numbers, log-normal and beta distributions, tables of counts, score mixtures.

import MailTypes
import WeirSimulator

extension StrictNode {
    /// A number within a range: digits, a point and a sign if need be, without quotes. `member` names it in messages.
    func number(_ member: String, in range: ClosedRange<Double>) -> Double? {
        let expected =
            "a number from \(StrictNode.plain(range.lowerBound)) to \(StrictNode.plain(range.upperBound)) for '\(member)'"
        guard let scalar = node.scalar, scalar.style == .plain, let value = StrictNode.decimal(scalar.string) else {
            fault(.wrongType, expected: expected, remedy: "Write plain digits with a point, without quotes or units.")
            return nil
        }
        guard range.contains(value) else {
            fault(.badValue, expected: expected, remedy: "Choose a number within the range.")
            return nil
        }
        return value
    }

    /// `12`, `-0.5`; nil for anything else, exponents included.
    private static func decimal(_ text: String) -> Double? {
        let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
        let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count),
            parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy { "0123456789".contains($0) } }),
            parts[0].count == 1 || parts[0].first != "0"
        else { return nil }
        return Double(text)
    }

    /// A bound as people write it.
    private static func plain(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : "\(value)"
    }

    /// A log-normal distribution: a number for one without spread, or `{median, sigma, least, most, pareto}`.
    func logNormal(_ member: String, in range: ClosedRange<Double>) -> LogNormal? {
        guard node.mapping != nil else {
            return number(member, in: range).map { LogNormal(median: $0, most: range.upperBound) }
        }
        guard let map = mapping("'\(member)'", keys: ["median", "sigma", "least", "most", "pareto"]),
            let medianNode = map.required("median", remedy: "Add median: half of all draws lie below it."),
            let median = medianNode.number("\(member).median", in: range)
        else { return nil }
        var result = LogNormal(median: median, sigma: 0, least: range.lowerBound, most: range.upperBound)
        map.set("sigma", &result.sigma) { $0.number("\(member).sigma", in: 0...5) }
        map.set("least", &result.least) { $0.number("\(member).least", in: range) }
        map.set("most", &result.most) { $0.number("\(member).most", in: range) }
        map.set("pareto", &result.paretoTail) { $0.number("\(member).pareto", in: 0.5...10) }
        guard result.least <= result.most else {
            fault(.conflict, expected: "'least' not above 'most' in '\(member)'", remedy: "Exchange them.")
            return nil
        }
        return result
    }

    /// A share: a number from 0 to 1, or `{alpha, beta}` for one that differs between those who have it.
    func share(_ member: String) -> Share? {
        guard node.mapping != nil else { return number(member, in: 0...1).map { .fixed($0) } }
        guard let map = mapping("'\(member)'", keys: ["alpha", "beta"]),
            let alpha = map.required("alpha", remedy: "Add alpha and beta.")?.number(
                "\(member).alpha", in: 0.01...10_000),
            let beta = map.required("beta", remedy: "Add alpha and beta.")?.number("\(member).beta", in: 0.01...10_000)
        else { return nil }
        return .beta(alpha, beta)
    }

    /// Counts: a whole number, or a mapping of ranges to shares: `{1: 0.9, 2-4: 0.1}`.
    func counts(_ member: String, in range: ClosedRange<Int>) -> CountTable? {
        guard case .mapping = node else {
            return integer("'\(member)', a whole number or a table such as {1: 0.9, 2-4: 0.1},", in: range).map {
                CountTable(always: $0)
            }
        }
        var rows: [CountTable.Row] = []
        for (key, value) in entries("a table for '\(member)' such as {1: 0.9, 2-4: 0.1}") ?? [] {
            let parts = (key.node.scalar?.string ?? "").split(separator: "-", omittingEmptySubsequences: false).map {
                Quantity.digits($0).flatMap { Int(exactly: $0) }
            }
            guard (1...2).contains(parts.count), let first = parts[0], let last = parts[parts.count - 1], first <= last,
                range.contains(first), range.contains(last)
            else {
                key.fault(
                    .badValue,
                    expected: "a count or a range from \(range.lowerBound) to \(range.upperBound) in '\(member)'",
                    remedy: "Write 3 or 3-20.")
                continue
            }
            guard let share = value.number("\(member).\(key.node.scalar?.string ?? "")", in: 0...1_000_000) else {
                continue
            }
            rows.append(.init(first...last, share))
        }
        guard rows.contains(where: { $0.share > 0 }) else {
            fault(.badValue, expected: "a share above 0 in '\(member)'", remedy: "Give at least one row a share.")
            return nil
        }
        return CountTable(rows)
    }

    /// Scores: the name of a mixture of the file's `scores`, `{mean, deviation, tail, jitter}`, or `{parts, jitter}`.
    func scores(_ member: String, named: [String: ScoreMixture]) -> ScoreMixture? {
        if node.scalar != nil {
            let known = named.keys.sorted()
            guard let name = string("the name of a mixture in 'scores' for '\(member)'") else { return nil }
            if let found = named[name] { return found }
            fault(
                .unknownName, expected: "the name of a mixture in 'scores' for '\(member)': \(Spelling.list(known))",
                remedy: Spelling.remedy(for: name, among: known, otherwise: "Add it under scores, or write it out."))
            return nil
        }
        guard let map = mapping("'\(member)'", keys: ["mean", "deviation", "tail", "jitter", "parts", "share"]) else {
            return nil
        }
        var result = ScoreMixture([])
        map.set("jitter", &result.jitter) { $0.number("\(member).jitter", in: 0...10) }
        if let parts = map["parts"] {
            for (place, item) in (parts.list("a list of parts of '\(member)'") ?? []).enumerated() {
                let name = "\(member).parts[\(place)]"
                guard let part = item.mapping("'\(name)'", keys: ["share", "mean", "deviation", "tail"]),
                    let read = part.scorePart(name)
                else { continue }
                result.parts.append(read)
            }
        } else if let part = map.scorePart(member) {
            result.parts = [part]
        }
        guard !result.parts.isEmpty else {
            if map["parts"] != nil, faults.isEmpty {
                fault(.badValue, expected: "at least one part in '\(member)'", remedy: "Add {mean: …, deviation: …}.")
            }
            return nil
        }
        return result
    }

    /// When in the day: `clock`, or `{peak, peak_deviation, width, background}`.
    func hourProfile(_ member: String, like base: HourProfile) -> HourProfile? {
        if let scalar = node.scalar, scalar.string == "clock" { return .clock }
        guard let map = mapping("'\(member)'", keys: ["peak", "peak_deviation", "width", "background"]) else {
            return nil
        }
        var result = base
        map.set("peak", &result.peak) { $0.number("\(member).peak", in: 0...24) }
        map.set("peak_deviation", &result.peakDeviation) { $0.number("\(member).peak_deviation", in: 0...12) }
        map.set("width", &result.width) { $0.number("\(member).width", in: 0.1...24) }
        map.set("background", &result.background) { $0.number("\(member).background", in: 0...1) }
        return result
    }

    /// One of a few words.
    func choice<Value: CustomStringConvertible>(_ member: String, among values: [Value]) -> Value? {
        let words = values.map(\.description)
        let expected = "\(Spelling.list(words)) for '\(member)'"
        guard let word = string(expected) else { return nil }
        if let index = words.firstIndex(of: word) { return values[index] }
        fault(
            .badValue, expected: expected,
            remedy: Spelling.remedy(for: word, among: words, otherwise: "Write one of these words."))
        return nil
    }

    /// `true` or `false`.
    func flag(_ member: String) -> Bool? {
        if let scalar = node.scalar, scalar.style == .plain, ["true", "false"].contains(scalar.string) {
            return scalar.string == "true"
        }
        fault(
            .ambiguous, expected: "true or false for '\(member)'",
            remedy: "Write true or false, without quotes: YAML readers disagree about every other word.")
        return nil
    }
}

extension StrictMapping {
    /// Reads a member into a value, where it is given and sound.
    func set<Value>(_ key: String, _ target: inout Value, _ read: (StrictNode) -> Value?) {
        if let node = self[key], let value = read(node) { target = value }
    }

    /// Reads a number into an optional.
    func set<Value>(_ key: String, _ target: inout Value?, _ read: (StrictNode) -> Value?) {
        if let node = self[key], let value = read(node) { target = value }
    }

    /// One part of a mixture.
    fileprivate func scorePart(_ member: String) -> ScoreMixture.Part? {
        guard let meanNode = required("mean", remedy: "Add mean, in nats; positive is spam."),
            let mean = meanNode.number("\(member).mean", in: -20...20)
        else { return nil }
        var part = ScoreMixture.Part(mean: mean, deviation: 0)
        set("share", &part.share) { $0.number("\(member).share", in: 0...1_000_000) }
        set("deviation", &part.deviation) { $0.number("\(member).deviation", in: 0...20) }
        set("tail", &part.tail) { $0.number("\(member).tail", in: -20...20) }
        return part
    }
}
