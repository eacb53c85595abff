// Whose mail it is.

import MailTypes
import Testing
import WeirTesting

@testable import WeirEngine

@Suite("Attribution")
struct AttributionTests {
    /// A policy with a map, a header, a relay and networks.
    static let policy: Policy = {
        var policy = onePlan(.mua, Limit(10, .messages, perSeconds: 3600, isEnforced: true))
        policy.addressMap = AddressMap([
            AddressMap.Entry(prefix: NetworkPrefix("198.51.100.0/24")!, subscriber: "Line"),
            AddressMap.Entry(prefix: NetworkPrefix("198.51.100.128/25")!, subscriber: "upper"),
        ])
        policy.headerRule = HeaderRule(field: "X-Auth", pattern: "id={subscriber};")
        policy.trustedRelays = [NetworkPrefix("203.0.113.0/28")!]
        policy.networks = [NetworkPrefix("192.0.2.0/24")!, NetworkPrefix("2001:db8::/32")!]
        return policy
    }()

    /// Whose a transaction is.
    private func whose(
        login: String = "", _ client: String?, header: String? = nil, isLocal: Bool = false
    ) -> Attribution {
        var mail = ScenarioMail(number: 1, login: login)
        mail.client = client.flatMap { NetworkAddress($0) }
        mail.isLocalSubmission = isLocal
        if let header { mail.fields = [Content.Field(name: "x-auth", body: header)] }
        return Attribution.of(mail.transaction(.milter, .endOfMessage), Self.policy)
    }

    @Test("login, then map, then header, then address")
    func order() {
        #expect(whose(login: "Ann", "198.51.100.9", header: "id=eve;") == .named("ann", .login))
        #expect(whose("198.51.100.9", header: "id=eve;") == .named("line", .map))
        #expect(whose("198.51.100.200") == .named("upper", .map))
        #expect(whose("203.0.113.5", header: "id=Eve+x;") == .named("eve", .header))
        #expect(whose("192.0.2.7", header: "id=eve;") == .address(NetworkAddress("192.0.2.7")!))
    }

    @Test("a header counts from a trusted relay and a local submission alone")
    func header() {
        #expect(whose("203.0.113.5") == .nobody(.noHeader))
        #expect(whose("203.0.113.16", header: "id=eve;") == .nobody(.outside))
        #expect(whose(nil, header: "id=eve;", isLocal: true) == .named("eve", .header))
        #expect(whose("127.0.0.1", header: "id=eve;") == .named("eve", .header))
        #expect(whose("127.0.0.1", isLocal: true) == .nobody(.noHeader))
        #expect(whose("::1") == .nobody(.noHeader))
        #expect(whose(nil) == .nobody(.noClient))
    }

    @Test("without a header rule, 127.0.0.1 is nobody")
    func loopback() {
        let mail = ScenarioMail(number: 1, login: "")
        for (client, isLocal) in [("127.0.0.1", false), ("::1", false), ("192.0.2.1", true)] {
            var local = mail
            (local.client, local.isLocalSubmission) = (NetworkAddress(client), isLocal)
            #expect(Attribution.of(local.transaction(.milter, .data), onePlan()) == .nobody(.loopback))
        }
    }

