// The daemon's side of the hold agents: one for each mail host.

import Foundation

/// Asks the hold agents.
struct HoldQueue: Sendable {
    /// Seconds in which an agent must have answered: postsuper walks the whole queue.
    static let answerSecondsMax: Double = 60
    /// Longest answer of an agent, in bytes.
    static let answerBytesMax = 256 << 20

    /// The agents' sockets by the name of the mail host.
    let agents: [String: String]

    /// Asks one agent.
    func ask(_ request: HoldRequest, mailHost: String) throws -> HoldResponse {
        guard let path = agents[mailHost] else {
            throw ControlError(
                description:
                    "no hold agent is configured for the mail host \(mailHost): see `hold_helper` in Docs/configuration.md"
            )
        }
        let descriptor: Int32
        do { descriptor = try UnixSocket.connect(path) } catch {
            throw ControlError(
                description:
                    "the hold agent of \(mailHost) does not answer at \(path) (\(error)): is `weir hold-agent` running there?"
            )
        }
        defer { close(descriptor) }
        let deadline = UnixSocket.moment(inSeconds: HoldQueue.answerSecondsMax)
        UnixSocket.write([UInt8](try JSONEncoder().encode(request)) + [10], to: descriptor, by: deadline)
        guard let line = try? UnixSocket.readLine(descriptor, bytesMax: HoldQueue.answerBytesMax, by: deadline) else {
            throw ControlError(
                description:
                    "the hold agent of \(mailHost) gave no answer within \(Int(HoldQueue.answerSecondsMax)) s: see its log"
            )
        }
        let response = try JSONDecoder().decode(HoldResponse.self, from: Data(line))
        if let error = response.error { throw ControlError(description: "hold agent of \(mailHost): \(error)") }
        return response
    }
}
