// The score by itself: what each group says, how it is damped, what is learned and when.

import Foundation
import MailTypes
import Testing

@testable import WeirEngine

/// A message of somebody's usual day; a test changes what it is about.
private func usual(at time: Int64, _ change: (inout MessageFacts) -> Void = { _ in }) -> MessageFacts {
    var facts = MessageFacts.nothing(at: time)
    facts.day = Int32(time / MessageFacts.dayNanoseconds)
    facts.part = Int(time % MessageFacts.dayNanoseconds / (3 * 3600 * second)) & 7
    facts.recipients = 1
    facts.newRecipients = 0
    facts.content = -4
    facts.style = 11
    facts.network = 12
    facts.reversePath = 13
    facts.isLogin = true
    change(&facts)
    return facts
}

/// A watch over one subscriber with some days of usual mail behind it, a tenth of the recipients new.
private struct Watched {
    var watch = Watch()
    var settings = WatchSettings.defaults
    var time: Int64 = 20_000 * MessageFacts.dayNanoseconds + 36_000 * second

    init(days: Int = 40) {
        settings.isOn = true
        watch.enrol(0, serial: 1)
        for day in 0..<days {
            for hour in 0..<5 {
                _ = take { $0.newRecipients = (day * 5 + hour) % 10 == 0 ? 1 : 0 }
                time += 3600 * second
            }
            time += 19 * 3600 * second
        }
    }

    mutating func take(_ change: (inout MessageFacts) -> Void = { _ in }) -> Score {
        watch.take(usual(at: time, change), slot: 0, settings)
    }

    mutating func wait(hours: Double) { time += Int64(hours * 3600) * second }
}

/// A thief's message.
private func thief(_ facts: inout MessageFacts) {
    facts.newRecipients = 1
    facts.content = 5
    facts.network = 99
    facts.style = 98
}

@Suite("The score")
struct WatchTests {
    @Test("of usual mail is zero, and leaves no excursion") func usualMail() {
        var ann = Watched()
        #expect(ann.watch.score(of: 0, at: ann.time, ann.settings).nats == 0)
        #expect(ann.watch.excursion(of: 0) == nil)
        #expect(ann.take().nats == 0)
        #expect(ann.watch.habits[0].networks.count == 1 && ann.watch.habits[0].days > 30)
    }

    @Test("of a thief passes the height of containment within five different texts, and its ledger adds up")
    func theft() {
        var ann = Watched()
        let height = Thresholds(ann.settings, messagesADay: 5).contained
        var scores: [Score] = []
        for text in 1...5 {
            scores.append(
                ann.take {
                    thief(&$0); $0.tight = UInt32(text)
                })
            ann.time += 20 * second
            _ = ann.watch.take(
                result: text.isMultiple(of: 3), isRefused: false, sentAt: ann.time - second, slot: 0, at: ann.time,
                ann.settings)
        }
        #expect(scores[0].nats > 5 && scores[0].nats < height)
        #expect(scores[4].nats >= height)
        let last = scores[4]
        let sum = (0..<9).reduce(Float(0)) { $0 + last.groups[$1] }
        #expect(abs(sum - last.nats) < 0.01)
        let ledger = ann.watch.ledger(last, of: 0)
        #expect(ledger.map(\.score) == ledger.map(\.score).sorted(by: >))
        let told = ledger.reduce(Float(0)) { $0 + Float($1.score) / 1000 }
        #expect(told >= last.nats - 0.01, "lines of less than a tenth of a nat are told too")
        #expect(ledger.contains { $0.symbol == "NEW_RECIPIENTS" && $0.why.contains("5 of 5 recipients") })
        #expect(ledger.contains { $0.symbol == "CONTENT" && $0.why.contains("5 messages of 5") })
    }

    @Test("of a hundred copies of one text at once is that of a few") func copies() {
        var ann = Watched()
        var score = Score()
        for _ in 0..<100 {
            score = ann.take {
                $0.newRecipients = 1; $0.content = 3; $0.tight = 7
            }
        }
        let groups = score.groups
        #expect(groups[0] + groups[1] + groups[3] <= 6.01)
        var bob = Watched()
        for text in 0..<100 {
            score = bob.take {
                $0.newRecipients = 1; $0.content = 3; $0.tight = UInt32(100 + text)
            }
        }
        #expect(score.groups[0] + score.groups[1] > groups[0] + groups[1] + 2)
    }

    @Test("of strangers grows beyond one event only while messages to them go on for hours, and for whom it is unusual")
    func hourAfterHour() {
        func strangers(_ messages: Int, minutes: Double, days: Int = 40) -> Float {
            var ann = Watched(days: days)
            let lane = Int(EvidenceGroup.recipients.rawValue)
            var most: Float = 0
            for _ in 0..<messages {
                let score = ann.take { ($0.newRecipients, $0.content, $0.style, $0.network) = (1, nil, 0, 0) }
                most = max(most, score.groups[lane])
                ann.wait(hours: minutes / 60)
            }
            return most
        }
        #expect(strangers(60, minutes: 0.1) <= 5.01, "a burst is one event")
        #expect(strangers(14, minutes: 20) > 7)
        #expect(strangers(60, minutes: 20) <= 8.01)
        #expect(strangers(14, minutes: 20, days: 2) <= 5.01, "nothing is unusual for a newcomer")
    }

