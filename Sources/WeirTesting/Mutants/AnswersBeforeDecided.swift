// A door that can't wait: it answers its own question. In the field that is a time-out whose default is sent although the
// engine's decision is on its way: the peer gets two replies, or the wrong one.

import MailTypes

/// Wraps any session; each question is answered `accept` at once, and the owner's decision is dropped.
public struct AnswersBeforeDecided<Inner: DoorSession>: DoorSession {
    /// The honest session.
    private var inner: Inner

    /// A mutant of a session.
    public init(_ inner: Inner) { self.inner = inner }

    /// Takes in bytes.
    public mutating func receive(_ bytes: Span<UInt8>) throws(DoorError) { try inner.receive(bytes) }

    /// The next thing to do; a question is decided as it is asked.
    public mutating func next() throws(DoorError) -> DoorAction? {
        let action = try inner.next()
        if case .ask = action { inner.decided(.accept) }
        return action
    }

    /// Too late.
    public mutating func decided(_ verdict: Verdict) {}

    /// The connection was closed.
    public mutating func closed() -> Transaction? { inner.closed() }

    /// Whether the rest of a frame is missing.
    public var hasPartialInput: Bool { inner.hasPartialInput }
}
