// Joins lines into messages, and tells messages, deliveries, refusals and failed logins in the order of time.
//
// A message is found again by host, instance of the mail server, and queue id. It is told once, at the time when it was
// accepted; but its recipients show only in later lines. So what is to be told waits in a queue, in the order of time, until
// its first member is complete: all recipients seen, or the message removed, or the horizon of log time passed, or the queue
// at its bound. Memory depends on the messages that are open at a time, not on the length of the log.

import MailTypes

/// The bounds of an assembler, and what happens at each.
public struct AssemblerBounds: Hashable, Sendable {
    /// Log time that a message waits for its recipients, in seconds; then it is told with those that are known.
    public var horizonSeconds: Int64
    /// Most things that wait to be told; beyond it the first is told with what is known.
    public var waitingMax: Int
    /// Most open messages, more than `waitingMax`; beyond it one that was told and not touched for long is forgotten, and
    /// its later deliveries are told as those of an unknown message.
    public var openMessagesMax: Int
    /// Most recipients of one message that are listed; the others are counted.
    public var recipientsMax: Int

    /// Bounds. A caller's bug where the open messages might all be waiting, so that none could be forgotten.
    public init(horizonSeconds: Int64, waitingMax: Int, openMessagesMax: Int, recipientsMax: Int) {
        precondition(openMessagesMax > waitingMax && waitingMax > 0 && recipientsMax > 0)
        self.horizonSeconds = horizonSeconds
        self.waitingMax = waitingMax
        self.openMessagesMax = openMessagesMax
        self.recipientsMax = recipientsMax
    }

    /// Five minutes: nearly every first attempt has ended by then (Postfix smtp_helo_timeout and smtp_mail_timeout are 300 s).
    /// The tables take at most some 100 MB. A server accepts 1000 recipients of a message (smtpd_recipient_limit).
    public static let defaults = AssemblerBounds(
        horizonSeconds: 300, waitingMax: 100_000, openMessagesMax: 200_000, recipientsMax: 1000)
}

/// What an assembler met besides the things that it tells.
public struct AssemblerCounts: Hashable, Sendable {
    /// Messages told.
    public var messages = 0
    /// Messages told before all recipients were known by name.
    public var incomplete = 0
    /// Of these, the ones told early because `waitingMax` was reached.
    public var toldAtBound = 0
    /// Messages forgotten at `openMessagesMax`.
    public var forgotten = 0
    /// Messages whose first lines lie before the log, or are missing: their deliveries are told without them.
    public var begunBefore = 0
    /// Queue ids given to another message although the first was not removed.
    public var reused = 0
    /// Lines that came twice.
    public var repeated = 0
    /// Messages re-queued, told under their first queue id.
    public var requeued = 0
    /// Messages that came back from a content filter or a forward, told under their first queue id.
    public var reinjected = 0
    /// Messages that were told before a line showed that they are a part of another: counted twice.
    public var joinedLate = 0
    /// Deliveries to such a filter or forward, not told.
    public var handedOver = 0
    /// Messages that were begun and not accepted: broken off, refused, discarded.
    public var abandoned = 0
    /// Address probes, not told.
    public var probes = 0
    /// Messages that Postfix gave up after their time in the queue, told by no line of their own for each recipient.
    public var expired = 0
}

/// Joins the lines of one or more hosts, read in the order of time.
public struct MessageAssembler: LineFactSink, Sendable {
    /// The bounds.
    public let bounds: AssemblerBounds
    /// What was met.
    public internal(set) var counts = AssemblerCounts()
    /// Turns addresses into keys.
    let keys: AddressHash
    /// The messages; a place that is free keeps its generation.
    var messages: [OpenMessage] = []
    /// Free places.
    var freePlaces: [Int32] = []
    /// Open messages by name.
    var names: [MessageKey: Int32] = [:]
    /// Where the search for a message to forget goes on.
    var hand = 0
    /// What is to be told.
    var waiting = WaitingQueue()
    /// Connections by process.
    var processes = ProcessTable()
    /// Message-IDs of late.
    var messageIDs = MessageIDTable()
    /// Names that recur.
    var texts = TextCache()
    /// Instances by host, and whether a queue manager of theirs was met.
    var instances: [[(instance: Int32, hasQueueManager: Bool)]] = []
    /// What is to be told when the clock gets there.
    var ahead = AheadQueue()
    /// The time of the log.
    var clock = LogClock()
    /// The time of the present line.
    var now = Timestamp(nanoseconds: .min)
    /// The time of the first line.
    var first: Timestamp?
    /// True when no more lines come.
    var isFinished = false

