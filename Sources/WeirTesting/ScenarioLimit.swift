// A limit's line as scenarios write it: `300 recipients per hour, burst 60, defer, observed, named big`.

import WeirEngine

/// Reads limit lines. The product's own reader lives above this layer and knows more forms.
enum ScenarioLimit {
    /// A limit, or what is wrong with its line.
    static func parse(_ line: String) throws(ScenarioProblem) -> Limit {
        var parts = line.split(separator: ",").map { $0.split(separator: " ").map(String.init) }
        let head = parts.isEmpty ? [] : parts.removeFirst()
        guard let per = head.lastIndex(of: "per"), per >= 2, let amount = Int64(head[0]) else {
            throw ScenarioProblem("a limit begins like `300 recipients per hour`, found `\(line)`")
        }
        let words = head[1..<per].joined(separator: " ")
        guard let dimension = Dimension.allCases.first(where: { $0.description == words }) else {
            let known = Dimension.allCases.map(\.description).joined(separator: ", ")
            throw ScenarioProblem("`\(words)` is nothing that is counted; there are: \(known)")
        }
        var limit = Limit(amount, dimension, perSeconds: try period(head[(per + 1)...]), isEnforced: true)
        for part in parts {
            switch (part.first, part.count) {
            case ("burst", 2):
                guard let burst = Int64(part[1]) else { throw ScenarioProblem("`\(part[1])` is no burst") }
                limit.burst = dimension.countsDistinct ? limit.burst : burst
            case ("hold", 1): limit.action = .hold
            case ("defer", 1): limit.action = .defer
            case ("reject", 1): limit.action = .reject
            case ("observed", 1): limit.isEnforced = false
            case ("named", 2): limit.name = part[1]
            default:
                throw ScenarioProblem(
                    "`\(part.joined(separator: " "))` is none of: burst N, hold, defer, reject, observed, named NAME")
            }
        }
        if let fault = limit.fault { throw ScenarioProblem(fault) }
        return limit
    }

    /// The seconds of `hour`, `15 minutes`.
    private static func period(_ words: ArraySlice<String>) throws(ScenarioProblem) -> Int64 {
        let units: [(String, Int64)] = [("second", 1), ("minute", 60), ("hour", 3600), ("day", 86_400)]
        for (unit, seconds) in units {
            if Array(words) == [unit] { return seconds }
            if words.count == 2, words.last == unit + "s", let count = Int64(words[words.startIndex]) {
                return count * seconds
            }
        }
        throw ScenarioProblem("`\(words.joined(separator: " "))` is no period; write `hour` or `15 minutes`")
    }
}

/// What is wrong with a line, before it is known which one.
struct ScenarioProblem: Error {
    /// In words.
    let message: String

    /// A problem in words.
    init(_ message: String) { self.message = message }
}
