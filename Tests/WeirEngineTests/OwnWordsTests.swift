// Weir's replies, and how it knows them again.

import MailTypes
import Testing
import WeirTesting

@testable import WeirEngine

@Suite struct OwnWordsTests {
    @Test(arguments: [
        Limit(1, .messages, perSeconds: 3600, action: .reject, isEnforced: true),
        Limit(1, .messages, perSeconds: 3600, action: .defer, isEnforced: true),
        Limit(5, .recipients, perSeconds: 3600, action: .reject, isEnforced: true),
        Limit(500, .bytes, perSeconds: 3600, action: .reject, isEnforced: true),
    ])
    func everyReplyIsKnownAgain(limit: Limit) {
        var table = Table(onePlan(.mta, limit))
        let many = (0..<6).map { "r\($0)@example.org" }
        var replies: [String] = []
        for recipients in [["a@example.org"], ["b@example.org"], many] {
            switch table.send(table.mail(to: recipients)).verdict {
            case .reject(let reply), .defer(let reply): replies.append(reply.text)
            case .hold(let text): replies.append(text)
            default: break
            }
        }
        #expect(!replies.isEmpty && replies.allSatisfy(Engine.saysItself), "\(replies)")
    }

    @Test(arguments: ["", "no such user", "550 5.1.1 sending limit", "Sending limit reached"])
    func othersAreNot(text: String) { #expect(!Engine.saysItself(text)) }
}
