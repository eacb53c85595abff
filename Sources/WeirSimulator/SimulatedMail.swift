// A simulated message as mail: the bytes that a mail program would send (RFC 5322), in reserved names alone.

import MailTypes

/// What an SMTP client says of a simulated message.
public struct SimulatedMail: Hashable, Sendable {
    /// The reverse-path, without brackets.
    public var sender: String
    /// The forward-paths, without brackets, in their order.
    public var recipients: [String]
    /// Header and body with CRLF, without dot-stuffing and without the final dot.
    public var data: [UInt8]

    /// The mail of a message. `seed` is told in a field, so that mail of a simulation can be known for what it is.
    public init(_ message: SimulatedMessage, seed: UInt64) {
        sender = message.sender.text
        recipients = message.transaction.envelope.recipients.map { Mailbox($0.key).text }
        var fields = [
            Content.Field(name: "Date", body: SimulatedMail.date(message.at)),
            Content.Field(name: "From", body: "<\(sender)>"),
            // Folded, because a header line has an end (RFC 5322 §2.1.1).
            Content.Field(name: "To", body: recipients.map { "<\($0)>" }.joined(separator: ",\r\n ")),
        ]
        fields += SimulationEvents.header(message)
        fields.append(Content.Field(name: "X-Weir-Simulation", body: "seed \(seed), message \(message.number)"))
        var text = ""
        for field in fields { text += "\(field.name): \(field.body)\r\n" }
        text += "\r\n"
        var length = 0
        for word in TextGrammar.body(message.text).split(separator: " ") {
            if length > 0, length + word.utf8.count >= 76 {
                text += "\r\n"
                length = 0
            } else if length > 0 {
                text += " "
                length += 1
            }
            text += word
            length += word.utf8.count
        }
        data = Array((text + "\r\n").utf8)
    }

    /// True where every address lies in a name that is reserved (RFC 2606): nothing else may leave a simulator. The null
    /// reverse-path is nobody's.
    public var isReserved: Bool {
        (sender.isEmpty || SimulatedMail.isReserved(sender)) && recipients.allSatisfy(SimulatedMail.isReserved)
    }

    /// True for an address in a reserved name.
    private static func isReserved(_ address: String) -> Bool {
        let parts = address.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return false }
        let names = parts[1].split(separator: ".").suffix(2)
        return ["example", "test", "invalid"].contains(names.last)
            || names.count == 2 && names.first == "example" && ["com", "net", "org"].contains(names.last)
    }

    /// `Mon, 05 Jan 2026 09:13:22 +0000` (RFC 5322 §3.3).
    static func date(_ at: Timestamp) -> String {
        let text = at.description
        let numbers = text.split(whereSeparator: { "-T:.Z".contains($0) }).compactMap { Int($0) }
        guard numbers.count >= 6, (1...12).contains(numbers[1]) else { return text }
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let day = Int((at.nanoseconds / 86_400_000_000_000) % 7)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return
            "\(days[(day + 7) % 7]), \(two(numbers[2])) \(months[numbers[1] - 1]) \(numbers[0]) \(two(numbers[3])):\(two(numbers[4])):\(two(numbers[5])) +0000"
    }
}
