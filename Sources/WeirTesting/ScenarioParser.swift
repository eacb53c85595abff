// From the text of a scenario to its statements.

import MailTypes
import WeirEngine

extension Scenario {
    /// Reads a scenario. What can't be read is an error with file and line.
    public init(file: String, text: String) throws(ScenarioError) {
        self.file = file
        for (index, raw) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let code = raw.prefix { $0 != "#" }
            var words = ScenarioWords(String(code))
            if words.isAtEnd { continue }
            do throws(ScenarioProblem) {
                if words.accept("SCENARIO") {
                    title = words.rest()
                } else {
                    while !words.isAtEnd { statements.append(Statement(line: index + 1, step: try words.step())) }
                }
            } catch {
                throw ScenarioError(file: file, line: index + 1, message: error.message)
            }
        }
        guard !title.isEmpty else { throw ScenarioError(file: file, line: 1, message: "expected `SCENARIO title`") }
    }
}

/// The words of one line, taken from the front.
struct ScenarioWords {
    /// The words.
    private var words: ArraySlice<String>

    /// The words of a line.
    init(_ line: String) { words = line.split { $0 == " " || $0 == "\t" || $0 == "\r" }.map(String.init)[...] }

    /// True where none is left.
    var isAtEnd: Bool { words.isEmpty }

    /// Takes the given words if they come next.
    mutating func accept(_ expected: String...) -> Bool {
        guard words.starts(with: expected) else { return false }
        words = words.dropFirst(expected.count)
        return true
    }

    /// All that is left.
    mutating func rest() -> String {
        defer { words = [] }
        return words.joined(separator: " ")
    }

    /// The next word.
    mutating func next(_ what: String) throws(ScenarioProblem) -> String {
        guard let word = words.popFirst() else { throw ScenarioProblem("expected \(what), found the end of the line") }
        return word
    }

    /// The next word as a number.
    mutating func number(_ what: String = "a number") throws(ScenarioProblem) -> Int {
        let word = try next(what)
        guard let value = Int(word), value >= 0 else { throw ScenarioProblem("expected \(what), found `\(word)`") }
        return value
    }

    /// Nanoseconds of `90s`, `15m`, `2h`, `1d`.
    mutating func duration() throws(ScenarioProblem) -> Int64 {
        let word = try next("a duration")
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let last = word.last, let unit = units[last], let count = Int64(word.dropLast()),
            (0...100_000).contains(count)
        else {
            throw ScenarioProblem("expected a duration like `90s`, `15m`, `2h`, `1d`, found `\(word)`")
        }
        return count * unit * 1_000_000_000
    }

    /// Throws unless the given words come next.
    private mutating func need(_ expected: String) throws(ScenarioProblem) {
        for word in expected.split(separator: " ").map(String.init) where !accept(word) {
            throw ScenarioProblem("expected `\(expected)`, found `\(words.first ?? "the end of the line")`")
        }
    }

    /// One of some words, as what it stands for.
    private mutating func choice<Value>(_ choices: [(String, Value)]) throws(ScenarioProblem) -> Value {
        let word = try next(choices.map(\.0).joined(separator: " or "))
        guard let found = choices.first(where: { $0.0 == word }) else {
            throw ScenarioProblem("expected \(choices.map(\.0).joined(separator: ", ")), found `\(word)`")
        }
        return found.1
    }
}

// MARK: - Statements

extension ScenarioWords {
    /// The next statement.
    mutating func step() throws(ScenarioProblem) -> Scenario.Step {
        if accept("GIVEN") || accept("POLICY") { return .policy(try policyChange()) }
        if accept("AT") { return try at() }
        if accept("TIME", "PASSES") { return .pass(try duration()) }
        if accept("CLOCK", "JUMPS") { return .jump(try jump()) }
        if accept("OPERATOR") { return .act(try act()) }
        if accept("EXPECT") { return .expect(try expectation()) }
        if accept("the", "last", "message", "is", "refused", "downstream") { return .refusedDownstream }
        if accept("the", "last", "message", "bounces") {
            let word = try next("a status code")
            guard let status = EnhancedStatus(word) else { throw ScenarioProblem("`\(word)` is no status code") }
            return .bounced(status)
        }
        if accept("the", "hold", "queue") {
            let isReleased = try choice([("releases", true), ("purges", false)])
            try need("messages of")
            return .leaveHold(try next("a subscriber"), isReleased: isReleased)
        }
        let name = try next("a statement")
        if accept("repeats", "the", "last", "request") { return .repeated(name) }
        guard ["sends", "aborts", "stalls", "submits"].contains(words.first) else {
            throw ScenarioProblem("`\(name) \(rest())` is no statement; Scenario.swift lists them")
        }
        return .batch(try batch(name))
    }

    /// `day 2 10:00:30`.
    private mutating func at() throws(ScenarioProblem) -> Scenario.Step {
        let day = accept("day") ? try number("a day from 1") : 0
        let word = try next("a time of day")
        let parts = word.split(separator: ":", omittingEmptySubsequences: false).map { Int64($0) ?? -1 }
        guard parts.count == 2 || parts.count == 3, (0..<24).contains(parts[0]),
            parts.dropFirst().allSatisfy({ (0..<60).contains($0) })
        else { throw ScenarioProblem("expected a time like `10:00` or `10:00:30`, found `\(word)`") }
        return .at(
            day: day, nanoseconds: (parts[0] * 3600 + parts[1] * 60 + (parts.count == 3 ? parts[2] : 0)) * 1_000_000_000
        )
    }

