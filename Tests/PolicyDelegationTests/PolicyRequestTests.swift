// Fixtures of requests: valid ones, ones that are at fault, ones that are not whole yet.

import MailTypes
import PolicyDelegation
import Testing

@Suite struct PolicyRequestTests {
    /// The sample request of Postfix's SMTPD_POLICY_README, all names of version 3.2 in it.
    static let sample = request(
        "request=smtpd_access_policy", "protocol_state=RCPT", "protocol_name=SMTP", "helo_name=some.domain.tld",
        "queue_id=8045F2AB23", "sender=foo@bar.tld", "recipient=bar@foo.tld", "recipient_count=0",
        "client_address=1.2.3.4", "client_name=another.domain.tld", "reverse_client_name=another.domain.tld",
        "instance=123.456.7", "sasl_method=plain", "sasl_username=you", "sasl_sender=", "size=12345",
        "ccert_subject=solaris9.porcupine.org", "ccert_issuer=Wietse+20Venema",
        "ccert_fingerprint=C2:9D:F4:87:71:73:73:D9:18:E7:C2:F3:C1:DA:6E:04", "encryption_protocol=TLSv1/SSLv3",
        "encryption_cipher=DHE-RSA-AES256-SHA", "encryption_keysize=256", "etrn_domain=", "stress=",
        "ccert_pubkey_fingerprint=68:B3:29:DA:98:93:E3:40:99:C7:D8:AD:5C:B9:C9:40", "client_port=1234",
        "policy_context=submission", "server_address=10.3.2.1", "server_port=54321")

