// Population files: the one that is shipped, and what the author of a wrong one reads.

import Foundation
import MailTypes
import Testing
import WeirSimulator

@testable import WeirServer

/// Reading populations.
@Suite struct PopulationFileTests {
    /// The shipped population.
    private static func shipped() throws -> Population {
        let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let place = root.appendingPathComponent("Simulation/population.yaml")
        return try PopulationFile.parse(String(contentsOf: place, encoding: .utf8), file: "population.yaml")
    }

    /// The faults of a text, a line each.
    private func faults(_ yaml: String) -> [String] {
        do {
            _ = try PopulationFile.parse(yaml, file: "p.yaml")
            return []
        } catch {
            return error.description.split(separator: "\n").map(String.init)
        }
    }

    /// The least that is a population.
    private let least = "name: a\nstrata:\n  - {name: people, share: 1}\n"

    @Test func theLeastFileIsSound() throws {
        #expect(faults(least) == [])
        let population = try PopulationFile.parse(least, file: "p.yaml")
        #expect(population.strata == [Stratum(name: "people")])
        #expect(population.faults == Faults())
    }

    /// Messages as authors see them: line, member, what was found, what was expected.
    @Test(arguments: [
        (
            "  - {name: b, share: 1, weekend: 11}\n",
            "p.yaml:4:34: found '11', expected a number from 0 to 10 for 'weekend'. Choose a number within the range."
        ),
        (
            "  - {name: b, share: 1, weekend: half}\n",
            "p.yaml:4:34: found 'half', expected a number from 0 to 10 for 'weekend'. Write plain digits with a point, without quotes or units."
        ),
        (
            "  - {name: b, share: 1, wekend: 0.5}\n",
            "p.yaml:4:25: found the unknown key 'wekend', expected a key of a stratum: name, like, plan, share, identification, trap, joins, messages_per_day, day_to_day, weekend, hours, sessions, recipients, book, new_recipients, bytes, score_offset, mail, clients, senders or events. Did you mean 'weekend'?"
        ),
        (
            "  - {name: b}\n",
            "p.yaml:4:5: found a stratum without 'share', expected the key 'share'. Add share: how many subscribers are of this kind."
        ),
        (
            "  - {name: b, like: peopel, share: 1}\n",
            "p.yaml:4:21: found 'peopel', expected 'like', a name above: people. Did you mean 'people'?"
        ),
        (
            "  - {name: b, share: 1, messages_per_day: {sigma: 1}}\n",
            "p.yaml:4:43: found 'messages_per_day' without 'median', expected the key 'median'. Add median: half of all draws lie below it."
        ),
        (
            "  - {name: b, share: 1, messages_per_day: {median: 1, most: 200000}}\n",
            "p.yaml:4:61: found '200000', expected a number from 0 to 100000 for 'messages_per_day.most'. Choose a number within the range."
        ),
        (
            "  - {name: b, share: 1, recipients: {1: 0.9, 4-2: 0.1}}\n",
            "p.yaml:4:46: found '4-2', expected a count or a range from 1 to 20000 in 'recipients'. Write 3 or 3-20."
        ),
        (
            "  - {name: b, share: 1, events: [weding]}\n",
            "p.yaml:4:34: found 'weding', expected the name of an event in 'events': nothing. Add it under events, or write it out."
        ),
        (
            "  - {name: b, share: 1, events: [{name: e, per_year: 1, weeks: 2, change: {machine: true}}]}\n",
            "p.yaml:4:34: found per_year or weeks, expected exactly one of per_year, weeks, month_end or joining. Say when it happens, in one way."
        ),
        (
            "  - {name: b, share: 1, mail: [{handling: mine}]}\n",
            "p.yaml:4:43: found 'mine', expected own, forwarded, list or automatic for 'mail.handling'. Write one of these words."
        ),
        (
            "  - {name: b, share: 1, trap: yes}\n",
            "p.yaml:4:31: found 'yes', expected true or false for 'trap'. Write true or false, without quotes: YAML readers disagree about every other word."
        ),
        (
            "families:\n  - {name: f, like: bots}\n",
            "p.yaml:5:21: found 'bots', expected 'like', a name above: nothing. Move that one up, or write it out."
        ),
        (
            "families:\n  - {name: f, onsets_per_1000_years: 1, access: {way: own-machine}, rate: {per_hour: 9}, length: {messages: 9}, scores: spma}\n",
            "p.yaml:5:121: found 'spma', expected the name of a mixture in 'scores' for 'scores': nothing. Add it under scores, or write it out."
        ),
        (
            "  - {name: people, share: 1}\n",
            "p.yaml:4:5: found two strata named people, expected a sound population. Give each a name of its own."
        ),
    ]) func message(added: String, expected: String) {
        #expect(faults(least + added) == [expected])
    }

