// Does a day of an account look like a thief's? A ledger of log-likelihood ratios from what a mail log shows.
//
// Five groups, each bounded, none of them enough alone: an old newsletter list has dead addresses, a traveller has many
// networks, a new customer writes to strangers. What speaks for the same thing counts once: strangers, and more of them than
// ever, are one new list. What is left of the days before is added, so that a thief who sends little each day adds up. An
// account is named where the sum passes `namedScore` and more than one group speaks, from outside among them: what receivers
// answered, or from where the account was used.
//
// What an honest sender does that looks the same: a first mailing to an old list (dead addresses, strangers, more than
// ever). Its share of dead addresses is about one in eight, and it comes from one network; that is why the honest account
// of things in `failures` knows stale lists, and that of `refusals` bulk senders and forwarders (methods.md 8b, 5).
// Somebody who mails the whole address book on a journey, in an unlucky tone, is hard for everybody (8b, 12).

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
    /// New recipients that were written to from new networks, its first window's left out.
    public var newRecipientsAway = 0
}

/// What is left of the suspicion of days before: a thief who sends little each day stays, an honest day passes. It halves
/// in a day of silence (methods.md 8: a time constant of 36 hours).
struct CarriedSuspicion: Hashable, Sendable {
    /// The sum after the last window, in thousandths of a nat.
    private var sum = 0
    /// That window's number.
    private var number: Int64 = .min
    /// Windows since the sum was last 0.
    private(set) var days = 0

    /// What is left of it in a later window.
    func score(in window: Int64) -> Int {
        guard sum > 0 else { return 0 }
        // e^(-24/36), once a day.
        return (0..<min(64, max(1, window - number))).reduce(sum) { left, _ in left * 513 / 1000 }
    }

    /// Takes in the ledger of a window, in which what was left is a line already.
    mutating func add(_ suspicion: Suspicion, in window: Int64) {
        sum = max(0, suspicion.score)
        number = window
        days = sum == 0 ? 0 : days + 1
    }
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

    /// True where it says more than another: first whether the account is to be named, then the sum. Nothing says 0.
    func isWorse(than other: Suspicion?) -> Bool {
        guard let other, other.isNamed == isNamed else { return isNamed || (other == nil && score > 0) }
        return score > other.score
    }

    /// True where what receivers answered and from where the account was used speak, be it together, and something else
    /// beside: the list it writes to, or a second one of these.
    private var hasOutsideEvidence: Bool {
        func sum(_ symbols: [String]) -> Int { lines.reduce(0) { symbols.contains($1.symbol) ? $0 + $1.score : $0 } }
        let outside = ["DEAD_RECIPIENTS", "NEW_NETWORKS", "REFUSED_AS_SPAM"]
        guard sum(outside) >= Suspicion.speaksScore else { return false }
        return sum(["NEW_RECIPIENTS", "MORE_THAN_EVER"]) >= Suspicion.speaksScore
            || outside.count { sum([$0]) >= Suspicion.speaksScore } >= 2
    }

    /// Judges a window against what was usual before, with what is left of so many days before it.
    public init(_ window: WindowTally, _ usual: Baseline, _ carried: Int = 0, days: Int = 0) {
        add(
            "DEAD_RECIPIENTS", Suspicion.failures(window), most: 8,
            "\(window.dead) of \(window.results) delivery results say that the recipient does not exist")
        add(
            "NEW_NETWORKS", Suspicion.identity(window, usual), most: 6,
            "used from \(window.networks) networks\(window.networks < WindowTally.networksMax ? "" : " or more") within a day, "
                + "\(window.newNetworks) of them never before")
        add(
            "REFUSED_AS_SPAM", Suspicion.refusals(window), most: 5,
            "receivers refused \(window.refused) of \(window.results) deliveries as spam or for reputation")
        // Both say that it writes to a new list: together they count as one group.
        let (strangers, rate) = (Suspicion.strangers(window, usual), Suspicion.rate(window, usual))
        add(
            "NEW_RECIPIENTS", strangers, most: rate > strangers ? 4 - min(4, rate) : 4,
            "\(window.newRecipients) of \(window.recipients) recipients were never written to before")
        add(
            "MORE_THAN_EVER", rate, most: rate > strangers ? 4 : 4 - max(0, min(4, strangers)),
            usual.windows == 0
                ? "\(window.newRecipients) new recipients in its first day on record"
                : "\(window.newRecipients) new recipients in a day, at most \(usual.newRecipientsMax) before")
        add(
            "DAYS_BEFORE", Double(carried) / 1000, most: 4,
            "what is left of \(days == 1 ? "a suspicious day" : "\(days) suspicious days") before this one")
        lines.sort { $0.score > $1.score }
    }

