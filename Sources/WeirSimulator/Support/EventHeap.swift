// What happens next: a binary heap by time, with an order among equals that no machine changes.

/// A thing that waits for its time. Two that wait at once differ in `(at, order)`.
protocol Waiting {
    /// When, in nanoseconds since 1970.
    var at: Int64 { get }
    /// Which first among equals.
    var order: UInt64 { get }
}

/// A binary heap, earliest first.
struct EventHeap<Element: Waiting & Sendable>: Sendable {
    /// The elements, each no later than its two children.
    private var elements: ContiguousArray<Element> = []

    /// How many wait.
    var count: Int { elements.count }

    /// The earliest.
    var first: Element? { elements.first }

    /// The time of the earliest; the end of time where nothing waits.
    @inline(__always) var firstAt: Int64 { elements.isEmpty ? .max : elements[0].at }

    /// Earlier than, in the one order.
    @inline(__always) private static func isEarlier(_ a: Element, _ b: Element) -> Bool {
        a.at != b.at ? a.at < b.at : a.order < b.order
    }

    /// Adds one.
    mutating func insert(_ element: Element) {
        elements.append(element)
        var place = elements.count - 1
        while place > 0 {
            let parent = (place - 1) / 2
            guard EventHeap.isEarlier(element, elements[parent]) else { break }
            elements[place] = elements[parent]
            place = parent
        }
        elements[place] = element
    }

    /// Takes the earliest out.
    mutating func removeFirst() -> Element? {
        guard let first = elements.first else { return nil }
        let last = elements.removeLast()
        if !elements.isEmpty { settle(last) }
        return first
    }

    /// Puts another in the earliest one's place: cheaper than taking one out and adding one.
    mutating func replaceFirst(with element: Element) { settle(element) }

    /// Sinks an element from the top to its place.
    private mutating func settle(_ element: Element) {
        let count = elements.count
        var place = 0
        while true {
            var child = 2 * place + 1
            guard child < count else { break }
            if child + 1 < count, EventHeap.isEarlier(elements[child + 1], elements[child]) { child += 1 }
            guard EventHeap.isEarlier(elements[child], element) else { break }
            elements[place] = elements[child]
            place = child
        }
        elements[place] = element
    }
}
