// A message's parts to what copies of it have in common.

import MailTypes

/// Makes fingerprints under one key: only those of the same key can be compared.
///
/// It is pure and holds nothing but its tables, so one serves all threads.
public struct Fingerprinter: Sendable {
    /// The hash of exact keys.
    private let key: KeyedHash
    /// Texts to their canonical form.
    private let canonicalizer = Canonicalizer()
    /// Canonical texts to sketches.
    private let textSketch: TextSketch

    /// Most keys of attachments.
    static let attachmentsMax = 4
    /// Fewest letters of a subject that has a key: what is shorter is everybody's.
    static let subjectLettersMin = 6

    /// A fingerprinter under a key.
    public init(key: KeyedHash) {
        self.key = key
        textSketch = TextSketch(key: key)
    }

    /// The digest of a message but for its score: the fields that a policy asks for, by their names in small letters;
    /// handling, style and fingerprint from all that is known.
    public func content(
        of parts: MessageParts, keeping fields: Set<String> = [], ownDomains: [String] = []
    ) -> Content {
        Content(
            fields: fields.isEmpty ? [] : parts.fields.filter { fields.contains($0.name.lowercased()) },
            handling: HandlingRules.handling(
                fields: parts.fields, reversePath: parts.reversePath, ownDomains: ownDomains),
            style: HeaderStyle.style(of: parts.fields, key: key), fingerprint: fingerprint(of: parts))
    }

    /// The fingerprint of a message. Keys: the shape, the subject, at most 4 attachments, 6 links and 4 contacts.
    public func fingerprint(of parts: MessageParts) -> Fingerprint {
        var keys: [Fingerprint.Key] = []
        if let shape = shape(
            sizeBytes: parts.sizeBytes, reversePath: parts.reversePath, recipientCount: parts.recipientCount)
        {
            keys.append(shape)
        }
        if let subject = parts.subject.flatMap({ self.subject($0, masking: parts.recipients) }) { keys.append(subject) }
        for attachment in parts.attachments.sorted().prefix(Fingerprinter.attachmentsMax) {
            keys.append(Fingerprint.Key(.attachment, attachment))
        }
        var scanner = KeyScanner(key: key, ignoring: parts.recipients + [parts.reversePath ?? ""])
        scanner.scan(parts.text.span)
        for link in parts.links { scanner.scan(link: link) }
        for link in scanner.links { keys.append(Fingerprint.Key(.link, link)) }
        for contact in scanner.contacts { keys.append(Fingerprint.Key(.contact, contact)) }
        return Fingerprint(sketch: sketch(of: parts.text.span, masking: parts.recipients), keys: keys)
    }

    /// The sketch of a text; empty where it has fewer than 12 words.
    public func sketch(of text: Span<UInt8>, masking names: [String] = []) -> [UInt16] {
        let canonical = canonicalizer.canonical(text, masking: names)
        return textSketch.sketch(of: canonical.span)
    }

    /// The key of what the policy door sees; nil where nothing is known.
    public func shape(sizeBytes: Int64, reversePath: String?, recipientCount: Int) -> Fingerprint.Key? {
        EnvelopeShape.key(sizeBytes: sizeBytes, reversePath: reversePath, recipientCount: recipientCount, key).map {
            Fingerprint.Key(.shape, $0)
        }
    }

    /// The key of a subject's skeleton: canonical, without marks of answers and forwards, without punctuation; nil where it
    /// has fewer than six letters.
    public func subject(_ text: String, masking names: [String] = []) -> Fingerprint.Key? {
        var rest = canonicalizer.canonical(text, masking: names)[...]
        while let mark = Fingerprinter.marks.first(where: { rest.starts(with: $0) }) {
            rest = rest.dropFirst(mark.count).drop { $0 == 0x20 }
        }
        let skeleton = rest.filter { Canonicalizer.isWord($0) || $0 == 0x20 || $0 == UInt8(ascii: "*") }
        guard skeleton.count(where: { $0 > 0x30 }) >= Fingerprinter.subjectLettersMin else { return nil }
        return Fingerprint.Key(.subject, key.hash(Array(skeleton)))
    }

    /// Marks of answers and forwards in front of a subject, in languages of mail programs.
    private static let marks: [[UInt8]] = [
        "re:", "fw:", "fwd:", "aw:", "wg:", "sv:", "vs:", "tr:", "rv:", "odp:", "pd:", "antw:", "vb:", "vl:", "r:",
        "i:",
    ].map { Array($0.utf8) }
}
