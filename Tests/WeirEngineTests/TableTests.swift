// The tables of the engine against dictionaries, and what gives way at their bounds.

import MailTypes
import Testing

@testable import WeirEngine

@Suite("KeyIndex")
struct KeyIndexTests {
    @Test("finds what a dictionary finds, colliding keys included", arguments: UInt64(0)..<20)
    func model(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var index = KeyIndex(capacity: 100)
        var model: [UInt64: Int] = [:]
        // Few different low bits: long runs, that wrap around the end as well. Every third key shares its lower half with
        // the one before, so that the table has to be asked.
        var keys: [UInt64] = []
        for number in 0..<150 {
            let fresh = random.next() << 8 | (seed % 2 == 0 ? 0xFA + random.next() % 12 : random.next() % 256)
            keys.append(number % 3 == 2 ? fresh & ~0xFFFF_FFFF | keys[number - 1] & 0xFFFF_FFFF : fresh)
        }
        for turn in 0..<3000 {
            let key = keys[Int(random.next() % UInt64(keys.count))]
            let slot = Int(random.next() % 1000)
            if random.next() % 2 == 0, model.count < 100 || model[key] != nil {
                index.set(key, to: slot) { model[key] == $0 }
                model[key] = slot
            } else if random.next() % 4 == 0 {
                index.remove(key, of: slot + 1000)  // of nobody
            } else if let held = model[key] {
                index.remove(key, of: held)
                model[key] = nil
            }
            must(index.count == model.count, "seed \(seed)")
            guard turn % 20 == 0 else { continue }
            must(
                keys.allSatisfy { key in index.slot(of: key) { model[key] == $0 } == model[key] },
                "seed \(seed), turn \(turn)")
        }
    }

    @Test("removing what is not in changes nothing")
    func absent() {
        var index = KeyIndex(capacity: 4)
        index.remove(0, of: 0)
        index.set(0, to: 7) { _ in true }
        index.remove(16, of: 7)
        index.remove(0, of: 8)
        #expect(index.slot(of: 0) { $0 == 7 } == 7)
        #expect(index.slot(of: 16) { _ in true } == nil)
        #expect(index.slot(of: 1 << 32) { _ in false } == nil)
        #expect(index.count == 1)
    }
}

@Suite("SubscriberTable")
struct SubscriberTableTests {
    @Test(
        "finds what a dictionary finds while there is room, and never evicts what is pinned", arguments: UInt64(0)..<8)
    func model(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var table = SubscriberTable(capacity: 40)
        var pinned: [UInt64: Int] = [:]
        var serials: [Int: UInt32] = [:]
        for turn in 0..<2000 {
            let key = random.next() % 300
            let known = table.slot(of: key, name: "n\(key)")
            if let known, random.next() % 4 == 0, pinned[key] == nil {
                let isRemoved = table.remove(known)
                must(isRemoved, "seed \(seed)")
                must(table.slot(of: key) == nil, "seed \(seed)")
            } else if let slot = known ?? table.insert(key: key, name: "n\(key)") {
                must(table.slots[slot].name == "n\(key)", "seed \(seed)")
                if known == nil, let before = serials[slot] {
                    #expect(table.slots[slot].serial != before, "seed \(seed)")
                }
                serials[slot] = table.slots[slot].serial
                table.slots[slot].lastSeen = Int64(turn)
                if pinned[key] == nil, pinned.count < 39, random.next() % 10 == 0 {
                    table.slots[slot].openCount += 1
                    pinned[key] = slot
                }
            }
            if random.next() % 15 == 0, let (key, slot) = pinned.min(by: { $0.key < $1.key }) {
                table.slots[slot].openCount -= 1
                pinned[key] = nil
            }
            must(table.count <= 40, "seed \(seed)")
            must(pinned.allSatisfy { table.slot(of: $0.key) == $0.value }, "seed \(seed), turn \(turn)")
        }
    }

    @Test("an open case, an open message and a child pin a slot; full of such, the table takes nobody")
    func pins() {
        var table = SubscriberTable(capacity: 3)
        for key in UInt64(1)...3 { _ = table.insert(key: key, name: "\(key)") }
        table.slots[0].openCount = 1
        table.slots[1].openCase = 0
        table.slots[2].children = 1
        let refused = table.insert(key: 4, name: "4")
        #expect(refused == nil)
        let removed = (0..<3).filter { table.remove($0) }
        #expect(removed.isEmpty)
        table.slots[1].openCase = -1
        let freed = table.insert(key: 4, name: "4")
        #expect(freed == 1)
        #expect(table.evicted == 1)
        #expect(table.slot(of: 2) == nil)
    }

