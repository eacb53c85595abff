// `identity:` — whose mail it is: the address map, the subscribers, the header, the networks.

import MailTypes
import WeirEngine

/// What the identity section and its two CSV files say.
struct IdentitySection {
    /// The plans that subscribers may belong to.
    private let plans: PlanSection
    /// Reads nodes and files.
    private let reader: ConfigurationReader
    /// Brings names into the engine's form.
    private var names = SubscriberName(plusSeparator: "+", ipv6PrefixLength: 64)
    /// Client address to subscriber.
    private var addressMap = AddressMap()
    /// What is said of single subscribers.
    private var subscribers: [String: SubscriberEntry] = [:]
    /// Who has which parent, and where it is said.
    private var parents: [(name: String, place: ConfigurationFault.Place)] = []
    /// The header that names the subscriber.
    private var headerRule: HeaderRule?
    /// Clients whose header is believed.
    private var trustedRelays: [NetworkPrefix] = []
    /// Our own customers' networks.
    private var networks: [NetworkPrefix] = []

    /// The keys of the section.
    private static let keys = [
        "ipv6_prefix", "plus_separator", "address_map", "subscribers_file", "subscribers", "exempt", "header",
        "trusted_relays", "networks",
    ]

    /// Reads the section and its files; without one the defaults hold.
    init(_ node: StrictNode?, plans: PlanSection, reader: ConfigurationReader) {
        self.plans = plans
        self.reader = reader
        guard let section = node?.mapping("identity", keys: IdentitySection.keys) else { return }
        names = SubscriberName(
            plusSeparator: section["plus_separator"].flatMap(IdentitySection.separator) ?? names.plusSeparator,
            ipv6PrefixLength: section["ipv6_prefix"]?.integer("a prefix length", in: 1...128) ?? names.ipv6PrefixLength)
        if let node = section["address_map"] { readAddressMap(node) }
        if let node = section["subscribers_file"] { readSubscribersFile(node) }
        if let node = section["subscribers"] { readSubscribers(node) }
        for item in section["exempt"]?.list("a list of subscribers") ?? [] {
            if let name = name(item) { subscribers[name, default: SubscriberEntry()].isExempt = true }
        }
        if let node = section["header"] { headerRule = IdentitySection.header(node) }
        trustedRelays = prefixes(section["trusted_relays"])
        networks = prefixes(section["networks"])
        checkChains()
    }

    /// Puts what was read into a policy.
    func apply(to policy: inout Policy) {
        policy.plusSeparator = names.plusSeparator
        policy.ipv6PrefixLength = names.ipv6PrefixLength
        policy.addressMap = addressMap
        policy.subscribers = subscribers
        policy.headerRule = headerRule
        policy.trustedRelays = trustedRelays
        policy.networks = networks
    }
}

// MARK: - Small settings

extension IdentitySection {
    /// `plus_separator:`, one ASCII character, or empty for none.
    private static func separator(_ node: StrictNode) -> String? {
        guard let text = node.string("one character, or \"\" for none", allowsEmpty: true) else { return nil }
        if text.isEmpty || (text.utf8.count == 1 && text.utf8.allSatisfy { $0 > 32 && $0 < 127 && $0 != 64 }) {
            return text
        }
        node.fault(
            .badValue, expected: "one character, or \"\" for none",
            remedy: "Write \"+\" as Postfix's recipient_delimiter.")
        return nil
    }

    /// `header:`.
    private static func header(_ node: StrictNode) -> HeaderRule? {
        guard let section = node.mapping("header", keys: ["field", "pattern"]),
            let fieldNode = section.required("field", remedy: "Add field: X-Authenticated-User, for example."),
            let field = fieldNode.string("a header field's name")
        else { return nil }
        guard field.utf8.allSatisfy({ $0 > 32 && $0 < 127 && $0 != 58 }) else {
            fieldNode.fault(
                .badValue, expected: "a header field's name (RFC 5322 §2.2)", remedy: "Write it without the colon.")
            return nil
        }
        let expected = "text around one {subscriber}"
        guard let patternNode = section["pattern"] else { return HeaderRule(field: field, pattern: "{subscriber}") }
        guard let pattern = patternNode.string(expected) else { return nil }
        if let rule = HeaderRule(field: field, pattern: pattern) { return rule }
        patternNode.fault(
            .badValue, expected: expected,
            remedy:
                "Write {subscriber} once where the name stands: \"id={subscriber};\". Regular expressions are not used."
        )
        return nil
    }

    /// A list of blocks.
    private func prefixes(_ node: StrictNode?) -> [NetworkPrefix] {
        var result: [NetworkPrefix] = []
        for item in node?.list("a list of networks such as [192.0.2.0/24]") ?? [] {
            guard let text = item.string("a network such as 192.0.2.0/24") else { continue }
            if let prefix = NetworkPrefix(text) {
                result.append(prefix)
            } else {
                item.fault(
                    .badValue, expected: "a network such as 192.0.2.0/24 or \"2001:db8::/32\"",
                    remedy: IdentitySection.remedy(forPrefix: text))
            }
        }
        return result
    }

