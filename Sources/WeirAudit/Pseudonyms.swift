// Names of people and machines replaced, so that a report can be shown to others.

import MailLog
import MailTypes

/// Replaces what names a customer or a machine by keyed pseudonyms: the same name and key give the same pseudonym, and
/// without the key a pseudonym can't be tested against a list of names.
///
/// Replaced are subscribers (logins, addresses), mail hosts and queue ids. Lines that were not understood lose their
/// example, which may hold anything. Plans, limits, counts and moments stay: they are what the report is about.
public struct Pseudonyms: Sendable {
    /// Characters of base 32 (RFC 4648 §6) in lower case: none is taken for another.
    private static let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)
    /// Characters of a pseudonym: 50 bits, so that a million names meet with a chance of 1 in 2,000.
    static let characters = 10
    /// What stands in place of an example.
    static let leftOut = "(left out)"

    /// The key.
    private let hash: KeyedHash

    /// Pseudonyms by this key, which is secret.
    public init(_ hash: KeyedHash) { self.hash = hash }

    /// The pseudonym of a name. `kind` keeps a subscriber and a host of the same name apart.
    func name(_ name: String, _ kind: String) -> String {
        if name.isEmpty { return name }
        var bits = hash.hash(hash.hash(kind), hash.hash(name))
        var text = kind + "-"
        for _ in 0..<Pseudonyms.characters {
            text.unicodeScalars.append(Unicode.Scalar(Pseudonyms.alphabet[Int(bits & 31)]))
            bits >>= 5
        }
        return text
    }

    /// The pseudonym of a subscriber.
    public func subscriber(_ subscriber: String) -> String { name(subscriber, "account") }

    // MARK: - Reports

    /// A report with its names replaced.
    public func report(_ report: AuditReport) -> AuditReport {
        var report = report
        for path in [\AuditReport.stolen, \.noted, \.touched] {
            for index in report[keyPath: path].indices { replace(&report[keyPath: path][index]) }
        }
        for index in report.near.indices { report.near[index].subscriber = subscriber(report.near[index].subscriber) }
        for index in report.travellers.indices {
            report.travellers[index].subscriber = subscriber(report.travellers[index].subscriber)
        }
        for index in report.deadRates.indices {
            report.deadRates[index].subscriber = subscriber(report.deadRates[index].subscriber)
        }
        for index in report.subscribers.indices {
            report.subscribers[index].subscriber = subscriber(report.subscribers[index].subscriber)
        }
        return report
    }

    /// Replaces the names of one account.
    private func replace(_ account: inout AccountFinding) {
        account.subscriber = subscriber(account.subscriber)
        account.worst = account.worst.map(self.case)
        for index in account.evidence.indices {
            account.evidence[index].mailHost = name(account.evidence[index].mailHost, "host")
            account.evidence[index].queueID = name(account.evidence[index].queueID, "message")
        }
    }

    /// What an audit tells as it goes with its names replaced.
    public func line(_ audited: AuditedLine) -> AuditedLine {
        switch audited {
        case .decision(let audited): .decision(decision(audited))
        case .rung(let audited): .rung(`case`(audited))
        }
    }

    /// A case with its names replaced.
    private func `case`(_ audited: AuditedCase) -> AuditedCase {
        var audited = audited
        audited.subscriber = subscriber(audited.subscriber)
        audited.after = name(audited.after, "message")
        for index in audited.ledger.indices {
            audited.ledger[index].ids = audited.ledger[index].ids.map { name($0, "message") }
        }
        return audited
    }

    /// A decision with its names replaced.
    private func decision(_ audited: AuditedDecision) -> AuditedDecision {
        var audited = audited
        audited.id = name(audited.id, "message")
        if case .subscriber(let known, let proof) = audited.decision.identity {
            audited.decision.identity = .subscriber(subscriber(known), proof)
        }
        return audited
    }

    /// A census without its examples.
    public func rows(_ rows: [LineCensus.Row]) -> [LineCensus.Row] {
        rows.map {
            var row = $0
            if !row.example.isEmpty { row.example = Pseudonyms.leftOut }
            return row
        }
    }
}
