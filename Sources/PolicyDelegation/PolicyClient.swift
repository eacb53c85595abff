// The other side of the policy door: what Postfix says, for the demonstration, the tests and the load generator.

import MailTypes

/// One question as Postfix 3.7 words it. The defaults are those of a client about which nothing is known.
public struct PolicyQuestion: Hashable, Sendable {
    /// `protocol_state`: RCPT, DATA, END-OF-MESSAGE, …
    public var state: String
    /// `client_address`.
    public var clientAddress: String
    /// `client_port`.
    public var clientPort: UInt16
    /// `helo_name`.
    public var helo: String
    /// `sender`; empty for the null reverse-path.
    public var sender: String
    /// `recipient`; empty at DATA and END-OF-MESSAGE unless there is exactly one.
    public var recipient: String
    /// `recipient_count`; 0 before DATA.
    public var recipientCount: Int
    /// `queue_id`.
    public var queueID: String
    /// `instance`: the same for all questions about one message.
    public var instance: String
    /// `size`.
    public var size: Int
    /// `sasl_username`.
    public var login: String
    /// `encryption_protocol`; empty without TLS.
    public var encryption: String

    /// A question.
    public init(
        state: String, clientAddress: String = "unknown", clientPort: UInt16 = 0, helo: String = "",
        sender: String = "", recipient: String = "", recipientCount: Int = 0, queueID: String = "",
        instance: String = "", size: Int = 0,
        login: String = "", encryption: String = ""
    ) {
        self.state = state
        self.clientAddress = clientAddress
        self.clientPort = clientPort
        self.helo = helo
        self.sender = sender
        self.recipient = recipient
        self.recipientCount = recipientCount
        self.queueID = queueID
        self.instance = instance
        self.size = size
        self.login = login
        self.encryption = encryption
    }

    /// Names and values in the order in which Postfix 3.7 sends them.
    public var fields: [(name: String, value: String)] {
        [
            ("request", "smtpd_access_policy"), ("protocol_state", state), ("protocol_name", "ESMTP"),
            ("client_address", clientAddress), ("client_name", "unknown"), ("client_port", String(clientPort)),
            ("reverse_client_name", "unknown"), ("server_address", "127.0.0.1"), ("server_port", "587"),
            ("helo_name", helo), ("sender", sender), ("recipient", recipient),
            ("recipient_count", String(recipientCount)), ("queue_id", queueID), ("instance", instance),
            ("size", String(size)), ("etrn_domain", ""), ("stress", ""), ("sasl_method", login.isEmpty ? "" : "PLAIN"),
            ("sasl_username", login), ("sasl_sender", ""), ("ccert_subject", ""), ("ccert_issuer", ""),
            ("ccert_fingerprint", ""), ("ccert_pubkey_fingerprint", ""), ("encryption_protocol", encryption),
            ("encryption_cipher", encryption.isEmpty ? "" : "TLS_AES_256_GCM_SHA384"),
            ("encryption_keysize", encryption.isEmpty ? "0" : "256"), ("policy_context", ""),
        ]
    }

    /// The question's bytes, its blank line included. What would break a line becomes `?`, as Postfix does it.
    public func compose() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(800)
        for (name, value) in fields {
            bytes.append(contentsOf: name.utf8)
            bytes.append(UInt8(ascii: "="))
            for byte in value.utf8 { bytes.append(byte == 0 || byte == 10 || byte == 13 ? UInt8(ascii: "?") : byte) }
            bytes.append(10)
        }
        bytes.append(10)
        return bytes
    }
}

/// Reads a policy server's answers from bytes as they come.
public struct PolicyClient: Sendable {
    /// Bytes received and not read yet.
    private var received: [UInt8] = []

    /// A client of one connection.
    public init() {}

    /// Takes in bytes. Throws `tooLarge` where more waits than any answer has.
    public mutating func receive(_ bytes: Span<UInt8>) throws(DoorError) {
        for index in bytes.indices { received.append(bytes[index]) }
        guard received.count <= PolicyReply.replyBytesMax || blankLine != nil else {
            throw DoorError(
                .tooLarge, found: "\(received.count) bytes", expected: "at most \(PolicyReply.replyBytesMax)")
        }
    }

    /// The next verdict, or nil where more bytes are needed.
    public mutating func next() throws(DoorError) -> Verdict? {
        guard let end = blankLine else { return nil }
        let answer = String(decoding: received[..<end], as: UTF8.self)
        received.removeSubrange(..<(end + 2))
        return try PolicyReply.parse(answer)
    }

    /// Where the newline before the first blank line stands.
    private var blankLine: Int? {
        received.indices.dropLast().first { received[$0] == 10 && received[$0 + 1] == 10 }
    }
}
