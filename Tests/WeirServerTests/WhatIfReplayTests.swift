// `weir replay --policy` over a state directory: reloads, gaps and damage in the journal, and the text.

import Foundation
import MailTypes
import Testing
import WeirAudit
import WeirEngine
import WeirTesting

@testable import WeirServer
@testable import weir

/// A state directory written by a Weir under five messages an hour.
private struct Recorded {
    /// The directory.
    let folder: String
    /// The disk.
    let store: Store
    /// The engine that ran.
    let live: LiveEngine
    /// Messages so far.
    private var told = 0

    /// Writes the snapshot from which everything begins.
    init(_ folder: String, backlogBytesMax: Int = LiveEngine.backlogBytesDefault) throws {
        self.folder = folder + "/state"
        store = try Store(directory: self.folder)
        live = LiveEngine(freshEngine(), position: 0, backlogBytesMax: backlogBytesMax)
        try Recovery.write(freshEngine(), position: 0, keepSeconds: 86_400, to: store)
    }

    /// Sends some messages through the policy door.
    mutating func send(_ count: Int, _ login: String) {
        for _ in 0..<count {
            told += 1
            let mail = ScenarioMail(number: told, login: login)
            guard
                case .decision(let decision)? = live.step(.transaction(mail.transaction(.policy, .data))).outputs.first,
                decision.verdict == .accept
            else { continue }
            _ = live.step(.transaction(mail.transaction(.policy, .endOfMessage)))
        }
    }

    /// Compares with a policy.
    func compare(_ policy: Policy, _ measure: WhatIfMeasure = .asWritten) throws -> WhatIfReplay {
        try writeGroups(of: live, to: store)
        var configuration = Configuration.defaults
        configuration.policyDraft = policy
        return try WhatIfReplay.run(stateDirectory: folder, policyOf: configuration, measure: measure)
    }
}

@Suite struct WhatIfReplayTests {
    @Test func thePolicyOnRecordDiffersInNothing() throws {
        try inTemporaryFolder { folder in
            var recorded = try Recorded(folder)
            recorded.send(8, "ann")
            let result = try recorded.compare(messagesPerHour(5))
            #expect(result.whatIf.isEmpty && result.whatIf.totals.recordedStopped == 3)
            #expect(result.replay.differing == 0 && result.replay.damage == nil)
            let text = WhatIfText(result, policy: "/etc/weir/new.yaml", subscribersMax: 10).text
            #expect(text.contains("What if new.yaml had been in force") && text.contains("No message fares otherwise."))
        }
    }

    @Test func aReloadOnRecordIsLeftOut() throws {
        try inTemporaryFolder { folder in
            var recorded = try Recorded(folder)
            recorded.send(6, "ann")
            _ = recorded.live.step(.policy(messagesPerHour(2)))
            recorded.send(6, "bob")
            let found = try recorded.compare(messagesPerHour(5)).whatIf
            #expect(found.policiesReplaced == 1)
            #expect(found.totals.differences.gone == 3 && found.totals.differences.sum == 3)
            #expect(found.subscribers.map(\.subscriber) == ["bob"])
        }
    }

    @Test func whomItWouldHurtIsShownWithEvidence() throws {
        try inTemporaryFolder { folder in
            var recorded = try Recorded(folder)
            recorded.send(5, "ann")
            recorded.send(2, "bob\u{1B}[31m")
            let result = try recorded.compare(messagesPerHour(1))
            #expect(result.whatIf.newlyStopped.map(\.subscriber) == ["ann", "bob\u{1B}[31m"])
            let text = WhatIfText(result, policy: "new.yaml", subscribersMax: 1).text
            #expect(text.contains("ann  4 of 5 messages stopped, 0 on record") && text.contains("and 1 more"))
            #expect(text.split(separator: "\n").count { $0.contains("reject at DATA: ") } == 3)
            #expect(text.contains("not asked is unavailable") && text.contains("reactions are not modelled"))
            #expect(!WhatIfText(result, policy: "new.yaml", subscribersMax: 9).text.contains("\u{1B}"))
        }
    }

    @Test func aGapInTheJournalIsTold() throws {
        try inTemporaryFolder { folder in
            var recorded = try Recorded(folder, backlogBytesMax: 4000)
            recorded.send(60, "ann")
            try writeGroups(of: recorded.live, to: recorded.store)
            recorded.send(2, "bob")
            let result = try recorded.compare(messagesPerHour(5))
            #expect(result.whatIf.inputsLost > 0 && result.replay.inputsLost == result.whatIf.inputsLost)
            #expect(result.whatIf.isEmpty)
            #expect(
                WhatIfText(result, policy: "p", subscribersMax: 1).text.contains("inputs are missing from the journal"))
        }
    }

    @Test func aDamagedJournalIsComparedUpToThere() throws {
        try inTemporaryFolder { folder in
            var recorded = try Recorded(folder)
            recorded.send(6, "ann")
            try writeGroups(of: recorded.live, to: recorded.store)
            recorded.send(6, "bob")
            try writeGroups(of: recorded.live, to: recorded.store)
            try recorded.store.pool.write {
                try $0.execute(sql: "UPDATE journal SET checksum = 0 WHERE first > 0")
            }
            let result = try recorded.compare(messagesPerHour(1))
            #expect(result.replay.damage?.contains("checksum") == true)
            #expect(result.whatIf.subscribers.map(\.subscriber) == ["ann"])
        }
    }

    @Test func withoutAJournalThereIsNothingToCompare() throws {
        try inTemporaryFolder { folder in
            _ = #expect(throws: StoreError.self) {
                try WhatIfReplay.run(stateDirectory: folder, policyOf: .defaults, measure: .asWritten)
            }
        }
    }
}
