// What happens at each bound.

import MailTypes
import Testing

@testable import MailLog

@Suite struct AssemblerBoundsTests {
    /// Small bounds.
    private let bounds = AssemblerBounds(horizonSeconds: 300, waitingMax: 10, openMessagesMax: 20, recipientsMax: 3)

    /// The lines of a message that is not delivered yet.
    private func open(_ number: Int, count: Int = 1) -> String {
        let id = "4ACE1F\(1000 + number)"
        return syslog(
            "\(number / 10) postfix/smtpd[811]: \(id): client=pc[192.0.2.7]",
            "\(number / 10) postfix/cleanup[812]: \(id): message-id=<\(number)@example.net>",
            "\(number / 10) postfix/qmgr[9]: \(id): from=<a@example.net>, size=810, nrcpt=\(count) (queue active)")
    }

    @Test func moreThanMayWaitAreToldWithWhatIsKnown() {
        var reader = MailLogReader(testFile, keys: testKeys, bounds: bounds)
        reader.read((0..<15).map { open($0) }.joined().utf8Span.span)
        let facts = take(&reader)
        #expect(facts.messages.count == 5 && facts.messages.allSatisfy { !$0.envelope.recipientsAreComplete })
        #expect(reader.assembler.counts.toldAtBound == 5 && reader.assembler.counts.incomplete == 5)
    }

    @Test func moreThanMayBeOpenAreForgottenAndTheirDeliveriesToldNevertheless() {
        var reader = MailLogReader(testFile, keys: testKeys, bounds: bounds)
        var facts: [MailFact] = []
        for number in 0..<100 {
            reader.read(open(number).utf8Span.span)
            facts += take(&reader)
            #expect(reader.assembler.openCount <= bounds.openMessagesMax)
        }
        let late = (0..<100).map {
            "20 postfix/smtp[813]: 4ACE1F\(1000 + $0): to=<b@example.org>, relay=none, delay=20, dsn=5.1.1, status=bounced (no)"
        }
        reader.read(late.map { syslog($0) }.joined().utf8Span.span)
        reader.finish()
        facts += take(&reader)
        #expect(facts.messages.count == 100 && facts.deliveries.count == 100)
        #expect(reader.assembler.counts.forgotten == 80)
        #expect(facts.deliveries.count { $0.isMessageKnown } == 20)
    }

    @Test func moreRecipientsThanAreListedAreCounted() {
        let deliveries = (0..<5).map {
            "1 postfix/smtp[813]: 4ACE1F1000: to=<r\($0)@example.org>, relay=mx[192.0.2.25]:25, delay=1, dsn=2.0.0, status=sent (ok)"
        }
        var reader = MailLogReader(testFile, keys: testKeys, bounds: bounds)
        let facts = tell(&reader, open(0, count: 5) + deliveries.map { syslog($0) }.joined())
        #expect(facts.messages.map(\.envelope.recipients.count) == [3])
        #expect(facts.messages.map(\.envelope.recipientCount) == [5])
        #expect(facts.messages.map(\.envelope.recipientsAreComplete) == [false] && facts.deliveries.count == 5)
    }

    @Test func memoryDoesNotGrowWithTheLog() {
        var reader = MailLogReader(testFile, keys: testKeys)
        for round in 0..<300 {
            let id = "4ACE1F\(1000 + round)"
            reader.read(
                syslog(
                    "\(round) postfix/smtpd[811]: \(id): client=pc[192.0.2.7]",
                    "\(round) postfix/cleanup[812]: \(id): message-id=<\(round)@example.net>",
                    "\(round) postfix/qmgr[9]: \(id): from=<a@example.net>, size=810, nrcpt=1 (queue active)",
                    "\(round) postfix/smtp[813]: \(id): to=<b@example.org>, relay=mx[192.0.2.25]:25, delay=1, dsn=2.0.0, status=sent (ok)",
                    "\(round) postfix/qmgr[9]: \(id): removed"
                ).utf8Span.span)
            #expect(take(&reader).count == 2 && reader.assembler.openCount == 0)
        }
        #expect(reader.assembler.messages.count == 1)
    }
}
