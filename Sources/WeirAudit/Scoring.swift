// What labels say of an audit's findings: for whoever has labelled traffic.

import MailTypes

/// An account that was taken over, as a label says; or an honest one, of which only the stratum is told.
public struct Label: Hashable, Sendable {
    /// The subscriber.
    public var subscriber: String
    /// When it was taken over; nil for an honest account.
    public var takenOverFrom: Timestamp?
    /// When that ended; nil where the label does not tell.
    public var takenOverUntil: Timestamp?
    /// What kind of customer it is; a free word.
    public var stratum: String
    /// What kind of take-over; a free word.
    public var family: String

    /// A label.
    public init(
        subscriber: String, takenOverFrom: Timestamp? = nil, takenOverUntil: Timestamp? = nil, stratum: String = "",
        family: String = ""
    ) {
        self.subscriber = subscriber
        self.takenOverFrom = takenOverFrom
        self.takenOverUntil = takenOverUntil
        self.stratum = stratum
        self.family = family
    }
}

/// How many of a kind were found.
public struct Score: Hashable, Sendable {
    /// The family, or the stratum.
    public var kind: String
    /// Accounts of the kind.
    public var accounts: Int
    /// Of these, named by the audit.
    public var named: Int
}

/// Labels against findings.
public struct Scoring: Hashable, Sendable {
    /// Accounts that were taken over, by family.
    public var families: [Score]
    /// Honest accounts, by stratum: what is named there is a false alarm. Accounts without a label are honest.
    public var strata: [Score]

    /// The share of named accounts that were taken over, in thousandths; nil where none was named.
    public var precisionPermille: Int? {
        let right = families.reduce(0) { $0 + $1.named }
        let all = right + strata.reduce(0) { $0 + $1.named }
        return all == 0 ? nil : right * 1000 / all
    }

    /// The share of taken-over accounts that were named, in thousandths; nil where there was none.
    public var recallPermille: Int? {
        let all = families.reduce(0) { $0 + $1.accounts }
        return all == 0 ? nil : families.reduce(0) { $0 + $1.named } * 1000 / all
    }

    /// Scores a report. `subscribers` are the names of all that sent.
    public init(_ report: AuditReport, _ labels: [Label], subscribers: Int) {
        let named = Set(report.stolen.map(\.subscriber))
        let stolen = labels.filter { $0.takenOverFrom != nil }
        let honest = labels.filter { label in
            label.takenOverFrom == nil && !stolen.contains { $0.subscriber == label.subscriber }
        }
        families = Scoring.counted(stolen.map { ($0.family, $0.subscriber) }, named)
        strata = Scoring.counted(honest.map { ($0.stratum, $0.subscriber) }, named)
        let labelled = Set(labels.map(\.subscriber))
        let others = max(0, subscribers - labelled.count)
        if others > 0 {
            strata.append(Score(kind: "without a label", accounts: others, named: named.subtracting(labelled).count))
        }
    }

    /// Counts each account once a kind, the kinds in order.
    private static func counted(_ accounts: [(kind: String, subscriber: String)], _ named: Set<String>) -> [Score] {
        var seen: Set<String> = []
        var scores: [Score] = []
        for account in accounts.sorted(by: { ($0.kind, $0.subscriber) < ($1.kind, $1.subscriber) }) {
            guard seen.insert(account.kind + "\u{0}" + account.subscriber).inserted else { continue }
            if scores.last?.kind != account.kind { scores.append(Score(kind: account.kind, accounts: 0, named: 0)) }
            scores[scores.count - 1].accounts += 1
            if named.contains(account.subscriber) { scores[scores.count - 1].named += 1 }
        }
        return scores
    }
}
