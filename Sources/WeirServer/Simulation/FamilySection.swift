// `families` of a population file: attackers.

import MailTypes
import WeirSimulator

extension PopulationReader {
    /// The members of a family.
    private static let familyKeys = [
        "name", "like", "onsets_per_1000_years", "strata", "outbreak", "contagion", "contagion_days", "access", "rate",
        "probe",
        "length", "recipients", "targets", "names", "template", "scores", "on_refusal",
    ]

    /// One family. With `like` it begins as a copy of one above it.
    func family(_ node: StrictNode, among population: Population) -> AttackFamily? {
        guard let map = node.mapping("a family", keys: PopulationReader.familyKeys),
            let name = map.required("name", remedy: "Add name: a word of its own.")?.string("'name', a word")
        else { return nil }
        var result = AttackFamily(
            name: name, onsetsPer1000Years: 0, access: .init(way: .stolenLogin),
            rate: .init(perHour: LogNormal(median: 60)), length: .init(messages: LogNormal(median: 100)),
            targets: .init(), scores: ScoreMixture([.init(mean: 3, deviation: 2)]))
        if let like = map["like"] {
            guard let base = base(like, population.families, \.name) else { return nil }
            result = base
            result.name = name
        } else {
            for key in ["onsets_per_1000_years", "access", "rate", "length", "scores"] {
                _ = map.required(key, remedy: "Add it, or begin with like: a family above.")
            }
        }
        map.set("onsets_per_1000_years", &result.onsetsPer1000Years) {
            $0.number("onsets_per_1000_years", in: 0...1_000_000)
        }
        if let strata = map["strata"] { result.strata = readStrata(strata, population.strata.map(\.name)) }
        if let outbreak = map["outbreak"] { result.outbreak = self.outbreak(outbreak) }
        map.set("contagion", &result.contagion) { $0.number("contagion", in: 1...100_000) }
        map.set("contagion_days", &result.contagionDays) { $0.number("contagion_days", in: 0...365) }
        map.set("recipients", &result.recipients) { $0.counts("recipients", in: 1...20_000) }
        map.set("scores", &result.scores) { $0.scores("scores", named: scores) }
        if let access = map["access"] { read(access, into: &result.access) }
        if let rate = map["rate"] { read(rate, into: &result.rate) }
        if let probe = map["probe"] { result.probe = self.probe(probe) }
        if let length = map["length"] { read(length, into: &result.length) }
        if let targets = map["targets"] { read(targets, into: &result.targets) }
        if let names = map["names"] { read(names, into: &result.names) }
        if let template = map["template"] { read(template, into: &result.template) }
        if let reaction = map["on_refusal"] { read(reaction, into: &result.onRefusal) }
        return result
    }

    /// `strata` of a family: names, or `all`.
    private func readStrata(_ node: StrictNode, _ known: [String]) -> [String] {
        if node.node.scalar?.string == "all" { return [] }
        return (node.list("'strata', the word all or a list of names") ?? []).compactMap { item in
            guard let name = item.string("the name of a stratum") else { return nil }
            if known.contains(name) { return name }
            item.fault(
                .unknownName, expected: "the name of a stratum: \(Spelling.list(known))",
                remedy: Spelling.remedy(for: name, among: known, otherwise: "Add the stratum, or take this one out."))
            return nil
        }
    }

    /// `outbreak`: `none`, or its members.
    private func outbreak(_ node: StrictNode) -> AttackFamily.Outbreak? {
        if node.node.scalar?.string == "none" { return nil }
        guard let map = node.mapping("'outbreak'", keys: ["share", "day", "minutes"]),
            let share = map.required("share", remedy: "Add share: of those whom the family can hit.")?.number(
                "outbreak.share", in: 0...1),
            let day = map.required("day", remedy: "Add day: days from the start, 14.5 for noon of the fifteenth.")?
                .number("outbreak.day", in: 0...3660)
        else { return nil }
        var result = AttackFamily.Outbreak(share: share, day: day)
        map.set("minutes", &result.minutes) { $0.number("outbreak.minutes", in: 0...100_000) }
        return result
    }

    /// `access`.
    private func read(_ node: StrictNode, into access: inout AttackFamily.Access) {
        let keys = ["way", "networks", "messages_per_network", "shares_networks"]
        guard let map = node.mapping("'access'", keys: keys) else { return }
        map.set("way", &access.way) { $0.choice("access.way", among: AttackFamily.Access.Way.allCases) }
        map.set("networks", &access.networks) { $0.logNormal("access.networks", in: 1...100_000) }
        map.set("messages_per_network", &access.messagesPerNetwork) {
            $0.logNormal("access.messages_per_network", in: 1...1_000_000)
        }
        map.set("shares_networks", &access.sharesNetworks) { $0.flag("access.shares_networks") }
    }

    /// `rate`.
    private func read(_ node: StrictNode, into rate: inout AttackFamily.Rate) {
        guard let map = node.mapping("'rate'", keys: ["per_hour", "hours"]) else { return }
        map.set("per_hour", &rate.perHour) { $0.logNormal("rate.per_hour", in: 0.001...1_000_000) }
        map.set("hours", &rate.hours) { $0.choice("rate.hours", among: AttackFamily.Rate.Hours.allCases) }
    }