    /// Adds a line, held between -2 nats and a group's most. What says nothing is left out.
    private mutating func add(_ symbol: String, _ nats: Double, most: Double, _ why: @autoclosure () -> String) {
        let score = Int((max(-2, min(most, nats)) * 1000).rounded())
        if score != 0 { lines.append(LedgerLine(symbol: symbol, score: score, why: why())) }
    }

    // MARK: - Groups

    /// Dead recipients: a bought or guessed list (about 3 in 8 dead), or in one theft of four a checked one, against clean
    /// addresses, or now and then a stale list.
    private static func failures(_ window: WindowTally) -> Double {
        guard window.results >= 5 else { return 0 }
        let (dead, all) = (window.dead, window.results)
        let bought = Likelihood.betaBinomial(dead, of: all, 3, 5)
        let clean = Likelihood.betaBinomial(dead, of: all, 0.3, 20)
        let stale = Likelihood.betaBinomial(dead, of: all, 2, 14)
        return Likelihood.mixture(bought, 0.75, clean) - Likelihood.mixture(clean, 0.95, stale)
    }

    /// New networks: a thief's come on top of what is usual for the account, ten a day with a wide spread (a few proxies,
    /// a botnet). An honest day's are usually few and now and then many: a journey. Without any it says nothing: the thief
    /// may use the owner's own machine.
    private static func identity(_ window: WindowTally, _ usual: Baseline) -> Double {
        // The first window of an account knows no network yet; one of them is its own.
        let new = usual.windows == 0 ? max(0, window.newNetworks - 1) : window.newNetworks
        guard new > 0 else { return 0 }
        let daily = max(0.4, (Double(usual.newNetworks) + 0.4) / Double(max(1, usual.windows)))
        let honest = usual.windows == 0 ? 1.5 : daily
        return Likelihood.negativeBinomial(new, mean: honest + 10, shape: 1)
            - Likelihood.negativeBinomial(new, mean: honest, shape: 0.5) + strangersAway(window, usual)
    }

    /// Strangers written to from new networks: all of them where a thief uses proxies, while the owner goes on at home; for
    /// the honest as many as usual for the account, or on a journey, one day in ten, all of them too.
    private static func strangersAway(_ window: WindowTally, _ usual: Baseline) -> Double {
        guard usual.windows > 0, window.newRecipients >= 10 else { return 0 }
        let all = min(window.newRecipients, 20)
        let away = min(all, window.newRecipientsAway * all / window.newRecipients)
        let share = (Double(usual.newRecipientsAway) + 0.1) / (Double(usual.newRecipients) + 1)
        let weight = min(10, 1 + Double(usual.newRecipients) / 10)
        let everywhere = Likelihood.betaBinomial(away, of: all, 9, 1)
        let own = Likelihood.betaBinomial(away, of: all, 0.5 + weight * min(1, share), 0.5 + weight * max(0, 1 - share))
        return Likelihood.mixture(everywhere, 0.7, own) - Likelihood.mixture(everywhere, 0.1, own)
    }

    /// Receivers that say spam: one in eight of a thief's mail, where they say anything at all, which half of them do;
    /// against next to none, or for an honest bulk sender or forwarder one in thirteen.
    private static func refusals(_ window: WindowTally) -> Double {
        guard window.results >= 5 else { return 0 }
        let (refused, all) = (min(window.refused, window.results), window.results)
        let spam = Likelihood.betaBinomial(refused, of: all, 1, 7)
        let clean = Likelihood.betaBinomial(refused, of: all, 0.3, 60)
        let bulk = Likelihood.betaBinomial(refused, of: all, 1.5, 18)
        return Likelihood.mixture(spam, 0.5, clean) - Likelihood.mixture(clean, 0.95, bulk)
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
        return ratio <= 2 ? 0 : 1.5 * NaturalLogarithm.of(ratio)
    }
}
