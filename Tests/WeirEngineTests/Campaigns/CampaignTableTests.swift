// Campaigns: what links, what does not, and what is known of them.

import MailTypes
import Testing

@testable import WeirEngine

@Suite("CampaignTable")
struct CampaignTableTests {
    @Test("small worlds equal a naive partition", arguments: UInt64(0)..<40)
    func naive(seed: UInt64) {
        var sample = CampaignSample(seed: seed)
        var table = CampaignTable(bounds: .small)
        let families = (0..<6).map { _ in sample.sketch() }
        var variants: [[UInt16]] = []
        for family in families {
            for _ in 0..<5 { variants.append(sample.like(family, permille: 450 + sample.random.next() % 200)) }
        }
        var sent: [(sketch: [UInt16], subscriber: UInt64, loose: UInt32)] = []
        for step in 0..<60 {
            let sketch = variants[Int(sample.random.next() % 30)]
            let subscriber = 1 + sample.random.next() % 8
            let membership = table.note(
                Fingerprint(sketch: sketch), subscriber: subscriber, at: campaignStart + Int64(step) * minute)
            sent.append((sketch, subscriber, membership.loose))
        }
        // The naive way: everything with everything, until nothing changes.
        func isLinked(_ a: [UInt16], _ b: [UInt16]) -> Bool {
            let same = (0..<64).map { a[$0] & 0xFF == b[$0] & 0xFF }
            let hasBand = (0..<20).contains { band in
                let first = band < 10 ? 3 * band : 32 + 3 * (band - 10)
                return same[first] && same[first + 1] && same[first + 2]
            }
            return hasBand && same.count { $0 } >= 16 && same[32...].count { $0 } >= 4
        }
        var group = Array(0..<60)
        var isChanged = true
        while isChanged {
            isChanged = false
            for a in 0..<60 {
                for b in 0..<a where group[a] != group[b] && isLinked(sent[a].sketch, sent[b].sketch) {
                    let (low, high) = (min(group[a], group[b]), max(group[a], group[b]))
                    for place in 0..<60 where group[place] == high { group[place] = low }
                    isChanged = true
                }
            }
        }
        for a in 0..<60 {
            for b in 0..<a {
                let isOne = table.root(of: sent[a].loose) == table.root(of: sent[b].loose)
                #expect(isOne == (group[a] == group[b]), "seed \(seed): \(a) and \(b)")
            }
            let members = (0..<60).filter { group[$0] == group[a] }
            let known = table.statistics(of: sent[a].loose)
            #expect(known?.messages == UInt64(members.count), "seed \(seed)")
            #expect(known?.subscribers == Int64(Set(members.map { sent[$0].subscriber }).count), "seed \(seed)")
            #expect(known?.founder == sent[members[0]].subscriber, "seed \(seed)")
        }
    }

