// A scoreboard's figures against sums by hand, and the tables made of them.

import MailTypes
import Testing

@testable import WeirSimulator

@Suite("Scoreboard") struct ScoreboardTests {
    /// A small bootstrap.
    static let bootstrap = ClusterBootstrap(replicates: 100, seed: 1, confidence: 0.95)

    /// A leak.
    static func leak(_ messages: Int, _ minutes: Int64 = 1) -> Leak {
        Leak(messages: messages, recipients: 10 * messages, nanoseconds: minutes * 60_000_000_000)
    }

    /// A hundred people, four newsletters, and attacks of two families.
    static func board(seed: UInt64) -> Scoreboard {
        let strata = [
            StratumShare(name: "person", share: 0.99), StratumShare(name: "newsletter", share: 0.01),
            StratumShare(name: "forwarder", share: 0),
        ]
        var board = Scoreboard(
            method: "SPOT", setting: "the paper's", strata: strata, families: ["fast bot", "contact phish", "unseen"])
        for subscriber in 0..<104 {
            let isNewsletter = subscriber >= 100
            board.add(
                Scoreboard.SubscriberOutcome(
                    seed: seed, subscriber: Int32(subscriber), stratum: isNewsletter ? 1 : 0, years: 0.5,
                    hasFalseAlarm: subscriber == 3 || subscriber == 101, honestMessages: isNewsletter ? 1000 : 100,
                    wronglyHeld: subscriber == 3 ? 2 : 0))
        }
        for n in 1...20 {
            let episode = AttackEpisode(subscriber: Int32(n), family: n <= 10 ? 0 : 1, whole: leak(400, 60))
            let alarm = n <= 10 || n > 18 ? leak(n) : nil
            board.add(
                Scoreboard.EpisodeOutcome(
                    seed: seed, episode: episode, alarm: alarm, containment: n == 1 ? nil : alarm))
        }
        return board
    }

    @Test("false alarms weigh by share, and count a subscriber once") func falseAlarms() throws {
        let summary = Self.board(seed: 1).summary(Self.bootstrap)
        let all = try #require(summary.falseAlarms)
        // People 1 in 50 years, newsletters 1 in 2.
        #expect(abs(all.perThousandYears - (0.99 * 20 + 0.01 * 500)) < 1e-9)
        #expect(all.alarms == 2 && all.years == 52)
        #expect(all.interval.lower < all.perThousandYears && all.interval.upper > all.perThousandYears)
        #expect(summary.strata.map(\.stratum) == ["person", "newsletter"])
        #expect(summary.worstStratum?.stratum == "newsletter")
    }

    @Test("undetected attacks count as a whole") func leaks() throws {
        let summary = Self.board(seed: 1).summary(Self.bootstrap)
        #expect(summary.families.map(\.family) == ["fast bot", "contact phish"])
        let fast = try #require(summary.families.first)
        #expect(fast.detected == 10 && fast.detectedShare == 1)
        #expect(fast.detectedInterval == BinomialInterval.wilson(10, of: 10))
        #expect(fast.untilAlarm.messages.median == 5 && fast.untilAlarm.messages.max == 10)
        #expect(fast.untilAlarm.recipients.p95 == 100 && fast.untilAlarm.minutes.max == 1)
        // One of them was never contained.
        #expect(fast.untilContainment.messages.max == 400 && fast.untilContainment.minutes.max == 60)
        let phish = try #require(summary.families.last)
        #expect(phish.detected == 2 && phish.untilAlarm.messages.median == 400 && phish.untilAlarm.minutes.p95 == 60)
        #expect(phish.detectedInterval.lower < 0.2 && phish.detectedInterval.upper > 0.2)
        #expect(phish.untilAlarm.messagesMedian.upper == 400)
    }

    @Test("held mail weighs each stratum by its rate of mail") func held() throws {
        let row = try #require(Self.board(seed: 1).summary(Self.bootstrap).held)
        #expect(row.messages == 14_000 && row.held == 2)
        // People send 200 a year and lose 0.04, newsletters 2,000.
        #expect(abs(row.perMillion - 1e6 * 0.99 * 0.04 / (0.99 * 200 + 0.01 * 2000)) < 1e-6)
    }

