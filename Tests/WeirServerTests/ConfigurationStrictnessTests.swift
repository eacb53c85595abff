// What a configuration file may not say, and what the operator reads then: line, column and wording.

import Testing

@testable import WeirServer

/// Every refusal with its exact place.
@Suite struct ConfigurationStrictnessTests {
    /// Messages as operators see them.
    @Test(arguments: [
        (
            "polcy: {}\n",
            "weir.yaml:1:1: found the unknown key 'polcy', expected a key of the configuration: listen, state_directory, journal, decision_log, bounds, mail_hosts, mail_log, origin, hold_helper, policy, identity, detectors or ladder. Did you mean 'policy'?"
        ),
        (
            "policy:\n  observe_everything: yes\n",
            "weir.yaml:2:23: found 'yes', expected true or false. Write true or false, without quotes: YAML readers disagree about every other word."
        ),
        (
            "decision_log:\n  format: on\n",
            "weir.yaml:2:11: found 'on', which YAML may read as a boolean, expected logfmt or json. If the text itself is meant, put it in quotes: \"on\"."
        ),
        (
            "bounds:\n  cases: 0123\n",
            "weir.yaml:2:10: found '0123', expected a number from 100 to 1000000. Write plain digits, without quotes, leading zeros, signs, points or underscores."
        ),
        (
            "journal:\n  keep: 30\n",
            "weir.yaml:2:9: found '30', expected a time such as 90s, 10m, 1h or 30d. Write a whole number and one of the units s, m, h, d or w."
        ),
        (
            "journal:\n  backlog: 5 apples\n",
            "weir.yaml:2:12: found '5 apples', expected a size such as 10240000, 10MB or 512KiB. Write a whole number, and kB, MB, GB, KiB, MiB or GiB behind it."
        ),
        (
            "listen:\n  admin: 0.0.0.0:10080\n",
            "weir.yaml:2:10: found '0.0.0.0:10080', expected a loopback address, as the admin listener knows no passwords. Listen on 127.0.0.1, or write admin: {address: \"0.0.0.0:10080\", allow_remote: true}."
        ),
        (
            "journal:\n",
            "weir.yaml:1:9: found nothing, expected journal: a mapping with keep or backlog. Write a line `name: value` for each entry."
        ),
        (
            "state_directory: a\njournal:\n  keep: 3d\nstate_directory: b\n",
            "weir.yaml:4:1: found the key 'state_directory' a second time (first on line 1), expected each key once. Keep one of them; if both are lists or mappings, put their contents together."
        ),
        (
            "policy:\n\tcontact: x\n",
            "weir.yaml:2:1: found a YAML error (while scanning for the next token: found character that cannot start any token), expected well-formed YAML. Indent with spaces: YAML allows no tabs."
        ),
    ]) func message(yaml: String, expected: String) {
        #expect(ConfigurationFixture(yaml: yaml).faults == [expected])
    }

