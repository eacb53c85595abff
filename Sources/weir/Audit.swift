// weir audit

import ArgumentParser
import Foundation
import WeirAudit
import WeirServer

/// Audits mail logs.
struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Read mail logs: who looks stolen, which limits would have caught it, whom they would have hurt.",
        discussion: """
            Reads logs of Postfix, Exim and Sendmail as they are: plain, .gz, .bz2, .xz, .zst, rotated files in any order, logs of \
            several hosts, and standard input (-). Changes nothing and writes nothing but what you ask for.

              weir audit /var/log/mail.log*

            Exit 0, or 2 where a file could not be read at all.
            """
    )

    @Argument(help: "The logs; - is standard input.") var files: [String]
    @Option(help: "Try this policy in place of the default one.") var policy: String?
    @Option(help: "Only what happened since then: 2026-11-23, or 2026-11-23T18:05:00Z.") var since: String?
    @Option(help: "Only what happened until then.") var until: String?
    @Option(help: "Report on this subscriber alone.") var subscriber: String?
    @Option(
        name: .customLong("network"),
        help: "A network of your own customers without login, as 192.0.2.0/24; may be given again.")
    var networks: [String] = []
    @Option(help: "The zone of stamps without one: +01:00, or the machine's own.") var zone: String?
    @Option(help: "How the files are written: log, or events (the JSON lines of events.md).") var format = "log"
    @Flag(help: "Print JSON lines: decisions and cases in the order of time, a summary last.") var json = false
    @Option(help: "Write the report as one page that can be mailed; nothing is loaded by it.") var html: String?
    @Flag(help: "Replace the names of accounts, hosts and messages in all that is printed or written.")
    var anonymise = false
    @Option(
        name: .customLong("key"),
        help: "A file of secret bytes for --anonymise: the same key gives the same pseudonyms again.")
    var keyFile: String?

    /// Reads, judges, reports.
    func run() throws {
        let request: AuditRequest
        let pseudonyms: Pseudonyms?
        let page: PageFile?
        do {
            request = try AuditRequest(
                files: files, format: format, policy: policy, since: since, until: until, subscriber: subscriber,
                networks: networks, zone: zone)
            pseudonyms = anonymise || keyFile != nil ? try Pseudonyms(keyFile: keyFile) : nil
            page = try html.map { try PageFile($0) }
        } catch {
            FileHandle.standardError.write(Data("weir audit: \(error)\n".utf8))
            throw ExitCode(2)
        }
        let bar = ProgressBar()
        let output = LineOutput()
        var outcome = AuditRun.run(request, progress: { bar.show($0) }) { line in
            if json { output.write(AuditLines.line(pseudonyms?.line(line) ?? line)) }
        }
        if let pseudonyms { outcome = outcome.anonymised(pseudonyms) }
        bar.end()
        for fault in outcome.faults { FileHandle.standardError.write(Data("weir audit: \(fault)\n".utf8)) }
        if json {
            output.write(outcome.summaryLine)
            output.end()
        } else {
            print(outcome.text(width: Terminal.columns, isColoured: Terminal.showsColours), terminator: "")
        }
        try page?.write(outcome.html)
        if outcome.faults.contains(where: { $0.bytesRead == 0 }) { throw ExitCode(2) }
    }
}

/// The page of a report on its way to a file, which appears whole or not at all.
struct PageFile {
    /// The path as given.
    let path: String

    /// A page that will be at a path. Throws at once where it can't be: nobody shall wait for nothing.
    init(_ path: String) throws {
        self.path = path
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        var isFolder: ObjCBool = false
        let isThere = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        guard !(isThere && isFolder.boolValue), access(folder, W_OK) == 0 else {
            throw AuditArgumentError(
                option: "--html", found: path, expected: "the name of a file in a folder that may be written to")
        }
    }

    /// Writes the page.
    func write(_ page: String) throws {
        do {
            try Data(page.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            FileHandle.standardError.write(
                Data("weir audit: \(path) could not be written (\(error.localizedDescription)). Is there room?\n".utf8))
            throw ExitCode(1)
        }
        FileHandle.standardError.write(Data("weir audit: the page is in \(path)\n".utf8))
    }
}

/// Lines on standard output or in a file, many at a time.
final class LineOutput {
    /// Bytes gathered before they are written.
    private static let bytesMax = 1 << 16
    /// Where they go.
    private let file: FileHandle
    /// What waits.
    private var waiting: [UInt8] = []

    /// Lines of a file.
    init(_ file: FileHandle = .standardOutput) { self.file = file }

    /// Writes a line.
    func write(_ line: String) {
        waiting += line.utf8
        waiting.append(10)
        if waiting.count >= LineOutput.bytesMax { end() }
    }

    /// Writes what waits.
    func end() {
        file.write(Data(waiting))
        waiting = []
    }
}

/// What standard output shows.
enum Terminal {
    /// Its columns; 100 where it is no terminal.
    static var columns: Int {
        var size = winsize()
        return ioctl(1, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 100
    }

    /// True for a terminal whose owner did not ask for none (NO_COLOR).
    static var showsColours: Bool { isatty(1) != 0 && ProcessInfo.processInfo.environment["NO_COLOR"] == nil }
}

/// A bar on standard error while it is a terminal.
final class ProgressBar: Sendable {
    /// Columns of the bar.
    private static let columns = 40
    /// True where there is somebody to see it.
    private let isShown = isatty(2) != 0
    /// The last share shown, in thousandths.
    private let last = LastShown()

    /// Shows a share from 0 to 1.
    func show(_ share: Double) {
        let permille = Int(share * 1000)
        guard isShown, last.advance(to: permille) else { return }
        let filled = permille * ProgressBar.columns / 1000
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: ProgressBar.columns - filled)
        FileHandle.standardError.write(Data("\r\(bar) \(permille / 10) % ".utf8))
    }

    /// Takes the bar away.
    func end() { if isShown { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) } }
}
