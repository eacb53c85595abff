// Every compared method on the same events, in the order of the tables.

import MailTypes

/// One pass of all methods over one run: their records answer the published settings and every other.
public struct BaselineLineup: Sendable {
    /// VOL-A.
    private var daily: TuningPass<RecipientQuota>
    /// VOL-B.
    private var hourly: TuningPass<RecipientQuota>
    /// CT.
    private var count: TuningPass<SpamCountThreshold>
    /// PT.
    private var share: TuningPass<SpamShareThreshold>
    /// SPOT, the paper's α first.
    private var spot: TuningPass<SPOT>
    /// EXTR.
    private var extrusion: TuningPass<ExtrusionDetection>
    /// CUSUM on content.
    private var content: TuningPass<ContentCUSUM>

    /// All methods at the start of a run with so many attacks.
    public init(population: RunPopulation, episodes: Int) {
        let subscribers = population.strata.count
        daily = TuningPass(.daily(subscribers: subscribers), population: population, episodes: episodes)
        hourly = TuningPass(.hourly(subscribers: subscribers), population: population, episodes: episodes)
        count = TuningPass(SpamCountThreshold(subscribers: subscribers), population: population, episodes: episodes)
        share = TuningPass(SpamShareThreshold(subscribers: subscribers), population: population, episodes: episodes)
        spot = TuningPass(
            SPOT(alphas: SPOT.alphas, subscribers: subscribers), population: population, episodes: episodes)
        extrusion = TuningPass(
            ExtrusionDetection(subscribers: subscribers), population: population, episodes: episodes)
        content = TuningPass(ContentCUSUM(subscribers: subscribers), population: population, episodes: episodes)
    }

    /// Takes in a message, sent where its subscriber stood so.
    public mutating func note(_ message: BaselineMessage, _ phase: SubscriberPhase) {
        daily.note(message, phase)
        hourly.note(message, phase)
        count.note(message, phase)
        share.note(message, phase)
        spot.note(message, phase)
        extrusion.note(message, phase)
        content.note(message, phase)
    }

    /// Takes in a result, come where its subscriber stood so. Only extrusion detection learns from it.
    public mutating func note(_ result: BaselineResult, _ phase: SubscriberPhase) { extrusion.note(result, phase) }

    /// The records, method by method, the episodes in the order of their numbers.
    public func records(episodes: [AttackEpisode]) -> [TuningRecord] {
        [
            daily.record(episodes: episodes), hourly.record(episodes: episodes), count.record(episodes: episodes),
            share.record(episodes: episodes), spot.record(episodes: episodes), extrusion.record(episodes: episodes),
            content.record(episodes: episodes),
        ]
    }
}
