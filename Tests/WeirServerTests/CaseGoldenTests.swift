// Cases and campaigns: what `weir case` and `weir campaign` print, and what a person's word does through the control socket.

import Foundation
import Logging
import MailTypes
import Testing

import WeirTesting

@testable import WeirEngine
@testable import WeirServer
@testable import weir

/// A policy with detectors on.
private func policy(_ enforced: Rung) -> Policy {
    var policy = Policy(plans: [Plan(name: "home", kind: .mua, limits: [])])
    policy.watch.isOn = true
    policy.watch.enforced = enforced
    return policy
}

/// Feeds a message of a login at its end; returns the decision.
@discardableResult
private func send(
    _ engine: inout Engine, _ number: Int, _ login: String, at: Timestamp, to recipients: [String], score: Int32?,
    from client: String = "192.0.2.7", sketch: [UInt16] = [], keys: [Fingerprint.Key] = []
) -> Decision {
    var mail = ScenarioMail(number: number, login: login)
    mail.client = NetworkAddress(client)
    mail.reversePath = login
    mail.recipients = recipients
    var transaction = mail.transaction(.milter, .endOfMessage)
    transaction.content.spamScore = score
    transaction.content.fingerprint = Fingerprint(sketch: sketch, keys: keys)
    var others: [Output] = []
    return engine.step(transaction, at: at, &others)
}

/// Weeks of ordinary mail by three people; then the passwords of two are used from elsewhere. One of their messages bounces.
private func stolen(_ enforced: Rung) -> Engine {
    var engine = Engine(
        policy: policy(enforced),
        bounds: Engine.Bounds(subscribersMax: 100, messagesMax: 2000, heldMax: 100, casesMax: 10), seed: 7)
    let start = Timestamp(rfc3339: "2026-11-02T09:00:00Z")!
    let people = ["ann@example.net", "bob@example.net", "cy@a-rather-long-name.example.net"]
    var number = 0
    for day in 0..<28 {
        for hour in 0..<4 {
            for (index, login) in people.enumerated() {
                number += 1
                send(
                    &engine, number, login,
                    at: start.advanced(byNanoseconds: Int64(day * 86_400 + hour * 7200 + index * 60) * 1_000_000_000),
                    to: ["friend\(hour)@example.org"], score: -2000)
            }
        }
    }
    var at = Timestamp(rfc3339: "2026-11-30T03:00:00Z")!
    let text = (0..<Fingerprint.sketchSlots).map { UInt16($0 * 7) }
    for round in 0..<40 {
        for (index, login) in [people[1], people[2]].enumerated() {
            number += 1
            at = at.advanced(byNanoseconds: 20_000_000_000)
            let to = (0..<3).map { "s\(round)-\($0)@list\(index).example.org" }
            send(
                &engine, number, login, at: at, to: to, score: index == 0 ? 2500 : 400,
                from: index == 0 ? "203.0.113.9" : "198.51.100.\(round)", sketch: text,
                keys: [Fingerprint.Key(.link, 77), Fingerprint.Key(.subject, 78)])
            if round < 12 {
                let mail = ScenarioMail(number: number, login: login)
                var delivery = mail.delivery(to: "x@example.org", EnhancedStatus(5, 1, 1), .failed)
                delivery.queueID = "4Q\(number)"
                _ = engine.step(Input(at: at, .delivery(delivery)))
            }
        }
    }
    return engine
}

/// A case by hand, so that the texts stay as they are whatever the detectors weigh.
private func view(
    _ code: String, _ subscriber: String, _ rung: Rung, score: Int32, now: Int32, isEnforced: Bool = true,
    held: UInt32 = 0, lines: [Finding] = [], act: SuggestedAct, minutes: Int64
) -> CaseView {
    let opened = Timestamp(rfc3339: "2026-11-30T03:00:20Z")!
    var remediation = RemediationCase(
        code: code, subscriber: subscriber, state: isEnforced ? .contained : .observed, rule: "ladder/slowed",
        openedAt: opened, lastAt: opened.advanced(byNanoseconds: 3_600_000_000_000), held: held, refused: 1)
    remediation.rung = rung
    remediation.score = score
    remediation.ledger = lines
    remediation.after = "4Q345"
    if rung == .none { remediation.rule = "home/recipients-1h" }
    return CaseView(
        remediation: remediation, scoreNow: now, takeOver: rung == .none ? nil : .strangers,
        since: moment.advanced(byNanoseconds: -minutes * 60_000_000_000), isEnforced: isEnforced, act: act)
}

/// When they are looked at.
private let moment = Timestamp(rfc3339: "2026-11-30T09:00:00Z")!

