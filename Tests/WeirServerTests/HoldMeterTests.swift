// How long the lock is held: what the meter says is what was noted.

import MailTypes
import Testing
import WeirEngine

@testable import WeirServer

@Suite struct HoldMeterTests {
    @Test func aMeterThatIsOffSaysNothing() {
        let live = LiveEngine(freshEngine(), position: 0)
        _ = live.step(.tick)
        #expect(live.holds == nil)
        var meter = HoldMeter(isOn: false)
        meter.end(.tick, since: meter.begin())
        #expect(!meter.isOn && meter.figures(of: .tick) == HoldMeter.Figures())
    }

    @Test func everyHoldIsCountedUnderItsKind() {
        let live = LiveEngine(freshEngine(), position: 0, measuresHolds: true)
        for _ in 0..<3 { _ = live.step(.tick) }
        _ = live.step(.policy(messagesPerHour(7)))
        _ = live.step(.act(OperatorAct(who: "op", .rearmBreaker)))
        _ = live.read { $0.view }
        while let group = live.takeGroup() { live.wrote(group) }
        let counts = HoldMeter.Kind.allCases.map { live.holds?.figures(of: $0).count }
        #expect(counts == [0, 3, 1, 1, 1, 3])
        #expect(live.holds?.figures(of: .tick).maxNanoseconds ?? 0 > 0)
    }

    @Test func theQuantileIsWithinAnEighthAndTheLongestExact() {
        var meter = HoldMeter(isOn: true)
        for length in 1...100_000 { meter.note(.question, .wall, length) }
        meter.note(.question, .wall, 5_000_000)
        let figures = meter.figures(of: .question)
        #expect(figures.count == 100_001 && figures.maxNanoseconds == 5_000_000)
        #expect((99_990...112_500).contains(figures.nanoseconds9999), "\(figures)")
        // A few alone: the longest is the quantile too.
        for length in [0, 7, 8, 9, 1 << 45] { meter.note(.act, .thread, length) }
        #expect(meter.figures(of: .act, .thread).maxNanoseconds == 1 << 45)
    }

    @Test func theFiguresStandInTheMetricsPage() {
        let live = LiveEngine(freshEngine(), position: 0, measuresHolds: true)
        _ = live.step(.tick)
        let page = Metrics().page(live.read { $0.view }, backlog: live.backlog, holds: live.holds)
        #expect(page.contains(#"weir_lock_holds_total{for="tick"} 1"#))
        #expect(page.contains(#"weir_lock_hold_nanoseconds{clock="wall",for="look",quantile="0.9999"}"#))
    }
}
