// The sections of `weir.yaml` in the order of Docs/configuration.md, apart from plans, identity and detectors, which have
// files of their own.

import MailTypes
import WeirEngine

/// Reads one document. Every method notes faults and goes on, so that all of them are shown at once.
struct ConfigurationReader {
    /// The file, as it was named.
    let file: String
    /// Where faults and warnings go.
    let faults: FaultCollector
    /// Fetches a file.
    let read: (String) throws(TextFile.Trouble) -> [UInt8]

    /// The keys at the top.
    private static let keys = [
        "listen", "state_directory", "journal", "decision_log", "bounds", "mail_hosts", "mail_log", "origin",
        "hold_helper", "policy", "identity", "detectors", "ladder",
    ]

    /// The configuration of a text. Worth something only if no fault was noted.
    func configuration(of text: String) -> Configuration {
        var result = Configuration.defaults
        result.file = file
        guard let root = StrictDocument.root(of: text, file: file, faults: faults),
            let top = root.mapping("the configuration", keys: ConfigurationReader.keys)
        else { return result }
        if let node = top["state_directory"], let path = path(node, "a folder") {
            result.stateDirectory = path
            result.listeners.controlPath = "\(path)/control.sock"
        }
        if let node = top["listen"] { readListeners(node, into: &result.listeners) }
        checkSocketPath(result.listeners.controlPath, at: top["listen"] ?? top["state_directory"])
        if let node = top["journal"] { readJournal(node, into: &result.journal) }
        if let node = top["decision_log"] { readDecisionLog(node, into: &result.decisionLog) }
        if let node = top["bounds"] { readBounds(node, into: &result.bounds) }
        if let node = top["mail_hosts"] { readMailHosts(node, into: &result.mailHosts) }
        if let node = top["mail_log"] { result.mailLog = mailLog(node) }
        if let node = top["origin"] { result.origins = origins(node) }
        if let node = top["hold_helper"], let path = path(node, "the path of the helper's Unix socket") {
            checkSocketPath(path, at: node)
            result.holdHelperPath = path
        }
        let plans = PlanSection(top["policy"], in: result, reader: self)
        result.messageBytesMax = plans.messageBytesMax
        result.policyDraft = plans.policy
        IdentitySection(top["identity"], plans: plans, reader: self).apply(to: &result.policyDraft)
        let detectors = DetectorSection(top["detectors"], top["ladder"])
        result.policyDraft.watch = detectors.settings
        PolicyReview(root: root, plans: plans, detectors: detectors, faults: faults).review(result)
        result.warnings = faults.warnings
        return result
    }

    /// A path; a relative one counts from the folder of the configuration file, wherever Weir was started.
    func path(_ node: StrictNode, _ what: String) -> String? {
        guard let given = node.string(what) else { return nil }
        if given.hasPrefix("/") { return given }
        guard let slash = file.lastIndex(of: "/") else { return given }
        return String(file[...slash]) + given
    }

    /// Refuses a path too long for a Unix socket.
    private func checkSocketPath(_ path: String, at node: StrictNode?) {
        guard path.utf8.count > Endpoint.pathBytesMax, let node else { return }
        node.fault(
            .badValue, found: quoted(path), expected: "a socket path of at most \(Endpoint.pathBytesMax) bytes",
            remedy: "Choose a shorter path: the system allows no longer ones for Unix sockets.")
    }
}

// MARK: - listen

