// Plans, identity and the CSV files: what is refused, what is only warned of.

import MailTypes
import Testing
import WeirEngine

@testable import WeirServer

/// The policy and identity sections.
@Suite struct ConfigurationPolicyTests {
    /// A file with one plan whose limits and keys are given.
    private static func plan(_ keys: String, limits: [String] = ["10 messages per hour"], behind: String = "") -> String
    {
        "policy:\n  plans:\n    - name: home\n\(keys)      limits:\n"
            + limits.map { "        - \($0)\n" }.joined() + behind
    }

    /// Faults of plans, with their places.
    @Test(arguments: [
        (plan("      kind: mua\n      action: defer\n"), "weir.yaml:5:15 conflict"),
        (plan("      kind: mta\n      action: defer\n"), ""),
        (plan("      kind: mua\n", limits: ["{limit: 1 message per day, action: defer}"]), "weir.yaml:6:46 conflict"),
        (plan("      kind: mua\n", limits: ["5 MB per day"]), "weir.yaml:6:11 badLimit"),
        (plan("      kind: mua\n", limits: ["5 GB per day, burst 10239999"]), "weir.yaml:6:11 badLimit"),
        (plan("      kind: mua\n", limits: ["5 GB per day, burst 10240000"]), ""),
        (
            plan("      kind: mua\n", limits: ["1 message per day", "2 messages per day"]),
            "weir.yaml:7:11 duplicateName"
        ),
        (plan("      kind: mua\n", limits: ["1 message per day", "{limit: 2 messages per day, name: b}"]), ""),
        (plan("      kind: mua\n", limits: ["{limit: 2 messages per day, name: B}"]), "weir.yaml:6:45 badValue"),
        (plan("      kind: mua\n", limits: ["{name: b}"]), "weir.yaml:6:11 missingKey"),
        (plan("      kind: mua\n", limits: ["12"]), "weir.yaml:6:11 ambiguous"),
        (plan("      kind: person\n"), "weir.yaml:4:13 badValue"), (plan(""), "weir.yaml:3:7 missingKey"),
        (plan("      kind: mua\n      mode: off\n"), "weir.yaml:5:13 ambiguous"),
        (plan("      kind: mua\n      mode: observed\n"), "weir.yaml:5:13 badValue"),
        (plan("      kind: mua\n", limits: (1...33).map { "1 message per \($0) days" }), "weir.yaml:38:11 badValue"),
        (
            plan("      kind: mua\n", behind: "    - {name: home, kind: mta, limits: []}\n"),
            "weir.yaml:7:14 duplicateName"
        ),
        (plan("      kind: mua\n", behind: "    - {kind: mta, limits: []}\n"), "weir.yaml:7:7 missingKey"),
        (plan("      kind: mua\n", behind: "  default_plan: hom\n"), "weir.yaml:7:17 unknownName"),
        ("policy: {plans: []}\n", "weir.yaml:1:17 badValue"), ("policy: {plans: {a: b}}\n", "weir.yaml:1:17 wrongType"),
        ("policy: {contact: \"Größe\"}\n", "weir.yaml:1:19 badValue"),
        ("policy: {case_idle: 1s}\n", "weir.yaml:1:21 badValue"),
        ("policy: {message_bytes_max: 5}\n", "weir.yaml:1:29 badValue"),
        ("policy: {breaker: {share_of_active_percent: 101}}\n", "weir.yaml:1:45 badValue"),
    ]) func plans(yaml: String, expected: String) {
        #expect(ConfigurationFixture(yaml: yaml).places.joined(separator: " ") == expected)
    }