    @Test("with nothing seen the rule of three bounds the rate") func nothing() throws {
        var board = Scoreboard(
            method: "m", setting: "s",
            strata: [StratumShare(name: "common", share: 0.9), StratumShare(name: "rare", share: 0.1)], families: [])
        for (subscriber, years) in [(0, 1800.0), (1, 100.0)] {
            board.add(
                Scoreboard.SubscriberOutcome(
                    seed: 1, subscriber: Int32(subscriber), stratum: subscriber, years: years, hasFalseAlarm: false,
                    honestMessages: 300_000))
        }
        let summary = board.summary(Self.bootstrap)
        // The rare stratum was watched for less than its share: 3 · 0.1 / 100 years.
        #expect(abs(try #require(summary.falseAlarms).interval.upper - 3) < 1e-9)
        #expect(abs(summary.strata[0].interval.upper - 3000 / 1800) < 1e-9)
        #expect(try #require(summary.held).interval.lower == 0)
        #expect(
            Scoreboard(method: "m", setting: "s", strata: [], families: []).summary(Self.bootstrap).falseAlarms == nil)
    }

    @Test("an alarm in a rare stratum leaves the common one as unsure as it was") func floor() throws {
        var board = Scoreboard(
            method: "m", setting: "s",
            strata: [StratumShare(name: "common", share: 0.999), StratumShare(name: "rare", share: 0.001)], families: []
        )
        for subscriber in 0..<200 {
            board.add(
                Scoreboard.SubscriberOutcome(
                    seed: 1, subscriber: Int32(subscriber), stratum: subscriber % 2, years: 1,
                    hasFalseAlarm: subscriber == 1, honestMessages: 100))
        }
        let all = try #require(board.summary(Self.bootstrap).falseAlarms)
        // The bootstrap alone says at most some hundredths: of the common one nothing was seen in 100 years.
        #expect(abs(all.perThousandYears - 0.01) < 1e-9 && all.interval.upper > 0.999 * 30)
    }

    @Test("no upper end is below the exact one for so few events", arguments: [0, 1, 2, 3, 5])
    func fewEvents(count: Int) throws {
        var board = Scoreboard(
            method: "m", setting: "s", strata: [StratumShare(name: "all", share: 1)], families: [])
        for subscriber in 0..<1000 {
            board.add(
                Scoreboard.SubscriberOutcome(
                    seed: 1, subscriber: Int32(subscriber), stratum: 0, years: 1, hasFalseAlarm: subscriber < count,
                    honestMessages: 100, wronglyHeld: subscriber < count ? 1 : 0))
        }
        let summary = board.summary(Self.bootstrap)
        // Garwood's upper ends of 95 % on two sides; of 0 events the rule of three.
        let exact = [3, 5.571_643, 7.224_688, 8.767_273, 0, 11.668_332][count]
        #expect(try #require(summary.falseAlarms).interval.upper > exact * 0.999_999)
        #expect(try #require(summary.held).interval.upper > 10 * exact * 0.999_999)
        #expect(abs(PoissonInterval.upper(weights: Array(repeating: 2, count: count), heaviest: 2) - 2 * exact) < 1e-5)
    }

    @Test("held messages of one subscriber are one event") func heldTogether() throws {
        var board = Scoreboard(
            method: "m", setting: "s", strata: [StratumShare(name: "all", share: 1)], families: [])
        for subscriber in 0..<1000 {
            board.add(
                Scoreboard.SubscriberOutcome(
                    seed: 1, subscriber: Int32(subscriber), stratum: 0, years: 1, hasFalseAlarm: false,
                    honestMessages: 100, wronglyHeld: subscriber == 0 ? 40 : 0))
        }
        let held = try #require(board.summary(Self.bootstrap).held)
        #expect(abs(held.perMillion - 400) < 1e-6 && held.interval.upper > 400 * 5.57)
    }

    @Test("seeds add up") func merge() throws {
        var board = Self.board(seed: 1)
        let one = try #require(board.summary(Self.bootstrap).falseAlarms)
        board.merge(Self.board(seed: 2))
        let two = try #require(board.summary(Self.bootstrap).falseAlarms)
        #expect(two.alarms == 4 && abs(two.perThousandYears - one.perThousandYears) < 1e-9)
        #expect(two.interval.upper - two.interval.lower < one.interval.upper - one.interval.lower)
        #expect(board.episodes.count == 40)
    }

    @Test("episodes of one subscriber hang together") func clusters() throws {
        // Ten subscribers with ten episodes each, detected by subscriber: as unsure as ten.
        func board(ownSubscribers: Bool) throws -> Interval {
            var board = Scoreboard(method: "m", setting: "s", strata: twoStrata, families: ["bot"])
            for n in 0..<100 {
                let subscriber = Int32(ownSubscribers ? n : n / 10)
                board.add(
                    Scoreboard.EpisodeOutcome(
                        seed: 1, episode: AttackEpisode(subscriber: subscriber, family: 0, whole: Self.leak(9)),
                        alarm: n / 10 % 2 == 0 ? Self.leak(1) : nil, containment: nil))
            }
            return try #require(board.summary(.defaults).families.first).detectedInterval
        }
        let (together, apart) = (try board(ownSubscribers: false), try board(ownSubscribers: true))
        #expect(together.upper - together.lower > 2 * (apart.upper - apart.lower))
    }
}

