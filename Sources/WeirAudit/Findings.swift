// From an audit's records to its report.

import MailTypes
import WeirEngine

/// Makes the report.
struct Findings {
    /// Entries of each list.
    static let listMax = 200
    /// The least share of a limit that counts as near, in percent.
    static let nearPercent = 50
    /// What limits are studied, in the order in which they are suggested.
    static let studied: [(Dimension, Int64)] = [
        (.recipients, 3600), (.recipients, 86_400), (.messages, 3600), (.newRecipients, 86_400),
    ]
    /// Fewer honest accounts than this suggest nothing.
    static let honestMin = 10

    /// The report.
    private(set) var report = AuditReport()

    /// Works out the findings.
    init(
        _ accounts: [AccountRecord], _ volumes: Volumes, _ hours: [HourColumn], _ span: ClosedRange<Timestamp>?,
        _ engine: Engine,
        _ settings: AuditSettings
    ) {
        let wanted = settings.subscriber
        let policy = settings.policy
        let sorted = accounts.filter { wanted == nil || $0.name == wanted }.sorted { $0.name < $1.name }
        report.span = span
        report.volumes = volumes
        report.volumes.subscribers = accounts.count
        report.volumes.subscribersForgotten = Int(engine.view.subscribersEvicted)
        report.hours = hours
        var honest: [AccountRecord] = []
        var stolen: [AccountRecord] = []
        for account in sorted {
            switch Standing(account.cases.worst?.found) {
            case .honest: honest.append(account)
            case .noted:
                honest.append(account)
                report.noted.append(Findings.finding(account, policy))
            case .stolen:
                stolen.append(account)
                report.stolen.append(Findings.finding(account, policy))
                report.volumes.abusive += account.cases.episode?.messages ?? 0
                report.volumes.abusiveRecipients += account.cases.episode?.recipients ?? 0
            }
        }
        report.stolen.sort(by: Findings.isWorse)
        report.noted.sort(by: Findings.isWorse)
        report.touched = honest.filter { $0.stopped > 0 }
            .sorted { ($0.stopped, $1.name) > ($1.stopped, $0.name) }.prefix(Findings.listMax)
            .map { Findings.finding($0, policy) }
        report.rules = Findings.rules(honest, stolen, engine, policy)
        report.near = Findings.near(honest, policy)
        report.suggestions = Findings.suggestions(honest, stolen, policy)
        report.travellers = Findings.travellers(honest, stolen)
        report.deadRates = Findings.deadRates(honest, stolen)
        report.subscribers = Findings.totals(sorted, policy)
        markAbuse()
    }

    /// One account as the report shows it.
    private static func finding(_ account: AccountRecord, _ policy: Policy) -> AccountFinding {
        AccountFinding(
            subscriber: account.name, plan: policy.plans[policy.planIndex(policy.subscribers[account.name]?.plan)].name,
            worst: account.cases.worst?.found, messages: account.messages, recipients: account.recipients,
            stopped: account.stopped, evidence: account.evidence,
            picture: account.cases.worst?.picture ?? account.picture, episode: account.cases.episode)
    }

    /// The order of accounts: the highest rung first, then the highest score, then the name.
    private static func isWorse(_ one: AccountFinding, _ other: AccountFinding) -> Bool {
        let (a, b) = (one.worst?.rung ?? .none, other.worst?.rung ?? .none)
        return (a.rawValue, one.score, other.subscriber) > (b.rawValue, other.score, one.subscriber)
    }

    /// What each rule would have done.
    private static func rules(
        _ honest: [AccountRecord], _ stolen: [AccountRecord], _ engine: Engine, _ policy: Policy
    ) -> [RuleFinding] {
        var found: [RuleFinding] = []
        let counts = engine.ruleCounts
        for plan in policy.plans {
            for limit in plan.limits {
                let rule = "\(plan.name)/\(limit.name)"
                let counted = counts[rule] ?? RuleCounts()
                let caught = stolen.filter { $0.rules.contains(rule) }
                let before = caught.compactMap { $0.cases.episode?.limit }.filter { $0.rule == rule }
                    .map(\.recipientsBefore).sorted()
                found.append(
                    RuleFinding(
                        rule: rule, line: limit.line, messages: Int(counted.stopped + counted.wouldStop),
                        subscribers: Int(counted.subscribers), stolen: caught.count,
                        recipientsBefore: before.isEmpty ? nil : before[before.count / 2]))
            }
        }
        return found
    }

