// `strata` and `events` of a population file: honest senders.

import MailTypes
import WeirSimulator

extension PopulationReader {
    /// The members of a stratum.
    private static let stratumKeys = [
        "name", "like", "plan", "share", "identification", "trap", "joins", "messages_per_day", "day_to_day", "weekend",
        "hours", "sessions", "recipients", "book", "new_recipients", "bytes", "score_offset", "mail", "clients",
        "senders", "events",
    ]

    /// One stratum. With `like` it begins as a copy of one above it.
    func stratum(_ node: StrictNode, among others: [Stratum]) -> Stratum? {
        guard let map = node.mapping("a stratum", keys: PopulationReader.stratumKeys),
            let name = map.required("name", remedy: "Add name: a word of its own.")?.string("'name', a word")
        else { return nil }
        var result = Stratum(name: name)
        if let like = map["like"], let base = self.base(like, others, \.name) {
            result = base
            result.name = name
        }
        guard map.required("share", remedy: "Add share: how many subscribers are of this kind.") != nil else {
            return nil
        }
        map.set("share", &result.share) { $0.number("share", in: 0...1_000_000) }
        map.set("plan", &result.plan) { $0.string("'plan', a word") }
        map.set("identification", &result.identification) {
            $0.choice("identification", among: Stratum.Identification.allCases)
        }
        map.set("trap", &result.isTrap) { $0.flag("trap") }
        map.set("joins", &result.joins) { $0.number("joins", in: 0...1) }
        map.set("messages_per_day", &result.messagesPerDay) { $0.logNormal("messages_per_day", in: 0...100_000) }
        map.set("day_to_day", &result.dayToDay) { $0.number("day_to_day", in: 0...3) }
        map.set("weekend", &result.weekend) { $0.number("weekend", in: 0...10) }
        let hours = result.hours
        map.set("hours", &result.hours) { $0.hourProfile("hours", like: hours) }
        map.set("recipients", &result.recipients) { $0.counts("recipients", in: 1...20_000) }
        map.set("new_recipients", &result.newRecipients) { $0.share("new_recipients") }
        map.set("bytes", &result.bytes) { $0.logNormal("bytes", in: 100...100_000_000) }
        map.set("senders", &result.senders) { $0.counts("senders", in: 1...10_000) }
        if let offset = map["score_offset"] { read(offset, into: &result.scoreOffset) }
        if let sessions = map["sessions"] { read(sessions, into: &result.sessions) }
        if let book = map["book"] { read(book, into: &result.book) }
        if let clients = map["clients"] { read(clients, into: &result.clients) }
        if let mail = map["mail"] {
            result.mail = (mail.list("'mail', a list of kinds of mail") ?? []).compactMap { kind($0) }
        }
        if let events = map["events"] {
            result.events = (events.list("'events', a list of names or events") ?? []).compactMap {
                event($0, name: nil)
            }
        }
        return result
    }

    /// What `like` names: one of those above.
    func base<Value>(_ node: StrictNode, _ others: [Value], _ name: KeyPath<Value, String>) -> Value? {
        let known = others.map { $0[keyPath: name] }
        guard let word = node.string("'like', a name above") else { return nil }
        if let place = known.firstIndex(of: word) { return others[place] }
        node.fault(
            .unknownName, expected: "'like', a name above: \(Spelling.list(known))",
            remedy: Spelling.remedy(for: word, among: known, otherwise: "Move that one up, or write it out."))
        return nil
    }

    /// `score_offset`: a number, or `{mean, deviation}`.
    private func read(_ node: StrictNode, into spread: inout Spread) {
        guard node.node.mapping != nil else {
            if let mean = node.number("score_offset", in: -20...20) { spread = Spread(mean: mean, deviation: 0) }
            return
        }
        guard let map = node.mapping("'score_offset'", keys: ["mean", "deviation"]) else { return }
        map.set("mean", &spread.mean) { $0.number("score_offset.mean", in: -20...20) }
        map.set("deviation", &spread.deviation) { $0.number("score_offset.deviation", in: 0...20) }
    }

    /// `sessions`.
    private func read(_ node: StrictNode, into sessions: inout Sessions) {
        guard let map = node.mapping("'sessions'", keys: ["messages", "minutes"]) else { return }
        map.set("messages", &sessions.messages) { $0.number("sessions.messages", in: 1...10_000) }
        map.set("minutes", &sessions.minutes) { $0.logNormal("sessions.minutes", in: 0...1440) }
    }

