// The engine under its lock: every door, tick and person steps it here, and the journal's order is its order.

import MailTypes
import Synchronization
import WeirEngine

/// A stretch of the journal: inputs, and what the engine said to each.
struct JournalGroup: Sendable {
    /// The position of the first input; positions count inputs from 0.
    var first: UInt64 = 0
    /// How many inputs.
    var count: UInt64 = 0
    /// The time of the first input.
    var firstAt = Timestamp(nanoseconds: 0)
    /// The time of the last input.
    var lastAt = Timestamp(nanoseconds: 0)
    /// The inputs, one after the other.
    var inputs: [UInt8] = []
    /// For each input a count and that many outputs.
    var outputs: [UInt8] = []

    /// Bytes in all.
    var byteCount: Int { inputs.count + outputs.count }
}

/// One engine, one short lock. Nothing in it waits for a disk or a network.
public final class LiveEngine: Sendable {
    /// What the lock guards.
    private struct State: ~Copyable {
        /// The engine.
        var engine: Engine
        /// The clock.
        var clock: WallClock
        /// Inputs not yet taken by the journal's writer: the open group.
        var group = JournalGroup()
        /// Groups before it that are full, the oldest first.
        var full: [JournalGroup] = []
        /// Their bytes.
        var fullBytes = 0
        /// The position of the next input.
        var position: UInt64
        /// Inputs that the journal lost since it fell behind; a gap is written once it has caught up.
        var lost: UInt64 = 0
        /// Bytes that the writer has taken and not yet written.
        var bytesBeingWritten = 0
        /// Written groups, whose memory the next ones take.
        var spares: [JournalGroup] = []
        /// How long the lock is held.
        var holds: HoldMeter

        /// Bytes that wait for the disk.
        var backlogBytes: Int { group.byteCount + fullBytes + bytesBeingWritten }

        /// Closes the open group, and opens one in the memory of a written one.
        mutating func closeGroup() {
            fullBytes += group.byteCount
            var next = spares.popLast() ?? JournalGroup()
            swap(&next, &group)
            full.append(next)
        }
    }

    /// The state.
    private let state: Mutex<State>
    /// Bytes that may wait for the disk; beyond them inputs are not journalled, and the gap is.
    private let backlogBytesMax: Int

    /// Bytes at which a group is closed and the next one begun: growing one further would copy for too long under the lock.
    static let groupBytesMax = 1 << 20
    /// Written groups whose memory is kept.
    private static let sparesMax = 4

    /// Bytes that may wait for the disk unless the configuration says otherwise: minutes of a busy day.
    public static let backlogBytesDefault = 64 << 20

    /// An engine that goes on from a journal position.
    init(
        _ engine: consuming Engine, position: UInt64, backlogBytesMax: Int = LiveEngine.backlogBytesDefault,
        measuresHolds: Bool = false
    ) {
        let clock = WallClock(continuing: engine.now)
        let holds = HoldMeter(isOn: measuresHolds)
        state = Mutex(State(engine: engine, clock: clock, position: position, holds: holds))
        self.backlogBytesMax = backlogBytesMax
    }

    /// Takes in what happened and returns what is to be done, and when it happened. Tests read another clock.
    func step(
        _ event: Input.Event, reading: (inout WallClock) -> (now: Timestamp, jump: Int64) = { $0.read() }
    ) -> (at: Timestamp, outputs: [Output]) {
        state.withLock { state in
            let began = state.holds.begin()
            defer { state.holds.end(HoldMeter.Kind(event), since: began) }
            let (now, jump) = reading(&state.clock)
            if jump != 0 { LiveEngine.record(Input(at: now, .clockShifted(jump)), &state, backlogBytesMax) }
            return (now, LiveEngine.record(Input(at: now, event), &state, backlogBytesMax))
        }
    }

    /// Takes in a question of a door and returns the decision on it, what else is to be done, and when it was asked.
    func step(_ transaction: Transaction) -> (at: Timestamp, decision: Decision, others: [Output]) {
        state.withLock { state in
            let began = state.holds.begin()
            defer { state.holds.end(.question, since: began) }
            let (now, jump) = state.clock.read()
            if jump != 0 { LiveEngine.record(Input(at: now, .clockShifted(jump)), &state, backlogBytesMax) }
            LiveEngine.recordGap(&state, backlogBytesMax)
            var others: [Output] = []
            let decision = state.engine.step(transaction, at: now, &others)
            if LiveEngine.begin(at: now, &state, backlogBytesMax) {
                LiveEngine.write(&state.group.inputs) { Input.encode(transaction, at: now, &$0) }
                LiveEngine.write(&state.group.outputs) { out in
                    out.count(1 + others.count)
                    Output.encode(decision, &out)
                    for output in others { output.encode(&out) }
                }
            }
            return (now, decision, others)
        }
    }

