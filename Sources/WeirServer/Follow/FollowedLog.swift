// A mail log on its way into the engine: read, understood, asked about, journalled.

import Foundation
import Logging
import MailLog
import MailTypes
import WeirAudit
import WeirEngine

/// One followed log. It lives on one thread.
struct FollowedLog {
    /// Bytes read in a turn, about; then others get the processor.
    static let turnBytesMax = 1 << 20
    /// Results that the engine is asked about in one hold of its lock: some twenty microseconds.
    static let batchMax = 128
    /// Joins lines as an audit does, but waits five seconds, no more, for what a message still lacks: results must be known soon,
    /// and a content filter answers within that.
    static let bounds = AssemblerBounds(
        horizonSeconds: 5, waitingMax: 10_000, openMessagesMax: 50_000, recipientsMax: 1000)
    /// A trouble that lasts is said again after so many turns.
    private static let sayAgainTurns = 2400

    /// Where the lines come from.
    private var tail: any LogTail
    /// Understands them.
    private var reader: MailLogReader
    /// The names by which the doors know the hosts of the log.
    private let hosts: LogHosts
    /// Seconds east of UTC of stamps without an offset; nil for the machine's own zone.
    private let zoneSeconds: Int?
    /// The engine's desk.
    private let desk: DoorDesk
    /// The remembered places; nil where they can't be kept.
    private let places: LogPlaces?
    /// The place that was last remembered.
    private var remembered: LogPlace?
    /// The trouble that was last said, and turns since then.
    private var said: (trouble: String?, turns: Int) = (nil, 0)

    /// A log that is followed for a desk.
    init(
        _ tail: any LogTail, keys: AddressHash, hosts: LogHosts, zoneSeconds: Int?, desk: DoorDesk, places: LogPlaces?,
        now: Timestamp
    ) {
        self.tail = tail
        self.hosts = hosts
        self.zoneSeconds = zoneSeconds
        self.desk = desk
        self.places = places
        remembered = tail.place
        reader = MailLogReader(FollowedLog.file(zoneSeconds, now), keys: keys, bounds: FollowedLog.bounds)
        desk.metrics.mailLog.begin(tail.name)
    }

    /// What is known of the file beside its bytes.
    private static func file(_ zoneSeconds: Int?, _ now: Timestamp) -> LogFile {
        LogFile(
            host: MailHosts.localName, modified: now, zoneSeconds: zoneSeconds ?? TimeZone.current.secondsFromGMT())
    }

    /// One turn. True where there is more to do at once.
    mutating func turn(at now: Timestamp) -> Bool {
        let turn = tail.turn(bytesMax: FollowedLog.turnBytesMax)
        // Before the results are taken in: a crash between the two loses a turn of them, and counts none twice.
        remember()
        // A quiet night must not keep waiting what is the first line in the morning.
        reader.advance(to: now)
        var results: [Delivery] = []
        for piece in turn.pieces {
            switch piece {
            case .bytes(let bytes): reader.read(bytes.span)
            case .newFile: reader.begin(FollowedLog.file(zoneSeconds, now))
            }
            collect(&results)
        }
        // What waited becomes due by time alone, too.
        collect(&results)
        take(&results)
        note(turn)
        return turn.hasMore
    }

    /// Ends: what waits is told, the place is kept.
    mutating func finish() {
        remember()
        tail.close()
        // A line that was cut by the end is read again from its beginning: it is not finished here.
        reader.advance(to: Timestamp(nanoseconds: .max))
        var results: [Delivery] = []
        collect(&results)
        take(&results)
    }

    /// Takes what the log tells, and hands on each full batch.
    private mutating func collect(_ results: inout [Delivery]) {
        while let fact = reader.next() {
            guard let name = hosts.name(of: fact), let result = fact.result(mailHost: name) else { continue }
            results.append(result)
            if results.count >= FollowedLog.batchMax { take(&results) }
        }
    }

    /// Journals the results of messages that the engine knows.
    private func take(_ results: inout [Delivery]) {
        guard !results.isEmpty else { return }
        let known = desk.live.read { engine in results.map { engine.knows($0) } }
        var count = 0
        for (result, isKnown) in zip(results, known) where isKnown {
            desk.perform(desk.live.step(.delivery(result)).outputs)
            count += 1
        }
        desk.metrics.mailLog.results.add(count)
        desk.metrics.mailLog.resultsUnknown.add(results.count - count)
        results.removeAll(keepingCapacity: true)
    }

    /// Keeps the place, where it has changed.
    private mutating func remember() {
        guard let place = tail.place, place != remembered, let places else { return }
        do {
            try places.remember(place, in: tail.name)
            remembered = place
        } catch {
            desk.logger.error("the place in the mail log can't be kept", metadata: ["error": "\(error)"])
        }
    }

    /// Brings the figures up to date, and says what is to be said.
    private mutating func note(_ turn: LogTurn) {
        let figures = desk.metrics.mailLog
        let census = reader.lines.census
        figures.update(
            lines: census.lines, understood: census.understood, bytesBehind: turn.bytesBehind, restarts: turn.restarts,
            trouble: turn.trouble)
        for text in turn.notes { desk.logger.notice("mail log \(tail.name): \(text)") }
        said.turns += 1
        if turn.trouble != said.trouble || turn.trouble != nil && said.turns >= FollowedLog.sayAgainTurns {
            if let trouble = turn.trouble {
                desk.logger.error(
                    "the mail log can't be read; mail goes on, delivery results are not learned: \(trouble)")
            } else {
                desk.logger.notice("the mail log can be read again")
            }
            said = (turn.trouble, 0)
        }
    }
}

/// The hosts of a log, by the names that the doors have for them.
struct LogHosts: Hashable, Sendable {
    /// Name in the log to name at the doors; empty where every line is `localhost`'s.
    var names: [String: String] = [:]

    /// The doors' name of the host that a fact is of; nil for a host that is none of ours.
    func name(of fact: MailFact) -> String? {
        let host: String
        switch fact {
        case .delivery(let delivery): host = delivery.mailHost
        case .refused(let refusal): host = refusal.mailHost
        case .message, .loginFailed: return nil
        }
        return names.isEmpty ? MailHosts.localName : names[host]
    }
}