    /// Faults of the identity section, with their places.
    @Test(arguments: [
        ("ipv6_prefix: 129", "weir.yaml:2:16 badValue"), ("plus_separator: \"++\"", "weir.yaml:2:19 badValue"),
        ("plus_separator: \"\"", ""), ("header: {pattern: \"{subscriber}\"}", "weir.yaml:2:11 missingKey"),
        ("header: {field: \"X-A:\"}", "weir.yaml:2:19 badValue"),
        ("header: {field: X-A, pattern: \"id=\"}", "weir.yaml:2:33 badValue"),
        ("header: {field: X-A}", ""), ("networks: [192.0.2.1/24]", "weir.yaml:2:14 badValue"),
        ("networks: [example.net]", "weir.yaml:2:14 badValue"),
        ("trusted_relays: 192.0.2.1", "weir.yaml:2:19 wrongType"),
        ("exempt: [ann+list@example.net]", "weir.yaml:2:12 badValue"), ("exempt: [007]", "weir.yaml:2:12 ambiguous"),
        ("exempt: [\"[192.0.2.1/32]\"]", "weir.yaml:2:12 badValue"),
        ("exempt: [\"[IPv6:2001:db8::/48]\"]", "weir.yaml:2:12 badValue"),
        ("exempt: [\"[IPv6:2001:db8::1]\"]", "weir.yaml:2:12 badValue"),
        ("exempt: [\"[192.0.2\"]", "weir.yaml:2:12 badValue"),
        ("subscribers: {a: {plan: defalt}}", "weir.yaml:2:27 unknownName"), ("subscribers: {a: {plan: default}}", ""),
        ("subscribers: {Ann: {}, ann: {}}", "weir.yaml:2:26 duplicateName"),
        ("subscribers: [a]", "weir.yaml:2:16 wrongType"),
        ("subscribers: {a: {limits: {messages-2h: 1 message per hour}}}", "weir.yaml:2:30 unknownName"),
        ("subscribers: {a: {limits: {messages-1h: 1 message per day}}}", "weir.yaml:2:43 conflict"),
        ("subscribers: {a: {limits: {messages-1h: 1 recipient per hour}}}", "weir.yaml:2:43 conflict"),
        ("subscribers: {a: {limits: {messages-1h: none}}}", "weir.yaml:2:43 badLimit"),
        ("subscribers: {a: {parent: b}}", "weir.yaml:2:29 unknownName"),
        ("subscribers: {a: {parent: a}}", "weir.yaml:2:29 badChain"),
        ("subscribers: {a: {parent: b}, b: {parent: a}}", "weir.yaml:2:29 badChain weir.yaml:2:45 badChain"),
        ("subscribers: {a: {parent: b}, b: {parent: c}, c: {parent: d}, d: {}}", ""),
        (
            "subscribers: {a: {parent: b}, b: {parent: c}, c: {parent: d}, d: {parent: e}, e: {}}",
            "weir.yaml:2:29 badChain"
        ),
        ("address_map: none.csv", "weir.yaml:2:16 unreadable"),
    ]) func identity(line: String, expected: String) {
        #expect(ConfigurationFixture(yaml: "identity:\n  \(line)\n").places.joined(separator: " ") == expected)
    }

    /// One fault in the plans causes no others further down.
    @Test func faultsDoNotBreed() {
        let yaml = """
            policy:
              plans:
                - {name: Home, kind: mua, limits: []}
                - {name: work, kind: mua, limits: [5 apples per day]}
              default_plan: home
            identity:
              subscribers:
                a: {plan: home}
                b: {plan: work, limits: {apples-1d: 7 apples per day}}
            """
        #expect(ConfigurationFixture(yaml: yaml).places == ["weir.yaml:3:14 badValue", "weir.yaml:4:42 badLimit"])
    }