    /// Steps the engine and writes input and outputs into the open group.
    @discardableResult
    private static func record(_ input: Input, _ state: inout State, _ backlogBytesMax: Int) -> [Output] {
        recordGap(&state, backlogBytesMax)
        let outputs = state.engine.step(input)
        // Between a loss and its gap nothing is written, but for a clock jump: without it, time would run backwards in
        // the replay of what follows.
        var isJump = false
        if case .clockShifted = input.event { isJump = true }
        guard begin(at: input.at, isJump: isJump, &state, backlogBytesMax) else { return outputs }
        write(&state.group.inputs) { input.encode(&$0) }
        write(&state.group.outputs) { out in
            out.count(outputs.count)
            for output in outputs { output.encode(&out) }
        }
        return outputs
    }

    /// Makes room for an input in the open group, or counts it as lost.
    private static func begin(
        at: Timestamp, isJump: Bool = false, _ state: inout State, _ backlogBytesMax: Int
    ) -> Bool {
        guard isJump || state.lost == 0 && state.backlogBytes < backlogBytesMax else {
            state.lost += 1
            return false
        }
        if state.group.byteCount >= groupBytesMax { state.closeGroup() }
        if state.group.count == 0 {
            state.group.first = state.position
            state.group.firstAt = at
        }
        state.group.lastAt = at
        state.group.count += 1
        state.position += 1
        return true
    }

    /// Writes at the end of some bytes, in place.
    @inline(__always)
    private static func write(_ bytes: inout [UInt8], _ body: (inout ByteWriter) -> Void) {
        var writer = ByteWriter()
        swap(&writer.bytes, &bytes)
        body(&writer)
        swap(&writer.bytes, &bytes)
    }

    /// Says how many inputs were lost, once half of the backlog is written: what follows is journalled again.
    private static func recordGap(_ state: inout State, _ backlogBytesMax: Int) {
        guard state.lost > 0, state.backlogBytes < backlogBytesMax / 2 else { return }
        let lost = state.lost
        state.lost = 0
        record(Input(at: state.engine.now, .gap(lost)), &state, backlogBytesMax)
    }

    /// Reads the engine under the lock. The body must be short: a few hundred subscribers at most.
    func read<Result: Sendable>(_ body: (borrowing Engine) -> Result) -> Result {
        state.withLock { state in
            let began = state.holds.begin()
            defer { state.holds.end(.look, since: began) }
            return body(state.engine)
        }
    }

    /// How long the lock was held, by what for; nil where that is not measured.
    var holds: HoldMeter? { state.withLock { $0.holds.isOn ? $0.holds : nil } }

    /// Inputs lost to a full backlog since the last gap was journalled, and bytes waiting for the disk.
    var backlog: (lost: UInt64, bytes: Int) {
        state.withLock { ($0.lost, $0.backlogBytes) }
    }

    // MARK: - For the journal's writer

    /// Hands over the oldest group that was journalled since the last call; nil where there is none. The caller says `wrote`
    /// when it is on disk.
    func takeGroup() -> JournalGroup? {
        state.withLock { state in
            let began = state.holds.begin()
            defer { state.holds.end(.journal, since: began) }
            LiveEngine.recordGap(&state, backlogBytesMax)
            if state.full.isEmpty {
                guard state.group.count > 0 else { return nil }
                state.closeGroup()
            }
            let taken = state.full.removeFirst()
            state.fullBytes -= taken.byteCount
            state.bytesBeingWritten += taken.byteCount
            return taken
        }
    }

    /// A group is on disk, or given up.
    func wrote(_ group: consuming JournalGroup) {
        let bytes = group.byteCount
        group.inputs.removeAll(keepingCapacity: true)
        group.outputs.removeAll(keepingCapacity: true)
        group.count = 0
        let written = group
        state.withLock { state in
            let began = state.holds.begin()
            defer { state.holds.end(.journal, since: began) }
            state.bytesBeingWritten -= bytes
            if state.spares.count < LiveEngine.sparesMax { state.spares.append(written) }
        }
    }
}
