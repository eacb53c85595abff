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

/// One account: about 700 bytes, 1 kB more while it sends, 4 kB more once it has written to more than 64 people, 6 kB more
/// once it looked wrong.
struct AccountRecord: Sendable {
    /// Networks remembered; beyond it the one that was used longest ago is forgotten.
    static let networksMax = 128
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
    /// From where it sent up to the window before the last, hashed, the latest last.
    var networks: [UInt64] = []
    /// What was usual up to the window before the last.
    var usual = Baseline()
    /// What is left of the suspicion of windows before this one.
    var carried = CarriedSuspicion()
    /// The windows in which it looked wrong; nil where there was none.
    var episode: Episode?
    /// The last whole window, learned when the next one ends.
    var lastWindow: WindowTally?
    /// The present windows: one begins at midnight, one at noon, so that one of them holds any twelve hours whole.
    var windows = (WindowTally(), WindowTally())
    /// The worst window so far, its ledger, and the hours around it.
    var worst: (window: WindowTally, suspicion: Suspicion, picture: Picture)?
    /// The most networks of a day, and which.
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

    /// A message of the account. `network` is a hash of the client's network; nil where that is unknown.
    mutating func note(_ message: Transaction, network: UInt64?, stopped stop: StoppedMessage?, at time: Timestamp) {
        let count = max(1, message.envelope.recipientCount)
        var new = 0
        for recipient in message.envelope.recipients where recipient.refusal == nil {
            if !familiar.contains(recipient.key.address) { new += 1 }
            familiar.insert(recipient.key.address)
        }
        if windows.0.messages == 0 { windows.0.recipientsEarlier = recipients }
        if windows.1.messages == 0 { windows.1.recipientsEarlier = recipients }
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
        let isKnown = network.map { networks.contains($0) } ?? true
        windows.0.note(count, new: new, network: network, isKnown: isKnown, stop, at: time)
        windows.1.note(count, new: new, network: network, isKnown: isKnown, stop, at: time)
    }

    /// A delivery result of a message that was sent at `time`. `dead` is a hash of a recipient that does not exist.
    mutating func noteResult(dead: UInt64?, isRefused: Bool, isFinal: Bool, of time: Timestamp) {
        if isFinal { results += 1 }
        if dead != nil { self.dead += 1 }
        windows.0.noteResult(dead: dead, isRefused: isRefused, window: Audit.window(time, phase: 0))
        windows.1.noteResult(dead: dead, isRefused: isRefused, window: Audit.window(time, phase: 1))
    }

    /// Ends the windows that are over at a moment; all of them at the end of the log.
    mutating func endWindows(at time: Timestamp?) {
        if windows.0.number != .min, time.map({ Audit.window($0, phase: 0) != windows.0.number }) ?? true {
            let suspicion = Suspicion(windows.0, usual, carried.score(in: windows.0.number), days: carried.days)
            judge(windows.0, suspicion)
            carried.add(suspicion, in: windows.0.number)
            if let last = lastWindow { learn(last) }
            lastWindow = windows.0
            windows.0 = WindowTally()
        }
        if windows.1.number != .min, time.map({ Audit.window($0, phase: 1) != windows.1.number }) ?? true {
            // What is carried over counts at midnight alone: at noon half of it lies in the window itself.
            judge(windows.1, Suspicion(windows.1, usual))
            windows.1 = WindowTally()
        }
    }

    /// Keeps a window if it is the worst, and counts it where it looks wrong.
    private mutating func judge(_ window: WindowTally, _ suspicion: Suspicion) {
        if window.networks > networksMost.count { networksMost = (window.networks, window.firstAt) }
        if var known = episode {
            if known.goesOn(with: window, suspicion) {
                known.add(window, picture)
                episode = known
            }
        } else if suspicion.isNamed || suspicion.isNoted {
            episode = Episode(window, picture, usual)
        }
        guard suspicion.isWorse(than: worst?.suspicion) else { return }
        worst = (window, suspicion, picture)
    }

    /// What a window showed becomes usual, its networks too.
    private mutating func learn(_ window: WindowTally) {
        usual.learn(window)
        for network in window.seen {
            networks.removeAll { $0 == network }
            if networks.count == AccountRecord.networksMax { networks.removeFirst() }
            networks.append(network)
        }
    }
}

extension Baseline {
    /// Adds a window to what is usual.
    mutating func learn(_ window: WindowTally) {
        if windows > 0 {
            newNetworks += window.newNetworks
            newRecipientsAway += window.newRecipientsAway
        }
        windows += 1
        newRecipientsMax = max(newRecipientsMax, window.newRecipients)
        recipients += window.recipients
        newRecipients += window.newRecipients
    }
}

extension WindowTally {
    /// Adds a message.
    mutating func note(
        _ count: Int, new: Int, network: UInt64?, isKnown: Bool, _ stop: StoppedMessage?, at time: Timestamp
    ) {
        if messages == 0 { firstAt = time }
        lastAt = time
        if let stop {
            if stopped == 0 { (firstRule, firstStopAt, recipientsBeforeStop) = (stop.rule, time, recipients) }
            stopped += 1
        }
        messages += 1
        recipients += count
        newRecipients += new
        if !isKnown { newRecipientsAway += new }
        if let network { note(network: network, isKnown: isKnown) }
    }

    /// Adds a delivery result, if the message belongs to this window. An address that does not exist counts once, however
    /// often it is written to: a forwarder to a mailbox that is gone is no list of dead addresses.
    mutating func noteResult(dead recipient: UInt64?, isRefused: Bool, window: Int64) {
        guard window == number else { return }
        if let recipient {
            guard !deadSeen.contains(recipient) else { return }
            if deadSeen.count < WindowTally.deadMax { deadSeen.append(recipient) }
            dead += 1
        }
        results += 1
        if isRefused { refused += 1 }
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