    /// What works and is probably not as meant.
    @Test(arguments: [
        (
            plan("      kind: mua\n", limits: ["1 message per day", "2 messages per hour, burst 2"]),
            "weir.yaml:7:11: warning: '2 messages per hour' is never reached: '1 message per day' always comes first."
        ),
        (
            plan(
                "      kind: mua\n",
                limits: ["1 message per day", "{limit: 2 messages per hour, mode: enforce, action: reject}"]), ""
        ),
        (
            plan("      kind: mua\n", limits: ["100 GB per minute"]),
            "weir.yaml:6:11: warning: '100 GB per minute' lets 40 % less through than it says, as intervals are rounded up to whole nanoseconds."
        ),
        (
            plan("      kind: mua\n", behind: "    - {name: spare, kind: mta, limits: []}\n"),
            "weir.yaml:7:14: warning: The plan 'spare' has no limits.\nweir.yaml:7:14: warning: No subscriber has the plan 'spare', and it is not the default plan."
        ),
        (
            plan("      kind: mua\n", limits: ["{limit: 5 messages per day, mode: enforce}"]),
            "weir.yaml: warning: Mail is held, but hold_helper is not set: `weir hold` can't list or release it, only postqueue and postsuper by hand."
        ),
        (
            plan(
                "      kind: mua\n", limits: ["{limit: 5 messages per day, mode: enforce}"],
                behind: "  observe_everything: true\n"),
            "weir.yaml: warning: policy.observe_everything is true: lines that say enforce (1) only observe."
        ),
        (
            "listen: {policy: [0.0.0.0:10040]}\n",
            "weir.yaml:1:19: warning: The policy door knows no passwords: let a firewall admit only your mail hosts to 0.0.0.0:10040."
        ),
        (
            "listen: {milter: []}\nidentity: {header: {field: X-A}}\n",
            "weir.yaml: warning: identity.header needs the milter door, which alone sees header fields; listen.milter is empty."
        ),
    ]) func warnings(yaml: String, expected: String) throws {
        let configuration = try ConfigurationFixture(yaml: yaml).configuration()
        let expected = expected.replacing("1 message per day", with: "1 messages per day")
        #expect(configuration.warnings.map(\.description).joined(separator: "\n") == expected)
    }
}

/// The two CSV files.
@Suite struct ConfigurationFileTests {
    /// A configuration that names both files.
    private static func fixture(
        map: String = "network,subscriber\n", subscribers: String = "subscriber\n", inline: String = ""
    )
        -> ConfigurationFixture
    {
        ConfigurationFixture(
            yaml: "identity:\n  address_map: map.csv\n  subscribers_file: subscribers.csv\n\(inline)",
            files: ["map.csv": map, "subscribers.csv": subscribers])
    }

    /// Good files: quotes, comments, CRLF, a byte order mark, spaces, missing last columns, no newline at the end.
    @Test func good() throws {
        let configuration = try ConfigurationFileTests.fixture(
            map:
                "\u{FEFF}network,subscriber\r\n# lines\r\n\r\n192.0.2.0/24, \"Acme, Inc\"\r\n192.0.2.7,bob\r\n\"2001:db8::/48\",\"a \"\"b\"\"\"",
            subscribers: "Subscriber,Plan,Parent,Exempt\nacme,default,,\nAnn@Example.net,,acme,false\nmonitor,,,true\n",
            inline: "  subscribers: {ann@example.net: {exempt: true}, new: {parent: ann@example.net}}\n"
        ).configuration()
        let policy = configuration.policy(revision: 1)
        #expect(policy.addressMap.subscriber(of: .init("192.0.2.1")!) == "acme, inc")
        #expect(policy.addressMap.subscriber(of: .init("192.0.2.7")!) == "bob")
        #expect(policy.addressMap.subscriber(of: .init("2001:db8::1")!) == "a \"b\"")
        #expect(policy.subscribers["acme"] == SubscriberEntry(plan: "default"))
        #expect(policy.subscribers["ann@example.net"] == SubscriberEntry(parent: "acme", isExempt: true))
        #expect(policy.subscribers["new"]?.parent == "ann@example.net")
        #expect(policy.subscribers["monitor"]?.isExempt == true)
    }

