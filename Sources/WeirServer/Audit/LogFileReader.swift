// The bytes of a log file, whatever it was compressed with.

import CArchive
import Foundation
import MailTypes

/// What is wrong with a file of an audit.
public struct LogFileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The path as given.
    public var path: String
    /// What was found.
    public var found: String
    /// What to do.
    public var remedy: String
    /// Bytes read before that; what they told is in the report.
    public var bytesRead = 0

    /// `mail.log.2.gz: found …. Do …`.
    public var description: String { "\(path): \(found). \(remedy)" }
}

/// Reads one file from its beginning: plain, gzip, bzip2, xz or zstd, told by its first bytes; `-` is standard input.
final class LogFileReader {
    /// Bytes of a piece.
    static let pieceBytes = 1 << 20

    /// When a log can have been written last. Archives and copies that lose the time say 1970 or 1980.
    private static let modifiedTimes = Timestamp(seconds: 631_152_000)...Timestamp.tellable.upperBound

    /// The path as given.
    let path: String
    /// When it was last written; now for standard input, and where a copy lost the time.
    let modified: Timestamp
    /// Its size on disk; 0 where that is not known.
    let size: Int
    /// The descriptor.
    private let descriptor: Int32
    /// The decompressor, nil for a plain file.
    private var archive: OpaquePointer?
    /// The first bytes of what can't be read twice.
    private var ahead: [UInt8] = []
    /// True where nothing was compressed: libarchive then has no data to ask for.
    private var isEmpty = false
    /// Bytes that came out.
    private var bytesOut = 0

    /// Opens a file. Throws where it can't be.
    init(_ path: String) throws(LogFileError) {
        self.path = path
        descriptor = path == "-" ? dup(0) : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let number = errno
            throw LogFileError(
                path: path, found: "it can't be opened (\(String(cString: strerror(number))))",
                remedy: number == EACCES ? "Run the audit as root or as a member of the group adm" : "Check the name")
        }
        var status = stat()
        fstat(descriptor, &status)
        guard status.st_mode & S_IFMT != S_IFDIR else {
            close(descriptor)
            throw LogFileError(path: path, found: "it is a folder", remedy: "Name the files in it: \(path)/mail.log*")
        }
        let isFile = status.st_mode & S_IFMT == S_IFREG
        size = isFile ? Int(status.st_size) : 0
        let written = Timestamp(seconds: Int64(status.st_mtim.tv_sec))
        modified = isFile && LogFileReader.modifiedTimes.contains(written) ? written : LogFileReader.now
        ahead = [UInt8](repeating: 0, count: 8)
        var count = 0
        while count < 8 {
            let more = read(descriptor, &ahead[count], 8 - count)
            if more <= 0 { break }
            count += more
        }
        ahead.removeLast(8 - count)
        guard LogFileReader.isCompressed(ahead) else { return }
        guard isFile, lseek(descriptor, 0, SEEK_SET) == 0 else {
            throw LogFileError(
                path: path, found: path == "-" ? "standard input is compressed" : "it is a compressed pipe",
                remedy: "Name the file, or pipe it through zcat")
        }
        ahead = []
        archive = archive_read_new()
        archive_read_support_filter_gzip(archive)
        archive_read_support_filter_bzip2(archive)
        archive_read_support_filter_xz(archive)
        archive_read_support_filter_zstd(archive)
        archive_read_support_format_raw(archive)
        archive_read_support_format_empty(archive)
        var entry: OpaquePointer?
        guard archive_read_open_fd(archive, descriptor, 256 << 10) == ARCHIVE_OK else { throw damage() }
        let begun = archive_read_next_header(archive, &entry)
        isEmpty = begun == ARCHIVE_EOF
        guard begun == ARCHIVE_OK || isEmpty else { throw damage() }
    }

    deinit {
        if archive != nil { archive_read_free(archive) }
        close(descriptor)
    }

    /// True for what can be read only once: standard input, pipes, devices.
    static func isReadOnce(_ path: String) -> Bool {
        var status = stat()
        return path == "-" || (stat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFREG)
    }

    /// When what is no file was last written.
    static var now: Timestamp { Timestamp(nanoseconds: WallClock.nanoseconds(CLOCK_REALTIME)) }

    /// True for the first bytes of a compressed file (RFC 1952 §2.3.1, bzip2, xz, RFC 8878 §3.1.1).
    static func isCompressed(_ bytes: [UInt8]) -> Bool {
        bytes.starts(with: [0x1F, 0x8B]) || bytes.starts(with: Array("BZh".utf8))
            || bytes.starts(with: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0]) || bytes.starts(with: [0x28, 0xB5, 0x2F, 0xFD])
    }

    /// Bytes of the file on disk that were read.
    var bytesRead: Int {
        archive != nil ? Int(archive_filter_bytes(archive, -1)) : bytesOut
    }

    /// Reads the next piece into a buffer and returns its length, 0 at the end. Throws where the file is damaged; what came
    /// before stands.
    func next(_ buffer: inout [UInt8]) throws(LogFileError) -> Int {
        if !ahead.isEmpty {
            let count = ahead.count
            for index in 0..<count { buffer[index] = ahead[index] }
            ahead = []
            bytesOut += count
            return count
        }
        if isEmpty { return 0 }
        while true {
            let count = buffer.withUnsafeMutableBytes { bytes in
                archive != nil
                    ? archive_read_data(archive, bytes.baseAddress, bytes.count)
                    : read(descriptor, bytes.baseAddress, bytes.count)
            }
            if count >= 0 {
                bytesOut += count
                return count
            }
            if archive == nil, errno == EINTR { continue }
            throw damage()
        }
    }

    /// What is wrong now.
    private func damage() -> LogFileError {
        let words = archive != nil ? archive_error_string(archive).map { String(cString: $0) } : nil
        return LogFileError(
            path: path,
            found: "it can't be read on after \(bytesOut) bytes (\(words ?? String(cString: strerror(errno))))",
            remedy: "It may be cut or still being written; what came before is in the report", bytesRead: bytesOut)
    }
}
