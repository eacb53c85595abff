// A simulation as the JSON lines of events.md: what `weir audit --format events` reads.

import MailTypes

/// Composes lines. It keeps nothing: a line follows from an event and the population.
public struct SimulationEvents: Sendable {
    /// What the lines hold.
    public struct Parts: Hashable, Sendable {
        /// The text of each message, from which a content analysis can be made.
        public var text: Bool
        /// The calibrated content evidence of each message.
        public var score: Bool

        /// Parts; both unless said.
        public init(text: Bool = true, score: Bool = true) {
            self.text = text
            self.score = score
        }
    }

    /// The population.
    public let population: Population
    /// What the lines hold.
    public let parts: Parts

    /// A composer for simulations of a population.
    public init(_ population: Population, parts: Parts = Parts()) {
        self.population = population
        self.parts = parts
    }

    /// The line of an event.
    public func line(_ event: SimulatedEvent) -> String {
        switch event {
        case .message(let message): transaction(message)
        case .delivery(let result):
            JSONLine.object { line in
                line.member("type", "delivery")
                line.member("at", result.at.description)
                line.member("id", result.delivery.queueID)
                line.member("host", result.delivery.mailHost)
                line.member("to", Mailbox(result.delivery.recipient).text)
                line.member("status", result.delivery.status.description)
                line.member("outcome", result.delivery.outcome.description)
            }
        case .complaint(let complaint):
            JSONLine.object { line in
                line.member("type", "complaint")
                line.member("at", complaint.at.description)
                line.member("id", complaint.queueID)
                line.member("host", complaint.mailHost)
                line.member("kind", complaint.kind.description)
            }
        case .lease(let lease):
            JSONLine.object { line in
                line.member("type", "lease")
                line.member("at", lease.at.description)
                line.member("subscriber", "line-\(lease.subscriber)")
                line.member("address", lease.address.description)
                line.member("event", "start")
                line.member("port_first", Int(lease.ports.lowerBound))
                line.member("port_last", Int(lease.ports.upperBound))
            }
        }
    }

    /// The line of a message.
    private func transaction(_ message: SimulatedMessage) -> String {
        let session = message.transaction.session
        let envelope = message.transaction.envelope
        let content = message.transaction.content
        return JSONLine.object { line in
            line.member("type", "transaction")
            line.member("at", message.at.description)
            line.member("id", message.transaction.queueID)
            line.member("host", session.mailHost)
            if !session.login.isEmpty { line.member("login", session.login) }
            if let client = session.client { line.member("client", client.description) }
            line.member("client_port", Int(session.clientPort))
            line.member("helo", session.helo)
            line.member("from", message.sender.text)
            line.member("to", envelope.recipients.map { Mailbox($0.key).text })
            line.member("size", envelope.bytes)
            line.member("accepted", true)
            line.member("header") { header(message, &$0) }
            if parts.text {
                line.member("text", TextGrammar.subject(message.text) + "\n" + TextGrammar.body(message.text))
            }
            if parts.score, let score = content.spamScore { line.member("spam_llr", thousandths: Int(score)) }
        }
    }

    /// The header fields that a source knows, in an order that the style of the mail program decides.
    private func header(_ message: SimulatedMessage, _ line: inout JSONLine) {
        for field in SimulationEvents.header(message) { line.member(field.name, field.body) }
    }

    /// The header fields that a source knows.
    static func header(_ message: SimulatedMessage) -> [Content.Field] {
        let style = message.transaction.content.style ?? 0
        let identifier = Content.Field(
            name: style & 1 == 1 && style & 4 != 0 ? "Message-Id" : "Message-ID",
            body:
                "<\(message.transaction.queueID).\(String(style & 0xFFFF, radix: 36))@\(message.transaction.session.helo)>"
        )
        let program = Content.Field(
            name: style & 2 == 0 ? "User-Agent" : "X-Mailer", body: "Mailer/\(style % 89).\(style >> 8 & 7)")
        let subject = Content.Field(
            name: "Subject", body: (message.isReply ? "Re: " : "") + TextGrammar.subject(message.text))
        var fields = style & 1 == 0 ? [identifier, subject, program] : [program, subject, identifier]
        func add(_ name: String, _ body: String) { fields.append(Content.Field(name: name, body: body)) }
        if message.isReply { add("In-Reply-To", "<\(String(Mixing.mix(style), radix: 36))@mail.example.net>") }
        switch message.transaction.content.handling {
        case .own: break
        case .forwarded: add("Resent-From", "<u\(message.truth.subscriber)@isp.example>")
        case .list: add("List-Id", "<list-\(message.truth.subscriber).example>")
        case .automatic: add("Auto-Submitted", "auto-replied")
        }
        return fields
    }

    // MARK: - Labels

    /// The label lines of a simulation that has run: one for each take-over, and one for each subscriber that had none.
    /// The engine never sees them.
    public func labels(of simulation: Simulation) -> [String] {
        var lines: [String] = []
        var isHit = [Bool](repeating: false, count: simulation.subscriberCount)
        for episode in simulation.episodes where episode.messages > 0 {
            isHit[episode.subscriber] = true
            let subscriber = simulation.subscriber(episode.subscriber)
            lines.append(
                JSONLine.object { line in
                    line.member("type", "label")
                    line.member("subscriber", subscriber.name)
                    line.member("taken_over_from", episode.from.description)
                    line.member("taken_over_until", episode.until.description)
                    line.member("stratum", population.strata[subscriber.stratum].name)
                    line.member("family", population.families[episode.family].name)
                })
        }
        for index in isHit.indices where !isHit[index] {
            let subscriber = simulation.subscriber(index)
            lines.append(
                JSONLine.object { line in
                    line.member("type", "label")
                    line.member("subscriber", subscriber.name)
                    line.member("stratum", population.strata[subscriber.stratum].name)
                })
        }
        return lines
    }
}
