// What receivers say when they think that mail is abuse.

import MailTypes

/// The words of replies to a delivery.
enum ReceiverWords {
    /// Words by which large receivers name spam, reputation and blocklists, in lower case.
    private static let words = [
        "spam", "blocked", "block list", "blocklist", "blacklist", "reputation", "unsolicited", "abuse", "dnsbl", "rbl",
        "complaint", "suspicious", "bulk", "phish", "virus", "malware", "policy reasons",
    ].map { Array($0.utf8) }

    /// True for a policy status (x.7.x, RFC 3463 §3.8) or none of its own, with such a word in the text. Weir's own
    /// refusals say nothing of what a receiver thinks.
    static func sayAbuse(_ status: EnhancedStatus, _ reply: String) -> Bool {
        guard status.class != 2, status.subject == 7 || status.subject == 0 else { return false }
        let text = reply.utf8.map { $0 >= 65 && $0 <= 90 ? $0 | 0x20 : $0 }
        if contains(text, Array("sending limit reached".utf8)) { return false }
        return words.contains { contains(text, $0) }
    }

    /// True where some bytes hold others.
    private static func contains(_ text: [UInt8], _ word: [UInt8]) -> Bool {
        guard text.count >= word.count else { return false }
        for start in 0...(text.count - word.count) where text[start] == word[0] {
            if text[start..<start + word.count].elementsEqual(word) { return true }
        }
        return false
    }
}
