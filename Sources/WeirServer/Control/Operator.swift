// What a person can ask of the running daemon, and what it does about it.

import Foundation
import GRDB
import Logging
import MailTypes
import WeirEngine

/// Answers the control socket: reads the engine a slice at a time, turns acts into inputs, and leaves a line of who and
/// why for each change.
struct Operator: Sendable {
    /// The engine.
    let live: LiveEngine
    /// Where outputs of acts go.
    let desk: DoorDesk
    /// Cases and refusals.
    let store: Store
    /// The hold queues.
    let holdQueue: HoldQueue
    /// Reads the configuration again; returns what was wrong with it, nil where it is in force.
    let reload: @Sendable (String) -> String?

    /// Slots read in one hold of the lock: far below a millisecond.
    static let slotsAtATime = 64
    /// Subscribers in one answer, at most.
    static let listMax = 10_000

    /// Answers one request of a named person.
    func answer(_ request: ControlRequest, from who: String) -> ControlResponse {
        do {
            return try respond(request, who)
        } catch {
            return ControlResponse(error: "\(error)")
        }
    }

    /// Answers one request.
    private func respond(_ request: ControlRequest, _ who: String) throws -> ControlResponse {
        switch request.verb {
        case .status:
            var response = ControlResponse()
            response.status = StatusReport(live.read { $0.view }, desk.metrics, backlog: live.backlog)
            return response
        case .subscriberList: return list(request)
        case .subscriberShow:
            let name = try required(request.subscriber, "a subscriber")
            guard let view = live.read({ $0.subscriber(named: name) }) else { return unknown(name) }
            var response = ControlResponse()
            response.subscribers = [SubscriberReport(view)]
            return response
        case .subscriberReset:
            let name = try required(request.subscriber, "a subscriber")
            return act(
                .reset(subscriber: name), request, who,
                done: "\(name): every bucket and window is empty, its case is closed")
        case .subscriberSetLimit: return try setLimit(request, who)
        case .caseList: return caseList()
        case .caseShow: return try caseShow(request)
        case .caseRelease: return try caseRelease(request, who)
        case .caseConfirm: return try caseConfirm(request, who)
        case .campaignList: return campaignList(request)
        case .campaignShow: return try campaignShow(request)
        case .holdList:
            var response = ControlResponse()
            response.held = try held(request)
            return response
        case .holdRelease: return try change(.release, request, who)
        case .holdPurge: return try change(.purge, request, who)
        case .observe:
            let isOn = request.isOn ?? true
            return act(
                .observeEverything(isOn), request, who,
                done: isOn ? "every rule observes: nothing is held or refused" : "each rule does what the policy says")
        case .breakerRearm:
            return act(.rearmBreaker, request, who, done: "the breaker is closed, its count begins anew")
        case .reload:
            if let fault = reload(who) { return ControlResponse(error: "the old policy stays in force:\n\(fault)") }
            return ControlResponse(done: "the configuration is in force")
        }
    }

    /// A value that the request must bring.
    func required(_ value: String?, _ what: String) throws -> String {
        guard let value, !value.isEmpty else { throw ControlError(description: "the request lacks \(what)") }
        return value
    }

    /// Says that a subscriber is not known.
    private func unknown(_ name: String) -> ControlResponse {
        ControlResponse(
            error:
                "no subscriber '\(name)' has sent since Weir remembers; names are logins in lower case without plus-address, mapped names, or [192.0.2.1]"
        )
    }

    // MARK: - Acts

    /// Feeds an act, records it, and answers.
    func act(_ verb: OperatorAct.Verb, _ request: ControlRequest, _ who: String, done: String)
        -> ControlResponse
    {
        let outputs = live.step(.act(OperatorAct(who: who, why: request.why ?? "", verb))).outputs
        desk.perform(outputs)
        for case .acknowledged(let what) in outputs {
            switch what {
            case .done:
                desk.logger.notice("by \(who): \(done)", metadata: request.why.map { ["why": "\($0)"] })
                return ControlResponse(done: done)
            case .unknownSubscriber: return unknown(request.subscriber ?? "")
            case .unknownLimit(let names):
                return ControlResponse(
                    error: "the plan has no limit '\(request.limit ?? "")'; it has \(names.joined(separator: ", "))")
            case .badAmount(let why): return ControlResponse(error: "that can't be a limit: \(why)")
            case .unknownMessage: return ControlResponse(error: "no record of that message")
            case .tooManyPolicies: return ControlResponse(error: "the policy was not taken")  // not of an act
            }
        }
        return ControlResponse(error: "the engine did not acknowledge")
    }

