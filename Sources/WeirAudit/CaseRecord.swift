// What the engine's ladder came to about one account, with the messages that speak for it.

import MailTypes
import WeirEngine

/// One line of a ledger.
public struct LedgerLine: Hashable, Sendable {
    /// The symbol.
    public var symbol: String
    /// Thousandths of a nat; positive speaks for a take-over.
    public var score: Int
    /// One sentence of why.
    public var why: String
    /// Messages that raised it most lately before, at most `CaseRecord.idsMax`, the first ones first.
    public var ids: [String] = []
}

/// A case at a rung, as an audit tells it.
public struct AuditedCase: Hashable, Sendable {
    /// When.
    public var at: Timestamp
    /// The subscriber.
    public var subscriber: String
    /// Where the case stands: the rung that the score asks for, whether it is enforced or not.
    public var state: CaseState
    /// The rung that the score asks for.
    public var rung: Rung
    /// The score in thousandths of a nat.
    public var score: Int
    /// The id of the message after which it came there, as the source names it; empty where it was time.
    public var after: String
    /// What a person best does next.
    public var act: SuggestedAct
    /// The evidence, the strongest first.
    public var ledger: [LedgerLine]
}

/// The ladder's memory of one account: the rise of its score, the messages behind each line, and its worst case.
struct CaseRecord: Sendable {
    /// Ids kept of each group.
    static let idsMax = 5
    /// From here on a score rises, in thousandths of a nat: below it is noise.
    static let risesFrom: Int32 = 1000
    /// Hours after the worst case that its picture shows, in nanoseconds.
    private static let seenNanoseconds: Int64 = 36 * 3600 * 1_000_000_000
    /// A message counts for a group that it raises by so much, in thousandths of a nat.
    static let raisesFrom: Int32 = 100

    /// The suspicious time so far, if the score comes to a rung; nil while nothing is suspicious.
    private(set) var rise: Episode?
    /// The groups as they were after the last message or result.
    private var groups = InlineArray<9, Int32>(repeating: 0)
    /// Messages that raised a group, by group.
    private var ids = InlineArray<9, [String]>(repeating: [])
    /// Where it stood.
    private var rung = Rung.none
    /// True where the rise came to a rung.
    private var hasRung = false
    /// The state that was told last; nil where none is open.
    private var told: (CaseState, Rung)?
    /// The worst case so far: the highest rung, then the highest score; and the hours around it.
    private(set) var worst: (found: AuditedCase, picture: Picture)?
    /// All suspicious times that came to a rung.
    private(set) var episode: Episode?

    /// Nothing suspicious yet.
    init() {}

    /// Takes in the score after a message of the account.
    mutating func note(
        _ score: ScoreView?, message id: String, recipients: Int, hasStranger: Bool, limit: String?, at time: Timestamp
    ) {
        let isRising = (score?.score ?? 0) >= CaseRecord.risesFrom || (score?.rung ?? .none) != .none
        guard isRising else {
            end()
            return
        }
        if rise == nil { rise = Episode(at: time) }
        rise?.add(recipients, hasStranger: hasStranger, limit: limit, at: time)
        note(score, id, at: time)
    }

    /// Takes in the score after a result or a complaint about a message of the account.
    mutating func note(_ score: ScoreView?, result id: String, at time: Timestamp) {
        guard rise != nil else { return }
        note(score, id, at: time)
    }

    /// Takes in a score, and which groups it raised.
    private mutating func note(_ score: ScoreView?, _ id: String, at time: Timestamp) {
        let now = score?.groups ?? InlineArray(repeating: 0)
        for group in 0..<9 {
            if now[group] >= groups[group] + CaseRecord.raisesFrom, ids[group].count < CaseRecord.idsMax,
                ids[group].last != id
            {
                ids[group].append(id)
            }
            if now[group] < CaseRecord.raisesFrom { ids[group] = [] }
        }
        groups = now
        rung = score?.rung ?? .none
        if rung != .none { hasRung = true }
        if rung >= .held { rise?.hold(rung, at: time) }
    }

    /// The score has faded: what came to a rung is kept, anything else was noise.
    private mutating func end() {
        finish()
        rung = .none
        groups = InlineArray(repeating: 0)
        ids = InlineArray(repeating: [])
    }

    /// The rise is over, or the log.
    mutating func finish() {
        if let rise, hasRung {
            if episode == nil { episode = rise } else { episode?.append(rise) }
        }
        rise = nil
        hasRung = false
    }

    /// Shows the hours after the worst case too.
    mutating func see(_ picture: Picture, at time: Timestamp) {
        guard let worst, time.since(worst.found.at) < CaseRecord.seenNanoseconds else { return }
        self.worst?.picture = picture
    }

    /// Takes in a case that the engine told, and makes the audit's of it; nil where it says nothing new.
    mutating func take(_ view: CaseView, _ picture: Picture, at time: Timestamp) -> AuditedCase? {
        let open = view.remediation
        let state: CaseState =
            switch open.rung {
            case _ where open.state == .released: .released
            case .none: open.state
            case .observed: .observed
            case .slowed: .slowed
            case .held: .held
            case .contained: .contained
            }
        if let told, told == (state, open.rung) { return nil }
        told = state == .released ? nil : (state, open.rung)
        var found = AuditedCase(
            at: time, subscriber: open.subscriber, state: state, rung: open.rung, score: Int(open.score),
            after: open.after, act: view.act, ledger: [])
        if state == .released {
            found.score = Int(view.scoreNow)
            found.after = ""
            return found
        }
        found.ledger = open.ledger.map { finding in
            let group = EvidenceGroup.allCases.first { $0.symbol == finding.symbol }
            return LedgerLine(
                symbol: finding.symbol, score: Int(finding.score), why: finding.why,
                ids: group.map { ids[Int($0.rawValue)] } ?? [])
        }
        if open.rung != .none,
            (found.rung, found.score) > (worst?.found.rung ?? .none, worst?.found.score ?? 0)
        {
            worst = (found, picture)
        }
        return found
    }
}