/// Cases of every kind, as they stand at one moment, in an order that no list has.
private let views = [
    view("W-2AAAAA", "club@example.net", .none, score: 0, now: 0, held: 3, act: .reviewLimit, minutes: 359),
    view("W-2BBBBB", "dora@example.net", .observed, score: 4200, now: 2050, act: .look, minutes: 2000),
    view(
        "W-2CCCCC", "cy@a-rather-long-name.example.net", .contained, score: 14_049, now: 20_300, isEnforced: false,
        lines: [Finding(symbol: "CONTENT", score: 2600, why: "the text of 1 message of 1 reads like spam")],
        act: .changePassword, minutes: 24),
    view(
        "W-2DDDDD", "bob@example.net", .held, score: 10_951, now: 11_000, held: 1,
        lines: [
            Finding(symbol: "NEW_RECIPIENTS", score: 6100, why: "38 of 40 recipients were never written to before"),
            Finding(
                symbol: "UNUSUAL_RATE", score: 3449,
                why: "40 new recipients within a day, 40 within an hour; never more than 3 and 1 before"),
            Finding(symbol: "IDENTITY_CHANGE", score: -449, why: "a name with a bell \u{7} in it"),
        ], act: .callOwner, minutes: 90),
    view(
        "W-2EEEEE", "eve@example.net", .contained, score: 15_200, now: 9100, held: 41, act: .cleanMachine, minutes: 5000
    ),
    view("W-2FFFFF", "[192.0.2.77]", .slowed, score: 8000, now: 8000, act: .askOwner, minutes: 0),
]

/// These as a person gets them.
private let reports = views.sorted(by: CaseReport.worstFirst).map { CaseReport($0, at: moment) }

/// A held message of a case.
private func held(_ code: String, _ number: Int) -> HeldReport {
    HeldReport(
        mailHost: "mx1", queueID: "4Q\(number)", subscriber: "bob@example.net", caseCode: code, rule: "ladder/held",
        arrivedAt: "2026-11-30T03:0\(number % 10):00Z", bytes: 2345, sender: "bob@example.net", recipients: 3)
}

/// True where no line is wider than a terminal of 80 columns.
private func fits(_ text: String) -> Bool { text.split(separator: "\n").allSatisfy { $0.count <= 80 } }

