// Would this Postfix ask Weir about every message, and go on without Weir? A pure judgement on postconf's output.

/// The check of a Postfix's settings against what Weir needs.
public struct PostfixCheck: Sendable {
    /// What there is to say of one service.
    public struct Line: Hashable, Sendable {
        /// `submission/inet`; `sendmail` for local submission.
        public var service: String
        /// What must change: mail would pass unseen, or be refused without Weir.
        public var changes: [String] = []
        /// What is worth knowing.
        public var notes: [String] = []
    }

    /// A line each smtpd service, and one for local submission.
    public private(set) var lines: [Line] = []
    /// Weir's policy listeners.
    private let policy: [Endpoint]
    /// Weir's milter listeners.
    private let milter: [Endpoint]

    /// The longest times that a message may wait for a Weir that is stopped, in seconds: a mail program gives up after
    /// minutes, and there are two policy requests and a handful of milter commands a message.
    private static let policySecondsMax: Int64 = 5
    /// As above, for the milter's connect, command and content timeouts.
    private static let milterSecondsMax: [(name: String, parameter: String, seconds: Int64)] = [
        ("connect_timeout", "milter_connect_timeout", 5), ("command_timeout", "milter_command_timeout", 10),
        ("content_timeout", "milter_content_timeout", 60),
    ]

    /// Judges some settings for a Weir that listens where `listeners` says.
    public init(_ settings: PostfixSettings, listeners: Configuration.Listeners = Configuration.defaults.listeners) {
        policy = listeners.policy
        milter = listeners.milter
        for service in settings.services where service.command == "smtpd" { lines.append(judge(service, settings)) }
        lines.append(judgeLocalSubmission(settings))
    }

    /// True where nothing must change.
    public var isGood: Bool { !lines.contains { !$0.changes.isEmpty } }
}

// MARK: - The policy door

extension PostfixCheck {
    /// Judges one smtpd service.
    private func judge(_ service: PostfixSettings.Service, _ settings: PostfixSettings) -> Line {
        var line = Line(service: service.description)
        var asked = Line(service: "")
        var isAsked = false
        for (stage, parameter) in [
            ("DATA", "smtpd_data_restrictions"), ("END-OF-MESSAGE", "smtpd_end_of_data_restrictions"),
        ] {
            if judgeRestrictions(stage, parameter, service, settings, &asked) { isAsked = true }
        }
        let milterServer = milterServer("smtpd_milters", service, settings)
        if takesBackFromFilter(service, settings) {
            line.notes.append(
                isAsked
                    ? "takes mail back from a content filter and asks Weir again: "
                        + "add -o smtpd_data_restrictions= -o smtpd_end_of_data_restrictions="
                    : "takes mail back from a content filter, rightly without asking again")
        } else if PostfixCheck.isLoopback(service.name), !isAsked, milterServer == nil {
            line.notes.append("does not ask Weir; right only if it takes mail back from a content filter")
        } else {
            line.changes += asked.changes
            line.notes += asked.notes
            judgeRecipientStage(service, settings, hasMilter: milterServer != nil, &line)
            judgeMilter(milterServer, service, settings, &line)
        }
        if !settings.value("smtpd_proxy_filter", service).text.isEmpty {
            line.changes.append(
                "remove smtpd_proxy_filter: with it there is no queue id, HOLD does nothing "
                    + "and the milter never sees the end of a message (content_filter works)"
            )
        }
        return line
    }

    /// Judges whether a list of restrictions reaches Weir, and how it is asked. True where Weir is in it at all.
    private func judgeRestrictions(
        _ stage: String, _ parameter: String, _ service: PostfixSettings.Service, _ settings: PostfixSettings,
        _ line: inout Line
    ) -> Bool {
        let (text, source) = settings.value(parameter, service)
        let found = PostfixCheck.policyServers(text).first { isWeir($0.endpoint, policy) }
        guard let found else {
            switch source {
            case .service:
                line.changes.append(
                    "not asked at \(stage): master.cf overrides \(parameter); "
                        + "remove that -o, or add the policy service to it"
                )
            case .main, .builtIn: line.changes.append("not asked at \(stage): add the policy service to \(parameter)")
            }
            return false
        }
        if let stop = found.stop {
            line.changes.append(
                "not asked at \(stage) after '\(stop)' in \(parameter): put the policy service before it")
        }
        judgePolicySettings(found.own, stage, service, settings, &line)
        return true
    }