extension ConfigurationReader {
    /// `listen:`.
    private func readListeners(_ node: StrictNode, into listeners: inout Configuration.Listeners) {
        guard let section = node.mapping("listen", keys: ["policy", "milter", "admin", "control"]) else { return }
        var seen: [(endpoint: Endpoint, key: String)] = []
        func note(_ endpoint: Endpoint, _ key: String, at item: StrictNode?) {
            if let other = seen.first(where: { $0.endpoint.collides(with: endpoint) }) {
                let found = item == nil ? "\(endpoint), the default of listen.\(key)" : "\(endpoint)"
                (item ?? node).fault(
                    .conflict, found: "\(found), which listen.\(other.key) has already",
                    expected: "a free port or socket",
                    remedy: "Give each listener its own.")
            }
            seen.append((endpoint, key))
        }
        for key in ["policy", "milter"] {
            var endpoints = key == "policy" ? listeners.policy : listeners.milter
            if let list = section[key] {
                endpoints = []
                // One listener needs no list.
                let isList = list.node.sequence != nil || list.isNull
                for item in isList ? list.list("a list of addresses such as [127.0.0.1:10040]") ?? [] : [list] {
                    guard let endpoint = endpoint(item) else { continue }
                    note(endpoint, key, at: item)
                    endpoints.append(endpoint)
                    if !endpoint.isLocal {
                        faults.warn(
                            at: item.place,
                            "The \(key) door knows no passwords: let a firewall admit only your mail hosts to \(endpoint)."
                        )
                    }
                }
            } else {
                for endpoint in endpoints { note(endpoint, key, at: nil) }
            }
            if key == "policy" { listeners.policy = endpoints } else { listeners.milter = endpoints }
        }
        if listeners.policy.isEmpty, listeners.milter.isEmpty, faults.isEmpty {
            node.fault(
                .conflict, found: "no policy and no milter listener", expected: "at least one door",
                remedy: "Remove an empty list to have its default back.")
        }
        if let admin = section["admin"] {
            listeners.admin = readAdmin(admin)
            if let endpoint = listeners.admin { note(endpoint, "admin", at: admin) }
        } else if let admin = listeners.admin {
            note(admin, "admin", at: nil)
        }
        if let control = section["control"], let path = path(control, "the path of a Unix socket") {
            checkSocketPath(path, at: control)
            listeners.controlPath = path
            note(.unix(path: path, mode: Endpoint.modeDefault), "control", at: control)
        }
    }

    /// `listen.admin`: an address, `none`, or a mapping where it may be reached from elsewhere.
    private func readAdmin(_ node: StrictNode) -> Endpoint? {
        var address = node
        var allowsRemote = false
        if node.node.mapping != nil {
            guard let section = node.mapping("listen.admin", keys: ["address", "allow_remote"]) else { return nil }
            allowsRemote = section["allow_remote"]?.bool() ?? false
            guard let given = section.required("address", remedy: "Add address: 127.0.0.1:10080.") else { return nil }
            address = given
        } else if node.node.scalar?.string == "none" {
            return nil
        }
        guard let endpoint = endpoint(address) else { return nil }
        if !endpoint.isLocal, !allowsRemote {
            address.fault(
                .conflict, expected: "a loopback address, as the admin listener knows no passwords",
                remedy:
                    "Listen on 127.0.0.1, or write admin: {address: \"\(endpoint)\", allow_remote: true}."
            )
        }
        return endpoint
    }

    /// `127.0.0.1:10040`, `unix:/path`, or `{unix: /path, mode: "0660"}`.
    private func endpoint(_ node: StrictNode) -> Endpoint? {
        let expected = "an address and port such as 127.0.0.1:10040, or unix:/path"
        if node.node.mapping != nil {
            guard let section = node.mapping("a Unix socket", keys: ["unix", "mode"]),
                let pathNode = section.required("unix", remedy: "Add unix: /path/of/the/socket."),
                let path = path(pathNode, "the path of a Unix socket")
            else { return nil }
            checkSocketPath(path, at: pathNode)
            return .unix(path: path, mode: section["mode"].map(mode) ?? Endpoint.modeDefault)
        }
        guard let text = node.string(expected) else { return nil }
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            guard path.hasPrefix("/") else {
                node.fault(.badValue, expected: "unix: and an absolute path", remedy: "Begin the path with a slash.")
                return nil
            }
            checkSocketPath(path, at: node)
            return .unix(path: path, mode: Endpoint.modeDefault)
        }
        if let endpoint = Endpoint(tcp: text) { return endpoint }
        node.fault(
            .badValue, expected: expected,
            remedy: text.hasPrefix("inet:")
                ? "Leave out 'inet:', which is Postfix's spelling."
                : "Write a numeric address, IPv6 in brackets: [::1]:10040; a name may mean two addresses."
        )
        return nil
    }

    /// A file mode in octal, in quotes: without them YAML readers disagree about the base.
    private func mode(_ node: StrictNode) -> UInt16 {
        let expected = "a file mode in quotes, such as \"0660\""
        guard let text = node.string(expected) else { return Endpoint.modeDefault }
        if let mode = UInt16(text, radix: 8), mode <= 0o777, mode & 0o600 == 0o600, !text.hasPrefix("+") { return mode }
        node.fault(
            .badValue, expected: expected, remedy: "Write three octal digits, as chmod takes them; the owner needs 6.")
        return Endpoint.modeDefault
    }
}

