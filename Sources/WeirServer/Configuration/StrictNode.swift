// A YAML node that knows its place and believes nothing: every mistake becomes a fault with line and column.

import WeirEngine
import Yams

/// A node of a configuration file. Readers return nil where they noted a fault; the whole file is refused at the end.
struct StrictNode {
    /// The node.
    let node: Node
    /// The file it stands in.
    let file: String
    /// Where faults go.
    let faults: FaultCollector

    /// Where the node begins.
    var place: ConfigurationFault.Place {
        ConfigurationFault.Place(file: file, line: node.mark?.line ?? 0, column: node.mark?.column ?? 0)
    }

    /// What stands here, for a message.
    var found: String {
        switch node {
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .scalar(let scalar): isNull ? "nothing" : quoted(scalar.string)
        case .alias: "an alias"
        }
    }

    /// True for an empty value, `~` and `null`, without quotes.
    var isNull: Bool {
        guard let scalar = node.scalar, scalar.style == .plain else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }

    /// Notes a fault at this node.
    func fault(_ code: ConfigurationFault.Code, found: String? = nil, expected: String, remedy: String) {
        faults.add(ConfigurationFault(code, at: place, found: found ?? self.found, expected: expected, remedy: remedy))
    }

    /// Notes a fault at a character of this scalar, counted from 0.
    func fault(
        _ code: ConfigurationFault.Code, atOffset offset: Int, found: String, expected: String, remedy: String
    ) {
        var place = place
        if let style = node.scalar?.style, style != .literal, style != .folded {
            place.column += offset + (style == .plain ? 0 : 1)
        }
        faults.add(ConfigurationFault(code, at: place, found: found, expected: expected, remedy: remedy))
    }
}

// MARK: - Scalars

extension StrictNode {
    /// The scalar; nil and a fault for a list, a mapping, nothing, or a value with a tag of its own.
    private func scalar(_ expected: String) -> Node.Scalar? {
        guard let scalar = node.scalar else {
            fault(.wrongType, expected: expected, remedy: "Write one value here.")
            return nil
        }
        guard !isNull else {
            fault(.wrongType, expected: expected, remedy: "Give a value, or remove the line.")
            return nil
        }
        return scalar
    }

    /// One line of text. What YAML would read as a number, a date or a boolean is refused without quotes: `no` may be
    /// Norway, and 0123 may be 83.
    func string(_ expected: String, allowsEmpty: Bool = false) -> String? {
        guard let scalar = scalar(expected) else { return nil }
        if scalar.style == .plain, let type = StrictNode.otherType(of: scalar.string) {
            fault(
                .ambiguous, found: "\(quoted(scalar.string)), which YAML may read as \(type)", expected: expected,
                remedy: "If the text itself is meant, put it in quotes: \"\(scalar.string)\".")
            return nil
        }
        guard scalar.string.unicodeScalars.allSatisfy({ $0.value >= 32 && $0.value != 127 }) else {
            fault(.badValue, expected: expected, remedy: "Write it on one line, without control characters.")
            return nil
        }
        guard allowsEmpty || !scalar.string.isEmpty else {
            fault(.badValue, found: "an empty text", expected: expected, remedy: "Give a value, or remove the line.")
            return nil
        }
        return scalar.string
    }

    /// What else a YAML reader may take unquoted text for; nil where it is text to all of them.
    static func otherType(of text: String) -> String? {
        if ["y", "Y", "n", "N"].contains(text) { return "a boolean" }
        switch Resolver.default.resolveTag(of: Node(text)) {
        case .bool: return "a boolean"
        case .int, .float: return "a number"
        case .timestamp: return "a date"
        case .null: return "nothing"
        case .merge, .value: return "a special key"
        default: return nil
        }
    }

    /// `true` or `false`, nothing else.
    func bool() -> Bool? {
        guard let scalar = scalar("true or false") else { return nil }
        if scalar.style == .plain, scalar.string == "true" { return true }
        if scalar.style == .plain, scalar.string == "false" { return false }
        fault(
            .ambiguous, expected: "true or false",
            remedy: "Write true or false, without quotes: YAML readers disagree about every other word.")
        return nil
    }

    /// A whole number within a range: digits, no leading zero, no sign, no underscore, no quotes.
    func integer(_ what: String, in range: ClosedRange<Int>) -> Int? {
        let expected = "\(what) from \(range.lowerBound) to \(range.upperBound)"
        guard let scalar = scalar(expected) else { return nil }
        guard scalar.style == .plain, let value = Quantity.digits(scalar.string) else {
            fault(
                scalar.string.utf8.first == 48 ? .ambiguous : .wrongType, expected: expected,
                remedy: "Write plain digits, without quotes, leading zeros, signs, points or underscores.")
            return nil
        }
        guard let exact = Int(exactly: value), range.contains(exact) else {
            fault(.badValue, expected: expected, remedy: "Choose a number within the range.")
            return nil
        }
        return exact
    }

