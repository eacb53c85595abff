// Durations and byte sizes as people write them: `10m`, `30d`, `10MB`, `512KiB`.

/// Whole numbers with a unit.
enum Quantity {
    /// Seconds in each unit of a duration.
    private static let durationUnits: [(name: String, seconds: Int64)] = [
        ("s", 1), ("m", 60), ("h", 3600), ("d", 86_400), ("w", 604_800),
    ]
    /// Bytes in each unit of a size; decimal as disks are sold, binary with an i (IEC 80000-13).
    private static let byteUnits: [(name: String, bytes: Int64)] = [
        ("b", 1), ("byte", 1), ("bytes", 1), ("kb", 1000), ("mb", 1_000_000), ("gb", 1_000_000_000),
        ("tb", 1_000_000_000_000), ("kib", 1 << 10), ("mib", 1 << 20), ("gib", 1 << 30), ("tib", 1 << 40),
    ]

    /// Digits without a leading zero; nil for anything else, and beyond `Int64`.
    static func digits(_ text: some StringProtocol) -> Int64? {
        guard let first = text.utf8.first, text.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }),
            first != 48 || text.utf8.count == 1
        else { return nil }
        return Int64(text)
    }

    /// The seconds of `90s`, `10m`, `1h`, `30d`, `2w`; nil for anything else. A bare number has no unit and is refused.
    static func seconds(_ text: String) -> Int64? {
        guard let unit = durationUnits.first(where: { text.hasSuffix($0.name) }), let count = digits(text.dropLast())
        else {
            return nil
        }
        return product(count, unit.seconds)
    }

    /// The bytes of one unit: `MB`, `KiB`, `bytes`, letter case ignored; nil for anything else.
    static func bytesPerUnit(_ text: some StringProtocol) -> Int64? {
        let name = text.lowercased()
        return byteUnits.first { $0.name == name }?.bytes
    }

    /// The bytes of `10240000`, `10MB`, `512 KiB`; nil for anything else.
    static func byteCount(_ text: String) -> Int64? {
        let number = text.prefix { $0.isASCII && $0.isNumber }
        guard let count = digits(number) else { return nil }
        var unit = text.dropFirst(number.count)
        if unit.isEmpty { return count }
        if unit.first == " " { unit = unit.dropFirst() }
        return bytesPerUnit(unit).flatMap { product(count, $0) }
    }

    /// A product that fits.
    static func product(_ a: Int64, _ b: Int64) -> Int64? {
        let (value, overflow) = a.multipliedReportingOverflow(by: b)
        return overflow ? nil : value
    }

    /// `10 MB`, `64 MiB`, `10240000 bytes`: the largest unit that says it exactly and readably.
    static func byteText(_ bytes: Int64) -> String {
        let units: [(String, Int64)] = [
            ("TB", 1_000_000_000_000), ("TiB", 1 << 40), ("GB", 1_000_000_000), ("GiB", 1 << 30), ("MB", 1_000_000),
            ("MiB", 1 << 20), ("KiB", 1 << 10),
        ]
        for (name, size) in units where bytes >= size && bytes % size == 0 && bytes / size < 10_000 {
            return "\(bytes / size) \(name)"
        }
        return "\(bytes) bytes"
    }
}