    @Test("IPv6 counts by the configured prefix, IPv4 by the address")
    func prefixes() {
        #expect(whose("2001:db8:1:2:3:4:5:6") == .address(NetworkAddress("2001:db8:1:2::")!))
        #expect(
            Attribution.name(of: NetworkAddress("2001:db8:1:2::")!, ipv6PrefixLength: 64) == "[IPv6:2001:db8:1:2::/64]")
        #expect(Attribution.name(of: NetworkAddress("2001:db8::1")!, ipv6PrefixLength: 128) == "[IPv6:2001:db8::1]")
        #expect(Attribution.name(of: NetworkAddress("192.0.2.1")!, ipv6PrefixLength: 64) == "[192.0.2.1]")
        #expect(whose("::ffff:192.0.2.7") == whose("192.0.2.7"))
    }

    @Test(
        "plus-address and case make no second identity",
        arguments: [
            ("Ann@Example.NET", "ann@example.net"), ("ann+a+b@example.net", "ann@example.net"), ("ann+a", "ann"),
            ("+ann@example.net", "+ann@example.net"), ("ann@example.net+x", "ann@example.net+x"), ("", ""),
            ("ann@x@example.net", "ann@x@example.net"), ("ann+x@y@example.net", "ann@example.net"), ("ÄNN", "Änn"),
        ])
    func normalised(_ login: String, _ expected: String) {
        #expect(Attribution.normalised(login, plusSeparator: "+") == expected)
    }

    @Test("the name of a name is the name, at any length", arguments: 250..<262)
    func idempotent(length: Int) {
        for character in ["a", "ü", "漢", "😀"] {
            for start in ["", "a", "aa", "aaa"] {
                let login = start + String(repeating: character, count: length)
                let once = Attribution.normalised(login, plusSeparator: "+")
                #expect(once.utf8.count <= Attribution.nameBytesMax)
                #expect(Attribution.normalised(once, plusSeparator: "") == once)
            }
        }
    }

    @Test("what nobody sent is charged to nobody, and counted once at its end")
    func unattributed() {
        var table = Table(Self.policy)
        var mail = table.mail("")
        mail.client = NetworkAddress("9.9.9.9")
        for _ in 0..<2 {
            let decision = table.send(mail)
            #expect(decision.verdict == .accept && decision.identity == .unattributed(.outside))
            mail = table.mail("")
            mail.client = NetworkAddress("9.9.9.9")
        }
        #expect(table.engine.totals.unattributed == 2)
        #expect(table.engine.totals.messages == 0)
        #expect(table.engine.view.subscribers == 0)
        var local = table.mail("")
        (local.isLocalSubmission, local.client, local.clientPort) = (true, nil, 0)
        local.fields = [Content.Field(name: "X-Auth", body: "id=eve;")]
        #expect(table.ask(local, .milter, .data).identity == .unattributed(.noHeader))
        #expect(table.ask(local, .milter, .endOfMessage).identity == .subscriber("eve", .header))
        #expect(table.engine.totals.unattributed == 2 && table.engine.totals.messages == 1)
    }

    @Test(
        "names that are no names crash nothing",
        arguments: ["", "[]", "[/]", "[//]", "[IPv6:]", "[192.0.2.1/99]", "[", "]", "\0"])
    func odd(_ name: String) {
        var table = Table(onePlan())
        #expect(table.act(.reset(subscriber: name)) == .unknownSubscriber)
        #expect(table.act(.setLimit(subscriber: name, limit: "x", nil)) == .unknownSubscriber)
    }

    @Test("asked for by its address, a subscriber is found by any spelling")
    func byAddress() {
        var table = Table(onePlan(.mua, Limit(5, .messages, perSeconds: 60)))
        for client in ["192.0.2.1", "2001:db8::1"] {
            var mail = table.mail("")
            mail.client = NetworkAddress(client)
            table.send(mail)
        }
        for name in ["[192.0.2.1]", "[IPv6:2001:db8::/64]", "[ipv6:2001:DB8::/64]", "[2001:db8::]"] {
            #expect(table.engine.subscriber(named: name)?.counts.messages == 1, "\(name)")
        }
    }

    @Test(
        "a login spelled like an address is not that address",
        arguments: [
            ("[192.0.2.1]", "192.0.2.1"), ("[IPv6:2001:db8::/64]", "2001:db8::1"), ("[2001:db8::]", "2001:db8::1"),
        ])
    func loginLikeAnAddress(login: String, client: String) throws {
        var policy = onePlan(.mua, Limit(2, .messages, perSeconds: 3600, action: .reject, isEnforced: true))
        let literal = Attribution.name(
            of: NetworkAddress(client)!.masked(to: client.contains(":") ? 64 : 128), ipv6PrefixLength: 64)
        policy.subscribers = [literal: SubscriberEntry(isExempt: true)]
        var table = Table(policy)
        var mail = table.mail("")
        mail.client = NetworkAddress(client)
        #expect(table.send(mail).identity == .subscriber(literal, .address))
        // The address is exempt; the login is not, whatever it is called.
        #expect(table.send(3, login).verdict.kind == .reject)
        #expect(table.engine.subscriber(named: literal)?.isExempt == true)
        guard case .subscriber(let found, .login) = table.send(1, login).identity else {
            Issue.record("the login is nobody")
            return
        }
        #expect(table.engine.subscriber(named: found)?.counts.messages == 2 && found != literal)
        #expect(table.engine.subscriber(named: found)?.isExempt == false && found.hasPrefix("\\["), "\(found)")
        // Each is found by its own name, and no login can be spelled like the other's name.
        #expect(table.engine.subscriber(named: literal)?.counts.messages == 1)
        #expect(table.act(.reset(subscriber: found)) == .done)
        let (imitated, shouted) = (table.send(1, found).identity, table.send(1, login.uppercased()).identity)
        #expect(imitated != .subscriber(found, .login) && shouted == .subscriber(found, .login))
    }

    @Test("an address named as parent, or in the address map, is that address")
    func addressAsParent() {
        var policy = onePlan(.mua, Limit(5, .messages, perSeconds: 3600, action: .reject, isEnforced: true))
        policy.subscribers = ["ann": SubscriberEntry(parent: "[192.0.2.1]")]
        policy.addressMap = AddressMap([
            AddressMap.Entry(prefix: NetworkPrefix("198.51.100.0/24")!, subscriber: "[192.0.2.1]")
        ])
        var table = Table(policy)
        table.send(1, "ann")
        for client in ["192.0.2.1", "198.51.100.7"] {
            var mail = table.mail("")
            mail.client = NetworkAddress(client)
            table.send(mail)
        }
        #expect(table.engine.subscriber(named: "[192.0.2.1]")?.counts.messages == 3)
        #expect(table.engine.view.subscribers == 2)
    }

    @Test("questions ask for the header where it could matter")
    func questions() {
        let engine = Engine(policy: Self.policy, bounds: .small, seed: 1)
        #expect(
            engine.questions(for: ScenarioMail(number: 1, login: "").transaction(.milter, .mail)) == [
                .fields(["X-Auth"])
            ])
        #expect(engine.questions(for: ScenarioMail(number: 1, login: "ann").transaction(.milter, .mail)).isEmpty)
    }
}