    /// What is wrong with a block.
    private static func remedy(forPrefix text: String) -> String {
        let parts = text.split(separator: "/", maxSplits: 1)
        guard parts.count == 2, let address = NetworkAddress(String(parts[0])), let length = Quantity.digits(parts[1]),
            length <= (address.isIPv4 ? 32 : 128)
        else { return "Write a numeric address, or one with a slash and a prefix length." }
        return "Bits are set behind the prefix: did you mean \(NetworkPrefix(address, length: Int(length)))?"
    }

    /// A subscriber's name, in the engine's form.
    private func name(_ node: StrictNode) -> String? {
        guard let text = node.string("a subscriber's name") else { return nil }
        do {
            return try names.normalised(text)
        } catch {
            node.fault(.badValue, expected: error.expected, remedy: error.remedy)
            return nil
        }
    }
}

// MARK: - CSV files

extension IdentitySection {
    /// The rows of a CSV file that a node names; `begin` gets their number beforehand, to make room once for a million.
    private func rows(
        _ node: StrictNode, columns: [String], required: Int, begin: (Int) -> Void,
        _ row: (CommaSeparatedFile, [CommaSeparatedFile.Field], Int) -> Void
    ) {
        guard let path = reader.path(node, "the path of a CSV file") else { return }
        let file = CommaSeparatedFile(file: path, faults: reader.faults)
        do {
            let bytes = try reader.read(path)
            reader.faults.begin(file: path)
            begin(bytes.count { $0 == 10 })
            file.read(bytes, columns: columns, required: required) { fields, line in row(file, fields, line) }
        } catch {
            node.fault(
                .unreadable, found: "\(quoted(path)): \(error.found)", expected: "a readable CSV file",
                remedy: error.remedy)
        }
    }

    /// The name in a field; nil and a fault where it can't be one.
    private func name(_ field: CommaSeparatedFile.Field, _ line: Int, in file: CommaSeparatedFile) -> String? {
        do {
            return try names.normalised(field.text)
        } catch {
            file.fault(
                .badValue, line, field.column, found: quoted(field.text), expected: error.expected, remedy: error.remedy
            )
            return nil
        }
    }

    /// `address_map:`, the file `network,subscriber`.
    private mutating func readAddressMap(_ node: StrictNode) {
        var entries: [AddressMap.Entry] = []
        var lines: [NetworkPrefix: Int] = [:]
        rows(
            node, columns: ["network", "subscriber"], required: 2,
            begin: { count in
                entries.reserveCapacity(count)
                lines.reserveCapacity(count)
            }
        ) { file, fields, line in
            guard let prefix = NetworkPrefix(fields[0].text) else {
                file.fault(
                    .badValue, line, fields[0].column, found: quoted(fields[0].text),
                    expected: "an address or a network such as 192.0.2.0/24",
                    remedy: IdentitySection.remedy(forPrefix: fields[0].text))
                return
            }
            guard let name = name(fields[1], line, in: file) else { return }
            if let first = lines.updateValue(line, forKey: prefix) {
                file.fault(
                    .duplicateName, line, fields[0].column, found: "\(prefix) a second time (first on line \(first))",
                    expected: "each network once",
                    remedy: "Remove one of the lines: a network belongs to one subscriber.")
                return
            }
            entries.append(AddressMap.Entry(prefix: prefix, subscriber: name))
        }
        addressMap = AddressMap(entries)
    }

    /// `subscribers_file:`, the file `subscriber,plan,parent,exempt`.
    private mutating func readSubscribersFile(_ node: StrictNode) {
        var found: [String: SubscriberEntry] = [:]
        var lines: [(name: String, place: ConfigurationFault.Place)] = []
        // A plan's name from this table shares its storage with every subscriber of the plan.
        let planNames = Dictionary(plans.names.map { ($0, $0) }) { first, _ in first }
        rows(
            node, columns: ["subscriber", "plan", "parent", "exempt"], required: 1,
            begin: { count in found.reserveCapacity(count) }
        ) { file, fields, line in
            guard let name = name(fields[0], line, in: file) else { return }
            var entry = SubscriberEntry()
            if fields.count > 1, !fields[1].text.isEmpty {
                entry.plan = planNames[fields[1].text]
                if entry.plan == nil, plans.namesAreComplete {
                    file.fault(
                        .unknownName, line, fields[1].column, found: "the unknown plan \(quoted(fields[1].text))",
                        expected: Spelling.list(plans.names),
                        remedy: Spelling.remedy(
                            for: fields[1].text, among: plans.names, otherwise: "Write the plan, or name another."))
                }
            }
            if fields.count > 2, !fields[2].text.isEmpty {
                entry.parent = self.name(fields[2], line, in: file)
                lines.append((name, .init(file: file.file, line: line, column: fields[2].column)))
            }
            if fields.count > 3, !fields[3].text.isEmpty {
                entry.isExempt = fields[3].text == "true"
                if fields[3].text != "true", fields[3].text != "false" {
                    file.fault(
                        .badValue, line, fields[3].column, found: quoted(fields[3].text),
                        expected: "true, false or nothing",
                        remedy: "Write true for a subscriber without limits.")
                }
            }
            if found.updateValue(entry, forKey: name) != nil {
                file.fault(
                    .duplicateName, line, fields[0].column, found: "\(quoted(name)) a second time",
                    expected: "each subscriber once",
                    remedy: "Remove one of the lines; letter case makes no difference.")
            }
        }
        subscribers = found
        parents += lines
    }
}

