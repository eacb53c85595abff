// Message-IDs of late: how a content filter's second message is found to be the same mail.

import MailTypes

/// A message by its Message-ID.
struct KnownMessageID: Sendable {
    /// The hash of host and Message-ID; 0 for a free place.
    var hash: UInt64 = 0
    /// The message, where it is still open.
    var message = MessagePlace(index: -1, generation: 0)
    /// The queue id under which it is told.
    var root = QueueID()
    /// When it left the queue; nil while it is open.
    var closedAt: Timestamp?
    /// True where it left the queue by way of this host's own agents alone.
    var wentLocallyOnly = false
}

/// A table of fixed size: a later Message-ID takes the place of an earlier one whose hash falls on it.
struct MessageIDTable: Sendable {
    /// Places, a power of two.
    static let placesMax = 32_768

    /// The places.
    private var places = [KnownMessageID](repeating: KnownMessageID(), count: placesMax)

    /// Where a hash's place is.
    @inline(__always)
    private func place(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash &>> 20) & (MessageIDTable.placesMax - 1) }

    /// The message with that Message-ID; nil where none is known.
    @inline(__always)
    func message(_ hash: UInt64) -> KnownMessageID? {
        let place = place(hash)
        return places[place].hash == hash ? places[place] : nil
    }

    /// Remembers a message.
    @inline(__always)
    mutating func remember(_ message: KnownMessageID) { places[place(message.hash)] = message }

    /// Notes that a message left the queue.
    @inline(__always)
    mutating func close(_ hash: UInt64, _ message: MessagePlace, at time: Timestamp, wentLocallyOnly: Bool) {
        let place = place(hash)
        guard places[place].hash == hash, places[place].message == message else { return }
        places[place].closedAt = time
        places[place].wentLocallyOnly = wentLocallyOnly
    }
}
