// From where a log's logins were used: an audit asks, and the detectors say it.

import MailTypes
import Testing
import WeirEngine

@testable import WeirAudit

@Suite("An audit that can tell where clients are")
struct AuditOriginTests {
    /// What is said of an account's last message, the only one from elsewhere.
    private func evidence(_ change: (inout Session) -> Void, asks: Bool = true) -> [String] {
        var policy = Policy()
        policy.watch.isOn = true
        let asked: @Sendable (NetworkAddress) -> Origin? = {
            $0 == NetworkAddress("192.0.2.7")
                ? Origin(system: 3320, country: Country("DE".utf8))
                : Origin(system: 131_353, country: Country("VN".utf8))
        }
        var audit = Audit(AuditSettings(policy: policy, origin: asks ? asked : nil))
        var decision: AuditedDecision?
        for day in 0..<40 {
            var session = Session(
                door: .milter, mailHost: "mx", client: NetworkAddress(day == 39 ? "203.0.113.9" : "192.0.2.7"),
                login: "ann")
            change(&session)
            let recipient = Recipient(AddressKey(address: day == 39 ? 2 : 1, domain: 1))
            var content = Content()
            content.spamScore = day == 39 ? 5000 : -4000
            let message = Transaction(
                stage: .endOfMessage, session: session,
                envelope: Envelope(
                    reversePath: AddressKey(address: 9, domain: 9), recipients: [recipient],
                    recipientsAreComplete: true,
                    recipientCount: 1, bytes: 900),
                content: content, queueID: "q\(day)")
            let at = Timestamp(seconds: 1_767_600_000 + Int64(day) * 86_400)
            for case .decision(let line) in audit.take(.transaction(message, id: "q\(day)", at: at)) {
                decision = line
            }
        }
        return decision?.decision.evidence.filter { $0.symbol == "IDENTITY_CHANGE" }.map(\.why) ?? []
    }

    @Test("says the country") func country() {
        #expect(evidence { _ in } == ["used from Vietnam (AS 131353), where this account was never used"])
    }

    @Test("knows prefixes alone without a database") func prefixes() {
        #expect(evidence({ _ in }, asks: false) == ["used from 1 network never used before"])
    }

    @Test("does not ask where local programs are, nor where no login is") func local() {
        #expect(evidence { $0.isLocalSubmission = true } == [])
        #expect(evidence { $0.login = "" } == [])
    }
}
