// `policy:` — plans, what happens beyond their limits, the one switch, the breaker.

import MailTypes
import WeirEngine

/// Whether a limit takes its action or only counts what it would have done.
enum LimitMode: String, CaseIterable, CustomStringConvertible {
    case observe, enforce

    /// `observe`, `enforce`.
    var description: String { rawValue }
}

/// What the policy section says, with the places that later checks point to.
struct PlanSection {
    /// The policy as far as this section goes; the default plan first.
    private(set) var policy = Policy()
    /// The largest message that the mail server takes.
    private(set) var messageBytesMax = Configuration.messageBytesMaxDefault
    /// Every plan's name, those of plans with faults included, so that one fault does not cause others.
    private(set) var names: [String] = []
    /// False where a plan's name could not be read: then no name is called unknown.
    private(set) var namesAreComplete = true
    /// Where each plan stands.
    private(set) var places: [String: ConfigurationFault.Place] = [:]
    /// Where each limit stands, by plan and index.
    private(set) var limitPlaces: [String: [ConfigurationFault.Place]] = [:]
    /// Plans that were read without a fault.
    private(set) var wholePlans: Set<String> = []
    /// True where the file has plans of its own.
    private(set) var hasOwnPlans = false

    /// Most plans: their limits are walked at every change of policy.
    static let plansMax = 1000

    /// The keys of the section.
    private static let keys = [
        "observe_everything", "message_bytes_max", "default_plan", "plans", "breaker", "case_idle", "contact",
    ]
    /// An example for remedies.
    static let example = "300 recipients per hour, burst 60"

    /// Reads the section; without one the defaults hold.
    init(_ node: StrictNode?, in configuration: Configuration, reader: ConfigurationReader) {
        let defaultPlan = Policy.defaultPlan
        names = [defaultPlan.name]
        wholePlans = [defaultPlan.name]
        guard let section = node?.mapping("policy", keys: PlanSection.keys) else { return }
        if let value = section["observe_everything"]?.bool() { policy.observesEverything = value }
        if let value = section["message_bytes_max"]?.byteCount("a size", in: 1024...100_000_000_000) {
            messageBytesMax = value
        }
        if let value = section["case_idle"]?.seconds("a time", in: 60...366 * 86_400) { policy.caseIdleSeconds = value }
        if let contact = section["contact"] { readContact(contact) }
        if let breaker = section["breaker"]?.mapping(
            "breaker", keys: ["new_cases_per_hour", "share_of_active_percent"])
        {
            if let value = breaker["new_cases_per_hour"]?.integer("a number", in: 0...1_000_000) {
                policy.breaker.newCasesPerHour = value
            }
            if let value = breaker["share_of_active_percent"]?.integer("a percentage", in: 0...100) {
                policy.breaker.shareOfActivePercent = value
            }
        }
        if let plans = section["plans"] { readPlans(plans, faults: reader.faults) }
        if let chosen = section["default_plan"] { putFirst(chosen) }
    }

    /// True for the name of a plan, and for one that may be the name of a plan that could not be read.
    func knows(_ name: String) -> Bool { !namesAreComplete || names.contains(name) }

    /// `contact:`, part of every reply.
    private mutating func readContact(_ node: StrictNode) {
        guard let text = node.string("a link or phone number", allowsEmpty: true) else { return }
        guard text.utf8.count <= 200, text.utf8.allSatisfy({ $0 >= 32 && $0 < 127 }) else {
            node.fault(
                .badValue, expected: "at most 200 characters of plain ASCII",
                remedy: "Shorten it: it stands in an SMTP reply beside the reason.")
            return
        }
        policy.contact = text
    }

    /// `default_plan:`; without it the first plan is the default.
    private mutating func putFirst(_ node: StrictNode) {
        guard let name = node.string("the name of a plan") else { return }
        guard knows(name) else {
            node.fault(
                .unknownName, expected: "the name of a plan: \(Spelling.list(names))",
                remedy: Spelling.remedy(for: name, among: names, otherwise: "Write the plan, or name another."))
            return
        }
        guard let index = policy.plans.firstIndex(where: { $0.name == name }) else { return }
        policy.plans.insert(policy.plans.remove(at: index), at: 0)
    }
}

// MARK: - Plans

extension PlanSection {
    /// `plans:`.
    private mutating func readPlans(_ node: StrictNode, faults: FaultCollector) {
        namesAreComplete = false
        guard let items = node.list("a list of plans") else { return }
        guard (1...PlanSection.plansMax).contains(items.count) else {
            node.fault(
                .badValue, found: "\(items.count) plans", expected: "1 to \(PlanSection.plansMax) plans",
                remedy: items.isEmpty
                    ? "Write a plan, or remove the line to have the default plan." : "Use per-subscriber limits.")
            return
        }
        hasOwnPlans = true
        names = []
        wholePlans = []
        var plans: [Plan] = []
        for item in items {
            guard let section = item.mapping("a plan", keys: ["name", "kind", "action", "mode", "limits"]) else {
                continue
            }
            if let plan = readPlan(section) { plans.append(plan) }
        }
        namesAreComplete = names.count == items.count
        if !plans.isEmpty { policy.plans = plans }
    }

