// Taking in: peaks, pictures, bounded tables, rounding.

import MailLog
import MailTypes
import Testing
import WeirEngine

@testable import WeirAudit

/// A message of a login at a moment.
private func message(
    _ login: String, to recipients: [String], client: String = "10.0.0.7", id: String = "A1", bytes: Int = 900
) -> Transaction {
    Transaction(
        stage: .endOfMessage,
        session: Session(
            door: .milter, mailHost: "mx1", client: NetworkAddress(client), clientPort: 0, helo: "", login: login,
            isEncrypted: false, isLocalSubmission: false),
        envelope: Envelope(
            reversePath: nil, recipients: recipients.compactMap { testKeys.key($0) }.map { Recipient($0) },
            recipientsAreComplete: true, recipientCount: recipients.count, bytes: bytes), queueID: id)
}

/// A result of a delivery.
private func result(_ id: String, _ recipient: String, dead: Bool = false) -> Delivery {
    Delivery(
        mailHost: "mx1", queueID: id, recipient: testKeys.key(recipient)!,
        status: EnhancedStatus(dead ? 5 : 2, dead ? 1 : 0, dead ? 1 : 0), outcome: dead ? .failed : .delivered)
}

@Suite struct AuditTests {
    @Test func aPeakIsTheMostOfAnyPeriod() {
        var random = SeededGenerator(seed: 4)
        for _ in 0..<50 {
            var peak = Peak()
            var counts: [Int64: Int] = [:]
            var time: Int64 = 1_768_780_800
            for _ in 0..<200 {
                time += Int64.random(in: 0...1800, using: &random)
                let amount = Int.random(in: 0...5, using: &random)
                peak.add(amount, at: Timestamp(seconds: time), seconds: 3600)
                counts[time / 3600, default: 0] += amount
            }
            #expect(peak.most == counts.values.max())
        }
    }

