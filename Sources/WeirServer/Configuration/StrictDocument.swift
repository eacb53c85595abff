// A YAML file to its root node, with what Weir does not take refused: anchors, tags, duplicate keys, second documents.

import Yams

/// The reading of one YAML document.
enum StrictDocument {
    /// The longest file read: inline subscribers of a large provider belong into a CSV file.
    static let bytesMax = 16 << 20

    /// The root of a document; nil for an empty one, and where a fault was noted.
    static func root(of text: String, file: String, faults: FaultCollector) -> StrictNode? {
        do {
            let parser = try Parser(yaml: text, encoding: .utf8)
            // Anchors are held weakly by the nodes: the parser must outlive the search for them.
            return try withExtendedLifetime(parser) {
                guard let node = try parser.singleRoot() else { return nil }
                let root = StrictNode(node: node, file: file, faults: faults)
                return refuseAnchorsAndTags(root) && !root.isNull ? root : nil
            }
        } catch let error as YamlError {
            faults.add(fault(of: error, text: text, file: file))
        } catch {
            faults.add(
                ConfigurationFault(
                    .syntax, at: .init(file: file), found: "text that can't be read as YAML", expected: "YAML",
                    remedy: "\(error)."))
        }
        return nil
    }

    /// Looks through the tree for anchors, aliases and tags: one way to write a thing, and no document that unfolds to
    /// more than it shows. False where something was refused.
    private static func refuseAnchorsAndTags(_ node: StrictNode) -> Bool {
        if node.node.anchor != nil {
            node.fault(
                .syntax, found: "an anchor or alias", expected: "values without & and *",
                remedy: "Write the value out, or put it in quotes if the character is part of the text.")
            return false
        }
        var isClean = true
        switch node.node {
        case .scalar(let scalar):
            if scalar.style == .plain, scalar.tag.rawValue.hasPrefix("!") || scalar.tag.rawValue.hasPrefix("tag:"),
                !isResolved(scalar)
            {
                node.fault(
                    .syntax, found: "the tag \(quoted(scalar.tag.rawValue))", expected: "values without tags",
                    remedy: "Remove the tag; quotes make text of a number.")
                isClean = false
            }
        case .sequence(let items):
            for item in items where !refuseAnchorsAndTags(StrictNode(node: item, file: node.file, faults: node.faults))
            {
                isClean = false
            }
        case .mapping(let pairs):
            for (key, value) in pairs {
                for part in [key, value]
                where !refuseAnchorsAndTags(StrictNode(node: part, file: node.file, faults: node.faults)) {
                    isClean = false
                }
            }
        case .alias: isClean = false
        }
        return isClean
    }

    /// True where a plain scalar's tag is what its text resolves to: Yams resolves keys when it compares them.
    private static func isResolved(_ scalar: Node.Scalar) -> Bool {
        Resolver.default.resolveTag(of: Node(scalar.string)).rawValue == scalar.tag.rawValue
    }

    /// What Yams says, with its place.
    private static func fault(of error: YamlError, text: String, file: String) -> ConfigurationFault {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let reason = ([context?.text].compactMap { $0 } + [problem]).joined(separator: ": ")
            let hasTab = line(mark.line, of: text).prefix { $0 == " " || $0 == "\t" }.contains("\t")
            return ConfigurationFault(
                .syntax, at: .init(file: file, line: mark.line, column: mark.column), found: "a YAML error (\(reason))",
                expected: "well-formed YAML",
                remedy: hasTab
                    ? "Indent with spaces: YAML allows no tabs."
                    : "Check indentation, colons and quotes on this line and the one above.")
        case .duplicatedKeysInMapping(let keys, let context):
            return duplicateKey(keys.first ?? "", first: context.mark, text: text, file: file)
        default:
            return ConfigurationFault(
                .syntax, at: .init(file: file), found: "a YAML error", expected: "well-formed YAML in UTF-8",
                remedy: "\(error)".split(separator: "\n").first.map { "The reader says: \($0)." } ?? "Check the file.")
        }
    }

    /// A key given twice, at its second place, where block style lets it be found.
    private static func duplicateKey(_ key: String, first: Mark, text: String, file: String) -> ConfigurationFault {
        var place = ConfigurationFault.Place(file: file, line: first.line, column: first.column)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for index in lines.indices.dropFirst(first.line) {
            let body = lines[index].drop { $0 == " " }
            guard !body.isEmpty, body != "\r", !body.hasPrefix("#") else { continue }
            let indent = lines[index].count - body.count
            if indent < first.column - 1 { break }
            let spellings = [key, "\"\(key)\"", "'\(key)'"]
            if indent == first.column - 1,
                spellings.contains(where: {
                    body.hasPrefix($0) && body.dropFirst($0.count).drop { $0 == " " }.hasPrefix(":")
                })
            {
                place.line = index + 1
                break
            }
        }
        let also = place.line == first.line ? "" : " (first on line \(first.line))"
        return ConfigurationFault(
            .duplicateKey, at: place, found: "the key \(quoted(key)) a second time\(also)", expected: "each key once",
            remedy: "Keep one of them; if both are lists or mappings, put their contents together.")
    }

    /// A line by its number from 1.
    private static func line(_ number: Int, of text: String) -> Substring {
        let lines = text.split(separator: "\n", maxSplits: max(0, number), omittingEmptySubsequences: false)
        return number >= 1 && number <= lines.count ? lines[number - 1] : ""
    }
}
