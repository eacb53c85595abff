// The house rules: what may stand where, and what to write instead.

/// One rule over one file.
struct TidyRule: Sendable {
    /// The name, for the test's output.
    let name: String
    /// Every breach in a file.
    let check: @Sendable (SourceFile) -> [TidyFinding]
    /// A file that breaches it: proof that the rule can turn red.
    let mutant: SourceFile
    /// A file much like it that does not.
    let innocent: SourceFile

    /// A rule, its mutant and its innocent, each as path and text.
    init(
        _ name: String, mutant: (String, String), innocent: (String, String),
        check: @escaping @Sendable (SourceFile) -> [TidyFinding]
    ) {
        self.name = name
        self.check = check
        self.mutant = SourceFile(path: mutant.0, text: mutant.1)
        self.innocent = SourceFile(path: innocent.0, text: innocent.1)
    }
}

/// The layers of ARCHITECTURE.md: which modules each target may import.
let importsAllowed: [String: Set<String>] = [
    "MailTypes": [],
    "PolicyDelegation": ["MailTypes"],
    "Milter": ["MailTypes"],
    "MailLog": ["MailTypes"],
    "ContentAnalysis": ["MailTypes"],
    "WeirEngine": ["MailTypes"],
    "WeirAudit": ["MailTypes", "MailLog", "ContentAnalysis", "WeirEngine"],
    "WeirSimulator": ["MailTypes", "WeirEngine"],
    "WeirTesting": ["MailTypes", "PolicyDelegation", "Milter", "WeirEngine"],
    "WeirServer": [
        "MailTypes", "PolicyDelegation", "Milter", "MailLog", "ContentAnalysis", "WeirEngine", "WeirAudit",
        "WeirSimulator",
        "CLinux", "CArchive", "CMaxMindDB", "Foundation", "Glibc", "Synchronization", "Dispatch",
        "NIOCore", "NIOPosix", "GRDB", "Yams", "Hummingbird", "Logging",
    ],
    "weir": ["WeirServer", "WeirAudit", "MailTypes", "ArgumentParser", "Foundation", "Logging", "Glibc", "Dispatch"],
    "CLinux": [],
    "CArchive": [],
    "CMaxMindDB": [],
]

/// The targets that are pure: time, chance and the world reach them through their inputs alone.
let pureTargets: Set<String> = [
    "MailTypes", "PolicyDelegation", "Milter", "MailLog", "ContentAnalysis", "WeirEngine", "WeirAudit", "WeirSimulator",
]

