// How Weir knows its own replies where they come back to it, in a mail log or from another mail host.

import MailTypes

extension Engine {
    /// What the replies of `Explain.swift` have in common; a test holds the two together.
    private static let ownWords = [Array("Sending limit reached: ".utf8), Array(" at once may pass".utf8)]

    /// True where a reply's text is Weir's own.
    public static func saysItself(_ reply: String) -> Bool {
        let text = Array(reply.utf8)
        return ownWords.contains { word in
            guard text.count >= word.count else { return false }
            return (0...text.count - word.count).contains {
                text[$0] == word[0] && text[$0..<$0 + word.count].elementsEqual(word)
            }
        }
    }
}