    /// All faults at once, in the order of lines; other kinds of slip.
    @Test func manyFaults() {
        #expect(
            faults("") == ["p.yaml: found an empty file, expected a population. Begin with Simulation/population.yaml."]
        )
        let found = faults("name: a\nstart: 5 May\nfaults: {mail_hosts: 0}\nstrata: {}\n")
        #expect(found.map { $0.prefix(9) } == ["p.yaml:2:", "p.yaml:3:", "p.yaml:4:"])
        #expect(faults("name: a\nstrata: &x []\n").count == 1)
        #expect(
            faults("name: a\nstrata: []\n") == [
                "p.yaml:2:9: found no stratum, expected a sound population. Add one kind of subscriber at least, with its mail."
            ])
    }

    // MARK: - The shipped population

    @Test func theShippedPopulationIsSound() throws {
        let population = try Self.shipped()
        #expect(population.flaws == [])
        #expect(
            population.families.map(\.name) == [
                "fast-bot", "low-and-slow", "account-blast", "contact-phish", "probe-then-blast",
            ])
        // Five take-overs to a thousand subscriber-years, in the parts of the literature review.
        #expect(population.families.map(\.onsetsPer1000Years) == [1.75, 1.25, 1.25, 0.5, 0.25])
        #expect(population.strata.filter(\.isTrap).count >= 11)
        let volumes = Dictionary(uniqueKeysWithValues: population.strata.map { ($0.name, $0.messagesPerDay.median) })
        #expect(volumes["light"] == 0.5 && volumes["regular"] == 5 && volumes["small-office"] == 25)
    }

    /// A calibrated score is a likelihood ratio: over people's own words the mean of e^score is at most 1.
    @Test func ownWordsAreCalibrated() throws {
        for stratum in try Self.shipped().strata where !stratum.isTrap {
            let scores = stratum.mail[0].scores
            let spread = stratum.scoreOffset.deviation * stratum.scoreOffset.deviation + scores.jitter * scores.jitter
            let mean = scores.parts.reduce(0.0) { sum, part in
                let variance = part.deviation * part.deviation + spread
                // The mean of e^x over an exponential of mean t is 1 / (1 - t).
                return sum + part.share * exp(part.mean + variance / 2) / (1 - part.tail)
            }
            #expect(mean / scores.parts.reduce(0) { $0 + $1.share } < 1)
        }
    }

    /// Each trap and each family turns up by its name. Rates are raised, so that a few days show all of them.
    @Test func everyTrapAndFamilyOccurs() throws {
        var population = try Self.shipped()
        for place in population.strata.indices {
            population.strata[place].messagesPerDay.most = 60
            population.strata[place].joins = 0.5
            for event in population.strata[place].events.indices {
                if case .perYear = population.strata[place].events[event].schedule {
                    population.strata[place].events[event].schedule = .perYear(60)
                }
                population.strata[place].events[event].burst?.recipients = LogNormal(median: 40)
            }
        }
        for place in population.families.indices {
            population.families[place].onsetsPer1000Years = 3000
            population.families[place].length.messages = LogNormal(median: 4)
        }
        population.start = Timestamp(rfc3339: "2026-01-22T00:00:00Z") ?? population.start
        var simulation = Simulation(
            population, seed: 61, days: 16, subscribers: population.strata.count * 5, allocation: .even)
        var honest: Set<String> = []
        var families: Set<String> = []
        var strata: Set<String> = []
        while let event = simulation.next() {
            guard case .message(let message) = event else { continue }
            strata.insert(population.strata[message.truth.stratum].name)
            if let name = message.truth.honest { honest.insert(simulation.honestNames[name]) }
            if let family = message.truth.family { families.insert(population.families[family].name) }
        }
        #expect(strata == Set(population.strata.map(\.name)))
        #expect(families == Set(population.families.map(\.name)))
        // Events without mail of their own show in the machines and networks of other messages.
        let silent = population.strata.flatMap(\.events).filter { $0.burst == nil }.map(\.name)
        #expect(honest == Set(simulation.honestNames).subtracting(silent))
    }
}
