// The control socket: who may open it may operate Weir.

import Foundation
import Logging
import MailTypes
import Synchronization

/// Bounds of the control socket.
struct ControlLimits: Sendable {
    /// Longest request, in bytes; a longer one is answered with an error.
    var requestBytesMax: Int
    /// Seconds in which a request must be there whole, however many pieces it comes in.
    var requestSecondsMax: Double
    /// Seconds in which the caller must have taken its answer.
    var answerSecondsMax: Double
    /// Callers served at a time, a thread each; one more is answered with an error at once.
    var callersMax: Int
    /// Seconds for which `stop` waits for callers that are being served.
    var stopSecondsMax: Double

    /// A person's request is a kilobyte and takes a millisecond; sixteen of them at a time is a script.
    static let defaults = ControlLimits(
        requestBytesMax: 256 << 10, requestSecondsMax: 5, answerSecondsMax: 10, callersMax: 16, stopSecondsMax: 3)
}

/// Serves the control socket: one request a caller, some callers at a time, so that none waits for a slow one. Access is the
/// file's: mode 0660. The caller's name for the record comes from the system (SO_PEERCRED), not from the caller.
final class ControlServer: Sendable {
    /// The socket's path.
    let path: String
    /// The bounds.
    private let limits: ControlLimits
    /// Answers a request of a named person; called on several threads at a time.
    private let answer: @Sendable (ControlRequest, String) -> ControlResponse
    /// Operational messages.
    private let logger: Logger
    /// The listening socket; -1 once stopped.
    private let descriptor = Mutex<Int32>(-1)
    /// Callers being served.
    private let callers = Atomic<Int>(0)

    /// A server at a path.
    init(
        path: String, limits: ControlLimits = .defaults, logger: Logger,
        answer: @escaping @Sendable (ControlRequest, String) -> ControlResponse
    ) {
        self.path = path
        self.limits = limits
        self.logger = logger
        self.answer = answer
    }

    /// Listens and starts the thread that takes callers.
    func start() throws {
        let listening = try UnixSocket.listen(path, mode: 0o660)
        descriptor.withLock { $0 = listening }
        NamedThread.start("weir-control") { [self] in
            while true {
                let caller = accept(listening, nil, nil)
                if caller >= 0 {
                    take(caller)
                } else if errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS {
                    Thread.sleep(forTimeInterval: 0.1)  // doors and log hold what there is; it comes back
                } else if errno != EINTR && errno != ECONNABORTED {
                    return
                }
            }
        }
    }

    /// Stops listening, removes the socket, and waits a little for callers that are being served.
    func stop() {
        descriptor.withLock { descriptor in
            guard descriptor >= 0 else { return }
            unlink(path)
            shutdown(descriptor, Int32(SHUT_RDWR))
            close(descriptor)
            descriptor = -1
        }
        let end = UnixSocket.moment(inSeconds: limits.stopSecondsMax)
        while callers.load(ordering: .acquiring) > 0, WallClock.nanoseconds(CLOCK_MONOTONIC) < end {
            Thread.sleep(forTimeInterval: 0.005)
        }
    }

    /// Serves a caller on a thread of its own, or says that there are too many.
    private func take(_ caller: Int32) {
        guard callers.wrappingAdd(1, ordering: .acquiring).newValue <= limits.callersMax else {
            callers.wrappingSubtract(1, ordering: .releasing)
            let fault = ControlFault.tooManyCallers(limits.callersMax)
            send(ControlResponse(error: "\(path): \(fault)"), to: caller, seconds: 0)
            close(caller)
            return
        }
        NamedThread.start("weir-caller") { [self] in
            serve(caller)
            close(caller)
            callers.wrappingSubtract(1, ordering: .releasing)
        }
    }

    /// Reads one request and answers it.
    private func serve(_ caller: Int32) {
        let who = UnixSocket.peerName(caller)
        do {
            let deadline = UnixSocket.moment(inSeconds: limits.requestSecondsMax)
            guard let line = try UnixSocket.readLine(caller, bytesMax: limits.requestBytesMax, by: deadline) else {
                return
            }
            let request: ControlRequest
            do {
                request = try JSONDecoder().decode(ControlRequest.self, from: Data(line))
            } catch {
                throw ControlFault.notARequest("\(error)")
            }
            send(answer(request, who), to: caller, seconds: limits.answerSecondsMax)
        } catch {
            let fault = (error as? LineFault).map { ControlFault($0, limits) } ?? error
            logger.info("a request at the control socket was refused", metadata: ["by": "\(who)", "fault": "\(fault)"])
            send(ControlResponse(error: "\(path): \(fault)"), to: caller, seconds: limits.answerSecondsMax)
        }
    }

    /// Sends an answer.
    private func send(_ response: ControlResponse, to caller: Int32, seconds: Double) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(response) else { return }
        UnixSocket.write([UInt8](data) + [10], to: caller, by: UnixSocket.moment(inSeconds: seconds))
    }
}

/// What is wrong with a request to the control socket: what was found, what was expected, what to do.
enum ControlFault: Error, CustomStringConvertible {
    /// It is longer than so many bytes.
    case tooLong(Int)
    /// It ended after so many bytes.
    case cutShort(Int)
    /// So many bytes of it were there after so many seconds.
    case late(Int, Double)
    /// It can't be read.
    case notARequest(String)
    /// So many callers are being served.
    case tooManyCallers(Int)

    /// The fault of a request's line.
    init(_ fault: LineFault, _ limits: ControlLimits) {
        switch fault {
        case .tooLong(let bytesMax): self = .tooLong(bytesMax)
        case .cutShort(let bytes): self = .cutShort(bytes)
        case .late(let bytes): self = .late(bytes, limits.requestSecondsMax)
        }
    }

    /// The words that the caller reads.
    var description: String {
        switch self {
        case .tooLong(let bytesMax):
            "the request is longer than \(bytesMax) bytes, expected one JSON object on one line. Name fewer queue ids at a time"
        case .cutShort(let bytes):
            "the request ended after \(bytes) bytes, expected a line feed at its end. Ask again with `weir`"
        case .late(let bytes, let seconds):
            "\(bytes) bytes of the request were there after \(seconds) s, expected the whole of it. Ask again with `weir`"
        case .notARequest(let why):
            "not a request of Weir \(weirVersion) (\(why)), expected one JSON object on one line. Use the `weir` of the running daemon's version"
        case .tooManyCallers(let count):
            "\(count) callers are being served, that is the most. Ask again in a moment"
        }
    }
}

/// The command's side of the control socket.
public enum ControlClient {
    /// Seconds in which the answer must be there: longer than the daemon waits for a hold agent.
    static let answerSecondsMax: Double = 90
    /// Longest answer, in bytes.
    static let answerBytesMax = 256 << 20

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
        let data = try JSONEncoder().encode(request)
        let deadline = UnixSocket.moment(inSeconds: answerSecondsMax)
        // Where the daemon does not take all of it, its answer says why.
        UnixSocket.write([UInt8](data) + [10], to: descriptor, by: deadline)
        guard let line = try? UnixSocket.readLine(descriptor, bytesMax: answerBytesMax, by: deadline) else {
            throw StoreError(
                path: path,
                found: "the daemon gave no answer within \(Int(answerSecondsMax)) s or closed the connection",
                remedy: "See its log")
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
