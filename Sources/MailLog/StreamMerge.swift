// One stream of facts from several: the logs of several hosts, each in its own files.

import MailTypes

/// Says which stream comes next, so that times do not go back. The caller reads the streams; a heap of their next times
/// decides. Equal times come in the order of the streams.
public struct StreamMerge: Sendable {
    /// A stream and the time of its next fact.
    private struct Head: Sendable {
        /// The time.
        var time: Timestamp
        /// The stream's number.
        var stream: Int

        /// Comes before.
        static func < (a: Head, b: Head) -> Bool { a.time != b.time ? a.time < b.time : a.stream < b.stream }
    }

    /// A heap, the first at its top.
    private var heap: [Head] = []

    /// A merge of no streams.
    public init() {}

    /// The stream whose fact comes next; nil where no stream has one.
    public var next: Int? { heap.first?.stream }

    /// A stream has a fact of that time at its head. Each stream is offered once, and again after each of its turns.
    public mutating func offer(_ stream: Int, at time: Timestamp) {
        heap.append(Head(time: time, stream: stream))
        var child = heap.count - 1
        while child > 0, heap[child] < heap[(child - 1) / 2] {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Takes the first stream out: its fact was used. It is offered again with its next one, if it has any.
    public mutating func removeFirst() {
        guard let last = heap.popLast(), !heap.isEmpty else { return }
        heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child] < heap[least] {
                least = child
            }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
