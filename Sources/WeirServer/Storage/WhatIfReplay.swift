// The journal's part of `weir replay --policy`: it feeds a comparison from disk.

import MailTypes
import WeirAudit
import WeirEngine

/// A journal replayed under two policies.
public struct WhatIfReplay: Encodable, Sendable {
    /// The replay of what is on record: which inputs, and whether they came out as recorded.
    public var replay: ReplayReport
    /// The comparison.
    public var whatIf: WhatIfReport

    /// Replays the journal of a state directory from its oldest snapshot, or from the last one up to a moment, once as it was
    /// and once under the policy of a configuration in force from there on. Changes nothing.
    public static func run(
        stateDirectory: String, policyOf configuration: Configuration, measure: WhatIfMeasure,
        since moment: Timestamp? = nil
    ) throws -> WhatIfReplay {
        var comparison: WhatIf?
        let (report, engine) = try ReplayReport.replay(stateDirectory: stateDirectory, since: moment) { engine in
            comparison = WhatIf(
                from: engine, policy: configuration.policy(revision: engine.policy.revision), measure: measure)
        } each: { input, outputs, _ in
            comparison?.take(input, recorded: outputs)
        }
        guard let finished = comparison.take()?.finish(recorded: engine) else {
            throw JournalDamage(position: report.end, found: "the replay did not begin")
        }
        return WhatIfReplay(replay: report, whatIf: finished)
    }
}
