// Fixtures for configuration files: text in, a configuration or its faults out, no disk.

import Foundation
import Testing
import WeirEngine

@testable import WeirServer

/// A configuration file in a test, with the CSV files it names.
struct ConfigurationFixture {
    /// The text of `weir.yaml`.
    var yaml: String
    /// Other files by path.
    var files: [String: String] = [:]

    /// Reads it.
    func configuration() throws(ConfigurationFaults) -> Configuration {
        try Configuration.parse(yaml, file: "weir.yaml") { (path) throws(TextFile.Trouble) in
            guard let text = files[path] else { throw TextFile.Trouble(found: "no such file", remedy: "Write it.") }
            return Array(text.utf8)
        }
    }

    /// The faults, a line each; empty for a good file.
    var faults: [String] {
        do {
            _ = try configuration()
            return []
        } catch {
            return error.description.split(separator: "\n").map(String.init)
        }
    }

    /// The places and codes of the faults: `3:5 unknownKey`.
    var places: [String] {
        do {
            _ = try configuration()
            return []
        } catch {
            return error.faults.map { "\($0.place) \($0.code.rawValue)" }
        }
    }
}

/// A file of the repository.
func repositoryFile(_ path: String, from file: String = #filePath) -> String {
    URL(fileURLWithPath: file).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent(path).path
}

/// The value as a whole: defaults, every section, the example in Docs.
@Suite struct ConfigurationTests {
    /// An empty file, and one of comments, are the defaults.
    @Test(arguments: ["", "# nothing\n", "---\n", "{}\n"]) func emptyFileIsDefaults(_ yaml: String) throws {
        var configuration = try ConfigurationFixture(yaml: yaml).configuration()
        configuration.file = nil
        #expect(configuration == Configuration.defaults)
        #expect(!configuration.enforcesAnything)
    }

    /// The defaults are those that the documents promise.
    @Test func defaults() {
        let defaults = Configuration.defaults
        #expect(defaults.listeners.policy.map(\.description) == ["127.0.0.1:10040"])
        #expect(defaults.listeners.milter.map(\.description) == ["127.0.0.1:10041"])
        #expect(defaults.listeners.admin?.description == "127.0.0.1:10080")
        #expect(defaults.listeners.controlPath == "./var/weir/control.sock")
        #expect(defaults.stateDirectory == "./var/weir")
        #expect(defaults.policy(revision: 7).revision == 7)
        #expect(defaults.policy(revision: 1) == Policy())
    }

