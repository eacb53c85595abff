// weir subscriber list|show|reset|set-limit

import ArgumentParser
import WeirServer

/// The subscribers, and what a person can do for one.
struct SubscriberCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "subscriber", abstract: "See who is near or over a limit; reset one, or give it its own limit.",
        subcommands: [List.self, Show.self, Reset.self, SetLimit.self])

    /// The fullest first.
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List subscribers, those nearest to a limit first.")
        @OptionGroup var control: ControlOptions
        @Option(help: "How many.") var count = 20
        @Option(help: "Only those that used at least so much of a limit, in percent.") var percent = 0

        /// Asks and prints.
        func run() throws {
            guard count > 0 else { throw ValidationError("--count is at least 1") }
            var request = ControlRequest(.subscriberList)
            request.count = count
            request.percent = percent
            let subscribers = try control.ask(request).subscribers ?? []
            if control.json { return try control.print(json: subscribers) }
            guard !subscribers.isEmpty else {
                print(percent > 0 ? "Nobody has used \(percent) % of a limit." : "No subscriber has sent yet.")
                return
            }
            print(subscribers.table)
        }
    }

    /// One subscriber.
    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show one subscriber: each limit, how much is used, what it does.")
        @OptionGroup var control: ControlOptions
        @Argument(help: "The subscriber: a login, a mapped name, or [192.0.2.1].") var name: String

        /// Asks and prints.
        func run() throws {
            var request = ControlRequest(.subscriberShow)
            request.subscriber = name
            guard let subscriber = try control.ask(request).subscribers?.first else {
                throw Failure(description: "no subscriber in the answer")
            }
            if control.json { return try control.print(json: subscriber) }
            print(subscriber.text)
        }
    }

    /// Empties a subscriber's counters.
    struct Reset: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Empty a subscriber's counters and close its case.")
        @OptionGroup var control: ControlOptions
        @OptionGroup var reason: WhyOption
        @Argument(help: "The subscriber.") var name: String

        /// Asks and prints.
        func run() throws {
            var request = ControlRequest(.subscriberReset)
            request.subscriber = name
            request.why = reason.why
            try control.print(done: try control.ask(request))
        }
    }

    /// Gives a subscriber its own limit.
    struct SetLimit: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give a subscriber its own amount for one limit of its plan, or the plan's again.",
            discussion:
                "weir subscriber set-limit club@example.net recipients-1h \"2000 recipients per hour, burst 500\" --why \"parish newsletter\""
        )
        @OptionGroup var control: ControlOptions
        @OptionGroup var reason: WhyOption
        @Argument(help: "The subscriber.") var name: String
        @Argument(help: "The limit's name within the plan, such as recipients-1h (see weir subscriber show).")
        var limit: String
        @Argument(help: "The new line; leave it out to go back to the plan's.") var line: String?

        /// Asks and prints.
        func run() throws {
            var request = ControlRequest(.subscriberSetLimit)
            request.subscriber = name
            request.limit = limit
            request.line = line
            request.why = reason.why
            try control.print(done: try control.ask(request))
        }
    }
}

extension [SubscriberReport] {
    /// What a person reads of many: a line each.
    var table: String {
        var table = TextTable(
            [
                "SUBSCRIBER", "PLAN", "FULLEST LIMIT", "USED", "ROOM", "MODE", "MESSAGES", "STOPPED", "WOULD STOP",
                "CASE",
            ],
            numbers: [3, 6, 7, 8])
        for subscriber in self {
            let fullest = subscriber.limits.max { $0.usedPercent < $1.usedPercent }
            table.add([
                subscriber.name, subscriber.plan, fullest?.line ?? "-", fullest.map { "\($0.usedPercent) %" } ?? "-",
                fullest?.roomInSeconds.asWait ?? "-", fullest?.mode ?? "-", "\(subscriber.messages)",
                "\(subscriber.stopped)", "\(subscriber.wouldStop)", subscriber.openCase?.code ?? "-",
            ])
        }
        return table.text
    }
}

extension SubscriberReport {
    /// What a person reads of one.
    var text: String {
        var lines = [
            "\(name), plan \(plan)\(parent.map { ", shares the budget of \($0)" } ?? "")\(exempt ? ", exempt" : "")",
            "last seen \(lastSeen); \(messages) messages to \(recipients) recipients passed, \(stopped) stopped, \(wouldStop) would have been",
        ]
        if let open = openCase {
            lines.append(
                "case \(open.code): \(open.state) by \(open.rule) since \(open.openedAt), last stop \(open.lastAt), \(open.held) held, \(open.refused) refused"
            )
        }
        var table = TextTable(["LIMIT", "USED", "OF", "ROOM FOR ONE MORE", "MODE", "DOES"], numbers: [1, 2])
        for limit in limits {
            table.add([
                limit.line, "\(limit.used)", "\(limit.burst)", limit.roomInSeconds.asWait, limit.mode, limit.does,
            ])
        }
        return (lines + ["", table.text]).joined(separator: "\n")
    }
}
