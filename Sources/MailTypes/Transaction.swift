// The one fact that every door produces.

/// A mail transaction as far as it has come: session, envelope, content so far and the stage at which a door asks
/// (RFC 5321 §3.3).
public struct Transaction: Hashable, Sendable {
    /// Where in the dialogue the door asks.
    public var stage: Stage
    /// The connection.
    public var session: Session
    /// The envelope so far.
    public var envelope: Envelope
    /// The content so far.
    public var content: Content
    /// The mail server's queue id; empty before it has one.
    public var queueID: String
    /// A keyed hash of Postfix's `instance`, which groups the policy requests of one message; 0 where there is none.
    public var instance: UInt64

    /// A transaction.
    public init(
        stage: Stage, session: Session, envelope: Envelope = Envelope(), content: Content = Content(),
        queueID: String = "",
        instance: UInt64 = 0
    ) {
        self.stage = stage
        self.session = session
        self.envelope = envelope
        self.content = content
        self.queueID = queueID
        self.instance = instance
    }
}