    @Test("the longest idle gives way, and its parent has one child less")
    func eviction() {
        var table = SubscriberTable(capacity: 3)
        for key in UInt64(1)...3 { _ = table.insert(key: key, name: "\(key)") }
        for (slot, seen) in [(0, 30), (1, 10), (2, 20)] as [(Int, Int64)] { table.slots[slot].lastSeen = seen }
        table.slots[1].parent = 0
        table.slots[0].children = 1
        let slot = table.insert(key: 9, name: "9")
        #expect(slot == 1)
        #expect(table.slots[0].children == 0)
        #expect(table.slot(of: 1) == 0 && table.slot(of: 3) == 2 && table.slot(of: 9) == 1)
    }

    @Test("a slot that changed hands has another serial, by eviction and by removal")
    func serials() {
        var table = SubscriberTable(capacity: 1)
        _ = table.insert(key: 1, name: "a")
        let first = table.slots[0].serial
        _ = table.insert(key: 2, name: "b")
        let second = table.slots[0].serial
        _ = table.remove(0)
        let free = table.slots[0].serial
        _ = table.insert(key: 3, name: "c")
        #expect(Set([first, second, free, table.slots[0].serial]).count == 4)
    }
}

@Suite("MessageTable")
struct MessageTableTests {
    @Test("a ring: numbers go on, the oldest gives way with all its keys")
    func ring() {
        var table = MessageTable(capacity: 4, first: 7 << 48)
        for number in UInt64(1)...10 {
            let pushed = table.slotPushedOut
            #expect((pushed == nil) == (number <= 4))
            if let pushed { #expect(table.slots[pushed].number == 7 << 48 + number - 4) }
            let slot = table.insert(at: Int64(number))
            #expect(table.slots[slot].number == 7 << 48 + number)
            table.setQueueKey(1000 + number, of: slot)
            table.setSession(2000 + number, of: slot)
            table.setInstance(3000 + number, of: slot)
            for old in 1...number {
                let found = table.slot(of: 1000 + old)
                #expect((found != nil) == (old + 4 > number), "message \(old) when \(number) came")
                if let found { #expect(table.slots[found].number == 7 << 48 + old) }
            }
        }
    }

    @Test("a message that changes its keys again and again never fills the index")
    func changingKeys() {
        var table = MessageTable(capacity: 2, first: 0)
        let slot = table.insert(at: 0)
        for key in UInt64(1)...10_000 {
            table.setQueueKey(key, of: slot)
            table.setInstance(key << 20, of: slot)
            table.forgetSession(slot)
            table.setSession(key << 40, of: slot)
        }
        #expect(table.slot(of: 9999) == nil)
        #expect(table.slot(of: 10_000) == slot)
    }

    @Test("a key finds the younger of two, and the older one's end does not take it away")
    func takenOver() {
        var table = MessageTable(capacity: 4, first: 0)
        let old = table.insert(at: 0)
        table.setSession(5, of: old)
        let young = table.insert(at: 1)
        table.setSession(5, of: young)
        #expect(table.slot(of: 5) == young)
        table.forgetSession(old)
        #expect(table.slot(of: 5) == young)
        table.forgetSession(young)
        #expect(table.slot(of: 5) == nil)
    }

    @Test("each message comes up for expiry once, in order, when it is old enough")
    func expiry() {
        var table = MessageTable(capacity: 3, first: 0)
        for moment in [Int64(10), 20, 30, 40, 50] { _ = table.insert(at: moment) }
        let early = table.nextOlder(than: 30)
        #expect(early == nil)
        #expect(!table.haveRunOut(upTo: 30))
        var seen: [UInt64] = []
        while let slot = table.nextOlder(than: 45) { seen.append(table.slots[slot].number) }
        #expect(seen == [3, 4])
        #expect(table.haveRunOut(upTo: 49))
        #expect(!table.haveRunOut(upTo: 50))
    }

    @Test("survives storage with exactly the keys that it had")
    func storage() throws {
        var table = MessageTable(capacity: 3, first: 1 << 48)
        for number in UInt64(0)..<5 {
            let slot = table.insert(at: Int64(number))
            table.setQueueKey(1 + number / 2, of: slot)
            table.setSession(77, of: slot)
            if number == 4 { table.forgetSession(slot) }
        }
        var out = ByteWriter()
        table.encode(&out)
        var input = ByteReader(out.bytes)
        let back = try MessageTable(&input)
        try input.finish()
        for key in UInt64(0)..<100 { #expect(back.slot(of: key) == table.slot(of: key), "key \(key)") }
        #expect(back.slot(of: 77) == nil)
        var again = ByteWriter()
        back.encode(&again)
        #expect(again.bytes == out.bytes)
    }
}

extension MessageTable {
    /// Lets a connection find a message.
    fileprivate mutating func setSession(_ key: UInt64, of slot: Int) {
        slots[slot].sessionKey = key
        indexSession(slot)
    }
}