    /// Sets or takes away a subscriber's own amount.
    private func setLimit(_ request: ControlRequest, _ who: String) throws -> ControlResponse {
        let name = try required(request.subscriber, "a subscriber")
        let limit = try required(request.limit, "a limit's name")
        guard let line = request.line else {
            return act(
                .setLimit(subscriber: name, limit: limit, nil), request, who,
                done: "\(name): \(limit) is the plan's again")
        }
        let parsed: Limit
        do { parsed = try LimitLine(line).limit() } catch { return ControlResponse(error: "\(error)") }
        guard let view = live.read({ $0.subscriber(named: name) }) else { return unknown(name) }
        // The dimension and period are the plan's: a line that says others is a misunderstanding.
        if let current = view.limits.first(where: { $0.rule.hasSuffix("/\(limit)") }),
            let planned = try? LimitLine(current.line).limit(),
            planned.dimension != parsed.dimension || planned.periodSeconds != parsed.periodSeconds
        {
            return ControlResponse(
                error:
                    "\(limit) counts \(planned.dimension) per \(Limit.longPeriod(planned.periodSeconds)); write the line so: \(parsed.amount) \(planned.dimension) per \(Limit.longPeriod(planned.periodSeconds))"
            )
        }
        return act(
            .setLimit(subscriber: name, limit: limit, LimitOverride(amount: parsed.amount, burst: parsed.burst)),
            request, who,
            done: "\(name): \(limit) is now \(parsed.line)")
    }

    // MARK: - Subscribers

    /// The subscribers near or over a limit, the fullest first.
    private func list(_ request: ControlRequest) -> ControlResponse {
        let percent = Int64(request.percent ?? 0)
        let count = min(max(1, request.count ?? 20), Operator.listMax)
        var found: [SubscriberView] = []
        var slot = 0
        while true {
            let range = slot..<slot + Operator.slotsAtATime
            let (views, slots) = live.read { ($0.subscribers(in: range), $0.subscriberSlots) }
            found += views.filter { $0.usedPercent >= percent }
            if found.count > 4 * count {
                found.sort(by: Operator.fullestFirst)
                found.removeLast(found.count - count)
            }
            slot = range.upperBound
            if slot >= slots { break }
        }
        found.sort(by: Operator.fullestFirst)
        var response = ControlResponse()
        response.subscribers = found.prefix(count).map(SubscriberReport.init)
        return response
    }

    /// The order of the list.
    private static func fullestFirst(_ a: SubscriberView, _ b: SubscriberView) -> Bool {
        (b.usedPercent, b.counts.stopped, b.counts.wouldStop, a.name) < (
            a.usedPercent, a.counts.stopped, a.counts.wouldStop, b.name
        )
    }

    // MARK: - Held mail

    /// The hold queues of all mail hosts, joined with what Weir noted when it held them.
    func held(_ request: ControlRequest) throws -> [HeldReport] {
        desk.recorder.flush()
        var reports: [HeldReport] = []
        for host in holdQueue.agents.keys.sorted() {
            for message in try holdQueue.ask(HoldRequest(verb: .list), mailHost: host).messages ?? [] {
                let noted = try note(host, message.queueID)
                reports.append(
                    HeldReport(
                        mailHost: host, queueID: message.queueID, subscriber: noted?.subscriber,
                        caseCode: noted?.caseCode,
                        rule: noted?.rule, arrivedAt: Timestamp(seconds: message.arrivedAt).description,
                        bytes: message.bytes,
                        sender: message.sender, recipients: message.recipients))
            }
        }
        return reports.filter { report in
            (request.subscriber == nil || report.subscriber == request.subscriber)
                && (request.caseCode == nil || report.caseCode?.lowercased() == request.caseCode?.lowercased())
                && (request.queueIDs == nil || request.queueIDs!.contains(report.queueID))
        }
    }

    /// What was noted of a held message: whose it is, and under which case and rule.
    private func note(_ mailHost: String, _ queueID: String) throws -> (
        subscriber: String, caseCode: String?, rule: String
    )? {
        try store.pool.read { database in
            try Row.fetchOne(
                database,
                sql:
                    "SELECT subscriber, case_code, rule FROM refusals WHERE queue_id = ? AND mail_host = ? AND verdict = 'hold' ORDER BY message DESC LIMIT 1",
                arguments: [queueID, mailHost]
            ).map { ($0[0], $0[1], $0[2]) }
        }
    }

    /// Releases or deletes held messages; each release is charged to its subscriber.
    private func change(_ verb: HoldRequest.Verb, _ request: ControlRequest, _ who: String) throws -> ControlResponse {
        guard request.subscriber != nil || request.caseCode != nil || request.queueIDs?.isEmpty == false else {
            return ControlResponse(
                error: "name a subscriber, a case or queue ids: Weir does not empty the whole hold queue")
        }
        // Only what Weir itself held: other mail may wait there for a person's own reasons.
        let chosen = try held(request).filter { $0.subscriber != nil }
        guard !chosen.isEmpty else { return ControlResponse(error: "no held message of Weir's matches") }
        var done = 0
        for (host, messages) in Dictionary(grouping: chosen, by: \.mailHost).sorted(by: { $0.key < $1.key }) {
            let ids =
                try holdQueue.ask(HoldRequest(verb: verb, queueIDs: messages.map(\.queueID)), mailHost: host).done ?? []
            for id in ids {
                let event: OperatorAct.Verb =
                    verb == .release ? .released(mailHost: host, queueID: id) : .purged(mailHost: host, queueID: id)
                desk.perform(live.step(.act(OperatorAct(who: who, why: request.why ?? "", event))).outputs)
            }
            done += ids.count
        }
        let words = "\(done) of \(chosen.count) held messages \(verb == .release ? "released" : "deleted")"
        desk.logger.notice("by \(who): \(words)", metadata: request.why.map { ["why": "\($0)"] })
        return ControlResponse(done: words)
    }
}
