// What `Evaluate` is asked to do. Without arguments: the full protocol.

/// The arguments.
struct Arguments: Sendable {
    /// Population files; the first is the one that the goals are set for.
    var populations: [String] = []
    /// Seeds of the runs that are judged.
    var seeds: ClosedRange<UInt64> = 1001...1050
    /// Seeds of the runs on which the compared methods are tuned.
    var tuneSeeds: ClosedRange<UInt64> = 21...40
    /// Days of a run, the first weeks included.
    var days = 210
    /// Subscribers of a run, dealt out by the strata's shares; 0 for no such runs.
    var subscribers = 800
    /// Subscribers of a run with equal strata; 0 for no such runs.
    var even = 513
    /// How many times likelier take-overs are than the population says.
    var attackFactor = 10.0
    /// A family at a fixed rate, judged apart: its name and the messages an hour.
    var sweep: (family: String, perHour: Double)? = ("low-and-slow", 2)
    /// True where an engine without content runs beside.
    var withBlind = true
    /// Runs at a time.
    var threads = 2
    /// Draws of the bootstrap.
    var replicates = 1000
    /// Minutes after which no further run begins.
    var minutesMax = 225
    /// Where the page is written; pictures go into a folder of its name.
    var out = "Docs/evaluation.md"
    /// What to say of the run on the page.
    var remark = ""

    /// How it is called.
    static let usage = """
        Evaluate [--population FILE]… [--seeds 1001-1050] [--tune-seeds 21-40] [--days 210] [--subscribers 800] [--even 513]
                 [--attack-factor 10] [--sweep FAMILY=PER_HOUR | --no-sweep] [--no-blind] [--threads 2] [--replicates 1000]
                 [--minutes-max 225] [--out Docs/evaluation.md] [--remark TEXT]
        """

    /// Reads arguments; nil, with a word of what is wrong, where they can't be.
    static func parse(_ given: [String]) -> (Arguments?, String) {
        var arguments = Arguments()
        var place = 0
        while place < given.count {
            let name = given[place]
            place += 1
            switch name {
            case "--no-blind":
                arguments.withBlind = false
                continue
            case "--no-sweep":
                arguments.sweep = nil
                continue
            default: break
            }
            guard place < given.count else { return (nil, "\(name) needs a value, or is unknown") }
            let value = given[place]
            place += 1
            guard arguments.take(name, value) else { return (nil, "\(name) \(value) is not understood") }
        }
        if arguments.populations.isEmpty { arguments.populations = ["Simulation/population.yaml"] }
        return (arguments, "")
    }

    /// Takes one argument; false where it is wrong.
    private mutating func take(_ name: String, _ value: String) -> Bool {
        func whole(_ least: Int, _ keep: (Int) -> Void) -> Bool {
            guard let number = Int(value), number >= least else { return false }
            keep(number)
            return true
        }
        switch name {
        case "--population": populations.append(value)
        case "--out": out = value
        case "--remark": remark = value
        case "--seeds":
            guard let range = Arguments.range(value) else { return false }
            seeds = range
        case "--tune-seeds":
            guard let range = Arguments.range(value) else { return false }
            tuneSeeds = range
        case "--days": return whole(30) { days = $0 }
        case "--subscribers": return whole(0) { subscribers = $0 }
        case "--even": return whole(0) { even = $0 }
        case "--threads": return whole(1) { threads = $0 }
        case "--replicates": return whole(10) { replicates = $0 }
        case "--minutes-max": return whole(1) { minutesMax = $0 }
        case "--attack-factor":
            guard let factor = Double(value), factor > 0 else { return false }
            attackFactor = factor
        case "--sweep":
            let parts = value.split(separator: "=")
            guard parts.count == 2, let rate = Double(parts[1]), rate > 0 else { return false }
            sweep = (String(parts[0]), rate)
        default: return false
        }
        return true
    }

    /// `1001-1050`, or one number.
    private static func range(_ text: String) -> ClosedRange<UInt64>? {
        let ends = text.split(separator: "-").map { UInt64($0) }
        guard ends.count == 1 || ends.count == 2, let first = ends[0], let last = ends[ends.count - 1], first <= last
        else { return nil }
        return first...last
    }
}
