// What the tests of an audit share: files of every kind, and audits of them.

import CArchive
import Foundation
import MailTypes
import WeirAudit
import WeirEngine
import WeirTesting

@testable import WeirServer

/// What a log can be compressed with.
enum Compression: String, CaseIterable {
    case gz, bz2, xz, zst

    /// Bytes in that form, whole.
    func compressed(_ bytes: [UInt8]) -> [UInt8] {
        let archive = archive_write_new()
        defer { archive_write_free(archive) }
        switch self {
        case .gz: archive_write_add_filter_gzip(archive)
        case .bz2: archive_write_add_filter_bzip2(archive)
        case .xz: archive_write_add_filter_xz(archive)
        case .zst: archive_write_add_filter_zstd(archive)
        }
        archive_write_set_format_raw(archive)
        // No padding to a tape's blocks.
        archive_write_set_bytes_in_last_block(archive, 1)
        var out = [UInt8](repeating: 0, count: bytes.count + bytes.count / 10 + 65_536)
        var used = 0
        out.withUnsafeMutableBytes { buffer in
            precondition(archive_write_open_memory(archive, buffer.baseAddress, buffer.count, &used) == ARCHIVE_OK)
            let entry = archive_entry_new()
            archive_entry_set_filetype(entry, 0o100000)  // AE_IFREG
            precondition(archive_write_header(archive, entry) == ARCHIVE_OK)
            archive_entry_free(entry)
            precondition(archive_write_data(archive, bytes, bytes.count) == bytes.count)
            precondition(archive_write_close(archive) == ARCHIVE_OK)
        }
        return Array(out[..<used])
    }
}

/// Bytes of noise, the same each time.
func noise(_ count: Int, seed: UInt64) -> [UInt8] {
    var random = SeededGenerator(seed: seed)
    return (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
}

/// Writes a file of a folder, last changed at a moment, and returns its path.
@discardableResult
func write(_ bytes: [UInt8], _ folder: String, _ name: String, modified: String? = nil) throws -> String {
    let path = folder + "/" + name
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    if let modified = modified.flatMap({ Timestamp(rfc3339: $0) }) {
        let date = Date(timeIntervalSince1970: Double(modified.seconds))
        try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: path)
    }
    return path
}

/// Writes a text as a file.
@discardableResult
func write(_ text: String, _ folder: String, _ name: String, modified: String? = nil) throws -> String {
    try write(Array(text.utf8), folder, name, modified: modified)
}

/// What an audit of files comes to, stamps in UTC.
func audit(
    _ files: [String], _ format: AuditRequest.Format = .log, zoneSeconds: Int = 0,
    decided: (AuditedDecision) -> Void = { _ in }
) -> AuditOutcome {
    AuditRun.run(
        AuditRequest(
            files: files, format: format, zoneSeconds: zoneSeconds,
            settings: AuditSettings(
                policy: Policy(networks: AuditSettings.ownNetworks),
                bounds: Engine.Bounds(subscribersMax: 500, messagesMax: 5000, heldMax: 100, casesMax: 50))),
        tell: { if case .decision(let told) = $0 { decided(told) } })
}

/// A message of Postfix as three lines: it arrives, is queued, and is delivered.
func postfixMessage(_ stamp: String, host: String = "mx1", id: String, login: String = "ann", to: String = "bob")
    -> String
{
    """
    \(stamp) \(host) postfix/smtpd[811]: \(id): client=pc.example.net[192.0.2.7]:4711, sasl_method=PLAIN, sasl_username=\(login)
    \(stamp) \(host) postfix/qmgr[9]: \(id): from=<\(login)@example.net>, size=810, nrcpt=1 (queue active)
    \(stamp) \(host) postfix/smtp[813]: \(id): to=<\(to)@example.org>, relay=mx[192.0.2.25]:25, delay=1, dsn=2.0.0, status=sent (250 ok)
    \(stamp) \(host) postfix/qmgr[9]: \(id): removed

    """
}

extension AuditOutcome {
    /// Lines of a category.
    func lines(_ category: String) -> Int {
        lines.reduce(0) { $1.category.description == category ? $0 + $1.count : $0 }
    }

    /// Lines of a kind.
    func lines(kind: String) -> Int { lines.reduce(0) { $1.kind.contains(kind) ? $0 + $1.count : $0 } }
}
