// A milter door whose reader forgets: where a read ends within the four bytes of a frame's length, those bytes are gone. In
// the field that is a decoder that reads a number before it knows that all of it is there; it shows under load only.

import MailTypes
import Milter

/// Wraps a milter session; it loses a frame's length where it is split.
public struct LosesSplitFrameHeader: DoorSession {
    /// The honest session.
    private var inner: MilterSession
    /// The payload bytes still to come of the present frame.
    private var rest = 0

    /// A mutant of a session.
    public init(_ inner: MilterSession) { self.inner = inner }

    /// Takes in bytes, up to a length that is not whole.
    public mutating func receive(_ bytes: Span<UInt8>) throws(DoorError) {
        var place = 0
        while place < bytes.count {
            let taken = min(rest, bytes.count - place)
            place += taken
            rest -= taken
            guard place < bytes.count else { break }
            guard bytes.count - place >= 4 else {
                return try inner.receive(bytes.extracting(0..<place))
            }
            for offset in 0..<4 { rest = rest << 8 | Int(bytes[place + offset]) }
            place += 4
        }
        try inner.receive(bytes)
    }

    /// The next thing to do.
    public mutating func next() throws(DoorError) -> DoorAction? { try inner.next() }

    /// Answers the open question.
    public mutating func decided(_ verdict: Verdict) { inner.decided(verdict) }

    /// The connection was closed.
    public mutating func closed() -> Transaction? { inner.closed() }

    /// Whether the rest of a frame is missing.
    public var hasPartialInput: Bool { inner.hasPartialInput }
}
