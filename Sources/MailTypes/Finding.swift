// What a rule or detector saw.

/// One observation: symbol, score, one sentence of why (rspamd and SpamAssassin symbols).
public struct Finding: Hashable, Sendable {
    /// `RECIPIENTS_1H`.
    public var symbol: String
    /// Thousandths of a nat; 0 for a plain limit, which is no evidence of guilt.
    public var score: Int32
    /// One sentence with its numbers, readable on the phone to a customer.
    public var why: String

    /// A finding.
    public init(symbol: String, score: Int32 = 0, why: String) {
        self.symbol = symbol
        self.score = score
        self.why = why
    }
}
