// An array whose first elements stand in its owner's memory: one cache miss and one allocation less for each of a million.

/// A list of known length with `inlineCount` elements in place and the rest on the heap.
struct SmallArray<let inlineCount: Int, Element: Sendable>: Sendable, RandomAccessCollection, MutableCollection {
    /// The first elements; those from `count` on are filler.
    private var near: InlineArray<inlineCount, Element>
    /// The elements beyond.
    private var far: [Element] = []
    /// How many elements there are.
    private(set) var count: Int32 = 0

    /// No elements; `filler` stands where none is yet.
    init(filler: Element) { near = InlineArray(repeating: filler) }

    /// So many copies of an element.
    init(repeating element: Element, count: Int) {
        near = InlineArray(repeating: element)
        if count > inlineCount { far = Array(repeating: element, count: count - inlineCount) }
        self.count = Int32(count)
    }

    /// The first index.
    var startIndex: Int { 0 }
    /// One past the last index.
    var endIndex: Int { Int(count) }

    /// An element.
    subscript(index: Int) -> Element {
        get {
            precondition(index < count, "the index is beyond the end")
            return index < inlineCount ? near[index] : far[index - inlineCount]
        }
        _modify {
            precondition(index < count, "the index is beyond the end")
            if index < inlineCount { yield &near[index] } else { yield &far[index - inlineCount] }
        }
    }

    /// Takes all elements out.
    mutating func removeAll() {
        if count > inlineCount { far = [] }
        count = 0
    }

    /// Takes the elements out that a rule names; the others keep their order.
    mutating func removeAll(where isOut: (Element) -> Bool) {
        let kept = filter { !isOut($0) }
        guard kept.count < count else { return }
        removeAll()
        for element in kept { append(element) }
    }

    /// Adds an element.
    mutating func append(_ element: Element) {
        if endIndex < inlineCount { near[endIndex] = element } else { far.append(element) }
        count += 1
    }
}

extension SmallArray: Equatable where Element: Equatable {
    static func == (a: Self, b: Self) -> Bool { a.elementsEqual(b) }
}

extension SmallArray where Element == UInt64 {
    /// No numbers.
    init() { self.init(filler: 0) }

    /// Some numbers.
    init(_ numbers: some Sequence<UInt64>) {
        self.init()
        for number in numbers { append(number) }
    }
}
