// `mail_log:`: which log is followed for delivery results.

import MailTypes

extension Configuration {
    /// The mail log that is followed.
    struct LogToFollow: Hashable, Sendable {
        /// Where it is.
        enum Source: Hashable, Sendable {
            /// A file, by its name.
            case file(String)
            /// systemd's journal.
            case journald
        }

        /// Where it is.
        var source: Source
        /// Seconds east of UTC of stamps without an offset; nil for the machine's own zone.
        var zoneSeconds: Int?
        /// The hosts in it.
        var hosts = LogHosts()
    }
}

extension Configuration.LogToFollow: CustomStringConvertible {
    /// One line for `weir check`.
    var description: String {
        let what =
            switch source {
            case .file(let path): path
            case .journald: "systemd's journal, by journalctl"
            }
        let whose =
            hosts.names.isEmpty
            ? "every line as \(MailHosts.localName)'s"
            : hosts.names.sorted { $0.key < $1.key }.map { "\($0.key) as \($0.value)" }.joined(separator: ", ")
        return "delivery results: \(what), \(whose)"
    }
}

extension ConfigurationReader {
    /// `mail_log:`.
    func mailLog(_ node: StrictNode) -> Configuration.LogToFollow? {
        guard let section = node.mapping("mail_log", keys: ["follow", "journald", "zone", "hosts"]) else { return nil }
        var log: Configuration.LogToFollow
        let isJournald = section["journald"]?.bool() ?? false
        switch (section["follow"], isJournald) {
        case (let follow?, false):
            guard let path = path(follow, "the path of the mail log") else { return nil }
            log = Configuration.LogToFollow(source: .file(path))
        case (nil, true):
            log = Configuration.LogToFollow(source: .journald)
        case (let follow?, true):
            follow.fault(
                .conflict, expected: "follow or journald, not both",
                remedy: "Keep the one that the mail server writes to; following both would count every result twice.")
            return nil
        case (nil, false):
            node.fault(
                .missingKey, found: "mail_log without a log", expected: "follow: and a path, or journald: true",
                remedy: "Add follow: /var/log/mail.log, or remove mail_log.")
            return nil
        }
        if let zone = section["zone"] { log.zoneSeconds = zoneSeconds(zone) }
        for (key, value) in section["hosts"]?.entries("a mapping of names in the log to names of mail hosts") ?? [] {
            guard let host = key.string("a host's name as the log has it"),
                let name = value.string("the mail host's name as the doors have it: localhost, or one of mail_hosts")
            else { continue }
            guard log.hosts.names.updateValue(name, forKey: host) == nil else {
                key.fault(.duplicateName, expected: "each host once", remedy: "Remove one of the lines.")
                continue
            }
        }
        return log
    }

    /// `UTC`, or an offset such as `"+01:00"`.
    private func zoneSeconds(_ node: StrictNode) -> Int? {
        let expected = "UTC, or an offset in quotes such as \"+01:00\""
        guard let text = node.string(expected) else { return nil }
        if text == "UTC" { return 0 }
        let digits = text.utf8.dropFirst()
        if let sign = text.first, sign == "+" || sign == "-", digits.count == 5,
            text.utf8.dropFirst(3).first == UInt8(ascii: ":"),
            digits.enumerated().allSatisfy({ $0.offset == 2 || $0.element >= 48 && $0.element <= 57 }),
            let hours = Int(text.dropFirst().prefix(2)), let minutes = Int(text.suffix(2)), hours <= 14, minutes < 60
        {
            return (hours * 3600 + minutes * 60) * (sign == "-" ? -1 : 1)
        }
        node.fault(.badValue, expected: expected, remedy: "Leave it out where the log has the machine's own time.")
        return nil
    }
}
