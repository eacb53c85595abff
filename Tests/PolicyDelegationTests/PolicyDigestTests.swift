// The shape that the policy door tells at the end of a message, where it is asked for.

import MailTypes
import PolicyDelegation
import Testing

@Suite struct PolicyDigestTests {
    @Test func theEndOfAMessageTellsItsShape() throws {
        let digest = ContentDigest(bodies: []) { head in
            let text = "\(head.reversePath ?? "?") \(head.recipientCount) \(head.bytes) \(head.fields.count)"
            return Content(fingerprint: Fingerprint(keys: [.init(.shape, testHash.hash(text))]))
        }
        var session = PolicySession(
            mailHost: "mx1", addressHash: testKeys, instanceHash: testHash, digest: digest)
        var contents: [Content] = []
        for state in ["DATA", "END-OF-MESSAGE", "DATA"] {
            let bytes = question(state, recipients: 3).compose()
            for case .ask(let transaction) in try actions(&session, bytes) { contents.append(transaction.content) }
        }
        let key = testHash.hash("ann@isp.example 3 4711 0")
        #expect(contents.map(\.fingerprint.keys) == [[], [.init(.shape, key)], []])
        #expect(try transaction(question("END-OF-MESSAGE", recipients: 3).compose())?.content == Content())
    }
}