@Suite("Address map and header rule")
struct MapTests {
    @Test("finds the smallest block, as a walk over all of them does", arguments: UInt64(0)..<30)
    func model(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var entries: [AddressMap.Entry] = []
        for number in 0..<40 {
            let isSix = random.next() % 2 == 0
            let address =
                isSix
                ? NetworkAddress(
                    high: (random.next() % 4) << 62, low: random.next() % 3 == 0 ? 0xFFFF_0000_0000 : random.next() % 4)
                : NetworkAddress(ipv4: UInt32(truncatingIfNeeded: (random.next() % 4) << 30 | random.next() % 16))
            let length = Int(random.next() % (address.isIPv4 ? 33 : 129)) / (number % 3 + 1)
            entries.append(AddressMap.Entry(prefix: NetworkPrefix(address, length: length), subscriber: "s\(number)"))
        }
        let map = AddressMap(entries)
        for _ in 0..<200 {
            let address =
                random.next() % 2 == 0
                ? NetworkAddress(high: (random.next() % 4) << 62, low: random.next() % 8)
                : NetworkAddress(ipv4: UInt32(truncatingIfNeeded: (random.next() % 4) << 30 | random.next() % 16))
            let longest = entries.filter { $0.prefix.contains(address) }.map(\.prefix.length).max()
            let expected = entries.last { $0.prefix.contains(address) && $0.prefix.length == longest }?.subscriber
            must(map.subscriber(of: address) == expected, "seed \(seed): \(address)")
        }
    }

    @Test("the way out to ::/0 leads past IPv4 blocks")
    func defaultRoute() {
        let map = AddressMap(
            ["::/0", "10.0.0.0/8", "10.1.0.0/16", "2001:db8::/32"].map {
                AddressMap.Entry(prefix: NetworkPrefix($0)!, subscriber: $0)
            })
        for (address, block) in [
            ("2001:db9::1", "::/0"), ("::1", "::/0"), ("10.2.0.1", "10.0.0.0/8"), ("10.1.2.3", "10.1.0.0/16"),
            ("2001:db8::1", "2001:db8::/32"),
        ] {
            #expect(map.subscriber(of: NetworkAddress(address)!) == block)
        }
        #expect(map.subscriber(of: NetworkAddress("11.0.0.1")!) == nil)
    }

    @Test(
        "extracts the subscriber",
        arguments: [
            ("id={subscriber};", "id=ann;", "ann"), ("id={subscriber};", "x id= ann ; id=bob;", "ann"),
            ("id={subscriber};", "id=ann", nil),
            ("id={subscriber};", "id=;", nil), ("id={subscriber};", "ID=ann;", nil), ("{subscriber}", " ann ", "ann"),
            ("{subscriber}@", "ann@x", "ann"), ("<{subscriber}>", "<>", nil), ("a{subscriber}a", "aaa", nil),
            ("{subscriber}", "", nil),
        ] as [(String, String, String?)])
    func extraction(_ pattern: String, _ body: String, _ expected: String?) throws {
        let rule = try #require(HeaderRule(field: "X-Auth", pattern: pattern))
        #expect(rule.subscriber(in: [Content.Field(name: "x-AUTH", body: body)]) == expected)
        #expect(rule.pattern == pattern)
    }

    @Test("the last field alone counts: what stands above it may be forged")
    func forged() throws {
        let rule = try #require(HeaderRule(field: "X-Auth", pattern: "id={subscriber};"))
        let forged = Content.Field(name: "X-Auth", body: "id=victim;")
        #expect(rule.subscriber(in: [forged, Content.Field(name: "X-Auth", body: "id=ann;")]) == "ann")
        #expect(rule.subscriber(in: [forged, Content.Field(name: "X-Auth", body: "anonymous")]) == nil)
        #expect(rule.subscriber(in: [Content.Field(name: "Subject", body: "id=ann;")]) == nil)
        let long = String(repeating: "a", count: 300)
        #expect(rule.subscriber(in: [Content.Field(name: "X-Auth", body: "id=\(long);")]) == nil)
    }

    @Test(
        "a pattern has exactly one place for the subscriber",
        arguments: ["", "id=", "{subscriber}{subscriber}", "{Subscriber}"])
    func pattern(_ pattern: String) {
        #expect(HeaderRule(field: "X-Auth", pattern: pattern) == nil)
    }
}