    /// Judges what happens where Weir does not answer the policy door.
    private func judgePolicySettings(
        _ own: [String: String], _ stage: String, _ service: PostfixSettings.Service, _ settings: PostfixSettings,
        _ line: inout Line
    ) {
        func setting(_ name: String) -> String {
            own[name] ?? settings.value("smtpd_policy_service_\(name)", service).text
        }
        let action = setting("default_action")
        if action.uppercased() != "DUNNO" {
            line.changes.append("without Weir, mail gets '\(action)' at \(stage): write default_action=DUNNO")
        }
        if PostfixSettings.seconds(setting("timeout")).map({ $0 > PostfixCheck.policySecondsMax }) ?? true {
            line.changes.append("waits \(setting("timeout")) for a stopped Weir at \(stage): write timeout=3s")
        }
        if setting("try_limit") != "1" {
            line.changes.append("asks a silent Weir \(setting("try_limit")) times at \(stage): write try_limit=1")
        }
    }

    /// Judges RCPT, where Weir is asked in installations without the milter alone.
    private func judgeRecipientStage(
        _ service: PostfixSettings.Service, _ settings: PostfixSettings, hasMilter: Bool, _ line: inout Line
    ) {
        var isAsked = false
        for parameter in [
            "smtpd_client_restrictions", "smtpd_helo_restrictions", "smtpd_sender_restrictions",
            "smtpd_relay_restrictions",
            "smtpd_recipient_restrictions",
        ] {
            let text = settings.value(parameter, service).text
            guard let found = PostfixCheck.policyServers(text).first(where: { isWeir($0.endpoint, policy) }) else {
                continue
            }
            isAsked = true
            if let stop = found.stop {
                line.changes.append(
                    "not asked at RCPT after '\(stop)' in \(parameter): put the policy service before it")
            }
            judgePolicySettings(found.own, "RCPT", service, settings, &line)
        }
        if isAsked, hasMilter { line.notes.append("asks at RCPT too, which the milter makes needless") }
        if !isAsked, !hasMilter {
            line.notes.append("no milter and no question at RCPT: distinct and new recipients are unavailable")
        }
    }

    /// The policy servers of a restriction list, each with the first restriction before it that ends the list for
    /// somebody.
    private static func policyServers(_ text: String) -> [(endpoint: String, own: [String: String], stop: String?)] {
        var result: [(String, [String: String], String?)] = []
        var stop: String?
        let items = PostfixSettings.list(text)
        var index = 0
        while index < items.count {
            let item = items[index].lowercased()
            if item == "check_policy_service", index + 1 < items.count {
                index += 1
                let server = PostfixSettings.server(items[index])
                result.append((server.endpoint, server.own, stop))
            } else if stop == nil, item.hasPrefix("permit") || ["reject", "defer", "defer_if_permit"].contains(item) {
                if item != "defer_if_permit" { stop = items[index] }
            }
            index += 1
        }
        return result
    }
}

// MARK: - The milter door

extension PostfixCheck {
    /// Weir's entry in a list of milters, nil where it is not in it.
    private func milterServer(
        _ parameter: String, _ service: PostfixSettings.Service?, _ settings: PostfixSettings
    ) -> (endpoint: String, own: [String: String])? {
        PostfixSettings.list(settings.value(parameter, service).text).map(PostfixSettings.server)
            .first { isWeir($0.endpoint, milter) }
    }

    /// Judges the milter door of a service.
    private func judgeMilter(
        _ server: (endpoint: String, own: [String: String])?, _ service: PostfixSettings.Service,
        _ settings: PostfixSettings,
        _ line: inout Line
    ) {
        let overrides = PostfixSettings.list(settings.value("receive_override_options", service).text)
        guard let server else {
            let isOverridden = settings.value("smtpd_milters", service).source == .service
            line.notes.append(
                isOverridden && milterServer("smtpd_milters", nil, settings) != nil
                    ? "milter not asked: master.cf overrides smtpd_milters"
                    : "no milter: header fields are not seen, and an aborted message stays counted for 10 minutes")
            return
        }
        if overrides.contains("no_milters") {
            line.changes.append("milter not asked: remove no_milters from receive_override_options")
            return
        }
        judgeMilterSettings(server.own, service, settings, &line)
    }

