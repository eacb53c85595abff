// Three policy doors with the faults that policy servers in the field have. The conformance suite must catch each.

import MailTypes
import PolicyDelegation

/// Takes a read for a request: what follows the first blank line of a read is lost. A server that works with Postfix, which
/// waits for its answer, and fails behind a proxy that does not.
public struct LosesPipelinedRequests: DoorSession {
    /// The honest session.
    private var inner: PolicySession

    /// A mutant of a session.
    public init(_ inner: PolicySession) { self.inner = inner }

    /// Takes in bytes up to the first blank line.
    public mutating func receive(_ bytes: Span<UInt8>) throws(DoorError) {
        for place in bytes.indices.dropFirst() where bytes[place] == 10 && bytes[place - 1] == 10 {
            return try inner.receive(bytes.extracting(0...place))
        }
        try inner.receive(bytes)
    }

    /// The next thing to do.
    public mutating func next() throws(DoorError) -> DoorAction? { try inner.next() }

    /// Answers the open question.
    public mutating func decided(_ verdict: Verdict) { inner.decided(verdict) }

    /// The connection was closed.
    public mutating func closed() -> Transaction? { inner.closed() }

    /// Whether the rest of a request is missing.
    public var hasPartialInput: Bool { inner.hasPartialInput }
}

/// Answers what it could not read. Postfix takes the answer for a decision, and the fault shows nowhere.
public struct AnswersAfterFault: DoorSession {
    /// The honest session.
    private var inner: PolicySession
    /// True once the inner session threw, until the answer was sent.
    private var isFaulty = false

    /// A mutant of a session.
    public init(_ inner: PolicySession) { self.inner = inner }

    /// Takes in bytes.
    public mutating func receive(_ bytes: Span<UInt8>) throws(DoorError) { try inner.receive(bytes) }

    /// The next thing to do; after a fault, an answer.
    public mutating func next() throws(DoorError) -> DoorAction? {
        if isFaulty {
            isFaulty = false
            return .send(PolicyReply.dunno)
        }
        do {
            return try inner.next()
        } catch {
            isFaulty = true
            throw error
        }
    }

    /// Answers the open question.
    public mutating func decided(_ verdict: Verdict) { inner.decided(verdict) }

    /// The connection was closed.
    public mutating func closed() -> Transaction? { inner.closed() }

    /// Whether the rest of a request is missing.
    public var hasPartialInput: Bool { inner.hasPartialInput }
}

/// Keeps whatever is sent while a question is open: one peer can fill the memory.
public struct KeepsWithoutBound: DoorSession {
    /// The honest session.
    private var inner: PolicySession
    /// What came while a question was open.
    private var kept: [UInt8] = []
    /// True while a question is open.
    private var isAsking = false

    /// A mutant of a session.
    public init(_ inner: PolicySession) { self.inner = inner }

    /// Takes in bytes, now or later.
    public mutating func receive(_ bytes: Span<UInt8>) throws(DoorError) {
        guard isAsking else { return try inner.receive(bytes) }
        for place in bytes.indices { kept.append(bytes[place]) }
    }

    /// The next thing to do.
    public mutating func next() throws(DoorError) -> DoorAction? {
        if !isAsking, !kept.isEmpty {
            let bytes = kept
            kept = []
            try inner.receive(bytes.span)
        }
        let action = try inner.next()
        if case .ask = action { isAsking = true }
        return action
    }

    /// Answers the open question.
    public mutating func decided(_ verdict: Verdict) {
        isAsking = false
        inner.decided(verdict)
    }

    /// The connection was closed.
    public mutating func closed() -> Transaction? { inner.closed() }

    /// Whether the rest of a request is missing.
    public var hasPartialInput: Bool { inner.hasPartialInput || !kept.isEmpty }
}
