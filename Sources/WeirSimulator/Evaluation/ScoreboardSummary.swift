// A scoreboard in figures: rates with their intervals, leaks with their bad ends.

import MailTypes

/// False alarms of one stratum, or of all by their shares.
public struct FalseAlarmRow: Sendable, Equatable {
    /// The stratum's name; `all` for the weighted sum.
    public var stratum: String
    /// Honest subscriber-years watched.
    public var years: Double
    /// Subscriber-runs with a false alarm.
    public var alarms: Int
    /// Per 1,000 subscriber-years.
    public var perThousandYears: Double
    /// 95 %, by bootstrap over subscribers; by the rule of three where there was no false alarm. The upper end is never below the
    /// exact one for the alarms that were seen, each with its stratum's weight, nor below the rule of three for all years.
    public var interval: Interval
}

/// Honest messages held.
public struct HeldRow: Sendable, Equatable {
    /// Honest messages.
    public var messages: Int
    /// Of these, held.
    public var held: Int
    /// Per million, each stratum weighed by its share of subscribers and its own rate of mail.
    public var perMillion: Double
    /// 95 %, as for false alarms.
    public var interval: Interval
}

/// A leak over many episodes.
public struct LeakRow: Sendable, Equatable {
    /// Messages.
    public var messages: QuantileRow
    /// 95 % of the median of messages, by bootstrap over subscribers.
    public var messagesMedian: Interval
    /// Recipients.
    public var recipients: QuantileRow
    /// 95 % of the median of recipients.
    public var recipientsMedian: Interval
    /// Minutes since the attack's first message.
    public var minutes: QuantileRow
}

/// One family of attacks.
public struct EpisodeRow: Sendable, Equatable {
    /// The family's name.
    public var family: String
    /// Episodes.
    public var episodes: Int
    /// Of these, those with an alarm.
    public var detected: Int
    /// 95 % of the detected share: by bootstrap over subscribers, by Wilson's interval where all or none were detected.
    public var detectedInterval: Interval
    /// Until the alarm; an undetected episode counts as a whole.
    public var untilAlarm: LeakRow
    /// Until containment; an uncontained episode counts as a whole.
    public var untilContainment: LeakRow

    /// The detected share.
    public var detectedShare: Double { Double(detected) / Double(episodes) }
}

/// A scoreboard in figures.
public struct ScoreboardSummary: Sendable, Equatable {
    /// The method's name.
    public var method: String
    /// Its setting in words.
    public var setting: String
    /// True where the setting does not keep to the false alarms that were asked for.
    public var isBeyondTarget: Bool
    /// All strata by their shares; nil where no honest time was watched.
    public var falseAlarms: FalseAlarmRow?
    /// Each stratum that was watched, in their order.
    public var strata: [FalseAlarmRow]
    /// Wrongly held mail; nil where no honest message was counted.
    public var held: HeldRow?
    /// Each family that occurred, in their order.
    public var families: [EpisodeRow]

    /// The stratum with the most false alarms per 1,000 subscriber-years, the first of equals.
    public var worstStratum: FalseAlarmRow? {
        strata.reduce(nil as FalseAlarmRow?) { worst, row in
            row.perThousandYears > worst?.perThousandYears ?? -1 ? row : worst
        }
    }
}

extension Scoreboard {
    /// The figures, their intervals by this bootstrap.
    public func summary(_ bootstrap: ClusterBootstrap = .defaults) -> ScoreboardSummary {
        let groups = strata.indices.map { stratum in subscribers.filter { $0.stratum == stratum } }
        return ScoreboardSummary(
            method: method, setting: setting, isBeyondTarget: isBeyondTarget,
            falseAlarms: falseAlarms(groups, named: "all", bootstrap),
            strata: strata.indices.compactMap { stratum in
                var alone = groups
                for other in strata.indices where other != stratum { alone[other] = [] }
                return falseAlarms(alone, named: strata[stratum].name, bootstrap)
            },
            held: held(groups, bootstrap), families: families.indices.compactMap { family($0, bootstrap) })
    }

    /// The false alarms of all strata by their shares alone, which takes a fraction of a whole summary's time.
    public func falseAlarmsOfAll(_ bootstrap: ClusterBootstrap = .defaults) -> FalseAlarmRow? {
        falseAlarms(
            strata.indices.map { stratum in subscribers.filter { $0.stratum == stratum } }, named: "all", bootstrap)
    }

    /// False alarms per 1,000 subscriber-years of these groups by stratum, weighed by the shares of those with any time.
    private func falseAlarms(
        _ groups: [[SubscriberOutcome]], named name: String, _ bootstrap: ClusterBootstrap
    ) -> FalseAlarmRow? {
        let watched = groups.map { $0.filter { $0.years > 0 } }
        let years = watched.map { $0.reduce(0) { $0 + $1.years } }
        let present = strata.indices.filter { years[$0] > 0 }
        let whole = present.reduce(0) { $0 + strata[$1].share }
        guard whole > 0 else { return nil }
        func rate(_ drawn: [[Int]]) -> Double {
            var sum = 0.0
            for stratum in present {
                var (alarms, time) = (0.0, 0.0)
                for place in drawn[stratum] {
                    time += watched[stratum][place].years
                    if watched[stratum][place].hasFalseAlarm { alarms += 1 }
                }
                sum += strata[stratum].share / whole * alarms / time
            }
            return 1000 * sum
        }
        // Whatever was not seen may lie in the stratum where an alarm weighs most.
        let weights = strata.indices.map { years[$0] > 0 ? 1000 * strata[$0].share / whole / years[$0] : 0 }
        let alarms = present.flatMap { stratum in
            watched[stratum].filter(\.hasFalseAlarm).map { _ in weights[stratum] }
        }
        let floor = max(
            PoissonInterval.upper(weights: alarms, heaviest: weights.max() ?? 0),
            1000 * BinomialInterval.ruleOfThree(1) / years.reduce(0, +))
        let drawn = alarms.isEmpty ? Interval(0, 0) : bootstrap.interval(strata: watched.map(\.count), rate)
        return FalseAlarmRow(
            stratum: name, years: years.reduce(0, +), alarms: alarms.count,
            perThousandYears: rate(watched.map { Array($0.indices) }),
            interval: drawn.map { Interval($0.lower, max($0.upper, floor)) } ?? Interval(0, .infinity))
    }