    @Test("recall follows 1-(1-J^3)^20 times the check at a quarter; unrelated texts are hardly ever linked")
    func recall() {
        var sample = CampaignSample(seed: 3)
        var table = CampaignTable(
            bounds: .with {
                $0.textsMax = 1 << 15; $0.campaignsMax = 1 << 14
            })
        for permille in [200, 300, 440, 570, 750] as [UInt64] {
            var hits = 0
            for round in 0..<1000 {
                let text = sample.sketch()
                let a = table.note(Fingerprint(sketch: text), subscriber: 1, at: campaignStart)
                let copy = sample.like(text, permille: permille)
                let b = table.note(Fingerprint(sketch: copy), subscriber: UInt64(round) + 2, at: campaignStart + minute)
                if table.root(of: a.loose) == table.root(of: b.loose) { hits += 1 }
            }
            let j = Double(permille) / 1000
            let expected = 1 - (0..<20).reduce(1.0) { miss, _ in miss * (1 - j * j * j) }
            let recall = Double(hits) / 1000
            // The check at a quarter costs where the resemblance is about that.
            #expect(
                recall < expected + 0.05 && recall > expected - (j < 0.35 ? 0.12 : 0.05),
                "\(j): \(recall) for \(expected)")
        }
        var linked = 0
        for _ in 0..<20_000 {
            let known = table.note(sample.message(), subscriber: sample.random.next(), at: campaignStart + 2 * minute)
            if known.statistics.messages > 1 { linked += 1 }
        }
        #expect(linked == 0)
    }

    @Test("tight groups: half of the slots, the same attachment, or subject and shape where no text is known")
    func tight() {
        var sample = CampaignSample(seed: 5)
        var table = CampaignTable(bounds: .small)
        let text = sample.sketch()
        func note(_ fingerprint: Fingerprint, _ subscriber: UInt64) -> CampaignMembership {
            table.note(fingerprint, subscriber: subscriber, at: campaignStart)
        }
        let first = note(Fingerprint(sketch: text), 1)
        #expect(first.isFirstOfTight)
        #expect(note(Fingerprint(sketch: text), 2).tight == first.tight)
        var half = text
        for slot in 0..<20 { half[slot] ^= 0xFF }
        #expect(note(Fingerprint(sketch: half), 3).tight == first.tight)
        var quarter = text
        for slot in stride(from: 0, to: 64, by: 1) where slot % 32 >= 10 { quarter[slot] ^= 0x5A }
        let far = note(Fingerprint(sketch: quarter), 4)
        #expect(far.tight != first.tight)
        #expect(table.root(of: far.loose) == table.root(of: first.loose))

        let file = Fingerprint.Key(.attachment, 99)
        let attached = note(sample.message(file), 5)
        #expect(note(sample.message(file), 6).tight == attached.tight)
        let (subject, shape) = (Fingerprint.Key(.subject, 7), Fingerprint.Key(.shape, 8))
        let bare = note(Fingerprint(keys: [subject, shape]), 7)
        let again = note(Fingerprint(keys: [subject, shape]), 7)
        #expect(again.tight == bare.tight && !again.isFirstOfTight)
        #expect(note(Fingerprint(keys: [subject, Fingerprint.Key(.shape, 9)]), 7).tight != bare.tight)
        let policy = note(Fingerprint(keys: [shape]), 8)
        #expect(note(Fingerprint(keys: [shape]), 8).tight == policy.tight)
        #expect(note(Fingerprint(keys: [shape]), 9).tight != policy.tight)
        #expect(note(Fingerprint(), 9).isFirstOfTight)
    }

    @Test("a new link joins senders whose texts share nothing, and keeps its numbers through unions")
    func keys() {
        var sample = CampaignSample(seed: 6)
        var table = CampaignTable(bounds: .small)
        let link = Fingerprint.Key(.link, 1234)
        let contact = Fingerprint.Key(.contact, 55)
        var last = table.note(sample.message(link), subscriber: 1, at: campaignStart)
        table.noteRecipients(loose: last.loose, new: 3, total: 4)
        table.noteContent(loose: last.loose, score: 2000)
        table.noteResult(loose: last.loose, dead: true)
        let other = table.note(sample.message(contact), subscriber: 2, at: campaignStart + minute)
        table.noteRecipients(loose: other.loose, new: 1, total: 1)
        table.noteContained(subscriber: 2, loose: other.loose)
        table.noteContent(loose: other.loose, score: 3000)
        last = table.note(sample.message(link, contact), subscriber: 3, at: campaignStart + 2 * minute)
        table.noteContent(loose: last.loose, score: 1000)
        table.noteResult(loose: last.loose, refusedAsSpam: true)
        let known = table.statistics(of: last.loose)!
        #expect(table.statistics(of: other.loose) == known)
        #expect(known.messages == 3 && known.subscribers == 3 && known.contained == 1)
        #expect(known.recipients == 5 && known.newRecipients == 4)
        #expect(known.results == 2 && known.dead == 1 && known.refusedAsSpam == 1)
        #expect(known.contentScore == 2000)
        #expect(known.founder == 1 && known.firstSeen == campaignStart)
        #expect(known.aloneNanoseconds == minute)
        table.noteReleased(subscriber: 2)
        #expect(table.statistics(of: other.loose)!.contained == 0)
        let seen = table.campaigns(most: 5)
        #expect(seen.count == 1 && seen[0].messages == 3)
        #expect(table.campaign(id: seen[0].id) == seen[0])
        #expect(table.campaign(id: "c00000000") == nil && table.campaign(id: "x") == nil)
    }

    @Test("what everybody writes stops to link; a key from before the learning links nothing")
    func popular() {
        var sample = CampaignSample(seed: 7)
        var table = CampaignTable(bounds: .small)
        let host = Fingerprint.Key(.link, 42)
        var now = campaignStart
        var last = table.note(sample.message(host), subscriber: 1, at: now)
        for subscriber in UInt64(2)..<400 {
            now += minute
            last = table.note(sample.message(host), subscriber: subscriber, at: now)
        }
        #expect(last.statistics.subscribers == 1)
        #expect(table.campaigns(most: 1)[0].subscribers <= 17)

        var learning = CampaignTable(bounds: .with { $0.learningSeconds = 6 * 3600 })
        _ = learning.note(sample.message(host), subscriber: 1, at: campaignStart)
        #expect(
            learning.note(sample.message(host), subscriber: 2, at: campaignStart + minute).statistics.subscribers == 1)
        let fresh = Fingerprint.Key(.link, 43)
        _ = learning.note(sample.message(fresh), subscriber: 1, at: campaignStart + 7 * hour)
        let joined = learning.note(sample.message(fresh), subscriber: 2, at: campaignStart + 7 * hour)
        #expect(joined.statistics.subscribers == 2)
        #expect(
            learning.note(sample.message(fresh), subscriber: 3, at: campaignStart + 40 * hour).statistics.subscribers
                == 1)
    }

    @Test(
        "who copies the parish's newsletter joins it by its text, is told from its founder, and does not draw it in by a link"
    )
    func poisoning() {
        var sample = CampaignSample(seed: 8)
        var table = CampaignTable(bounds: .small)
        let parish: UInt64 = 1
        let newsletter = sample.sketch()
        let page = Fingerprint.Key(.link, 77)
        for round in 0..<200 {
            _ = table.note(
                Fingerprint(sketch: newsletter, keys: [page]), subscriber: parish,
                at: campaignStart + Int64(round) * 3 * minute)
        }
        let later = campaignStart + 12 * hour
        // Spam of its own, with the parish's link and its own in it.
        let evil = Fingerprint.Key(.link, 666)
        var spam = table.note(sample.message(evil, page), subscriber: 100, at: later)
        for bot in UInt64(101)..<120 {
            spam = table.note(sample.message(evil, page), subscriber: bot, at: later + Int64(bot) * minute)
            table.noteContained(subscriber: bot, loose: spam.loose)
        }
        #expect(spam.statistics.subscribers >= 15)
        let mail = table.note(Fingerprint(sketch: newsletter, keys: [page]), subscriber: parish, at: later + 3 * hour)
        #expect(table.root(of: mail.loose) != table.root(of: spam.loose))
        #expect(mail.isFounder && mail.statistics.contained == 0)
        // A copy of the newsletter with the bad link.
        let copy = table.note(Fingerprint(sketch: newsletter, keys: [evil]), subscriber: 200, at: later + 4 * hour)
        #expect(!copy.isFounder)
        #expect(copy.statistics.founder == parish)
        #expect(copy.statistics.hasInnocentFounder)
        #expect(copy.statistics.founderMessages == 201)
        #expect(copy.statistics.aloneNanoseconds == 16 * hour)
        #expect(copy.statistics.contained == 0)
        #expect(table.root(of: copy.loose) != table.root(of: spam.loose))
        #expect(!table.statistics(of: spam.loose)!.hasInnocentFounder)
    }

    @Test("two large campaigns are never made one by a message made of both")
    func bridge() {
        var sample = CampaignSample(seed: 9)
        var table = CampaignTable(bounds: .small)
        let (a, b) = (sample.sketch(), sample.sketch())
        var last = (UInt32(0), UInt32(0))
        for subscriber in UInt64(1)...20 {
            last.0 = table.note(Fingerprint(sketch: a), subscriber: subscriber, at: campaignStart).loose
            last.1 = table.note(Fingerprint(sketch: b), subscriber: 100 + subscriber, at: campaignStart).loose
        }
        let half = (0..<64).map { $0 % 32 < 16 ? a[$0] : b[$0] }
        _ = table.note(Fingerprint(sketch: half), subscriber: 500, at: campaignStart + minute)
        #expect(table.root(of: last.0) != table.root(of: last.1))
        #expect(table.refusedUnions == 1)
    }

    @Test("subscribers are exact up to 32, then estimated; established ones are those who did it before")
    func subscribers() {
        var sample = CampaignSample(seed: 10)
        var table = CampaignTable(bounds: .small)
        let text = Fingerprint(sketch: sample.sketch())
        for count in 1...500 {
            let known = table.note(text, subscriber: sample.random.next(), at: campaignStart + Int64(count) * minute)
            let found = known.statistics.subscribers
            if count <= 32 {
                #expect(found == Int64(count))
            } else {
                #expect(abs(found - Int64(count)) <= max(3, Int64(count / 6)), "\(found) for \(count)")
            }
        }
        var news = CampaignTable(bounds: .small)
        for time in [0, 6, 13] as [Int64] {
            _ = news.note(text, subscriber: 1, at: campaignStart + time * hour, handling: .list)
        }
        let joined = news.note(text, subscriber: 2, at: campaignStart + 13 * hour)
        #expect(joined.statistics.established == 1)
        #expect(joined.statistics.listPermille == 750)
    }
}
