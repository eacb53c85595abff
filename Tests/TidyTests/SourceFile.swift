// A source file as the house rules see it: its text, and its code without comments and string contents.

import Foundation

/// One file below `Sources/`.
struct SourceFile: Sendable {
    /// The path from the repository, `Sources/MailTypes/Reply.swift`.
    let path: String
    /// The text.
    let text: String
    /// The lines of the text.
    let lines: [Substring]
    /// The lines with comments and the contents of string literals left out.
    let code: [String]

    /// The target: the folder below `Sources/`.
    var target: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "" }

    /// A file from its path and text.
    init(path: String, text: String) {
        self.path = path
        self.text = text
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        code = SourceFile.codeLines(text)
    }

    /// The repository's folder.
    static let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// Every Swift file below `Sources/`, in order; read once.
    static let sources: Result<[SourceFile], any Error> = Result {
        let base = root.appendingPathComponent("Sources")
        let names = FileManager.default.enumerator(atPath: base.path)?.compactMap { $0 as? String } ?? []
        return try names.filter { $0.hasSuffix(".swift") }.sorted().map {
            SourceFile(
                path: "Sources/\($0)", text: try String(contentsOf: base.appendingPathComponent($0), encoding: .utf8))
        }
    }

    /// Where a scan of the text stands.
    private enum Place {
        /// In code.
        case code
        /// In a comment that ends with the line.
        case line
        /// In a comment so deep.
        case block(Int)
        /// In a string that ends with the line.
        case string
        /// In a string of several lines.
        case longString
    }

    /// Blanks comments and what stands in string literals. Interpolations go with their string: no rule looks there.
    private static func codeLines(_ text: String) -> [String] {
        let bytes = Array(text.utf8)
        var state = Place.code
        var lines: [String] = []
        var line: [UInt8] = []
        var place = 0
        func follows(_ expected: StaticString) -> Bool {
            let count = expected.utf8CodeUnitCount
            guard place + count <= bytes.count else { return false }
            for offset in 0..<count where bytes[place + offset] != expected.utf8Start[offset] { return false }
            return true
        }
        while place < bytes.count {
            var width = 1
            if bytes[place] == 10 {
                switch state {
                case .line, .string: state = .code
                case .code, .block, .longString: break
                }
                lines.append(String(decoding: line, as: UTF8.self))
                line = []
                place += 1
                continue
            }
            switch state {
            case .code:
                if follows("//") {
                    state = .line
                } else if follows("/*") {
                    (state, width) = (.block(1), 2)
                } else if follows("\"\"\"") {
                    (state, width) = (.longString, 3)
                    line += [34, 34]
                } else {
                    if bytes[place] == 34 { state = .string }
                    line.append(bytes[place])
                }
            case .line: break
            case .block(let depth):
                if follows("*/") {
                    (state, width) = (depth == 1 ? .code : .block(depth - 1), 2)
                } else if follows("/*") {
                    (state, width) = (.block(depth + 1), 2)
                }
            case .string:
                if bytes[place] == 92 {
                    width = 2
                } else if bytes[place] == 34 {
                    state = .code
                    line.append(34)
                }
            case .longString:
                if bytes[place] == 92 {
                    width = 2
                } else if follows("\"\"\"") {
                    (state, width) = (.code, 3)
                }
            }
            place += width
        }
        return lines + [String(decoding: line, as: UTF8.self)]
    }
}

/// One breach of a house rule.
struct TidyFinding: CustomStringConvertible, Equatable, Sendable {
    /// The file.
    var path: String
    /// The line, from 1.
    var line: Int
    /// What is wrong and what to write instead.
    var message: String

    /// `Sources/MailTypes/Reply.swift:12: …`.
    var description: String { "\(path):\(line): \(message)" }
}