    @Test func readsTheSampleOfTheReadme() throws {
        let transaction = try #require(try transaction(Self.sample))
        #expect(transaction.stage == .rcpt)
        #expect(
            transaction.session
                == Session(
                    door: .policy, mailHost: "mx1.example.net", client: NetworkAddress("1.2.3.4"), clientPort: 1234,
                    helo: "some.domain.tld", login: "you", isEncrypted: true))
        #expect(
            transaction.envelope
                == Envelope(
                    reversePath: testKeys.key("foo@bar.tld"), recipients: [Recipient(testKeys.key("bar@foo.tld")!)],
                    bytes: 12345))
        #expect(transaction.queueID == "8045F2AB23")
        #expect(transaction.instance == testHash.hash("123.456.7"))
    }

    @Test func composingAndReadingIsLossless() throws {
        let transaction = try #require(
            try transaction(question("END-OF-MESSAGE", recipients: 3, queueID: "4X1").compose()))
        #expect(
            transaction
                == Transaction(
                    stage: .endOfMessage,
                    session: Session(
                        door: .policy, mailHost: "mx1.example.net", client: NetworkAddress("192.0.2.7"),
                        clientPort: 50123, helo: "pc.example", login: "ann", isEncrypted: true),
                    envelope: Envelope(
                        reversePath: testKeys.key("ann@isp.example"), recipientCount: 3, bytes: 4711),
                    queueID: "4X1", instance: testHash.hash("1f2e.65a1b2c3.4d5e6.0")))
    }

    /// `protocol_state` and the stage that is asked about, nil for DUNNO.
    @Test(
        arguments: [
            ("RCPT", .rcpt), ("DATA", .data), ("END-OF-MESSAGE", .endOfMessage), ("CONNECT", nil), ("HELO", nil),
            ("EHLO", nil), ("MAIL", nil), ("VRFY", nil), ("ETRN", nil), ("NOOP", nil), ("", nil), ("rcpt", nil),
        ] as [(String, Stage?)])
    func mapsEachState(state: String, stage: Stage?) throws {
        var session = makeSession()
        let found = try actions(&session, request("protocol_state=\(state)", "request=smtpd_access_policy"))
        if let stage {
            guard case .ask(let transaction) = found.first else {
                Issue.record("\(state) was not asked about")
                return
            }
            #expect(transaction.stage == stage)
            #expect(found.dropFirst() == [.send(PolicyReply.dunno)])
        } else {
            #expect(found == [.send(PolicyReply.dunno)])
        }
    }

    /// Values that say nothing, and how much of a request may be missing.
    @Test func readsWhatIsNotKnown() throws {
        let bare = try #require(try transaction(request("request=smtpd_access_policy", "protocol_state=DATA")))
        #expect(bare == Transaction(stage: .data, session: Session(door: .policy, mailHost: "mx1.example.net")))
        let empty = try transaction(
            request(
                "request=smtpd_access_policy", "protocol_state=DATA", "client_address=unknown", "client_port=unknown",
                "helo_name=", "sasl_username=", "sender=", "recipient=", "recipient_count=", "size=", "queue_id=",
                "instance=", "encryption_protocol="))
        #expect(empty == bare)
    }

    @Test(
        arguments: [
            ("192.0.2.1", "192.0.2.1"), ("2001:db8::1", "2001:db8::1"), ("::ffff:192.0.2.1", "192.0.2.1"),
            ("unknown", nil),
            ("", nil), ("192.0.2", nil), ("fe80::1%eth0", nil), ("localhost", nil),
        ] as [(String, String?)])
    func readsAddresses(text: String, address: String?) throws {
        let lines = request("request=smtpd_access_policy", "protocol_state=DATA", "client_address=\(text)")
        #expect(try transaction(lines)?.session.client == address.flatMap { NetworkAddress($0) })
    }

    @Test func passesOverUnknownNames() throws {
        let strange = [
            "x=1", "y=", "sizes=7", "siz=7", "sasl_usernam=bob", "sasl_username2=bob", "SASL_USERNAME=bob",
            "recipient_counts=9", "encryptionXprotocol=TLSv1", "encryption_protocol_and_more=1", "size =7", " size=7",
            "a_name_that_is_longer_than_every_name_which_postfix_sends_today=1=2=3",
        ]
        let plain = try transaction(request("request=smtpd_access_policy", "protocol_state=DATA"))
        for name in strange {
            #expect(
                try transaction(request("request=smtpd_access_policy", name, "protocol_state=DATA")) == plain, "\(name)"
            )
        }
    }

    @Test func theLastOfTwoHolds() throws {
        let twice = request(
            "request=smtpd_access_policy", "protocol_state=CONNECT", "sasl_username=mallory", "protocol_state=DATA",
            "sasl_username=ann", "size=1", "size=2")
        #expect(try transaction(twice)?.session.login == "ann")
        #expect(try transaction(twice)?.envelope.bytes == 2)
    }

    @Test func keepsOddValues() throws {
        let odd = request(
            "request=smtpd_access_policy", "protocol_state=DATA", "sasl_username=a=b\tc\u{1}d \u{E4}", "helo_name= x ")
        #expect(try transaction(odd)?.session.login == "a=b\tc\u{1}d \u{E4}")
        #expect(try transaction(odd)?.session.helo == " x ")
        let broken = Array("request=smtpd_access_policy\nprotocol_state=DATA\nsasl_username=a".utf8) + [0xFF, 10, 10]
        #expect(try transaction(broken)?.session.login == "a\u{FFFD}")
    }

    /// Every value at every place of the eight bytes that are read at once.
    @Test func findsLinesAtEveryPlace() throws {
        for pad in 0..<40 {
            let padding = String(repeating: "p", count: pad)
            let bytes = request(
                "\(padding)=\(padding)", "request=smtpd_access_policy", "sasl_username=\(padding)",
                "protocol_state=DATA")
            #expect(try (pad == 0) || transaction(bytes)?.session.login == padding)
        }
    }

    /// Numbers that are none, at each field that holds one.
    @Test(
        arguments: ["size", "recipient_count", "client_port"],
        [
            "-1", "+1", "1 ", " 1", "0x10", "1.5", "unlimited", "9223372036854775808", "99999999999999999999999",
            "\u{661}",
        ])
    func refusesBadNumbers(name: String, value: String) {
        #expect(fault(request("request=smtpd_access_policy", "\(name)=\(value)", "protocol_state=DATA")) == .badNumber)
    }

    @Test func readsTheLargestNumbers() throws {
        let largest = request(
            "request=smtpd_access_policy", "protocol_state=DATA", "size=9223372036854775807",
            "recipient_count=0000000000000000000000012", "client_port=65535")
        #expect(try transaction(largest)?.envelope.bytes == .max)
        #expect(try transaction(largest)?.envelope.recipientCount == 12)
        #expect(try transaction(largest)?.session.clientPort == 65535)
        #expect(fault(request("request=smtpd_access_policy", "client_port=65536")) == .badNumber)
    }

    @Test(
        arguments: [
            (request("request=smtpd_access_policy", "noequals"), .badField),
            (request("request=smtpd_access_policy", "=value"), .badField),
            (request("request=smtpd_access_policy\r"), .notThisProtocol),
            (request("request=smtpd_access_policy", "\r"), .badField),
            (request("request=junk_filter_policy", "protocol_state=DATA"), .notThisProtocol),
            (request("request=", "protocol_state=DATA"), .notThisProtocol),
            (request("protocol_state=DATA"), .notThisProtocol),
            (request("Request=smtpd_access_policy"), .notThisProtocol),
            ([10], .notThisProtocol),
            ([0, 0, 0, 13, 79, 0, 0, 0, 6, 0, 0, 1, 255, 0, 31, 255, 255], .notThisProtocol),
            (request("request=smtpd_access_policy", "sasl_username=an\0n"), .notThisProtocol),
            (Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8), .badField),
        ] as [([UInt8], DoorError.Code)])
    func refusesFaults(bytes: [UInt8], code: DoorError.Code) {
        #expect(fault(bytes) == code)
    }

    @Test func boundsLinesAndRequests() {
        let line = String(repeating: "x", count: PolicyRequest.lineBytesMax - 2)
        #expect(fault(request("request=smtpd_access_policy", "a=\(line)")) == nil)
        #expect(fault(request("request=smtpd_access_policy", "a=\(line)x")) == .tooLarge)
        // 28 bytes of the request's type, 1 of the blank line, and lines of 1,024 bytes with one shorter or longer.
        let block = "b=" + String(repeating: "y", count: 1021)
        let whole = ["request=smtpd_access_policy"] + Array(repeating: block, count: 63)
        let last = PolicyRequest.requestBytesMax - 28 - 1 - 63 * 1024
        let fits = whole + ["c=" + String(repeating: "z", count: last - 3)]
        let bytes = Array((fits.joined(separator: "\n") + "\n\n").utf8)
        #expect(bytes.count == PolicyRequest.requestBytesMax)
        #expect(fault(bytes) == nil)
        #expect(fault(Array((fits.joined(separator: "\n") + "z\n\n").utf8)) == .tooLarge)
        #expect(fault([UInt8](repeating: 97, count: PolicyRequest.lineBytesMax)) == nil)
        #expect(fault([UInt8](repeating: 97, count: PolicyRequest.lineBytesMax + 1)) == .tooLarge)
    }

    @Test func incompleteRequestsWait() throws {
        for length in 0..<Self.sample.count {
            var session = makeSession()
            #expect(try actions(&session, Array(Self.sample[..<length])) == [])
            #expect(session.hasPartialInput == (length > 0))
        }
    }
}
