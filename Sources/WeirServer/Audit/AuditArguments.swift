// What a person writes behind `weir audit`, made into a request.

import Foundation
import MailTypes
import WeirAudit
import WeirEngine

/// An argument that can't be used.
public struct AuditArgumentError: Error, CustomStringConvertible {
    /// The option.
    let option: String
    /// What was given.
    let found: String
    /// What is wanted.
    let expected: String

    /// An argument, and what is wanted.
    public init(option: String, found: String, expected: String) {
        self.option = option
        self.found = found
        self.expected = expected
    }

    /// `--since: "yesterday" is no moment. Expected …`.
    public var description: String { "\(option) \"\(found)\" can't be used: expected \(expected)" }
}

extension AuditRequest {
    /// A request from its arguments. Throws a fault with what was expected.
    public init(
        files: [String], format: String, policy: String?, since: String?, until: String?, subscriber: String?,
        networks: [String], zone: String?
    ) throws {
        guard let format = Format(rawValue: format) else {
            throw AuditArgumentError(option: "--format", found: format, expected: "log or events")
        }
        let own = try networks.map { text in
            guard let prefix = NetworkPrefix(text) else {
                throw AuditArgumentError(
                    option: "--network", found: text, expected: "an address and a prefix length, as 192.0.2.0/24")
            }
            return prefix
        }
        let zoneSeconds = try AuditRequest.zone(zone)
        let configuration = try AuditRequest.configuration(policy)
        var policy = configuration.policy(revision: 1)
        if policy.networks.isEmpty { policy.networks = AuditSettings.ownNetworks }
        policy.networks += own
        self.init(
            files: AuditRequest.once(files), format: format, zoneSeconds: zoneSeconds,
            settings: AuditSettings(
                policy: policy, since: try AuditRequest.moment(since, "--since", zoneSeconds),
                until: try AuditRequest.moment(until, "--until", zoneSeconds, isEnd: true), subscriber: subscriber,
                origin: configuration.origins?.origin))
    }

    /// Each file once, where patterns overlap: its mail happened once.
    private static func once(_ files: [String]) -> [String] {
        var known: Set<String> = []
        return files.filter {
            $0 == "-"
                ? known.insert($0).inserted
                : known.insert(URL(fileURLWithPath: $0).resolvingSymlinksInPath().path).inserted
        }
    }

    /// The configuration whose policy is tried: a file's, or the default one.
    private static func configuration(_ path: String?) throws -> Configuration {
        guard let path else { return .defaults }
        return try Configuration.load(path: path)
    }

    /// A zone; the machine's own where none is given.
    private static func zone(_ text: String?) throws -> Int {
        guard let text else { return TimeZone.current.secondsFromGMT() }
        if text == "Z" || text.uppercased() == "UTC" { return 0 }
        let digits = text.dropFirst().filter { $0 != ":" }
        guard let sign = text.first, sign == "+" || sign == "-", digits.count == 4, digits.allSatisfy(\.isWholeNumber),
            let value = Int(digits),
            value % 100 < 60, value < 1500
        else { throw AuditArgumentError(option: "--zone", found: text, expected: "UTC, or an offset as +01:00") }
        return (value / 100 * 3600 + value % 100 * 60) * (sign == "-" ? -1 : 1)
    }

    /// A moment or a day; of a day its end where `isEnd`.
    private static func moment(_ text: String?, _ option: String, _ zoneSeconds: Int, isEnd: Bool = false) throws
        -> Timestamp?
    {
        guard let text else { return nil }
        if let time = Timestamp(rfc3339: text) { return time }
        let time = isEnd ? "T23:59:59.999999999Z" : "T00:00:00Z"
        guard text.utf8.count == 10, let day = Timestamp(rfc3339: text + time) else {
            throw AuditArgumentError(
                option: option, found: text, expected: "a day as 2026-11-23 or a moment as 2026-11-23T18:05:00Z")
        }
        return day.advanced(byNanoseconds: -Int64(zoneSeconds) * 1_000_000_000)
    }
}

extension Pseudonyms {
    /// Shortest key file.
    private static let keyBytesMin = 16
    /// Longest one.
    private static let keyBytesMax = 4096

    /// Pseudonyms by the key in a file; by a key of this run alone where none is named. Throws where the file is no key.
    public init(keyFile path: String?) throws {
        guard let path else {
            var generator = SystemRandomNumberGenerator()
            self.init(KeyedHash(key0: generator.next(), key1: generator.next()))
            return
        }
        guard let key = FileManager.default.contents(atPath: path) else {
            throw AuditArgumentError(option: "--key", found: path, expected: "a file that can be read")
        }
        guard (Pseudonyms.keyBytesMin...Pseudonyms.keyBytesMax).contains(key.count) else {
            throw AuditArgumentError(
                option: "--key", found: path,
                expected: "a file of 16 to 4,096 secret bytes: head -c 32 /dev/urandom > \(path)")
        }
        let bytes = [UInt8](key)
        self.init(
            KeyedHash(
                key0: KeyedHash(key0: 0x7765_6972_6B65_7930, key1: 0).hash(bytes.span),
                key1: KeyedHash(key0: 0x7765_6972_6B65_7931, key1: 0).hash(bytes.span)))
    }
}
