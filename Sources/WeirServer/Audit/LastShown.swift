// What a progress bar showed last.

import Synchronization

/// A number that only grows.
public final class LastShown: Sendable {
    /// The number.
    private let value = Atomic<Int>(-1)

    /// Nothing shown.
    public init() {}

    /// True where the number is higher than the last one, which it then is.
    public func advance(to new: Int) -> Bool { value.max(new, ordering: .relaxed).oldValue < new }
}
