// The small helper on a mail host that may do three things with Postfix's hold queue, and nothing else.
//
// Only the superuser may call postsuper(1). So this helper is a process of its own, with a socket of its own; `weir serve`
// runs as an ordinary user and asks it. Its whole protocol is below: list, release, purge, by queue ids that are checked
// letter by letter. Run it with no capability but to become Postfix's owner (see Docs/hold.md).

import Foundation
import Logging

/// A request to the hold agent.
struct HoldRequest: Codable, Sendable {
    /// What is asked.
    enum Verb: String, Codable, Sendable {
        case list, release, purge
    }

    /// What is asked.
    var verb: Verb
    /// For release and purge: which messages.
    var queueIDs: [String]?
}

/// The agent's answer.
struct HoldResponse: Codable, Sendable {
    /// One message in the hold queue.
    struct Message: Codable, Sendable {
        /// The queue id.
        var queueID: String
        /// Seconds since 1970.
        var arrivedAt: Int64
        /// Size.
        var bytes: Int
        /// The reverse-path.
        var sender: String
        /// How many recipients; who they are is not told.
        var recipients: Int
    }

    /// What went wrong; nil where nothing did.
    var error: String?
    /// The hold queue.
    var messages: [Message]?
    /// Queue ids that were released or deleted.
    var done: [String]?
}

/// The hold agent.
public final class HoldAgent: Sendable {
    /// Most queue ids in one request.
    static let queueIDsMax = 100_000

    /// Longest request, in bytes.
    static let requestBytesMax = 8 << 20

    /// Seconds that a caller may take to send its request whole, and to take its answer.
    static let callerSecondsMax: Double = 5

    /// Seconds after which one of Postfix's programs is ended: the daemon waits for a minute.
    static let programSecondsMax: Double = 50

    /// Released messages that are tried one by one; beyond it the whole deferred queue is.
    static let deliveredSinglyMax = 50

    /// Postfix's configuration directory; nil for its default.
    private let configurationDirectory: String?
    /// The socket's path.
    private let path: String
    /// Operational messages.
    private let logger: Logger

    /// An agent at a socket, for a Postfix instance.
    public init(path: String, configurationDirectory: String?, logger: Logger) {
        self.path = path
        self.configurationDirectory = configurationDirectory
        self.logger = logger
    }

    /// Serves until the process ends.
    public func run() throws {
        signal(SIGPIPE, SIG_IGN)  // a program may end before it has read its input
        let listening = try UnixSocket.listen(path, mode: 0o660)
        logger.notice("the hold agent listens", metadata: ["socket": "\(path)"])
        while true {
            let caller = accept(listening, nil, nil)
            guard caller >= 0 else {
                if errno == EINTR || errno == ECONNABORTED { continue }
                throw SystemError(call: "accept", number: errno)
            }
            serve(caller)
            close(caller)
        }
    }

    /// Reads one request and answers it. One caller at a time: postsuper works on the queue for all of them.
    private func serve(_ caller: Int32) {
        var response: HoldResponse
        do {
            let deadline = UnixSocket.moment(inSeconds: HoldAgent.callerSecondsMax)
            guard let line = try UnixSocket.readLine(caller, bytesMax: HoldAgent.requestBytesMax, by: deadline) else {
                return
            }
            response = answer(line, from: UnixSocket.peerName(caller))
        } catch {
            response = HoldResponse(
                error:
                    "not a whole request: one line of at most \(HoldAgent.requestBytesMax) bytes is expected within \(Int(HoldAgent.callerSecondsMax)) s (\(error))"
            )
        }
        guard let data = try? JSONEncoder().encode(response) else { return }
        UnixSocket.write([UInt8](data) + [10], to: caller, by: UnixSocket.moment(inSeconds: HoldAgent.callerSecondsMax))
    }

    /// Answers one request.
    private func answer(_ line: [UInt8], from who: String) -> HoldResponse {
        guard let request = try? JSONDecoder().decode(HoldRequest.self, from: Data(line)) else {
            return HoldResponse(error: "not a request to the hold agent")
        }
        let ids = request.queueIDs ?? []
        guard ids.count <= HoldAgent.queueIDsMax, ids.allSatisfy(HoldAgent.isQueueID) else {
            return HoldResponse(error: "a queue id has 1 to 40 letters and digits")
        }
        do {
            switch request.verb {
            case .list: return HoldResponse(messages: try list())
            case .release:
                let done = try change(["-H", "-"], ids, who)
                try deliver(done)
                return HoldResponse(done: done)
            case .purge: return HoldResponse(done: try change(["-d", "-", "hold"], ids, who))
            }
        } catch {
            return HoldResponse(error: "\(error)")
        }
    }

    /// True for what postsuper takes as a queue id, and nothing that could be an option or a path.
    static func isQueueID(_ text: String) -> Bool {
        (1...40).contains(text.utf8.count) && text.uppercased() != "ALL"
            && text.utf8.allSatisfy { ($0 >= 48 && $0 <= 57) || ($0 >= 65 && $0 <= 90) || ($0 >= 97 && $0 <= 122) }
    }

    /// The hold queue, from `postqueue -j`.
    private func list() throws -> [HoldResponse.Message] {
        struct Line: Decodable {
            struct Recipient: Decodable { var address: String }
            var queue_name: String
            var queue_id: String
            var arrival_time: Int64
            var message_size: Int
            var sender: String
            var recipients: [Recipient]
        }
        let output = try run("postqueue", ["-j"], input: "")
        let decoder = JSONDecoder()
        return output.split(separator: "\n").compactMap { line in
            guard let found = try? decoder.decode(Line.self, from: Data(line.utf8)), found.queue_name == "hold" else {
                return nil
            }
            return HoldResponse.Message(
                queueID: found.queue_id, arrivedAt: found.arrival_time, bytes: found.message_size, sender: found.sender,
                recipients: found.recipients.count)
        }
    }

    /// Releases or deletes messages; returns those that were held before and are not any more.
    private func change(_ arguments: [String], _ ids: [String], _ who: String) throws -> [String] {
        guard !ids.isEmpty else { return [] }
        let before = Set(try list().map(\.queueID))
        let wanted = ids.filter(before.contains)
        _ = try run("postsuper", arguments, input: wanted.joined(separator: "\n") + "\n")
        let after = Set(try list().map(\.queueID))
        let done = wanted.filter { !after.contains($0) }
        logger.notice(
            "postsuper \(arguments.joined(separator: " "))", metadata: ["by": "\(who)", "messages": "\(done.count)"])
        return done
    }

    /// Has released messages tried at once: postsuper leaves them to the next run of the queue, minutes away.
    private func deliver(_ ids: [String]) throws {
        guard ids.count <= HoldAgent.deliveredSinglyMax else {
            _ = try run("postqueue", ["-f"], input: "")
            return
        }
        for id in ids { _ = try? run("postqueue", ["-i", id], input: "") }
    }

    /// Runs one of Postfix's two programs with a fixed path and environment.
    private func run(_ program: String, _ arguments: [String], input: String) throws -> String {
        let result = try Command(
            "/usr/sbin/\(program)", (configurationDirectory.map { ["-c", $0] } ?? []) + arguments,
            environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"], input: Array(input.utf8),
            seconds: HoldAgent.programSecondsMax)
        guard result.status == 0 else {
            let words = String(decoding: result.errors, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            throw ControlError(description: "\(program) ended with \(result.status): \(words.prefix(500))")
        }
        return String(decoding: result.output, as: UTF8.self)
    }
}
