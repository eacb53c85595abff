// The digest of a message of which the doors see no body: style, handling, subject and shape.

import MailTypes

extension Fingerprinter {
    /// The fields whose bodies tell something: of the program, of whose words they are, of the subject.
    static let bodiesRead = [
        "subject", "user-agent", "x-mailer", "list-post", "precedence", "auto-submitted", "content-type",
    ]

    /// What doors make of a header and an envelope. With an envelope alone it is the handling and the shape.
    public var digest: ContentDigest {
        ContentDigest(bodies: Fingerprinter.bodiesRead) { head in
            let subject = head.fields.first { $0.name.lowercased() == "subject" }?.body
            return content(
                of: MessageParts(
                    subject: subject.map(EncodedWords.decoded), fields: head.fields, reversePath: head.reversePath,
                    recipientCount: head.recipientCount, sizeBytes: Int64(head.bytes)))
        }
    }
}
