// What is known about the connections that the mail server's processes serve: one process serves one client at a time.

import MailTypes

/// One process's present connection.
struct ProcessSession: Sendable {
    /// The host, plus one; 0 for a free place.
    var host: Int32 = 0
    /// The process id.
    var pid: UInt32 = 0
    /// True where the connection is encrypted.
    var isEncrypted = false
    /// True where the next message of this process is on hold.
    var holdsNext = false
    /// The login, where a line of its own told it.
    var login = ""
    /// The mechanism of that login.
    var method = ""
    /// The client of that login.
    var client: NetworkAddress?
    /// The client's port.
    var clientPort: UInt16 = 0
    /// The client's name.
    var clientName = ""
    /// The message that the process took last.
    var message: MessagePlace?
    /// True where `login` and `client` are those of a message that goes through a proxy filter.
    var isProxied = false
}

/// The processes by host and process id. A place is shared by what falls on it; the later one holds it, so that the size is
/// fixed, and a process that never says goodbye is forgotten.
struct ProcessTable: Sendable {
    /// Places, a power of two.
    static let placesMax = 16_384

    /// The places.
    private var places = [ProcessSession](repeating: ProcessSession(), count: placesMax)

    /// Where a process's place is.
    @inline(__always)
    private func place(_ host: Int, _ pid: UInt32) -> Int {
        Int(truncatingIfNeeded: mixed(UInt64(pid) ^ UInt64(truncatingIfNeeded: host) &<< 40))
            & (ProcessTable.placesMax - 1)
    }

    /// Forgets what a process did for its last client.
    @inline(__always)
    mutating func clear(_ host: Int, _ pid: UInt32) {
        let place = place(host, pid)
        if places[place].host != 0 { places[place] = ProcessSession() }
    }

    /// The process's session; nil where nothing is known of it.
    @inline(__always)
    func session(_ host: Int, _ pid: UInt32) -> ProcessSession? {
        let place = place(host, pid)
        guard places[place].host == Int32(truncatingIfNeeded: host &+ 1), places[place].pid == pid else { return nil }
        return places[place]
    }

    /// Changes a process's session, from a fresh one where nothing is known.
    @inline(__always)
    mutating func update(_ host: Int, _ pid: UInt32, _ change: (inout ProcessSession) -> Void) {
        let place = place(host, pid)
        let number = Int32(truncatingIfNeeded: host &+ 1)
        if places[place].host != number || places[place].pid != pid {
            places[place] = ProcessSession()
            places[place].host = number
            places[place].pid = pid
        }
        change(&places[place])
    }
}
