// Databases in MaxMind's format: what is found, what is not, and which files are refused.

import Foundation
import Logging
import MailTypes
import Testing
import WeirAudit
import WeirEngine

@testable import WeirServer

/// A folder of this test's own.
private func folder() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("weir-origin-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
}

@Suite("A database of networks")
struct OriginDatabaseTests {
    @Test("tells AS, country and place of IPv4 and IPv6 clients", arguments: [24, 28, 32]) func lookup(bits: Int) throws
    {
        let folder = try folder()
        let lookup = OriginLookup(
            systems: try OriginDatabase(
                SampleOriginDatabase.systems(recordBits: bits).write(to: folder, "asn.mmdb"), for: .system),
            countries: try OriginDatabase(
                SampleOriginDatabase.countries(recordBits: bits).write(to: folder, "city.mmdb"), for: .country))
        func origin(_ text: String) throws -> Origin? { lookup.origin(of: try #require(NetworkAddress(text))) }
        #expect(
            try origin("192.0.2.7")
                == Origin(
                    system: 64_496, country: Country("DE".utf8),
                    place: Origin.Place(latitude: 5252, longitude: 1341, radiusKilometres: 20)))
        #expect(try origin("198.51.100.127") == Origin(system: 64_497, country: Country("VN".utf8)))
        #expect(try origin("198.51.100.128") == Origin(country: Country("VN".utf8)))
        #expect(try origin("203.0.113.128") == Origin(system: 4_200_000_001))
        #expect(try origin("2001:db8::1") == Origin(system: 64_500, country: Country("FR".utf8)))
        #expect(try origin("2001:db8:1::1") == Origin(country: Country("FR".utf8)))
        #expect(try origin("203.0.113.129") == nil)
        #expect(try origin("2001:db9::1") == nil)
        // Written as IPv6, it is the IPv4 address that it is.
        #expect(try origin("::ffff:192.0.2.7")?.system == 64_496)
    }

    @Test("of IPv4 alone knows no IPv6 client, and is no trouble for one") func fourAlone() throws {
        let path = try SampleOriginDatabase.systems(ipVersion: 4).write(to: folder(), "asn.mmdb")
        let lookup = OriginLookup(systems: try OriginDatabase(path, for: .system), countries: nil)
        #expect(lookup.origin(of: try #require(NetworkAddress("192.0.2.7"))) == Origin(system: 64_496))
        #expect(lookup.origin(of: try #require(NetworkAddress("2001:db8::1"))) == nil)
    }

    @Test("may be one file for both, and of another maker") func otherMaker() throws {
        var database = SampleOriginDatabase(type: "Lite")
        database.add("192.0.2.0/24", .map([("asn", .text("AS64496")), ("country_code", .text("DE"))]))
        let path = try database.write(to: folder(), "lite.mmdb")
        let lookup = OriginLookup(
            systems: try OriginDatabase(path, for: .system), countries: try OriginDatabase(path, for: .country))
        #expect(
            lookup.origin(of: try #require(NetworkAddress("192.0.2.7")))
                == Origin(system: 64_496, country: Country("DE".utf8)))
    }

    @Test("is refused where it is of the wrong kind") func wrongKind() throws {
        let folder = try folder()
        let systems = try SampleOriginDatabase.systems().write(to: folder, "asn.mmdb")
        let error = #expect(throws: OriginDatabase.Trouble.self) { try OriginDatabase(systems, for: .country) }
        #expect(error?.found == "a database of type 'GeoLite2-ASN' without any country")
        let countries = try SampleOriginDatabase.countries().write(to: folder, "city.mmdb")
        #expect(throws: OriginDatabase.Trouble.self) { try OriginDatabase(countries, for: .system) }
    }

    @Test("is refused where it is missing, a folder, text, cut short or overwritten") func damage() throws {
        let folder = try folder()
        let good = SampleOriginDatabase.systems().bytes
        func trouble(_ bytes: [UInt8]?, _ name: String) throws -> String {
            let path = folder.appendingPathComponent(name).path
            if let bytes { try Data(bytes).write(to: URL(fileURLWithPath: path)) }
            return #expect(throws: OriginDatabase.Trouble.self) { try OriginDatabase(path, for: .system) }?.found ?? ""
        }
        #expect(try trouble(nil, "none.mmdb") == "no such file")
        #expect(try trouble(nil, "") == "a directory")
        #expect(try trouble(Array("<html>404</html>".utf8), "text.mmdb").hasPrefix("no database in MaxMind's format"))
        #expect(try !trouble([], "empty.mmdb").isEmpty)
        #expect(try trouble(Array(good.prefix(good.count / 2)), "half.mmdb").hasPrefix("no database"))
        // Records that point behind the end of the data, and data that are no values.
        var wild = good
        for place in 30..<60 { wild[place] = 0xFF }
        #expect(try trouble(wild, "wild.mmdb") == "a damaged database")
        let data = try #require(good.firstIndex(of: 0xE2))
        var torn = good
        for place in data..<data + 20 { torn[place] = 0xFF }
        #expect(try trouble(torn, "torn.mmdb") == "a damaged database")
    }

    @Test("is asked for the end of a message with a login alone, and another one after a reload") func source() throws {
        let folder = try folder()
        let systems = try OriginDatabase(SampleOriginDatabase.systems().write(to: folder, "asn.mmdb"), for: .system)
        let source = OriginSource()
        var message = Transaction(
            stage: .endOfMessage,
            session: Session(door: .milter, client: NetworkAddress("192.0.2.7"), login: "ann@example.net"))
        source.fill(&message)
        #expect(message.session.origin == nil)
        source.replace(OriginLookup(systems: systems, countries: nil))
        source.fill(&message)
        #expect(message.session.origin == Origin(system: 64_496))
        for change: (inout Transaction) -> Void in [
            { $0.stage = .data }, { $0.session.login = "" }, { $0.session.client = nil },
            { $0.session.isLocalSubmission = true }, { $0.session.client = NetworkAddress("127.0.0.1") },
        ] {
            var other = message
            other.session.origin = nil
            change(&other)
            source.fill(&other)
            #expect(other.session.origin == nil)
        }
        source.replace(nil)
        message.session.origin = nil
        source.fill(&message)
        #expect(message.session.origin == nil)
    }
}

@Suite("Where a client is")
struct OriginFactTests {
    @Test("is told to the engine by the desk, and stands in the journal") func desk() throws {
        let folder = try folder()
        let systems = try OriginDatabase(SampleOriginDatabase.systems().write(to: folder, "asn.mmdb"), for: .system)
        let live = LiveEngine(Engine(policy: Policy(), seed: 1), position: 0)
        let metrics = Metrics()
        let logger = Logger(label: "origin") { _ in SwiftLogNoOpLogHandler() }
        let log = try DecisionLog(
            Configuration.DecisionLog(destination: .file(folder.path + "/log"), format: .logfmt), metrics: metrics)
        let recorder = Recorder(
            live: live, store: try Store(directory: folder.path + "/state"), keepSeconds: 60, logger: logger,
            metrics: metrics)
        let desk = DoorDesk(
            live: live, origins: OriginSource(OriginLookup(systems: systems, countries: nil)), log: log,
            recorder: recorder, metrics: metrics, logger: logger)
        for door in Door.allCases {
            let session = Session(
                door: door, mailHost: "mx", client: NetworkAddress("192.0.2.7"), clientPort: 4000, login: "ann")
            _ = desk.ask(Transaction(stage: .data, session: session, queueID: "4Q\(door)"))
            _ = desk.ask(Transaction(stage: .endOfMessage, session: session, queueID: "4Q\(door)"))
        }
        let group = try #require(live.takeGroup())
        var reader = ByteReader(group.inputs)
        var origins: [Origin?] = []
        for _ in 0..<group.count {
            guard case .transaction(let transaction) = try Input(&reader).event else { continue }
            origins.append(transaction.session.origin)
        }
        #expect(origins == [nil, Origin(system: 64_496), nil, Origin(system: 64_496)])
    }

