// Each compared method against what its source says it does.

import MailTypes
import Testing
import WeirSimulator

/// A message of a subscriber so many minutes into the run.
func message(
    _ minutes: Double, subscriber: Int32 = 0, recipients: Int32 = 1, spam: Bool? = nil, score: Int32? = nil,
    from: UInt64 = 0, helo: UInt64 = 0
) -> BaselineMessage {
    BaselineMessage(
        number: 0, subscriber: subscriber, at: Timestamp(nanoseconds: Int64(minutes * 60e9)), recipients: recipients,
        isSpamFlagged: spam, spamScore: score, reversePath: from, helo: helo)
}

/// A permanent failure so many minutes into the run.
func failure(_ minutes: Double, subscriber: Int32 = 0, isPermanent: Bool = true) -> BaselineResult {
    BaselineResult(
        message: 0, subscriber: subscriber, isPermanentFailure: isPermanent,
        at: Timestamp(nanoseconds: Int64(minutes * 60e9)))
}

/// Whether a method alarms at a message: `#expect` can't call what changes its value.
func alarms(_ method: inout some Baseline, _ message: BaselineMessage) -> Bool { method.note(message) }

/// Whether a method alarms at a result.
func alarms(_ method: inout some Baseline, _ result: BaselineResult) -> Bool { method.note(result) }

@Suite("RecipientQuota") struct RecipientQuotaTests {
    @Test("VOL-A: the 501st recipient of a day, by subscriber") func daily() {
        var quota = RecipientQuota.daily(subscribers: 2)
        #expect(!alarms(&quota, message(0, recipients: 500)))
        #expect(!alarms(&quota, message(1, subscriber: 1, recipients: 400)))
        #expect(alarms(&quota, message(2)))
        // A day after the 500 there is room again: the window slides.
        #expect(!alarms(&quota, message(24 * 60, recipients: 499)))
        #expect(alarms(&quota, message(24 * 60 + 1)))
        #expect(!alarms(&quota, message(48 * 60 + 1, recipients: 500)))
    }

    @Test("VOL-B: the 101st recipient of an hour; a fixed window lets twice as many pass around its cut") func hourly()
    {
        var sliding = RecipientQuota.hourly(subscribers: 1)
        var fixed = RecipientQuota(
            name: "fixed", quota: 100, window: CountWindow(hours: 1, isSliding: false), subscribers: 1)
        #expect(!alarms(&sliding, message(59, recipients: 100)))
        #expect(!alarms(&fixed, message(59, recipients: 100)))
        #expect(alarms(&sliding, message(61, recipients: 100)))
        #expect(!alarms(&fixed, message(61, recipients: 100)))
        #expect(alarms(&fixed, message(62)))
    }

    @Test("a sliding sum is the plain sum", arguments: UInt64(0)..<3) func plain(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var quota = RecipientQuota.hourly(subscribers: 1)
        var sent: [(Double, Int32)] = []
        var minutes = 0.0
        for _ in 0..<600 {
            minutes += Double(random.next() % 10)
            let recipients = Int32(1 + random.next() % 30)
            sent.append((minutes, recipients))
            let sum = sent.filter { minutes - $0.0 < 60 }.reduce(0) { $0 + $1.1 }
            var found = -1.0
            quota.measure(message(minutes, recipients: recipients)) { found = $1 }
            #expect(found == Double(sum))
        }
    }
}

@Suite("CT and PT") struct SpamThresholdTests {
    @Test("CT: the 31st flagged message of a window") func count() {
        var method = SpamCountThreshold(subscribers: 1)
        for n in 0..<30 {
            #expect(!alarms(&method, message(Double(n), spam: true)))
            #expect(!alarms(&method, message(Double(n), spam: false)))
            #expect(!alarms(&method, message(Double(n), spam: nil)))
        }
        #expect(alarms(&method, message(31, spam: true)))
        // The next hour starts empty.
        #expect(!alarms(&method, message(60, spam: true)))
    }