    /// An assembler that hashes addresses with the given key.
    public init(keys: AddressHash, bounds: AssemblerBounds = .defaults) {
        self.keys = keys
        self.bounds = bounds
    }

    /// Messages kept now.
    public var openCount: Int { messages.count - freePlaces.count }

    /// No more lines come: everything that waits is told.
    public mutating func finish() {
        isFinished = true
        advance(to: Timestamp(nanoseconds: .max))
    }

    /// That time has come, for a log that is followed as it is written: what waits for it is told though no line comes.
    public mutating func advance(to time: Timestamp) {
        clock.advance(to: time)
        tellDue()
    }

    /// Lines whose stamp lies before an earlier line's: they take that line's time.
    public var linesBehind: Int { clock.linesBehind }
    /// Lines whose stamp lies more than an hour ahead of the lines around them: told when the log gets there.
    public var linesAhead: Int { clock.linesAhead }
    /// How often the stamps of a host were set back, as local time is in autumn; what follows is moved by the difference.
    public var setBacks: Int { clock.setBacks }

    // MARK: - Lines

    /// Takes what a line says.
    public mutating func take(_ fact: LineFact, of line: LogLine, from source: LogSource, _ message: Span<UInt8>) {
        now = clock.read(line.time, host: source.hostNumber)
        if !ahead.isEmpty { tellDue() }
        if first == nil { first = now }
        switch fact {
        case .connected, .disconnected: processes.clear(source.hostNumber, line.pid)
        case .encrypted: processes.update(source.hostNumber, line.pid) { $0.isEncrypted = true }
        case .lost(let stage): lose(stage, line, source)
        case .loggedIn(let login): logIn(login, line, source, message)
        case .loginFailed(let login): tellFailure(login, source, message)
        case .arrived(let arrival): arrive(arrival, line, source, message)
        case .proxied(let arrival): proxy(arrival, line, source, message)
        case .proxyAccepted(let id): proxyAccept(QueueID(message, id), line, source)
        case .identified(let id, let messageID): identify(id, messageID, line, source, message)
        case .queued(let queueing): queue(queueing, source, message)
        case .held(let id):
            guard let place = find(QueueID(message, id), source) else { break }
            messages[place].isHeld = true
            accept(place)
        case .attempted(let attempt): attempted(attempt, source, message)
        case .probed(let id):
            guard let place = find(QueueID(message, id), source), !messages[place].isProbe else { break }
            messages[place].isProbe = true
            counts.probes &+= 1
        case .notified(_, let child):
            guard let place = find(QueueID(message, child), source) else { break }
            messages[place].origin = .notification
        case .continued(let id, let child): continued(id, child, source, message)
        case .expired: counts.expired &+= 1
        case .removed(let id):
            noteQueueManager(source)
            guard let place = find(QueueID(message, id), source) else { break }
            remove(place)
        case .refused(let refusal): refuse(refusal, line, source, message)
        }
    }

    // MARK: - Finding

    /// The open message with that queue id; nil where none is known.
    @inline(__always)
    func find(_ id: QueueID, _ source: LogSource) -> Int? {
        guard !id.isEmpty else { return nil }
        let host = Int32(truncatingIfNeeded: source.hostNumber)
        let instance = Int32(truncatingIfNeeded: source.instance)
        if let place = names[MessageKey(id: id, host: host, instance: instance)] { return Int(place) }
        guard source.hostNumber < instances.count, let first = instances[source.hostNumber].first,
            instances[source.hostNumber].count > 1 || first.instance != instance
        else { return nil }
        return findElsewhere(id, host, instance)
    }

    /// The open message with that queue id in the source's own instance; nil where none is known.
    @inline(__always)
    func findOwn(_ id: QueueID, _ source: LogSource) -> Int? {
        names[
            MessageKey(
                id: id, host: Int32(truncatingIfNeeded: source.hostNumber),
                instance: Int32(truncatingIfNeeded: source.instance))
        ].map { Int($0) }
    }

    /// The same, under another instance's name of the host: `-o syslog_name=` in master.cf names a service, which has no
    /// queue manager of its own, as if it were an instance.
    private func findElsewhere(_ id: QueueID, _ host: Int32, _ instance: Int32) -> Int? {
        let known = instances[Int(host)]
        let isInstance = known.first { $0.instance == instance }?.hasQueueManager ?? false
        for other in known where other.instance != instance && !(isInstance && other.hasQueueManager) {
            if let place = names[MessageKey(id: id, host: host, instance: other.instance)] { return Int(place) }
        }
        return nil
    }