    /// Honest-looking senders that used half of a limit or more, and were not stopped.
    private static func near(_ honest: [AccountRecord], _ policy: Policy) -> [NearLimit] {
        var found: [NearLimit] = []
        for account in honest where account.stopped == 0 {
            let plan = policy.plans[policy.planIndex(policy.subscribers[account.name]?.plan)]
            for limit in plan.limits {
                guard let most = account.most(limit.dimension, periodSeconds: limit.periodSeconds) else { continue }
                let entry = NearLimit(
                    subscriber: account.name, rule: "\(plan.name)/\(limit.name)", most: most, allowed: Int(limit.amount)
                )
                if entry.percent >= nearPercent { found.append(entry) }
            }
        }
        return Array(found.sorted { ($0.percent, $1.subscriber) > ($1.percent, $0.subscriber) }.prefix(listMax))
    }

    /// A limit a plan and dimension: a third above what 99.5 % of the honest-looking accounts had as their most, rounded up
    /// to a number that people use.
    private static func suggestions(
        _ honest: [AccountRecord], _ stolen: [AccountRecord], _ policy: Policy
    ) -> [SuggestedLimit] {
        var found: [SuggestedLimit] = []
        for plan in policy.plans.indices {
            let own: (AccountRecord) -> Bool = { policy.planIndex(policy.subscribers[$0.name]?.plan) == plan }
            let good = honest.filter(own)
            let bad = stolen.filter(own)
            guard good.count >= honestMin else { continue }
            for (dimension, period) in studied {
                let peaks = good.compactMap { $0.most(dimension, periodSeconds: period) }.sorted()
                guard let most = peaks.last, most > 0 else { continue }
                let base = peaks[(peaks.count - 1) * 995 / 1000]
                let amount = rounded(max(10, base + (base + 2) / 3))
                found.append(
                    SuggestedLimit(
                        plan: policy.plans[plan].name, dimension: dimension, periodSeconds: period, amount: amount,
                        median: peaks[peaks.count / 2], high: peaks[(peaks.count - 1) * 99 / 100], most: most,
                        touches: peaks.count { $0 > amount }, honest: peaks.count,
                        catches: bad.count { $0.most(dimension, periodSeconds: period) ?? 0 > amount },
                        stolen: bad.count))
            }
        }
        return found
    }

    /// The next number above of the kind 10, 12, 15, 20, 25, 30, 40, 50, 60, 80 times a power of ten.
    static func rounded(_ value: Int) -> Int {
        var scale = 1
        while scale * 100 < value { scale *= 10 }
        for step in [10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100] where step * scale >= value { return step * scale }
        return value
    }

    /// Accounts used from three networks a day or more.
    private static func travellers(_ honest: [AccountRecord], _ stolen: [AccountRecord]) -> [Traveller] {
        let all = honest.map { ($0, false) } + stolen.map { ($0, true) }
        let found = all.filter { $0.0.networksMost.count >= 3 }.map { account, isStolen in
            Traveller(
                subscriber: account.name, networks: account.networksMost.count, at: account.networksMost.at,
                isStolen: isStolen)
        }
        return Array(found.sorted { ($0.networks, $1.subscriber) > ($1.networks, $0.subscriber) }.prefix(listMax))
    }

    /// What single subscribers sent.
    private static func totals(_ accounts: [AccountRecord], _ policy: Policy) -> [SubscriberTotals] {
        let largest = accounts.sorted { ($0.recipients, $1.name) > ($1.recipients, $0.name) }
        return largest.prefix(Volumes.subscribersMax).map { account in
            SubscriberTotals(
                subscriber: account.name,
                plan: policy.plans[policy.planIndex(policy.subscribers[account.name]?.plan)].name,
                standing: Standing(account.cases.worst?.found),
                messages: account.messages, recipients: account.recipients, stopped: account.stopped,
                results: account.results, dead: account.dead)
        }
    }

    /// Accounts of whose mail at least two recipients in a hundred were dead, and five in all.
    private static func deadRates(_ honest: [AccountRecord], _ stolen: [AccountRecord]) -> [DeadRate] {
        let all = honest.map { ($0, false) } + stolen.map { ($0, true) }
        let found = all.filter { $0.0.dead >= 5 && $0.0.dead * 50 >= $0.0.results }.map { account, isStolen in
            DeadRate(subscriber: account.name, dead: account.dead, results: account.results, isStolen: isStolen)
        }
        return Array(
            found.sorted { ($0.permille, $0.dead, $1.subscriber) > ($1.permille, $1.dead, $0.subscriber) }
                .prefix(listMax))
    }

    /// Marks the hours of stolen accounts' suspicious time in the picture over time.
    private mutating func markAbuse() {
        var abusive: [Int64: Int] = [:]
        for account in report.stolen {
            guard let episode = account.episode else { continue }
            for (index, messages) in episode.hours.enumerated() where messages > 0 {
                abusive[episode.firstHour + Int64(index), default: 0] += messages
            }
        }
        for index in report.hours.indices {
            report.hours[index].abusive = min(report.hours[index].messages, abusive[report.hours[index].hour] ?? 0)
        }
    }
}
