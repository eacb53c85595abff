// A connection to a server on this machine, for what plays mail: no other machine can be named.

import Foundation
import MailTypes

/// A blocking TCP connection to this machine.
final class LoopbackConnection {
    /// The socket.
    private let descriptor: Int32

    /// Connects to a port on 127.0.0.1; no other machine can be named.
    init(port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            let error = SystemError(call: "connect to 127.0.0.1:\(port)", number: errno)
            close(descriptor)
            throw error
        }
        UnixSocket.setDeadline(descriptor, seconds: 5)
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Sends bytes.
    func send(_ bytes: [UInt8]) { UnixSocket.write(bytes, to: descriptor) }

    /// Waits for bytes. Throws where the other side closed, or says nothing for five seconds.
    func receive() throws -> [UInt8] {
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        let count = read(descriptor, &chunk, chunk.count)
        guard count > 0 else { throw SystemError(call: "read", number: count == 0 ? ECONNRESET : errno) }
        return Array(chunk[..<count])
    }

    deinit { close(descriptor) }
}
