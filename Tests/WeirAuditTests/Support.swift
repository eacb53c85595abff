// What the tests share: a log through reader and audit.

import MailLog
import MailTypes
import WeirEngine
import WeirTesting

@testable import WeirAudit

/// The key of the tests.
let testKeys = AddressHash(KeyedHash(key0: 1, key1: 2))

/// A moment.
func moment(_ text: String) -> Timestamp { Timestamp(rfc3339: text)! }

/// The policy of the tests: the default plan; clients outside the provider's own networks are nobody's subscriber.
let testPolicy = Policy(networks: AuditSettings.ownNetworks)

/// What an audit finds in a sample log.
func audit(_ log: SampleMailLog, _ settings: AuditSettings = AuditSettings(policy: testPolicy)) -> AuditReport {
    var reader = MailLogReader(LogFile(host: log.host, modified: log.end), keys: testKeys)
    var audit = Audit(settings)
    log.write { piece in
        reader.read(piece)
        while let fact = reader.next() { audit.take(fact) }
    }
    reader.finish()
    while let fact = reader.next() { audit.take(fact) }
    return audit.finish()
}

/// The accounts of a sample log whose role is of some kind.
func logins(_ log: SampleMailLog, where isWanted: (SampleRole) -> Bool) -> [String] {
    log.accounts.filter { isWanted($0.role) }.map(\.login).sorted()
}