    @Test("is looked up by an audit in the databases of its policy's file") func audit() throws {
        let folder = try folder()
        _ = try SampleOriginDatabase.systems().write(to: folder, "asn.mmdb")
        let file = folder.appendingPathComponent("weir.yaml")
        try Data("origin: {as_database: asn.mmdb}\n".utf8).write(to: file)
        func origin(_ policy: String?) throws -> Origin? {
            let request = try AuditRequest(
                files: ["mail.log"], format: "events", policy: policy, since: nil, until: nil, subscriber: nil,
                networks: [], zone: "UTC")
            return request.settings.origin?(try #require(NetworkAddress("192.0.2.7")))
        }
        #expect(try origin(file.path) == Origin(system: 64_496))
        #expect(try origin(nil) == nil)
    }
}

@Suite("origin: in weir.yaml")
struct ConfigurationOriginTests {
    /// The faults of a text.
    private func faults(_ text: String, in folder: URL) throws -> [String] {
        let file = folder.appendingPathComponent("weir.yaml")
        try Data(text.utf8).write(to: file)
        do {
            _ = try Configuration.load(path: file.path)
            return []
        } catch {
            return error.faults.map { String($0.description.dropFirst(folder.path.count + 1)) }
        }
    }

    @Test("names databases beside the configuration, which weir check shows") func good() throws {
        let folder = try folder()
        _ = try SampleOriginDatabase.systems().write(to: folder, "asn.mmdb")
        _ = try SampleOriginDatabase.countries().write(to: folder, "city.mmdb")
        let text = "origin: {as_database: asn.mmdb, country_database: city.mmdb}\n"
        #expect(try faults(text, in: folder) == [])
        let configuration = try Configuration.load(path: folder.appendingPathComponent("weir.yaml").path)
        let report = ConfigurationReport(configuration).description
        #expect(report.contains("AS numbers: \(folder.path)/asn.mmdb, GeoLite2-ASN of 2026-01-01\n"))
        #expect(report.contains("countries: \(folder.path)/city.mmdb, GeoLite2-City of 2026-01-01\n"))
        let client = try #require(NetworkAddress("192.0.2.7"))
        #expect(configuration.origins?.origin(of: client)?.country == Country("DE".utf8))
        #expect(try Configuration.load(path: folder.appendingPathComponent("weir.yaml").path) == configuration)
    }

    @Test("is refused with the place of each fault") func bad() throws {
        let folder = try folder()
        _ = try SampleOriginDatabase.systems().write(to: folder, "asn.mmdb")
        let found = try faults("origin: {country_database: asn.mmdb, as_database: none.mmdb}\n", in: folder)
        #expect(found.count == 2)
        #expect(found[0].hasPrefix("weir.yaml:1:28: found '"))
        #expect(
            found[0].hasSuffix(
                ": a database of type 'GeoLite2-ASN' without any country, expected a database in MaxMind's format with countries. Name one with country.iso_code, such as GeoLite2-Country, GeoLite2-City or DB-IP's Country Lite."
            ))
        #expect(found[1].hasPrefix("weir.yaml:1:51: found '"))
        #expect(
            found[1].hasSuffix(
                ": no such file, expected a database in MaxMind's format with AS numbers. Check the path, or write the file."
            ))
        #expect(try faults("origin: {}\n", in: folder).first?.contains("origin without a database") == true)
        #expect(try faults("origin: {asn: asn.mmdb}\n", in: folder).first?.contains("unknown key") == true)
        #expect(try faults("origin: asn.mmdb\n", in: folder).count == 1)
    }
}
