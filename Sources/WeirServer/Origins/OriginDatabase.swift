// One database in MaxMind's format (MaxMind DB 2.0), mapped into memory and asked through libmaxminddb.
//
// The file is read where it lies: whoever brings a new one renames it over the old one, as geoipupdate(1) does. Writing into a file
// that is in use would take the pages away under a running Weir.

import CMaxMindDB
import Foundation
import MailTypes

/// An open database. Nothing in it changes once it is open, so that any thread may ask it.
final class OriginDatabase: @unchecked Sendable {
    /// What a database is asked for.
    enum Kind: Sendable {
        /// The number of the AS.
        case system
        /// The country, and the place where it has one.
        case country
    }

    /// Why a file can't be used.
    struct Trouble: Error, Equatable {
        /// What is wrong with it.
        var found: String
        /// What to do.
        var remedy: String
    }

    /// A field's place in a record, as libmaxminddb takes it. These live as long as the program.
    private struct Field: @unchecked Sendable {
        /// The keys from the outermost inwards, and nothing behind the last.
        let keys: UnsafePointer<UnsafePointer<CChar>?>

        /// A field under some keys.
        init(_ names: String...) {
            let keys = UnsafeMutablePointer<UnsafePointer<CChar>?>.allocate(capacity: names.count + 1)
            for (index, name) in names.enumerated() { keys[index] = UnsafePointer(strdup(name)) }
            keys[names.count] = nil
            self.keys = UnsafePointer(keys)
        }
    }

    /// Where databases have the AS: MaxMind's and DB-IP's a number, IPinfo's `AS64496`.
    private static let systems = [Field("autonomous_system_number"), Field("asn")]
    /// Where they have the country.
    private static let countries = [Field("country", "iso_code"), Field("country_code"), Field("country")]
    /// Where they have the place.
    private static let latitude = Field("location", "latitude")
    private static let longitude = Field("location", "longitude")
    private static let radius = Field("location", "accuracy_radius")

    /// Nodes of the search tree looked at when a database is opened: evenly spread, they meet what a broken disk or a cut
    /// download left, within some milliseconds.
    private static let nodesProbed: UInt32 = 8192
    /// The radius that is taken where a place has none, in kilometres: MaxMind's largest.
    private static let radiusUnsaid: UInt16 = 1000

    /// The file.
    let path: String
    /// What it says of itself: `GeoLite2-ASN`.
    let type: String
    /// When it was made, in seconds since 1970.
    let builtAt: Timestamp
    /// The library's own.
    private let handle: UnsafeMutablePointer<MMDB_s>
    /// Where this database has what it is asked for.
    private let field: Field
    /// What it is asked for.
    private let kind: Kind

    /// Opens a database. Throws where the file is none, is damaged, or does not have what it is to be asked for.
    init(_ path: String, for kind: Kind) throws(Trouble) {
        let handle = try OriginDatabase.open(path)
        guard let field = OriginDatabase.probe(handle, kind) else {
            let type = handle.pointee.metadata.database_type.map { String(cString: $0) } ?? ""
            let isSound = OriginDatabase.probe(handle, nil) != nil
            MMDB_close(handle)
            handle.deallocate()
            throw isSound
                ? Trouble(
                    found:
                        "a database of type \(quoted(type)) without any \(kind == .system ? "AS number" : "country")",
                    remedy: kind == .system
                        ? "Name one with autonomous_system_number, such as GeoLite2-ASN or DB-IP's ASN Lite."
                        : "Name one with country.iso_code, such as GeoLite2-Country, GeoLite2-City or DB-IP's Country Lite."
                )
                : OriginDatabase.damaged
        }
        self.path = path
        self.kind = kind
        self.field = field
        self.handle = handle
        type = handle.pointee.metadata.database_type.map { String(cString: $0) } ?? ""
        builtAt = Timestamp(seconds: Int64(clamping: handle.pointee.metadata.build_epoch))
    }

    deinit {
        MMDB_close(handle)
        handle.deallocate()
    }

    /// A file whose inside does not hold together.
    private static let damaged = Trouble(
        found: "a damaged database",
        remedy: "Fetch it again and rename it into place: a download may have been cut short.")

    /// Maps a file.
    private static func open(_ path: String) throws(Trouble) -> UnsafeMutablePointer<MMDB_s> {
        do {
            try TextFile.check(path)
        } catch {
            throw Trouble(found: error.found, remedy: error.remedy)
        }
        let handle = UnsafeMutablePointer<MMDB_s>.allocate(capacity: 1)
        handle.initialize(to: MMDB_s())
        let status = MMDB_open(path, UInt32(MMDB_MODE_MMAP), handle)
        guard status == MMDB_SUCCESS else {
            handle.deallocate()
            switch status {
            case MMDB_UNKNOWN_DATABASE_FORMAT_ERROR:
                throw Trouble(
                    found: "a database of another version of the format", remedy: "Fetch one of MaxMind DB version 2.")
            case MMDB_INVALID_METADATA_ERROR, MMDB_CORRUPT_SEARCH_TREE_ERROR, MMDB_INVALID_DATA_ERROR:
                throw Trouble(
                    found: "no database in MaxMind's format, or half of one",
                    remedy:
                        "Name the .mmdb file itself, unpacked; or fetch it again: a download may have been cut short.")
            default:
                throw Trouble(
                    found: "a file that can't be mapped (\(String(cString: MMDB_strerror(status))))",
                    remedy: "Check the file and the disk.")
            }
        }
        return handle
    }

