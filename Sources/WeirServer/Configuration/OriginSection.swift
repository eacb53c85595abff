// `origin:`: the databases that tell AS and country of a client address.

import MailTypes

extension ConfigurationReader {
    /// `origin:`. The files are opened here, so that a wrong one is refused with the rest of the configuration.
    func origins(_ node: StrictNode) -> OriginLookup? {
        guard let section = node.mapping("origin", keys: ["as_database", "country_database"]) else { return nil }
        guard section["as_database"] != nil || section["country_database"] != nil else {
            // An unknown key is a fault already.
            guard node.node.mapping?.isEmpty != false else { return nil }
            node.fault(
                .missingKey, found: "origin without a database", expected: "as_database, country_database, or both",
                remedy: "Name a file in MaxMind's format, or remove origin.")
            return nil
        }
        return OriginLookup(
            systems: section["as_database"].flatMap { database($0, .system) },
            countries: section["country_database"].flatMap { database($0, .country) })
    }

    /// One database; nil and a fault where it can't be used.
    private func database(_ node: StrictNode, _ kind: OriginDatabase.Kind) -> OriginDatabase? {
        let expected = "a database in MaxMind's format with \(kind == .system ? "AS numbers" : "countries")"
        guard let path = path(node, "the path of \(expected)") else { return nil }
        do {
            return try OriginDatabase(path, for: kind)
        } catch {
            node.fault(.badValue, found: "\(quoted(path)): \(error.found)", expected: expected, remedy: error.remedy)
            return nil
        }
    }
}
