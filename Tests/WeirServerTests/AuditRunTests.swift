// `weir audit` as a program: what it prints where, how it ends, and that it leaves nothing behind.

import Foundation
import Testing

@testable import WeirServer

/// The program, which is built beside the tests.
private let program: String = {
    var path = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &path, path.count - 1)
    let tests = String(decoding: path[..<max(0, count)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let beside = URL(fileURLWithPath: tests).deletingLastPathComponent().appendingPathComponent("weir").path
    if FileManager.default.isExecutableFile(atPath: beside) { return beside }
    // Where a helper of the toolchain runs the tests, their bundle is among its arguments.
    let bundle = CommandLine.arguments.first { $0.contains(".xctest") } ?? ""
    return URL(fileURLWithPath: bundle).deletingLastPathComponent().appendingPathComponent("weir").path
}()

/// Runs `weir audit` within a folder, which is its home too.
private func run(_ arguments: [String], in folder: String = "/", input: [UInt8] = []) throws -> Command {
    try Command(
        "/bin/sh", ["-c", "cd \"$1\" && shift && exec \"$@\"", "sh", folder, program, "audit"] + arguments,
        environment: ["PATH=/usr/bin:/bin", "HOME=\(folder)", "TMPDIR=\(folder)", "TZ=UTC"], input: input, seconds: 60)
}

extension Command {
    /// What it wrote to standard output.
    fileprivate var text: String { String(decoding: output, as: UTF8.self) }

    /// What it wrote to standard error.
    fileprivate var complaints: String { String(decoding: errors, as: UTF8.self) }
}

@Suite struct AuditRunTests {
    /// A log of one message.
    private static let log = postfixMessage("2026-01-05T09:00:00Z", id: "4ACE1F0210")

    @Test func oneMissingFileIsToldAndTheRestReported() throws {
        try inTemporaryFolder { folder in
            try write(Self.log, folder, "mail.log")
            let good = try run(["mail.log"], in: folder)
            #expect(good.status == 0 && good.errors.isEmpty && good.text.contains("1 message"))
            let both = try run(["mail.log", "none.log"], in: folder)
            #expect(both.status == 2 && both.text == good.text)
            #expect(
                both.complaints
                    == "weir audit: none.log: it can't be opened (No such file or directory). Check the name\n")
        }
    }

    @Test func aFileReadInPartIsToldAndIsNoFailure() throws {
        try inTemporaryFolder { folder in
            let whole = Compression.gz.compressed(
                Array(String(repeating: Self.log, count: 5000).utf8) + noise(200_000, seed: 1))
            try write(Array(whole.dropLast(1000)), folder, "mail.log.gz")
            let found = try run(["mail.log.gz"], in: folder)
            #expect(found.status == 0 && found.complaints.contains("mail.log.gz: it can't be read on after"))
            #expect(found.complaints.contains("what came before is in the report"))
            try write(Array(whole.prefix(200)), folder, "stub.gz")
            #expect(try run(["stub.gz"], in: folder).status == 2)
        }
    }

    @Test func standardInputIsALogButNoCompressedOne() throws {
        let plain = try run(["-"], input: Array(Self.log.utf8))
        #expect(plain.status == 0 && plain.text.contains("1 message"))
        let compressed = try run(["-"], input: Compression.xz.compressed(Array(Self.log.utf8)))
        #expect(compressed.status == 2)
        #expect(
            compressed.complaints
                == "weir audit: -: standard input is compressed. Name the file, or pipe it through zcat\n")
    }

    @Test func wrongArgumentsEndItBeforeItReads() throws {
        let found = try run(["--zone", "CET", "/none"])
        #expect(found.status == 2 && found.output.isEmpty)
        #expect(
            found.complaints
                == "weir audit: --zone \"CET\" can't be used: expected UTC, or an offset as +01:00\n")
        #expect(try run([]).status == 64)
    }

    @Test func eventsAreAudited() throws {
        try inTemporaryFolder { folder in
            let line =
                #"{"type":"transaction","at":"2026-01-05T09:13:22Z","id":"t1","login":"u1","from":"a@example.net","to":["b@example.org"]}"#
            try write(line + "\nnonsense\n", folder, "events.jsonl")
            let found = try run(["--format", "events", "events.jsonl"], in: folder)
            #expect(found.status == 0 && found.text.contains("no JSON object") && found.text.contains("1 message"))
        }
    }

    @Test func nothingIsWrittenAnywhere() throws {
        try inTemporaryFolder { folder in
            let home = folder + "/home"
            let logs = folder + "/logs"
            for path in [home, logs] {
                try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            }
            let path = try write(Self.log, logs, "mail.log", modified: "2026-01-05T10:00:00Z")
            try write(Compression.zst.compressed(Array(Self.log.utf8)), logs, "mail.log.1.zst")
            // A folder that nobody may write to is a proof only where the tests don't run as root: so look at everything.
            func all() throws -> [String] {
                try FileManager.default.subpathsOfDirectory(atPath: folder).sorted().map { name in
                    var status = stat()
                    stat(folder + "/" + name, &status)
                    return
                        "\(name) \(status.st_ino) \(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
                }
            }
            let before = try all()
            for arguments in [
                [path, path + ".1.zst"], [path, logs + "/none"], ["--format", "events", path], ["--zone", "x", path],
            ] {
                _ = try run(arguments, in: home)
                #expect(try all() == before)
            }
        }
    }
}
