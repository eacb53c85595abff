// The public conformance suite of doors. Whoever writes a door proves it with this, and with mutants of it that the suite
// must catch: a suite that can't turn red proves nothing.
//
//     let suite = DoorConformance(name: "milter", transcripts: […]) { MilterSession(mailHost: "mx", …) }
//     #expect(suite.violations() == [])
//     #expect(mutantSuite.violations() != [])
//
// What it checks:
//  1. Each transcript's questions, withdrawals, error and end are those it states.
//  2. The same actions come all at once, byte by byte, in random splits, and when decisions come late.
//  3. One question at a time: nothing between a question and its decision.
//  4. Withdrawals balance: a message that was asked about ends by the answer at its end or by one withdrawal.
//  5. After an error nothing is emitted, and after the end neither.
//  6. Garbage, truncations and mutations never crash it, never make it emit without end, and it acts on them alike however
//     they are split.
//  7. No peer can make it keep bytes without bound.

import MailTypes

/// The rules of `DoorSession`, as a check of one implementation. It returns what it found and asserts nothing.
public struct DoorConformance<Session: DoorSession>: Sendable {
    /// The door's name: stands in front of each violation.
    public var name: String
    /// The conversations.
    public var transcripts: [DoorTranscript]
    /// False for a protocol that never tells of an aborted message: then no withdrawal is owed.
    public var withdraws: Bool
    /// Most bytes that the session may keep unread before it throws.
    public var unreadBytesMax: Int
    /// The seed of all splits, garbage and mutations; stands in the violation, so that a run can be repeated.
    public var seed: UInt64
    /// Random splits of each transcript, random mutations of each, and pieces of garbage.
    public var rounds: Int
    /// Makes a session of a new connection.
    private let makeSession: @Sendable () -> Session

    /// Most violations returned: the first tell enough.
    private static var violationsMax: Int { 50 }

    /// A suite for one kind of session.
    public init(
        name: String, transcripts: [DoorTranscript], withdraws: Bool = true, unreadBytesMax: Int = 4 << 20,
        seed: UInt64 = 1, rounds: Int = 60, makeSession: @escaping @Sendable () -> Session
    ) {
        self.name = name
        self.transcripts = transcripts
        self.withdraws = withdraws
        self.unreadBytesMax = unreadBytesMax
        self.seed = seed
        self.rounds = rounds
        self.makeSession = makeSession
    }

    /// Runs everything; empty where the session keeps all rules.
    public func violations() -> [String] {
        var found: [String] = []
        for transcript in transcripts {
            for violation in outcome(transcript) + splits(transcript) + prefixes(transcript) + mutations(transcript)
                + fillings(transcript)
            {
                found.append("\(name), \(transcript.name): \(violation)")
            }
        }
        found += (garbage() + floods()).map { "\(name): \($0)" }
        return Array(found.prefix(DoorConformance.violationsMax))
    }

    /// One run.
    private func run(
        _ bytes: [UInt8], pieces: [Int] = [], verdicts: [Verdict], decides: DoorRecording.Decides = .atOnce
    ) -> DoorRecording {
        DoorRecording.run(makeSession(), bytes, pieces: pieces, verdicts: verdicts, decides: decides)
    }
}

// MARK: - Whole transcripts

extension DoorConformance {
    /// Rule 1, 3, 4, 5: all bytes at once.
    private func outcome(_ transcript: DoorTranscript) -> [String] {
        let whole = run(transcript.bytes, verdicts: transcript.verdicts)
        var found = whole.faults
        if whole.asks != transcript.asks { found.append("asked \(whole.asks), expected \(transcript.asks)") }
        if whole.withdrawals != transcript.withdrawals {
            found.append("withdrew \(whole.withdrawals), expected \(transcript.withdrawals)")
        }
        if (whole.left != nil) != transcript.isOpenAtEnd {
            found.append("closed() returned \(whole.left == nil ? "nil" : "a transaction")")
        }
        if whole.error?.code != transcript.error {
            found.append(
                "ended in \(whole.error?.description ?? "no error"), expected \(transcript.error?.description ?? "none")"
            )
        }
        return found
    }

    /// Rule 2: the same actions however the bytes come.
    private func splits(_ transcript: DoorTranscript) -> [String] {
        let whole = run(transcript.bytes, verdicts: transcript.verdicts)
        var found: [String] = []
        func compare(_ other: DoorRecording, _ how: String) {
            found += other.faults.map { "\(how): \($0)" }
            if let difference = other.difference(from: whole) { found.append("\(how): \(difference)") }
        }
        compare(
            run(transcript.bytes, pieces: ones(transcript.bytes.count), verdicts: transcript.verdicts), "byte by byte")
        compare(run(transcript.bytes, verdicts: transcript.verdicts, decides: .late), "all at once, decided late")
        for round in 0..<UInt64(rounds) {
            var random = SeededGenerator(seed: seed &+ round)
            let pieces = pieces(transcript.bytes.count, &random)
            let decides: DoorRecording.Decides = round % 2 == 0 ? .atOnce : .late
            compare(
                run(transcript.bytes, pieces: pieces, verdicts: transcript.verdicts, decides: decides),
                "split by seed \(seed &+ round), \(decides.rawValue)")
        }
        return found
    }

