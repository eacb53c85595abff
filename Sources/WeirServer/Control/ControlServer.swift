// The control socket: who may open it may operate Weir.

import Foundation
import Logging
import MailTypes
import Synchronization

/// Serves the control socket, one request at a time, on a thread of its own. Access is the file's: mode 0660. The caller's
/// name for the record comes from the system (SO_PEERCRED), not from the caller.
final class ControlServer: Sendable {
    /// Longest request, in bytes.
    static let requestBytesMax = 256 << 10
    /// Seconds that a caller may take to send its request or take its answer.
    static let callerSecondsMax = 5

    /// The socket's path.
    let path: String
    /// Answers a request of a named person.
    private let answer: @Sendable (ControlRequest, String) -> ControlResponse
    /// Operational messages.
    private let logger: Logger
    /// The listening socket; -1 once stopped.
    private let descriptor = Mutex<Int32>(-1)

    /// A server at a path.
    init(path: String, logger: Logger, answer: @escaping @Sendable (ControlRequest, String) -> ControlResponse) {
        self.path = path
        self.logger = logger
        self.answer = answer
    }

    /// Listens and starts the thread.
    func start() throws {
        let listening = try UnixSocket.listen(path, mode: 0o660)
        descriptor.withLock { $0 = listening }
        let thread = Thread { [self] in
            while true {
                let caller = accept(listening, nil, nil)
                if caller < 0 {
                    if errno == EINTR || errno == ECONNABORTED { continue }
                    return
                }
                serve(caller)
                close(caller)
            }
        }
        thread.name = "weir-control"
        thread.start()
    }

    /// Stops listening and removes the socket.
    func stop() {
        descriptor.withLock { descriptor in
            guard descriptor >= 0 else { return }
            unlink(path)
            shutdown(descriptor, Int32(SHUT_RDWR))
            close(descriptor)
            descriptor = -1
        }
    }

    /// Reads one request and answers it.
    private func serve(_ caller: Int32) {
        UnixSocket.setDeadline(caller, seconds: ControlServer.callerSecondsMax)
        guard let line = UnixSocket.readLine(caller, bytesMax: ControlServer.requestBytesMax) else { return }
        var response: ControlResponse
        do {
            let request = try JSONDecoder().decode(ControlRequest.self, from: Data(line))
            response = answer(request, UnixSocket.peerName(caller))
        } catch {
            response = ControlResponse(error: "not a request of this version of Weir: \(error)")
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(response) else { return }
        UnixSocket.write([UInt8](data) + [10], to: caller)
    }
}

/// The command's side of the control socket.
public enum ControlClient {
    /// Asks the daemon. Throws where nobody answers, or the answer is an error.
    public static func ask(_ request: ControlRequest, at path: String) throws -> ControlResponse {
        let descriptor: Int32
        do {
            descriptor = try UnixSocket.connect(path)
        } catch {
            throw StoreError(
                path: path, found: "no running Weir answers there (\(error))",
                remedy:
                    "Start it with `weir serve`, or name its control socket with --socket, or its configuration with --config"
            )
        }
        defer { close(descriptor) }
        UnixSocket.setDeadline(descriptor, seconds: 60)
        let data = try JSONEncoder().encode(request)
        UnixSocket.write([UInt8](data) + [10], to: descriptor)
        guard let line = UnixSocket.readLine(descriptor, bytesMax: 256 << 20) else {
            throw StoreError(
                path: path, found: "the daemon closed the connection without an answer", remedy: "See its log")
        }
        let response = try JSONDecoder().decode(ControlResponse.self, from: Data(line))
        if let error = response.error { throw ControlError(description: error) }
        return response
    }
}

/// What the daemon refused, and why.
public struct ControlError: Error, CustomStringConvertible {
    /// The daemon's words.
    public var description: String
}