    /// One plan; nil where it can't be used.
    private mutating func readPlan(_ section: StrictMapping) -> Plan? {
        let nameNode = section.required("name", remedy: "Add name: residential, for example.")
        let name = nameNode.flatMap { PlanSection.name($0, "a plan's name") }
        if let name, let nameNode {
            if let first = places[name] {
                nameNode.fault(
                    .duplicateName, found: "a second plan \(quoted(name)) (first on line \(first.line))",
                    expected: "each name once",
                    remedy: "Rename one of them.")
            } else {
                names.append(name)
                places[name] = nameNode.place
            }
        }
        let kind = section.required("kind", remedy: "Add kind: mua for people's mail programs, mta for mail servers.")?
            .choice(among: PlanKind.allCases)
        var action: LimitAction = kind == .mta ? .defer : .hold
        if let node = section["action"], let given = node.choice(among: LimitAction.allCases) {
            action = given
            PlanSection.check(given, kind, at: node)
        }
        let mode = section["mode"]?.choice(among: LimitMode.allCases) ?? .observe
        let limitsNode = section.required(
            "limits", remedy: "Add a list of lines such as: \(PlanSection.example); or [] for none.")
        guard let items = limitsNode?.list("a list of limits such as: \(PlanSection.example)") else { return nil }
        guard items.count <= Plan.limitsMax else {
            items[Plan.limitsMax].fault(
                .badValue, found: "\(items.count) limits", expected: "at most \(Plan.limitsMax) limits a plan",
                remedy: "Remove lines that never bind: `weir check` names them.")
            return nil
        }
        var limits: [Limit] = []
        var limitPlaces: [ConfigurationFault.Place] = []
        for item in items {
            guard let limit = readLimit(item, kind, action, mode) else { continue }
            if let first = limits.firstIndex(where: { $0.name == limit.name }) {
                item.fault(
                    .duplicateName,
                    found: "a second limit \(quoted(limit.name)) (first on line \(limitPlaces[first].line))",
                    expected: "each name once in a plan",
                    remedy: "Remove one of them, or write {limit: …, name: …} to give it another name.")
                continue
            }
            limits.append(limit)
            limitPlaces.append(item.place)
        }
        guard let name, let kind, limits.count == items.count else { return nil }
        wholePlans.insert(name)
        self.limitPlaces[name] = limitPlaces
        return Plan(name: name, kind: kind, limits: limits)
    }

    /// One limit: a line, or a mapping with a line and what is its own.
    private func readLimit(_ item: StrictNode, _ kind: PlanKind?, _ action: LimitAction, _ mode: LimitMode) -> Limit? {
        var lineNode = item
        var action = action
        var mode = mode
        var name: String?
        if item.node.mapping != nil {
            guard let section = item.mapping("a limit", keys: ["limit", "action", "mode", "name"]) else { return nil }
            if let node = section["action"], let given = node.choice(among: LimitAction.allCases) {
                action = given
                PlanSection.check(given, kind, at: node)
            }
            mode = section["mode"]?.choice(among: LimitMode.allCases) ?? mode
            if let node = section["name"] {
                name = PlanSection.name(node, "a limit's name", allowsPoint: false)
                if name == nil { return nil }
            }
            guard let given = section.required("limit", remedy: "Add limit: \(PlanSection.example).") else {
                return nil
            }
            lineNode = given
        }
        guard let line = PlanSection.line(lineNode) else { return nil }
        let limit = line.limit(name: name, action: action, isEnforced: mode == .enforce)
        return checkRoom(limit, at: lineNode) ? limit : nil
    }

    /// A limit's line; nil and a fault at the wrong word.
    static func line(_ node: StrictNode) -> LimitLine? {
        guard let text = node.string("a limit such as: \(example)") else { return nil }
        do {
            return try LimitLine(text)
        } catch {
            node.fault(
                .badLimit, atOffset: error.offset, found: error.found, expected: error.expected, remedy: error.remedy)
            return nil
        }
    }

    /// False and a fault where not even one message of the largest size would fit.
    func checkRoom(_ limit: Limit, at node: StrictNode) -> Bool {
        guard limit.dimension == .bytes, limit.burst < messageBytesMax else { return true }
        node.fault(
            .badLimit, found: "room for \(Quantity.byteText(limit.burst)) at once",
            expected: "at least one message of \(Quantity.byteText(messageBytesMax))",
            remedy: "Raise the burst or the amount, or set policy.message_bytes_max to what your mail server takes.")
        return false
    }

    /// Refuses a 4xx for people's mail programs.
    private static func check(_ action: LimitAction, _ kind: PlanKind?, at node: StrictNode) {
        guard action == .defer, kind == .mua else { return }
        node.fault(
            .conflict, found: "'defer' in a plan for people's mail programs", expected: "hold or reject",
            remedy: "They have no queue behind a 4xx and show it as an error: hold the mail, or refuse it for good.")
    }

    /// A name of small letters, digits and hyphens: it stands in logs, metrics and on the command line.
    static func name(_ node: StrictNode, _ what: String, allowsPoint: Bool = true) -> String? {
        guard let text = node.string(what) else { return nil }
        let isGood = text.utf8.enumerated().allSatisfy { index, byte in
            (97...122).contains(byte) || (48...57).contains(byte)
                || (index > 0 && (byte == 45 || (allowsPoint && (byte == 46 || byte == 95))))
        }
        if isGood, text.utf8.count <= 64 { return text }
        node.fault(
            .badValue, expected: "\(what): small letters, digits and hyphens, at most 64",
            remedy: "Rename it; it stands in logs, metrics and on the command line.")
        return nil
    }
}