    /// Rule 4: a connection that is lost after any byte, or while a question is open, withdraws what was asked about.
    private func prefixes(_ transcript: DoorTranscript) -> [String] {
        let whole = run(transcript.bytes, verdicts: transcript.verdicts)
        let step = max(1, transcript.bytes.count / 400)
        var found: [String] = []
        for length in stride(from: 0, to: transcript.bytes.count, by: step) {
            let prefix = Array(transcript.bytes[..<length])
            for decides in [DoorRecording.Decides.atOnce, .never] {
                let part = run(prefix, verdicts: transcript.verdicts, decides: decides)
                let how = "lost after \(length) bytes, \(decides.rawValue)"
                found += part.faults.map { "\(how): \($0)" }
                if withdraws, part.owesWithdrawal, part.left == nil {
                    found.append("\(how): the message was not withdrawn")
                }
                if part.endings > whole.endings {
                    found.append("\(how): \(part.endings) messages ended, \(whole.endings) in the whole")
                }
            }
        }
        return found
    }

    /// Rule 7: a peer that goes on sending while a question is open is stopped.
    private func fillings(_ transcript: DoorTranscript) -> [String] {
        var session = makeSession()
        do throws(DoorError) {
            try session.receive(transcript.bytes.span)
            while let action = try session.next() {
                guard case .ask = action else { continue }
                let filling = [UInt8](repeating: 97, count: 1 << 16)
                for _ in 0...unreadBytesMax / filling.count { try session.receive(filling.span) }
                return ["kept more than \(unreadBytesMax) bytes while a question was open"]
            }
        } catch {
            if let action = try? session.next() {
                return ["after too many bytes came \(DoorRecording.summary(action))"]
            }
        }
        return []
    }
}

// MARK: - Hostile bytes

extension DoorConformance {
    /// Rule 6 on damaged transcripts.
    private func mutations(_ transcript: DoorTranscript) -> [String] {
        var found: [String] = []
        for round in 0..<UInt64(rounds) {
            var random = SeededGenerator(seed: seed &+ round)
            var bytes = transcript.bytes
            for _ in 0...Int.random(in: 0..<4, using: &random) { mutate(&bytes, &random) }
            found += alike(bytes, transcript.verdicts, &random).map { "mutated by seed \(seed &+ round): \($0)" }
        }
        return found
    }

    /// Rule 6 on random bytes.
    private func garbage() -> [String] {
        var found: [String] = []
        for round in 0..<UInt64(rounds) {
            var random = SeededGenerator(seed: seed &+ round)
            let bytes = (0..<Int.random(in: 1...2000, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            found += alike(bytes, [.accept], &random).map { "garbage of seed \(seed &+ round): \($0)" }
        }
        return found
    }

    /// Rule 7 on one letter without end.
    private func floods() -> [String] {
        [UInt8(97), 65, 255].compactMap { letter -> String? in
            var session = makeSession()
            let flood = [UInt8](repeating: letter, count: 1 << 16)
            do throws(DoorError) {
                for _ in 0...unreadBytesMax / flood.count {
                    try session.receive(flood.span)
                    if try session.next() != nil { return nil }
                }
            } catch { return nil }
            return "kept more than \(unreadBytesMax) bytes of \(letter)"
        }
    }

    /// Runs some bytes all at once and split, and compares.
    private func alike(_ bytes: [UInt8], _ verdicts: [Verdict], _ random: inout SeededGenerator) -> [String] {
        let whole = run(bytes, verdicts: verdicts)
        let split = run(bytes, pieces: pieces(bytes.count, &random), verdicts: verdicts)
        return whole.faults + split.faults + [split.difference(from: whole)].compactMap { $0 }
    }

    /// Changes, takes out, doubles or cuts off some bytes.
    private func mutate(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
        guard !bytes.isEmpty else { return }
        let first = Int.random(in: 0..<bytes.count, using: &random)
        let range = first..<min(bytes.count, first + Int.random(in: 1...16, using: &random))
        switch Int.random(in: 0..<5, using: &random) {
        case 0: bytes[first] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes[first] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 2: bytes.removeSubrange(range)
        case 3: bytes.insert(contentsOf: bytes[range], at: first)
        default: bytes.removeSubrange(first...)
        }
    }

    /// Lengths of pieces that make up `count` bytes: mostly small, some large.
    private func pieces(_ count: Int, _ random: inout SeededGenerator) -> [Int] {
        var pieces: [Int] = []
        var rest = count
        while rest > 0 {
            let longest = [1, 4, 16, 200][Int.random(in: 0..<4, using: &random)]
            pieces.append(Int.random(in: 1...longest, using: &random))
            rest -= pieces[pieces.count - 1]
        }
        return pieces
    }

    /// So many pieces of one byte.
    private func ones(_ count: Int) -> [Int] { [Int](repeating: 1, count: count) }
}
