// weir campaign list|show

import ArgumentParser
import WeirServer

/// The same mail from one or many subscribers.
struct CampaignCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "campaign", abstract: "See campaigns: the same mail from one or many subscribers.",
        subcommands: [List.self, Show.self])

    /// Many.
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List campaigns, those with the most contained subscribers first.")
        @OptionGroup var control: ControlOptions
        @Option(help: "How many.") var count = 20

        /// Asks and prints.
        func run() throws {
            guard count > 0 else { throw ValidationError("--count is at least 1") }
            var request = ControlRequest(.campaignList)
            request.count = count
            let campaigns = try control.ask(request).campaigns ?? []
            if control.json { return try control.print(json: campaigns) }
            guard !campaigns.isEmpty else {
                print("No campaign is remembered. They are followed while detectors.mode is on.")
                return
            }
            print(campaigns.table)
        }
    }

    /// One.
    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show one campaign.")
        @OptionGroup var control: ControlOptions
        @Argument(help: "Its name, as weir campaign list shows it.") var id: String

        /// Asks and prints.
        func run() throws {
            var request = ControlRequest(.campaignShow)
            request.campaign = id
            guard let campaign = try control.ask(request).campaigns?.first else {
                throw Failure(description: "no campaign in the answer")
            }
            if control.json { return try control.print(json: campaign) }
            print(campaign.text)
        }
    }
}

extension [CampaignReport] {
    /// What a person reads of many: a line each, 80 columns.
    var table: String {
        var table = TextTable(
            ["CAMPAIGN", "SENT", "SENDERS", "CONTAINED", "FIRST", "LAST", "DEAD", "KEYS"], numbers: [1, 2, 3, 4, 5, 6])
        for campaign in self {
            let keys = campaign.keysText
            table.add([
                campaign.id, "\(campaign.messages)", "\(campaign.subscribers)", "\(campaign.contained)",
                campaign.firstSeconds.asWait, campaign.lastSeconds.asWait, campaign.deadText,
                keys.count <= 20 ? keys : "\(keys.prefix(19))…",
            ])
        }
        return table.text
    }
}

extension CampaignReport {
    /// `3 link, 1 subject`.
    fileprivate var keysText: String {
        keys.isEmpty ? "-" : keys.map { "\($0.count) \($0.kind)" }.joined(separator: ", ")
    }

    /// `12 %`, `-` without results.
    fileprivate var deadText: String { deadShare.map { "\(Int(($0 * 100).rounded())) %" } ?? "-" }

    /// `3 h ago`, `now`.
    private static func ago(_ seconds: Int64) -> String { seconds > 0 ? "\(seconds.asWait) ago" : "now" }

    /// What a person reads of one.
    var text: String {
        var lines = [
            "Campaign \(id)",
            "  \(messages) messages from about \(subscribers) subscribers, \(contained) of them contained",
            "  first \(firstSeen) (\(CampaignReport.ago(firstSeconds)))",
            "  last  \(lastSeen) (\(CampaignReport.ago(lastSeconds)))",
            "  \(results) delivery results, \(dead) of them of recipients that do not exist (\(deadText))",
            "  keys that came with it: \(keysText)",
        ]
        if hasInnocentFounder {
            lines.append("  Its first sender was long alone with it, as with a newsletter: no evidence.")
        }
        return lines.joined(separator: "\n")
    }
}