// MARK: - Subscribers in the file itself

extension IdentitySection {
    /// `subscribers:`. What is said here wins over the CSV file, key by key.
    private mutating func readSubscribers(_ node: StrictNode) {
        var seen: Set<String> = []
        for (key, value) in node.entries("a mapping of subscribers' names to plan, parent, exempt and limits") ?? [] {
            guard let name = name(key) else { continue }
            if !seen.insert(name).inserted {
                key.fault(
                    .duplicateName, found: "\(quoted(name)) a second time", expected: "each subscriber once",
                    remedy: "Remove one of them; letter case makes no difference.")
                continue
            }
            guard let section = value.mapping("a subscriber", keys: ["plan", "parent", "exempt", "limits"]) else {
                continue
            }
            var entry = subscribers[name] ?? SubscriberEntry()
            if let node = section["plan"], let plan = node.string("the name of a plan") {
                entry.plan = plan
                if !plans.knows(plan) {
                    node.fault(
                        .unknownName, found: "the unknown plan \(quoted(plan))", expected: Spelling.list(plans.names),
                        remedy: Spelling.remedy(
                            for: plan, among: plans.names, otherwise: "Write the plan, or name another."))
                    continue
                }
            }
            if let node = section["parent"], let parent = self.name(node) {
                entry.parent = parent
                parents.removeAll { $0.name == name }
                parents.append((name, node.place))
            }
            if let value = section["exempt"]?.bool() { entry.isExempt = value }
            if let node = section["limits"] { readOverrides(node, into: &entry) }
            subscribers[name] = entry
        }
    }

    /// A subscriber's own amounts, by the names of its plan's limits.
    private func readOverrides(_ node: StrictNode, into entry: inout SubscriberEntry) {
        let index = plans.policy.planIndex(entry.plan)
        let plan = plans.policy.plans[index]
        // A plan with faults lacks limits; complaining about their names would hide the one fault behind others.
        guard entry.plan == nil || entry.plan == plan.name, plans.wholePlans.contains(plan.name) else { return }
        for (key, value) in node.entries("a mapping of limits' names to lines") ?? [] {
            guard let name = key.string("a limit's name") else { continue }
            guard let limit = plan.limits.first(where: { $0.name == name }) else {
                let known = plan.limits.map(\.name)
                key.fault(
                    .unknownName, found: "the unknown limit \(quoted(name))",
                    expected: "a limit of the plan '\(plan.name)': \(Spelling.list(known))",
                    remedy: Spelling.remedy(for: name, among: known, otherwise: "Add the limit to the plan first."))
                continue
            }
            guard let line = PlanSection.line(value) else { continue }
            guard line.dimension == limit.dimension, line.periodSeconds == limit.periodSeconds else {
                value.fault(
                    .conflict,
                    expected: "\(limit.dimension) per \(Limit.longPeriod(limit.periodSeconds)), as the plan counts",
                    remedy: "Change the amount and burst alone; what is counted in which time is the plan's.")
                continue
            }
            let own = line.limit(name: name)
            if plans.checkRoom(own, at: value) {
                entry.overrides[name] = LimitOverride(amount: own.amount, burst: own.burst)
            }
        }
    }

    /// Refuses parents of whom nothing is said, circles, and chains longer than the engine follows.
    private func checkChains() {
        for (name, place) in parents {
            guard let parent = subscribers[name]?.parent else { continue }
            func fault(_ code: ConfigurationFault.Code, _ found: String, _ expected: String, _ remedy: String) {
                reader.faults.add(ConfigurationFault(code, at: place, found: found, expected: expected, remedy: remedy))
            }
            guard subscribers[parent] != nil else {
                fault(
                    .unknownName, "the unknown parent \(quoted(parent))", "a subscriber with an entry of its own",
                    "Give it one: the parent's plan is the budget that its subscribers share.")
                continue
            }
            var chain = [name]
            var next: String? = parent
            while let current = next, chain.count <= Policy.chainMax, !chain.contains(current) {
                chain.append(current)
                next = subscribers[current]?.parent
            }
            if let next, chain.contains(next) {
                fault(
                    .badChain, "a circle of parents: \((chain + [next]).joined(separator: " → "))",
                    "parents that end somewhere",
                    "Remove one of the parents.")
            } else if chain.count > Policy.chainMax {
                fault(
                    .badChain, "a chain of parents: \(chain.joined(separator: " → "))",
                    "at most \(Policy.chainMax) subscribers from the first to the topmost parent", "Leave out a level.")
            }
        }
    }
}