/// What pure targets may not name, and what to write instead.
private let banned: [(pattern: String, found: String, instead: String, mutant: String, innocent: String)] = [
    (#"\bDate\("#, "Date()", "take the time from the input: Timestamp", "let now = Date()", "let update = Update()"),
    (
        #"\b(ContinuousClock|SuspendingClock|clock_gettime|gettimeofday)\b"#, "a clock",
        "take the time from the input: Timestamp",
        "let clock = ContinuousClock()", "let wait = Duration.seconds(1)"
    ),
    (#"\bUUID\("#, "UUID()", "draw from the SeededGenerator in the state", "let id = UUID()", "let id = random.next()"),
    (
        #"\bTask\b|\bawait\b|\basync\b|\bactor\b|@MainActor"#, "concurrency",
        "return an Output and let the shell do it",
        "func go() { Task { } }", "let taskCount = 1"
    ),
    (
        #"\bMutex\b|\bNSLock\b|\bAtomic\b|\bDispatchQueue\b"#, "a lock",
        "make it a struct: the shell holds the one lock",
        "let lock = Mutex(0)", "let mutexes = 0"
    ),
    (
        // A protocol's requirement is no variable.
        #"\b(static|class) var\b(?![^=]*\{ get \})"#, "static var", "write `static let`, or hold it in the state",
        "static var count = 0", "static var most: Float { get }"
    ),
    (
        #"\.random\(in:(?![^)]*using:)|\.(shuffled|shuffle|randomElement)\(\)"#, "randomness of the system",
        "pass `using: &random` with the SeededGenerator in the state", "let n = Int.random(in: 0..<5)",
        "let n = Int.random(in: 0..<5, using: &random)"
    ),
    (
        #"\bSystemRandomNumberGenerator\b"#, "SystemRandomNumberGenerator", "use the SeededGenerator in the state",
        "var g = SystemRandomNumberGenerator()", "var g = SeededGenerator(seed: 1)"
    ),
    (
        #"^(?!.*func hash\(into).*\bHasher\b|\.hashValue\b"#, "Hasher, which differs in every process", "use KeyedHash",
        "var h = Hasher()", "public func hash(into hasher: inout Hasher) { hasher.combine(1) }"
    ),
    (
        #"\bProcessInfo\b|\bgetenv\b|\bCommandLine\b|\bLocale\b"#, "the environment", "make it a setting of the policy",
        "let home = getenv(name)", "let environment = 1"
    ),
    (
        #"\b(debugPrint|print|NSLog)\("#, "output", "return an Output and let the shell log it", "print(decision)",
        "let print = hash(text)"
    ),
]

/// Every line that a pattern finds. The pattern is tried only where one of the hints stands, by default its words of four
/// letters or more: most lines have none, and a search for words is fast.
private func lines(
    of file: SourceFile, _ lines: [String], matching pattern: String, hints given: [String]? = nil, _ message: String
) -> [TidyFinding] {
    let plain = pattern.replacing(/\\[a-z]/, with: " ")
    let hints = given ?? plain.split { !$0.isLetter }.map(String.init).filter { $0.count >= 4 }
    guard let regex = try? Regex(pattern) else {
        return [TidyFinding(path: file.path, line: 0, message: "the rule's pattern \(pattern) is none")]
    }
    return lines.enumerated().compactMap { index, line in
        guard hints.contains(where: { line.contains($0) }), line.firstMatch(of: regex) != nil else { return nil }
        return TidyFinding(path: file.path, line: index + 1, message: message)
    }
}

/// Declares a type of that name.
private func declares(_ name: String) -> String {
    #"\b(struct|class|enum|actor|protocol|typealias)\s+"# + name + #"\b"#
}

/// All rules.
let tidyRules: [TidyRule] =
    banned.map { ban in
        TidyRule(
            "no \(ban.found) in layers 0–3", mutant: ("Sources/WeirEngine/Mutant.swift", "// Opens.\n\(ban.mutant)"),
            innocent: (
                "Sources/WeirEngine/Innocent.swift",
                "// Opens with \(ban.mutant)\nlet text = \"\(ban.mutant)\"\n\(ban.innocent)"
            )
        ) { file in
            guard pureTargets.contains(file.target) else { return [] }
            return lines(
                of: file, file.code, matching: ban.pattern, "\(ban.found) is not for layers 0–3: \(ban.instead)")
        }
    } + [
        TidyRule(
            "imports go down the layers only",
            mutant: ("Sources/MailTypes/Mutant.swift", "// Opens.\nimport Foundation\n@testable import WeirEngine"),
            innocent: ("Sources/WeirEngine/Innocent.swift", "// import Foundation\nimport MailTypes")
        ) { file in
            let allowed = importsAllowed[file.target]
            return file.code.enumerated().compactMap { index, line in
                guard line.contains("import "),
                    let match = line.firstMatch(
                        of:
                            /^\s*(?:(?:@\w+|public|package|internal|private|fileprivate)\s+)*import\s+(?:(?:struct|class|enum|func|protocol|var|let|typealias)\s+)?(\w+)/
                    )
                else { return nil }
                let module = String(match.1)
                if let allowed, allowed.contains(module) { return nil }
                let list = allowed.map {
                    $0.isEmpty ? "the standard library alone" : $0.sorted().joined(separator: ", ")
                }
                return TidyFinding(
                    path: file.path, line: index + 1,
                    message:
                        "\(file.target) may not import \(module); it may import \(list ?? "nothing: add the target to importsAllowed")"
                )
            }
        },
        TidyRule(
            "no type bears its module's name",
            mutant: ("Sources/Milter/Mutant.swift", "// Opens.\npublic enum Milter {}"),
            innocent: ("Sources/Milter/Innocent.swift", "// enum Milter\npublic enum MilterReply {}")
        ) { file in
            importsAllowed.keys.sorted().flatMap { module in
                lines(
                    of: file, file.code, matching: declares(module), hints: [module],
                    "a type named \(module) hides its module: find the noun")
            }
        },
        TidyRule(
            "nothing left to do", mutant: ("Sources/weir/Mutant.swift", "// Opens.\nlet a = 1  // TO" + "DO: later"),
            innocent: ("Sources/weir/Innocent.swift", "// Opens, and todos the rest.\nlet XXXL = 1")
        ) { file in
            let marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X"]
            return file.lines.enumerated().compactMap { index, line in
                guard marks.contains(where: { line.contains($0) }) else { return nil }
                let words = line.split { !$0.isLetter && !$0.isNumber && $0 != "_" }
                guard words.contains(where: { marks.contains(String($0)) }) else { return nil }
                return TidyFinding(
                    path: file.path, line: index + 1, message: "do it now, or open an issue and delete the mark")
            }
        },
        TidyRule(
            "every file opens with a comment", mutant: ("Sources/weir/Mutant.swift", "import WeirServer\n// Late."),
            innocent: ("Sources/weir/Innocent.swift", "// What this file is about.\nimport WeirServer")
        ) { file in
            file.text.hasPrefix("// ")
                ? [] : [TidyFinding(path: file.path, line: 1, message: "say in the first line what the file is about")]
        },
        TidyRule(
            "no paths of a machine",
            mutant: ("Sources/weir/Mutant.swift", "// Opens.\nlet file = \"/ho" + "me/ann/weir.yaml\""),
            innocent: ("Sources/weir/Innocent.swift", "// Opens.\nlet file = \"./var/weir/home/x\"")
        ) { file in
            let pattern = #"(^|[^\w.])/(ho"# + #"me|wo"# + #"rk|Us"# + #"ers|ro"# + #"ot)/\w"#
            return lines(
                of: file, file.lines.map(String.init), matching: pattern,
                "another machine has no such path: take it from the configuration")
        },
        TidyRule(
            "no file over 500 lines",
            mutant: ("Sources/weir/Mutant.swift", "// Opens.\n" + String(repeating: "let a = 1\n", count: 500)),
            innocent: ("Sources/weir/Innocent.swift", "// Opens.\n" + String(repeating: "let a = 1\n", count: 499))
        ) { file in
            let count = file.lines.last == "" ? file.lines.count - 1 : file.lines.count
            return count <= 500
                ? [] : [TidyFinding(path: file.path, line: 501, message: "\(count) lines: look for the second noun")]
        },
    ]

/// The standards that a text names: `RFC 5321`, and `2045` in `RFC 5322, 2045`.
func standards(in text: Substring) -> Set<String> {
    var found: Set<String> = []
    guard text.contains("RFC ") else { return found }
    for match in text.matches(of: /\bRFC (\d{3,5}(?:, \d{4}\b)*)/) {
        for number in match.1.split(separator: ", ") { found.insert("RFC \(number)") }
    }
    return found
}

/// The standards that files name and an index does not, each with the first place.
func standardsMissing(from index: String, in files: [SourceFile]) -> [TidyFinding] {
    let known = index.split(separator: "\n").reduce(into: Set<String>()) { $0.formUnion(standards(in: $1)) }
    var reported = known
    var findings: [TidyFinding] = []
    for file in files {
        for (line, text) in file.lines.enumerated() {
            for name in standards(in: text).sorted() where reported.insert(name).inserted {
                findings.append(
                    TidyFinding(
                        path: file.path, line: line + 1, message: "\(name) is not in Docs/rfc-index.md: add a row"))
            }
        }
    }
    return findings
}