    /// Bad address maps.
    @Test(arguments: [
        ("", "map.csv syntax"), ("192.0.2.0/24,a\n", "map.csv:1:1 syntax"), ("network\n", "map.csv:1:1 syntax"),
        ("network,subscriber,plan\n", "map.csv:1:1 syntax"), ("network,subscriber\n192.0.2.0/24\n", "map.csv:2 syntax"),
        ("network,subscriber\n\n#\n192.0.2.0/24,a,b\n", "map.csv:4 syntax"),
        ("network,subscriber\n192.0.2.1/24,a\n", "map.csv:2:1 badValue"),
        ("network,subscriber\n  x ,a\n", "map.csv:2:3 badValue"),
        ("network,subscriber\n192.0.2.1,\n", "map.csv:2:11 badValue"),
        ("network,subscriber\n192.0.2.1,\"a\n", "map.csv:2:11 syntax"),
        ("network,subscriber\n192.0.2.1,\"a\"b\n", "map.csv:2:11 syntax"),
        ("network,subscriber\n192.0.2.1,a\u{7}b\n", "map.csv:2:11 syntax"),
        ("network,subscriber\n192.0.2.1,a+b@c\n", "map.csv:2:11 badValue"),
        ("network,subscriber\n192.0.2.1,a\n192.0.2.1/32,b\n", "map.csv:3:1 duplicateName"),
        ("network,subscriber\n192.0.2.1,a\n" + String(repeating: "x", count: 5000) + "\n", "map.csv:3 syntax"),
    ]) func badMap(text: String, expected: String) {
        #expect(ConfigurationFileTests.fixture(map: text).places == [expected])
    }

    /// Bad subscribers.
    @Test(arguments: [
        ("subscriber,parent\n", "subscribers.csv:1:1 syntax"),
        ("subscriber,plan\na,residental\n", "subscribers.csv:2:3 unknownName"),
        ("subscriber\na\nA\n", "subscribers.csv:3:1 duplicateName"),
        ("subscriber,plan,parent,exempt\na,,,yes\n", "subscribers.csv:2:5 badValue"),
        ("subscriber,plan,parent\na,,b\n", "subscribers.csv:2:4 unknownName"),
        ("subscriber,plan,parent\na,,a\n", "subscribers.csv:2:4 badChain"),
        ("subscriber,plan,parent\na,,b\nb,,c\nc,,d\nd,,e\ne,,\n", "subscribers.csv:2:4 badChain"),
    ]) func badSubscribers(text: String, expected: String) {
        #expect(ConfigurationFileTests.fixture(subscribers: text).places == [expected])
    }

    /// Faults are shown in the order of files, and a message says what to do.
    @Test func messages() {
        let faults = ConfigurationFileTests.fixture(
            map: "network,subscriber\n192.0.2.1/24,a\n", subscribers: "subscriber,plan\na,defaul\n", inline: "foo: 1\n"
        ).faults
        #expect(
            faults == [
                "weir.yaml:4:1: found the unknown key 'foo', expected a key of the configuration: listen, state_directory, journal, decision_log, bounds, mail_hosts, mail_log, origin, hold_helper, policy, identity, detectors or ladder. Remove it, or write it where it belongs.",
                "map.csv:2:1: found '192.0.2.1/24', expected an address or a network such as 192.0.2.0/24. Bits are set behind the prefix: did you mean 192.0.2.0/24?",
                "subscribers.csv:2:3: found the unknown plan 'defaul', expected default. Did you mean 'default'?",
            ])
    }

    /// Paths count from the folder of the file.
    @Test func relativePaths() throws {
        var asked: [String] = []
        _ = try Configuration.parse("identity: {address_map: map.csv}\n", file: "/etc/weir/weir.yaml") {
            (path) throws(TextFile.Trouble) in
            asked.append(path)
            return Array("network,subscriber\n".utf8)
        }
        #expect(asked == ["/etc/weir/map.csv"])
    }

    /// Many subscribers are read, and as many faults are bounded.
    @Test func largeFiles() throws {
        var text = "subscriber,plan,parent,exempt\nroot,default,,\n"
        for number in 0..<20_000 { text += "user\(number)@example.net,default,root,\n" }
        let policy = try ConfigurationFileTests.fixture(subscribers: text).configuration().policy(revision: 1)
        #expect(policy.subscribers.count == 20_001)
        #expect(
            ConfigurationFileTests.fixture(subscribers: text.replacing(",default,", with: ",x,")).faults.count == 101)
    }
}
