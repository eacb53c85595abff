// The operator's databases of networks together, and how doors come by those of the latest configuration.

import MailTypes
import Synchronization

/// The databases of one configuration.
public final class OriginLookup: Sendable {
    /// Tells the AS; nil where no database does.
    let systems: OriginDatabase?
    /// Tells the country; nil where no database does.
    let countries: OriginDatabase?

    /// A lookup in one database or two.
    init(systems: OriginDatabase?, countries: OriginDatabase?) {
        self.systems = systems
        self.countries = countries
    }

    /// What is known of an address; nil where nothing is.
    func origin(of address: NetworkAddress) -> Origin? {
        var origin = Origin()
        systems?.note(address, into: &origin)
        countries?.note(address, into: &origin)
        return origin.isEmpty ? nil : origin
    }
}

extension OriginLookup: Equatable {
    /// Equal where the same databases are asked: those of a file that was replaced differ by when they were made.
    public static func == (a: OriginLookup, b: OriginLookup) -> Bool {
        func name(_ database: OriginDatabase?) -> [String] {
            database.map { [$0.path, $0.builtAt.description] } ?? []
        }
        return name(a.systems) == name(b.systems) && name(a.countries) == name(b.countries)
    }
}

extension OriginLookup: CustomStringConvertible {
    /// A line each for `weir check`: the file, and how old it is.
    public var description: String {
        [("AS numbers", systems), ("countries", countries)].compactMap { what, database in
            database.map { "\(what): \($0.path), \($0.type) of \($0.builtAt.description.prefix(10))" }
        }.joined(separator: "\n")
    }
}

/// The lookup in force: replaced at a reload while doors ask. The lock is held for the copy of a reference, never for a lookup.
final class OriginSource: Sendable {
    /// The lookup; nil where the configuration names no database.
    private let lookup: Mutex<OriginLookup?>

    /// A source that asks so.
    init(_ lookup: OriginLookup? = nil) { self.lookup = Mutex(lookup) }

    /// Asks the databases of another configuration from now on.
    func replace(_ new: OriginLookup?) { lookup.withLock { $0 = new } }

    /// Writes into the end of a message where its client is. Earlier questions and mail without a login need no answer:
    /// nothing looks at it.
    func fill(_ transaction: inout Transaction) {
        let session = transaction.session
        guard transaction.stage == .endOfMessage, !session.login.isEmpty, !session.isLocalSubmission,
            let client = session.client, !client.isLoopback
        else { return }
        transaction.session.origin = lookup.withLock { $0 }?.origin(of: client)
    }
}