    /// Looks at records spread over the whole search tree. Returns where they have what is asked for, or any place where nothing
    /// is; nil where none of them has it, or where one is damaged.
    private static func probe(_ handle: UnsafeMutablePointer<MMDB_s>, _ kind: Kind?) -> Field? {
        let count = handle.pointee.metadata.node_count
        let fields =
            switch kind {
            case .system: systems
            case .country: countries
            case nil: [latitude]
            }
        var found: Field?
        for step in 0..<min(count, nodesProbed) {
            var node = MMDB_search_node_s()
            let number = UInt32(UInt64(step) * UInt64(count) / UInt64(min(count, nodesProbed)))
            guard MMDB_read_node(handle, number, &node) == MMDB_SUCCESS else { return nil }
            for (type, entry) in [
                (node.left_record_type, node.left_record_entry), (node.right_record_type, node.right_record_entry),
            ] {
                guard Int32(type) != MMDB_RECORD_TYPE_INVALID else { return nil }
                guard Int32(type) == MMDB_RECORD_TYPE_DATA else { continue }
                for field in found.map({ [$0] }) ?? fields {
                    var entry = entry
                    switch value(field, &entry) {
                    case .damaged: return nil
                    case .absent: continue
                    case .found(let data):
                        let isOfUse =
                            switch kind {
                            case .system: systemNumber(data) != nil
                            case .country: Country(text(data)) != nil
                            case nil: true
                            }
                        if isOfUse { found = field }
                    }
                }
            }
        }
        return kind == nil ? latitude : found
    }

    // MARK: - Asking

    /// Adds what the database knows of an address.
    func note(_ address: NetworkAddress, into origin: inout Origin) {
        guard var entry = entry(of: address) else { return }
        guard case .found(let data) = OriginDatabase.value(field, &entry) else {
            if kind == .country { origin.place = place(&entry) }
            return
        }
        switch kind {
        case .system: origin.system = OriginDatabase.systemNumber(data) ?? 0
        case .country:
            origin.country = Country(OriginDatabase.text(data))
            origin.place = place(&entry)
        }
    }

    /// The record of an address; nil where it has none, or is of a kind that the database does not hold.
    private func entry(of address: NetworkAddress) -> MMDB_entry_s? {
        var status: Int32 = 0
        var result: MMDB_lookup_result_s
        if address.isIPv4 {
            var socket = sockaddr_in()
            socket.sin_family = sa_family_t(AF_INET)
            socket.sin_addr.s_addr = UInt32(truncatingIfNeeded: address.low).bigEndian
            result = withUnsafePointer(to: &socket) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { MMDB_lookup_sockaddr(handle, $0, &status) }
            }
        } else {
            var socket = sockaddr_in6()
            socket.sin6_family = sa_family_t(AF_INET6)
            withUnsafeMutableBytes(of: &socket.sin6_addr) {
                $0.storeBytes(of: address.high.bigEndian, as: UInt64.self)
                $0.storeBytes(of: address.low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            result = withUnsafePointer(to: &socket) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { MMDB_lookup_sockaddr(handle, $0, &status) }
            }
        }
        return status == MMDB_SUCCESS && result.found_entry ? result.entry : nil
    }

    /// The place of a record; nil where it has none.
    private func place(_ entry: inout MMDB_entry_s) -> Origin.Place? {
        guard case .found(let north) = OriginDatabase.value(OriginDatabase.latitude, &entry),
            case .found(let east) = OriginDatabase.value(OriginDatabase.longitude, &entry),
            let latitude = OriginDatabase.hundredths(north, most: 90),
            let longitude = OriginDatabase.hundredths(east, most: 180)
        else { return nil }
        var radius = OriginDatabase.radiusUnsaid
        if case .found(let data) = OriginDatabase.value(OriginDatabase.radius, &entry),
            data.type == MMDB_DATA_TYPE_UINT16
        {
            radius = data.uint16
        }
        return Origin.Place(latitude: latitude, longitude: longitude, radiusKilometres: radius)
    }

    // MARK: - Values

    /// What is under a field.
    private enum Value {
        /// Something.
        case found(MMDB_entry_data_s)
        /// Nothing.
        case absent
        /// Bytes that are no record.
        case damaged
    }

    /// What a record has under a field.
    private static func value(_ field: Field, _ entry: inout MMDB_entry_s) -> Value {
        var data = MMDB_entry_data_s()
        switch MMDB_aget_value(&entry, &data, field.keys) {
        case MMDB_SUCCESS: return data.has_data ? .found(data) : .absent
        case MMDB_LOOKUP_PATH_DOES_NOT_MATCH_DATA_ERROR: return .absent
        default: return .damaged
        }
    }

    /// An AS number: a number, or `AS64496`; nil for anything else.
    private static func systemNumber(_ data: MMDB_entry_data_s) -> UInt32? {
        switch Int32(data.type) {
        case MMDB_DATA_TYPE_UINT32: return data.uint32
        case MMDB_DATA_TYPE_UINT16: return UInt32(data.uint16)
        default:
            let text = text(data)
            guard text.starts(with: "AS".utf8), text.count <= 12 else { return nil }
            return UInt32(String(decoding: text.dropFirst(2), as: UTF8.self))
        }
    }

    /// The bytes of a text; none for anything else.
    private static func text(_ data: MMDB_entry_data_s) -> UnsafeRawBufferPointer {
        guard Int32(data.type) == MMDB_DATA_TYPE_UTF8_STRING else {
            return UnsafeRawBufferPointer(start: nil, count: 0)
        }
        return UnsafeRawBufferPointer(start: data.utf8_string, count: Int(data.data_size))
    }

    /// Hundredths of degrees; nil for what is no angle.
    private static func hundredths(_ data: MMDB_entry_data_s, most: Double) -> Int16? {
        guard Int32(data.type) == MMDB_DATA_TYPE_DOUBLE, abs(data.double_value) <= most else { return nil }
        return Int16((data.double_value * 100).rounded())
    }
}
