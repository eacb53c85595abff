// Blocking Unix sockets for the control commands and the hold agent: a line there, a line back.

import Foundation

/// What the system said no to.
struct SystemError: Error, CustomStringConvertible {
    /// The call.
    var call: String
    /// The error number.
    var number: Int32

    /// `connect: Connection refused`.
    var description: String { "\(call): \(String(cString: strerror(number)))" }
}

/// Why no line came.
enum LineFault: Error, Equatable {
    /// It is longer than so many bytes.
    case tooLong(bytesMax: Int)
    /// The other side ended after so many bytes, before the line feed.
    case cutShort(bytes: Int)
    /// The time was over after so many bytes.
    case late(bytes: Int)
}

/// Unix stream sockets.
enum UnixSocket {
    /// Connections that wait to be taken; beyond it the peer waits in connect(2). A mail server opens hundreds at its start.
    static let backlogMax: Int32 = 1024

    /// Listens at a path. A file left by a dead process is replaced; a live one is an error.
    static func listen(_ path: String, mode: UInt16) throws -> Int32 {
        if let other = try? connect(path) {
            close(other)
            throw StoreError(
                path: path, found: "another process listens there", remedy: "Is Weir running already? See `weir status`"
            )
        }
        unlink(path)
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SystemError(call: "socket", number: errno) }
        let before = umask(0o777 & ~mode_t(mode))
        let result = withAddress(path) { bind(descriptor, $0, $1) }
        umask(before)
        guard result == 0, Glibc.listen(descriptor, UnixSocket.backlogMax) == 0 else {
            let error = SystemError(call: "bind \(path)", number: result == -2 ? ENAMETOOLONG : errno)
            close(descriptor)
            throw error
        }
        return descriptor
    }

    /// Connects to a path.
    static func connect(_ path: String) throws -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SystemError(call: "socket", number: errno) }
        let result = withAddress(path) { Glibc.connect(descriptor, $0, $1) }
        guard result == 0 else {
            let error = SystemError(call: "connect", number: result == -2 ? ENAMETOOLONG : errno)
            close(descriptor)
            throw error
        }
        return descriptor
    }

    /// Calls a body with a path, or `@` and an abstract name, as a socket address; -2 where it is too long for one.
    static func withAddress(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else { return -2 }
        let isAbstract = path.hasPrefix("@")
        withUnsafeMutableBytes(of: &address.sun_path) {
            $0.copyBytes(from: path.utf8)
            if isAbstract { $0[0] = 0 }
        }
        // Of an abstract name each byte counts, those behind it included.
        let length = isAbstract ? MemoryLayout<sa_family_t>.size + path.utf8.count : MemoryLayout<sockaddr_un>.size
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(length)) }
        }
    }

    /// Gives reads and writes a deadline each.
    static func setDeadline(_ descriptor: Int32, seconds: Int) {
        var time = timeval(tv_sec: seconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    }

    /// Reads up to a line feed, which is left out. The line must be there whole by a moment of the monotonic clock, so that
    /// a peer that sends a byte now and then holds nobody up. Empty where the peer left without a word.
    static func readLine(_ descriptor: Int32, bytesMax: Int, by deadline: Int64) throws(LineFault) -> [UInt8]? {
        var line: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            guard wait(descriptor, Int16(POLLIN), until: deadline) else { throw .late(bytes: line.count) }
            let count = recv(descriptor, &chunk, chunk.count, Int32(MSG_DONTWAIT))
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            guard count >= 0 else { throw .cutShort(bytes: line.count) }
            if count == 0 {
                guard line.isEmpty else { throw .cutShort(bytes: line.count) }
                return nil
            }
            let end = chunk[..<count].firstIndex(of: 10)
            line += chunk[..<(end ?? count)]
            guard line.count <= bytesMax else { throw .tooLong(bytesMax: bytesMax) }
            if end != nil { return line }
        }
    }

    /// Writes all of some bytes by a moment of the monotonic clock; gives up where the other side does. True where all went.
    @discardableResult
    static func write(_ bytes: [UInt8], to descriptor: Int32, by deadline: Int64) -> Bool {
        var place = 0
        while place < bytes.count {
            guard wait(descriptor, Int16(POLLOUT), until: deadline) else { return false }
            let count = bytes[place...].withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            }
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            guard count > 0 else { return false }
            place += count
        }
        return true
    }

    /// Writes all of some bytes, however long it takes; gives up where the other side does.
    static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var place = 0
        while place < bytes.count {
            let count = bytes[place...].withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            place += count
        }
    }

    /// Waits until a descriptor is ready for something; false where the moment came first.
    private static func wait(_ descriptor: Int32, _ events: Int16, until deadline: Int64) -> Bool {
        while true {
            let left = max(0, deadline - WallClock.nanoseconds(CLOCK_MONOTONIC))
            var waited = pollfd(fd: descriptor, events: events, revents: 0)
            let ready = poll(&waited, 1, Int32(min((left + 999_999) / 1_000_000, 60_000)))
            // An error shows in the call that follows.
            if ready > 0 || ready < 0 && errno != EINTR { return true }
            if left == 0 { return false }
        }
    }

    /// So many seconds from now, as a moment of the monotonic clock.
    static func moment(inSeconds seconds: Double) -> Int64 {
        WallClock.nanoseconds(CLOCK_MONOTONIC) + Int64(seconds * 1e9)
    }

    /// The name of the user at the other end, `uid 1234` where it has none.
    static func peerName(_ descriptor: Int32) -> String {
        // struct ucred { pid_t pid; uid_t uid; gid_t gid; } is not in the Glibc module (no _GNU_SOURCE).
        var credentials = [UInt32](repeating: 0, count: 3)
        var length = socklen_t(3 * MemoryLayout<UInt32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0 else { return "unknown" }
        guard let entry = getpwuid(credentials[1]) else { return "uid \(credentials[1])" }
        return String(cString: entry.pointee.pw_name)
    }
}