    @Test("of one message's text is bounded more than that of several") func oneText() {
        func content(_ texts: Int) -> Float {
            var ann = Watched()
            var score = Score()
            for text in 1...texts {
                score = ann.take { ($0.content, $0.tight, $0.newRecipients) = (6, UInt32(text), 1) }
            }
            return score.groups[Int(EvidenceGroup.content.rawValue)]
        }
        #expect(content(1) <= 2.51 && content(1) > 2)
        #expect(content(2) > 3.5 && content(2) <= 4.26)
        #expect(content(6) > 6)
    }

    @Test("loses more by a letter that reads like its owner's than by one of which nothing is known")
    func honestLetters() {
        func left(after content: Float?) -> Float {
            var ann = Watched()
            for text in 1...4 {
                _ = ann.take { ($0.content, $0.tight, $0.network, $0.style) = (5, UInt32(text), 99, 98) }
            }
            for _ in 0..<4 { _ = ann.take { ($0.content, $0.network) = (content, 0) } }
            return ann.watch.excursion(of: 0)?.score[Int(TakeOver.contacts.rawValue)] ?? 0
        }
        #expect(left(after: -6) < left(after: nil) - 1.2)
    }

    @Test("counts copies that come days apart again") func slowCopies() {
        var ann = Watched()
        var bob = Watched()
        var (together, apart) = (Score(), Score())
        for _ in 0..<8 {
            together = ann.take {
                $0.newRecipients = 1; $0.content = 3; $0.tight = 7
            }
        }
        for _ in 0..<8 {
            apart = bob.take {
                $0.newRecipients = 1; $0.content = 3; $0.tight = 7
            }
            bob.wait(hours: 8)
        }
        #expect(apart.groups[0] > together.groups[0])
    }

    @Test("fades with a day and a half, and honest mail ends it sooner") func fading() {
        var ann = Watched()
        for text in 1...3 {
            _ = ann.take {
                thief(&$0); $0.tight = UInt32(text)
            }
        }
        let before = ann.watch.score(of: 0, at: ann.time, ann.settings)
        ann.wait(hours: 36)
        let after = ann.watch.score(of: 0, at: ann.time, ann.settings)
        let running = (before.groups[0] + before.groups[1] + before.groups[2] + before.groups[3])
        let faded = (after.groups[0] + after.groups[1] + after.groups[2] + after.groups[3])
        #expect(abs(faded / running - 0.3679) < 0.001)
        for _ in 0..<20 { _ = ann.take() }
        #expect(ann.watch.excursion(of: 0) == nil)
    }

    @Test("of a newcomer has no evidence of identity") func newcomer() {
        var ann = Watched(days: 0)
        let score = ann.take(thief)
        #expect(score.groups[Int(EvidenceGroup.identity.rawValue)] == 0)
    }

    @Test("takes a new network for new once, and for known on the next day") func networks() {
        var ann = Watched()
        let identity = Int(EvidenceGroup.identity.rawValue)
        func travel(_ facts: inout MessageFacts) {
            facts.network = 50
            facts.content = nil
            facts.newRecipients = 1
        }
        let first = ann.take(travel).groups[identity]
        let second = ann.take(travel).groups[identity]
        #expect(first > 1 && second <= first + 0.01)
        ann.wait(hours: 30)
        var fresh = Watched()
        fresh.watch.habits[0] = ann.watch.habits[0]
        fresh.time = ann.time
        #expect(fresh.take(travel).groups[identity] == 0)
    }

    @Test("is not lowered by the owner's hours where strangers are written to from elsewhere") func hours() {
        func regularity(network: UInt32, new: Int) -> Float {
            var ann = Watched()
            let facts = usual(at: ann.time) { ($0.network, $0.newRecipients) = (network, new) }
            var excursion = Excursion()
            ann.watch.habits[0].advance(to: facts.day, isSuspicious: false, isHeld: false)
            return RegularityDetector.examine(facts, ann.watch.habits[0], &excursion)[1]
        }
        #expect(regularity(network: 12, new: 1) < 0 && regularity(network: 99, new: 0) < 0)
        #expect(regularity(network: 99, new: 1) == 0)
    }

    @Test("goes on for who is held and not stopped: days and networks of an attack stay unusual") func heldIsUnusual() {
        func known(_ rung: Rung) -> (Bool, Float) {
            var ann = Watched()
            ann.watch.habits[0].standing.rung = rung
            let before = ann.watch.habits[0].days
            for _ in 0..<5 {
                for _ in 0..<3 { _ = ann.take { ($0.network, $0.content) = (99, nil) } }
                ann.wait(hours: 24)
            }
            let habits = ann.watch.habits[0]
            return (habits.networks.knows(99, on: habits.day), habits.days - before)
        }
        #expect(known(.held) == (false, 0))
        #expect(known(.none).0 && known(.none).1 > 2)
    }

