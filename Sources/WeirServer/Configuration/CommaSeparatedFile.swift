// CSV as spreadsheets and databases export it (RFC 4180), read strictly: a line that is not understood is a fault.

/// Rows of a CSV file: a header line, then one record a line. Fields may stand in double quotes, a quote within them
/// doubled; a record never spans lines. Empty lines and lines that begin with `#` are left out; CRLF and a byte order
/// mark are tolerated.
struct CommaSeparatedFile {
    /// One field.
    struct Field {
        /// The text, without quotes and without blanks around it.
        var text: String
        /// The column at which it begins, in bytes from 1.
        var column: Int
    }

    /// The longest file: ten million subscribers at a hundred bytes.
    static let bytesMax = 1 << 30
    /// The longest line, in bytes.
    static let lineBytesMax = 4096

    /// The file, as the configuration names it.
    let file: String
    /// Where faults go.
    let faults: FaultCollector

    /// Reads all rows. The header line must name `columns` in this order; those after the first `required` may be
    /// missing. `row` gets the fields and the line's number.
    func read(_ bytes: [UInt8], columns: [String], required: Int, row: ([Field], Int) -> Void) {
        var fields: [Field] = []
        var width = 0
        var number = 0
        var start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        while start < bytes.count {
            number += 1
            let end = bytes[start...].firstIndex(of: 10) ?? bytes.count
            let line = bytes[start..<(end > start && bytes[end - 1] == 13 ? end - 1 : end)]
            start = end + 1
            guard let first = line.first(where: { $0 != 32 && $0 != 9 }), first != UInt8(ascii: "#") else { continue }
            guard split(line, number, into: &fields) else { continue }
            if width == 0 {
                let names = fields.map { $0.text.lowercased() }
                guard names.count >= required, names == Array(columns.prefix(names.count)) else {
                    fault(
                        .syntax, number, fields.first?.column ?? 1, found: quoted(names.joined(separator: ",")),
                        expected: "the header line \(columns.joined(separator: ","))",
                        remedy: "Begin the file with it, so that a change of columns in an export is noticed.")
                    return
                }
                width = names.count
            } else if fields.count != width {
                fault(
                    .syntax, number, 0, found: "\(fields.count) fields", expected: "\(width), as the header has",
                    remedy: "Put a field that contains a comma in double quotes; leave unused fields empty.")
            } else {
                row(fields, number)
            }
        }
        if width == 0 {
            fault(
                .syntax, 0, 0, found: "an empty file", expected: "the header line \(columns.joined(separator: ","))",
                remedy:
                    "An export that came out empty must not forget everybody; write the header line if it is meant."
            )
        }
    }

    /// Notes a fault in this file.
    func fault(
        _ code: ConfigurationFault.Code, _ line: Int, _ column: Int, found: String, expected: String, remedy: String
    ) {
        faults.add(
            ConfigurationFault(
                code, at: .init(file: file, line: line, column: column), found: found, expected: expected,
                remedy: remedy))
    }

    /// Splits a line into fields; false where a fault was noted.
    private func split(_ line: ArraySlice<UInt8>, _ number: Int, into fields: inout [Field]) -> Bool {
        fields.removeAll(keepingCapacity: true)
        guard line.count <= CommaSeparatedFile.lineBytesMax else {
            fault(
                .syntax, number, 0, found: "\(line.count) bytes",
                expected: "at most \(CommaSeparatedFile.lineBytesMax) a line",
                remedy: "Check the line ends of the file.")
            return false
        }
        let base = line.startIndex
        var place = base
        while true {
            while place < line.endIndex, line[place] == 32 || line[place] == 9 { place += 1 }
            let first = place
            let text: ArraySlice<UInt8>
            if place < line.endIndex, line[place] == UInt8(ascii: "\"") {
                guard let inside = unquote(line, from: &place) else {
                    fault(
                        .syntax, number, first - base + 1, found: "a quote that is not closed, or text behind it",
                        expected: "\"…\" and a comma", remedy: "Close the quote; write a quote within quotes twice.")
                    return false
                }
                text = inside[...]
            } else {
                place = line[place...].firstIndex(of: UInt8(ascii: ",")) ?? line.endIndex
                var end = place
                while end > first, line[end - 1] == 32 || line[end - 1] == 9 { end -= 1 }
                text = line[first..<end]
            }
            guard text.allSatisfy({ $0 >= 32 && $0 != 127 }), let string = String(validating: text, as: UTF8.self)
            else {
                fault(
                    .syntax, number, first - base + 1, found: "control characters, or bytes that are not UTF-8",
                    expected: "text in UTF-8", remedy: "Save the file as UTF-8.")
                return false
            }
            fields.append(Field(text: string, column: first - base + 1))
            if place >= line.endIndex { return true }
            place += 1
        }
    }

    /// The inside of a quoted field; `place` moves to the comma behind it or to the end. Nil where it does not close.
    private func unquote(_ line: ArraySlice<UInt8>, from place: inout Int) -> [UInt8]? {
        var inside: [UInt8] = []
        place += 1
        while place < line.endIndex {
            let byte = line[place]
            place += 1
            guard byte == UInt8(ascii: "\"") else {
                inside.append(byte)
                continue
            }
            if place < line.endIndex, line[place] == UInt8(ascii: "\"") {
                inside.append(byte)
                place += 1
                continue
            }
            while place < line.endIndex, line[place] == 32 || line[place] == 9 { place += 1 }
            return place == line.endIndex || line[place] == UInt8(ascii: ",") ? inside : nil
        }
        return nil
    }
}
