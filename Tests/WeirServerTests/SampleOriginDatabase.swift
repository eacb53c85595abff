// Databases in MaxMind's format, made when a test runs: the MaxMind DB file format specification, version 2.0.

import Foundation
import MailTypes

/// A database of networks under construction: search tree, data section, metadata.
struct SampleOriginDatabase {
    /// A value of the data section.
    indirect enum Value {
        /// UTF-8 text (type 2).
        case text(String)
        /// A double (type 3).
        case double(Double)
        /// Sixteen bits (type 5).
        case uint16(UInt16)
        /// Thirty-two bits (type 6).
        case uint32(UInt32)
        /// Sixty-four bits (type 9).
        case uint64(UInt64)
        /// A map (type 7), its members in order.
        case map([(String, Value)])
        /// An array (type 11).
        case array([Value])
    }

    /// One record of a node.
    private enum Record {
        /// Nothing is known.
        case empty
        /// The next node.
        case node(Int)
        /// An offset in the data section.
        case data(Int)
    }

    /// Bits of a record: 24, 28 or 32.
    var recordBits = 24
    /// 4 or 6.
    var ipVersion = 6
    /// What it calls itself.
    var type = "Test"
    /// The tree.
    private var nodes: [(Record, Record)] = [(.empty, .empty)]
    /// The data section.
    private var data: [UInt8] = []

    /// An empty database.
    init(type: String = "Test", recordBits: Int = 24, ipVersion: Int = 6) {
        self.type = type
        self.recordBits = recordBits
        self.ipVersion = ipVersion
    }

    /// Puts a value under a prefix. Prefixes must not lie within each other.
    mutating func add(_ prefix: String, _ value: Value) {
        let parts = prefix.split(separator: "/")
        guard parts.count == 2, let address = NetworkAddress(String(parts[0])), let length = Int(parts[1]) else {
            preconditionFailure("\(prefix) is no prefix")
        }
        var bits: [Bool] = []
        if address.isIPv4 {
            // IPv4 lies under ::/96 in a tree of IPv6.
            if ipVersion == 6 { bits = [Bool](repeating: false, count: 96) }
            for bit in 0..<length { bits.append(address.low >> UInt64(31 - bit) & 1 == 1) }
        } else {
            for bit in 0..<length {
                bits.append((bit < 64 ? address.high >> UInt64(63 - bit) : address.low >> UInt64(127 - bit)) & 1 == 1)
            }
        }
        let offset = data.count
        data += SampleOriginDatabase.bytes(value)
        var node = 0
        for (place, bit) in bits.enumerated() {
            if place == bits.count - 1 {
                set(node, bit, .data(offset))
            } else if case .node(let next) = bit ? nodes[node].1 : nodes[node].0 {
                node = next
            } else {
                nodes.append((.empty, .empty))
                set(node, bit, .node(nodes.count - 1))
                node = nodes.count - 1
            }
        }
    }

    /// Sets one record of a node.
    private mutating func set(_ node: Int, _ bit: Bool, _ record: Record) {
        if bit { nodes[node].1 = record } else { nodes[node].0 = record }
    }

