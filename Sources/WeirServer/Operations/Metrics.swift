// The figures of a running Weir, in Prometheus' text form.

import MailTypes
import Synchronization
import WeirEngine

/// Counters of the shell. What the engine counts is asked of the engine when a page is made, so that no figure exists twice.
final class Metrics: Sendable {
    /// Decisions by door and verdict: door × 8 + verdict.
    private let decisions: [Counter] = (0..<24).map { _ in Counter() }
    /// Connections opened by door.
    private let connections: [Counter] = (0..<4).map { _ in Counter() }
    /// Connections open by door.
    private let openConnections: [Counter] = (0..<4).map { _ in Counter() }
    /// Peers' faults by door × 8 + code.
    private let faults: [Counter] = (0..<32).map { _ in Counter() }
    /// Connections refused because too many were open.
    let connectionsRefused = Counter()
    /// Connections closed because they stood in the middle of a request for too long.
    let connectionsStalled = Counter()
    /// Bytes written to the journal.
    let journalBytes = Counter()
    /// True while the journal can't be written.
    let journalFailing = Atomic<Bool>(false)
    /// Refusals dropped because the disk was behind.
    let refusalsDropped = Counter()
    /// Log lines dropped because their reader was behind.
    let logLinesDropped = Counter()
    /// Inputs that gave other outputs in replay.
    let replayDiffering = Counter()
    /// Reloads of the configuration that were refused.
    let reloadsRefused = Counter()
    /// The followed mail log.
    let mailLog = MailLogFigures()

    /// Damage that the start met, and the names of all damaged databases that lie beside the state.
    private let stateFound = Mutex<(damage: StateDamage?, setAside: [String])>((nil, []))

    /// Keeps what the start found in the state directory.
    func noteState(_ damage: StateDamage?, setAside: [String]) { stateFound.withLock { $0 = (damage, setAside) } }

    /// Damage that the start met, and the names of all damaged databases that lie beside the state.
    var state: (damage: StateDamage?, setAside: [String]) { stateFound.withLock { $0 } }

    /// One number that only its owner and a scrape touch.
    final class Counter: Sendable {
        /// The number.
        private let value = Atomic<Int>(0)
        /// Adds to it.
        func add(_ amount: Int = 1, ordering: AtomicUpdateOrdering = .relaxed) {
            value.wrappingAdd(amount, ordering: .relaxed)
        }
        /// Reads it.
        var now: Int { value.load(ordering: .relaxed) }
    }

    /// Counts a decision.
    func count(_ door: Door, _ verdict: Verdict.Kind) {
        decisions[Int(door.rawValue) * 8 + Int(verdict.rawValue)].add()
    }

    /// Counts a connection opened (+1) or closed (-1).
    func connection(_ door: Door, _ change: Int) {
        if change > 0 { connections[Int(door.rawValue)].add() }
        openConnections[Int(door.rawValue)].add(change)
    }

    /// Connections open at a door.
    func open(_ door: Door) -> Int { openConnections[Int(door.rawValue)].now }

    /// Counts a peer's fault.
    func fault(_ door: Door, _ code: DoorError.Code) { faults[Int(door.rawValue) * 8 + Int(code.rawValue)].add() }

