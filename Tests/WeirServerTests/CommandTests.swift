// Programs run to their end: what they read and write, and those that do not end.

import Foundation
import Testing

@testable import WeirServer

/// Runs a shell line.
private func shell(_ line: String, input: String = "", seconds: Double = 20) throws -> Command {
    try Command(
        "/bin/sh", ["-c", line], environment: ["PATH=/usr/bin:/bin"], input: Array(input.utf8), seconds: seconds)
}

@Suite struct CommandTests {
    @Test func inputOutputErrorsAndStatusGoThrough() throws {
        let done = try shell("cat; echo why >&2; echo \"$PATH:$HOME\"; exit 3", input: "two\nlines\n")
        #expect(String(decoding: done.output, as: UTF8.self) == "two\nlines\n/usr/bin:/bin:\n")
        #expect(String(decoding: done.errors, as: UTF8.self) == "why\n" && done.status == 3)
        #expect(try shell("kill -KILL $$").status == 128 + SIGKILL)
    }

    @Test func muchOfEverythingFillsNoPipe() throws {
        let input = String(repeating: "0123456789abcde\n", count: 200_000)
        let done = try shell("head -c 300000 /dev/zero >&2; cat", input: input)
        #expect(done.output.count == input.utf8.count && done.errors.count == Command.errorBytesMax)
    }

    @Test func aProgramThatReadsNothingIsNoTrouble() throws {
        signal(SIGPIPE, SIG_IGN)  // as the agent has it
        let done = try shell("exec 0<&-; echo done", input: String(repeating: "x", count: 1 << 20))
        #expect(done.status == 0 && done.output == Array("done\n".utf8))
    }

    @Test func aProgramThatDoesNotEndIsEnded() throws {
        #expect(throws: ControlError.self) { try shell("exec sleep 60", seconds: 0.3) }
        #expect(throws: SystemError.self) {
            try Command("/no/such/program", [], environment: [], input: [], seconds: 1)
        }
    }
}