    /// The open message with that queue id under any instance of the host.
    func findOnHost(_ id: QueueID, _ host: Int32) -> Int? {
        guard !id.isEmpty, Int(host) < instances.count else { return nil }
        for known in instances[Int(host)] {
            if let place = names[MessageKey(id: id, host: host, instance: known.instance)] { return Int(place) }
        }
        return nil
    }

    /// Notes that a source's instance has a queue manager, and is one.
    @inline(__always)
    mutating func noteQueueManager(_ source: LogSource) {
        noteInstance(source)
        let known = instances[source.hostNumber]
        for index in known.indices
        where known[index].instance == Int32(truncatingIfNeeded: source.instance) && !known[index].hasQueueManager {
            instances[source.hostNumber][index].hasQueueManager = true
        }
    }

    /// Remembers a source's instance.
    @inline(__always)
    mutating func noteInstance(_ source: LogSource) {
        while instances.count <= source.hostNumber { instances.append([]) }
        let number = Int32(truncatingIfNeeded: source.instance)
        for known in instances[source.hostNumber] where known.instance == number { return }
        instances[source.hostNumber].append((number, false))
    }

    // MARK: - Places

    /// Opens a message.
    mutating func open(_ id: QueueID, _ source: LogSource) -> Int {
        noteInstance(source)
        if openCount >= bounds.openMessagesMax { forgetOne() }
        let key = MessageKey(
            id: id, host: Int32(truncatingIfNeeded: source.hostNumber),
            instance: Int32(truncatingIfNeeded: source.instance))
        var message = OpenMessage(key: key)
        message.mailHost = source.host
        message.begunAt = now
        message.touchedAt = now
        let place: Int
        if let free = freePlaces.popLast() {
            place = Int(free)
            message.generation = messages[place].generation &+ 1
            messages[place] = message
        } else {
            place = messages.count
            messages.append(message)
        }
        names[key] = Int32(truncatingIfNeeded: place)
        return place
    }

    /// The place of a message with its generation.
    @inline(__always)
    func place(_ index: Int) -> MessagePlace {
        MessagePlace(index: Int32(truncatingIfNeeded: index), generation: messages[index].generation)
    }

    /// The index of a message that is still kept; nil where its place went to another.
    @inline(__always)
    func index(_ place: MessagePlace) -> Int? {
        let index = Int(place.index)
        guard index >= 0, index < messages.count, messages[index].generation == place.generation else { return nil }
        return index
    }

    /// The message left the queue: its name is free, and its place once it is told.
    mutating func remove(_ index: Int) {
        guard !messages[index].isRemoved else { return }
        messages[index].isRemoved = true
        names[messages[index].key] = nil
        let hash = messages[index].messageIDHash
        if hash != 0 {
            messageIDs.close(
                hash, place(index), at: now,
                wentLocallyOnly: messages[index].hasLocalAttempt && !messages[index].hasRemoteAttempt)
        }
        if !messages[index].isWaiting { free(index) }
    }

    /// Frees a message's place.
    mutating func free(_ index: Int) {
        if !messages[index].isTold {
            if !messages[index].isBorn {
                counts.begunBefore &+= 1
            } else if !messages[index].isAccepted {
                counts.abandoned &+= 1
            }
        }
        let generation = messages[index].generation
        messages[index] = OpenMessage(key: MessageKey(id: QueueID(), host: -1, instance: -1))
        // A place that is handed out again gets the next generation; until then nobody finds it under this one.
        messages[index].generation = generation &+ 1
        freePlaces.append(Int32(truncatingIfNeeded: index))
    }

    /// Forgets one message that was told: of those behind the hand, the one that was not touched for longest.
    private mutating func forgetOne() {
        var oldest: Int?
        var tried = 0
        var candidates = 0
        while tried < messages.count, candidates < 8 {
            hand = hand &+ 1 < messages.count ? hand &+ 1 : 0
            tried &+= 1
            guard messages[hand].key.host >= 0, !messages[hand].isWaiting else { continue }
            candidates &+= 1
            if oldest == nil || messages[hand].touchedAt < messages[oldest!].touchedAt { oldest = hand }
        }
        guard let oldest else { return }
        counts.forgotten &+= 1
        if !messages[oldest].isRemoved { names[messages[oldest].key] = nil }
        free(oldest)
    }
}