    /// The page at `/metrics`.
    func page(_ view: EngineView, backlog: (lost: UInt64, bytes: Int), holds: HoldMeter? = nil) -> String {
        var page = Page()
        if let holds { Metrics.show(holds, &page) }
        page.head("weir_decisions_total", "counter", "Answers given, by door and verdict.")
        for door in Door.allCases {
            for verdict in Verdict.Kind.allCases {
                page.line(
                    "weir_decisions_total", ["door": "\(door)", "verdict": "\(verdict)"],
                    decisions[Int(door.rawValue) * 8 + Int(verdict.rawValue)].now)
            }
        }
        page.head("weir_rule_stopped_total", "counter", "Messages stopped, by rule.")
        for rule in view.rules { page.line("weir_rule_stopped_total", ["rule": rule.rule], Int(rule.counts.stopped)) }
        page.head(
            "weir_rule_would_stop_total", "counter", "Messages that an observed rule would have stopped, by rule.")
        for rule in view.rules {
            page.line("weir_rule_would_stop_total", ["rule": rule.rule], Int(rule.counts.wouldStop))
        }
        page.head(
            "weir_rule_subscribers_total", "counter", "Subscribers that a rule stopped, or would have, at least once.")
        for rule in view.rules {
            page.line("weir_rule_subscribers_total", ["rule": rule.rule], Int(rule.counts.subscribers))
        }
        page.head("weir_rule_enforced", "gauge", "1 where the rule is enforced, 0 where it is observed.")
        for rule in view.rules { page.line("weir_rule_enforced", ["rule": rule.rule], rule.isEnforced ? 1 : 0) }
        totals(view.totals, &page)
        for (name, help, value) in [
            ("weir_subscribers", "Subscribers remembered.", view.subscribers),
            ("weir_subscribers_compacted", "Of these, quiet ones kept as bytes.", view.subscribersCompacted),
            ("weir_held_messages", "Held messages whose charge is remembered.", view.held),
            ("weir_cases_open", "Open cases.", view.openCases),
            ("weir_breaker_open", "1 while Weir's own breaker is open.", view.breakerIsOpen ? 1 : 0),
            ("weir_cases_new_hour", "New cases in the last hour.", view.newCases),
            ("weir_cases_allowed_hour", "New cases allowed an hour without a person.", view.newCasesAllowed),
            ("weir_observe_everything", "1 while every rule observes.", view.observesEverything ? 1 : 0),
            ("weir_policy_revision", "Revision of the policy in force.", Int(view.policyRevision)),
            ("weir_journal_backlog_bytes", "Bytes that wait for the disk.", backlog.bytes),
            (
                "weir_journal_failing", "1 while the journal can't be written.",
                journalFailing.load(ordering: .relaxed) ? 1 : 0
            ),
            (
                "weir_state_damaged", "1 where the last start found the database damaged and set it aside.",
                state.damage == nil ? 0 : 1
            ),
            (
                "weir_state_set_aside", "Damaged databases that lie beside the state, as the last start found them.",
                state.setAside.count
            ),
        ] { page.gauge(name, help, value) }
        for (name, help, value) in [
            (
                "weir_subscribers_evicted_total", "Subscribers that gave way at the table's bound.",
                Int(view.subscribersEvicted)
            ),
            ("weir_journal_bytes_total", "Bytes written to the journal.", journalBytes.now),
            (
                "weir_journal_inputs_lost_total", "Inputs that the journal lost.",
                Int(backlog.lost) + Int(view.totals.inputsMissing)
            ),
            ("weir_refusals_dropped_total", "Lines of the refusals table that were dropped.", refusalsDropped.now),
            ("weir_log_lines_dropped_total", "Lines of the decision log that were dropped.", logLinesDropped.now),
            ("weir_replay_differing_total", "Inputs that gave other outputs in replay.", replayDiffering.now),
            (
                "weir_connections_refused_total", "Connections refused because too many were open.",
                connectionsRefused.now
            ),
            (
                "weir_connections_stalled_total", "Connections closed in the middle of a request that did not go on.",
                connectionsStalled.now
            ),
            ("weir_reloads_refused_total", "Configurations that were not taken because of faults.", reloadsRefused.now),
        ] { page.counter(name, help, value) }
        followed(&page)
        page.head("weir_connections_total", "counter", "Connections opened, by door.")
        for door in Door.allCases {
            page.line("weir_connections_total", ["door": "\(door)"], connections[Int(door.rawValue)].now)
        }
        page.head("weir_connections_open", "gauge", "Connections open, by door.")
        for door in Door.allCases { page.line("weir_connections_open", ["door": "\(door)"], open(door)) }
        page.head("weir_peer_faults_total", "counter", "Connections closed for what the peer sent, by door and fault.")
        for door in Door.allCases {
            for code in DoorError.Code.allCases {
                page.line(
                    "weir_peer_faults_total", ["door": "\(door)", "fault": "\(code)"],
                    faults[Int(door.rawValue) * 8 + Int(code.rawValue)].now)
            }
        }
        return page.text
    }

