// What a kind of subscriber may send.

import MailTypes

/// Who speaks SMTP for the subscribers of a plan: it decides what an over-limit answer may be.
public enum PlanKind: UInt8, Sendable, CaseIterable, CustomStringConvertible {
    /// People's mail programs. They have no queue: a 4xx shows as an error, so the answer is hold or 5xx.
    case mua = 1
    /// Mail servers. They try again after a 4xx.
    case mta

    /// `mua`, `mta`.
    public var description: String { self == .mua ? "mua" : "mta" }
}

/// A plan: a name, a kind and its limits in evaluation order.
public struct Plan: Hashable, Sendable {
    /// The name, `residential`.
    public var name: String
    /// Who speaks SMTP.
    public var kind: PlanKind
    /// The limits, at most `limitsMax`.
    public var limits: [Limit]

    /// The most limits a plan may have: a message remembers those it was charged to in 32 bits.
    public static let limitsMax = 32

    /// A plan.
    public init(name: String, kind: PlanKind, limits: [Limit]) {
        self.name = name
        self.kind = kind
        self.limits = limits
    }

    /// Writes the plan.
    func encode(_ out: inout ByteWriter) {
        out.string(name)
        out.byte(kind.rawValue)
        out.array(limits) { $1.encode(&$0) }
    }

    /// Reads a plan.
    init(_ input: inout ByteReader) throws(CodecError) {
        name = try input.string()
        kind = try input.enumeration(PlanKind.self)
        limits = try input.array(minimumBytes: 7) { (r) throws(CodecError) in try Limit(&r) }
        guard limits.count <= Plan.limitsMax else {
            throw CodecError(place: input.place, expected: "at most 32 limits")
        }
    }
}
