// What every command that speaks to the running daemon takes.

import ArgumentParser
import Foundation
import WeirServer

/// Where the daemon is, and in which form to answer.
struct ControlOptions: ParsableArguments {
    /// Where the package puts the configuration.
    private static let installed = "/etc/weir/weir.yaml"

    @Option(help: "The daemon's control socket (default: the configuration's, else ./var/weir/control.sock).")
    var socket: String?

    @Option(
        name: .shortAndLong,
        help: "The daemon's configuration file, to find its socket (default: /etc/weir/weir.yaml, where that is).")
    var config: String?

    @Flag(help: "Answer as JSON.")
    var json = false

    /// The control socket's path.
    func path() throws -> String {
        if let socket { return socket }
        let isInstalled = FileManager.default.fileExists(atPath: ControlOptions.installed)
        let file = config ?? (isInstalled ? ControlOptions.installed : nil)
        let configuration = try file.map { try WeirServer.Configuration.load(path: $0) } ?? .defaults
        return configuration.listeners.controlPath
    }

    /// Asks the daemon.
    func ask(_ request: ControlRequest) throws -> ControlResponse {
        do {
            return try ControlClient.ask(request, at: try path())
        } catch let error as ControlError {
            throw Failure(description: error.description)
        } catch let error as StoreError {
            throw Failure(description: error.description)
        }
    }

    /// Prints a value as JSON.
    func print(json value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        Swift.print(String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    /// Prints what was done, in words or as JSON.
    func print(done response: ControlResponse) throws {
        if json { try print(json: ["done": response.done ?? ""]) } else { Swift.print(response.done ?? "done") }
    }
}

/// Why a person changes something; it is kept with the change.
struct WhyOption: ParsableArguments {
    @Option(help: "Why; kept with the change.")
    var why: String?
}

/// Columns of text, aligned. Numbers to the right.
struct TextTable {
    /// The header.
    let columns: [String]
    /// The columns that are numbers.
    let numbers: Set<Int>
    /// The rows.
    private var rows: [[String]] = []

    /// A table.
    init(_ columns: [String], numbers: Set<Int> = []) {
        self.columns = columns
        self.numbers = numbers
    }

    /// Adds a row.
    mutating func add(_ cells: [String]) { rows.append(cells.map(TextTable.clean)) }

    /// The text, a line a row.
    var text: String {
        let all = [columns] + rows
        let widths = columns.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { row in
            var line = ""
            for column in row.indices {
                let padding = String(repeating: " ", count: widths[column] - row[column].count)
                line +=
                    (column == 0 ? "" : "  ")
                    + (numbers.contains(column) ? padding + row[column] : row[column] + padding)
            }
            while line.last == " " { line.removeLast() }
            return line
        }.joined(separator: "\n")
    }

    /// A cell without control characters: names come from outside, and a terminal obeys.
    private static func clean(_ cell: String) -> String {
        String(
            cell.unicodeScalars.map {
                $0.value < 32 || $0.value == 127 || ($0.value >= 128 && $0.value < 160) ? "?" : Character($0)
            })
    }
}

extension Int64 {
    /// A span of seconds in short words: `now`, `40 s`, `12 min`, `3 h`, `2 d`.
    var asWait: String {
        switch self {
        case ...0: "now"
        case ..<120: "\(self) s"
        case ..<7200: "\((self + 59) / 60) min"
        case ..<172_800: "\((self + 3599) / 3600) h"
        default: "\((self + 86_399) / 86_400) d"
        }
    }
}