    /// How long the engine's lock was held since the start.
    private static func show(_ holds: HoldMeter, _ page: inout Page) {
        page.head("weir_lock_hold_nanoseconds", "gauge", "Holds of the engine's lock since the start, by what for.")
        for kind in HoldMeter.Kind.allCases {
            for clock in HoldMeter.Clock.allCases {
                let figures = holds.figures(of: kind, clock)
                for (quantile, value) in [("0.9999", figures.nanoseconds9999), ("1", figures.maxNanoseconds)] {
                    page.line(
                        "weir_lock_hold_nanoseconds", ["clock": "\(clock)", "for": "\(kind)", "quantile": quantile],
                        value)
                }
            }
        }
        page.head("weir_lock_holds_total", "counter", "Holds of the engine's lock, by what for.")
        for kind in HoldMeter.Kind.allCases {
            page.line("weir_lock_holds_total", ["for": "\(kind)"], holds.figures(of: kind).count)
        }
    }

    /// The followed mail log, where one is.
    private func followed(_ page: inout Page) {
        guard let log = MailLogReport(mailLog) else { return }
        page.gauge("weir_mail_log_readable", "1 while the followed mail log can be read.", log.trouble == nil ? 1 : 0)
        page.gauge("weir_mail_log_bytes_behind", "Bytes of the mail log that are yet to be read.", Int(log.bytesBehind))
        for (name, help, value) in [
            ("weir_mail_log_lines_total", "Lines of the mail log read.", log.lines),
            ("weir_mail_log_understood_total", "Lines of mail programs that were understood.", log.understood),
            ("weir_mail_log_results_total", "Delivery results journalled.", log.results),
            (
                "weir_mail_log_results_unknown_total", "Delivery results of messages that Weir does not know.",
                log.resultsUnknown
            ),
            (
                "weir_mail_log_restarts_total", "Rotations, truncations and new journalctl processes.",
                log.restarts
            ),
        ] { page.counter(name, help, value) }
    }

    /// The engine's totals.
    private func totals(_ totals: Totals, _ page: inout Page) {
        for (name, help, value) in [
            ("weir_messages_total", "Messages that passed and were charged.", totals.messages),
            ("weir_recipients_total", "Their recipients.", totals.recipients),
            ("weir_messages_held_total", "Messages held.", totals.held),
            ("weir_messages_deferred_total", "Messages deferred.", totals.deferred),
            ("weir_messages_rejected_total", "Messages rejected.", totals.rejected),
            (
                "weir_messages_would_stop_total",
                "Messages that passed and would have been stopped with every rule enforced.", totals.wouldStop
            ),
            ("weir_messages_unattributed_total", "Messages that nobody could be named for.", totals.unattributed),
            ("weir_messages_withdrawn_total", "Messages withdrawn before their end was answered.", totals.withdrawn),
            ("weir_reservations_expired_total", "Reservations that ran out.", totals.expired),
            ("weir_questions_repeated_total", "Questions asked again.", totals.repeated),
            (
                "weir_distinct_unavailable_total", "Messages whose recipients were not known one by one.",
                totals.distinctUnavailable
            ),
            (
                "weir_messages_refunded_total", "Messages given back because they were refused downstream.",
                totals.refunded
            ),
            ("weir_dead_recipients_total", "Recipients that do not exist.", totals.deadRecipients),
        ] { page.counter(name, help, Int(value)) }
    }

    /// Text in Prometheus' exposition format 0.0.4.
    private struct Page {
        /// The text so far.
        var text = ""
        /// `# HELP` and `# TYPE`.
        mutating func head(_ name: String, _ type: String, _ help: String) {
            text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
        }
        /// A sample with labels, in alphabetical order.
        mutating func line(_ name: String, _ labels: [String: String], _ value: Int) {
            let list = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\"\(escape($0.value))\"" }.joined(
                separator: ",")
            text += "\(name){\(list)} \(value)\n"
        }
        /// A gauge without labels.
        mutating func gauge(_ name: String, _ help: String, _ value: Int) {
            head(name, "gauge", help)
            text += "\(name) \(value)\n"
        }
        /// A counter without labels.
        mutating func counter(_ name: String, _ help: String, _ value: Int) {
            head(name, "counter", help)
            text += "\(name) \(value)\n"
        }
        /// A label's value with `\`, `"` and line feed escaped.
        private func escape(_ value: String) -> String {
            var result = ""
            for character in value.unicodeScalars {
                switch character {
                case "\\": result += "\\\\"
                case "\"": result += "\\\""
                case "\n": result += "\\n"
                default: result.unicodeScalars.append(character)
                }
            }
            return result
        }
    }
}
