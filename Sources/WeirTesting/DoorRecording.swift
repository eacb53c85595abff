// What a door's session did with some bytes, and the rules it broke while it did.

import MailTypes

/// One run of a session, from the first byte to `closed()`.
struct DoorRecording {
    /// When the owner answers a question.
    enum Decides: String {
        /// Before the next byte.
        case atOnce = "decided at once"
        /// After all bytes have come.
        case late = "decided late"
        /// Not at all: the connection is closed first.
        case never = "never decided"
    }

    /// The actions, in their order.
    private(set) var actions: [DoorAction] = []
    /// The fault that ended the run.
    private(set) var error: DoorError?
    /// True where `receive` threw it: how much waits to be read depends on how the bytes come.
    private(set) var isOverfull = false
    /// What `closed()` returned.
    private(set) var left: Transaction?
    /// True where a question was open when the connection was closed.
    private(set) var isAsking = false
    /// The rules broken, in words.
    private(set) var faults: [String] = []

    /// Most actions a run may have for each byte, with some to spare; a session that yields more never stops.
    private static let actionsMaxPerByte = 4

    /// Runs a session over bytes that come in pieces of the given lengths; what is left over comes as one more.
    static func run(
        _ session: some DoorSession, _ bytes: [UInt8], pieces: [Int], verdicts: [Verdict], decides: Decides = .atOnce
    ) -> DoorRecording {
        var recording = DoorRecording()
        var session = session
        recording.feed(&session, bytes, pieces, verdicts, decides)
        recording.finish(&session, verdicts, decides)
        return recording
    }

    /// Feeds the bytes and takes the actions.
    private mutating func feed(
        _ session: inout some DoorSession, _ bytes: [UInt8], _ pieces: [Int], _ verdicts: [Verdict], _ decides: Decides
    ) {
        var place = 0
        var piece = 0
        while place < bytes.count, error == nil {
            let length = piece < pieces.count ? pieces[piece] : bytes.count - place
            let end = min(place + max(1, length), bytes.count)
            do throws(DoorError) {
                try session.receive(bytes.span.extracting(place..<end))
            } catch {
                self.error = error
                isOverfull = true
                return
            }
            place = end
            piece += 1
            drain(&session, bytes.count, verdicts, decides)
        }
    }

    /// Answers what is still open, then closes the connection, and checks that nothing comes after an error.
    private mutating func finish(_ session: inout some DoorSession, _ verdicts: [Verdict], _ decides: Decides) {
        while isAsking, decides == .late, error == nil {
            decide(&session, verdicts)
            drain(&session, Int(UInt16.max), verdicts, decides)
        }
        if error != nil {
            for _ in 0..<2 { expectSilence(&session, "after an error") }
            try? session.receive([0, 10, 65].span)
            expectSilence(&session, "after an error and more bytes")
        }
        left = session.closed()
        if session.closed() != nil { faults.append("closed() returned a transaction twice") }
        expectSilence(&session, "after closed()")
    }

    /// Takes actions until there is none, a question waits, or the session throws.
    private mutating func drain(
        _ session: inout some DoorSession, _ byteCount: Int, _ verdicts: [Verdict], _ decides: Decides
    ) {
        if isAsking { return expectSilence(&session, "while a question is open") }
        do throws(DoorError) {
            while let action = try session.next() {
                actions.append(action)
                guard actions.count <= DoorRecording.actionsMaxPerByte * byteCount + 64 else {
                    faults.append("actions without end")
                    return
                }
                guard case .ask = action else { continue }
                isAsking = true
                for _ in 0..<2 { expectSilence(&session, "between a question and its decision") }
                guard decides == .atOnce else { return }
                decide(&session, verdicts)
            }
        } catch {
            self.error = error
        }
    }

    /// Answers the open question with the verdict whose turn it is.
    private mutating func decide(_ session: inout some DoorSession, _ verdicts: [Verdict]) {
        isAsking = false
        session.decided(verdicts[(asks.count - 1) % verdicts.count])
    }

    /// Notes an action that may not come now. What was thrown before may be thrown again.
    private mutating func expectSilence(_ session: inout some DoorSession, _ when: String) {
        if let action = try? session.next() { faults.append("\(when) came \(DoorRecording.summary(action))") }
    }
}

// MARK: - What it tells

extension DoorRecording {
    /// The stages asked about.
    var asks: [Stage] {
        actions.compactMap { if case .ask(let transaction) = $0 { transaction.stage } else { nil } }
    }

    /// How many transactions were withdrawn before the end.
    var withdrawals: Int {
        actions.reduce(0) { if case .withdraw = $1 { $0 + 1 } else { $0 } }
    }

    /// How many messages came to an end: answered at their end, withdrawn, or left open when the connection was closed.
    var endings: Int {
        asks.count { $0 == .endOfMessage } - (isAsking && asks.last == .endOfMessage ? 1 : 0) + withdrawals
            + (left == nil ? 0 : 1)
    }

    /// True where a message was asked about, and neither answered at its end nor withdrawn before the connection ended.
    var owesWithdrawal: Bool {
        if isAsking { return true }
        for action in actions.reversed() {
            switch action {
            case .ask(let transaction): return transaction.stage < .endOfMessage
            case .withdraw: return false
            case .send, .close: continue
            }
        }
        return false
    }

    /// Where two runs of the same bytes differ, in words; nil where they don't. A run that was cut short because too much
    /// waited to be read must only begin alike.
    func difference(from other: DoorRecording) -> String? {
        let isCut = isOverfull || other.isOverfull
        for index in 0..<min(actions.count, other.actions.count) where actions[index] != other.actions[index] {
            return "action \(index + 1) was \(DoorRecording.summary(other.actions[index]))"
                + ", then \(DoorRecording.summary(actions[index]))"
        }
        if isCut { return nil }
        if actions.count != other.actions.count { return "\(other.actions.count) actions, then \(actions.count)" }
        if error != other.error {
            return "error \(other.error?.code.description ?? "none"), then \(error?.code.description ?? "none")"
        }
        if left != other.left { return "closed() returned another transaction" }
        return nil
    }

    /// An action in a few words.
    static func summary(_ action: DoorAction) -> String {
        switch action {
        case .ask(let transaction): "ask(\(transaction.stage))"
        case .withdraw(let transaction): "withdraw(\(transaction.stage))"
        case .send(let bytes): "send(\(bytes.prefix(24).map { String($0, radix: 16) }.joined(separator: " ")))"
        case .close: "close"
        }
    }
}