    @Test("PT: from the sixth message on, more than half") func share() {
        var method = SpamShareThreshold(subscribers: 1)
        for n in 0..<5 { #expect(!alarms(&method, message(Double(n), spam: true))) }
        #expect(alarms(&method, message(5, spam: true)))
        #expect(!alarms(&method, message(60, spam: true)))
        for n in 61..<64 { #expect(!alarms(&method, message(Double(n), spam: false))) }
        #expect(!alarms(&method, message(64, spam: true)))
        // Three of six are not more than half; four of seven are.
        #expect(!alarms(&method, message(65, spam: true)))
        #expect(alarms(&method, message(66, spam: true)))
        #expect(!alarms(&method, message(67, spam: nil)))
    }
}

@Suite("SPOT") struct SPOTTests {
    @Test("four flagged messages in a row alarm, and the test begins again") func four() {
        var method = SPOT(subscribers: 2)
        for n in 1...12 {
            #expect(alarms(&method, message(Double(n), spam: true)) == (n % 4 == 0))
            #expect(!alarms(&method, message(Double(n), subscriber: 1, spam: false)))
            #expect(!alarms(&method, message(Double(n), spam: nil)))
        }
    }

    @Test("three plain messages accept: what came before is forgotten") func accepts() {
        var method = SPOT(subscribers: 1)
        for flag in [true, false, false, false] { #expect(!alarms(&method, message(0, spam: flag))) }
        // 1.504 - 3 · 2.079 = -4.734 accepted: four more are needed, not seven.
        for n in 1...4 { #expect(alarms(&method, message(0, spam: true)) == (n == 4)) }
    }

    @Test("alarms a year are those of the theory", arguments: [0.2, 0.5]) func theory(flagged: Double) {
        var random = SeededGenerator(seed: 4)
        var method = SPOT(subscribers: 1)
        var alarms = 0
        let messages = 400_000
        for n in 0..<messages {
            let isFlagged = Double.random(in: 0..<1, using: &random) < flagged
            if method.note(message(Double(n), spam: isFlagged)) { alarms += 1 }
        }
        let expected = SequentialTest.paper.runLength(flagged: flagged).alarms(messagesPerYear: Double(messages))
        #expect(abs(Double(alarms) / expected - 1) < 0.15)
    }

    @Test("arms side by side do what each does alone") func arms() {
        var random = SeededGenerator(seed: 5)
        var together = SPOT(alphas: SPOT.alphas, subscribers: 1)
        var alone = SPOT.alphas.map { together.tuned(to: $0) }
        for n in 0..<3000 {
            // Runs of spam, so that strict arms alarm too.
            let event = message(Double(n), spam: n / 60 % 2 == 0 ? random.next() % 10 < 9 : random.next() % 10 < 1)
            var raised = [Bool](repeating: false, count: SPOT.alphas.count)
            together.measure(event) { raised[$0] = $1 > 0.5 }
            for arm in alone.indices { #expect(alarms(&alone[arm], event) == raised[arm]) }
        }
    }
}

@Suite("EXTR") struct ExtrusionDetectionTests {
    @Test("ten failures alarm alone") func failures() {
        var method = ExtrusionDetection(subscribers: 1)
        for n in 1...9 { #expect(!alarms(&method, failure(Double(n)))) }
        #expect(!alarms(&method, failure(10, isPermanent: false)))
        #expect(alarms(&method, failure(11)))
        // The first two are a day old then.
        #expect(!alarms(&method, message(24 * 60 + 2.5)))
    }

    @Test("six reverse-paths or four HELO names alarm together only") func variety() {
        var method = ExtrusionDetection(subscribers: 3)
        for n in 1...20 { #expect(!alarms(&method, message(Double(n), from: UInt64(n)))) }
        for n in 1...20 { #expect(!alarms(&method, message(Double(n), subscriber: 1, helo: UInt64(n)))) }
        for n in 1...6 {
            let isAlarm = method.note(message(Double(n), subscriber: 2, from: UInt64(n), helo: UInt64(n)))
            #expect(isAlarm == (n == 6))
        }
    }

    @Test("the statistic is the scale at which the scaled rule still alarms") func scale() {
        var random = SeededGenerator(seed: 8)
        var measured = ExtrusionDetection(subscribers: 1)
        var scaled = [0.25, 0.5, 1, 2, 3].map { scale in
            (scale, measured.tuned(to: scale.nextDown))
        }
        for n in 0..<800 {
            let minutes = Double(n) * 7
            if random.next() % 4 == 0 {
                let event = failure(minutes)
                var statistic = 0.0
                measured.measure(event) { statistic = $1 }
                for place in scaled.indices {
                    #expect(alarms(&scaled[place].1, event) == (statistic >= scaled[place].0))
                }
            } else {
                let event = message(minutes, from: random.next() % 12, helo: random.next() % 8)
                var statistic = 0.0
                measured.measure(event) { statistic = $1 }
                for place in scaled.indices {
                    #expect(alarms(&scaled[place].1, event) == (statistic >= scaled[place].0))
                }
            }
        }
    }
}

@Suite("ContentCUSUM") struct ContentCUSUMTests {
    @Test("scores add up within their clip, never below nothing") func sums() {
        var method = ContentCUSUM(threshold: 10, subscribers: 1)
        var sums: [Double] = []
        for score: Int32? in [-50_000, 1500, nil, -9000, 3000, 90_000, 2999, 1] {
            method.measure(message(0, score: score)) { sums.append($1) }
        }
        #expect(sums == [0, 1.5, 0, 3, 7, 9.999, 10])
    }

    @Test("reached is enough") func reached() {
        var method = ContentCUSUM(threshold: 8, subscribers: 1)
        #expect(!alarms(&method, message(0, score: 4000)))
        #expect(alarms(&method, message(0, score: 4000)))
        var tuned = method.tuned(to: 8)
        #expect(!alarms(&tuned, message(0, score: 4000)))
        #expect(!alarms(&tuned, message(0, score: 4000)))
        #expect(alarms(&tuned, message(0, score: 1)))
    }

    @Test("its run length on lattice scores is the exact one within 10 %") func runLength() {
        // ± ln 4 at 0.2 against 0.8, threshold 3 ln 4: 135 messages (Markov chain).
        let step = Int32(1386)
        var random = SeededGenerator(seed: 12)
        var messages = 0
        for _ in 0..<1500 {
            var method = ContentCUSUM(threshold: 3 * 1.386 - 1e-9, subscribers: 1)
            var isAlarm = false
            while !isAlarm {
                messages += 1
                isAlarm = method.note(message(0, score: random.next() % 10 < 2 ? step : -step))
            }
        }
        let exact = LatticeCUSUM([.init(1, 0.2), .init(-1, 0.8)]).averageRunLength(threshold: 3)
        #expect(abs(Double(messages) / 1500 / exact - 1) < 0.1)
    }
}