    /// Judges what happens where Weir does not answer the milter door.
    private func judgeMilterSettings(
        _ own: [String: String], _ service: PostfixSettings.Service?, _ settings: PostfixSettings, _ line: inout Line
    ) {
        let action = own["default_action"] ?? settings.value("milter_default_action", service).text
        if action.lowercased() != "accept" {
            line.changes.append("without Weir's milter, mail gets '\(action)': write default_action=accept")
        }
        for (name, parameter, seconds) in PostfixCheck.milterSecondsMax {
            let given = own[name] ?? settings.value(parameter, service).text
            if PostfixSettings.seconds(given).map({ $0 > seconds }) ?? true {
                let better = name == "connect_timeout" ? "3s" : name == "command_timeout" ? "5s" : "30s"
                line.changes.append("waits \(given) for a stopped milter: write \(name)=\(better)")
            }
        }
    }

    /// Judges mail that comes in by the sendmail binary: web scripts and cron.
    private func judgeLocalSubmission(_ settings: PostfixSettings) -> Line {
        var line = Line(service: "sendmail (local)")
        if let server = milterServer("non_smtpd_milters", nil, settings) {
            judgeMilterSettings(server.own, nil, settings, &line)
        } else {
            line.changes.append("mail from the sendmail binary is not seen: set non_smtpd_milters = $smtpd_milters")
        }
        return line
    }
}

// MARK: - Recognising Weir

extension PostfixCheck {
    /// True where a server of Postfix's is one of Weir's listeners. By port alone for TCP: there Weir may bear a
    /// name or an outer address that its own configuration need not show.
    private func isWeir(_ server: String, _ endpoints: [Endpoint]) -> Bool {
        endpoints.contains { endpoint in
            switch endpoint {
            case .tcp(_, let port):
                server.hasPrefix("inet:") && server.split(separator: ":").last.map(String.init) == String(port)
            case .unix(let path, _):
                // Relative to the queue directory, or within the chroot.
                server.hasPrefix("unix:")
                    && (path == server.dropFirst(5)
                        || path.hasSuffix(
                            server.hasPrefix("unix:/") ? String(server.dropFirst(5)) : "/" + server.dropFirst(5)))
            }
        }
    }

    /// True for a service that a content filter hands mail back to: on loopback, with filter or milters taken out.
    private func takesBackFromFilter(_ service: PostfixSettings.Service, _ settings: PostfixSettings) -> Bool {
        func isEmptied(_ parameter: String) -> Bool {
            let (text, source) = settings.value(parameter, service)
            return source == .service && text.isEmpty
        }
        let overrides = PostfixSettings.list(settings.value("receive_override_options", service).text)
        return PostfixCheck.isLoopback(service.name)
            && (isEmptied("content_filter") || isEmptied("smtpd_milters") || overrides.contains("no_milters"))
    }

    /// True for a service that listens on loopback alone.
    private static func isLoopback(_ name: String) -> Bool {
        ["127.", "localhost:", "[::1]:", "::1:"].contains { name.hasPrefix($0) }
    }
}

// MARK: - Text

extension PostfixCheck: CustomStringConvertible {
    /// A line each service, then the block to copy.
    public var description: String {
        let rows = lines.map { line in
            [
                line.service, line.changes.isEmpty ? "ok" : "change",
                (line.changes + line.notes.map { "note: \($0)" }).joined(separator: "; "),
            ]
        }
        return ConfigurationReport.table(rows) + "\n" + block
    }

    /// The documented block, with the addresses that Weir listens on.
    public var block: String {
        let policyName = policy.first?.postfixName ?? "inet:127.0.0.1:10040"
        let milterName = milter.first?.postfixName ?? "inet:127.0.0.1:10041"
        let service = "check_policy_service { \(policyName), try_limit=1, timeout=3s, default_action=DUNNO }"
        var text = """
            # main.cf: behind what rejects, before what permits; remove -o overrides of these from master.cf
            smtpd_data_restrictions = \(service)
            smtpd_end_of_data_restrictions = \(service)

            """
        if !milter.isEmpty {
            let settings = "default_action=accept, connect_timeout=3s, command_timeout=5s, content_timeout=30s"
            text += """
                smtpd_milters = { \(milterName), \(settings) }
                non_smtpd_milters = $smtpd_milters

                """
        }
        return text
    }
}