    @Test("forgets what a thief was seen with, and learns nothing of his days") func tainting() {
        var ann = Watched()
        let usualShare = RecipientsDetector.usual(ann.watch.habits[0])
        for text in 1...40 {
            _ = ann.take {
                thief(&$0); $0.tight = UInt32(text)
            }
        }
        ann.watch.habits[0].taint()
        ann.watch.drop(0)
        ann.wait(hours: 72)
        _ = ann.take()
        #expect(!ann.watch.habits[0].networks.knows(99, on: ann.watch.habits[0].day))
        #expect(abs(RecipientsDetector.usual(ann.watch.habits[0]) - usualShare) < 0.01)
        var bob = Watched()
        for text in 1...40 {
            _ = bob.take {
                thief(&$0); $0.tight = UInt32(text)
            }
        }
        bob.watch.drop(0)
        bob.wait(hours: 72)
        _ = bob.take()
        #expect(bob.watch.habits[0].networks.knows(99, on: bob.watch.habits[0].day), "without the taint it is learned")
    }

    @Test("of a stale list is no accusation; of a bought one it is", arguments: [(5, 40, false), (14, 40, true)])
    func deadRecipients(dead: Int, results: Int, accuses: Bool) {
        let nats = DeadRecipientsDetector.nats(Float(dead), of: Float(results), Habits())
        #expect((nats > 1) == accuses, "\(nats)")
        #expect(DeadRecipientsDetector.nats(0, of: Float(results), Habits()) < 0)
        #expect(
            DeadRecipientsDetector.nats(Float(results), of: Float(results), Habits()) == DeadRecipientsDetector.most)
    }

    @Test(
        "is compared with the height that the budget gives at the subscriber's own rate",
        arguments: [(5.48, Float(14.51)), (10, 15.11), (27.4, 16.12), (300, 16.21)])
    func thresholds(messagesADay: Double, height: Float) {
        let thresholds = Thresholds(.defaults, messagesADay: Float(messagesADay))
        #expect(abs(thresholds.contained - height) < 0.01, "methods.md 1.5")
        #expect(thresholds.observed < thresholds.slowed && thresholds.slowed < thresholds.held)
        #expect(thresholds.held < thresholds.contained)
    }

    @Test("of a spam sample that is passed on to an abuse desk says little") func forwarded() {
        var ann = Watched()
        let own = ann.take {
            $0.content = 5; $0.newRecipients = 1
        }.nats
        var bob = Watched()
        let passedOn = bob.take {
            $0.content = 5; $0.handling = .forwarded; $0.newRecipients = 1
        }.nats
        #expect(passedOn < own / 2)
    }

    @Test("of a group with weight 0 is nothing") func weights() {
        var ann = Watched()
        ann.settings.weights = [Int32](repeating: 0, count: 9)
        for text in 1...5 {
            #expect(
                ann.take {
                    thief(&$0); $0.tight = UInt32(text)
                }.nats == 0)
        }
    }

    @Test("gives its place back, and another subscriber in the slot begins anew") func slots() {
        var ann = Watched()
        _ = ann.take(thief)
        #expect(ann.watch.excursion(of: 0) != nil)
        ann.watch.enrol(0, serial: 2)
        #expect(ann.watch.excursion(of: 0) == nil && ann.watch.habits[0].days == 0)
        ann.watch.enrol(5, serial: 9)
        _ = ann.watch.take(usual(at: ann.time, thief), slot: 5, ann.settings)
        #expect(ann.watch.excursions.population == 1, "the place is used again")
    }

    @Test("is explained in the guide as the detectors explain themselves, with the memory that they take") func guide()
        throws
    {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Docs")
        let guide = try String(contentsOf: folder.appendingPathComponent("detectors.md"), encoding: .utf8)
        let decision = try String(
            contentsOf: folder.appendingPathComponent("decisions/0004-one-memory-for-all-detectors.md"),
            encoding: .utf8)
        var groups: [EvidenceGroup] = []
        for detector in Detectors.builtIn {
            groups.append(detector.group)
            let most = detector.most == detector.most.rounded() ? "\(Int(detector.most))" : "\(detector.most)"
            let row = "| \(detector.group) | \(detector.catches) | \(detector.innocent) | \(most)"
            #expect(guide.contains(row), "\(row)")
        }
        #expect(groups == EvidenceGroup.allCases)
        let (habits, excursion) = (MemoryLayout<Habits>.stride, MemoryLayout<Excursion>.stride)
        #expect(habits + excursion <= 512)
        #expect(guide.contains("\(habits) bytes a subscriber") && guide.contains("\(excursion) for an excursion"))
        #expect(decision.contains("\(habits) and \(excursion) bytes"), "\(habits) and \(excursion)")
    }
}