    /// Every setting arrives.
    @Test func everySetting() throws {
        let configuration = try ConfigurationFixture(
            yaml: """
                listen:
                  policy: ["[::1]:10040", {unix: /run/weir/policy.sock, mode: "0666"}]
                  milter: ["unix:/run/weir/milter.sock"]
                  admin: {address: 192.0.2.1:10080, allow_remote: true}
                  control: /run/weir/control.sock
                state_directory: state
                journal: {keep: 90d, backlog: 16MiB}
                decision_log: {to: log/decisions.log, format: json}
                bounds: {subscribers: 5000, messages: 6000, held: 700, cases: 800}
                mail_hosts: {192.0.2.25: mx1, "2001:db8::25": mx1}
                hold_helper: /run/weir/hold.sock
                policy:
                  observe_everything: true
                  message_bytes_max: 20MB
                  contact: https://help.example.net
                  case_idle: 2h
                  breaker: {new_cases_per_hour: 5, share_of_active_percent: 2}
                  default_plan: second
                  plans:
                    - {name: first, kind: mta, limits: [10 messages per hour]}
                    - name: second
                      kind: mua
                      action: reject
                      mode: enforce
                      limits:
                        - 300 recipients per hour, burst 60
                        - {limit: 2 GB per day, action: hold, mode: observe, name: volume}
                identity:
                  ipv6_prefix: 56
                  plus_separator: "-"
                  subscribers:
                    Ann@Example.net: {plan: first, parent: acme, exempt: false, limits: {messages-1h: 50 messages per hour}}
                    acme: {}
                  exempt: ["[192.0.2.1]", "[IPv6:2001:db8::/56]"]
                  header: {field: X-User, pattern: "id={subscriber};"}
                  trusted_relays: [192.0.2.80]
                  networks: [192.0.2.0/24, "2001:db8::/32"]
                """
        ).configuration()
        #expect(configuration.listeners.policy.map(\.description) == ["[::1]:10040", "unix:/run/weir/policy.sock"])
        #expect(configuration.listeners.policy[1] == .unix(path: "/run/weir/policy.sock", mode: 0o666))
        #expect(configuration.listeners.milter == [.unix(path: "/run/weir/milter.sock", mode: 0o660)])
        #expect(configuration.listeners.admin?.description == "192.0.2.1:10080")
        #expect(configuration.listeners.controlPath == "/run/weir/control.sock")
        #expect(configuration.stateDirectory == "state")
        #expect(configuration.journal == .init(keepSeconds: 90 * 86_400, backlogBytesMax: 16 << 20))
        #expect(configuration.decisionLog == .init(destination: .file("log/decisions.log"), format: .json))
        #expect(configuration.bounds == .init(subscribersMax: 5000, messagesMax: 6000, heldMax: 700, casesMax: 800))
        #expect(configuration.mailHosts.name(of: .init("192.0.2.25")) == "mx1")
        #expect(configuration.mailHosts.name(of: .init("2001:db8::25")) == "mx1")
        #expect(configuration.holdHelperPath == "/run/weir/hold.sock")
        let policy = configuration.policy(revision: 3)
        #expect(policy.observesEverything)
        #expect(policy.contact == "https://help.example.net")
        #expect(policy.caseIdleSeconds == 7200)
        #expect(policy.breaker == .init(newCasesPerHour: 5, shareOfActivePercent: 2))
        #expect(policy.plans.map(\.name) == ["second", "first"])
        #expect(
            policy.plans[0].limits == [
                Limit(300, .recipients, perSeconds: 3600, burst: 60, action: .reject, isEnforced: true),
                Limit(name: "volume", 2_000_000_000, .bytes, perSeconds: 86_400, action: .hold, isEnforced: false),
            ])
        #expect(policy.plans[1].limits == [Limit(10, .messages, perSeconds: 3600, action: .defer, isEnforced: false)])
        #expect(policy.ipv6PrefixLength == 56)
        #expect(policy.plusSeparator == "-")
        #expect(
            policy.subscribers["ann@example.net"]
                == SubscriberEntry(
                    plan: "first", parent: "acme", overrides: ["messages-1h": LimitOverride(amount: 50, burst: 50)]))
        #expect(policy.subscribers["[192.0.2.1]"]?.isExempt == true)
        #expect(policy.headerRule?.pattern == "id={subscriber};")
        #expect(policy.trustedRelays.map(\.description) == ["192.0.2.80/32"])
        #expect(policy.networks.map(\.description) == ["192.0.2.0/24", "2001:db8::/32"])
        #expect(!configuration.enforcesAnything)
    }

    /// A client address of IPv6 is found under the name that attribution gives it, capitals and all.
    @Test func addressLiterals() throws {
        let yaml = "identity: {exempt: [\"[ipv6:2001:DB8:0::/64]\", \"[192.0.2.1]\"]}\n"
        let policy = try ConfigurationFixture(yaml: yaml).configuration().policy(revision: 1)
        #expect(policy.subscribers["[192.0.2.1]"]?.isExempt == true)
        #expect(policy.subscribers["[IPv6:2001:db8::/64]"]?.isExempt == true)
        let names = SubscriberName(plusSeparator: "+", ipv6PrefixLength: 64)
        #expect(try names.normalised("[ipv6:2001:DB8:0::/64]") == "[IPv6:2001:db8::/64]")
        #expect(try names.normalised("Ann@Example.net") == "ann@example.net")
    }

    /// Names of mail hosts.
    @Test func mailHosts() {
        let hosts = MailHosts()
        #expect(hosts.name(of: nil) == "localhost")
        #expect(hosts.name(of: .init("127.0.0.1")) == "localhost")
        #expect(hosts.name(of: .init("::1")) == "localhost")
        #expect(hosts.name(of: .init("192.0.2.9")) == "192.0.2.9")
    }

    /// The example is good as it stands, and with every setting that it leaves off.
    @Test func example() throws {
        let path = repositoryFile("Docs/weir.example.yaml")
        let configuration = try Configuration.load(path: path)
        #expect(configuration.policyDraft.plans.map(\.name) == ["residential", "business"])
        #expect(configuration.bounds == .defaults)
        #expect(configuration.journal == .defaults)
        #expect(configuration.messageBytesMax == Configuration.messageBytesMaxDefault)
        #expect(configuration.policyDraft.breaker == .defaults)
        #expect(configuration.warnings.isEmpty)
        var lines: [Substring] = []
        for line in try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n") {
            let isSetting = line.hasPrefix("#") && !line.hasPrefix("# ") || line.hasPrefix("#  ")
            guard isSetting else {
                lines.append(line)
                continue
            }
            let setting = line.dropFirst()
            let key = setting.prefix { $0 != ":" } + ":"
            lines.removeAll { $0.hasPrefix(key) }
            lines.append(setting)
        }
        // Databases are read from disk: two of a folder of this test in place of GeoLite2's.
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "weir-example-\(ProcessInfo.processInfo.processIdentifier)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let yaml = lines.joined(separator: "\n")
            .replacingOccurrences(
                of: "/var/lib/GeoIP/GeoLite2-ASN.mmdb",
                with: try SampleOriginDatabase.systems().write(to: folder, "asn.mmdb")
            )
            .replacingOccurrences(
                of: "/var/lib/GeoIP/GeoLite2-City.mmdb",
                with: try SampleOriginDatabase.countries().write(to: folder, "city.mmdb"))
        let whole = ConfigurationFixture(
            yaml: yaml,
            files: ["addresses.csv": "network,subscriber\n", "subscribers.csv": "subscriber,plan,parent,exempt\n"])
        #expect(whole.faults == [])
        #expect(try whole.configuration().listeners.policy.count == 2)
    }

    /// A file that is not there, and a folder.
    @Test func unreadable() {
        #expect { try Configuration.load(path: "/nonexistent/weir.yaml") } throws: {
            ($0 as? ConfigurationFaults)?.isUnreadable == true
                && "\($0)"
                    == "/nonexistent/weir.yaml: found no such file, expected a readable file. Check the path, or write the file."
        }
        #expect { try Configuration.load(path: "/") } throws: { ($0 as? ConfigurationFaults)?.isUnreadable == true }
    }

    /// What a reload can't change.
    @Test func keysNeedingRestart() throws {
        let other = try ConfigurationFixture(
            yaml: "{state_directory: /srv/weir, bounds: {cases: 100}}"
        ).configuration()
        #expect(other.keysNeedingRestart(from: .defaults) == ["listen", "state_directory", "bounds"])
        #expect(Configuration.defaults.keysNeedingRestart(from: .defaults) == [])
    }

    /// The report: columns, the true maximum, warnings.
    @Test func report() throws {
        let twice = ConfigurationFixture(
            yaml: """
                policy:
                  plans:
                    - name: home
                      kind: mua
                      limits:
                        - 300 recipients per hour, burst 60
                        - {limit: 2 GB per day, mode: enforce, action: reject}
                        - 400 recipients per hour
                """)
        #expect(twice.faults.count == 1)
        let good = try ConfigurationFixture(
            yaml: twice.yaml.replacing("400 recipients per hour", with: "400 recipients per 30 minutes")
        )
        .configuration()
        #expect(
            ConfigurationReport(good).description == """
                weir.yaml: 1 plan, 0 subscribers, 0 address blocks. 1 of 3 limits enforced.

                plan home (mua, people's mail programs; the default plan)
                  limit           line                               beyond it       most in an hour  most in a day
                  recipients-1h   300 recipients per hour, burst 60  hold, observed              360          7,260
                  bytes-1d        2 GB per day                       reject            2,083,333,333  4,000,000,000
                  recipients-30m  400 recipients per 30 minutes      hold, observed            1,200         19,600

                detectors off: nobody is looked at for a take-over

                weir.yaml:8:11: warning: '400 recipients per 30 minutes' is never reached: '300 recipients per hour, burst 60' always comes first.

                """)
    }
}
