// The control socket: requests there and back, and callers that are slow, loud, cut short or too many.

import Foundation
import Logging
import MailTypes
import Testing
import WeirEngine

@testable import WeirServer

/// A logger that says nothing.
private let quiet = Logger(label: "control") { _ in SwiftLogNoOpLogHandler() }

/// Bounds as shipped, but for the time that a request may take.
private let hasty = {
    var limits = ControlLimits.defaults
    limits.requestSecondsMax = 0.5
    return limits
}()

/// Runs a body with a control server that says who asked and what.
private func withControl(_ limits: ControlLimits = .defaults, _ body: (String) throws -> Void) throws {
    try inTemporaryFolder { folder in
        let server = ControlServer(path: folder + "/control", limits: limits, logger: quiet) { request, who in
            request.subscriber == "nobody"
                ? ControlResponse(error: "unknown")
                : ControlResponse(done: "\(request.verb.rawValue) \(request.why ?? "") \(!who.isEmpty)")
        }
        try server.start()
        defer { server.stop() }
        try body(folder + "/control")
    }
}

/// A connection whose bytes a test sends as it likes.
private final class Caller {
    /// The socket.
    let descriptor: Int32

    /// Connects.
    init(_ path: String) throws { descriptor = try UnixSocket.connect(path) }

    deinit { close(descriptor) }

    /// Sends some text.
    func send(_ text: String) {
        UnixSocket.write(Array(text.utf8), to: descriptor, by: UnixSocket.moment(inSeconds: 10))
    }

    /// The answer; nil where the server closed without one.
    func answer() throws -> ControlResponse? {
        try UnixSocket.readLine(descriptor, bytesMax: 1 << 20, by: UnixSocket.moment(inSeconds: 10)).map {
            try JSONDecoder().decode(ControlResponse.self, from: Data($0))
        }
    }
}

@Suite struct ControlServerTests {
    @Test func aRequestGoesThereAndBack() throws {
        try withControl { path in
            var request = ControlRequest(.subscriberReset)
            request.why = "line one\nline two"
            #expect(try ControlClient.ask(request, at: path).done == "subscriber-reset line one\nline two true")
            request.subscriber = "nobody"
            #expect(throws: ControlError.self) { try ControlClient.ask(request, at: path) }
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o660)
        }
    }

    @Test(arguments: ["{}", "no json", #"{"verb":"no-such-verb"}"#, "", #"{"verb":7}"#, "\0\u{1}\u{80}"])
    func aMalformedRequestIsAnsweredWithAnError(text: String) throws {
        try withControl { path in
            let caller = try Caller(path)
            caller.send(text + "\n")
            let error = try caller.answer()?.error
            #expect(error?.contains("not a request of Weir") == true && error?.contains("expected") == true)
            #expect(try ControlClient.ask(ControlRequest(.status), at: path).error == nil)
        }
    }

    @Test func anOversizedRequestIsAnsweredWithAnErrorAndTheNextOneServed() throws {
        try withControl { path in
            var request = ControlRequest(.status)
            request.why = String(repeating: "x", count: 2 * ControlLimits.defaults.requestBytesMax)
            let oversized = request
            do {
                _ = try ControlClient.ask(oversized, at: path)
                Issue.record("it was served")
            } catch let error as ControlError {
                #expect(error.description.contains("longer than 262144 bytes"), "\(error)")
            }
            #expect(try ControlClient.ask(ControlRequest(.status), at: path).done != nil)
        }
    }

    @Test func aRequestCutShortIsAnsweredWithAnError() throws {
        try withControl { path in
            let caller = try Caller(path)
            caller.send(#"{"verb":"sta"#)
            shutdown(caller.descriptor, Int32(SHUT_WR))
            #expect(try caller.answer()?.error?.contains("ended after 12 bytes") == true)
            // Who leaves without a word, as a probe does, is owed none.
            let silent = try Caller(path)
            shutdown(silent.descriptor, Int32(SHUT_WR))
            #expect(try silent.answer() == nil)
        }
    }

    @Test func aCallerThatTricklesHasOneDeadlineForItsWholeRequest() throws {
        try withControl(hasty) { path in
            let caller = try Caller(path)
            let began = WallClock.nanoseconds(CLOCK_MONOTONIC)
            var isOpen = true
            // Each byte comes in good time; the request does not.
            while isOpen, WallClock.nanoseconds(CLOCK_MONOTONIC) - began < 8_000_000_000 {
                isOpen = UnixSocket.write([123], to: caller.descriptor, by: UnixSocket.moment(inSeconds: 1))
                usleep(50_000)
            }
            #expect(!isOpen, "the server listens to it still")
            #expect(try caller.answer()?.error?.contains("after 0.5 s") == true)
        }
    }

    @Test func slowCallersHoldNobodyUp() throws {
        try withControl { path in
            let slow = try (0..<ControlLimits.defaults.callersMax / 2).map { _ in try Caller(path) }
            for caller in slow { caller.send("{") }
            let began = WallClock.nanoseconds(CLOCK_MONOTONIC)
            for _ in 0..<20 { #expect(try ControlClient.ask(ControlRequest(.status), at: path).done != nil) }
            #expect(WallClock.nanoseconds(CLOCK_MONOTONIC) - began < 3_000_000_000)
        }
    }

    @Test func beyondTheBoundACallerIsToldSoAtOnce() throws {
        try withControl { path in
            var slow = try (0..<ControlLimits.defaults.callersMax).map { _ in try Caller(path) }
            for caller in slow { caller.send("{") }
            usleep(200_000)
            #expect(try Caller(path).answer()?.error?.contains("16 callers are being served") == true)
            slow = []
            var isServed = false
            for _ in 0..<500 where !isServed {
                isServed = (try? ControlClient.ask(ControlRequest(.status), at: path)) != nil
                if !isServed { usleep(10_000) }
            }
            #expect(isServed, "the places of callers that left are not given out again")
        }
    }

    @Test func stopAnswersWhomItServes() throws {
        try inTemporaryFolder { folder in
            let server = ControlServer(path: folder + "/control", logger: quiet) { _, _ in
                Thread.sleep(forTimeInterval: 0.5)
                return ControlResponse(done: "late")
            }
            try server.start()
            let caller = try Caller(server.path)
            caller.send("{\"verb\":\"status\"}\n")
            usleep(100_000)
            server.stop()
            #expect(try caller.answer()?.done == "late")
            #expect(!FileManager.default.fileExists(atPath: server.path))
        }
    }

    @Test func aSecondServerAtTheSameSocketIsRefusedAndADeadOneReplaced() throws {
        try withControl { path in
            let second = ControlServer(path: path, logger: quiet) { _, _ in ControlResponse(done: "second") }
            #expect(throws: StoreError.self) { try second.start() }
            #expect(try ControlClient.ask(ControlRequest(.status), at: path).done != nil)
            // A socket file that a dead process left.
            let dead = path + "2"
            close(try UnixSocket.listen(dead, mode: 0o600))
            let third = ControlServer(path: dead, logger: quiet) { _, _ in ControlResponse(done: "third") }
            try third.start()
            defer { third.stop() }
            #expect(try ControlClient.ask(ControlRequest(.status), at: dead).done == "third")
        }
    }

    @Test func nobodyAtTheSocketIsSaid() throws {
        try inTemporaryFolder { folder in
            do {
                _ = try ControlClient.ask(ControlRequest(.status), at: folder + "/none")
                Issue.record("somebody answered")
            } catch {
                #expect("\(error)".contains("no running Weir answers"))
            }
        }
    }
}