    /// The file.
    var bytes: [UInt8] {
        func number(_ record: Record) -> UInt32 {
            switch record {
            case .empty: UInt32(nodes.count)
            case .node(let node): UInt32(node)
            case .data(let offset): UInt32(nodes.count + 16 + offset)
            }
        }
        func big(_ value: UInt32, _ count: Int) -> [UInt8] {
            (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * (count - 1 - $0))) }
        }
        var out: [UInt8] = []
        for (left, right) in nodes {
            let (left, right) = (number(left), number(right))
            switch recordBits {
            case 24: out += big(left, 3) + big(right, 3)
            case 28:
                out +=
                    big(left & 0xFF_FFFF, 3) + [UInt8(left >> 24) << 4 | UInt8(right >> 24)]
                    + big(right & 0xFF_FFFF, 3)
            default: out += big(left, 4) + big(right, 4)
            }
        }
        out += [UInt8](repeating: 0, count: 16) + data
        out += [0xAB, 0xCD, 0xEF] + Array("MaxMind.com".utf8)
        return out
            + SampleOriginDatabase.bytes(
                .map([
                    ("node_count", .uint32(UInt32(nodes.count))), ("record_size", .uint16(UInt16(recordBits))),
                    ("ip_version", .uint16(UInt16(ipVersion))), ("database_type", .text(type)),
                    ("languages", .array([.text("en")])), ("binary_format_major_version", .uint16(2)),
                    ("binary_format_minor_version", .uint16(0)), ("build_epoch", .uint64(1_767_225_600)),
                    ("description", .map([("en", .text("made by a test"))])),
                ]))
    }

    /// Writes the file; returns its path.
    func write(to folder: URL, _ name: String) throws -> String {
        let file = folder.appendingPathComponent(name)
        try Data(bytes).write(to: file)
        return file.path
    }

    /// A value as the data section has it.
    private static func bytes(_ value: Value) -> [UInt8] {
        func big(_ number: UInt64) -> [UInt8] {
            // Leading zeros are left out.
            let all = (0..<8).map { UInt8(truncatingIfNeeded: number >> UInt64(56 - 8 * $0)) }
            return Array(all.drop { $0 == 0 })
        }
        func control(_ type: UInt8, _ size: Int) -> [UInt8] {
            let sizes: (UInt8, [UInt8]) = size < 29 ? (UInt8(size), []) : (29, [UInt8(size - 29)])
            return type < 8 ? [type << 5 | sizes.0] + sizes.1 : [sizes.0, type - 7] + sizes.1
        }
        switch value {
        case .text(let text): return control(2, text.utf8.count) + Array(text.utf8)
        case .double(let number): return control(3, 8) + withUnsafeBytes(of: number.bitPattern.bigEndian) { Array($0) }
        case .uint16(let number): return control(5, big(UInt64(number)).count) + big(UInt64(number))
        case .uint32(let number): return control(6, big(UInt64(number)).count) + big(UInt64(number))
        case .uint64(let number): return control(9, big(number).count) + big(number)
        case .map(let members):
            return control(7, members.count) + members.flatMap { bytes(.text($0.0)) + bytes($0.1) }
        case .array(let values): return control(11, values.count) + values.flatMap { bytes($0) }
        }
    }
}

extension SampleOriginDatabase {
    /// AS numbers of a few networks for examples.
    static func systems(recordBits: Int = 24, ipVersion: Int = 6) -> SampleOriginDatabase {
        var database = SampleOriginDatabase(type: "GeoLite2-ASN", recordBits: recordBits, ipVersion: ipVersion)
        for (prefix, number) in [
            ("192.0.2.0/24", UInt32(64_496)), ("198.51.100.0/25", 64_497), ("203.0.113.128/32", 4_200_000_001),
        ] {
            database.add(
                prefix,
                .map([
                    ("autonomous_system_number", .uint32(number)),
                    ("autonomous_system_organization", .text("A provider with a name of more than twenty-nine bytes")),
                ]))
        }
        if ipVersion == 6 { database.add("2001:db8::/48", .map([("autonomous_system_number", .uint32(64_500))])) }
        return database
    }

    /// Countries, one of them with a place.
    static func countries(recordBits: Int = 24) -> SampleOriginDatabase {
        var database = SampleOriginDatabase(type: "GeoLite2-City", recordBits: recordBits)
        database.add(
            "192.0.2.0/24",
            .map([
                ("country", .map([("iso_code", .text("DE"))])),
                (
                    "location",
                    .map([
                        ("accuracy_radius", .uint16(20)), ("latitude", .double(52.52)), ("longitude", .double(13.405)),
                    ])
                ),
            ]))
        database.add("198.51.100.0/24", .map([("country", .map([("iso_code", .text("VN"))]))]))
        database.add("2001:db8::/32", .map([("country", .map([("iso_code", .text("FR"))]))]))
        return database
    }
}