// MARK: - journal, decision_log, bounds, mail_hosts

extension ConfigurationReader {
    /// `journal:`.
    private func readJournal(_ node: StrictNode, into journal: inout Configuration.Journal) {
        guard let section = node.mapping("journal", keys: ["keep", "backlog"]) else { return }
        if let value = section["keep"]?.seconds("a time", in: 86_400...3660 * 86_400) { journal.keepSeconds = value }
        if let value = section["backlog"]?.byteCount("a size", in: 1 << 20...4 << 30) {
            journal.backlogBytesMax = value
        }
    }

    /// `decision_log:`.
    private func readDecisionLog(_ node: StrictNode, into log: inout Configuration.DecisionLog) {
        guard let section = node.mapping("decision_log", keys: ["to", "format"]) else { return }
        if let value = section["format"]?.choice(among: Configuration.DecisionLog.Format.allCases) {
            log.format = value
        }
        guard let to = section["to"], let text = to.string("stdout, stderr or the path of a file") else { return }
        switch text {
        case "stdout", "-": log.destination = .standardOutput
        case "stderr": log.destination = .standardError
        default:
            // A bare word is more likely a slip in `stdout` than a file that somebody wants in the working directory.
            guard text.contains("/"), let path = path(to, "a path") else {
                to.fault(
                    .badValue, expected: "stdout, stderr or the path of a file",
                    remedy: Spelling.remedy(
                        for: text, among: ["stdout", "stderr"], otherwise: "Write a path with a slash: ./\(text)."))
                return
            }
            log.destination = .file(path)
        }
    }

    /// `bounds:`.
    private func readBounds(_ node: StrictNode, into bounds: inout Engine.Bounds) {
        guard let section = node.mapping("bounds", keys: ["subscribers", "messages", "held", "cases"]) else { return }
        if let value = section["subscribers"]?.integer("a number", in: 100...20_000_000) {
            bounds.subscribersMax = value
        }
        if let value = section["messages"]?.integer("a number", in: 100...20_000_000) { bounds.messagesMax = value }
        if let value = section["held"]?.integer("a number", in: 100...10_000_000) { bounds.heldMax = value }
        if let value = section["cases"]?.integer("a number", in: 100...1_000_000) { bounds.casesMax = value }
    }

    /// `mail_hosts:`.
    private func readMailHosts(_ node: StrictNode, into hosts: inout MailHosts) {
        for (key, value) in node.entries("a mapping of addresses to names") ?? [] {
            guard let text = key.string("the address from which a mail host connects") else { continue }
            guard let address = NetworkAddress(text) else {
                key.fault(
                    .badValue, expected: "the address from which a mail host connects",
                    remedy: "Write a numeric address such as 192.0.2.25 or \"2001:db8::25\".")
                continue
            }
            guard let name = value.string("the host's name") else { continue }
            guard hosts.names.updateValue(name, forKey: address) == nil else {
                key.fault(
                    .duplicateName, expected: "each address once",
                    remedy: "Remove one of the lines; spellings of one address are equal.")
                continue
            }
        }
    }
}
