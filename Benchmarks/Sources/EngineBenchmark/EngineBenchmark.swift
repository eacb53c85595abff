// The engine alone: steps a second on one core with throttles at a million subscribers, bytes a subscriber.

import Glibc
import MailTypes
import WeirEngine

/// Steps an engine with the default plan through messages of very many subscribers, as the milter door asks them.
@main
enum EngineBenchmark {
    /// Runs: subscribers and steps from the command line; `detectors` as the third puts them on. `fleet` as the first runs
    /// `FleetBenchmark` instead.
    static func main() {
        let arguments = CommandLine.arguments
        if arguments.count > 1, arguments[1] == "fleet" {
            return FleetBenchmark.run(subscribers: arguments.count > 2 ? Int(arguments[2]) ?? 10_000_000 : 10_000_000)
        }
        let subscribers = arguments.count > 1 ? Int(arguments[1]) ?? 1_000_000 : 1_000_000
        let steps = arguments.count > 2 ? Int(arguments[2]) ?? 2_000_000 : 2_000_000
        var policy = Policy()
        policy.watch.isOn = arguments.contains("detectors")
        print("detectors=\(policy.watch.isOn ? "on" : "off")")
        var engine = Engine(policy: policy, seed: 1)
        var random = SeededGenerator(seed: 2)
        let before = residentBytes()
        var at = Timestamp(seconds: 1_800_000_000)
        let hash = AddressHash(KeyedHash(key0: 3, key1: 4))
        // Everybody sends once: two questions, so that half of the steps reserve and half commit.
        for index in 0..<subscribers {
            message(index, number: index, &engine, &random, &at, hash)
        }
        let full = residentBytes()
        print(
            "subscribers=\(engine.view.subscribers) bytes_each=\((full - before) / max(1, subscribers)) (tables of messages included)"
        )
        for round in 1...3 {
            let began = cpuNanoseconds()
            for step in 0..<steps / 2 {
                message(
                    Int.random(in: 0..<subscribers, using: &random), number: subscribers + round * steps + step,
                    &engine, &random, &at, hash)
            }
            let spent = cpuNanoseconds() - began
            let perStep = Double(spent) / Double(steps)
            print(
                "round=\(round) ns_per_step=\(Int(perStep)) steps_per_second=\(Int(1e9 / perStep)) messages=\(engine.view.totals.messages)"
            )
        }
        print("bytes_each_at_end=\((residentBytes() - before) / max(1, subscribers))")
    }

    /// One message of a subscriber: DATA, then the end.
    private static func message(
        _ subscriber: Int, number: Int, _ engine: inout Engine, _ random: inout SeededGenerator, _ at: inout Timestamp,
        _ hash: AddressHash
    ) {
        at = at.advanced(byNanoseconds: 10_000)
        let session = Session(
            door: .milter, mailHost: "localhost",
            client: NetworkAddress(ipv4: 0x0A00_0000 | UInt32(subscriber & 0xFF_FFFF)),
            clientPort: UInt16(truncatingIfNeeded: number), helo: "pc", login: "user\(subscriber)@example.net")
        let friend = UInt64(subscriber) &* 31 &+ random.next() % 8
        let recipient = Recipient(AddressKey(address: friend &* 0x9E37_79B9_7F4A_7C15, domain: friend % 100))
        var transaction = Transaction(
            stage: .data, session: session,
            envelope: Envelope(
                reversePath: AddressKey(address: UInt64(subscriber), domain: 1), recipients: [recipient],
                recipientsAreComplete: true, recipientCount: 1),
            queueID: String(number, radix: 36))
        var others: [Output] = []
        _ = engine.step(transaction, at: at, &others)
        transaction.stage = .endOfMessage
        transaction.envelope.bytes = 4000
        _ = engine.step(transaction, at: at, &others)
    }

    /// CPU time of this thread.
    static func cpuNanoseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Resident memory of this process.
    static func residentBytes() -> Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        guard fgets(&line, 256, file) != nil else { return 0 }
        let fields = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).split(
            separator: " ")
        return (Int(fields[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE)))
    }
}