@Suite("EvaluationTables") struct EvaluationTablesTests {
    @Test("the tables as they are printed") func golden() {
        var quota = Scoreboard(
            method: "VOL-A", setting: "quota 500", strata: ScoreboardTests.board(seed: 1).strata, families: ["fast bot"]
        )
        quota.isBeyondTarget = true
        let summaries = [
            ScoreboardTests.board(seed: 1).summary(ScoreboardTests.bootstrap), quota.summary(ScoreboardTests.bootstrap),
        ]
        let text = EvaluationTables.equalFalseAlarms(
            summaries, perThousandYears: 1, strata: ScoreboardTests.board(seed: 1).strata)
        #expect(text == Self.expected)
        #expect(
            EvaluationTables.paperSettings(summaries, strata: []).hasPrefix(
                "## Every method as published\n\n### False alarms\n"))
    }

    /// The text.
    static let expected = """
        ## Every method at 1 false alarm per 1,000 subscriber-years

        ### False alarms

        The strata weigh by their shares of the subscribers; a subscriber counts once a run.

        | method | setting | false alarms per 1,000 subscriber-years [95 %] | subscriber-years | worst stratum | honest messages held per million [95 %] |
        |---|---|---|---|---|---|
        | SPOT | the paper's | 24.8 [0, 115] | 52 | newsletter: 500 | 182 [0, 1,012] |
        | VOL-A | cannot reach; best: quota 500 | – | – | – | – |

        ### False alarms by stratum, per 1,000 subscriber-years [95 %]

        | stratum | share | subscriber-years | SPOT | VOL-A |
        |---|---|---|---|---|
        | person | 99.0 % | 50 | 20.0 [0, 111] | – |
        | newsletter | 1.0 % | 2 | 500 [0, 2,786] | – |

        ### fast bot

        10 episodes; one that is never detected counts with all its mail.

        | method | detected [95 %] | messages until alarm: median [95 %] / p95 / max | recipients until alarm: median [95 %] / p95 / max | minutes: median / p95 | messages until containment: median / p95 / max | recipients until containment: median / p95 / max |
        |---|---|---|---|---|---|---|
        | SPOT | 100 % [72.2 %, 100 %] | 5 [2, 8] / 10 / 10 | 50 [20, 80] / 100 / 100 | 1.00 / 1.00 | 6 / 400 / 400 | 60 / 4,000 / 4,000 |
        | VOL-A | – | – | – | – | – | – |

        ### contact phish

        10 episodes; one that is never detected counts with all its mail.

        | method | detected [95 %] | messages until alarm: median [95 %] / p95 / max | recipients until alarm: median [95 %] / p95 / max | minutes: median / p95 | messages until containment: median / p95 / max | recipients until containment: median / p95 / max |
        |---|---|---|---|---|---|---|
        | SPOT | 20.0 % [0 %, 50.0 %] | 400 [20, 400] / 400 / 400 | 4,000 [200, 4,000] / 4,000 / 4,000 | 60.0 / 60.0 | 400 / 400 / 400 | 4,000 / 4,000 / 4,000 |
        | VOL-A | – | – | – | – | – | – |

        """

    @Test("numbers for people") func numbers() {
        #expect(DecimalText.fixed(1_234_567.891, 2) == "1,234,567.89")
        #expect(DecimalText.fixed(0.005, 2) == "0.01" && DecimalText.fixed(-0.001, 2) == "0.00")
        #expect(DecimalText.fixed(-1234.5, 1) == "-1,234.5" && DecimalText.fixed(.infinity, 1) == "∞")
        #expect(DecimalText.short(9.999) == "10.0" && DecimalText.short(99.96) == "100" && DecimalText.short(0) == "0")
        #expect(
            DecimalText.short(5.678) == "5.68" && DecimalText.short(12.34) == "12.3"
                && DecimalText.short(1234.4) == "1,234")
        #expect(DecimalText.percent(0.9999) == "99.9 %" && DecimalText.percent(1) == "100 %")
        #expect(DecimalText.percent(0.00001) == "0.1 %" && DecimalText.percent(0) == "0 %")
    }
}
