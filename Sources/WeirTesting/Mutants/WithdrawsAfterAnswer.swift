// A door that takes the end of a dialogue for its failure: it withdraws a message that was answered at its end. In the
// field that is the milter `A` behind every accepted message: nothing would ever be counted.

import MailTypes

/// Wraps any session; behind the reply to a question at the end of a message comes a withdrawal.
public struct WithdrawsAfterAnswer<Inner: DoorSession>: DoorSession {
    /// The honest session.
    private var inner: Inner
    /// The message whose end was asked about.
    private var ended: Transaction?
    /// True once that question was answered.
    private var isAnswered = false
    /// True once the answer was sent.
    private var isSent = false

    /// A mutant of a session.
    public init(_ inner: Inner) { self.inner = inner }

    /// Takes in bytes.
    public mutating func receive(_ bytes: Span<UInt8>) throws(DoorError) { try inner.receive(bytes) }

    /// The next thing to do, with a withdrawal too many.
    public mutating func next() throws(DoorError) -> DoorAction? {
        if isSent, let transaction = ended {
            ended = nil
            (isAnswered, isSent) = (false, false)
            return .withdraw(transaction)
        }
        let action = try inner.next()
        if case .ask(let transaction) = action, transaction.stage == .endOfMessage { ended = transaction }
        if isAnswered, case .send = action { isSent = true }
        return action
    }

    /// Answers the open question.
    public mutating func decided(_ verdict: Verdict) {
        if ended != nil { isAnswered = true }
        inner.decided(verdict)
    }

    /// The connection was closed.
    public mutating func closed() -> Transaction? { inner.closed() }

    /// Whether the rest of a frame is missing.
    public var hasPartialInput: Bool { inner.hasPartialInput }
}
