// `weir check --postfix` against what postconf prints: Postfix 3.7 on Debian 12 in the shapes that operators have.

import Testing

@testable import WeirServer

/// The judgement on Postfix's settings.
@Suite struct ConfigurationPostfixTests {
    /// The documented policy service.
    private static let service =
        "check_policy_service { inet:127.0.0.1:10040, try_limit=1, timeout=3s, default_action=DUNNO }"
    /// The documented milter.
    private static let milter =
        "{ inet:127.0.0.1:10041, default_action=accept, connect_timeout=3s, command_timeout=5s, content_timeout=30s }"
    /// main.cf with the documented block.
    private static let good = """
        compatibility_level = 3.6
        non_smtpd_milters = $smtpd_milters
        smtpd_data_restrictions = reject_unauth_pipelining, \(service)
        smtpd_end_of_data_restrictions = \(service)
        smtpd_milters = \(milter)
        """
    /// master.cf with port 25 and Debian's submission service.
    private static let master = """
        smtp       inet  n       -       y       -       -       smtpd
        submission inet  n       -       y       -       -       smtpd -o syslog_name=postfix/submission
        pickup     unix  n       -       y       60      1       pickup
        smtp       unix  -       -       y       -       -       smtp
        """
    /// Debian's submission template, as far as it matters.
    private static let debian = """
        submission/inet/syslog_name = postfix/submission
        submission/inet/smtpd_sasl_auth_enable = yes
        submission/inet/smtpd_client_restrictions =
        submission/inet/smtpd_recipient_restrictions = permit_sasl_authenticated,reject
        """

    /// What must change at a service.
    private func changes(_ service: String, n: String = good, p: String = debian, m: String = master) -> [String] {
        let check = PostfixCheck(PostfixSettings(n: n, p: p, m: m))
        return check.lines.first { $0.service == service }?.changes ?? ["no such service"]
    }

