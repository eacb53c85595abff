// `weir serve`: everything started in order, everything stopped in the reverse one.

import ContentAnalysis
import Foundation
import Logging
import MailTypes
import Milter
import PolicyDelegation
import Synchronization
import WeirEngine

/// A running Weir: recover, listen, decide, stop.
public final class Service: Sendable {
    /// The configuration that it was started with; listeners and paths do not change while it runs.
    private let configuration: Configuration
    /// Operational messages.
    private let logger: Logger

    /// Between two ticks.
    private static let tickSeconds: Int64 = 10
    /// Ticks a second while subscribers move over to a new policy: 2,000 of them a second.
    private static let ticksWhileCarryingOver = 10
    /// Held while the configuration is read again: a person and a signal may ask at the same time.
    private let reloading = Mutex(())

    /// True where it measures how long the engine's lock is held.
    private let measuresHolds: Bool

    /// A service of a configuration.
    public init(_ configuration: Configuration, measuresHolds: Bool = false, logger: Logger) {
        self.configuration = configuration
        self.measuresHolds = measuresHolds
        self.logger = logger
    }

    /// Runs until SIGTERM or SIGINT. Throws where it can't start.
    public func run() async throws {
        raiseFileLimit()
        var signals = Signals([SIGTERM, SIGINT, SIGHUP])
        let systemd = NotifySocket()
        let metrics = Metrics()
        let (store, recovered) = try recover(metrics)
        let live = LiveEngine(
            recovered.engine, position: recovered.position, backlogBytesMax: Int(configuration.journal.backlogBytesMax),
            measuresHolds: measuresHolds)
        let log = try DecisionLog(configuration.decisionLog, metrics: metrics)
        let recorder = Recorder(
            live: live, store: store, keepSeconds: configuration.journal.keepSeconds, logger: logger, metrics: metrics)
        let origins = OriginSource(configuration.origins)
        let desk = DoorDesk(
            live: live, origins: origins, log: log, recorder: recorder, metrics: metrics, logger: logger)
        if let fault = adopt(configuration, live) {
            logger.error("the configuration's policy is not in force, the last one is: \(fault)")
        }
        recorder.start(position: recovered.position, snapshot: recovered.snapshot)
        log.start()
        let readiness = Readiness()
        let reload: @Sendable (String) -> String? = { who in
            // Not before the doors are open, nor once they close: systemd would take it for the end of the start.
            let told = readiness.now ? systemd : nil
            told?.tell(.reloading)
            defer { told?.tell(.ready) }
            return self.reload(live, origins, metrics, who)
        }
        let control = ControlServer(
            path: configuration.listeners.controlPath, logger: logger,
            answer: {
                [
                    answers = Operator(
                        live: live, desk: desk, store: store,
                        holdQueue: HoldQueue(
                            agents: configuration.holdHelperPath.map { [MailHosts.localName: $0] } ?? [:]),
                        reload: reload)
                ] request, who in
                answers.answer(request, from: who)
            })
        try control.start()
        let loop = try DoorLoop(desk: desk)
        try openDoors(loop, live, store)
        let seconds = Atomic<Int64>(0)
        loop.start {
            if let systemd, systemd.isWatched { systemd.tell(.alive) }
            let isDue = seconds.wrappingAdd(1, ordering: .relaxed).newValue % Service.tickSeconds == 0
            // While subscribers move over to a new policy, each second: a sweep of a million of them takes eight minutes.
            let isCarryingOver = live.read { $0.isCarryingOver }
            guard isDue || isCarryingOver else { return }
            // Many short holds of the engine's lock, not a long one.
            for _ in 0..<(isCarryingOver ? Service.ticksWhileCarryingOver : 1) {
                desk.perform(live.step(.tick).outputs)
            }
        }
        let admin = startAdmin(live, metrics, readiness)
        let follower = MailLogFollower()
        if let mailLog = configuration.mailLog { try follower.start(mailLog, desk: desk, store: store) }
        readiness.set(true)
        announce(live)
        systemd?.tell(.ready)
        while let signal = await signals.next(), signal == SIGHUP {
            do { try log.reopen() } catch { logger.error("\(error)") }
            if let fault = reload("SIGHUP") {
                logger.error("the configuration was not taken, the old policy stays in force\n\(fault)")
            }
        }
        systemd?.tell(.stopping)
        readiness.set(false)
        logger.notice("stopping: no new connections, what was asked is answered")
        loop.stop()
        control.stop()
        admin?.cancel()
        follower.stop()
        recorder.stop()
        log.stop()
        logger.notice("stopped", metadata: ["messages": "\(live.read { $0.totals.messages })"])
    }

