// The engine under its lock: the journal that falls behind, and the clock that jumps.

import Foundation
import MailTypes
import Testing
import WeirEngine
import WeirTesting

@testable import WeirServer

/// A second in nanoseconds.
private let second: Int64 = 1_000_000_000

/// The inputs of a group.
private func inputs(_ group: JournalGroup) throws -> [Input] {
    var reader = ByteReader(group.inputs)
    return try (0..<group.count).map { _ in try Input(&reader) }
}

/// The counts of the gaps among some inputs.
private func gaps(_ inputs: [Input]) -> [UInt64] {
    inputs.compactMap {
        if case .gap(let count) = $0.event { return count }
        return nil
    }
}

/// A message of a subscriber of its own, which no limit stops.
private func question(_ number: Int) -> Input.Event {
    .transaction(ScenarioMail(number: number, login: "user\(number)@example.net").transaction(.policy, .endOfMessage))
}

/// A wall clock with hands, and an engine that is fed by it as `LiveEngine` feeds it.
private struct Hands {
    /// The clock.
    var clock: WallClock
    /// The engine.
    var engine: Engine
    /// What the real-time clock shows.
    var real = WallClock.nanoseconds(CLOCK_REALTIME)
    /// What the monotonic clock shows.
    var monotonic = WallClock.nanoseconds(CLOCK_MONOTONIC)

    /// A clock that goes on from a moment, so many seconds off the real one.
    init(continuing seconds: Int64 = -3600) {
        engine = freshEngine()
        let latest = Timestamp(nanoseconds: real + seconds * second)
        _ = engine.step(Input(at: latest, .tick))
        clock = WallClock(continuing: latest)
    }

    /// Time passes, and the real-time clock is set; the engine ends the test where its time ran backwards.
    mutating func read(after passed: Int64, step: Int64 = 0) -> (now: Timestamp, jump: Int64) {
        monotonic += passed
        real += passed + step
        let (now, jump) = clock.read(real: real, monotonic: monotonic)
        if jump != 0 { _ = engine.step(Input(at: now, .clockShifted(jump))) }
        _ = engine.step(Input(at: now, .tick))
        return (now, jump)
    }
}

@Suite struct LiveEngineTests {
    @Test func aFullBacklogLosesInputsAndNoDecisions() throws {
        let live = LiveEngine(freshEngine(), position: 0, backlogBytesMax: 4096)
        for number in 0..<300 {
            guard case .decision(let decision)? = live.step(question(number)).outputs.first else {
                Issue.record("no decision on message \(number)")
                return
            }
            #expect(decision.verdict == .accept)
        }
        #expect(live.read { $0.totals.messages } == 300)
        let backlog = live.backlog
        #expect(backlog.lost > 200 && backlog.bytes < 4096 + 512)
        let group = try #require(live.takeGroup())
        #expect(group.count + backlog.lost == 300)
        // What is being written still counts.
        _ = live.step(question(300))
        #expect(live.backlog.lost == backlog.lost + 1)
        #expect(live.takeGroup() == nil)
    }

    @Test func theGapIsJournalledBeforeTheFirstInputBehindIt() throws {
        let live = LiveEngine(freshEngine(), position: 0, backlogBytesMax: 4096)
        for number in 0..<300 { _ = live.step(question(number)) }
        let lost = live.backlog.lost
        let first = try #require(live.takeGroup())
        live.wrote(first)
        for number in 300..<305 { _ = live.step(question(number)) }
        let second = try #require(live.takeGroup())
        let journalled = try inputs(second)
        #expect(gaps(journalled) == [lost])
        #expect(gaps([journalled[0]]) == [lost], "inputs stand between the loss and its gap")
        #expect(second.first == first.count && second.count == 6 && live.backlog.lost == 0)
    }