    /// `book`.
    private func read(_ node: StrictNode, into book: inout AddressBook) {
        let keys = ["size", "keeps", "dead", "new_dead", "local", "popular", "favourites"]
        guard let map = node.mapping("'book'", keys: keys) else { return }
        map.set("size", &book.size) { $0.logNormal("book.size", in: 1...1_000_000) }
        map.set("keeps", &book.keeps) { $0.number("book.keeps", in: 0...1) }
        map.set("dead", &book.dead) { $0.number("book.dead", in: 0...1) }
        map.set("new_dead", &book.newDead) { $0.number("book.new_dead", in: 0...1) }
        map.set("local", &book.local) { $0.number("book.local", in: 0...1) }
        map.set("popular", &book.popular) { $0.number("book.popular", in: 0...1) }
        map.set("favourites", &book.favourites) { $0.number("book.favourites", in: 0.1...10) }
    }

    /// `clients`.
    private func read(_ node: StrictNode, into clients: inout Clients) {
        let keys = [
            "devices", "mobile", "carrier_networks", "new_network", "renewals", "programs", "shared",
            "per_shared_address", "renumber_days",
        ]
        guard let map = node.mapping("'clients'", keys: keys) else { return }
        map.set("devices", &clients.devices) { $0.counts("clients.devices", in: 1...8) }
        map.set("mobile", &clients.mobile) { $0.number("clients.mobile", in: 0...1) }
        map.set("carrier_networks", &clients.carrierNetworks) {
            $0.integer("'clients.carrier_networks', a number", in: 1...1000)
        }
        map.set("new_network", &clients.newNetwork) { $0.number("clients.new_network", in: 0...1) }
        map.set("renewals", &clients.renewals) { $0.number("clients.renewals", in: 0...365) }
        map.set("programs", &clients.programs) { $0.integer("'clients.programs', a number", in: 1...1000) }
        map.set("shared", &clients.shared) { $0.number("clients.shared", in: 0...1) }
        map.set("per_shared_address", &clients.perSharedAddress) {
            $0.integer("'clients.per_shared_address', a number", in: 2...60)
        }
        map.set("renumber_days", &clients.renumberDays) {
            $0.integer("'clients.renumber_days', a number", in: 0...10_000)
        }
    }

    /// One kind of mail.
    private func kind(_ node: StrictNode) -> MailKind? {
        let keys = [
            "name", "share", "handling", "text", "resemblance", "scores", "replies", "links", "attachments", "copies",
            "audience", "recipients", "bytes",
        ]
        guard let map = node.mapping("a kind of mail", keys: keys) else { return nil }
        var result = MailKind()
        map.set("name", &result.name) { $0.string("'mail.name', a word") }
        map.set("share", &result.share) { $0.number("mail.share", in: 0...1_000_000) }
        map.set("handling", &result.handling) { $0.choice("mail.handling", among: Content.Handling.allCases) }
        map.set("text", &result.text) { $0.choice("mail.text", among: MailKind.Text.allCases) }
        map.set("resemblance", &result.resemblance) { $0.number("mail.resemblance", in: 0...1) }
        map.set("scores", &result.scores) { $0.scores("mail.scores", named: scores) }
        map.set("replies", &result.replies) { $0.number("mail.replies", in: 0...1) }
        map.set("links", &result.links) { $0.number("mail.links", in: 0...1) }
        map.set("attachments", &result.attachments) { $0.number("mail.attachments", in: 0...1) }
        map.set("copies", &result.copies) { copied($0, "mail.copies") }
        map.set("audience", &result.audience) { $0.choice("mail.audience", among: MailKind.Audience.allCases) }
        map.set("recipients", &result.recipients) { $0.counts("mail.recipients", in: 1...20_000) }
        map.set("bytes", &result.bytes) { $0.logNormal("mail.bytes", in: 100...100_000_000) }
        return result
    }

    /// The name of the honest event whose letters are copied: one in the file's `events`.
    func copied(_ node: StrictNode, _ member: String) -> String? {
        let known = events.filter { $0.value.burst != nil }.keys.sorted()
        guard let word = node.string("the name of an event with a burst in 'events'") else { return nil }
        if known.contains(word) { return word }
        node.fault(
            .unknownName,
            expected: "for '\(member)' the name of an event with a burst in 'events': \(Spelling.list(known))",
            remedy: Spelling.remedy(for: word, among: known, otherwise: "Add it under events."))
        return nil
    }

    // MARK: - Events

