// The detectors and the ladder in weir.yaml: what is read, what is refused, what is warned of, what `weir check` shows.

import MailTypes
import Testing
import WeirEngine

@testable import WeirServer

@Suite struct ConfigurationDetectorTests {
    @Test func withoutTheSectionsNothingIsScored() throws {
        let configuration = try ConfigurationFixture(yaml: "journal: {keep: 3d}\n").configuration()
        #expect(configuration.policy(revision: 1).watch == .defaults)
        #expect(!configuration.policy(revision: 1).watch.isOn && !configuration.enforcesAnything)
        let file = try Configuration.load(path: repositoryFile("Docs/weir.example.yaml"))
        #expect(file.policy(revision: 1).watch == .defaults, "the example shows the defaults")
    }

    @Test func everyMemberIsRead() throws {
        let yaml = """
            detectors:
              mode: on
              false_containments_per_1000_years: 5
              weights: {content: 0, dead-recipients: 150, complaints: 300}
            ladder:
              enforce: held
              slowed_new_recipients_per_hour: 7
              contained_at_least: 2d
              trusted_after_release: 1w
            hold_helper: /run/weir/hold.sock
            """
        let configuration = try ConfigurationFixture(yaml: yaml).configuration()
        let watch = configuration.policy(revision: 1).watch
        #expect(
            watch
                == WatchSettings(
                    isOn: true, budget: 5, weights: [0, 100, 100, 100, 150, 100, 100, 100, 300], enforced: .held,
                    slowedNewRecipients: 7, containedSeconds: 172_800, vouchedSeconds: 604_800))
        #expect(configuration.enforcesAnything && configuration.warnings.isEmpty)
        #expect(
            ConfigurationReport.text(watch, observesEverything: false) == """

                detectors on: 5 false containments in 1000 subscriber-years put up with
                  rung       what it does                                       mode
                  observed   a case is opened, for a person to look at          always
                  slowed     7 new recipients an hour pass, mail to more waits  enforce
                  held       mail to new recipients waits                       enforce
                  contained  all mail waits, for 2d at least                    observe
                  Who is released is trusted for 7d.
                  Weights: content 0 %, dead-recipients 150 %, complaints 300 %; the others 100 %.

                """)
        #expect(!ConfigurationReport.text(watch, observesEverything: true).contains("enforce"))
    }

    @Test(arguments: [
        ("detectors: {mode: off}\n", ""), ("detectors: {mode: \"on\"}\n", ""),
        ("detectors: {mode: true}\n", "weir.yaml:1:19 badValue"), ("detectors: {mode: }\n", "weir.yaml:1:19 wrongType"),
        ("detectors: {mode: [on]}\n", "weir.yaml:1:19 wrongType"), ("detectors: on\n", "weir.yaml:1:12 wrongType"),
        ("detectors: {moed: on}\n", "weir.yaml:1:13 unknownKey"),
        ("detectors: {false_containments_per_1000_years: 0}\n", "weir.yaml:1:48 badValue"),
        ("detectors: {false_containments_per_1000_years: 0.5}\n", "weir.yaml:1:48 ambiguous"),
        ("detectors: {false_containments_per_1000_years: 1.5}\n", "weir.yaml:1:48 wrongType"),
        ("detectors: {false_containments_per_1000_years: 1001}\n", "weir.yaml:1:48 badValue"),
        ("detectors: {weights: {content: 300}}\n", ""),
        ("detectors: {weights: {content: 301}}\n", "weir.yaml:1:32 badValue"),
        ("detectors: {weights: {content: -1}}\n", "weir.yaml:1:32 wrongType"),
        ("detectors: {weights: {dead_recipients: 1}}\n", "weir.yaml:1:23 unknownKey"),
        ("detectors: {weights: {rate: 1, rate: 2}}\n", "weir.yaml:1:23 duplicateKey"),
        ("ladder: {enforce: observed}\n", "weir.yaml:1:19 badValue"),
        ("ladder: {enforce: contain}\n", "weir.yaml:1:19 badValue"), ("ladder: {enforce: none}\n", ""),
        ("ladder: {slowed_new_recipients_per_hour: 0}\n", "weir.yaml:1:42 badValue"),
        ("ladder: {contained_at_least: 1}\n", "weir.yaml:1:30 wrongType"),
        ("ladder: {contained_at_least: 30s}\n", "weir.yaml:1:30 badValue"),
        ("ladder: {trusted_after_release: 2000d}\n", "weir.yaml:1:33 badValue"),
        ("ladder: {trusted_after_release: 14 days}\n", "weir.yaml:1:33 wrongType"),
    ]) func place(yaml: String, expected: String) {
        #expect(ConfigurationFixture(yaml: yaml).places.joined(separator: " ") == expected)
    }

    @Test(arguments: [
        (
            "detectors: {mode: observe}\n",
            "weir.yaml:1:19: found 'observe', expected off or on. Write one of these words."
        ),
        (
            "detectors: {weights: {contents: 50}}\n",
            "weir.yaml:1:23: found the unknown key 'contents', expected a key of detectors.weights: content, recipients, identity, regularity, dead-recipients, rate, campaign, reputation or complaints. Did you mean 'content'?"
        ),
        (
            "ladder: {enforce: contian}\n",
            "weir.yaml:1:19: found 'contian', expected none, slowed, held or contained. Write one of these words."
        ),
        (
            "ladder: {contained_at_least: 30s}\n",
            "weir.yaml:1:30: found '30s', expected a time from 1m to 366d. Choose a time within the range."
        ),
    ]) func message(yaml: String, expected: String) {
        #expect(ConfigurationFixture(yaml: yaml).faults == [expected])
    }

    @Test(arguments: [
        (
            "ladder: {enforce: held}\n",
            "weir.yaml:1:19: warning: ladder.enforce is held, but detectors.mode is off: no rung is reached."
        ),
        (
            "detectors: {mode: on}\nladder: {enforce: slowed}\n",
            "weir.yaml: warning: Mail is held, but hold_helper is not set: `weir hold` can't list or release it, only postqueue and postsuper by hand."
        ),
        (
            "detectors: {mode: on}\nladder: {enforce: slowed}\npolicy: {observe_everything: true}\n",
            "weir.yaml: warning: policy.observe_everything is true: the ladder only observes, whatever ladder.enforce says."
        ),
        ("detectors: {mode: on}\n", ""),
    ]) func warning(yaml: String, expected: String) throws {
        let warnings = try ConfigurationFixture(yaml: yaml).configuration().warnings
        #expect(warnings.map(\.description).joined(separator: "\n") == expected)
    }

    @Test func aReloadTakesThem() throws {
        let old = try ConfigurationFixture(yaml: "{}\n").configuration()
        let new = try ConfigurationFixture(yaml: "detectors: {mode: on}\n").configuration()
        #expect(new.keysNeedingRestart(from: old).isEmpty)
        var engine = Engine(policy: old.policy(revision: 1), seed: 1)
        _ = engine.step(Input(at: Timestamp(seconds: 1), .policy(new.policy(revision: 1))))
        #expect(engine.policy.watch.isOn)
    }
}
