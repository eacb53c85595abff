// What is written behind `weir audit`: what is taken, and what is said of each thing that can't be.

import Foundation
import MailTypes
import Testing
import WeirAudit

@testable import WeirServer

/// The request of some arguments.
private func request(
    format: String = "log", policy: String? = nil, since: String? = nil, until: String? = nil, networks: [String] = [],
    zone: String? = "UTC"
) throws -> AuditRequest {
    try AuditRequest(
        files: ["mail.log"], format: format, policy: policy, since: since, until: until, subscriber: nil,
        networks: networks, zone: zone)
}

/// What is said of arguments that can't be used.
private func complaint(_ body: () throws -> AuditRequest) -> String {
    do {
        _ = try body()
        return "nothing"
    } catch {
        return "\(error)"
    }
}

/// A moment.
private func moment(_ text: String) -> Timestamp? { Timestamp(rfc3339: text) }

@Suite struct AuditArgumentsTests {
    @Test func aFileNamedTwiceIsReadOnce() throws {
        let request = try AuditRequest(
            files: ["mail.log", "./mail.log", "-", "mail.log.1", "a/../mail.log", "-"], format: "log", policy: nil,
            since: nil, until: nil, subscriber: nil, networks: [], zone: "UTC")
        #expect(request.files == ["mail.log", "-", "mail.log.1"])
    }

    @Test func formatsAreTwo() throws {
        #expect(try request(format: "log").format == .log && request(format: "events").format == .events)
        for wrong in ["", "Log", "json", "log "] {
            #expect(
                complaint { try request(format: wrong) }
                    == "--format \"\(wrong)\" can't be used: expected log or events")
        }
    }

    @Test func zonesAreOffsets() throws {
        for (text, seconds) in [
            ("UTC", 0), ("utc", 0), ("Z", 0), ("+00:00", 0), ("+01:00", 3600), ("+0530", 19_800), ("-08:00", -28_800),
            ("+14:00", 50_400),
        ] {
            #expect(try request(zone: text).zoneSeconds == seconds, "\(text)")
        }
        #expect(try request(zone: nil).zoneSeconds == TimeZone.current.secondsFromGMT())
        for wrong in ["", "CET", "01:00", "+1", "+01", "+01:60", "+15:00", "+-100", "++100", "+1a00", "+01:000"] {
            #expect(
                complaint { try request(zone: wrong) }
                    == "--zone \"\(wrong)\" can't be used: expected UTC, or an offset as +01:00", "\(wrong)")
        }
    }

    @Test func momentsAreDaysOrMoments() throws {
        let days = try request(since: "2026-11-23", until: "2026-11-23", zone: "+01:00").settings
        #expect(days.since == moment("2026-11-23T00:00:00+01:00"))
        #expect(days.until == moment("2026-11-23T23:59:59.999999999+01:00"))
        let moments = try request(since: "2026-11-23T18:05:00Z", until: "2026-11-23T19:05:00+02:00", zone: "-05:00")
        #expect(moments.settings.since == moment("2026-11-23T18:05:00Z"))
        #expect(moments.settings.until == moment("2026-11-23T17:05:00Z"))
        let none = try request().settings
        #expect(none.since == nil && none.until == nil && none.subscriber == nil)
        for wrong in ["", "yesterday", "2026-11-31", "23.11.2026", "2026-11-23T18:05:00", "2026-11-23 ", "2026-1-2"] {
            let expected = "can't be used: expected a day as 2026-11-23 or a moment as 2026-11-23T18:05:00Z"
            #expect(complaint { try request(since: wrong) } == "--since \"\(wrong)\" \(expected)")
            #expect(complaint { try request(until: wrong) } == "--until \"\(wrong)\" \(expected)")
        }
    }

    @Test func networksArePrefixes() throws {
        let found = try request(networks: ["192.0.2.0/24", "2001:db8::/32"]).settings.policy.networks
        #expect(found.suffix(2) == ["192.0.2.0/24", "2001:db8::/32"].compactMap { NetworkPrefix($0) }[...])
        #expect(found.count == AuditSettings.ownNetworks.count + 2)
        for wrong in ["", "192.0.2.0/33", "192.0.2.0/", "example.net", "2001:db8::/129"] {
            #expect(
                complaint { try request(networks: ["10.0.0.0/8", wrong]) }
                    == "--network \"\(wrong)\" can't be used: expected an address and a prefix length, as 192.0.2.0/24")
        }
    }

    @Test func aPolicyIsAFileThatCanBeRead() throws {
        try inTemporaryFolder { folder in
            let missing = complaint { try request(policy: folder + "/none.yaml") }
            #expect(missing.contains(folder + "/none.yaml"))
            let path = try write("plans:\n  - limits: 7\n", folder, "broken.yaml")
            let broken = complaint { try request(policy: path) }
            #expect(broken != "nothing" && broken.contains("broken.yaml") && broken.contains("expected"))
        }
    }
}