    @Test func nothingIsJournalledBetweenALossAndItsGap() throws {
        let live = LiveEngine(freshEngine(), position: 0, backlogBytesMax: 4096)
        for number in 0..<300 { _ = live.step(question(number)) }
        live.wrote(try #require(live.takeGroup()))
        // The backlog fills beyond its half, and beyond its bound, before the writer comes again.
        for number in 300..<600 { _ = live.step(question(number)) }
        var reported: UInt64 = 0
        var kept: UInt64 = 0
        var isFirst = true
        while let group = live.takeGroup() {
            let journalled = try inputs(group)
            if isFirst { #expect(gaps([journalled[0]]).count == 1, "inputs stand between the loss and its gap") }
            isFirst = false
            let counts = gaps(journalled)
            reported += counts.reduce(0, +)
            kept += group.count - UInt64(counts.count)
            live.wrote(group)
        }
        #expect(live.backlog.lost == 0 && live.read { $0.totals.inputsMissing } == reported)
        #expect(kept < 300)
    }

    @Test func aReplayIsExactUpToTheGap() throws {
        try inTemporaryFolder { folder in
            let store = try Store(directory: folder)
            try Recovery.write(freshEngine(), position: 0, keepSeconds: 86_400, to: store)
            let live = LiveEngine(freshEngine(), position: 0, backlogBytesMax: 4096)
            for number in 0..<5 { _ = live.step(question(number)) }
            try writeGroups(of: live, to: store)
            for number in 5..<300 { _ = live.step(question(number)) }
            let lost = live.backlog.lost
            let written = try writeGroups(of: live, to: store)
            for number in 300..<310 { _ = live.step(question(number)) }
            try writeGroups(of: live, to: store)
            let report = try ReplayReport.replay(stateDirectory: folder, outputs: folder + "/outputs")
            #expect(report.inputsLost == lost && report.damage == nil)
            #expect(report.exactUpTo == 5 + written[0].count)
            #expect(report.inputs == report.end && report.end == report.exactUpTo + 11)
            #expect(report.messages == report.end - 1)
            // Recovery tells no damage: the engine goes on from what there is.
            #expect(try Recovery.recover(store) { freshEngine() }.damage == nil)
        }
    }

    @Test func aReplayOfAWholeJournalDiffersNowhere() throws {
        try inTemporaryFolder { folder in
            let store = try Store(directory: folder)
            try Recovery.write(freshEngine(), position: 0, keepSeconds: 86_400, to: store)
            let live = LiveEngine(freshEngine(), position: 0)
            var random = SeededGenerator(seed: 9)
            var outputs: [UInt8] = []
            for _ in 0..<4 {
                play(100, on: live, &random)
                for group in try writeGroups(of: live, to: store) { outputs += group.outputs }
            }
            let report = try ReplayReport.replay(stateDirectory: folder, outputs: folder + "/outputs")
            #expect(report.differing == 0 && report.damage == nil && report.inputsLost == 0)
            #expect(report.exactUpTo == 400 && report.inputs == 400)
            #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: folder + "/outputs"))) == outputs)
        }
    }

    @Test func aClockJumpIsJournalledEvenWhereTheBacklogIsFull() throws {
        try inTemporaryFolder { folder in
            let store = try Store(directory: folder)
            let live = LiveEngine(freshEngine(), position: 0, backlogBytesMax: 4096)
            for number in 0..<300 { _ = live.step(question(number)) }
            #expect(live.backlog.lost > 0)
            _ = live.step(question(300)) { clock in
                let now = WallClock.nanoseconds(CLOCK_REALTIME) - 7200 * second
                return clock.read(real: now, monotonic: WallClock.nanoseconds(CLOCK_MONOTONIC))
            }
            try writeGroups(of: live, to: store)
            // Without the jump, the gap would lie two hours before the input before it.
            let back = try Recovery.recover(store) { freshEngine() }
            #expect(back.damage == nil && back.engine.now == live.read { $0.now })
        }
    }

    // MARK: - The clock

    @Test func timePassesWithoutAJump() {
        var hands = Hands()
        for passed in [0, 1, second, 3600 * second] {
            let reading = hands.read(after: passed)
            #expect(reading.jump == 0 && reading.now.nanoseconds == hands.real)
        }
    }

    @Test func smallStepsBackStandStill() {
        var hands = Hands()
        let before = hands.read(after: second).now
        let stood = hands.read(after: 0, step: -2 * second)
        #expect(stood.jump == 0 && stood.now == before)
        let still = hands.read(after: second)
        #expect(still.jump == 0 && still.now == before)
        let on = hands.read(after: 2 * second)
        #expect(on.jump == 0 && on.now.nanoseconds == hands.real && on.now > before)
    }

    @Test(arguments: [6, 3600, 400 * 86_400, -6, -3600, -400 * 86_400] as [Int64])
    func jumpsAreToldWithTheirSignAndEngineTimeStays(seconds: Int64) {
        var hands = Hands()
        _ = hands.read(after: second)
        let jumped = hands.read(after: 0, step: seconds * second)
        // The clock read the system's two clocks a moment before the hands did.
        #expect(abs(jumped.jump - seconds * second) < second / 2 && jumped.now.nanoseconds == hands.real)
        let next = hands.read(after: second)
        #expect(next.jump == 0 && next.now.nanoseconds == hands.real)
    }

    @Test func aClockSetBackWhileWeirWasDownIsAJump() {
        var hands = Hands(continuing: 3600)
        let first = hands.read(after: 0)
        #expect(abs(first.jump + 3600 * second) < second && first.jump < 0)
        #expect(first.now.nanoseconds == hands.real)
        #expect(hands.read(after: second).jump == 0)
        // A little ahead is stood still for.
        var near = Hands(continuing: 3)
        #expect(near.read(after: 0).jump == 0)
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func engineTimeNeverGoesBackHoweverTheClockIsSet(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var hands = Hands(continuing: Int64(random.next() % 200) - 100)
        for _ in 0..<500 {
            let passed = Int64(random.next() % UInt64(3 * second))
            let span: Int64 = random.next() % 4 == 0 ? 100 * second : 8 * second
            let step = random.next() % 3 == 0 ? Int64(random.next() % UInt64(span)) - span / 2 : 0
            _ = hands.read(after: passed, step: step)  // the engine itself traps on time that runs backwards
        }
    }
}