    /// `probe`: `none`, or its members.
    private func probe(_ node: StrictNode) -> AttackFamily.Probe? {
        if node.node.scalar?.string == "none" { return nil }
        guard let map = node.mapping("'probe'", keys: ["messages", "wait_hours"]),
            let messages = map.required("messages", remedy: "Add messages: how many.")?.counts(
                "probe.messages", in: 1...1000),
            let wait = map.required("wait_hours", remedy: "Add wait_hours.")?.logNormal(
                "probe.wait_hours", in: 0...8760)
        else { return nil }
        return AttackFamily.Probe(messages: messages, waitHours: wait)
    }

    /// `length`.
    private func read(_ node: StrictNode, into length: inout AttackFamily.Length) {
        guard let map = node.mapping("'length'", keys: ["messages", "hours", "recipients"]) else { return }
        map.set("messages", &length.messages) { $0.logNormal("length.messages", in: 1...10_000_000) }
        map.set("hours", &length.hours) { $0.logNormal("length.hours", in: 0.01...87_600) }
        map.set("recipients", &length.recipients) { $0.logNormal("length.recipients", in: 1...1_000_000_000) }
    }

    /// `targets`.
    private func read(_ node: StrictNode, into targets: inout AttackFamily.Targets) {
        let keys = ["book", "list_size", "dead", "shares_list", "refused_as_spam"]
        guard let map = node.mapping("'targets'", keys: keys) else { return }
        map.set("book", &targets.book) { $0.number("targets.book", in: 0...1) }
        map.set("list_size", &targets.listSize) { $0.integer("'targets.list_size', a number", in: 1...2_000_000_000) }
        map.set("dead", &targets.dead) { $0.share("targets.dead") }
        map.set("shares_list", &targets.sharesList) { $0.flag("targets.shares_list") }
        map.set("refused_as_spam", &targets.refusedAsSpam) { $0.number("targets.refused_as_spam", in: 0...1) }
    }

    /// `names`.
    private func read(_ node: StrictNode, into names: inout AttackFamily.Names) {
        let keys = ["own_sender", "sender_churn", "helo_churn", "mimics_program", "programs"]
        guard let map = node.mapping("'names'", keys: keys) else { return }
        map.set("own_sender", &names.ownSender) { $0.number("names.own_sender", in: 0...1) }
        map.set("sender_churn", &names.senderChurn) { $0.number("names.sender_churn", in: 0...1) }
        map.set("helo_churn", &names.heloChurn) { $0.number("names.helo_churn", in: 0...1) }
        map.set("mimics_program", &names.mimicsProgram) { $0.number("names.mimics_program", in: 0...1) }
        map.set("programs", &names.programs) { $0.integer("'names.programs', a number", in: 1...1000) }
    }

    /// `template`.
    private func read(_ node: StrictNode, into template: inout AttackFamily.Template) {
        let keys = [
            "campaign_days", "campaigns_at_once", "wild", "substitution", "padding", "rewritten", "image_only", "link",
            "contact", "attachment", "copies", "bytes",
        ]
        guard let map = node.mapping("'template'", keys: keys) else { return }
        map.set("campaign_days", &template.campaignDays) { $0.number("template.campaign_days", in: 0.01...3650) }
        map.set("campaigns_at_once", &template.campaignsAtOnce) {
            $0.integer("'template.campaigns_at_once', a number", in: 1...100_000)
        }
        map.set("wild", &template.wild) { $0.number("template.wild", in: 0...1) }
        map.set("substitution", &template.substitution) { choices($0, "template.substitution", in: 0...0.9) }
        map.set("padding", &template.padding) { choices($0, "template.padding", in: 0...10) }
        map.set("rewritten", &template.rewritten) { $0.number("template.rewritten", in: 0...1) }
        map.set("image_only", &template.imageOnly) { $0.number("template.image_only", in: 0...1) }
        map.set("link", &template.link) { $0.choice("template.link", among: AttackFamily.Template.Link.allCases) }
        map.set("contact", &template.contact) { $0.number("template.contact", in: 0...1) }
        map.set("attachment", &template.attachment) { $0.number("template.attachment", in: 0...1) }
        map.set("copies", &template.copies) { copied($0, "template.copies") }
        map.set("bytes", &template.bytes) { $0.logNormal("template.bytes", in: 100...100_000_000) }
    }

    /// One number, or a list of which each campaign draws one.
    private func choices(_ node: StrictNode, _ member: String, in range: ClosedRange<Double>) -> [Double]? {
        guard node.node.sequence != nil else { return node.number(member, in: range).map { [$0] } }
        return node.list("numbers for '\(member)'")?.compactMap { $0.number(member, in: range) }
    }

    /// `on_refusal`.
    private func read(_ node: StrictNode, into reaction: inout AttackFamily.Reaction) {
        guard let map = node.mapping("'on_refusal'", keys: ["stops_after", "wait_hours", "slows"]) else { return }
        map.set("stops_after", &reaction.stopsAfter) {
            $0.integer("'on_refusal.stops_after', a number", in: 0...1_000_000)
        }
        map.set("wait_hours", &reaction.waitHours) { $0.number("on_refusal.wait_hours", in: 0...8760) }
        map.set("slows", &reaction.slows) { $0.number("on_refusal.slows", in: 0.001...1) }
    }
}
