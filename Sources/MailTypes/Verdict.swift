// What Weir answers about a message.

/// The answer to a transaction, in the words of Postfix access(5). Each door maps it to its protocol in one tested table.
public enum Verdict: Hashable, Sendable {
    /// Weir has nothing against it. Never `OK`, which would permit relaying.
    case accept
    /// Accept, with a header field in front: `Name: value`.
    case prepend(String)
    /// Accept, and keep it in the hold queue for a person or a budget to release.
    case hold(String)
    /// Refuse for now: 4xx.
    case `defer`(Reply)
    /// Refuse: 5xx.
    case reject(Reply)
    /// Accept and drop. Never chosen by a built-in rule.
    case discard(String)

    /// The verdict without its text, as logs, metrics and `events.md` name it.
    public var kind: Kind {
        switch self {
        case .accept: .accept
        case .prepend: .prepend
        case .hold: .hold
        case .defer: .defer
        case .reject: .reject
        case .discard: .discard
        }
    }

    /// The verdict's name alone, ordered by how much it takes from the sender.
    public enum Kind: UInt8, Sendable, CaseIterable, Comparable, CustomStringConvertible {
        case accept = 0, prepend, hold, `defer`, reject, discard

        /// Takes less from the sender.
        public static func < (a: Kind, b: Kind) -> Bool { a.rawValue < b.rawValue }

        /// `accept`, `hold`, …
        public var description: String {
            switch self {
            case .accept: "accept"
            case .prepend: "prepend"
            case .hold: "hold"
            case .defer: "defer"
            case .reject: "reject"
            case .discard: "discard"
            }
        }
    }
}