@Suite struct CaseGoldenTests {
    @Test func ranked() throws {
        #expect(
            reports.map(\.code) == ["W-2EEEEE", "W-2DDDDD", "W-2FFFFF", "W-2CCCCC", "W-2BBBBB", "W-2AAAAA"],
            "what is acted on, then what is observed, then limits")
        #expect(fits(reports.table))
        try expectGolden(reports.table + "\n", "case-ranked.txt")
    }

    @Test func shown() throws {
        var texts: [String] = []
        for (index, open) in reports.enumerated() {
            let messages = (0..<[12, 1, 0, 0, 0, 0][index]).map { held(open.code, $0) }
            texts.append(
                open.text(held: messages, note: index == 5 ? "The hold queue could not be read: nobody answers." : nil))
        }
        for text in texts { #expect(fits(text), "\(text)") }
        try expectGolden(texts.joined(separator: "\n\n--\n\n") + "\n", "case-show.txt")
    }

    @Test func campaigns() throws {
        let engine = stolen(.contained)
        let found = try #require(engine.campaigns(in: 0..<engine.campaignSlots).first)
        #expect(found.subscribers == 2 && found.messages == 80 && engine.campaign(id: found.id) == found)
        var campaign = found
        campaign.id = "c80000007"
        (campaign.contained, campaign.results, campaign.dead) = (1, 30, 4)
        campaign.firstSeen = moment.advanced(byNanoseconds: -7_200_000_000_000)
        campaign.lastSeen = moment
        campaign.keys = [Campaign.KeyCount(kind: .link, count: 12), Campaign.KeyCount(kind: .attachment, count: 1)]
        campaign.hasInnocentFounder = true
        var quiet = campaign
        quiet.id = "c80000008"
        (quiet.results, quiet.dead, quiet.keys, quiet.hasInnocentFounder) = (0, 0, [], false)
        let both = [campaign, quiet].map { CampaignReport($0, at: moment) }
        for text in [both.table] + both.map(\.text) { #expect(fits(text)) }
        try expectGolden(
            "\(both.table)\n\n--\n\n\(both.map(\.text).joined(separator: "\n\n"))\n", "campaigns.txt")
    }

    @Test func jumpsOfTheClockMoveCampaigns() throws {
        var engine = stolen(.contained)
        let before = try #require(engine.campaigns(in: 0..<engine.campaignSlots).first)
        let hour: Int64 = 3_600_000_000_000
        _ = engine.step(Input(at: engine.now.advanced(byNanoseconds: hour), .clockShifted(hour)))
        let after = try #require(engine.campaign(id: before.id))
        #expect(after.lastSeen == before.lastSeen.advanced(byNanoseconds: hour))
    }
}

/// An operator's desk over an engine, with a state of its own.
private func withOperator(_ engine: Engine, _ body: (Operator) throws -> Void) throws {
    try inTemporaryFolder { folder in
        let logger = Logger(label: "cases") { _ in SwiftLogNoOpLogHandler() }
        let metrics = Metrics()
        let store = try Store(directory: folder)
        let live = LiveEngine(engine, position: 0)
        let recorder = Recorder(live: live, store: store, keepSeconds: 86_400, logger: logger, metrics: metrics)
        recorder.start(position: 0, snapshot: 0)
        defer { recorder.stop() }
        let desk = DoorDesk(
            live: live,
            log: try DecisionLog(.init(destination: .file(folder + "/log"), format: .json), metrics: metrics),
            recorder: recorder, metrics: metrics, logger: logger)
        try body(
            Operator(live: live, desk: desk, store: store, holdQueue: HoldQueue(agents: [:]), reload: { _ in nil }))
    }
}

/// A request about a name.
private func request(_ verb: ControlRequest.Verb, _ name: String?) -> ControlRequest {
    var request = ControlRequest(verb)
    request.subscriber = name
    request.campaign = name
    return request
}

@Suite struct OperatorCaseTests {
    @Test func listShowReleaseConfirm() throws {
        try withOperator(stolen(.contained)) { desk in
            let cases = try #require(desk.answer(request(.caseList, nil), from: "op").cases)
            #expect(cases.map(\.rung).first == "contained" && cases.count == 2)
            let worst = cases[0]
            for name in [worst.code, worst.code.lowercased(), worst.subscriber, worst.subscriber.uppercased()] {
                let shown = desk.answer(request(.caseShow, name), from: "op")
                #expect(shown.cases?.first?.code == worst.code && shown.held?.isEmpty == true, "\(name)")
            }
            #expect(
                desk.answer(request(.caseShow, "ann@example.net"), from: "op").error?.contains("no open case") == true)
            #expect(
                desk.answer(request(.caseShow, "nobody"), from: "op").error?.contains("no known subscriber") == true)
            #expect(desk.answer(request(.caseShow, nil), from: "op").error?.contains("lacks") == true)

            let released = desk.answer(request(.caseRelease, worst.code), from: "op")
            #expect(released.done?.hasPrefix("\(worst.subscriber): released, case \(worst.code) is closed") == true)
            #expect(released.done?.contains("in the next 14d") == true)
            #expect(desk.answer(request(.caseList, nil), from: "op").cases?.count == 1)
            #expect(desk.answer(request(.caseRelease, "nobody"), from: "op").error != nil)

            let confirmed = desk.answer(request(.caseConfirm, "ann@example.net"), from: "op")
            #expect(confirmed.done?.contains("contained, all its mail waits") == true)
            let open = desk.answer(request(.caseShow, "ann@example.net"), from: "op").cases?.first
            #expect(open?.rung == "contained" && open?.state == "contained" && open?.isEnforced == true)
            #expect(desk.answer(request(.caseConfirm, "nobody"), from: "op").error != nil)
        }
    }

    @Test func whatConfirmingDoesIsSaid() throws {
        try withOperator(stolen(.held)) { desk in
            let done = desk.answer(request(.caseConfirm, "ann@example.net"), from: "op").done
            #expect(done?.contains("ladder.enforce is held, so that its mail still passes") == true)
        }
        var off = stolen(.contained)
        var without = off.policy
        without.watch.isOn = false
        _ = off.step(Input(at: off.now, .policy(without)))
        try withOperator(off) { desk in
            let response = desk.answer(request(.caseConfirm, "ann@example.net"), from: "op")
            #expect(response.error?.contains("detectors.mode is off") == true)
        }
    }

    @Test func campaignsByName() throws {
        try withOperator(stolen(.contained)) { desk in
            var few = request(.campaignList, nil)
            few.count = 1
            let listed = try #require(desk.answer(few, from: "op").campaigns)
            #expect(listed.count == 1)
            #expect(desk.answer(request(.campaignShow, listed[0].id), from: "op").campaigns?.first?.messages == 80)
            #expect(desk.answer(request(.campaignShow, "c00000000"), from: "op").error?.contains("no campaign") == true)
            #expect(desk.answer(request(.campaignShow, "x"), from: "op").error?.contains("c and eight digits") == true)
            #expect(desk.answer(request(.campaignShow, nil), from: "op").error?.contains("lacks") == true)
        }
    }
}
