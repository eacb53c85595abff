// An open file of a log.

import Foundation
import MailTypes

/// A file that is read from somewhere on; closed when it is let go.
final class OpenLog {
    /// The descriptor.
    private let descriptor: Int32
    /// The inode.
    let inode: UInt64
    /// When it was last written, in nanoseconds.
    let written: Int64
    /// Where the next read begins.
    private(set) var offset: Int64 = 0
    /// Where the line begins that is not whole yet.
    private var lineStart: Int64 = 0

    /// Opens a regular file for reading; nil and errno where it can't be.
    init?(_ path: String) {
        // Without waiting: a FIFO under the log's name must not hold anything up.
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        var status = stat()
        fstat(descriptor, &status)
        inode = UInt64(status.st_ino)
        written = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
        guard status.st_mode & S_IFMT == S_IFREG else {
            // deinit closes it.
            errno = status.st_mode & S_IFMT == S_IFDIR ? EISDIR : EINVAL
            return nil
        }
    }

    deinit { close(descriptor) }

    /// Its size now.
    var size: Int64 {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? Int64(status.st_size) : 0
    }

    /// Goes on elsewhere, at the beginning of a line.
    func seek(to place: Int64) { (offset, lineStart) = (place, place) }

    /// The next bytes; none at the end, or where the disk fails.
    func read(_ count: Int) -> [UInt8] {
        let bytes = bytes(at: offset, count)
        offset += Int64(bytes.count)
        if let last = bytes.lastIndex(of: 10) { lineStart = offset - Int64(bytes.count - 1 - last) }
        return bytes
    }

    /// The place behind the last whole line.
    var place: LogPlace { LogPlace(inode: inode, offset: lineStart, tail: tail(before: lineStart)) }

    /// True where the bytes before a place are those that were read there.
    func matches(_ place: LogPlace) -> Bool {
        if place.offset == 0 { return inode == place.inode }
        return size >= place.offset && tail(before: place.offset) == place.tail
    }

    /// False where the file was cut, or written anew, since a place in it was taken.
    func isAsRead(upTo place: LogPlace?) -> Bool {
        guard size >= offset else { return false }
        guard let place, place.inode == inode else { return true }
        return tail(before: place.offset) == place.tail
    }

    /// The hash of the bytes before an offset.
    private func tail(before end: Int64) -> UInt64 {
        let count = min(end, Int64(LogPlace.tailBytesMax))
        return LogPlace.hash.hash(bytes(at: end - count, Int(count)).span)
    }

    /// Bytes at an offset, as many as there are.
    private func bytes(at place: Int64, _ count: Int) -> [UInt8] {
        guard count > 0 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = 0
            while filled < count {
                let got = pread(descriptor, buffer.baseAddress! + filled, count - filled, off_t(place) + off_t(filled))
                if got > 0 { filled += got } else if got == 0 || errno != EINTR { break }
            }
        }
    }

    /// What keeps a log from being opened, in words.
    static func trouble(_ number: Int32, _ path: String) -> String {
        switch number {
        case ENOENT: "\(path): no such file; it is read as soon as it is there"
        case EACCES:
            "\(path): no permission; let the user that runs Weir read it, on Debian as a member of the group adm"
        case EISDIR, EINVAL: "\(path): not a file; name the log itself"
        default: "\(path): can't be opened (\(String(cString: strerror(number)))); check the path and the disk"
        }
    }
}
