// One message as a mail server tells the doors about it: what scenarios and property tests are made of.

import MailTypes

/// A message before it is told: who sends it over which connection, to whom, and how large.
public struct ScenarioMail: Sendable, Hashable {
    /// The hash of every test.
    public static let hash = AddressHash(KeyedHash(key0: 1, key1: 2))

    /// The mail host that asks.
    public var mailHost = "mx1"
    /// The client's address; nil for a local submission.
    public var client: NetworkAddress? = NetworkAddress(ipv4: 0xC000_0201)
    /// The client's port: with the address it makes the connection.
    public var clientPort: UInt16 = 40_000
    /// The SASL login; empty for none.
    public var login = ""
    /// The queue id, the same at both doors.
    public var queueID: String
    /// The policy door's instance.
    public var instance: UInt64
    /// The reverse-path; nil for the null reverse-path.
    public var reversePath: String? = "sender@example.net"
    /// The recipients that the mail server accepts.
    public var recipients: [String] = ["rcpt@example.org"]
    /// The recipients that it refuses, and how.
    public var refused: [String: EnhancedStatus] = [:]
    /// The size that the client claims at MAIL; 0 for no claim.
    public var claimedBytes = 0
    /// The size that it turns out to have.
    public var bytes = 1000
    /// Header fields that the policy asks for.
    public var fields: [Content.Field] = []
    /// True for the sendmail binary.
    public var isLocalSubmission = false

    /// A message of a queue id and instance.
    public init(queueID: String, instance: UInt64) {
        self.queueID = queueID
        self.instance = instance
    }

    /// The n-th message of a login, over a connection of its own.
    public init(number: Int, login: String) {
        self.init(queueID: "4Q\(number)", instance: UInt64(number) &* 0x9E37_79B9_7F4A_7C15 | 1)
        self.login = login
        clientPort = UInt16(truncatingIfNeeded: 1024 + number % 60_000)
    }

    /// What a door says of the message at a stage, as a real Postfix does: the policy door knows a recipient count alone,
    /// the milter door every recipient; header fields and the real size come with the end.
    public func transaction(_ door: Door, _ stage: Stage) -> Transaction {
        var envelope = Envelope(reversePath: reversePath.flatMap { ScenarioMail.hash.key($0) })
        envelope.bytes = stage == .endOfMessage ? bytes : claimedBytes
        envelope.recipientCount = stage < .data && door == .policy ? 0 : recipients.count
        let accepted = recipients.compactMap { ScenarioMail.hash.key($0) }.map { Recipient($0) }
        if door == .milter {
            let failed = refused.sorted { $0.key < $1.key }.compactMap { entry in
                ScenarioMail.hash.key(entry.key).map { Recipient($0, refusal: entry.value) }
            }
            envelope.recipients = accepted + failed
            envelope.recipientsAreComplete = true
        } else if accepted.count == 1 {
            envelope.recipients = accepted
        }
        return Transaction(
            stage: stage,
            session: Session(
                door: door, mailHost: mailHost, client: client, clientPort: clientPort, helo: "client.example.net",
                login: login, isLocalSubmission: isLocalSubmission),
            envelope: envelope,
            content: Content(fields: door == .milter && stage == .endOfMessage ? fields : []), queueID: queueID,
            instance: door == .policy ? instance : 0)
    }

    /// What the policy door asks about one recipient, before the mail server has decided about it.
    public func recipientRequest(_ recipient: String) -> Transaction {
        var transaction = transaction(.policy, .rcpt)
        transaction.envelope.recipients = ScenarioMail.hash.key(recipient).map { [Recipient($0)] } ?? []
        return transaction
    }

    /// What the mail log says of one of its recipients.
    public func delivery(
        to recipient: String, _ status: EnhancedStatus, _ outcome: DeliveryOutcome, isRefusedBeforeQueue: Bool = false
    ) -> Delivery {
        Delivery(
            mailHost: mailHost, queueID: queueID,
            recipient: ScenarioMail.hash.key(recipient) ?? AddressKey(address: 0, domain: 0), status: status,
            outcome: outcome, isRefusedBeforeQueue: isRefusedBeforeQueue)
    }
}
