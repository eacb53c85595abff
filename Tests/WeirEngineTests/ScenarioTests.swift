// Every scenario of Tests/Scenarios, and the reader's own errors.

import Foundation
import Testing
import WeirTesting

/// The folder of the scenarios.
private let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Scenarios")

/// Their file names, in order.
private let files: [String] = {
    let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
    return (names ?? []).filter { $0.hasSuffix(".scenario") }.sorted()
}()

@Suite("Scenarios")
struct ScenarioTests {
    @Test("all of it comes true", arguments: files)
    func scenario(_ file: String) throws {
        let text = try String(contentsOf: folder.appendingPathComponent(file), encoding: .utf8)
        let scenario = try Scenario(file: "Tests/Scenarios/\(file)", text: text)
        for failure in ScenarioRunner.run(scenario) { Issue.record("\(failure)") }
    }

    @Test("there are scenarios to run")
    func present() {
        #expect(files.count >= 12)
    }

    @Test(
        "a line that can't be read is named with its file and line",
        arguments: [
            ("SCENARIO x\nGIVEN limit lots of mail", 2, "a limit begins like"),
            ("SCENARIO x\n\n# note\nGIVEN limit 5 apples per hour", 4, "`apples` is nothing that is counted"),
            ("SCENARIO x\nGIVEN limit 5 messages per fortnight", 2, "`fortnight` is no period"),
            ("SCENARIO x\nGIVEN limit 5 messages per hour, burst 0", 2, "a burst below 1"),
            ("SCENARIO x\nGIVEN limit 5 messages per hour, explode", 2, "`explode` is none of"),
            ("SCENARIO x\nAT 25:00 ann sends 1 message", 2, "expected a time like"),
            ("SCENARIO x\nann sends many messages", 2, "expected how many messages, found `many`"),
            ("SCENARIO x\nann sends 1 message to 3 friends", 2, "expected `recipients`, found `friends`"),
            ("SCENARIO x\nann dances", 2, "is no statement"),
            ("SCENARIO x\nTIME PASSES slowly", 2, "expected a duration"),
            ("SCENARIO x\nEXPECT ann flew 3", 2, "expected passed, held, deferred, rejected, aborted, found `flew`"),
            ("SCENARIO x\nEXPECT the last answer is maybe", 2, "found `maybe`"),
            ("SCENARIO x\nGIVEN plan p", 2, "expected mua or mta, found the end of the line"),
            ("SCENARIO x\nCLOCK JUMPS 2h", 2, "expected `+2h` or `-30m`"),
            ("SCENARIO x\nGIVEN header X-A user", 2, "exactly one {subscriber}"),
            ("# nothing", 1, "expected `SCENARIO title`"),
        ])
    func syntax(_ text: String, _ line: Int, _ message: String) {
        do throws(ScenarioError) {
            _ = try Scenario(file: "a.scenario", text: text)
            Issue.record("the scenario was read: \(text)")
        } catch {
            #expect(error.file == "a.scenario")
            #expect(error.line == line)
            #expect(error.message.contains(message), "\(error)")
        }
    }

    @Test("an expectation that fails is named with its file and line")
    func failing() throws {
        let text = """
            SCENARIO wrong
            GIVEN limit 5 messages per hour, reject
            AT 10:00 ann sends 7 messages
            EXPECT ann passed 7
            EXPECT ann has no case
            EXPECT total messages 5
            AT 09:00 bob sends 1 message
            """
        let failures = ScenarioRunner.run(try Scenario(file: "b.scenario", text: text))
        try #require(failures.count == 3)
        #expect(failures[0] == "b.scenario:4: expected 7, found 5")
        #expect(failures[1].hasPrefix("b.scenario:5: expected no case, found slowed W-2"))
        #expect(failures[2] == "b.scenario:7: the clock already shows 2026-11-23T10:00:00.000Z")
    }
}
