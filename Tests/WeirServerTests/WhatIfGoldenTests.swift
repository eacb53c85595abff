// What `weir replay --policy` prints, beside the reviewed file of Tests/Golden.

import Foundation
import MailTypes
import Testing
import WeirAudit
import WeirEngine
import WeirTesting

@testable import WeirServer
@testable import weir

/// A morning under one policy, compared with another: somebody newly stopped, somebody no longer, somebody otherwise.
private func comparison() -> WhatIfReplay {
    func policy(_ home: Int64, _ shop: Int64, isObserved: Bool = false) -> Policy {
        var policy = Policy(plans: [
            Plan(
                name: "home", kind: .mua,
                limits: [
                    Limit(home, .messages, perSeconds: 3600, action: .reject, isEnforced: true),
                    Limit(3, .recipients, perSeconds: 86_400, action: .hold, isEnforced: !isObserved),
                ]),
            Plan(
                name: "shop", kind: .mta,
                limits: [Limit(shop, .messages, perSeconds: 3600, action: .defer, isEnforced: true)]),
        ])
        policy.subscribers = ["shop@example.net": SubscriberEntry(plan: "shop")]
        return policy
    }
    var now = Timestamp(rfc3339: "2026-11-23T10:00:00Z")!
    var engine = Engine(
        policy: policy(9, 2, isObserved: true),
        bounds: Engine.Bounds(subscribersMax: 100, messagesMax: 1000, heldMax: 100, casesMax: 10), seed: 1)
    var whatIf = WhatIf(from: engine, policy: policy(4, 6, isObserved: true))
    var inputs: UInt64 = 0
    func tell(_ event: Input.Event) -> [Output] {
        now = now.advanced(byNanoseconds: 1_000_000_000)
        inputs += 1
        let input = Input(at: now, event)
        let outputs = engine.step(input)
        whatIf.take(input, recorded: outputs)
        return outputs
    }
    var number = 0
    for (login, count) in [
        ("ann@example.net", 3), ("busy@example.net", 6), ("thief\u{1B}[31m", 12), ("shop@example.net", 5),
    ] {
        for _ in 0..<count {
            number += 1
            let mail = ScenarioMail(number: number, login: login)
            for (door, stage) in [
                (Door.policy, Stage.data), (.milter, .data), (.policy, .endOfMessage), (.milter, .endOfMessage),
            ] {
                guard case .decision(let decision)? = tell(.transaction(mail.transaction(door, stage))).first,
                    decision.verdict.kind < .defer
                else { break }
            }
        }
    }
    return WhatIfReplay(
        replay: ReplayReport(
            first: 0, end: inputs, inputs: inputs, differing: 0, inputsLost: 0, exactUpTo: inputs,
            messages: UInt64(number)),
        whatIf: whatIf.finish(recorded: engine))
}

@Suite struct WhatIfGoldenTests {
    @Test func theComparisonForATerminal() throws {
        try expectGolden(WhatIfText(comparison(), policy: "/etc/weir/new.yaml", subscribersMax: 2).text, "whatif.txt")
    }

    @Test func theComparisonOfADamagedJournal() throws {
        var result = comparison()
        result.replay.inputsLost = 12
        result.replay.damage = "the group at position 40 has another checksum"
        try expectGolden(WhatIfText(result, policy: "new.yaml", subscribersMax: 1).text, "whatif-damaged.txt")
    }
}