    /// A duration such as `10m`, in seconds.
    func seconds(_ what: String, in range: ClosedRange<Int64>) -> Int64? {
        let expected = "\(what) such as 90s, 10m, 1h or 30d"
        guard let scalar = scalar(expected) else { return nil }
        guard let value = Quantity.seconds(scalar.string) else {
            fault(.wrongType, expected: expected, remedy: "Write a whole number and one of the units s, m, h, d or w.")
            return nil
        }
        guard range.contains(value) else {
            fault(
                .badValue,
                expected:
                    "\(what) from \(Limit.shortPeriod(range.lowerBound)) to \(Limit.shortPeriod(range.upperBound))",
                remedy: "Choose a time within the range.")
            return nil
        }
        return value
    }

    /// A byte size such as `10MB`, `512KiB` or plain digits.
    func byteCount(_ what: String, in range: ClosedRange<Int64>) -> Int64? {
        let expected = "\(what) such as 10240000, 10MB or 512KiB"
        guard let scalar = scalar(expected) else { return nil }
        guard let value = Quantity.byteCount(scalar.string) else {
            fault(
                .wrongType, expected: expected,
                remedy: "Write a whole number, and kB, MB, GB, KiB, MiB or GiB behind it.")
            return nil
        }
        guard range.contains(value) else {
            fault(
                .badValue,
                expected:
                    "\(what) from \(Quantity.byteText(range.lowerBound)) to \(Quantity.byteText(range.upperBound))",
                remedy: "Choose a size within the range.")
            return nil
        }
        return value
    }

    /// One of a few words.
    func choice<Value: CustomStringConvertible>(among values: [Value]) -> Value? {
        let words = values.map(\.description)
        guard let word = string(Spelling.list(words)) else { return nil }
        if let index = words.firstIndex(of: word) { return values[index] }
        fault(
            .badValue, expected: Spelling.list(words),
            remedy: Spelling.remedy(for: word, among: words, otherwise: "Write one of these words."))
        return nil
    }
}

// MARK: - Lists and mappings

extension StrictNode {
    /// The items of a list.
    func list(_ expected: String) -> [StrictNode]? {
        guard case .sequence(let items) = node else {
            fault(.wrongType, expected: expected, remedy: "Write a list: [a, b], or a line `- a` for each item.")
            return nil
        }
        return items.map { StrictNode(node: $0, file: file, faults: faults) }
    }

    /// The entries of a mapping whose keys are names that the operator chose.
    func entries(_ expected: String) -> [(key: StrictNode, value: StrictNode)]? {
        guard case .mapping(let pairs) = node else {
            fault(.wrongType, expected: expected, remedy: "Write a line `name: value` for each entry.")
            return nil
        }
        return pairs.map {
            (
                StrictNode(node: $0.key, file: file, faults: faults),
                StrictNode(node: $0.value, file: file, faults: faults)
            )
        }
    }

    /// A mapping of known keys. Others are refused, each with the nearest known one.
    func mapping(_ what: String, keys: [String]) -> StrictMapping? {
        let expected = "\(what): a mapping with \(Spelling.list(keys))"
        guard let entries = entries(expected) else { return nil }
        var values: [String: StrictNode] = [:]
        for (key, value) in entries {
            guard let name = key.node.scalar?.string, keys.contains(name) else {
                key.fault(
                    .unknownKey, found: "the unknown key \(key.found)",
                    expected: "a key of \(what): \(Spelling.list(keys))",
                    remedy: Spelling.remedy(
                        for: key.node.scalar?.string ?? "", among: keys,
                        otherwise: "Remove it, or write it where it belongs."))
                continue
            }
            values[name] = value
        }
        return StrictMapping(node: self, what: what, values: values)
    }
}

/// A mapping of known keys.
struct StrictMapping {
    /// The mapping itself.
    let node: StrictNode
    /// What it describes, for messages.
    let what: String
    /// The values by key.
    let values: [String: StrictNode]

    /// The value of a key, nil where it is not given.
    subscript(key: String) -> StrictNode? { values[key] }

    /// The value of a key that must be given.
    func required(_ key: String, remedy: String) -> StrictNode? {
        if let value = values[key] { return value }
        node.fault(.missingKey, found: "\(what) without '\(key)'", expected: "the key '\(key)'", remedy: remedy)
        return nil
    }
}
