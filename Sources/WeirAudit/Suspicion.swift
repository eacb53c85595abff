// Does a day of an account look like a thief's? A ledger of log-likelihood ratios from what a mail log shows.
//
// Five groups, each bounded, none of them enough alone: an old newsletter list has dead addresses, a traveller has many
// networks, a new customer writes to strangers. An account is named where the sum passes `namedNats` and at least two
// groups speak, one of them from outside: what receivers answered, or from where the account was used.
//
// What an honest sender does that looks the same: a first mailing to an old list (dead addresses, strangers, more than
// ever). Its share of dead addresses is about one in eight, and it comes from one network; that is why the honest account
// of things in `failures` knows stale lists (methods.md 8b, 5).

import MailTypes

/// One line of a ledger.
public struct LedgerLine: Hashable, Sendable {
    /// The symbol.
    public var symbol: String
    /// Thousandths of a nat; positive speaks for a thief.
    public var score: Int
    /// One sentence of why.
    public var why: String
}

/// What was usual for an account before a window. Learned a window late, so that an attack does not make itself normal.
public struct Baseline: Hashable, Sendable {
    /// Windows in which it sent.
    public var windows = 0
    /// The most new recipients of one window.
    public var newRecipientsMax = 0
    /// Recipients.
    public var recipients = 0
    /// Of these, not written to before.
    public var newRecipients = 0
    /// Networks that were new, its first window's left out.
    public var newNetworks = 0
}

/// The ledger of one window.
public struct Suspicion: Hashable, Sendable {
    /// From here on an account is named, in thousandths of a nat.
    public static let namedScore = 8000
    /// From here on it is worth a look.
    public static let notedScore = 4500
    /// A group that speaks has at least this.
    static let speaksScore = 1500

    /// The lines, the strongest first.
    public var lines: [LedgerLine] = []
    /// The sum in thousandths of a nat.
    public var score: Int { lines.reduce(0) { $0 + $1.score } }
    /// True where the account is to be named.
    public var isNamed: Bool { score >= Suspicion.namedScore && hasOutsideEvidence }
    /// True where it is worth a look, and no more.
    public var isNoted: Bool { !isNamed && score >= Suspicion.notedScore }

    /// True where two groups speak, and one of them is what receivers answered, or from where the account was used.
    private var hasOutsideEvidence: Bool {
        let speaking = lines.filter { $0.score >= Suspicion.speaksScore }.map(\.symbol)
        let outside = ["DEAD_RECIPIENTS", "NEW_NETWORKS", "REFUSED_AS_SPAM"]
        return speaking.count >= 2 && speaking.contains { outside.contains($0) }
    }

    /// Judges a window against what was usual before.
    public init(_ window: WindowTally, _ usual: Baseline) {
        add(
            "DEAD_RECIPIENTS", Suspicion.failures(window), most: 8,
            "\(window.dead) of \(window.results) delivery results say that the recipient does not exist")
        add(
            "NEW_NETWORKS", Suspicion.identity(window, usual), most: 6,
            "used from \(window.networks) networks within a day, \(window.newNetworks) of them never before")
        add(
            "REFUSED_AS_SPAM", Suspicion.refusals(window), most: 5,
            "receivers refused \(window.refused) of \(window.results) deliveries as spam or for reputation")
        add(
            "NEW_RECIPIENTS", Suspicion.strangers(window, usual), most: 4,
            "\(window.newRecipients) of \(window.recipients) recipients were never written to before")
        add(
            "MORE_THAN_EVER", Suspicion.rate(window, usual), most: 4,
            usual.windows == 0
                ? "\(window.newRecipients) new recipients in its first day on record"
                : "\(window.newRecipients) new recipients in a day, at most \(usual.newRecipientsMax) before")
        lines.sort { $0.score > $1.score }
    }

    /// Adds a line, held between -2 nats and a group's most. What says nothing is left out.
    private mutating func add(_ symbol: String, _ nats: Double, most: Double, _ why: @autoclosure () -> String) {
        let score = Int((max(-2, min(most, nats)) * 1000).rounded())
        if score != 0 { lines.append(LedgerLine(symbol: symbol, score: score, why: why())) }
    }

    // MARK: - Groups

    /// Dead recipients: a bought or guessed list (about 3 in 8 dead) against clean addresses, or now and then a stale list.
    private static func failures(_ window: WindowTally) -> Double {
        guard window.results >= 5, window.dead > 0 else { return 0 }
        let (dead, all) = (window.dead, window.results)
        let thief = Likelihood.betaBinomial(dead, of: all, 3, 5)
        let clean = Likelihood.betaBinomial(dead, of: all, 0.3, 20) + Likelihood.logarithm(0.95)
        let stale = Likelihood.betaBinomial(dead, of: all, 2, 14) + Likelihood.logarithm(0.05)
        return thief - Likelihood.logSum(clean, stale)
    }

    /// New networks: six a day in a thief's hands (proxies, bots) against what is usual for the account. Without any it
    /// says nothing: the thief may use the owner's own machine.
    private static func identity(_ window: WindowTally, _ usual: Baseline) -> Double {
        // The first window of an account knows no network yet; one of them is its own.
        let new = Double(usual.windows == 0 ? max(0, window.newNetworks - 1) : window.newNetworks)
        guard new > 0 else { return 0 }
        let daily = max(0.4, (Double(usual.newNetworks) + 0.4) / Double(max(1, usual.windows)))
        let honest = usual.windows == 0 ? 1.5 : daily
        return new * Likelihood.logarithm(6 / honest) - (6 - honest)
    }

    /// Receivers that say spam: three are a beginning.
    private static func refusals(_ window: WindowTally) -> Double {
        guard window.refused >= 3 else { return 0 }
        let share = Double(window.refused) / Double(max(1, window.results))
        return 1 + Likelihood.logarithm(Double(window.refused) / 2) + 4 * min(0.5, share)
    }

    /// Strangers: nine in ten for a thief, against the account's own share. Beta(4, 1) for an account without a record.
    private static func strangers(_ window: WindowTally, _ usual: Baseline) -> Double {
        guard window.recipients >= 10 else { return 0 }
        // Twenty recipients of the window say as much as it can: they come in lists, not one by one.
        let all = min(window.recipients, 20)
        let new = min(all, window.newRecipients * all / window.recipients)
        let share = usual.recipients == 0 ? 0.8 : (Double(usual.newRecipients) + 0.8) / (Double(usual.recipients) + 1)
        let weight = min(10, 1 + Double(usual.recipients) / 10)
        return Likelihood.betaBinomial(new, of: all, 9, 1)
            - Likelihood.betaBinomial(new, of: all, 0.5 + weight * share, 0.5 + weight * (1 - share))
    }

    /// More new recipients than ever: from twice the usual most on.
    private static func rate(_ window: WindowTally, _ usual: Baseline) -> Double {
        let most = Double(usual.windows == 0 ? 40 : max(10, usual.newRecipientsMax))
        let ratio = Double(window.newRecipients) / most
        return ratio <= 2 ? 0 : 1.5 * Likelihood.logarithm(ratio)
    }
}