    /// One event: the name of one in the file's `events`, or an event written out.
    func event(_ node: StrictNode, name given: String?) -> HonestEvent? {
        if node.node.scalar != nil {
            let known = events.keys.sorted()
            guard let word = node.string("the name of an event in 'events'") else { return nil }
            if let found = events[word] { return found }
            node.fault(
                .unknownName, expected: "the name of an event in 'events': \(Spelling.list(known))",
                remedy: Spelling.remedy(for: word, among: known, otherwise: "Add it under events, or write it out."))
            return nil
        }
        let keys = ["name", "holders", "per_year", "weeks", "month_end", "joining", "hours", "burst", "change"]
        guard let map = node.mapping("an event", keys: given == nil ? keys : Array(keys.dropFirst())) else {
            return nil
        }
        var name = given ?? ""
        if given == nil {
            guard let node = map.required("name", remedy: "Add name: a word of its own."),
                let word = node.string("'name', a word")
            else { return nil }
            name = word
        }
        guard let schedule = schedule(map) else { return nil }
        var result = HonestEvent(name: name, schedule: schedule)
        map.set("holders", &result.holders) { $0.number("holders", in: 0...1) }
        if let hours = map["hours"], let read = hourRange(hours) { result.hours = read }
        if let burst = map["burst"] { result.burst = self.burst(burst) }
        if let change = map["change"] { result.change = self.change(change) }
        if result.burst == nil, result.change == nil, faults.isEmpty {
            node.fault(
                .missingKey, found: "the event '\(name)' without burst and change", expected: "at least one of them",
                remedy: "Say what mail it makes, or what changes.")
        }
        return result
    }

    /// When an event happens: exactly one of four members.
    private func schedule(_ map: StrictMapping) -> HonestEvent.Schedule? {
        let given = ["per_year", "weeks", "month_end", "joining"].filter { map[$0] != nil }
        guard given.count == 1 else {
            map.node.fault(
                given.isEmpty ? .missingKey : .conflict,
                found: given.isEmpty ? "an event without a time" : Spelling.list(given),
                expected: "exactly one of per_year, weeks, month_end or joining",
                remedy: "Say when it happens, in one way.")
            return nil
        }
        switch given[0] {
        case "per_year": return map["per_year"]?.number("per_year", in: 0...10_000).map { .perYear($0) }
        case "weeks": return map["weeks"]?.integer("'weeks', a number", in: 1...104).map { .weeks($0) }
        default:
            guard let isOn = map[given[0]]?.flag(given[0]) else { return nil }
            if isOn { return given[0] == "joining" ? .joining : .monthEnd }
            map.node.fault(
                .badValue, found: "\(given[0]): false", expected: "true",
                remedy: "Remove the event, or say when it happens.")
            return nil
        }
    }

    /// `hours` of an event: `9-17`.
    private func hourRange(_ node: StrictNode) -> ClosedRange<Int>? {
        let expected = "'hours', a range such as 9-17"
        guard let text = node.string(expected) else { return nil }
        let parts = text.split(separator: "-", omittingEmptySubsequences: false).map { Quantity.digits($0) }
        guard parts.count == 2, let first = parts[0], let last = parts[1], first <= last, last <= 23 else {
            node.fault(.badValue, expected: expected, remedy: "Write the first and the last hour, from 0 to 23.")
            return nil
        }
        return Int(first)...Int(last)
    }

    /// `burst`.
    private func burst(_ node: StrictNode) -> HonestEvent.Burst? {
        let keys = [
            "audience", "recipients", "per_message", "dead", "gap_seconds", "resemblance", "scores", "handling", "link",
            "attachment", "bytes",
        ]
        guard let map = node.mapping("'burst'", keys: keys),
            let audienceNode = map.required(
                "audience", remedy: "Add audience: book, list, strangers or correspondents."),
            let audience = audienceNode.choice("burst.audience", among: HonestEvent.Burst.Audience.allCases),
            let countNode = map.required("recipients", remedy: "Add recipients: how many in all."),
            let recipients = countNode.logNormal("burst.recipients", in: 1...200_000)
        else { return nil }
        var result = HonestEvent.Burst(audience: audience, recipients: recipients)
        map.set("per_message", &result.perMessage) { $0.integer("'burst.per_message', a number", in: 1...20_000) }
        map.set("dead", &result.dead) { $0.share("burst.dead") }
        map.set("gap_seconds", &result.gapSeconds) { $0.logNormal("burst.gap_seconds", in: 0...86_400) }
        map.set("resemblance", &result.resemblance) { $0.number("burst.resemblance", in: 0...1) }
        map.set("scores", &result.scores) { $0.scores("burst.scores", named: scores) }
        map.set("handling", &result.handling) { $0.choice("burst.handling", among: Content.Handling.allCases) }
        map.set("link", &result.hasLink) { $0.flag("burst.link") }
        map.set("attachment", &result.hasAttachment) { $0.flag("burst.attachment") }
        map.set("bytes", &result.bytes) { $0.logNormal("burst.bytes", in: 100...100_000_000) }
        return result
    }

    /// `change`.
    private func change(_ node: StrictNode) -> HonestEvent.Change? {
        guard let map = node.mapping("'change'", keys: ["machine", "network", "days", "shift_hours"]) else {
            return nil
        }
        var result = HonestEvent.Change()
        map.set("machine", &result.machine) { $0.flag("change.machine") }
        map.set("network", &result.network) { $0.flag("change.network") }
        map.set("days", &result.days) { $0.logNormal("change.days", in: 0...3650) }
        map.set("shift_hours", &result.shiftHours) { $0.number("change.shift_hours", in: -12...12) }
        return result
    }
}
