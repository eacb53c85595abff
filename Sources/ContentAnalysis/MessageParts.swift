// What a message is analysed from: its decoded parts, as whoever parsed it hands them over.

import MailTypes

/// The parts of a message that its digest is made from. Nothing here is kept.
public struct MessageParts: Sendable {
    /// The subject, decoded (RFC 2047); nil where it is not known.
    public var subject: String?
    /// The text in UTF-8, decoded, without markup; empty where it is not known. Any bytes are taken.
    public var text: [UInt8]
    /// Targets of links that do not stand in the text: what `href` names.
    public var links: [String]
    /// Keyed hashes of the bytes of the attachments.
    public var attachments: [UInt64]
    /// The header fields, in the message's order.
    public var fields: [Content.Field]
    /// The reverse-path without angle brackets, empty for the null one; nil where it is not known.
    public var reversePath: String?
    /// Addresses and names of the recipients: their words are masked, so that copies stay alike.
    public var recipients: [String]
    /// How many recipients there are; 0 where that is not known.
    public var recipientCount: Int
    /// The size in bytes; 0 where it is not known.
    public var sizeBytes: Int64

    /// The parts of a message; what is left out is not known.
    public init(
        subject: String? = nil, text: [UInt8] = [], links: [String] = [], attachments: [UInt64] = [],
        fields: [Content.Field] = [], reversePath: String? = nil, recipients: [String] = [], recipientCount: Int = 0,
        sizeBytes: Int64 = 0
    ) {
        self.subject = subject
        self.text = text
        self.links = links
        self.attachments = attachments
        self.fields = fields
        self.reversePath = reversePath
        self.recipients = recipients
        self.recipientCount = recipientCount
        self.sizeBytes = sizeBytes
    }
}
