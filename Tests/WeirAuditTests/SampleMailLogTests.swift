// The generator of sample logs: what it writes is what Postfix writes, the same for the same seed, in the order of time.

import MailLog
import MailTypes
import Testing
import WeirTesting

@testable import WeirAudit

/// What a sample log comes to.
private func read(_ log: SampleMailLog) -> (reader: MailLogReader, facts: [MailFact]) {
    var reader = MailLogReader(LogFile(host: log.host, modified: log.end), keys: testKeys)
    var facts: [MailFact] = []
    log.write { piece in
        reader.read(piece)
        while let fact = reader.next() { facts.append(fact) }
    }
    reader.finish()
    while let fact = reader.next() { facts.append(fact) }
    return (reader, facts)
}

@Suite struct SampleMailLogTests {
    @Test func everyLineIsUnderstoodAndEveryMessageEnds() {
        let log = SampleMailLog(seed: 1, days: 3)
        let (reader, facts) = read(log)
        #expect(reader.lines.rows.filter { $0.category == .notUnderstood || $0.category == .noLogLine } == [])
        var byLogin: [String: Int] = [:]
        var results = 0
        var recipients = 0
        var strays = 0
        for fact in facts {
            switch fact {
            case .message(let message):
                byLogin[message.login, default: 0] += 1
                recipients += message.envelope.recipientCount
                #expect(message.envelope.recipients.count == message.envelope.recipientCount)
            case .delivery(let delivery):
                if delivery.outcome != .deferred { results += 1 }
                if !delivery.isMessageKnown { strays += 1 }
            case .refused, .loginFailed: break
            }
        }
        #expect(strays == 0)
        #expect(results == recipients)
        #expect(log.accounts.count { byLogin[$0.login] ?? 0 > 0 } >= 40)
        #expect(byLogin[""] ?? 0 > 500, "mail from outside")
        #expect(zip(facts, facts.dropFirst()).allSatisfy { $0.at <= $1.at })
        #expect(facts.allSatisfy { $0.at >= log.start && $0.at <= log.end })
    }

    @Test func theSameSeedIsTheSameLog() {
        let first = SampleMailLog(seed: 7, days: 1).text
        #expect(first == SampleMailLog(seed: 7, days: 1).text)
        #expect(first != SampleMailLog(seed: 8, days: 1).text)
        // A shorter log is the beginning of a longer one in form, not in content: events lie within the days it has.
        #expect(first.split(separator: "\n").allSatisfy { $0.hasPrefix("Jan 19 ") || $0.hasPrefix("Jan 20 ") })
    }

    @Test func bothFormsOfStampsTellTheSame() {
        let plain = read(SampleMailLog(seed: 3, days: 1)).facts
        let precise = read(SampleMailLog(seed: 3, days: 1, stamps: .rfc3339)).facts
        #expect(plain.count == precise.count)
        #expect(precise.contains { $0.at.nanoseconds % 1_000_000_000 != 0 })
    }

    @Test func everyRoleHasItsAccount() {
        let log = SampleMailLog(seed: 5)
        for role in SampleRole.allCases { #expect(log.accounts.contains { $0.role == role }) }
        #expect(log.accounts.count { $0.role.isStolen } == 3)
        #expect(log.accounts.count { $0.role.isLookAlike } == 10)
        let large = SampleMailLog(seed: 5, logins: 200)
        #expect(large.accounts.count { $0.role.isStolen } == 3)
        #expect(large.accounts.count { $0.role.isLookAlike } == 40)
        #expect(Set(large.accounts.map(\.login)).count == 200)
    }
}