    // MARK: - State

    /// Opens the state directory and brings back the engine. Damage is said; it does not keep Weir from starting.
    private func recover(_ metrics: Metrics) throws -> (Store, Recovered) {
        let began = WallClock.nanoseconds(CLOCK_MONOTONIC)
        let opened = try OpenedState(
            directory: configuration.stateDirectory, keepSeconds: configuration.journal.keepSeconds,
            at: Timestamp(nanoseconds: WallClock.nanoseconds(CLOCK_REALTIME))
        ) { [configuration] in
            var generator = SystemRandomNumberGenerator()
            return Engine(
                policy: configuration.policy(revision: 1), bounds: configuration.bounds, seed: generator.next())
        }
        let recovered = opened.recovered
        if let damage = opened.damage { logger.error("the database is damaged: \(damage.description)") }
        metrics.noteState(opened.damage, setAside: Store.setAside(in: configuration.stateDirectory))
        if recovered.differing > 0 {
            logger.error("replay gave other outputs than were recorded", metadata: ["inputs": "\(recovered.differing)"])
        }
        if recovered.engine.bounds != configuration.bounds {
            logger.warning(
                "the bounds of the tables were set when the state was made and stay as they were; a new state directory takes the new ones"
            )
        }
        logger.info(
            "state is back",
            metadata: [
                "position": "\(recovered.position)", "subscribers": "\(recovered.engine.view.subscribers)",
                "milliseconds": "\((WallClock.nanoseconds(CLOCK_MONOTONIC) - began) / 1_000_000)",
            ])
        return (opened.store, recovered)
    }

    /// Puts a configuration's policy into force, if it is another than that in force. Returns why it is not, nil where it is.
    private func adopt(_ configuration: Configuration, _ live: LiveEngine) -> String? {
        let inForce = live.read { $0.policy }
        let policy = configuration.policy(revision: inForce.revision)
        guard policy != inForce, live.step(.policy(policy)).outputs.contains(.acknowledged(.tooManyPolicies)) else {
            return nil
        }
        return
            "counters are still being carried over from too many policies in a row (some ten minutes each). Load it again in ten minutes, and not more often than once in twenty seconds"
    }

    /// Reads the configuration again, one call at a time. Returns the faults, nil where it is in force.
    private func reload(
        _ live: LiveEngine, _ origins: OriginSource, _ metrics: Metrics, _ who: String
    ) -> String? {
        reloading.withLock { _ in read(live, origins, metrics, who) }
    }

    /// Reads the configuration again. Returns the faults, nil where it is in force.
    private func read(
        _ live: LiveEngine, _ origins: OriginSource, _ metrics: Metrics, _ who: String
    ) -> String? {
        guard let path = configuration.file else {
            return "Weir was started without a configuration file, so there is nothing to read again"
        }
        do {
            let new = try Configuration.load(path: path)
            if let fault = adopt(new, live) {
                metrics.reloadsRefused.add()
                return "\(path): \(fault)"
            }
            origins.replace(new.origins)
            let late = new.keysNeedingRestart(from: configuration)
            if !late.isEmpty { logger.warning("takes effect at the next start: \(late.joined(separator: ", "))") }
            logger.notice(
                "the configuration was read again",
                metadata: ["file": "\(path)", "by": "\(who)", "policy": "\(live.read { $0.policy.revision })"])
            return nil
        } catch {
            metrics.reloadsRefused.add()
            return "\(error)"
        }
    }

    // MARK: - Listeners