    /// Wrongly held messages per million.
    private func held(_ groups: [[SubscriberOutcome]], _ bootstrap: ClusterBootstrap) -> HeldRow? {
        let present = strata.indices.filter { stratum in
            strata[stratum].share > 0 && groups[stratum].contains { $0.honestMessages > 0 && $0.years > 0 }
        }
        guard !present.isEmpty else { return nil }
        func share(_ drawn: [[Int]]) -> Double {
            var (held, messages) = (0.0, 0.0)
            for stratum in present {
                var (heldHere, messagesHere, years) = (0, 0, 0.0)
                for place in drawn[stratum] {
                    heldHere += groups[stratum][place].wronglyHeld
                    messagesHere += groups[stratum][place].honestMessages
                    years += groups[stratum][place].years
                }
                guard years > 0 else { continue }
                held += strata[stratum].share * Double(heldHere) / years
                messages += strata[stratum].share * Double(messagesHere) / years
            }
            return messages > 0 ? 1e6 * held / messages : 0
        }
        let held = present.reduce(0) { $0 + groups[$1].reduce(0) { $0 + $1.wronglyHeld } }
        let messages = present.reduce(0) { $0 + groups[$1].reduce(0) { $0 + $1.honestMessages } }
        // What a message adds to the figure, by stratum; the honest mail itself is taken as known.
        let shares = present.map { stratum in
            strata[stratum].share / groups[stratum].reduce(0) { $0 + $1.years }
        }
        let whole = zip(present, shares).reduce(0) { sum, next in
            sum + next.1 * Double(groups[next.0].reduce(0) { $0 + $1.honestMessages })
        }
        let weights = shares.map { 1e6 * $0 / whole }
        // A subscriber's held messages hang together, and so are one event, as heavy as they are many.
        let events = zip(present, weights).flatMap { stratum, weight in
            groups[stratum].filter { $0.wronglyHeld > 0 }.map { weight * Double($0.wronglyHeld) }
        }
        let floor = PoissonInterval.upper(weights: events, heaviest: weights.max() ?? 0)
        let drawn = events.isEmpty ? Interval(0, 0) : bootstrap.interval(strata: groups.map(\.count), share)
        return HeldRow(
            messages: messages, held: held, perMillion: share(groups.map { Array($0.indices) }),
            interval: drawn.map { Interval($0.lower, min(1e6, max($0.upper, floor))) } ?? Interval(0, 1e6))
    }

    /// One family; nil where it never occurred.
    private func family(_ family: Int, _ bootstrap: ClusterBootstrap) -> EpisodeRow? {
        let found = episodes.filter { $0.episode.family == family }
        guard !found.isEmpty else { return nil }
        // Episodes of one subscriber are drawn together.
        let order = found.indices.sorted {
            (found[$0].seed, found[$0].episode.subscriber, $0) < (found[$1].seed, found[$1].episode.subscriber, $1)
        }
        var clusters: [[Int]] = []
        for place in order {
            if let last = clusters.last?.last, found[last].seed == found[place].seed,
                found[last].episode.subscriber == found[place].episode.subscriber
            {
                clusters[clusters.count - 1].append(place)
            } else {
                clusters.append([place])
            }
        }
        let detected = found.count { $0.alarm != nil }
        let interval =
            detected == 0 || detected == found.count
            ? BinomialInterval.wilson(detected, of: found.count)
            : bootstrap.interval(clusters: clusters.count) { drawn in
                var (hits, all) = (0, 0)
                for cluster in drawn {
                    all += clusters[cluster].count
                    hits += clusters[cluster].count { found[$0].alarm != nil }
                }
                return Double(hits) / Double(all)
            }
        func row(_ leak: (EpisodeOutcome) -> Leak) -> LeakRow {
            func quantiles(_ values: [Double]) -> QuantileRow {
                guard let row = QuantileRow(values) else { preconditionFailure("there is an episode") }
                return row
            }
            func median(_ values: [Double]) -> Interval {
                let interval = bootstrap.interval(clusters: clusters.count) { drawn in
                    var sample: [Double] = []
                    for cluster in drawn { for place in clusters[cluster] { sample.append(values[place]) } }
                    sample.sort()
                    return Quantile.of(sample, 0.5)
                }
                return interval ?? Interval(0, .infinity)
            }
            let leaks = found.map(leak)
            let messages = leaks.map { Double($0.messages) }
            let recipients = leaks.map { Double($0.recipients) }
            return LeakRow(
                messages: quantiles(messages), messagesMedian: median(messages), recipients: quantiles(recipients),
                recipientsMedian: median(recipients), minutes: quantiles(leaks.map(\.minutes)))
        }
        let untilAlarm = row { $0.leakedUntilAlarm }
        let isSame = found.allSatisfy { $0.alarm == $0.containment }
        return EpisodeRow(
            family: families[family], episodes: found.count, detected: detected,
            detectedInterval: interval ?? Interval(0, 1), untilAlarm: untilAlarm,
            untilContainment: isSame ? untilAlarm : row { $0.leakedUntilContainment })
    }
}
