// What passes of a slowed subscriber's mail.

import Testing

@testable import WeirEngine

/// A slowed subscriber at twenty new recipients an hour.
private final class Slowed {
    /// Where it stands.
    private var standing = Standing()

    /// True where mail to so many passes.
    func passes(_ newRecipients: Int, at time: Int64) -> Bool {
        standing.passes(newRecipients: newRecipients, perHour: 20, at: time)
    }
}

@Suite struct StandingTests {
    /// An hour in nanoseconds.
    private static let hour: Int64 = 3_600_000_000_000

    @Test("twenty new recipients an hour pass, and old ones always") func pace() {
        let slowed = Slowed()
        let passed = (0..<60).count { _ in slowed.passes(1, at: 0) }
        #expect(passed == 20)
        #expect(slowed.passes(0, at: 0))
        let later = (0..<60).count { _ in slowed.passes(1, at: Self.hour / 2) }
        #expect(later == 10)
    }

    @Test("a message of more passes where nothing is owed, and is paid off before the next") func large() {
        let slowed = Slowed()
        #expect(slowed.passes(81, at: 0))
        for part in 0..<61 {
            #expect(!slowed.passes(1, at: Int64(part) * Self.hour / 20), "\(part)")
        }
        #expect(slowed.passes(1, at: 62 * Self.hour / 20))
        #expect(!slowed.passes(81, at: 63 * Self.hour / 20), "something is owed")
        #expect(slowed.passes(81, at: 90 * Self.hour / 20))
    }

    @Test("a mailing waits for somebody's word") func mailing() {
        let slowed = Slowed()
        #expect(!slowed.passes(201, at: 0))
        #expect(slowed.passes(200, at: 0))
        #expect(!slowed.passes(1, at: 9 * Self.hour - 1))
        #expect(slowed.passes(1, at: 10 * Self.hour))
    }
}