    /// Opens the doors' sockets: one line a door and endpoint.
    private func openDoors(_ loop: DoorLoop, _ live: LiveEngine, _ store: Store) throws {
        let key = try store.addressKey()
        let addressHash = AddressHash(key)
        let instanceHash = KeyedHash(key0: key.hash(1), key1: key.hash(2))
        let digest = Fingerprinter(key: KeyedHash(key0: key.hash(3), key1: key.hash(4))).digest
        for endpoint in configuration.listeners.policy {
            try loop.listen(.policy, at: endpoint) { [mailHosts = configuration.mailHosts] descriptor, peer in
                let host = mailHosts.name(of: NetworkAddress(peer))
                let wanted = Service.wanted(of: .policy, host, live)
                return PolicyDoorConnection(
                    PolicySession(
                        mailHost: host, addressHash: addressHash, instanceHash: instanceHash,
                        digest: wanted.isDigested ? digest : nil),
                    descriptor: descriptor, peer: peer)
            }
        }
        for endpoint in configuration.listeners.milter {
            try loop.listen(.milter, at: endpoint) { [mailHosts = configuration.mailHosts] descriptor, peer in
                let host = mailHosts.name(of: NetworkAddress(peer))
                let wanted = Service.wanted(of: .milter, host, live)
                return MilterDoorConnection(
                    MilterSession(
                        mailHost: host, addressHash: addressHash, wantedFields: wanted.fields,
                        digest: wanted.isDigested ? digest : nil),
                    descriptor: descriptor, peer: peer)
            }
        }
    }

    /// What a new connection is asked to tell of its messages. A reload reaches the connections that come after it: a mail
    /// server's processes begin new ones within minutes.
    static func wanted(
        of door: Door, _ host: String, _ live: LiveEngine
    ) -> (fields: [String], isDigested: Bool) {
        let probe = Transaction(stage: .connect, session: MailTypes.Session(door: door, mailHost: host))
        var wanted: (fields: [String], isDigested: Bool) = ([], false)
        for question in live.read({ $0.questions(for: probe) }) {
            switch question {
            case .fields(let names): wanted.fields += names
            case .digest: wanted.isDigested = true
            }
        }
        return wanted
    }

    /// Starts the admin listener. Its failure is said and does not stop the mail.
    private func startAdmin(_ live: LiveEngine, _ metrics: Metrics, _ readiness: Readiness) -> Task<Void, Never>? {
        guard let endpoint = configuration.listeners.admin else { return nil }
        let server = AdminServer(live: live, metrics: metrics, isReady: readiness, endpoint: endpoint, logger: logger)
        return Task { [logger] in
            do {
                try await server.run()
            } catch is CancellationError {
            } catch {
                logger.error(
                    "the admin listener can't listen; doors and control socket work without it",
                    metadata: ["at": "\(endpoint)", "error": "\(error)"])
            }
        }
    }

    /// Says what is in force.
    private func announce(_ live: LiveEngine) {
        let view = live.read { $0.view }
        let enforced = view.rules.filter(\.isEnforced).count
        logger.notice(
            "Weir \(weirVersion) is ready",
            metadata: [
                "policy": "\(configuration.listeners.policy.map(\.description).joined(separator: " "))",
                "milter": "\(configuration.listeners.milter.map(\.description).joined(separator: " "))",
                "admin": "\(configuration.listeners.admin?.description ?? "none")",
                "control": "\(configuration.listeners.controlPath)",
                "rules": "\(view.rules.count) (\(enforced) enforced, \(view.rules.count - enforced) observed)",
                "state": "\(configuration.stateDirectory)",
            ])
    }

    /// Takes as many open files as the system allows: 10,000 idle connections are a quiet day.
    private func raiseFileLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < limit.rlim_max
        else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}

/// Signals as an asynchronous sequence.
private struct Signals {
    /// Keeps the sources alive.
    private let sources: [any DispatchSourceSignal]
    /// The signals as they come.
    private var iterator: AsyncStream<Int32>.Iterator

    /// Listens for some signals instead of dying of them.
    init(_ numbers: [Int32]) {
        let (stream, continuation) = AsyncStream<Int32>.makeStream()
        sources = numbers.map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { continuation.yield(number) }
            source.resume()
            return source
        }
        signal(SIGPIPE, SIG_IGN)
        iterator = stream.makeAsyncIterator()
    }

    /// The next signal.
    mutating func next() async -> Int32? { await iterator.next() }
}
