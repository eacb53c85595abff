// Bounds of evidence.

extension Float {
    /// The value, or the nearest bound.
    func clipped(_ low: Float, _ high: Float) -> Float { Swift.min(high, Swift.max(low, self)) }
}
