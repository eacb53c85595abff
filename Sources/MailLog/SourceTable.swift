// Which program wrote a line: every host and program met so far, found again by the bytes between stamp and process id.

import MailTypes

/// The sources of a log, in the order in which they were met.
struct SourceTable: Sendable {
    /// Most sources remembered; the lines of further ones are counted as `tooManySources`.
    static let sourcesMax = 4096
    /// Longest host and program, in bytes.
    static let sourceBytesMax = 512

    /// The sources.
    private(set) var sources: [LogSource] = []
    /// The bytes by which each was found.
    private var keys: [[UInt8]] = []
    /// Indexes into `sources`, plus one, by quick hash; 0 is free. Twice as many places as sources.
    private var places = [Int32](repeating: 0, count: sourcesMax * 2)
    /// Names of hosts, by number.
    private var hosts: [String] = []
    /// Names of instances, by number.
    private var instances: [String] = []

    /// The number of a source by its bytes, where it was met before; and where to remember it, where not.
    @inline(__always)
    private func find(_ bytes: Span<UInt8>, _ key: Range<Int>) -> (known: Int?, place: Int) {
        let mask = places.count &- 1
        var place = Int(truncatingIfNeeded: bytes.quickHash(key)) & mask
        while places[place] != 0 {
            let number = Int(places[place]) &- 1
            let known = keys[number]
            if bytes.isSame(key, as: known.span) { return (number, place) }
            place = (place &+ 1) & mask
        }
        return (nil, place)
    }

    /// The number of the source that wrote `host` and `program` within `key`, which spans both; nil where there is no room.
    @inline(__always)
    mutating func number(_ bytes: Span<UInt8>, key: Range<Int>, host: Range<Int>, program: Range<Int>) -> Int? {
        let found = find(bytes, key)
        if let known = found.known { return known }
        return add(bytes, key: key, hostName: bytes.text(host), program: program, at: found.place)
    }

    /// The number of the source for a program of a host whose name the line does not tell.
    mutating func number(hostName: String, program: StaticString) -> Int? {
        let length = program.utf8CodeUnitCount
        let name = unsafe Span(_unsafeStart: program.utf8Start, count: length)
        var key = Array(hostName.utf8.prefix(SourceTable.sourceBytesMax / 2)) + [32]
        let start = key.count
        for index in name.indices { key.append(name[index]) }
        let found = find(key.span, 0..<key.count)
        if let known = found.known { return known }
        return add(key.span, key: 0..<key.count, hostName: hostName, program: start..<key.count, at: found.place)
    }

    /// Remembers a source.
    private mutating func add(
        _ bytes: Span<UInt8>, key: Range<Int>, hostName: String, program: Range<Int>, at place: Int
    ) -> Int? {
        guard sources.count < SourceTable.sourcesMax, key.count <= SourceTable.sourceBytesMax else { return nil }
        let name = bytes.extracting(program)
        var parser: Int?
        var role: UInt8 = 0
        for (number, candidate) in MailLogParsers.builtIn.enumerated() {
            guard let found = candidate.role(of: name) else { continue }
            (parser, role) = (number, found)
            break
        }
        let text = bytes.text(program)
        let slash = bytes.firstIndex(of: UInt8(ascii: "/"), from: program.lowerBound, to: program.upperBound)
        let namesInstance = parser.map { MailLogParsers.builtIn[$0].namesInstances } ?? false
        let instance = parser.map { "\($0) " + (namesInstance ? bytes.text(program.lowerBound..<slash) : "") } ?? ""
        sources.append(
            LogSource(
                host: hostName, hostNumber: SourceTable.number(of: hostName, in: &hosts), program: text,
                parser: parser, role: role, instance: SourceTable.number(of: instance, in: &instances),
                logsRemovals: parser.map { MailLogParsers.builtIn[$0].logsRemovals } ?? false))
        keys.append(bytes.extracting(key).copied)
        places[place] = Int32(sources.count)
        return sources.count - 1
    }

    /// The number of a name, which is appended where it is new. Called once a source.
    private static func number(of name: String, in names: inout [String]) -> Int {
        if let known = names.firstIndex(of: name) { return known }
        names.append(name)
        return names.count - 1
    }
}

extension Span where Element == UInt8 {
    /// The bytes as an array.
    var copied: [UInt8] {
        var copy: [UInt8] = []
        copy.reserveCapacity(count)
        for index in indices { copy.append(self[index]) }
        return copy
    }
}
