// What becomes of messages downstream, and when the provider hears of it: results come late, some much later.

import MailTypes

/// What happens to one recipient.
enum Fate: UInt8, Sendable {
    /// The next host takes it.
    case delivered
    /// The next host defers it, and takes it at the second attempt.
    case greylisted
    /// The address does not exist.
    case dead
    /// The mailbox is full.
    case full
    /// The next host calls it spam.
    case refused
    /// Somebody complains.
    case complaint
}

/// A result under way.
struct PendingResult: Waiting, Sendable {
    /// When it arrives.
    var at: Int64
    /// Counted up: the one order among equals.
    var order: UInt64
    /// The message.
    var number: Int
    /// The recipient.
    var mailbox: UInt64
    /// What happens.
    var fate: Fate
    /// The mail host.
    var host: UInt8
}

/// Results under way, and the hosts that they come from.
struct Courier: Sendable {
    /// What goes wrong.
    let faults: Faults
    /// The dice.
    var chance: Chance
    /// Results under way.
    var pending = EventHeap<PendingResult>()
    /// How many were ever sent off.
    private var count: UInt64 = 0
    /// The host that is down; -1 for none.
    private(set) var outageHost = -1
    /// Until when.
    private(set) var outageUntil: Int64 = .min
    /// The hosts' names.
    let hostNames: [String]
    /// What each host's clock is ahead, in nanoseconds.
    let skews: [Int64]

    /// A courier.
    init(_ faults: Faults, seed: UInt64) {
        self.faults = faults
        var chance = Chance(seed: seed)
        hostNames = (0..<max(1, faults.mailHosts)).map { "mx\($0 + 1).isp.test" }
        skews = hostNames.map { _ in Int64(chance.normal() * faults.clockSkewSeconds * 1e9) }
        self.chance = chance
    }

    /// The host that takes a subscriber's mail at a moment.
    @inline(__always) func host(of subscriber: Int, at: Int64) -> Int {
        let home = subscriber % hostNames.count
        return home == outageHost && at < outageUntil ? (home + 1) % hostNames.count : home
    }

    /// Puts one host out of order, and says until when.
    mutating func beginOutage(at: Int64) {
        guard hostNames.count > 1, at >= outageUntil else { return }
        outageHost = chance.below(hostNames.count)
        outageUntil = at + Int64(faults.outageHours.draw(&chance) * 3.6e12)
    }

    /// What becomes of an address that exists or not.
    @inline(__always) mutating func fate(isDead: Bool, refused: Double) -> Fate {
        if isDead { return .dead }
        let draw = chance.unit()
        if draw < refused { return .refused }
        if draw < refused + faults.mailboxFull { return .full }
        return draw < refused + faults.mailboxFull + faults.greylisted ? .greylisted : .delivered
    }

    /// Sends one recipient of a message off. The result has the time of its host's clock, but comes after the message.
    mutating func send(_ number: Int, to mailbox: UInt64, _ fate: Fate, host: Int, at: Int64) {
        let seconds =
            chance.unit() < faults.inSession
            ? faults.inSessionSeconds.draw(&chance) : faults.lateSeconds.draw(&chance)
        add(
            PendingResult(
                at: at + max(1, Int64(seconds * 1e9) + skews[host]), order: 0, number: number, mailbox: mailbox,
                fate: fate,
                host: UInt8(truncatingIfNeeded: host)))
    }

    /// Draws the complaints about a message.
    mutating func complain(_ number: Int, recipients: Int, isAbuse: Bool, host: Int, at: Int64) {
        let rate = (isAbuse ? faults.complaintsPer1000Abuse : faults.complaintsPer1000Bulk) / 1000
        guard rate > 0 else { return }
        for _ in 0..<min(20, chance.poisson(mean: Double(recipients) * rate)) {
            let hours = faults.complaintHours.draw(&chance)
            add(
                PendingResult(
                    at: at + 1 + Int64(hours * 3.6e12), order: 0, number: number, mailbox: 0, fate: .complaint,
                    host: UInt8(truncatingIfNeeded: host)))
        }
    }

    /// Puts a result on its way; a host that is down tells nothing until it is up again.
    private mutating func add(_ given: PendingResult) {
        var result = given
        result.order = count
        count += 1
        if Int(result.host) == outageHost, result.at < outageUntil, result.fate != .complaint {
            result.at = outageUntil + Int64(chance.unit() * 120e9)
        }
        pending.insert(result)
    }

    /// The next result, which the caller knows to be there.
    mutating func next() -> SimulatedEvent? {
        guard let result = pending.removeFirst() else { return nil }
        let at = Timestamp(nanoseconds: result.at)
        let host = hostNames[Int(result.host)]
        let queueID = QueueNumber.text(result.number)
        if result.fate == .complaint {
            return .complaint(
                SimulatedComplaint(
                    at: at, number: result.number, mailHost: host, queueID: queueID,
                    kind: result.number % 4 == 0 ? .fraud : .abuse))
        }
        let (status, outcome) = Courier.words(result.fate)
        if result.fate == .greylisted {
            var second = result
            second.fate = .delivered
            second.at = result.at + Int64(faults.greylistMinutes.draw(&chance) * 60e9)
            add(second)
        }
        return .delivery(
            SimulatedDelivery(
                at: at, number: result.number,
                delivery: Delivery(
                    mailHost: host, queueID: queueID, recipient: Mailbox(raw: result.mailbox).key, status: status,
                    outcome: outcome)))
    }

    /// What a log says of a fate.
    private static func words(_ fate: Fate) -> (EnhancedStatus, DeliveryOutcome) {
        switch fate {
        case .delivered, .complaint: (EnhancedStatus(2, 0, 0), .delivered)
        case .greylisted: (EnhancedStatus(4, 2, 0), .deferred)
        case .dead: (EnhancedStatus(5, 1, 1), .failed)
        case .full: (EnhancedStatus(5, 2, 2), .failed)
        case .refused: (EnhancedStatus(5, 7, 1), .failed)
        }
    }
}

/// Numbers as the names that mail hosts give: at most 15 bytes, which a string holds without memory of its own.
enum QueueNumber {
    /// `4Q000003D7`: a queue id, never the same for two messages.
    @inline(__always) static func text(_ number: Int) -> String { short("4Q", number, digits: 9) }

    /// A prefix of at most 5 bytes and a number in so many digits of base 32, at most 10.
    static func short(_ prefix: StaticString, _ number: Int, digits: Int) -> String {
        let length = prefix.utf8CodeUnitCount
        return unsafe String(unsafeUninitializedCapacity: length + digits) { buffer in
            for place in 0..<length { unsafe buffer[place] = unsafe prefix.utf8Start[place] }
            var left = UInt64(bitPattern: Int64(number))
            var place = length + digits
            while place > length {
                place -= 1
                let digit = UInt8(truncatingIfNeeded: left & 31)
                unsafe buffer[place] = digit < 10 ? 48 + digit : 55 + digit
                left &>>= 5
            }
            return length + digits
        }
    }
}
