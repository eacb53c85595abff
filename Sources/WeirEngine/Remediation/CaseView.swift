// A case as a person sees it: what it came to then, what the score is now, what to do next.

import MailTypes

/// What a person best does next about a case.
public enum SuggestedAct: UInt8, Hashable, Sendable, CaseIterable {
    /// Limits alone speak: the amount may be too small.
    case reviewLimit
    /// Somewhat strange: look, and do nothing yet.
    case look
    /// Ask whether it was them; a message will do.
    case askOwner
    /// Call: their mail waits.
    case callOwner
    /// A program on the owner's machine or line sends.
    case cleanMachine
    /// Somebody else has the password.
    case changePassword

    /// In few words, for a column.
    public var word: String {
        switch self {
        case .reviewLimit: "review the limit"
        case .look: "look"
        case .askOwner: "ask the owner"
        case .callOwner: "call the owner"
        case .cleanMachine: "clean the machine"
        case .changePassword: "change password"
        }
    }

    /// What to do, in sentences.
    public var sentence: String {
        switch self {
        case .reviewLimit:
            "A limit stopped this mail, and nothing else speaks against the account. If the mail is wanted, raise the limit."
        case .look: "Nothing urgent. Look at the lines above; if nothing explains them, ask the owner."
        case .askOwner: "Ask the owner whether this is their mail. A message to another address of theirs will do."
        case .callOwner: "Call the owner, as their mail to new recipients looks foreign."
        case .cleanMachine:
            "Call the owner: a program on a machine behind their line sends. Release the account once the machine is clean."
        case .changePassword:
            "Change the password and end open sessions, for somebody else has it. Then release the account."
        }
    }
}

/// A case and how its subscriber stands now.
public struct CaseView: Hashable, Sendable {
    /// The case.
    public var remediation: RemediationCase
    /// The score now, in thousandths of a nat.
    public var scoreNow: Int32
    /// How the account was taken over, as far as the score tells; nil for a case of limits alone.
    public var takeOver: TakeOver?
    /// When it came to its rung; when it was opened, for a case of limits alone.
    public var since: Timestamp
    /// True where the rung's action is taken, false where it is observed. A case of limits alone stopped mail, so it is.
    public var isEnforced: Bool
    /// What a person best does next.
    public var act: SuggestedAct
}

/// A subscriber's score as it is now.
public struct ScoreView: Sendable {
    /// Where the subscriber stands on the ladder.
    public var rung: Rung
    /// In thousandths of a nat, all groups together.
    public var score: Int32
    /// In thousandths of a nat, by group in the order of `EvidenceGroup`.
    public var groups: InlineArray<9, Int32>

    /// A score.
    public init(rung: Rung, score: Int32, groups: InlineArray<9, Int32>) {
        self.rung = rung
        self.score = score
        self.groups = groups
    }
}

extension Engine {
    /// A subscriber's score as it is now; nil for one without an excursion and off the ladder.
    public func scoreView(named name: String) -> ScoreView? {
        guard let slot = slot(named: name), watch.habits.holds(slot) else { return nil }
        let rung = watch.habits.value(slot).standing.rung
        guard rung != .none || watch.excursion(of: slot) != nil else { return nil }
        let score = watch.score(of: slot, at: engineTime, policy.watch)
        var groups = InlineArray<9, Int32>(repeating: 0)
        for group in 0..<9 { groups[group] = Int32((score.groups[group] * 1000).rounded()) }
        return ScoreView(rung: rung, score: score.thousandths, groups: groups)
    }

    /// The open cases of some slots, with how their subscribers stand now. Ask for some hundred slots at a time.
    public func caseViews(in range: Range<Int>) -> [CaseView] { openCases(in: range).map(view) }

    /// A case with how its subscriber stands now.
    public func view(of remediation: RemediationCase) -> CaseView {
        var view = CaseView(
            remediation: remediation, scoreNow: 0, takeOver: nil, since: remediation.openedAt, isEnforced: true,
            act: .reviewLimit)
        guard remediation.rung != .none else { return view }
        view.isEnforced = isEnforced(remediation.rung)
        guard let slot = slot(named: remediation.subscriber), watch.habits.holds(slot) else { return view }
        let score = watch.score(of: slot, at: engineTime, policy.watch)
        view.scoreNow = score.thousandths
        view.takeOver = score.leading
        view.since = clockTime(watch.habits.value(slot).standing.since)
        view.act =
            switch remediation.rung {
            case .none: .reviewLimit
            case .observed: .look
            case .slowed: .askOwner
            case .held: .callOwner
            case .contained: score.leading == .machine ? .cleanMachine : .changePassword
            }
        return view
    }
}