    /// Places and kinds.
    @Test(arguments: [
        // Scalars.
        ("state_directory: 12\n", "weir.yaml:1:18 ambiguous"),
        ("state_directory: 2026-01-01\n", "weir.yaml:1:18 ambiguous"),
        ("state_directory: no\n", "weir.yaml:1:18 ambiguous"), ("state_directory: ~\n", "weir.yaml:1:18 wrongType"),
        ("state_directory: \"\"\n", "weir.yaml:1:18 badValue"), ("state_directory: [a]\n", "weir.yaml:1:18 wrongType"),
        ("state_directory: \"a\\nb\"\n", "weir.yaml:1:18 badValue"),
        ("bounds: {cases: 1_000}\n", "weir.yaml:1:17 wrongType"),
        ("bounds: {cases: \"1000\"}\n", "weir.yaml:1:17 wrongType"),
        ("bounds: {cases: -1}\n", "weir.yaml:1:17 wrongType"),
        ("bounds: {cases: 1.5}\n", "weir.yaml:1:17 wrongType"), ("bounds: {cases: 99}\n", "weir.yaml:1:17 badValue"),
        ("bounds: {cases: 99999999999999999999}\n", "weir.yaml:1:17 wrongType"),
        ("policy: {observe_everything: \"true\"}\n", "weir.yaml:1:30 ambiguous"),
        ("policy: {observe_everything: True}\n", "weir.yaml:1:30 ambiguous"),
        ("journal: {keep: 1h}\n", "weir.yaml:1:17 badValue"),
        ("journal: {keep: 01d}\n", "weir.yaml:1:17 wrongType"),
        ("journal: {backlog: 1KiB}\n", "weir.yaml:1:20 badValue"),
        ("journal: {backlog: 9999999999999TB}\n", "weir.yaml:1:20 wrongType"),
        // Documents.
        ("- a\n", "weir.yaml:1:1 wrongType"), ("a\n", "weir.yaml:1:1 wrongType"), ("a: [\n", "weir.yaml:2:1 syntax"),
        ("{}\n---\n{}\n", "weir.yaml:2:1 syntax"), ("journal: &x {keep: 3d}\n", "weir.yaml:1:10 syntax"),
        ("journal: {keep: &x 3d}\nstate_directory: *x\n", "weir.yaml:1:17 syntax"),
        ("journal: {keep: *x}\n", "weir.yaml:1:17 syntax"), ("state_directory: !!int abc\n", "weir.yaml:1:18 syntax"),
        ("state_directory: !secret abc\n", "weir.yaml:1:18 syntax"), ("? [a]\n: b\n", "weir.yaml:1:3 unknownKey"),
        ("<<: {}\n", "weir.yaml:1:1 unknownKey"), ("journal: {keep: 3d, keep: 4d}\n", "weir.yaml:1:11 duplicateKey"),
        ("journal:\n  keep: 3d\n  # note\n  \"keep\": 4d\n", "weir.yaml:4:3 duplicateKey"),
        // Listeners.
        ("listen: {policy: 127.0.0.1:10040, milter: {unix: /a}}\n", ""),
        ("listen: {policy: }\n", "weir.yaml:1:18 wrongType"),
        ("listen: {policy: [localhost:10040]}\n", "weir.yaml:1:19 badValue"),
        ("listen: {policy: [\"::1:10040\"]}\n", "weir.yaml:1:19 badValue"),
        ("listen: {policy: [127.0.0.1:0]}\n", "weir.yaml:1:19 badValue"),
        ("listen: {policy: [127.0.0.1:65536]}\n", "weir.yaml:1:19 badValue"),
        ("listen: {policy: [127.0.0.1:010040]}\n", "weir.yaml:1:19 badValue"),
        ("listen: {policy: [inet:127.0.0.1:1]}\n", "weir.yaml:1:19 badValue"),
        ("listen: {policy: [unix:run/x]}\n", "weir.yaml:1:19 badValue"),
        ("listen: {policy: [10040]}\n", "weir.yaml:1:19 ambiguous"),
        ("listen: {policy: [{unix: /x, mode: 0660}]}\n", "weir.yaml:1:36 ambiguous"),
        ("listen: {policy: [{unix: /x, mode: \"999\"}]}\n", "weir.yaml:1:36 badValue"),
        ("listen: {policy: [{mode: \"660\"}]}\n", "weir.yaml:1:19 missingKey"),
        ("listen: {policy: [127.0.0.1:10041]}\n", "weir.yaml:1:9 conflict"),
        ("listen: {milter: [127.0.0.1:10040]}\n", "weir.yaml:1:19 conflict"),
        ("listen: {policy: [127.0.0.1:1, 0.0.0.0:1]}\n", "weir.yaml:1:32 conflict"),
        ("listen: {policy: [127.0.0.1:10080]}\n", "weir.yaml:1:9 conflict"),
        ("listen: {policy: [unix:/a], milter: [unix:/a]}\n", "weir.yaml:1:38 conflict"),
        ("listen: {policy: [], milter: []}\n", "weir.yaml:1:9 conflict"), ("listen: {admin: none}\n", ""),
        ("listen: {admin: {allow_remote: true}}\n", "weir.yaml:1:17 missingKey"),
        // Mail hosts and the log.
        ("mail_hosts: {mx1: mx1}\n", "weir.yaml:1:14 badValue"),
        ("mail_hosts: {192.0.2.1: a, \"::ffff:192.0.2.1\": b}\n", "weir.yaml:1:28 duplicateName"),
        ("decision_log: {to: \"-\"}\n", ""), ("decision_log: {to: stduot}\n", "weir.yaml:1:20 badValue"),
    ]) func place(yaml: String, expected: String) {
        let places = ConfigurationFixture(yaml: yaml).places.joined(separator: " ")
        #expect(places == expected)
    }

    /// All faults at once, in the order of lines; beyond a hundred they are counted.
    @Test func manyFaults() {
        let yaml = "identity: {ipv6_prefix: 0}\njournal: {keep: x, backlog: y}\nfoo: 1\n"
        #expect(
            ConfigurationFixture(yaml: yaml).places == [
                "weir.yaml:1:25 badValue", "weir.yaml:2:17 wrongType", "weir.yaml:2:29 wrongType",
                "weir.yaml:3:1 unknownKey",
            ])
        let many = (0..<150).map { "key\($0): 1\n" }.joined()
        let faults = ConfigurationFixture(yaml: many).faults
        #expect(faults.count == 101)
        #expect(faults.last == "and 50 more faults.")
    }

    /// Deep nesting and bytes that are not UTF-8 are faults, not crashes; terminals are left alone.
    @Test func hostileBytes() {
        #expect(ConfigurationFixture(yaml: String(repeating: "[", count: 100_000)).places.count == 1)
        #expect(ConfigurationFixture(yaml: String(repeating: "{a: ", count: 5000)).places.count == 1)
        #expect(ConfigurationFixture(yaml: "a\u{0}b: 1\n").places.count == 1)
        #expect(quoted("a\u{1B}[2J\n\u{9B}") == "'a?[2J\\n?'")
        let faults = FaultCollector()
        #expect(TextFile.text([97, 10, 98, 10, 0xFF, 10], file: "weir.yaml", faults: faults) == nil)
        #expect(faults.result?.faults.first?.place.description == "weir.yaml:3")
    }

    /// Slips are guessed, other words are not.
    @Test func spelling() {
        #expect(Spelling.nearest(to: "polcy", among: ["policy", "plans"]) == "policy")
        #expect(Spelling.nearest(to: "hodl", among: ["hold", "defer"]) == "hold")
        #expect(Spelling.nearest(to: "Enforce", among: ["observe", "enforce"]) == "enforce")
        #expect(Spelling.nearest(to: "banana", among: ["observe", "enforce"]) == nil)
    }

    /// Sizes and times.
    @Test func quantities() {
        #expect(Quantity.byteCount("10MB") == 10_000_000)
        #expect(Quantity.byteCount("512 KiB") == 524_288)
        #expect(Quantity.byteCount("MB") == nil)
        #expect(Quantity.byteText(10_240_000) == "10240000 bytes")
        #expect(Quantity.byteText(64 << 20) == "64 MiB")
        #expect(Quantity.seconds("90s") == 90)
        #expect(Quantity.seconds("2w") == 1_209_600)
        #expect(Quantity.seconds("h") == nil)
        #expect(Quantity.seconds("-1h") == nil)
    }
}