    /// The documented block is good, beside Debian's template too.
    @Test func documentedBlock() {
        let check = PostfixCheck(
            PostfixSettings(
                n: ConfigurationPostfixTests.good, p: ConfigurationPostfixTests.debian,
                m: ConfigurationPostfixTests.master))
        #expect(check.isGood)
        #expect(check.lines.map(\.service) == ["smtp/inet", "submission/inet", "sendmail (local)"])
        #expect(
            check.description == """
                  smtp/inet         ok
                  submission/inet   ok
                  sendmail (local)  ok

                # main.cf: behind what rejects, before what permits; remove -o overrides of these from master.cf
                smtpd_data_restrictions = check_policy_service { inet:127.0.0.1:10040, try_limit=1, timeout=3s, default_action=DUNNO }
                smtpd_end_of_data_restrictions = check_policy_service { inet:127.0.0.1:10040, try_limit=1, timeout=3s, default_action=DUNNO }
                smtpd_milters = { inet:127.0.0.1:10041, default_action=accept, connect_timeout=3s, command_timeout=5s, content_timeout=30s }
                non_smtpd_milters = $smtpd_milters

                """)
    }

    /// The block that is printed passes its own check, for Unix sockets too.
    @Test func printedBlockPasses() {
        var listeners = Configuration.defaults.listeners
        listeners.policy = [.unix(path: "/var/spool/postfix/weir/policy", mode: 0o660)]
        listeners.milter = [.unix(path: "/var/spool/postfix/weir/milter", mode: 0o660)]
        for listeners in [Configuration.defaults.listeners, listeners] {
            let empty = PostfixCheck(
                PostfixSettings(n: "", p: "", m: ConfigurationPostfixTests.master), listeners: listeners)
            #expect(!empty.isGood)
            let again = PostfixCheck(
                PostfixSettings(n: empty.block, p: "", m: ConfigurationPostfixTests.master), listeners: listeners)
            #expect(again.isGood)
        }
    }

    /// Postfix without Weir.
    @Test func notAsked() {
        #expect(
            changes("smtp/inet", n: "") == [
                "not asked at DATA: add the policy service to smtpd_data_restrictions",
                "not asked at END-OF-MESSAGE: add the policy service to smtpd_end_of_data_restrictions",
            ])
        #expect(
            changes("sendmail (local)", n: "") == [
                "mail from the sendmail binary is not seen: set non_smtpd_milters = $smtpd_milters"
            ])
    }

    /// Overrides of a service win over main.cf.
    @Test func overrides() {
        #expect(
            changes("submission/inet", p: "submission/inet/smtpd_data_restrictions =\n") == [
                "not asked at DATA: master.cf overrides smtpd_data_restrictions; remove that -o, or add the policy service to it"
            ])
        #expect(changes("smtp/inet", p: "submission/inet/smtpd_data_restrictions =\n") == [])
        #expect(
            changes("submission/inet", p: "submission/inet/smtpd_proxy_filter = 127.0.0.1:10025\n").first?
                .hasPrefix("remove smtpd_proxy_filter") == true)
        #expect(
            changes("submission/inet", p: "submission/inet/receive_override_options = no_milters,no_address_mappings\n")
                == [
                    "milter not asked: remove no_milters from receive_override_options"
                ])
        let check = PostfixCheck(
            PostfixSettings(
                n: ConfigurationPostfixTests.good, p: "submission/inet/smtpd_milters =\n",
                m: ConfigurationPostfixTests.master))
        #expect(check.isGood)
        #expect(check.lines[1].notes.last == "milter not asked: master.cf overrides smtpd_milters")
    }

    /// A bare policy service refuses mail without Weir, unless main.cf says otherwise.
    @Test func barePolicyService() {
        let bare = """
            smtpd_data_restrictions = check_policy_service inet:127.0.0.1:10040
            smtpd_end_of_data_restrictions = \(ConfigurationPostfixTests.service)
            """
        #expect(
            changes("smtp/inet", n: bare) == [
                "without Weir, mail gets '451 4.3.5 Server configuration problem' at DATA: write default_action=DUNNO",
                "waits 100s for a stopped Weir at DATA: write timeout=3s",
                "asks a silent Weir 2 times at DATA: write try_limit=1",
            ])
        let defaults = """
            smtpd_policy_service_default_action = DUNNO
            smtpd_policy_service_timeout = 3s
            smtpd_policy_service_try_limit = 1

            """
        #expect(changes("smtp/inet", n: defaults + bare) == [])
        #expect(
            changes("smtp/inet", n: ConfigurationPostfixTests.good.replacing("action=DUNNO", with: "action=OK")).first
                == "without Weir, mail gets 'OK' at DATA: write default_action=DUNNO")
    }

    /// Behind a permit nobody who is permitted is seen; RCPT is judged like the others.
    @Test func behindAPermit() {
        let service = ConfigurationPostfixTests.service
        #expect(
            changes(
                "smtp/inet",
                n: ConfigurationPostfixTests.good.replacing(
                    "reject_unauth_pipelining,", with: "permit_mynetworks,reject_unauth_pipelining")
            ) == [
                "not asked at DATA after 'permit_mynetworks' in smtpd_data_restrictions: put the policy service before it"
            ])
        let recipient = "smtpd_recipient_restrictions = permit_sasl_authenticated, \(service)\n"
        #expect(
            changes("smtp/inet", n: recipient + ConfigurationPostfixTests.good) == [
                "not asked at RCPT after 'permit_sasl_authenticated' in smtpd_recipient_restrictions: put the policy service before it"
            ])
        #expect(
            changes(
                "smtp/inet",
                n: "smtpd_recipient_restrictions = reject_non_fqdn_sender, \(service), permit_mynetworks\n"
                    + ConfigurationPostfixTests.good) == [])
    }

    /// Milters that refuse or wait without Weir.
    @Test func milterSettings() {
        func main(_ milter: String) -> String {
            ConfigurationPostfixTests.good.replacing(ConfigurationPostfixTests.milter, with: milter)
        }
        let expected = [
            "without Weir's milter, mail gets 'tempfail': write default_action=accept",
            "waits 30s for a stopped milter: write connect_timeout=3s",
            "waits 30s for a stopped milter: write command_timeout=5s",
            "waits 300s for a stopped milter: write content_timeout=30s",
        ]
        #expect(changes("smtp/inet", n: main("inet:127.0.0.1:10041")) == expected)
        #expect(changes("sendmail (local)", n: main("inet:127.0.0.1:10041")) == expected)
        #expect(changes("smtp/inet", n: main("unix:opendkim/socket, { inet:localhost:10041 }")) == expected)
        #expect(
            changes("smtp/inet", n: main("inet:127.0.0.1:10041") + "\nmilter_default_action = accept\n")
                == Array(expected.dropFirst()))
        #expect(changes("smtp/inet", n: main("inet:127.0.0.1:8891")) == [])
    }

    /// Services that take mail back from a content filter need not ask again; local submission must.
    @Test func loopbackServices() {
        let master = "127.0.0.1:10026 inet n - y - - smtpd\n127.0.0.1:submission inet n - y - - smtpd\n"
        let filter =
            "127.0.0.1:10026/inet/content_filter =\n127.0.0.1:10026/inet/smtpd_data_restrictions =\n127.0.0.1:10026/inet/smtpd_end_of_data_restrictions =\n"
        let check = PostfixCheck(PostfixSettings(n: ConfigurationPostfixTests.good, p: filter, m: master))
        #expect(check.isGood)
        #expect(check.lines[0].notes == ["takes mail back from a content filter, rightly without asking again"])
        #expect(check.lines[1].notes == [])
        let again = PostfixCheck(
            PostfixSettings(n: ConfigurationPostfixTests.good, p: "127.0.0.1:10026/inet/content_filter =\n", m: master))
        #expect(
            again.lines[0].notes.first?.hasPrefix("takes mail back from a content filter and asks Weir again") == true)
        #expect(
            changes("127.0.0.1:submission/inet", p: "127.0.0.1:submission/inet/smtpd_data_restrictions =\n", m: master)
                .count == 1)
    }

    /// Names are followed, per service; folded output and postscreen's smtpd are understood.
    @Test func expansion() {
        let n = """
            mua_data_restrictions = $weir
            smtpd_data_restrictions = $mua_data_restrictions
            smtpd_end_of_data_restrictions = ${weir}
            weir =
                reject_unauth_pipelining,
                \(ConfigurationPostfixTests.service)
            loop = $loop
            smtpd_milters = $loop
            """
        let m = "smtp inet n - y - 1 postscreen\nsmtpd pass - - y - - smtpd\n    -o syslog_name=x\n"
        #expect(changes("smtpd/pass", n: n, p: "", m: m) == [])
        #expect(changes("smtpd/pass", n: n, p: "smtpd/pass/weir = permit\n", m: m).count == 2)
        #expect(PostfixSettings(n: "a = $(b)c $d ${x?y}\nb = 1", p: "", m: "").value("a").text == "1c  ${x?y}")
    }

    /// Lists and servers as Postfix writes them.
    @Test func lists() {
        #expect(PostfixSettings.list("a, b { c, d } ,e") == ["a", "b", "{ c, d }", "e"])
        let server = PostfixSettings.server("{ inet:h:1, timeout = 3s, default_action = { 451 4.7.1 later } }")
        #expect(server.endpoint == "inet:h:1")
        #expect(server.own == ["timeout": "3s", "default_action": "451 4.7.1 later"])
        #expect(PostfixSettings.server("unix:a/b").own == [:])
    }
}
