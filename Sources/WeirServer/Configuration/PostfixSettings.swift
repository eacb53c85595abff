// What `postconf` says of a Postfix: main.cf, the overrides of each service, and the services themselves.

/// Postfix's settings as text, read; nothing is asked of the machine.
public struct PostfixSettings: Sendable {
    /// A line of master.cf.
    public struct Service: Hashable, Sendable, CustomStringConvertible {
        /// The service name: `smtp`, `submission`, `127.0.0.1:10026`.
        public var name: String
        /// The service type: `inet`, `pass`, `unix`.
        public var type: String
        /// The program: `smtpd`.
        public var command: String

        /// `submission/inet`, as `postconf -P` writes it.
        public var description: String { "\(name)/\(type)" }
    }

    /// Where a value comes from.
    public enum Source: Hashable, Sendable {
        /// A `-o` of the service in master.cf.
        case service
        /// main.cf.
        case main
        /// Neither: Postfix's default.
        case builtIn
    }

    /// main.cf: `postconf -n`.
    private var main: [String: String] = [:]
    /// Overrides by `service/type`: `postconf -P`.
    private var overrides: [String: [String: String]] = [:]
    /// The services: `postconf -M`.
    public private(set) var services: [Service] = []

    /// Defaults of Postfix 3.4 to 3.10 (postconf(5)) for what is looked at here and is not empty.
    private static let builtIn = [
        "smtpd_policy_service_default_action": "451 4.3.5 Server configuration problem",
        "smtpd_policy_service_timeout": "100s", "smtpd_policy_service_try_limit": "2",
        "milter_default_action": "tempfail",
        "milter_connect_timeout": "30s", "milter_command_timeout": "30s", "milter_content_timeout": "300s",
    ]

    /// How deep `$name` is followed: Postfix itself refuses loops.
    private static let expansionsMax = 16

    /// Reads the output of `postconf -n`, `postconf -P` and `postconf -M`.
    public init(n: String, p: String, m: String) {
        for line in PostfixSettings.logicalLines(n) {
            if let (name, value) = PostfixSettings.assignment(line) { main[name] = value }
        }
        for line in PostfixSettings.logicalLines(p) {
            guard let (path, value) = PostfixSettings.assignment(line), let slash = path.lastIndex(of: "/") else {
                continue
            }
            overrides[String(path[..<slash]), default: [:]][String(path[path.index(after: slash)...])] = value
        }
        for line in PostfixSettings.logicalLines(m) {
            let fields = line.split(whereSeparator: \.isWhitespace).map(String.init)
            guard fields.count >= 8 else { continue }
            services.append(Service(name: fields[0], type: fields[1], command: fields[7]))
        }
    }

    /// Lines with their continuations, which begin with a blank (`postconf -f`), comments and empty lines left out.
    private static func logicalLines(_ text: String) -> [String] {
        var lines: [String] = []
        for line in text.split(whereSeparator: \.isNewline) {
            if line.hasPrefix("#") { continue }
            if line.first?.isWhitespace == true, !lines.isEmpty {
                lines[lines.count - 1] += " " + trimmed(line)
            } else {
                lines.append(String(line))
            }
        }
        return lines
    }

    /// `name = value`.
    private static func assignment(_ line: String) -> (String, String)? {
        guard let equals = line.firstIndex(of: "=") else { return nil }
        let name = trimmed(line[..<equals])
        return name.isEmpty ? nil : (name, trimmed(line[line.index(after: equals)...]))
    }

    /// Without blanks at either end.
    private static func trimmed(_ text: some StringProtocol) -> String {
        var rest = Substring(text)
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }

    /// The value of a parameter for a service, or for Postfix as a whole, `$name` followed; and where it is set.
    public func value(_ parameter: String, _ service: Service? = nil) -> (text: String, source: Source) {
        if let service, let own = overrides[service.description]?[parameter] {
            return (expand(own, service, depth: 0), .service)
        }
        if let value = main[parameter] { return (expand(value, service, depth: 0), .main) }
        return (PostfixSettings.builtIn[parameter] ?? "", .builtIn)
    }

    /// Follows `$name`, `${name}` and `$(name)`; conditional forms such as `${name?text}` are left as they are.
    private func expand(_ text: String, _ service: Service?, depth: Int) -> String {
        guard depth < PostfixSettings.expansionsMax, text.contains("$") else { return text }
        var result = ""
        var rest = Substring(text)
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            let isEnclosed = rest.first == "{" || rest.first == "("
            let inside = isEnclosed ? rest.dropFirst() : rest
            let name = inside.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
            let behind = inside[name.endIndex...]
            guard !name.isEmpty, !isEnclosed || behind.first == "}" || behind.first == ")" else {
                result += "$"
                continue
            }
            let parameter = String(name)
            let given = service.flatMap { overrides[$0.description]?[parameter] } ?? main[parameter]
            result += expand(given ?? PostfixSettings.builtIn[parameter] ?? "", service, depth: depth + 1)
            rest = isEnclosed ? behind.dropFirst() : behind
        }
        return result + rest
    }

    /// Splits a list at blanks and commas outside braces (Postfix mystrtokq()).
    static func list(_ text: some StringProtocol) -> [String] {
        var items: [String] = []
        var current = ""
        var depth = 0
        for character in text {
            if character == "{" { depth += 1 }
            if character == "}" { depth -= 1 }
            if depth <= 0, character == "," || character.isWhitespace {
                if !current.isEmpty { items.append(current) }
                current = ""
            } else {
                current.append(character)
            }
        }
        return current.isEmpty ? items : items + [current]
    }

    /// A server of a list: `inet:host:port`, or `{ inet:host:port, name=value, … }` with its own settings.
    static func server(_ item: String) -> (endpoint: String, own: [String: String]) {
        guard item.hasPrefix("{"), item.hasSuffix("}") else { return (item, [:]) }
        let parts = list(spacesAroundEqualsRemoved(String(item.dropFirst().dropLast())))
        var own: [String: String] = [:]
        for part in parts.dropFirst() {
            let (name, value) = assignment(part) ?? (part, "")
            own[name] = value.hasPrefix("{") && value.hasSuffix("}") ? trimmed(value.dropFirst().dropLast()) : value
        }
        return (parts.first ?? "", own)
    }

    /// `a = b` as `a=b`, which Postfix allows within braces.
    private static func spacesAroundEqualsRemoved(_ text: String) -> String {
        var result = ""
        var pending = ""
        for character in text {
            if character.isWhitespace, result.last != "=" {
                pending.append(character)
            } else if character == "=" {
                pending = ""
                result.append(character)
            } else if !character.isWhitespace {
                result += pending
                pending = ""
                result.append(character)
            }
        }
        return result
    }

    /// Seconds of a Postfix time value: `3s`, `5m`, `100` (seconds); nil for anything else.
    static func seconds(_ text: String) -> Int64? { Quantity.digits(text) ?? Quantity.seconds(text) }
}
