// What an audit remembers of one account.

import MailTypes
import WeirEngine

/// The most of something within one calendar hour and within one day.
struct Peak: Hashable, Sendable {
    /// The present period's number.
    private var period: Int64 = .min
    /// The present period's count.
    private var count = 0
    /// The most of any period.
    private(set) var most = 0

    /// Adds to the present period.
    mutating func add(_ amount: Int, at time: Timestamp, seconds: Int64) {
        let number = time.seconds / seconds
        if number != period { (period, count) = (number, 0) }
        count += amount
        most = max(most, count)
    }
}

/// The client networks of one day.
struct DayNetworks: Hashable, Sendable {
    /// Networks told apart in a day; where there are so many, there may be more.
    static let most = 128

    /// The day, since 1970.
    private var day: Int64 = .min
    /// Networks seen in it.
    private var seen: [UInt64] = []

    /// Notes a network; returns how many the day has.
    mutating func note(_ network: UInt64, at time: Timestamp) -> Int {
        if time.seconds / 86_400 != day { (day, seen) = (time.seconds / 86_400, []) }
        if seen.count < DayNetworks.most, !seen.contains(network) { seen.append(network) }
        return seen.count
    }
}

/// One account: about 700 bytes, 1 kB more while it sends, 4 kB more once it has written to more than 64 people, 6 kB more
/// once it looked wrong.
struct AccountRecord: Sendable {
    /// Stopped messages told in words.
    static let evidenceMax = 3

    /// The name.
    let name: String
    /// Messages.
    var messages = 0
    /// Recipients.
    var recipients = 0
    /// Results of its deliveries that were final, and of these, that the recipient does not exist.
    var results = 0, dead = 0
    /// Messages that the policy would have stopped.
    var stopped = 0
    /// The first of them.
    var evidence: [StoppedMessage] = []
    /// The rules that would have stopped it.
    var rules: [String] = []
    /// Whom it wrote to.
    var familiar = FamiliarRecipients()
    /// What the ladder came to.
    var cases = CaseRecord()
    /// The networks of the day.
    private var networks = DayNetworks()
    /// The most networks of a day, and when that was first so.
    var networksMost = (count: 0, at: Timestamp(nanoseconds: 0))
    /// The latest hours.
    var picture = Picture()
    /// Messages in an hour and in a day.
    var messagesHour = Peak(), messagesDay = Peak()
    /// Recipients in an hour and in a day.
    var recipientsHour = Peak(), recipientsDay = Peak()
    /// New recipients in a day.
    var strangersDay = Peak()

    /// An account.
    init(name: String) { self.name = name }

    /// The most in a period, for what is studied.
    func most(_ dimension: Dimension, periodSeconds: Int64) -> Int? {
        switch (dimension, periodSeconds) {
        case (.messages, 3600): messagesHour.most
        case (.messages, 86_400): messagesDay.most
        case (.recipients, 3600): recipientsHour.most
        case (.recipients, 86_400): recipientsDay.most
        case (.newRecipients, 86_400): strangersDay.most
        default: nil
        }
    }

    // MARK: - Taking in

    /// A message of the account, and its score with it. `network` is a hash of the client's network; nil where that is unknown.
    mutating func note(
        _ message: Transaction, id: String, network: UInt64?, stopped stop: StoppedMessage?, _ score: ScoreView?,
        at time: Timestamp
    ) {
        let count = max(1, message.envelope.recipientCount)
        var new = 0
        for recipient in message.envelope.recipients where recipient.refusal == nil {
            if !familiar.contains(recipient.key.address) { new += 1 }
            familiar.insert(recipient.key.address)
        }
        messages += 1
        recipients += count
        messagesHour.add(1, at: time, seconds: 3600)
        messagesDay.add(1, at: time, seconds: 86_400)
        recipientsHour.add(count, at: time, seconds: 3600)
        recipientsDay.add(count, at: time, seconds: 86_400)
        strangersDay.add(new, at: time, seconds: 86_400)
        if let stop {
            stopped += 1
            if evidence.count < AccountRecord.evidenceMax { evidence.append(stop) }
            if !rules.contains(stop.rule) { rules.append(stop.rule) }
        }
        picture.note(recipients: count, isStopped: stop != nil, at: time)
        if let network {
            let most = networks.note(network, at: time)
            if most > networksMost.count { networksMost = (most, time) }
        }
        let limit = stop.flatMap { $0.rule.hasPrefix("ladder/") ? nil : $0.rule }
        cases.note(score, message: id, recipients: count, hasStranger: new > 0, limit: limit, at: time)
        cases.see(picture, at: time)
    }

    /// A delivery result.
    mutating func noteResult(isDead: Bool, isFinal: Bool) {
        if isFinal { results += 1 }
        if isDead { dead += 1 }
    }
}

extension Picture {
    /// Adds a message to its hour; what lies before the last `hoursMax` hours is forgotten.
    mutating func note(recipients count: Int, isStopped: Bool, at time: Timestamp) {
        let hour = time.seconds / 3600
        if recipients.isEmpty || hour - firstHour >= Int64(2 * Picture.hoursMax) {
            (firstHour, messages, recipients, stopped) = (hour, [], [], [])
        }
        let place = max(0, Int(hour - firstHour))
        while recipients.count <= place {
            messages.append(0)
            recipients.append(0)
            stopped.append(0)
        }
        messages[place] += 1
        recipients[place] += count
        if isStopped { stopped[place] += count }
        let extra = recipients.count - Picture.hoursMax
        if extra > 0 {
            messages.removeFirst(extra)
            recipients.removeFirst(extra)
            stopped.removeFirst(extra)
            firstHour += Int64(extra)
        }
    }
}
