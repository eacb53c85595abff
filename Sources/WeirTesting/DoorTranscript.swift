// A conversation at a door, as the mail server says it, and what the door must make of it.

import MailTypes

/// Bytes of a peer, the verdicts that answer the questions they raise, and the outcome.
public struct DoorTranscript: Sendable {
    /// What it shows: stands in front of each violation.
    public var name: String
    /// The peer's bytes, whole.
    public var bytes: [UInt8]
    /// The answers to the questions, in their order; begun anew where there are more questions. Not empty.
    public var verdicts: [Verdict]
    /// The stages that must be asked about, in their order.
    public var asks: [Stage]
    /// How many transactions must be withdrawn before the connection ends.
    public var withdrawals: Int
    /// True where `closed()` must return a transaction, because one is open when the bytes end.
    public var isOpenAtEnd: Bool
    /// The fault in which the conversation must end; nil for one without fault.
    public var error: DoorError.Code?

    /// A transcript.
    public init(
        name: String, bytes: [UInt8], verdicts: [Verdict] = [.accept], asks: [Stage], withdrawals: Int = 0,
        isOpenAtEnd: Bool = false, error: DoorError.Code? = nil
    ) {
        precondition(!verdicts.isEmpty, "a transcript needs a verdict")
        self.name = name
        self.bytes = bytes
        self.verdicts = verdicts
        self.asks = asks
        self.withdrawals = withdrawals
        self.isOpenAtEnd = isOpenAtEnd
        self.error = error
    }
}