    /// `+2h`, `-30m`.
    private mutating func jump() throws(ScenarioProblem) -> Int64 {
        let word = try next("`+` or `-` and a duration")
        guard word.hasPrefix("+") || word.hasPrefix("-") else {
            throw ScenarioProblem("expected `+2h` or `-30m`, found `\(word)`")
        }
        var inner = ScenarioWords(String(word.dropFirst()))
        return try inner.duration() * (word.hasPrefix("-") ? -1 : 1)
    }

    /// Messages of one subscriber.
    private mutating func batch(_ name: String) throws(ScenarioProblem) -> Scenario.Batch {
        let course = try choice([
            ("sends", Scenario.Course.sends), ("aborts", .aborts), ("stalls", .stalls), ("submits", .submits),
        ])
        var batch = Scenario.Batch(name: name, login: name, course: course, count: try number("how many messages"))
        if !accept("message") { try need("messages") }
        while !isAtEnd {
            if accept("to") {
                batch.recipients = try number("how many recipients")
                batch.areNew = accept("new")
                batch.areDead = !batch.areNew && accept("dead")
                if !accept("recipient") { try need("recipients") }
            } else if accept("of") {
                batch.bytes = try number("a size")
                try need("bytes")
            } else if accept("one", "every") {
                batch.every = try duration()
            } else if accept("without", "sender") {
                batch.isNullSender = true
            } else if accept("over", "one", "connection") {
                batch.isOneConnection = true
            } else if accept("at", "the") {
                batch.doors = try choice([("policy", Scenario.Doors.policy), ("milter", .milter)])
                try need("door")
            } else if accept("as") {
                batch.login = try next("a login")
            } else if accept("from") {
                let word = try next("an address")
                guard let client = NetworkAddress(word) else { throw ScenarioProblem("`\(word)` is no address") }
                batch.client = client
            } else {
                throw ScenarioProblem("`\(rest())` says nothing of messages; Scenario.swift lists what does")
            }
        }
        return batch
    }

    /// What follows GIVEN or POLICY.
    private mutating func policyChange() throws(ScenarioProblem) -> Scenario.PolicyChange {
        if accept("plan") {
            return .plan(try next("a plan's name"), try choice([("mua", PlanKind.mua), ("mta", .mta)]))
        }
        if accept("limit") { return .limit(try ScenarioLimit.parse(rest())) }
        if accept("drops") { return .drop(try next("a limit's name")) }
        if accept("subscriber") {
            let name = try next("a subscriber")
            var entry = SubscriberEntry()
            while !isAtEnd {
                if accept("plan") {
                    entry.plan = try next("a plan")
                } else if accept("parent") {
                    entry.parent = try next("a subscriber")
                } else {
                    try need("exempt")
                    entry.isExempt = true
                }
            }
            return .subscriber(name, entry)
        }
        if accept("map") {
            let word = try next("a prefix")
            guard let prefix = NetworkPrefix(word) else { throw ScenarioProblem("`\(word)` is no prefix") }
            return .map(prefix, try next("a subscriber"))
        }
        if accept("header") {
            let field = try next("a field name")
            guard let rule = HeaderRule(field: field, pattern: rest()) else {
                throw ScenarioProblem("a header's pattern has exactly one {subscriber}")
            }
            return .header(rule)
        }
        if accept("breaker") {
            let count = try number("how many cases")
            try need("cases")
            return .breaker(count)
        }
        if accept("case", "idle") { return .caseIdle(try duration() / 1_000_000_000) }
        if accept("contact") { return .contact(rest()) }
        if accept("observes", "everything") { return .observesEverything(true) }
        if accept("enforces", "everything") { return .observesEverything(false) }
        throw ScenarioProblem("`\(rest())` says nothing of a policy; Scenario.swift lists what does")
    }

    /// What follows OPERATOR.
    private mutating func act() throws(ScenarioProblem) -> OperatorAct.Verb {
        if accept("resets") { return .reset(subscriber: try next("a subscriber")) }
        if accept("rearms", "the", "breaker") { return .rearmBreaker }
        if accept("observes", "everything") { return .observeEverything(true) }
        if accept("enforces", "everything") { return .observeEverything(false) }
        try need("gives")
        let name = try next("a subscriber")
        let limit = try next("a limit's name")
        let amount = Int64(try number("an amount"))
        return .setLimit(
            subscriber: name, limit: limit,
            LimitOverride(amount: amount, burst: accept("burst") ? Int64(try number("a burst")) : amount))
    }

    /// What follows EXPECT.
    private mutating func expectation() throws(ScenarioProblem) -> Scenario.Expectation {
        if accept("the", "last", "answer", "is") {
            let kind = try choice(Verdict.Kind.allCases.map { ($0.description, $0) })
            return .answer(kind, saying: accept("saying") ? rest() : "")
        }
        if accept("the", "breaker", "is") { return .breaker(isOpen: try choice([("open", true), ("closed", false)])) }
        if accept("total") { return .total(try next("a total's name"), UInt64(try number())) }
        if accept("rule") {
            let rule = try next("PLAN/LIMIT")
            let isStopped = accept("stopped")
            if !isStopped { try need("would stop") }
            return .rule(rule, isStopped: isStopped, UInt64(try number()))
        }
        let name = try next("a subscriber")
        if accept("has", "no", "case") { return .noCase(name) }
        if accept("has", "a", "case") {
            return .hasCase(name, isAtEnd ? nil : try choice(CaseState.allCases.map { ($0.description, $0) }))
        }
        if accept("used") {
            let units = Int64(try number())
            try need("of")
            return .used(name, try next("a limit's name"), units)
        }
        let outcome = try choice(["passed", "held", "deferred", "rejected", "aborted"].map { ($0, $0) })
        return .outcome(name, outcome, try number())
    }
}