    @Test func aPictureKeepsItsLatestHours() {
        var random = SeededGenerator(seed: 9)
        for _ in 0..<50 {
            var picture = Picture()
            var counts: [Int64: (messages: Int, recipients: Int, stopped: Int)] = [:]
            var time: Int64 = 1_768_780_800
            for _ in 0..<150 {
                time += Int64.random(in: 0...20_000, using: &random)
                if Int.random(in: 0..<60, using: &random) == 0 { time += 86_400 * 30 }
                let count = Int.random(in: 1...9, using: &random)
                let isStopped = Bool.random(using: &random)
                picture.note(recipients: count, isStopped: isStopped, at: Timestamp(seconds: time))
                let known = counts[time / 3600] ?? (0, 0, 0)
                counts[time / 3600] = (known.0 + 1, known.1 + count, known.2 + (isStopped ? count : 0))
            }
            #expect(picture.recipients.count <= Picture.hoursMax)
            #expect(
                picture.recipients.count == picture.stopped.count && picture.messages.count == picture.stopped.count)
            #expect(picture.firstHour + Int64(picture.recipients.count) - 1 == time / 3600)
            for index in picture.recipients.indices {
                let expected = counts[picture.firstHour + Int64(index)] ?? (0, 0, 0)
                #expect(picture.messages[index] == expected.messages)
                #expect(picture.recipients[index] == expected.recipients)
                #expect(picture.stopped[index] == expected.stopped)
            }
        }
    }

    @Test func roundingGoesUpToNumbersThatPeopleUse() {
        for value in 1...20_000 {
            let rounded = Findings.rounded(value)
            #expect(rounded >= value && rounded * 3 <= max(30, value * 4), "\(value) becomes \(rounded)")
            #expect(Findings.rounded(rounded) == rounded)
        }
        #expect([1, 11, 101, 130, 999, 1201].map(Findings.rounded) == [10, 12, 120, 150, 1000, 1500])
    }

    @Test(arguments: ["2026-01-20T23:00:00Z", "2026-01-21T11:00:00Z", "2026-01-20T18:00:00Z"])
    func aBurstIsFoundAtAnyHour(start: String) {
        var audit = Audit(AuditSettings(policy: testPolicy))
        var time = moment("2026-01-05T09:00:00Z")
        while time < moment(start).advanced(byNanoseconds: -86_400_000_000_000) {
            audit.take(LoggedEvent.transaction(message("ann", to: ["bob@example.org"]), id: "A1", at: time))
            time = time.advanced(byNanoseconds: 43_200_000_000_000)
        }
        // Two hours from twenty networks, across midnight or noon.
        for number in 0..<240 {
            let at = moment(start).advanced(byNanoseconds: Int64(number) * 30_000_000_000)
            let recipient = "victim\(number)@example.org"
            let id = "B\(number)"
            audit.take(
                LoggedEvent.transaction(
                    message("ann", to: [recipient], client: "100.64.\(number % 20).9", id: id), id: id, at: at))
            audit.take(LoggedEvent.delivery(result(id, recipient, dead: number % 3 == 0), at: at))
        }
        let report = audit.finish()
        #expect(report.stolen.map(\.subscriber) == ["ann"])
        #expect(report.stolen.first?.episode?.messages ?? 0 >= 240)
        #expect(report.travellers.first?.networks ?? 0 >= 20)
        expectConsistent(report, start)
    }

    @Test func aNetworkIsNoAddress() {
        var audit = Audit(AuditSettings(policy: testPolicy))
        let at = moment("2026-01-20T09:00:00Z")
        for host in 1...200 {
            audit.take(
                LoggedEvent.transaction(
                    message("ann", to: ["bob@example.org"], client: "100.64.0.\(host)"), id: "A", at: at))
            audit.take(
                LoggedEvent.transaction(
                    message("eva", to: ["bob@example.org"], client: "100.64.\(host).1"), id: "A", at: at))
            audit.take(
                LoggedEvent.transaction(
                    message("jan", to: ["bob@example.org"], client: "2001:db8:7::\(host)"), id: "A", at: at))
        }
        let report = audit.finish()
        #expect(report.travellers.map(\.subscriber) == ["eva"])
        #expect(report.travellers.first?.networks == DayNetworks.most, "bounded, and never counted twice")
    }

    @Test func tablesAreBounded() {
        var record = AccountRecord(name: "ann")
        var time = moment("2026-01-05T09:00:00Z")
        let score = ScoreView(rung: .held, score: 12_000, groups: InlineArray(repeating: 1500))
        for number in 0..<6000 {
            let stop = StoppedMessage(
                at: time, mailHost: "mx1", queueID: "A", rule: "default/messages-1h", would: .hold, why: "why")
            record.note(
                message("ann", to: ["r\(number)@example.org"]), id: "A\(number)", network: UInt64(number),
                stopped: stop,
                score, at: time)
            time = time.advanced(byNanoseconds: 1_800_000_000_000)
        }
        #expect(record.evidence.count == AccountRecord.evidenceMax)
        #expect(record.rules.count == 1)
        #expect(record.picture.recipients.count <= Picture.hoursMax)
        record.cases.finish()
        #expect(record.cases.episode?.messages == 6000 && record.cases.episode?.hours.count == Episode.hoursMax)
    }

    @Test func moreAccountsThanFitCountInTheTotalsAlone() {
        var bounds = Engine.Bounds.defaults
        bounds.subscribersMax = 10
        var audit = Audit(AuditSettings(policy: testPolicy, bounds: bounds))
        for number in 0..<60 {
            let at = moment("2026-01-20T12:00:00Z").advanced(byNanoseconds: Int64(number))
            audit.take(
                LoggedEvent.transaction(
                    message("user\(number % 30)", to: ["bob@example.org"], id: "\(number)"), id: "\(number)", at: at))
            #expect(audit.accounts.count <= 10)
        }
        let report = audit.finish()
        #expect(report.volumes.messages == 60 && report.volumes.unjudged == 40)
        #expect(report.volumes.subscribers == 10 && report.subscribers.allSatisfy { $0.messages == 2 })
        #expect(
            AuditText.text(report, lines: [], width: 100, isColoured: false).contains(
                "of accounts beyond the 10 that fit"))
    }

    @Test func sinceAndUntilLeaveOutWhatLiesBeyond() {
        let noon = moment("2026-01-20T12:00:00Z")
        var audit = Audit(AuditSettings(policy: testPolicy, since: noon, until: noon.advanced(byNanoseconds: 10)))
        for (delta, id) in [(Int64(-1), "A"), (0, "B"), (10, "C"), (11, "D")] {
            audit.take(
                LoggedEvent.transaction(
                    message("ann", to: ["bob@example.org"], id: id), id: id, at: noon.advanced(byNanoseconds: delta)))
        }
        let report = audit.finish()
        #expect(report.volumes.messages == 2)
        #expect(report.span == noon...noon.advanced(byNanoseconds: 10))
    }
}
